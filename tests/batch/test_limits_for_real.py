"""A limit of the night's own: a carrier's file of numbers that are not ours stops the night before anything is billed."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.control import force_night
from batch.control.commands import ForceNight
from batch.engine import RunOutcome, run_net
from batch.net import Context
from batch.nets import NIGHT
from batch.steps.usage_rating import SET_ASIDE_MOST
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.scenarios.nights import CallMade, carrier_file

DAY = date(2026, 2, 5)
AT = london_instant(DAY + timedelta(days=1), time(2, 15))
RUNNER = Actor("batch", "night/alice", "RETAIL", door="night")
SUE = Actor("operator", "SUE", "RETAIL", frozenset({"supervisor"}))


@pytest.fixture
def town(fresh_engine: Engine) -> tuple[Engine, builders.BuiltLine]:
    """An account of the 5th on its evening."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=date(2026, 1, 15), sites=3)
        line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=date(2026, 1, 15))
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
    return fresh_engine, line


def _night(engine: Engine, home: Path) -> RunOutcome:
    return run_net(engine, NIGHT, Context("ZZ", DAY, AT, RUNNER, home), clock=FixedClock(AT))


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _calls(number: str, count: int) -> list[CallMade]:
    began = london_instant(DAY, time(10))
    return [CallMade(number, "442079460123", began + timedelta(seconds=n), 60) for n in range(count)]


def test_a_file_full_of_numbers_nobody_has_stops_the_night_until_a_supervisor_lets_it_by(
    town: tuple[Engine, builders.BuiltLine], tmp_path: Path
) -> None:
    engine, line = town
    unknown = SET_ASIDE_MOST.items + 1
    carrier_file(tmp_path, "ZZ", DAY, 1, [*_calls("441632969999", unknown), *_calls(line.number.removeprefix("+"), 3)])
    for attempt in (1, 2):
        stopped = _night(engine, tmp_path)
        assert (stopped.attempt, stopped.return_code, stopped.error.code if stopped.error else "") == (attempt, 8, "CSS618E")
        assert stopped.error is not None
        assert f"Step rate-usage set aside {unknown:,} of {unknown + 3:,}, and may {unknown - 1:,}." in stopped.error.text
    assert _count(engine, "billing.rated_call") == 3, "what it did stays"
    assert _count(engine, "billing.bill") == 0, "and nothing is billed by a part of the calls"
    command = ForceNight(district_code="ZZ", business_date=DAY, step="rate-usage", reason="The carrier is asked; the rest is billed.")
    with transaction(engine) as session:
        force_night(session, command, by=SUE, at=AT)
    assert _night(engine, tmp_path).return_code == 4
    assert _count(engine, "billing.bill WHERE state = 'issued'") == 1
    assert _count(engine, "billing.rated_call") == 3
