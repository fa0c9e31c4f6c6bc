"""The steps of the house that put away and throw away, and its backup, run in a process of their own so that it can be killed."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from batch.engine import RunOutcome, run_net
from batch.net import Context, Net
from batch.steps import upkeep
from batch.upkeep import archiving, copies, going
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.errors import Refused
from css.db.engine import make_engine
from tests.batch import killing

ON = date(2026, 3, 2)
AT = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
BY = Actor("batch", "housekeeping/alice", "RETAIL", door="night")
GOING = Net.in_line("housekeeping", "What goes.", (upkeep.ARCHIVE, upkeep.FILES, upkeep.COPIES, upkeep.GENERATIONS))
SAVING = Net.in_line("housekeeping", "What is saved.", (upkeep.BACKUP,))


def run(engine: Engine, home: Path, net: Net) -> RunOutcome:
    """One attempt."""
    return run_net(engine, net, Context("", ON, AT, BY, home), clock=FixedClock(AT))


def child(url: str, home: str, net: str, kill_at: int | str, points_file: str) -> None:
    """One attempt that dies at the given durable point; how many points there were."""
    os.environ[killing.KILL_AT] = str(kill_at)
    killing.set_traps()
    archiving.RUNS_AT_ONCE = 1  # type: ignore[misc]
    going.GENERATIONS_AT_ONCE = 1  # type: ignore[misc]
    copies.DIRECTORIES_AT_ONCE = 1  # type: ignore[misc]
    engine = make_engine(url)
    try:
        status = run(engine, Path(home), SAVING if net == "saving" else GOING).return_code
    except Refused as refusal:
        # Killed behind its last commit, it was done.
        if refusal.code != "CSS601E":
            raise
        status = 0
    engine.dispose()
    Path(points_file).write_text(str(killing.points_reached()), encoding="ascii")
    sys.exit(status)
