"""Whether a bill may go out by itself, or a person looks at it first. What is held is not wrong, only unlikely.

Every absurdity is one small function that gives a ``Hold`` or nothing; ``ABSURDITIES`` is their order. All that apply are said,
and the first decides under which code the bill is listed. The limits are a district's (``billing.bill_control``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from billing.rules.lines import DraftLine
from billing.words import BillKind, LineKind
from css.core.calendar import Period
from css.core.errors import Refused
from css.core.money import ZERO, Money, total

BILLS_AVERAGED: Final = 6
DAYS_IN_MONTH_MAX: Final = 31
_ASKED_FOR: Final = frozenset({BillKind.INTERIM, BillKind.CREDIT_NOTE})
"""Somebody wanted these as they are: one may well come to nothing, and a credit note gives back."""
_RENTALS: Final = frozenset({LineKind.RENTAL, LineKind.PART_PERIOD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a district's bills must meet to go out by themselves."""

    credit_max: Money
    """A bill that gives back more is held, unless the account's bills usually come to more."""
    times_average_max: int
    """So many times the average of the last bills ..."""
    average_floor: Money
    """... and more than this: ten times next to nothing is not much."""
    lines_max: int
    first_bill_max: Money
    """For an account without bills to compare with."""
    periods_max: int
    """A bill is about so many billing periods at the most."""
    days_back_max: int
    """It charges for no day longer than this before the period it is about."""


LIMITS: Final = Limits(
    credit_max=Money(50_00),
    times_average_max=10,
    average_floor=Money(50_00),
    lines_max=10_000,
    first_bill_max=Money(5_000_00),
    periods_max=3,
    days_back_max=300,
)
"""Of a district that has set none. A year typed wrongly is 365 days out, which 300 before the period notices."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a bill waits for a person."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFigures:
    """What validation looks at."""

    invoice_gross: Money
    line_count: int
    charges_expected: bool
    """The account has services working, so something should be on the bill."""
    recent: Sequence[Money]
    """Invoice totals of the account's last bills, at most ``BILLS_AVERAGED``, in any order."""
    kind: BillKind = BillKind.BILL
    lines: Sequence[DraftLine] = ()
    period: Period | None = None
    """The days the bill is about."""
    issue_on: date | None = None
    due_on: date | None = None
    cycle_months: int = 1
    """How far bills of the account are apart."""

    @property
    def average(self) -> Fraction | None:
        """Pence of the last bills; None when there are none."""
        return Fraction(total(self.recent).pence, len(self.recent)) if self.recent else None


def hold_reason(bill: BillFigures, limits: Limits = LIMITS) -> Hold | None:
    """Why the bill must be looked at, all that applies in one; None lets it go. The first reason gives the code."""
    found = hold_reasons(bill, limits)
    return Hold(found[0].code, " ".join(hold.words for hold in found)) if found else None


def hold_reasons(bill: BillFigures, limits: Limits = LIMITS) -> tuple[Hold, ...]:
    """Everything unlikely about the bill, in the order of ``ABSURDITIES``."""
    return tuple(hold for rule in ABSURDITIES if (hold := rule(bill, limits)) is not None)


def require_reachable(payer: Mapping[str, Any]) -> None:
    """A bill that could not be sent is not made: found now the account is parked, found later a number would be given away.

    ``payer`` is what a bill keeps of its payer.

    Raises:
        Refused: CSS798E, there is nobody to send it to, or no address. (Without an e-mail address it goes on paper.)
    """
    lacks = []
    if not str(payer["name"]).strip():
        lacks.append("a name")
    if not any(line.strip() for line in payer["address_lines"]) or not str(payer["postcode"]).strip():
        lacks.append("a billing address")
    if lacks:
        raise Refused(
            "CSS798E",
            "Account {account} lacks {lacks}; its bill could not be sent.",
            account=payer["account_number"],
            lacks=" and ".join(lacks),
        )


def _too_many_lines(bill: BillFigures, limits: Limits) -> Hold | None:
    if bill.line_count <= limits.lines_max:
        return None
    return Hold("CSS480W", f"The bill has {bill.line_count} lines, more than {limits.lines_max}.")


def _gives_back(bill: BillFigures, limits: Limits) -> Hold | None:
    """A credit note is left out: who made its adjustments has said why, and above a limit a second person has."""
    allowed = max(Fraction(limits.credit_max.pence), bill.average or Fraction(0))
    if bill.kind is BillKind.CREDIT_NOTE or -bill.invoice_gross.pence <= allowed:
        return None
    return Hold("CSS481W", f"The bill gives back {(-bill.invoice_gross).sterling}, more than a bill of this account comes to.")


def _many_times_average(bill: BillFigures, limits: Limits) -> Hold | None:
    average = bill.average
    if average is None or bill.invoice_gross <= limits.average_floor or bill.invoice_gross.pence <= average * limits.times_average_max:
        return None
    words = f"The bill of {bill.invoice_gross.sterling} is more than {limits.times_average_max} times the average of the last ones."
    return Hold("CSS482W", words)


def _nothing(bill: BillFigures, _limits: Limits) -> Hold | None:
    if not bill.charges_expected or bill.invoice_gross != ZERO or bill.kind in _ASKED_FOR:
        return None
    return Hold("CSS483W", "The account has services working but the bill comes to nothing.")


def _large_first(bill: BillFigures, limits: Limits) -> Hold | None:
    if bill.recent or bill.invoice_gross <= limits.first_bill_max:
        return None
    most = limits.first_bill_max.sterling
    return Hold("CSS793W", f"The bill of {bill.invoice_gross.sterling} is the first, with none to compare it with, and more than {most}.")


def _charged_twice(bill: BillFigures, _limits: Limits) -> Hold | None:
    twice = _same_item(bill.lines) or _same_rental(bill.lines)
    if twice is None:
        return None
    number = f" for {twice.number}" if twice.number else ""
    return Hold("CSS794W", f"The same is charged twice: {twice.words!r}{number}, {twice.net.sterling} before VAT.")


def _same_item(lines: Sequence[DraftLine]) -> DraftLine | None:
    """Two charges that differ in nothing a customer could see."""
    seen: Counter[tuple[object, ...]] = Counter()
    for line in lines:
        if line.kind not in {LineKind.ONE_OFF, LineKind.ADJUSTMENT, LineKind.TERMINATION} or line.net <= ZERO:
            continue
        key = (line.kind, line.words, line.number, line.reference, line.starts_on, line.ends_on, line.net)
        seen[key] += 1
        if seen[key] > 1:
            return line
    return None


def _same_rental(lines: Sequence[DraftLine]) -> DraftLine | None:
    """Two services of one product on one telephone number, charged for the same days."""
    found: dict[tuple[object, ...], list[tuple[date, date, int, DraftLine]]] = defaultdict(list)
    for line in lines:
        if line.kind in _RENTALS and line.net > ZERO and line.number and line.service_id and line.starts_on and line.ends_on:
            found[line.number, line.product_id].append((line.starts_on, line.ends_on, line.service_id, line))
    for charged in found.values():
        for (_, ends_on, service_id, _), (starts_on, _, other_id, line) in pairwise(sorted(charged, key=lambda one: one[:3])):
            if service_id != other_id and starts_on < ends_on:
                return line
    return None


def _long_period(bill: BillFigures, limits: Limits) -> Hold | None:
    if bill.kind in _ASKED_FOR or bill.period is None or bill.period.ends_on is None:
        return None
    days = (bill.period.ends_on - bill.period.starts_on).days
    if days <= limits.periods_max * bill.cycle_months * DAYS_IN_MONTH_MAX:
        return None
    return Hold("CSS795W", f"The bill is about {days} days from {bill.period.starts_on}, more than {limits.periods_max} billing periods.")


def _long_ago(bill: BillFigures, limits: Limits) -> Hold | None:
    if bill.period is None:
        return None
    begins, most = bill.period.starts_on, limits.days_back_max
    # Days are counted and not taken off a date: no limit, however far, leads out of the calendar.
    late = [line for line in bill.lines if line.net > ZERO and line.starts_on is not None and (begins - line.starts_on).days > most]
    if not late:
        return None
    first = min(late, key=lambda line: line.starts_on or date.max)
    return Hold("CSS796W", f"{first.words!r} is charged from {first.starts_on}, more than {most} days before the period of the bill.")


def _to_come(bill: BillFigures, _limits: Limits) -> Hold | None:
    """Rentals and terminations reach into days to come by their nature; an event has happened."""
    if bill.issue_on is None:
        return None
    for line in bill.lines:
        if line.kind in {LineKind.ONE_OFF, LineKind.CALLS} and line.starts_on is not None and line.starts_on > bill.issue_on:
            return Hold("CSS797W", f"{line.words!r} is dated {line.starts_on}, after the bill itself.")
    return None


def _no_days(bill: BillFigures, _limits: Limits) -> Hold | None:
    is_backwards = bill.period is not None and bill.period.ends_on is not None and bill.period.ends_on <= bill.period.starts_on
    is_overdue = bill.due_on is not None and bill.issue_on is not None and bill.due_on <= bill.issue_on
    if not is_backwards and not is_overdue:
        return None
    what = "is about no day at all" if is_backwards else f"is to be paid by {bill.due_on}, no day after its issue"
    return Hold("CSS799W", f"The bill {what}.")


ABSURDITIES: Final[tuple[Callable[[BillFigures, Limits], Hold | None], ...]] = (
    _too_many_lines,
    _gives_back,
    _many_times_average,
    _large_first,
    _nothing,
    _charged_twice,
    _no_days,
    _long_period,
    _long_ago,
    _to_come,
)
