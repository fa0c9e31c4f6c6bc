"""What should have been charged for rentals to date.

A service is charged for each billing period of its account, in advance. The days it works in a period are cut where its
price or its rate of VAT changes; a part costs price x months x quantity x days of the part over days of the period,
exact, rounded once. ``billing.rules.difference`` compares the outcome with what was charged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from billing.rules.cycle import AnyCycle
from billing.rules.vat import Tax, VatHistory, tax_at, tax_without_rate
from css.core.calendar import Period
from css.core.errors import NotFound
from css.core.money import Money, Price, to_money
from css.core.pricing import PriceRow, VatRow, painted
from css.core.words import EndReason, PriceKind, Segment, VatCode, VatStatus


@dataclass(frozen=True, slots=True)
class Product:
    """What billing must know of a product."""

    product_id: int
    code: str
    name: str
    nominal_code: str
    vat_code: VatCode
    is_one_off: bool = False
    """Sold by the piece and never rented."""


@dataclass(frozen=True, slots=True)
class ServiceLife:
    """A service as far as was recorded by the cut; or a promotion, which is charged like a service of a negative price."""

    service_id: int | None
    """None of a promotion."""
    product_id: int
    quantity: int
    starts_on: date
    ends_on: date | None
    number: str | None
    """The telephone number of its line."""
    order_number: str | None = None
    promotion_id: int | None = None
    line_id: int | None = None
    minimum_term_ends_on: date | None = None
    """The first day after its minimum term; None without one."""
    end_reason: EndReason | None = None
    """Why it ended; None while it works, and of what ended before reasons were kept."""

    @property
    def identity(self) -> Identity:
        """Which service or promotion this is, for all that was ever charged for it."""
        return Identity(self.service_id, self.promotion_id)


class Identity(NamedTuple):
    """A service or a promotion: one of the two."""

    service_id: int | None
    promotion_id: int | None


class RentalKey(NamedTuple):
    """Under what a rental that should be is compared with those that were."""

    service_id: int | None
    period_starts_on: date
    price_id: int
    tax: Tax
    promotion_id: int | None = None

    @property
    def identity(self) -> Identity:
        """What was rented."""
        return Identity(self.service_id, self.promotion_id)


class Span(NamedTuple):
    """Days, from the first up to but not including the last."""

    starts_on: date
    ends_on: date

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days


class Term(NamedTuple):
    """Days on which one price and one rate of VAT are in force; ``ends_on`` is ``date.max`` when there is no end."""

    starts_on: date
    ends_on: date
    price_id: int
    price: Price
    tax: Tax


class Charge(NamedTuple):
    """What should have been charged under one key."""

    amount: Money
    spans: tuple[Span, ...]
    """One, unless a price or a way of taxing went away and came back within the period."""
    days: int
    price: Price
    """For a month of a quantity of one."""
    period: Period
    """The whole period, over whose days the price is shared."""
    units: int
    """Months of the period times quantity of the service: how often the monthly price is due in it."""


Charges = dict[tuple[int, Tax], Charge]
"""What one period costs, by price and tax."""


class Rented(NamedTuple):
    """All that decides what a whole period of a service costs: services that share it are reckoned once a night."""

    product_id: int
    segment: Segment
    status: VatHistory
    cycle: AnyCycle
    quantity: int


class PriceBook:
    """The dated rental prices and VAT rates of a night, laid together once for each product and kind of customer.

    Prices come in the order in which they were recorded: a later one lies over those before it for its days.
    """

    def __init__(self, products: Iterable[Product], prices: Iterable[PriceRow], vat_rates: tuple[VatRow, ...]) -> None:
        laid = tuple(prices)
        self.products: Mapping[int, Product] = {product.product_id: product for product in products}
        self.vat_rates = vat_rates
        self.price_rows: dict[int, PriceRow] = {row.price_id: row for row in laid}
        """Every price ever recorded, also where another lies over it: charges were made at it."""
        self._rentals: dict[tuple[int, Segment], list[PriceRow]] = {}
        self._terms: dict[tuple[int, Segment, VatStatus], tuple[Term, ...]] = {}
        self._whole_periods: dict[Rented, dict[date, Charges]] = {}
        self._histories: dict[tuple[int, Segment, VatHistory], tuple[Term, ...]] = {}
        self._terminations: dict[tuple[int, Segment], list[PriceRow]] = {}
        for row in painted(laid, key=lambda row: (row.product_id, row.kind, row.segment)):
            if row.kind is PriceKind.RENTAL:
                self._rentals.setdefault((row.product_id, row.segment), []).append(row)
            elif row.kind is PriceKind.TERMINATION:
                self._terminations.setdefault((row.product_id, row.segment), []).append(row)

    def whole_periods(self, rented: Rented) -> dict[date, Charges]:
        """What whole periods cost, by their first day, as far as they were reckoned: to be filled by who reckons more."""
        return self._whole_periods.setdefault(rented, {})

    def termination_price(self, product_id: int, segment: Segment, day: date) -> PriceRow | None:
        """What a month of a broken minimum term costs when the service ends on that day; None where it costs nothing."""
        rows = self._terminations.get((product_id, segment), ())
        return next((row for row in rows if row.starts_on <= day and (row.ends_on is None or day < row.ends_on)), None)

    def terms(self, product_id: int, segment: Segment, status: VatHistory) -> tuple[Term, ...]:
        """The terms of a product's rental, in order of time, with gaps where no price or no rate of VAT is on file."""
        if len(status.terms) == 1:
            return self._terms_of(product_id, segment, status.terms[0].status)
        key = (product_id, segment, status)
        found = self._histories.get(key)
        if found is None:
            found = self._histories[key] = tuple(
                term._replace(starts_on=max(term.starts_on, taxed.starts_on), ends_on=min(term.ends_on, taxed.ends_on))
                for taxed in status.terms
                for term in self._terms_of(product_id, segment, taxed.status)
                if term.starts_on < taxed.ends_on and taxed.starts_on < term.ends_on
            )
        return found

    def _terms_of(self, product_id: int, segment: Segment, status: VatStatus) -> tuple[Term, ...]:
        key = (product_id, segment, status)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = tuple(sorted(self._laid_together(*key)))
        return found

    def _laid_together(self, product_id: int, segment: Segment, status: VatStatus) -> Iterator[Term]:
        code = self.products[product_id].vat_code
        exempt = tax_without_rate(status, code)
        for row in self._rentals.get((product_id, segment), ()):
            price_ends = row.ends_on or date.max
            if exempt is not None:
                yield Term(row.starts_on, price_ends, row.price_id, row.net_price, exempt)
                continue
            for rate in self.vat_rates:
                starts_on, ends_on = max(row.starts_on, rate.starts_on), min(price_ends, rate.ends_on or date.max)
                if rate.code is code and starts_on < ends_on:
                    yield Term(starts_on, ends_on, row.price_id, row.net_price, tax_at(status, code, rate.percent.basis_points))


def rentals_due(
    service: ServiceLife, cycle: AnyCycle, until: date, segment: Segment, status: VatHistory, book: PriceBook
) -> dict[RentalKey, Charge]:
    """Everything the service should have been charged for its days before ``until``.

    Raises:
        NotFound: CSS431E, a day without a price or a rate of VAT.
    """
    ends_on = until if service.ends_on is None else min(service.ends_on, until)
    if ends_on <= service.starts_on:
        return {}
    due: dict[RentalKey, Charge] = {}
    starts_on, (service_id, promotion_id) = service.starts_on, service.identity
    rented = Rented(service.product_id, segment, status, cycle, service.quantity)
    whole = book.whole_periods(rented)
    period = cycle.period_of(starts_on)
    while period.starts_on < ends_on:
        period_ends = period.ends_on
        assert period_ends is not None, "a billing period has an end"
        if starts_on <= period.starts_on and period_ends <= ends_on:
            charges = whole.get(period.starts_on)
            if charges is None:
                charges = whole[period.starts_on] = _charges(rented, period.starts_on, Span(period.starts_on, period_ends), book)
        else:
            charges = _charges(rented, period.starts_on, Span(max(starts_on, period.starts_on), min(ends_on, period_ends)), book)
        for (price_id, tax), charge in charges.items():
            due[RentalKey(service_id, period.starts_on, price_id, tax, promotion_id)] = charge
        period = cycle.period_of(period_ends)
    return due


def _charges(rented: Rented, period_starts_on: date, worked: Span, book: PriceBook) -> Charges:
    """What the days of one period cost that a service worked, under each price and tax."""
    whole, units = rented.cycle.whole_period_of(period_starts_on), rented.cycle.months_on(period_starts_on) * rented.quantity
    spans: dict[tuple[int, Tax], tuple[Span, ...]] = {}
    prices: dict[int, Price] = {}
    day, last = worked
    for term in book.terms(rented.product_id, rented.segment, rented.status):
        if term.ends_on <= day:
            continue
        if term.starts_on > day or day >= last:
            break
        span = Span(day, min(term.ends_on, last))
        key = term.price_id, term.tax
        spans[key] = (*spans.get(key, ()), span)
        prices[term.price_id] = term.price
        day = span.ends_on
    if day < last:
        raise _no_price(book.products[rented.product_id], rented.segment, day)
    charges: Charges = {}
    for key, parts in spans.items():
        days, price = sum(part.days for part in parts), prices[key[0]]
        charges[key] = Charge(rental(price, units, days, whole.days), parts, days, price, whole, units)
    return charges


@lru_cache(maxsize=1 << 16)
def rental(price: Price, units: int, days: int, days_in_period: int) -> Money:
    """So many days of a period that costs ``units`` times the monthly price, rounded once. A whole period has no fraction."""
    return to_money(price * units, Fraction(days, days_in_period))


def _no_price(product: Product, segment: Segment, day: date) -> NotFound:
    return NotFound(
        "CSS431E",
        "No {segment} rental price, or no rate of VAT, is on file for {product} on {day}.",
        segment=segment.value,
        product=product.code,
        day=day,
    )
