"""Whom calls were to is forgotten when it has had its time; what was charged for them never is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from batch.engine import run_net
from batch.model import RetentionRun
from batch.net import Context, Net
from batch.steps import upkeep
from batch.upkeep.commands import HoldRetention
from batch.upkeep.forgetting import forget_calls
from batch.upkeep.keeping import hold_retention
from billing.actions.forgetting import forget_records, note_calls
from billing.checks import check_books
from billing.queries.usage import raw_record
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.words import HoldKind, Role
from css.db.engine import transaction
from css.handover import place_hold
from css.master.reference import RETAIL
from tests import builders
from tests.conftest import clone
from tests.scenarios.copies import copy_of
from tests.scenarios.nights import CallMade, carrier_file, run_night

START = date(2026, 1, 15)
CALLED = date(2026, 1, 20)
BILLED = date(2026, 2, 5)
LEEDS, MOBILE, SHORT = "441134960123", "447700900456", "118500"
RUNNER = Actor("batch", "housekeeping/alice", RETAIL, door="night")
SUPERVISOR = Actor("operator", "SUE", RETAIL, roles=frozenset({Role.SUPERVISOR.value}))
FORGET = Net.in_line("housekeeping", "Some of it.", (upkeep.FORGET,))
ONE_MORE = """
INSERT INTO billing.rated_call
SELECT (jsonb_populate_record(c, jsonb_build_object('rated_on', c.rated_on + :days, 'usage_record_id', c.usage_record_id + 1000))).*
  FROM billing.rated_call c
 ORDER BY c.usage_record_id
 LIMIT 1
"""
"""The first call once more, rated so many days later."""
JUST_OLD = CALLED + timedelta(days=731)
"""The first business date on which calls rated in the night of that day are older than two years."""


@dataclass(frozen=True)
class Long:
    """A district with calls that were billed."""

    engine: Engine
    home: Path
    line: builders.BuiltLine

    def forget(self, on: date) -> None:
        moment = datetime(on.year, on.month, on.day, 4, tzinfo=UTC) + timedelta(days=1)
        outcome = run_net(self.engine, FORGET, Context("", on, moment, RUNNER, self.home), clock=FixedClock(moment))
        assert outcome.error is None, outcome.error

    def called(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT other_number FROM billing.rated_call ORDER BY usage_record_id")).scalars())

    def noted(self) -> list[tuple[date, int]]:
        """Whose calls of which date are still to be forgotten."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text("SELECT rated_on, account_id FROM billing.call_to_forget ORDER BY 1, 2"))]

    def charged(self) -> list[object]:
        """Everything of the calls but whom they were to, and the bills' bytes."""
        with self.engine.connect() as connection:
            calls = connection.execute(text("SELECT to_jsonb(c) - 'other_number' FROM billing.rated_call c ORDER BY usage_record_id"))
            files = connection.execute(text("SELECT sha256, md5(content) FROM billing.bill_file ORDER BY bill_id, kind"))
            return [*calls.scalars(), *map(tuple, files)]

    def gone(self) -> dict[str, int]:
        with transaction(self.engine) as session:
            return {row.subject: row.purged_count for row in session.execute(select(RetentionRun)).scalars()}


@pytest.fixture(scope="module")
def lived(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Long]:
    """Calls of 20 January 2026, rated that night and billed on 5 February."""
    home = tmp_path_factory.mktemp("home")
    with clone(server, template) as engine:
        with transaction(engine) as session:
            zz = builders.district(session, on=START)
            line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
            session.execute(text("UPDATE css.business_date SET current_on = '2026-01-20', closed_through = '2026-01-19'"))
        number = "44" + line.number.removeprefix("0") if not line.number.startswith("44") else line.number
        at = datetime(2026, 1, 20, 10, tzinfo=UTC)
        calls = [CallMade(number, to, at + timedelta(minutes=n), 60) for n, to in enumerate((LEEDS, MOBILE, SHORT))]
        carrier_file(home, "ZZ", CALLED, 1, [*calls, CallMade("441632960999", LEEDS, at, 60)])
        run_night(engine, "ZZ", CALLED, home)
        with transaction(engine) as session:
            session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        run_night(engine, "ZZ", BILLED, home)
        yield Long(engine, home, line)


@pytest.fixture
def long(lived: Long, tmp_path: Path) -> Iterator[Long]:
    shutil.copytree(lived.home, tmp_path / "home")
    with copy_of(lived.engine) as engine:
        yield Long(engine, tmp_path / "home", lived.line)


def settle_what_waits(engine: Engine) -> None:
    """Written off long ago, as everything is after two years."""
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE billing.usage_set_aside SET is_open = FALSE, settled_as = 'rejected', settled_on = '2026-03-01', "
                "settled_by = 'SUE', settled_words = 'Nobody knows the number.'"
            )
        )


def test_whom_calls_were_to_goes_on_the_day_and_nothing_else_does(long: Long) -> None:
    settle_what_waits(long.engine)
    before, charged = long.called(), long.charged()
    assert before == [LEEDS, MOBILE, SHORT]
    long.forget(JUST_OLD - timedelta(days=1))
    assert long.called() == before
    long.forget(JUST_OLD)
    assert long.called() == ["441134xxxxxx", "447700xxxxxx", SHORT]
    assert long.charged() == charged
    assert long.gone() == {"call-records": 4, "call-detail": 2}
    with transaction(long.engine) as session:
        assert check_books(session, "ZZ") == ()
        assert session.execute(text("SELECT count(*) FROM billing.usage_call_key")).scalar() == 0
        assert session.execute(text("SELECT raw, other_number FROM billing.usage_set_aside")).one() == ("", "441134xxxxxx")


def test_a_record_that_is_forgotten_says_so_and_is_no_fault(long: Long) -> None:
    settle_what_waits(long.engine)
    with transaction(long.engine) as session:
        record = session.execute(text("SELECT min(usage_record_id) FROM billing.rated_call")).scalar_one()
        assert LEEDS[2:] in raw_record(session, record).raw
    long.forget(JUST_OLD)
    with transaction(long.engine) as session:
        assert raw_record(session, record).raw == ""
    long.forget(JUST_OLD + timedelta(days=1))


def test_a_file_of_which_a_record_waits_is_kept_whole(long: Long) -> None:
    long.forget(JUST_OLD)
    assert long.gone() == {"call-records": 0, "call-detail": 2}
    settle_what_waits(long.engine)
    long.forget(JUST_OLD + timedelta(days=40))
    assert sum(run == 4 for run in long_runs(long.engine)) == 1


def long_runs(engine: Engine) -> list[int]:
    with transaction(engine) as session:
        return list(session.execute(select(RetentionRun.purged_count).where(RetentionRun.subject == "call-records")).scalars())


def dispute(session: Session, long: Long) -> None:
    place_hold(
        session,
        source_key="test/dispute",
        account_id=long.line.account.id,
        line_id=None,
        kind=HoldKind.DISPUTE,
        reference="Case 1",
        at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_calls_that_are_disputed_or_not_billed_are_kept(long: Long) -> None:
    with transaction(long.engine) as session:
        dispute(session, long)
    long.forget(JUST_OLD)
    assert long.called() == [LEEDS, MOBILE, SHORT]
    with transaction(long.engine) as session:
        session.execute(text("UPDATE css.hold SET ends_at = now() WHERE kind = 'dispute'"))
    long.forget(JUST_OLD + timedelta(days=1))
    assert long.called()[0] == "441134xxxxxx"


def test_a_dispute_that_ended_long_after_is_seen_the_night_after(long: Long) -> None:
    """Neither two months later nor on any other day than the first of a month is it too late for it."""
    with transaction(long.engine) as session:
        dispute(session, long)
    later = JUST_OLD + timedelta(days=110)
    assert (later + timedelta(days=1)).day > 1
    for on in (JUST_OLD, later):
        long.forget(on)
        assert long.called() == [LEEDS, MOBILE, SHORT]
        assert long.noted() == [(CALLED, long.line.account.id)]
    with transaction(long.engine) as session:
        session.execute(text("UPDATE css.hold SET ends_at = now() WHERE kind = 'dispute'"))
    long.forget(later + timedelta(days=1))
    assert long.called() == ["441134xxxxxx", "447700xxxxxx", SHORT]
    assert long.noted() == []


def test_calls_of_a_date_are_read_once_and_whom_they_leave_over_is_noted(long: Long) -> None:
    """However often the night looks later: only those that are noted are read again."""
    long.forget(JUST_OLD)
    assert long.noted() == []
    with transaction(long.engine) as session:
        session.execute(text("UPDATE billing.rated_call SET other_number = :number"), {"number": LEEDS})
    first = date(2028, 3, 1)
    assert first > JUST_OLD
    for on in (JUST_OLD + timedelta(days=1), first):
        long.forget(on)
        assert long.called() == [LEEDS] * 3
    with transaction(long.engine) as session:
        note_calls(session, "ZZ", CALLED)
    long.forget(first + timedelta(days=1))
    assert long.called() == ["441134xxxxxx"] * 3


def test_a_night_that_ended_in_the_middle_leaves_nothing_for_ever(long: Long) -> None:
    """Later calls, too: the first date is done, the step goes no further and is left out. The next night begins where it ended."""
    with transaction(long.engine) as session:
        session.execute(text(ONE_MORE), {"days": 10})
    on = JUST_OLD + timedelta(days=300)
    moment = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    reached: dict[str, object] = {"done": ["call-records/ZZ"]}
    while len(long.noted()) == 0:
        with transaction(long.engine) as session:
            done = forget_calls(session, Context("", on, moment, RUNNER, long.home), reached)
        assert done is not None
        reached = done[1]
    long.forget(on + timedelta(days=1))
    assert long.called() == ["441134xxxxxx", "447700xxxxxx", SHORT, "441134xxxxxx"]


def test_files_that_were_looked_at_are_not_looked_at_again(long: Long, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.actions.forgetting.FILES_AT_ONCE", 1)
    settle_what_waits(long.engine)
    with transaction(long.engine) as session:
        first = forget_records(session, "ZZ", since=START, before=BILLED, after=0)
        assert first is not None
        assert first.records == 4
        # As one would be found that is passed over: what is behind it is not kept from its turn, and it is not looked at for each.
        session.execute(text("UPDATE billing.usage_block SET raw = 'lines that are some twenty bytes long'"))
        assert forget_records(session, "ZZ", since=START, before=BILLED, after=first.last_file_id) is None
        assert forget_records(session, "ZZ", since=START, before=BILLED, after=first.last_file_id - 1) == first


def test_while_a_court_may_ask_nothing_goes(long: Long) -> None:
    settle_what_waits(long.engine)
    with transaction(long.engine) as session:
        hold_retention(session, HoldRetention(district_code="ZZ", reason="Claim 41"), by=SUPERVISOR, at=datetime(2026, 3, 1, tzinfo=UTC))
    long.forget(JUST_OLD)
    assert long.called() == [LEEDS, MOBILE, SHORT]
    assert long.gone() == {}
