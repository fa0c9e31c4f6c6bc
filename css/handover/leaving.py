"""Leaving a row on a shelf: twice is once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.db.base import Base


def leave(session: Session, table: type[Base], values: dict[str, Any]) -> bool:
    """Put a row on a shelf unless one with its source key is there already; True when it is new."""
    statement = insert(table).values(**values).on_conflict_do_nothing(index_elements=["source_key"])
    return bool(session.execute(statement.returning(text("1"))).scalar())
