"""Usage that waits: by reason and age, record by record, and the long calls whose parts wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import Refused
from css.core.phone import E164_DIGITS_MAX
from css.db.sql import block
from css.master.districts import BusinessDate, no_district

LISTED_MAX: Final = 10_000
_NUMBER_FORM: Final = re.compile(rf"^(\+|0(?=[1-9]))?([0-9]{{1,{E164_DIGITS_MAX}}})$")
_CODE_FORM: Final = re.compile(r"^CSS[0-9]{3}[EW]$")


@dataclass(frozen=True, slots=True)
class WaitingByAge:
    """The records that wait for one reason, by how many business dates they have waited."""

    reason_code: str
    words: str
    """Of one of them."""
    record_count: int
    duration_seconds: int
    days_to_7: int
    days_8_to_30: int
    days_31_to_90: int
    days_over_90: int
    oldest_on: date
    """Business date on which the oldest was set aside."""


@dataclass(frozen=True, slots=True)
class WaitingRecord:
    """One record that waits."""

    usage_record_id: int
    set_aside_on: date
    supplier: str
    reason_code: str
    words: str
    leg: str | None
    charged_number: str | None
    other_number: str | None
    started_at: datetime | None
    duration_seconds: int | None
    chain_id: str | None
    part_number: int | None
    raw: str


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A long call of which parts wait."""

    supplier: str
    chain_id: str
    reason_code: str
    """Why the parts wait as the records say: what the last night, or the last deed, found."""
    words: str
    missing: str
    """Which parts have not come; empty when all have."""
    part_count: int
    duration_seconds: int
    """Of the parts that have come."""
    charged_number: str
    started_at: datetime
    """When the first of them began."""
    newest_on: date
    """Business date on which the newest came."""


def waiting_usage(
    session: Session, district_code: str, reason_code: str | None = None, older_days: int = 0, charged_number: str | None = None
) -> tuple[WaitingByAge, ...]:
    """What waits in a district by reason, in order of reason. NotFound CSS101E; Refused CSS718E, a criterion nothing can meet."""
    asked = _criteria(session, district_code, reason_code, older_days, charged_number)
    return tuple(WaitingByAge(*row) for row in session.execute(block("billing", "suspense.by_age"), asked))


def waiting_records(
    session: Session,
    district_code: str,
    reason_code: str | None = None,
    older_days: int = 0,
    charged_number: str | None = None,
    limit: int = 100,
) -> tuple[WaitingRecord, ...]:
    """Records that wait one by one, oldest first. Refused as ``waiting_usage``."""
    asked = {**_criteria(session, district_code, reason_code, older_days, charged_number), "limit": min(limit, LISTED_MAX)}
    return tuple(WaitingRecord(*row) for row in session.execute(block("billing", "suspense.listed"), asked))


def waiting_calls(session: Session, district_code: str, limit: int = 100) -> tuple[WaitingCall, ...]:
    """Long calls of which parts wait, in order of supplier and id. NotFound CSS101E."""
    from billing.rules.long_calls import missing_words  # noqa: PLC0415 - polars: a tenth of a second that other questions need not pay

    _today(session, district_code)
    rows = session.execute(block("billing", "long_calls.waiting"), {"district": district_code, "limit": min(limit, LISTED_MAX)})
    return tuple(
        WaitingCall(
            supplier=row.supplier,
            chain_id=row.chain_id,
            reason_code=row.reason_code,
            words=row.words,
            missing=missing_words(row.part_numbers, has_last=row.has_last),
            part_count=len(row.part_numbers),
            duration_seconds=row.duration_seconds,
            charged_number=row.charged_number,
            started_at=row.started_at,
            newest_on=row.newest_on,
        )
        for row in rows
    )


def set_aside_by_night(session: Session, district_code: str, business_date: date) -> tuple[tuple[str, str, int], ...]:
    """What was set aside of the files that a night took in, settled since or not: reason, words of one of them, how many."""
    asked = {"district": district_code, "business_date": business_date}
    return tuple((row.reason_code, row.words, row.record_count) for row in session.execute(block("billing", "suspense.of_night"), asked))


def kept_of_night(session: Session, district_code: str, business_date: date, *, at_intake: bool) -> tuple[int, int]:
    """How much was set aside of the files that a night took in, when they came or for want of a price, and how much is unsettled.

    Settled is what has a price since, is a part of a call that has, or was written off. An unreadable record never is.
    """
    asked = {"district": district_code, "business_date": business_date, "at_intake": at_intake}
    row = session.execute(block("billing", "suspense.kept_of_night"), asked).one()
    return row.record_count, row.unsettled_count


def unreadable_of_night(session: Session, district_code: str, business_date: date) -> int:
    """How many records of the files that a night took in could not be read. None of them is ever settled: the carrier sends it anew."""
    asked = {"district": district_code, "business_date": business_date}
    count: int = session.execute(block("billing", "suspense.unreadable_of_night"), asked).scalar_one()
    return count


def number_pattern(text: str | None) -> str | None:
    """What ``LIKE`` wants for how a number begins, in any form people write; Refused CSS718E when it is not digits."""
    if text is None:
        return None
    form = _NUMBER_FORM.match(text.replace(" ", ""))
    if form is None:
        raise Refused("CSS718E", "{value!r} is not how a telephone number begins; write digits.", value=text[:40], element="charged_number")
    # National form is told by its nought; numbers are held with their country code.
    return f"{'44' if form[1] == '0' else ''}{form[2]}%"


def require_reason_code(text: str | None) -> None:
    """Refused CSS718E when it cannot be the code of a reason."""
    if text is not None and not _CODE_FORM.match(text):
        raise Refused("CSS718E", "{value!r} is no reason; write it like CSS412E.", value=text[:40], element="reason_code")


def _criteria(session: Session, district_code: str, reason_code: str | None, older_days: int, charged_number: str | None) -> dict[str, Any]:
    require_reason_code(reason_code)
    return {
        "district": district_code,
        "today": _today(session, district_code),
        "reason_code": reason_code,
        "older": older_days,
        "numbers": number_pattern(charged_number),
    }


def _today(session: Session, district_code: str) -> date:
    """The district's business date, without holding it."""
    found = session.execute(select(BusinessDate.current_on).where(BusinessDate.district_code == district_code)).scalar()
    if found is None:
        raise no_district(district_code)
    return found
