"""An engineer's attendance to a fault: begun, and ended with the fault's own deeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.model import Engineer, Fault, Visit
from repairs.words import ReturnReason, VisitState


@dataclass(frozen=True, slots=True)
class LiveVisit:
    """Who has a fault."""

    visit: Visit
    engineer_code: str
    engineer_name: str


def live_visit(session: Session, fault_id: int) -> LiveVisit | None:
    """Who has the fault now, locked; None when nobody has. The fault is locked already."""
    row = session.execute(
        select(Visit, Engineer.code, Engineer.name)
        .join(Engineer, Engineer.id == Visit.engineer_id)
        .where(Visit.fault_id == fault_id, Visit.ended_at.is_(None))
        .with_for_update(of=Visit)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else LiveVisit(row.Visit, row.code, row.name)


def end_visit(
    session: Session,
    fault: Fault,
    state: VisitState,
    *,
    by: Actor,
    at: datetime,
    reason: ReturnReason | None = None,
    words: str | None = None,
) -> LiveVisit | None:
    """End the visit that is live on a fault, whose row the caller has locked; None when there is none.

    ``state`` is how it ends: done with the clear, returned with the ``reason``, or recalled. ``by`` is for the event that the
    caller tells; the visit itself has only its engineer.
    """
    del by
    found = live_visit(session, fault.id)
    if found is None:
        return None
    visit = found.visit
    visit.state = state
    visit.ended_at = max(at, visit.arrived_at or visit.issued_at)
    visit.return_reason = reason
    visit.words = (words or "").strip() or None
    session.flush()
    return found
