"""Cancel other: the losing provider stops a takeover or transfer of its line, before the point of no return."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.master.providers import Provider
from orders.actions import ending, linked
from orders.actions.changing import changed
from orders.actions.find import lock_order, require_may
from orders.actions.tell import Event, last_told, order_as_it_stands, tell
from orders.commands.orders import CancelOther, OrderChanged
from orders.model import CustomerOrder
from orders.queries.cards import no_order
from orders.rules.dates import too_late_fault
from orders.rules.gaining import stopped_words
from orders.rules.lifecycle import Move, move

WORDS_MAX: Final = 400
"""As many characters as leave room for what became of the line in a message to the losing provider."""
NO_LONGER_REQUIRED: Final = "NO_LONGER_REQUIRED"
"""The problem code the gaining provider is told: whoever has the line keeps it."""


@audit.answered
def cancel_other(session: Session, command: CancelOther, *, by: Actor, at: datetime) -> OrderChanged:
    """Stop the order that is taking a line, by the unsolicited cease that it left with the losing provider.

    The gaining order is terminated and its provider told the reason of the list; the words are about the losing provider's
    customer and stay with the cease, which is cancelled; the line stays where it is. The answer is the cease's. Nobody owes
    anything.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E. BadMessage: CSS052E to CSS055E.
        Refused: CSS203E, CSS205E, CSS256E no unsolicited cease; CSS206E, CSS219E at once as ``Several``.
    """
    require_may(by, "cancel")
    cause = _lock_cause(session, command.order_number, by)
    found = lock_order(session, command.order_number, command.row_version, by)
    cease = found.order
    move(cease.number, cease.state, Move.CANCEL)
    words = command.words.strip()
    wrong = Refusals()
    too_late = too_late_fault(cease.number, cease.state, cease.no_return_at, at)
    wrong.add(*([too_late] if too_late else []))
    if len(words) > WORDS_MAX:
        wrong.add(Refused("CSS219E", "The {what} has at most {most} characters.", what="words", most=WORDS_MAX, element="words"))
    wrong.tell()
    stopped = move(cause.number, cause.state, Move.TERMINATE)
    before = {"state": cause.state.value, "row_version": cause.row_version}
    cause.state = stopped.state
    cause.row_version += 1
    session.flush()
    ending.release(session, cause, by=by, at=at, event=Move.CANCEL, words=words)
    audit.record(session, by=by, at=at, verb="cancel_other", subject=("order", cause.number), before=before, after=to_plain(command))
    copy = order_as_it_stands(session, cause)
    event = Event(kind=stopped.kci, copy=copy, words=stopped_words(command.reason), problem_code=NO_LONGER_REQUIRED)
    tell(session, cause, [event], at=at)
    if cause.link_number is not None:
        linked.tell_others(session, cause, "was stopped by the provider who has the line", at=at)
    return changed(cease, last_told(session, cease))


def _lock_cause(session: Session, order_number: str, by: Actor) -> CustomerOrder:
    """The order that an unsolicited cease lives with, locked before it.

    Raises:
        NotFound: CSS202E. Refused: CSS256E.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    row = session.execute(
        select(CustomerOrder.caused_by_id, Provider.code)
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .where(CustomerOrder.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise no_order(number)
    if row.caused_by_id is None:
        raise Refused(
            "CSS256E",
            "Order {order} is no unsolicited cease; it is cancelled as any other.",
            order=number,
            element="order_number",
        )
    same = aliased(CustomerOrder)
    link = select(same.link_number).where(same.id == row.caused_by_id).scalar_subquery()
    # With it the orders linked to it, as every verb locks them.
    locked = session.execute(
        select(CustomerOrder)
        .where(or_(CustomerOrder.id == row.caused_by_id, CustomerOrder.link_number == link))
        .order_by(CustomerOrder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    return next(order for order in locked.all() if order.id == row.caused_by_id)
