"""Freezing the cut: which accounts a night bills, decided once."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from css.core.actor import Actor


def freeze_cut(session: Session, district_code: str, business_date: date, *, by: Actor, at: datetime) -> int:
    """Make the bill run of a district's night and its list of accounts; return the run's id. A second call gives the first's.

    The business date must have been rolled past ``business_date`` before (Refused CSS430E): only then is everything of
    that date complete.
    """
    raise NotImplementedError
