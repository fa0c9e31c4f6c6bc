"""A partner's dead line from the report to the credit, by its messages and our people's deeds; and what comes at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, select

from css.core.errors import CssError
from css.core.words import HalfDay, PlantCondition, PlantElement
from css.db.engine import transaction
from css.handover import BillableItem
from css.redress import verbs as credited
from css.redress.explain import explain_fault
from repairs.actions import (
    accept_silent_clears,
    appoint_fault,
    arrive_on_site,
    assign_fault,
    break_plant,
    mend_plant,
    park_fault,
    resume_fault,
)
from repairs.commands.dispatch import ArriveOnSite, AssignFault
from repairs.commands.faults import AcceptSilentClears, AppointFault, ClearFault, ParkFault, ResumeFault
from repairs.commands.testing import BreakPlant, MendPlant
from repairs.model import Fault
from repairs.words import FaultState, ParkReason
from tests.builders import PARTNER_ACTOR, SYSTEM
from tests.partners.fault_speaking import DESK, FIELD, amend, cleared, confirm, query, reported, sent, submit, told, trouble, updates
from tests.partners.speaking import AT, header, result, send
from tests.race import together
from tests.records.clearing import ENGINEER, engineer
from tests.records.faults import report

FAULT = "Update/Fault"
HOUR = timedelta(hours=1)


def test_a_dead_line_from_the_report_to_the_credit(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=1)
        line = town.lines[0]
        engineer(session)
        broken = BreakPlant(element=PlantElement.PAIR, number=line.number, condition=PlantCondition.DISCONNECTION)
        break_plant(session, broken, by=DESK, at=AT)

    def deed(verb: Callable[..., object], command: object, at: datetime, *, by: object = DESK) -> None:
        with transaction(fresh_engine) as session:
            verb(session, command, by=by, at=at)

    def visit(at: datetime) -> None:
        deed(assign_fault, AssignFault(fault_number=number, engineer_code=ENGINEER, anyway="for a test"), at)
        deed(arrive_on_site, ArriveOnSite(fault_number=number), at)

    # Monday morning: the partner has the line tested and reports it dead; nobody need be in.
    head = header()
    first = sent(fresh_engine, submit(line.number, ("ChargeBand", "1"), ("TestLine", "true"), head=head), head)
    number = first.says(f"{FAULT}/FaultNumber")
    assert first.says(f"{FAULT}/LineTest/Outcome") == "FAIL"
    promised = datetime.fromisoformat(first.says(f"{FAULT}/OriginalDueAt"))
    # A question to the partner stops the clock; the answer comes as an amendment, and it goes on on Tuesday.
    parked = ParkFault(fault_number=number, reason=ParkReason.PROVIDER_ANSWER, words="Which of the two doors?")
    deed(park_fault, parked, AT + 2 * HOUR, by=FIELD)
    conversation = header(conversation_id=head.conversation_id)
    sent(fresh_engine, amend(number, ("AccessNotes", "The left one."), head=conversation), conversation, at=AT + 3 * HOUR)
    deed(resume_fault, ResumeFault(fault_number=number), AT + 24 * HOUR)
    resumed = updates(fresh_engine, number)[-1]
    assert (resumed.kind, resumed.says(f"{FAULT}/Clock/State")) == ("RESUMED", "RUNNING")
    assert datetime.fromisoformat(resumed.says(f"{FAULT}/DueAt")) > promised
    # A visit is agreed at the desk; on the day the engineer says that it is mended.
    deed(appoint_fault, AppointFault(fault_number=number, slot_on=date(2026, 3, 4), half_day=HalfDay.PM), AT + 25 * HOUR)
    wednesday = datetime(2026, 3, 4, 14, tzinfo=UTC)
    visit(wednesday)
    deed(credited.clear_fault, ClearFault(fault_number=number, clear_code="RWT"), wednesday + HOUR, by=FIELD)
    assert updates(fresh_engine, number)[-1].says(f"{FAULT}/Cost/Charges/Charge/ProductCode") == "TRC-FIRST-HOUR"
    # It is not: the partner says so, and nothing of that clear is charged. It takes another nine days.
    head = header(conversation_id=head.conversation_id)
    no = sent(fresh_engine, confirm(number, "REJECT", "Still dead.", clear_no=1, head=head), head, at=wednesday + 2 * HOUR)
    assert (no.kind, no.says(f"{FAULT}/State"), no.says(f"{FAULT}/Cost/Total")) == ("REOPENED", "IN_PROGRESS", "")
    done_at = wednesday + timedelta(days=9)
    visit(done_at)
    deed(mend_plant, MendPlant(element=PlantElement.PAIR, number=line.number), done_at + HOUR)
    deed(credited.clear_fault, ClearFault(fault_number=number, clear_code="DP", words="A joint made new."), done_at + HOUR, by=FIELD)
    second = updates(fresh_engine, number)[-1]
    assert [second.says(f"{FAULT}/Clear/{name}") for name in ("ClearNo", "Late", "WorkDone")] == ["2", "true", "A joint made new."]
    head = header(conversation_id=head.conversation_id)
    last = sent(fresh_engine, confirm(number, "ACCEPT", clear_no=2, head=head), head, at=done_at + 2 * HOUR)
    assert (last.kind, last.says(f"{FAULT}/State"), last.says(f"{FAULT}/MissedDueAt")) == (
        "CLOSED",
        "CLOSED",
        resumed.says(f"{FAULT}/DueAt"),
    )

    work = "PARKED AMENDED RESUMED APPOINTED ISSUED ON_SITE CLEARED REOPENED ISSUED ON_SITE CLEARED CLOSED"
    story_is_whole(fresh_engine, number, work.split(), head.conversation_id, at=done_at + 3 * HOUR)
    with transaction(fresh_engine) as session:
        assert explain_fault(session, number, by=PARTNER_ACTOR, at=done_at + 3 * HOUR).credited.pence > 0
        assert session.execute(select(BillableItem).where(BillableItem.reference == number)).scalars().all() == []


def story_is_whole(engine: Engine, number: str, work: list[str], conversation_id: str, *, at: datetime) -> None:
    """Every update is there, numbered without a gap and in one conversation, and the snapshot tells the same."""
    story = updates(engine, number)
    kinds = [each.kind for each in story]
    assert kinds[:2] == ["ACKNOWLEDGED", "TESTED"]
    assert kinds[kinds.index("PARKED") :] == work
    assert [int(each.says("Update/SequenceNo")) for each in story] == list(range(1, len(story) + 1))
    assert {each.conversation_id for each in story} == {conversation_id}
    send(engine, query(number, history=True), at=at)
    snapshot = told(engine)[-1]
    assert [each.text for each in snapshot.root.iter("{urn:css:fault:1}Kind")] == kinds
    assert snapshot.says("Snapshot/LastUpdate") == str(len(story))


def test_of_two_reports_of_one_line_at_one_moment_one_is_taken_and_the_other_told(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        line = trouble(session, lines=1).lines[0]
    heads = [header(), header()]
    answers = together(*[lambda head=head: send(fresh_engine, submit(line.number, head=head)) for head in heads])
    assert [result(each) for each in answers if not isinstance(each, Exception)] == ["RECEIVED", "RECEIVED"]
    found = told(fresh_engine)
    assert sorted(each.kind for each in found) == ["ACKNOWLEDGED", "FAULT_REJECTED"]
    (refused,) = [each for each in found if each.codes]
    assert refused.codes == [("CSS312E", "SubmitFault/Fault/TelephoneNumber")]
    with transaction(fresh_engine) as session:
        assert len(session.execute(select(Fault.number)).all()) == 1


def test_a_report_by_message_and_one_at_the_desk_meet(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        line = trouble(session, lines=1).lines[0]

    def desk() -> object:
        with transaction(fresh_engine) as session:
            return report(session, number=line.number)

    head = header()
    found = together(desk, lambda: send(fresh_engine, submit(line.number, head=head)))
    kinds = [each.kind for each in told(fresh_engine)]
    assert kinds.count("ACKNOWLEDGED") == 1
    assert isinstance(found[0], CssError) is ("FAULT_REJECTED" not in kinds)


def test_of_an_answer_and_silence_one_is_heard(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        lines = trouble(session, lines=6).lines
    late = AT + timedelta(days=9)
    numbers = [reported(fresh_engine, line.number) for line in lines]
    for number in numbers:
        cleared(fresh_engine, number)

    def silence() -> object:
        with transaction(fresh_engine) as session:
            return accept_silent_clears(session, AcceptSilentClears(district_code="ZZ"), by=SYSTEM, at=late)

    def says(number: str) -> Callable[[], object]:
        # The partner answers in time; its message is handled at the moment when the night accepts what nobody answered.
        return lambda: send(fresh_engine, confirm(number, "REJECT", "Still dead.", clear_no=1), at=AT + timedelta(hours=7))

    found = together(silence, *[says(number) for number in numbers])
    assert [each for each in found if isinstance(each, Exception)] == []
    assert stands(fresh_engine, numbers) <= {FaultState.CLOSED, FaultState.QUEUED}
    for number in numbers:
        story = [each.kind for each in updates(fresh_engine, number)]
        assert story in (["ACKNOWLEDGED", "CLEARED", "CLOSED"], ["ACKNOWLEDGED", "CLEARED", "REOPENED"])
        refused = [each.codes for each in told(fresh_engine) if each.kind == "CONFIRMATION_REJECTED" and number in each.body.decode()]
        assert refused == ([[("CSS867E", "ConfirmClear/Confirmation/FaultNumber")]] if story[-1] == "CLOSED" else [])


def stands(engine: Engine, numbers: list[str]) -> set[FaultState]:
    with transaction(engine) as session:
        return set(session.execute(select(Fault.state).where(Fault.number.in_(numbers))).scalars())


def test_a_reject_that_comes_after_the_time_is_told_so(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        line = trouble(session, lines=1).lines[0]
    number = reported(fresh_engine, line.number)
    cleared(fresh_engine, number)
    head = header()
    answer = sent(fresh_engine, confirm(number, "REJECT", "Still dead.", clear_no=1, head=head), head, at=AT + timedelta(days=9))
    assert answer.codes == [("CSS867E", "ConfirmClear/Confirmation/FaultNumber")]
    assert answer.says(f"{FAULT}/Stage") == "CLEARED"
