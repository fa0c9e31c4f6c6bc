"""Dated prices and VAT rates as rules take them, and how one in force is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol, Self, TypeVar

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
    recorded_on: date | None = None
    """The business date on which it was laid over what was known before; None for what was on the list from the beginning."""

    def over(self, starts_on: date, ends_on: date | None) -> Self:
        """The same price for other days."""
        return replace(self, starts_on=starts_on, ends_on=ends_on)


@dataclass(frozen=True, slots=True)
class VatRow:
    """A dated VAT rate as rules take it."""

    vat_rate_id: int
    code: VatCode
    starts_on: date
    ends_on: date | None
    percent: Percent
    recorded_on: date | None = None
    """The business date on which it was laid over what was known before; None for what was there from the beginning."""

    def over(self, starts_on: date, ends_on: date | None) -> Self:
        """The same rate for other days."""
        return replace(self, starts_on=starts_on, ends_on=ends_on)


class Dated(Protocol):
    """Something in force from a day until another; ``ends_on`` None when there is no end."""

    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...
    def over(self, starts_on: date, ends_on: date | None) -> Self:
        """The same for other days."""


Row = TypeVar("Row", bound=Dated)
Key = TypeVar("Key")


def painted(rows: Iterable[Row], key: Callable[[Row], Key]) -> tuple[Row, ...]:
    """What can be seen of dated rows laid one over the other: on each day the last one given that covers it.

    Rows of different keys do not meet. A row that is covered in the middle comes back in two parts with its own id,
    one that is covered whole not at all. By key in the order the keys first came, then by day.
    """
    visible: dict[Key, list[Row]] = {}
    for row in rows:
        before = visible.get(key(row), [])
        visible[key(row)] = [*(part for one in before for part in _beside(one, row)), row]
    return tuple(row for parts in visible.values() for row in sorted(parts, key=lambda part: part.starts_on))


def _beside(under: Row, over: Row) -> Iterator[Row]:
    """What is still seen of a row with another laid over it."""
    if (over.ends_on is not None and over.ends_on <= under.starts_on) or (under.ends_on is not None and under.ends_on <= over.starts_on):
        yield under
        return
    if under.starts_on < over.starts_on:
        yield under.over(under.starts_on, over.starts_on)
    if over.ends_on is not None and (under.ends_on is None or over.ends_on < under.ends_on):
        yield under.over(over.ends_on, under.ends_on)


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
