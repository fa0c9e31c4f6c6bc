"""The night's steps that settle what waits: killed at any point and run again, they leave the rows of an undisturbed night."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from billing.actions import long_calls, suspense
from css.db.engine import transaction
from tests import builders
from tests.batch.killing import run_child
from tests.batch.waiting_night import run
from tests.builders import DAY
from tests.conftest import clone
from tests.records.suspended import LIVE, NOON, call, parts_of, wait

ROWS = (
    "SELECT * FROM billing.usage_set_aside ORDER BY usage_record_id",
    "SELECT * FROM billing.rated_call ORDER BY usage_record_id",
    "SELECT step, state, read_count, written_count, filtered_count FROM batch.step_execution WHERE state = 'completed' ORDER BY id",
    "SELECT name, item_count, amount FROM batch.control_total ORDER BY name",
)


@pytest.fixture
def other_engine(server: str, template: str) -> Iterator[Engine]:
    """A second database, for the night that nobody disturbs."""
    with clone(server, template) as made:
        yield made


def waiting(engine: Engine) -> None:
    """Five calls of which four have come right, three whole long calls, one without its end."""
    earlier = DAY - timedelta(days=1)
    with transaction(engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz), number=LIVE)
        calls = [call(charged_number=LIVE, started_at=NOON + timedelta(minutes=n)) for n in range(4)]
        wait(session, [*calls, call(reason_code="CSS416E", other_number="1571", charged_number=LIVE)], on=earlier)
        for n in range(4):
            parts = parts_of(NOON + timedelta(hours=n), (600, 600, 60), chain_id=f"G{n}")
            wait(session, parts[: 2 if n == 2 else 3], sequence=2 + n, on=earlier)


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for statement in ROWS for row in connection.execute(text(statement))]


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_killed_here_and_there_it_leaves_the_same_rows(
    fresh_engine: Engine, other_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_calls, "CHAINS_AT_ONCE", 1)
    monkeypatch.setattr(suspense, "NIGHT_RECORDS", 2)
    for engine in (fresh_engine, other_engine):
        waiting(engine)
    assert run(url_of(other_engine), tmp_path).error is None
    for kill_at in (7, 8, 9):
        died = run_child("tests.batch.waiting_night", [url_of(fresh_engine), str(tmp_path)], kill_at=kill_at)
        assert died.returncode == -signal.SIGKILL, died.stderr
    assert run(url_of(fresh_engine), tmp_path).error is None
    assert rows(fresh_engine) == rows(other_engine)
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM billing.rated_call")).scalar_one() == 4 + 3
