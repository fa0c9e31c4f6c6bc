"""How many open faults press, for a figure on a menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import false, func, select, true
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.model import Engineer, Fault, Outage, Visit
from repairs.queries.seen import asker, seen
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import FaultState, OutageState

SOON: Final = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class FaultsDue:
    """Open faults by their time."""

    late: int
    soon: int
    """Due within four hours."""


@dataclass(frozen=True, slots=True)
class FaultsWaiting:
    """What waits for somebody's word or hands besides open faults."""

    clears: int
    """Put right as we say; the customer has not answered yet."""
    outages: int
    """Failures of shared plant that are not mended."""
    in_hand: int
    """What the asker has as an engineer: one or none."""


def faults_waiting(session: Session, *, by: Actor) -> FaultsWaiting:
    """Of all districts, as far as the asker sees; outages are counted for the house's own desk alone. One statement."""
    eyes = eyes_of(by)
    clears = select(func.count()).select_from(Fault).where(Fault.state == FaultState.CLEARED, seen(eyes))
    outages = select(func.count()).select_from(Outage).where(Outage.state == OutageState.OPEN, true() if eyes is Eyes.ALL else false())
    own = select(func.count()).select_from(Visit).join(Engineer, Engineer.id == Visit.engineer_id)
    own = own.where(Engineer.code == by.name, Visit.ended_at.is_(None))
    counts = select(*(one.scalar_subquery() for one in (clears, outages, own)))
    found = session.execute(counts, asker(by)).one()
    return FaultsWaiting(*found)


def faults_due(session: Session, at: datetime, *, by: Actor) -> FaultsDue:
    """The open faults that the asker sees, of all districts, past their time or nearly. One statement, by ix_fault_due."""
    late = func.count().filter(Fault.due_at < at)
    pressing = select(late.label("late"), func.count().label("pressing"))
    pressing = pressing.where(Fault.is_open, Fault.due_at < at + SOON, seen(eyes_of(by)))
    row = session.execute(pressing, asker(by)).one()
    return FaultsDue(row.late, row.pressing - row.late)
