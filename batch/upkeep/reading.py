"""The spool read back a generation at a time, and the disks looked at."""

from __future__ import annotations

import shutil
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from batch.net import Context, Counts, Total, Work
from batch.outputs.verify import catalogued, faults_of, mark_verified

READ_AGAIN_AFTER: Final = timedelta(days=7)
"""Every byte that is kept is read once a week; what is new, the night after it was made."""
SHOWN_MAX: Final = 20
FULL_PERCENT: Final = 80
PLACES: Final = (".", "spool", "backups", "incoming")


def verify_spool(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Read the next generation back that was not read for a week; an alarm for what is not as it was catalogued."""
    waiting = catalogued(session, not_since=context.at - READ_AGAIN_AFTER, above=int(checkpoint.get("above", 0)), at_most=1)
    if not waiting:
        return None
    kept = waiting[0]
    faults = list(islice(faults_of(context.home, kept), SHOWN_MAX + 1))
    alarms = [f"CSS972W {fault}" for fault in faults[:SHOWN_MAX]]
    if len(faults) > SHOWN_MAX:
        alarms.append(f"CSS972W More of {kept.dataset}, generation {kept.generation}, is not as it was catalogued.")
    if not faults:
        mark_verified(session, kept.id, context.at)
    totals = (Total("files read back", kept.file_count), Total("bytes read back", kept.byte_count))
    return Work(Counts(1, 1), totals=totals, alarms=tuple(alarms)), {"above": kept.id}


def look_at_disks(session: Session, context: Context) -> Work:  # noqa: ARG001 - the interface of a step
    """An alarm for each disk of the installation that is four fifths full; each disk once, whatever lies on it."""
    alarms = []
    seen: set[int] = set()
    for place in PLACES:
        path = (context.home / place).resolve()
        if not path.is_dir() or path.stat().st_dev in seen:
            continue
        seen.add(path.stat().st_dev)
        percent = _percent_used(path)
        if percent >= FULL_PERCENT:
            alarms.append(
                f"CSS978W The disk of {path} is more than {FULL_PERCENT} % full: {percent} % on {context.business_date:%d %b %Y}."
            )
    return Work(Counts(len(seen), len(seen)), alarms=tuple(alarms))


def _percent_used(path: Path) -> int:
    usage = shutil.disk_usage(path)
    # Of what users may fill: what is kept back for root helps nobody of ours.
    return 100 * usage.used // ((usage.used + usage.free) or 1)
