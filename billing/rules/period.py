"""What a month or a quarter of the books comes to: pure figures, nothing read and nothing stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import Final, NamedTuple

from billing.rules.statement import OpenCharge, age_of
from billing.words import FigureSubject, PeriodKind
from css.core.calendar import ONE_DAY, Period, add_months, day_words
from css.core.errors import Refused
from css.core.money import ZERO, Money, Price, round_half_up, to_money, total

PENCE: Final = 100
MONTHS: Final = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3}
STOCKS: Final = frozenset({FigureSubject.DEBTORS, FigureSubject.UNBILLED, FigureSubject.DEFERRED, FigureSubject.WAITING_USAGE})
"""Figures of how things stand at the end; all others are of what happened, and add up over months."""
DEBT_AGES: Final = ("not-due", "to-30", "31-60", "over-60")
"""By days overdue, as ``statement.AGES`` cuts them."""
IN_CREDIT: Final = "in-credit"
USAGE_AGES: Final = (7, 30, 90)
"""Days that usage has waited, as the list of waiting usage has them."""


def period_of(kind: PeriodKind, day: date) -> Period:
    """The calendar month or quarter of a day."""
    months = MONTHS[kind]
    starts_on = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(starts_on, add_months(starts_on, months))


def after(period: Period) -> date:
    """The first day after a month or quarter."""
    assert period.ends_on is not None, "a month has an end"
    return period.ends_on


def months_of(quarter: Period) -> tuple[Period, ...]:
    """Its three months."""
    return tuple(period_of(PeriodKind.MONTH, add_months(quarter.starts_on, n)) for n in range(MONTHS[PeriodKind.QUARTER]))


def require_ended(kind: PeriodKind, day: date) -> Period:
    """The period that a business date is the last day of. Refused CSS980E for any other day."""
    period = period_of(kind, day)
    if day != period.last_day:
        raise Refused(
            "CSS980E",
            "{day} is not the last day of a {kind}; this one ends on {last}.",
            day=day_words(day),
            kind=kind.value,
            last=day_words(after(period) - ONE_DAY),
            element="business_date",
        )
    return period


def period_words(kind: PeriodKind, starts_on: date) -> str:
    """As people say it: March 2026, or January to March 2026."""
    last = add_months(starts_on, MONTHS[kind] - 1)
    return f"{starts_on:%B} to {last:%B %Y}" if kind is PeriodKind.QUARTER else f"{last:%B %Y}"


@dataclass(frozen=True, slots=True)
class NominalFigure:
    """A line of the trial balance. Balances are positive for a debit."""

    nominal_code: str
    opening: Money
    debits: Money
    credits: Money
    closing: Money
    """Added up over the whole ledger, and not from the others."""

    @property
    def carries_on(self) -> bool:
        """Whether the opening balance and what was entered make the closing one."""
        return self.opening + self.debits - self.credits == self.closing


@dataclass(frozen=True, slots=True)
class VatFigure:
    """The VAT of a period's bills at one category and rate."""

    vat_category: str
    vat_basis_points: int
    is_earlier: bool
    """Their tax point lies before the period."""
    bill_count: int
    net: Money
    vat: Money


@dataclass(frozen=True, slots=True)
class Figure:
    """So many, so much of one kind of a subject."""

    subject: FigureSubject
    key: str
    item_count: int
    amount: Money | None = None
    of_which_count: int | None = None
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """All figures of a month or quarter, each kind in the order of its keys."""

    nominals: tuple[NominalFigure, ...]
    vat: tuple[VatFigure, ...]
    others: tuple[Figure, ...]

    def of(self, subject: FigureSubject) -> tuple[Figure, ...]:
        """Those about one subject."""
        return tuple(figure for figure in self.others if figure.subject is subject)

    def sum_of(self, subject: FigureSubject) -> Money:
        """What those of one subject come to."""
        return total(figure.amount for figure in self.of(subject) if figure.amount is not None)

    def nominal(self, code: str) -> NominalFigure:
        """The line of a nominal; of one that nothing was ever entered on, nothing."""
        return next((one for one in self.nominals if one.nominal_code == code), NominalFigure(code, ZERO, ZERO, ZERO, ZERO))

    @property
    def sha256(self) -> str:
        """Of all figures in a fixed order: the same figures have the same."""
        lines = sorted(repr(one) for one in (*self.nominals, *self.vat, *self.others))
        return sha256("\n".join(lines).encode()).hexdigest()


class NominalNow(NamedTuple):
    """What the whole ledger says of a nominal."""

    nominal_code: str
    before: Money
    debits: Money
    credits: Money
    closing: Money


def trial_balance(ledger: Iterable[NominalNow], last_close: Mapping[str, Money] | None) -> tuple[NominalFigure, ...]:
    """The trial balance: it opens with what the last close left, or with what the ledger had before when there was none."""
    rows = {row.nominal_code: row for row in ledger}
    nothing = {code: NominalNow(code, ZERO, ZERO, ZERO, ZERO) for code in last_close or ()}
    return tuple(
        NominalFigure(code, row.before if last_close is None else last_close.get(code, ZERO), row.debits, row.credits, row.closing)
        for code, row in sorted((nothing | rows).items())
    )


def debtors_by_age(charges: Iterable[OpenCharge], on: date, *, credit_count: int, credit: Money) -> tuple[Figure, ...]:
    """What is owed on a day by how long it is overdue, as on a statement of account; and what accounts have in credit.

    The charges are gone over once and not kept: a district has as many as it has unpaid bills.
    """
    counts, sums = [0] * len(DEBT_AGES), [ZERO] * len(DEBT_AGES)
    for charge in charges:
        age = age_of(charge, on)
        counts[age] += 1
        sums[age] += charge.amount
    ages = [Figure(FigureSubject.DEBTORS, key, count, amount) for key, count, amount in zip(DEBT_AGES, counts, sums, strict=True)]
    return (*ages, Figure(FigureSubject.DEBTORS, IN_CREDIT, credit_count, credit))


def waiting_by_age(rows: Iterable[tuple[str, date, int, int]], on: date) -> tuple[Figure, ...]:
    """Usage that waits as (reason, day it was set aside, records, seconds), by reason and age on a day."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    names = ("to-7", "8-30", "31-90", "over-90")
    for reason, set_aside_on, count, seconds in rows:
        age = names[sum((on - set_aside_on).days > days for days in USAGE_AGES)]
        sums = found[f"{reason}/{age}"]
        sums[0] += count
        sums[1] += seconds
    return tuple(
        Figure(FigureSubject.WAITING_USAGE, key, count, duration_seconds=seconds) for key, (count, seconds) in sorted(found.items())
    )


class ChargedDays(NamedTuple):
    """Rentals that were charged for the same days."""

    starts_on: date
    ends_on: date
    item_count: int
    net: Money


def deferred(rentals: Iterable[ChargedDays], from_on: date) -> tuple[Figure, ...]:
    """What of rentals charged is for days from a day on: each by its days, straight, and rounded once for all."""
    share, count = Fraction(0), 0
    for rental in rentals:
        days = (rental.ends_on - max(rental.starts_on, from_on)).days
        if days > 0:
            share += Fraction(rental.net.pence * days, (rental.ends_on - rental.starts_on).days)
            count += rental.item_count
    return (Figure(FigureSubject.DEFERRED, "rentals", count, Money(round_half_up(share))),)


def added_up(months: Sequence[PeriodFigures], vat: tuple[VatFigure, ...]) -> PeriodFigures:
    """A quarter from its months, the oldest first: what happened is added up, how things stand is as the last month left it.

    ``vat`` is the quarter's own: a tax point before the month may lie within the quarter.
    """
    first, last = months[0], months[-1]
    codes = sorted({one.nominal_code for month in months for one in month.nominals})
    nominals = tuple(
        NominalFigure(
            code,
            first.nominal(code).opening,
            total(month.nominal(code).debits for month in months),
            total(month.nominal(code).credits for month in months),
            last.nominal(code).closing,
        )
        for code in codes
    )
    happened: dict[tuple[FigureSubject, str], Figure] = {}
    for figure in (figure for month in months for figure in month.others if figure.subject not in STOCKS):
        before = happened.get((figure.subject, figure.key))
        happened[figure.subject, figure.key] = figure if before is None else _sum(before, figure)
    stands = [figure for figure in last.others if figure.subject in STOCKS]
    return PeriodFigures(nominals, vat, tuple(sorted([*happened.values(), *stands], key=lambda one: (one.subject, one.key))))


def _sum(one: Figure, other: Figure) -> Figure:
    return replace(
        one,
        item_count=one.item_count + other.item_count,
        amount=None if one.amount is None or other.amount is None else one.amount + other.amount,
        of_which_count=None if one.of_which_count is None else one.of_which_count + (other.of_which_count or 0),
        duration_seconds=None if one.duration_seconds is None else one.duration_seconds + (other.duration_seconds or 0),
    )


@dataclass(frozen=True, slots=True)
class VatReturn:
    """The boxes of a VAT return that sales decide (VAT Notice 700/12). Input tax is not kept here: 4, 5, 7, 8 and 9 come from purchases."""

    box_1: Money
    """VAT due on sales."""
    box_2: Money
    """VAT due on goods acquired in Northern Ireland from the EU: none, services alone are sold."""
    box_3: Money
    """Boxes 1 and 2."""
    box_6: int
    """Sales before VAT, reduced, exempt and reverse charge too: whole pounds, the pence left out."""
    earlier_vat: Money
    """Of box 1: from bills whose tax point lies in an earlier period (VAT Notice 700/45 on putting errors right)."""
    earlier_net: Money
    """Of box 6: from the same."""


def vat_return(vat: Iterable[VatFigure]) -> VatReturn:
    """The return that these figures make."""
    rows = tuple(vat)
    due, net = total(row.vat for row in rows), total(row.net for row in rows)
    pounds = abs(net.pence) // PENCE
    return VatReturn(
        due,
        ZERO,
        due,
        -pounds if net < ZERO else pounds,
        total(row.vat for row in rows if row.is_earlier),
        total(row.net for row in rows if row.is_earlier),
    )


def accrued(millionths: int) -> Money:
    """What unrounded prices come to, rounded once."""
    return to_money(Price(millionths))
