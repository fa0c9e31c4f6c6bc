"""Doing things at the same time, for tests of what happens then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine, text

T = TypeVar("T")
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def together(*deeds: Callable[[], T]) -> list[T | Exception]:
    """Start all deeds at one instant, each in its thread; what each gave or raised, in the order given."""
    gate = threading.Barrier(len(deeds))

    def one(deed: Callable[[], T]) -> T | Exception:
        gate.wait()
        try:
            return deed()
        except Exception as error:  # noqa: BLE001 - the outcome is what the test is about
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(one, deeds))


def in_the_background(engine: Engine, pool: ThreadPoolExecutor, deed: Callable[[], T]) -> Future[T]:
    """Start a deed beside a transaction that is open, and go on when it stands before a lock, or is done."""
    running = pool.submit(deed)
    until = time.monotonic() + 5
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not running.done() and time.monotonic() < until and not connection.execute(_WAITING).scalar():
            time.sleep(0.01)
    return running


def until_somebody_waits(engine: Engine) -> None:
    """Return when a session of the database waits for a lock: then the other side of a race is known to have arrived."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(_WAITING).scalar():
            time.sleep(0.01)
