"""Carriers' files in, priced calls out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from batch.net import BlockStep, Context, KeyRange, LoopStep, Work
from batch.steps.bills import work_of
from billing.actions import usage
from css.core.errors import Unavailable

RATE_BLOCK = 100_000
"""Calls rated in one transaction."""


def waiting_files(incoming: Path) -> list[Path]:
    """Complete files, by name: a carrier writes under another name and renames when the file is whole."""
    return sorted(path for path in incoming.glob("*.csv") if path.is_file()) if incoming.is_dir() else []


def _collect(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Put the file taken last out of the way, then take the next. A kill between commit and move is mended by the next call."""
    try:
        return _collect_next(session, context, checkpoint)
    except OSError as error:
        raise Unavailable(
            "CSS614E",
            "A carrier's file cannot be read or put away: {path}: {reason}.",
            path=str(error.filename),
            reason=error.strerror or type(error).__name__,
        ) from error


def _collect_next(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    _put_away(context.incoming, checkpoint)
    path = next((path for path in waiting_files(context.incoming) if usage.is_due(path, context.business_date)), None)
    if path is None:
        return None
    taken = usage.collect_file(session, context.district_code, path, business_date=context.business_date, by=context.by, at=context.at)
    work = work_of("calls received", taken.totals, (taken.words,))
    folder = "refused" if taken.outcome == "refused" else "done"
    return work, {"file": usage.shown_name(path), "sha256": taken.sha256, "folder": folder}


def _put_away(incoming: Path, checkpoint: dict[str, Any]) -> None:
    """Move the file of the checkpoint, and no other that may have come under its name since."""
    name = checkpoint.get("file")
    path = next((path for path in waiting_files(incoming) if usage.shown_name(path) == name), None)
    if path is None or usage.file_sha256(path) != checkpoint["sha256"]:
        return
    folder = incoming / str(checkpoint["folder"])
    folder.mkdir(exist_ok=True)
    path.rename(_free_name(folder, path.name))


def _free_name(folder: Path, name: str) -> Path:
    """The name itself, or the first numbered one: what was put away before is evidence and stays."""
    names = (name if n == 1 else f"{name}.{n}" for n in count(1))
    return next(folder / one for one in names if not (folder / one).exists())


def _ranges(session: Session, context: Context) -> Sequence[KeyRange]:
    return [KeyRange(*bounds) for bounds in usage.ranges_to_rate(session, context.district_code, context.business_date, RATE_BLOCK)]


def _rate(session: Session, context: Context, first: int, last: int) -> Work:
    return work_of("calls rated", usage.rate_block(session, context.district_code, first, last, business_date=context.business_date))


COLLECT = LoopStep("collect-usage", "Collect carriers' files", _collect)
RATE = BlockStep("rate-usage", "Rate calls", _ranges, _rate, in_parallel=True)
