"""Who goes to which fault: assigned by a controller, taken by an engineer, arrived, given back, taken back.

Of two who want one fault the first gets it and the other is told who has it; an engineer has one fault at a time. Both are kept
by the rows' own locks, and under them by the database (uq_visit_fault_live, uq_visit_engineer_live).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import Conflict, CssError, NotFound, Refusals, Refused
from css.core.slots import SlotOf
from css.core.words import AppointmentState, HalfDay, MissCause
from css.db.sql import block
from css.master.appointments import Appointment
from repairs.actions.appointing import miss_visit
from repairs.actions.clock import pause
from repairs.actions.engineers import busy, live_fault, locked_engineer
from repairs.actions.visits import LiveVisit, end_visit, live_visit
from repairs.actions.working import locked_fault, record, require_may, step
from repairs.commands.dispatch import ArriveOnSite, AssignFault, FaultIssued, RecallFault, ReturnFault, TakeNext
from repairs.commands.faults import FaultChanged, MissVisit
from repairs.model import Engineer, EngineerArea, EngineerCraft, Fault, Visit
from repairs.queries.shifts import care_ranks, is_on_shift
from repairs.queries.times import nation_of
from repairs.rules.dispatch import Waiting, latest_begun, misfits, pressing, why_this
from repairs.rules.report import too_long
from repairs.rules.seeing import sees_only_own_visits
from repairs.words import ClockState, Craft, FaultKind, FaultState, ParkReason, ReturnReason, VisitState

LOOKED_AT: Final = 100
"""So many of the soonest due, and all that are due with the last of them. More engineers never ask at one instant."""


@audit.answered
def assign_fault(session: Session, command: AssignFault, *, by: Actor, at: datetime) -> FaultIssued:
    """This engineer goes to this fault. Without the craft, the area or the shift only ``anyway``, with the reason.

    Raises:
        NotFound: CSS313E no such fault, CSS341E no such engineer.
        Conflict: CSS340E another has the fault, CSS339E the engineer has another, CSS314E somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS315E the actor may not, CSS342E the engineer does not fit it, CSS345E it hangs on
            an outage, CSS305E the reason is too long.
    """
    require_may(by, "assign")
    wrong = Refusals()
    wrong.add(*too_long(anyway=command.anyway))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by)
    engineer = locked_engineer(session, command.engineer_code, by)
    held = live_visit(session, fault.id)
    if held is not None:
        raise _taken(fault, held)
    if command.row_version is not None:
        locked_fault(session, command.fault_number, by, command.row_version)
    if fault.outage_id is not None:
        sentence = "Fault {fault} hangs on outage {outage} and is mended with it. Detach it first, if it is another matter."
        raise Refused("CSS345E", sentence, fault=fault.number, outage=fault.outage_id, element="fault_number")
    _require_free(session, engineer)
    against = _against(session, engineer, fault, at)
    anyway = (command.anyway or "").strip().rstrip(".")
    if against and not anyway:
        sentence = "{who}. Send {code} anyway only with the reason."
        who = "; ".join(f"{subject} {what}" for subject, what in against)
        raise Refused("CSS342E", sentence, who=who, code=engineer.code, element="engineer_code")
    words = f"Given to {engineer.code} {engineer.name}" + (
        f" although {'; '.join(what for _, what in against)}: {anyway}" if against else ""
    )
    visit, before = _issue(session, fault, engineer, f"{words}.", by=by, at=at)
    record(session, fault, command, "assign_fault", before, by=by, at=at)
    return _issued(fault, engineer, visit, f"{words}.")


@audit.answered
def take_next(session: Session, command: TakeNext, *, by: Actor, at: datetime) -> FaultIssued:
    """Give an engineer the fault that presses most among those for the crafts and areas. Of two who ask, each gets another.

    Raises:
        NotFound: CSS341E no such engineer, or not the asker; CSS343E nothing waits for the engineer.
        Conflict: CSS339E the engineer has a fault.
        Refused: CSS315E the actor may not, CSS342E the engineer is not on shift or does not work here any more.
    """
    require_may(by, "take")
    engineer = locked_engineer(session, command.engineer_code, by)
    _require_free(session, engineer)
    crafts, areas = _skills(session, engineer.id)
    against = misfits(
        is_active=engineer.is_active,
        is_on_shift=is_on_shift(session, engineer.calendar_code, nation_of(session, engineer.district_code), at),
        is_in_area=True,
        crafts=crafts,
        craft=None,
        slot_on=None,
        today=london_date(at),
    )
    if against:
        sentence = "Engineer {code} {what}: only a controller sends somebody then."
        raise Refused("CSS342E", sentence, code=engineer.code, what=" and ".join(against), element="engineer_code")
    waiting = _waiting(session, engineer.district_code, crafts, areas, at)
    order = sorted(waiting, key=lambda fault_id: pressing(waiting[fault_id][0]))
    row = session.execute(block("repairs", "dispatch.first_free"), {"ids": order}).one_or_none() if order else None
    if row is None:
        raise NotFound("CSS343E", "Nothing waits for engineer {code} now.", code=engineer.code, element="engineer_code")
    fault = session.get_one(Fault, row.id, populate_existing=True)
    rest = [waiting[fault_id][0] for fault_id in order[order.index(row.id) + 1 :]]
    first, level = waiting[row.id]
    why = why_this(first, level, rest[0] if rest else None, len(rest))
    visit, before = _issue(session, fault, engineer, f"Taken by {engineer.code} {engineer.name}: {why}", by=by, at=at)
    record(session, fault, command, "take_next", before, by=by, at=at)
    return _issued(fault, engineer, visit, why)


@audit.answered
def arrive_on_site(session: Session, command: ArriveOnSite, *, by: Actor, at: datetime) -> FaultChanged:
    """The engineer is there.

    Raises:
        NotFound: CSS313E.
        Refused: CSS301E not from where it stands, CSS315E the actor may not, CSS344E nobody has it, or not the asker, or not then.
    """
    require_may(by, "arrive")
    fault = locked_fault(session, command.fault_number, by)
    held = _held(session, fault, by)
    arrived_at = command.arrived_at or at
    if not held.visit.issued_at <= arrived_at <= at:
        sentence = "Fault {fault} was not with {code} then: who has it can have arrived between its issue and now."
        raise Refused("CSS344E", sentence, fault=fault.number, code=held.engineer_code, element="arrived_at")
    before = step(session, fault, "arrive", f"{held.engineer_code} {held.engineer_name} is on site.", by=by, at=arrived_at)
    held.visit.state = VisitState.ON_SITE
    held.visit.arrived_at = arrived_at
    session.flush()
    record(session, fault, command, "arrive_on_site", before, by=by, at=at)
    return _changed(fault, at)


@audit.answered
def return_fault(session: Session, command: ReturnFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The engineer gives a fault back; it waits again, for its slot where one is still promised.

    Nobody to let the engineer in is the customer's own delay: in a slot that was promised the customer missed it, and without
    one the fault is parked. Either way the clock stands until another visit is agreed.

    Raises:
        NotFound: CSS313E.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not, CSS344E nobody has it, or not the asker, CSS346E
            what must be said with the reason is not.
    """
    require_may(by, "return")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words), *_unsaid(command))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by)
    held = _held(session, fault, by)
    slot = _promised(session, fault)
    said = command.words.strip()
    if command.reason is ReturnReason.NO_ACCESS and slot is not None and slot.begins_at <= at:
        missed = MissVisit(fault_number=fault.number, cause=MissCause.NO_ACCESS, words=said)
        return miss_visit(session, missed, by=by, at=at)
    words = f"Given back by {held.engineer_code} {held.engineer_name}, {command.reason.value}"
    if command.craft is not None:
        words += f", {command.craft.value} must go"
        fault.craft = command.craft
    back_to = FaultState.QUEUED if slot is None else FaultState.APPOINTED
    before = step(session, fault, "return", f"{words}: {said}" if said else f"{words}.", by=by, at=at, back_to=back_to)
    end_visit(session, fault, VisitState.RETURNED, by=by, at=at, reason=command.reason, words=said)
    if command.reason is ReturnReason.NO_ACCESS and slot is None and fault.kind is FaultKind.LINE:
        reason = ParkReason.NO_ACCESS.value
        pause(session, fault, ClockState.CUSTOMER, reason, said or words, by=by, at=at)
        step(session, fault, "park", f"Parked, {reason}: a visit is to be agreed.", by=by, at=at)
    record(session, fault, command, "return_fault", before, by=by, at=at)
    return _changed(fault, at)


@audit.answered
def recall_fault(session: Session, command: RecallFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The controller takes a fault back from an engineer who is not on site yet.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not, CSS346E no reason.
    """
    require_may(by, "assign")
    wrong = Refusals()
    wrong.add(*too_long(reason=command.reason))
    if not command.reason.strip():
        wrong.add(Refused("CSS346E", "Say why the fault is taken back.", element="reason"))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    reason = command.reason.strip()
    back_to = FaultState.QUEUED if _promised(session, fault) is None else FaultState.APPOINTED
    before = step(session, fault, "recall", f"Taken back: {reason}", by=by, at=at, back_to=back_to)
    end_visit(session, fault, VisitState.RECALLED, by=by, at=at, words=reason)
    record(session, fault, command, "recall_fault", before, by=by, at=at)
    return _changed(fault, at)


def _issue(session: Session, fault: Fault, engineer: Engineer, words: str, *, by: Actor, at: datetime) -> tuple[Visit, FaultState]:
    before = step(session, fault, "issue", words, by=by, at=at)
    visit = Visit(fault_id=fault.id, engineer_id=engineer.id, state=VisitState.ISSUED, issued_at=at, issued_by=by.name)
    session.add(visit)
    session.flush()
    return visit, before


def _issued(fault: Fault, engineer: Engineer, visit: Visit, why: str) -> FaultIssued:
    return FaultIssued(fault_number=fault.number, state=fault.state, engineer_code=engineer.code, visit_id=visit.id, why=why)


def _changed(fault: Fault, at: datetime, *warnings: str) -> FaultChanged:
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at, warnings=warnings)


def _require_free(session: Session, engineer: Engineer) -> None:
    has = live_fault(session, engineer.id)
    if has is not None:
        raise busy(engineer.code, has)


def _taken(fault: Fault, held: LiveVisit) -> Conflict:
    return Conflict(
        "CSS340E",
        "Fault {fault} is with {code} {name} already, since {since:%H:%M} UTC on {since:%d.%m.%Y}. Recall it first.",
        fault=fault.number,
        code=held.engineer_code,
        name=held.engineer_name,
        since=held.visit.issued_at,
        element="fault_number",
    )


def _held(session: Session, fault: Fault, by: Actor) -> LiveVisit:
    """Who has the fault. A contractor works on what they have now, not on what they had."""
    held = live_visit(session, fault.id)
    if held is None or (sees_only_own_visits(by) and held.engineer_code != by.name):
        who = "you" if sees_only_own_visits(by) else "any engineer"
        raise Refused("CSS344E", "Fault {fault} is not with {who} now.", fault=fault.number, who=who, element="fault_number")
    return held


def _unsaid(command: ReturnFault) -> list[CssError]:
    """What must be said with a reason and is not."""
    found: list[CssError] = []
    if (command.craft is not None) != (command.reason is ReturnReason.WRONG_CRAFT):
        found.append(Refused("CSS346E", "Say who must go instead where the craft was wrong, and only there.", element="craft"))
    if command.reason in {ReturnReason.OTHER, ReturnReason.HAZARD} and not command.words.strip():
        found.append(Refused("CSS346E", "Say in words why it is given back.", element="words"))
    return found


def _promised(session: Session, fault: Fault) -> SlotOf | None:
    """The slot that is still promised."""
    if fault.appointment_id is None:
        return None
    row = session.execute(
        select(Appointment.slot_on, Appointment.half_day).where(
            Appointment.id == fault.appointment_id, Appointment.state == AppointmentState.BOOKED
        )
    ).one_or_none()
    return None if row is None else SlotOf(row.slot_on, row.half_day)


def _skills(session: Session, engineer_id: int) -> tuple[frozenset[Craft], frozenset[int]]:
    crafts = session.execute(select(EngineerCraft.craft).where(EngineerCraft.engineer_id == engineer_id)).scalars()
    areas = session.execute(select(EngineerArea.exchange_id).where(EngineerArea.engineer_id == engineer_id)).scalars()
    return frozenset(crafts), frozenset(areas)


def _against(session: Session, engineer: Engineer, fault: Fault, at: datetime) -> list[tuple[str, str]]:
    """What speaks against sending an engineer to a fault: of whom, and what."""
    crafts, areas = _skills(session, engineer.id)
    slot_on = None
    if fault.state is FaultState.APPOINTED:
        slot_on = session.execute(select(Appointment.slot_on).where(Appointment.id == fault.appointment_id)).scalar()
    found = misfits(
        is_active=engineer.is_active,
        is_on_shift=is_on_shift(session, engineer.calendar_code, nation_of(session, engineer.district_code), at),
        is_in_area=fault.exchange_id in areas,
        crafts=crafts,
        craft=fault.craft,
        slot_on=slot_on,
        today=london_date(at),
    )
    return [(f"Fault {fault.number}" if what.startswith("is promised") else f"Engineer {engineer.code}", what) for what in found]


def _waiting(
    session: Session, district_code: str, crafts: frozenset[Craft], areas: frozenset[int], at: datetime
) -> dict[int, tuple[Waiting, str]]:
    """What waits for somebody of these crafts in these areas, with its care level."""
    begun = latest_begun(at)
    rows = session.execute(
        block("repairs", "dispatch.waiting"),
        {
            "district": district_code,
            "areas": sorted(areas),
            "crafts": sorted(craft.value for craft in crafts),
            "begun_on": begun.slot_on,
            "begun_half": begun.half_day.value,
            "most": LOOKED_AT,
        },
    ).all()
    ranks = care_ranks(session, at)
    return {
        row.id: (
            Waiting(
                number=row.number,
                due_at=row.due_at,
                care_rank=ranks.get(row.care_level, 0),
                is_vulnerable=row.is_vulnerable,
                slot=None if row.slot_on is None else SlotOf(row.slot_on, HalfDay(row.half_day)),
            ),
            row.care_level,
        )
        for row in rows
    }
