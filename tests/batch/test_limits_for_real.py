"""A limit of the night's own: a carrier's file of numbers that are not ours stops the night before anything is billed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.control import force_night
from batch.control.commands import ForceNight
from batch.engine import RunOutcome, run_net
from batch.net import Context
from batch.nets import NIGHT
from batch.steps.usage_intake import SET_ASIDE_MOST as INTAKE_MOST
from batch.steps.usage_rating import SET_ASIDE_MOST as RATING_MOST
from billing.actions.suspense import replay_usage, write_off_usage
from billing.suspense_commands import ReplayUsage, UsageChosen, WriteOffUsage
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.scenarios.nights import CallMade, carrier_file

START, DAY = date(2026, 1, 15), date(2026, 2, 5)
AT = london_instant(DAY + timedelta(days=1), time(2, 15))
RUNNER = Actor("batch", "night/alice", "RETAIL", door="night")
NOT_OURS = "441632969999"
SUE = Actor("operator", "SUE", "RETAIL", frozenset({"supervisor"}))


Town = tuple[Engine, builders.BuiltDistrict, builders.BuiltLine]


@pytest.fixture
def town(fresh_engine: Engine) -> Town:
    """An account of the 5th on its evening."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=3)
        line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
    return fresh_engine, zz, line


def _night(engine: Engine, home: Path) -> RunOutcome:
    return run_net(engine, NIGHT, Context("ZZ", DAY, AT, RUNNER, home), clock=FixedClock(AT))


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _calls(number: str, count: int) -> list[CallMade]:
    began = london_instant(DAY, time(10))
    return [CallMade(number, "442079460123", began + timedelta(seconds=n), 60) for n in range(count)]


def _stopped(engine: Engine, home: Path, attempt: int, step: str, aside: int, read: int, most: int) -> None:
    stopped = _night(engine, home)
    assert (stopped.attempt, stopped.return_code, stopped.error.code if stopped.error else "") == (attempt, 8, "CSS618E")
    assert stopped.error is not None
    assert f"Step {step} set aside {aside:,} of {read:,}, and may {most:,}." in stopped.error.text


def _let_by(engine: Engine, step: str) -> None:
    command = ForceNight(district_code="ZZ", business_date=DAY, step=step, reason="The carrier is asked; the rest is billed.")
    with transaction(engine) as session:
        force_night(session, command, by=SUE, at=AT)


def test_a_file_full_of_numbers_nobody_has_stops_the_night_until_a_supervisor_lets_it_by(town: Town, tmp_path: Path) -> None:
    engine, _, line = town
    unknown = RATING_MOST.items + 1
    carrier_file(tmp_path, "ZZ", DAY, 1, [*_calls(NOT_OURS, unknown), *_calls(line.number, 3)])
    for attempt in (1, 2):
        _stopped(engine, tmp_path, attempt, "rate-usage", unknown, unknown + 3, unknown - 1)
    assert _count(engine, "billing.rated_call") == 3, "what it did stays"
    assert _count(engine, "billing.bill") == 0, "and nothing is billed by a part of the calls"
    _let_by(engine, "rate-usage")
    assert _night(engine, tmp_path).return_code == 4
    assert _count(engine, "billing.bill WHERE state = 'issued'") == 1
    assert _count(engine, "billing.rated_call") == 3


def test_once_its_numbers_are_in_service_and_its_calls_replayed_the_night_goes_on_unforced(town: Town, tmp_path: Path) -> None:
    engine, zz, line = town
    unknown = RATING_MOST.items + 1
    carrier_file(tmp_path, "ZZ", DAY, 1, [*_calls(NOT_OURS, unknown), *_calls(line.number, 3)])
    _stopped(engine, tmp_path, 1, "rate-usage", unknown, unknown + 3, unknown - 1)
    with transaction(engine) as session:
        builders.working_line(session, zz, line.account, number=NOT_OURS, starts_on=START)
    _stopped(engine, tmp_path, 2, "rate-usage", unknown, unknown + 3, unknown - 1)
    with transaction(engine) as session:
        settled = replay_usage(session, ReplayUsage(district_code="ZZ", reason="The order was late."), by=builders.OPERATOR, at=AT)
    assert settled.looked_at == unknown
    on = _night(engine, tmp_path)
    assert (on.attempt, on.return_code, on.error) == (3, 4, None)
    assert _count(engine, "billing.rated_call") == unknown + 3
    assert _count(engine, "billing.bill WHERE state = 'issued'") == 1


def test_what_is_written_off_counts_no_more(town: Town, tmp_path: Path) -> None:
    engine, _, _ = town
    unknown = RATING_MOST.items + 1
    carrier_file(tmp_path, "ZZ", DAY, 1, _calls(NOT_OURS, unknown))
    _stopped(engine, tmp_path, 1, "rate-usage", unknown, unknown, unknown - 1)
    command = WriteOffUsage(
        district_code="ZZ", chosen=UsageChosen(reason_code="CSS412E"), expected_count=unknown, reason="The carrier took them back."
    )
    with transaction(engine) as session:
        write_off_usage(session, command, by=builders.OPERATOR, at=AT)
    on = _night(engine, tmp_path)
    assert (on.return_code, on.error) == (4, None)
    assert _count(engine, "billing.rated_call") == 0


def test_parts_of_calls_count_until_they_are_settled_and_unreadable_records_for_ever(town: Town, tmp_path: Path) -> None:
    """5,001 parts and 5,001 records that cannot be read, both set aside when they come; 5,000 may be."""
    engine, _, line = town
    most = INTAKE_MOST.items
    parts = [replace(call, chain=(f"L{n}", 2, True)) for n, call in enumerate(_calls(line.number, most + 1))]
    bad = [replace(call, charged_number="not a number") for call in _calls(line.number, most + 1)]
    carrier_file(tmp_path, "ZZ", DAY, 1, [*parts, *bad])
    _stopped(engine, tmp_path, 1, "collect-usage", 2 * most + 2, 2 * most + 2, most)
    command = WriteOffUsage(
        district_code="ZZ", chosen=UsageChosen(reason_code="CSS700W"), expected_count=most + 1, reason="Parts of nothing."
    )
    with transaction(engine) as session:
        write_off_usage(session, command, by=builders.OPERATOR, at=AT)
    _stopped(engine, tmp_path, 2, "collect-usage", most + 1, 2 * most + 2, most)
    _let_by(engine, "collect-usage")
    assert _night(engine, tmp_path).return_code == 4
