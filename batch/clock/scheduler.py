"""The clock as a process: APScheduler says when to look, and nothing else. It keeps no job, no state and no history of ours."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from apscheduler.events import EVENT_SCHEDULER_STARTED
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import Engine

from batch.clock.ticking import Clockwork
from batch.net import Net
from css.core.clock import Clock, SystemClock
from css.core.errors import CssError

LOG = logging.getLogger(__name__)
TICK_SECONDS: Final = 15
QUIET_SECONDS_MAX: Final = 45
"""Without the beginning of a look for so long the scheduler is told to look now: the machine's clock was set back."""
HUNG_SECONDS_MAX: Final = 180
"""A look that takes so long is at no statement of ours, for those are bounded: the process ends, and whoever minds it starts another."""
HUNG_STATUS: Final = 70
JOB: Final = "look"


class Watchdog:
    """Sees to it, by the steady clock, that looks go on: APScheduler reckons by the wall's clock, which may be set."""

    def __init__(self, scheduler: Any, wall: Clock, *, quiet: int = QUIET_SECONDS_MAX, hung: int = HUNG_SECONDS_MAX) -> None:  # noqa: ANN401 - APScheduler carries no types
        self._scheduler = scheduler
        self._wall = wall
        self._quiet = quiet
        self._hung = hung
        self._looked_at = time.monotonic_ns()
        self._is_looking = False

    def began(self) -> None:
        self._looked_at = time.monotonic_ns()
        self._is_looking = True

    def ended(self) -> None:
        self._is_looking = False

    def look(self) -> None:
        """To be called every few seconds from a thread of its own."""
        seconds = (time.monotonic_ns() - self._looked_at) // 1_000_000_000
        if self._is_looking and seconds > self._hung:
            LOG.error("a look of the clock has taken %s seconds; this process ends", seconds)
            os._exit(HUNG_STATUS)
        if not self._is_looking and seconds > self._quiet:
            LOG.warning("the clock has not looked for %s seconds: the machine's clock was set; it looks now", seconds)
            self._scheduler.modify_job(JOB, next_run_time=self._wall.now())


def watch(
    engine: Engine,
    nets: Mapping[str, Net],
    *,
    clockwork: Clockwork | None = None,
    wall: Clock | None = None,
    told: Callable[[str], None] = lambda _words: None,
) -> None:
    """Look every quarter of a minute, and tell what happens.

    Interrupted, wait for the runs under way; told to end (SIGTERM), leave them to themselves.
    """
    wall = wall or SystemClock()
    work = clockwork or Clockwork(engine, nets, told=told)
    scheduler = BlockingScheduler(timezone="UTC")
    dog = Watchdog(scheduler, wall)

    def tick() -> None:
        dog.began()
        try:
            work.tick()
        finally:
            dog.ended()

    scheduler.add_job(
        tick, "interval", seconds=TICK_SECONDS, id=JOB, coalesce=True, max_instances=1, misfire_grace_time=None, next_run_time=wall.now()
    )
    ended = threading.Event()
    threading.Thread(target=_mind, args=(dog, ended), name="watchdog", daemon=True).start()
    with _Told(scheduler) as told_by:
        scheduler.start()
        # Ended by a signal, and by nothing else.
        ended.set()
        if told_by.signal == signal.SIGINT:
            told_by.give_back()
        # A look under way would start more, and say again that this clock looks.
        told_by.wait_for_looks()
        if told_by.signal == signal.SIGINT:
            work.wait()
        _say_so(work)
    if told_by.signal == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(0)


class _Told:
    """Ends the scheduler when the process is told to end, from a thread of its own.

    An exception raised by a signal is none that can be trusted to arrive: APScheduler takes whatever is raised while it hands
    a job over for a fault of the job, logs it and goes on. So the handler only notes the signal, in a queue made for that.
    """

    SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, scheduler: Any) -> None:  # noqa: ANN401 - APScheduler carries no types
        self.signal: int | None = None
        self._scheduler = scheduler
        self._noted: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._has_started = threading.Event()
        self._before: dict[int, Any] = {}
        self._ending = threading.Thread(target=self._end, name="told to end", daemon=True)

    def __enter__(self) -> Self:
        self._scheduler.add_listener(lambda _event: self._has_started.set(), EVENT_SCHEDULER_STARTED)
        self._ending.start()
        for number in self.SIGNALS:
            # What ignores the keyboard, as a program under nohup does, goes on ignoring it.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, lambda number, _frame: self._noted.put(number))
        return self

    def give_back(self) -> None:
        """Let signals do what they did before: whoever interrupts twice does not want to wait."""
        while self._before:
            signal.signal(*self._before.popitem())

    def wait_for_looks(self) -> None:
        """The scheduler comes back as soon as it knows that it is to end; return when the last look has ended too."""
        self._ending.join()

    def __exit__(self, *_: object) -> None:
        self.give_back()
        self._noted.put(None)

    def _end(self) -> None:
        self.signal = self._noted.get()
        if self.signal is not None:
            self._has_started.wait()
            self._scheduler.shutdown(wait=True)


def _mind(dog: Watchdog, ended: threading.Event) -> None:
    while not ended.wait(TICK_SECONDS):
        dog.look()


def _say_so(work: Clockwork) -> None:
    try:
        work.stop()
    except CssError as error:
        LOG.warning("the clock could not say that it stops: %s", error.text)
