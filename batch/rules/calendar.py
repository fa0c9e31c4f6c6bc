"""On which business dates a net runs, and at which instants it is to start and to end. Pure.

A net's cycle names dates; its shift says what becomes of a named date that is no working day in the nation of its district.
A date shifted onto one that is named anyway is one run and not two. Times are London's on the day after the business date,
so that the run of a date starts when the date is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Protocol

from batch.words import Cycle, Shift
from css.core.calendar import ONE_DAY, Nation, add_working_days, days_in_month, is_working_day, london_instant
from css.core.errors import BadMessage

LONGEST_PAUSE: Final = 7
"""Days; no run of weekends and bank holidays in any nation is longer (Christmas and New Year make five)."""
MONTHS_OF_QUARTERS: Final = frozenset({3, 6, 9, 12})
TWICE_OR_NEVER: Final = (time(1), time(2))
"""In London the hour that comes twice in October and never in March."""
HOUSE_NATION: Final[Nation] = "england-and-wales"
"""Whose working days count for a net of the whole house."""


class RunsOn(Protocol):
    """When a net runs: a net's own plan, or what somebody set."""

    @property
    def cycle(self) -> Cycle: ...
    @property
    def weekday(self) -> int | None: ...
    @property
    def shift(self) -> Shift: ...


class StartsAt(Protocol):
    """At which hours of London it is to start and to end, on the day after the business date."""

    @property
    def starts_at(self) -> time: ...
    @property
    def must_start_by(self) -> time: ...
    @property
    def must_end_by(self) -> time: ...


def require_start_hour(starts_at: time, element: str) -> None:
    """Nothing is set or planned to start in that hour, on whatever date: nobody has to know when the clocks change. Error: CSS625E."""
    if TWICE_OR_NEVER[0] <= starts_at < TWICE_OR_NEVER[1]:
        sentence = "Between 01:00 and 02:00 an hour comes twice in October and never in March; start it at another."
        raise BadMessage("CSS625E", sentence, element=element)


@dataclass(frozen=True, slots=True)
class DueDate:
    """A business date on which a net runs."""

    on: date
    shifted_from: tuple[date, ...] = ()
    """The dates that the cycle named and that are no working days; empty when the date is named itself."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The instants by which a run is to have started and ended."""

    start_after: datetime
    must_start_by: datetime
    must_end_by: datetime


def due_dates(plan: RunsOn, nation: Nation, first: date, last: date) -> tuple[date, ...]:
    """The business dates of a net from ``first`` to ``last``, both included, in order."""
    return tuple(due.on for due in due_days(plan, nation, first, last))


def due_days(plan: RunsOn, nation: Nation, first: date, last: date) -> tuple[DueDate, ...]:
    """The same, each with the dates it stands for."""
    named: set[date] = set()
    moved: dict[date, list[date]] = {}
    # A date outside may be shifted inside.
    for ordinal in range(first.toordinal() - LONGEST_PAUSE, last.toordinal() + LONGEST_PAUSE + 1):
        day = date.fromordinal(ordinal)
        if not _is_named(plan, nation, day):
            continue
        target = shifted(day, plan.shift, nation)
        if target == day:
            named.add(day)
        elif target is not None:
            moved.setdefault(target, []).append(day)
    days = sorted(named | moved.keys())
    return tuple(DueDate(day, () if day in named else tuple(moved[day])) for day in days if first <= day <= last)


def shifted(day: date, shift: Shift, nation: Nation) -> date | None:
    """The date on which a named date runs; None when it is left out."""
    if shift is Shift.RUN or is_working_day(day, nation):
        return day
    if shift is Shift.SKIP:
        return None
    return add_working_days(day, 1 if shift is Shift.RUN_ON else -1, nation)


def hours_of(plan: StartsAt, business_date: date) -> Hours:
    """When the run of a business date is to start and to end."""
    day = business_date + ONE_DAY
    return Hours(*(london_instant(day, wall) for wall in (plan.starts_at, plan.must_start_by, plan.must_end_by)))


def _is_named(plan: RunsOn, nation: Nation, day: date) -> bool:
    names: dict[Cycle, Callable[[], bool]] = {
        Cycle.DAILY: lambda: True,
        Cycle.WORKING_DAYS: lambda: is_working_day(day, nation),
        Cycle.WEEKLY: lambda: day.weekday() == plan.weekday,
        Cycle.MONTH_END: lambda: _is_last_of_month(day),
        Cycle.QUARTER_END: lambda: _is_last_of_month(day) and day.month in MONTHS_OF_QUARTERS,
        Cycle.YEAR_END: lambda: (day.month, day.day) == (12, 31),
        Cycle.ON_DEMAND: lambda: False,
    }
    return names[plan.cycle]()


def _is_last_of_month(day: date) -> bool:
    return day.day == days_in_month(day.year, day.month)


class Dated(RunsOn, StartsAt, Protocol):
    """A plan that somebody set, from a date on."""

    @property
    def district_code(self) -> str | None: ...
    @property
    def from_date(self) -> date: ...
    @property
    def is_enabled(self) -> bool: ...
    @property
    def priority(self) -> int: ...


class Planned(RunsOn, StartsAt, Protocol):
    """A plan in force."""

    @property
    def priority(self) -> int: ...


def plan_on(own: Planned, rows: Iterable[Dated], district_code: str, day: date) -> Planned | None:
    """What holds for a net in a district on a date; None when it is switched off."""
    said = _row_on(rows, district_code, day)
    if said is None:
        return own
    return said if said.is_enabled else None


def said_last(own: Planned, rows: Iterable[Dated], district_code: str, day: date) -> Planned:
    """The same, and of a net that is switched off what would hold if it were not."""
    return _row_on(rows, district_code, day) or own


def _row_on(rows: Iterable[Dated], district_code: str, day: date) -> Dated | None:
    """The latest row of the district that has begun, else the latest for all districts; None: the net's own plan holds."""
    begun = [row for row in rows if row.from_date <= day]
    for of in (district_code, None) if district_code else (None,):
        mine = [row for row in begun if row.district_code == of]
        if mine:
            return max(mine, key=lambda row: row.from_date)
    return None


@dataclass(frozen=True, slots=True)
class Due:
    """A run that is due on a business date, by the plan in force on it."""

    day: DueDate
    plan: Planned

    @property
    def hours(self) -> Hours:
        return hours_of(self.plan, self.day.on)


def plan_between(own: Planned, rows: Sequence[Dated], *, district_code: str, nation: Nation, first: date, last: date) -> tuple[Due, ...]:
    """Every run of a net in a district from ``first`` to ``last``, both included, each by the plan in force on the date it runs."""
    turns = sorted({first, *(row.from_date for row in rows if first < row.from_date <= last)})
    found: list[Due] = []
    for turn, after in zip(turns, [*turns[1:], last + ONE_DAY], strict=True):
        plan = plan_on(own, rows, district_code, turn)
        if plan is not None:
            found.extend(Due(day, plan) for day in due_days(plan, nation, turn, after - ONE_DAY))
    return tuple(found)
