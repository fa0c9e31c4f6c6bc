"""Whoever copies a command out of a message, a report, a screen or a page is not refused for what it lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from css.cli import COMMANDS
from tests.house.commands import fault_of_command
from tests.house.source import PACKAGES, ROOT

QUOTED = re.compile(r"(?<!`)`(css [^`]+)`(?!`)|^(css [a-z].*)$", re.MULTILINE)
FIELD = re.compile(r"{([^{}]*)}")
STANDS_FOR = {"district": "ZZ", "district_code": "ZZ", "date": "2026-03-02", "business_date": "2026-03-02", "night": "2026-03-02"}
STANDS_FOR |= {"net": "", "key": "", "run": "", "dataset": "bills", "sample_account": "ZZA00000043", "last_bill_day": "2026-03-02"}
NUMBER = "12"
"""What any other field is filled with: a number, and a word too."""
MADE_OF_FIELDS = 3
"""A literal whose command or sub-command is itself a field is tried where it is filled."""


def _template(node: ast.AST) -> str | None:
    """The text of a literal, its fields as ``{name}``."""
    match node:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr(values=values):
            return "".join(_field(value) for value in values)
        case _:
            return None


def _field(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=words):
            return str(words)
        case ast.FormattedValue(value=ast.IfExp(body=ast.Constant(value=words))):
            return str(words)
        case ast.FormattedValue(value=ast.Attribute(attr=name) | ast.Name(id=name)):
            return f"{{{name}}}"
        case _:
            return "{field}"


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    within = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        if id(node) not in within and (words := _template(node)):
            yield getattr(node, "lineno", 0), words


def printed(package: str) -> dict[str, str]:
    """Each command in a literal of a package, filled, with where it stands."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        for line, text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
            for quoted, whole in QUOTED.findall(text):
                command = quoted or whole
                words = command.split(" ")
                if not quoted and (words[1] not in COMMANDS or not {"{", "-"} & {*command}):
                    continue  # the name of a process, or the form of a file
                if "{" in "".join(words[1:MADE_OF_FIELDS]):
                    continue
                filled = FIELD.sub(lambda field: STANDS_FOR.get(field[1], NUMBER), command)
                found[f"{path.relative_to(ROOT)}:{line}"] = filled
    return found


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "tests"])
def test_every_command_of_a_literal_can_be_given_as_it_is_printed(package: str) -> None:
    assert {f"{place}: {words}": fault for place, words in printed(package).items() if (fault := fault_of_command(words))} == {}


def test_the_commands_that_people_are_told_are_found() -> None:
    found = {words for package in ("batch", "billing", "css") for words in printed(package).values()}
    assert {"css usage chains ZZ", "css night run ZZ", "css usage suspense ZZ --reason CSS460W"} <= found
    assert len(found) > 60


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("css night release ZZ --date 2026-03-02", "lacks --reason"),
        ("css night release ZZ --dry-run", None),
        ("css night release", None),
        ("css bills approve ZZ 2026-03-02", "Missing option '--words'."),
        ("css bills approve ZZ 2026-03-02 --words WORDS", None),
        ("css night see 12 --by AMY", "Missing option '--words'."),
        ("css night see ALARM --words WORDS", None),
        ("css night rerun ZZ --reason WHY", "Missing option '--step'."),
        ("css night run ZZ ZX", "Got unexpected extra argument(s) (ZX)"),
        ("css night run ZZ --where", "no option --where"),
        ("css ask problems", None),
        ("css ask bills-of-night ZZ 2026-02-30", "CSS060E"),
        ("css do nothing --fields", "do does not know it"),
    ],
)
def test_a_command_that_lacks_what_it_needs_is_seen(words: str, fault: str | None) -> None:
    found = fault_of_command(words)
    assert found == fault if fault is None else found is not None and found.startswith(fault)
