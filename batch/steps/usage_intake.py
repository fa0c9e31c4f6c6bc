"""Carriers' files in: each taken once, then put out of the way.

A carrier that can rename writes under another name and renames; one that cannot writes in place. So a file without an end
that was written to a moment ago is left alone until it has either an end or been quiet for a while. How long ago is told
by the clock of the file system that holds both the file and a mark of our own, so that no two clocks must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from batch.balance import usage as joints
from batch.balance.put_away import free_name, not_moved
from batch.net import Context, LoopStep, RejectLimit, Work
from batch.steps import reruns, told_usage
from batch.steps.bills import work_of
from billing.actions import intake
from billing.carrier_file import file_control, shown_name
from billing.queries.suspense import kept_of_night
from billing.queries.usage_gaps import sequence_gaps
from css.core.errors import BadMessage

QUIET_SECONDS = 15 * 60
"""A file without an end that nobody has written to for so long will get none."""
ENDINGS: Final = (".csv", ".gz")
UNFINISHED: Final = frozenset({"CSS420E", "CSS650E"})
"""No control record at its end, or a compressed file cut short: what a file looks like that is still being written."""
CLOCK_MARK: Final = ".now"


def waiting_files(incoming: Path) -> list[Path]:
    """Carriers' files, by name. Hidden files and those of other endings (``.part``, ``.tmp``) are nobody's business yet."""
    if not incoming.is_dir():
        return []
    return sorted(
        path for path in incoming.iterdir() if path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()
    )


def _collect(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Put the file taken last out of the way, then take the next. A kill between commit and move is mended by the next call."""
    try:
        return _collect_next(session, context, checkpoint)
    except OSError as error:
        raise not_moved(error, context.incoming) from error


def _collect_next(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    _put_away(context.incoming, checkpoint)
    if checkpoint.get("ended"):
        return None
    told: list[str] = checkpoint.get("told", [])
    for path in waiting_files(context.incoming):
        if not intake.is_due(path, context.business_date):
            continue
        name = shown_name(path)
        if _is_being_written(path):
            if name not in told:
                words = f"CSS660W {name} has no end and was written to a moment ago; it waits for the next night."
                return Work(alarms=(words,)), {"told": [*told, name]}
            continue
        identity = _identity(path)
        taken = intake.collect_file(session, context.district_code, path, business_date=context.business_date, by=context.by, at=context.at)
        folder = "refused" if taken.outcome == "refused" else "done"
        return work_of("calls received", taken.totals, (taken.words,)), {"file": name, "is": identity, "folder": folder, "told": told}
    # Looked for at the end, for files may come out of order; and every night, until they are filled.
    gaps = sequence_gaps(session, context.district_code)
    alarms = (*(gap.words for gap in gaps), *_of_later_nights(context))
    return Work(alarms=alarms, said_anew=("CSS429W", "CSS663W")), {"ended": True}


def _of_later_nights(context: Context) -> Iterator[str]:
    """Files that wait for another night than the next: one with a wrong year would wait unseen for all of it."""
    for path in waiting_files(context.incoming):
        night = intake.night_of(path)
        if night is not None and night > context.business_date + timedelta(days=1):
            yield f"CSS663W {shown_name(path)} waits for the night of {night}, by when its control record says that it was made."


def _is_being_written(path: Path) -> bool:
    try:
        file_control(path)
    except BadMessage as fault:
        return fault.code in UNFINISHED and _seconds_since(path) < QUIET_SECONDS
    return False


def _seconds_since(path: Path) -> float:
    """How long ago a file was last written to, by the clock of its own file system."""
    mark = path.with_name(CLOCK_MARK)
    mark.write_bytes(b"")
    now = mark.stat().st_mtime
    mark.unlink()
    return now - path.stat().st_mtime


def _identity(path: Path) -> list[int]:
    """What tells this file from another that may come under its name, or from itself when it has been written to."""
    about = path.stat()
    return [about.st_ino, about.st_size, about.st_mtime_ns]


def _put_away(incoming: Path, checkpoint: dict[str, Any]) -> None:
    """Move the file of the checkpoint, and no other that may have come under its name since."""
    name = checkpoint.get("file")
    path = next((path for path in waiting_files(incoming) if shown_name(path) == name), None)
    if path is None or _identity(path) != checkpoint["is"]:
        return
    folder = incoming / str(checkpoint["folder"])
    folder.mkdir(exist_ok=True)
    path.rename(free_name(folder, path.name))


def _kept(session: Session, context: Context) -> tuple[int, int]:
    return kept_of_night(session, context.district_code, context.business_date, at_intake=True)


SET_ASIDE_MOST = RejectLimit(items=5000, thousandths=100, kept_by_room=_kept)
"""More of a night's records, and something is wrong with a carrier's files, or with our numbers and prices."""
COLLECT = LoopStep(
    "collect-usage",
    "Collect carriers' files",
    _collect,
    doc=told_usage.COLLECT,
    rerun=reruns.LEFT_IS_DONE,
    reject_limit=SET_ASIDE_MOST,
    joints=(joints.LINES_OF_FILES, joints.RECORDS_SORTED),
)
