"""What happens to an order between its placing and its end: held, going on again, cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Refusals, Refused
from css.master.districts import business_date
from orders.actions.ending import release
from orders.actions.find import lock_order, require_may
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.commands import CancelOrder, DelayOrder, OrderChanged, ResumeOrder
from orders.model import CustomerOrder
from orders.rules.dates import day_words, target_fault, too_late_fault
from orders.rules.lifecycle import Move, move
from orders.rules.problems import PROBLEMS, Effect, problem_fault
from orders.rules.timing import point_of_no_return, timing_of
from orders.timings import timings
from orders.words import KciKind

WORDS_MAX: Final = 500
"""As many characters as a message to a partner holds."""


@audit.answered
def delay_order(session: Session, command: DelayOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Hold an order that cannot be done as committed, and tell the customer why. What was promised stays on record.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E; CSS219E, CSS221E, CSS235E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    moved = move(order.number, order.state, Move.DELAY)
    wrong = Refusals()
    fault = problem_fault(command.problem_code, Effect.DELAY)
    wrong.add(*([fault] if fault else []))
    words = _read_words(wrong, command.words, "words", is_needed=True)
    wrong.tell()
    before = _marks(order)
    order.state = moved.state
    _note(session, order, command, before, verb="delay_order", by=by, at=at)
    event = Event(kind=moved.kci, copy=order_as_it_stands(session, order), words=words, problem_code=PROBLEMS[command.problem_code].code)
    return _changed(order, tell(session, order, [event], at=at))


@audit.answered
def resume_order(session: Session, command: ResumeOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Let a held order go on: for the date there was, or for a later one, of which the customer is told in a second event.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E; CSS219E, CSS236E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    moved = move(order.number, order.state, Move.RESUME)
    assert order.target_on is not None, "a held order was committed for a date"
    assert order.committed_on is not None, "a held order was committed"
    on = business_date(session, order.district_code)
    target_on = command.target_on or order.target_on
    wrong = Refusals()
    fault = target_fault(target_on, committed_on=order.committed_on, on=on, nation=found.nation)
    wrong.add(*([fault] if fault else []))
    words = _read_words(wrong, command.words, "words", is_needed=False) or "Work on the order goes on."
    wrong.tell()
    before = _marks(order)
    was_for = order.target_on
    order.state = moved.state
    _note(session, order, command, before, verb="resume_order", by=by, at=at)
    events = [Event(kind=moved.kci, copy=order_as_it_stands(session, order), words=words)]
    if target_on != was_for:
        order.target_on = target_on
        timing = timing_of(timings(session), order.kind, order.plant_outcome, needs_visit=order.appointment_id is not None, on=target_on)
        order.no_return_at = point_of_no_return(timing, target_on, found.nation)
        session.flush()
        new_date = f"The order will be done by {day_words(target_on)}."
        events.append(Event(kind=KciKind.REAPPOINTED, copy=order_as_it_stands(session, order), words=new_date))
    return _changed(order, tell(session, order, events, at=at))


@audit.answered
def cancel_order(session: Session, command: CancelOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Cancel an order for the customer: before the point of no return, or while it is held. Its pair and number are free again.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS206E; CSS219E, CSS221E at once as ``Several``.
    """
    require_may(by, "cancel")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    moved = move(order.number, order.state, Move.CANCEL)
    wrong = Refusals()
    too_late = too_late_fault(order.number, order.state, order.no_return_at, at)
    wrong.add(*([too_late] if too_late else []))
    words = _read_words(wrong, command.reason, "reason", is_needed=True)
    wrong.tell()
    before = _marks(order)
    order.state = moved.state
    release(session, order, by=by, at=at, words=words, event=Move.CANCEL)
    _note(session, order, command, before, verb="cancel_order", by=by, at=at)
    return _changed(order, tell(session, order, [Event(kind=moved.kci, copy=order_as_it_stands(session, order), words=words)], at=at))


def _read_words(wrong: Refusals, text: str, element: str, *, is_needed: bool) -> str:
    words = text.strip()
    if is_needed and not words:
        wrong.add(Refused("CSS221E", "{what} is needed.", what="A reason in words", element=element))
    if len(words) > WORDS_MAX:
        wrong.add(Refused("CSS219E", "The {what} has at most {most} characters.", what=element, most=WORDS_MAX, element=element))
    return words


def _marks(order: CustomerOrder) -> dict[str, object]:
    return {"state": order.state.value, "target_on": order.target_on, "row_version": order.row_version}


def _note(
    session: Session,
    order: CustomerOrder,
    command: DelayOrder | ResumeOrder | CancelOrder,
    before: dict[str, object],
    *,
    verb: str,
    by: Actor,
    at: datetime,
) -> None:
    order.row_version += 1
    session.flush()
    audit.record(session, by=by, at=at, verb=verb, subject=("order", order.number), before=before, after=to_plain(command))


def _changed(order: CustomerOrder, last: int) -> OrderChanged:
    return OrderChanged(
        order_number=order.number, state=order.state, kci_sequence=last, committed_on=order.committed_on, target_on=order.target_on
    )
