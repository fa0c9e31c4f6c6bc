"""The visit of an order that did not do its work: ours is a promise not kept, the customer's a visit in vain."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words, working_day_on_or_after
from css.core.errors import CssError, Refusals, Refused
from css.core.slots import SlotOf
from css.core.words import AppointmentState, FailureKind, MissCause
from css.handover import leave_service_failure
from css.master import appointment_book
from css.master.appointments import Appointment
from css.master.districts import business_date
from orders.actions import charging, linked, unsolicited
from orders.actions.amend import book
from orders.actions.changing import live_slot, marks, read_words, record, tell_of, work_for
from orders.actions.find import OrderFound, lock_order, require_may
from orders.actions.progress import hold, tell_held
from orders.actions.tell import as_sentence
from orders.commands.orders import MissAppointment, OrderChanged
from orders.model import CustomerOrder, OrderTask
from orders.rules.lifecycle import Move, move
from orders.rules.problems import miss_problem
from orders.rules.tasks import UNDONE
from orders.words import KciKind, OrderState, TaskKind

_CAUSES: Final = {
    MissCause.NO_SHOW: "The engineer did not come.",
    MissCause.LATE: "The engineer came too late.",
    MissCause.RECALLED: "The visit was called off.",
    MissCause.NOT_EQUIPPED: "The engineer had not what was needed.",
    MissCause.NO_ACCESS: "The engineer could not get in.",
    MissCause.NO_ADULT: "Nobody of eighteen or over was in.",
    MissCause.NOT_READY: "The premises were not ready for the work.",
    MissCause.REFUSED: "The engineer was sent away.",
}


@audit.answered
def miss_appointment(session: Session, command: MissAppointment, *, by: Actor, at: datetime) -> OrderChanged:
    """Record that a visit did not do its work: the next slot is booked at once, or the order is held until one is agreed.

    For a cause of ours a service failure is left, promised for the end of the slot; for one of the customer's the visit is
    charged, and a start that comes late for it is excused. An order held already stays held.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS255E; CSS219E, CSS751E at once as ``Several``; CSS222E, CSS818E, CSS828E of the next slot.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    event = Move.REAPPOINT if command.appointment is not None else Move.WARN if order.state is OrderState.HELD else Move.DELAY
    moved = move(order.number, order.state, event)
    on = business_date(session, order.district_code)
    slot = None if order.appointment_id is None else session.get(Appointment, order.appointment_id, populate_existing=True)
    wrong = Refusals()
    fault = _slot_fault(order, slot, command.cause, at)
    wrong.add(*([fault] if fault else []))
    words = " ".join(filter(None, (_CAUSES[command.cause], as_sentence(read_words(wrong, command.words, "words", is_needed=False)))))
    wrong.tell()
    assert slot is not None, "an order without a slot was refused"
    problem = miss_problem(command.cause)
    before = marks(order)
    with session.begin_nested():
        missed = appointment_book.miss(session, slot.id, command.cause, at=at)
        if command.cause.is_ours:
            _leave_failure(session, order, missed, on=on, at=at)
        else:
            charging.leave_abortive_visit(session, order, missed, segment=found.segment, on=on)
        session.execute(
            update(OrderTask)
            .where(OrderTask.order_id == order.id, OrderTask.kind == TaskKind.FIELD, OrderTask.state.in_(UNDONE))
            .values(attempts=OrderTask.attempts + 1, problem_code=problem.code, words=words)
        )
        if command.appointment is not None:
            _appoint(session, found, command, by=by, at=at)
    if event is Move.DELAY:
        hold(order)
    record(session, order, command, before, verb="miss_appointment", by=by, at=at)
    if event is Move.DELAY:
        return tell_held(session, order, words, problem.code, by=by, at=at)
    if event is Move.REAPPOINT:
        assert order.target_on is not None, "a committed order has a date"
        words = f"{words} The order will be done by {day_words(order.target_on)}."
        if (agreed := live_slot(session, order)) is not None:
            words = f"{words} The engineer comes on {SlotOf(agreed.slot_on, agreed.half_day).words}."
        unsolicited.follow(session, order, by=by, at=at, problem_code=problem.code)
    answer = tell_of(session, order, [(moved.kci, words, problem.code)], at=at)
    if moved.kci is KciKind.REAPPOINTED:
        linked.tell_others(session, order, "has another appointment", at=at)
    return answer


def _slot_fault(order: CustomerOrder, slot: Appointment | None, cause: MissCause, at: datetime) -> CssError | None:
    """Why no appointment of an order can have been missed now; None when one can (CSS751E)."""
    if slot is None or slot.state is not AppointmentState.BOOKED:
        return Refused("CSS751E", "Order {order} has no appointment that could be missed.", order=order.number, element="order_number")
    # One that is called off is missed before it begins; that is what makes it so.
    if cause is not MissCause.RECALLED and at < SlotOf(slot.slot_on, slot.half_day).begins_at:
        return Refused(
            "CSS751E",
            "The appointment of order {order} is on {slot} {half}; it has not begun.",
            order=order.number,
            slot=day_words(slot.slot_on),
            half=slot.half_day.value,
            element="cause",
        )
    return None


def _leave_failure(session: Session, order: CustomerOrder, missed: Appointment, *, on: date, at: datetime) -> None:
    """Leave the promise that was not kept; an order may have several, each of its own slot."""
    # Whoever was not there when the slot ended did not come.
    promised_at = SlotOf(missed.slot_on, missed.half_day).ends_at
    leave_service_failure(
        session,
        source_key=f"order/{order.number}/missed-appointment/{missed.number or missed.id}",
        district_code=order.district_code,
        account_id=order.account_id,
        line_id=order.line_id,
        kind=FailureKind.MISSED_APPOINTMENT,
        reference=order.number,
        issue_on=missed.slot_on,
        promised_at=promised_at,
        put_right_at=max(promised_at, at),
        business_date=on,
    )


def _appoint(session: Session, found: OrderFound, command: MissAppointment, *, by: Actor, at: datetime) -> None:
    """Book the next slot. Where the customer was not in, it is their date that moves; where we were not, ours alone."""
    order = found.order
    assert order.target_on is not None, "a committed order has a date"
    on = business_date(session, order.district_code)
    next_slot = book(session, found, command.appointment, None, on=on, by=by, at=at)
    target_on = max(order.target_on, working_day_on_or_after(next_slot.slot_on, found.nation))
    if not command.cause.is_ours and target_on > order.target_on:
        order.required_on = max(order.required_on, next_slot.slot_on)
    work_for(session, order, target_on, nation=found.nation, slot_on=next_slot.slot_on)
