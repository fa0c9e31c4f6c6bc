"""One attempt at the night in a process of its own, so that it can be harmed; and what came of it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import multiprocessing.process
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from batch import net as nets
from batch.engine import run_net
from batch.net import Context, Counts, Step, Unwatched
from batch.nets import NIGHT
from batch.steps import bills
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.chaos.branching import branching
from css.chaos.evening import NIGHT_ACTOR, NIGHT_AT, NIGHT_OF
from css.chaos.traps import Deed, Place, Trap, trap_commits, trap_files
from css.core.clock import FixedClock
from css.core.errors import CssError
from css.db.engine import make_engine
from css.demo.plan import DISTRICT

SECONDS_MAX: Final = 300
"""Longer than any attempt at a small night takes: it hangs."""
BLOCK_OF_ACCOUNTS: Final = 6
BLOCK_OF_BILLS: Final = 5
"""A small district's night would have one block in each step; with these it has several, and points between them."""
COMPLETED_ALREADY: Final = "CSS601E"


@dataclass(frozen=True, slots=True)
class Harm:
    """What is to befall an attempt, and where."""

    deed: Deed = Deed.KILL
    at: Place | None = None
    """The durable point; None is never."""
    within: frozenset[str] | None = None
    """Points are counted only where the process says that it is in one of these places: steps, and the time after steps."""
    end_after: str | None = None
    """Die as soon as this step is done."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt is told."""

    url: str
    home: Path
    harm: Harm = field(default_factory=Harm)
    at: datetime = NIGHT_AT
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    status: int
    """The process's exit status; negative for a signal."""
    return_code: int | None = None
    code: str | None = None
    """Of the error it ended with, or was refused with."""
    words: str = ""
    points: tuple[tuple[str, str], ...] = ()
    """The points it passed: the step it was in, and the point's name."""

    def __str__(self) -> str:
        how = f"exit status {self.status}" if self.return_code is None else f"return code {self.return_code}"
        return f"{how} after {len(self.points)} points: {self.code or 'no code'} {self.words}".strip()

    @property
    def is_over(self) -> bool:
        """Whether the night is done, by this attempt or, if it was refused, by an earlier one."""
        return self.return_code in {0, 4} or self.code == COMPLETED_ALREADY


class _Noting(Unwatched):
    """Tells the trap where the net is."""

    def __init__(self, trap: Trap, end_after: str | None) -> None:
        self._trap = trap
        self._end_after = end_after

    def step_started(self, step: Step, *, total: int | None, done: int) -> None:  # noqa: ARG002 - the watcher's words
        self._trap.where = step.name

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:  # noqa: ARG002 - as above
        self._trap.where = f"after {step.name}"
        if step.name == self._end_after:
            os.kill(os.getpid(), signal.SIGKILL)


def _child(attempt: Attempt, said: str) -> None:
    """The process's whole life."""
    directory = Path(said)
    logging.getLogger().addHandler(logging.FileHandler(directory / "log", encoding="utf-8"))
    harm = attempt.harm
    trap = Trap(at=harm.at, deed=harm.deed, within=harm.within, journal=directory / "points", tell=lambda: _tell(directory))
    trap_commits(trap)
    trap_files(trap, attempt.home)
    bills.CALCULATE_BLOCK = BLOCK_OF_ACCOUNTS
    bills.RENDER_BLOCK = BLOCK_OF_BILLS
    nets.cut.__defaults__ = (BLOCK_OF_ACCOUNTS,)
    engine = make_engine(attempt.url)
    context = Context(DISTRICT, NIGHT_OF, attempt.at, NIGHT_ACTOR, attempt.home)
    try:
        outcome = run_net(
            engine, NIGHT, context, clock=FixedClock(attempt.at), workers=attempt.workers, watcher=_Noting(trap, harm.end_after)
        )
        told: dict[str, object] = {"return_code": outcome.return_code}
        if outcome.error is not None:
            told |= {"code": outcome.error.code, "words": str(outcome.error)}
    except CssError as refusal:
        told = {"code": refusal.code, "words": str(refusal)}
    except BaseException:  # noqa: BLE001 - told to whoever waits, whatever it is
        told = {"words": traceback.format_exc()}
    (directory / "outcome").write_text(json.dumps(told), encoding="utf-8")
    # The engine's connections end with the process; nothing of it is cleaned up that an ordinary end would not be.
    engine.dispose()


def _tell(directory: Path) -> None:
    """Say that the point is reached, and wait until whoever watches has done his deed."""
    (directory / "reached").touch()
    watcher = multiprocessing.parent_process()
    while not (directory / "go on").exists():
        if watcher is None or not watcher.is_alive():
            os._exit(1)
        time.sleep(0.002)


class Running:
    """An attempt under way."""

    def __init__(self, attempt: Attempt, said: Path) -> None:
        self._said = said
        said.mkdir(parents=True, exist_ok=True)
        self._process: ForkServerProcess = branching(__name__, "css.chaos.nursery").Process(target=_child, args=(attempt, str(said)))
        with _starting:
            self._process.start()
            # Whoever starts another asks all that are known how they stand, and of two threads that ask one is told nonsense.
            getattr(multiprocessing.process, "_children").discard(self._process)  # noqa: B009 - the module keeps it to itself
        _begun.add(self)
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def wait_for_point(self) -> bool:
        """Wait until it has come to the point where it tells or is frozen; False when it ended without."""
        return self._wait(lambda: (self._said / "reached").exists() or is_frozen(self.pid))

    def wait_for_end(self, seconds: float) -> None:
        """Wait for its end, but no longer than so."""
        self._process.join(seconds)

    def is_alive(self) -> bool:
        return self._process.exitcode is None

    def go_on(self) -> None:
        (self._said / "go on").touch()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self) -> Outcome:
        """Wait for its end."""
        self._process.join(SECONDS_MAX)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            msg = f"an attempt hangs, in {self._points()[-1:]}"
            raise TimeoutError(msg)
        path = self._said / "outcome"
        told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        _begun.discard(self)
        outcome = Outcome(status=self._process.exitcode, points=self._points(), **told)
        self._process.close()
        return outcome

    def _wait(self, is_there: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + SECONDS_MAX
        while not is_there():
            if self._process.exitcode is not None:
                return False
            if time.monotonic() > deadline:
                msg = "an attempt does not come to its point"
                raise TimeoutError(msg)
            time.sleep(0.005)
        return True

    def _points(self) -> tuple[tuple[str, str], ...]:
        path = self._said / "points"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        parts = [line.split("\t") for line in lines]
        return tuple((part[0], part[1]) for part in parts)

    def give_up(self) -> None:
        """End it, wherever it is."""
        self._process.kill()
        self._process.join()


_starting = threading.Lock()
_begun: set[Running] = set()
"""Attempts whose end nobody has waited for."""


def give_up_all() -> None:
    """End what a fault that broke off left behind: an attempt that waits for us would wait for ever, and we for it."""
    while _begun:
        _begun.pop().give_up()


def is_frozen(pid: int) -> bool:
    """Whether a process is stopped, as by SIGSTOP."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False
