"""Every scenario of the test area is played by its number, over HTTP, at its time, in documents that are valid."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from css.partners import errors
from css.partners.sandbox.scenarios import GROUPS, PROBLEM_PLACES, REFUSALS, SCENARIOS, Scenario, Trouble
from orders.rules.problems import PROBLEMS
from tests.partners.sandbox.at_area import ACCOUNT, Area, order
from tests.partners.speaking import codes, opened, said, submit_order

PLAYED = [each for each in SCENARIOS.values() if not each.refuses and each.trouble is None and not each.loses_line]
REFUSED = [each for each in SCENARIOS.values() if each.refuses and each.number != 900]
LOST = [each for each in SCENARIOS.values() if each.loses_line]


def name_of(scenario: Scenario) -> str:
    return f"{scenario.number:03d}"


@pytest.mark.parametrize("scenario", PLAYED, ids=name_of)
def test_a_scenario_is_played_step_by_step_and_at_its_time(area: Area, scenario: Scenario) -> None:
    begun = area.watch.at
    assert area.post(order(scenario.number)).status_code == 202
    area.later(3600)
    documents = area.documents()
    told = [(said(root, "Update/Kind"), said(root, "Update/ProblemCode")) for root in documents]
    assert told == [("ACKNOWLEDGED", ""), *((step.kind.value, step.problem_code or "") for step in scenario.steps)]
    due = [0, *(step.after_seconds for step in scenario.steps)]
    times = [datetime.fromisoformat(said(root, "Update/IssuedAt")) for root in documents]
    assert times == [begun + timedelta(seconds=seconds) for seconds in due]
    assert [said(root, "Update/SequenceNo") for root in documents] == [str(n + 1) for n in range(len(due))]
    assert len({said(root, "Header/MessageId") for root in documents}) == len(documents)


@pytest.mark.parametrize("scenario", REFUSED, ids=name_of)
def test_an_order_is_refused_by_the_codes_of_its_number(area: Area, scenario: Scenario) -> None:
    assert area.post(order(scenario.number)).status_code == 202
    (answer,) = area.fetch()
    root = opened(answer.data)
    assert said(root, "Update/Kind") == "ORDER_REJECTED"
    assert [code for code, _ in codes(answer.data)] == list(scenario.refuses)
    assert "{" not in said(root, "Update/Errors/Error/Text")


@pytest.mark.parametrize("scenario", LOST, ids=name_of)
def test_a_line_is_lost_by_an_order_that_nobody_asked_for(area: Area, scenario: Scenario) -> None:
    assert area.post(order(scenario.number)).status_code == 202
    area.later(3600)
    asked, *lost = area.documents()
    assert said(asked, "Update/Kind") == "ACKNOWLEDGED"
    assert [said(root, "Update/Kind") for root in lost] == [step.kind.value for step in scenario.steps]
    assert {said(root, "Update/Order/Unsolicited") for root in lost} == {"true"}
    assert said(lost[0], "Update/Order/OrderNumber") != said(asked, "Update/Order/OrderNumber")
    assert said(lost[0], "Update/Order/TelephoneNumber") == said(asked, "Update/Order/TelephoneNumber")


def test_the_good_way_is_told_in_time_and_not_before(area: Area) -> None:
    assert area.post(order(0)).status_code == 202
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED"]
    area.later(59)
    assert area.told() == []
    area.later(1)
    (done,) = area.documents()
    assert said(done, "Update/Kind") == "COMPLETED"
    assert said(done, "Update/Order/State") == "COMPLETED"
    assert said(done, "Update/Order/DoneDate") == "2026-03-23"


def test_the_first_version_is_answered_in_the_first_version(area: Area) -> None:
    assert area.post(submit_order(ACCOUNT, "A00000000103")).status_code == 202
    area.later(60)
    documents = area.documents()
    assert {str(root.tag) for root in documents} == {"{urn:css:order:1}OrderUpdate"}
    assert [said(root, "Update/Kind") for root in documents] == ["ACKNOWLEDGED", "COMMITTED", "DELAY", "RESUMED", "COMPLETED"]


@pytest.mark.parametrize(
    "kind", ["TRANSFER", "CEASE", "RENUMBER", "FEATURES", "CARE", "SHIFT", "DIRECTORY", "CONVERT", "PORT_OUT", "LINES"]
)
def test_a_line_is_named_by_its_number_whatever_is_done_to_it(area: Area, kind: str) -> None:
    needed = {
        "TRANSFER": [("LinePostcode", "ZZ1 0AA"), ("Consent", [("GivenBy", "Ben Marlow")])],
        "FEATURES": [("Features", [("Feature", [("ProductCode", "CALLER-DISPLAY")])])],
        "CARE": [("CareLevel", "2")],
        "DIRECTORY": [("DirectoryEntry", [("Kind", "XD")])],
        "PORT_OUT": [("NetworkCode", "NORTHNET")],
        "LINES": [("LineCount", "4")],
    }
    area.placed(103, kind, parts=needed.get(kind, []))  # type: ignore[arg-type]  # lists of one kind and another
    area.later(60)
    assert area.told() == ["DELAY", "RESUMED", "COMPLETED"]


def test_a_target_moves_and_the_promise_stays(area: Area) -> None:
    area.placed(401)
    area.later(60)
    moved, _ = area.documents()
    assert said(moved, "Update/Order/CommittedDate") == "2026-03-23"
    assert said(moved, "Update/Order/TargetDate") == "2026-03-26"


def test_a_number_that_is_not_in_the_table_goes_the_good_way(area: Area) -> None:
    assert 77 not in SCENARIOS
    area.placed(77)
    area.later(60)
    assert area.told() == ["COMPLETED"]


def test_the_table_is_whole() -> None:
    assert set(PROBLEM_PLACES) == set(PROBLEMS)
    assert len(PROBLEM_PLACES) == len(set(PROBLEM_PLACES))
    assert set(REFUSALS.values()) <= set(errors.CATALOGUE)
    assert {each.trouble for each in SCENARIOS.values()} == {None, *Trouble}
    assert [group.first for group in GROUPS] == sorted({group.first for group in GROUPS})
    assert {each.group for each in SCENARIOS.values()} <= {group.name for group in GROUPS}
    seconds = [[step.after_seconds for step in each.steps] for each in SCENARIOS.values()]
    assert all(each == sorted(each) for each in seconds)
