"""Whether clocks look."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.model import NightClock

BEATING_WITHIN: Final = timedelta(seconds=90)
"""A clock that has not looked for longer is not there: it looks every 15 seconds."""


def clocks_beating(session: Session) -> int:
    """How many clocks look. By the database's time whatever day a demo lives: that is what they beat by."""
    since = func.clock_timestamp() - BEATING_WITHIN
    found = select(func.count()).select_from(NightClock).where(NightClock.ended_at.is_(None), NightClock.beat_at >= since)
    return session.execute(found).scalar_one()
