"""Every named SQL block parses, plans against the real tables, and leans on indexes that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from css.db.sql import Block, block, blocks
from tests.house.source import PACKAGES, ROOT

FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("sql/*.sql"))
BLOCKS = [found for path in FILES for found in blocks(path).values()]
PLANNED = re.compile(r"^\(*\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b", re.IGNORECASE)


def _name(found: Block) -> str:
    return f"{found.path.parent.parent.name}.{found.path.stem}.{found.name}"


@pytest.mark.parametrize("found", BLOCKS, ids=_name)
def test_the_block_runs_against_our_tables(session: Session, found: Block) -> None:
    """Planned where PostgreSQL can plan it; a statement of another kind is run and rolled back."""
    statement = text(f"EXPLAIN {found.sql}" if PLANNED.match(found.sql) else found.sql)
    wanted = set(statement._bindparams)
    given = found.example or {}
    assert wanted == set(given), "the example binds every parameter and no other"
    session.execute(statement, given)


@pytest.mark.parametrize("found", BLOCKS, ids=_name)
def test_the_indexes_it_names_exist(session: Session, found: Block) -> None:
    for name in re.findall(r"\b(?:ix|uq|pk|ex)_[a-z0-9_]+", found.remarks):
        assert session.execute(text("SELECT EXISTS (SELECT FROM pg_class WHERE relname = :name)"), {"name": name}).scalar(), name


def _file(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "some.sql"
    path.write_text(source, encoding="utf-8")
    return path


def test_blocks_are_read_by_name_without_their_comments(tmp_path: Path) -> None:
    found = blocks(
        _file(
            tmp_path,
            '-- The file\'s own remark.\n\n-- name: first\n-- What it is for. Leans on ix_a.\n-- example: {"at": 1}\n'
            "SELECT :at -- at 12:30\n  , '2020'::date;\n\n-- name: second\n-- Another.\nSELECT 2\n",
        )
    )
    assert list(found) == ["first", "second"]
    assert found["first"].purpose == "What it is for. Leans on ix_a."
    assert found["first"].example == {"at": 1}
    assert found["first"].sql == "SELECT :at\n  , '2020'::date"
    assert set(text(found["first"].sql)._bindparams) == {"at"}
    assert found["second"].sql == "SELECT 2"


@pytest.mark.parametrize(
    "source",
    [
        "SELECT 1",
        "-- name: a\nSELECT 1",
        "-- name: a\n-- example: {}\nSELECT 1",
        "-- name: a\n-- x\nSELECT 1\n-- name: a\n-- x\nSELECT 1",
        "",
    ],
)
def test_a_file_that_breaks_the_form_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(ValueError, match=r"some\.sql"):
        blocks(_file(tmp_path, source))


def test_a_block_that_is_not_there_is_a_key_error() -> None:
    if not FILES:
        pytest.skip("no room has SQL of its own yet")
    first = FILES[0]
    package = ".".join(first.parent.parent.relative_to(ROOT).parts)
    with pytest.raises(KeyError):
        block(package, f"{first.stem}.no_such_block")
    name = next(iter(blocks(first)))
    assert block(package, f"{first.stem}.{name}").text
