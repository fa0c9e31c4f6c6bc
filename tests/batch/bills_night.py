"""The steps of a night from the cut to the ledger, run in a process of its own so that it can be killed."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from batch.engine import RunOutcome, run_net
from batch.net import Context, Net
from batch.steps import bills
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.errors import Refused
from css.db.engine import make_engine
from tests.batch import killing

NIGHT_OF = date(2026, 2, 5)
AT = datetime(2026, 2, 5, 23, 30, tzinfo=UTC)
BY = Actor("batch", "night/alice", "RETAIL", door="night")
STEPS = (bills.FREEZE, bills.CALCULATE, bills.SAMPLE, bills.RELEASE, bills.POST)
BILLS = Net.in_line("bills-night", "From the cut to the ledger.", STEPS)


def run(engine: Engine, home: Path) -> RunOutcome:
    """One attempt."""
    return run_net(engine, BILLS, Context("ZZ", NIGHT_OF, AT, BY, home), clock=FixedClock(AT))


def child(url: str, home: str, kill_at: int, points_file: str) -> None:
    """One attempt that dies at the given durable point; exit status 0 done, 8 it waits; how many points there were."""
    os.environ[killing.KILL_AT] = str(kill_at)
    killing.set_traps()
    bills.CALCULATE_BLOCK = 2
    engine = make_engine(url)
    try:
        status = run(engine, Path(home)).return_code
    except Refused as refusal:
        # Killed behind its last commit, the night was done.
        if refusal.code != "CSS601E":
            raise
        status = 0
    engine.dispose()
    Path(points_file).write_text(str(killing.points_reached()), encoding="ascii")
    sys.exit(status)
