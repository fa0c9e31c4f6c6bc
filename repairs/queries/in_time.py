"""How many faults were cleared in time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY, Period, start_of_day
from css.db.sql import block


@dataclass(frozen=True, slots=True)
class FaultsCleared:
    """Faults of a care level that were cleared on some days."""

    care_level: str
    cleared_count: int
    in_time_count: int
    """Before their deadline, pauses allowed for, and never found late before."""


def faults_cleared(session: Session, district_code: str, days: Period) -> tuple[FaultsCleared, ...]:
    """The faults of a district cleared on these days, London's, by care level; those without any are left out."""
    ends_on = days.ends_on or days.starts_on + ONE_DAY
    asked = {"district": district_code, "starts_at": start_of_day(days.starts_on), "ends_at": start_of_day(ends_on)}
    rows = session.execute(block("repairs", "in_time.cleared"), asked)
    return tuple(FaultsCleared(row.care_level, row.cleared_count, row.in_time_count) for row in rows)
