"""Months and quarters as figures: their days, what is deferred, how old things are, what adds up, what a return says."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.period import (
    ChargedDays,
    Figure,
    NominalFigure,
    NominalNow,
    PeriodFigures,
    VatFigure,
    added_up,
    after,
    debtors_by_age,
    deferred,
    months_of,
    period_of,
    period_words,
    require_ended,
    trial_balance,
    vat_return,
    waiting_by_age,
)
from billing.rules.statement import OpenCharge
from billing.words import FigureSubject, PeriodKind
from css.core.errors import Refused
from css.core.money import ZERO, Money, round_half_up, total

MONTH, QUARTER = PeriodKind.MONTH, PeriodKind.QUARTER
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(DAYS)
def test_every_day_is_in_one_month_and_its_month_in_one_quarter(day: date) -> None:
    month, quarter = period_of(MONTH, day), period_of(QUARTER, day)
    assert month.contains(day)
    assert quarter.contains(day)
    assert (month.starts_on.day, quarter.starts_on.day) == (1, 1)
    assert month in months_of(quarter)
    assert [after(one) for one in months_of(quarter)][-1] == after(quarter)


@given(DAYS)
def test_only_the_last_day_of_a_period_ends_it(day: date) -> None:
    for kind in PeriodKind:
        is_last = (day + timedelta(days=1)).day == 1 and (kind is MONTH or day.month % 3 == 0)
        if is_last:
            assert require_ended(kind, day) == period_of(kind, day)
        else:
            with pytest.raises(Refused) as refusal:
                require_ended(kind, day)
            assert refusal.value.code == "CSS980E"


def test_periods_are_called_what_people_call_them() -> None:
    assert period_words(MONTH, date(2028, 2, 1)) == "February 2028"
    assert period_words(QUARTER, date(2026, 10, 1)) == "October to December 2026"
    assert require_ended(MONTH, date(2028, 2, 29)).days == 29


@given(st.lists(st.tuples(DAYS, st.integers(1, 400), st.integers(-10_000, 10_000)), max_size=8), DAYS)
def test_what_is_deferred_is_counted_day_by_day(rentals: list[tuple[date, int, int]], from_on: date) -> None:
    charged = [ChargedDays(start, start + timedelta(days=days), 1, Money(pence)) for start, days, pence in rentals]
    exact = sum(
        (Fraction(pence, days) for start, days, pence in rentals for n in range(days) if start + timedelta(days=n) >= from_on), Fraction(0)
    )
    (figure,) = deferred(charged, from_on)
    assert figure.amount == Money(round_half_up(exact))
    assert figure.item_count == sum(start + timedelta(days=days) > from_on for start, days, _ in rentals)


def test_debts_have_the_ages_of_statements_and_are_gone_over_once() -> None:
    on = date(2026, 3, 31)
    due = [on, on - timedelta(days=1), on - timedelta(days=30), on - timedelta(days=31), on - timedelta(days=60), on - timedelta(days=61)]
    charges = (OpenCharge(day, Money(1 << place)) for place, day in enumerate(due))
    found = {one.key: (one.item_count, one.amount) for one in debtors_by_age(charges, on, credit_count=1, credit=Money(-7))}
    assert found == {
        "not-due": (1, Money(1)),
        "to-30": (2, Money(6)),
        "31-60": (2, Money(24)),
        "over-60": (1, Money(32)),
        "in-credit": (1, Money(-7)),
    }


def test_usage_has_the_ages_of_the_list_of_waiting_usage() -> None:
    on = date(2026, 3, 31)
    rows = [("CSS412E", on - timedelta(days=days), 1, 60) for days in (0, 7, 8, 30, 31, 90, 91)]
    found = {one.key: (one.item_count, one.duration_seconds) for one in waiting_by_age(rows, on)}
    assert found == {f"CSS412E/{age}": (count, 60 * count) for age, count in (("to-7", 2), ("8-30", 2), ("31-90", 2), ("over-90", 1))}


def test_the_trial_balance_opens_with_the_last_close_and_not_with_what_the_ledger_says_now() -> None:
    ledger = [NominalNow("CASH", Money(10), Money(5), Money(3), Money(12)), NominalNow("NEW", ZERO, Money(1), ZERO, Money(1))]
    assert trial_balance(ledger, None)[0].opening == Money(10)
    found = {one.nominal_code: one for one in trial_balance(ledger, {"CASH": Money(9), "OLD": Money(4)})}
    assert (found["CASH"].opening, found["CASH"].carries_on, found["NEW"].carries_on) == (Money(9), False, True)
    assert found["OLD"] == NominalFigure("OLD", Money(4), ZERO, ZERO, ZERO)


def test_a_quarter_adds_what_happened_and_keeps_how_things_stand() -> None:
    def month(pence: int) -> PeriodFigures:
        others = (
            Figure(FigureSubject.PAYMENTS, "cash", 1, Money(pence)),
            Figure(FigureSubject.ORDERS, "provide", 3, of_which_count=2),
            Figure(FigureSubject.DEBTORS, "not-due", 1, Money(pence)),
        )
        nominal = NominalFigure("CASH", Money(pence - 1), Money(1), ZERO, Money(pence))
        return PeriodFigures((nominal,), (), others)

    quarter = added_up([month(10), month(11), month(12)], ())
    assert quarter.nominals == (NominalFigure("CASH", Money(9), Money(3), ZERO, Money(12)),)
    assert quarter.of(FigureSubject.PAYMENTS) == (Figure(FigureSubject.PAYMENTS, "cash", 3, Money(33)),)
    assert quarter.of(FigureSubject.ORDERS) == (Figure(FigureSubject.ORDERS, "provide", 9, None, 6),)
    assert quarter.of(FigureSubject.DEBTORS) == (Figure(FigureSubject.DEBTORS, "not-due", 1, Money(12)),)


@pytest.mark.parametrize(("net", "pounds"), [(199, 1), (-199, -1), (0, 0), (12_345_99, 12_345)])
def test_box_six_leaves_the_pence_out(net: int, pounds: int) -> None:
    boxes = vat_return([VatFigure("S", 2000, False, 1, Money(net - 50), Money(7)), VatFigure("E", 0, True, 1, Money(50), Money(1))])
    assert (boxes.box_1, boxes.box_2, boxes.box_3, boxes.box_6) == (Money(8), ZERO, Money(8), pounds)
    assert (boxes.earlier_vat, boxes.earlier_net) == (Money(1), Money(50))


@given(st.permutations([Figure(FigureSubject.PAYMENTS, str(n), n, Money(n)) for n in range(5)]))
def test_the_same_figures_have_the_same_sum_whatever_their_order(figures: list[Figure]) -> None:
    first = PeriodFigures((), (), tuple(sorted(figures, key=lambda one: one.key)))
    assert PeriodFigures((), (), tuple(figures)).sha256 == first.sha256
    changed = PeriodFigures((), (), (*figures[:-1], Figure(FigureSubject.PAYMENTS, figures[-1].key, 99, ZERO)))
    assert changed.sha256 != first.sha256
    assert first.sum_of(FigureSubject.PAYMENTS) == total(Money(n) for n in range(5))
