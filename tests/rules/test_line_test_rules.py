"""From what is broken to what is said: every condition, at every place, seen by a quick and by a full test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.words import PlantCondition, PlantElement
from repairs.heads.head import Ask, HeadError, Running
from repairs.heads.simulator import FULL_LOOKS, FULL_SECONDS, Simulator, Trouble, Way, is_there, look_at
from repairs.rules.diagnosis import DIAGNOSES, EXPLAINED_BY, RIGHT, agree
from repairs.rules.report import SYMPTOMS
from repairs.rules.testing import Look, Measurement, category, crafted, judge, located
from repairs.words import Craft, Location, Stability, TestKind, TestOutcome
from tests.house.source import ROOT

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
WAY = Way(cabinet=600, distribution_point=1000, socket=1040)
C, E, L = PlantCondition, PlantElement, Location
WIRED: list[PlantCondition] = [one for one in C if one not in {C.DATA, C.UNSEEN}]

FULL: dict[PlantElement, dict[PlantCondition, Location]] = {
    E.EXCHANGE: dict.fromkeys(WIRED, L.EX) | {C.DISCONNECTION: L.FU},
    E.CABINET: dict.fromkeys(WIRED, L.CO),
    E.DISTRIBUTION_POINT: dict.fromkeys(WIRED, L.LN),
    E.PAIR: dict.fromkeys(WIRED, L.LN),
    E.PREMISES: dict.fromkeys(WIRED, L.CE) | {C.LOOP: L.CA, C.RECTIFIED_LOOP: L.CA},
}
"""Main fault location, as a full test finds it; that of a quick one is the same or DT."""
ONLY_A_FULL_TEST_TELLS_WHERE = {C.EARTH, C.BATTERY, C.LOW_INSULATION, C.RECTIFIED_LOOP}
CODES = {
    C.DATA: "T005",
    C.DISCONNECTION: "T010",
    C.LOOP: "T014",
    C.SHORT: "T015",
    C.EARTH: "T021",
    C.BATTERY: "T023",
    C.LOW_INSULATION: "T025",
    C.RECTIFIED_LOOP: "T027",
}


def trouble(
    element: PlantElement, condition: PlantCondition, *, number: int = 1, metres: int | None = None, comes: bool = False
) -> Trouble:
    away = WAY.metres_to(element) if metres is None else metres
    return Trouble(number, element, condition, comes, away, AT - timedelta(days=1), None)


def measured(kind: TestKind, *troubles: Trouble, line_test_id: int = 1) -> Measurement:
    looks = 1 if kind is TestKind.QUICK else FULL_LOOKS
    there = [[one for one in troubles if is_there(one, line_test_id, look, AT)] for look in range(looks)]
    return Measurement(kind, tuple(look_at(WAY, met, kind) for met in there))


@pytest.mark.parametrize("kind", TestKind)
@pytest.mark.parametrize(("element", "condition"), list(product(E, WIRED)))
def test_what_is_broken_is_told_with_its_place(kind: TestKind, element: PlantElement, condition: PlantCondition) -> None:
    found = judge(measured(kind, trouble(element, condition)))
    is_told = kind is TestKind.FULL or condition not in ONLY_A_FULL_TEST_TELLS_WHERE or element is E.EXCHANGE
    assert (found.outcome, found.condition, found.diagnosis_code) == (TestOutcome.FAIL, condition, CODES[condition])
    assert found.location is (FULL[element][condition] if is_told else L.DT)
    assert found.tells_where is is_told
    assert found.place is (element if is_told else None)
    assert found.distance_metres == (WAY.metres_to(element) if is_told else None)
    assert found.needs_appointment is (is_told and element is E.PREMISES)
    assert found.report_advised
    assert ("full test tells where" in found.diagnosis) is not is_told


@pytest.mark.parametrize("kind", TestKind)
@pytest.mark.parametrize("element", E)
def test_data_of_the_switch_are_found_by_the_missing_dial_tone(kind: TestKind, element: PlantElement) -> None:
    found = judge(measured(kind, trouble(element, C.DATA)))
    assert (found.outcome, found.condition, found.location, found.diagnosis_code) == (TestOutcome.FAIL, C.DATA, L.CI, "T005")
    assert found.tells_where
    assert not found.needs_appointment
    assert found.distance_metres is None


@pytest.mark.parametrize("kind", TestKind)
@pytest.mark.parametrize("element", E)
def test_what_no_meter_sees_tests_right(kind: TestKind, element: PlantElement) -> None:
    found = judge(measured(kind, trouble(element, C.UNSEEN)))
    assert found == judge(measured(kind))
    assert (found.outcome, found.location, found.diagnosis) == (TestOutcome.PASS, L.OK, "Line test OK, dial tone OK.")
    assert not found.tells_where
    assert not found.report_advised
    assert not found.needs_appointment


@pytest.mark.parametrize(("element", "condition"), list(product(E, [*WIRED, C.DATA])))
def test_what_comes_and_goes_is_unstable_to_a_full_test_that_met_it_now_and_then(element: PlantElement, condition: PlantCondition) -> None:
    one = trouble(element, condition, comes=True)
    there = {number: sum(is_there(one, number, look, AT) for look in range(FULL_LOOKS)) for number in range(1, 250)}
    assert set(there.values()) == set(range(FULL_LOOKS + 1)), "among so many tests each thing happens"
    for number, times in there.items():
        found = judge(measured(TestKind.FULL, one, line_test_id=number))
        assert found.looks_in_trouble == times
        if times == 0:
            assert (found.outcome, found.line_stability) == (TestOutcome.PASS, Stability.STABLE)
        elif times == FULL_LOOKS:
            assert (found.outcome, found.line_stability) == (TestOutcome.FAIL, Stability.STABLE)
        else:
            assert (found.outcome, found.line_stability) == (TestOutcome.INCONCLUSIVE, Stability.UNSTABLE)
            assert (found.condition, found.tells_where) == (condition, True)
            assert f"{times} of {FULL_LOOKS} looks" in found.stability_words
            is_shared = element in {E.EXCHANGE, E.CABINET, E.DISTRIBUTION_POINT} and condition is not C.DATA
            assert found.network_stability is (Stability.UNSTABLE if is_shared else Stability.STABLE)


def test_a_quick_test_meets_what_comes_and_goes_or_does_not_and_says_nothing_of_stability() -> None:
    one = trouble(E.PAIR, C.EARTH, comes=True)
    found = {judge(measured(TestKind.QUICK, one, line_test_id=number)).outcome for number in range(1, 40)}
    assert found == {TestOutcome.PASS, TestOutcome.FAIL}
    assert judge(measured(TestKind.QUICK)).line_stability is Stability.UNKNOWN


@given(data=st.data())
def test_the_nearest_to_the_exchange_hides_what_is_behind_it(data: st.DataObject) -> None:
    some = data.draw(st.lists(st.tuples(st.sampled_from(E), st.sampled_from(WIRED)), min_size=1, max_size=5, unique_by=lambda one: one[0]))
    troubles = [trouble(element, condition, number=place) for place, (element, condition) in enumerate(some)]
    nearest = min(troubles, key=lambda one: one.metres)
    kind = data.draw(st.sampled_from(TestKind))
    assert judge(measured(kind, *troubles)) == judge(measured(kind, nearest))
    assert judge(measured(kind, *reversed(troubles))) == judge(measured(kind, nearest))


def test_a_pair_broken_before_the_cabinet_hides_the_cabinet() -> None:
    found = judge(measured(TestKind.FULL, trouble(E.CABINET, C.SHORT), trouble(E.PAIR, C.DISCONNECTION, number=2, metres=200)))
    assert (found.place, found.distance_metres) == (E.PAIR, 200)


def test_what_is_on_no_wire_hides_nothing_on_them() -> None:
    found = judge(measured(TestKind.FULL, trouble(E.EXCHANGE, C.DATA), trouble(E.PREMISES, C.LOOP, number=2)))
    assert (found.condition, found.place, found.look.has_dial_tone) == (C.LOOP, E.PREMISES, False)


def test_what_began_or_was_mended_while_a_test_looked_makes_it_inconclusive() -> None:
    broke = Trouble(1, E.CABINET, C.DISCONNECTION, False, 600, AT + timedelta(seconds=10), None)
    assert [is_there(broke, 1, 0, AT + timedelta(seconds=second)) for second in (9, 10, 11)] == [False, True, True]
    mended = Trouble(1, E.CABINET, C.DISCONNECTION, False, 600, AT, AT + timedelta(seconds=10))
    assert [is_there(mended, 1, 0, AT + timedelta(seconds=second)) for second in (0, 9, 10)] == [True, True, False]


@given(
    volts=st.integers(-60, 60),
    between=st.integers(0, 9_999_999),
    back=st.integers(0, 9_999_999),
    to_earth=st.integers(0, 9_999_999),
    tone=st.booleans(),
    bell=st.booleans(),
    place=st.sampled_from([None, *E]),
)
def test_whatever_is_measured_something_is_said_of_it(
    volts: int, between: int, back: int, to_earth: int, tone: bool, bell: bool, place: PlantElement | None
) -> None:
    look = Look(
        a_earth_volts=volts,
        ab_ohms=between,
        ba_ohms=back,
        b_earth_ohms=to_earth,
        capacitance_nanofarads=50,
        has_dial_tone=tone,
        is_apparatus_seen=bell,
        place=place,
    )
    found = judge(Measurement(TestKind.QUICK, (look,)))
    assert (found.condition is None) is (found.outcome is TestOutcome.PASS) is (found.location is L.OK)
    assert found.condition is category(look)
    assert found.diagnosis_code in {RIGHT.code, *(one.code for one in DIAGNOSES.values())}


def test_who_goes_follows_from_the_place() -> None:
    assert crafted(L.LN, E.PAIR) is Craft.UNDERGROUND
    assert crafted(L.LN, E.DISTRIBUTION_POINT) is Craft.OVERHEAD
    assert crafted(located(C.LOOP, E.PREMISES), E.PREMISES) is Craft.HOME
    assert crafted(L.FU, E.EXCHANGE) is Craft.FRAMES
    assert crafted(L.CI, None) is Craft.DATA
    assert crafted(L.DT, None) is None


# What the customer says, and what the test says.


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_every_symptom_is_held_against_every_finding(symptom: str) -> None:
    assert set(EXPLAINED_BY) == set(SYMPTOMS)
    for condition in DIAGNOSES:
        said = agree(symptom, TestOutcome.FAIL, condition)
        assert SYMPTOMS[symptom].words in said
        assert ("does not explain" in said) is (condition not in EXPLAINED_BY[symptom])


@pytest.mark.parametrize(
    ("symptom", "outcome", "condition", "said"),
    [
        ("NDT", TestOutcome.FAIL, C.DISCONNECTION, "That explains what the customer reports: no dial tone."),
        ("NSY", TestOutcome.INCONCLUSIVE, C.EARTH, "That may be what the customer reports (noisy line): it comes and goes."),
        (
            "VMF",
            TestOutcome.FAIL,
            C.SHORT,
            "The test found something else than the customer reports: "  # noqa: ISC004 - one sentence
            "short circuit does not explain voicemail not working. Both may be true.",
        ),
        (
            "NDT",
            TestOutcome.PASS,
            None,
            "The line tests right, yet the customer reports no dial tone: an engineer who finds nothing is charged for.",
        ),
        ("VMF", TestOutcome.PASS, None, "The line tests right. The customer reports voicemail not working, which no line test sees."),
    ],
)
def test_whether_they_agree_is_a_sentence(symptom: str, outcome: TestOutcome, condition: PlantCondition | None, said: str) -> None:
    assert agree(symptom, outcome, condition) == said


# The head, as far as it needs no database.


def test_a_full_test_tells_how_far_it_is_from_its_reference_alone() -> None:
    head = Simulator(None)  # type: ignore[arg-type]  # while it measures it asks nobody
    reference = head.start(Ask(7, 3, TestKind.FULL, AT))
    told = [head.answer(reference, AT + timedelta(seconds=second)) for second in (-5, 0, 10, FULL_SECONDS - 1)]
    assert told == [Running(0), Running(0), Running(25), Running(97)]


def test_a_reference_nobody_gave_is_the_heads_trouble() -> None:
    with pytest.raises(HeadError, match="does not know this test"):
        Simulator(None).answer("7/3", AT)  # type: ignore[arg-type]


# The page.


def test_the_page_of_diagnoses_is_the_programs_own() -> None:
    page = (ROOT / "docs" / "line-tests.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `T")]
    assert rows == [
        f"| `{one.code}` | {one.words} | {one.meaning} | {_wheres(condition)} |"
        for condition, one in [(None, RIGHT), *sorted(DIAGNOSES.items(), key=lambda found: found[1].code)]
    ]


def _wheres(condition: PlantCondition | None) -> str:
    """The locations it may have, in the order of the way."""
    found = [located(condition, place).value for place in E]
    if condition in ONLY_A_FULL_TEST_TELLS_WHERE:
        found.append("DT")
    return ", ".join(dict.fromkeys(found))
