"""Calls kept as intake keeps them, block by block, and rated as the night does it, with counts held to close, for tests."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import polars as pl
from sqlalchemy.orm import Session

from billing.actions.rating import ranges_to_rate, rate_block
from billing.commands import BlockTotals
from billing.model import UsageBlock, UsageFile
from billing.rules.usage_layouts import UK_STANDARD_CDR
from billing.rules.usage_record import write_records
from css.core.calendar import london_instant

NIGHT = date(2026, 3, 2)
NOON = london_instant(NIGHT, time(12))
LIVE = "441632960123"
LONDON = "442079460123"

Kept = tuple[str, str, datetime, int] | tuple[str, str, datetime, int, str]
"""Number charged, the other number, when it began, seconds; and the leg where it is not outgoing."""
LONDON_CALL: Kept = (LIVE, LONDON, NOON, 122)

_SCHEMA = {
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "leg": pl.String(),
    "supplier_record_id": pl.String(),
}


def frame_of(calls: Sequence[Kept]) -> pl.DataFrame:
    rows = [(*call[:4], call[4] if len(call) > 4 else "outgoing", f"R{n}") for n, call in enumerate(calls)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def keep(
    session: Session,
    calls: Sequence[Kept],
    *,
    district: str = "ZZ",
    on: date = NIGHT,
    block: int = 50_000,
    sequence: int = 1,
    spoilt: int = 0,
) -> int:
    """A file of these calls, of which none was set aside; returns its id. The first ``spoilt`` of them cannot be read."""
    records = write_records(frame_of(calls)).replace(b'"V",', b'"?",', spoilt)
    lines = records.splitlines(keepends=True)
    file = UsageFile(
        district_code=district,
        supplier="NTHTEL",
        sequence=sequence,
        layout=UK_STANDARD_CDR,
        file_name=f"{sequence}.csv",
        sha256=f"{sequence:064x}",
        byte_count=len(records),
        created_at=datetime(on.year, on.month, on.day, 23, tzinfo=UTC),
        record_count=len(lines),
        to_rate_count=len(lines),
        duration_seconds=sum(call[3] for call in calls),
        business_date=on,
    )
    session.add(file)
    session.flush()
    for start in range(0, len(lines), block):
        part = lines[start : start + block]
        session.add(UsageBlock(usage_file_id=file.id, first_line=start + 1, line_count=len(part), raw=gzip.compress(b"".join(part), 1)))
    session.flush()
    return file.id


def rate(session: Session, district: str = "ZZ", on: date = NIGHT) -> BlockTotals:
    """Every block of the night, added up."""
    whole = BlockTotals()
    for first, last, most in ranges_to_rate(session, district, on):
        totals = rate_block(session, district, first, last, business_date=on)
        assert totals.read == totals.written + totals.rejected <= most
        assert totals.rejected == totals.kept_by_room
        assert not totals.set_aside
        whole = BlockTotals(
            read=whole.read + totals.read,
            written=whole.written + totals.written,
            rejected=whole.rejected + totals.rejected,
            kept_by_room=whole.kept_by_room + totals.kept_by_room,
            amount=whole.amount + totals.amount,
            alarms=whole.alarms + totals.alarms,
        )
    return whole
