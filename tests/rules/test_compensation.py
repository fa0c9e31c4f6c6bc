"""Automatic compensation: the worked complaint, Christmas, the clock changes, the customer's own delay, and who gets none."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.compensation import PolicyRow, compensation
from billing.rules.failures import Failure, Owed, words_of
from billing.rules.redress import owed_for
from billing.words import DayCount, OutsideKind
from css.core.calendar import NATIONS, london_instant
from css.core.money import Money
from css.core.words import FailureKind, Segment
from tests.rules.redress_cases import POLICIES, RATES, TERMS, failure, london, repair, walked


def owed(one: Failure, count: DayCount = DayCount.FULL_DAYS_AFTER, working_days: int = 2) -> Owed:
    return compensation(one, RATES, [PolicyRow(date(2019, 4, 1), count, working_days)])


def told(one: Failure) -> str:
    found = compensation(one, RATES, POLICIES)
    return words_of(one, found, len(found.days))


WEDNESDAY, MONDAY_AT_ELEVEN = date(2022, 6, 15), london(date(2022, 6, 20), 11)


def test_the_worked_complaint_three_amounts() -> None:
    """Reported Wednesday, two working days Thursday and Friday, then Saturday and Sunday, restored Monday: 3 x £8.40."""
    one = repair(WEDNESDAY, MONDAY_AT_ELEVEN)
    assert owed(one).amount == Money(2520)
    assert owed(one).days == (date(2022, 6, 17), date(2022, 6, 18), date(2022, 6, 19))
    assert told(one) == "Delayed repair, 3 days at £8.40"


@pytest.mark.parametrize(
    ("restored", "pence"),
    [
        (london(date(2022, 6, 17), 23, 59), 0),
        (london(date(2022, 6, 17), 23, 59, 1), 840),
        (london(date(2022, 6, 18), 9), 840),
        (london(date(2022, 6, 19), 9), 1680),
        (london(date(2022, 6, 19), 23, 59), 1680),
        (london(date(2022, 6, 20), 0), 2520),
    ],
)
def test_a_day_counts_when_the_line_was_still_dead_at_its_end(restored: datetime, pence: int) -> None:
    assert owed(repair(WEDNESDAY, restored)).amount == Money(pence)


@pytest.mark.parametrize(
    ("count", "restored", "days"),
    [
        (DayCount.FULL_DAYS_AFTER, MONDAY_AT_ELEVEN, [17, 18, 19]),
        (DayCount.FULL_DAYS_ONLY, MONDAY_AT_ELEVEN, [18, 19]),
        (DayCount.DAYS_BEGUN, MONDAY_AT_ELEVEN, [17, 18, 19, 20]),
        (DayCount.DAYS_BEGUN, london(date(2022, 6, 18), 0), [17]),
        (DayCount.DAYS_BEGUN, london(date(2022, 6, 17), 23, 59), []),
    ],
)
def test_how_days_are_counted_is_the_policys(count: DayCount, restored: datetime, days: list[int]) -> None:
    assert [day.day for day in owed(repair(WEDNESDAY, restored), count).days] == days


@pytest.mark.parametrize(
    ("reported", "restored", "days"),
    [
        # Reported Monday and at any time of it: nothing before Wednesday 23:59.
        (date(2026, 3, 2), london(date(2026, 3, 4), 23, 59), []),
        (date(2026, 3, 2), london(date(2026, 3, 5), 0), [date(2026, 3, 4)]),
        # Christmas 2025: Thursday 25th and Friday 26th are holidays, so two working days after Tuesday are Wednesday and Monday.
        (date(2025, 12, 23), london(date(2025, 12, 30), 8), [date(2025, 12, 29)]),
        # Christmas 2027: Saturday and Sunday, with Monday and Tuesday in their place.
        (date(2027, 12, 23), london(date(2028, 1, 1), 8), [date(2027, 12, 29), date(2027, 12, 30), date(2027, 12, 31)]),
        # A report on a day that is no working day has the two that follow.
        (date(2026, 3, 7), london(date(2026, 3, 11), 8), [date(2026, 3, 10)]),
        # Clocks go forward on Sunday 29 March 2026 and back on Sunday 25 October.
        (date(2026, 3, 26), london(date(2026, 3, 31), 8), [date(2026, 3, 30)]),
        (date(2026, 3, 25), london(date(2026, 3, 30), 0), [date(2026, 3, 27), date(2026, 3, 28), date(2026, 3, 29)]),
        (date(2026, 10, 21), london(date(2026, 10, 25), 23, 59), [date(2026, 10, 23), date(2026, 10, 24)]),
        (date(2026, 10, 21), london(date(2026, 10, 26), 0), [date(2026, 10, 23), date(2026, 10, 24), date(2026, 10, 25)]),
    ],
)
def test_weekends_holidays_and_clock_changes(reported: date, restored: datetime, days: list[date]) -> None:
    assert list(owed(repair(reported, restored)).days) == days


def test_bank_holidays_are_the_nations_own() -> None:
    # Reported Thursday 31 July 2025; Monday 4 August is a bank holiday in Scotland alone.
    restored = london(date(2025, 8, 5), 10)
    assert owed(repair(date(2025, 7, 31), restored)).amount == Money(998)  # Friday, Monday; restored Tuesday
    assert owed(repair(date(2025, 7, 31), restored, nation="scotland")).amount == Money(0)  # Friday, Tuesday


def test_only_days_on_which_the_customer_held_it_up_at_the_end_are_left_out() -> None:
    saturday = (london(date(2022, 6, 18), 9), london(date(2022, 6, 19), 9))
    assert [day.day for day in owed(repair(WEDNESDAY, MONDAY_AT_ELEVEN, held=(saturday,))).days] == [17, 19]
    by_day = (london(date(2022, 6, 18), 9), london(date(2022, 6, 18), 23, 59))
    assert [day.day for day in owed(repair(WEDNESDAY, MONDAY_AT_ELEVEN, held=(by_day,))).days] == [17, 18, 19]
    always = (london(WEDNESDAY), MONDAY_AT_ELEVEN)
    assert told(repair(WEDNESDAY, MONDAY_AT_ELEVEN, held=(always,))) == "Delayed repair: no automatic compensation, the customer held it up"


def test_a_line_that_was_not_dead_is_not_compensated() -> None:
    one = repair(WEDNESDAY, MONDAY_AT_ELEVEN, is_total_loss=False)
    assert told(one) == "Delayed repair: no automatic compensation, the line was not dead"


@pytest.mark.parametrize(("live", "count"), [(date(2025, 6, 4), 0), (date(2025, 6, 5), 1), (date(2025, 6, 6), 2)])
def test_a_late_start_pays_the_day_missed_and_each_day_before_the_start(live: date, count: int) -> None:
    """Due Wednesday, live Thursday: 1; live Friday: 2."""
    promised = london(date(2025, 6, 4), 17)
    assert owed(failure(FailureKind.DELAYED_START, date(2025, 6, 4), promised, london(live, 12))).amount == Money(624 * count)


def test_a_missed_appointment_pays_one_sum() -> None:
    slot = london(date(2026, 4, 1), 13)
    one = failure(FailureKind.MISSED_APPOINTMENT, date(2026, 4, 1), slot, slot)
    assert owed(one).amount == Money(3231)
    assert told(one) == "Missed appointment on 01/04/2026"


def test_the_rate_is_that_of_the_day_the_trouble_began() -> None:
    # Reported 31 March 2026, a Tuesday; trigger Thursday 2 April, restored Saturday 4 April: two amounts of the old rate.
    assert told(repair(date(2026, 3, 31), london(date(2026, 4, 4), 8))) == "Delayed repair, 2 days at £9.98"


def test_other_providers_get_no_compensation_and_firms_nothing_at_all() -> None:
    assert owed(repair(WEDNESDAY, MONDAY_AT_ELEVEN, is_own_retail=False)).amount == Money(0)
    firm = repair(WEDNESDAY, MONDAY_AT_ELEVEN, segment=Segment.BUSINESS)
    found = owed_for(firm, TERMS)
    assert (found.amount, found.kind) == (Money(0), OutsideKind.COMPENSATION)
    assert "guarantees are for providers, and the account is not a residential one" in words_of(firm, found, 0)


def test_before_the_code_there_was_no_compensation() -> None:
    assert told(repair(date(2019, 3, 1), london(date(2019, 3, 20), 11))).endswith("for what began on 2019-03-01")


def test_what_was_credited_before_is_said() -> None:
    one = repair(WEDNESDAY, MONDAY_AT_ELEVEN)
    assert words_of(one, owed(one), 1) == "Delayed repair, 1 more day at £8.40"
    assert words_of(one, owed(one), 0) == "Delayed repair: every day of it was credited before"


# --- properties -----------------------------------------------------------------------------------------------------------

_MINUTES = st.integers(min_value=0, max_value=24 * 60 - 1)
_DAYS = st.dates(min_value=date(2019, 4, 1), max_value=date(2028, 12, 31))


@st.composite
def _instants(draw: st.DrawFn, since: date, days: int = 25) -> datetime:
    minute = draw(st.sampled_from([0, 1, 9 * 60, 1438, 1439]) | _MINUTES)
    day = since + timedelta(days=draw(st.integers(min_value=0, max_value=days)))
    return london_instant(day, time(minute // 60, minute % 60))


@st.composite
def _repairs(draw: st.DrawFn) -> Failure:
    reported = draw(_DAYS)
    pairs = draw(st.lists(st.tuples(_instants(reported), _instants(reported)), max_size=3))
    held = tuple((min(pair), max(pair)) for pair in pairs)
    return repair(reported, draw(_instants(reported)), nation=draw(st.sampled_from(NATIONS)), held=held)


@settings(max_examples=150, deadline=None)
@given(one=_repairs(), count=st.sampled_from(DayCount), working_days=st.integers(min_value=0, max_value=5))
def test_the_days_are_those_of_whoever_walks_through_them(one: Failure, count: DayCount, working_days: int) -> None:
    assert set(owed(one, count, working_days).days) == walked(one, working_days, count)


@settings(max_examples=150, deadline=None)
@given(one=_repairs(), count=st.sampled_from(DayCount), longer=st.integers(min_value=0, max_value=20_000))
def test_what_takes_longer_is_worth_no_day_less(one: Failure, count: DayCount, longer: int) -> None:
    later = repair(one.issue_on, one.put_right_at + timedelta(minutes=longer), nation=one.nation, held=one.held)
    assert set(owed(one, count).days) <= set(owed(later, count).days)
    assert owed(one, count).amount >= Money(0)


@settings(max_examples=100, deadline=None)
@given(one=_repairs(), count=st.sampled_from(DayCount))
def test_the_customers_delay_never_gains_a_day_and_no_day_is_told_twice(one: Failure, count: DayCount) -> None:
    freely = repair(one.issue_on, one.put_right_at, nation=one.nation)
    found = owed(one, count)
    assert set(found.days) <= set(owed(freely, count).days)
    told_days = [verdict.day for verdict in found.verdicts]
    assert told_days == sorted(set(told_days))
