"""Taking a file in and rating what it brought, with their counts held to close, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.actions.usage import FileTaken, collect_file, ranges_to_rate, rate_block
from billing.commands import BlockTotals
from css.core.calendar import london_instant
from tests import builders
from tests.bulk.carrier import Call

NIGHT = date(2026, 3, 2)
MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
NOON = london_instant(NIGHT, time(12))
LIVE = "441632960123"
LONDON_CALL: Call = (LIVE, "442079460123", NOON, 122)


def collect(session: Session, path: Path, district: str = "ZZ", on: date = NIGHT) -> FileTaken:
    taken = collect_file(session, district, path, business_date=on, by=builders.SYSTEM, at=builders.AT)
    totals = taken.totals
    assert totals.read == totals.written + totals.rejected
    assert totals.rejected == len(totals.set_aside)
    return taken


def rate(session: Session, district: str = "ZZ", on: date = NIGHT, size: int = 100_000) -> BlockTotals:
    """Every block of the night, added up."""
    whole = BlockTotals()
    for first, last, most in ranges_to_rate(session, district, on, size):
        totals = rate_block(session, district, first, last, business_date=on)
        assert totals.read == totals.written + totals.rejected <= most
        whole = BlockTotals(
            read=whole.read + totals.read,
            written=whole.written + totals.written,
            rejected=whole.rejected + totals.rejected,
            amount=whole.amount + totals.amount,
            set_aside=whole.set_aside + totals.set_aside,
        )
    return whole


def count(session: Session, table: type) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()
