"""Traps at each durable point of a process: before and after every commit, and round every write of a file that lasts.

A process sets them for itself before its work, so the product carries no hook for them. At the point it was told of, it dies
as by ``kill -9``, is stopped, or meets a full disk; with no such point the points are only counted.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from psycopg2.extensions import connection
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

RENAMES: Final = ("rename", "replace", "link")
SYNCS: Final = ("fsync", "unlink", "remove", "mkdir")


class Deed(StrEnum):
    """What happens to the process at its point."""

    KILL = "kill"  # as kill -9 does
    TERMINATE = "terminate"  # SIGTERM: it may still end in good order
    FREEZE = "freeze"  # SIGSTOP, until somebody sends SIGCONT
    NO_SPACE = "no-space"  # the disk of the files is full from here on
    RAISE = "raise"  # an exception that nobody foresaw
    TELL = "tell"  # goes on, when whoever watches has done what he wanted


class Unforeseen(Exception):  # noqa: N818 - it is no error of ours but one that we play
    """An exception from the middle of nowhere."""


class Place(NamedTuple):
    """A durable point of a process: named, for files are written by several threads at once and their order is nobody's."""

    name: str
    """As the journal has it; empty for any."""
    number: int
    """The first of that name is 1."""

    def __str__(self) -> str:
        return f"{self.name or 'point'} ({self.number})" if self.number > 1 or not self.name else self.name


@dataclass(slots=True)
class Trap:
    """Where, what, and how far this process has come."""

    at: Place | None = None
    """None is never."""
    deed: Deed = Deed.KILL
    journal: Path | None = None
    """Every point passed, a line each."""
    where: str = ""
    """What the process is doing, for the journal: set by whoever knows."""
    within: frozenset[str] | None = None
    """Count only while ``where`` is one of these."""
    is_full: bool = False
    tell: Callable[[], None] = lambda: None
    _reached: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def point(self, name: str) -> None:
        """One durable point: suffer here if it is our turn."""
        if self.is_full and wants_space(name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.within is not None and self.where not in self.within:
            return
        with self._lock:
            for counted in ("", name):
                self._reached[counted] += 1
            is_ours = self.at is not None and self._reached[self.at.name] == self.at.number and self.at.name in {"", name}
            if self.journal is not None:
                with self.journal.open("a", encoding="utf-8") as journal:
                    journal.write(f"{self.where}\t{name}\n")
        if is_ours:
            self._suffer(name)

    def _suffer(self, name: str) -> None:
        self.at = None
        match self.deed:
            case Deed.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Deed.TERMINATE:
                os.kill(os.getpid(), signal.SIGTERM)
            case Deed.FREEZE:
                os.kill(os.getpid(), signal.SIGSTOP)
            case Deed.NO_SPACE:
                self.is_full = True
                if wants_space(name):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case Deed.RAISE:
                raise Unforeseen
            case Deed.TELL:
                self.tell()


def trap_commits(trap: Trap) -> None:
    """A point before and after each commit of a transaction that wrote something: of any other nothing is durable."""
    commit: Callable[[PGDialect_psycopg2, object], None] = PGDialect_psycopg2.do_commit

    def trapped(self: PGDialect_psycopg2, dbapi_connection: connection) -> None:
        if not _wrote(dbapi_connection):
            commit(self, dbapi_connection)
            return
        trap.point("before commit")
        commit(self, dbapi_connection)
        trap.point("after commit")

    setattr(PGDialect_psycopg2, "do_commit", trapped)  # noqa: B010 - a method is not to be assigned to, and that is what we do


def _wrote(dbapi_connection: connection) -> bool:
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        row = cursor.fetchone()
        return row is not None and bool(row[0])


def trap_files(trap: Trap, home: Path, names: tuple[str, ...] = (*RENAMES, *SYNCS)) -> None:
    """A point before and after each rename below a directory, and whatever else makes a file there last or go."""
    for name in names:
        _wrap(trap, Path(os.path.realpath(home)), name)


def _wrap(trap: Trap, home: Path, name: str) -> None:
    real = getattr(os, name)

    def trapped(*args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - whatever the function takes
        path = _path_of(args[0])
        if not path.is_relative_to(home):
            return real(*args, **kwargs)
        of = path.name if path.suffix or not path.is_dir() else f"folder {path.name}"
        trap.point(f"before {name} of {of}")
        result = real(*args, **kwargs)
        trap.point(f"after {name} of {of}")
        return result

    setattr(os, name, trapped)


def _path_of(given: int | str | bytes | os.PathLike[str]) -> Path:
    """A file's place; of an open one, too, where the system tells it."""
    if isinstance(given, int):
        try:
            return Path(f"/proc/self/fd/{given}").readlink()
        except OSError:
            return Path()
    return Path(os.path.realpath(os.fsdecode(given)))


def wants_space(name: str) -> bool:
    """Whether a full disk shows at this point: whatever is taken away is not refused for want of space."""
    return name.startswith(("before fsync", "before mkdir", *(f"before {rename}" for rename in RENAMES)))


def is_lasting(name: str) -> bool:
    """Whether something that lasts has changed at this point since the one before: a commit, a name, or a file about to get one."""
    if "fsync" in name:
        return name.startswith("before fsync") and "of folder " not in name
    return name.startswith("after ")
