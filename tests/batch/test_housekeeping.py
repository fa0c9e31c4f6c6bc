"""The house after its nights: read back, backed up, rehearsed, and what has had its time is archived or gone."""

from __future__ import annotations

import csv
import gzip
import hashlib
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from batch import repository
from batch.engine import RunOutcome, run_net
from batch.model import Alarm, Block, DatasetGeneration, JobExecution, JobInstance, RetentionRun, StepExecution
from batch.net import Context, Net
from batch.nets import HOUSEKEEPING
from batch.outputs import publish
from batch.outputs.verify import catalogued, faults_of
from batch.steps import upkeep
from batch.upkeep import reading
from batch.upkeep.archiving import archive_runs
from batch.upkeep.backup import restored_books
from batch.upkeep.commands import HoldRetention, ReleaseRetention, SetRetention
from batch.upkeep.keeping import hold_retention, release_retention, retention, retention_runs, set_retention
from batch.words import BlockState, ExecutionState, GenerationState, InstanceState, StepState
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.errors import BadMessage, NotFound, Refused
from css.core.words import Role
from css.db.engine import transaction
from css.master.reference import RETAIL
from tests import builders

SUNDAY, MONDAY = date(2026, 3, 1), date(2026, 3, 2)
RUNNER = Actor("batch", "housekeeping/alice", RETAIL, door="night")
SUPERVISOR = Actor("operator", "SUE", RETAIL, roles=frozenset({Role.SUPERVISOR.value}))


class Usage(NamedTuple):
    """What a disk says of itself."""

    total: int
    used: int
    free: int


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, 0, tzinfo=UTC) + timedelta(days=1)


def keep_house(engine: Engine, home: Path, day: date = MONDAY, net: Net = HOUSEKEEPING) -> RunOutcome:
    outcome = run_net(engine, net, Context("", day, at(day), RUNNER, home), clock=FixedClock(at(day)))
    assert outcome.error is None, outcome.error
    return outcome


def alone(*steps: object) -> Net:
    """A net of the house with some of its steps."""
    return Net.in_line("housekeeping", "Some of it.", steps)  # type: ignore[arg-type]


@pytest.fixture
def house(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
    return fresh_engine


def output(engine: Engine, home: Path, day: date, dataset: str = "morning-report/ZZ", district: str = "ZZ") -> Path:
    """A generation of a run of that day."""
    with transaction(engine) as session:
        instance = repository.plan(session, "night", district, day, at(day))
        context = Context(district, day, at(day), RUNNER, home, instance.id, step="report")
        return publish(session, context, dataset, {"report.txt": f"{dataset} of {day}\n".encode()}, at=at(day)).path


def finished_run(session: Session, day: date, blocks: int, *, state: InstanceState = InstanceState.COMPLETED) -> int:
    instance = repository.plan(session, "night", "ZZ", day, at(day))
    session.execute(update(JobInstance).where(JobInstance.id == instance.id).values(state=state))
    execution = JobExecution(
        job_instance_id=instance.id,
        attempt=1,
        state=ExecutionState.COMPLETED,
        started_by="alice",
        host="here",
        process_id=1,
        started_at=at(day),
        ended_at=at(day),
        return_code=0,
    )
    session.add(execution)
    session.flush()
    step = StepExecution(
        job_instance_id=instance.id,
        job_execution_id=execution.id,
        step="calculate",
        ordinal=1,
        state=StepState.COMPLETED,
        checkpoint={},
        read_count=blocks,
        written_count=blocks,
        started_at=at(day),
    )
    session.add(step)
    session.flush()
    session.add_all(
        Block(
            step_execution_id=step.id,
            block_number=n,
            first_key=n * 10,
            last_key=n * 10 + 9,
            state=BlockState.DONE,
            job_execution_id=execution.id,
            done_at=at(day),
            read_count=1,
            written_count=1,
        )
        for n in range(1, blocks + 1)
    )
    session.flush()
    return instance.id


def alarms(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return list(session.execute(select(Alarm.words).order_by(Alarm.id)).scalars())


def states(engine: Engine, dataset: str) -> list[tuple[str, GenerationState]]:
    with transaction(engine) as session:
        rows = session.execute(
            select(DatasetGeneration.path, DatasetGeneration.state)
            .where(DatasetGeneration.dataset == dataset)
            .order_by(DatasetGeneration.id)
        )
        return [(row.path, row.state) for row in rows]


def test_a_night_of_the_house_ends_with_a_backup_that_can_be_restored(house: Engine, tmp_path: Path) -> None:
    outcome = keep_house(house, tmp_path, SUNDAY)
    assert outcome.return_code == 0
    place = tmp_path / "backups" / "2026-03-01"
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=place, check=True)
    assert states(house, "backup") == [("backups/2026-03-01", GenerationState.CATALOGUED)]
    assert (place / "css.css-backup").stat().st_mode & 0o777 == 0o600
    with transaction(house) as session:
        rehearsed = session.execute(
            select(StepExecution.state, StepExecution.written_count).where(StepExecution.step == "rehearse-restore")
        )
        assert rehearsed.one() == (StepState.COMPLETED, 1)


def test_on_other_days_than_sunday_nothing_is_rehearsed(house: Engine, tmp_path: Path) -> None:
    keep_house(house, tmp_path, MONDAY)
    with transaction(house) as session:
        row = session.execute(select(StepExecution).where(StepExecution.step == "rehearse-restore")).scalar_one()
        assert (row.state, row.message_words) == (StepState.NOT_NEEDED, "The restore is rehearsed on Sundays.")


def test_a_backup_whose_books_are_wrong_is_told(house: Engine, tmp_path: Path) -> None:
    """The books are wrong in the database itself: what was backed up faithfully is still no state to go back to."""
    with transaction(house) as session:
        session.execute(text("INSERT INTO billing.bill_series (series, last_serial) VALUES ('ZZ', 3)"))
    outcome = keep_house(house, tmp_path, SUNDAY)
    assert outcome.return_code == 4
    assert "CSS977E" in " ".join(alarms(house))


def test_a_backup_that_is_cut_short_is_not_restored(house: Engine, tmp_path: Path) -> None:
    keep_house(house, tmp_path, MONDAY)
    file = tmp_path / "backups" / "2026-03-02" / "css.css-backup"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BadMessage) as refusal:
        restored_books(file)
    assert refusal.value.code == "CSS036E"


def test_what_is_spoilt_is_found_the_night_after_and_again_until_it_is_mended(house: Engine, tmp_path: Path) -> None:
    first, second = output(house, tmp_path, SUNDAY), output(house, tmp_path, MONDAY)
    (first / "report.txt").write_bytes(b"forged")
    net = alone(upkeep.VERIFY)
    assert keep_house(house, tmp_path, MONDAY, net).return_code == 4
    place = "spool/morning-report/ZZ/2026-03-01/report.txt"
    said = f"CSS972W {place}: its bytes are not those that were catalogued (morning-report/ZZ, generation 1)."
    assert alarms(house) == [said]
    (second / "report.txt").unlink()
    # The second was sound a night ago and is read again in a week; the first is looked at every night.
    keep_house(house, tmp_path, MONDAY + timedelta(days=1), net)
    assert alarms(house) == [said, said]
    keep_house(house, tmp_path, MONDAY + timedelta(days=8), net)
    assert "2026-03-02/report.txt: no such file" in alarms(house)[-1]


def test_a_disk_four_fifths_full_is_an_alarm_once_a_disk(house: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, 790, 210))
    assert keep_house(house, tmp_path, MONDAY, alone(upkeep.DISKS)).return_code == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, 760, 190))
    assert reading.FULL_PERCENT == 80
    assert keep_house(house, tmp_path, MONDAY + timedelta(days=1), alone(upkeep.DISKS)).return_code == 4
    assert alarms(house) == [f"CSS978W The disk of {tmp_path} is more than 80 % full: 80 % on 03 Mar 2026."]


def test_old_outputs_go_and_their_entries_stay(house: Engine, tmp_path: Path) -> None:
    old, edge, young = (output(house, tmp_path, MONDAY - timedelta(days=days)) for days in (400, 399, 1))
    other = output(house, tmp_path, MONDAY - timedelta(days=3000), dataset="somebody-elses/ZZ")
    keep_house(house, tmp_path, MONDAY, alone(upkeep.GENERATIONS))
    assert [path.exists() for path in (old, edge, young, other)] == [False, True, True, True]
    assert [state for _, state in states(house, "morning-report/ZZ")] == [
        GenerationState.PURGED,
        GenerationState.CATALOGUED,
        GenerationState.CATALOGUED,
    ]
    with transaction(house) as session:
        assert session.execute(text("SELECT count(*) FROM batch.dataset_file")).scalar() == 3
        row = session.execute(select(RetentionRun)).scalar_one()
        assert (row.subject, row.purged_count, row.kept_from) == ("morning-report", 1, MONDAY - timedelta(days=399))
        assert retention_runs(session, "morning-report")[0].purged_count == 1


def test_backups_thin_out_to_days_weeks_and_months(house: Engine, tmp_path: Path) -> None:
    days = [MONDAY - timedelta(days=back) for back in range(1, 60)]
    places = {day: output(house, tmp_path, day, dataset="backup") for day in reversed(days)}
    keep_house(house, tmp_path, MONDAY, alone(upkeep.GENERATIONS))
    kept = {day for day, path in places.items() if path.exists()}
    # Today's own would be the seventh day, and the last of its week and month.
    assert kept == {*(MONDAY - timedelta(days=back) for back in range(1, 7)), date(2026, 2, 22), date(2026, 2, 15), date(2026, 1, 31)}


def test_a_hold_keeps_what_it_covers_until_it_is_released(house: Engine, tmp_path: Path) -> None:
    old = output(house, tmp_path, MONDAY - timedelta(days=500))
    with transaction(house) as session:
        command = HoldRetention(subject="morning-report", district_code="ZZ", reason="Court order 41 of 2026")
        hold = hold_retention(session, command, by=SUPERVISOR, at=at(MONDAY))
        assert [row.subject for row in retention(session) if row.holds] == ["morning-report"]
    keep_house(house, tmp_path, MONDAY, alone(upkeep.GENERATIONS))
    assert old.exists()
    with transaction(house) as session:
        release_retention(session, ReleaseRetention(hold_id=hold.hold_id, reason="The case is over"), by=SUPERVISOR, at=at(MONDAY))
    keep_house(house, tmp_path, MONDAY + timedelta(days=1), alone(upkeep.GENERATIONS))
    assert not old.exists()
    with transaction(house) as session, pytest.raises(Refused, match="SUE has released hold"):
        release_retention(session, ReleaseRetention(hold_id=hold.hold_id, reason="Again"), by=SUPERVISOR, at=at(MONDAY))


def test_what_a_supervisor_set_holds_within_what_the_law_says(house: Engine, tmp_path: Path) -> None:
    old = output(house, tmp_path, MONDAY - timedelta(days=30))
    with transaction(house) as session:
        set_retention(session, SetRetention(subject="morning-report", keep_days=30, reason="Room"), by=SUPERVISOR, at=at(MONDAY))
        row = next(row for row in retention(session) if row.subject == "morning-report")
        assert (row.keep_days, row.set_by, row.reason) == (30, "SUE", "Room")
    keep_house(house, tmp_path, MONDAY, alone(upkeep.GENERATIONS))
    assert not old.exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetRetention(subject="month-end", keep_days=2191, reason="Room"), "CSS979E"),
        (SetRetention(subject="call-detail", keep_days=2193, reason="For ever"), "CSS979E"),
        (SetRetention(subject="call-detail", keep_days=500, keep_weeks=1, reason="?"), "CSS979E"),
        (SetRetention(subject="backup", keep_days=7, keep_weeks=-1, reason="?"), "CSS979E"),
        (SetRetention(subject="secrets", keep_days=7, reason="?"), "CSS979E"),
        (SetRetention(subject="backup", keep_days=7, reason="  "), "CSS630E"),
    ],
)
def test_what_may_not_be_is_refused(house: Engine, command: SetRetention, code: str) -> None:
    with transaction(house) as session, pytest.raises(BadMessage) as refusal:
        set_retention(session, command, by=SUPERVISOR, at=at(MONDAY))
    assert refusal.value.code == code


def test_only_a_supervisor_says_how_long_what_is_kept(house: Engine) -> None:
    clerk = Actor("operator", "CLARA", RETAIL, roles=frozenset({Role.CLERK.value}))
    with transaction(house) as session:
        with pytest.raises(Refused, match="role supervisor"):
            set_retention(session, SetRetention(subject="backup", keep_days=1, reason="?"), by=clerk, at=at(MONDAY))
        with pytest.raises(Refused, match="role supervisor"):
            hold_retention(session, HoldRetention(reason="?"), by=clerk, at=at(MONDAY))
        with pytest.raises(Refused, match="role supervisor"):
            release_retention(session, ReleaseRetention(hold_id=1, reason="?"), by=clerk, at=at(MONDAY))
        with pytest.raises(NotFound, match="no hold 7"):
            release_retention(session, ReleaseRetention(hold_id=7, reason="?"), by=SUPERVISOR, at=at(MONDAY))


def test_blocks_of_finished_runs_go_to_an_archive_row_for_row(house: Engine, tmp_path: Path) -> None:
    with transaction(house) as session:
        old = finished_run(session, MONDAY - timedelta(days=95), 3)
        finished_run(session, MONDAY - timedelta(days=96), 2, state=InstanceState.FAILED)
        finished_run(session, MONDAY - timedelta(days=94), 4)
        before = session.execute(
            text(
                "SELECT first_key, last_key FROM batch.block b JOIN batch.step_execution s ON s.id = step_execution_id "
                "WHERE job_instance_id = :id ORDER BY block_number"
            ),
            {"id": old},
        ).all()
    keep_house(house, tmp_path, MONDAY, alone(upkeep.ARCHIVE))
    place = tmp_path / "archive" / "2026-03-02"
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=place, check=True)
    (file,) = place.glob("blocks-*.csv.gz")
    rows = list(csv.DictReader(gzip.decompress(file.read_bytes()).decode().splitlines()))
    assert [(int(row["first_key"]), int(row["last_key"])) for row in rows] == [tuple(row) for row in before]
    assert {(row["net"], row["district_code"], row["step"], row["attempt"]) for row in rows} == {("night", "ZZ", "calculate", "1")}
    with transaction(house) as session:
        assert session.execute(select(func.count()).select_from(Block)).scalar() == 6
        run = session.execute(select(RetentionRun).where(RetentionRun.subject == "runs")).scalar_one()
        assert (run.archived_count, run.purged_count, run.archive_path) == (3, 3, "archive/2026-03-02")
        assert run.archive_sha256 == hashlib.sha256((place / "SHA256SUMS").read_bytes()).hexdigest()


def archive(engine: Engine, home: Path, generation: int = 1, *, at_most: int = 9) -> dict[str, object]:
    """The step of this night's run, or as much of it as it got done."""
    with transaction(engine) as session:
        number = repository.plan(session, "housekeeping", "", MONDAY, at(MONDAY)).id
    reached: dict[str, object] = {}
    for _ in range(at_most):
        context = Context("", MONDAY, at(MONDAY), RUNNER, home, number, step="archive-runs", step_generation=generation)
        with transaction(engine) as session:
            done = archive_runs(session, context, reached)
        if done is None:
            break
        reached = done[1]
    return reached


def test_two_archives_of_a_date_hold_different_runs_and_both_are_kept_and_read_back(house: Engine, tmp_path: Path) -> None:
    for generation in (1, 2):
        with transaction(house) as session:
            finished_run(session, MONDAY - timedelta(days=95 + generation), 3)
        archive(house, tmp_path, generation)
    paths = ["archive/2026-03-02", "archive/2026-03-02-g2"]
    assert states(house, "archive") == [(path, GenerationState.CATALOGUED) for path in paths]
    with transaction(house) as session:
        assert [(kept.path, list(faults_of(tmp_path, kept))) for kept in catalogued(session)] == [(path, []) for path in paths]
        runs = retention_runs(session, "runs")
    assert {run.archive_path: (run.archived_count, run.purged_count, run.archive_sha256) for run in runs} == {
        path: (3, 3, hashlib.sha256((tmp_path / path / "SHA256SUMS").read_bytes()).hexdigest()) for path in paths
    }


def test_an_archive_is_whole_wherever_the_step_was_left(house: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch.upkeep.archiving.RUNS_AT_ONCE", 1)
    with transaction(house) as session:
        for days in (97, 96):
            finished_run(session, MONDAY - timedelta(days=days), 2)
    archive(house, tmp_path, at_most=1)
    place = tmp_path / "archive" / "2026-03-02"
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=place, check=True)
    with transaction(house) as session:
        (kept,) = catalogued(session)
        assert (list(faults_of(tmp_path, kept)), kept.file_count) == ([], 1)
        assert session.execute(select(func.count()).select_from(Block)).scalar() == 2


def test_what_a_killed_attempt_wrote_and_could_not_keep_is_no_part_of_an_archive(house: Engine, tmp_path: Path) -> None:
    with transaction(house) as session:
        finished_run(session, MONDAY - timedelta(days=96), 2)
    reached = archive(house, tmp_path, at_most=1)
    place = tmp_path / "archive" / "2026-03-02"
    names = {path.name for path in place.iterdir()}
    (place / "blocks-00000008-00000009.csv.gz").write_bytes(b"of a transaction that was lost")
    (place / "SHA256SUMS").write_bytes(b"with it")
    with transaction(house) as session:
        number = repository.plan(session, "housekeeping", "", MONDAY, at(MONDAY)).id
        context = Context("", MONDAY, at(MONDAY), RUNNER, tmp_path, number, step="archive-runs", step_generation=1)
        assert archive_runs(session, context, reached) is None
        (kept,) = catalogued(session)
        assert list(faults_of(tmp_path, kept)) == []
    assert {path.name for path in place.iterdir()} == names


def test_nothing_outside_the_house_is_thrown_away_through_a_link(house: Engine, tmp_path: Path) -> None:
    old = output(house, tmp_path / "home", MONDAY - timedelta(days=500))
    outside = tmp_path / "outside"
    old.rename(outside)
    old.symlink_to(outside)
    keep_house(house, tmp_path / "home", MONDAY, alone(upkeep.GENERATIONS))
    assert (outside / "report.txt").exists()
    assert not old.is_symlink()


def test_a_spool_on_another_disk_is_kept_in_order_too(house: Engine, tmp_path: Path) -> None:
    home, disk = tmp_path / "home", tmp_path / "disk"
    home.mkdir()
    disk.mkdir()
    (home / "spool").symlink_to(disk)
    old = output(house, home, MONDAY - timedelta(days=500))
    assert (disk / "morning-report/ZZ").is_dir()
    keep_house(house, home, MONDAY, alone(upkeep.GENERATIONS))
    assert not old.exists()
    assert list((disk / "morning-report/ZZ").iterdir()) == []


@pytest.fixture(autouse=True)
def small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several transactions where there would be one."""
    monkeypatch.setattr("batch.upkeep.going.GENERATIONS_AT_ONCE", 7)
