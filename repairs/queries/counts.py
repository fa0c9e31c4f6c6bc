"""How many open faults press, for a figure on a menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.master.providers import Provider
from repairs.model import Fault

SOON: Final = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class FaultsDue:
    """Open faults by their time."""

    late: int
    soon: int
    """Due within four hours."""


def faults_due(session: Session, at: datetime, *, by: Actor) -> FaultsDue:
    """The open faults of all districts that are past their time, or nearly. One statement, by ix_fault_due."""
    late = func.count().filter(Fault.due_at < at)
    statement = select(late.label("late"), func.count().label("pressing")).where(Fault.is_open, Fault.due_at < at + SOON)
    if by.is_partner:
        statement = statement.join(Provider, Provider.id == Fault.provider_id).where(Provider.code == by.provider_code)
    row = session.execute(statement).one()
    return FaultsDue(row.late, row.pressing - row.late)
