"""How many messages passed today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from css.core.calendar import london_date, london_instant
from css.handover import OutboxMessage
from css.partners.model import InboxMessage, InboxState, RejectedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """What has passed since midnight in London."""

    received: int
    """Taken."""
    done: int
    refused: int
    waiting: int
    """Of all days."""
    failed: int
    """Of those that wait: by a fault of ours."""
    rejected: int
    """Not taken, each counted once however often it came."""
    sent: int


def counts_of_day(session: Session, provider_id: int | None, at: datetime) -> DayCounts:
    """The counts of one partner or of all. Leans on the indexes by instant; what waits, on ix_inbox_message_waiting."""
    midnight = london_instant(london_date(at), time())

    def count(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[int]:  # noqa: ANN401 - one of the three
        mine = () if provider_id is None else (table.provider_id == provider_id,)
        return select(func.count()).select_from(table).where(*mine, *conditions).scalar_subquery()

    came = select(
        func.count().label("received"),
        func.count(case((InboxMessage.state == InboxState.DONE, 1))).label("done"),
        func.count(case((InboxMessage.state == InboxState.REFUSED, 1))).label("refused"),
        count(InboxMessage, InboxMessage.state == InboxState.RECEIVED).label("waiting"),
        count(InboxMessage, InboxMessage.state == InboxState.RECEIVED, InboxMessage.outcome_code.is_not(None)).label("failed"),
        count(RejectedMessage, RejectedMessage.last_at >= midnight).label("rejected"),
        count(OutboxMessage, OutboxMessage.created_at >= midnight).label("sent"),
    ).where(InboxMessage.received_at >= midnight)
    if provider_id is not None:
        came = came.where(InboxMessage.provider_id == provider_id)
    row = session.execute(came).one()
    return DayCounts(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
