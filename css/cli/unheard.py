"""What is said to a reader who has gone: work goes on though its pipe was closed, its window shut or its log's disk is full."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

LOST = (OSError, ValueError)
"""What writing raises when nobody reads: a broken pipe, a terminal that is gone, a full disk, a stream that is closed."""


@contextmanager
def unheard() -> Iterator[None]:
    """Say what there is to say for as long as somebody reads it, and never fail for want of a reader; not at the end either."""
    before = sys.stdout, sys.stderr
    # A process may be started without the one or the other.
    mine = tuple(cast("TextIO", _Voice(stream)) if stream is not None else stream for stream in before)
    sys.stdout, sys.stderr = mine
    try:
        yield
    finally:
        for stream in mine:
            if stream is not None:
                stream.flush()
        sys.stdout, sys.stderr = before


@contextmanager
def outlives_its_window() -> Iterator[None]:
    """A hangup (SIGHUP: the window was shut, the line to the machine broke) is ignored meanwhile, here and in every process begun here."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL if before is None else before)


def fall_silent(stream: TextIO) -> None:
    """Let whatever is still written to a stream go nowhere: the interpreter would complain at its end of what it cannot write."""
    with suppress(*LOST):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class _Voice:
    """A stream that falls silent where it would fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_heard = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if self._is_heard:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._write_plainly(text)
            except LOST:
                self._fall_silent()
        return len(text)

    def flush(self) -> None:
        if self._is_heard:
            try:
                self._stream.flush()
            except LOST:
                self._fall_silent()

    def _write_plainly(self, text: str) -> None:
        """A terminal that has no such letter still has a reader."""
        encoding = self._stream.encoding or "ascii"
        with suppress(*LOST):
            self._stream.write(text.encode(encoding, "replace").decode(encoding))

    def _fall_silent(self) -> None:
        self._is_heard = False
        fall_silent(self._stream)
