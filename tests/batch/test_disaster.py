"""The worst night: the database is gone and the disk with it. The backup is restored, and the next night is as if nothing had been."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.engine import run_net
from batch.net import Context, Net
from batch.nets import HOUSEKEEPING, NIGHT
from batch.outputs.commands import RepublishGeneration
from batch.outputs.republish import republish_generation
from batch.outputs.verify import catalogued, faults_of
from billing.checks import check_books
from css.cli import main
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.words import Role
from css.db.backup import restore
from css.db.engine import transaction
from css.master.reference import RETAIL
from css.settings import settings
from tests import builders
from tests.conftest import clone
from tests.scenarios.nights import CallMade, carrier_file

START, FIFTH, SIXTH = date(2026, 1, 15), date(2026, 2, 5), date(2026, 2, 6)
RUNNER = Actor("batch", "night/alice", RETAIL, door="night")
KEEPER = Actor("operator", "NIGEL", RETAIL, roles=frozenset({Role.SCHEDULER.value}))
SAME = (
    "SELECT * FROM billing.bill ORDER BY id",
    "SELECT * FROM billing.posting ORDER BY id",
    "SELECT bill_id, kind, sha256, md5(content) FROM billing.bill_file ORDER BY 1, 2",
    "SELECT * FROM billing.rated_call ORDER BY usage_record_id",
    # The backup does not hold the totals of the run that made it.
    (
        "SELECT i.business_date, t.step, t.name, t.item_count, t.amount FROM batch.control_total t "
        "JOIN batch.job_instance i ON i.id = t.job_instance_id WHERE i.net = 'night' ORDER BY 1, 2, 3"
    ),
)


def night(engine: Engine, home: Path, day: date, net: Net = NIGHT, district: str = "ZZ") -> None:
    moment = datetime(day.year, day.month, day.day, 2, 15, tzinfo=UTC) + timedelta(days=1)
    outcome = run_net(engine, net, Context(district, day, moment, RUNNER, home), clock=FixedClock(moment))
    assert outcome.error is None, outcome.error


def tree(home: Path) -> dict[str, bytes]:
    spool = home / "spool"
    return {path.relative_to(spool).as_posix(): path.read_bytes() for path in sorted(spool.rglob("*")) if path.is_file()}


def content(engine: Engine, statements: tuple[str, ...] = SAME) -> list[list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(statement))] for statement in statements]


@pytest.fixture
def evening(server: str, template: str, tmp_path: Path) -> Iterator[tuple[Engine, Path]]:
    """Four accounts, two of them billed on the 5th and two on the 6th, with calls; the night of the 5th and its backup."""
    home = tmp_path / "home"
    with clone(server, template) as engine:
        with transaction(engine) as session:
            zz = builders.district(session, on=START, sites=6)
            accounts = [builders.account(session, zz, cycle_day=day) for day in (5, 5, 6, 6)]
            lines = [builders.working_line(session, zz, account, starts_on=START) for account in accounts]
            session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        for sequence, day in enumerate((FIFTH, SIXTH), start=1):
            at = datetime(2026, 2, day.day, 10, tzinfo=UTC)
            calls = [CallMade(line.number, "441134960123", at + timedelta(minutes=n), 60) for n, line in enumerate(lines)]
            carrier_file(home, "ZZ", day, sequence, calls)
        night(engine, home, FIFTH)
        night(engine, home, FIFTH, HOUSEKEEPING, district="")
        yield engine, home


@pytest.mark.timeout(150)
def test_after_a_disaster_the_next_night_gives_the_bytes_it_would_have_given(
    evening: tuple[Engine, Path], bare_engine: Engine, tmp_path: Path
) -> None:
    engine, home = evening
    # What is kept elsewhere: the backup, and what carriers sent and no night has taken.
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(home / "backups", elsewhere / "backups")
    shutil.copytree(home / "incoming", elsewhere / "incoming")
    before = tree(home)
    night(engine, home, SIXTH)

    restore(bare_engine, elsewhere / "backups" / "2026-02-05" / "css.css-backup")
    with transaction(bare_engine) as session:
        assert check_books(session, "ZZ") == ()
        # The disk is empty: everything in the catalogue is told as missing, and is written again from the database.
        missing = [kept for kept in catalogued(session) if list(faults_of(elsewhere, kept))]
        assert {kept.dataset for kept in missing} >= {"bills/ZZ"}
        for kept in missing:
            command = RepublishGeneration(dataset=kept.dataset, reason="The disk is a new one.")
            republish_generation(session, command, by=KEEPER, at=datetime(2026, 2, 6, 9, tzinfo=UTC), home=elsewhere)
    assert tree(elsewhere) == before

    night(bare_engine, elsewhere, SIXTH)
    assert content(bare_engine) == content(engine)
    assert tree(elsewhere) == tree(home)


@pytest.fixture
def at_new_home(bare_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shell of a new machine on which nothing is yet."""
    monkeypatch.setenv("CSS_DATABASE_URL", bare_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "new"))
    settings.cache_clear()
    yield tmp_path / "new"
    settings.cache_clear()


@pytest.mark.timeout(200)
def test_in_the_order_of_the_runbook_the_books_balance_though_earlier_backups_are_gone(
    evening: tuple[Engine, Path], bare_engine: Engine, at_new_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, home = evening
    night(engine, home, SIXTH)
    night(engine, home, SIXTH, HOUSEKEEPING, district="")
    # One backup is all that was copied to another machine.
    shutil.copytree(home / "backups" / "2026-02-06", at_new_home / "backups" / "2026-02-06")

    def css(*words: str, status: int = 0) -> str:
        assert main(list(words)) == status
        told = capsys.readouterr()
        return told.err if status == 2 else told.out

    css("db", "restore", str(at_new_home / "backups/2026-02-06/css.css-backup"))
    before = {path for path in at_new_home.rglob("*") if path.is_file()}
    told = css("night", "republish", "--all", "--reason", "New disk", status=1)
    assert "CSS974E backup, generation 1, cannot be written as it was catalogued: nothing is stored of it." in told
    assert "`css night write-off backup --generation 1 --reason WHY`" in told
    assert {path.parts[len(at_new_home.parts)] for path in at_new_home.rglob("*") if path.is_file() and path not in before} == {"spool"}
    told = css("check", "books", status=1)
    assert told == "outputs-on-disk: Generation 1 of backup is catalogued, and backups/2026-02-05/SHA256SUMS is gone.\n1 breach.\n"

    told = css("night", "write-off", "--all", "--reason", "The fire of 7 February", status=0)
    assert told.startswith("backup, generation 1, is written off; it lay in backups/2026-02-05.\n")
    assert css("check", "books") == "The books balance.\n"
    assert css("check", "spool").startswith("Every byte is there: ")
    with bare_engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM css.audit_event WHERE verb = 'write_off_generation'")).one()
    assert "The fire of 7 February" in str(row)
