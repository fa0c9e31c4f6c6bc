"""``css line-tests``: takes in what test heads answer, for as long as it runs. ``css serve`` does the same in each of its processes.

Any number of them may run: each leaves alone what another is at, a pass is one transaction, and whoever dies in one has done
nothing that the next does not do. (Reasons: docs/decisions/0164.)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from css.core.errors import CssError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from css.core.clock import Clock
    from repairs.commands.testing import LineTestsCollected

app = typer.Typer(add_completion=False)

LOG = logging.getLogger(__name__)
EVERY_SECONDS: Final = 1.0
"""How long a test that is done may wait to be taken in: less than anybody looks twice in."""
AFTER_TROUBLE_SECONDS: Final = 10.0
NAME: Final = "LINETEST"
"""Who it is in the stories of faults."""


@app.command()
def line_tests(*, once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False) -> None:
    """Begin the line tests that wait and take in those that are done, until interrupted. Not needed beside ``css serve``."""
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.db.engine import database  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415

    engine, clock = database(), house_clock(database)
    if once:
        _say(collect(engine, clock))
        return
    print("Taking in line tests; Ctrl-C ends.")
    keep_collecting(engine, clock, threading.Event(), told=_say)


def beside(engine: Engine, clock: Clock) -> threading.Event:
    """Collect in a thread that ends with its process; set what is given back to end it sooner."""
    ended = threading.Event()
    threading.Thread(target=keep_collecting, args=(engine, clock, ended), name="line tests", daemon=True).start()
    return ended


def keep_collecting(
    engine: Engine, clock: Clock, ended: threading.Event, *, told: Callable[[LineTestsCollected], None] = lambda _: None
) -> None:
    """Collect again and again. A database that is away for a while, or an error of ours, is logged and does not end it."""
    wait = 0.0
    while not ended.wait(wait):
        wait = EVERY_SECONDS
        try:
            told(collect(engine, clock))
        except Exception as error:  # the last catch of this door: whoever waits for a test has nobody else
            wait = AFTER_TROUBLE_SECONDS
            LOG.log(
                logging.WARNING if isinstance(error, CssError) else logging.ERROR,
                "line tests were not taken in: %s",
                error.code if isinstance(error, CssError) else type(error).__name__,
                exc_info=None if isinstance(error, CssError) else error,
            )


def collect(engine: Engine, clock: Clock) -> LineTestsCollected:
    """One look, in one transaction."""
    from css.core.actor import Actor  # noqa: PLC0415 - after the words are understood
    from css.db.engine import transaction  # noqa: PLC0415
    from css.master.reference import RETAIL  # noqa: PLC0415
    from repairs.actions import collect_line_tests  # noqa: PLC0415
    from repairs.commands.testing import CollectLineTests  # noqa: PLC0415

    at = clock.now()
    with transaction(engine) as session:
        return collect_line_tests(session, CollectLineTests(), by=Actor("system", NAME, RETAIL, door="line tests"), at=at)


def _say(collected: LineTestsCollected) -> None:
    if collected.started or collected.done or collected.failed:
        print(f"Begun {collected.started}, running {collected.running}, done {collected.done}, failed {collected.failed}.")
