"""What the documentation names is there: files, functions, commands, options, codes, links; and its examples can be read."""

from __future__ import annotations

import ast
import csv
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from batch.nets import NETS
from batch.runbook import runbook
from css.cli import STATUS_INTERRUPTED, STATUS_REFUSED
from css.migrations.tables import METADATA
from tests.house.commands import fault_of_command
from tests.house.source import PACKAGES, ROOT

README_LINES_MAX = 90
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
KEPT_TRUE = [page for page in PAGES if not page.startswith("docs/decisions/")]
"""Decisions are never edited, so what they name may be gone; their links are checked all the same."""
TOP = (*PACKAGES, "tests", "docs", ".ci")
PATH = re.compile(rf"`((?:{'|'.join(re.escape(name) for name in TOP)})/[\w./*-]*|[\w-]+\.(?:toml|lock|md))`")
COMMAND = re.compile(r"`((?:css|make|python -m) [^`]+)`")


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> Iterator[tuple[str, str]]:
    """The language and the text of each block of code."""
    yield from re.findall(r"^```(\w*)\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


def prose(name: str) -> str:
    """The page without its blocks of code, each paragraph in one line, so that what is quoted over a line's end is whole."""
    text = re.sub(r"^```.*?^```$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<=\S)\n(?=[^\n|#*])[ ]*", " ", text)


def commands(name: str) -> list[str]:
    """Every command that a page tells the reader to give, in a block or in a sentence."""
    said = [line.partition(" #")[0].strip() for language, text in blocks(name) if language == "sh" for line in text.splitlines()]
    return [words for words in [*said, *COMMAND.findall(prose(name))] if words.split(" ")[0] in {"css", "make", "python"}]


def test_the_readme_is_a_screen_and_a_half() -> None:
    assert page("README.md").count("\n") <= README_LINES_MAX


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page(name))
    missing = [link for link in links if "://" not in link and not (ROOT / name).parent.joinpath(link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", PAGES)
def test_every_decision_referred_to_was_taken(name: str) -> None:
    numbers = {int(number) for number in re.findall(r"[Dd]ecisions? (\d+)", prose(name))}
    taken = {int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")}
    assert numbers <= taken


@pytest.mark.parametrize("name", KEPT_TRUE)
def test_every_path_named_is_there(name: str) -> None:
    paths = {found for found in PATH.findall(prose(name)) if "<" not in found}
    assert [path for path in sorted(paths) if not (list(ROOT.glob(path)) if "*" in path else (ROOT / path).exists())] == []


def test_every_function_of_the_story_stands_in_its_file() -> None:
    """The story of one order: a file, then the names to look for in it."""
    story = page("README.md").split("## Follow one order", 1)[1].split("\n## ", 1)[0]
    rows = [row.split("|")[2] for row in story.splitlines() if row.startswith("| ")][2:]
    assert len(rows) == 10
    missing = []
    for row in rows:
        places = re.findall(r"`([\w/]+\.py)`((?: `\w+`)+)", row)
        assert places, f"no file and function in: {row}"
        for path, names in places:
            defined = _defined(path)
            missing += [f"{path}: {name}" for name in re.findall(r"\w+", names) if name not in defined]
    assert missing == []


def _defined(path: str) -> set[str]:
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case _:
                pass
    return found


@pytest.mark.parametrize("name", KEPT_TRUE)
def test_every_command_can_be_given(name: str) -> None:
    faults = [f"{words}: {fault}" for words in commands(name) if (fault := fault_of_command(words))]
    assert faults == []


@pytest.mark.parametrize("name", PAGES)
def test_every_example_can_be_read(name: str) -> None:
    for language, text in blocks(name):
        match language:
            case "sh":
                checked = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
                assert checked.returncode == 0, checked.stderr
            case "json":
                json.loads(text)
            case "xml":
                etree.fromstring(text)
            case "python":
                ast.parse(text)
            case "csv":
                list(csv.reader(text.splitlines(), strict=True))
            case _:
                assert language in {"text", "sql"}, f"a block of code says what it is: {text[:60]!r}"


@pytest.mark.parametrize("name", KEPT_TRUE)
def test_every_message_code_is_one_that_is_explained(name: str) -> None:
    explained = set(re.findall(r"^(?:#{3,4} |\*\*)(CSS[0-9]{3}[EWI])\b", page("docs/messages.md"), re.MULTILINE))
    assert sorted(set(re.findall(r"CSS[0-9]{3}[EWI]\b", page(name))) - explained) == []


def test_the_runbook_says_what_the_nets_say() -> None:
    assert page("docs/batch-runbook.md") == runbook(NETS), "run python -m batch.runbook"


def test_the_runbook_says_how_a_run_may_end() -> None:
    """A shell gives 128 and the signal for a process that was killed; nobody should look for that number among ours in vain."""
    told = prose("docs/batch-runbook.md").split("## When a night stops", 1)[1].split("\n## ", 1)[0]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", told, re.MULTILINE)}
    assert codes == {0, 4, 8, 12, 16}
    (ends,) = (line for line in told.splitlines() if line.startswith("`css night run` ends with the return code"))
    for status in (STATUS_REFUSED, STATUS_INTERRUPTED, 128 + signal.SIGKILL):
        assert re.search(rf"\b{status}\b", ends)
    assert "CSS632E" in ends
    assert re.search(r"SIGTERM.*waits for a lock.*use kill: `css night kill ZZ", told)


def test_every_step_of_every_net_says_what_it_does() -> None:
    silent = {step.name for net in NETS.values() for step in net.steps if step.doc is None}
    assert silent == set()


def test_the_runbook_has_every_step_of_every_net_in_order() -> None:
    steps = list(dict.fromkeys(step.name for net in NETS.values() for step in net.steps))
    told = page("docs/batch-runbook.md").split("## The steps", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^### (\S+)$", told, re.MULTILINE) == steps
    for name, net in NETS.items():
        picture = page("docs/batch-runbook.md").split(f"### The {name} net", 1)[1].split("```text", 1)[1].split("```", 1)[0]
        assert set(re.findall(r"[a-z][a-z-]+", picture)) == {step.name for step in net.steps}


def test_every_table_has_its_word_in_the_glossary() -> None:
    words = {" ".join(word.lower().split()) for word in re.findall(r"\*\*(.+?)\.?\*\*", page("docs/glossary.md"), re.DOTALL)}
    tables = {table.name.replace("_", " ") for table in METADATA.tables.values()}
    assert sorted(table for table in tables if not {table, f"{table}s"} & words) == []


def test_every_make_target_is_told_by_make_help() -> None:
    makefile = page("Makefile")
    phony = makefile.split(".PHONY:", 1)[1].splitlines()[0].split()
    assert sorted(re.findall(r'@echo "make (\w+)', makefile)) == sorted(set(phony) - {"help"})


def test_the_picture_of_the_bill_is_small_enough_to_load_at_once() -> None:
    assert Path(ROOT / "docs" / "pictures" / "bill.png").stat().st_size < 120_000


def test_every_decision_has_its_number_and_its_parts() -> None:
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert "**Context.**" in text, path.name
        assert "**Decision.**" in text, path.name
