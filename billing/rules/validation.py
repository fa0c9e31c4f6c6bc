"""Whether a bill may go out by itself, or a person looks at it first. What is held is not wrong, only unlikely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from css.core.money import ZERO, Money, total

CREDIT_LIMIT: Final = Money(50_00)
TIMES_AVERAGE_MAX: Final = 10
AVERAGE_FLOOR: Final = Money(50_00)
"""Ten times next to nothing is not much: below this no bill is held for being larger than the last ones."""
LINES_MAX: Final = 10_000
BILLS_AVERAGED: Final = 6


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a bill waits for a person."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class BillFigures:
    """What validation looks at."""

    invoice_gross: Money
    line_count: int
    charges_expected: bool
    """The account has services working, so something should be on the bill."""
    recent: Sequence[Money]
    """Invoice totals of the account's last bills, at most ``BILLS_AVERAGED``, in any order."""


def hold_reason(bill: BillFigures) -> Hold | None:
    """Why the bill must be looked at; None lets it go. The first reason found is given."""
    average = Fraction(total(bill.recent).pence, len(bill.recent)) if bill.recent else None
    if bill.line_count > LINES_MAX:
        return Hold("CSS480W", f"The bill has {bill.line_count} lines, more than {LINES_MAX}.")
    credit_limit = max(Fraction(CREDIT_LIMIT.pence), average or Fraction(0))
    if -bill.invoice_gross.pence > credit_limit:
        return Hold("CSS481W", f"The bill gives back {(-bill.invoice_gross).sterling}, more than a bill of this account comes to.")
    if average is not None and bill.invoice_gross > AVERAGE_FLOOR and bill.invoice_gross.pence > average * TIMES_AVERAGE_MAX:
        return Hold(
            "CSS482W", f"The bill of {bill.invoice_gross.sterling} is more than {TIMES_AVERAGE_MAX} times the average of the last ones."
        )
    if bill.charges_expected and bill.invoice_gross == ZERO:
        return Hold("CSS483W", "The account has services working but the bill comes to nothing.")
    return None
