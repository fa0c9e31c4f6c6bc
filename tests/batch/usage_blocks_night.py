"""A night of usage in blocks of a few records, in a process of its own that can be killed; started from a fork server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from batch.engine import run_net
from batch.net import Context, Net
from batch.steps.usage_intake import COLLECT
from batch.steps.usage_long_calls import ASSEMBLE, REPLAY
from batch.steps.usage_rating import CLOSE_USAGE, RATE
from billing import carrier_file
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.db.engine import make_engine
from tests.batch import killing

NIGHT_OF = date(2026, 3, 2)
AT = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
BY = Actor(kind="batch", name="usage-night", provider_code="RETAIL", door="night")
USAGE = Net.in_line("usage-night", "Everything that happens to usage.", (COLLECT, RATE, REPLAY, ASSEMBLE, CLOSE_USAGE))
BLOCK_LINES = 5


def child(url: str, home: str, kill_at: int, points_file: str) -> None:
    """One attempt: die at the given durable point, or write how many there were."""
    os.environ[killing.KILL_AT] = str(kill_at)
    killing.set_traps()
    carrier_file._of_few_lines = _by_five
    engine = make_engine(url)
    outcome = run_net(engine, USAGE, Context("ZZ", NIGHT_OF, AT, BY, Path(home)), clock=FixedClock(AT))
    engine.dispose()
    assert outcome.error is None, outcome.error
    Path(points_file).write_text(str(killing.points_reached()), encoding="ascii")


def _by_five(lines: bytes) -> Iterator[bytes]:
    """Blocks small enough that a small file has several."""
    all_lines = lines.splitlines(keepends=True)
    return (b"".join(all_lines[start : start + BLOCK_LINES]) for start in range(0, len(all_lines), BLOCK_LINES))
