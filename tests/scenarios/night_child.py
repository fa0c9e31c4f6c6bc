"""A night in a process of its own, so that it can be killed. Started from a fork server that has everything imported."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import billing.actions
import billing.checks
import billing.queries  # noqa: F401 - imported once in the fork server, not in every child
from css.db.engine import make_engine
from tests.batch import killing
from tests.scenarios.nights import run_night


def child(url: str, home: str, day: date, kill_at: int, points_file: str) -> None:
    """Run the night of a day; die at the given durable point; write how many points there were when none was given."""
    os.environ[killing.KILL_AT] = str(kill_at)
    killing.set_traps()
    engine = make_engine(url)
    run_night(engine, "ZZ", day, Path(home))
    engine.dispose()
    Path(points_file).write_text(str(killing.points_reached()), encoding="ascii")
