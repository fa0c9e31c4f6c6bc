"""How many open faults press, for a figure on a menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.model import Fault
from repairs.queries.seen import asker, eyes_of, seen

SOON: Final = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class FaultsDue:
    """Open faults by their time."""

    late: int
    soon: int
    """Due within four hours."""


def faults_due(session: Session, at: datetime, *, by: Actor) -> FaultsDue:
    """The open faults that the asker sees, of all districts, past their time or nearly. One statement, by ix_fault_due."""
    late = func.count().filter(Fault.due_at < at)
    pressing = select(late.label("late"), func.count().label("pressing"))
    pressing = pressing.where(Fault.is_open, Fault.due_at < at + SOON, seen(eyes_of(by)))
    row = session.execute(pressing, asker(by)).one()
    return FaultsDue(row.late, row.pressing - row.late)
