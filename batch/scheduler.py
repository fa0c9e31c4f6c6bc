"""The clock of the night: APScheduler says when to look, the business date says what is due, the repository runs it once.

Nothing is remembered here: any number of clocks may run, and a clock that was down for a week finds the nights it missed.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from subprocess import Popen

from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import Engine, select

from css.core.calendar import london_instant
from css.core.clock import Clock
from css.db.engine import transaction
from css.master.districts import BusinessDate
from css.settings import Settings

LOG = logging.getLogger(__name__)
TICK_SECONDS = 15
NIGHT_STARTS = time(2, 15)
"""London time on the day after the business date: after the hour that comes twice or never."""


@dataclass(frozen=True, slots=True)
class DueNight:
    """A night whose time has come."""

    district_code: str
    business_date: date


def due_nights(closed_through: dict[str, date], now: datetime) -> tuple[DueNight, ...]:
    """The next night of each district, if its time has come. One a district: the one after it waits for its close."""
    nights = (DueNight(district, closed + timedelta(days=1)) for district, closed in sorted(closed_through.items()))
    return tuple(night for night in nights if now >= london_instant(night.business_date + timedelta(days=1), NIGHT_STARTS))


def tick(engine: Engine, clock: Clock, running: dict[str, Popen[bytes]]) -> None:
    """Start what is due and not running from here; another clock's run is refused by the repository, not by us."""
    with transaction(engine) as session:
        closed = {row.district_code: row.closed_through for row in session.execute(select(BusinessDate)).scalars()}
    for district in [district for district, process in running.items() if process.poll() is not None]:
        LOG.info("night ended", extra={"district": district, "status": running.pop(district).returncode})
    for night in due_nights(closed, clock.now()):
        if night.district_code not in running:
            words = [sys.executable, "-m", "css", "night", "run", night.district_code, "--date", night.business_date.isoformat()]
            running[night.district_code] = Popen(words)  # noqa: S603 - our own program, words of our own
            LOG.info("night started", extra={"district": night.district_code, "date": night.business_date})


def watch(engine: Engine, clock: Clock, _settings: Settings) -> None:
    """Tick until interrupted. Each night runs in its own process, so a night that dies takes no clock with it."""
    running: dict[str, Popen[bytes]] = {}
    scheduler = BlockingScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        "interval",
        seconds=TICK_SECONDS,
        args=[engine, clock, running],
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=clock.now(),
    )
    try:
        scheduler.start()
    finally:
        for process in running.values():
            process.wait()
