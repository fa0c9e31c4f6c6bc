"""A gateway that takes in one message and may be killed at it. Arguments: url of the database, file with the message."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from css.db.engine import make_engine
from tests.batch.killing import point, points_reached
from tests.partners.speaking import send


def ended(_session: Session, transaction: SessionTransaction) -> None:
    """After a commit, not after a savepoint: only a commit lasts."""
    if transaction.parent is None:
        point("after commit")


if __name__ == "__main__":
    engine = make_engine(sys.argv[1])
    event.listen(engine, "commit", lambda _connection: point("before commit"))
    event.listen(Session, "after_transaction_end", ended)
    answer = send(engine, Path(sys.argv[2]).read_bytes())
    print(int(answer.status), points_reached())  # noqa: T201 - what the parent reads
