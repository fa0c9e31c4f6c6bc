"""Copies of bills and printed samples, which lie in the spool and are no generations: they go with the bills of their date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.net import Context, Counts, Total, Work
from batch.rules.retention import kept_from
from batch.upkeep.going import count_gone, remove_directory
from batch.upkeep.keeping import is_held, keeping_of
from css.master.districts import District
from css.whole_file import cannot_write

SUBJECT: Final = "copies"
COPIES: Final = "copies"
SAMPLES: Final = ("sample", "sample-groups")
"""Beside them lies the report of a run that stopped, which is none of these."""
A_DATE: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
DIRECTORIES_AT_ONCE: Final = 100


def throw_copies_away(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Remove the copies and samples of so many dates whose time is over; the bills they show are stored with their bytes.

    They are counted in one transaction and removed behind it, at the beginning of the next: killed between, they are still known.

    Raises:
        Unavailable: CSS969E, a directory cannot be removed.
    """
    for path in checkpoint.get("counted", ()):
        _remove(context.home, path)
    since = kept_from(context.business_date, keeping_of(session, SUBJECT))
    codes = session.execute(select(District.code).order_by(District.code)).scalars().all()
    spool = context.home / "spool"
    waiting = [(code, path) for code in codes if not is_held(session, SUBJECT, code) for path in _old(spool, code, since)]
    waiting = waiting[:DIRECTORIES_AT_ONCE]
    if not waiting:
        return None
    files = [(code, sum(not each.is_dir() for each in path.rglob("*"))) for code, path in waiting]
    for code in sorted({code for code, _ in files}):
        purged = sum(count for of, count in files if of == code)
        count_gone(session, context, SUBJECT, since, purged=purged, district_code=code)
    gone = sum(count for _, count in files)
    counted = [path.relative_to(context.home).as_posix() for _, path in waiting]
    return Work(Counts(gone, gone), totals=(Total("copies and samples thrown away", gone),)), {"counted": counted}


def _old(spool: Path, district_code: str, since: date) -> Iterator[Path]:
    """The directories of a district that hold copies or samples of dates before one."""
    copies = spool / COPIES
    if not copies.is_symlink():
        yield from _dated(copies / district_code, since)
    for day in _dated(spool / district_code, since):
        yield from (day / name for name in SAMPLES if (day / name).is_dir() and not (day / name).is_symlink())


def _dated(folder: Path, since: date) -> Iterator[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.glob(A_DATE)):
        if path.name < since.isoformat() and path.is_dir() and not path.is_symlink():
            yield path


def _remove(home: Path, path: str) -> None:
    remove_directory(home, path)
    day = (home / path).parent
    if (home / path).name not in SAMPLES or not day.is_dir():
        return
    try:
        # A date of which nothing else is left. Where copies of today are written, nothing is taken away under somebody's hands.
        if not any(day.iterdir()):
            day.rmdir()
    except OSError as error:
        raise cannot_write(error, day) from error
