"""Every scenario of faults is played by its number, and what a partner says of a clear is answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from css.core.words import PlantCondition
from css.partners import errors
from css.partners.sandbox.fault_scenarios import (
    ABOVE_ORDERS,
    CLEAR_PLACES,
    DIAGNOSIS_PLACES,
    FAULTS,
    PARK_PLACES,
    REFUSALS,
    FaultScenario,
)
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.diagnosis import DIAGNOSES
from repairs.words import ParkReason
from tests.partners.fault_speaking import amend, cancel, confirm, submit
from tests.partners.sandbox.at_area import Area
from tests.partners.speaking import codes, opened, said

PLAYED = [each for each in FAULTS.values() if not each.refuses and each.trouble is None]
REFUSED = [each for each in FAULTS.values() if each.refuses and each.number != ABOVE_ORDERS + 900]
TROUBLED = [each for each in FAULTS.values() if each.trouble is not None]


def name_of(scenario: FaultScenario) -> str:
    return f"{scenario.number - ABOVE_ORDERS:03d}"


def fault(number: int) -> bytes:
    return submit(f"441632960{number % ABOVE_ORDERS:03d}")


def reported(area: Area, number: int, *, seconds: float = 0) -> str:
    """Have a fault taken and lived for so long; its number."""
    assert area.post(fault(number)).status_code == 202
    area.later(seconds)
    return said(area.documents()[0], "Update/Fault/FaultNumber")


@pytest.mark.parametrize("scenario", PLAYED, ids=name_of)
def test_a_fault_is_played_step_by_step_and_at_its_time(area: Area, scenario: FaultScenario) -> None:
    begun = area.watch.at
    assert area.post(fault(scenario.number)).status_code == 202
    area.later(3600)
    documents = area.documents()
    assert [said(root, "Update/Kind") for root in documents] == ["ACKNOWLEDGED", *(step.kind for step in scenario.steps)]
    due = [0, *(step.after_seconds for step in scenario.steps)]
    times = [datetime.fromisoformat(said(root, "Update/IssuedAt")) for root in documents]
    assert times == [begun + timedelta(seconds=seconds) for seconds in due]
    assert [said(root, "Update/SequenceNo") for root in documents] == [str(n + 1) for n in range(len(due))]
    for step, root in zip(scenario.steps, documents[1:], strict=True):
        if step.diagnosis is not None:
            assert said(root, "Update/Fault/LineTest/DiagnosisCode") == step.diagnosis.code
        if step.clear_code is not None:
            assert said(root, "Update/Fault/Clear/ClearCode") == step.clear_code
        if step.park is not None:
            assert said(root, "Update/Fault/Clock/ReasonCode") == step.park.value.upper().replace("-", "_")


@pytest.mark.parametrize("scenario", REFUSED, ids=name_of)
def test_a_report_is_refused_by_the_code_of_its_number(area: Area, scenario: FaultScenario) -> None:
    assert area.post(fault(scenario.number)).status_code == 202
    (answer,) = area.fetch()
    assert said(opened(answer.data), "Update/Kind") == "FAULT_REJECTED"
    assert [code for code, _ in codes(answer.data)] == list(scenario.refuses)


@pytest.mark.parametrize("scenario", TROUBLED, ids=name_of)
def test_trouble_on_the_way_comes_to_faults_too(area: Area, scenario: FaultScenario) -> None:
    message = fault(scenario.number)
    statuses = [area.post(message).status_code for _ in range(4)]
    assert 202 in statuses
    assert statuses[-1] == 200
    area.later(7200)
    assert set(area.told()) == {"ACKNOWLEDGED", "CLEARED"}


def test_a_clear_is_accepted_and_the_fault_is_closed(area: Area) -> None:
    number = reported(area, 0, seconds=60)
    assert area.post(confirm(number, "ACCEPT", clear_no=1)).status_code == 202
    (closed,) = area.documents()
    assert said(closed, "Update/Kind") == "CLOSED"
    assert said(closed, "Update/Fault/Stage") == "CLOSED"
    assert said(closed, "Header/RefToMessageId") != ""


def test_a_clear_is_rejected_and_comes_again(area: Area) -> None:
    number = reported(area, 601, seconds=10)
    assert area.post(confirm(number, "REJECT", "Still no dial tone.", clear_no=1)).status_code == 202
    area.later(29)
    assert area.told() == ["REOPENED"]
    area.later(1)
    (again,) = area.documents()
    assert (said(again, "Update/Kind"), said(again, "Update/Fault/Clear/ClearNo")) == ("CLEARED", "2")
    assert area.post(confirm(number, "ACCEPT", clear_no=1)).status_code == 202
    (answer,) = area.fetch()
    assert [code for code, _ in codes(answer.data)] == ["CSS526E"]
    assert area.post(confirm(number, "ACCEPT", clear_no=2)).status_code == 202
    assert area.told() == ["CLOSED"]


def test_a_report_is_amended_and_taken_back(area: Area) -> None:
    number = reported(area, 2)
    parts = (("AccessNotes", "Ring twice"), ("ExpediteTo", "4"), ("Consent", [("GivenBy", "Ada Tansley")]))
    assert area.post(amend(number, *parts)).status_code == 202  # type: ignore[arg-type]  # parts of one kind and another
    amended, expedited = area.documents()
    assert (said(amended, "Update/Kind"), said(expedited, "Update/Kind")) == ("AMENDED", "EXPEDITED")
    assert said(expedited, "Update/Fault/AccessNotes") == "Ring twice"
    assert said(expedited, "Update/Fault/CareLevel") == "4"
    assert area.post(cancel(number)).status_code == 202
    area.later(3600)
    assert area.told() == ["CANCELLED"]
    assert area.post(cancel(number)).status_code == 202
    (answer,) = area.fetch()
    assert [code for code, _ in codes(answer.data)] == ["CSS301E"]


@pytest.mark.parametrize(("number", "code"), [(602, "CSS301E"), (603, "CSS301E"), (604, "CSS526E")])
def test_a_scenario_refuses_what_comes_later(area: Area, number: int, code: str) -> None:
    placed = reported(area, number, seconds=10)
    later = {602: cancel(placed), 603: amend(placed, ("AccessNotes", "Ring twice")), 604: confirm(placed, "ACCEPT")}
    assert area.post(later[number]).status_code == 202
    answers = [answer for answer in area.fetch() if "REJECTED" in said(opened(answer.data), "Update/Kind")]
    assert [codes(answer.data)[0][0] for answer in answers] == [code]


def test_the_rules_of_a_report_are_the_real_ones_and_all_at_once(area: Area) -> None:
    message = submit("441632299999", ("ChargeBand", "4"), ("Appointment", [("Date", "2026-03-01"), ("Slot", "AM")]), symptom="ZZZ")
    assert area.post(message).status_code == 202
    (answer,) = area.fetch()
    assert {code for code, _ in codes(answer.data)} == {"CSS311E", "CSS302E", "CSS222E"}


def test_any_code_of_a_fault_can_be_seen(area: Area) -> None:
    wanted = sorted(code for code, entry in errors.CATALOGUE.items() if "SubmitFault" in entry.messages)
    assert len(wanted) > 20
    for code in wanted:
        assert area.post(submit("441632960900", reference=f"{code}-1")).status_code == 202
    assert [[code for code, _ in codes(answer.data)] for answer in area.fetch()] == [[code] for code in wanted]


def test_the_table_is_whole() -> None:
    assert set(CLEAR_PLACES) == set(CLEAR_CODES)
    assert set(DIAGNOSIS_PLACES) == set(DIAGNOSES) <= set(PlantCondition)
    assert set(PARK_PLACES) == set(ParkReason)
    assert set(REFUSALS.values()) <= set(errors.CATALOGUE)
