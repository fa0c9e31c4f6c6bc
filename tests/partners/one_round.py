"""A process that makes one round over the folders and may be killed at it."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from css.core.clock import FixedClock
from css.db.engine import make_engine
from css.partners.bringing import folders
from tests.batch.killing import KILL_AT, point, points_reached, wrap_renames
from tests.partners.speaking import AT


def child(url: str, directory: str, kill_at: int | str, points: str) -> None:
    """One round, to the end or to the point at which to die: each commit and each rename has one before and one after."""
    os.environ[KILL_AT] = str(kill_at)
    wrap_renames()
    engine = make_engine(url)
    event.listen(engine, "commit", lambda _connection: point("before commit"))

    def ended(_session: Session, transaction: SessionTransaction) -> None:
        # After a commit, not after a savepoint: only a commit lasts.
        if transaction.parent is None:
            point("after commit")

    event.listen(Session, "after_transaction_end", ended)
    folders.exchange_once(engine, FixedClock(AT), Path(directory))
    Path(points).write_text(str(points_reached()), encoding="ascii")
