"""A process that pushes what is due and may be killed at it."""

from __future__ import annotations

import os
from pathlib import Path

from css.core.clock import FixedClock
from css.db.engine import make_engine
from css.partners.access.push_reach import Reach
from css.partners.bringing import delivering
from css.partners.bringing.pushing import push
from css.partners.outgoing.deliveries import Outcome
from tests.batch.killing import KILL_AT, point, points_reached, set_traps
from tests.partners.receiving import HERE
from tests.partners.speaking import AT


def child(url: str, kill_at: int | str, points: str) -> None:
    """Push everything that is due, to the end or to the point at which to die."""
    os.environ[KILL_AT] = str(kill_at)
    set_traps()

    def watched(url: str, body: bytes, headers: dict[str, str], *, reach: Reach) -> Outcome:
        point("before sending")
        outcome = push(url, body, headers, reach=reach)
        point("after sending")
        return outcome

    vars(delivering)["push"] = watched
    delivering.deliver_once(make_engine(url), FixedClock(AT), reach=HERE)
    Path(points).write_text(str(points_reached()), encoding="ascii")
