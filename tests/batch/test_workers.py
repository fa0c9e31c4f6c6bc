"""Worker processes: they share out the blocks, and none outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.engine import run_net
from batch.engine.workers import Workers, _cores
from batch.net import BlockStep
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests.batch import toy_night
from tests.batch.toy_night import AT, ITEMS, TOY, context

PATIENCE_SECONDS = 60
WORKERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'css night % worker' AND datname = current_database()"


@pytest.fixture
def toy(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        toy_night.make_tables(session, "ZY")
    return fresh_engine


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def count(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


@contextmanager
def locked(engine: Engine, table: str) -> Iterator[None]:
    """Nobody else writes to the table for as long as the block lasts."""
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


def test_workers_end_with_a_parent_that_was_killed_and_the_next_run_does_their_blocks(toy: Engine, tmp_path: Path) -> None:
    url = toy.url.render_as_string(hide_password=False)
    words = [sys.executable, "-m", "tests.batch.toy_night", url, str(tmp_path), "2"]
    with locked(toy, "public.toy_result"):
        night = subprocess.Popen(words, cwd=Path(__file__).parents[2], env={**os.environ, "CSS_TEST_KILL_AT": "0"})
        wait_until(lambda: count(toy, f"{WORKERS} AND wait_event_type = 'Lock'") == 2)
        night.kill()
        night.wait()
        wait_until(lambda: count(toy, WORKERS) == 0)
    outcome = run_net(toy, TOY, context(tmp_path), clock=FixedClock(AT), workers=2)
    assert (outcome.error, outcome.attempt) == (None, 2)
    assert count(toy, "SELECT count(*) FROM public.toy_result") == len([n for n in range(1, ITEMS + 1) if n % 7])


def test_processes_are_started_only_for_enough_blocks(toy: Engine) -> None:
    double = TOY.step("double")
    assert isinstance(double, BlockStep)
    with Workers(toy, TOY, FixedClock(AT), 2) as two:
        assert not two._is_worth_it(double, 3)
        assert two._is_worth_it(double, 4)
        two._started()
        assert two._is_worth_it(double, 2), "they are there already"
        assert not two._is_worth_it(double, 1)
    with Workers(toy, TOY, FixedClock(AT), 1) as alone:
        assert not alone._is_worth_it(double, 100)


def test_workers_share_the_cores(toy: Engine) -> None:
    with Workers(toy, TOY, FixedClock(AT), 2) as two:
        started = two._started()
        assert started.submit(os.getenv, "POLARS_MAX_THREADS").result() == str(max(1, _cores() // 2))
        first, second = (started.submit(os.getpid).result() for _ in range(2))
        assert os.getpid() not in {first, second}
