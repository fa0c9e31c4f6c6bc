"""Two who collect, one who reports and one who collects, one who dies in the middle: no test is lost, none is taken in twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from css.cli import line_tests, main
from css.core.actor import Actor
from css.core.errors import Unavailable
from css.core.words import PlantCondition, PlantElement
from css.db.engine import transaction
from css.settings import settings
from repairs.actions import break_plant, collect_line_tests
from repairs.actions import test_line as have_tested
from repairs.commands.testing import BreakPlant, CollectLineTests, LineTestsCollected, TestLine
from repairs.heads.simulator import FULL_SECONDS
from repairs.model import Fault, FaultEvent, LineTest
from repairs.words import FaultState, TestKind, TestState
from tests.house.source import ROOT
from tests.race import in_the_background, together, until_somebody_waits
from tests.records import faults
from tests.records.faults import AT, BY

DONE_AT = AT + timedelta(seconds=FULL_SECONDS)
COLLECTOR = Actor("system", "LINETEST", "RETAIL", door="line tests")


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def begun(engine: Engine, *, with_fault: bool = True) -> faults.Town:
    """A line with a broken cabinet, a fault on it, and a full test that has been begun."""
    with transaction(engine) as session:
        town = faults.build(session)
        break_plant(
            session,
            BreakPlant(element=PlantElement.CABINET, number=town.line.number, condition=PlantCondition.BATTERY),
            by=BY,
            at=AT,
        )
        fault = faults.report(session).fault_number if with_fault else None
        have_tested(session, TestLine(number=town.line.number, kind=TestKind.FULL, fault_number=fault), by=BY, at=AT)
    return town


def collect(session: Session, at: datetime = DONE_AT) -> LineTestsCollected:
    return collect_line_tests(session, CollectLineTests(), by=COLLECTOR, at=at)


def collect_all(engine: Engine) -> LineTestsCollected:
    with transaction(engine) as session:
        return collect(session)


def standing(engine: Engine) -> tuple[TestState, FaultState, int]:
    """How the test and its fault stand, and how many events told of a test."""
    with engine.connect() as connection:
        return (
            connection.execute(select(LineTest.state)).scalar_one(),
            connection.execute(select(Fault.state)).scalar_one(),
            len(connection.execute(select(FaultEvent.id).where(FaultEvent.deed == "test")).all()),
        )


JUDGED = (TestState.DONE, FaultState.QUEUED, 1)


def test_of_two_collectors_each_test_is_one_ones(fresh_engine: Engine) -> None:
    begun(fresh_engine)
    with transaction(fresh_engine) as first:
        assert collect(first).done == 1
        assert collect_all(fresh_engine) == LineTestsCollected(started=0, running=0, done=0, failed=0), "it does not wait"
    assert collect_all(fresh_engine).done == 0
    assert standing(fresh_engine) == JUDGED


def test_many_collectors_at_one_instant_take_it_in_once(fresh_engine: Engine) -> None:
    begun(fresh_engine)
    said = together(*[lambda: collect_all(fresh_engine)] * 4)
    assert sum(one.done for one in said if isinstance(one, LineTestsCollected)) == 1
    assert not [one for one in said if isinstance(one, Exception)]
    assert standing(fresh_engine) == JUDGED


def test_who_dies_in_the_middle_has_done_nothing_and_the_next_does_it(fresh_engine: Engine) -> None:
    begun(fresh_engine)
    with Session(fresh_engine) as dying:
        assert collect(dying).done == 1
        pid = dying.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with fresh_engine.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        dying.invalidate()
    assert standing(fresh_engine) == (TestState.RUNNING, FaultState.REPORTED, 0)
    assert collect_all(fresh_engine).done == 1
    assert standing(fresh_engine) == JUDGED


def test_a_fault_that_is_cleared_while_its_test_is_taken_in_stays_cleared(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    begun(fresh_engine)
    with transaction(fresh_engine) as session:
        number = session.execute(select(Fault.number)).scalar_one()
        faults.clear(session, number, at=DONE_AT)
        collecting = in_the_background(fresh_engine, workers, lambda: collect_all(fresh_engine))
    assert collecting.result().done == 1
    assert standing(fresh_engine) == (TestState.DONE, FaultState.CLEARED, 0)


def test_a_report_on_a_test_that_is_being_taken_in_is_judged_by_it(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    """The report saw it running; by the time it has the row it is done, and nobody would come by again."""
    begun(fresh_engine, with_fault=False)

    def reported() -> str:
        with transaction(fresh_engine) as session:
            return faults.report(session, line_test_id=1, at=DONE_AT).fault_number

    with transaction(fresh_engine) as session:
        assert collect(session).done == 1
        reporting = in_the_background(fresh_engine, workers, reported)
    assert reporting.result()
    assert standing(fresh_engine) == JUDGED


def test_of_two_who_break_one_thing_the_second_is_told(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        faults.build(session)

    def breaks() -> str:
        with transaction(fresh_engine) as session:
            command = BreakPlant(element=PlantElement.PAIR, number="01632 960123", condition=PlantCondition.SHORT)
            return break_plant(session, command, by=BY, at=AT).words

    said = together(breaks, breaks)
    assert sorted(getattr(one, "code", "done") for one in said) == ["CSS337E", "done"]


# Whoever does it again and again.


class _Clock:
    def __init__(self, *instants: datetime) -> None:
        self._instants = list(instants)

    def now(self) -> datetime:
        return self._instants.pop(0) if len(self._instants) > 1 else self._instants[0]


def test_a_slow_test_is_finished_without_anybody(fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(fresh_engine)
    monkeypatch.setattr(line_tests, "EVERY_SECONDS", 0.01)
    ended = line_tests.beside(fresh_engine, _Clock(AT, AT + timedelta(seconds=10), DONE_AT))
    until = time.monotonic() + 10
    while standing(fresh_engine) != JUDGED and time.monotonic() < until:
        time.sleep(0.02)
    ended.set()
    assert standing(fresh_engine) == JUDGED


def test_a_database_that_is_away_does_not_end_it(
    fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun(fresh_engine)
    monkeypatch.setattr(line_tests, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(line_tests, "AFTER_TROUBLE_SECONDS", 0.01)
    whole, tries, ended = line_tests.collect, [Unavailable("CSS027E", "Away."), ValueError("Ours.")], threading.Event()

    def sometimes(engine: Engine, clock: _Clock) -> LineTestsCollected:
        if tries:
            raise tries.pop()
        return whole(engine, clock)

    monkeypatch.setattr(line_tests, "collect", sometimes)
    line_tests.keep_collecting(fresh_engine, _Clock(DONE_AT), ended, told=lambda _: ended.set())
    assert standing(fresh_engine) == JUDGED
    assert [record.levelname for record in caplog.records if record.name == line_tests.__name__] == ["ERROR", "WARNING"]


def test_the_process_that_collects_may_be_killed_at_any_time(
    fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It works by the wall's clock, so what began last March is done; a fault in another's hands holds it up, and there it dies."""
    begun(fresh_engine)
    url = fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = os.environ | {"CSS_DATABASE_URL": url, "CSS_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "css", "line-tests"]
    with transaction(fresh_engine) as session:
        session.execute(select(Fault.id).with_for_update())
        with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as running:
            until_somebody_waits(fresh_engine)
            running.send_signal(signal.SIGKILL)
            assert running.wait(10) == -signal.SIGKILL
    assert standing(fresh_engine)[1:] == (FaultState.REPORTED, 0)
    monkeypatch.setenv("CSS_DATABASE_URL", url)
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()
    assert [main(["line-tests", "--once"]), main(["line-tests", "--once"])] == [0, 0]
    settings.cache_clear()
    assert standing(fresh_engine) == JUDGED
    assert capsys.readouterr().out == "Begun 0, running 0, done 1, failed 0.\n", "the second found nothing to do"
