"""Carriers' files in, priced calls out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from batch.net import BlockStep, Context, Counts, LoopStep, RejectedItem, Total, Work
from billing import usage
from billing.commands import BlockTotals

RATE_BLOCK = 100_000
"""Calls rated in one transaction."""


def waiting_files(incoming: Path) -> list[Path]:
    """Complete files, by name: a carrier writes under another name and renames when the file is whole."""
    return sorted(path for path in incoming.glob("*.csv") if path.is_file()) if incoming.is_dir() else []


def _work(name: str, totals: BlockTotals, messages: tuple[str, ...] = ()) -> Work:
    rejects = tuple(RejectedItem(item.source_key, item.code, item.words, item.raw) for item in totals.set_aside)
    return Work(
        Counts(totals.read, totals.written, totals.filtered, totals.rejected),
        rejects,
        (Total(name, totals.written, totals.amount),),
        messages,
    )


def _collect(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Take the next file whose name comes after the checkpoint's; a file taken before is counted as filtered."""
    last = str(checkpoint.get("file", ""))
    path = next((path for path in waiting_files(context.incoming) if path.name > last), None)
    if path is None:
        return None
    totals = usage.collect_file(session, context.district_code, path, business_date=context.business_date, by=context.by, at=context.at)
    return _work("calls received", totals, (f"{path.name}: {totals.read:,} records.",)), {"file": path.name}


def _keys(session: Session, context: Context) -> Sequence[int]:
    return usage.records_to_rate(session, context.district_code)


def _rate(session: Session, context: Context, first: int, last: int) -> Work:
    totals = usage.rate_block(
        session, context.district_code, first, last, business_date=context.business_date, by=context.by, at=context.at
    )
    return _work("calls rated", totals)


COLLECT = LoopStep("collect-usage", "Collect carriers' files", _collect)
RATE = BlockStep("rate-usage", "Rate calls", _keys, _rate, block_size=RATE_BLOCK, in_parallel=True)
