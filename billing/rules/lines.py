"""A bill line as the rules draft it, before it has a bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from billing.rules.vat import Tax, VatHistory
from billing.words import LineKind
from css.core.money import Money, Price
from css.core.pricing import VatRow

PER_CORRECTION: Final = "correction"
"""The unit of a line of differences that re-rating made to calls."""
PER_RETAXED: Final = "vat-correction"
"""The unit of a line that moves calls of earlier bills to another VAT, or back."""
OF_EARLIER_CALLS: Final = frozenset({PER_CORRECTION, PER_RETAXED})
"""The units of lines about calls that bills before have taken."""
LINE_ORDER: Final = {kind: place for place, kind in enumerate(LineKind)}
"""Rentals, part-periods, terminations, one-offs, calls, discounts, adjustments: as the bill prints them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """One supply, net of VAT. The fields are those of ``billing.model.BillLine``."""

    kind: LineKind
    words: str
    net: Money
    tax: Tax
    nominal_code: str
    quantity: int
    """Of the sign of ``net``; never zero."""
    unit: str
    """month, day, item, call, correction or vat-correction."""
    unit_price: Price | None = None
    """For ``price_per`` units, never negative; None where no price for one explains the line."""
    price_per: int = 1
    number: str | None = None
    reference: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    service_id: int | None = None
    product_id: int | None = None
    product_price_id: int | None = None
    rental_period_starts_on: date | None = None
    billable_item_id: int | None = None
    promotion_id: int | None = None
    benefit_id: int | None = None
    benefit_month_starts_on: date | None = None
    adjustment_id: int | None = None
    corrects_line_id: int | None = None
    charge_class: str | None = None
    band: str | None = None
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftAllowanceMonth:
    """What a bill reckons of an allowance in one month, as the rules draft it. The fields are those of ``billing.model.AllowanceMonth``."""

    benefit_id: int
    service_id: int
    month_starts_on: date
    month_ends_on: date
    granted_seconds: int
    rolled_in_seconds: int
    used_seconds: int
    left_seconds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Discounted:
    """What a bill takes off calls, and what it reckons of each allowance."""

    lines: tuple[DraftLine, ...] = ()
    months: tuple[DraftAllowanceMonth, ...] = ()


class TakesOff(Protocol):
    """An account's benefits as at the cut, with the calls of the months that its bill looks at."""

    def taken_off(self, status: VatHistory, vat_rates: tuple[VatRow, ...]) -> Discounted:
        """The discount lines that bring what was taken off calls to what should be, and the months as they were reckoned."""


def in_printing_order(lines: list[DraftLine]) -> tuple[DraftLine, ...]:
    """By group, telephone number, first day and the things charged for: the same lines always come in the same order.

    Corrections of calls come after the number's calls, promotional credits after the discounts.
    """
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                LINE_ORDER[line.kind if line.promotion_id is None else LineKind.DISCOUNT],
                line.promotion_id is not None,
                LINE_ORDER[line.kind],
                line.number or "",
                line.product_id or 0,
                line.unit in OF_EARLIER_CALLS,
                line.unit == PER_RETAXED,
                line.starts_on or _NEVER,
                line.service_id or 0,
                line.billable_item_id or 0,
                line.promotion_id or 0,
                line.benefit_id or 0,
                line.benefit_month_starts_on or _NEVER,
                line.adjustment_id or 0,
                line.charge_class or "",
                line.band or "",
                line.product_price_id or 0,
                line.tax,
                line.net,
            ),
        )
    )


_NEVER: Final = date.min
