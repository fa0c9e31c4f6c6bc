"""A visit promised for a fault: agreed, moved, and missed by us or by the customer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, start_of_day
from css.core.errors import CssError, Refusals, Refused
from css.core.slots import SlotOf
from css.core.words import AppointmentState, HalfDay, MissCause, Skill
from css.master import appointment_book
from css.master.appointments import Appointment
from css.master.districts import business_date
from css.master.lines import Line
from repairs.actions.clear import leave_missed
from repairs.actions.clock import await_slot, go_on, pause, rows_of, stop_waiting
from repairs.actions.telling import will_warn
from repairs.actions.visits import end_visit
from repairs.actions.working import locked_fault, record, require_may, step
from repairs.commands.faults import AppointFault, FaultChanged, MissVisit
from repairs.model import Fault, Visit
from repairs.queries.times import nation_of
from repairs.rules.appointing import CAUSES, appoint_faults, miss_fault, offered_slot
from repairs.rules.lifecycle import move
from repairs.rules.report import too_long
from repairs.words import ClockState, FaultState, ParkReason, ReturnReason, VisitState

_ENDS_WITH_A_SLOT = frozenset({ParkReason.NO_ACCESS.value, ParkReason.CUSTOMER_ASKED.value})
"""What a fault was parked for that is over once the customer has agreed to another visit."""


def book_for_fault(
    session: Session,
    fault: Fault,
    *,
    appointment_number: str | None = None,
    slot_on: date | None = None,
    half_day: HalfDay | None = None,
    by: Actor,
    at: datetime,
) -> Appointment:
    """Promise a visit for a fault whose row is ours: a slot that is held for it, or one that is not, instead of any before.

    The fault's state and story are the caller's to move.

    Raises:
        Refused: CSS856E the fault has no line to visit, CSS857E neither of the two, or both; of the book CSS222E, CSS818E, CSS820E to
            CSS822E, CSS828E. NotFound: CSS819E.
    """
    wrong = Refusals()
    wrong.add(*appoint_faults(appointment_number, slot_on, half_day))
    if fault.line_id is None:
        wrong.add(Refused("CSS856E", "Fault {fault} names a place and no line: no customer can be promised a visit.", fault=fault.number))
    wrong.tell()
    site_id = session.execute(select(Line.site_id).where(Line.id == fault.line_id)).scalar_one()
    on, nation = business_date(session, fault.district_code), nation_of(session, fault.district_code)
    before = fault.appointment_id
    if appointment_number:
        booked = appointment_book.book_held(
            session,
            number=appointment_number,
            provider_id=fault.provider_id,
            site_id=site_id,
            reference=fault.number,
            by=by,
            at=at,
            skill=Skill.REPAIR,
            nation=nation,
            earliest_on=on,
        )
    else:
        assert slot_on is not None, "a slot without its day was refused"
        assert half_day is not None, "a slot without its half was refused"
        booked = appointment_book.book_slot(
            session,
            site_id=site_id,
            exchange_id=fault.exchange_id,
            district_code=fault.district_code,
            provider_id=fault.provider_id,
            skill=Skill.REPAIR,
            slot_on=slot_on,
            half_day=half_day,
            reference=fault.number,
            by=by,
            at=at,
            on=on,
            nation=nation,
        )
    if before is not None:
        appointment_book.give_back(session, before, at=at)
    fault.appointment_id = booked.id
    session.flush()
    return booked


@audit.answered
def appoint_fault(session: Session, command: AppointFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Promise a visit, or another one than was promised. Where the customer chose a later slot than was offered, what lies between
    the two is the customer's own delay: the clock stands meanwhile.

    A fault that is parked because the customer was not in, or wanted it later, goes on with the slot; parked for anything else it
    stays so.

    Raises:
        NotFound: CSS313E, CSS819E. Conflict: CSS314E.
        Refused: CSS301E not from where it stands, CSS315E the actor may not; CSS856E to CSS858E; of the book CSS222E, CSS818E, CSS820E to
            CSS822E, CSS828E.
    """
    require_may(by, "appoint")
    wrong = Refusals()
    wrong.add(*appoint_faults(command.appointment_number, command.slot_on, command.half_day))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = fault.state
    move(fault.number, before, "appoint")
    booked = book_for_fault(
        session,
        fault,
        appointment_number=command.appointment_number,
        slot_on=command.slot_on,
        half_day=command.half_day,
        by=by,
        at=at,
    )
    chosen = SlotOf(booked.slot_on, booked.half_day)
    offered = offered_slot(command.offered_on, command.offered_half_day, chosen, at=at)
    offered_at = None if offered is None else offered.begins_at
    words = f"An engineer is promised for {chosen.words}."
    if offered is not None:
        words += f" The customer was offered {offered.words}."
    is_agreed = fault.state is FaultState.PARKED and _waits_for_a_slot(session, fault)
    if is_agreed:
        # From when they missed the last one until the one they have agreed to, it is the customer who delays it.
        fault.waits_from_at, fault.waits_until_at = (at, chosen.begins_at) if chosen.begins_at > at else (None, None)
        step(session, fault, "resume", f"The customer has agreed to {chosen.words}.", by=by, at=at, back_to=FaultState.QUEUED)
        go_on(session, fault, by=by, at=at)
    else:
        await_slot(session, fault, offered_at=offered_at, chosen_at=chosen.begins_at, by=by, at=at)
    step(session, fault, "appoint", words, by=by, at=at)
    record(session, fault, command, "appoint_fault", before, by=by, at=at, appointment=booked.number)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at)


def _waits_for_a_slot(session: Session, fault: Fault) -> bool:
    last = rows_of(session, fault.id)[-1]
    return last.ends_at is None and last.reason in _ENDS_WITH_A_SLOT


@audit.answered
def miss_visit(session: Session, command: MissVisit, *, by: Actor, at: datetime) -> FaultChanged:
    """Record that a promised visit did not do its work. Ours: a missed appointment is left for compensation, once, and the fault waits
    in the queue, its clock running. The customer's: the fault is parked, the clock stands from then, and the visit in vain is
    charged once the clear is accepted, unless something excuses it.

    Raises:
        NotFound: CSS313E. Conflict: CSS314E.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not, CSS859E nothing was promised, or not yet.
    """
    require_may(by, "miss")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = fault.state
    move(fault.number, before, "miss")
    slot = None if fault.appointment_id is None else session.get(Appointment, fault.appointment_id, populate_existing=True)
    if slot is None or slot.state is not AppointmentState.BOOKED:
        raise _nothing_promised(fault)
    promised = SlotOf(slot.slot_on, slot.half_day)
    wrong.add(*miss_fault(fault.number, promised, command.cause, at=at))
    wrong.tell()
    came_at = _came_at(session, fault, promised)
    # Who came after the slot and found nobody has not been let down.
    is_late = came_at is not None and came_at >= promised.ends_at and not command.cause.is_ours
    cause = MissCause.LATE if is_late else command.cause
    missed = appointment_book.miss(session, slot.id, cause, at=at)
    words = " ".join(filter(None, (CAUSES[cause], command.words.strip())))
    step(session, fault, "miss", words, by=by, at=at)
    if before in {FaultState.ISSUED, FaultState.ON_SITE}:
        reason = ReturnReason.STORES if cause is MissCause.NOT_EQUIPPED else None if cause.is_ours else ReturnReason.NO_ACCESS
        end_visit(session, fault, VisitState.RETURNED if reason else VisitState.RECALLED, by=by, at=at, reason=reason, words=words)
    if cause.is_ours:
        leave_missed(session, fault, missed, at=at)
        # What the customer chose is over, and the next visit is late by our doing.
        stop_waiting(session, fault, by=by, at=at)
    else:
        fault.waits_from_at = fault.waits_until_at = None
        held_at = max(min(at, came_at or promised.ends_at), rows_of(session, fault.id)[-1].starts_at)
        pause(session, fault, ClockState.CUSTOMER, ParkReason.NO_ACCESS.value, words, by=by, at=held_at)
        step(session, fault, "park", f"Parked, {ParkReason.NO_ACCESS.value}: another visit is to be agreed.", by=by, at=at)
    record(session, fault, command, "miss_visit", before, by=by, at=at, appointment=slot.number)
    charge = None if cause.is_ours else "The visit in vain is charged once the fault is cleared, unless that was off the site."
    warnings = ("The engineer came after the slot: it was missed by us.",) if is_late else ()
    will_warn(session, fault.id, "miss", warnings if charge is None else (charge, *warnings))
    return FaultChanged(
        fault_number=fault.number,
        state=fault.state,
        was_late=at > fault.due_at,
        due_at=fault.due_at,
        charge_words=charge,
        warnings=warnings,
    )


def _came_at(session: Session, fault: Fault, slot: SlotOf) -> datetime | None:
    """When an engineer first was on site on the day of a slot."""
    return session.execute(
        select(Visit.arrived_at)
        .where(Visit.fault_id == fault.id, Visit.arrived_at >= start_of_day(slot.slot_on))
        .where(Visit.arrived_at < start_of_day(slot.slot_on + ONE_DAY))
        .order_by(Visit.arrived_at)
        .limit(1)
    ).scalar()


def _nothing_promised(fault: Fault) -> CssError:
    return Refused("CSS859E", "Fault {fault} has no appointment that could be missed.", fault=fault.number, element="fault_number")
