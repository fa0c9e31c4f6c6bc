"""The rules that no linter knows: money is exact, time is told, nothing reads behind your back, files stay readable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.source import FROZEN, ROOT, modules, texts, tree

LINES_MAX = 450
"""Files are meant to stay under about 400 lines; past this one the reader is being asked for too much."""
TEST_LINES_MAX = 600
"""Tables of cases run longer."""

EXACT = ("billing", "css/core", "css/master", "css/handover.py", "orders/rules", "repairs/rules")
"""Where amounts, prices and durations are decided: no float comes near."""
POINTS_ON_PAPER = ("billing/bill_pdf/",)
"""Drawing places words by fractions of a point; the amounts it draws are text by then."""

CLOCKS = (
    "css/cli/",
    "css/web/",
    "css/partners/",
    "css/bench/",
    "css/core/clock.py",
    "css/log.py",
    "css/db/server.py",
)
"""Doors, and what times itself. Everything else is told what time it is."""
CLOCK_WORDS = {
    ("date", "today"),
    ("datetime", "today"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("time", "time"),
    ("time", "localtime"),
}
SQL_CLOCK = re.compile(r"\b(current_date|current_timestamp|localtimestamp|clock_timestamp|statement_timestamp)\b|\bnow\(\)", re.IGNORECASE)
SQL_CLOCK_ALLOWED = {
    "css/db/backup.py": "the manifest says when a backup was taken, by the server's clock; nothing is decided by it",
    "batch/sql/engine.sql": "when a block was committed, by one clock for all machines: what is stuck is told by it, and no work",
}


def _without_drawing(names: tuple[str, ...]) -> list[str]:
    return [name for name in modules() if name.startswith(names) and not name.startswith(POINTS_ON_PAPER)]


def _floats(name: str) -> Iterator[str]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{name}:{node.lineno}: the literal {node.value}"
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if annotation is not None and any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(annotation)):
            yield f"{name}:{getattr(node, 'lineno', 0)}: a float in an annotation"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield f"{name}:{node.lineno}: a call of float()"
        if isinstance(node, ast.Attribute) and node.attr in {"Float32", "Float64"}:
            yield f"{name}:{node.lineno}: a column of floats"


def test_no_float_where_amounts_are_decided() -> None:
    found = [where for name in _without_drawing(EXACT) for where in _floats(name)]
    assert not found, "\n".join(found)


def test_nothing_but_a_door_knows_what_time_it_is() -> None:
    found = []
    for name in modules():
        if name.startswith(CLOCKS):
            continue
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                said = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                if (said, node.func.attr) in CLOCK_WORDS:
                    found.append(f"{name}:{node.lineno}: {said}.{node.func.attr}()")
    assert not found, "\n".join(found)


def test_no_statement_asks_the_database_what_time_it_is() -> None:
    """A night run again for an old date must do what it did; the database's clock would say otherwise."""
    found = []
    for name, source in texts().items():
        if name.startswith(("docs/", "tests/", FROZEN)) or name in SQL_CLOCK_ALLOWED or not name.endswith((".sql", ".py")):
            continue
        lines = source.splitlines()
        if name.endswith(".py"):
            words = [
                (node.lineno, node.value) for node in ast.walk(tree(name)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            calls = [
                (node.lineno, "now()")
                for node in ast.walk(tree(name))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "func.now"
            ]
            documented = _docstrings(tree(name))
            lines_with = [(number, word) for number, word in [*words, *calls] if number not in documented]
        else:
            lines_with = [(number, line.partition("--")[0]) for number, line in enumerate(lines, 1)]
        found += [f"{name}:{number}" for number, words_there in lines_with if SQL_CLOCK.search(words_there)]
    assert not found, "\n".join(found)


def _docstrings(module: ast.Module) -> set[int]:
    """Lines where a string stands alone, as documentation."""
    return {node.value.lineno for node in ast.walk(module) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}


def test_no_relationship_reads_the_database_unasked() -> None:
    found = [name for name, source in modules().items() if re.search(r"\brelationship\(", source)]
    assert not found, "\n".join(found)


def test_files_stay_short_enough_to_read() -> None:
    lengths = {name: source.count("\n") for name, source in (modules() | modules("tests")).items()}
    assert {name: lines for name, lines in lengths.items() if lines > (TEST_LINES_MAX if name.startswith("tests/") else LINES_MAX)} == {}


def test_no_drawer_of_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    allowed = {"css/xml/common.py"}
    found = [name for name in modules() if set(name.removesuffix(".py").split("/")) & drawers and name not in allowed]
    assert not found, "\n".join(found)


def test_only_a_door_commits() -> None:
    found = []
    for name in modules():
        if name.startswith(("css/cli/", "css/web/", "css/partners/", "css/bench/", "css/demo/", "css/db/", "css/migrations/", "batch/")):
            continue
        found += [
            f"{name}:{node.lineno}"
            for node in ast.walk(tree(name))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "rollback"}
        ]
    assert not found, "\n".join(found)


_PLACES = [rf"(?<![\w.])/{name}/" for name in ("work", "root", r"home/\w+", "tmp/brief", "opt/pypi", "opt/wheels")]
_TRACES = [r"\.pyenv", r"--(extra-)?index-url|--find-links|--trusted-host"]


@pytest.mark.parametrize("pattern", [*_PLACES, *_TRACES])
def test_no_file_names_the_machine_it_was_made_on(pattern: str) -> None:
    found = [
        f"{name}:{number}"
        for name, source in texts().items()
        if not name.startswith(FROZEN) and name != "tests/house/test_rules_of_the_house.py"
        for number, line in enumerate(source.splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, "\n".join(found)


def test_every_ignored_lint_rule_has_its_reason() -> None:
    bare = []
    for name, source in (modules() | modules("tests")).items():
        excuses: set[str] = set()
        above = ""
        for number, line in enumerate(source.splitlines(), 1):
            before, above = above, line
            found = re.search(r"# noqa: (?P<rules>[A-Z]+\d+(?:, ?[A-Z]+\d+)*)(?P<reason>.*)$", line)
            if found is None:
                continue
            rules = set(re.split(r", ?", found["rules"]))
            # One reason a file and rule will do: the second late import of a module has the reason of the first.
            if found["reason"].strip(" -") or before.strip().startswith("#"):
                excuses |= rules
            elif not rules <= excuses:
                bare.append(f"{name}:{number}: {found['rules']}")
    assert not bare, "\n".join(bare)


def test_the_root_of_the_tests_is_the_root_of_the_house() -> None:
    assert (ROOT / "pyproject.toml").exists()
