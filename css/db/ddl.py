"""Views, functions and triggers that belong to the tables, created with them and compared by the drift test.

A ``StoredSql`` is attached to the metadata: ``create_all`` runs it after the tables, in order of attachment. The
migrations carry their own frozen copy of the text; the drift test proves that both give the same catalog.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import DDL, event

from css.db.base import Base


@dataclass(frozen=True, slots=True)
class StoredSql:
    """One statement that creates a view, a function or a trigger, and the statement that drops it."""

    name: str
    create: str
    drop: str


STORED: list[StoredSql] = []


def stored(name: str, create: str, drop: str) -> StoredSql:
    """Attach a statement to the metadata and to the list that migrations are written from."""
    statement = StoredSql(name, create.strip(), drop.strip())
    STORED.append(statement)
    event.listen(Base.metadata, "after_create", DDL(statement.create.replace("%", "%%")))  # type: ignore[no-untyped-call]
    return statement


def view(name: str, select: str) -> StoredSql:
    """A published view: what one room may read of another. ``security_invoker`` so that row rules still bind the reader."""
    return stored(name, f"CREATE VIEW {name} WITH (security_invoker = true) AS\n{select.strip()}", f"DROP VIEW {name}")
