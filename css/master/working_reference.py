"""The working calendars and care levels that a new database begins with. Whoever runs the house changes them by verbs.

The levels are the trade's service maintenance levels; OFFICE are the hours of a clerk's answer and FIELD those of an engineer's
shift, both the house's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.core.deadline import CareTerms
from css.core.working_hours import DAY_MINUTES, CalendarTerms, Span, Week
from css.master.price_list import BOOK_OPENS
from css.master.working_calendars import CareLevelTerms, WorkingCalendar, WorkingSpan

LONDON_ZONE: Final = "Europe/London"
WEEK_BEGINS: Final = date(1990, 1, 1)
"""Hours are older than the oldest price: a fault of any day can be reckoned."""
_WHOLE: Final = Span(0, DAY_MINUTES)
_EIGHT: Final = 8 * 60


def _calendar(code: str, name: str, span: Span, *, days: int, keeps_bank_holidays: bool = True) -> CalendarTerms:
    """The same hours on the first so many days of the week."""
    week = tuple((span,) if weekday < days else () for weekday in range(7))
    return CalendarTerms(code, name, LONDON_ZONE, keeps_bank_holidays, (Week(WEEK_BEGINS, week),))


CALENDARS: Final = (
    _calendar("WEEKDAYS", "Monday to Friday, day and night", _WHOLE, days=5),
    _calendar("MON-SAT", "Monday to Saturday, day and night", _WHOLE, days=6),
    _calendar("ALWAYS", "Every day, day and night", _WHOLE, days=7, keeps_bank_holidays=False),
    _calendar("OFFICE", "Office hours", Span(_EIGHT, 17 * 60), days=5),
    _calendar("FIELD", "Field engineers", Span(_EIGHT, 18 * 60), days=6),
)

CARE_LEVELS: Final = (
    CareTerms("1", BOOK_OPENS, 10, "by 23:59 on the day after next, Monday to Friday, not bank holidays", "WEEKDAYS", days=2),
    CareTerms("2", BOOK_OPENS, 20, "by 23:59 next day, Monday to Saturday, not bank holidays", "MON-SAT", days=1),
    CareTerms("2.5", BOOK_OPENS, 25, "by 23:59 next day, every day", "ALWAYS", days=1),
    CareTerms(
        "3",
        BOOK_OPENS,
        30,
        "by 23:59 the same day if accepted by 13:00, else by 12:59 next day, every day",
        "ALWAYS",
        same_day_by=time(13),
        next_day_by=time(12, 59),
    ),
    CareTerms("4", BOOK_OPENS, 40, "within 6 hours, any time, any day", "ALWAYS", minutes=6 * 60),
)
"""In order of rising promise."""


def load(session: Session) -> None:
    """Put them into a database; what is there already stays as it is, so a second time changes nothing."""
    calendars = [
        {"code": each.code, "name": each.name, "time_zone": each.time_zone, "keeps_bank_holidays": each.keeps_bank_holidays}
        for each in CALENDARS
    ]
    session.execute(insert(WorkingCalendar).on_conflict_do_nothing(), calendars)
    session.execute(insert(WorkingSpan).on_conflict_do_nothing(), list(_spans()))
    levels = [{name: getattr(each, name) for name in CareTerms.__dataclass_fields__} for each in CARE_LEVELS]
    session.execute(insert(CareLevelTerms).on_conflict_do_nothing(), levels)


def _spans() -> Iterator[dict[str, object]]:
    for calendar in CALENDARS:
        for week in calendar.weeks:
            for weekday, spans in enumerate(week.days, start=1):
                for span in spans:
                    yield {"calendar_code": calendar.code, "starts_on": week.starts_on, "weekday": weekday, **span._asdict()}
