"""The parent of the gateway's processes: it makes them, makes another for each that dies, and ends them together."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Final, NoReturn

FALLS_SECONDS: Final = 10
FALLS_MAX: Final = 5
"""So many of one kind dying within so many seconds cannot be helped by making another."""
AFTER_FALL_SECONDS: Final = 0.5
END_SECONDS: Final = 20
"""What has not ended by then when told to is killed."""
LOOKS_SECONDS: Final = 0.1
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP)
_log = logging.getLogger(__name__)


IsOrphan = Callable[[], bool]
"""Whether the parent is no more: whoever it leaves behind ends by itself, for nobody else would tell it to."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process."""

    name: str
    run: Callable[[IsOrphan], None]
    """What it does until SIGTERM, or until it is an orphan. It sets its own answer to signals; SIGINT it never sees."""


class Parent:
    """Keeps children running until told to stop."""

    def __init__(self, children: list[Child]) -> None:
        self._children = children
        self._running: dict[int, Child] = {}
        self._falls: dict[str, list[float]] = {}
        self._is_stopping = False

    def run(self) -> bool:
        """Returns when all have ended: True when that was asked for, False when they would not stay up."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._told)
        for child in self._children:
            self._start(child)
        asked = True
        stop_begun: float | None = None
        while self._running:
            self._reap()
            if self._is_stopping:
                stop_begun = stop_begun or time.monotonic()
                if time.monotonic() - stop_begun > END_SECONDS:
                    self._tell_all(signal.SIGKILL)
            elif any(len(falls) >= FALLS_MAX for falls in self._falls.values()):
                asked = False
                _log.error("gateway given up: its processes do not stay up")
                self._stop()
            if self._running:
                time.sleep(LOOKS_SECONDS)
        return asked

    def _told(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._tell_all(signal.SIGHUP)
        else:
            self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        self._tell_all(signal.SIGTERM)

    def _tell_all(self, number: int) -> None:
        for pid in list(self._running):
            os.kill(pid, number)

    def _start(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        # Asked for here: by the time the child could ask, it may be an orphan already.
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _live(child, lambda: os.getppid() != parent)
        self._running[pid] = child

    def _reap(self) -> None:
        for pid in list(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            child = self._running.pop(pid)
            if self._is_stopping:
                continue
            now = time.monotonic()
            falls = [at for at in self._falls.get(child.name, []) if now - at < FALLS_SECONDS]
            self._falls[child.name] = [*falls, now]
            _log.error("process of the gateway died", extra={"child": child.name, "status": os.waitstatus_to_exitcode(status)})
            if len(falls) + 1 < FALLS_MAX:
                time.sleep(AFTER_FALL_SECONDS if falls else 0)
                self._start(child)


def _live(child: Child, is_orphan: IsOrphan) -> NoReturn:
    """The life of a child, which never comes back into its parent's code."""
    code = 1
    try:
        # Ctrl-C reaches everybody at the terminal; the parent alone decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in _PASSED_ON:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
        child.run(is_orphan)
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing may pass: what is above is the parent's
        _log.error("process of the gateway fell", exc_info=error, extra={"child": child.name})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
