"""SQL in ``.sql`` files, one named block a statement, found by ``block("billing", "cut.freeze")`` in ``billing/sql/cut.sql``.

A block looks like this::

    -- name: freeze
    -- Freeze what this run may bill. Leans on ix_rated_call_account_id_business_date.
    -- example: {"business_date": "2026-01-31", "district": "ZZ"}
    SELECT … WHERE starts_on < :business_date

The line after the name says the purpose; the example binds every parameter, so that a test can EXPLAIN the statement.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import TextClause, text

_NAME = re.compile(r"^-- name: *([a-z][a-z0-9_]*) *$", re.MULTILINE)
_EXAMPLE = re.compile(r"^-- example: *(\{.*\}) *$", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*--.*$", re.MULTILINE)
"""Ours never stand inside a text constant; a test runs every block."""


@dataclass(frozen=True, slots=True)
class Block:
    """One named statement of a file."""

    path: Path
    name: str
    purpose: str
    sql: str
    """Without its comment lines, whose colons would be taken for parameters."""
    example: dict[str, Any] | None
    remarks: str
    """All its comments: what it is for, and which indexes it leans on."""


def block(package: str, name: str) -> TextClause:
    """The statement ``file.block`` of a package's ``sql`` directory, ready to execute. A name that is not there is a KeyError."""
    return _prepared(package, name)


@cache
def _prepared(package: str, name: str) -> TextClause:
    spec = find_spec(package)
    assert spec is not None, f"no package {package}"
    assert spec.origin is not None, f"no package {package}"
    file, _, wanted = name.partition(".")
    return text(blocks(Path(spec.origin).parent / "sql" / f"{file}.sql")[wanted].sql)


@cache
def blocks(path: Path) -> dict[str, Block]:
    """Every block of a file by name. A file that breaks the form is a ValueError: it is our own."""
    source = path.read_text(encoding="utf-8")
    found: dict[str, Block] = {}
    starts = list(_NAME.finditer(source))
    if not starts or _COMMENT.sub("", source[: starts[0].start()]).strip():
        msg = f"{path}: the file does not begin with a named block"
        raise ValueError(msg)
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        name, body = start[1], source[start.end() : end.start() if end else None]
        lines = [line.strip() for line in body.strip().splitlines()]
        purpose = lines[0].removeprefix("--").strip() if lines and lines[0].startswith("--") else ""
        example = _EXAMPLE.search(body)
        if name in found or not purpose or purpose.startswith("example:"):
            msg = f"{path}: block {name} is there twice, or says no purpose"
            raise ValueError(msg)
        sql = "\n".join(line for line in _COMMENT.sub("", body).splitlines() if line.strip()).strip().rstrip(";")
        remarks = "\n".join(_COMMENT.findall(body))
        found[name] = Block(path, name, purpose, sql, json.loads(example[1]) if example else None, remarks)
    return found
