"""When an account is billed and which days a bill is about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.cycle import Cycle, DueBill, Standing, bill_period, charged_until, due_bill, next_bill_on
from billing.words import BillKind
from css.core.calendar import Period

FIFTH = Cycle(5, 1)


def standing(**others: object) -> Standing:
    facts: dict[str, object] = {
        "account_id": 1,
        "cycle": FIFTH,
        "next_bill_on": date(2026, 2, 5),
        "live_services": 1,
        "last_end_on": None,
        "has_open_order": False,
    }
    return Standing(**facts | others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "cut", "expected"),
    [
        ({}, date(2026, 2, 4), None),
        ({}, date(2026, 2, 5), DueBill(BillKind.BILL, date(2026, 2, 5))),
        # Two cycle dates went by: one bill, for the latest.
        ({}, date(2026, 3, 20), DueBill(BillKind.BILL, date(2026, 3, 5))),
        ({"live_services": 0, "last_end_on": date(2026, 1, 20)}, date(2026, 1, 20), DueBill(BillKind.FINAL, date(2026, 1, 20))),
        ({"live_services": 1, "last_end_on": date(2026, 1, 20)}, date(2026, 1, 20), None),
        ({"live_services": 0, "last_end_on": date(2026, 1, 20), "has_open_order": True}, date(2026, 1, 20), None),
        (
            {"live_services": 0, "last_end_on": date(2026, 1, 20), "has_open_order": True},
            date(2026, 2, 5),
            DueBill(BillKind.BILL, date(2026, 2, 5)),
        ),
        # Its final bill is out: a credit note is one, and an interim bill is one more final bill.
        (
            {"live_services": 0, "last_end_on": date(2026, 1, 20), "is_finished": True, "requested": frozenset({BillKind.CREDIT_NOTE})},
            date(2026, 2, 5),
            DueBill(BillKind.CREDIT_NOTE, date(2026, 2, 5)),
        ),
        (
            {"live_services": 0, "last_end_on": date(2026, 1, 20), "is_finished": True, "requested": frozenset({BillKind.INTERIM})},
            date(2026, 2, 5),
            DueBill(BillKind.FINAL, date(2026, 1, 20)),
        ),
        # Never had a service: billed by the cycle (and found idle).
        ({"live_services": 0}, date(2026, 2, 5), DueBill(BillKind.BILL, date(2026, 2, 5))),
        ({"live_services": 0}, date(2026, 2, 4), None),
    ],
)
def test_due_bills(told: dict[str, object], cut: date, expected: DueBill | None) -> None:
    assert due_bill(standing(**told), cut) == expected


def test_a_bill_charges_the_period_that_begins_on_its_date_and_a_final_bill_nothing_ahead() -> None:
    assert charged_until(BillKind.BILL, FIFTH, date(2026, 2, 5)) == date(2026, 3, 5)
    assert charged_until(BillKind.BILL, Cycle(31, 1), date(2026, 2, 28)) == date(2026, 3, 31)
    assert charged_until(BillKind.FINAL, FIFTH, date(2026, 2, 20)) == date(2026, 2, 20)


def test_the_period_runs_from_the_last_bill_or_the_first_service() -> None:
    first = bill_period(BillKind.BILL, date(2026, 2, 5), previous_end=None, first_start=date(2026, 1, 15), cut=date(2026, 2, 5))
    assert first == Period(date(2026, 1, 15), date(2026, 2, 5))
    later = bill_period(BillKind.BILL, date(2026, 4, 5), previous_end=date(2026, 2, 5), first_start=date(2026, 1, 15), cut=date(2026, 4, 5))
    assert later == Period(date(2026, 2, 5), date(2026, 4, 5))


def test_a_period_always_has_a_day_in_it() -> None:
    """A service starting after the cycle date, a cease recorded after the bill that followed it."""
    assert bill_period(BillKind.BILL, date(2026, 2, 5), previous_end=None, first_start=date(2026, 2, 9), cut=date(2026, 2, 5)).days == 1
    ended = date(2026, 2, 2)
    final = bill_period(BillKind.FINAL, ended, previous_end=date(2026, 2, 5), first_start=date(2026, 1, 1), cut=ended)
    assert final == Period(date(2026, 2, 5), date(2026, 2, 6))


def test_the_next_bill_comes_on_the_next_cycle_date_even_after_a_late_one() -> None:
    assert next_bill_on(BillKind.BILL, FIFTH, date(2026, 2, 5), date(2026, 2, 7)) == date(2026, 3, 5)
    assert next_bill_on(BillKind.FINAL, FIFTH, date(2026, 2, 20), date(2026, 2, 22)) == date(2026, 3, 5)


@given(
    st.builds(Cycle, st.integers(1, 31), st.sampled_from([1, 3]), st.integers(1, 3)),
    st.dates(date(2000, 1, 1), date(2050, 1, 1)),
)
def test_cycle_dates_follow_one_another(cycle: Cycle, day: date) -> None:
    latest, following = cycle.latest(day), cycle.next_after(day)
    assert latest <= day < following
    assert cycle.latest(following) == following
    assert cycle.next_after(following - timedelta(days=1)) == following
