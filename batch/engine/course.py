"""An attempt's way through its net: each step when those before it are done, in one lane or in several."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final

from sqlalchemy.orm import Session

from batch import repository
from batch.engine.attempt import Attempt, done_whole
from batch.engine.stopping import Stopped
from batch.engine.turn import Begun, HeldBack, Passed, Turn, Waits, take_turn
from batch.engine.work import Ended, as_error, do_step, is_done_without, warn_if_done_without
from batch.engine.workers import Workers
from batch.net import Node
from batch.repository import Fenced, StepRow
from batch.rules.graph import Fate, startable
from batch.words import StepState
from css.core.errors import CssError, Unavailable

LOG = logging.getLogger(__name__)
POLL_SECONDS: Final = 1.0
"""Between two looks for a resource that is in use."""
GLANCE_SECONDS: Final = 0.25
"""Between two looks whether a signal has come, while lanes are at work."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an attempt went."""

    errors: tuple[CssError, ...]
    """Of the steps that failed, were stopped or held, in the order in which it was found."""
    steps_done: int


class Course:
    """The steps of one attempt."""

    def __init__(self, attempt: Attempt, workers: Workers, lanes: int, rows: dict[str, StepRow], begun_at: datetime) -> None:
        self._attempt = attempt
        self._workers = workers
        self._lanes = lanes
        self._rows = rows
        self._begun_at = begun_at
        self._places = attempt.net.places
        self._fates = {place.name: Fate.OPEN for place in self._places}
        self._errors: dict[str, CssError] = {}
        self._again_at: dict[str, float] = {}
        """Steps that wait for a resource, and when they are looked at again."""
        self._running: dict[Future[Ended], Node] = {}

    def run(self) -> Way:
        """Every step that may run, and those after it; until nothing more can.

        Raises:
            Fenced: another attempt has taken over.
            Unavailable: the repository cannot be written any more.
        """
        with ThreadPoolExecutor(self._lanes, thread_name_prefix="lane") as lanes:
            start = self._here if self._lanes == 1 else lambda node, begun: lanes.submit(self._do, node, begun)
            try:
                while self._goes_on(start):
                    self._gather(GLANCE_SECONDS)
            except BaseException:
                # Those at work come to the end of their block and no further; who waits for them sees what happened.
                self._attempt.stopping.ask("the end of the run")
                raise
        return Way(tuple(self._errors.values()), sum(fate is Fate.PASSED for fate in self._fates.values()))

    def _goes_on(self, start: Callable[[Node, Begun], Future[Ended]]) -> bool:
        """Start what may start; False when nothing runs and nothing more will."""
        if not self._attempt.stopping.asked_by:
            while self._start_one(start):
                pass
        if self._running:
            return True
        if self._attempt.stopping.asked_by:
            self._note_stop()
            return False
        if self._again_at:
            self._attempt.stopping.nap(min(self._again_at.values()) - monotonic())
            return True
        return self._released()

    def _start_one(self, start: Callable[[Node, Begun], Future[Ended]]) -> bool:
        """Take the first turn that comes to something; False when no step can be started now."""
        if len(self._running) >= self._lanes or self._attempt.stopping.asked_by:
            return False
        for name in startable(self._places, self._fates):
            if self._again_at.get(name, 0) > monotonic():
                continue
            self._again_at.pop(name, None)
            node = self._attempt.net.node(name)
            turn = self._turn_of(node)
            if turn is None:
                return not self._attempt.stopping.asked_by
            match turn:
                case Waits(row):
                    self._rows[name] = row
                    self._again_at[name] = monotonic() + POLL_SECONDS
                    continue
                case Passed(counts, why):
                    self._fates[name] = Fate.PASSED
                    self._attempt.watcher.step_ended(node.step, counts, skipped=why)
                case HeldBack(why):
                    self._fates[name] = Fate.HALTED
                    self._errors[name] = why
                case Begun():
                    self._fates[name] = Fate.RUNNING
                    self._running[start(node, turn)] = node
            return True
        return False

    def _turn_of(self, node: Node) -> Turn | None:
        """What becomes of a step whose turn has come; None when it could not begin, or when the run is to stop before it."""
        name = node.step.name
        try:
            return done_whole(
                self._attempt.engine, lambda session: take_turn(session, self._attempt, node, self._rows.get(name), self._begun_at)
            )
        except (Fenced, Unavailable):
            raise
        except Stopped:
            return None  # said once, for the attempt, when nothing runs any more
        except Exception as trouble:  # noqa: BLE001 - its condition failed, whatever it was, and the step with it
            self._could_not_begin(node, as_error(name, trouble))
            return None

    def _could_not_begin(self, node: Node, error: CssError) -> None:
        """Its condition failed: the step is written as failed without having run."""
        attempt, name = self._attempt, node.step.name

        def begin_and_fail(session: Session) -> StepRow:
            warn_if_done_without(session, attempt, node, error)
            return repository.put_step(
                session,
                attempt.instance_id,
                attempt.execution_id,
                name,
                attempt.ordinal(name),
                attempt.now(),
                state=StepState.FAILED,
                words=str(error),
                code=error.code,
            )

        self._settle(node, Ended(done_whole(attempt.engine, begin_and_fail).counts, error))

    def _here(self, node: Node, begun: Begun) -> Future[Ended]:
        """In one lane there is no other thread: the step is done when this returns."""
        done: Future[Ended] = Future()
        done.set_result(self._do(node, begun))
        return done

    def _do(self, node: Node, begun: Begun) -> Ended:
        return do_step(self._attempt, self._workers, node, begun)

    def _gather(self, seconds: float) -> None:
        """Take what has ended, waiting a little for the first."""
        ended, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in ended:
            self._settle(self._running.pop(future), future.result())

    def _settle(self, node: Node, ended: Ended) -> None:
        name = node.step.name
        if ended.error is None or is_done_without(node, ended.error):
            self._fates[name] = Fate.PASSED
            return
        self._fates[name] = Fate.HALTED if isinstance(ended.error, Stopped) else Fate.FAILED
        self._errors[name] = ended.error

    def _note_stop(self) -> None:
        """Stopped between two steps: said once, for the attempt."""
        if not any(isinstance(error, Stopped) for error in self._errors.values()):
            try:
                self._attempt.stopping.check()
            except Stopped as stopped:
                self._errors[""] = stopped

    def _released(self) -> bool:
        """Whether a step that was held has been released meanwhile: the net goes on at once."""
        held = [name for name, error in self._errors.items() if error.code == "CSS617E"]
        found = done_whole(
            self._attempt.engine,
            lambda session: [name for name in held if not _is_held(session, self._attempt.instance_id, name)],
        )
        for name in found:
            self._fates[name] = Fate.OPEN
            del self._errors[name]
        return bool(found)


def _is_held(session: Session, instance_id: int, step: str) -> bool:
    control = repository.control_of(session, instance_id, step)
    return control is not None and control.hold is not None
