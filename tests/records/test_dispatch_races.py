"""Many who want faults at one moment: each fault goes to one, each engineer gets one, nobody waits for nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.core.errors import Conflict, CssError, NotFound
from css.db.engine import make_engine, transaction
from repairs.commands.dispatch import FaultIssued
from repairs.model import Engineer, Fault, Visit
from repairs.words import FaultState
from tests import builders
from tests.race import in_the_background, together, until_somebody_waits
from tests.records.engineers import arrive, assign, engineer, queue, recall, take
from tests.records.faults import report

CODES = ("ANN", "BOB", "CYD", "DEE", "EVE", "FAY")


def _queued(session: Session, faults: int) -> list[str]:
    zz = builders.district(session, pairs=12, sites=10)
    account = builders.account(session, zz)
    numbers = [report(session, number=builders.working_line(session, zz, account).number).fault_number for _ in range(faults)]
    for number in numbers:
        queue(session, number)
    return numbers


def _in_a_transaction(engine: Engine, deed: Callable[..., FaultIssued], *arguments: str) -> Callable[[], FaultIssued]:
    def run() -> FaultIssued:
        with transaction(engine) as session:
            return deed(session, *arguments)

    return run


def test_two_dispatchers_and_one_fault_one_wins_and_the_other_is_told_who_has_it(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        (number,) = _queued(session, 1)
        engineer(session, "ANN")
        engineer(session, "BOB")
    with transaction(fresh_engine) as first:
        assign(first, number, "ANN")

        def commit_when_it_waits() -> FaultIssued | None:
            until_somebody_waits(fresh_engine)
            first.commit()
            return None

        told, _ = together(_in_a_transaction(fresh_engine, assign, number, "BOB"), commit_when_it_waits)
    assert isinstance(told, Conflict)
    assert told.code == "CSS340E"
    assert "ANN Ann Fitter" in str(told)


def test_one_engineer_and_two_faults_the_second_is_told_of_the_first(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        one, other = _queued(session, 2)
        engineer(session, "ANN")
    with transaction(fresh_engine) as first:
        assign(first, one, "ANN")

        def commit_when_it_waits() -> FaultIssued | None:
            until_somebody_waits(fresh_engine)
            first.commit()
            return None

        told, _ = together(_in_a_transaction(fresh_engine, assign, other, "ANN"), commit_when_it_waits)
    assert isinstance(told, Conflict)
    assert (told.code, one in str(told)) == ("CSS339E", True)
    with transaction(fresh_engine) as session:
        assert session.execute(select(Fault.state).where(Fault.number == other)).scalar_one() is FaultState.QUEUED


def test_whoever_takes_next_beside_an_open_transaction_gets_another_and_does_not_wait(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        one, other = sorted(_queued(session, 2))
        engineer(session, "ANN")
        engineer(session, "BOB")
    with transaction(fresh_engine) as first:
        assert take(first, "ANN").fault_number == one
        with transaction(fresh_engine) as second:
            assert take(second, "BOB").fault_number == other


def test_as_many_as_there_are_faults_get_one_each_and_the_others_nothing(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        numbers = _queued(session, 4)
        for code in CODES:
            engineer(session, code)
    answers = together(*(_in_a_transaction(fresh_engine, take, code) for code in CODES))
    taken = [answer.fault_number for answer in answers if isinstance(answer, FaultIssued)]
    assert sorted(taken) == sorted(numbers)
    assert {answer.code for answer in answers if isinstance(answer, CssError)} == {"CSS343E"}
    _sound(fresh_engine, 4)


def test_one_engineer_who_asks_six_times_has_one_fault(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        _queued(session, 6)
        engineer(session, "ANN")
    answers = together(*[_in_a_transaction(fresh_engine, take, "ANN")] * 6)
    assert sum(isinstance(answer, FaultIssued) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, CssError)} == {"CSS339E"}
    _sound(fresh_engine, 1)


def test_takers_givers_and_recallers_together_leave_a_sound_board(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        numbers = _queued(session, 3)
        for code in CODES:
            engineer(session, code)
        assign(session, numbers[0], "FAY")
    deeds = [_in_a_transaction(fresh_engine, take, code) for code in CODES[:3]]
    deeds += [_in_a_transaction(fresh_engine, assign, number, code) for number, code in zip(numbers, CODES[2:], strict=False)]

    def recall_it() -> FaultIssued | None:
        with transaction(fresh_engine) as session:
            recall(session, numbers[0])
        return None

    answers = together(*deeds, recall_it)
    assert all(not isinstance(answer, Exception) or isinstance(answer, (Conflict, NotFound)) for answer in answers), answers
    with transaction(fresh_engine) as session:
        live = session.execute(select(func.count()).select_from(Visit).where(Visit.ended_at.is_(None))).scalar_one()
    _sound(fresh_engine, live)


def test_a_fault_that_is_just_being_changed_is_passed_over(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        one, other = sorted(_queued(session, 2))
        engineer(session, "ANN")
    with transaction(fresh_engine) as first:
        first.execute(select(Fault).where(Fault.number == one).with_for_update())
        with transaction(fresh_engine) as second:
            assert take(second, "ANN").fault_number == other


def test_a_recall_waits_for_the_arrival_and_is_refused(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        (number,) = _queued(session, 1)
        engineer(session, "ANN")
        assign(session, number, "ANN")

    def recall_it() -> str:
        try:
            with transaction(fresh_engine) as session:
                recall(session, number)
        except CssError as error:
            return error.code
        return "recalled"

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as first:
            arrive(first, number)
            running = in_the_background(fresh_engine, pool, recall_it)
        assert running.result() == "CSS301E"


def _take_in_a_process(url: str, code: str, answers: multiprocessing.Queue[str]) -> None:
    engine = make_engine(url, pooled=False)
    try:
        with transaction(engine) as session:
            answers.put(take(session, code).fault_number)
    except CssError as error:
        answers.put(error.code)
    finally:
        engine.dispose()


@pytest.mark.timeout(60)
def test_processes_of_their_own_get_a_fault_each(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        numbers = _queued(session, 2)
        for code in CODES[:3]:
            engineer(session, code)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[str] = context.Queue()
    url = fresh_engine.url.render_as_string(hide_password=False)
    processes = [context.Process(target=_take_in_a_process, args=(url, code, answers)) for code in CODES[:3]]
    for process in processes:
        process.start()
    told = sorted(answers.get(timeout=50) for _ in processes)
    for process in processes:
        process.join(10)
    assert told == sorted([*numbers, "CSS343E"])
    _sound(fresh_engine, 2)


def _sound(engine: Engine, live: int) -> None:
    """Every live visit has an engineer and a fault of its own, and the faults stand where their visits say."""
    with transaction(engine) as session:
        rows = session.execute(
            select(Fault.number, Fault.state, Engineer.code)
            .join(Visit, Visit.fault_id == Fault.id)
            .join(Engineer, Engineer.id == Visit.engineer_id)
            .where(Visit.ended_at.is_(None))
        ).all()
        assert len({row.number for row in rows}) == len({row.code for row in rows}) == len(rows) == live
        issued = session.execute(select(Fault.number).where(Fault.state.in_([FaultState.ISSUED, FaultState.ON_SITE]))).scalars()
        assert sorted(issued) == sorted(row.number for row in rows)
