"""Taking a file in, with its counts held to close, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.actions.intake import FileTaken, collect_file
from billing.model import UsageSetAside
from css.core.calendar import london_instant
from tests import builders
from tests.bulk.carrier import Call

NIGHT = date(2026, 3, 2)
MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
NOON = london_instant(NIGHT, time(12))
LIVE = "441632960123"
LONDON_CALL: Call = (LIVE, "442079460123", NOON, 122)


def collect(session: Session, path: Path, district: str = "ZZ", on: date = NIGHT) -> FileTaken:
    aside = count(session, UsageSetAside)
    taken = collect_file(session, district, path, business_date=on, by=builders.SYSTEM, at=builders.AT)
    totals = taken.totals
    assert totals.read == totals.written + totals.filtered + totals.rejected
    assert totals.rejected == len(totals.set_aside) + totals.kept_by_room
    kept = totals.filtered + totals.rejected if taken.outcome == "taken" else 0
    assert count(session, UsageSetAside) - aside == kept
    return taken


def count(session: Session, table: type) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()
