"""Call records and numbers called go when they have had their time, district by district."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.model import RetentionRun
from batch.net import Context, Counts, Total, Work
from batch.rules.retention import kept_from
from batch.upkeep.going import count_gone
from batch.upkeep.keeping import is_held, keeping_of
from billing.actions.forgetting import day_to_forget, forget_numbers, forget_records, note_calls
from css.master.districts import District

RECORDS: Final = "call-records"
NUMBERS: Final = "call-detail"
LOOKED_BACK_DAYS: Final = 62
"""A file passed over, since a record of it waited, is tried again so long every night, and on the first of each month for ever."""
FIRST_DAY: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class _Span:
    """Which dates are looked at: the second is not included, and is that before which all is to go."""

    since: date
    before: date


@dataclass(frozen=True, slots=True)
class _Gone:
    """What one transaction forgot."""

    count: int
    kept_from: date
    """Before it nothing is left to be looked for by a later night, should this one end here."""
    reached: Mapping[str, Any] | None
    """Where the next goes on; None when all of the district is done."""


def forget_calls(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """One transaction: a few files of a district, the calls of some accounts, or a look whose calls of a date there are."""
    done: list[str] = list(checkpoint.get("done", []))
    for district in session.execute(select(District.code).order_by(District.code)).scalars().all():
        for subject, (total, forget) in _FORGETTING.items():
            key = f"{subject}/{district}"
            if key in done or is_held(session, subject, district):
                continue
            reached = checkpoint.get("reached", {}) if checkpoint.get("key") == key else {}
            gone = forget(session, context, district, reached)
            # Said also when nothing went: from here on the next night looks.
            count_gone(session, context, subject, gone.kept_from, purged=gone.count, district_code=district)
            work = Work(Counts(gone.count, gone.count), totals=(Total(total, gone.count),)) if gone.count else Work()
            if gone.reached is None:
                return work, {"done": [*done, key]}
            return work, {"done": done, "key": key, "reached": dict(gone.reached)}
    return None


def _records(session: Session, context: Context, district: str, reached: Mapping[str, Any]) -> _Gone:
    span = _span(session, context, RECORDS, district)
    since = span.since - timedelta(days=LOOKED_BACK_DAYS) if span.since > FIRST_DAY and context.business_date.day > 1 else FIRST_DAY
    emptied = forget_records(session, district, since=since, before=span.before, after=int(reached.get("file", 0)))
    if emptied is None:
        return _Gone(0, span.before, None)
    return _Gone(emptied.records, span.since, {"file": emptied.last_file_id})


def _numbers(session: Session, context: Context, district: str, reached: Mapping[str, Any]) -> _Gone:
    """First what earlier nights noted and passed over; then date by date what nobody has looked at."""
    span = _span(session, context, NUMBERS, district)
    since = date.fromisoformat(reached["from"]) if reached else span.since
    on, account = reached.get("after", (FIRST_DAY.isoformat(), 0))
    hidden = forget_numbers(session, district, before=span.before, after=(date.fromisoformat(on), account))
    if hidden is not None:
        return _Gone(hidden.calls, since, {"from": since.isoformat(), "after": [hidden.rated_on.isoformat(), hidden.account_id]})
    day = day_to_forget(session, district, since=since, before=span.before)
    if day is None:
        return _Gone(0, span.before, None)
    note_calls(session, district, day)
    onward = day + timedelta(days=1)
    return _Gone(0, onward, {"from": onward.isoformat(), "after": [day.isoformat(), 0]})


def _span(session: Session, context: Context, subject: str, district: str) -> _Span:
    """From where earlier nights got to."""
    before = kept_from(context.business_date, keeping_of(session, subject))
    last = session.execute(
        select(func.max(RetentionRun.kept_from)).where(
            RetentionRun.subject == subject, RetentionRun.district_code == district, RetentionRun.business_date < context.business_date
        )
    ).scalar()
    return _Span(FIRST_DAY if last is None else min(last, before), before)


_FORGETTING: Final[Mapping[str, tuple[str, Callable[[Session, Context, str, Mapping[str, Any]], _Gone]]]] = {
    RECORDS: ("call records emptied", _records),
    NUMBERS: ("numbers called hidden", _numbers),
}
