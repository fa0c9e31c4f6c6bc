"""Call records and numbers called go when they have had their time, district by district."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.model import RetentionRun
from batch.net import Context, Counts, Total, Work
from batch.rules.retention import kept_from
from batch.upkeep.going import count_gone
from batch.upkeep.keeping import is_held, keeping_of
from billing.actions.forgetting import days_to_forget, forget_numbers, forget_records
from css.master.districts import District

RECORDS: Final = "call-records"
NUMBERS: Final = "call-detail"
LOOKED_BACK_DAYS: Final = 62
"""What was passed over, since it waited or was disputed, is tried again so long every night, and on the first of each month for ever."""
FIRST_DAY: Final = date(1970, 1, 1)


def forget_calls(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """One transaction: a few files of a district, or one day's calls of it."""
    done: list[str] = list(checkpoint.get("done", []))
    for district in session.execute(select(District.code).order_by(District.code)).scalars().all():
        for subject in (RECORDS, NUMBERS):
            key = f"{subject}/{district}"
            if key in done or is_held(session, subject, district):
                continue
            since, before = _span(session, context, subject, district)
            days = [date.fromisoformat(day) for day in checkpoint["days"]] if checkpoint.get("key") == key else None
            if subject == RECORDS:
                count = forget_records(session, district, since=since, before=before)
            else:
                if days is None:
                    days = list(days_to_forget(session, district, since=since, before=before))
                count = forget_numbers(session, district, days[0]) if days else 0
                days = days[1:]
            if count:
                count_gone(session, context, subject, before, purged=count, district_code=district)
                total = Total("call records emptied" if subject == RECORDS else "numbers called hidden", count)
                onward = {"done": done, "key": key, "days": [day.isoformat() for day in days or ()]}
                return Work(Counts(count, count), totals=(total,)), onward
            if subject == NUMBERS and days:
                return Work(), {"done": done, "key": key, "days": [day.isoformat() for day in days]}
            # Said also when nothing went: from here on the next night looks.
            count_gone(session, context, subject, before, purged=0, district_code=district)
            return Work(), {"done": [*done, key]}
    return None


def _span(session: Session, context: Context, subject: str, district: str) -> tuple[date, date]:
    """From which date on is looked, and before which date all is to go."""
    before = kept_from(context.business_date, keeping_of(session, subject))
    last = session.execute(
        select(func.max(RetentionRun.kept_from)).where(
            RetentionRun.subject == subject, RetentionRun.district_code == district, RetentionRun.business_date < context.business_date
        )
    ).scalar()
    if last is None or context.business_date.day == 1:
        return FIRST_DAY, before
    return min(last, before) - timedelta(days=LOOKED_BACK_DAYS), before
