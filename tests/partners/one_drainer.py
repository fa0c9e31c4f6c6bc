"""Lanes beside a gateway that may be killed at any of their durable points. Ends when nothing waits."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from css.db.engine import make_engine
from css.partners.intake.draining import drain_forever
from css.partners.intake.handling import Drained
from tests.batch.killing import KILL_AT, point, points_reached
from tests.partners.speaking import CLOCK


def ended(_session: Session, transaction: SessionTransaction) -> None:
    """After a commit, not after a savepoint: only a commit lasts."""
    if transaction.parent is None:
        point("after commit")


def drain_until_killed(url: str, kill_at: int, points: str) -> None:
    """One lane, in a process that branched off. Writes how many points it passed."""
    os.environ[KILL_AT] = str(kill_at)
    engine = make_engine(url)
    stop = threading.Event()

    def told(drained: Drained) -> None:
        if not drained.handled:
            stop.set()

    event.listen(engine, "commit", lambda _connection: point("before commit"))
    event.listen(Session, "after_transaction_end", ended)
    drain_forever(lambda: engine, CLOCK, stop, lanes=1, told=told)
    Path(points).write_text(str(points_reached()), encoding="ascii")
