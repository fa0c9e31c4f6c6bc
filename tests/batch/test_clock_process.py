"""The clock as a process: run, interrupted, told to end, killed, cut off from its server; and runs that outlive whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine, select, text, update

from batch.clock.launching import Launch, a_clock_beats, start, start_process, words_of
from batch.clock.scheduler import JOB, Watchdog
from batch.clock.ticking import Clockwork
from batch.clock.times import DatabaseClock, database_clock
from batch.model import JobInstance, NightClock
from batch.nets import NETS
from batch.words import InstanceState
from css.core.clock import SystemClock
from css.db.engine import make_engine, transaction
from tests import builders
from tests.batch.clock_hands import DUE_AT, NIGHT_OF, Hands, clockwork, close

NIGHT = (JobInstance.net == "night") & (JobInstance.business_date == date(2026, 3, 2))
CLOCK = [sys.executable, "-m", "css", "night", "clock"]


@pytest.fixture
def town(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A district whose nights ended in the spring: whenever this test is run its next one is due."""
    with transaction(fresh_engine) as session:
        builders.district(session)
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    return fresh_engine


def _until(is_so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 200
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def _clocks(engine: Engine) -> list[tuple[int, bool]]:
    with transaction(engine) as session:
        return [(row.process_id, row.ended_at is not None) for row in session.execute(select(NightClock).order_by(NightClock.id)).scalars()]


@pytest.fixture
def clock(town: Engine) -> Iterator[subprocess.Popen[str]]:
    # As at a terminal, also where whatever runs these tests ignores interrupts.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(CLOCK, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as process:  # noqa: PLW1509 - no thread runs here yet
        yield process
        process.kill()


@pytest.mark.timeout(300)
def test_the_clock_ends_when_it_is_interrupted(town: Engine, clock: subprocess.Popen[str]) -> None:
    """It starts the night that is due, and waits for it when it is told to end from the keyboard."""
    assert clock.stderr is not None
    first = clock.stderr.readline()
    clock.send_signal(signal.SIGINT)
    rest = clock.communicate(timeout=200)
    assert " 1 read " in first, "the night says what its first step did"
    assert rest[1].splitlines()[-1].startswith("CSS003W ")
    assert clock.returncode == 130
    assert _clocks(town) == [(clock.pid, True)]
    with transaction(town) as session:
        assert session.execute(select(JobInstance.state).where(NIGHT)).scalar_one() is InstanceState.COMPLETED


@pytest.mark.timeout(300)
def test_a_run_outlives_the_clock_that_was_killed(town: Engine, clock: subprocess.Popen[str]) -> None:
    """The clock says nothing more, and after 90 seconds nobody counts on it; the night it started goes on to its end."""
    assert clock.stderr is not None
    clock.stderr.readline()
    clock.kill()
    clock.wait(30)
    assert _clocks(town) == [(clock.pid, False)]

    def is_over() -> bool:
        with transaction(town) as session:
            return session.execute(select(JobInstance.state).where(NIGHT)).scalar_one() is InstanceState.COMPLETED

    _until(is_over, "the night ends though its clock is gone")


@pytest.mark.parametrize("after", [0.0, 0.01, 0.1, 0.4])
def test_told_to_end_the_clock_ends_its_look_says_so_and_waits_for_nothing(after: float) -> None:
    """SIGTERM, as of a service that is stopped, whenever it comes: the runs under way are processes of their own."""
    program = (
        "import time\n"
        "from batch.clock import scheduler\n"
        "scheduler.TICK_SECONDS = 1\n"
        "class Work:\n"
        "    def tick(self):\n"
        "        print('looks', flush=True)\n"
        "        time.sleep(0.2)\n"
        "        print('looked', flush=True)\n"
        "    def wait(self): print('waits', flush=True)\n"
        "    def stop(self): print('stops', flush=True)\n"
        "scheduler.watch(None, {}, clockwork=Work())"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "looks\n"
        time.sleep(after)
        process.terminate()
        assert process.communicate(timeout=60)[0] == "looked\nstops\n"
    assert process.returncode == 0


def test_a_clock_killed_between_claim_and_start_holds_the_night_up_for_five_minutes_and_no_longer(town: Engine) -> None:
    close(town, date(2026, 2, 28), current=NIGHT_OF)

    def die(_launch: Launch) -> Hands:
        raise KeyboardInterrupt

    hands = Hands(DUE_AT)
    with pytest.raises(KeyboardInterrupt):
        clockwork(town, hands, start=die).tick()
    after = clockwork(town, hands)
    for _ in range(21):
        after.tick()
        if hands.started:
            break
        hands.at += timedelta(seconds=15)
    assert hands.at - DUE_AT == timedelta(minutes=5)
    assert hands.started == [Launch("ZZ", NIGHT_OF)]


def test_a_server_that_was_away_at_tick_time_is_found_again_and_what_was_due_is_started_once(
    town: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    close(town, date(2026, 2, 28), current=NIGHT_OF)
    hands = Hands(DUE_AT)
    clock = clockwork(town, hands)
    elsewhere = make_engine(town.url.set(database="postgres").render_as_string(hide_password=False), pooled=False)

    def bar(allowed: str) -> None:
        with elsewhere.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'ALTER DATABASE "{town.url.database}" ALLOW_CONNECTIONS {allowed}'))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": town.url.database}
            )

    clock.tick()
    hands.started.clear()
    hands.at += timedelta(minutes=6)
    bar("false")
    try:
        for _ in range(3):
            clock.tick()
    finally:
        bar("true")
    assert hands.started == []
    assert "the clock cannot look" in caplog.text
    for _ in range(3):
        clock.tick()
    assert hands.started == [Launch("ZZ", NIGHT_OF)]


def test_a_clock_that_is_frozen_with_a_row_in_its_hand_is_cut_off(town: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after SIGSTOP in the middle of a claim: the server ends its transaction, and the next clock gets the row."""
    monkeypatch.setattr(
        "batch.clock.ticking._BOUNDS", text("SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '300ms'")
    )
    close(town, date(2026, 2, 28), current=NIGHT_OF)
    hands = Hands(DUE_AT)
    frozen = threading.Event()
    thawed = threading.Event()

    class Freezing(Clockwork):
        def _claim(self, one):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the same as above it
            with self._transaction() as session:
                session.execute(update(JobInstance).where(JobInstance.id == one.run.id).values(claimed_until=None))
                frozen.set()
                thawed.wait(20)
            return super()._claim(one)

    slow = Hands(DUE_AT)
    stopped = Freezing(town, {"night": NETS["night"]}, start=slow.start, time=hands.time)
    thread = threading.Thread(target=stopped.tick)
    thread.start()
    assert frozen.wait(20)
    clockwork(town, hands).tick()
    thawed.set()
    thread.join(30)
    assert hands.started == [Launch("ZZ", NIGHT_OF)]
    assert slow.started == []


# Starting.


def test_a_run_is_named_by_what_it_is() -> None:
    on = date(2026, 3, 1)
    assert words_of(Launch("ZZ", on)) == ("night", "run", "ZZ", "--date", "2026-03-01")
    assert words_of(Launch("", on, "housekeeping")) == ("night", "run", "--date", "2026-03-01", "--net", "housekeeping")
    assert words_of(Launch("ZZ", on, "month-end", "again")) == (
        *("night", "run", "ZZ", "--date", "2026-03-01"),
        *("--net", "month-end", "--key", "again"),
    )


def test_a_night_is_run_by_a_process_of_its_own(town: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    assert start_process(Launch("QQ", NIGHT_OF)).wait() == 2
    assert capfd.readouterr().err.startswith("CSS101E ")


def test_a_door_that_does_not_wait_leaves_the_run_to_itself_and_knows_where_it_speaks(town: Engine, tmp_path: Path) -> None:
    # A fork server of an earlier test may be there.
    before = set(_children())
    log = start(Launch("QQ", NIGHT_OF, parameter_key="../../etc"), home=tmp_path)
    assert log.relative_to(tmp_path).parts[0] == "log"
    assert log.name == "night-QQ-2026-03-01-------etc.log"
    _until(lambda: log.read_text().startswith("CSS101E "), "the run says what it has to say in its file")
    assert not set(_children()) - before, "it is nobody's child"


def _children() -> list[str]:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


# Time.


def test_the_watchdog_has_it_look_when_the_machines_clock_was_set_back() -> None:
    """APScheduler counts by the wall: set back an hour, it would look again after an hour."""
    looked = threading.Event()
    scheduler = BackgroundScheduler(timezone="UTC")
    an_hour_off = SystemClock().now() + timedelta(hours=1)
    scheduler.add_job(looked.set, "interval", seconds=15, id=JOB, next_run_time=an_hour_off)
    dog = Watchdog(scheduler, SystemClock(), quiet=-1)
    scheduler.start()
    try:
        assert not looked.wait(0.2)
        dog.look()
        assert looked.wait(10)
    finally:
        scheduler.shutdown()


def test_the_watchdog_ends_a_process_whose_look_never_ends() -> None:
    program = (
        "from batch.clock.scheduler import Watchdog\nfrom css.core.clock import SystemClock\n"
        "dog = Watchdog(None, SystemClock(), hung=-1)\ndog.began()\ndog.look()\nprint('still here')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (70, "")


def test_a_run_is_stamped_by_the_databases_clock_and_by_how_much_time_has_passed(town: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = database_clock(town)
    with transaction(town) as session:
        there = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    assert timedelta() <= there - clock.asked_at < timedelta(seconds=30)
    now = time.monotonic_ns()
    monkeypatch.setattr(time, "monotonic_ns", lambda: now + 90_000_000_000)
    assert DatabaseClock(DUE_AT, now).now() == datetime(2026, 3, 2, 2, 16, 30, tzinfo=UTC)


def test_nobody_counts_on_a_clock_that_was_killed(town: Engine) -> None:
    clockwork(town, Hands()).tick()
    with transaction(town) as session:
        assert a_clock_beats(session)
        session.execute(update(NightClock).values(beat_at=NightClock.beat_at - timedelta(seconds=100)))
    with transaction(town) as session:
        assert not a_clock_beats(session)
