"""Which clock a door reads: the wall's; or, in a demo, one that shows the business date and the wall's time of day.

A demo's business date is a day of its own, months from the one on the wall, and everything it was told is dated by it. A
door that read the wall there would take an order wanted "in three days" for next winter, and call its faults months late.
(Reasons: docs/decisions/0147.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, exists, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, record
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_instant, to_london
from css.core.clock import Clock, SystemClock
from css.db.engine import transaction
from css.master.districts import BusinessDate, District

LIVES_BY_BUSINESS_DATE: Final = "live_by_business_date"
"""The verb of the mark on the audit trail. It stands there for good: who lives by another day does so from first to last."""
LOOKED_EVERY_SECONDS: Final = 3
"""How soon a door notices that a night has moved the date on."""

_MARKED: Final = exists().where(
    AuditEvent.verb == LIVES_BY_BUSINESS_DATE,
    AuditEvent.subject_kind == "district",
    AuditEvent.subject_number.in_(select(District.code)),
)
# Read and not held: no key waits for the night's roll of the date. Uses ix_audit_event_subject.
_LIVED_DATE: Final = select(func.max(BusinessDate.current_on)).where(_MARKED)


def live_by_business_date(session: Session, district_code: str, *, by: Actor, at: datetime) -> None:
    """Mark the installation as one whose doors show the business date. For a demo; there is no way back."""
    record(session, by=by, at=at, verb=LIVES_BY_BUSINESS_DATE, subject=("district", district_code), after={})


def lived_day(session: Session) -> date | None:
    """The business date that this installation lives by, as a demo does; none where it is the wall's day."""
    day: date | None = session.execute(_LIVED_DATE).scalar_one()
    return day


class HouseClock:
    """The clock of the doors of one process. Reads the mark at the first look, and in a demo the business date now and then."""

    def __init__(self, connect: Callable[[], Engine], wall: Clock) -> None:
        self._connect = connect
        self._wall = wall
        self._day: date | None = None
        self._looked_at: int | None = None

    def now(self) -> datetime:
        """The instant on the wall; in a demo the same time of day in London on the latest of the districts' business dates."""
        wall = self._wall.now()
        day = self.lived_date()
        return wall if day is None else london_instant(day, to_london(wall).time())

    @property
    def is_lived(self) -> bool:
        """Whether what it told last was not the wall's time. Asks nothing."""
        return self._day is not None

    def lived_date(self) -> date | None:
        """The business date that this installation lives by; none where it is the wall's day, and then nothing is asked again."""
        is_settled = self._looked_at is not None and self._day is None
        if is_settled or (self._looked_at is not None and int(time.monotonic()) - self._looked_at < LOOKED_EVERY_SECONDS):
            return self._day
        with transaction(self._connect()) as session:
            self._day = lived_day(session)
        self._looked_at = int(time.monotonic())
        return self._day

    def wall_now(self) -> datetime:
        """The instant on the wall, whatever day the house lives by."""
        return self._wall.now()


def wall_now(clock: Clock) -> datetime:
    """The instant on the wall, for what lasts so long whatever the date does. A clock that knows no other day is the wall's."""
    return clock.wall_now() if isinstance(clock, HouseClock) else clock.now()


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The wall's clock, so much later; never set while it is used."""

    wall: Clock
    later_by: timedelta

    def now(self) -> datetime:
        return self.wall.now() + self.later_by


def house_clock(connect: Callable[[], Engine], wall: Clock | None = None) -> HouseClock:
    """The clock for a door. ``connect`` gives the engine, and is not called before the time is asked for."""
    return HouseClock(connect, wall or SystemClock())


def night_clock(connect: Callable[[], Engine], night_of: date, wall: Clock | None = None) -> Clock:
    """The clock for the night of a date, which itself moves the business date: in a demo it is the day after from its first step."""
    wall = wall or SystemClock()
    if house_clock(connect, wall).lived_date() is None:
        return wall
    now = wall.now()
    return ShiftedClock(wall, london_instant(night_of + ONE_DAY, to_london(now).time()) - now)
