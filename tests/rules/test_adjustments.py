"""Adjustments as pure rules: their lines, the VAT of credit notes, and credits that outgrow what they credit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.adjustments import (
    AdjustmentLeft,
    Adjustments,
    BillCredit,
    Charge,
    CreditedCharge,
    CreditedLine,
    LineLeft,
    adjustment_lines,
    charge_of,
    credit_note_left,
    credit_note_period,
    credit_note_vat,
    creditable,
    credits_taken_back,
)
from billing.rules.lines import DraftLine
from billing.rules.vat import Tax
from billing.words import LineKind
from css.core.calendar import Period
from css.core.money import ZERO, Money, Percent, Price, percent_of

TWENTY = Tax("S", 2000)
FIVE = Tax("S", 500)
FEBRUARY = date(2026, 2, 1)
MARCH = date(2026, 3, 1)
CHARGE = Charge(7, FEBRUARY)
LINE = CreditedLine(
    line_id=11,
    bill_id=1,
    bill_number="ZZB00000014",
    number="441632960123",
    starts_on=FEBRUARY,
    ends_on=MARCH,
    service_id=7,
    product_id=3,
    charge=CHARGE,
)


def credit(pence: int, *, tax: Tax = TWENTY, line: CreditedLine | None = LINE) -> AdjustmentLeft:
    return AdjustmentLeft(
        adjustment_id=5, words="Credit: Line rental", net=Money(pence), tax=tax, nominal_code="RENTALS", occurs_on=MARCH, credits=line
    )


def rental(pence: int, service_id: int = 7) -> DraftLine:
    return DraftLine(
        kind=LineKind.PART_PERIOD,
        words="Line rental, credit for 28 of 28 days",
        net=Money(pence),
        tax=TWENTY,
        nominal_code="RENTALS",
        quantity=-28,
        unit="day",
        service_id=service_id,
        rental_period_starts_on=FEBRUARY,
    )


def known(charged: int, credited: int, taken_back: int = 0) -> CreditedCharge:
    return CreditedCharge(
        charge=CHARGE,
        line_id=11,
        bill_number="ZZB00000014",
        number=None,
        tax=TWENTY,
        nominal_code="RENTALS",
        charged=Money(charged),
        credited=Money(credited),
        taken_back=Money(taken_back),
    )


def taken_back(known_charge: CreditedCharge, drafted: list[DraftLine], left: list[AdjustmentLeft] | None = None) -> list[int]:
    adjustments = Adjustments(left=left or [], charges=[known_charge])
    return [line.net.pence for line in credits_taken_back(adjustments, drafted, MARCH)]


def test_a_credit_has_the_tax_the_nominal_and_the_days_of_its_line() -> None:
    (line,) = adjustment_lines([credit(-500)])
    assert (line.kind, line.net, line.tax, line.nominal_code) == (LineKind.ADJUSTMENT, Money(-500), TWENTY, "RENTALS")
    assert (line.quantity, line.unit_price, line.price_per) == (-1, Price.of(500), 1)
    assert (line.starts_on, line.ends_on, line.number, line.reference) == (FEBRUARY, MARCH, "441632960123", "ZZB00000014")
    assert (line.corrects_line_id, line.adjustment_id, line.rental_period_starts_on) == (11, 5, None)


def test_a_supply_without_a_line_is_of_its_day() -> None:
    (line,) = adjustment_lines([credit(1200, line=None)])
    assert (line.quantity, line.starts_on, line.ends_on, line.reference) == (1, MARCH, date(2026, 3, 2), None)


def test_a_credit_note_takes_credits_of_lines_alone() -> None:
    mine = credit(-500)
    assert credit_note_left([credit(-500, line=None), mine, credit(300)]) == (mine,)


def test_a_credit_note_is_about_the_days_of_its_lines() -> None:
    later = replace(LINE, starts_on=MARCH, ends_on=date(2026, 4, 1))
    lines = [*adjustment_lines([credit(-1), credit(-2, line=later)])]
    assert credit_note_period(lines, MARCH) == Period(FEBRUARY, date(2026, 4, 1))


@pytest.mark.parametrize(
    ("charged", "credited", "back", "drafted", "left", "said"),
    [
        (1883, 1883, 0, [], [], []),
        (1883, 1883, 0, [-1883], [], [1883]),
        (1883, 1000, 0, [-941], [], [58]),
        (1883, 500, 0, [-941], [], []),
        # Taken back before: not again, until the charge changes again.
        (0, 1883, 1883, [], [], []),
        (0, 1883, 1883, [1883], [], [-1883]),
        (0, 1883, 1883, [883], [], [-883]),
        # A charge that another price replaces under the same service and period is the same charge.
        (1883, 1883, 0, [-1883, 1499], [], [384]),
        # Credited and given back on one bill.
        (1883, 0, 0, [-1883], [-1883], [1883]),
        # Below nothing there is nothing to keep.
        (1883, 100, 0, [-1983], [], [100]),
    ],
)
def test_credits_never_come_to_more_than_the_charge(
    charged: int, credited: int, back: int, drafted: list[int], left: list[int], said: list[int]
) -> None:
    drafts = [rental(pence) for pence in drafted]
    assert taken_back(known(charged, credited, back), drafts, [credit(pence) for pence in left]) == said


def test_another_services_days_take_nothing_back() -> None:
    assert taken_back(known(1883, 1883), [rental(-1883, service_id=8)]) == []


@given(st.integers(1, 5000), st.lists(st.integers(0, 5000), max_size=6), st.integers(0, 5000))
def test_however_a_charge_moves_what_is_kept_of_a_credit_follows_it(charged: int, moves: list[int], credited: int) -> None:
    """By difference: the sum of what was taken back depends on where the charge stands, not on how it got there."""
    credited = min(credited, charged)
    back = 0
    for before, after in pairwise([charged, *moves]):
        back += sum(taken_back(known(before, credited, back), [rental(after - before)]))
        assert back == max(credited - after, 0)


def test_only_rentals_and_terminations_are_charges_put_right_by_difference() -> None:
    assert charge_of(LineKind.RENTAL, 7, FEBRUARY) == charge_of(LineKind.PART_PERIOD, 7, FEBRUARY) == CHARGE
    assert charge_of(LineKind.TERMINATION, 7, None) == Charge(7, None)
    assert charge_of(LineKind.ONE_OFF, 7, None) is None
    assert charge_of(LineKind.RENTAL, None, FEBRUARY) is None


def test_credits_together_bear_the_vat_of_what_they_credit_together() -> None:
    """Three lines of 33p bear 20p of VAT together and 7p each alone."""
    given = [credit_note_vat([credit(-33)], [BillCredit(bill_id=1, tax=TWENTY, net=Money(net))])[0].vat.pence for net in (0, 33, 66)]
    assert given == [-7, -6, -7]
    assert credit_note_vat([credit(-33)] * 3, [])[0].vat == Money(-20)


def test_rates_and_bills_are_apart_and_exempt_bears_nothing() -> None:
    other = replace(LINE, bill_id=2)
    exempt = Tax("E", 0)
    rows = credit_note_vat([credit(-33), credit(-33, line=other), credit(-100, tax=FIVE), credit(-9, tax=exempt)], [])
    assert [(row.tax, row.net.pence, row.vat.pence) for row in rows] == [(exempt, -9, 0), (FIVE, -100, -5), (TWENTY, -66, -14)]


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=12), st.sampled_from([TWENTY, FIVE, Tax("S", 1750), Tax("Z", 0)]))
def test_credits_that_complete_a_bill_give_back_its_vat_to_the_penny(nets: list[int], tax: Tax) -> None:
    rate, given_back, vat = Percent(tax.basis_points), ZERO, ZERO
    for pence in nets:
        (row,) = credit_note_vat([credit(-pence, tax=tax)], [BillCredit(bill_id=1, tax=tax, net=given_back)])
        assert -row.vat >= ZERO
        assert abs((row.vat - percent_of(row.net, rate)).pence) <= 1
        given_back += Money(pence)
        vat -= row.vat
    assert vat == percent_of(Money(sum(nets)), rate)


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({}, 1000),
        ({"credited": Money(400), "charge_credited": Money(400), "rate_credited": Money(400)}, 600),
        ({"charged": Money(300)}, 300),
        ({"charged": Money(300), "charge_credited": Money(300)}, 0),
        ({"charged": ZERO, "charge_credited": Money(300)}, 0),
        ({"rate_net": Money(250)}, 250),
    ],
)
def test_no_more_is_credited_than_is_left(changed: dict[str, Money], left: int) -> None:
    line = LineLeft(net=Money(1000), credited=ZERO, charged=Money(1000), charge_credited=ZERO, rate_net=Money(5000), rate_credited=ZERO)
    assert creditable(replace(line, **changed)) == Money(left)
