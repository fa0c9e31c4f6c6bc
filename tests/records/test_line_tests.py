"""Testing lines: the simulated head, what a fault does with a result, and who may ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import LineState, PairState, PlantCondition, PlantElement, Role
from css.db.sql import blocks
from css.master.lines import Line
from css.master.plant import Pair
from repairs import heads
from repairs.actions import break_plant, collect_line_tests, diagnose_fault, mend_plant, park_fault
from repairs.actions import test_line as have_tested
from repairs.actions.outages import declare_outage
from repairs.commands.faults import DiagnoseFault, ParkFault
from repairs.commands.outages import DeclareOutage
from repairs.commands.testing import BreakPlant, CollectLineTests, LineTested, LineTestsCollected, MendPlant, TestLine
from repairs.heads.simulator import FULL_SECONDS, Simulator
from repairs.model import Engineer, Fault, FaultEvent, LineTest, Visit
from repairs.queries.testing import line_test, plant_troubles
from repairs.queries.testing import tests_of_line as of_line
from repairs.rules.report import SYMPTOMS
from repairs.rules.testing import Measurement
from repairs.words import Craft, FaultState, Location, ParkReason, PlantKind, TestKind, TestOutcome, TestState, VisitState
from tests import builders
from tests.house.source import ROOT
from tests.records import faults
from tests.records.faults import AT, BY, FIELD, codes, refusal

C, E = PlantCondition, PlantElement
DONE_AT = AT + timedelta(seconds=FULL_SECONDS)
COLLECTOR = Actor("system", "LINETEST", "RETAIL", door="line tests")
OTHER_PARTNER = Actor("partner", "ANOTHER", "ANOTHER", frozenset(), "XML")


@pytest.fixture
def town(session: Session) -> faults.Town:
    return faults.build(session)


def breaks(session: Session, element: PlantElement, condition: PlantCondition, *, at: datetime = AT, **others: object) -> str:
    fields: dict[str, Any] = {"number": "01632 960123"} | others
    return break_plant(session, BreakPlant(element=element, condition=condition, **fields), by=BY, at=at).words


def asked(session: Session, *, by: Actor = BY, at: datetime = AT, **others: object) -> LineTested:
    fields: dict[str, Any] = {"number": "01632 960123"} | others
    return have_tested(session, TestLine(**fields), by=by, at=at)


def collected(session: Session, at: datetime = DONE_AT) -> LineTestsCollected:
    return collect_line_tests(session, CollectLineTests(), by=COLLECTOR, at=at)


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number).execution_options(populate_existing=True)).scalar_one()


def story(session: Session, number: str) -> list[tuple[str | None, FaultState]]:
    rows = session.execute(
        select(FaultEvent.deed, FaultEvent.state)
        .join(Fault, Fault.id == FaultEvent.fault_id)
        .where(Fault.number == number)
        .order_by(FaultEvent.sequence)
    )
    return [(row.deed, row.state) for row in rows]


def last_words(session: Session, number: str, deed: str) -> str:
    rows = session.execute(
        select(FaultEvent.words)
        .join(Fault, Fault.id == FaultEvent.fault_id)
        .where(Fault.number == number, FaultEvent.deed == deed)
        .order_by(FaultEvent.sequence)
    )
    return list(rows.scalars())[-1]


# What is measured.


@pytest.mark.usefixtures("town")
def test_a_quick_test_answers_at_once(session: Session) -> None:
    right = asked(session)
    assert (right.state, right.progress_percent, right.outcome) == (TestState.DONE, 100, TestOutcome.PASS)
    breaks(session, E.CABINET, C.DISCONNECTION)
    broken = asked(session)
    assert (broken.outcome, broken.diagnosis) == (TestOutcome.FAIL, "Disconnection at the cabinet.")
    row = line_test(session, broken.line_test_id, by=BY)
    assert (row.location, row.diagnosis_code, row.needs_appointment, row.report_advised) == (Location.CO, "T010", False, True)
    assert row.distance_metres
    assert row.service_level == "1"
    assert row.measured is not None
    assert row.measured["place"] == "cabinet"


@pytest.mark.parametrize("element", E)
def test_what_is_broken_beside_the_way_of_the_pair_is_not_met(session: Session, town: faults.Town, element: PlantElement) -> None:
    """The partner's line shares everything down to the distribution point, and nothing behind it."""
    breaks(session, element, C.SHORT)
    own = asked(session)
    beside = asked(session, number=town.carrier_line.number)
    assert own.outcome is TestOutcome.FAIL
    is_shared = element not in {E.PAIR, E.PREMISES}
    assert beside.outcome is (TestOutcome.FAIL if is_shared else TestOutcome.PASS)


@pytest.mark.usefixtures("town")
def test_what_is_mended_tests_right_again_and_what_hid_behind_it_shows(session: Session) -> None:
    breaks(session, E.PREMISES, C.LOOP)
    breaks(session, E.PAIR, C.DISCONNECTION)
    assert asked(session).diagnosis == "Disconnection in the cable."
    mend_plant(session, MendPlant(element=E.PAIR, number="01632960123"), by=BY, at=AT + timedelta(minutes=1))
    assert asked(session, at=AT + timedelta(minutes=2)).diagnosis == "Loop behind the socket."


def test_the_result_follows_from_the_plant_and_from_no_record(session: Session, town: faults.Town) -> None:
    """Whatever is reported, wherever the fault stands, whatever the pair is called: the same measurement, to the last ohm."""
    breaks(session, E.PAIR, C.EARTH, is_intermittent=True, distance_metres=412)
    breaks(session, E.CABINET, C.LOW_INSULATION, is_intermittent=True)
    head = Simulator(session)
    asks = [heads.Ask(number, town.line.pair_id, kind, AT) for number in range(1, 9) for kind in TestKind]
    references = [head.start(ask) for ask in asks]

    def measured() -> list[Measurement | heads.Running]:
        return [head.answer(reference, DONE_AT) for reference in references]

    first = measured()
    assert len(set(first)) > 4
    for symptom in SYMPTOMS:
        with session.begin_nested() as tried:
            made = Fault(
                number=f"ZZ{symptom}",
                district_code="ZZ",
                provider_id=town.account.provider_id,
                account_id=town.account.id,
                line_id=town.line.id,
                exchange_id=town.zz.exchange_id,
                state=FaultState.REPORTED,
                symptom_code=symptom,
                is_total_loss=True,
                contact_name="Ada",
                contact_phone="447700900123",
                equipment_checked=False,
                power_checked=False,
                care_level="1",
                line_care_level="1",
                reported_at=AT,
                accepted_at=AT,
                original_due_at=AT,
                due_at=AT,
                reported_by="TESTER",
                location=Location.EX,
            )
            session.add(made)
            session.flush()
            assert measured() == first
            tried.rollback()
    for state in PairState:
        session.execute(update(Pair).where(Pair.id == town.line.pair_id).values(state=state))
        assert measured() == first


def test_the_simulator_asks_nothing_but_topology_and_condition() -> None:
    asked_of = blocks(ROOT / "repairs" / "sql" / "testing.sql")["way"].sql
    assert "repairs." not in asked_of
    assert "state" not in asked_of
    source = (ROOT / "repairs" / "heads" / "simulator.py").read_text(encoding="utf-8")
    assert source.count(".execute(") == source.count('block("repairs", "testing.way")') == 1


# Slow tests.


@pytest.mark.usefixtures("town")
def test_a_full_test_waits_runs_and_is_taken_in(session: Session) -> None:
    breaks(session, E.DISTRIBUTION_POINT, C.BATTERY)
    fault = faults.report(session).fault_number
    begun = asked(session, kind=TestKind.FULL, fault_number=fault)
    assert (begun.state, begun.progress_percent, begun.outcome) == (TestState.RUNNING, 0, None)
    assert fault_of(session, fault).state is FaultState.REPORTED
    assert collected(session, AT + timedelta(seconds=20)) == LineTestsCollected(started=0, running=1, done=0, failed=0)
    assert line_test(session, begun.line_test_id, by=BY).progress_percent == 50
    assert collected(session) == LineTestsCollected(started=0, running=0, done=1, failed=0)
    row = line_test(session, begun.line_test_id, by=BY)
    assert (row.state, row.progress_percent, row.diagnosis_code, row.location) == (TestState.DONE, 100, "T023", Location.LN)
    assert row.finished_at == DONE_AT
    assert row.symptom_words == "That explains what the customer reports: no dial tone."
    now = fault_of(session, fault)
    assert (now.state, now.location, now.craft, now.line_test_id) == (FaultState.QUEUED, Location.LN, Craft.OVERHEAD, row.line_test_id)
    assert collected(session) == LineTestsCollected(started=0, running=0, done=0, failed=0)


@pytest.mark.usefixtures("town")
def test_progress_never_goes_back(session: Session) -> None:
    begun = asked(session, kind=TestKind.FULL)
    collected(session, AT + timedelta(seconds=30))
    collected(session, AT + timedelta(seconds=10))
    assert line_test(session, begun.line_test_id, by=BY).progress_percent == 75


@pytest.mark.usefixtures("town")
def test_a_line_is_measured_in_full_once_at_a_time(session: Session) -> None:
    begun = asked(session, kind=TestKind.FULL)
    error = refusal(asked, session, kind=TestKind.FULL)
    assert codes(error) == [("CSS334E", "number")]
    assert str(begun.line_test_id) in str(error)
    assert asked(session).state is TestState.DONE, "a quick look is possible meanwhile"
    collected(session)
    assert asked(session, kind=TestKind.FULL, at=DONE_AT).state is TestState.RUNNING


@pytest.mark.usefixtures("town")
def test_the_same_token_is_one_test(session: Session) -> None:
    first = asked(session, kind=TestKind.FULL, token="t1")
    assert asked(session, kind=TestKind.FULL, token="t1") == first
    assert faults.count(session, LineTest) == 1


# Heads that fail.


class _Broken(Simulator):
    def answer(self, reference: str, at: datetime) -> heads.Running | Measurement:
        raise heads.HeadError(f"The test head has no power ({reference}, {at}).")


class _Refusing(Simulator):
    def start(self, ask: heads.Ask) -> str:
        raise heads.HeadError(f"The test head is busy ({ask}).")


class _Asleep(Simulator):
    def answer(self, reference: str, at: datetime) -> heads.Running | Measurement:
        return heads.Running(len(reference) + at.second)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(("head", "said"), [(_Broken, "has no power"), (_Refusing, "is busy"), (_Asleep, "did not answer")])
@pytest.mark.parametrize("kind", TestKind)
def test_a_head_that_fails_says_nothing_about_the_line(
    session: Session, monkeypatch: pytest.MonkeyPatch, head: type[Simulator], said: str, kind: TestKind
) -> None:
    fault = faults.report(session).fault_number
    monkeypatch.setitem(heads.HEADS, "SIM", head)
    begun = asked(session, kind=kind, fault_number=fault)
    collected(session, AT + timedelta(minutes=29))
    collected(session, AT + timedelta(minutes=31))
    row = line_test(session, begun.line_test_id, by=BY)
    assert (row.state, row.outcome, row.location, row.tells_where) == (TestState.FAILED, None, None, False)
    assert row.diagnosis is not None
    assert said in row.diagnosis
    assert row.diagnosis.endswith(" This says nothing about the line: test it again.")
    now = fault_of(session, fault)
    assert (now.state, now.location, now.line_test_id) == (FaultState.REPORTED, None, None)
    assert said in last_words(session, fault, "test")


@pytest.mark.usefixtures("town")
def test_a_head_that_is_no_more_fails_its_tests(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asked(session, kind=TestKind.FULL)
    monkeypatch.delitem(heads.HEADS, "SIM")
    assert collected(session).failed == 1
    assert "There is no test head SIM any more." in (line_test(session, begun.line_test_id, by=BY).diagnosis or "")


# What a fault does with it.


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("element", "condition", "deeds", "craft"),
    [
        (E.PAIR, C.DISCONNECTION, ["test", "diagnose", "queue"], Craft.UNDERGROUND),
        (E.CABINET, C.SHORT, ["test", "diagnose", "queue"], Craft.UNDERGROUND),
        (E.EXCHANGE, C.DISCONNECTION, ["test", "diagnose", "queue"], Craft.FRAMES),
        (E.PAIR, C.DATA, ["test", "diagnose", "queue"], Craft.DATA),
        (E.PREMISES, C.LOOP, ["test", "diagnose"], Craft.HOME),
        (E.PAIR, C.EARTH, ["test"], None),
        (E.PAIR, C.UNSEEN, ["test"], None),
    ],
)
def test_a_result_moves_its_fault_as_far_as_it_tells(
    session: Session, element: PlantElement, condition: PlantCondition, deeds: list[str], craft: Craft | None
) -> None:
    breaks(session, element, condition)
    fault = faults.report(session).fault_number
    asked(session, fault_number=fault)
    assert [deed for deed, _ in story(session, fault)][1:] == deeds
    now = fault_of(session, fault)
    assert now.state is {"test": FaultState.TESTED, "diagnose": FaultState.DIAGNOSED, "queue": FaultState.QUEUED}[deeds[-1]]
    assert now.craft is craft
    assert (now.location is None) is (craft is None)


@pytest.mark.usefixtures("town")
def test_symptom_and_test_may_disagree_and_the_story_says_so(session: Session) -> None:
    fault = faults.report(session).fault_number
    asked(session, fault_number=fault)
    assert last_words(session, fault, "test") == (
        "Line test T000: Line test OK, dial tone OK. The line tests right, yet the customer reports no dial tone: "
        "an engineer who finds nothing is charged for."
    )
    assert fault_of(session, fault).state is FaultState.TESTED


@pytest.mark.usefixtures("town")
def test_a_later_test_is_believed_more_until_a_person_has_judged(session: Session) -> None:
    breaks(session, E.PREMISES, C.LOOP)
    fault = faults.report(session).fault_number
    asked(session, fault_number=fault)
    assert fault_of(session, fault).location is Location.CA
    mend_plant(session, MendPlant(element=E.PREMISES, number="01632960123"), by=BY, at=AT)
    breaks(session, E.CABINET, C.SHORT)
    asked(session, fault_number=fault)
    assert (fault_of(session, fault).location, fault_of(session, fault).state) == (Location.CO, FaultState.QUEUED)
    diagnose_fault(session, DiagnoseFault(fault_number=fault, location=Location.EX), by=FIELD, at=AT)
    asked(session, fault_number=fault)
    now = fault_of(session, fault)
    assert (now.location, now.craft) == (Location.EX, Craft.FRAMES)


@pytest.mark.usefixtures("town")
def test_a_parked_fault_is_tested_and_stays_parked(session: Session) -> None:
    breaks(session, E.CABINET, C.SHORT)
    fault = faults.report(session).fault_number
    park_fault(session, ParkFault(fault_number=fault, reason=ParkReason.PERMISSION, words="A landowner's leave."), by=FIELD, at=AT)
    asked(session, fault_number=fault)
    now = fault_of(session, fault)
    assert (now.state, now.location) == (FaultState.PARKED, Location.CO)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("ends", ["clear", "withdraw"])
def test_a_test_of_a_fault_that_ended_meanwhile_changes_nothing(session: Session, ends: str) -> None:
    breaks(session, E.CABINET, C.SHORT)
    fault = faults.report(session).fault_number
    begun = asked(session, kind=TestKind.FULL, fault_number=fault)
    at = AT + timedelta(seconds=5)
    faults.clear(session, fault, at=at) if ends == "clear" else faults.withdraw(session, fault, at=at)
    told, version = story(session, fault), fault_of(session, fault).row_version
    assert collected(session).done == 1
    assert (story(session, fault), fault_of(session, fault).row_version) == (told, version)
    assert line_test(session, begun.line_test_id, by=BY).outcome is TestOutcome.FAIL


@pytest.mark.usefixtures("town")
def test_a_fault_reported_on_a_test_that_runs_is_moved_when_it_answers(session: Session) -> None:
    breaks(session, E.CABINET, C.BATTERY)
    begun = asked(session, kind=TestKind.FULL)
    fault = faults.report(session, line_test_id=begun.line_test_id).fault_number
    assert fault_of(session, fault).state is FaultState.REPORTED
    collected(session)
    assert (fault_of(session, fault).state, fault_of(session, fault).location) == (FaultState.QUEUED, Location.CO)


@pytest.mark.usefixtures("town")
def test_a_fault_reported_on_a_test_that_is_done_is_judged_at_once(session: Session) -> None:
    breaks(session, E.CABINET, C.SHORT)
    fault = faults.report(session, line_test_id=asked(session).line_test_id).fault_number
    assert fault_of(session, fault).state is FaultState.QUEUED


@pytest.mark.usefixtures("town")
def test_what_goes_with_an_outage_is_not_tested_by_itself(session: Session) -> None:
    breaks(session, E.CABINET, C.SHORT)
    fault = faults.report(session).fault_number
    asked(session, kind=TestKind.FULL, fault_number=fault)
    failure = DeclareOutage(
        district_code="ZZ", kind=PlantKind.CABINET, exchange_code="WREN", cabinet_code="C1", cause="A lorry.", message="We are at it."
    )
    declare_outage(session, failure, by=FIELD, at=AT)
    told = story(session, fault)
    assert codes(refusal(asked, session, fault_number=fault)) == [("CSS332E", "fault_number")]
    assert collected(session).done == 1
    assert (story(session, fault), fault_of(session, fault).state) == (told, FaultState.REPORTED)
    assert asked(session).outcome is TestOutcome.FAIL, "the line alone may be tested"


@pytest.mark.parametrize("which", ["elsewhere", "ended"])
def test_a_test_with_a_fault_that_it_cannot_move_is_refused(session: Session, town: faults.Town, which: str) -> None:
    fault = faults.report(session).fault_number
    if which == "ended":
        faults.withdraw(session, fault)
    number = town.carrier_line.number if which == "elsewhere" else town.line.number
    assert codes(refusal(asked, session, number=number, fault_number=fault)) == [("CSS332E", "fault_number")]
    assert faults.count(session, LineTest) == 0


# Who may.


def test_a_partner_tests_its_own_lines_and_hears_of_no_other(session: Session, town: faults.Town) -> None:
    partner = builders.PARTNER_ACTOR
    its = asked(session, number=town.carrier_line.number, by=partner)
    assert line_test(session, its.line_test_id, by=partner).state is TestState.DONE
    nowhere = refusal(asked, session, number="01632 960999", by=partner)
    notmine = refusal(asked, session, number=town.line.number, by=partner)
    assert codes(nowhere) == codes(notmine) == [("CSS311E", "number")]
    ours = asked(session)
    assert codes(refusal(line_test, session, ours.line_test_id, by=partner)) == [("CSS333E", "line_test_id")]
    assert of_line(session, town.line.id, by=partner) == ()
    assert [row.line_test_id for row in of_line(session, town.carrier_line.id, by=partner)] == [its.line_test_id]
    assert [row.line_test_id for row in of_line(session, town.line.id, by=BY)] == [ours.line_test_id]
    assert of_line(session, town.carrier_line.id, by=OTHER_PARTNER) == ()
    breaks(session, E.CABINET, C.SHORT)
    assert plant_troubles(session, "ZZ", by=partner) == ()


def test_a_contractor_tests_the_lines_of_its_own_jobs(session: Session, town: faults.Town) -> None:
    carl = Actor("operator", "CARL", "RETAIL", frozenset({Role.CONTRACTOR.value}), "screen")
    assert (
        codes(refusal(asked, session, by=carl)) == codes(refusal(asked, session, number="01632 960999", by=carl)) == [("CSS311E", "number")]
    )
    ours = asked(session)
    assert of_line(session, town.line.id, by=carl) == ()
    fault = faults.report(session).fault_number
    engineer = Engineer(code="CARL", name="Carl", district_code="ZZ", calendar_code="FIELD")
    session.add(engineer)
    session.flush()
    session.add(
        Visit(fault_id=fault_of(session, fault).id, engineer_id=engineer.id, state=VisitState.ISSUED, issued_at=AT, issued_by="TESTER")
    )
    session.flush()
    assert asked(session, by=carl).state is TestState.DONE
    assert line_test(session, ours.line_test_id, by=carl).line_id == town.line.id
    assert plant_troubles(session, "ZZ", by=carl) == ()


def test_an_auxiliary_line_is_tested_by_its_place(session: Session, town: faults.Town) -> None:
    pair_id = town.zz.pair_ids[4]
    session.execute(update(Pair).where(Pair.id == pair_id).values(state=PairState.WORKING))
    second = Line(
        district_code="ZZ",
        provider_id=town.account.provider_id,
        account_id=town.account.id,
        site_id=town.line.site.id,
        pair_id=pair_id,
        state=LineState.WORKING,
        starts_on=builders.DAY,
        auxiliary_of_id=town.line.id,
    )
    session.add(second)
    session.flush()
    breaks(session, E.PAIR, C.SHORT, number="01632960123/2")
    assert asked(session).outcome is TestOutcome.PASS
    broken = asked(session, number="01632 960123/2")
    assert broken.outcome is TestOutcome.FAIL
    row = line_test(session, broken.line_test_id, by=BY)
    assert (row.line_id, row.number, row.service_level) == (second.id, "441632960123", "1")
    assert codes(refusal(asked, session, number="01632 960123/3")) == [("CSS316E", "number")]
