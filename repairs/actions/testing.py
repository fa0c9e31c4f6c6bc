"""Testing lines: asking a test head, taking in what it answers, and moving the fault that is judged by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.core.phone import display_number
from css.core.words import PlantElement
from repairs import heads
from repairs.actions.finding import InTrouble, line_in_trouble
from repairs.actions.working import locked_fault, require_may, step, tell
from repairs.commands.testing import CollectLineTests, LineTested, LineTestsCollected, TestLine
from repairs.model import Engineer, Fault, LineTest, Visit
from repairs.rules.diagnosis import agree
from repairs.rules.seeing import sees_only_own_visits
from repairs.rules.testing import TestResult, crafted, is_told_where, judge
from repairs.words import OPEN_STATES, Craft, FaultState, TestKind, TestState

GIVE_UP_AFTER: Final = timedelta(minutes=30)
"""A test head that has not answered by then has failed."""
UNFINISHED: Final = (TestState.WAITING, TestState.RUNNING)
_BEFORE_AN_ENGINEER: Final = OPEN_STATES - {FaultState.ISSUED, FaultState.ON_SITE}
"""Once somebody is there, they see more than a test does."""
_MOST: Final = 1000


@audit.answered
def test_line(session: Session, command: TestLine, *, by: Actor, at: datetime) -> LineTested:
    """Have a line measured. A quick test answers at once; a full one is begun and taken in by ``collect_line_tests``.

    Raises:
        BadMessage: what ``parse_number`` says, no telephone number.
        NotFound: CSS311E, CSS316E; CSS313E, the fault.
        Refused: CSS315E; CSS332E, the fault is of another line, has ended, or goes with its outage.
        Conflict: CSS334E, a full test of the line is running.
    """
    require_may(by, "test")
    fault = locked_fault(session, command.fault_number, by) if command.fault_number else None
    line = line_in_trouble(session, command.number, by=by, at=at)
    _require_visit(session, line, by)
    if fault is not None:
        _require_testable(fault, line)
    assert line.pair_id is not None, "a working line has its pair (ck_line_jointed_has_pair)"
    if command.kind is TestKind.FULL:
        _require_idle(session, line)
    test = LineTest(
        line_id=line.line_id,
        pair_id=line.pair_id,
        kind=command.kind,
        state=TestState.WAITING,
        progress_percent=0,
        head=heads.CHOSEN,
        asked_at=at,
        asked_by=by.name,
        fault_number=fault.number if fault is not None else None,
    )
    session.add(test)
    session.flush()
    _go_on(session, test, at)
    if test.state is TestState.RUNNING and command.kind is TestKind.QUICK:
        _go_on(session, test, at)
    if fault is not None and test.state not in UNFINISHED:
        apply_test(session, fault, test, by=by, at=at)
    told = {name: value for name, value in to_plain(command).items() if name != "token"}
    audit.record(
        session,
        by=by,
        at=at,
        verb="test_line",
        subject=("line", line.guided.number),
        after={**told, "line_test_id": test.id, "state": test.state.value},
    )
    session.flush()
    return tested(test)


test_line.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test wherever it is imported


@audit.answered
def collect_line_tests(session: Session, command: CollectLineTests, *, by: Actor, at: datetime) -> LineTestsCollected:
    """Begin the tests that wait, and take in what test heads have answered, moving the faults that are judged by it.

    What another collector is at is left to it. All of it is one transaction: whoever dies in it has done nothing, and the next
    does it.

    Raises:
        Refused: CSS315E.
    """
    require_may(by, "reckon")
    mine = (
        session.execute(
            select(LineTest)
            .where(LineTest.state.in_(UNFINISHED))
            .order_by(LineTest.id)
            .limit(max(1, min(command.most, _MOST)))
            .with_for_update(skip_locked=True, key_share=True)
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )
    counted = dict.fromkeys(TestState, 0)
    started = 0
    for test in mine:
        waited = test.state is TestState.WAITING
        _go_on(session, test, at)
        started += waited and test.state is TestState.RUNNING
        counted[test.state] += 1
    finished = [test for test in mine if test.state not in UNFINISHED]
    _apply_all(session, finished, by=by, at=at)
    for test in finished:
        audit.record(
            session,
            by=by,
            at=at,
            verb="collect_line_tests",
            subject=("line-test", str(test.id)),
            after={"state": test.state.value, "outcome": test.outcome.value if test.outcome else None},
        )
    session.flush()
    return LineTestsCollected(
        started=started, running=counted[TestState.RUNNING], done=counted[TestState.DONE], failed=counted[TestState.FAILED]
    )


def apply_test(session: Session, fault: Fault, line_test: LineTest, *, by: Actor, at: datetime) -> None:
    """Judge a fault, whose row the caller has locked, by a test of its line.

    It becomes tested; where the result tells where, diagnosed, with the craft that must go; and queued when nobody need let
    the engineer in. What a person diagnosed stands, and what an engineer has already. A test that still runs is applied when it
    answers. One that failed changes nothing, nor does one of a fault that has ended or that goes with its outage.
    """
    _belongs(session, fault, line_test)
    if line_test.state in UNFINISHED or fault.state not in OPEN_STATES or fault.outage_id is not None:
        return
    if line_test.state is TestState.FAILED:
        tell(session, fault, "test", f"Line test: {line_test.diagnosis}", by=by, at=at)
        return
    assert line_test.outcome is not None, "a test that is done has its outcome (ck_line_test_done_has_outcome)"
    moves = is_told_where(line_test.location) and fault.state in _BEFORE_AN_ENGINEER and not _is_a_persons(session, fault)
    fault.line_test_id = line_test.id
    if moves:
        fault.location = line_test.location
        fault.craft = _craft(line_test)
    words = f"Line test {line_test.diagnosis_code}: {line_test.diagnosis}"
    step(session, fault, "test", f"{words} {agree(fault.symptom_code, line_test.outcome, line_test.condition)}", by=by, at=at)
    if moves:
        _move_on(session, fault, line_test, by, at)


def _belongs(session: Session, fault: Fault, line_test: LineTest) -> None:
    """A test knows its fault: one that still runs is applied by whoever takes it in."""
    if line_test.state in UNFINISHED and line_test.fault_number != fault.number:
        # Whoever collects may be taking it in at this moment: then it is done when we have the row.
        session.refresh(line_test, with_for_update={"key_share": True})
        if line_test.state in UNFINISHED:
            line_test.fault_number = fault.number
    line_test.fault_number = line_test.fault_number or fault.number
    session.flush()


def _move_on(session: Session, fault: Fault, line_test: LineTest, by: Actor, at: datetime) -> None:
    if fault.state is FaultState.TESTED:
        step(session, fault, "diagnose", _diagnosed(line_test), by=by, at=at)
    if fault.state is FaultState.DIAGNOSED and not line_test.needs_appointment:
        step(session, fault, "queue", "It waits for an engineer; nobody need be in.", by=by, at=at)


def tested(test: LineTest) -> LineTested:
    """How a test stands, as verbs answer it."""
    return LineTested(
        line_test_id=test.id,
        state=test.state,
        progress_percent=test.progress_percent,
        outcome=test.outcome,
        diagnosis=test.diagnosis,
    )


def _diagnosed(test: LineTest) -> str:
    assert test.location is not None, "who goes is said of a place"
    craft = _craft(test)
    who = f"; an engineer for {craft.value} goes" if craft is not None else ""
    access = " Somebody must let the engineer in: make an appointment." if test.needs_appointment else ""
    return f"Main fault location {test.location.value}{who}.{access}"


def _craft(test: LineTest) -> Craft | None:
    assert test.location is not None, "who goes is said of a place"
    place = (test.measured or {}).get("place")
    return crafted(test.location, PlantElement(place) if place else None)


def _go_on(session: Session, test: LineTest, at: datetime) -> None:
    """One step of a test that is not finished: begun, looked after, taken in or given up."""
    try:
        head = heads.head_named(session, test.head)
        if test.state is TestState.WAITING:
            test.head_reference = head.start(heads.Ask(test.id, test.pair_id, test.kind, at))
            test.state = TestState.RUNNING
            return
        assert test.head_reference is not None, "what runs was begun"
        answer = head.answer(test.head_reference, at)
    except heads.HeadError as failure:
        _give_up(test, str(failure), at)
        return
    if not isinstance(answer, heads.Running):
        _take_in(test, judge(answer), at)
    elif at - test.asked_at > GIVE_UP_AFTER:
        _give_up(test, "The test head did not answer.", at)
    else:
        test.progress_percent = max(test.progress_percent, min(99, answer.percent))


def _give_up(test: LineTest, why: str, at: datetime) -> None:
    test.state = TestState.FAILED
    test.finished_at = at
    test.diagnosis = f"{why} This says nothing about the line: test it again."


def _take_in(test: LineTest, result: TestResult, at: datetime) -> None:
    test.state = TestState.DONE
    test.progress_percent = 100
    test.finished_at = at
    test.outcome = result.outcome
    test.diagnosis = result.diagnosis
    test.diagnosis_code = result.diagnosis_code
    test.location = result.location
    test.condition = result.condition
    test.needs_appointment = result.needs_appointment
    test.report_advised = result.report_advised
    test.line_stability = result.line_stability
    test.network_stability = result.network_stability
    test.stability_words = result.stability_words
    test.distance_metres = result.distance_metres
    test.measured = to_plain(result.look)


def _apply_all(session: Session, finished: Sequence[LineTest], *, by: Actor, at: datetime) -> None:
    """The faults are locked in the order of their ids, as everywhere, before the first is changed."""
    numbers = [test.fault_number for test in finished if test.fault_number is not None]
    if not numbers:
        return
    faults = {
        fault.number: fault
        for fault in session.execute(
            select(Fault).where(Fault.number.in_(numbers)).order_by(Fault.id).with_for_update().execution_options(populate_existing=True)
        ).scalars()
    }
    for test in finished:
        if test.fault_number is not None:
            apply_test(session, faults[test.fault_number], test, by=by, at=at)


def _is_a_persons(session: Session, fault: Fault) -> bool:
    """Whether what the fault says of its place is somebody's own finding and not its last test's."""
    if fault.location is None:
        return False
    last = session.get(LineTest, fault.line_test_id) if fault.line_test_id is not None else None
    return last is None or last.location is not fault.location


def _require_visit(session: Session, line: InTrouble, by: Actor) -> None:
    """A contractor tests the lines whose faults were given to them, and hears of no other."""
    if not sees_only_own_visits(by):
        return
    given = exists().where(
        Visit.fault_id == Fault.id, Fault.line_id == line.line_id, Visit.engineer_id == Engineer.id, Engineer.code == by.name
    )
    if not session.execute(select(given)).scalar_one():
        raise NotFound("CSS311E", "No working line has the number {number}.", number=display_number(line.guided.number), element="number")


def _require_testable(fault: Fault, line: InTrouble) -> None:
    if fault.line_id != line.line_id:
        sentence = "Fault {fault} is not on this line; test the line that it is on, or the line alone."
        raise Refused("CSS332E", sentence, fault=fault.number, element="fault_number")
    if fault.state not in OPEN_STATES:
        sentence = "Fault {fault} is {state}: there is nothing to test for it; the line alone can be tested."
        raise Refused("CSS332E", sentence, fault=fault.number, state=fault.state.value, element="fault_number")
    if fault.outage_id is not None:
        sentence = "Fault {fault} goes with its outage and is not tested by itself; the line alone can be."
        raise Refused("CSS332E", sentence, fault=fault.number, element="fault_number")


def _require_idle(session: Session, line: InTrouble) -> None:
    """Two that ask at one instant may both be let through; the head measures twice, and nothing is wrong with that."""
    running = session.execute(
        select(LineTest.id, LineTest.progress_percent)
        .where(LineTest.line_id == line.line_id, LineTest.kind == TestKind.FULL, LineTest.state.in_(UNFINISHED))
        .limit(1)
    ).one_or_none()
    if running is not None:
        sentence = "Line test {test} of this line is running, {percent} % done; wait for its answer."
        raise Conflict("CSS334E", sentence, test=running.id, percent=running.progress_percent, element="number")
