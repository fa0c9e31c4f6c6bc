"""Progress on anything that may take more than two seconds: a bar at a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_SECONDS = 2
PLAIN_SECONDS = 10


@contextmanager
def counting_bytes(what: str) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with each number of bytes moved. Says nothing at all about what is over in two seconds."""
    began = said = time.monotonic()
    moved = 0
    terminal = sys.stderr.isatty()
    shown = False

    def count(size: int) -> None:
        nonlocal moved, said, shown
        moved += size
        now = time.monotonic()
        if now - began < QUIET_SECONDS or now - said < (0.2 if terminal else PLAIN_SECONDS):
            return
        said, shown = now, True
        print(f"{what}: {moved / 1e6:,.0f} MB", end="\r" if terminal else "\n", file=sys.stderr, flush=True)

    yield count
    if shown and terminal:
        print(file=sys.stderr)


@contextmanager
def counting_of(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with how many are done and how many there are. Says nothing about what is over in two seconds."""
    began = said = time.monotonic()
    terminal = sys.stderr.isatty()
    shown = False

    def count(done: int, there: int) -> None:
        nonlocal said, shown
        now = time.monotonic()
        if now - began < QUIET_SECONDS or now - said < (0.2 if terminal else PLAIN_SECONDS):
            return
        said, shown = now, True
        print(f"{what}: {done:,} of {there:,}", end="\r" if terminal else "\n", file=sys.stderr, flush=True)

    yield count
    if shown and terminal:
        print(file=sys.stderr)
