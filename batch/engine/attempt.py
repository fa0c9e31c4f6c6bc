"""What an attempt at a net carries from step to step, and how its transactions are done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from batch.engine.stopping import Stopping
from batch.net import Context, Counts, Net, Step, Unwatched, Watcher
from batch.repository import Held, StepRow
from css.core.clock import Clock
from css.core.errors import Conflict
from css.db.engine import transaction
from css.db.faults import sqlstate

LOG = logging.getLogger(__name__)
T = TypeVar("T")
PASSING: Final = frozenset({"40001", "40P01"})
"""Two transactions were in each other's way, and the server gave up one of them: done again, it may get through."""
PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds before each further try."""


def done_whole(engine: Engine, deed: Callable[[Session], T]) -> T:
    """Do something in one transaction; the whole of it again, up to five times, when it and another one were in each other's way."""
    for pause in PAUSES:
        try:
            with transaction(engine) as session:
                return deed(session)
        except Conflict as conflict:
            if not _is_passing(conflict):
                raise
            LOG.info("done again: %s", conflict.text)
            time.sleep(pause)
    with transaction(engine) as session:
        return deed(session)


def _is_passing(conflict: Conflict) -> bool:
    cause = conflict.__cause__
    return isinstance(cause, DBAPIError) and sqlstate(cause) in PASSING


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt under way."""

    engine: Engine
    net: Net
    context: Context
    instance_id: int
    execution_id: int
    clock: Clock
    watcher: Watcher
    stopping: Stopping

    def told(self, step: str, generation: int = 1) -> Context:
        """What a step of it is told."""
        return replace(self.context, step=step, step_generation=generation)

    def held(self, row: StepRow, step: str) -> Held:
        """A step as this attempt holds it."""
        return Held(self.instance_id, self.execution_id, row.id, step, row.generation)

    def now(self) -> datetime:
        """By the clock of whoever started it."""
        return self.clock.now()

    def ordinal(self, step: str) -> int:
        """The place of a step in the net, from 1."""
        return next(place for place, node in enumerate(self.net.nodes, start=1) if node.step.name == step)


class OneAtATime:
    """A watcher told by several lanes: never two things at once, and no more once it cannot show what it is told.

    Whoever watches is no part of the run: a step whose progress nobody can be shown is done like any other.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._lock = threading.Lock()

    def step_started(self, step: Step, *, total: int | None, done: int) -> None:
        with self._telling():
            self._watcher.step_started(step, total=total, done=done)

    def advanced(self, step: Step, amount: int) -> None:
        with self._telling():
            self._watcher.advanced(step, amount)

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:
        with self._telling():
            self._watcher.step_ended(step, counts, skipped=skipped)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (OSError, ValueError):
                # A closed pipe, a terminal that is gone, a stream that is closed.
                LOG.exception("nobody is shown how far the run is any more")
                self._watcher = Unwatched()
