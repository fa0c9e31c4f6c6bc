"""The blocks of runs that ended well long ago: written to an archive, then taken out of the database.

Steps, attempts, totals and balances stay for ever; blocks are by far the most rows of a run, and nobody asks for one block
after a quarter. An archive is a generation, ``<home>/archive/<business date>/`` with ``blocks-<first run>-<last run>.csv.gz``
and its manifest; the same rows give the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from batch.net import Context, Counts, Total, Work
from batch.outputs.generations import Published, catalogue, head_of, sweep, take
from batch.outputs.manifest import OWN_NAMES, FileSum, sums_of, write_manifest
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
    """Archive the blocks of the next runs and delete them in the same transaction, which has the archive whole in the catalogue too:
    wherever the step is left, what it deleted is in an archive that is read back and kept.

    Raises:
        Unavailable: CSS968E, CSS969E: the archive cannot be written, and nothing is deleted.
    """
    since = kept_from(context.business_date, keeping_of(session, SUBJECT))
    held = is_held(session, SUBJECT)
    files = [FileSum(*each) for each in checkpoint.get("files", ())]
    rows = [] if held else session.execute(block("batch", "upkeep.take_blocks"), {"before": since, "runs": RUNS_AT_ONCE}).all()
    if not rows:
        if files:
            # As it was catalogued, should a killed attempt have written more than it could keep.
            _write(session, context, files, {})
        return None
    name = f"blocks-{min(row.job_instance_id for row in rows):08d}-{max(row.job_instance_id for row in rows):08d}.csv.gz"
    content = {name: as_csv(rows)}
    files = sorted([*files, *sums_of(content)], key=lambda each: each.name)
    archive = _write(session, context, files, content)
    count_gone(session, context, SUBJECT, since, purged=len(rows), archive=archive)
    totals = (Total("blocks archived", len(rows)),)
    return Work(Counts(len(rows), len(rows)), totals=totals), {"files": [[each.name, each.bytes, each.sha256] for each in files]}


def as_csv(rows: Sequence[Row[Any]]) -> bytes:
    """Rows as CSV in gzip, without a time of writing in it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        found = row._mapping  # noqa: SLF001 - SQLAlchemy's own name for the public mapping
        writer.writerow(["" if found[name] is None else str(found[name]) for name in COLUMNS])
    return gzip.compress(out.getvalue().encode(), compresslevel=6, mtime=0)


def _write(session: Session, context: Context, files: Sequence[FileSum], content: Mapping[str, bytes]) -> Published:
    """Have an archive of these files, of which some are new. It holds what no other does, so that it supersedes none."""
    taken = take(session, context, DATASET, below=DATASET, at=context.at)
    directory = context.home / taken.path
    try:
        make_folder(directory)
        put_files({directory / name: each for name, each in content.items()})
        made = write_manifest(directory, head_of(taken, context), files)
        sweep(directory, {*(each.name for each in files), *OWN_NAMES})
    except OSError as error:
        raise cannot_write(error, directory) from error
    return catalogue(session, context, taken, made, at=context.at, is_added=True)
