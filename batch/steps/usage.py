"""Carriers' files in, priced calls out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from batch.net import BlockStep, Context, KeyRange, LoopStep, Work
from batch.steps.bills import work_of
from billing.actions import usage

RATE_BLOCK = 100_000
"""Calls rated in one transaction."""


def waiting_files(incoming: Path) -> list[Path]:
    """Complete files, by name: a carrier writes under another name and renames when the file is whole."""
    return sorted(path for path in incoming.glob("*.csv") if path.is_file()) if incoming.is_dir() else []


def _collect(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Put the file taken last out of the way, then take the next. A kill between commit and move is mended by the next call."""
    _put_away(context.incoming, checkpoint)
    path = next(iter(waiting_files(context.incoming)), None)
    if path is None:
        return None
    taken = usage.collect_file(session, context.district_code, path, business_date=context.business_date, by=context.by, at=context.at)
    work = work_of("calls received", taken.totals, (taken.words,))
    return work, {"file": path.name, "folder": "refused" if taken.outcome == "refused" else "done"}


def _put_away(incoming: Path, checkpoint: dict[str, Any]) -> None:
    path = incoming / str(checkpoint.get("file", ""))
    if checkpoint and path.is_file():
        folder = incoming / str(checkpoint["folder"])
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)


def _ranges(session: Session, context: Context) -> Sequence[KeyRange]:
    return [KeyRange(*bounds) for bounds in usage.ranges_to_rate(session, context.district_code, context.business_date, RATE_BLOCK)]


def _rate(session: Session, context: Context, first: int, last: int) -> Work:
    return work_of("calls rated", usage.rate_block(session, context.district_code, first, last, business_date=context.business_date))


COLLECT = LoopStep("collect-usage", "Collect carriers' files", _collect)
RATE = BlockStep("rate-usage", "Rate calls", _ranges, _rate, in_parallel=True)
