"""Rentals by difference: hand-worked periods, splits and corrections, and histories that change their mind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charges import PriceBook, Product, RentalKey, ServiceLife, Span, rentals_due
from billing.rules.cycle import Cycle
from billing.rules.difference import PostedRental, rental_lines
from billing.rules.lines import DraftLine
from billing.rules.vat import Tax, VatHistory
from billing.words import LineKind
from css.core.calendar import Period
from css.core.errors import NotFound, Refused
from css.core.money import Money, Percent, Price, round_half_up
from css.core.pricing import PriceRow, VatRow
from css.core.words import PriceBasis, PriceKind, Segment, VatCode, VatStatus

HOME = Segment.RESIDENTIAL
STANDARD = VatHistory.always(VatStatus.STANDARD)
FIFTH = Cycle(5, 1)
LINE, DISPLAY = 1, 2
PRODUCTS = (
    Product(LINE, "LINE-RES", "Residential line", "RENTALS", VatCode.STANDARD),
    Product(DISPLAY, "CALLER-DISPLAY", "Caller display", "RENTALS", VatCode.STANDARD),
)
VAT_20 = (VatRow(1, VatCode.STANDARD, date(2011, 1, 4), None, Percent.of(20)),)
S20 = Tax("S", 2000)


def price(price_id: int, pence: str, starts_on: date = date(2020, 1, 1), ends_on: date | None = None, product: int = LINE) -> PriceRow:
    net = Price.of(pence)
    return PriceRow(price_id, product, PriceKind.RENTAL, HOME, starts_on, ends_on, PriceBasis.NET, net, net)


BOOK = PriceBook(PRODUCTS, (price(10, "1950"), price(20, "325", product=DISPLAY)), VAT_20)


def line_from(starts_on: date, ends_on: date | None = None, **others: object) -> ServiceLife:
    return replace(ServiceLife(7, LINE, 1, starts_on, ends_on, "441632960123", "ZZO00000015"), **others)  # type: ignore[arg-type]


@dataclass
class Ledger:
    """Bills an account again and again, as the night does: what was posted is never touched."""

    cycle: Cycle = FIFTH
    segment: Segment = HOME
    status: VatHistory = STANDARD
    book: PriceBook = BOOK

    def __post_init__(self) -> None:
        self.posted: dict[RentalKey, list[PostedRental]] = defaultdict(list)
        self.count = 0

    def bill(self, services: Sequence[ServiceLife], until: date) -> list[DraftLine]:
        due = {}
        for service in services:
            due.update(rentals_due(service, self.cycle, until, self.segment, self.status, self.book))
        lines = list(rental_lines(services, due, self.posted, self.cycle, self.book))
        for line in lines:
            self.count += 1
            assert line.service_id is not None
            assert line.rental_period_starts_on is not None
            assert line.product_price_id is not None
            assert line.starts_on is not None
            assert line.ends_on is not None
            key = RentalKey(line.service_id, line.rental_period_starts_on, line.product_price_id, line.tax)
            self.posted[key].append(PostedRental(self.count, line.net, Span(line.starts_on, line.ends_on), line.unit))
        return lines


def shown(lines: Sequence[DraftLine]) -> list[tuple[str, int, str, str]]:
    return [(line.kind.value, line.net.pence, str(line.starts_on), str(line.ends_on)) for line in lines]


def test_first_bill_charges_part_of_the_period_under_way_and_one_whole_period_ahead() -> None:
    # Started 15 January, cycle day 5, billed on 5 February: 21 of the 31 days from 5 January, then a month.
    # 1950 x 21 / 31 = 1320.97 pence.
    lines = Ledger().bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    assert shown(lines) == [
        ("part-period", 1321, "2026-01-15", "2026-02-05"),
        ("rental", 1950, "2026-02-05", "2026-03-05"),
    ]
    part, month = lines
    assert (part.words, part.quantity, part.unit, part.unit_price, part.price_per) == (
        "Residential line, 21 of 31 days",
        21,
        "day",
        Price.of(1950),
        31,
    )
    assert part.reference == "ZZO00000015"
    assert (month.words, month.quantity, month.unit, month.unit_price, month.price_per) == (
        "Residential line",
        1,
        "month",
        Price.of(1950),
        1,
    )
    assert (month.nominal_code, month.tax, month.number) == ("RENTALS", S20, "441632960123")


def test_billing_again_writes_nothing_and_the_next_bill_only_its_own_period() -> None:
    ledger, home = Ledger(), [line_from(date(2026, 1, 15))]
    ledger.bill(home, date(2026, 3, 5))
    assert ledger.bill(home, date(2026, 3, 5)) == []
    assert shown(ledger.bill(home, date(2026, 4, 5))) == [("rental", 1950, "2026-03-05", "2026-04-05")]


def test_cease_gives_back_the_days_not_used_and_names_the_line_it_corrects() -> None:
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    # Ceased from 20 February: of the 28 days from 5 February 13 go back. Should be 1950 x 15/28 = 1044.64 -> 1045; 1045 - 1950.
    (credit,) = ledger.bill([line_from(date(2026, 1, 15), date(2026, 2, 20))], date(2026, 2, 20))
    assert shown([credit]) == [("part-period", -905, "2026-02-20", "2026-03-05")]
    assert credit.words == "Residential line, credit for 13 of 28 days"
    assert (credit.quantity, credit.unit_price, credit.price_per, credit.corrects_line_id) == (-13, Price.of(1950), 28, 2)


def test_a_cease_taken_back_charges_the_days_again() -> None:
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    ledger.bill([line_from(date(2026, 1, 15), date(2026, 2, 20))], date(2026, 2, 20))
    (again,) = ledger.bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    assert shown([again]) == [("part-period", 905, "2026-02-20", "2026-03-05")]
    assert again.words == "Residential line, 13 more of 28 days"


def test_a_start_recorded_late_and_before_the_first_adds_only_the_days_between() -> None:
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    # 1950 x 25/31 = 1572.58 -> 1573, less 1321 charged.
    (added,) = ledger.bill([line_from(date(2026, 1, 11))], date(2026, 3, 5))
    assert shown([added]) == [("part-period", 252, "2026-01-11", "2026-01-15")]
    assert (added.quantity, added.corrects_line_id) == (4, 1)


def test_a_period_moved_at_both_ends_becomes_a_credit_and_a_charge_that_make_the_difference() -> None:
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 1, 15), date(2026, 1, 25))], date(2026, 1, 25))  # 10 days: 629.03 -> 629
    lines = ledger.bill([line_from(date(2026, 1, 10), date(2026, 1, 20))], date(2026, 1, 25))  # also 10 days
    assert lines == []  # the same money, so there is nothing to write
    lines = ledger.bill([line_from(date(2026, 1, 9), date(2026, 1, 20))], date(2026, 1, 25))  # 11 days: 691.94 -> 692
    # Back: 5 days, 314.52 -> 315. Added: 63 + 315 = 378 for 6 days (377.42).
    assert shown(lines) == [("part-period", -315, "2026-01-20", "2026-01-25"), ("part-period", 378, "2026-01-09", "2026-01-15")]


def test_a_price_rise_within_a_period_splits_it_in_two() -> None:
    rise = date(2026, 4, 1)
    book = PriceBook(PRODUCTS, (price(10, "1880", ends_on=rise), price(11, "1950", rise)), VAT_20)
    # 5 March to 5 April: 27 of 31 days at 1880 = 1637.42, 4 of 31 at 1950 = 251.61.
    lines = Ledger(book=book).bill([line_from(date(2026, 3, 5))], date(2026, 4, 5))
    assert shown(lines) == [("part-period", 1637, "2026-03-05", "2026-04-01"), ("part-period", 252, "2026-04-01", "2026-04-05")]


def test_a_price_rise_announced_after_billing_takes_back_and_charges_anew() -> None:
    rise = date(2026, 4, 1)
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 3, 5))], date(2026, 5, 5))
    ledger.book = PriceBook(PRODUCTS, (price(10, "1950", ends_on=rise), price(11, "2000", rise)), VAT_20)
    lines = ledger.bill([line_from(date(2026, 3, 5))], date(2026, 5, 5))
    # March: 1950 x 27/31 = 1698.39 -> 1698, so 252 back; 2000 x 4/31 = 258.06. April whole: 1950 back, 2000 charged.
    assert shown(lines) == [
        ("part-period", -252, "2026-04-01", "2026-04-05"),
        ("part-period", 258, "2026-04-01", "2026-04-05"),
        ("rental", 2000, "2026-04-05", "2026-05-05"),
        ("part-period", -1950, "2026-04-05", "2026-05-05"),
    ]
    assert lines[3].words == "Residential line, credit for 30 of 30 days"


def test_a_change_of_vat_rate_within_a_period_splits_it_in_two() -> None:
    change = date(2011, 1, 4)
    vat = (
        VatRow(1, VatCode.STANDARD, date(2010, 1, 1), change, Percent.of("17.5")),
        VatRow(2, VatCode.STANDARD, change, None, Percent.of(20)),
    )
    book = PriceBook(PRODUCTS, (price(10, "1200", date(2010, 4, 1)),), vat)
    lines = Ledger(book=book, cycle=Cycle(1, 1)).bill([line_from(date(2011, 1, 1))], date(2011, 2, 1))
    # 3 of 31 days = 116.13, 28 of 31 = 1083.87.
    assert [(line.net.pence, line.tax.basis_points) for line in lines] == [(116, 1750), (1084, 2000)]


def test_a_rate_that_went_away_and_came_back_within_a_quarter_has_a_line_for_each_run_of_its_days() -> None:
    away, back = date(2026, 2, 1), date(2026, 2, 11)
    vat = (
        VatRow(1, VatCode.STANDARD, date(2011, 1, 4), away, Percent.of(20)),
        VatRow(2, VatCode.STANDARD, away, back, Percent.of(15)),
        VatRow(3, VatCode.STANDARD, back, None, Percent.of(20)),
    )
    book = PriceBook(PRODUCTS, (price(10, "1000"),), vat)
    lines = Ledger(book=book, cycle=Cycle(1, 3)).bill([line_from(date(2026, 1, 1))], date(2026, 4, 1))
    # 3 months at 1000 for 90 days: 80 days at 20% are 2666.67, of which 31 make 1033.33 and the others the rest; 10 at 15%.
    assert sorted((line.net.pence, line.quantity, line.tax.basis_points) for line in lines) == [
        (333, 10, 1500),
        (1033, 31, 2000),
        (1634, 49, 2000),
    ]


def test_days_that_lie_apart_are_counted_apart_when_they_come_back() -> None:
    """A month, then only its tenth day, then the month again: thirty of its days are charged again, not all of them."""
    month, tenth = date(2026, 1, 5), date(2026, 1, 14)
    ledger = Ledger()
    ledger.bill([line_from(month)], date(2026, 2, 5))
    credits_ = ledger.bill([line_from(tenth, date(2026, 1, 15))], date(2026, 2, 5))
    # 30 of 31 days are 1887.10: 9 days before it 566.13, the 21 after it take the rest.
    assert shown(credits_) == [("part-period", -566, "2026-01-05", "2026-01-14"), ("part-period", -1321, "2026-01-15", "2026-02-05")]
    assert [line.words for line in credits_] == ["Residential line, credit for 9 of 31 days", "Residential line, credit for 21 of 31 days"]
    again = ledger.bill([line_from(month)], date(2026, 2, 5))
    assert [(line.words, line.net.pence, line.quantity) for line in again] == [
        ("Residential line, 9 more of 31 days", 566, 9),
        ("Residential line, 21 more of 31 days", 1321, 21),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 31)), min_size=1, max_size=6), st.sampled_from(["1950", "-310", "1883.333333"])
)
def test_the_days_of_the_lines_are_the_days_that_stand(told: list[tuple[int, int]], pence: str) -> None:
    """However often a service is told anew within a month: the lines together say each day that is charged once, and no other."""
    first, until = date(2026, 1, 5), date(2026, 2, 5)
    ledger = Ledger(book=PriceBook(PRODUCTS, (price(10, pence),), VAT_20))
    sign = 1 if Price.of(pence).millionths > 0 else -1
    for start, length in told:
        starts_on = first + timedelta(days=start)
        service = line_from(starts_on, min(starts_on + timedelta(days=length), until))
        before = sum(line.net.pence for lines in ledger.posted.values() for line in lines)
        due = rentals_due(service, FIFTH, until, HOME, STANDARD, ledger.book)
        lines = ledger.bill([service], until)
        assert sum(line.net.pence for line in lines) == sum(charge.amount.pence for charge in due.values()) - before
        if sum(charge.amount.pence for charge in due.values()) == before:
            # The same money for other days writes nothing, and the lines go on saying those before.
            return
        assert all(line.unit == "month" or line.quantity in {days_of(line), -days_of(line)} for line in lines)
        level: dict[date, int] = defaultdict(int)
        for line in (line for lines in ledger.posted.values() for line in lines):
            for number in range(line.span.days):
                level[line.span.starts_on + timedelta(days=number)] += 1 if line.net.pence * sign > 0 else -1
        assert {day for day, count in level.items() if count} == {
            starts_on + timedelta(days=number) for number in range(length) if starts_on + timedelta(days=number) < until
        }
        assert set(level.values()) <= {0, 1}


def days_of(line: DraftLine) -> int:
    assert line.starts_on is not None
    assert line.ends_on is not None
    return (line.ends_on - line.starts_on).days


def test_a_quarter_is_three_months_and_a_quantity_counts() -> None:
    ledger = Ledger(cycle=Cycle(1, 3, 2))
    (line,) = ledger.bill([line_from(date(2026, 2, 1), quantity=2)], date(2026, 5, 1))
    assert (line.net.pence, line.quantity, line.words) == (11700, 6, "2 x Residential line")


def test_february_of_a_leap_year_has_29_days() -> None:
    (line,) = Ledger(cycle=Cycle(1, 1)).bill([line_from(date(2028, 2, 15))], date(2028, 3, 1))
    assert (line.net.pence, line.quantity, line.price_per) == (1009, 15, 29)  # 1950 x 15/29 = 1008.62


def test_a_service_ended_on_the_day_it_started_costs_nothing() -> None:
    assert Ledger().bill([line_from(date(2026, 1, 15), date(2026, 1, 15))], date(2026, 3, 5)) == []


def test_days_without_a_price_are_refused_with_the_product_and_the_day() -> None:
    book = PriceBook(PRODUCTS, (price(10, "1950", date(2026, 1, 20)),), VAT_20)
    with pytest.raises(NotFound) as refusal:
        Ledger(book=book).bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    assert refusal.value.text == "CSS431E No residential rental price, or no rate of VAT, is on file for LINE-RES on 2026-01-15."


def test_a_rental_posted_for_a_service_of_another_account_is_refused() -> None:
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 1, 15))], date(2026, 3, 5))
    with pytest.raises(Refused) as refusal:
        ledger.bill([], date(2026, 3, 5))
    assert refusal.value.code == "CSS432E"


def test_a_price_put_right_in_place_moves_the_amount_alone() -> None:
    ledger = Ledger()
    ledger.bill([line_from(date(2026, 2, 5))], date(2026, 3, 5))
    ledger.book = PriceBook(PRODUCTS, (price(10, "1900"),), VAT_20)
    (line,) = ledger.bill([line_from(date(2026, 2, 5))], date(2026, 3, 5))
    assert (line.net.pence, line.unit, line.quantity, line.unit_price) == (-50, "item", -1, None)
    # The days stand as charged: a cease afterwards gives back days at the price put right.
    (credit,) = ledger.bill([line_from(date(2026, 2, 5), date(2026, 2, 19))], date(2026, 2, 19))
    assert (credit.net.pence, credit.quantity) == (-950, -14)


def test_a_discount_with_a_negative_price_is_a_negative_line_and_its_days_come_back_as_a_charge() -> None:
    book = PriceBook(PRODUCTS, (price(10, "-310"),), VAT_20)
    ledger = Ledger(book=book)
    (discount,) = ledger.bill([line_from(date(2026, 1, 5))], date(2026, 2, 5))
    assert (discount.net.pence, discount.quantity, discount.unit_price) == (-310, -1, Price.of(310))
    (back,) = ledger.bill([line_from(date(2026, 1, 5), date(2026, 1, 15))], date(2026, 1, 15))
    assert (back.net.pence, back.quantity, back.words) == (210, 21, "Residential line, taken back for 21 of 31 days")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (VatStatus.REVERSE_CHARGE, VatCode.STANDARD, Tax("AE", 0)),
        (VatStatus.REVERSE_CHARGE, VatCode.ZERO, Tax("Z", 0)),
        (VatStatus.EXEMPT, VatCode.STANDARD, Tax("E", 0)),
        (VatStatus.STANDARD, VatCode.EXEMPT, Tax("E", 0)),
        (VatStatus.STANDARD, VatCode.STANDARD, Tax("S", 2000)),
    ],
)
def test_tax_follows_the_account_and_the_product(status: VatStatus, code: VatCode, expected: Tax) -> None:
    book = PriceBook((replace(PRODUCTS[0], vat_code=code),), (price(10, "1950"),), VAT_20)
    (line,) = Ledger(book=book, status=VatHistory.always(status)).bill([line_from(date(2026, 2, 5))], date(2026, 3, 5))
    assert line.tax == expected


# --- histories ------------------------------------------------------------------------------------------------------

DAY_0 = date(2026, 1, 1)
RISE = date(2026, 5, 20)
HISTORY_BOOK = PriceBook(
    PRODUCTS,
    (price(10, "1943.333333", ends_on=RISE), price(11, "2066.666667", RISE), price(20, "325", product=DISPLAY)),
    (
        VatRow(1, VatCode.STANDARD, date(2011, 1, 4), date(2026, 8, 3), Percent.of(20)),
        VatRow(2, VatCode.STANDARD, date(2026, 8, 3), None, Percent.of("17.5")),
    ),
)
days = st.integers(min_value=0, max_value=400).map(lambda count: DAY_0 + timedelta(days=count))


@st.composite
def lives(draw: st.DrawFn) -> ServiceLife:
    starts_on = draw(days)
    ends_on = draw(st.none() | st.integers(min_value=0, max_value=250).map(lambda count: starts_on + timedelta(days=count)))
    return ServiceLife(draw(st.integers(1, 3)), draw(st.sampled_from([LINE, DISPLAY])), draw(st.integers(1, 3)), starts_on, ends_on, None)


cycles = st.builds(Cycle, st.integers(1, 31), st.sampled_from([1, 3]), st.integers(1, 3))


def slowly_due(service: ServiceLife, cycle: Cycle, until: date) -> dict[tuple[date, int, int], Money]:
    """The obvious reckoning: day by day, gathered by period, price and rate, rounded once."""
    counted: dict[tuple[date, int, int], Fraction] = defaultdict(Fraction)
    day = service.starts_on
    while day < (until if service.ends_on is None else min(until, service.ends_on)):
        period = cycle.period_of(day)
        if service.product_id == DISPLAY:
            price_id, pence = 20, Fraction(325)
        else:
            price_id, pence = (10, Fraction(1943333333, 10**6)) if day < RISE else (11, Fraction(2066666667, 10**6))
        rate = 2000 if day < date(2026, 8, 3) else 1750
        counted[period.starts_on, price_id, rate] += pence * cycle.months * service.quantity / period.days
        day += timedelta(days=1)
    return {key: Money(round_half_up(exact)) for key, exact in counted.items()}


@given(lives(), cycles, days)
def test_what_is_due_is_what_counting_day_by_day_gives(service: ServiceLife, cycle: Cycle, until: date) -> None:
    due = rentals_due(service, cycle, until, HOME, STANDARD, HISTORY_BOOK)
    found = {(key.period_starts_on, key.price_id, key.tax.basis_points): charge.amount for key, charge in due.items()}
    assert found == slowly_due(service, cycle, until)


@given(st.data(), cycles)
def test_histories_that_change_their_mind_end_where_billing_from_scratch_would(data: st.DataObject, cycle: Cycle) -> None:
    """Each service is told anew before each bill: other start, other end, none. Only the last telling counts in the end."""
    ledger = Ledger(cycle=cycle, book=HISTORY_BOOK)
    service_ids = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True))
    products = {service_id: data.draw(st.sampled_from([LINE, DISPLAY])) for service_id in service_ids}
    until = DAY_0
    told: list[ServiceLife] = []
    for _ in range(data.draw(st.integers(1, 5))):
        until += timedelta(days=data.draw(st.integers(1, 120)))
        told = [replace(data.draw(lives()), service_id=service_id, product_id=products[service_id]) for service_id in service_ids]
        lines = ledger.bill(told, until)
        assert ledger.bill(told, until) == [], "the same telling again writes nothing"
        assert all(line.quantity and (line.quantity > 0) == (line.net > Money(0)) for line in lines)
    charged = {key: sum(line.net.pence for line in lines) for key, lines in ledger.posted.items()}
    from_scratch: dict[RentalKey, int] = {}
    for service in told:
        for key, charge in rentals_due(service, cycle, until, HOME, STANDARD, HISTORY_BOOK).items():
            from_scratch[key] = charge.amount.pence
    assert {key: pence for key, pence in charged.items() if pence} == from_scratch


def test_whole_periods_are_rentals_and_everything_else_is_by_the_day() -> None:
    (line,) = Ledger(cycle=Cycle(31, 1)).bill([line_from(date(2026, 2, 28))], date(2026, 3, 31))
    assert (line.kind, line.starts_on, line.ends_on) == (LineKind.RENTAL, date(2026, 2, 28), date(2026, 3, 31))
    assert Cycle(31, 1).period_of(date(2026, 3, 1)) == Period(date(2026, 2, 28), date(2026, 3, 31))
