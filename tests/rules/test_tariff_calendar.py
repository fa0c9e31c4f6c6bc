"""The calendar of rating: London's clocks over a hundred years, and the edges of bands against the clock itself."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from billing.rules.tariff import BANDS
from billing.rules.tariff_calendar import CALENDAR, CALENDAR_DAYS, FIRST_SECOND, LAST_SECOND, Clock, band_edges, rest_days, summer_by_hour
from css.core.calendar import LONDON, ONE_DAY, SUNDAY, is_bank_holiday, start_of_day

WINTER = datetime(1985, 1, 1, tzinfo=UTC)


def test_it_begins_and_ends_in_winter() -> None:
    assert CALENDAR.ends_on is not None
    assert [int(start_of_day(day).timestamp()) for day in (CALENDAR.starts_on, CALENDAR.ends_on)] == [FIRST_SECOND, LAST_SECOND + 1]


def test_each_hour_is_as_far_ahead_as_london_s_clocks() -> None:
    ahead = summer_by_hour()
    assert len(ahead) == CALENDAR_DAYS * 24
    # Every hour of six years, those of the last changes known to the calendar among them.
    for year in (0, 11, 25, 39, 52, 99):
        for hour in range(year * 8766, year * 8766 + 8800 if year < 99 else len(ahead)):
            assert (WINTER + timedelta(hours=hour)).astimezone(LONDON).utcoffset() == timedelta(hours=ahead[hour])


def test_clocks_change_on_sundays_at_an_hour_only() -> None:
    """What the edges of bands rest on: within a working day there is one offset."""
    ahead = summer_by_hour()
    changes = (ahead.diff() != 0).arg_true().to_list()
    assert len(changes) == 2 * 100
    assert {(WINTER + timedelta(hours=hour)).weekday() for hour in changes} == {SUNDAY}
    assert {(WINTER + timedelta(hours=hour)).hour for hour in changes} == {1}


def test_edges_are_where_the_clock_says() -> None:
    clock = Clock(6 * 60 + 30, 18 * 60, "scotland")
    seconds, bands = band_edges(clock)
    rng = random.Random(7)  # noqa: S311 - made-up instants, not secrets
    for place in rng.sample(range(1, len(seconds) - 1), 3_000):
        for second, band in (
            (seconds[place] - 1, bands[place - 1]),
            (seconds[place], bands[place]),
            (seconds[place + 1] - 1, bands[place]),
        ):
            local = datetime.fromtimestamp(second, UTC).astimezone(LONDON)
            rests = local.weekday() >= 5 or is_bank_holiday(local.date(), "scotland")
            minute = local.hour * 60 + local.minute
            assert BANDS[band] == ("weekend" if rests else "day" if 6 * 60 + 30 <= minute < 18 * 60 else "evening"), local


def test_bank_holidays_are_known_for_every_year_of_it() -> None:
    plain, with_holidays = rest_days(None), rest_days("england-and-wales")
    days = [CALENDAR.starts_on + ONE_DAY * number for number in range(CALENDAR_DAYS) if with_holidays[number] and not plain[number]]
    # Good Friday, Easter Monday, two in May and one in August fall on working days each year, Christmas sometimes.
    assert {year: sum(day.year == year for day in days) >= 5 for year in range(1985, 2085)} == dict.fromkeys(range(1985, 2085), True)
