"""When a fault must be cleared: what a care level promises, over the working hours of its calendar. Pure.

What each level promises is dated data (table ``css.care_level_terms``); a new database begins with the service maintenance
levels of the trade:

| Level | Commitment | Counts |
| --- | --- | --- |
| 1 | 23:59 on the day after next | Monday to Friday, not bank holidays |
| 2 | 23:59 next day | Monday to Saturday, not bank holidays |
| 2.5 | 23:59 next day | every day |
| 3 | accepted by 13:00, 23:59 the same day; later, 12:59 next day | every day |
| 4 | six hours | any time, any day |

The clock starts when the fault is accepted, that is when its number is given, not at the first word on the telephone.
Where the published rules leave a choice the house chooses: a report on a day the level does not count is taken as made
on the next day it does; exactly 13:00:00 is still "by 13:00"; "23:59" is the instant 23:59:00 by the calendar's clocks
and a clear at that instant is in time; six hours are six hours by the sun, through the nights the clocks change; the
text of level 2.5 was not to be found and "next day, seven days a week" stands for it.

Pauses are not reckoned here: the room that keeps the fault moves the due time and keeps the first one beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from css.core.calendar import ONE_DAY, require_aware
from css.core.errors import BadMessage
from css.core.hours_words import WEEKDAYS, days_words
from css.core.working_hours import WorkingHours

END_OF_DAY: Final = time(23, 59)
HOUR_MINUTES: Final = 60
LONDON_NAME: Final = "Europe/London"

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class CareTerms:
    """One level's promise from a day on. Exactly one of ``days``, ``same_day_by`` and ``minutes`` is set."""

    code: str
    starts_on: date
    rank: int
    """The better the promise, the higher."""
    promise: str
    """In words, as a screen shows it."""
    calendar_code: str
    """Whose days and hours count."""
    days: int | None = None
    """By 23:59 so many counted days after the day of acceptance."""
    same_day_by: time | None = None
    """Accepted at or before this time on the calendar's clocks: by 23:59 the same day."""
    next_day_by: time | None = None
    """Accepted after it: by this time the next counted day."""
    minutes: int | None = None
    """So many open minutes after acceptance."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The instant something is due (UTC) and one sentence that lets anybody reckon it again."""

    due_at: datetime
    words: str

    def missed_at(self, at: datetime) -> bool:
        """Whether it is past due at that instant; on the instant is in time."""
        return require_aware(at) > self.due_at


def no_level(code: str, known: str, *, element: str = "care_level") -> BadMessage:
    """CSS070E, for whoever finds that there is no such level."""
    return BadMessage("CSS070E", "{level!r} is not a care level; there are {known}.", element=element, level=code[:40], known=known)


def due_at(terms: CareTerms, hours: WorkingHours, accepted_at: datetime) -> datetime:
    """When what was accepted at ``accepted_at`` (aware) is due, without the words; ``hours`` are those of the terms' calendar.

    Error: CSS837E, the calendar has no such days to come.
    """
    accepted_at = require_aware(accepted_at)
    if terms.minutes is not None:
        return hours.add(accepted_at, timedelta(minutes=terms.minutes))
    _, due_on, wall = _day_reckoned(terms, hours, accepted_at)
    return hours.instant(due_on, wall)


def deadline(terms: CareTerms, hours: WorkingHours, accepted_at: datetime) -> Deadline:
    """``due_at`` with the sentence that says how it was reckoned."""
    accepted_at = require_aware(accepted_at)
    due = due_at(terms, hours, accepted_at)
    told = f"Care level {terms.code}, accepted {instant_words(accepted_at, hours)}"
    if terms.minutes is not None:
        return Deadline(due, f"{told}: due {_time_words(terms.minutes, hours)} later, {instant_words(due, hours)}.")
    day = hours.day_of(accepted_at)
    counted, _, wall = _day_reckoned(terms, hours, accepted_at)
    if terms.same_day_by is not None and counted == day:
        by_cut = "by" if wall == END_OF_DAY else "after"
        told += f" ({by_cut} {terms.same_day_by:%H:%M})"
    if counted != day:
        why = hours.hours_of(day).reason or "not a day this level counts"
        told += f" ({why}) and taken as made on {day_words(counted)}"
    return Deadline(due, f"{told}: due {_count_words(terms, hours, counted, wall)} {instant_words(due, hours)}.")


def _day_reckoned(terms: CareTerms, hours: WorkingHours, accepted_at: datetime) -> tuple[date, date, time]:
    """Of a promise by days: on which day it is taken as made, on which it is due, and at what time."""
    day = hours.day_of(accepted_at)
    counted = hours.counted_day(day)
    if terms.same_day_by is None:
        return counted, hours.counted_day(counted, terms.days or 0), END_OF_DAY
    # A report that waits for a day that counts is there when that day begins.
    if counted != day or accepted_at <= hours.instant(day, terms.same_day_by):
        return counted, counted, END_OF_DAY
    return counted, hours.counted_day(day + ONE_DAY), terms.next_day_by or END_OF_DAY


def _count_words(terms: CareTerms, hours: WorkingHours, counted: date, wall: time) -> str:
    if terms.same_day_by is not None and wall == END_OF_DAY:
        return "the same day,"
    days = 1 if terms.days is None else terms.days
    if not days:
        return "the same day,"
    if hours.is_every_day:
        return "next day," if days == 1 else f"{days} days later,"
    return f"{days} working {'day' if days == 1 else 'days'} ({calendar_words(hours, counted)}) later,"


def calendar_words(hours: WorkingHours, on: date) -> str:
    """Which days a calendar counts, in brackets of a sentence: "Mon-Sat, not bank holidays"."""
    counted = tuple(weekday for weekday, spans in enumerate(hours.week_on(on)) if spans)
    week = days_words(counted) if len(counted) < len(WEEKDAYS) else "every day"
    return f"{week}, not bank holidays" if hours.terms.keeps_bank_holidays else week


def _time_words(minutes: int, hours: WorkingHours) -> str:
    number, unit = (minutes // HOUR_MINUTES, "hour") if minutes % HOUR_MINUTES == 0 else (minutes, "minute")
    what = unit if hours.is_always else f"open {unit}"
    return f"{number} {what}{'' if number == 1 else 's'}"


def day_words(day: date) -> str:
    """A day as a deadline says it: Tue 24 Nov 2026."""
    # Not strftime's %a and %b: they speak the language of the machine.
    return f"{WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def instant_words(instant: datetime, hours: WorkingHours) -> str:
    """An instant as the calendar's clocks show it: Sun 25 Oct 2026 01:30 BST."""
    shown = instant.astimezone(hours.zone)
    # The zone is said only where the hour alone would not tell: in the hour that comes twice, and away from London.
    other = shown.replace(fold=1 - shown.fold)
    is_plain = other.utcoffset() == shown.utcoffset() and hours.zone.key == LONDON_NAME
    return f"{day_words(shown.date())} {shown:%H:%M}{'' if is_plain else f' {shown.tzname()}'}"
