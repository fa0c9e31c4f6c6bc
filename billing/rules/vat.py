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


class StatusTerm(NamedTuple):
    """From when an account is taxed how; ``ends_on`` is ``date.max`` for the last."""

    starts_on: date
    ends_on: date
    status: VatStatus


@dataclass(frozen=True, slots=True)
class VatHistory:
    """How an account was taxed when, as far as was recorded by the cut: terms that follow one another over all days."""

    terms: tuple[StatusTerm, ...]

    @classmethod
    def always(cls, status: VatStatus) -> VatHistory:
        """Of an account that never changed."""
        return _ALWAYS[status]

    @classmethod
    def from_log(cls, log: Iterable[tuple[date, VatStatus]]) -> VatHistory:
        """From rows (start, status) in the order they were recorded: a row holds from its day on, whatever was said before.

        The first term holds for the days before it too.
        """
        starts: list[tuple[date, VatStatus]] = []
        for starts_on, status in log:
            starts = [*(one for one in starts if one[0] < starts_on), (starts_on, status)]
        merged = [one for place, one in enumerate(starts) if not place or starts[place - 1][1] is not one[1]]
        ends = [starts_on for starts_on, _ in merged[1:]]
        days = [date.min, *ends]
        return cls(tuple(StatusTerm(day, end, status) for day, end, (_, status) in zip(days, [*ends, date.max], merged, strict=True)))

    def on(self, day: date) -> VatStatus:
        """The status of the day on which something is supplied."""
        return next(term.status for term in reversed(self.terms) if term.starts_on <= day)

    @property
    def changes(self) -> tuple[date, ...]:
        """The days on which it changed."""
        return tuple(term.starts_on for term in self.terms[1:])


class StatusChanged(NamedTuple):
    """Days of which it became known that an account is taxed otherwise on them; ``ends_on`` is ``date.max`` where they have no end."""

    starts_on: date
    ends_on: date
    was: VatStatus
    now: VatStatus


def status_changes(was: VatHistory, now: VatHistory) -> tuple[StatusChanged, ...]:
    """The days on which two histories of an account differ, in runs on which each says one thing."""
    if was == now:
        return ()
    return tuple(
        StatusChanged(max(before.starts_on, after.starts_on), min(before.ends_on, after.ends_on), before.status, after.status)
        for before in was.terms
        for after in now.terms
        if before.status is not after.status and before.starts_on < after.ends_on and after.starts_on < before.ends_on
    )


_ALWAYS: Final = {status: VatHistory((StatusTerm(date.min, date.max, status),)) for status in VatStatus}


def tax_without_rate(status: VatStatus, code: VatCode) -> Tax | None:
    """The tax where no rate is looked up: by exemption or reverse charge. None where the rate of the day decides.

    A supply that is exempt or zero-rated for everybody stays so whoever buys it: a customer under the reverse charge has
    nothing to account for, and what a customer is exempt from is VAT at a rate that is more than nought.
    """
    if code is VatCode.EXEMPT:
        return EXEMPT
    if code is VatCode.ZERO:
        return ZERO_RATED
    if status is VatStatus.EXEMPT:
        return EXEMPT
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
