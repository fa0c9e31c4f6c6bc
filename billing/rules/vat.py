"""Which VAT a supply bears, and the VAT of a bill: once for each category and rate, on the net total of its lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

from css.core.money import ZERO, Money, Percent, percent_of
from css.core.pricing import VatRow, vat_percent_on
from css.core.words import VatCode, VatStatus

VatCategory = Literal["S", "Z", "E", "AE"]
"""UNCL 5305 as EN 16931 uses it: standard, zero, exempt, domestic reverse charge."""

REASONS: Final[dict[str, str]] = {
    "E": "Exempt from VAT",
    "AE": "Reverse charge: customer to pay the VAT to HMRC",
}
"""What an invoice must say when no VAT is charged by exemption or reverse charge (VAT Notice 735 for the second)."""


class Tax(NamedTuple):
    """How a supply is taxed: the category and the rate in hundredths of a percent."""

    category: VatCategory
    basis_points: int


EXEMPT: Final = Tax("E", 0)
REVERSE_CHARGE: Final = Tax("AE", 0)
ZERO_RATED: Final = Tax("Z", 0)


def tax_without_rate(status: VatStatus, code: VatCode) -> Tax | None:
    """The tax where no rate is looked up: by exemption or reverse charge. None where the rate of the day decides.

    A supply that is exempt or zero-rated for everybody stays so for a customer under the reverse charge: there is
    nothing for them to account for.
    """
    if status is VatStatus.EXEMPT or code is VatCode.EXEMPT:
        return EXEMPT
    if code is VatCode.ZERO:
        return ZERO_RATED
    if status is VatStatus.REVERSE_CHARGE:
        return REVERSE_CHARGE
    return None


def tax_at(status: VatStatus, code: VatCode, basis_points: int) -> Tax:
    """The tax of a supply for an account of that status, ``basis_points`` being the rate of the day."""
    return tax_without_rate(status, code) or (Tax("S", basis_points) if basis_points else ZERO_RATED)


def tax_on(rates: tuple[VatRow, ...], status: VatStatus, code: VatCode, day: date) -> Tax:
    """The tax of a supply made on a day. NotFound CSS103E when there is no rate for it."""
    return tax_without_rate(status, code) or tax_at(status, code, vat_percent_on(rates, code, day).basis_points)


@dataclass(frozen=True, slots=True)
class VatSum:
    """The VAT of a bill at one category and rate."""

    tax: Tax
    net: Money
    vat: Money


def vat_of(amounts: Iterable[tuple[Tax, Money]]) -> tuple[VatSum, ...]:
    """The VAT of a bill from the net amounts of its lines: worked out once for each category and rate, half up."""
    nets: dict[Tax, Money] = defaultdict(lambda: ZERO)
    for tax, net in amounts:
        nets[tax] += net
    return tuple(VatSum(tax, net, percent_of(net, Percent(tax.basis_points))) for tax, net in sorted(nets.items()))
