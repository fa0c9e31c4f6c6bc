"""What can be asked of working calendars and care levels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.core.words import NationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWorkingHours:
    """The hours of a calendar's week from a day on; of a calendar there is not yet, the calendar itself."""

    token: str = ""
    calendar_code: str
    starts_on: date
    hours: tuple[str, ...]
    """Lines like "Mon-Fri 08:00-12:30, 13:00-17:00" and "Sat all day"; a day that none names is closed."""
    name: str | None = None
    """What the calendar is called: of a new one; None keeps it."""
    time_zone: str | None = None
    """IANA name, of a new one: whose clocks on the wall are meant; None is Europe/London."""
    keeps_bank_holidays: bool | None = None
    """Of a new one: whether it is closed on the nation's bank holidays; None is yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCalendarException:
    """A day that is not as its weekday. What was said for the day and the nation before is replaced."""

    token: str = ""
    calendar_code: str
    day: date
    nation: NationCode | None = None
    """None: in every nation."""
    hours: tuple[str, ...] = ()
    """Lines like "08:00-12:00"; none for closed all day."""
    reason: str = ""
    is_withdrawn: bool = False
    """The day is as its weekday again; hours and reason are not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCareLevel:
    """What a care level promises from a day on: exactly one of ``days``, ``same_day_by`` with ``next_day_by``, and ``minutes``."""

    token: str = ""
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
    same_day_by: str | None = None
    """Accepted by this time, like 13:00: by 23:59 the same day."""
    next_day_by: str | None = None
    """Accepted after it: by this time the next counted day."""
    minutes: int | None = None
    """So many open minutes after acceptance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsSet:
    """The answer: what was set, and from when it counts."""

    code: str
    starts_on: date
