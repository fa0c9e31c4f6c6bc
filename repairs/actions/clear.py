"""Clearing a fault: what it was, what follows from it. What the customer says to it is in ``repairs.actions.answers``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import Refusals
from css.core.slots import SlotOf
from css.core.words import AppointmentState, FailureKind, MissCause
from css.handover import leave_service_failure, lift_hold
from css.master import appointment_book
from css.master.appointments import Appointment
from css.master.districts import business_date
from repairs.actions.clock import customer_held, stop_clock
from repairs.actions.pairs import change_pair
from repairs.actions.telling import will_cost, will_warn
from repairs.actions.visits import end_visit, live_visit
from repairs.actions.working import hold_key, locked_fault, record, require_may, step
from repairs.commands.faults import ClearFault, FaultChanged
from repairs.model import Fault, Visit
from repairs.queries.charges import charge_words, owed_for
from repairs.queries.guarantees import guarantee_of
from repairs.queries.times import accept_by
from repairs.rules.clear import ChargedAs, ClearCode, check_cleared_at, check_pair_change, clear_code, may_be_owed
from repairs.rules.lifecycle import move
from repairs.rules.report import too_long
from repairs.words import FaultState, VisitState

_WITH_ENGINEER = frozenset({FaultState.ISSUED, FaultState.ON_SITE})


@audit.answered
def clear_fault(session: Session, command: ClearFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Record that service is restored, and whether in time; from wherever an open fault stands.

    The engineer's visit ends with it, a promised visit is kept or given back, the clock stops at ``cleared_at``, and debt
    treatment need not wait any more. With ``pair_number`` the line is moved to that pair. What may be owed to the customer is
    left for billing at once; what the customer may owe is told, and left when the clear is accepted.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS306E, CSS308E, CSS315E the actor may not; CSS348E, CSS349E of the pair.
    """
    require_may(by, "clear")
    wrong = Refusals()
    code = wrong.reading(lambda: clear_code(command.clear_code))
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    assert code is not None, "what nobody knows has been told"
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = fault.state
    changed = clear_locked(
        session, fault, code, words=command.words, cleared_at=command.cleared_at or at, by=by, at=at, pair=command.pair_number
    )
    record(session, fault, command, "clear_fault", before, by=by, at=at)
    return changed


def clear_locked(
    session: Session, fault: Fault, code: ClearCode, *, words: str, cleared_at: datetime, by: Actor, at: datetime, pair: int | None = None
) -> FaultChanged:
    """Clear a fault that is locked, with everything that follows from it but the audit trail.

    Raises:
        Refused: CSS301E not from where it stands, CSS308E; CSS348E, CSS349E of the pair.
    """
    move(fault.number, fault.state, "clear")
    check_cleared_at(fault.number, cleared_at, reported_at=fault.reported_at, at=at)
    if pair is not None:
        check_pair_change(fault.number, code, has_line=fault.line_id is not None)
    moved = None if pair is None else change_pair(session, fault, pair, by=by, at=at)
    warnings = _end_appointment(session, fault, code, cleared_at=cleared_at, at=at)
    _end_visit(session, fault, words, by=by, at=cleared_at)
    stop_clock(session, fault, by=by, at=cleared_at)
    was_late = cleared_at > fault.due_at
    told = f"Cleared: {code.words}, {'late' if was_late else 'in time'}."
    accept_by_at = accept_by(session, fault.district_code, at)
    fault.cleared_at = cleared_at
    fault.clear_code = code.code
    fault.clear_words = words.strip() or None
    fault.accept_by_at = accept_by_at
    fault.clear_count += 1
    step(session, fault, "clear", told if moved is None else f"{told} {moved}", by=by, at=at)
    if fault.account_id is not None:
        lift_hold(session, source_key=hold_key(fault.number), at=at)
        _leave_failure(session, fault, code, cleared_at)
    owed = owed_for(session, fault)
    will_cost(session, fault.id, owed)
    will_warn(session, fault.id, "clear", warnings)
    return FaultChanged(
        fault_number=fault.number,
        state=fault.state,
        was_late=was_late,
        charge_words=charge_words(owed, accepted=False),
        warnings=warnings,
    )


def _end_visit(session: Session, fault: Fault, words: str, *, by: Actor, at: datetime) -> None:
    """The engineer who was there, or who says so, has done it; one who was still on the way is called back."""
    if fault.state not in _WITH_ENGINEER:
        return
    live = live_visit(session, fault.id)
    is_done = fault.state is FaultState.ON_SITE or (live is not None and live.engineer_code == by.name)
    end_visit(session, fault, VisitState.DONE if is_done else VisitState.RECALLED, by=by, at=at, words=words)


def _end_appointment(session: Session, fault: Fault, code: ClearCode, *, cleared_at: datetime, at: datetime) -> tuple[str, ...]:
    """Say of the visit that was promised whether it was made. One that nobody came to is a promise not kept, whoever forgot to say so."""
    if fault.appointment_id is None:
        return ()
    slot = session.get_one(Appointment, fault.appointment_id)
    if slot.state is not AppointmentState.BOOKED:
        return ()
    promised = SlotOf(slot.slot_on, slot.half_day)
    came_at = _came_at(session, fault.id, promised)
    if code.charged_as is ChargedAs.VISIT and came_at is not None and came_at < promised.ends_at:
        appointment_book.miss(session, slot.id, MissCause.NO_ACCESS, at=at)
        return ()
    if came_at is not None and came_at < promised.ends_at:
        appointment_book.keep(session, slot.id, at=at)
        return ()
    if cleared_at < promised.ends_at:
        appointment_book.give_back(session, slot.id, at=at)
        return ()
    cause = MissCause.NO_SHOW if came_at is None else MissCause.LATE
    appointment_book.miss(session, slot.id, cause, at=at)
    leave_missed(session, fault, slot, at=at)
    return (f"Nobody came on {promised.words}, as was promised: the missed appointment is compensated.",)


def _came_at(session: Session, fault_id: int, slot: SlotOf) -> datetime | None:
    """When an engineer first was on site on the day of a slot."""
    found = session.execute(select(Visit.arrived_at).where(Visit.fault_id == fault_id, Visit.arrived_at.is_not(None))).scalars()
    return min((came_at for came_at in found if came_at is not None and london_date(came_at) == slot.slot_on), default=None)


def leave_missed(session: Session, fault: Fault, missed: Appointment, *, at: datetime) -> None:
    """Leave a promised visit that we did not make for billing's compensation rule: once an appointment. Damage has nobody to compensate."""
    if fault.account_id is None or fault.line_id is None:
        return
    # Whoever was not there when the slot ended did not come.
    promised_at = SlotOf(missed.slot_on, missed.half_day).ends_at
    leave_service_failure(
        session,
        source_key=f"fault/{fault.number}/missed-appointment/{missed.number or missed.id}",
        district_code=fault.district_code,
        account_id=fault.account_id,
        line_id=fault.line_id,
        kind=FailureKind.MISSED_APPOINTMENT,
        reference=fault.number,
        issue_on=missed.slot_on,
        promised_at=promised_at,
        put_right_at=max(promised_at, at),
        business_date=business_date(session, fault.district_code),
        care_level=fault.care_level,
    )


def _leave_failure(session: Session, fault: Fault, code: ClearCode, cleared_at: datetime) -> None:
    is_owed = may_be_owed(
        code, is_total_loss=fault.is_total_loss, reported_at=fault.reported_at, due_at=fault.due_at, cleared_at=cleared_at
    )
    if not is_owed or fault.account_id is None or fault.line_id is None:
        return
    is_guaranteed, guarantee_ends_at = guarantee_of(session, fault, code.code)
    leave_service_failure(
        session,
        source_key=f"fault/{fault.number}/delayed-repair" + (f"/{fault.clear_count}" if fault.clear_count > 1 else ""),
        district_code=fault.district_code,
        account_id=fault.account_id,
        line_id=fault.line_id,
        kind=FailureKind.DELAYED_REPAIR,
        reference=fault.number,
        issue_on=london_date(fault.reported_at),
        promised_at=fault.due_at,
        put_right_at=cleared_at,
        business_date=business_date(session, fault.district_code),
        care_level=fault.care_level,
        customer_held=customer_held(session, fault.id),
        is_guaranteed=code.sla_applies and is_guaranteed,
        guarantee_ends_at=guarantee_ends_at,
        is_total_loss=fault.is_total_loss,
    )
