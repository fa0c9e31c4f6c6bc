"""The decisions of repairs: where a fault may go, what may be reported on a line, and when a repair may be owed for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from css.core.errors import Refused
from repairs.commands.faults import ReportFault
from repairs.rules.clear import CLEAR_CODES, check_cleared_at, clear_code, may_be_owed
from repairs.rules.lifecycle import MOVES, TMF621, move
from repairs.rules.report import SYMPTOMS, report_faults
from repairs.words import FaultState

AT = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)  # a Tuesday
REPORT = ReportFault(number="01632 960123", symptom_code="NDT", contact_name="Ada Tansley", contact_phone="01632 960999")


def _wrong(products: frozenset[str] | None = frozenset(), /, **changed: object) -> set[tuple[str, str | None]]:
    fields: dict[str, Any] = changed
    return {(fault.code, fault.element) for fault in report_faults(replace(REPORT, **fields), products_on_line=products, at=AT)}


# Where a fault may go.

ENDS = ["clear", "withdraw", "park"]
GIVES = ["appoint", "queue", "issue"]
LEGAL = {
    "reported": [*ENDS, *GIVES, "test", "diagnose"],
    "tested": [*ENDS, *GIVES, "test", "diagnose"],
    "diagnosed": [*ENDS, *GIVES, "test", "diagnose"],
    "queued": [*ENDS, *GIVES, "test", "diagnose"],
    "appointed": [*ENDS, *GIVES, "test", "diagnose", "miss"],
    "issued": [*ENDS, "test", "diagnose", "arrive", "return", "recall", "miss"],
    "on-site": [*ENDS, "test", "diagnose", "return", "miss"],
    "parked": ["clear", "withdraw", "resume", "appoint", "test"],
    "cleared": ["accept", "reject"],
    "accepted": ["close"],
    "closed": [],
    "withdrawn": [],
}
"""State, and every deed that moves a fault from it."""
LEADS_TO = {
    "clear": "cleared",
    "withdraw": "withdrawn",
    "park": "parked",
    "issue": "issued",
    "arrive": "on-site",
    "return": "queued",
    "recall": "queued",
    "resume": "queued",
    "miss": "queued",
    "reject": "queued",
    "accept": "accepted",
    "close": "closed",
}
"""Deeds that lead to one state wherever they are done from."""
STAYS = ["amend", "chase", "expedite", "own", "inform"]


@pytest.mark.parametrize("state", list(FaultState))
@pytest.mark.parametrize("deed", sorted({deed for deeds in LEGAL.values() for deed in deeds}))
def test_a_fault_moves_as_the_table_says_and_in_no_other_way(state: FaultState, deed: str) -> None:
    if deed in LEGAL[state.value]:
        after = move("ZZF00000018", state, deed)
        assert deed not in LEADS_TO or after.value == LEADS_TO[deed]
        return
    with pytest.raises(Refused) as refusal:
        move("ZZF00000018", state, deed)
    assert refusal.value.code == "CSS301E"
    assert f"is {state.value}: {deed} is not possible" in str(refusal.value)


@pytest.mark.parametrize(
    ("state", "deed", "after"),
    [
        ("reported", "test", "tested"),
        ("tested", "diagnose", "diagnosed"),
        ("reported", "appoint", "appointed"),
        ("diagnosed", "queue", "queued"),
        # Who waits for an engineer, or has one, is not put back by a later test or diagnosis.
        ("queued", "test", "queued"),
        ("queued", "diagnose", "queued"),
        ("appointed", "test", "appointed"),
        ("issued", "diagnose", "issued"),
        ("on-site", "test", "on-site"),
        ("parked", "test", "parked"),
        ("parked", "appoint", "parked"),
    ],
)
def test_where_a_deed_leads_depends_on_where_it_is_done(state: str, deed: str, after: str) -> None:
    assert move("ZZF00000018", FaultState(state), deed).value == after


@pytest.mark.parametrize("deed", ["resume", "return", "recall"])
def test_what_goes_back_goes_where_it_stood(deed: str) -> None:
    state = FaultState.PARKED if deed == "resume" else FaultState.ISSUED
    assert move("ZZF00000018", state, deed, back_to=FaultState.APPOINTED) is FaultState.APPOINTED


@pytest.mark.parametrize("state", list(FaultState))
@pytest.mark.parametrize("deed", STAYS)
def test_some_deeds_leave_an_open_fault_where_it_stands_and_touch_none_that_ended(state: FaultState, deed: str) -> None:
    if state.value not in {"cleared", "accepted", "closed", "withdrawn"}:
        assert move("ZZF00000018", state, deed) is state
        return
    with pytest.raises(Refused):
        move("ZZF00000018", state, deed)


def test_a_refusal_says_what_is_possible_instead() -> None:
    with pytest.raises(Refused, match=r"Possible: accept, reject\."):
        move("ZZF00000018", FaultState.CLEARED, "clear")
    with pytest.raises(Refused, match=r"Possible: nothing more\."):
        move("ZZF00000018", FaultState.WITHDRAWN, "clear")


def test_every_state_has_its_moves_and_its_name_in_tmf621() -> None:
    assert set(MOVES) == set(TMF621) == set(FaultState)
    assert set(TMF621.values()) == {"acknowledged", "inProgress", "pending", "resolved", "closed", "cancelled"}


# What may be reported.


@pytest.mark.parametrize(
    ("products", "changed", "wrong"),
    [
        (frozenset(), {}, set()),
        (frozenset(), {"symptom_code": "CDF"}, {("CSS303E", "symptom_code")}),
        (frozenset({"CALLER-DISPLAY"}), {"symptom_code": "CDF"}, set()),
        (frozenset({"CALLER-DISPLAY"}), {"symptom_code": "VMF"}, {("CSS303E", "symptom_code")}),
        (None, {"symptom_code": "CDF"}, set()),
        (None, {"symptom_code": "ZZZ"}, {("CSS302E", "symptom_code")}),
        (frozenset(), {"symptom_code": ""}, {("CSS302E", "symptom_code")}),
        (frozenset(), {"symptom_code": "ndt"}, {("CSS302E", "symptom_code")}),
        (frozenset(), {"contact_name": " \t"}, {("CSS304E", "contact_name")}),
        (frozenset(), {"words": "x" * 500, "hazard_notes": "x" * 50, "access_notes": "x" * 500, "contact_name": "x" * 100}, set()),
        (
            frozenset(),
            {"words": "x" * 501, "hazard_notes": "x" * 51, "access_notes": "x" * 501, "contact_name": "x" * 101},
            {("CSS305E", name) for name in ("words", "hazard_notes", "access_notes", "contact_name")},
        ),
        (frozenset(), {"reported_at": AT}, set()),
        (frozenset(), {"reported_at": AT - timedelta(days=1)}, set()),
        (frozenset(), {"reported_at": AT + timedelta(seconds=1)}, {("CSS307E", "reported_at")}),
        (
            frozenset(),
            {"symptom_code": "?", "contact_name": "", "hazard_notes": "x" * 99, "reported_at": AT + timedelta(days=1)},
            {("CSS302E", "symptom_code"), ("CSS304E", "contact_name"), ("CSS305E", "hazard_notes"), ("CSS307E", "reported_at")},
        ),
    ],
)
def test_all_that_is_wrong_is_said_at_once(
    products: frozenset[str] | None, changed: dict[str, object], wrong: set[tuple[str, str | None]]
) -> None:
    assert _wrong(products, **changed) == wrong


def test_a_wrong_symptom_is_answered_with_the_right_ones() -> None:
    (fault,) = report_faults(replace(REPORT, symptom_code="DEAD"), products_on_line=frozenset(), at=AT)
    assert all(code in str(fault) for code in SYMPTOMS)


def test_only_a_service_that_is_dead_is_a_total_loss() -> None:
    assert [symptom.code for symptom in SYMPTOMS.values() if symptom.is_total_loss] == ["NDT", "BBN"]


# How a fault is put right.


def test_a_clear_code_nobody_knows_is_answered_with_those_there_are() -> None:
    assert clear_code("RWT").words == "right when tested"
    with pytest.raises(Refused, match="EX") as refusal:
        clear_code("XX")
    assert (refusal.value.code, refusal.value.element) == ("CSS306E", "clear_code")


@pytest.mark.parametrize(("hours", "may"), [(-1, False), (0, True), (3, True), (5, True), (6, False)])
def test_a_fault_is_cleared_between_its_report_and_now(hours: int, may: bool) -> None:
    times = {"reported_at": AT, "at": AT + timedelta(hours=5)}
    if may:
        check_cleared_at("ZZF00000018", AT + timedelta(hours=hours), **times)
        return
    with pytest.raises(Refused) as refusal:
        check_cleared_at("ZZF00000018", AT + timedelta(hours=hours), **times)
    assert (refusal.value.code, refusal.value.element) == ("CSS308E", "cleared_at")


LEVEL_1_DUE = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "is_total_loss", "due_at", "cleared_at", "owed"),
    [
        ("EX", True, LEVEL_1_DUE, LEVEL_1_DUE + timedelta(seconds=1), True),
        # In time for the care level, perhaps not for compensation, which counts from the report: billing reckons.
        ("EX", True, LEVEL_1_DUE, datetime(2026, 3, 5, 0, 1, tzinfo=UTC), True),
        ("EX", True, LEVEL_1_DUE, datetime(2026, 3, 4, 23, 59, tzinfo=UTC), False),
        # Six hours promised and missed.
        ("EX", True, AT + timedelta(hours=6), AT + timedelta(hours=7), True),
        ("EX", True, AT + timedelta(hours=6), AT + timedelta(hours=6), False),
        # A line that worked after a fashion: no compensation, but a guarantee perhaps.
        ("EX", False, LEVEL_1_DUE, LEVEL_1_DUE + timedelta(days=9), True),
        ("EX", False, LEVEL_1_DUE, LEVEL_1_DUE, False),
        ("CE", True, LEVEL_1_DUE, LEVEL_1_DUE + timedelta(days=9), False),
        ("RWT", True, LEVEL_1_DUE, LEVEL_1_DUE + timedelta(days=9), False),
        ("WEA", True, LEVEL_1_DUE, LEVEL_1_DUE + timedelta(days=9), True),
    ],
)
def test_only_a_fault_of_ours_put_right_too_late_may_be_owed_for(
    code: str, is_total_loss: bool, due_at: datetime, cleared_at: datetime, owed: bool
) -> None:
    found = may_be_owed(CLEAR_CODES[code], is_total_loss=is_total_loss, reported_at=AT, due_at=due_at, cleared_at=cleared_at)
    assert found is owed
