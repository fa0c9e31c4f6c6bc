"""A fault's clock: started, stopped, paused, set to another level. Every interval is kept; elapsed time is derived."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.model import ClockInterval, Fault
from repairs.words import ClockState


def start_clock(session: Session, fault: Fault, *, by: Actor, at: datetime) -> None:
    """Begin the first interval, or the next one after a clear was rejected."""
    session.add(ClockInterval(fault_id=fault.id, state=ClockState.RUNNING, starts_at=at, begun_by=by.name))


def stop_clock(session: Session, fault: Fault, *, by: Actor, at: datetime) -> None:
    """End the last interval at ``at``: the fault ended."""
    last = session.execute(
        select(ClockInterval).where(ClockInterval.fault_id == fault.id, ClockInterval.ends_at.is_(None)).with_for_update()
    ).scalar_one_or_none()
    if last is not None:
        last.ends_at = max(at, last.starts_at)
        last.ended_by = by.name
    session.flush()
