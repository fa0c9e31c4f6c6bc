"""What happens to an order between its placing and its end: held, going on again, told of; cancelled or ended by us.

Each deed stands once, as a function on an order that is locked, so that a task that failed does exactly what the verb does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.errors import Refusals
from css.master import appointment_book
from css.master.districts import business_date
from orders.actions import charging, ending, linked, unsolicited
from orders.actions.changing import changed, live_slot, marks, read_words, record, refuse_treatment, tell_of, work_for
from orders.actions.find import OrderFound, lock_order, require_may
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.commands.orders import CancelOrder, DelayOrder, InformOrder, OrderChanged, ResumeOrder, TerminateOrder
from orders.model import CustomerOrder, OrderTask
from orders.rules.dates import target_fault, too_late_fault
from orders.rules.lifecycle import Move, move
from orders.rules.problems import PROBLEMS, Effect, problem_fault
from orders.words import KciKind, TaskState


@audit.answered
def delay_order(session: Session, command: DelayOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Hold an order that cannot be done as committed, and tell the customer why. What was promised stays on record.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS255E; CSS219E, CSS221E, CSS235E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    move(order.number, order.state, Move.DELAY)
    words = _problem_words(command.problem_code, Effect.DELAY, command.words)
    before = marks(order)
    hold(order)
    record(session, order, command, before, verb="delay_order", by=by, at=at)
    return tell_held(session, order, words, command.problem_code, by=by, at=at)


def hold(order: CustomerOrder) -> None:
    """Nobody works on an order that is locked until it is resumed (CSS205E)."""
    order.state = move(order.number, order.state, Move.DELAY).state


def tell_held(session: Session, order: CustomerOrder, words: str, problem_code: str, *, by: Actor, at: datetime) -> OrderChanged:
    """Tell everybody concerned that an order is held."""
    session.flush()
    unsolicited.follow(session, order, by=by, at=at, problem_code=problem_code)
    answer = tell_of(session, order, [(KciKind.DELAY, words, problem_code)], at=at)
    linked.tell_others(session, order, f"is held up: {PROBLEMS[problem_code].words}", at=at)
    return answer


@audit.answered
def resume_order(session: Session, command: ResumeOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Let a held order go on: for the date there was, or for a later one, of which the customer is told in a second event.

    Tasks that failed are to be tried again, and what is left of the work has its days anew. A slot that has passed, or comes
    after the new date, is given back: another must be agreed.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS255E; CSS219E, CSS236E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    moved = move(order.number, order.state, Move.RESUME)
    assert order.target_on is not None, "a held order was committed for a date"
    assert order.committed_on is not None, "a held order was committed"
    on = business_date(session, order.district_code)
    target_on = command.target_on or order.target_on
    wrong = Refusals()
    fault = target_fault(target_on, committed_on=order.committed_on, on=on, nation=found.nation)
    wrong.add(*([fault] if fault else []))
    words = read_words(wrong, command.words, "words", is_needed=False) or "Work on the order goes on."
    wrong.tell()
    before = marks(order)
    was_for, was_final_at = order.target_on, order.no_return_at
    order.state = moved.state
    retry_failed(session, order)
    slot_was_lost = _put_in_days(session, found, target_on, on=on, at=at)
    record(session, order, command, before, verb="resume_order", by=by, at=at)
    unsolicited.follow(session, order, by=by, at=at)
    copy = order_as_it_stands(session, order)
    going_on = replace(copy, target_on=was_for, no_return_at=was_final_at)
    events = [Event(kind=moved.kci, copy=going_on, words=words)]
    if target_on != was_for or slot_was_lost:
        day = f"The order will be done by {day_words(target_on)}."
        new_day = f"{day} A new appointment must be agreed." if slot_was_lost else day
        events.append(Event(kind=KciKind.REAPPOINTED, copy=copy, words=new_day))
    answer = changed(order, tell(session, order, events, at=at))
    linked.tell_others(session, order, f"goes on and will be done by {day_words(target_on)}", at=at)
    return answer


def retry_failed(session: Session, order: CustomerOrder) -> None:
    """What could not be done is to be tried again."""
    session.execute(
        update(OrderTask).where(OrderTask.order_id == order.id, OrderTask.state == TaskState.FAILED).values(state=TaskState.OPEN)
    )


def _put_in_days(session: Session, found: OrderFound, target_on: date, *, on: date, at: datetime) -> bool:
    """Work for a day; True when the slot there was cannot be kept and was given back."""
    slot = live_slot(session, found.order)
    is_lost = slot is not None and not on < slot.slot_on <= target_on
    if slot is not None and is_lost:
        appointment_book.give_back(session, slot.id, at=at)
    work_for(session, found.order, target_on, nation=found.nation, slot_on=None if slot is None or is_lost else slot.slot_on)
    return is_lost


@audit.answered
def inform_order(session: Session, command: InformOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Tell the customer more about an open order, or warn them. Nothing about the order changes.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS255E; CSS219E, CSS221E, CSS235E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    moved = move(order.number, order.state, Move.WARN if command.is_warning else Move.INFORM)
    wrong = Refusals()
    if command.problem_code or command.is_warning:
        fault = problem_fault(command.problem_code or "", Effect.INFORM)
        wrong.add(*([fault] if fault else []))
    words = read_words(wrong, command.words, "words", is_needed=True)
    wrong.tell()
    record(session, order, command, marks(order), verb="inform_order", by=by, at=at)
    return tell_of(session, order, [(moved.kci, words, command.problem_code or None)], at=at)


@audit.answered
def cancel_order(session: Session, command: CancelOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Cancel an order for the customer: before the point of no return, or while it is held. What it kept is free again.

    What is owed for giving it up is left for billing.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS206E, CSS255E; CSS219E, CSS221E at once as ``Several``.
    """
    require_may(by, "cancel")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    refuse_treatment(order, by)
    moved = move(order.number, order.state, Move.CANCEL)
    wrong = Refusals()
    too_late = too_late_fault(order.number, order.state, order.no_return_at, at)
    wrong.add(*([too_late] if too_late else []))
    words = read_words(wrong, command.reason, "reason", is_needed=True)
    wrong.tell()
    before, was = marks(order), order.state
    order.state = moved.state
    on = business_date(session, order.district_code)
    charging.leave_cancellation(session, order, was=was, segment=found.segment, on=on)
    ending.release(session, order, by=by, at=at, event=Move.CANCEL)
    record(session, order, command, before, verb="cancel_order", by=by, at=at)
    answer = tell_of(session, order, [(moved.kci, words, None)], at=at)
    linked.tell_others(session, order, "was cancelled", at=at)
    return answer


@audit.answered
def terminate_order(session: Session, command: TerminateOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """End an order that we cannot do, at any time before it is done. The customer is told why and owes nothing for it.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS255E; CSS219E, CSS221E, CSS235E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    move(order.number, order.state, Move.TERMINATE)
    words = _problem_words(command.problem_code, Effect.CANCEL, command.words)
    before = marks(order)
    end_by_us(session, order, command.problem_code, by=by, at=at)
    record(session, order, command, before, verb="terminate_order", by=by, at=at)
    return tell_ended(session, order, words, command.problem_code, at=at)


def end_by_us(session: Session, order: CustomerOrder, problem_code: str, *, by: Actor, at: datetime) -> None:
    """End an order that is locked, and give back what it kept (CSS205E)."""
    order.state = move(order.number, order.state, Move.TERMINATE).state
    ending.release(session, order, by=by, at=at, event=Move.TERMINATE, problem_code=problem_code)


def tell_ended(session: Session, order: CustomerOrder, words: str, problem_code: str, *, at: datetime) -> OrderChanged:
    """Tell everybody concerned that we ended an order."""
    answer = tell_of(session, order, [(KciKind.TERMINATED, words, problem_code)], at=at)
    linked.tell_others(session, order, f"was ended by us: {PROBLEMS[problem_code].words}", at=at)
    return answer


def _problem_words(problem_code: str, effect: Effect, text: str) -> str:
    """The words a problem is told with; raises what is wrong with code and words (CSS219E, CSS221E, CSS235E)."""
    wrong = Refusals()
    fault = problem_fault(problem_code, effect)
    wrong.add(*([fault] if fault else []))
    words = read_words(wrong, text, "words", is_needed=True)
    wrong.tell()
    return words
