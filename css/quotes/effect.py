"""What an order does and costs, as it is shown, told and read out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.queries.first_bill import FirstBill
from css.core.money import Money, total
from css.core.words import Segment
from orders.queries.cards import OrderCard
from orders.queries.worth import OrderWorth


@dataclass(frozen=True, slots=True)
class Amount:
    """A price before and after VAT, each to the penny."""

    net: Money
    gross: Money


@dataclass(frozen=True, slots=True)
class Charge:
    """What one product of an order costs, by the price list of the day it is worked for."""

    product: str
    monthly: Amount | None
    """Less than nothing for what is taken off."""
    once: Amount | None


@dataclass(frozen=True, slots=True)
class LaterPrice:
    """What a month costs more than before from a day on, because the price list changes on it."""

    starts_on: date
    monthly: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An order as it stands, placed or only rehearsed, and what it costs."""

    card: OrderCard
    worth: OrderWorth
    charges: tuple[Charge, ...]
    term_months: int
    term_ends_on: date | None
    """The first day after the minimum term that begins, were it done as promised."""
    first: FirstBill | None
    """What it puts on the first bill after it; None where nothing on a bill changes."""
    later: LaterPrice | None = None
    """The next change of the price list that is known by now, where it makes the month cost something else."""
    script: tuple[str, ...] = ()
    """What is read out to the customer before it is placed, sentence by sentence; the last is the question."""

    @property
    def segment(self) -> Segment:
        return self.worth.segment

    @property
    def monthly(self) -> Amount:
        """What a month costs from then on, more than before; less than nothing where it costs less."""
        return together(charge.monthly for charge in self.charges)

    @property
    def once(self) -> Amount:
        """What is charged once, broken minimum terms apart."""
        return together(charge.once for charge in self.charges)

    @property
    def early_end(self) -> Amount | None:
        """What is left of minimum terms that it breaks; None where nothing is owed."""
        if self.first is None or not self.first.early_net:
            return None
        return Amount(self.first.early_net, self.first.early_gross)


def together(amounts: Iterable[Amount | None]) -> Amount:
    """The sum of those there are."""
    found = [one for one in amounts if one is not None]
    return Amount(total(one.net for one in found), total(one.gross for one in found))
