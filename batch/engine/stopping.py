"""Being asked to stop: by a person, through the run's row, or by the operating system. Nothing is cut off; no next block begins."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from batch.rules.readiness import TOLD_TO_END
from css.core.errors import CssError

LOG = logging.getLogger(__name__)
TERMINATED: Final = signal.SIGTERM.name
NAP_SECONDS = 0.1


class Stopped(CssError):  # noqa: N818 - it is what happened, as its family says
    """The run was asked to stop, or a step of it is held; it goes on when it is started again."""

    family = "refused"


class Stopping:
    """Whether a run is to stop. Told by a signal, it must take no lock: a plain attribute is enough."""

    def __init__(self) -> None:
        self.asked_by = ""
        """In words; empty while nobody has asked."""

    def ask(self, by: str) -> None:
        """Stop at the next block."""
        self.asked_by = self.asked_by or by

    def check(self, *, is_asked_in_row: bool = False) -> None:
        """Raise when somebody has asked, here or in the run's row (which whoever reads it passes on).

        Raises:
            Stopped: CSS615E, a person did; CSS670E, the machine or a service did, and a clock takes the run up again.
        """
        if is_asked_in_row:
            self.ask("a person")
        if self.asked_by == TERMINATED:
            raise Stopped(
                TOLD_TO_END,
                "Stopped at the end of a block, as the process was told to end ({who}); started again, it goes on there.",
                who=TERMINATED,
            )
        if self.asked_by:
            raise Stopped("CSS615E", "Stopped at the end of a block, as {who} asked; started again, it goes on there.", who=self.asked_by)

    def nap(self, seconds: float) -> None:
        """Wait, but not past being asked."""
        until = time.monotonic() + seconds
        while not self.asked_by and time.monotonic() < until:
            time.sleep(NAP_SECONDS)


@contextmanager
def stopped_by_signals(stopping: Stopping) -> Iterator[None]:
    """SIGTERM and the first interrupt at the terminal ask the run to stop; a second interrupt ends it where it is.

    Only in the main thread: nobody else is told of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if number == signal.SIGINT and stopping.asked_by:
            raise KeyboardInterrupt
        stopping.ask(name)

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
