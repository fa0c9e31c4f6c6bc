"""Carriers' files that a night has taken or refused: they go by the date of that night, whenever their carrier wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.model import JobInstance, Reject
from batch.net import Context, Counts, Total, Work
from batch.rules.reject_sources import RejectKind, source_of
from batch.rules.retention import kept_from
from batch.upkeep.going import count_gone
from batch.upkeep.keeping import is_held, keeping_of
from batch.words import RejectState
from billing.carrier_file import shown_name
from billing.queries.usage_files import nights_of_files
from css.core.calendar import london_date
from css.master.districts import District
from css.whole_file import cannot_write

SUBJECT: Final = "carriers-files"
FILES_AT_ONCE: Final = 500
TAKEN, REFUSED = "done", "refused"
NUMBERED: Final = re.compile(r"(?P<name>.+\.(csv|gz))\.\d+", re.DOTALL | re.IGNORECASE)
"""What was put away beside another of its name."""


def throw_files_away(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Remove carriers' files that were taken or refused so many days ago; their records are in the database.

    They are counted in one transaction and removed behind it, at the beginning of the next: killed between, they are still known.

    Raises:
        Unavailable: CSS969E, a file cannot be removed.
    """
    incoming = context.home / "incoming"
    try:
        for name in checkpoint.get("counted", ()):
            (incoming / name).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(error, incoming) from error
    since = kept_from(context.business_date, keeping_of(session, SUBJECT))
    codes = session.execute(select(District.code).order_by(District.code)).scalars().all()
    waiting = [
        (code, path)
        for code in codes
        if not (incoming / code).is_symlink() and not is_held(session, SUBJECT, code)
        for path in (*_taken(session, code, incoming / code / TAKEN, since), *_refused(session, code, incoming / code / REFUSED, since))
    ][:FILES_AT_ONCE]
    if not waiting:
        return None
    for code in sorted({code for code, _ in waiting}):
        purged = sum(of == code for of, _ in waiting)
        count_gone(session, context, SUBJECT, since, purged=purged, district_code=code)
    totals = (Total("carriers' files thrown away", len(waiting)),)
    counted = [path.relative_to(incoming).as_posix() for _, path in waiting]
    return Work(Counts(len(waiting), len(waiting)), totals=totals), {"counted": counted}


def _taken(session: Session, district_code: str, folder: Path, since: date) -> Iterator[Path]:
    there = _files(folder)
    nights = nights_of_files(session, district_code, sorted(set(there.values())))
    return (path for path, name in there.items() if _day(path, nights.get(name)) < since)


def _refused(session: Session, district_code: str, folder: Path, since: date) -> Iterator[Path]:
    """What is still to be looked at stays, and every other of its name with it."""
    there = _files(folder)
    nights: dict[str, date] = {}
    is_open: set[str] = set()
    if there:
        rows = session.execute(
            select(Reject.source_key, Reject.state, JobInstance.business_date)
            .join(JobInstance, JobInstance.id == Reject.job_instance_id)
            .where(Reject.source_key.startswith(f"usage-file/{district_code}/", autoescape=True))
        )
        for row in rows:
            source = source_of(row.source_key)
            if source.kind is not RejectKind.FILE:
                continue
            nights[source.subject] = max(row.business_date, nights.get(source.subject, row.business_date))
            if row.state is RejectState.OPEN:
                is_open.add(source.subject)
    return (path for path, name in there.items() if name not in is_open and _day(path, nights.get(name)) < since)


def _files(folder: Path) -> Mapping[Path, str]:
    """What lies in a folder, each with the name under which a night knew it."""
    if folder.is_symlink() or not folder.is_dir():
        return {}
    return {path: _known_as(path) for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()}


def _known_as(path: Path) -> str:
    name = shown_name(path)
    numbered = NUMBERED.fullmatch(name)
    return name if numbered is None else numbered["name"]


def _day(path: Path, night: date | None) -> date:
    """The night that took or refused it; of a file that none knows London's day on which it was put there, by the file system's clock.

    When it was written would be the carrier's to say: a file that comes late with its times kept would be gone before anybody saw it.
    """
    return night or london_date(datetime.fromtimestamp(path.stat().st_ctime, UTC))
