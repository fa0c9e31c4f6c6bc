"""London time, periods, billing cycles and working days."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.calendar import (
    NATIONS,
    Nation,
    Period,
    add_months,
    add_working_days,
    billing_period_containing,
    cycle_dates,
    is_bank_holiday,
    is_working_day,
    london_date,
    london_instant,
    next_cycle_date,
    next_working_day,
    require_aware,
    start_of_day,
    to_london,
    working_day_on_or_after,
    working_days_between,
)
from css.core.clock import FixedClock, SystemClock
from css.core.errors import BadMessage, Breach

days = st.dates(date(1985, 1, 1), date(2060, 12, 31))
nations = st.sampled_from(NATIONS)
cycles = st.tuples(st.integers(1, 31), st.sampled_from([1, 3, 12]), st.integers(1, 12))

E_W: Nation = "england-and-wales"
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- instants -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "wall", "fold", "expected"),
    [
        (date(2026, 1, 15), time(12), 0, "2026-01-15 12:00"),
        (date(2026, 7, 15), time(12), 0, "2026-07-15 11:00"),
        (SPRING, time(0, 59), 0, "2026-03-29 00:59"),
        (SPRING, time(1), 0, "2026-03-29 01:00"),  # the missing hour moves forward: 01:00 is 02:00 summer time
        (SPRING, time(1, 30), 0, "2026-03-29 01:30"),
        (SPRING, time(1, 30), 1, "2026-03-29 01:30"),  # and fold cannot take it back
        (SPRING, time(2), 0, "2026-03-29 01:00"),
        (AUTUMN, time(0, 59), 0, "2026-10-24 23:59"),
        (AUTUMN, time(1, 30), 0, "2026-10-25 00:30"),  # the hour that comes twice: first, in summer time
        (AUTUMN, time(1, 30), 1, "2026-10-25 01:30"),  # second, in winter time
        (AUTUMN, time(2), 0, "2026-10-25 02:00"),
        (AUTUMN, time(2), 1, "2026-10-25 02:00"),
        (date(1970, 1, 1), time(12), 0, "1970-01-01 11:00"),  # British Standard Time all year round, 1968 to 1971
    ],
)
def test_london_wall_time_becomes_an_instant(day: date, wall: time, fold: Literal[0, 1], expected: str) -> None:
    assert london_instant(day, wall, fold=fold) == utc(expected)
    assert london_instant(day, wall, fold=fold).tzinfo is UTC


@given(days, st.times())
def test_an_instant_shows_the_wall_time_it_was_made_of_or_one_hour_later(day: date, wall: time) -> None:
    shown = to_london(london_instant(day, wall)).replace(tzinfo=None)
    assert shown - datetime.combine(day, wall) in {timedelta(0), timedelta(hours=1)}


@given(days)
def test_a_day_is_the_instants_between_its_start_and_the_next(day: date) -> None:
    start, end = start_of_day(day), start_of_day(day + timedelta(days=1))
    assert london_date(start) == day
    assert london_date(end - timedelta(microseconds=1)) == day
    assert (end - start) in {timedelta(hours=hours) for hours in (23, 24, 25)}


def test_a_summer_evening_belongs_to_the_day_in_london() -> None:
    assert london_date(utc("2026-06-30 23:30")) == date(2026, 7, 1)


def test_an_instant_without_a_zone_is_our_own_mistake() -> None:
    naive = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - that is the point
    for use in (require_aware, london_date, to_london, FixedClock):
        with pytest.raises(Breach):
            use(naive)
    with pytest.raises(Breach):
        london_instant(date(2026, 1, 1), time(12, tzinfo=UTC))


def test_clocks_tell_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    tokyo = datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert FixedClock(tokyo).now() == utc("2026-01-01 00:00")
    assert FixedClock(tokyo).now().tzinfo is UTC


# --- periods ------------------------------------------------------------------------------------------------------


@st.composite
def periods(draw: st.DrawFn) -> Period:
    starts_on = draw(st.dates(date(2024, 1, 1), date(2024, 12, 31)))
    length = draw(st.none() | st.integers(0, 200))
    return Period(starts_on, None if length is None else starts_on + timedelta(days=length))


JANUARY = Period(date(2026, 1, 1), date(2026, 2, 1))


def test_a_period_holds_its_first_day_and_not_its_end() -> None:
    assert JANUARY.contains(date(2026, 1, 1))
    assert JANUARY.contains(date(2026, 1, 31))
    assert not JANUARY.contains(date(2026, 2, 1))
    assert JANUARY.days == 31
    assert JANUARY.last_day == date(2026, 1, 31)


def test_a_period_may_be_empty_and_may_not_run_backwards() -> None:
    empty = Period(date(2026, 1, 1), date(2026, 1, 1))
    assert empty.days == 0
    assert not empty.contains(date(2026, 1, 1))
    with pytest.raises(BadMessage) as refused:
        Period(date(2026, 1, 2), date(2026, 1, 1))
    assert refused.value.code == "CSS051E"


def test_a_period_without_an_end_has_no_number_of_days() -> None:
    open_ended = Period(date(2026, 1, 1))
    assert open_ended.contains(date(9999, 12, 31))
    assert open_ended.last_day is None
    with pytest.raises(Breach):
        _ = open_ended.days


def test_a_period_is_not_made_of_instants() -> None:
    with pytest.raises(Breach):
        Period(utc("2026-01-01 00:00"))


@given(periods(), periods(), st.dates(date(2023, 12, 1), date(2025, 12, 31)))
def test_an_overlap_holds_exactly_the_days_both_hold(one: Period, two: Period, day: date) -> None:
    both = one.overlap(two)
    assert (both is not None and both.contains(day)) == (one.contains(day) and two.contains(day))
    assert both == two.overlap(one)


def test_periods_that_only_touch_have_no_overlap() -> None:
    february = Period(date(2026, 2, 1), date(2026, 3, 1))
    assert JANUARY.overlap(february) is None
    assert Period(date(2026, 1, 31)).overlap(JANUARY) == Period(date(2026, 1, 31), date(2026, 2, 1))


@given(periods(), st.lists(st.dates(date(2023, 12, 1), date(2025, 12, 31)), max_size=6))
def test_the_parts_of_a_split_are_the_whole(whole: Period, cuts: list[date]) -> None:
    parts = whole.split_at(cuts)
    assert (parts[0].starts_on, parts[-1].ends_on) == (whole.starts_on, whole.ends_on)
    for before, after in pairwise(parts):
        assert before.ends_on == after.starts_on
        assert before.days > 0
    if whole.ends_on is not None:
        assert sum(part.days for part in parts) == whole.days


def test_a_price_change_splits_a_quarter_in_two() -> None:
    quarter = Period(date(2010, 12, 1), date(2011, 3, 1))
    before, after = quarter.split_at([date(2011, 1, 4), quarter.starts_on, date(2012, 1, 1)])  # VAT went to 20%
    assert (before.days, after.days) == (34, 56)


# --- months and cycles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "anchor", "expected"),
    [
        (date(2026, 1, 31), 1, None, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, None, date(2024, 2, 29)),
        (date(2026, 2, 28), 1, 31, date(2026, 3, 31)),
        (date(2026, 2, 28), 1, None, date(2026, 3, 28)),
        (date(2026, 12, 15), 1, None, date(2027, 1, 15)),
        (date(2026, 1, 15), -1, None, date(2025, 12, 15)),
        (date(2024, 2, 29), 12, None, date(2025, 2, 28)),
        (date(2025, 2, 28), 36, 29, date(2028, 2, 29)),
        (date(2026, 5, 31), 0, None, date(2026, 5, 31)),
    ],
)
def test_months_clamp_to_the_month_and_come_back_to_their_anchor(day: date, months: int, anchor: int | None, expected: date) -> None:
    assert add_months(day, months, anchor) == expected


@given(days, st.integers(-240, 240), st.integers(1, 31))
def test_with_an_anchor_one_long_way_is_many_short_ones(day: date, months: int, anchor: int) -> None:
    walked = add_months(day, 0, anchor)
    for _ in range(abs(months)):
        walked = add_months(walked, 1 if months > 0 else -1, anchor)
    assert walked == add_months(day, months, anchor)


def test_the_calendar_ends() -> None:
    with pytest.raises(BadMessage) as refused:
        add_months(date(9999, 12, 1), 1)
    assert refused.value.code == "CSS074E"


@pytest.mark.parametrize(
    ("day", "cycle_day", "months", "anchor_month", "expected"),
    [
        (date(2026, 3, 15), 1, 1, 1, ("2026-03-01", "2026-04-01")),
        (date(2026, 3, 31), 31, 1, 1, ("2026-03-31", "2026-04-30")),
        (date(2026, 3, 30), 31, 1, 1, ("2026-02-28", "2026-03-31")),
        (date(2026, 1, 1), 31, 1, 1, ("2025-12-31", "2026-01-31")),
        (date(2024, 2, 29), 30, 1, 1, ("2024-02-29", "2024-03-30")),
        (date(2026, 3, 15), 10, 3, 2, ("2026-02-10", "2026-05-10")),
        (date(2026, 2, 9), 10, 3, 2, ("2025-11-10", "2026-02-10")),
        (date(2026, 2, 9), 10, 3, 11, ("2025-11-10", "2026-02-10")),  # any month of the group names it
        (date(2026, 3, 31), 1, 12, 4, ("2025-04-01", "2026-04-01")),
        (date(2026, 4, 1), 1, 12, 4, ("2026-04-01", "2027-04-01")),
    ],
)
def test_a_day_belongs_to_its_billing_period(day: date, cycle_day: int, months: int, anchor_month: int, expected: tuple[str, str]) -> None:
    starts_on, ends_on = (date.fromisoformat(text) for text in expected)
    assert billing_period_containing(day, cycle_day, months, anchor_month) == Period(starts_on, ends_on)


@given(days, cycles)
def test_billing_periods_hold_their_day_and_follow_each_other_without_gap(day: date, cycle: tuple[int, int, int]) -> None:
    period = billing_period_containing(day, *cycle)
    assert period.contains(day)
    assert period.ends_on is not None
    assert billing_period_containing(period.ends_on, *cycle).starts_on == period.ends_on
    assert billing_period_containing(period.ends_on - timedelta(days=1), *cycle) == period
    assert next_cycle_date(day, *cycle) == period.ends_on
    assert next_cycle_date(period.starts_on - timedelta(days=1), *cycle) == period.starts_on


@given(days, st.integers(0, 1500), cycles)
def test_cycle_dates_are_the_starts_of_the_periods_met_on_the_way(start: date, length: int, cycle: tuple[int, int, int]) -> None:
    end = start + timedelta(days=length)
    slow = [day for offset in range(length) if billing_period_containing(day := start + timedelta(days=offset), *cycle).starts_on == day]
    assert list(cycle_dates(start, end, *cycle)) == slow


@pytest.mark.parametrize(
    ("cycle", "code"),
    [((0, 1, 1), "CSS072E"), ((32, 1, 1), "CSS072E"), ((1, 2, 1), "CSS073E"), ((1, 3, 0), "CSS073E"), ((1, 3, 13), "CSS073E")],
)
def test_an_impossible_cycle_is_refused(cycle: tuple[int, int, int], code: str) -> None:
    with pytest.raises(BadMessage) as refused:
        billing_period_containing(date(2026, 1, 1), *cycle)
    assert refused.value.code == code


# --- working days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "holiday_in"),
    [
        # Christmas 2021 fell on a Saturday: both days have a substitute.
        ("2021-12-24", ""),
        ("2021-12-27", "esn"),
        ("2021-12-28", "esn"),
        ("2021-12-29", ""),
        # Christmas 2022 on a Sunday: Monday is Boxing Day itself, Tuesday the substitute for Christmas.
        ("2022-12-26", "esn"),
        ("2022-12-27", "esn"),
        ("2022-12-28", ""),
        ("2022-01-03", "esn"),
        ("2022-01-04", "s"),  # the second of January was a Sunday
        # Boxing Day 2026 on a Saturday.
        ("2026-12-25", "esn"),
        ("2026-12-28", "esn"),
        ("2026-12-29", ""),
        # Days of one nation.
        ("2026-01-02", "s"),
        ("2026-04-06", "en"),  # Easter Monday is none in Scotland
        ("2026-11-30", "s"),  # St Andrew
        ("2026-03-17", "n"),  # St Patrick
        ("2026-07-13", "n"),  # the Twelfth was a Sunday
        ("2026-08-03", "s"),
        ("2026-08-31", "en"),
        # Days moved or given once.
        ("2020-05-04", ""),
        ("2020-05-08", "esn"),
        ("2022-05-30", ""),
        ("2022-06-02", "esn"),
        ("2022-06-03", "esn"),
        ("2022-09-19", "esn"),
        ("2023-05-08", "esn"),
        ("1999-12-31", "esn"),
        ("2011-04-29", "esn"),
    ],
)
def test_bank_holidays_by_nation(day: str, holiday_in: str) -> None:
    found = "".join(letter for letter, nation in zip("esn", NATIONS, strict=True) if is_bank_holiday(date.fromisoformat(day), nation))
    assert found == holiday_in


@pytest.mark.parametrize(
    ("day", "count", "nation", "saturdays", "expected"),
    [
        ("2026-11-20", 1, E_W, False, "2026-11-23"),
        ("2026-11-20", 1, E_W, True, "2026-11-21"),
        ("2026-11-21", 1, E_W, False, "2026-11-23"),  # from a Saturday the first is Monday
        ("2026-11-22", -1, E_W, False, "2026-11-20"),
        ("2026-12-24", 1, E_W, False, "2026-12-29"),
        ("2026-12-24", 1, E_W, True, "2026-12-29"),
        ("2026-12-31", 1, E_W, False, "2027-01-04"),
        ("2026-04-02", 1, E_W, False, "2026-04-07"),
        ("2026-04-02", 1, "scotland", False, "2026-04-06"),
        ("2026-11-20", 10, E_W, False, "2026-12-04"),
        ("2026-11-20", 10, "scotland", False, "2026-12-07"),
        ("2026-11-21", 0, E_W, False, "2026-11-21"),
    ],
)
def test_working_days_are_counted_on(day: str, count: int, nation: Nation, saturdays: bool, expected: str) -> None:
    assert add_working_days(date.fromisoformat(day), count, nation, saturdays=saturdays) == date.fromisoformat(expected)


@given(days, st.integers(-60, 60).filter(bool), nations, st.booleans())
def test_counting_working_days_lands_on_one_and_agrees_with_counting_them(day: date, count: int, nation: Nation, saturdays: bool) -> None:
    landed = add_working_days(day, count, nation, saturdays=saturdays)
    assert is_working_day(landed, nation, saturdays=saturdays)
    one = timedelta(days=1)
    start, end = (day + one, landed + one) if count > 0 else (landed, day)
    assert working_days_between(start, end, nation, saturdays=saturdays) == abs(count)


@given(days, nations, st.booleans())
def test_the_next_working_day_is_later_and_the_one_on_or_after_need_not_be(day: date, nation: Nation, saturdays: bool) -> None:
    later = next_working_day(day, nation, saturdays=saturdays)
    same_or_later = working_day_on_or_after(day, nation, saturdays=saturdays)
    assert later > day
    assert same_or_later == (day if is_working_day(day, nation, saturdays=saturdays) else later)


@given(days, nations)
def test_nobody_works_on_sunday_and_only_some_on_saturday(day: date, nation: Nation) -> None:
    if day.weekday() == 6:
        assert not is_working_day(day, nation, saturdays=True)
    if day.weekday() == 5:
        assert not is_working_day(day, nation)


def test_an_unknown_nation_and_a_count_beyond_reason_are_refused() -> None:
    with pytest.raises(BadMessage) as refused:
        is_working_day(date(2026, 1, 5), "cornwall")  # type: ignore[arg-type]
    assert refused.value.code == "CSS071E"
    with pytest.raises(BadMessage) as refused:
        add_working_days(date(2026, 1, 5), 10_001, E_W)
    assert refused.value.code == "CSS075E"
