"""Minimum terms broken: months left, hand-worked; moved services; and charges put right by difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charges import PriceBook, Product, ServiceLife
from billing.rules.terminations import (
    PostedTermination,
    TerminationKey,
    is_broken,
    is_moved,
    term_left,
    termination_lines,
    terminations_due,
)
from billing.rules.vat import Tax, VatHistory
from billing.words import LineKind, NominalCode
from css.core.money import Money, Percent, Price
from css.core.pricing import PriceRow, VatRow
from css.core.words import EndReason, PriceBasis, PriceKind, Segment, VatCode, VatStatus

HOME = Segment.RESIDENTIAL
STANDARD = VatHistory.always(VatStatus.STANDARD)
S20 = Tax("S", 2000)
PRODUCTS = (
    Product(1, "LINE-RES", "Residential line", "RENTALS", VatCode.STANDARD),
    Product(2, "CALLER-DISPLAY", "Caller display", "RENTALS", VatCode.STANDARD),
)
VAT = (VatRow(1, VatCode.STANDARD, date(2011, 1, 4), None, Percent.of(20)),)


def price(number: int, pence: str, starts_on: date = date(2020, 1, 1)) -> PriceRow:
    net = Price.of(pence)
    return PriceRow(number, 1, PriceKind.TERMINATION, HOME, starts_on, None, PriceBasis.NET, net, net)


BOOK = PriceBook(PRODUCTS, (price(10, "750"),), VAT)
LINE = ServiceLife(7, 1, 1, date(2026, 1, 15), None, "441632960123", line_id=3, minimum_term_ends_on=date(2027, 1, 15))


def charged(services: list[ServiceLife], book: PriceBook = BOOK, status: VatHistory = STANDARD) -> list[tuple[str, int]]:
    due = terminations_due(services, HOME, status, book)
    return [(line.words, line.net.pence) for line in termination_lines(services, due, {}, book)]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "months", "days", "days_in_month"),
    [
        (date(2026, 4, 15), date(2027, 1, 15), 9, 0, 31),
        (date(2026, 4, 20), date(2027, 1, 15), 8, 26, 31),
        (date(2027, 1, 14), date(2027, 1, 15), 0, 1, 31),
        # From the last day of a month a month is up to the last day of the next.
        (date(2026, 1, 31), date(2026, 2, 28), 1, 0, 31),
        (date(2026, 1, 31), date(2026, 3, 1), 1, 1, 31),
        (date(2028, 2, 10), date(2028, 3, 9), 0, 28, 29),
    ],
)
def test_months_left_are_whole_ones_and_days_of_the_last(
    starts_on: date, ends_on: date, months: int, days: int, days_in_month: int
) -> None:
    left = term_left(starts_on, ends_on)
    assert (left.months, left.days, left.days_in_month) == (months, days, days_in_month)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 800))
def test_what_is_left_grows_with_every_day_of_the_term(starts_on: date, length: int) -> None:
    ends_on = starts_on + timedelta(days=length)
    left, more = term_left(starts_on, ends_on), term_left(starts_on, ends_on + timedelta(days=1))
    assert 0 <= left.days < left.days_in_month
    assert Fraction(length, 31) - 1 < left.share < more.share


def test_an_early_end_costs_the_months_left_rounded_once() -> None:
    assert charged([replace(LINE, ends_on=date(2026, 4, 15))]) == [
        ("Early end of Residential line: 9 months of the minimum term left", 6750)
    ]
    # 750 x (8 + 26/31) = 6629.03.
    assert charged([replace(LINE, ends_on=date(2026, 4, 20))]) == [
        ("Early end of Residential line: 8 months and 26 of 31 days of the minimum term left, at £7.50 a month", 6629)
    ]
    assert charged([replace(LINE, quantity=2, ends_on=date(2027, 1, 14))]) == [
        ("Early end of Residential line: 1 of 31 days of the minimum term left, at £7.50 a month", 48)
    ]


@pytest.mark.parametrize("reason", EndReason)
def test_a_death_our_own_fault_and_a_move_break_no_term(reason: EndReason) -> None:
    owed = charged([replace(LINE, ends_on=date(2026, 4, 15), end_reason=reason)])
    is_free = reason in {EndReason.DECEASED, EndReason.OUR_FAULT, EndReason.MOVED}
    assert [pence for _, pence in owed] == ([] if is_free else [6750])


def test_a_charge_comes_back_when_it_is_learned_that_the_end_was_ours() -> None:
    ended = replace(LINE, ends_on=date(2026, 4, 15))
    (key,) = terminations_due([ended], HOME, STANDARD, BOOK)
    posted = {key: [PostedTermination(1, Money(6750), date(2026, 4, 15), date(2027, 1, 15))]}
    forgiven = replace(ended, end_reason=EndReason.OUR_FAULT)
    lines = termination_lines([forgiven], terminations_due([forgiven], HOME, STANDARD, BOOK), posted, BOOK)
    assert [(line.words, line.net.pence) for line in lines] == [("Early end of Residential line, amount put right", -6750)]


def test_a_whole_number_of_months_shows_its_price() -> None:
    service = replace(LINE, ends_on=date(2026, 12, 15), quantity=3)
    due = terminations_due([service], HOME, STANDARD, BOOK)
    (line,) = termination_lines([service], due, {}, BOOK)
    assert (line.kind, line.quantity, line.unit, line.unit_price) == (LineKind.TERMINATION, 3, "month", Price.of(750))
    assert (line.nominal_code, line.tax, line.product_price_id) == (NominalCode.TERMINATION, S20, 10)
    assert (line.starts_on, line.ends_on) == (date(2026, 12, 15), date(2027, 1, 15))


@pytest.mark.parametrize(
    "service",
    [
        LINE,
        replace(LINE, ends_on=date(2027, 1, 15)),
        replace(LINE, ends_on=date(2027, 2, 1)),
        replace(LINE, ends_on=LINE.starts_on),
        replace(LINE, ends_on=date(2026, 4, 15), minimum_term_ends_on=None),
    ],
)
def test_a_term_that_is_kept_or_never_began_costs_nothing(service: ServiceLife) -> None:
    assert not is_broken(service)
    assert charged([service]) == []


@pytest.mark.parametrize(
    ("other", "moved"),
    [
        ({"starts_on": date(2026, 4, 15)}, True),
        ({"starts_on": date(2026, 4, 14), "line_id": 3}, True),
        ({"starts_on": date(2026, 4, 16)}, True),
        ({"starts_on": date(2026, 4, 17)}, False),
        ({"starts_on": date(2026, 4, 13)}, False),
        ({"starts_on": date(2026, 4, 15), "product_id": 2}, False),
        # Taken over by one that never worked: that is no taking over.
        ({"starts_on": date(2026, 4, 15), "ends_on": date(2026, 4, 15)}, False),
    ],
)
def test_a_service_taken_over_within_a_day_was_moved(other: dict[str, object], moved: bool) -> None:
    ended = replace(LINE, ends_on=date(2026, 4, 15))
    second = replace(LINE, **{"service_id": 8, "line_id": 4, "minimum_term_ends_on": None} | other)  # type: ignore[arg-type]
    assert is_moved(ended, [ended, second]) is moved
    assert bool(charged([ended, second])) is not moved


def test_a_product_without_such_a_price_costs_nothing() -> None:
    assert charged([replace(LINE, product_id=2, ends_on=date(2026, 4, 15))]) == []
    assert charged([replace(LINE, ends_on=date(2026, 4, 15))], PriceBook(PRODUCTS, (price(10, "750", date(2026, 5, 1)),), VAT)) == []


def test_it_is_taxed_as_the_account_is_on_the_day_it_ends() -> None:
    service = replace(LINE, ends_on=date(2026, 4, 15))
    status = VatHistory.from_log([(date(2026, 1, 1), VatStatus.STANDARD), (date(2026, 4, 15), VatStatus.EXEMPT)])
    (key,) = terminations_due([service], HOME, status, BOOK)
    assert key.tax == Tax("E", 0)


def test_what_is_learned_late_is_put_right_and_twice_writes_nothing() -> None:
    key = TerminationKey(7, 10, S20)
    posted = {key: [PostedTermination(1, Money(6750), date(2026, 4, 15), date(2027, 1, 15))]}
    later = replace(LINE, ends_on=date(2026, 5, 15))
    (line,) = termination_lines([later], terminations_due([later], HOME, STANDARD, BOOK), posted, BOOK)
    assert (line.words, line.net.pence, line.quantity, line.corrects_line_id) == (
        "Early end of Residential line, amount put right",
        -750,
        -1,
        1,
    )
    posted[key].append(PostedTermination(2, Money(-750), date(2026, 4, 15), date(2027, 1, 15)))
    assert list(termination_lines([later], terminations_due([later], HOME, STANDARD, BOOK), posted, BOOK)) == []
    # The cease was a mistake: all of it goes back.
    (back,) = termination_lines([LINE], {}, posted, BOOK)
    assert back.net == Money(-6000)


@pytest.mark.parametrize(
    ("pence", "said", "net"),
    [
        ("750", "£7.50", 6629),
        ("333.333333", "£3.3333", 2946),
        ("66.666667", "£0.6667", 589),
        ("999.999999", "£10.00", 8839),
        ("100000.5", "£1,000.005", 883875),
    ],
)
def test_the_price_of_a_month_is_said_with_four_places_at_most_and_charged_exactly(pence: str, said: str, net: int) -> None:
    """8 months and 26 of 31 days, 8.838709... months, at the price on file and not at the one shown."""
    book = PriceBook(PRODUCTS, (price(10, pence),), VAT)
    ended = replace(LINE, ends_on=date(2026, 4, 20))
    assert charged([ended], book) == [
        (f"Early end of Residential line: 8 months and 26 of 31 days of the minimum term left, at {said} a month", net)
    ]
