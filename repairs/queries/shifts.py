"""Who is on shift: an engineer's working calendar asked for an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from css.core.calendar import Nation, london_date
from css.master.care_levels import care_book


def is_on_shift(session: Session, calendar_code: str, nation: Nation, at: datetime) -> bool:
    """Whether a calendar is open in a nation at an instant. Whoever asks for many pays for one statement.

    Raises:
        NotFound: CSS836E, no such calendar.
    """
    return care_book(session, london_date(at)).hours(calendar_code, nation).is_open(at)


def care_ranks(session: Session, at: datetime) -> dict[str, int]:
    """The care levels in force by their code, the better the higher."""
    return {terms.code: terms.rank for terms in care_book(session, london_date(at)).levels}
