"""Dated prices and VAT rates as rules take them, and how one in force is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.core.errors import NotFound
from css.core.money import Percent, Price
from css.core.words import PriceBasis, PriceKind, Segment, VatCode


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A dated price as rules take it."""

    price_id: int
    product_id: int
    kind: PriceKind
    segment: Segment
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    net_price: Price
    gross_price: Price


@dataclass(frozen=True, slots=True)
class VatRow:
    """A dated VAT rate as rules take it."""

    vat_rate_id: int
    code: VatCode
    starts_on: date
    ends_on: date | None
    percent: Percent


def vat_percent_on(rates: tuple[VatRow, ...], code: VatCode, day: date) -> Percent:
    """The rate of a VAT code on a day.

    Raises:
        NotFound: CSS103E when no rate is on file for that day.
    """
    for rate in rates:
        if rate.code == code and rate.starts_on <= day and (rate.ends_on is None or day < rate.ends_on):
            return rate.percent
    raise NotFound(
        "CSS103E", "No {vat_code} VAT rate is on file for {day}; add the dated rate before billing that day.", vat_code=code.value, day=day
    )
