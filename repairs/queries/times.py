"""Times that follow from the house's policy about faults, and how a line did before."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from css.core.calendar import Nation, london_date, start_of_day
from css.master.care_levels import care_book
from css.master.districts import District
from css.master.lines import Line
from repairs.model import Fault
from repairs.reference import policy_on


class HistoryPolicy(Protocol):
    """How far back a line's history counts."""

    @property
    def repeat_days(self) -> int: ...

    @property
    def early_life_days(self) -> int: ...


def history_flags(session: Session, line_id: int, on: date, policy: HistoryPolicy) -> tuple[bool, bool]:
    """Whether a fault reported on a day (London) is a repeat on its line, and whether it is an early-life failure. One statement.

    A repeat comes within so many days after a clear of the same line, whatever that was cleared as; an early-life failure
    within so many days after the line was provided. The last of those days counts.
    """
    cleared = exists().where(
        Fault.line_id == line_id, Fault.cleared_at >= start_of_day(on - timedelta(days=policy.repeat_days)), ~Fault.is_open
    )
    young = exists().where(Line.id == line_id, Line.starts_on >= on - timedelta(days=policy.early_life_days))
    row = session.execute(select(cleared.label("is_repeat"), young.label("is_early_life"))).one()
    return row.is_repeat, row.is_early_life


def accept_by(session: Session, district_code: str, at: datetime) -> datetime:
    """Until when a clear that is recorded now may be rejected: so much open time later as the policy says."""
    on = london_date(at)
    policy = policy_on(session, on)
    hours = care_book(session, on).hours(policy.accept_calendar_code, nation_of(session, district_code))
    return hours.add(at, timedelta(minutes=policy.accept_minutes))


def nation_of(session: Session, district_code: str) -> Nation:
    """Whose bank holidays count in a district; asked of the database once a transaction."""
    return session.get_one(District, district_code).nation.value
