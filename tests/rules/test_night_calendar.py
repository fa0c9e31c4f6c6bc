"""On which dates nets run: cycles, working days of three nations, shifts, the days the year is odd on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.rules.calendar import Due, DueDate, due_dates, due_days, hours_of, plan_between, plan_on, shifted
from batch.words import Cycle, Shift
from css.core.calendar import NATIONS, Nation, is_working_day

ENGLAND: Nation = "england-and-wales"
SCOTLAND: Nation = "scotland"


@dataclass(frozen=True)
class When:
    cycle: Cycle = Cycle.DAILY
    shift: Shift = Shift.RUN
    weekday: int | None = None
    starts_at: time = time(2, 15)
    must_start_by: time = time(3)
    must_end_by: time = time(6)
    priority: int = 50
    district_code: str | None = None
    from_date: date = date(2026, 1, 1)
    is_enabled: bool = True


def days(when: When, first: str, last: str, nation: Nation = ENGLAND) -> list[str]:
    return [day.isoformat() for day in due_dates(when, nation, date.fromisoformat(first), date.fromisoformat(last))]


def test_a_month_ends_on_its_last_day_and_february_on_the_29th_of_a_leap_year() -> None:
    ends = days(When(Cycle.MONTH_END), "2028-01-01", "2028-04-30")
    assert ends == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]
    assert days(When(Cycle.MONTH_END), "2026-02-01", "2026-02-28") == ["2026-02-28"]
    assert days(When(Cycle.QUARTER_END), "2028-01-01", "2028-12-31") == ["2028-03-31", "2028-06-30", "2028-09-30", "2028-12-31"]
    assert days(When(Cycle.YEAR_END), "2026-01-01", "2028-12-31") == ["2026-12-31", "2027-12-31", "2028-12-31"]
    assert days(When(Cycle.WEEKLY, weekday=6), "2026-03-01", "2026-03-15") == ["2026-03-01", "2026-03-08", "2026-03-15"]
    assert days(When(Cycle.ON_DEMAND), "2026-01-01", "2026-12-31") == []


def test_a_month_end_on_a_bank_holiday_runs_on_or_before_as_its_nation_works() -> None:
    # Easter 2024: Good Friday 29 March, Sunday 31 March, Monday 1 April a holiday in England and not in Scotland.
    month = When(Cycle.MONTH_END, Shift.RUN_ON)
    assert days(month, "2024-03-01", "2024-04-10") == ["2024-04-02"]
    assert days(month, "2024-03-01", "2024-04-10", SCOTLAND) == ["2024-04-01"]
    assert days(When(Cycle.MONTH_END, Shift.RUN_BEFORE), "2024-03-01", "2024-03-31") == ["2024-03-28"]
    assert days(When(Cycle.MONTH_END, Shift.SKIP), "2024-03-01", "2024-04-29") == []
    assert days(When(Cycle.MONTH_END), "2024-03-01", "2024-04-10") == ["2024-03-31"]
    # The year's last day of 2023 is a Sunday; 1 January a holiday; the 2nd one in Scotland alone.
    year = When(Cycle.YEAR_END, Shift.RUN_ON)
    assert [days(year, "2023-12-01", "2024-01-31", nation) for nation in NATIONS] == [["2024-01-02"], ["2024-01-03"], ["2024-01-02"]]


def test_dates_that_are_shifted_onto_one_are_one_run() -> None:
    daily = When(Cycle.DAILY, Shift.RUN_ON)
    # Good Friday 3 April to Easter Monday 6 April 2026.
    assert days(daily, "2026-04-01", "2026-04-08") == ["2026-04-01", "2026-04-02", "2026-04-07", "2026-04-08"]
    weekly = When(Cycle.WEEKLY, Shift.RUN_ON, weekday=4)
    (due,) = due_days(weekly, ENGLAND, date(2026, 4, 3), date(2026, 4, 9))
    assert due == DueDate(date(2026, 4, 7), (date(2026, 4, 3),))


@given(
    st.sampled_from(Cycle),
    st.sampled_from(Shift),
    st.sampled_from(NATIONS),
    st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    st.integers(0, 40),
)
def test_what_is_due_in_a_span_does_not_depend_on_where_the_span_is_cut(
    cycle: Cycle, shift: Shift, nation: Nation, first: date, length: int
) -> None:
    """Planned day by day or after a month's pause, the dates are the same: nothing falls between two looks."""
    when = When(cycle, shift, 2 if cycle is Cycle.WEEKLY else None)
    last = first + timedelta(days=length)
    one_by_one = [day for n in range(length + 1) for day in due_dates(when, nation, first + timedelta(days=n), first + timedelta(days=n))]
    assert list(due_dates(when, nation, first, last)) == one_by_one
    if shift is not Shift.RUN:
        assert all(is_working_day(day, nation) for day in one_by_one)


@given(st.sampled_from(NATIONS), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_no_pause_is_longer_than_is_reckoned_with(nation: Nation, day: date) -> None:
    for shift in (Shift.RUN_ON, Shift.RUN_BEFORE):
        target = shifted(day, shift, nation)
        assert target is not None
        assert abs((target - day).days) < 7


@pytest.mark.parametrize(
    ("business_date", "start", "end"),
    [
        (date(2026, 1, 14), datetime(2026, 1, 15, 2, 15, tzinfo=UTC), datetime(2026, 1, 15, 6, 0, tzinfo=UTC)),
        (date(2026, 7, 14), datetime(2026, 7, 15, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, 5, 0, tzinfo=UTC)),
        # The night in which an hour is missing, and the one in which it comes twice.
        (date(2026, 3, 28), datetime(2026, 3, 29, 1, 15, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        (date(2026, 10, 24), datetime(2026, 10, 25, 2, 15, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
    ],
)
def test_hours_are_londons_on_the_day_after(business_date: date, start: datetime, end: datetime) -> None:
    hours = hours_of(When(), business_date)
    assert (hours.start_after, hours.must_end_by) == (start, end)


def test_what_a_district_was_told_holds_before_what_all_were_told_and_that_before_the_nets_own_plan() -> None:
    own = When(starts_at=time(1))
    all_later = When(starts_at=time(2), from_date=date(2026, 3, 1))
    zz_off = When(starts_at=time(3), from_date=date(2026, 3, 5), district_code="ZZ", is_enabled=False)
    zz_on = When(starts_at=time(4), from_date=date(2026, 3, 8), district_code="ZZ")
    rows = [zz_on, all_later, zz_off]
    assert plan_on(own, rows, "ZZ", date(2026, 2, 28)) is own
    assert plan_on(own, rows, "ZZ", date(2026, 3, 4)) is all_later
    assert plan_on(own, rows, "ZZ", date(2026, 3, 5)) is None
    assert plan_on(own, rows, "ZY", date(2026, 3, 5)) is all_later
    assert plan_on(own, rows, "ZZ", date(2026, 3, 8)) is zz_on
    assert plan_on(own, rows, "", date(2026, 3, 8)) is all_later
    between = plan_between(own, rows, district_code="ZZ", nation=ENGLAND, first=date(2026, 2, 27), last=date(2026, 3, 9))
    assert [(due.day.on.day, due.plan) for due in between] == [
        (27, own),
        (28, own),
        *((day, all_later) for day in (1, 2, 3, 4)),
        *((day, zz_on) for day in (8, 9)),
    ]
    assert all(isinstance(due, Due) for due in between)
