"""What a partner asks about its faults by message, and what it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from css.core.words import HalfDay, PlantCondition, PlantElement, Skill
from css.db.engine import transaction
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from css.partners.model import InboxState
from repairs.actions import break_plant, test_line
from repairs.commands.testing import BreakPlant, TestLine
from repairs.model import Fault
from tests.builders import PARTNER_ACTOR, BuiltLine
from tests.partners.fault_speaking import (
    DESK,
    SOON,
    Trouble,
    amend,
    answer_to,
    cancel,
    cleared,
    confirm,
    further_line,
    reported,
    sent,
    submit,
    told,
    trouble,
    updates,
)
from tests.partners.speaking import AT, Parts, header, result, send, stored

FAULT = "Update/Fault"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def town(engine: Engine) -> Trouble:
    with transaction(engine) as session:
        return trouble(session, lines=40)


@pytest.fixture(scope="module")
def lines(town: Trouble) -> Iterator[BuiltLine]:
    return iter(town.lines)


@pytest.fixture
def line(lines: Iterator[BuiltLine]) -> BuiltLine:
    """Another line of the partner's each time."""
    return next(lines)


# SubmitFault


def test_a_fault_is_reported_in_the_partners_own_words_and_told_back_in_full(engine: Engine, line: BuiltLine) -> None:
    head = header()
    asked: Parts = [
        ("AccessNotes", "Ring twice."),
        ("HazardNotes", "Dog."),
        ("VisitNotes", "Ask for the manager."),
        ("EquipmentChecked", "true"),
        ("PowerChecked", "true"),
        ("ChargeBand", "2"),
    ]
    assert result(send(engine, submit(line.number, *asked, head=head))) == "RECEIVED"
    answer = answer_to(engine, head)
    assert (answer.kind, answer.says("Update/SequenceNo"), answer.says("Header/SequenceNo")) == ("ACKNOWLEDGED", "1", "1")
    assert answer.conversation_id == head.conversation_id
    assert {name: answer.says(f"{FAULT}/{name}") for name, _ in asked} == dict(asked)
    for name, value in {
        "CustomerReference": f"F-{head.message_id}",
        "State": "ACKNOWLEDGED",
        "Stage": "REPORTED",
        "TelephoneNumber": f"+{line.number}",
        "AddressKey": line.site.address_key,
        "AccountNumber": line.account.number,
        "SymptomCode": "NDT",
        "SymptomText": "no dial tone",
        "TotalLoss": "true",
        "Contact/Name": "Ada Tansley",
        "Contact/TelephoneNumber": "+447700900123",
        "Clock/State": "RUNNING",
        "Clock/Since": "2026-03-02T10:00:00Z",
    }.items():
        assert answer.says(f"{FAULT}/{name}") == value, name
    assert answer.says(f"{FAULT}/DueAt") == answer.says(f"{FAULT}/OriginalDueAt")
    assert answer.says("Update/Warnings/Warning") == "The line is new: this is an early-life failure."
    assert stored(engine, head.message_id).outcome_words == f"Fault {answer.says(f'{FAULT}/FaultNumber')} taken."


def test_a_dead_line_is_tested_first_where_that_is_asked(engine: Engine, line: BuiltLine) -> None:
    with transaction(engine) as session:
        broken = BreakPlant(element=PlantElement.PAIR, number=line.number, condition=PlantCondition.DISCONNECTION)
        break_plant(session, broken, by=DESK, at=AT)
    head = header()
    send(engine, submit(line.number, ("TestLine", "true"), head=head))
    kinds = [each.kind for each in told(engine) if each.ref == head.message_id]
    assert kinds[:2] == ["ACKNOWLEDGED", "TESTED"]
    last = answer_to(engine, head)
    assert (last.says(f"{FAULT}/LineTest/Outcome"), last.says(f"{FAULT}/LineTest/DiagnosisCode")) == ("FAIL", "T010")
    test = last.says(f"{FAULT}/LineTest/LineTestNumber")
    again = header()
    both = sent(engine, submit(line.number, ("LineTestNumber", test), ("TestLine", "true"), head=again), again)
    assert both.codes == [("CSS528E", "SubmitFault/Fault/TestLine")]


def test_a_test_of_the_line_judges_the_fault_and_one_of_another_line_does_not(engine: Engine, line: BuiltLine, town: Trouble) -> None:
    with transaction(engine) as session:
        mine = test_line(session, TestLine(number=f"+{line.number}"), by=PARTNER_ACTOR, at=AT).line_test_id
        rivals = test_line(session, TestLine(number=f"+{town.rival_line.number}"), by=DESK, at=AT).line_test_id
    head = header()
    refused = sent(engine, submit(line.number, ("LineTestNumber", str(rivals)), head=head), head)
    assert refused.codes == [("CSS320E", "SubmitFault/Fault/LineTestNumber")]
    head = header()
    assert sent(engine, submit(line.number, ("LineTestNumber", str(mine)), head=head), head).says(f"{FAULT}/LineTest/Outcome") == "PASS"


@pytest.mark.parametrize("held", [True, False])
def test_a_visit_is_promised_with_the_report(engine: Engine, line: BuiltLine, *, held: bool) -> None:
    slot: tuple[str, str | Parts] = ("Appointment", [("Date", "2026-03-04"), ("Slot", "AM")])
    if held:
        with transaction(engine) as session:
            asked = ReserveSlot(
                address_key=line.site.address_key, skill=Skill.REPAIR, slot_on=(AT + timedelta(days=2)).date(), half_day=HalfDay.AM
            )
            slot = ("AppointmentNumber", reserve_slot(session, asked, by=PARTNER_ACTOR, at=AT).appointment_number)
    head = header()
    answer = sent(engine, submit(line.number, slot, head=head), head)
    assert (answer.kind, answer.says(f"{FAULT}/Stage")) == ("APPOINTED", "APPOINTED")
    assert [answer.says(f"{FAULT}/Appointment/{name}") for name in ("Date", "Slot", "State")] == ["2026-03-04", "AM", "BOOKED"]
    if held:
        assert answer.says(f"{FAULT}/Appointment/AppointmentNumber") == slot[1]


def test_a_better_care_level_is_bought_with_the_report(engine: Engine, line: BuiltLine) -> None:
    head = header()
    answer = sent(engine, submit(line.number, ("ExpediteTo", "4"), head=head), head)
    assert answer.says(f"{FAULT}/CareLevel") == "4"
    assert answer.says(f"{FAULT}/LineCareLevel") != "4"
    assert answer.says(f"{FAULT}/ExpeditedAt") == "2026-03-02T10:00:00Z"


def test_everything_wrong_with_a_report_is_told_at_once_with_what_was_asked(engine: Engine, line: BuiltLine, town: Trouble) -> None:
    taken = header()
    number = sent(engine, submit(line.number, head=taken), taken).says(f"{FAULT}/FaultNumber")
    head = header()
    data = submit(
        town.rival_line.number,
        ("ChargeBand", "7"),
        ("LineTestNumber", "1"),
        head=head,
        symptom="XXX",
        contact="+4412345",
        reference=f"F-{taken.message_id}",
    )
    answer = sent(engine, data, head)
    assert (answer.kind, answer.says("Update/SequenceNo"), answer.says(f"{FAULT}/FaultNumber")) == ("FAULT_REJECTED", "", "")
    assert answer.says("Update/Asked/TelephoneNumber") == f"+{town.rival_line.number}"
    assert set(answer.codes) == {
        ("CSS311E", "SubmitFault/Fault/TelephoneNumber"),
        ("CSS302E", "SubmitFault/Fault/SymptomCode"),
        ("CSS317E", "SubmitFault/Fault/ChargeBand"),
        ("CSS523E", "SubmitFault/Fault/CustomerReference"),
        *[entry for entry in answer.codes if entry[1] == "SubmitFault/Fault/Contact/TelephoneNumber"],
    }
    assert len(answer.codes) == 5
    assert number in answer.body.decode()
    assert stored(engine, head.message_id).state is InboxState.REFUSED


def test_nothing_tells_a_line_of_anothers_from_one_that_is_not_there(engine: Engine, town: Trouble) -> None:
    answers = []
    for number in (town.rival_line.number, town.own_line.number, "441632960999"):
        head = header()
        answer = sent(engine, submit(number, head=head), head)
        answers.append([(code, path) for code, path in answer.codes])
    assert answers == [[("CSS311E", "SubmitFault/Fault/TelephoneNumber")]] * 3


def test_a_second_fault_needs_a_reason_and_the_open_one_is_named(engine: Engine, line: BuiltLine) -> None:
    first = reported(engine, line.number)
    head = header()
    refused = sent(engine, submit(line.number, head=head), head)
    assert refused.codes == [("CSS312E", "SubmitFault/Fault/TelephoneNumber")]
    assert first in refused.body.decode()
    head = header()
    forced = sent(engine, submit(line.number, ("ForcedReason", "The socket hangs loose too."), head=head, symptom="DMG"), head)
    assert forced.kind == "ACKNOWLEDGED"
    assert forced.says(f"{FAULT}/ForcedReason") == "The socket hangs loose too."


def test_a_line_of_an_installation_is_named_by_its_place(engine: Engine, line: BuiltLine, town: Trouble) -> None:
    with transaction(engine) as session:
        auxiliary = further_line(session, town, line)
    head = header()
    answer = sent(engine, submit(line.number, head=head, place="2"), head)
    assert (answer.says(f"{FAULT}/TelephoneNumber"), answer.says(f"{FAULT}/InstallationLineNo")) == (f"+{line.number}", "2")
    with transaction(engine) as session:
        assert session.execute(select(Fault.line_id).where(Fault.number == answer.says(f"{FAULT}/FaultNumber"))).scalar_one() == auxiliary
    head = header()
    assert sent(engine, submit(line.number, head=head, place="3"), head).codes == [("CSS316E", "SubmitFault/Fault/TelephoneNumber")]


def test_the_same_report_again_is_done_once(engine: Engine, line: BuiltLine) -> None:
    head = header()
    data = submit(line.number, head=head)
    assert [result(send(engine, data)) for _ in range(2)] == ["RECEIVED", "DUPLICATE"]
    assert [each.kind for each in told(engine) if each.conversation_id == head.conversation_id] == ["ACKNOWLEDGED"]


# AmendFault


def test_all_of_an_amendment_is_done(engine: Engine, line: BuiltLine) -> None:
    number = reported(engine, line.number)
    head = header()
    parts: Parts = [
        ("Description", "Now the neighbour too."),
        ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900124")]),
        ("AccessNotes", "The side door."),
        ("EquipmentChecked", "true"),
        ("ChargeBand", "1"),
        ("ExpediteTo", "4"),
        ("Consent", [("GivenBy", "Ada Tansley")]),
        ("Appointment", [("Date", "2026-03-05"), ("Slot", "PM")]),
        ("OfferedAppointment", [("Date", "2026-03-03"), ("Slot", "PM")]),
        ("Chase", "When will somebody come?"),
    ]
    send(engine, amend(number, *parts, head=head))
    mine = [each for each in told(engine) if each.ref == head.message_id]
    assert [each.kind for each in mine] == ["AMENDED", "EXPEDITED", "APPOINTED", "CHASED"]
    assert [each.says("Update/SequenceNo") for each in mine] == ["2", "3", "4", "5"]
    last = mine[-1]
    for name, value in {
        "Description": "Now the neighbour too.",
        "Contact/Name": "Ben Marlow",
        "AccessNotes": "The side door.",
        "EquipmentChecked": "true",
        "ChargeBand": "1",
        "CareLevel": "4",
        "Appointment/Date": "2026-03-05",
        "ChaseCount": "1",
    }.items():
        assert last.says(f"{FAULT}/{name}") == value, name


def test_notes_are_taken_away(engine: Engine, line: BuiltLine) -> None:
    head = header()
    number = sent(engine, submit(line.number, ("HazardNotes", "Dog."), head=head), head).says(f"{FAULT}/FaultNumber")
    head = header()
    both = sent(engine, amend(number, ("HazardNotes", "Two dogs."), ("NoHazardNotes", "true"), head=head), head)
    assert both.codes == [("CSS527E", "AmendFault/Amendment/NoHazardNotes")]
    assert both.says(f"{FAULT}/HazardNotes") == "Dog."
    head = header()
    assert sent(engine, amend(number, ("NoHazardNotes", "true"), head=head), head).says(f"{FAULT}/HazardNotes") == ""


def test_of_an_amendment_that_is_wrong_nothing_is_done_and_every_reason_told(engine: Engine, line: BuiltLine) -> None:
    number = reported(engine, line.number)
    head = header()
    parts: Parts = [
        ("AccessNotes", "The side door."),
        ("ChargeBand", "7"),
        ("ExpediteTo", "4"),
        ("Appointment", [("Date", "2026-03-08"), ("Slot", "PM")]),
        ("Chase", "When?"),
    ]
    answer = sent(engine, amend(number, *parts, head=head), head)
    assert answer.kind == "AMENDMENT_REJECTED"
    assert answer.codes == [
        ("CSS317E", "AmendFault/Amendment/ChargeBand"),
        ("CSS325E", "AmendFault/Amendment/Consent/GivenBy"),
        ("CSS222E", "AmendFault/Amendment/Appointment"),
    ]
    assert (answer.says(f"{FAULT}/AccessNotes"), answer.says(f"{FAULT}/ChaseCount")) == ("", "0")
    assert [each.kind for each in updates(engine, number)] == ["ACKNOWLEDGED"]


@pytest.mark.parametrize(
    ("part", "code", "path"),
    [
        (("Consent", [("GivenBy", "Ada Tansley")]), "CSS528E", "Consent"),
        (("OfferedAppointment", [("Date", "2026-03-03"), ("Slot", "PM")]), "CSS528E", "OfferedAppointment"),
        (("ChargeBand", "0"), "CSS319E", "FaultNumber"),
    ],
)
def test_an_amendment_that_says_nothing_is_refused(
    engine: Engine, line: BuiltLine, part: tuple[str, str | Parts], code: str, path: str
) -> None:
    number = reported(engine, line.number)
    head = header()
    assert sent(engine, amend(number, part, head=head), head).codes == [(code, f"AmendFault/Amendment/{path}")]


# CancelFault and ConfirmClear


def test_a_report_is_taken_back_once(engine: Engine, line: BuiltLine) -> None:
    number = reported(engine, line.number)
    head = header()
    answer = sent(engine, cancel(number, "The cat had pulled the plug.", head=head), head)
    assert (answer.kind, answer.says(f"{FAULT}/State"), answer.says(f"{FAULT}/Clock/State")) == ("CANCELLED", "CANCELLED", "")
    assert answer.says("Update/Text") == "Withdrawn: The cat had pulled the plug."
    head = header()
    again = sent(engine, cancel(number, head=head), head)
    assert (again.kind, [code for code, _ in again.codes]) == ("CANCELLATION_REJECTED", ["CSS301E"])
    assert again.says(f"{FAULT}/State") == "CANCELLED"


def test_a_clear_is_accepted_and_its_cost_is_final(engine: Engine, line: BuiltLine) -> None:
    head = header()
    number = sent(engine, submit(line.number, ("ChargeBand", "4"), ("ExpediteTo", "4"), head=head), head).says(f"{FAULT}/FaultNumber")
    cleared(engine, number)
    clear_told = updates(engine, number)[-1]
    assert (clear_told.kind, clear_told.says(f"{FAULT}/State"), clear_told.ref) == ("CLEARED", "RESOLVED", None)
    for name, value in {"ClearNo": "1", "ClearCode": "DP", "ClearText": "distribution point", "Late": "false"}.items():
        assert clear_told.says(f"{FAULT}/Clear/{name}") == value
    assert clear_told.says(f"{FAULT}/Clear/AnswerBy") > "2026-03-04"
    assert clear_told.says(f"{FAULT}/Cost/Final") == "false"
    assert clear_told.says(f"{FAULT}/Cost/Charges/Charge/ProductCode") == "FEE-EXPEDITE"
    head = header()
    answer = sent(engine, confirm(number, "ACCEPT", clear_no=1, head=head), head, at=SOON + MINUTE)
    assert (answer.kind, answer.says(f"{FAULT}/State"), answer.says(f"{FAULT}/Cost/Final")) == ("CLOSED", "CLOSED", "true")
    assert (
        answer.says(f"{FAULT}/Cost/Total") == clear_told.says(f"{FAULT}/Cost/Total") == answer.says(f"{FAULT}/Cost/Charges/Charge/Amount")
    )
    assert answer.says(f"{FAULT}/Cost/WithVat") == "false"


def test_a_clear_is_rejected_with_a_reason_and_an_old_answer_does_not_meet_a_new_clear(engine: Engine, line: BuiltLine) -> None:
    number = reported(engine, line.number)
    cleared(engine, number)
    head = header()
    refused = sent(engine, confirm(number, "REJECT", head=head), head, at=SOON)
    assert (refused.kind, refused.codes) == ("CONFIRMATION_REJECTED", [("CSS868E", "ConfirmClear/Confirmation/Reason")])
    head = header()
    answer = sent(engine, confirm(number, "REJECT", "Still dead.", clear_no=1, head=head), head, at=SOON)
    assert (answer.kind, answer.says(f"{FAULT}/Stage"), answer.says(f"{FAULT}/Clear/ClearNo")) == ("REOPENED", "QUEUED", "")
    cleared(engine, number, "DW")
    head = header()
    late = sent(engine, confirm(number, "ACCEPT", clear_no=1, head=head), head, at=SOON)
    assert late.codes == [("CSS526E", "ConfirmClear/Confirmation/ClearNo")]
    assert late.says(f"{FAULT}/Clear/ClearNo") == "2"
    head = header()
    assert sent(engine, confirm(number, "ACCEPT", clear_no=2, head=head), head, at=SOON).kind == "CLOSED"


def test_a_visit_that_is_lost_with_a_rejected_clear_is_warned_of(engine: Engine, line: BuiltLine) -> None:
    slot: tuple[str, str | Parts] = ("Appointment", [("Date", "2026-03-03"), ("Slot", "AM")])
    head = header()
    number = sent(engine, submit(line.number, slot, head=head), head).says(f"{FAULT}/FaultNumber")
    cleared(engine, number)
    head = header()
    answer = sent(engine, confirm(number, "REJECT", "Still dead.", clear_no=1, head=head), head, at=AT + timedelta(days=1))
    assert (answer.kind, answer.says(f"{FAULT}/Stage"), answer.says(f"{FAULT}/Appointment/State")) == ("REOPENED", "QUEUED", "CANCELLED")
    assert answer.says("Update/Warnings/Warning").startswith("The visit on the morning of 3 March 2026 was given back with the clear")


def test_what_is_not_cleared_cannot_be_answered(engine: Engine, line: BuiltLine) -> None:
    number = reported(engine, line.number)
    for clear_no, code in ((None, "CSS301E"), (1, "CSS526E")):
        head = header()
        answer = sent(engine, confirm(number, "ACCEPT", clear_no=clear_no, head=head), head)
        assert [found for found, _ in answer.codes] == [code]
