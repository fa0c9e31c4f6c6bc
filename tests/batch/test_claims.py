"""Who may go on when a process is told to stop, is frozen, loses its lock, or loses the server: each one outcome."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.db.engine import transaction
from tests.batch import toy_night
from tests.batch.toy_night import ITEMS

PATIENCE_SECONDS = 60
GOOD = len([n for n in range(1, ITEMS + 1) if n % 7])
"""Items of the toy night that are not rejected."""
EVENTS = 7
"""Rows that its other steps write: two that begin and end, five items."""


@pytest.fixture
def toy(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        toy_night.make_tables(session, "ZY")
    return fresh_engine


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@contextmanager
def child(engine: Engine, home: Path, *, workers: int = 1) -> Iterator[subprocess.Popen[str]]:
    """The toy night in a process of its own; prints its return code, its attempt and its code when it ends."""
    words = [sys.executable, "-m", "tests.batch.toy_night", url_of(engine), str(home), str(workers)]
    environment = {**os.environ, "CSS_TEST_KILL_AT": "0"}
    night = subprocess.Popen(
        words,
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield night
    finally:
        night.kill()
        night.communicate()


def ended(night: subprocess.Popen[str]) -> tuple[str, ...]:
    """Return code, attempt and message code of a child that ends by itself."""
    told, errors = night.communicate(timeout=PATIENCE_SECONDS)
    assert night.returncode == 0, errors
    code, attempt, _points, message = told.split()
    return code, attempt, message


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def count(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


def left(engine: Engine) -> tuple[int, int]:
    """Results and events: what a whole night leaves, once each."""
    return count(engine, "SELECT count(*) FROM public.toy_result"), count(engine, "SELECT count(*) FROM public.toy_event")


@contextmanager
def in_mid_step(engine: Engine, table: str = "public.toy_result") -> Iterator[None]:
    """Whoever writes to the table stands still in the middle of a transaction for as long as the block lasts."""
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


def waits_in_step(engine: Engine) -> bool:
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^css night [0-9]+' AND wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    return count(engine, statement) > 0


def end_connections(engine: Engine, which: str) -> None:
    """End those of the run's connections whose names end so, and wait until they are gone."""
    statement = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        f"WHERE application_name ~ '^css night [0-9]' AND application_name ~ '{which}' AND datname = current_database()"
    )
    assert count(engine, statement) > 0


@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_end_it_stops_at_the_next_block_and_goes_on_when_started_again(toy: Engine, tmp_path: Path, workers: int) -> None:
    with child(toy, tmp_path, workers=workers) as night:
        with in_mid_step(toy):
            until(lambda: waits_in_step(toy))
            night.send_signal(signal.SIGTERM)
            time.sleep(0.2)
        assert ended(night) == ("16", "1", "CSS670E")
    done = left(toy)[0]
    assert 0 < done < GOOD, "the block was ended, and the next not begun"
    assert count(toy, "SELECT count(*) FROM batch.step_execution WHERE state = 'stopped' AND message_code = 'CSS670E'") == 1
    assert count(toy, "SELECT count(*) FROM batch.job_instance WHERE state = 'stopped'") == 1
    outcome = toy_night.run(url_of(toy), tmp_path)
    assert (outcome.return_code, outcome.attempt, left(toy)) == (4, 2, (GOOD, EVENTS))


def test_told_to_end_with_all_its_workers_it_has_stopped_and_not_failed(toy: Engine, tmp_path: Path) -> None:
    """As an operating system does that stops a service: every process of the group gets the signal."""
    with child(toy, tmp_path, workers=2) as night:
        with in_mid_step(toy):
            until(lambda: waits_in_step(toy))
            os.killpg(night.pid, signal.SIGTERM)
            time.sleep(0.2)
        assert ended(night) == ("16", "1", "CSS670E")
    outcome = toy_night.run(url_of(toy), tmp_path)
    assert (outcome.return_code, outcome.attempt, left(toy)) == (4, 2, (GOOD, EVENTS))


def test_a_frozen_process_is_overtaken_and_writes_nothing_when_it_thaws(toy: Engine, tmp_path: Path) -> None:
    with child(toy, tmp_path) as night:
        with in_mid_step(toy):
            until(lambda: waits_in_step(toy))
            night.send_signal(signal.SIGSTOP)
        # Its lock is alive and its transaction open: somebody takes the lock from it, as kill does.
        assert count(toy, "SELECT count(*) FROM batch.job_execution WHERE state = 'running'") == 1
        end_connections(toy, "lock$")
        outcome = toy_night.run(url_of(toy), tmp_path)
        assert (outcome.return_code, outcome.attempt) == (4, 2)
        whole = left(toy)
        night.send_signal(signal.SIGCONT)
        assert ended(night) == ("16", "1", "CSS611E")
    assert left(toy) == whole == (GOOD, EVENTS)
    attempts = "SELECT string_agg(state || ' ' || return_code, ', ' ORDER BY attempt) = 'failed 16, completed 4' FROM batch.job_execution"
    assert count(toy, f"SELECT ({attempts})::int") == 1
    assert count(toy, "SELECT count(*) FROM batch.step_attempt WHERE state = 'running'") == 0


def test_one_that_loses_only_its_lock_is_fenced_by_the_next(toy: Engine, tmp_path: Path) -> None:
    with child(toy, tmp_path) as night:
        with in_mid_step(toy):
            until(lambda: waits_in_step(toy))
            end_connections(toy, "lock$")
            # The other takes over by another process's hand: only the records, so that the first goes on and finds them changed.
            with transaction(toy) as session:
                session.execute(text("UPDATE batch.job_execution SET state = 'failed', ended_at = now(), return_code = 16"))
                session.execute(text("UPDATE batch.step_execution SET state = 'failed' WHERE state = 'running'"))
        assert ended(night) == ("16", "1", "CSS611E")
    assert left(toy)[0] == 0, "the transaction that stood still came to nothing"
    outcome = toy_night.run(url_of(toy), tmp_path)
    assert (outcome.return_code, outcome.attempt, left(toy)) == (4, 2, (GOOD, EVENTS))


def test_one_that_loses_only_its_lock_and_is_left_alone_ends_well(toy: Engine, tmp_path: Path) -> None:
    with child(toy, tmp_path) as night:
        with in_mid_step(toy):
            until(lambda: waits_in_step(toy))
            end_connections(toy, "lock$")
        assert ended(night) == ("4", "1", "-")
    assert left(toy) == (GOOD, EVENTS)


@pytest.mark.parametrize("workers", [1, 2])
def test_connections_ended_in_mid_step_fail_the_step_and_the_next_attempt_does_it(toy: Engine, tmp_path: Path, workers: int) -> None:
    with child(toy, tmp_path, workers=workers) as night:
        with in_mid_step(toy):
            until(lambda: waits_in_step(toy))
            end_connections(toy, "([0-9]|worker)$")
        assert ended(night) == ("16", "1", "CSS030E")
    assert count(toy, "SELECT count(*) FROM batch.step_execution WHERE state = 'failed' AND message_code = 'CSS030E'") == 1
    outcome = toy_night.run(url_of(toy), tmp_path)
    assert (outcome.return_code, outcome.attempt, left(toy)) == (4, 2, (GOOD, EVENTS))
