"""When a fault must be cleared: the service maintenance levels ("care levels") as data, and their reckoning.

| Level | Commitment | Counts |
| --- | --- | --- |
| 1 | 23:59 on the day after next | Monday to Friday, not bank holidays |
| 2 | 23:59 next day | Monday to Saturday, not bank holidays |
| 2.5 | 23:59 next day | every day |
| 3 | accepted by 13:00, 23:59 the same day; later, 12:59 next day | every day |
| 4 | six hours | any time, any day |

The clock starts when the fault is accepted, that is when its number is given, not at the first word on the telephone.
Where the published rules leave a choice the house chooses: a report on a day the level does not count is taken as made
on the next day it does; exactly 13:00:00 is still "by 13:00"; "23:59" is the instant 23:59:00 in London and a clear at
that instant is in time; six hours are six hours by the sun, through the nights the clocks change; the text of
level 2.5 was not to be found and "next day, seven days a week" stands for it.

Pauses are not reckoned here: the room that keeps the fault moves the due time and keeps the first one beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from css.core.calendar import Nation, add_working_days, bank_holiday_name, london_instant, require_aware, to_london, working_day_on_or_after
from css.core.errors import BadMessage

END_OF_DAY: Final = time(23, 59)
NOON_CUT: Final = time(13)
BEFORE_NOON_CUT: Final = time(12, 59)

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class CareLevel:
    """One level's promise. Exactly one of ``days``, ``same_day_by`` and ``hours`` is set."""

    code: str
    promise: str
    """The promise in words, as a screen shows it."""
    days: int | None = None
    """By 23:59 so many counted days after the day of acceptance."""
    same_day_by: time | None = None
    """Accepted at or before this London time: by 23:59 the same day; after it: by 12:59 the next."""
    hours: int | None = None
    """So many elapsed hours after acceptance."""
    working_days_only: bool = False
    """Counts neither Sundays nor bank holidays; Saturdays only when ``saturdays``."""
    saturdays: bool = False


CARE_LEVELS: Final[dict[str, CareLevel]] = {
    level.code: level
    for level in (
        CareLevel("1", "by 23:59 on the day after next, Monday to Friday, not bank holidays", days=2, working_days_only=True),
        CareLevel("2", "by 23:59 next day, Monday to Saturday, not bank holidays", days=1, working_days_only=True, saturdays=True),
        CareLevel("2.5", "by 23:59 next day, every day", days=1),
        CareLevel("3", "by 23:59 the same day if accepted by 13:00, else by 12:59 next day, every day", same_day_by=NOON_CUT),
        CareLevel("4", "within 6 hours, any time, any day", hours=6),
    )
}
"""In order of rising promise."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The instant something is due (UTC) and one sentence that lets anybody reckon it again."""

    due_at: datetime
    words: str

    def missed_at(self, at: datetime) -> bool:
        """Whether it is past due at that instant; on the instant is in time."""
        return require_aware(at) > self.due_at


def care_level(code: str) -> CareLevel:
    """The level of that code ("1", "2", "2.5", "3", "4"). Error: CSS070E."""
    try:
        return CARE_LEVELS[code]
    except KeyError:
        known = ", ".join(CARE_LEVELS)
        raise BadMessage(
            "CSS070E", "{level!r} is not a care level; there are {known}.", element="care_level", level=code[:40], known=known
        ) from None


def care_deadline(level: str, accepted_at: datetime, nation: Nation) -> Deadline:
    """When a fault accepted at ``accepted_at`` (aware) in that nation is due under the care level of that code.

    Errors: CSS070E no such level, CSS071E no such nation.
    """
    care = care_level(level)
    accepted_at = require_aware(accepted_at)
    accepted = to_london(accepted_at)
    told = f"Care level {care.code}, accepted {_instant_words(accepted_at)}"
    if care.hours is not None:
        due_at = accepted_at + timedelta(hours=care.hours)
        return Deadline(due_at, f"{told}: due {care.hours} hours later, {_instant_words(due_at)}.")
    day = accepted.date()
    if care.same_day_by is not None:
        cut = f"{care.same_day_by:%H:%M}"
        if accepted.time() <= care.same_day_by:
            return _due(f"{told} (by {cut})", "the same day,", day, END_OF_DAY)
        return _due(f"{told} (after {cut})", "next day,", day + timedelta(days=1), BEFORE_NOON_CUT)
    days = care.days or 0
    if not care.working_days_only:
        return _due(told, "next day," if days == 1 else f"{days} days later,", day + timedelta(days=days), END_OF_DAY)
    counted = working_day_on_or_after(day, nation, saturdays=care.saturdays)
    if counted != day:
        why = bank_holiday_name(day, nation) or "not a day this level counts"
        told += f" ({why}) and taken as made on {_day_words(counted)}"
    due_on = add_working_days(counted, days, nation, saturdays=care.saturdays)
    week = "Mon-Sat" if care.saturdays else "Mon-Fri"
    count = f"{days} working {'day' if days == 1 else 'days'} ({week}, not bank holidays) later,"
    return _due(told, count, due_on, END_OF_DAY)


def _due(told: str, reckoning: str, day: date, wall: time) -> Deadline:
    due_at = london_instant(day, wall)
    return Deadline(due_at, f"{told}: due {reckoning} {_instant_words(due_at)}.")


def _day_words(day: date) -> str:
    # Not strftime's %a and %b: they speak the language of the machine.
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _instant_words(instant: datetime) -> str:
    shown = to_london(instant)
    # The zone is said only where the hour alone would not tell: in the hour that comes twice.
    other = shown.replace(fold=1 - shown.fold)
    zone = f" {shown.tzname()}" if other.utcoffset() != shown.utcoffset() else ""
    return f"{_day_words(shown.date())} {shown:%H:%M}{zone}"
