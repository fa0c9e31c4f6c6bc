"""What time it is for the night: the database's clock decides, whatever the clocks of the machines around it say."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.core.calendar import london_instant, to_london
from css.db.engine import transaction
from css.master.clocks import HouseClock, house_clock


def database_now(session: Session) -> datetime:
    """The present instant by the clock of the database; it goes on within a transaction."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


@dataclass(frozen=True, slots=True)
class DatabaseClock:
    """The database's clock for a process that runs for hours: asked once, and from then on by how much time has passed.

    A machine whose own clock is wrong, or is set while a run is under way, stamps its attempts right all the same. Counts from
    the start of the machine, so workers on the same one may be given a copy.
    """

    asked_at: datetime
    counted_at: int
    """Nanoseconds of the machine's steady clock."""

    def now(self) -> datetime:
        return self.asked_at + timedelta(microseconds=(time.monotonic_ns() - self.counted_at) // 1000)


def database_clock(engine: Engine) -> DatabaseClock:
    """The clock for a run that begins now."""
    with transaction(engine) as session:
        asked_at = database_now(session)
    return DatabaseClock(asked_at, time.monotonic_ns())


class LookingTime:
    """The instant by which a look decides: the database's; in a demo the same time of day on its business date, so that nothing is due."""

    def __init__(self, engine: Engine, house: HouseClock | None = None) -> None:
        self._house = house or house_clock(lambda: engine)

    def __call__(self, session: Session) -> datetime:
        now = database_now(session)
        day = self._house.lived_date()
        return now if day is None else london_instant(day, to_london(now).time())

    @property
    def is_lived(self) -> bool:
        """Whether it is a demo's day and not the wall's."""
        return self._house.is_lived
