"""What the night does for repairs: what was missed, what is near, silence, repeats; killed at any point it is as if undisturbed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from batch.steps import faults
from css.db.engine import transaction
from repairs.actions import mark_breaches, nightly, park_fault, warn_of_breaches
from repairs.checks import check_faults
from repairs.commands.faults import ParkFault
from repairs.commands.nightly import MarkBreaches, WarnOfBreaches
from repairs.model import Fault
from repairs.queries.problems import breaches
from repairs.words import FaultState, ParkReason
from tests import builders
from tests.batch.faults_night import run
from tests.batch.killing import run_child
from tests.builders import DAY
from tests.conftest import clone
from tests.records.faults import AT, BY, FIELD, build, clear, refusal, report
from tests.records.outages import told
from tests.scenarios.nights import run_night

ROWS = (
    "SELECT number, state, breached_at, warned_due_at, accept_by_at, row_version FROM repairs.fault ORDER BY id",
    "SELECT fault_id, sequence, deed, state, occurred_at, done_by, words FROM repairs.fault_event ORDER BY fault_id, sequence",
    "SELECT id, kind, line_id, distribution_point_id, cabinet_id, state, opened_on, last_on FROM repairs.problem ORDER BY id",
    "SELECT problem_id, fault_id, added_on, position FROM repairs.problem_fault ORDER BY problem_id, position",
    "SELECT source_key FROM css.billable_item ORDER BY source_key",
    "SELECT name, item_count FROM batch.control_total ORDER BY name",
)
EVENING = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
"""Of the night's date."""
HOUR = timedelta(hours=1)


@pytest.fixture
def other_engine(server: str, template: str) -> Iterator[Engine]:
    """A second database, for the night that nobody disturbs."""
    with clone(server, template) as made:
        yield made


def town(session: Session) -> list[builders.BuiltLine]:
    """Seven lines whose faults the night has something to do with: level 4 is six hours, level 1 to the day after next."""
    zz = builders.district(session, pairs=10, sites=8)
    account = builders.account(session, zz)
    since = DAY - timedelta(days=60)
    return [builders.working_line(session, zz, account, care_level="4" if n < 4 else "1", starts_on=since) for n in range(7)]


def troubles(engine: Engine) -> list[str]:
    """Two missed, one parked before it could be; one near; two clears nobody answered; and a line with three faults."""
    with transaction(engine) as session:
        lines = town(session)
        numbers = [report(session, number=line.number, at=AT).fault_number for line in lines[:3]]
        park_fault(session, ParkFault(fault_number=numbers[2], reason=ParkReason.NO_ACCESS, words="Away."), by=FIELD, at=AT + HOUR)
        numbers.append(report(session, number=lines[3].number, at=EVENING).fault_number)
        for line, days in ((lines[4], 8), (lines[5], 7), (lines[6], 6), (lines[6], 5), (lines[6], 4)):
            at = AT - timedelta(days=days)
            numbers.append(report(session, number=line.number, at=at).fault_number)
            clear(session, numbers[-1], "RWT" if line is lines[6] else "EX", at=at + HOUR)
        return numbers


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for statement in ROWS for row in connection.execute(text(statement))]


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_the_night_finds_what_was_missed_what_is_near_silence_and_repeats(fresh_engine: Engine, tmp_path: Path) -> None:
    numbers = troubles(fresh_engine)
    run_night(fresh_engine, "ZZ", DAY, tmp_path)
    with transaction(fresh_engine) as session:
        due = AT + 6 * HOUR
        assert told(session, numbers[0]) == [("breach", "Not mended by Mon 2 Mar 2026 16:00, when it was due.")]
        found = breaches(session, "ZZ", DAY, by=BY)
        assert [(row.fault_number, row.breached_at) for row in found] == [(numbers[0], due), (numbers[1], due)]
        assert [deed for deed, _ in told(session, numbers[2])] == ["park"], "its clock stood before it was due"
        assert told(session, numbers[3]) == [("warn", "About to be missed: due Tue 3 Mar 2026 05:00.")]
        states = {row.number: row.state for row in session.execute(select(Fault.number, Fault.state))}
        assert {states[number] for number in numbers[4:]} == {FaultState.CLOSED}
        assert check_faults(session, "ZZ") == ()
    report_file = (tmp_path / "spool" / "morning-report" / "ZZ" / DAY.isoformat() / "morning-report.txt").read_text(encoding="utf-8")
    for name, count in (
        ("faults not mended when they were due", 2),
        ("faults due early on the next working day", 1),
        ("clears nobody rejected, accepted", 5),
        ("problems of repeated faults, new", 2),
    ):
        (line,) = [one for one in report_file.splitlines() if one.startswith(name)]
        assert line.split()[-1] == str(count)
    run_night(fresh_engine, "ZZ", DAY + timedelta(days=1), tmp_path)
    with transaction(fresh_engine) as session:
        assert [deed for deed, _ in told(session, numbers[3])] == ["warn", "breach"]
        assert [deed for deed, _ in told(session, numbers[0])] == ["breach"]
        assert len(breaches(session, "ZZ", DAY + timedelta(days=1), by=BY)) == 1
        assert breaches(session, "ZZ", DAY, by=builders.PARTNER_ACTOR) == ()


def test_killed_at_any_point_and_run_again_it_leaves_the_same_rows(
    fresh_engine: Engine, other_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "SEEN_AT_ONCE", 1)
    monkeypatch.setattr(faults, "BLOCK_SIZE", 1)
    for engine in (fresh_engine, other_engine):
        troubles(engine)
    assert run(url_of(other_engine), tmp_path).error is None
    for kill_at in (7, 10, 13):
        died = run_child("tests.batch.faults_night", [url_of(fresh_engine), str(tmp_path)], kill_at=kill_at)
        assert died.returncode == -signal.SIGKILL, died.stderr
    assert run(url_of(fresh_engine), tmp_path).error is None
    assert rows(fresh_engine) == rows(other_engine)


# By day.


def test_what_was_missed_is_found_by_day_once_and_dated_when_it_was_due(session: Session) -> None:
    build(session, care_level="4")
    number = report(session).fault_number
    due = AT + 6 * HOUR
    command = MarkBreaches(district_code="ZZ")
    assert mark_breaches(session, command, by=FIELD, at=due).faults == 0, "on the instant is in time"
    assert mark_breaches(session, command, by=FIELD, at=due + timedelta(microseconds=1)).faults == 1
    assert mark_breaches(session, command, by=FIELD, at=due + HOUR).faults == 0
    clear(session, number, at=due + 2 * HOUR)
    fault = session.execute(select(Fault)).scalar_one()
    assert fault.breached_at == due
    assert [deed for deed, _ in told(session, number)] == ["breach", "clear"]
    for other in (builders.CLERK, builders.PARTNER_ACTOR):
        assert refusal(mark_breaches, session, command, by=other, at=due).code == "CSS315E"
    assert refusal(mark_breaches, session, MarkBreaches(district_code="QQ"), by=FIELD, at=due).code == "CSS101E"


def test_a_late_clear_is_a_missed_deadline_though_nobody_marked_it(session: Session) -> None:
    build(session, care_level="4")
    number = report(session).fault_number
    clear(session, number, at=AT + 7 * HOUR)
    assert session.execute(select(Fault.breached_at)).scalar_one() == AT + 6 * HOUR
    assert [row.fault_number for row in breaches(session, "ZZ", DAY, by=BY)] == [number]


def test_a_warning_comes_once_for_each_deadline_and_not_while_the_clock_stands(session: Session) -> None:
    town_ = build(session, care_level="4")
    number = report(session).fault_number
    report(session, number=town_.carrier_line.number)
    command = WarnOfBreaches(district_code="ZZ")
    assert warn_of_breaches(session, command, by=FIELD, at=AT + HOUR).faults == 0
    assert warn_of_breaches(session, command, by=FIELD, at=AT + 2 * HOUR).faults == 1
    assert warn_of_breaches(session, command, by=FIELD, at=AT + 3 * HOUR).faults == 0
    park_fault(session, ParkFault(fault_number=number, reason=ParkReason.NO_ACCESS, words="Away."), by=FIELD, at=AT + 3 * HOUR)
    assert warn_of_breaches(session, command, by=FIELD, at=AT + 4 * HOUR).faults == 0
    assert mark_breaches(session, MarkBreaches(district_code="ZZ"), by=FIELD, at=AT + 9 * HOUR).faults == 0


def test_over_christmas_the_night_warns_of_what_falls_due_on_the_first_working_morning(session: Session) -> None:
    builders.district(session)
    morning = datetime(2026, 12, 25, 0, 0, tzinfo=UTC)
    # Friday is Christmas, Saturday Boxing Day, Monday its substitute: the office opens on Tuesday at eight.
    assert nightly.warned_until(session, "ZZ", morning) == datetime(2026, 12, 29, 12, 0, tzinfo=UTC)
    assert nightly.warned_until(session, "ZZ", datetime(2026, 3, 3, 0, 0, tzinfo=UTC)).date() == date(2026, 3, 3)
