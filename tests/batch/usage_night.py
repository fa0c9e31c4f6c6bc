"""A night that only collects carriers' files and rates them, run as a child process so that it can be killed: url, home."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from batch.engine import RunOutcome, run_net
from batch.net import Context, Net
from batch.steps.usage_intake import COLLECT
from batch.steps.usage_rating import CLOSE_USAGE, RATE
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.db.engine import make_engine
from tests.batch.killing import set_traps

NIGHT_OF = date(2026, 3, 2)
AT = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
BY = Actor(kind="batch", name="usage-night", provider_code="RETAIL", door="night")
USAGE = Net.in_line("usage-night", "Collect, rate and close.", (COLLECT, RATE, CLOSE_USAGE))


def run(url: str, home: Path, on: date = NIGHT_OF, workers: int = 1) -> RunOutcome:
    """One attempt."""
    engine = make_engine(url)
    try:
        return run_net(engine, USAGE, Context("ZZ", on, AT, BY, home), clock=FixedClock(AT), workers=workers)
    finally:
        engine.dispose()


if __name__ == "__main__":
    set_traps()
    print(run(sys.argv[1], Path(sys.argv[2])).return_code)  # noqa: T201 - what the parent reads
