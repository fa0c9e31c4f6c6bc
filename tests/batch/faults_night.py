"""A night that only looks after faults, run as a child process so that it can be killed: url, home."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from batch.engine import RunOutcome, run_net
from batch.net import Context, Net
from batch.steps import faults
from batch.steps.faults import ACCEPT, MARK, PROBLEMS, WARN
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.db.engine import make_engine
from repairs.actions import nightly
from tests.batch.killing import set_traps
from tests.builders import DAY

AT = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
BY = Actor(kind="batch", name="faults-night", provider_code="RETAIL", door="night")
FAULTS = Net.in_line("faults-night", "Look after faults.", (MARK, WARN, ACCEPT, PROBLEMS))


def run(url: str, home: Path) -> RunOutcome:
    """One attempt."""
    engine = make_engine(url)
    try:
        return run_net(engine, FAULTS, Context("ZZ", DAY, AT, BY, home), clock=FixedClock(AT), workers=1)
    finally:
        engine.dispose()


if __name__ == "__main__":
    # In small pieces, so that there is something between two commits.
    vars(nightly)["SEEN_AT_ONCE"] = 1
    vars(faults)["BLOCK_SIZE"] = 1
    set_traps()
    print(run(sys.argv[1], Path(sys.argv[2])).return_code)  # noqa: T201 - what the parent reads
