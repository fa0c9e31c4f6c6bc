"""Whether somebody is on shift: an engineer's working calendar asked for an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import to_london
from css.master.working_calendars import WorkingSpan


def is_on_shift(session: Session, calendar_code: str, at: datetime) -> bool:
    """Whether the calendar is open at an instant."""
    told = to_london(at)
    minute = told.hour * 60 + told.minute
    found = select(WorkingSpan.id).where(
        WorkingSpan.calendar_code == calendar_code,
        WorkingSpan.starts_on <= told.date(),
        WorkingSpan.weekday == told.isoweekday(),
        WorkingSpan.opens_minute <= minute,
        WorkingSpan.closes_minute > minute,
    )
    return session.execute(found.limit(1)).scalar() is not None
