"""What each process of the gateway does, and what they are made from."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from css.core.clock import SystemClock
from css.db.engine import bound_waits, transaction
from css.master.clocks import ShiftedClock, house_clock
from css.partners.access.keys import own_party
from css.partners.front.limits import Limits
from css.partners.front.processes import Child, IsOrphan
from css.partners.front.secure import server_context
from css.partners.front.server import Front
from css.partners.gateway import create_application
from css.partners.pages.rates import Rates

LOCK_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 20
"""One record that somebody holds must not take every thread."""
_SPARE_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class Papers:
    """What the server shows and what it asks of clients, in files."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    is_required: bool = False

    def context(self) -> ssl.SSLContext:
        """Read now."""
        return server_context(self.certificate, self.key, client_ca=self.client_ca, required=self.is_required)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the gateway is to run."""

    listening: socket.socket
    engine: Callable[[], Engine]
    """Makes one; called in each process, after the fork."""
    limits: Limits
    rates: Rates
    papers: Papers | None = None
    fronts: int = 2
    drainers: int = 1
    delivers: bool = True


def fronts(plan: Plan) -> list[Child]:
    """The processes that take requests."""
    return [Child(f"front {number}", lambda is_orphan: _front(plan, is_orphan)) for number in range(1, plan.fronts + 1)]


def beside(name: str, work: Callable[[Callable[[], Engine], threading.Event], None], plan: Plan) -> Child:
    """A process that does something besides until it is told to stop.

    Args:
        name: for the log.
        work: is given what gives the engine, and an event that says stop.
        plan: of the gateway.
    """

    def run(is_orphan: IsOrphan) -> None:
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        threading.Thread(target=_watch, args=(is_orphan, stop), name="watches the parent", daemon=True).start()
        engine = plan.engine()
        work(lambda: engine, stop)
        engine.dispose()

    return Child(name, run)


def _front(plan: Plan, is_orphan: IsOrphan) -> None:
    engine = plan.engine()
    bound_waits(engine, lock_seconds=LOCK_SECONDS, statement_seconds=STATEMENT_SECONDS)
    clock = house_clock(lambda: engine)
    with transaction(engine) as session:
        us = own_party(session)
    # In a demo the house's time is a fixed while from the wall's; asking the house asks the database, which the loop must not.
    wall = SystemClock()
    told = ShiftedClock(wall, clock.now() - wall.now())
    front = Front(
        create_application(engine, clock, rates=plan.rates, handles=plan.drainers == 0),
        told,
        limits=_as_files_allow(plan.limits),
        make_context=None if plan.papers is None else plan.papers.context,
        us=us,
    )
    asyncio.run(_serve(front, plan.listening, is_orphan))
    engine.dispose()


async def _serve(front: Front, listening: socket.socket, is_orphan: IsOrphan) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, front.stop)
    loop.add_signal_handler(signal.SIGHUP, front.renew)
    await front.serve(listening, is_orphan=is_orphan)


def _as_files_allow(limits: Limits) -> Limits:
    """As many connections as this process may have files open, and room for the database and the log."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return replace(limits, connections=max(1, min(limits.connections, soft - _SPARE_FILES)))
    return limits


def _watch(is_orphan: IsOrphan, stop: threading.Event) -> None:
    while not stop.wait(1):
        if is_orphan():
            stop.set()
