"""Wholesale guarantees: a day late or part of one, the cap, matters beyond our control, and who has none."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.failures import Failure, Owed, words_of
from billing.rules.guarantees import GuaranteeRow, guarantee
from billing.rules.redress import owed_for
from billing.words import OutsideKind
from css.core.calendar import ONE_DAY
from css.core.money import Money
from css.core.words import FailureKind, Segment
from tests.rules.redress_cases import PROMISED, TERMS, failure, late_for_a_provider, london

TUESDAY = london(date(2026, 3, 3), 23, 59)


def owed(one: Failure) -> Owed:
    return guarantee(one, PROMISED)


def told(one: Failure) -> str:
    return words_of(one, owed(one), len(owed(one).days))


@pytest.mark.parametrize(
    ("restored", "days"),
    [
        (TUESDAY, 0),
        (TUESDAY + timedelta(seconds=1), 1),
        (london(date(2026, 3, 4), 23, 59), 1),
        (london(date(2026, 3, 5), 0), 2),
        (london(date(2026, 3, 6), 10), 3),
    ],
)
def test_each_day_late_or_part_of_one(restored: datetime, days: int) -> None:
    assert owed(late_for_a_provider(TUESDAY, restored)).amount == Money(500) * days


@pytest.mark.parametrize(
    ("due", "restored"),
    [
        (london(date(2026, 3, 28), 14), london(date(2026, 3, 29), 14)),  # 23 hours
        (london(date(2026, 10, 24), 14), london(date(2026, 10, 25), 14)),  # 25 hours
    ],
)
def test_a_day_late_ends_at_the_same_time_of_day_whatever_the_clocks_do(due: datetime, restored: datetime) -> None:
    assert len(owed(late_for_a_provider(due, restored)).days) == 1
    assert len(owed(late_for_a_provider(due, restored + timedelta(minutes=1))).days) == 2


def test_a_better_level_has_an_amount_of_its_own_and_any_network_fault_counts() -> None:
    restored = TUESDAY + ONE_DAY
    assert told(late_for_a_provider(TUESDAY, restored, care_level="4")) == "Guarantee for a delayed repair, 1 day at £10.00"
    assert (
        told(late_for_a_provider(TUESDAY, restored, care_level="2.5", is_total_loss=True))
        == "Guarantee for a delayed repair, 1 day at £5.00"
    )


def test_matters_beyond_our_control_void_it_or_end_it() -> None:
    restored = TUESDAY + 5 * ONE_DAY
    void = late_for_a_provider(TUESDAY, restored, is_guaranteed=False)
    assert told(void) == "Delayed repair: no guarantee, matters beyond our control had been declared"
    assert len(owed(late_for_a_provider(TUESDAY, restored, guarantee_ends_at=TUESDAY + 2 * ONE_DAY)).days) == 2
    assert owed(late_for_a_provider(TUESDAY, restored, guarantee_ends_at=TUESDAY)).amount == Money(0)


def test_the_cap_is_of_the_first_days_late() -> None:
    rows = [GuaranteeRow(FailureKind.DELAYED_REPAIR, "", date(2020, 1, 1), Money(500), 3)]
    short, long = (guarantee(late_for_a_provider(TUESDAY, TUESDAY + days * ONE_DAY), rows) for days in (3, 30))
    assert short.days == long.days
    assert long.verdicts[-2].words == "no more than 3 days are guaranteed"


def test_a_day_that_the_customer_held_up_altogether_does_not_count() -> None:
    restored = TUESDAY + 3 * ONE_DAY
    all_day = (TUESDAY + ONE_DAY, TUESDAY + 2 * ONE_DAY)
    assert len(owed(late_for_a_provider(TUESDAY, restored, held=(all_day,))).days) == 2
    in_two = ((all_day[0], all_day[0] + timedelta(hours=9)), (all_day[0] + timedelta(hours=8), all_day[1]))
    assert len(owed(late_for_a_provider(TUESDAY, restored, held=in_two)).days) == 2
    nearly = (all_day[0] + timedelta(minutes=1), all_day[1])
    assert len(owed(late_for_a_provider(TUESDAY, restored, held=(nearly,))).days) == 3


def test_a_late_start_and_a_missed_visit() -> None:
    promised = london(date(2025, 6, 4), 23, 59)
    start = failure(
        FailureKind.DELAYED_START, date(2025, 6, 4), promised, london(date(2025, 6, 6)), segment=Segment.WHOLESALE, is_own_retail=False
    )
    assert owed(start).amount == Money(800)
    visit = failure(FailureKind.MISSED_APPOINTMENT, date(2025, 6, 4), promised, promised, segment=Segment.WHOLESALE, is_own_retail=False)
    assert told(visit) == "Guarantee for a missed appointment on 04/06/2025"
    assert owed(visit).amount == Money(2500)


def test_whom_the_one_rule_gives_what() -> None:
    one = late_for_a_provider(TUESDAY, TUESDAY + ONE_DAY)
    assert owed_for(one, TERMS).kind is OutsideKind.GUARANTEE
    assert guarantee(failure(one.kind, date(2001, 1, 1), TUESDAY, TUESDAY, is_own_retail=False), PROMISED).amount == Money(0)


_SPAN = st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)).map(
    lambda pair: (TUESDAY + timedelta(minutes=min(pair) - 2000), TUESDAY + timedelta(minutes=max(pair) - 2000))
)


@settings(max_examples=150, deadline=None)
@given(late=st.integers(-3000, 30_000), longer=st.integers(0, 20_000), held=st.lists(_SPAN, max_size=3), ends=st.integers(-10, 20_000))
def test_never_negative_never_less_for_longer_and_never_more_for_a_delay(
    late: int, longer: int, held: list[tuple[datetime, datetime]], ends: int
) -> None:
    def days(minutes: int, *, held: tuple[tuple[datetime, datetime], ...] = (), ends_at: datetime | None = None) -> set[date]:
        restored = TUESDAY + timedelta(minutes=minutes)
        return set(owed(late_for_a_provider(TUESDAY, restored, held=held, guarantee_ends_at=ends_at)).days)

    stopped = TUESDAY + timedelta(minutes=ends)
    assert days(late, held=tuple(held)) <= days(late + longer, held=tuple(held))
    assert days(late, held=tuple(held), ends_at=stopped) <= days(late, ends_at=stopped) <= days(late)
    assert len(days(late)) == max(0, -(-late // 1440))  # no clock change in these three weeks
