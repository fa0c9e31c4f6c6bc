"""What was measured, as a small table: size, seconds, rate, and what it means beside the other lines."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from css.bench.place import Place

WIDTH = 112


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing done so many times in so many seconds."""

    what: str
    size: int
    seconds: float
    ratio: str = ""
    """This line beside another of the same run, in words."""

    @property
    def rate(self) -> float:
        return self.size / self.seconds


@dataclass(slots=True)
class Stopwatch:
    """The seconds of a ``with timed()`` block, there once it has ended."""

    seconds: float = 0.0
    began: float = field(default_factory=time.perf_counter)


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Time a block; an error in it leaves nothing to report."""
    watch = Stopwatch()
    yield watch
    watch.seconds = time.perf_counter() - watch.began


def times(one: Measured, other: Measured) -> str:
    """How many times as fast one line is as another."""
    return f"{one.rate / other.rate:.1f} x {other.what}"


def show(title: str, rows: Sequence[Measured], notes: Sequence[str] = ()) -> None:
    """Print a table and what belongs under it."""
    print(f"\n{title}\n{'=' * WIDTH}")
    print(f"{'':<32}{'size':>10}{'seconds':>11}{'a second':>12}{'ms each':>12}   ratio")
    print("-" * WIDTH)
    for row in rows:
        print(f"{row.what:<32}{row.size:>10,}{row.seconds:>11.3f}{row.rate:>12,.1f}{1000 / row.rate:>12,.3f}   {row.ratio}".rstrip())
    for note in notes:
        print(note)


def machine(place: Place) -> str:
    """Where it was measured, with what else the machine had to do at the time."""
    with place.engine.connect() as connection:
        version = connection.execute(text("SHOW server_version")).scalar_one()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    disk = "commits wait for the disk" if place.durable else "in memory, no commit waits for a disk"
    return (
        f"{cores} cores, load {os.getloadavg()[0]:.1f} (ours included), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, PostgreSQL {version}, {disk}"
    )
