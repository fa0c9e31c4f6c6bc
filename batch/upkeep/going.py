"""What goes when its time of keeping is over: old generations, and how what goes is counted and removed.

Each transaction takes a little, says what it took in ``batch.retention_run``, and is safe to be killed: what is gone from the
disk and still in the database is taken again.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.model import DatasetFile, DatasetGeneration, JobInstance, RetentionRun
from batch.net import Context, Counts, Total, Work
from batch.outputs.bills import DATASET as BILLS
from batch.outputs.generations import Published
from batch.rules.retention import SUBJECTS, Held, kept_from, kept_of
from batch.upkeep.keeping import is_held, keeping_of
from batch.words import GenerationState
from css.whole_file import cannot_write, sync_folder

GENERATIONS_AT_ONCE: Final = 20


def count_gone(
    session: Session,
    context: Context,
    subject: str,
    since: date,
    *,
    purged: int,
    district_code: str | None = None,
    archive: Published | None = None,
) -> None:
    """Add to what this night threw away of a subject, and say from which date on all of it is kept by now.

    What went into an archive is counted with that archive, and with no other of the same date.
    """
    archived = 0 if archive is None else purged
    path, digest = (None, None) if archive is None else (archive.path.relative_to(context.home).as_posix(), archive.sha256)
    statement = upsert(RetentionRun).values(
        subject=subject,
        district_code=district_code,
        business_date=context.business_date,
        kept_from=since,
        purged_count=purged,
        archived_count=archived,
        archive_path=path,
        archive_sha256=digest,
        done_at=context.at,
    )
    session.execute(
        statement.on_conflict_do_update(
            constraint="uq_retention_run_once",
            set_={
                "kept_from": since,
                "purged_count": RetentionRun.purged_count + purged,
                "archived_count": RetentionRun.archived_count + archived,
                "archive_sha256": digest,
                "done_at": context.at,
            },
        )
    )


def throw_generations_away(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Remove the next generations whose time is over: their directory, and their bytes in the database; their entry stays.

    Raises:
        Unavailable: CSS969E, a directory cannot be removed.
    """
    waiting = _old_generations(session, context)[:GENERATIONS_AT_ONCE]
    if not waiting:
        return None
    removed = [row for row in waiting if _is_alone(session, row)]
    for row in removed:
        remove_directory(context.home, row.path)
    ids = [row.id for row in waiting]
    session.execute(delete(DatasetFile).where(DatasetFile.dataset_generation_id.in_(ids)))
    session.execute(
        update(DatasetGeneration).where(DatasetGeneration.id.in_(ids)).values(state=GenerationState.PURGED, purged_at=context.at)
    )
    for subject in sorted({_subject(row) for row in waiting}):
        count = sum(_subject(row) == subject for row in waiting)
        count_gone(session, context, subject, kept_from(context.business_date, keeping_of(session, subject)), purged=count)
    byte_count = sum(row.byte_count for row in removed)
    totals = (Total("generations thrown away", len(waiting)), Total("bytes of them", byte_count))
    return Work(Counts(len(waiting), len(waiting)), totals=totals), {"done": int(checkpoint.get("done", 0)) + len(waiting)}


def _subject(row: DatasetGeneration) -> str:
    return row.dataset.split("/", 1)[0]


def _old_generations(session: Session, context: Context) -> list[DatasetGeneration]:
    """Of every dataset what its rule keeps no longer, the oldest first; of a subject that nobody has a rule for, nothing."""
    rows = session.execute(
        select(DatasetGeneration, JobInstance.business_date, JobInstance.district_code)
        .join(JobInstance, JobInstance.id == DatasetGeneration.job_instance_id)
        .where(DatasetGeneration.state != GenerationState.PURGED, DatasetGeneration.job_instance_id != context.job_instance_id)
        .order_by(DatasetGeneration.id)
    ).all()
    of_dataset: dict[str, list[tuple[DatasetGeneration, date, str | None]]] = {}
    for row in rows:
        of_dataset.setdefault(row[0].dataset, []).append((row[0], _date_of(row[0], row.business_date), row.district_code))
    old = []
    for dataset, of in of_dataset.items():
        name = dataset.split("/", 1)[0]
        if name not in SUBJECTS or SUBJECTS[name].held is not Held.GENERATIONS:
            continue
        kept = kept_of({day for _, day, _ in of}, context.business_date, keeping_of(session, name))
        old += [row for row, day, district in of if day not in kept and not is_held(session, name, district)]
    return old


def _date_of(row: DatasetGeneration, business_date: date) -> date:
    """Bills lie by the night that made them, whichever night issued the last of them."""
    return date.fromisoformat(PurePosixPath(row.path).name) if _subject(row) == BILLS else business_date


def _is_alone(session: Session, row: DatasetGeneration) -> bool:
    """Whether no other generation that is kept lies in the same directory."""
    found = select(DatasetGeneration.id).where(
        DatasetGeneration.path == row.path, DatasetGeneration.id > row.id, DatasetGeneration.state != GenerationState.PURGED
    )
    return session.execute(found.limit(1)).first() is None


def remove_directory(home: Path, path: str) -> None:
    """Remove a directory below the installation's with all that is in it; one that is gone already is no fault.

    Raises:
        Unavailable: CSS969E, it cannot be removed.
    """
    directory = home / path
    # The spool may be a link to another disk; below it none is followed, and nothing outside is ever removed.
    below = (home / PurePosixPath(path).parts[0]).resolve()
    try:
        if directory.is_symlink():
            directory.unlink()
        elif directory.is_dir() and below in directory.resolve().parents:
            shutil.rmtree(directory)
            sync_folder(directory.parent)
    except OSError as error:
        raise cannot_write(error, directory) from error
