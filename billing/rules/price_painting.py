"""What a new price, or a new rate of VAT, lays over the price list: rows with both figures, cut where the rate changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from css.core.calendar import Period
from css.core.money import Percent, Price, gross_from_net, net_from_gross
from css.core.pricing import PriceRow, VatRow, vat_percent_on
from css.core.words import PriceBasis, Segment, VatCode


class Figures(NamedTuple):
    """A price for some days, with and without the VAT of those days."""

    starts_on: date
    ends_on: date | None
    net_price: Price
    gross_price: Price


def usual_basis(segment: Segment) -> PriceBasis:
    """Homes are quoted prices with VAT in them, firms and other providers prices without."""
    return PriceBasis.GROSS if segment is Segment.RESIDENTIAL else PriceBasis.NET


def published(row: PriceRow) -> Price:
    """The figure that was made known; the other one follows from the rate of VAT."""
    return row.gross_price if row.basis is PriceBasis.GROSS else row.net_price


def in_force(visible: Iterable[PriceRow], day: date) -> PriceRow | None:
    """The price of a day among those that can be seen."""
    return next((row for row in visible if row.starts_on <= day and (row.ends_on is None or day < row.ends_on)), None)


def next_price_on(visible: Sequence[PriceRow], day: date) -> date | None:
    """When, after a day, another figure is published or the product stops having a price; None where neither happens.

    A row that only begins because the rate of VAT changes has the figure of the one before.
    """
    now = in_force(visible, day)
    later = sorted((row for row in visible if row.starts_on > day), key=lambda row: row.starts_on)
    if now is None:
        return later[0].starts_on if later else None
    end = now.ends_on
    for row in later:
        if end is None or row.starts_on != end or (row.basis, published(row)) != (now.basis, published(now)):
            return end
        end = row.ends_on
    return end


def laid(price: Price, basis: PriceBasis, code: VatCode, span: Period, rates: tuple[VatRow, ...]) -> Iterator[Figures]:
    """A published price with both its figures, cut where the rate of VAT changes.

    Raises:
        NotFound: CSS103E, no rate of VAT is on file for one of the days.
    """
    for part in span.split_at(rate.starts_on for rate in rates if rate.code is code):
        net, gross = figures(price, basis, vat_percent_on(rates, code, part.starts_on))
        yield Figures(part.starts_on, part.ends_on, net, gross)


def figures(price: Price, basis: PriceBasis, percent: Percent) -> tuple[Price, Price]:
    """The net and the gross figure of a published price."""
    return (price, gross_from_net(price, percent)) if basis is PriceBasis.NET else (net_from_gross(price, percent), price)


def refigured(visible: Iterable[PriceRow], starts_on: date, ends_on: date | None, percent: Percent) -> Iterator[PriceRow]:
    """The prices that can be seen on days of a new rate of VAT, for those days, with the figures it gives."""
    span = Period(starts_on, ends_on)
    for row in visible:
        part = Period(row.starts_on, row.ends_on).overlap(span)
        if part is None:
            continue
        net, gross = figures(published(row), row.basis, percent)
        yield PriceRow(row.price_id, row.product_id, row.kind, row.segment, part.starts_on, part.ends_on, row.basis, net, gross)
