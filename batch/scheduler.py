"""The clock of the night: APScheduler says when to look, the business date says what is due, the repository runs it once.

What is due is read from the tables at every look, so any number of clocks may run, and a clock that was down for a week
finds the nights it missed. A night that failed for want of a server or a disk is tried again after a while; one that
failed for a reason of its own waits for a person, who mends the cause and runs it by hand.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from subprocess import Popen
from typing import Final, Protocol

from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import Engine

from batch import queries
from batch.model import ExecutionState
from css.core.calendar import london_instant
from css.core.clock import Clock
from css.core.errors import CssError
from css.db.engine import transaction

LOG = logging.getLogger(__name__)
TICK_SECONDS: Final = 15
NIGHT_STARTS: Final = time(2, 15)
"""London time on the day after the business date: after the hour that comes twice or never."""
TRY_AGAIN_AFTER: Final = timedelta(minutes=5)
INFRASTRUCTURE: Final = 16
"""The return code of an attempt that may do better later without anybody's help."""


@dataclass(frozen=True, slots=True)
class DueNight:
    """A night whose time has come."""

    district_code: str
    business_date: date


class Running(Protocol):
    """A night under way: a process, or what stands for one."""

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...


def due_nights(nights: Sequence[queries.NextNight], now: datetime) -> tuple[DueNight, ...]:
    """Which nights to start. One a district: the one after it waits for its close."""
    return tuple(
        DueNight(night.district_code, night.business_date)
        for night in nights
        if has_come(night.business_date, now) and may_start(night.last, now)
    )


def has_come(business_date: date, now: datetime) -> bool:
    """Whether the night of a business date may begin."""
    return now >= london_instant(business_date + timedelta(days=1), NIGHT_STARTS)


def may_start(last: queries.LastAttempt | None, now: datetime) -> bool:
    """Whether the clock may try a night now, after how the last attempt ended; some wait for a person."""
    if last is None:
        return True
    if last.state is ExecutionState.RUNNING:
        # Its process may be gone without a word. One that dies at once must not be started at every look.
        return not last.is_alive and now >= last.started_at + TRY_AGAIN_AFTER
    if last.state is ExecutionState.FAILED and last.return_code == INFRASTRUCTURE:
        return last.ended_at is None or now >= last.ended_at + TRY_AGAIN_AFTER
    return False


def start_process(night: DueNight) -> Running:
    """Run a night in a process of its own, which goes on when the clock is stopped."""
    words = [sys.executable, "-m", "css", "night", "run", night.district_code, "--date", night.business_date.isoformat()]
    return Popen(words, start_new_session=True)  # noqa: S603 - our own program, words of our own


class NightClock:
    """Looks what is due and starts it. Another clock's run is refused by the repository, not by us."""

    def __init__(self, engine: Engine, clock: Clock, start: Callable[[DueNight], Running] = start_process) -> None:
        self._engine = engine
        self._clock = clock
        self._start = start
        self._running: dict[DueNight, Running] = {}
        self._started_at: dict[DueNight, datetime] = {}

    def tick(self) -> None:
        """Take note of what has ended and start what is due. A database that does not answer is looked for again next time."""
        for night, process in list(self._running.items()):
            status = process.poll()
            if status is not None:
                del self._running[night]
                LOG.info("night ended", extra={"district": night.district_code, "date": night.business_date, "status": status})
        try:
            with transaction(self._engine) as session:
                nights = queries.next_nights(session)
        except CssError as error:
            LOG.warning("the clock cannot look: %s", error.text)
            return
        now = self._clock.now()
        for night in due_nights(nights, now):
            if not self._was_just_started(night, now):
                self._running[night] = self._start(night)
                self._started_at[night] = now
                LOG.info("night started", extra={"district": night.district_code, "date": night.business_date})

    def _was_just_started(self, night: DueNight, now: datetime) -> bool:
        """A process that ends before it has written an attempt leaves no trace in the tables, so it is remembered here."""
        started_at = self._started_at.get(night)
        return night in self._running or (started_at is not None and now < started_at + TRY_AGAIN_AFTER)

    def wait(self) -> None:
        """Return when the nights started here have ended."""
        for process in self._running.values():
            process.wait()


def watch(engine: Engine, clock: Clock) -> None:
    """Tick until interrupted, then wait for the nights under way."""
    nights = NightClock(engine, clock)
    scheduler = BlockingScheduler(timezone="UTC")
    scheduler.add_job(
        nights.tick,
        "interval",
        seconds=TICK_SECONDS,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=clock.now(),
    )
    try:
        scheduler.start()
    finally:
        nights.wait()
