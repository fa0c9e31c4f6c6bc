"""Doing things at the same time, for tests of what happens then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
