"""What a minimum term costs that is broken, by difference: the months that were left, at the price of the day the service ended.

Months are counted from the day the service ended: whole ones, then days over the days of the month they lie in; exact,
rounded once. A service that another of the same product takes over within a day, on the same line or another one, was
moved and not given up. Nothing is owed by an estate, nor where we could not provide what was promised; a line that another
occupant or another provider takes is given up by whoever had it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from billing.rules.charges import PriceBook, ServiceLife
from billing.rules.items import PER_ITEM
from billing.rules.lines import DraftLine
from billing.rules.vat import Tax, VatHistory, tax_on
from billing.words import LineKind, NominalCode
from css.core.calendar import ONE_DAY, add_months
from css.core.money import ZERO, Money, Price, round_half_up, to_money
from css.core.words import EndReason, Segment

PER_MONTH = "month"
_PLACE: Final = 10_000
"""The last place of a price that is shown: a ten-thousandth of a pound, in millionths of a penny."""


FORGIVEN: Final = frozenset({EndReason.DECEASED, EndReason.OUR_FAULT, EndReason.MOVED})
"""Why a service may end before its term and cost nothing."""


class TerminationKey(NamedTuple):
    """Under what a charge for a broken term is compared with those made before."""

    service_id: int
    price_id: int
    tax: Tax


class PostedTermination(NamedTuple):
    """A line of an earlier bill."""

    line_id: int
    net: Money
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class TermLeft:
    """What was left of a minimum term."""

    starts_on: date
    """The day the service ended."""
    ends_on: date
    """The first day after the term."""
    months: int
    """Whole ones."""
    days: int
    """Beyond them ..."""
    days_in_month: int
    """... out of so many: from the last whole month's day to the same day a month later."""

    @property
    def share(self) -> Fraction:
        """In months, exact."""
        return self.months + Fraction(self.days, self.days_in_month)

    @property
    def words(self) -> str:
        """As a bill says it: "3 months and 14 of 30 days"."""
        months = f"{self.months} month{'' if self.months == 1 else 's'}"
        days = f"{self.days} of {self.days_in_month} days"
        if not self.days:
            return months
        return f"{months} and {days}" if self.months else days


class TerminationDue(NamedTuple):
    """What should have been charged under one key."""

    service: ServiceLife
    left: TermLeft
    price: Price
    amount: Money


def term_left(starts_on: date, ends_on: date) -> TermLeft:
    """The months and days from ``starts_on`` up to but not including ``ends_on``, which is later.

    Months are those that ``add_months`` gives from the first day: from 31 January a month is up to 28 February.
    """
    months = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month
    if add_months(starts_on, months) > ends_on:
        months -= 1
    begun = add_months(starts_on, months)
    return TermLeft(starts_on, ends_on, months, (ends_on - begun).days, (add_months(starts_on, months + 1) - begun).days)


def terminations_due(
    services: Sequence[ServiceLife], segment: Segment, status: VatHistory, book: PriceBook
) -> dict[TerminationKey, TerminationDue]:
    """What the broken minimum terms of an account's services cost, as far as was recorded by the cut.

    Raises:
        NotFound: CSS103E, no rate of VAT is on file for the day a service ended.
    """
    due: dict[TerminationKey, TerminationDue] = {}
    for service in services:
        if not is_broken(service) or service.end_reason in FORGIVEN or is_moved(service, services):
            continue
        assert service.service_id is not None, "a promotion has no minimum term"
        assert service.ends_on is not None, "a broken term has an end"
        assert service.minimum_term_ends_on is not None, "a broken term is a term"
        price = book.termination_price(service.product_id, segment, service.ends_on)
        if price is None:
            continue
        left = term_left(service.ends_on, service.minimum_term_ends_on)
        tax = tax_on(book.vat_rates, status.on(service.ends_on), book.products[service.product_id].vat_code, service.ends_on)
        amount = to_money(price.net_price * service.quantity, left.share)
        due[TerminationKey(service.service_id, price.price_id, tax)] = TerminationDue(service, left, price.net_price, amount)
    return due


def is_broken(service: ServiceLife) -> bool:
    """Whether it ended before its minimum term did. One that never worked a day was never had."""
    term_ends, ends_on = service.minimum_term_ends_on, service.ends_on
    return term_ends is not None and ends_on is not None and service.starts_on < ends_on < term_ends


def is_moved(service: ServiceLife, services: Iterable[ServiceLife]) -> bool:
    """Whether another service of the product took over within a day and worked on."""
    ends_on = service.ends_on
    return ends_on is not None and any(
        other.product_id == service.product_id
        and ends_on - ONE_DAY <= other.starts_on <= ends_on + ONE_DAY
        and (other.ends_on is None or other.ends_on > max(ends_on, other.starts_on))
        for other in services
    )


def termination_lines(
    services: Sequence[ServiceLife],
    due: Mapping[TerminationKey, TerminationDue],
    posted: Mapping[TerminationKey, Sequence[PostedTermination]],
    book: PriceBook,
) -> Iterator[DraftLine]:
    """The lines that bring what was charged for broken terms to what should have been; none where they agree."""
    by_id = {service.service_id: service for service in services}
    sums = defaultdict(lambda: ZERO, {key: Money(sum(line.net.pence for line in lines)) for key, lines in posted.items()})
    for key, charge in due.items():
        before = posted.get(key)
        difference = charge.amount - sums[key]
        if before is None and difference:
            yield _first(key, charge, book)
        elif before is not None and difference:
            yield _put_right(charge.service, key, difference, before, book)
    for key, before in posted.items():
        if key not in due and sums[key]:
            yield _put_right(by_id[key.service_id], key, -sums[key], before, book)


def _first(key: TerminationKey, charge: TerminationDue, book: PriceBook) -> DraftLine:
    service, left = charge.service, charge.left
    name = book.products[service.product_id].name
    each = to_money(charge.price)
    whole = not left.days and each.pence == charge.price.pence
    said = f"Early end of {name}: {left.words} of the minimum term left"
    return _line(
        service,
        key,
        # Days and months together have no price for one: the words say how it was reckoned.
        words=said if whole else f"{said}, at {_pounds(charge.price)} a month",
        net=charge.amount,
        quantity=left.months * service.quantity if whole else 1,
        unit=PER_MONTH if whole else PER_ITEM,
        unit_price=charge.price if whole else None,
        starts_on=left.starts_on,
        ends_on=left.ends_on,
    )


def _put_right(
    service: ServiceLife, key: TerminationKey, difference: Money, before: Sequence[PostedTermination], book: PriceBook
) -> DraftLine:
    return _line(
        service,
        key,
        words=f"Early end of {book.products[service.product_id].name}, amount put right",
        net=difference,
        quantity=-1 if difference < ZERO else 1,
        unit=PER_ITEM,
        starts_on=before[-1].starts_on,
        ends_on=before[-1].ends_on,
        corrects=before[-1].line_id,
    )


def _line(  # noqa: PLR0913 - a line is these facts, each named by its caller
    service: ServiceLife,
    key: TerminationKey,
    *,
    words: str,
    net: Money,
    quantity: int,
    unit: str,
    starts_on: date,
    ends_on: date,
    unit_price: Price | None = None,
    corrects: int | None = None,
) -> DraftLine:
    return DraftLine(
        kind=LineKind.TERMINATION,
        words=words,
        net=net,
        tax=key.tax,
        nominal_code=NominalCode.TERMINATION,
        quantity=quantity,
        unit=unit,
        unit_price=unit_price,
        number=service.number,
        starts_on=starts_on,
        ends_on=ends_on,
        service_id=service.service_id,
        product_id=service.product_id,
        product_price_id=key.price_id,
        corrects_line_id=corrects,
    )


def _pounds(price: Price) -> str:
    """A price as a bill says it: with four places at most, rounded for reading; what is charged is worked out from the exact price."""
    whole, part = divmod(round_half_up(Fraction(price.millionths, _PLACE)), 10_000)
    return f"£{whole:,}.{f'{part:04d}'.rstrip('0').ljust(2, '0')}"
