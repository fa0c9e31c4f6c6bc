"""One look of a clock: say that it looks, plan what is due, raise what is late, start what is ready.

Each part is a transaction of its own, so that one that goes wrong keeps no other from being done. What a clock is to do it
reads from the tables each time; between two looks it remembers nothing that another clock would have to know.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from batch.clock.launching import Launch, claim_is_over, start_process, telling_key
from batch.clock.planning import plan_due
from batch.clock.seen import SeenRun, look, open_runs, steps_under_way
from batch.clock.times import LookingTime, database_now
from batch.model import Alarm, JobInstance, NightClock
from batch.net import Net
from batch.repository import raise_alarm
from batch.rules.alarms import FOUND_BY_LOOKING, Found, alarms_of, difference
from batch.rules.readiness import TRY_AGAIN_AFTER, Planned, Wait, in_turn, run_words
from batch.rules.wording import clock_words
from batch.words import AlarmKind
from css.core.calendar import to_london
from css.core.clock import Clock, SystemClock
from css.core.errors import Conflict, Unavailable
from css.db.engine import transaction

LOG = logging.getLogger(__name__)
SKEW_MAX: Final = timedelta(seconds=60)
GAP_MAX: Final = timedelta(minutes=5)
"""Without a look for so long, what was to start meanwhile is told."""
FORGOTTEN_AFTER: Final = timedelta(days=30)
"""Clocks that have not looked for so long are no longer listed."""
_BOUNDS: Final = text(
    "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"
)
"""A clock that is frozen in the middle of a look holds a row for half a minute and no longer; then the others go on."""


class Running(Protocol):
    """A run under way: a process, or what stands for one."""

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...


class Clockwork:
    """Looks what is due and starts it. Any number may, on any machines, with any clocks: one run comes of it."""

    def __init__(
        self,
        engine: Engine,
        nets: Mapping[str, Net],
        *,
        start: Callable[[Launch], Running] = start_process,
        time: Callable[[Session], datetime] | None = None,
        wall: Clock | None = None,
        told: Callable[[str], None] = lambda _words: None,
    ) -> None:
        self._engine = engine
        self._told = told
        """Gets a line for each thing that happens, for whoever sits before it."""
        self._nets = nets
        self._start = start
        self._time = time or LookingTime(engine)
        self._wall = wall or SystemClock()
        self._running: dict[Launch, Running] = {}
        self._id: int | None = None
        self._since: datetime | None = None
        """When the clock before this one looked last, until what happened meanwhile is told."""
        self._troubles: dict[str, str] = {}
        """What this clock could not do at this look, by the part of it."""
        self._dead: set[tuple[int, int]] = set()
        """Attempts that were marked running and held by nobody a moment ago, by run and number."""

    @property
    def name(self) -> str:
        """How it calls itself in alarms: by its machine, so that the clock that comes after it there finds them over."""
        return f"The clock on {socket.gethostname()}"

    def tick(self) -> None:
        """Take note of what has ended, then do the parts of a look. A database that does not answer is asked again at the next."""
        self._bury()
        self._troubles = {}
        for part, do in (("look", self._beat), ("plan", self._plan), ("start", self._start_ready), ("raise alarms", self._alarm)):
            try:
                do()
            except Unavailable as error:
                LOG.warning("the clock cannot %s: %s", part, error.text)
                return
            except Conflict as error:
                # Another clock is at the same rows; whoever comes second looks again in a quarter of a minute.
                LOG.info("the clock waits its turn to %s: %s", part, error.text)
            except Exception as error:
                # A clock that stops for a fault of its own stops every night; it says so and goes on with the rest.
                LOG.exception("the clock cannot %s", part)
                self._troubles[part] = f"{self.name} cannot {part}: {type(error).__name__}; its log says why."

    def _tell(self, words: str) -> None:
        self._told(f"{to_london(self._wall.now()):%H:%M:%S} {words}")

    def wait(self) -> None:
        """Return when the runs started here have ended."""
        for process in self._running.values():
            process.wait()

    def stop(self) -> None:
        """Say that this clock looks no more."""
        if self._id is not None:
            with self._transaction() as session:
                session.execute(update(NightClock).where(NightClock.id == self._id).values(ended_at=func.clock_timestamp()))
            self._id = None

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with transaction(self._engine) as session:
            session.execute(_BOUNDS)
            yield session

    def _bury(self) -> None:
        for launch, process in list(self._running.items()):
            status = process.poll()
            if status is not None:
                del self._running[launch]
                self._tell(f"{_words(launch)} ended with status {status}.")
                LOG.info("run ended", extra={**_named(launch), "status": status})

    def _beat(self) -> None:
        with self._transaction() as session:
            ahead = self._wall.now() - database_now(session)
            # Towards nought: asking takes a moment, and that is no second.
            skew = abs(ahead) // timedelta(seconds=1) * (1 if ahead >= timedelta() else -1)
            values = {"beat_at": func.clock_timestamp(), "skew_seconds": skew, "ended_at": None}
            if self._id is not None:
                beaten = session.execute(update(NightClock).where(NightClock.id == self._id).values(values).returning(NightClock.id))
                # A database that was restored has forgotten us.
                self._id = beaten.scalar_one_or_none()
            if self._id is None:
                self._since = session.execute(select(func.max(NightClock.beat_at))).scalar_one()
                session.execute(delete(NightClock).where(NightClock.beat_at < func.clock_timestamp() - FORGOTTEN_AFTER))
                born = {**values, "host": socket.gethostname(), "process_id": os.getpid(), "started_at": func.clock_timestamp()}
                self._id = session.execute(insert(NightClock).values(born).returning(NightClock.id)).scalar_one()
            if abs(timedelta(seconds=skew)) > SKEW_MAX:
                side = "ahead of" if skew > 0 else "behind"
                self._troubles["tell the time"] = (
                    f"{self.name} stands on a machine whose clock is {side} the database's by more than a minute: "
                    "its log is stamped wrongly. What is due is decided by the database's clock and is not touched by it."
                )

    def _plan(self) -> None:
        with self._transaction() as session:
            planned = plan_due(session, self._nets, at=self._time(session))
        if planned:
            LOG.info("planned", extra={"runs": planned})

    def _start_ready(self) -> None:
        with self._transaction() as session:
            seen = look(session, self._nets, self._time(session))
        self._dead = {(one.run.id, one.run.last.attempt) for one in seen if one.run.last is not None and not one.run.is_alive}
        for one in sorted((one for one in seen if one.waiting.kind is Wait.NOTHING), key=lambda one: in_turn(one.run)):
            if self._claim(one):
                self._launch(one.run)

    def _launch(self, run: Planned) -> None:
        """Start a run that is ours to start. One that cannot be started keeps no other from it, and is tried again at the next look."""
        launch = Launch(run.district_code, run.business_date, run.net, run.parameter_key)
        try:
            self._running[launch] = self._start(launch)
        except Exception as error:
            LOG.exception("the clock cannot start a run", extra=_named(launch))
            words = f"{_words(launch)[:1].lower()}{_words(launch)[1:]}"
            self._troubles[f"start {words}"] = f"{self.name} cannot start {words}: {type(error).__name__}; its log says why."
            with self._transaction() as session:
                session.execute(update(JobInstance).where(JobInstance.id == run.id).values(claimed_until=None))
            return
        LOG.info("run started", extra=_named(launch))
        self._tell(f"{_words(launch)} starts.")

    def _claim(self, one: SeenRun) -> bool:
        """Make the starting of a run ours, if nobody has since we looked: of any number of clocks one is told yes.

        Whoever tells the run something just now decides first; and the wish that it be started stands until an attempt has begun.
        """
        run = one.run
        with self._transaction() as session:
            now = self._time(session)
            key = telling_key(run.net, run.district_code, run.business_date, run.parameter_key)
            if not session.execute(select(func.pg_try_advisory_xact_lock(key))).scalar_one():
                return False
            claimed = session.execute(
                update(JobInstance)
                .where(JobInstance.id == run.id, JobInstance.state == run.state, JobInstance.held_at.is_(None), claim_is_over(now))
                .values(claimed_until=now + TRY_AGAIN_AFTER)
                .returning(JobInstance.id)
            ).one_or_none()
            for other in one.gone_without if claimed is not None else ():
                words = f"{run_words(run.net, run.district_code, run.business_date)} went on without {other}: its hour had come."
                raise_alarm(session, run.id, None, AlarmKind.OPTIONAL, words, now)
        return claimed is not None

    def _alarm(self) -> None:
        if isinstance(self._time, LookingTime) and self._time.is_lived:
            # A demo's date stands still while the wall's clock goes on: everything would be late, or nothing.
            return
        with self._transaction() as session:
            now = self._time(session)
            runs = open_runs(session)
            found = [alarm for alarm in alarms_of(runs, steps_under_way(session), now) if self._is_sure(alarm, runs)]
            found += [Found(None, None, AlarmKind.CLOCK, words) for words in self._troubles.values()]
            new, over = difference(found, self._open_alarms(session))
            for alarm in new:
                raise_alarm(session, alarm.job_instance_id, alarm.step, alarm.kind, alarm.words, now)
                LOG.warning("%s", alarm.words)
                self._tell(f"Alarm: {alarm.words}")
            session.execute(update(Alarm).where(Alarm.id.in_(over)).values(ended_at=now))
            self._tell_gap(session, runs, now)

    def _is_sure(self, alarm: Found, runs: tuple[Planned, ...]) -> bool:
        """Who ends lets the run go right after: read once, an attempt may seem dead that ended between the row and the lock."""
        return alarm.kind is not AlarmKind.DIED or any(
            run.id == alarm.job_instance_id and run.last is not None and (run.id, run.last.attempt) in self._dead for run in runs
        )

    def _open_alarms(self, session: Session) -> list[tuple[int, Found]]:
        """The alarms that a look may find over: all that follow from rows, and of those about clocks its own."""
        rows = session.execute(
            select(Alarm.id, Alarm.job_instance_id, Alarm.step, Alarm.kind, Alarm.words).where(
                Alarm.ended_at.is_(None),
                Alarm.kind.in_(FOUND_BY_LOOKING)
                | ((Alarm.kind == AlarmKind.CLOCK) & Alarm.words.startswith(f"{self.name} ", autoescape=True)),
            )
        )
        return [(row.id, Found(row.job_instance_id, row.step, row.kind, row.words)) for row in rows]

    def _tell_gap(self, session: Session, runs: tuple[Planned, ...], now: datetime) -> None:
        """Once after this clock has come: what was to start while none looked. Stays until somebody has seen it."""
        since, self._since = self._since, None
        if since is None or now - since <= GAP_MAX:
            return
        # What somebody started by hand meanwhile has an attempt.
        missed = [run for run in runs if run.last is None and run.start_after is not None and since < run.start_after <= now]
        if missed:
            words = f"No clock looked from {clock_words(since)} to {clock_words(now)}. {_were(len(missed))} to start meanwhile and did not."
            raise_alarm(session, None, None, AlarmKind.CLOCK, words, now)
            LOG.warning("%s", words)


def _words(launch: Launch) -> str:
    return run_words(launch.net, launch.district_code, launch.business_date)


def _named(launch: Launch) -> dict[str, object]:
    return {"net": launch.net, "district": launch.district_code, "date": launch.business_date}


def _were(count: int) -> str:
    return "One run was" if count == 1 else f"{count} runs were"
