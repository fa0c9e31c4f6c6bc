"""The blocks of runs that ended well long ago: written to an archive, then taken out of the database.

Steps, attempts, totals and balances stay for ever; blocks are by far the most rows of a run, and nobody asks for one block
after a quarter. An archive is a generation, ``<home>/archive/<business date>/`` with ``blocks-<first run>-<last run>.csv.gz``
and its manifest; the same rows give the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from batch.model import RetentionRun
from batch.net import Context, Counts, Total, Work
from batch.outputs.generations import catalogue, head_of, take
from batch.outputs.manifest import FileSum, sum_of_file, write_manifest
from batch.rules.retention import kept_from
from batch.upkeep.going import count_gone
from batch.upkeep.keeping import is_held, keeping_of
from css.db.sql import block
from css.whole_file import cannot_write, make_folder, put_files

SUBJECT: Final = "runs"
DATASET: Final = "archive"
RUNS_AT_ONCE: Final = 50
COLUMNS: Final = (
    *("net", "district_code", "business_date", "parameter_key", "step", "generation", "block_number", "first_key", "last_key"),
    *("attempt", "done_at", "read_count", "written_count", "filtered_count", "rejected_count"),
)


def archive_runs(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Archive the blocks of the next runs and delete them in the same transaction; at the end the archive's manifest.

    Raises:
        Unavailable: CSS968E, CSS969E: the archive cannot be written, and nothing is deleted.
    """
    if checkpoint.get("closed"):
        return None
    since = kept_from(context.business_date, keeping_of(session, SUBJECT))
    held = is_held(session, SUBJECT)
    rows = [] if held else session.execute(block("batch", "upkeep.take_blocks"), {"before": since, "runs": RUNS_AT_ONCE}).all()
    if not rows:
        return (_close(session, context), {"closed": True}) if checkpoint.get("files") else None
    name = f"blocks-{min(row.job_instance_id for row in rows):08d}-{max(row.job_instance_id for row in rows):08d}.csv.gz"
    taken = take(session, context, DATASET, below=DATASET, at=context.at)
    content = as_csv(rows)
    try:
        put_files({context.home / taken.path / name: content})
    except OSError as error:
        raise cannot_write(error, context.home / taken.path) from error
    count_gone(session, context, SUBJECT, since, purged=len(rows), archived=len(rows))
    totals = (Total("blocks archived", len(rows)),)
    return Work(Counts(len(rows), len(rows)), totals=totals), {"files": [*checkpoint.get("files", []), name]}


def as_csv(rows: Sequence[Row[Any]]) -> bytes:
    """Rows as CSV in gzip, without a time of writing in it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        found = row._mapping  # noqa: SLF001 - SQLAlchemy's own name for the public mapping
        writer.writerow(["" if found[name] is None else str(found[name]) for name in COLUMNS])
    return gzip.compress(out.getvalue().encode(), compresslevel=6, mtime=0)


def _close(session: Session, context: Context) -> Work:
    taken = take(session, context, DATASET, below=DATASET, at=context.at)
    directory = context.home / taken.path
    try:
        make_folder(directory)
        # By name: halves that a killed attempt has left of the manifest itself are no part of it.
        names = sorted(path.name for path in directory.glob("blocks-*.csv.gz"))
        files = [FileSum(name, *sum_of_file(directory / name)) for name in names]
        made = write_manifest(directory, head_of(taken, context), files)
    except OSError as error:
        raise cannot_write(error, directory) from error
    catalogue(session, context, taken, made, at=context.at)
    session.execute(
        update(RetentionRun)
        .where(RetentionRun.subject == SUBJECT, RetentionRun.business_date == context.business_date, RetentionRun.district_code.is_(None))
        .values(archive_path=taken.path, archive_sha256=made.sha256)
    )
    return Work(Counts())
