"""Seeing an order through: who does it, how often its customer asked, how far up it went. Its customer is told nothing of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, Refusals, Refused
from css.core.words import Role
from orders.actions.changing import marks, read_words, record
from orders.actions.find import lock_order, require_may
from orders.commands.orders import ChaseOrder, EscalateOrder, OrderNoted, TakeOrder
from orders.model import CustomerOrder, OrderNote
from orders.rules.lifecycle import OPEN_STATES
from orders.words import NoteKind

ESCALATION_MAX: Final = 3
"""There is nobody above."""


@audit.answered
def chase_order(session: Session, command: ChaseOrder, *, by: Actor, at: datetime) -> OrderNoted:
    """Note that the customer asked where an open order is. Counts; changes nothing that anybody could have seen otherwise.

    Raises:
        NotFound: CSS202E. Refused: CSS203E, CSS758E; CSS219E, CSS221E.
    """
    require_may(by, "cancel")
    order = lock_order(session, command.order_number, None, by).order
    words = _words_for_open(order, command.words)
    order.chase_count += 1
    _note(session, order, NoteKind.CHASE, words, by=by, at=at)
    audit.record(session, by=by, at=at, verb="chase_order", subject=("order", order.number), after=to_plain(command))
    return _noted(order)


@audit.answered
def escalate_order(session: Session, command: EscalateOrder, *, by: Actor, at: datetime) -> OrderNoted:
    """Have somebody a level higher look at an open order; the third level is the last.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E. Refused: CSS203E, CSS299E, CSS758E; CSS219E, CSS221E.
    """
    require_may(by, "cancel")
    order = lock_order(session, command.order_number, command.row_version, by).order
    words = _words_for_open(order, command.words)
    if order.escalation >= ESCALATION_MAX:
        raise Refused(
            "CSS299E",
            "Order {order} is escalated to level {level} already; nobody is above that.",
            order=order.number,
            level=order.escalation,
            element="order_number",
        )
    before = marks(order) | {"escalation": order.escalation}
    order.escalation += 1
    _note(session, order, NoteKind.ESCALATION, words, by=by, at=at)
    record(session, order, command, before, verb="escalate_order", by=by, at=at)
    return _noted(order)


@audit.answered
def take_order(session: Session, command: TakeOrder, *, by: Actor, at: datetime) -> OrderNoted:
    """Take an open order to see it through, or give it back. Taking what is one's own, or giving back what is nobody's, changes nothing.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E, CSS752E somebody else has it. Refused: CSS203E, CSS758E.
    """
    require_may(by, "work")
    order = lock_order(session, command.order_number, command.row_version, by).order
    _require_open(order)
    is_anothers = order.owner is not None and order.owner != by.name
    if is_anothers and not (command.gives_back and Role.SUPERVISOR.value in by.roles):
        raise Conflict(
            "CSS752E",
            "{owner} sees order {order} through; they, or a supervisor, can give it back.",
            owner=order.owner,
            order=order.number,
            element="order_number",
        )
    wanted = None if command.gives_back else by.name
    if order.owner == wanted:
        return _noted(order)
    before = marks(order) | {"owner": order.owner}
    words = f"Given back by {by.name}." if command.gives_back else f"Taken by {by.name}."
    order.owner = wanted
    _note(session, order, NoteKind.TAKEN, words, by=by, at=at)
    record(session, order, command, before, verb="take_order", by=by, at=at)
    return _noted(order)


def _words_for_open(order: CustomerOrder, text: str) -> str:
    _require_open(order)
    wrong = Refusals()
    words = read_words(wrong, text, "words", is_needed=True)
    wrong.tell()
    return words


def _require_open(order: CustomerOrder) -> None:
    if order.state not in OPEN_STATES:
        raise Refused(
            "CSS758E", "Order {order} is {state}; there is nothing to see through.", order=order.number, state=order.state.value,
            element="order_number",
        )  # fmt: skip


def _note(session: Session, order: CustomerOrder, kind: NoteKind, words: str, *, by: Actor, at: datetime) -> None:
    session.add(OrderNote(order_id=order.id, kind=kind, words=words, noted_at=at, noted_by=by.name))
    session.flush()


def _noted(order: CustomerOrder) -> OrderNoted:
    return OrderNoted(order_number=order.number, owner=order.owner, escalation=order.escalation, chase_count=order.chase_count)
