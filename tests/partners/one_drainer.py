"""Lanes beside a gateway that may be killed at any of their durable points. Argument: url of the database. Ends when nothing waits."""

from __future__ import annotations

import sys
import threading

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from css.db.engine import make_engine
from css.partners.draining import drain_forever
from css.partners.handling import Drained
from tests.batch.killing import point, points_reached
from tests.partners.speaking import CLOCK


def ended(_session: Session, transaction: SessionTransaction) -> None:
    """After a commit, not after a savepoint: only a commit lasts."""
    if transaction.parent is None:
        point("after commit")


if __name__ == "__main__":
    engine = make_engine(sys.argv[1])
    stop = threading.Event()

    def told(drained: Drained) -> None:
        if not drained.handled:
            stop.set()

    event.listen(engine, "commit", lambda _connection: point("before commit"))
    event.listen(Session, "after_transaction_end", ended)
    drain_forever(lambda: engine, CLOCK, stop, lanes=1, told=told)
    print(points_reached())  # noqa: T201 - what the parent reads
