"""The clock of the night: when its time has come, what is tried again and what waits for a person, one run for many clocks."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time as timing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from batch import queries, repository, scheduler
from batch.engine import run_net
from batch.model import ExecutionState, JobExecution
from batch.net import Context, Counts, Net, SingleStep, Work
from batch.queries import LastAttempt, NextNight
from batch.scheduler import DueNight, NightClock, due_nights, has_come, may_start
from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.db.engine import make_engine, transaction
from css.master.districts import BusinessDate
from tests import builders
from tests.race import together

BY = Actor("batch", "night", "RETAIL", door="night")
NIGHT_OF = date(2026, 3, 1)
"""The first night of a district that opened on 2 March."""
DUE_AT = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


# When.


@pytest.mark.parametrize(
    ("business_date", "now", "come"),
    [
        (date(2026, 1, 14), "2026-01-15T02:14:59+00:00", False),
        (date(2026, 1, 14), "2026-01-15T02:15:00+00:00", True),
        (date(2026, 1, 14), "2026-01-14T23:00:00+00:00", False),
        (date(2026, 1, 14), "2026-02-15T00:00:00+00:00", True),
        # In summer London is an hour before the sun.
        (date(2026, 7, 14), "2026-07-15T01:14:59+00:00", False),
        (date(2026, 7, 14), "2026-07-15T01:15:00+00:00", True),
        # 29 March 2026: one o'clock becomes two, so 02:15 is a quarter past one by the sun.
        (date(2026, 3, 28), "2026-03-29T01:14:59+00:00", False),
        (date(2026, 3, 28), "2026-03-29T01:15:00+00:00", True),
        # 25 October 2026: the hour from one to two comes twice; 02:15 comes once, after both.
        (date(2026, 10, 24), "2026-10-25T01:15:00+00:00", False),
        (date(2026, 10, 24), "2026-10-25T02:14:59+00:00", False),
        (date(2026, 10, 24), "2026-10-25T02:15:00+00:00", True),
    ],
)
def test_a_night_may_begin_at_a_quarter_past_two_in_london(business_date: date, now: str, come: bool) -> None:
    assert has_come(business_date, datetime.fromisoformat(now)) is come


def _attempt(
    state: ExecutionState, ended: timedelta | None = None, code: int | None = None, *, started: timedelta = MINUTE * 60, alive: bool = False
) -> LastAttempt:
    """An attempt by how long ago it started and ended."""
    return LastAttempt(state, DUE_AT - started, None if ended is None else DUE_AT - ended, code, alive)


@pytest.mark.parametrize(
    ("last", "may"),
    [
        (None, True),
        (_attempt(ExecutionState.FAILED, MINUTE * 5, 16), True),
        (_attempt(ExecutionState.FAILED, MINUTE * 4, 16), False),
        (_attempt(ExecutionState.FAILED, MINUTE * 600, 8), False),
        (_attempt(ExecutionState.FAILED, MINUTE * 600, 12), False),
        (_attempt(ExecutionState.STOPPED, MINUTE * 600, 0), False),
        (_attempt(ExecutionState.COMPLETED, MINUTE * 600, 0), False),
        (_attempt(ExecutionState.COMPLETED, MINUTE * 600, 4), False),
        (_attempt(ExecutionState.RUNNING, alive=True), False),
        (_attempt(ExecutionState.RUNNING, alive=False), True),
        (_attempt(ExecutionState.RUNNING, started=MINUTE * 4, alive=False), False),
        (_attempt(ExecutionState.RUNNING, started=MINUTE * 5, alive=False), True),
    ],
)
def test_what_failed_for_want_of_a_server_is_tried_again_and_the_rest_waits_for_a_person(last: LastAttempt | None, may: bool) -> None:
    assert may_start(last, DUE_AT) is may


def test_each_district_has_its_own_next_night() -> None:
    nights = [
        NextNight("ZX", date(2026, 2, 20), None),
        NextNight("ZY", date(2026, 3, 2), None),
        NextNight("ZZ", date(2026, 3, 1), None),
        NextNight("ZW", date(2026, 3, 1), _attempt(ExecutionState.FAILED, MINUTE, 12)),
    ]
    assert due_nights(nights, DUE_AT) == (DueNight("ZX", date(2026, 2, 20)), DueNight("ZZ", date(2026, 3, 1)))
    assert due_nights(nights, DUE_AT - MINUTE) == (DueNight("ZX", date(2026, 2, 20)),)
    assert due_nights([], DUE_AT) == ()


# What the tables say.


def _attempted(engine: Engine, code: int | None, *, night_of: date = NIGHT_OF, at: datetime = DUE_AT) -> None:
    """Leave an attempt behind: ended with a return code, or without a word."""
    with transaction(engine) as session:
        instance = repository.plan(session, "night", "ZZ", night_of, at)
        execution_id, _ = repository.begin_attempt(session, instance.id, BY, at)
        if code is not None:
            state = ExecutionState.COMPLETED if code < 8 else ExecutionState.FAILED
            error = Refused("CSS620E", "The books do not balance.") if code >= 8 else None
            repository.end_attempt(session, instance.id, execution_id, state, at, code, error)


def _next(engine: Engine) -> tuple[NextNight, ...]:
    with transaction(engine) as session:
        return queries.next_nights(session)


@pytest.fixture
def town(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
    return fresh_engine


def test_the_next_night_is_known_with_its_last_attempt(town: Engine) -> None:
    assert _next(town) == (NextNight("ZZ", date(2026, 3, 2), None),)
    with transaction(town) as session:
        session.execute(update(BusinessDate).values(closed_through=date(2026, 2, 28)))
    _attempted(town, 16)
    _attempted(town, 8, at=DUE_AT + MINUTE)
    _attempted(town, 16, night_of=date(2026, 2, 28), at=DUE_AT + MINUTE * 9)
    at = DUE_AT + MINUTE
    assert _next(town) == (NextNight("ZZ", NIGHT_OF, LastAttempt(ExecutionState.FAILED, at, at, 8, is_alive=False)),)


def test_a_night_is_alive_while_a_process_holds_it(town: Engine) -> None:
    _attempted(town, None, night_of=date(2026, 3, 2))
    with transaction(town) as session:
        instance = repository.plan(session, "night", "ZZ", date(2026, 3, 2), DUE_AT)
        other = repository.plan(session, "night", "ZZ", date(2026, 3, 3), DUE_AT)

    def alive() -> bool:
        (night,) = _next(town)
        assert night.last is not None
        assert night.last.state is ExecutionState.RUNNING
        return night.last.is_alive

    with repository.instance_lock(town, other.id) as held:
        assert held
        assert not alive()
    with repository.instance_lock(town, instance.id) as held:
        assert held
        assert alive()
    assert not alive()


# Ticking.


@dataclass
class Hands:
    """A clock that is moved by hand, and the nights it started, which end when told to."""

    at: datetime = DUE_AT
    started: list[DueNight] = field(default_factory=list)
    status: int | None = None

    def now(self) -> datetime:
        return self.at

    def start(self, night: DueNight) -> Hands:
        self.started.append(night)
        self.status = None
        return self

    def poll(self) -> int | None:
        return self.status

    def wait(self) -> int:
        return 0


@pytest.fixture
def first_night(town: Engine) -> Engine:
    with transaction(town) as session:
        session.execute(update(BusinessDate).values(closed_through=date(2026, 2, 28)))
    return town


def test_a_night_is_started_once_and_left_alone_while_it_runs(first_night: Engine) -> None:
    hands = Hands(DUE_AT - timedelta(seconds=1))
    clock = NightClock(first_night, hands, hands.start)
    clock.tick()
    assert hands.started == []
    for _ in range(3):
        hands.at += timedelta(minutes=20)
        clock.tick()
    assert hands.started == [DueNight("ZZ", NIGHT_OF)]


@pytest.mark.parametrize(("code", "tries"), [(16, 2), (8, 1), (12, 1)])
def test_a_failed_night_is_not_started_at_every_look(first_night: Engine, code: int, tries: int) -> None:
    hands = Hands()
    clock = NightClock(first_night, hands, hands.start)
    clock.tick()
    _attempted(first_night, code, at=DUE_AT + MINUTE)
    hands.at, hands.status = DUE_AT + MINUTE, 2
    for _ in range(19):
        hands.at += timedelta(seconds=15)
        clock.tick()
    assert len(hands.started) == 1
    hands.at = DUE_AT + MINUTE * 6
    clock.tick()
    assert len(hands.started) == tries


def test_a_process_that_leaves_no_trace_is_started_again_only_after_a_while(first_night: Engine) -> None:
    """As when the program itself cannot start: nothing in the tables says that it was tried."""
    hands = Hands()
    clock = NightClock(first_night, hands, hands.start)
    starts = []
    for _ in range(41):  # ten minutes of looking every 15 seconds, the process dead each time
        clock.tick()
        hands.status = 2
        starts.append(len(hands.started))
        hands.at += timedelta(seconds=15)
    assert (starts[0], starts[19], starts[20], starts[39], starts[40]) == (1, 1, 2, 2, 3)


def test_after_a_missed_week_the_nights_come_one_at_a_time(first_night: Engine) -> None:
    hands = Hands(DUE_AT + timedelta(days=7))
    clock = NightClock(first_night, hands, hands.start)
    for n in range(9):
        clock.tick()
        clock.tick()
        hands.status = 0
        with transaction(first_night) as session:
            closed = NIGHT_OF + timedelta(days=min(n, 7))
            session.execute(update(BusinessDate).values(current_on=closed + timedelta(days=1), closed_through=closed))
    assert [night.business_date for night in hands.started] == [NIGHT_OF + timedelta(days=n) for n in range(8)]


def test_a_database_that_does_not_answer_stops_no_clock(caplog: pytest.LogCaptureFixture) -> None:
    hands = Hands()
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nowhere")
    with caplog.at_level("WARNING"):
        NightClock(nowhere, hands, hands.start).tick()
    assert hands.started == []
    assert "the clock cannot look: CSS020E" in caplog.text


def test_two_clocks_at_once_are_one_run(first_night: Engine, tmp_path: Path) -> None:
    done: list[str] = []
    outcomes: list[str] = []
    threads: list[threading.Thread] = []
    both_started = threading.Barrier(2)

    def step(_session: object, _context: Context) -> Work:
        done.append("done")
        timing.sleep(0.2)
        return Work(Counts(1, 1))

    net = Net("night", "A short night.", (SingleStep("once", "Once", step),))

    def start(night: DueNight) -> Hands:
        def run() -> None:
            both_started.wait()
            try:
                outcome = run_net(
                    first_night, net, Context(night.district_code, night.business_date, DUE_AT, BY, tmp_path), clock=Hands(), workers=1
                )
                outcomes.append(str(outcome.return_code))
            except CssError as error:
                outcomes.append(error.code)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return Hands()

    together(*(NightClock(first_night, Hands(), start).tick for _ in range(2)))
    for thread in threads:
        thread.join()
    assert done == ["done"]
    assert len(outcomes) == 2
    assert "0" in outcomes
    assert set(outcomes) - {"0"} <= {"CSS601E", "CSS602E", "CSS603E"}
    with transaction(first_night) as session:
        assert session.execute(select(func.count()).select_from(JobExecution)).scalar_one() == 1


# For real.


@pytest.fixture
def environment(town: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", town.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("environment")
def test_a_night_is_run_by_a_process_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    assert scheduler.start_process(DueNight("QQ", NIGHT_OF)).wait() == 2
    assert capfd.readouterr().err.startswith("CSS101E ")


@pytest.mark.usefixtures("environment")
def test_the_clock_ends_when_it_is_interrupted() -> None:
    """The district's next night is that of 2 March 2026, so on any day this test is run it is due: the clock starts it."""
    words = [sys.executable, "-m", "css", "night", "clock"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)
    assert "business date" in first.lower()
    assert rest[1].splitlines()[-1].startswith("CSS003W ")
    assert process.returncode == 130
