"""Partners served side by side by threads of one process, once or for ever: the part that pushing and folders share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from css.core.errors import CssError
from css.partners.outgoing.deliveries import Lane

LANES_MAX: Final = 16
"""So many partners are served at once by a process; each takes a thread, and connections to the database while it is served."""
AFTER_TROUBLE_SECONDS: Final = 10.0

T = TypeVar("T")
_log = logging.getLogger(__name__)


def serve_once(lanes: Sequence[Lane], serve: Callable[[Lane], T]) -> list[T]:
    """Serve each partner to its end. What a partner's serving raises comes out after all the others have had theirs."""
    if not lanes:
        return []
    with ThreadPoolExecutor(min(len(lanes), LANES_MAX), thread_name_prefix="partner") as pool:
        working = [pool.submit(serve, lane) for lane in lanes]
    return [one.result() for one in working]


def serve_forever(
    lanes: Callable[[], Sequence[Lane]], serve: Callable[[Lane], object], stop: threading.Event, *, every_seconds: float
) -> None:
    """Look for partners to serve until ``stop`` is set; then return when those being served are done.

    A slow partner holds up nobody but itself. A database that is away for a while, or an error of ours, is logged and ends
    nothing.
    """
    serving: dict[str, Future[object]] = {}
    with ThreadPoolExecutor(LANES_MAX, thread_name_prefix="partner") as pool:
        wait = 0.0
        while not stop.wait(wait):
            wait = every_seconds
            try:
                for code in [code for code, one in serving.items() if one.done()]:
                    serving.pop(code).result()
                for lane in lanes():
                    if lane.partner.code not in serving:
                        serving[lane.partner.code] = pool.submit(serve, lane)
            except Exception as trouble:  # noqa: BLE001 - the last catch of this door: whoever waits for documents has nobody else
                wait = AFTER_TROUBLE_SECONDS
                _log.log(
                    logging.WARNING if isinstance(trouble, CssError) else logging.ERROR,
                    "serving partners failed: %s",
                    trouble.code if isinstance(trouble, CssError) else type(trouble).__name__,
                    exc_info=None if isinstance(trouble, CssError) else trouble,
                )
