"""The story of a stored message, step by step: what the message's own row does not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from css.partners.model import MessageEvent

RETRIED: Final = "retried"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One step."""

    sequence: int
    deed: str
    """``refused``, ``failed``, ``retried``, ``accepted``."""
    code: str | None
    words: str
    done_by: str
    occurred_at: datetime


def add_event(session: Session, inbox_id: int, *, deed: str, code: str | None, words: str, done_by: str, at: datetime) -> None:
    """Add the next step. Whoever does so holds the message's row or lane, so two never take one number."""
    number = select(func.coalesce(func.max(MessageEvent.sequence), 0) + 1).where(MessageEvent.inbox_id == inbox_id).scalar_subquery()
    values = select(literal(inbox_id), number, literal(deed), literal(code), literal(words), literal(done_by), literal(at))
    names = ["inbox_id", "sequence", "deed", "code", "words", "done_by", "occurred_at"]
    session.execute(insert(MessageEvent).from_select(names, values))


def story_of(session: Session, inbox_id: int) -> tuple[EventRow, ...]:
    """Every step, in order. Uses uq_message_event_inbox_id_sequence."""
    rows = session.execute(select(MessageEvent).where(MessageEvent.inbox_id == inbox_id).order_by(MessageEvent.sequence)).scalars()
    return tuple(
        EventRow(sequence=row.sequence, deed=row.deed, code=row.code, words=row.words, done_by=row.done_by, occurred_at=row.occurred_at)
        for row in rows
    )


def attempt_of(session: Session, inbox_id: int) -> int:
    """Which attempt at the message this is: 1, and one more for each time somebody had it tried again."""
    retried = select(func.count()).where(MessageEvent.inbox_id == inbox_id, MessageEvent.deed == RETRIED)
    return int(session.execute(retried).scalar_one()) + 1
