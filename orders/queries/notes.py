"""Reads of what is written down about an order besides its stream: who took it, who chased it, how far up it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.ids import IdKind, expect_id
from css.master.providers import Provider
from orders.model import CustomerOrder, OrderNote
from orders.queries.cards import no_order
from orders.words import NoteKind

NOTES_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """Something written down about an order that its customer is not told."""

    kind: NoteKind
    words: str
    noted_at: datetime
    noted_by: str


def order_notes(session: Session, order_number: str, *, by: Actor, limit: int = 50) -> tuple[NoteRow, ...]:
    """What is written down about an order, the latest first. A partner reads what it wrote itself. Uses ix_order_note_order_id.

    Raises:
        NotFound: CSS202E. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    statement = (
        select(CustomerOrder.id, Provider.code)
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .where(CustomerOrder.number == number)
    )
    found = session.execute(statement).one_or_none()
    if found is None or (by.is_partner and found.code != by.provider_code):
        raise no_order(number)
    notes = select(OrderNote.kind, OrderNote.words, OrderNote.noted_at, OrderNote.noted_by).where(OrderNote.order_id == found.id)
    if by.is_partner:
        notes = notes.where(OrderNote.noted_by == by.name)
    rows = session.execute(notes.order_by(OrderNote.id.desc()).limit(max(1, min(limit, NOTES_MAX))))
    return tuple(NoteRow(kind=row.kind, words=row.words, noted_at=row.noted_at, noted_by=row.noted_by) for row in rows)
