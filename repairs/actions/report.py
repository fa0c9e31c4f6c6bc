"""Taking a fault report on a line, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.deadline import Deadline
from css.core.errors import Conflict, Refusals, Refused
from css.core.ids import IdKind
from css.core.phone import parse_number
from css.core.slots import SlotOf
from css.core.words import HoldKind
from css.db.constraints import constraint_of
from css.handover import lift_hold, place_hold
from css.master.appointment_book import give_back
from css.master.care_levels import care_book
from css.master.serials import next_number
from repairs.actions.appointing import book_for_fault
from repairs.actions.beneath import outage_over
from repairs.actions.clock import await_slot, start_clock, stop_clock
from repairs.actions.finding import InTrouble, line_in_trouble
from repairs.actions.telling import will_warn
from repairs.actions.testing import apply_test
from repairs.actions.visits import end_visit
from repairs.actions.working import hold_key, locked_fault, record, require_may, step, tell
from repairs.commands.faults import FaultChanged, FaultReported, ReportFault, WithdrawFault
from repairs.model import Fault, LineTest, Outage
from repairs.queries.times import history_flags
from repairs.reference import policy_on
from repairs.rules.diagnosis import agree
from repairs.rules.levels import Level, level_for
from repairs.rules.outages import told_words
from repairs.rules.policy import Policy
from repairs.rules.report import SYMPTOMS, TEST_COUNTS_FOR, Seen, report_faults, too_long, warnings_of
from repairs.words import FaultState, TestOutcome, TestState, VisitState

STANDARD_CARE: Final = "1"
"""The care level of a line whose product comes with none."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A report that may be taken, with everything it is made of."""

    line: InTrouble
    contact_phone: str
    test: LineTest | None
    is_forced: bool
    level: Level
    policy: Policy
    deadline: Deadline


@audit.answered
def report_fault(session: Session, command: ReportFault, *, by: Actor, at: datetime) -> FaultReported:
    """Take a fault report on a working line: number it, start the care level's clock, hold debt treatment back.

    A line beneath failed plant hangs on that outage and is told its message. With a line test the fault is judged at once, with a
    slot it is appointed. The answer carries what the caller must be told.

    Raises:
        NotFound: CSS311E, no working line of the asker's has that number; CSS316E, the installation has not so many lines.
        Refused: CSS302E to CSS307E, CSS317E and CSS318E what was said, CSS320E the test, CSS315E the actor may not; what the
            appointment book and expediting say. With what ``parse_number`` says of either number, all at once as ``Several``.
        Conflict: CSS312E, a fault is open on the line already; it is named, so that the caller can be told how it stands.
    """
    require_may(by, "report")
    read = _read(session, command, by, at)
    line = read.line
    outage = outage_over(session, line.pair_id)
    fault = _fault(session, command, read, by, at)
    fault.outage_id = None if outage is None else outage.id
    _keep(session, fault)
    start_clock(session, fault, by=by, at=at)
    place_hold(
        session,
        source_key=hold_key(fault.number),
        account_id=line.guided.account_id,
        line_id=line.line_id,
        kind=HoldKind.OPEN_FAULT,
        reference=fault.number,
        at=at,
    )
    tell(session, fault, "report", f"Reported: {SYMPTOMS[fault.symptom_code].words}. {read.deadline.words}", by=by, at=at)
    if outage is not None:
        tell(session, fault, "attach", f"Hangs on outage {outage.id}: {told_words(outage.message, outage.expected_at)}", by=by, at=at)
    if read.test is not None:
        apply_test(session, fault, read.test, by=by, at=at)
    appointment_number = _appoint(session, fault, command, by, at)
    record(session, fault, command, "report_fault", None, by=by, at=at)
    warnings = warnings_of(_seen(fault, read))
    will_warn(session, fault.id, "report", warnings)
    return FaultReported(
        fault_number=fault.number,
        state=fault.state,
        care_level=fault.care_level,
        due_at=fault.due_at,
        deadline_words=read.deadline.words,
        warnings=warnings,
        outage_message=_message(outage),
        appointment_number=appointment_number,
    )


def _read(session: Session, command: ReportFault, by: Actor, at: datetime) -> _Read:
    """The line and everything said of it, with the deadline it will have; or all that is wrong at once."""
    wrong = Refusals()
    line = wrong.reading(lambda: line_in_trouble(session, command.number, by=by, at=at))
    contact_phone = wrong.reading(lambda: parse_number(command.contact_phone, element="contact_phone"))
    wrong.add(*report_faults(command, products_on_line=None if line is None else line.products, at=at))
    test_id = command.line_test_id
    test = None if line is None or test_id is None else wrong.reading(lambda: _test(session, test_id, line, at))
    policy = policy_on(session, london_date(at))
    level = None if line is None else wrong.reading(lambda: _level(session, command, line, policy, at))
    wrong.tell()
    assert line is not None, "what was not found has been told"
    assert level is not None, "what cannot be bought has been told"
    assert contact_phone is not None, "what could not be read has been told"
    is_forced = line.open_fault is not None and bool(_given(command.forced_reason))
    if line.open_fault is not None and not is_forced:
        raise _open_already(line.open_fault)
    return _Read(line, contact_phone, test, is_forced, level, policy, _deadline(session, level, policy, line, at))


def _level(session: Session, command: ReportFault, line: InTrouble, policy: Policy, at: datetime) -> Level:
    """The line's level, a better one free of charge where somebody depends on it, or one bought for this fault."""
    return level_for(
        care_book(session, london_date(at)),
        line_level=line.guided.care_level or STANDARD_CARE,
        priority_level=policy.priority_level if line.is_vulnerable else None,
        bought=command.expedite_to or None,
    )


def _deadline(session: Session, level: Level, policy: Policy, line: InTrouble, at: datetime) -> Deadline:
    """The deadline of the level that counts; of one bought, or of the own one where that comes first."""
    book = care_book(session, london_date(at))
    deadline = book.deadline(level.care_level, at, line.nation)
    if not level.is_expedited:
        return deadline
    own = level_for(book, line_level=level.line_care_level, priority_level=policy.priority_level if line.is_vulnerable else None)
    return min(deadline, book.deadline(own.care_level, at, line.nation), key=lambda one: one.due_at)


def _fault(session: Session, command: ReportFault, read: _Read, by: Actor, at: datetime) -> Fault:
    """The fault as it will be written."""
    line, guided, level = read.line, read.line.guided, read.level
    is_repeat, is_early_life = history_flags(session, line.line_id, london_date(at), read.policy)
    symptom = SYMPTOMS[command.symptom_code]
    return Fault(
        number=next_number(session, guided.district_code, IdKind.FAULT),
        district_code=guided.district_code,
        provider_id=guided.provider_id,
        account_id=guided.account_id,
        line_id=line.line_id,
        exchange_id=line.exchange_id,
        state=FaultState.REPORTED,
        symptom_code=symptom.code,
        is_total_loss=symptom.is_total_loss,
        words=_given(command.words),
        caller_name=_given(command.caller_name),
        contact_name=command.contact_name.strip(),
        contact_phone=read.contact_phone,
        access_notes=_given(command.access_notes),
        hazard_notes=_given(command.hazard_notes),
        visit_notes=_given(command.visit_notes),
        equipment_checked=command.equipment_checked,
        power_checked=command.power_checked,
        charge_band=command.charge_band,
        forced_reason=_given(command.forced_reason) if read.is_forced else None,
        care_level=level.care_level,
        line_care_level=level.line_care_level,
        is_priority=level.is_priority,
        is_expedited=level.is_expedited,
        expedited_at=at if level.is_expedited else None,
        is_repeat=is_repeat,
        is_early_life=is_early_life,
        reported_at=command.reported_at or at,
        accepted_at=at,
        original_due_at=read.deadline.due_at,
        due_at=read.deadline.due_at,
        reported_by=by.name,
    )


def _test(session: Session, line_test_id: int, line: InTrouble, at: datetime) -> LineTest:
    """A test of this line, young enough to judge by."""
    found = session.get(LineTest, line_test_id)
    why = None
    if found is None or found.line_id != line.line_id:
        why = "is none of this line"
    elif at - found.asked_at > TEST_COUNTS_FOR:
        why = "is more than an hour old; test again"
    elif found.state is TestState.FAILED:
        why = "could not be measured; test again"
    if why is not None or found is None:
        raise Refused("CSS320E", "Test {test} {why}.", test=line_test_id, why=why or "", element="line_test_id")
    return found


def _appoint(session: Session, fault: Fault, command: ReportFault, by: Actor, at: datetime) -> str | None:
    """Promise the visit that was agreed on, if any was."""
    if not command.appointment_number and command.slot_on is None:
        return None
    booked = book_for_fault(
        session,
        fault,
        appointment_number=command.appointment_number,
        slot_on=command.slot_on,
        half_day=command.half_day,
        by=by,
        at=at,
    )
    words = f"An engineer is promised for {SlotOf(booked.slot_on, booked.half_day).words}."
    await_slot(session, fault, offered_at=None, chosen_at=SlotOf(booked.slot_on, booked.half_day).begins_at, by=by, at=at)
    step(session, fault, "appoint", words, by=by, at=at)
    return booked.number


def _seen(fault: Fault, read: _Read) -> Seen:
    test = read.test
    tests_right = test is not None and test.outcome is TestOutcome.PASS
    disagreement = None
    if test is not None and test.outcome is not None and not tests_right:
        disagreement = agree(fault.symptom_code, test.outcome, test.condition)
    return Seen(
        equipment_checked=fault.equipment_checked,
        power_checked=fault.power_checked,
        open_order=read.line.open_order,
        is_repeat=fault.is_repeat,
        is_early_life=fault.is_early_life,
        tests_right=tests_right,
        charge_band=fault.charge_band,
        disagreement=disagreement,
    )


def _message(outage: Outage | None) -> str | None:
    return None if outage is None else told_words(outage.message, outage.expected_at)


@audit.answered
def withdraw_fault(session: Session, command: WithdrawFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The customer takes the report back. Who was sent is called back, and the slot is anybody's again.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS309E no reason, CSS315E the actor may not.
    """
    require_may(by, "withdraw")
    wrong = Refusals()
    if not command.reason.strip():
        wrong.add(Refused("CSS309E", "Say why the report is withdrawn.", element="reason"))
    wrong.add(*too_long(reason=command.reason))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = step(session, fault, "withdraw", f"Withdrawn: {command.reason.strip()}", by=by, at=at)
    stop_clock(session, fault, by=by, at=at)
    if fault.appointment_id is not None:
        give_back(session, fault.appointment_id, at=at)
    end_visit(session, fault, VisitState.RECALLED, by=by, at=at, words="The customer took the report back.")
    lift_hold(session, source_key=hold_key(fault.number), at=at)
    record(session, fault, command, "withdraw_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=False)


def _given(text: str | None) -> str | None:
    return (text or "").strip() or None


def _keep(session: Session, fault: Fault) -> None:
    """Write a new fault. Whether one is open on the line already is the database's to say, so of two reporters one is first."""
    try:
        with session.begin_nested():
            session.add(fault)
            session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_fault_open_on_line":
            raise
        number = session.execute(select(Fault.number).where(Fault.line_id == fault.line_id, Fault.is_open)).scalar()
        if number is None:  # cleared between the database's no and our looking
            raise Conflict("CSS031E", "Somebody else changed the same records at the same moment; do it again.") from error
        raise _open_already(number) from error


def _open_already(number: str) -> Conflict:
    return Conflict(
        "CSS312E",
        "A fault is open on this line already: {fault}. Add to it instead of reporting it twice.",
        fault=number,
        element="number",
    )
