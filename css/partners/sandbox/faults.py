"""Faults of a test area: reported, amended, taken back, cleared and answered; told in the real documents by the real states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY, london_date
from css.core.codec import from_plain, to_plain
from css.core.errors import CssError, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.slots import day_fault, window
from css.core.words import AppointmentState, HalfDay, Skill
from css.partners.messages.kinds import Asked
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter
from css.partners.sandbox import magic
from css.partners.sandbox.area import Written, drop_plan, leave, next_number, plan, source_key
from css.partners.sandbox.fault_scenarios import CLEAR_AGAIN, FAULTS, FaultScenario, FaultStep, fault_scenario_of
from css.partners.sandbox.placing import NATION
from css.partners.sandbox.reporting import amended, expedited, read_report, running, slot_of
from css.partners.sandbox.scenarios import LATE_SECONDS, Trouble
from css.xml import Party
from repairs.messages import (
    FAULT_UPDATE,
    Answer,
    fault_named,
    fault_refused,
    fault_update,
    message_id,
    read_amend_fault,
    read_cancel_fault,
    read_confirm_clear,
    read_submit_fault,
    refusal_kind,
)
from repairs.queries.copies import ClearCopy, ClockCopy, FaultCopy, SlotCopy, TestCopy, UpdateRow
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.lifecycle import move
from repairs.rules.partner_words import KINDS
from repairs.words import OPEN_STATES, ClockState, FaultState, Location, TestOutcome

ANSWER_DAYS: Final = 3
"""How long a clear waits for its answer, as the document says; how long it really waits is the scenario's."""
ONE: Final = -1
"""The step of a clear that follows a rejection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is to be told of a fault."""

    name: str
    words: str
    ref_to_message_id: str | None = None
    is_last_word: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A fault as a case keeps it."""

    fault: FaultCopy
    history: tuple[UpdateRow, ...]
    clears: int = 0


def submit(session: Session, area: SandboxArea, asked: Asked, *, speed: int) -> str:
    """Take the fault that a SubmitFault reports, and plan what its scenario does to it.

    Raises:
        CssError: everything that is wrong with it.
    """
    said = read_submit_fault(asked.root)
    scenario = fault_scenario_of(magic.number_named(asked.root))
    fault, due_words = read_report(session, area, said.command, said.customer_reference, scenario, asked)
    number = next_number(area, IdKind.FAULT)
    fault = replace(fault, fault_number=number, conversation_id=said.conversation_id, customer_reference=said.customer_reference)
    case = SandboxCase(
        provider_id=area.provider_id,
        matter=SandboxMatter.FAULT,
        number=number,
        customer_reference=said.customer_reference,
        conversation_id=said.conversation_id,
        schema_major=1,
        scenario=scenario.number,
        speed=speed,
        standing=to_plain(Standing(fault, ())),
        last_event=0,
        is_open=True,
        opened_at=asked.at,
    )
    session.add(case)
    session.flush()
    seconds = [step.after_seconds for step in scenario.steps]
    if scenario.trouble is Trouble.LATE:
        plan(session, case, [LATE_SECONDS, *(LATE_SECONDS + each for each in seconds)], at=asked.at)
        return f"Fault {number} will be handled later."
    deed = Deed(name="report", words=due_words, ref_to_message_id=asked.header.message_id, is_last_word=not scenario.steps)
    _tell(session, area, case, standing_of(case), deed, asked.us, asked.partner.party, at=asked.at)
    plan(session, case, seconds, at=asked.at)
    return f"Fault {number} taken."


def amend(session: Session, area: SandboxArea, asked: Asked) -> str:
    """Amend a fault, buy it a better care level, promise it a visit, ask how it stands.

    Raises:
        CssError: as in earnest, or as its scenario refuses.
    """
    said = read_amend_fault(asked.root)
    case, now = find_fault(session, area, fault_named(asked.root) or "")
    wrong = Refusals()
    fault, deeds = now.fault, list[Deed]()
    told = asked.header.message_id
    for name, part in (("amend", said.amend), ("expedite", said.expedite), ("appoint", said.appoint), ("chase", said.chase)):
        if part is not None:
            wrong.reading(lambda name=name: move(case.number, now.fault.state, name))  # type: ignore[misc]
    if said.amend is not None:
        fault = amended(fault, said.amend, wrong)
        deeds.append(Deed(name="amend", words="The report was amended.", ref_to_message_id=told))
    if said.expedite is not None:
        level = said.expedite.care_level
        fault = wrong.reading(lambda: expedited(session, fault, level, asked.at)) or fault
        deeds.append(Deed(name="expedite", words=f"Care level {level} was bought for the fault.", ref_to_message_id=told))
    if said.appoint is not None:
        slot = slot_of(said.appoint, wrong, at=asked.at)
        fault = replace(fault, slot=slot, state=FaultState.APPOINTED if not wrong.found else fault.state)
        deeds.append(Deed(name="appoint", words="A visit is promised.", ref_to_message_id=told))
    if said.chase is not None:
        fault = replace(fault, chase_count=fault.chase_count + 1)
        deeds.append(Deed(name="chase", words="It was asked how the fault stands.", ref_to_message_id=told))
    wrong.tell()
    refuses = _scenario(case).refuses_amendment
    if refuses is not None:
        raise magic.refusal(refuses, None, fault=case.number, state=fault.state.value, deed="amend")
    for deed in deeds:
        _tell(session, area, case, replace(standing_of(case), fault=fault), deed, asked.us, asked.partner.party, at=asked.at)
    return f"Fault {case.number} amended."


def cancel(session: Session, area: SandboxArea, asked: Asked) -> str:
    """Take a report back.

    Raises:
        CssError: as in earnest, or as its scenario refuses.
    """
    command = read_cancel_fault(asked.root)
    case, now = find_fault(session, area, command.fault_number)
    after = move(case.number, now.fault.state, "withdraw")
    if not command.reason.strip():
        raise Refused("CSS309E", "Say why the report is withdrawn.", element="reason")
    refuses = _scenario(case).refuses_cancellation
    if refuses is not None:
        raise magic.refusal(refuses, None, fault=case.number, state=now.fault.state.value, deed="withdraw")
    drop_plan(session, case)
    deed = Deed(name="withdraw", words=f"Taken back: {command.reason.strip()}", ref_to_message_id=asked.header.message_id)
    after_all = replace(now, fault=replace(now.fault, state=after, clock=None))
    _tell(session, area, case, after_all, deed, asked.us, asked.partner.party, at=asked.at)
    return f"Fault {case.number} taken back."


def confirm(session: Session, area: SandboxArea, asked: Asked) -> str:
    """Accept a clear, which ends the fault, or reject it: then it goes on and is cleared again.

    Raises:
        CssError: as in earnest, or as its scenario refuses.
    """
    said = read_confirm_clear(asked.root)
    case, now = find_fault(session, area, said.command.fault_number)
    scenario = _scenario(case)
    if said.clear_no is not None and said.clear_no != now.clears:
        raise magic.refusal("CSS526E", None, answered=said.clear_no, fault=case.number, count=f"{now.clears} times")
    is_accepted = "Accept" in type(said.command).__name__
    after = move(case.number, now.fault.state, "accept" if is_accepted else "reject")
    if scenario.refuses_answer is not None:
        raise magic.refusal(scenario.refuses_answer, None, answered=said.clear_no, fault=case.number)
    drop_plan(session, case)
    told = asked.header.message_id
    if is_accepted:
        ended = replace(now, fault=replace(now.fault, state=move(case.number, after, "close"), clock=None))
        deed = Deed(name="accept", words="The clear was accepted.", ref_to_message_id=told)
        _tell(session, area, case, ended, deed, asked.us, asked.partner.party, at=asked.at)
        return f"Clear of fault {case.number} accepted."
    again = replace(now, fault=replace(now.fault, state=after, clock=running(asked.at)))
    deed = Deed(name="reject", words="The clear was rejected; the fault goes on.", ref_to_message_id=told)
    _tell(session, area, case, again, deed, asked.us, asked.partner.party, at=asked.at)
    plan(session, case, [CLEAR_AGAIN.after_seconds], at=asked.at, first_step=ONE)
    return f"Clear of fault {case.number} rejected."


def refused(session: Session, area: SandboxArea, asked: Asked, error: CssError) -> None:
    """Tell the partner what its message was refused for."""
    kind = refusal_kind(asked.header.message_type)
    key = source_key(area, asked.partner, f"inbox/{asked.header.message_id}/{kind}")
    answer = Answer(root=asked.root, source_key=key, sender=asked.us, receiver=asked.partner.party, at=asked.at)
    number = fault_named(asked.root)
    case = None if number is None else _case(session, area, number)
    copy = None if case is None else shown(standing_of(case).fault, case)
    scenario = fault_scenario_of(magic.number_named(asked.root)) if case is None and number is None else None
    played = scenario if scenario is not None and scenario.refuses else None
    if case is not None and _scenario(case).refuses_later:
        played = _scenario(case)
    written = Written(
        source_key=key,
        message_id=message_id(key),
        message_type=FAULT_UPDATE,
        conversation_id=asked.header.conversation_id,
        body=fault_refused(answer, error, copy=copy),
        ref_to_message_id=asked.header.message_id,
        passes=None if played is None else played.number,
    )
    leave(session, area, written, at=asked.at)


def happen(session: Session, area: SandboxArea, case: SandboxCase, number: int, us: Party, to: Party, *, at: datetime) -> None:
    """Let a planned step of a fault happen at the instant it was due."""
    scenario, now = _scenario(case), standing_of(case)
    if scenario.trouble is Trouble.LATE:
        if number == 0:
            deed = Deed(name="report", words=f"The fault was received; it is due by {now.fault.due_at:%H:%M} UTC.")
            _tell(session, area, case, now, deed, us, to, at=at)
            return
        number -= 1
    is_again = number == ONE
    step = CLEAR_AGAIN if is_again else scenario.steps[number]
    is_last = number == len(scenario.steps) - 1 and not scenario.refuses_later
    deed = Deed(name=step.deed, words=step.words, is_last_word=is_last and not is_again)
    _tell(session, area, case, _moved(now, step, at=at), deed, us, to, at=at)


def standing_of(case: SandboxCase) -> Standing:
    """A fault as it stands."""
    return from_plain(case.standing, Standing)


def fault_cases(session: Session, area: SandboxArea) -> Sequence[SandboxCase]:
    """Every fault of an area that its partner knows of, by number."""
    statement = select(SandboxCase).where(
        SandboxCase.provider_id == area.provider_id, SandboxCase.matter == SandboxMatter.FAULT, SandboxCase.last_event > 0
    )
    return session.execute(statement.order_by(SandboxCase.number)).scalars().all()


_CLOCKS: Final[Mapping[str, ClockState]] = {"declare": ClockState.MBORC, "lift": ClockState.RUNNING, "resume": ClockState.RUNNING}


def _moved(now: Standing, step: FaultStep, *, at: datetime) -> Standing:
    """The fault after a step of its scenario."""
    fault, clears = now.fault, now.clears
    state = move(fault.fault_number, fault.state, step.deed, back_to=FaultState.QUEUED)
    if step.deed == "accept":
        state = move(fault.fault_number, state, "close")
    fault = replace(fault, state=state)
    if step.diagnosis is not None:
        is_right = step.diagnosis.code == "T000"
        outcome = TestOutcome.PASS if is_right else TestOutcome.FAIL
        test = TestCopy(line_test_id=1, outcome=outcome, diagnosis_code=step.diagnosis.code, words=step.words, tested_at=at)
        fault = replace(fault, test=test, location=Location.OK if is_right else Location.LN)
    if step.park is not None:
        clock = ClockState.CUSTOMER if step.park.is_customers else ClockState.PARKED if step.park.stops_clock else ClockState.RUNNING
        fault = replace(fault, clock=ClockCopy(state=clock, starts_at=at, ends_at=None, reason=step.park, words=step.words))
    if step.deed in _CLOCKS:
        fault = replace(fault, clock=ClockCopy(state=_CLOCKS[step.deed], starts_at=at, ends_at=None, reason=None, words=step.words))
    if step.deed == "breach":
        fault = replace(fault, breached_at=at)
    if step.deed == "appoint":
        day = _next_day(at)
        slot = SlotCopy(appointment_number=None, slot_on=day, half_day=HalfDay.AM, state=AppointmentState.BOOKED)
        fault = replace(fault, slot=slot)
    if step.deed == "miss" and fault.slot is not None:
        fault = replace(fault, slot=replace(fault.slot, state=AppointmentState.MISSED))
    if step.clear_code is not None:
        clears += 1
        clear = ClearCopy(
            number=clears, code=step.clear_code, words=None, cleared_at=at, is_late=fault.breached_at is not None,
            accept_by_at=at + timedelta(days=ANSWER_DAYS),
        )  # fmt: skip
        fault = replace(fault, clear=clear, clock=None, location=CLEAR_CODES[step.clear_code].fault_location)
    return Standing(fault, now.history, clears)


def _next_day(at: datetime) -> Any:  # noqa: ANN401 - a date; the loop below only looks for one
    day = london_date(at) + ONE_DAY
    first, last = window(Skill.REPAIR, on=london_date(at))
    while day_fault(day, first=first, last=last, nation=NATION) is not None:
        day += ONE_DAY
    return day


def _tell(
    session: Session, area: SandboxArea, case: SandboxCase, after: Standing, deed: Deed, us: Party, to: Party, *, at: datetime
) -> None:
    """Change the fault and leave the document that tells of it."""
    case.last_event += 1
    event = UpdateRow(kind=KINDS[deed.name], occurred_at=at, words=deed.words)
    fault = replace(after.fault, last_update=case.last_event)
    case.standing = to_plain(Standing(fault, (*after.history, event), after.clears))
    case.is_open = fault.state in OPEN_STATES
    key = f"sandbox/{case.provider_id}/{area.resets}/fault/{case.number}/update/{case.last_event}"
    body = fault_update(
        shown(fault, case),
        event,
        number=case.last_event,
        source_key=key,
        conversation_id=case.conversation_id,
        sender=us,
        receiver=to,
        at=at,
        ref_to_message_id=deed.ref_to_message_id,
    )
    scenario = _scenario(case)
    written = Written(
        source_key=key,
        message_id=message_id(key),
        message_type=FAULT_UPDATE,
        conversation_id=case.conversation_id,
        body=body,
        ref_to_message_id=deed.ref_to_message_id,
        passes=scenario.number if deed.is_last_word else None,
        comes_twice=scenario.trouble is Trouble.TWICE,
    )
    leave(session, area, written, at=at)


def shown(fault: FaultCopy, case: SandboxCase) -> FaultCopy:
    """The fault as a document has it: a clear that was rejected is not told any more."""
    return replace(fault, clear=None) if fault.state in OPEN_STATES else replace(fault, last_update=case.last_event)


def _scenario(case: SandboxCase) -> FaultScenario:
    return FAULTS.get(case.scenario) or fault_scenario_of(0)


def _case(session: Session, area: SandboxArea, number: str) -> SandboxCase | None:
    return session.execute(
        select(SandboxCase).where(
            SandboxCase.provider_id == area.provider_id,
            SandboxCase.matter == SandboxMatter.FAULT,
            SandboxCase.number == number,
            SandboxCase.last_event > 0,
        )
    ).scalar()


def find_fault(session: Session, area: SandboxArea, fault_number: str) -> tuple[SandboxCase, Standing]:
    """A fault of an area, and how it stands.

    Raises:
        BadMessage: CSS052E to CSS055E. NotFound: CSS313E.
    """
    number = expect_id(fault_number, IdKind.FAULT, element="fault_number")
    case = _case(session, area, number)
    if case is None:
        raise NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")
    return case, standing_of(case)
