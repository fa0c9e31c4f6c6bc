"""Files that are no generations go when their time is over: copies and samples of bills, and what carriers sent."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from batch.balance.actions import drop_reject
from batch.balance.commands import DropReject
from batch.balance.rejects import rejects
from batch.engine import run_net
from batch.model import RetentionRun
from batch.net import Context, Net
from batch.steps import upkeep, usage_intake
from batch.upkeep.commands import HoldRetention
from batch.upkeep.keeping import hold_retention
from css.core.calendar import london_date
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.batch.test_housekeeping import MONDAY, RUNNER, SUPERVISOR, alone, at, keep_house
from tests.scenarios.nights import CallMade, carrier_file

INTAKE = Net.in_line("night", "Some of it.", (usage_intake.COLLECT,))
OLD, YOUNG = MONDAY - timedelta(days=95), MONDAY - timedelta(days=94)


@pytest.fixture
def house(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
        builders.district(session, "YY")
    return fresh_engine


def lay(home: Path, *names: str) -> None:
    for name in names:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"Ada Lovelace")


def left(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if not path.is_dir() or path.is_symlink()}


def gone(engine: Engine, subject: str) -> dict[str | None, int]:
    with transaction(engine) as session:
        rows = session.execute(select(RetentionRun).where(RetentionRun.subject == subject)).scalars()
        return {row.district_code: row.purged_count for row in rows}


def laid_of(day: date, district: str = "ZZ") -> set[str]:
    """Two copies and two samples of a date."""
    return {
        f"spool/copies/{district}/{day}/email/{district}1.pdf",
        f"spool/copies/{district}/{day}/large print/{district}1.large.pdf",
        f"spool/{district}/{day}/sample/1.pdf",
        f"spool/{district}/{day}/sample-groups/summary.txt",
    }


def test_copies_and_samples_of_bills_go_by_their_date_and_nothing_beside_them_does(house: Engine, tmp_path: Path) -> None:
    report = f"spool/ZZ/{OLD}/morning-report.txt"
    strange = {
        f"spool/copies/ZZ/{OLD}-kept/1.pdf",
        "spool/copies/ZZ/notes.txt",
        f"spool/copies/QQ/{OLD}/1.pdf",
        f"spool/bills/ZZ/{OLD}/1.pdf",
    }
    lay(tmp_path, report, *strange, *laid_of(OLD), *laid_of(YOUNG), *laid_of(OLD, "YY"))
    keep_house(house, tmp_path, MONDAY, alone(upkeep.COPIES))
    assert left(tmp_path) == {report, *strange, *laid_of(YOUNG)}
    assert gone(house, "copies") == {"ZZ": 4, "YY": 4}
    # Of a date with nothing left not even the date stays.
    assert not (tmp_path / "spool" / "YY" / OLD.isoformat()).exists()
    keep_house(house, tmp_path, MONDAY + timedelta(days=1), alone(upkeep.COPIES))
    assert left(tmp_path) == {report, *strange}


def test_what_a_court_may_ask_for_of_copies_stays(house: Engine, tmp_path: Path) -> None:
    lay(tmp_path, *laid_of(OLD), *laid_of(OLD, "YY"))
    with transaction(house) as session:
        hold_retention(session, HoldRetention(subject="copies", district_code="ZZ", reason="Claim 41"), by=SUPERVISOR, at=at(MONDAY))
    keep_house(house, tmp_path, MONDAY, alone(upkeep.COPIES))
    assert left(tmp_path) == laid_of(OLD)


def test_no_copy_is_thrown_away_through_a_link(house: Engine, tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    lay(tmp_path, "outside/1.pdf")
    for name in (f"spool/copies/ZZ/{OLD}", f"spool/ZZ/{OLD}/sample", "spool/copies/YY", "spool/YY"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(outside)
    lay(tmp_path, f"outside/{OLD}/sample/1.pdf")
    before = left(tmp_path)
    keep_house(house, home, MONDAY, alone(upkeep.COPIES))
    assert left(tmp_path) == before
    assert gone(house, "copies") == {}


def came_late(home: Path, day: date, sequence: int) -> Path:
    """A carrier's file of a day that was on its way for forty days, and came with its times kept."""
    file = carrier_file(home, "ZZ", day, sequence, [CallMade("441632960999", "441134960123", datetime(2026, 2, 1, 10, tzinfo=UTC), 60)])
    moment = (at(day) - timedelta(days=40)).timestamp()
    os.utime(file, (moment, moment))
    return file


def collect(engine: Engine, home: Path, day: date) -> None:
    outcome = run_net(engine, INTAKE, Context("ZZ", day, at(day), RUNNER, home), clock=FixedClock(at(day)))
    assert outcome.error is None, outcome.error


def carriers(home: Path) -> set[str]:
    return {name.removeprefix("incoming/ZZ/") for name in left(home) if name.startswith("incoming/ZZ/")}


def test_a_file_that_was_taken_goes_by_the_night_that_took_it_and_not_by_when_it_was_written(house: Engine, tmp_path: Path) -> None:
    file = came_late(tmp_path, MONDAY, 1)
    content = file.read_bytes()
    collect(house, tmp_path, MONDAY)
    # The same once more, which is put away beside the first.
    file.write_bytes(content)
    collect(house, tmp_path, MONDAY + timedelta(days=1))
    taken = {f"done/{file.name}", f"done/{file.name}.2"}
    for days in (0, 34):
        keep_house(house, tmp_path, MONDAY + timedelta(days=days), alone(upkeep.FILES))
        assert carriers(tmp_path) == taken, days
    keep_house(house, tmp_path, MONDAY + timedelta(days=35), alone(upkeep.FILES))
    assert carriers(tmp_path) == set()
    assert gone(house, "carriers-files") == {"ZZ": 2}


def test_a_refused_file_stays_until_somebody_has_settled_it(house: Engine, tmp_path: Path) -> None:
    file = came_late(tmp_path, MONDAY, 1)
    file.write_bytes(file.read_bytes()[:-20])
    moment = (at(MONDAY) - timedelta(days=40)).timestamp()
    os.utime(file, (moment, moment))
    collect(house, tmp_path, MONDAY)
    refused = {f"refused/{file.name}"}
    for days in (0, 35, 90):
        keep_house(house, tmp_path, MONDAY + timedelta(days=days), alone(upkeep.FILES))
        assert carriers(tmp_path) == refused, days
    with transaction(house) as session:
        (open_one,) = rejects(session, "ZZ")
        drop_reject(session, DropReject(reject_id=open_one.reject_id, reason="The carrier has none."), by=builders.OPERATOR, at=at(MONDAY))
    keep_house(house, tmp_path, MONDAY + timedelta(days=91), alone(upkeep.FILES))
    assert carriers(tmp_path) == set()


def test_a_file_that_no_night_knows_goes_by_the_day_on_which_it_was_put_there(house: Engine, tmp_path: Path) -> None:
    lay(tmp_path, "incoming/ZZ/done/by-hand.csv", "incoming/ZZ/refused/by-hand.csv", "incoming/ZZ/waiting.csv", "incoming/QQ/done/1.csv")
    for path in tmp_path.rglob("*.csv"):
        os.utime(path, (0, 0))
    put_on = london_date(datetime.fromtimestamp((tmp_path / "incoming/ZZ/done/by-hand.csv").stat().st_ctime, UTC))
    keep_house(house, tmp_path, put_on + timedelta(days=34), alone(upkeep.FILES))
    assert len(carriers(tmp_path)) == 3
    keep_house(house, tmp_path, put_on + timedelta(days=35), alone(upkeep.FILES))
    # A district that there is not is nobody's.
    assert left(tmp_path) == {"incoming/ZZ/waiting.csv", "incoming/QQ/done/1.csv"}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several transactions where there would be one."""
    monkeypatch.setattr("batch.upkeep.copies.DIRECTORIES_AT_ONCE", 2)
