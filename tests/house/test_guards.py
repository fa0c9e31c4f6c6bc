"""The guards against what users of billing systems suffer from: each is where ``tests/guards.py`` says, and so is its test."""

from __future__ import annotations

import re

import pytest

from tests.guards import GUARDS, HOUSE, Guard

PAGE = HOUSE / "docs" / "testing.md"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def name_of(guard: Guard) -> str:
    return f"{guard.pain}: {guard.what}"


@pytest.mark.parametrize("guard", GUARDS, ids=name_of)
def test_a_guard_stands_once_where_it_is_said_to_and_its_test_is_there(guard: Guard) -> None:
    assert (HOUSE / guard.file).read_text(encoding="utf-8").count(guard.text) == 1
    assert guard.without != guard.text
    file, _, test = guard.test.partition("::")
    assert f"\ndef {test}(" in (HOUSE / file).read_text(encoding="utf-8")


def test_the_page_has_a_row_for_every_guard_and_names_its_test() -> None:
    rows = [(int(pain), what, test.split("`")[1]) for pain, _, what, test in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert rows == [(guard.pain, guard.what, guard.test) for guard in GUARDS]
