"""Files that are no generations go when their time is over: copies and samples of bills, and what carriers sent."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from batch.model import RetentionRun
from batch.steps import upkeep
from batch.upkeep.commands import HoldRetention
from batch.upkeep.keeping import hold_retention
from css.db.engine import transaction
from tests import builders
from tests.batch.test_housekeeping import MONDAY, SUPERVISOR, alone, at, keep_house

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


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several transactions where there would be one."""
    monkeypatch.setattr("batch.upkeep.copies.DIRECTORIES_AT_ONCE", 2)
