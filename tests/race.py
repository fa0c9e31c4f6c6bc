"""Doing things at the same time, for tests of what happens then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine, text

T = TypeVar("T")


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


def until_somebody_waits(engine: Engine) -> None:
    """Return when a session of the database waits for a lock: then the other side of a race is known to have arrived."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(waiting).scalar():
            time.sleep(0.01)
