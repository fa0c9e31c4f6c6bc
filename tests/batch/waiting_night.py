"""A night that only settles what waits, run as a child process so that it can be killed: url, home."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from batch.engine import RunOutcome, run_net
from batch.net import Context, Net
from batch.steps.usage_long_calls import ASSEMBLE, REPLAY
from billing.actions import long_calls, suspense
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.db.engine import make_engine
from tests.batch.killing import set_traps
from tests.builders import DAY

AT = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
BY = Actor(kind="batch", name="waiting-night", provider_code="RETAIL", door="night")
WAITING = Net.in_line("waiting-night", "Settle what waits.", (REPLAY, ASSEMBLE))


def run(url: str, home: Path) -> RunOutcome:
    """One attempt."""
    engine = make_engine(url)
    try:
        return run_net(engine, WAITING, Context("ZZ", DAY, AT, BY, home), clock=FixedClock(AT), workers=1)
    finally:
        engine.dispose()


if __name__ == "__main__":
    # In small pieces, so that there is something between two commits.
    vars(long_calls)["CHAINS_AT_ONCE"] = 1
    vars(suspense)["NIGHT_RECORDS"] = 2
    set_traps()
    print(run(sys.argv[1], Path(sys.argv[2])).return_code)  # noqa: T201 - what the parent reads
