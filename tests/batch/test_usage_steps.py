"""Collecting and rating as steps of a night: every file once, out of the way when it is done, whatever is killed in between."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, select, text

from batch import queries, repository
from batch.engine.workers import BlockDone, BlockTask, do_block
from batch.model import Block, JobInstance, StepExecution
from batch.net import BlockStep, Context, Counts
from batch.repository import BlockRow, Held
from batch.steps import usage_intake as steps
from batch.steps.report import morning_report
from batch.steps.usage_rating import RATE
from billing.actions import intake
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.batch.killing import run_child
from tests.batch.usage_night import AT, BY, NIGHT_OF, run
from tests.bulk.carrier import Call, carrier_file, given
from tests.conftest import clone

MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
LIVE = "441632960123"
BLOCKS = """
SELECT f.sequence, b.first_line, b.line_count, b.raw::text
  FROM billing.usage_block b JOIN billing.usage_file f ON f.id = b.usage_file_id
 ORDER BY 1, 2
"""


def calls(hour: int, count: int = 3) -> list[Call]:
    return [(LIVE, "442079460123", london_instant(NIGHT_OF, time(hour, minute)), 60 + minute) for minute in range(count)]


def fill(home: Path) -> Path:
    """Two files, one with a record spoilt and one with a stranger's call and a call of the first; one cut short; one in the making."""
    incoming = home / "incoming" / "ZZ"
    given(incoming, carrier_file(calls(9), made_at=MADE_AT, sequence=1, damaged=1), "A1.csv")
    stranger: Call = ("441632960777", "442079460123", london_instant(NIGHT_OF, time(11)), 60)
    given(incoming, gzip.compress(carrier_file([*calls(10), stranger, calls(9)[2]], made_at=MADE_AT, sequence=2)), "A2.csv.gz")
    aged(given(incoming, carrier_file(calls(11), made_at=MADE_AT, sequence=3)[:-20], "A3.csv"))
    for name in ("A4.csv.part", "A5.tmp", ".A6.csv"):
        given(incoming, b"still being written", name)
    return incoming


def aged(path: Path, minutes: int = 16) -> Path:
    """A file that nobody has written to for a while."""
    then = path.stat().st_mtime - minutes * 60
    os.utime(path, (then, then))
    return path


def open_line(engine: Engine) -> None:
    with transaction(engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def what_is_there(engine: Engine, home: Path) -> tuple[Any, ...]:
    """Everything the night leaves but for surrogate keys and attempts."""
    questions = (
        "SELECT sequence, file_name, record_count, to_rate_count FROM billing.usage_file ORDER BY 1",
        BLOCKS,
        "SELECT outcome, reason_code, words, raw FROM billing.usage_set_aside ORDER BY usage_record_id",
        "SELECT account_id, started_at, gross_millionths, rated_on FROM billing.rated_call ORDER BY usage_record_id",
        "SELECT step, reason_code, words, raw FROM batch.reject ORDER BY 1, 2, 3, 4",
        "SELECT step, state, read_count, written_count, filtered_count, rejected_count FROM batch.step_execution ORDER BY ordinal",
        "SELECT step, name, item_count, amount FROM batch.control_total ORDER BY 1, 2",
        "SELECT subject_number, after FROM css.audit_event WHERE verb = 'collect_file' ORDER BY id",
    )
    with engine.connect() as connection:
        rows = tuple(tuple(tuple(row) for row in connection.execute(text(question))) for question in questions)
    return *rows, sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.fixture
def town(fresh_engine: Engine) -> Engine:
    open_line(fresh_engine)
    return fresh_engine


def test_a_night_takes_every_file_and_rates_what_it_can(town: Engine, tmp_path: Path) -> None:
    fill(tmp_path)
    outcome = run(url_of(town), tmp_path)
    assert (outcome.return_code, outcome.error) == (4, None)

    files, blocks, aside, rated, rejects, states, totals, audits, places = what_is_there(town, tmp_path)
    assert files == ((1, "A1.csv", 3, 2), (2, "A2.csv.gz", 5, 4))
    assert [row[:3] for row in blocks] == [(1, 1, 3), (2, 1, 5)]
    assert [row[:2] for row in aside] == [("rejected", "CSS409E"), ("suspended", "CSS412E"), ("duplicate", "CSS666E")]
    assert len(rated) == 5
    assert [(row[0], row[1]) for row in rejects] == [("collect-usage", "CSS420E")]
    assert states[:2] == (("collect-usage", "completed", 9, 6, 1, 2), ("rate-usage", "completed", 6, 5, 0, 1))
    assert [row[:3] for row in totals][1:] == [("collect-usage", "calls received", 6), ("rate-usage", "calls rated", 5)]
    assert [row[0] for row in audits] == ["NTHTEL/1", "NTHTEL/2"]
    assert places == [
        "incoming/ZZ/.A6.csv",
        "incoming/ZZ/A4.csv.part",
        "incoming/ZZ/A5.tmp",
        "incoming/ZZ/done/A1.csv",
        "incoming/ZZ/done/A2.csv.gz",
        "incoming/ZZ/refused/A3.csv",
    ]


def words_of_alarms(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        instance = session.execute(select(JobInstance.id).order_by(JobInstance.id.desc()).limit(1)).scalar_one()
        return [words for words, _ in repository.alarms(session, instance)]


def test_a_file_still_being_written_waits_and_is_refused_when_it_has_been_quiet(town: Engine, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming" / "ZZ"
    content = carrier_file(calls(9), made_at=MADE_AT)
    half = given(incoming, content[:-100], "A1.csv")
    packed = given(incoming, gzip.compress(content)[:-30], "A2.csv.gz")
    assert run(url_of(town), tmp_path).return_code == 4
    assert words_of_alarms(town) == [
        f"CSS660W {name} has no end and was written to a moment ago; it waits for the next night." for name in ("A1.csv", "A2.csv.gz")
    ]
    assert sorted(path.name for path in incoming.iterdir()) == ["A1.csv", "A2.csv.gz"]

    half.write_bytes(content)
    aged(packed)
    assert run(url_of(town), tmp_path, NIGHT_OF + timedelta(days=1)).return_code == 4
    assert words_of_alarms(town) == []
    assert sorted(str(path.relative_to(incoming)) for path in incoming.rglob("*") if path.is_file()) == ["done/A1.csv", "refused/A2.csv.gz"]


def test_a_gap_is_an_alarm_every_night_until_it_is_filled(town: Engine, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming" / "ZZ"

    def night(day: int, *sequences: int) -> tuple[int, list[str]]:
        on = NIGHT_OF + timedelta(days=day)
        for n in sequences:
            given(incoming, carrier_file(calls(n), made_at=MADE_AT + timedelta(days=day), sequence=n), f"{sequences.index(n)}.csv")
        return run(url_of(town), tmp_path, on).return_code, words_of_alarms(town)

    def to_look_at() -> list[tuple[date | None, str]]:
        with transaction(town) as session:
            return [(row.business_date, row.words) for row in queries.night_alarms(session, "ZZ")]

    missing = ["CSS429W Of NTHTEL sequence 3 to 4 has not come."]
    assert night(0, 2, 1) == (0, []), "out of order is no gap"
    assert night(1, 5) == (4, missing)
    assert night(2) == (4, missing)
    assert to_look_at() == [(NIGHT_OF + timedelta(days=2), *missing)], "one gap is one thing to look at"
    assert night(3, 4, 3) == (0, [])
    assert to_look_at() == [], "it is over as soon as nothing is missing"


def test_an_alarm_of_an_attempt_that_was_killed_is_one_of_the_night(town: Engine, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming" / "ZZ"
    for n in (1, 3):
        given(incoming, carrier_file(calls(n), made_at=MADE_AT, sequence=n), f"{n}.csv")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("batch.steps.usage_rating.rating.ranges_to_rate", dying)
        with pytest.raises(KeyboardInterrupt):
            run(url_of(town), tmp_path)
    assert run(url_of(town), tmp_path).return_code == 4
    assert words_of_alarms(town) == ["CSS429W Of NTHTEL sequence 2 has not come."]
    with transaction(town) as session:
        instance = session.execute(select(JobInstance.id)).scalar_one()
        report = morning_report(session, Context("ZZ", NIGHT_OF, AT, BY, tmp_path, instance))
    assert "Alarms:\n  CSS429W Of NTHTEL sequence 2 has not come.\n" in report
    assert "alarm: " not in report


def dying(*_arguments: object) -> NoReturn:
    raise KeyboardInterrupt


def test_killed_between_the_commit_and_the_move_it_ends_as_if_undisturbed(town: Engine, server: str, template: str, tmp_path: Path) -> None:
    quiet, harmed = tmp_path / "quiet", tmp_path / "harmed"
    with clone(server, template) as other:
        open_line(other)
        fill(quiet)
        assert run(url_of(other), quiet).return_code == 4
        expected = what_is_there(other, quiet)

    fill(harmed)
    arguments = [url_of(town), str(harmed)]
    taken = text("SELECT count(*) FROM billing.usage_file")

    assert run_child("tests.batch.usage_night", arguments, kill_at="before rename").returncode == -9
    assert (harmed / "incoming/ZZ/A1.csv").exists(), "taken in, and not out of the way yet"
    with town.connect() as connection:
        assert connection.execute(taken).scalar() == 1

    assert run_child("tests.batch.usage_night", arguments, kill_at="after rename").returncode == -9
    assert (harmed / "incoming/ZZ/done/A1.csv").exists()
    with town.connect() as connection:
        assert connection.execute(taken).scalar() == 1, "known again by its checkpoint, not taken twice"

    last = run_child("tests.batch.usage_night", arguments)
    assert (last.returncode, last.stdout.strip()) == (0, "4"), last.stderr
    assert what_is_there(town, harmed) == expected


def test_a_block_handed_out_again_is_done_no_more(town: Engine, tmp_path: Path) -> None:
    fill(tmp_path)
    outcome = run(url_of(town), tmp_path)
    with transaction(town) as session:
        step = session.execute(select(StepExecution).where(StepExecution.step == "rate-usage")).scalar_one()
        block = session.execute(select(Block).where(Block.step_execution_id == step.id).order_by(Block.id).limit(1)).scalar_one()
    before = what_is_there(town, tmp_path)
    assert isinstance(RATE, BlockStep)
    again = BlockTask(
        Context("ZZ", NIGHT_OF, AT, BY, tmp_path, outcome.job_instance_id),
        Held(outcome.job_instance_id, step.job_execution_id, step.id, "rate-usage"),
        BlockRow(block.id, block.block_number, block.first_key, block.last_key),
    )
    assert do_block(town, RATE, again, FixedClock(AT)) == BlockDone(Counts())
    assert what_is_there(town, tmp_path) == before


def test_a_night_being_caught_up_leaves_later_files_for_their_own_night(town: Engine, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming" / "ZZ"
    next_day = NIGHT_OF + timedelta(days=1)
    given(incoming, carrier_file(calls(9), made_at=MADE_AT, sequence=1), "A1.csv")
    later = [(LIVE, "442079460123", london_instant(next_day, time(9)), 60)]
    given(incoming, carrier_file(later, made_at=MADE_AT + timedelta(days=1), sequence=2), "A0.csv")

    assert run(url_of(town), tmp_path).return_code == 0
    assert sorted(path.name for path in incoming.glob("*.csv")) == ["A0.csv"]
    assert run(url_of(town), tmp_path, next_day).return_code == 0
    with town.connect() as connection:
        rated = connection.execute(text("SELECT rated_on, count(*) FROM billing.rated_call GROUP BY 1 ORDER BY 1")).all()
    assert [tuple(row) for row in rated] == [(NIGHT_OF, 3), (next_day, 1)]
    assert not list(incoming.glob("*.csv"))


def test_a_file_made_in_the_future_is_an_alarm_every_night(town: Engine, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming" / "ZZ"
    given(incoming, carrier_file(calls(9), made_at=MADE_AT.replace(year=MADE_AT.year + 1), sequence=1), "A1.csv")
    for day in (NIGHT_OF, NIGHT_OF + timedelta(days=1)):
        assert run(url_of(town), tmp_path, day).return_code == 4
        night = NIGHT_OF.replace(year=NIGHT_OF.year + 1)
        assert words_of_alarms(town) == [
            f"CSS663W A1.csv waits for the night of {night}, by when its control record says that it was made."
        ]


def test_a_file_that_came_under_the_same_name_meanwhile_is_not_put_away_unread(tmp_path: Path) -> None:
    path = given(tmp_path, b"the second", "A1.csv")
    checkpoint = {"file": "A1.csv", "is": steps._identity(given(tmp_path / "elsewhere", b"the first")), "folder": "done"}
    steps._put_away(tmp_path, checkpoint)
    assert path.read_bytes() == b"the second"
    steps._put_away(tmp_path, checkpoint | {"is": steps._identity(path)})
    assert (tmp_path / "done" / "A1.csv").read_bytes() == b"the second"
    steps._put_away(tmp_path, checkpoint)
    steps._put_away(tmp_path, {})


def test_what_was_put_away_before_is_not_written_over(tmp_path: Path) -> None:
    for n in range(3):
        path = given(tmp_path, f"refused {n}".encode(), "A1.csv")
        steps._put_away(tmp_path, {"file": "A1.csv", "is": steps._identity(path), "folder": "refused"})
    kept = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "refused").iterdir()}
    assert kept == {"A1.csv": "refused 0", "A1.csv.2": "refused 1", "A1.csv.3": "refused 2"}


def test_a_file_that_cannot_be_read_stops_the_night_until_it_can(town: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)

    def unreadable(path: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(intake, "file_control", unreadable)
        outcome = run(url_of(town), tmp_path)
    assert outcome.return_code == 16
    assert outcome.error is not None
    assert outcome.error.text == f"CSS614E A carrier's file cannot be read or put away: {tmp_path}/incoming/ZZ/A1.csv: Permission denied."
    assert run(url_of(town), tmp_path).return_code == 4
    assert what_is_there(town, tmp_path)[0] == ((1, "A1.csv", 3, 2), (2, "A2.csv.gz", 5, 4))


def test_no_directory_is_no_file(tmp_path: Path) -> None:
    assert steps.waiting_files(tmp_path / "incoming" / "ZZ") == []
