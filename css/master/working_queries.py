"""What can be asked of working calendars and care levels: hours of a week, days that are otherwise, promises, and a due time explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY, london_date
from css.core.deadline import CareTerms, day_words
from css.core.hours_words import span_words, week_words
from css.core.words import NationCode
from css.core.working_hours import DAY_MINUTES, WorkingHours
from css.master.care_levels import care_book, no_calendar

DAYS_SHOWN: Final = 366
DAYS_EXPLAINED: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CareLevelRow:
    """A care level in force on a day."""

    code: str
    rank: int
    promise: str
    starts_on: date
    calendar_code: str
    days: int | None
    same_day_by: str | None
    next_day_by: str | None
    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDay:
    """A day that is not as its weekday."""

    day: date
    day_words: str
    hours: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendarCard:
    """A calendar on a day in a nation: the hours of its week, and the days of the year to come that are otherwise."""

    code: str
    name: str
    time_zone: str
    keeps_bank_holidays: bool
    nation: NationCode
    hours: tuple[str, ...]
    hours_since: date | None
    """From when the week has these hours."""
    changes: tuple[date, ...]
    """From when it will have others."""
    is_open: bool
    next_opening: datetime | None
    next_closing: datetime | None
    other_days: tuple[OtherDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDay:
    """One day between acceptance and the due time."""

    day: date
    words: str
    """How the day counts, or why it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTime:
    """A due time and how it is reckoned."""

    care_level: str
    promise: str
    nation: NationCode
    accepted_at: datetime
    due_at: datetime
    words: str
    """The reckoning in a sentence to read out."""
    open_seconds: int
    """Open time of the level's calendar from acceptance to the due time."""
    days: tuple[DueDay, ...]
    """Every day from that of acceptance to that it is due, at most 60."""


def care_levels(session: Session, on: date) -> tuple[CareLevelRow, ...]:
    """The care levels in force on a day, in order of rising promise."""
    return tuple(
        CareLevelRow(
            code=terms.code,
            rank=terms.rank,
            promise=terms.promise,
            starts_on=terms.starts_on,
            calendar_code=terms.calendar_code,
            days=terms.days,
            same_day_by=None if terms.same_day_by is None else f"{terms.same_day_by:%H:%M}",
            next_day_by=None if terms.next_day_by is None else f"{terms.next_day_by:%H:%M}",
            minutes=terms.minutes,
        )
        for terms in care_book(session, on).levels
    )


def working_calendar(
    session: Session, calendar_code: str, *, at: datetime, nation: NationCode = NationCode.ENGLAND_AND_WALES
) -> WorkingCalendarCard:
    """A calendar as it is at an instant, in a nation.

    Raises:
        NotFound: CSS836E, no such calendar.
    """
    book = care_book(session, london_date(at))
    code = calendar_code.strip().upper()
    terms = next((each for each in book.calendars if each.code == code), None)
    if terms is None:
        raise no_calendar(calendar_code, {each.code: each for each in book.calendars})
    hours = book.hours(code, nation.value)
    today = hours.day_of(at)
    begun = [week for week in terms.weeks if week.starts_on <= today]
    return WorkingCalendarCard(
        code=terms.code,
        name=terms.name,
        time_zone=terms.time_zone,
        keeps_bank_holidays=terms.keeps_bank_holidays,
        nation=nation,
        hours=week_words(hours.week_on(today)),
        hours_since=begun[-1].starts_on if begun else None,
        changes=tuple(week.starts_on for week in terms.weeks if week.starts_on > today),
        is_open=hours.is_open(at),
        next_opening=hours.next_opening(at),
        next_closing=hours.next_closing(at),
        other_days=_other_days(hours, today),
    )


def due_time(session: Session, care_level: str, *, accepted_at: datetime, nation: NationCode = NationCode.ENGLAND_AND_WALES) -> DueTime:
    """When a fault accepted at an instant in a nation is due under a care level, and how that is reckoned, day by day.

    Raises:
        BadMessage: CSS070E, no such level on the day. Refused: CSS837E, further off than calendars are reckoned.
    """
    book = care_book(session, london_date(accepted_at))
    terms = book.terms(care_level.strip())
    hours = book.hours(terms.calendar_code, nation.value)
    found = book.deadline(terms.code, accepted_at, nation.value)
    return DueTime(
        care_level=terms.code,
        promise=terms.promise,
        nation=nation,
        accepted_at=accepted_at,
        due_at=found.due_at,
        words=found.words,
        open_seconds=hours.between(accepted_at, found.due_at) // timedelta(seconds=1),
        days=_due_days(terms, hours, accepted_at, found.due_at),
    )


def _other_days(hours: WorkingHours, first: date) -> tuple[OtherDay, ...]:
    days = (first + timedelta(days=ahead) for ahead in range(DAYS_SHOWN))
    # A holiday on a day that is closed anyway is no news.
    return tuple(
        OtherDay(day=day, day_words=day_words(day), hours=span_words(of_day.spans), reason=of_day.reason)
        for day in days
        if (of_day := hours.hours_of(day)).reason is not None and of_day.spans != hours.week_on(day)[day.weekday()]
    )


def _due_days(terms: CareTerms, hours: WorkingHours, accepted_at: datetime, due_at: datetime) -> tuple[DueDay, ...]:
    first, last = hours.day_of(accepted_at), hours.day_of(due_at)
    told: list[DueDay] = []
    counted = 0
    day = first
    while day <= last and len(told) < DAYS_EXPLAINED:
        of_day = hours.hours_of(day)
        why = f" ({of_day.reason})" if of_day.reason is not None else ""
        if not of_day.spans:
            words = f"{day_words(day)}: does not count{why or ' (closed on this weekday)'}."
        elif terms.minutes is not None:
            opens, closes = max(accepted_at, hours.at_minute(day, 0)), min(due_at, hours.at_minute(day, DAY_MINUTES))
            words = f"{day_words(day)}: {span_words(of_day.spans)}{why}; {_length(hours.between(opens, closes))} used."
        else:
            what = "the day it was accepted" if day == first else "taken as made" if not counted else f"counted day {counted}"
            words = f"{day_words(day)}: {what}{why}."
            counted += 1
        told.append(DueDay(day=day, words=words))
        day += ONE_DAY
    return tuple(told)


def _length(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60} h {minutes % 60:02} min"
