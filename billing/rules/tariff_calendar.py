"""The calendar that calls are rated by: London's clocks and its days of rest, laid out so that a look-up is a position.

It runs from 1985 to 2085; a call outside it has neither a tariff nor a VAT rate and is rejected. Bank holidays come from
``css.core.calendar``, whose package knows every year of it: those to come by the rules of today, and one day more whenever a
jubilee is proclaimed and the package brought up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Final

import polars as pl

from billing.rules.tariff import BANDS
from css.core.calendar import LONDON, SATURDAY, Nation, Period, is_bank_holiday

CALENDAR: Final = Period(date(1985, 1, 1), date(2085, 1, 1))
CALENDAR_DAYS: Final = CALENDAR.days
FIRST_DAY: Final = (CALENDAR.starts_on - date(1970, 1, 1)).days

SECONDS_PER_MINUTE: Final = 60
MINUTES_PER_DAY: Final = 1440
SECONDS_PER_HOUR: Final = 3600
SECONDS_PER_DAY: Final = 86_400
FIRST_SECOND: Final = FIRST_DAY * SECONDS_PER_DAY
"""London has winter time on both of the calendar's ends, so that its days and its hours of UTC begin and end together."""
LAST_SECOND: Final = FIRST_SECOND + CALENDAR_DAYS * SECONDS_PER_DAY - 1

DAY, EVENING, WEEKEND = (BANDS.index(band) for band in ("day", "evening", "weekend"))


@dataclass(frozen=True, slots=True)
class Clock:
    """What decides the bands of a tariff version: equal clocks are laid out once."""

    day_from_minute: int
    day_to_minute: int
    bank_holidays: Nation | None


@cache
def summer_by_hour() -> pl.Series:
    """By hour of UTC from the start of the calendar: how many hours London's clocks are ahead (0 or 1)."""
    assert CALENDAR.ends_on is not None, "the calendar ends"
    first, last = (datetime.combine(day, time()) for day in (CALENDAR.starts_on, CALENDAR.ends_on))
    hours = pl.datetime_range(first, last, "1h", time_unit="us", closed="left", eager=True)
    shown = hours.dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON.key).dt.replace_time_zone(None)
    return (shown - hours).dt.total_hours().cast(pl.Int8)


@cache
def rest_days(nation: Nation | None) -> tuple[bool, ...]:
    """By day of the calendar: Saturdays, Sundays, and the bank holidays of the nation if one is given."""
    first = CALENDAR.starts_on.toordinal()
    # By the count of days, of which a date's weekday is the remainder: a date is made only where holidays are asked for.
    return tuple(
        (count + 6) % 7 >= SATURDAY or (nation is not None and is_bank_holiday(date.fromordinal(count), nation))
        for count in range(first, first + CALENDAR_DAYS)
    )


@cache
def band_edges(clock: Clock) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seconds of 1970 at which the band changes, in order, and the band from each on.

    London moves its clocks on Sundays only, which are weekend whatever the clock shows: so between a Monday's midnight and a
    Friday's the offset of the day's first hour holds all day.
    """
    seconds: list[int] = []
    bands: list[int] = []
    summer = summer_by_hour()
    # The hour of a London midnight in summer lies on the day before; both sides of it have the same offset.
    ahead = summer.gather_every(24).to_list()
    rests = rest_days(clock.bank_holidays)
    for day in range(CALENDAR_DAYS):
        midnight = FIRST_SECOND + day * SECONDS_PER_DAY - ahead[day] * SECONDS_PER_HOUR
        changes = ((0, WEEKEND),) if rests[day] else ((0, EVENING), (clock.day_from_minute, DAY), (clock.day_to_minute, EVENING))
        for minute, band in changes:
            if not bands or bands[-1] != band:
                seconds.append(midnight + minute * SECONDS_PER_MINUTE)
                bands.append(band)
    return tuple(seconds), tuple(bands)


def by_day(rows: Iterable[Iterable[tuple[Period, int]]]) -> pl.Series:
    """For each row of dated values one calendar of them, null where nothing is in force, end to end."""
    values: list[int | None] = []
    for dated in rows:
        calendar: list[int | None] = [None] * CALENDAR_DAYS
        for period, value in dated:
            start, end = days_of(period)
            calendar[start:end] = [value] * (end - start)
        values += calendar
    return pl.Series(values, dtype=pl.Int32)


def days_of(period: Period) -> tuple[int, int]:
    """The period as half-open positions in the calendar."""
    start = max((period.starts_on - CALENDAR.starts_on).days, 0)
    end = CALENDAR_DAYS if period.ends_on is None else min((period.ends_on - CALENDAR.starts_on).days, CALENDAR_DAYS)
    return start, max(start, end)


def rest_by_day(nations: Sequence[Nation | None]) -> pl.Series:
    """One calendar of rest days for each of the nations, end to end."""
    return pl.Series([rest for nation in nations for rest in rest_days(nation)], dtype=pl.Boolean)
