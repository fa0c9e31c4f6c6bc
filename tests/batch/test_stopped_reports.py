"""What ``css night run`` leaves of a run that stopped: each net its own report, of its own steps, for as long as it stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.balance import BookBreach
from batch.net import Context
from batch.report.pdf import as_pdf
from batch.report.text import as_text
from batch.report.writing import stopped_files
from batch.steps import books
from css.cli import main, night_report
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.batch.morning_facts import GOOD
from tests.batch.test_month_end import JANUARY, START, later
from tests.batch.toy_night import AT, NIGHT
from tests.golden.printed import runs

MISSING = (BookBreach("entries-balance", "ZZ", "£0.01 is missing."),)


@pytest.fixture(autouse=True)
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, with a district that has lived to the end of January."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    monkeypatch.setenv("CSS_WORKERS", "1")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        builders.working_line(session, zz, builders.account(session, zz, cycle_day=31), starts_on=START)
    later(fresh_engine, JANUARY, tmp_path)
    yield tmp_path
    settings.cache_clear()


def test_a_month_end_that_stops_tells_of_its_own_steps_under_its_own_name_until_it_is_done(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_day = home / "spool" / "ZZ" / "2026-01-31"
    of_the_day.mkdir(parents=True, exist_ok=True)
    (of_the_day / "morning-report.txt").write_text("What the night of that day left.", encoding="utf-8")
    words = ["night", "run", "ZZ", "--date", "2026-01-31", "--net", "month-end"]
    with monkeypatch.context() as patched:
        patched.setattr(books, "find_breaches", lambda *_: MISSING)
        assert main(words) == 12
    assert f"What is known so far: {of_the_day}/month-end-report.txt" in capsys.readouterr().err
    assert (of_the_day / "month-end-report.pdf").read_bytes().startswith(b"%PDF")
    said = (of_the_day / "month-end-report.txt").read_text(encoding="utf-8")
    assert "\nNot begun: month-report.\n" in said, "its own step, and none of the night's"
    assert (of_the_day / "morning-report.txt").read_text(encoding="utf-8") == "What the night of that day left."
    assert main(words) == 0
    assert [path.name for path in of_the_day.glob("*-report.*")] == ["morning-report.txt"], "the run is done, and its report is gone"


def test_a_quarter_end_and_an_extra_run_have_names_of_their_own(home: Path) -> None:
    context = Context("", JANUARY, AT + timedelta(days=1), NIGHT, home)
    names = [
        path.name
        for net, key in (("night", ""), ("quarter-end", ""), ("housekeeping", ""), ("housekeeping", "again"))
        for path in stopped_files(context, net, key)
    ]
    assert names == [
        "morning-report.txt",
        "morning-report.pdf",
        "quarter-end-report.txt",
        "quarter-end-report.pdf",
        "housekeeping-report.txt",
        "housekeeping-report.pdf",
        "housekeeping-report-again.txt",
        "housekeeping-report-again.pdf",
    ]


def test_the_report_of_an_extra_run_says_that_it_is_one() -> None:
    extra = replace(GOOD, net="housekeeping", district_code="", parameter_key="again")
    assert as_text(extra).splitlines()[2] == "Extra run again."
    assert "Extra run again. Business date" in " ".join(run.words for run in runs(as_pdf(extra)))
    assert "Extra run" not in as_text(GOOD)


def test_a_run_is_done_though_its_report_cannot_be_taken_away(home: Path) -> None:
    context = Context("ZZ", JANUARY, AT, NIGHT, home)
    in_the_way, _ = stopped_files(context, "month-end")
    in_the_way.mkdir(parents=True)
    night_report.withdraw(context, "month-end", "")
    assert in_the_way.is_dir()


def test_a_watch_in_a_pipe_ends_with_a_run_that_is_held(
    fresh_engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(fresh_engine) as session:
        session.execute(
            text(
                "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at, held_at, held_by, hold_reason)"
                " SELECT 'night', 'ZZ', closed_through + 1, 'planned', now(), now(), 'SAM', 'The carrier sends a file again.'"
                " FROM css.business_date"
            )
        )

    def wait(_seconds: float) -> None:
        pytest.fail("It waits for what only a person can do.")

    monkeypatch.setattr("css.cli.night_watch.time.sleep", wait)
    assert main(["night", "watch", "ZZ"]) == 16
    assert "Held by SAM: The carrier sends a file again." in " ".join(capsys.readouterr().out.split())
