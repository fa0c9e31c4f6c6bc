"""What came in carriers' files, and what became of every record of it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import UsageFile
from billing.queries.suspense import WaitingByAge, WaitingCall, waiting_calls, waiting_usage
from billing.queries.usage_gaps import SequenceGap, sequence_gaps
from billing.rules.file_outcomes import RECORDS_PER_FILE, FileSums, faults_in_closing
from billing.words import UsageOutcome
from css.core.errors import NotFound
from css.core.money import Price
from css.db.sql import block
from css.master.districts import District, no_district

LIST_MAX: Final = 10_000
OLD_DAYS: Final = 30
"""What has waited longer is an alarm."""

_FILE_ID_MAX: Final = (2**63 - 1) // RECORDS_PER_FILE - 1
_COUNTS: Final = tuple(name for name in FileSums.__dataclass_fields__ if name != "file_name")


@dataclass(frozen=True, slots=True)
class UsageFileRow:
    """A file in a list. The five counts are outcomes at first; ``open_count`` of the suspended still wait."""

    usage_file_id: int
    business_date: date
    supplier: str
    sequence: int
    file_name: str
    record_count: int
    duration_seconds: int
    rated_count: int
    zero_rated_count: int
    duplicate_count: int
    suspended_count: int
    rejected_count: int
    open_count: int
    unrated_blocks: int
    """Blocks that the night has yet to rate."""
    net: Price
    """What the calls rated with the file cost before VAT."""


@dataclass(frozen=True, slots=True)
class SetAsideReason:
    """Records of a file that were set aside alike."""

    outcome: UsageOutcome
    """What they were at first."""
    reason_code: str
    words: str
    """Of the first of them."""
    settled_as: UsageOutcome | None
    record_count: int
    duration_seconds: int
    first_record_id: int


@dataclass(frozen=True, slots=True)
class UsageFileCard:
    """A file with everything that became of it."""

    usage_file_id: int
    district_code: str
    business_date: date
    supplier: str
    sequence: int
    layout: str
    file_name: str
    sha256: str
    byte_count: int
    created_at: datetime
    record_count: int
    duration_seconds: int
    at_first: Mapping[UsageOutcome, int]
    """Records by the outcome that they had when the file was rated."""
    today: Mapping[UsageOutcome, int]
    """Records by the outcome that they have now; the same sum."""
    net: Price
    """What the calls rated with the file cost before VAT."""
    reasons: tuple[SetAsideReason, ...]
    faults: tuple[str, ...]
    """Why it does not close; none when it does."""


@dataclass(frozen=True, slots=True)
class SetAsideRecord:
    """A record that was not rated when it came."""

    usage_record_id: int
    supplier: str
    outcome: UsageOutcome
    reason_code: str
    words: str
    raw: str
    set_aside_on: date
    original_record_id: int | None
    settled_as: UsageOutcome | None
    settled_on: date | None
    settled_by: str | None
    settled_words: str | None


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One record as it came, and what became of it."""

    usage_record_id: int
    district_code: str
    usage_file_id: int
    file_name: str
    supplier: str
    line: int
    business_date: date
    raw: str
    """The line, empty when it is forgotten; read as Latin-1 where it is no UTF-8, and the beginning of one that is absurdly long."""
    outcome: UsageOutcome | None
    """None while its block waits to be rated."""
    reason_code: str | None
    words: str
    original_record_id: int | None
    net: Price
    """What is charged for it now, re-rating included; of a long call all stands with its first part."""


@dataclass(frozen=True, slots=True)
class UsageAlarms:
    """What somebody must look at."""

    gaps: tuple[SequenceGap, ...]
    old_suspense: tuple[WaitingByAge, ...]
    """Reasons for which records have waited for more than thirty days."""
    long_calls: tuple[WaitingCall, ...]
    """Long calls of which parts wait."""


def files(session: Session, district_code: str, business_date: date | None = None, limit: int = 20) -> tuple[UsageFileRow, ...]:
    """The latest files of a district, or those of one night, newest first. NotFound CSS101E."""
    _require_district(session, district_code)
    asked = {"district": district_code, "business_date": business_date, "limit": _bounded(limit)}
    rows = session.execute(block("billing", "usage_outcomes.files"), asked)
    names = [name for name in UsageFileRow.__dataclass_fields__ if name != "net"]
    return tuple(UsageFileRow(net=Price(int(row["net_millionths"])), **{name: row[name] for name in names}) for row in rows.mappings())


def file_sums(
    session: Session, district_code: str, after: date, through: date, usage_file_id: int | None = None
) -> list[tuple[int, FileSums, int]]:
    """Of every file taken after one business date and through another, or of one: id, the books, the price in millionths of a penny."""
    asked = {"district": district_code, "after": after, "through": through, "file": usage_file_id}
    rows = session.execute(block("billing", "usage_outcomes.sums"), asked).mappings()
    return [
        (row["id"], FileSums(file_name=row["file_name"], **{name: int(row[name]) for name in _COUNTS}), int(row["net_millionths"]))
        for row in rows
    ]


def file_card(session: Session, file_id: int) -> UsageFileCard:
    """A file by its id, with its records by outcome and reason, and whether it closes. NotFound CSS668E."""
    file = file_with_id(session, file_id)
    day = file.business_date
    ((_, sums, net),) = file_sums(session, file.district_code, day - timedelta(days=1), day, file_id)
    reasons = tuple(
        SetAsideReason(
            outcome=UsageOutcome(row.outcome),
            reason_code=row.reason_code,
            words=row.words,
            settled_as=UsageOutcome(row.settled_as) if row.settled_as else None,
            record_count=row.record_count,
            duration_seconds=int(row.duration_seconds),
            first_record_id=row.first_record_id,
        )
        for row in session.execute(block("billing", "usage_outcomes.reasons"), {"file": file_id})
    )
    return UsageFileCard(
        usage_file_id=file.id,
        district_code=file.district_code,
        business_date=day,
        supplier=file.supplier,
        sequence=file.sequence,
        layout=file.layout,
        file_name=file.file_name,
        sha256=file.sha256,
        byte_count=file.byte_count,
        created_at=file.created_at,
        record_count=file.record_count,
        duration_seconds=file.duration_seconds,
        at_first=sums.by_outcome,
        today=_today(sums, reasons),
        net=Price(net),
        reasons=reasons,
        faults=faults_in_closing(sums),
    )


def files_taken(session: Session, sha256: str) -> tuple[UsageFileCard, ...]:
    """The very same file, byte for byte, as nights have taken it, each in a district of its own; the oldest first."""
    ids = session.execute(select(UsageFile.id).where(UsageFile.sha256 == sha256).order_by(UsageFile.id)).scalars().all()
    return tuple(file_card(session, file_id) for file_id in ids)


def file_with_id(session: Session, file_id: int) -> UsageFile:
    """A file by its id, however large a number it is looked for with. NotFound CSS668E."""
    # No file has an id whose records would have none.
    file = session.get(UsageFile, file_id) if file_id <= _FILE_ID_MAX else None
    if file is None:
        raise NotFound(
            "CSS668E", "There is no usage file {id}; `css usage files DISTRICT` lists those there are.", id=file_id, element="file_id"
        )
    return file


def set_aside_records(
    session: Session,
    district_code: str,
    business_date: date | None = None,
    outcome: UsageOutcome | None = None,
    reason_code: str | None = None,
    limit: int = 100,
) -> tuple[SetAsideRecord, ...]:
    """Records that were not rated when they came, of one night or of all, newest first; settled ones too. NotFound CSS101E."""
    _require_district(session, district_code)
    asked = {
        "district": district_code,
        "set_aside_on": business_date,
        "outcome": outcome.value if outcome else None,
        "reason_code": reason_code,
        "limit": _bounded(limit),
    }
    rows = session.execute(block("billing", "usage_outcomes.set_aside"), asked).mappings()
    return tuple(SetAsideRecord(**{**row, **_outcomes(row)}) for row in rows)


def raw_record(session: Session, usage_record_id: int) -> UsageRecord:
    """One record out of the block that was kept of its file, with its outcome and reason. NotFound CSS669E."""
    row = session.execute(block("billing", "usage_outcomes.record"), {"record": usage_record_id}).one_or_none()
    if row is None:
        sentence = "There is no usage record {id}: no file with such a line was taken in."
        raise NotFound("CSS669E", sentence, id=usage_record_id, element="usage_record_id")
    line = usage_record_id % RECORDS_PER_FILE
    asked = {"district": row.district_code, "record": usage_record_id}
    price = session.execute(block("billing", "usage_outcomes.prices"), asked).one()
    outcome = _outcome_of(row, price)
    return UsageRecord(
        usage_record_id=usage_record_id,
        district_code=row.district_code,
        usage_file_id=row.usage_file_id,
        file_name=row.file_name,
        supplier=row.supplier,
        line=line,
        business_date=row.business_date,
        raw=_line_of(row.layout, gzip.decompress(bytes(row.block)), row.first_line, line),
        outcome=outcome,
        reason_code=row.reason_code,
        words=_words(row, price, outcome),
        original_record_id=row.original_record_id,
        net=Price(int(price.net_millionths)),
    )


def alarms(session: Session, district_code: str) -> UsageAlarms:
    """Files that have not come, records that have waited too long, long calls that are not whole. NotFound CSS101E."""
    _require_district(session, district_code)
    return UsageAlarms(
        gaps=sequence_gaps(session, district_code),
        old_suspense=waiting_usage(session, district_code, older_days=OLD_DAYS + 1),
        long_calls=waiting_calls(session, district_code),
    )


def _today(sums: FileSums, reasons: tuple[SetAsideReason, ...]) -> dict[UsageOutcome, int]:
    """Outcomes as they are now: what was settled has moved."""
    counts = dict(sums.by_outcome)
    for reason in reasons:
        if reason.settled_as is not None:
            counts[reason.outcome] -= reason.record_count
            counts[reason.settled_as] += reason.record_count
    return counts


def _outcome_of(row: Any, price: Any) -> UsageOutcome | None:  # noqa: ANN401 - rows of the statements above
    if row.outcome is not None:
        return UsageOutcome(row.settled_as or row.outcome)
    if price.call_count:
        return UsageOutcome.ZERO_RATED if price.zero_reason else UsageOutcome.RATED
    return None


def _words(row: Any, price: Any, outcome: UsageOutcome | None) -> str:  # noqa: ANN401 - rows of the statements above
    if row.settled_as:
        return f"{row.words} Settled on {row.settled_on} by {row.settled_by}: {row.settled_words}"
    if row.words:
        return str(row.words)
    if outcome is None:
        return "Its block has not been rated yet." if row.block_rated_on is None else "Nothing says what became of it."
    what = f"Costs nothing ({price.zero_reason})" if price.zero_reason else "Charged"
    corrected = f", and re-rated {price.correction_count} times since" if price.correction_count else ""
    return f"{what} as a call to {price.destination}, rated on {row.block_rated_on}{corrected}."


def _line_of(layout: str, content: bytes, first_line: int, line: int) -> str:
    """A line of a block, found by the rule by which it was counted."""
    import polars as pl  # noqa: PLC0415 - a tenth of a second that other questions need not pay

    from billing.rules.usage_layouts import parse_block  # noqa: PLC0415 - as above

    # None: the lines had their time and are forgotten (billing.actions.forgetting); what became of the record is still known.
    return next(iter(parse_block(layout, content, first_line, None).filter(pl.col("line_number") == line)["raw"].to_list()), "")


def _outcomes(row: Mapping[Any, Any]) -> dict[str, UsageOutcome | None]:
    return {"outcome": UsageOutcome(row["outcome"]), "settled_as": UsageOutcome(row["settled_as"]) if row["settled_as"] else None}


def _require_district(session: Session, district_code: str) -> None:
    if session.execute(select(District.code).where(District.code == district_code)).scalar() is None:
        raise no_district(district_code)


def _bounded(limit: int) -> int:
    return max(1, min(limit, LIST_MAX))
