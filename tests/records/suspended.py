"""Usage that waits, put there without a carrier's file, for tests of how it is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from billing.actions.set_aside import KNOWN, NEEDED, RECORDS_PER_FILE, set_aside
from billing.model import RatedCall, UsageFile, UsageSetAside
from tests import builders

LIVE = "441632960123"
"""The number of the first line that ``builders.working_line`` makes."""
UNKNOWN = "441632960777"
LONDON = "442079460123"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY_SECONDS = 86_400


def usage_file(session: Session, *, sequence: int = 1, supplier: str = "NTHTEL", on: date = builders.DAY, records: int = 0) -> int:
    """A file on file; gives its id."""
    made = UsageFile(
        district_code="ZZ",
        supplier=supplier,
        sequence=sequence,
        layout="css-csv",
        file_name=f"{supplier}_{sequence}.csv",
        sha256=f"{supplier}/{sequence}",
        byte_count=1,
        created_at=builders.AT,
        record_count=records,
        to_rate_count=0,
        duration_seconds=0,
        business_date=on,
    )
    session.add(made)
    session.flush()
    return made.id


def call(**others: object) -> dict[str, Any]:
    """A record of two minutes and two seconds to London, of a number that nobody has."""
    return {
        "outcome": "suspended",
        "reason_code": "CSS412E",
        "words": "The number charged belongs to no service.",
        "leg": "outgoing",
        "charged_number": UNKNOWN,
        "other_number": LONDON,
        "started_at": NOON,
        "duration_seconds": 122,
    } | others


def part(number: int, start: datetime, seconds: int, *, last: bool = False, **others: object) -> dict[str, Any]:
    """A part of a long call of the live number."""
    about: dict[str, Any] = {
        "reason_code": "CSS700W",
        "words": "This part of the long call 'G17' waits for the others.",
        "charged_number": LIVE,
        "started_at": start,
        "duration_seconds": seconds,
        "chain_id": "G17",
        "part_number": number,
        "is_last_part": last,
    }
    return call(**about | others)


def parts_of(start: datetime, lengths: Sequence[int], **others: object) -> list[dict[str, Any]]:
    """The parts of a call, each of so many seconds."""
    begins = [start + timedelta(seconds=sum(lengths[:n])) for n in range(len(lengths))]
    return [part(n, at, seconds, last=n == len(lengths), **others) for n, (at, seconds) in enumerate(zip(begins, lengths, strict=True), 1)]


def wait(
    session: Session, calls: Sequence[Mapping[str, Any]], *, sequence: int = 1, supplier: str = "NTHTEL", on: date = builders.DAY
) -> list[int]:
    """Set records aside as one file; gives their ids."""
    file = usage_file(session, sequence=sequence, supplier=supplier, on=on, records=len(calls))
    ids = [file * RECORDS_PER_FILE + n for n in range(1, len(calls) + 1)]
    given = {"district_code": "ZZ", "supplier": supplier, "raw": "as it came", "set_aside_on": on}
    schema = NEEDED | KNOWN
    rows = [{**dict.fromkeys(schema), **given, **one, "usage_record_id": key} for key, one in zip(ids, calls, strict=True)]
    set_aside(session, pl.DataFrame(rows, schema=schema, orient="row"))
    return ids


def aside(session: Session, record_id: int) -> UsageSetAside:
    """How a record stands now."""
    return session.execute(
        select(UsageSetAside).where(UsageSetAside.usage_record_id == record_id).execution_options(populate_existing=True)
    ).scalar_one()


def rated(session: Session) -> list[RatedCall]:
    """Every rated call, in order of record."""
    return list(session.execute(select(RatedCall).order_by(RatedCall.usage_record_id)).scalars())


def open_count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(UsageSetAside).where(UsageSetAside.is_open)).scalar_one()


def state(session: Session) -> list[tuple[Any, ...]]:
    """Everything that settling touches."""
    statements = (
        "SELECT * FROM billing.usage_set_aside ORDER BY usage_record_id",
        "SELECT * FROM billing.rated_call ORDER BY usage_record_id",
        "SELECT count(*) FROM css.audit_event",
    )
    return [tuple(row) for statement in statements for row in session.execute(text(statement))]
