"""Whether a wholesale guarantee counts for a fault that ended: not where matters beyond our control were declared in time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from repairs.model import Fault, Mborc
from repairs.queries.intervals import covers_of, intervals_of
from repairs.rules.clock import Declared, guarantee
from repairs.words import ClockState


def guarantee_of(session: Session, fault: Fault, clear_code: str) -> tuple[bool, datetime | None]:
    """For the shelf: whether guarantees count for a fault whose clock is stopped, and until when at most (None: as long as it took)."""
    intervals = intervals_of(session, fault.id)
    under = [interval for interval in intervals if interval.state is ClockState.MBORC]
    if not under:
        return True, None
    # Those of the area as the line is fed now, and those its clock ran under: it may have been moved to another cabinet.
    ids = {interval.mborc_id for interval in under if interval.mborc_id is not None}
    ids |= {cover.mborc_id for cover in covers_of(session, fault, fault.accepted_at)}
    rows = session.execute(select(Mborc.starts_at, Mborc.ends_at, Mborc.clear_codes).where(Mborc.id.in_(sorted(ids))))
    declared = [Declared(row.starts_at, row.ends_at, frozenset((row.clear_codes or "").split())) for row in rows]
    return guarantee(intervals, declared, clear_code=clear_code, due_at=fault.due_at)
