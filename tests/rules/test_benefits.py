"""What is taken off calls, worked by hand: minutes, friends, options, volume, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from billing.rules.benefits_calls import Friend, Giver, granted_seconds, volume_share
from billing.rules.benefits_months import Chain, Month, Months, Turn, reach
from billing.words import BenefitScope
from css.core.money import MILLIONTHS
from tests.rules.benefit_examples import APRIL, FIRSTS, MARCH, MAY, allowance, call, friends, giver, option, pence, taken, volume

LINE, ACCOUNT, GROUP = BenefitScope.LINE, BenefitScope.ACCOUNT, BenefitScope.GROUP
LONDON = "442079460123"


def days(n: int) -> date:
    return date(2026, 3, n)


# Inclusive minutes.


def test_a_call_uses_whole_minutes_and_one_that_is_partly_covered_is_reduced_by_that_part() -> None:
    """122 seconds are 3 minutes: 180 of 300 seconds. The next one finds 120 left of its 180: two thirds of 12p."""
    found = taken([giver(allowance(minutes=5))], [call(days(2), 122, "12"), call(days(3), 122, "12"), call(days(4), 60, "4")])
    assert [(one.seconds, one.percent) for one in found.reductions] == [(180, Fraction(1)), (120, Fraction(2, 3))]
    assert pence(found.reductions) == [12, 8]
    (month,) = found.allowances
    assert (month.granted_seconds, month.rolled_in_seconds, month.used_seconds, month.left_seconds) == (300, 0, 300, ())


@pytest.mark.parametrize(
    ("unit", "seconds", "used", "share"),
    [(60, 61, 100, None), (1, 61, 61, 1), (1, 250, 100, Fraction(2, 5)), (6, 61, 66, 1), (60, 60, 60, 1), (60, 0, 0, None)],
)
def test_units(unit: int, seconds: int, used: int, share: Fraction | None) -> None:
    """Of 100 seconds: in minutes only one whole one can be used, 61 seconds are two of them."""
    benefit = replace(allowance(), allowance_seconds=100, unit_seconds=unit)
    found = taken([giver(benefit)], [call(days(2), seconds)])
    if share is None:
        assert [(one.seconds, one.percent) for one in found.reductions] == ([(60, Fraction(1, 2))] if used else [])
    else:
        assert [(one.seconds, one.percent) for one in found.reductions] == [(used, share)]


def test_a_call_that_costs_nothing_uses_nothing_and_one_of_another_class_or_band_neither() -> None:
    benefit = allowance(bands=frozenset({"day"}))
    calls = [
        call(days(2), pence="0"),
        call(days(2), charge_class="PRS"),
        call(days(2), band="weekend"),
        call(days(2), net_millionths=-5),
    ]
    found = taken([giver(benefit)], calls)
    assert found.reductions == ()
    assert found.allowances[0].used_seconds == 0


def test_the_lines_own_minutes_go_before_shared_ones_and_the_lower_rank_first() -> None:
    own, shared, first = allowance(1, 1, LINE), allowance(2, 1, ACCOUNT), allowance(3, 1, ACCOUNT, rank=5)
    givers = [giver(shared, 102), giver(first, 103), giver(own, 101)]
    found = taken(givers, [call(days(2), 240, "8"), call(days(3), 60, line_id=2)])
    assert [(one.key.service_id, one.seconds) for one in found.reductions] == [(101, 60), (103, 60), (102, 60)]
    assert pence(found.reductions) == [2, 2, 2]


def test_lines_share_an_account_s_minutes_in_the_order_in_which_they_called() -> None:
    calls = [call(days(2), 60, line_id=2), call(days(3), 60, line_id=1), call(days(4), 60, line_id=2)]
    found = taken([giver(allowance(minutes=2))], calls)
    assert [one.call.line_id for one in found.reductions] == [2, 1]


def test_minutes_of_another_line_are_not_for_this_one() -> None:
    assert taken([giver(allowance(scope=LINE), line_id=1)], [call(days(2), line_id=2)]).reductions == ()


def test_what_is_left_may_be_used_for_as_many_months_as_it_rolls_over_the_oldest_first() -> None:
    """10 minutes a month that roll over once. March uses 4: 6 roll. April has 10 and 6, uses 8: the 6 first, then 2 of its own; 8 roll.
    May uses none: the 8 are gone, its own 10 roll."""
    benefit = allowance(minutes=10, rollover_months=1)
    found = taken([giver(benefit)], [call(days(2), 240), call(date(2026, 4, 3), 480)], cut=date(2026, 5, 31))
    assert [(one.month_starts_on, one.rolled_in_seconds, one.used_seconds, one.left_seconds) for one in found.allowances] == [
        (MARCH, 0, 240, (360,)),
        (APRIL, 360, 480, (480,)),
        (MAY, 480, 0, (600,)),
    ]


def test_two_months_of_rollover_keep_their_ages() -> None:
    benefit = allowance(minutes=10, rollover_months=2)
    found = taken([giver(benefit)], [call(days(2), 300)], left={(1, 100): (600, 240)})
    # 240 of January first, then 60 of February: March's 600 whole, February's 540; January's are past.
    assert found.allowances[0].left_seconds == (600, 540)
    assert found.allowances[0].rolled_in_seconds == 840


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "prorated", "quantity", "seconds"),
    [
        (MARCH, None, True, 1, 600),
        (days(15), None, True, 1, 600 * 17 // 31),
        (days(15), None, False, 1, 600),
        (MARCH, days(2), True, 1, 19),
        (days(10), days(20), True, 2, 1200 * 10 // 31),
        (days(10), days(10), False, 1, None),
        (APRIL, None, True, 1, None),
    ],
)
def test_a_part_of_a_month_gives_its_days_of_the_minutes(
    starts_on: date, ends_on: date | None, prorated: bool, quantity: int, seconds: int | None
) -> None:
    one = giver(allowance(is_prorated=prorated), starts_on=starts_on, ends_on=ends_on, quantity=quantity)
    found = taken([one], [call(days(n), 1) for n in (1, 12, 25)]).allowances
    assert [month.granted_seconds for month in found] == ([] if seconds is None else [seconds])


def test_minutes_are_for_the_days_of_the_service_alone() -> None:
    one = giver(allowance(minutes=100), starts_on=days(5), ends_on=days(10))
    found = taken([one], [call(days(n), record=n) for n in (4, 5, 9, 10)])
    assert [reduction.call.record_id for reduction in found.reductions] == [5, 9]


def test_a_part_month_left_by_a_change_of_cycle_gives_its_part_of_the_whole_one() -> None:
    """From the 1st to the 15th: the month from 1 March is cut on 20 March, the next is the rest of that from 15 March to 15 April."""
    months = Months((Turn(date.min, 1), Turn(days(20), 15)))
    assert [months.month_of(day) for day in (days(19), days(20), date(2026, 4, 15))] == [
        Month(MARCH, days(20), 31),
        Month(days(20), date(2026, 4, 15), 31),
        Month(date(2026, 4, 15), date(2026, 5, 15), 30),
    ]
    assert granted_seconds(giver(allowance()), months.month_of(days(25))) == 600 * 26 // 31


# Percentages.


def test_friends_then_option_then_volume_each_of_what_remains() -> None:
    """100p, a friend's 10%: 90; a quarter off: 67.5; a tenth off that: 60.75."""
    givers = [giver(volume(), 104), giver(option(), 103), giver(friends(), 102)]
    found = taken(givers, [call(days(2), pence="100")], named={102: [Friend(LONDON, is_best=False, starts_on=MARCH, ends_on=None)]})
    assert [one.key.benefit_id for one in found.reductions] == [2, 3, 4]
    assert pence(found.reductions) == [10, Fraction("22.5"), Fraction("6.75")]


def test_a_percentage_is_of_what_the_minutes_leave() -> None:
    found = taken([giver(allowance(minutes=1)), giver(option(), 103)], [call(days(2), 120, "100"), call(days(3), 60, "8")])
    assert pence(found.reductions) == [50, Fraction("12.5"), 2]


@pytest.mark.parametrize(
    ("day", "number", "percent"),
    [(days(4), LONDON, None), (days(5), LONDON, 10), (days(9), LONDON, 10), (days(10), LONDON, None), (days(5), "441632960555", 20)],
)
def test_friends_count_from_the_day_they_are_named_until_they_are_dropped(day: date, number: str, percent: int | None) -> None:
    named: Sequence[Friend] = [
        Friend(LONDON, is_best=False, starts_on=days(5), ends_on=days(10)),
        Friend("441632960555", is_best=True, starts_on=MARCH, ends_on=None),
    ]
    found = taken([giver(friends(), 102)], [call(day, other_number=number)], named={102: named})
    assert [one.percent for one in found.reductions] == ([] if percent is None else [Fraction(percent, 100)])


def test_without_a_better_percentage_the_best_friend_is_a_friend() -> None:
    found = taken(
        [giver(friends(best=None), 102)], [call(days(2))], named={102: [Friend(LONDON, is_best=True, starts_on=MARCH, ends_on=None)]}
    )
    assert [one.percent for one in found.reductions] == [Fraction(1, 10)]


def test_one_benefit_takes_off_once_however_many_services_give_it() -> None:
    shared = friends(scope=ACCOUNT)
    named = {
        102: [Friend(LONDON, is_best=False, starts_on=MARCH, ends_on=None)],
        103: [Friend(LONDON, is_best=True, starts_on=MARCH, ends_on=None)],
    }
    givers = [giver(shared, 102), giver(shared, 103, line_id=2), giver(option(), 104), giver(option(), 105, line_id=2)]
    found = taken(givers, [call(days(2), pence="100")], named=named)
    assert [(one.key.service_id, one.percent) for one in found.reductions] == [(103, Fraction(1, 5)), (104, Fraction(1, 4))]


# Volume.


@pytest.mark.parametrize(
    ("spend", "flat", "graduated"),
    [
        (0, "0", "0"),
        (1999, "0", "0"),
        (2000, "0.05", "0"),
        (4000, "0.05", "0.025"),
        (10_000, "0.1", "0.04"),
        (20_000, "0.1", "0.07"),
        (-5, "0", "0"),
    ],
)
def test_volume_takes_the_percentage_of_the_last_step_or_each_part_its_own(spend: int, flat: str, graduated: str) -> None:
    """From £20 5%, from £100 10%. Of £200 graduated: 80 at 5% and 100 at 10% are £14, 7% of all."""
    steps = ((2000, 5), (10_000, 10))
    assert volume_share(volume(steps=steps), spend * MILLIONTHS) == Fraction(flat)
    assert volume_share(volume(steps=steps, is_graduated=True), spend * MILLIONTHS) == Fraction(graduated)


@pytest.mark.parametrize(("scope", "percent"), [(LINE, 0), (ACCOUNT, 10), (GROUP, 50)])
def test_volume_goes_by_the_spend_of_line_account_or_group_before_anything_is_taken_off(scope: BenefitScope, percent: int) -> None:
    """Each line spends 10p, its account 20p, the group £50; from 15p 10%, from £10 50%. One call is free by inclusive minutes."""
    benefit = volume(steps=((15, 10), (1000, 50)), scope=scope)
    givers = [giver(benefit, 104), giver(benefit, 105, line_id=2), giver(allowance(minutes=1), 101)]
    found = taken(givers, [call(days(2)), call(days(3), line_id=2)], group_spend={(4, MARCH): 5000 * MILLIONTHS})
    assert [one.key.benefit_id for one in found.reductions] == ([1, 4] if percent else [1])
    assert [one.percent * 100 for one in found.reductions[1:]] == [percent] * bool(percent)


def test_volume_goes_by_calendar_months() -> None:
    months = Months((Turn(date.min, 20),))
    found = taken([giver(volume(steps=((15, 10),)))], [call(days(2)), call(days(25)), call(APRIL)], months=months, cut=APRIL)
    assert [(one.call.day, one.key.month_starts_on) for one in found.reductions] == [(days(2), MARCH), (days(25), MARCH)]


# From where it is reckoned again.


@pytest.mark.parametrize(
    ("facts", "months_from", "volume_from"),
    [
        ({}, date(2026, 4, 5), APRIL),
        ({"usage_after": None}, date(2026, 1, 5), date(2026, 1, 1)),
        ({"changed_on": [date(2026, 3, 4)]}, date(2026, 2, 5), date(2026, 2, 1)),
        ({"changed_on": [date(2020, 1, 1)]}, date(2026, 1, 5), date(2026, 1, 1)),
        ({"has_volume": True}, date(2026, 3, 5), APRIL),
        ({"has_volume": True, "spend_changed_on": date(2026, 2, 20)}, date(2026, 1, 5), date(2026, 2, 1)),
        ({"chains": [Chain(date(2026, 1, 10), [date(2026, 4, 5)])]}, date(2026, 4, 5), APRIL),
        ({"chains": [Chain(date(2026, 1, 10), [date(2026, 3, 5)])]}, date(2026, 3, 5), APRIL),
        ({"chains": [Chain(date(2026, 1, 10), [])]}, date(2026, 1, 5), APRIL),
        ({"chains": [Chain(date(2026, 4, 10), [])]}, date(2026, 4, 5), APRIL),
    ],
)
def test_reckoned_again_from_where_something_may_have_changed(facts: dict[str, object], months_from: date, volume_from: date) -> None:
    """Months from the 5th; the last bill's cut is 5 April, this one's 5 May, the first benefit began on 10 January."""
    asked: dict[str, object] = {"first_day": date(2026, 1, 10), "usage_after": date(2026, 4, 5), "cut": date(2026, 5, 5)}
    found = reach(Months((Turn(date.min, 5),)), **asked | facts)  # type: ignore[arg-type]
    assert (found.months_from, found.volume_from) == (months_from, volume_from)


def test_a_giver_has_no_days_outside_its_own() -> None:
    one: Giver = giver(allowance(), starts_on=days(30), ends_on=date(2026, 4, 2))
    assert [one.days_in(FIRSTS.month_of(day)) for day in (MARCH, APRIL, MAY)] == [2, 1, 0]
