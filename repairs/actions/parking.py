"""Parking a fault for which somebody else must act first, and going on with it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import CssError, Refusals
from css.core.slots import SlotOf
from css.core.words import AppointmentState
from css.master.appointments import Appointment
from repairs.actions.clock import current, go_on, pause, rows_of
from repairs.actions.visits import end_visit
from repairs.actions.working import locked_fault, record, require_may, step
from repairs.commands.faults import FaultChanged, ParkFault, ResumeFault
from repairs.model import Fault
from repairs.rules.clock import instant_fault, unsaid
from repairs.rules.clock_words import REASONS
from repairs.rules.lifecycle import move
from repairs.rules.report import too_long
from repairs.words import ClockState, FaultState, ParkReason, ReturnReason, VisitState

_GIVEN_BACK: Final = {
    ParkReason.NO_ACCESS: ReturnReason.NO_ACCESS,
    ParkReason.HAZARD: ReturnReason.HAZARD,
    ParkReason.STORES: ReturnReason.STORES,
}
"""Why an engineer on site leaves a fault that is parked; for any other reason of its own."""


@audit.answered
def park_fault(session: Session, command: ParkFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Somebody else must do something first: the fault waits, its engineer is free, and the care level's clock stands.

    For stores the clock runs on, for that is our own trouble. For the customer's own delay automatic compensation stands too.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not, CSS325E it is not said what is waited for,
            CSS326E to CSS328E the instant.
    """
    require_may(by, "park")
    wrong = Refusals()
    wrong.add(*unsaid("what is waited for", words=command.words), *too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    move(fault.number, fault.state, "park")
    parked_at = command.parked_at or at
    reason = command.reason
    _check(_instant(session, fault, "parking", parked_at, at=at, element="parked_at", due_at=fault.due_at if reason.stops_clock else None))
    words = command.words.strip()
    if fault.state is FaultState.ON_SITE:
        given_back = _GIVEN_BACK.get(reason, ReturnReason.OTHER)
        end_visit(session, fault, VisitState.RETURNED, by=by, at=parked_at, reason=given_back, words=words)
    elif fault.state is FaultState.ISSUED:
        end_visit(session, fault, VisitState.RECALLED, by=by, at=parked_at, words=words)
    state = ClockState.CUSTOMER if reason.is_customers else ClockState.PARKED if reason.stops_clock else ClockState.RUNNING
    pause(session, fault, state, reason.value, words, by=by, at=parked_at)
    stands = "the clock stands" if reason.stops_clock else "the clock runs on"
    before = step(session, fault, "park", f"Parked, {stands}: {REASONS[reason]}: {words}", by=by, at=at)
    record(session, fault, command, "park_fault", before, by=by, at=at, due_at=fault.due_at.isoformat())
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=parked_at > fault.due_at, due_at=fault.due_at)


@audit.answered
def resume_fault(session: Session, command: ResumeFault, *, by: Actor, at: datetime) -> FaultChanged:
    """What was waited for has happened: the fault goes on where it stood, and its deadline moves by what was left of its time.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E.
        Refused: CSS301E it is not parked, CSS305E, CSS315E the actor may not, CSS326E or CSS327E the instant.
    """
    require_may(by, "resume")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    move(fault.number, fault.state, "resume")
    resumed_at = command.resumed_at or at
    _check(_instant(session, fault, "going on", resumed_at, at=at, element="resumed_at"))
    go_on(session, fault, by=by, at=resumed_at)
    said = command.words.strip()
    back_to = _back_to(session, fault, at)
    before = step(session, fault, "resume", f"Goes on{f': {said}' if said else '.'}", by=by, at=at, back_to=back_to)
    record(session, fault, command, "resume_fault", before, by=by, at=at, due_at=fault.due_at.isoformat())
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at)


def _instant(
    session: Session, fault: Fault, deed: str, instant: datetime, *, at: datetime, element: str, due_at: datetime | None = None
) -> CssError | None:
    now = current(rows_of(session, fault.id), at)
    since = fault.accepted_at if now is None else now.starts_at
    return instant_fault(fault.number, deed, instant, since=since, at=at, due_at=due_at, element=element)


def _check(wrong: CssError | None) -> None:
    if wrong is not None:
        raise wrong


def _back_to(session: Session, fault: Fault, at: datetime) -> FaultState | None:
    """To the slot only if it is still to come; who waits for one that is over waits in the queue."""
    if fault.resumes_to is not FaultState.APPOINTED:
        return fault.resumes_to
    slot = None if fault.appointment_id is None else session.get_one(Appointment, fault.appointment_id)
    is_to_come = slot is not None and slot.state is AppointmentState.BOOKED and SlotOf(slot.slot_on, slot.half_day).ends_at > at
    return FaultState.APPOINTED if is_to_come else FaultState.QUEUED
