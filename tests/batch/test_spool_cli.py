"""``css night outputs``, ``republish`` and ``retention``, and ``css check spool``: the spool from the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch import repository
from batch.net import Context
from batch.outputs import publish
from batch.outputs.commands import WriteOffGeneration
from batch.outputs.writing_off import write_off_generation
from batch.upkeep.commands import HoldRetention, SetRetention
from batch.upkeep.keeping import hold_retention, set_retention
from css.cli import main
from css.core.actor import Actor
from css.core.errors import Refused
from css.core.words import Role
from css.db.engine import transaction
from css.master.reference import RETAIL
from css.settings import settings
from tests import builders

AT = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
RUNNER = Actor("batch", "night/alice", RETAIL, door="night")
SUPERVISOR = Actor("operator", "SUE", RETAIL, roles=frozenset({Role.SUPERVISOR.value}))


@pytest.fixture(autouse=True)
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, in which a night has published a report."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        builders.district(session)
        instance = repository.plan(session, "night", "ZZ", date(2026, 3, 2), AT)
        context = Context("ZZ", date(2026, 3, 2), AT, RUNNER, tmp_path / "home", instance.id, step="report")
        publish(session, context, "morning-report/ZZ", {"report.txt": b"All is well.\n", "report.pdf": b"%PDF-"}, at=AT)
    yield tmp_path / "home"
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(list(words)) == status
    told = capsys.readouterr()
    return told.err if status == 2 else told.out


def test_the_spool_is_read_back_at_a_word(home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session, "YY")
    assert said(capsys, "check", "spool") == "Every byte is there: 1 generation, 2 files.\n"
    assert said(capsys, "check", "spool", "YY") == "Every byte is there: 0 generations, 0 files.\n"
    (home / "spool/morning-report/ZZ/2026-03-02/report.pdf").unlink()
    told = "spool/morning-report/ZZ/2026-03-02/report.pdf: no such file (morning-report/ZZ, generation 1).\n1 fault.\n"
    assert said(capsys, "check", "spool", "ZZ", status=1) == told
    assert json.loads(said(capsys, "check", "spool", "--json", status=1)) == [
        {
            "dataset": "morning-report/ZZ",
            "generation": "1",
            "path": "spool/morning-report/ZZ/2026-03-02/report.pdf",
            "words": "no such file",
        }
    ]


def test_what_is_lost_is_written_again_at_a_word(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("night", "republish", "morning-report/ZZ")
    assert said(capsys, *words, status=2) == "CSS630E Say why, in at most 200 letters; it is kept with what it leads to.\n"
    place = "spool/morning-report/ZZ/2026-03-02"
    assert said(capsys, *words, "--reason", "To be sure") == f"{place} is as it was catalogued; nothing was written.\n"
    (home / place / "report.txt").write_bytes(b"forged")
    told = f"{place}/report.txt\n1 file written again: morning-report/ZZ, generation 1.\n"
    assert said(capsys, *words, "--generation", "1", "--reason", "Forged") == told
    assert (home / place / "report.txt").read_bytes() == b"All is well.\n"
    assert said(capsys, "night", "republish", "bills/ZZ", "--reason", "?", status=2).startswith(
        "CSS973E There is no generation of bills/ZZ"
    )


def test_after_a_disaster_every_generation_is_written_again_at_one_word(
    home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with transaction(fresh_engine) as session:
        for day, dataset in ((3, "morning-report/ZZ"), (4, "month-end/ZZ"), (5, "backup")):
            instance = repository.plan(session, "night", "ZZ", date(2026, 3, day), AT)
            context = Context("ZZ", date(2026, 3, day), AT, RUNNER, home, instance.id, step="report")
            publish(session, context, dataset, {"report.txt": f"Day {day}.\n".encode()}, at=AT)
    shutil.rmtree(home / "spool")
    assert said(capsys, "night", "republish", "--reason", "?", status=2).startswith("CSS002E ")
    assert said(capsys, "night", "republish", "--all", "--generation", "1", "--reason", "?", status=2).startswith("CSS002E ")
    told = said(capsys, "night", "republish", "morning-report/ZZ", "--all", "--reason", "New disk")
    assert told.endswith("2 looked at, 0 as catalogued, 2 written again, 0 could not be.\n")
    assert said(capsys, "night", "republish", "--all", "--reason", "New disk").endswith(
        "4 looked at, 2 as catalogued, 2 written again, 0 could not be.\n"
    )
    assert (home / "spool/morning-report/ZZ/2026-03-02/report.txt").read_bytes() == b"All is well.\n"
    assert said(capsys, "check", "spool") == "Every byte is there: 4 generations, 5 files.\n"
    with transaction(fresh_engine) as session:
        session.execute(text("UPDATE batch.dataset_file SET content = 'x' WHERE name = 'report.pdf'"))
    shutil.rmtree(home / "spool")
    told = said(capsys, "night", "republish", "--all", "--reason", "Again", status=1)
    assert "CSS974E morning-report/ZZ, generation 1, " in told
    assert told.endswith("4 looked at, 0 as catalogued, 3 written again, 1 could not be.\n")


def test_only_what_is_gone_and_stored_nowhere_is_written_off_by_a_supervisor(
    home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with transaction(fresh_engine) as session:
        instance = repository.plan(session, "housekeeping", "", date(2026, 3, 2), AT)
        context = Context("", date(2026, 3, 2), AT, RUNNER, home, instance.id, step="backup")
        publish(session, context, "backup", {"css.css-backup": b"All of it"}, at=AT)
        session.execute(text("DELETE FROM batch.dataset_file WHERE name = 'css.css-backup'"))
        backup = home / session.execute(text("SELECT path FROM batch.dataset_generation WHERE dataset = 'backup'")).scalar_one()
    words = ("night", "write-off", "backup")
    one = (*words, "--generation", "1", "--reason", "Fire")
    assert (
        said(capsys, *words, "--generation", "1", status=2)
        == "CSS630E Say why, in at most 200 letters; it is kept with what it leads to.\n"
    )
    assert said(capsys, *words, "--reason", "Fire", status=2).startswith("CSS002E Give a dataset and --generation, or --all.")
    assert said(capsys, *words, "--all", "--generation", "1", "--reason", "Fire", status=2).startswith("CSS002E ")
    assert said(capsys, *one, status=2).startswith("CSS896E backup, generation 1, lies in ")
    report = home / "spool/morning-report/ZZ/2026-03-02"
    shutil.rmtree(report)
    told = said(capsys, "night", "write-off", "morning-report/ZZ", "--generation", "1", "--reason", "Fire", status=2)
    assert told.startswith("CSS897E morning-report/ZZ, generation 1, is stored and is not gone for good: `css night republish ")
    (backup / "css.css-backup").unlink()
    assert said(capsys, *one, status=2).startswith("CSS898E Something of backup, generation 1, still lies in ")
    told = said(capsys, "night", "write-off", "--all", "--reason", "Fire", status=1)
    assert told.startswith("CSS898E ")
    assert told.endswith("2 looked at, 0 written off, 1 could not be.\n")
    shutil.rmtree(backup)
    with transaction(fresh_engine) as session, pytest.raises(Refused, match="it needs the role supervisor"):
        scheduler = Actor("operator", "NIGEL", RETAIL, roles=frozenset({Role.SCHEDULER.value}))
        write_off_generation(session, WriteOffGeneration(dataset="backup", generation=1, reason="Fire"), by=scheduler, at=AT, home=home)
    assert said(capsys, *one).startswith("backup, generation 1, is written off; it lay in ")
    assert said(capsys, *one, status=2).startswith("CSS973E There is no generation 1 of backup in the catalogue")


def test_what_cannot_be_written_again_leaves_nothing_on_the_disk(
    home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    report = home / "spool/morning-report/ZZ/2026-03-02"
    shutil.rmtree(report)
    with transaction(fresh_engine) as session:
        session.execute(text("UPDATE batch.dataset_file SET sha256 = repeat('0', 64), content = 'forged' WHERE name = 'report.pdf'"))
    told = said(capsys, "night", "republish", "morning-report/ZZ", "--reason", "New disk", status=2)
    assert told.startswith("CSS974E morning-report/ZZ, generation 1, cannot be written as it was catalogued: what is stored does not give")
    assert not report.exists()


def test_what_there_is_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    heading, row = said(capsys, "night", "outputs").splitlines()
    assert heading.split()[:3] == ["dataset", "gen.", "date"]
    assert row.split() == [
        "morning-report/ZZ",
        "1",
        "2026-03-02",
        "catalogued",
        "2",
        "18",
        "B",
        "not",
        "yet",
        "spool/morning-report/ZZ/2026-03-02",
    ]
    assert said(capsys, "night", "outputs", "bills") == "Nothing of bills is in the catalogue.\n"
    assert len(said(capsys, "night", "outputs", "morning-report").splitlines()) == 2
    for spelt in ("zz", "ZZ", "morning-report/zz"):
        assert said(capsys, "night", "outputs", spelt).splitlines()[1:] == [row], spelt
    assert said(capsys, "night", "outputs", "bills/ZZ") == "Nothing of bills/ZZ is in the catalogue.\n"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("nope", "CSS708E There is no dataset 'nope'; there are archive, "),
        ("qq", "CSS101E There is no district QQ; "),
        ("bills/QQ", "CSS101E "),
    ],
)
def test_a_dataset_or_district_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str], asked: str, code: str) -> None:
    assert said(capsys, "night", "outputs", asked, status=2).startswith(code)


def test_how_long_what_is_kept_is_told_with_its_source(fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "night", "retention")
    assert "backup          Backups of the database: 7 days, the last of each of 4 weeks and of 12 months.\n" in told
    assert "HMRC Notice 700/21" in told
    with transaction(fresh_engine) as session:
        set_retention(session, SetRetention(subject="bills", keep_days=120, reason="The mailing house is slow"), by=SUPERVISOR, at=AT)
        hold_retention(session, HoldRetention(subject="bills", district_code="ZZ", reason="Claim 41"), by=SUPERVISOR, at=AT)
    told = said(capsys, "night", "retention")
    assert "bills           Bills and messages in the spool: 120 days.\n                Set by SUE: The mailing house is slow\n" in told
    assert "HELD in ZZ since 03 Mar 2026 (hold 1): Claim 41\n" in told
