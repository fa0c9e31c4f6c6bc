"""What a rule of retention keeps, by hand and by property."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.rules.retention import SUBJECTS, Keeping, kept_from, kept_of

ON = date(2028, 3, 1)
BACKUPS = SUBJECTS["backup"].keeping


def nights(count: int, last: date = ON) -> list[date]:
    return [last - timedelta(days=back) for back in range(count)]


def test_of_a_night_each_day_seven_days_four_weeks_and_twelve_months_stay() -> None:
    """1 March 2028 is a Wednesday; the month before it has its leap day."""
    kept = kept_of(nights(800), ON, BACKUPS)
    days = nights(7)
    sundays = [date(2028, 2, 27), date(2028, 2, 20), date(2028, 2, 13)]
    month_ends = [
        date(2028, 2, 29),
        date(2028, 1, 31),
        *(date(2027, month, 1) - timedelta(days=1) for month in range(6, 13)),
        date(2027, 4, 30),
    ]
    assert sorted(kept) == sorted({*days, *sundays, *month_ends, date(2027, 12, 31)})
    assert len(kept) == 7 + 2 + 10


def test_where_nights_are_missing_the_last_there_was_stands_for_its_week_and_month() -> None:
    there = [date(2028, 1, 3), date(2028, 1, 12), date(2028, 2, 15), date(2028, 2, 16)]
    assert kept_of(there, ON, BACKUPS) == {date(2028, 1, 12), date(2028, 2, 16)}


def test_days_are_counted_with_the_date_itself() -> None:
    assert kept_of(nights(10), ON, Keeping(1)) == {ON}
    assert kept_from(ON, Keeping(1)) == ON
    assert kept_from(ON, Keeping(95)) == date(2027, 11, 28)


def test_what_is_still_to_come_is_kept() -> None:
    assert kept_of([date(2028, 3, 2)], ON, Keeping(1)) == {date(2028, 3, 2)}


@given(
    dates=st.sets(st.dates(date(2024, 1, 1), date(2030, 1, 1)), max_size=60),
    keeping=st.builds(Keeping, st.integers(1, 60), st.integers(0, 10), st.integers(0, 24)),
    later=st.integers(1, 40),
)
def test_nothing_young_is_lost_the_latest_always_stays_and_nothing_comes_back(dates: set[date], keeping: Keeping, later: int) -> None:
    on = date(2028, 3, 1)
    kept = kept_of(dates, on, keeping)
    assert kept <= dates
    assert {each for each in dates if each >= kept_from(on, keeping)} <= kept
    past = [each for each in dates if each <= on]
    if past and keeping.months and (on.year - max(past).year) * 12 + on.month - max(past).month < keeping.months:
        assert max(past) in kept
    # What is thrown away today would not have been wanted tomorrow: a purge every night loses nothing that a rule keeps.
    after = kept_of(dates, on + timedelta(days=later), keeping)
    assert {each for each in after if each <= on} <= kept


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_rule_of_the_house_obeys_its_own_bounds_and_names_its_source(name: str) -> None:
    subject = SUBJECTS[name]
    assert subject.least_days <= subject.keeping.days <= subject.most_days
    assert subject.source.endswith(".")
