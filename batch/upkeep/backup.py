"""The backup of a night as a generation, and the proof that it can be restored.

It lies in ``<home>/backups/<business date>/`` with a manifest, and beside the spool and not in it: a mailing program has no
business there. What it holds is the database, and the bytes of every bill with it; of the spool nothing, since the spool is
written again from the database.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from batch.model import DatasetGeneration
from batch.net import Context, Counts, Total, Work
from batch.outputs.generations import catalogue, head_of, take
from batch.outputs.manifest import FileSum, sum_of_file, write_manifest
from batch.words import GenerationState
from billing.checks import check_books
from css.core.errors import NotFound, Refused, Unavailable
from css.db.backup import backup, restore
from css.db.engine import make_engine, transaction
from css.db.server import MEMORY, clear_abandoned, temporary
from css.master.districts import District
from css.settings import settings
from css.whole_file import cannot_write, make_folder
from repairs.checks import check_faults

DATASET: Final = "backup"
FOLDER: Final = "backups"
FILE: Final = "css.css-backup"
SUNDAY: Final = 6
SHOWN_MAX: Final = 10
IN_MEMORY_BYTES_MAX: Final = 64 << 20
"""Of a backup, which is compressed: several times that in a server."""
SERVER_TIMES: Final = 10
"""So many times the bytes of its backup a restored database takes, with its indexes and its log."""
EMPTY_SERVER_BYTES: Final = 256 << 20
"""What a server takes before anything is in it, and while it is upgraded."""


def take_backup(session: Session, context: Context) -> Work:
    """Write everything in the database, as it is at one moment, whole or not at all; others go on working.

    Raises:
        Unavailable: CSS026E, CSS035E, CSS039E, CSS968E, CSS969E: it cannot be made or written.
    """
    taken = take(session, context, DATASET, below=FOLDER, at=context.at)
    directory = context.home / taken.path
    try:
        make_folder(directory)
        backup(_engine(session), directory / FILE, overwrite=True, bin_directory=settings().postgres_bin)
        size, digest = sum_of_file(directory / FILE)
        made = write_manifest(directory, head_of(taken, context), (FileSum(FILE, size, digest),))
    except OSError as error:
        raise cannot_write(error, directory) from error
    catalogue(session, context, taken, made, at=context.at)
    return Work(Counts(1, 1), totals=(Total("bytes backed up", size),))


def rehearse_restore(session: Session, context: Context) -> Work:
    """Restore the backup of this run into a server of its own, upgrade it, and check every district's books in it.

    Raises:
        NotFound: CSS976E, this run has made no backup. BadMessage: CSS036E, it is not whole.
        Refused: CSS977E, it was restored and its books are not in order; CSS988E, it could not be restored.
    """
    row = session.execute(
        select(DatasetGeneration.path).where(
            DatasetGeneration.dataset == DATASET,
            DatasetGeneration.job_instance_id == context.job_instance_id,
            DatasetGeneration.state == GenerationState.CATALOGUED,
        )
    ).one_or_none()
    if row is None:
        raise NotFound("CSS976E", "This run has made no backup that could be restored.")
    try:
        districts, differences = restored_books(context.home / row.path / FILE)
    except (Unavailable, OSError) as error:
        trouble = cannot_write(error, context.home / FOLDER) if isinstance(error, OSError) else error
        # It is the backup that is at fault, or the place for its rehearsal, and not the machine under the house: a rehearsal taken up
        # again and again would keep back all that follows, the next backups with it.
        raise Refused(
            "CSS988E",
            "The backup of {day} could not be restored in its rehearsal: {reason}",
            day=context.business_date,
            reason=trouble.text,
        ) from error
    if differences:
        more = f" (and {len(differences) - SHOWN_MAX} more)" if len(differences) > SHOWN_MAX else ""
        raise Refused(
            "CSS977E",
            "The backup of {day} was restored and its books are not in order: {differences}{more}",
            day=context.business_date,
            differences=" ".join(differences[:SHOWN_MAX]),
            more=more,
        )
    return Work(Counts(districts, districts), totals=(Total("districts whose restored books balance", districts),))


def restored_books(path: Path) -> tuple[int, tuple[str, ...]]:
    """Restore a backup into a server that lives as long as this takes; how many districts it has, and what is wrong in their books.

    Raises:
        BadMessage: CSS036E, CSS038E, it is no whole backup of ours. Unavailable: it cannot be restored, or nowhere to.
    """
    below = _place_for(path)
    with temporary(durable=False, binaries=settings().postgres_bin, below=below) as url:
        engine = make_engine(url, application="css rehearsal")
        try:
            restore(engine, path, replace=True, bin_directory=settings().postgres_bin)
            with transaction(engine) as session:
                codes = session.execute(select(District.code).order_by(District.code)).scalars().all()
                wrong = tuple(str(each) for code in codes for each in (*check_books(session, code), *check_faults(session, code)))
        finally:
            engine.dispose()
    return len(codes), wrong


def _place_for(path: Path) -> Path | None:
    """Where a backup is restored: None is in memory, where there is room for it; else the folder of all backups.

    That is the same one every week, so that what a killed rehearsal left is found by the next.
    """
    folder = path.parent.parent
    for place in (MEMORY, folder):
        clear_abandoned(place)
    try:
        size = path.stat().st_size
        room = shutil.disk_usage(MEMORY).free
    except OSError:
        return folder
    return None if size <= IN_MEMORY_BYTES_MAX and room >= SERVER_TIMES * size + EMPTY_SERVER_BYTES else folder


def only_on_sundays(_session: Session, context: Context) -> str | None:
    """The condition of the rehearsal."""
    return None if context.business_date.weekday() == SUNDAY else "The restore is rehearsed on Sundays."


def _engine(session: Session) -> Engine:
    bind = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine
