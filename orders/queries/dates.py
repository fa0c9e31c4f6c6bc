"""From when an order of a kind can be had, where no plant decides: for whoever is asked for a date."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from css.core.calendar import Nation, next_working_day
from css.core.words import NationCode
from css.db.sql import block
from orders.rules.dates import committed_date
from orders.rules.timing import earliest_date, timing_of
from orders.timings import timings
from orders.words import OrderKind, PlantOutcome


def first_dates(
    session: Session, district_code: str, kind: OrderKind, *, outcome: PlantOutcome | None = None, needs_visit: bool = False, most: int = 5
) -> tuple[date, ...]:
    """The first working days an order placed now in a district can be for; none for a district nobody knows. Two statements."""
    standing = session.execute(block("orders", "work_list.standing"), {"district": district_code}).one_or_none()
    if standing is None:
        return ()
    nation: Nation = NationCode(standing.nation).value
    timing = timing_of(timings(session), kind, outcome, needs_visit=needs_visit, on=standing.current_on)
    days = [committed_date(earliest_date(timing, on=standing.current_on, nation=nation), nation)]
    while len(days) < most:
        days.append(next_working_day(days[-1], nation))
    return tuple(days)
