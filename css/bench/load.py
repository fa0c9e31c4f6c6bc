"""What a measurement took of the machine: the memory of our processes and the server's, and their seconds of processor."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, text

SAMPLE_SECONDS = 0.1
KIB, MIB = 1 << 10, 1 << 20
_PROC = Path("/proc")


class Load:
    """Watches while its block runs. Where there is no ``/proc`` everything it says is 0."""

    def __init__(self, engine: Engine) -> None:
        self._postmaster = postmaster_of(engine)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="bench load", daemon=True)
        self._own_before = 0.0
        self._server_before = 0.0
        self._server_seconds = 0.0
        self._own_seconds = 0.0
        self._peak_bytes = 0
        self._server_peak_bytes = 0

    def __enter__(self) -> Self:
        self._own_before, self._server_before = seconds_of(os.getpid()), seconds_of(self._postmaster)
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._own_seconds = seconds_of(os.getpid()) - self._own_before
        self._server_seconds = seconds_of(self._postmaster) - self._server_before

    @property
    def peak_mib(self) -> float:
        """The most that this process and those it started held together."""
        return self._peak_bytes / MIB

    @property
    def server_peak_mib(self) -> float:
        """The most that the server's processes held together, the memory they share counted once."""
        return self._server_peak_bytes / MIB

    @property
    def own_seconds(self) -> float:
        """Processor seconds of this process and of those it started."""
        return self._own_seconds

    @property
    def server_seconds(self) -> float:
        """Processor seconds of the server."""
        return self._server_seconds

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._peak_bytes = max(self._peak_bytes, sum(memory_of(pid)["VmRSS"] for pid in family(os.getpid())))
            held = [memory_of(pid) for pid in family(self._postmaster)] if self._postmaster else []
            server = sum(one["RssAnon"] for one in held) + max((one["RssShmem"] for one in held), default=0)
            self._server_peak_bytes = max(self._server_peak_bytes, server)


def postmaster_of(engine: Engine) -> int:
    with engine.connect() as connection:
        backend = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        with suppress(OSError):
            return int(_stat(backend)[1])
    return 0


def family(pid: int) -> Iterator[int]:
    """A process and all below it, without looking at every process of the machine."""
    yield pid
    with suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                for child in (thread / "children").read_text(encoding="ascii").split():
                    yield from family(int(child))


def memory_of(pid: int) -> dict[str, int]:
    """What a process holds, in bytes: all of it, its own, and what it shares with others."""
    found = {"VmRSS": 0, "RssAnon": 0, "RssShmem": 0}
    with suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) * KIB
    return found


def seconds_of(pid: int) -> float:
    """Processor seconds of a process and all below it, those that have ended included."""
    if not pid:
        return 0.0
    ticks = 0
    for one in family(pid):
        with suppress(OSError):
            spent = _stat(one)[11:15]  # utime, stime, and those of its children that have ended
            ticks += sum(int(some) for some in spent)
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name, which may hold anything: state, parent, ..."""
    return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
