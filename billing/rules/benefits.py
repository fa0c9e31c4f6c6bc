"""Discounts by difference: what should have been taken off the calls of a month, less what was, is what is written.

The two meet under one key: benefit, service, month and tax. The tax is that of the calls reduced, so a month across a
change of rate has a line for each. Posted lines are never touched; a late call, another price or a number named for days
gone by comes out as one correcting line on the next bill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from billing.rules.benefits_calls import Benefit, CallsAtCut, MonthKey, Reduction, take_off
from billing.rules.lines import Discounted, DraftAllowanceMonth, DraftLine
from billing.rules.vat import Tax, VatHistory, tax_at
from billing.words import BenefitKind, BenefitScope, LineKind, NominalCode
from css.core.calendar import ONE_DAY, add_months
from css.core.money import ZERO, Money, Price, to_money
from css.core.pricing import VatRow
from css.core.words import VatCode

AMOUNT: Final = "item"
"""The unit of a discount line: an amount, of which the months' seconds are told apart from it."""


class PostedDiscount(NamedTuple):
    """A line of an earlier bill, the oldest first."""

    line_id: int
    net: Money
    ends_on: date


@dataclass(frozen=True, slots=True)
class PostedKey:
    """What was posted under one benefit, service, month and tax."""

    benefit: Benefit
    number: str | None
    lines: Sequence[PostedDiscount]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitsAtCut:
    """All that an account's discounts are decided from."""

    calls: CallsAtCut
    posted: Mapping[tuple[MonthKey, Tax], PostedKey] = field(default_factory=dict)
    """Of all months; those before the first reckoned again are left as they are."""
    stored: Mapping[MonthKey, DraftAllowanceMonth] = field(default_factory=dict)
    """What the last bill that reckoned a month made of each allowance in it."""

    def taken_off(self, status: VatHistory, vat_rates: tuple[VatRow, ...]) -> Discounted:  # noqa: ARG002 - a rated call knows its rate
        """The discount lines of a bill, and the allowance months to store with it; none where nothing changed.

        ``status`` is how the account is taxed when: a discount is taxed like the calls it reduces, each by its day.
        """
        taken = take_off(self.calls)
        due = amounts_due(taken.reductions, status)
        return Discounted(tuple(_lines(self, due)), tuple(_changed(self, taken.allowances)))


def amounts_due(reductions: Sequence[Reduction], status: VatHistory) -> Mapping[tuple[MonthKey, Tax], Money]:
    """What should be taken off under each key: the exact sum over its calls, rounded once. Negative."""
    taxes: dict[tuple[date, int], Tax] = {}
    # Over each denominator apart, of which there are few: adding fractions one by one is what would take the time.
    exact: dict[tuple[MonthKey, Tax], dict[int, int]] = {}
    for reduction in reductions:
        call, (above, below) = reduction.call, reduction.amount
        tax = taxes.get((call.day, call.basis_points))
        if tax is None:
            tax = taxes[call.day, call.basis_points] = tax_at(status.on(call.day), VatCode.STANDARD, call.basis_points)
        sums = exact.setdefault((reduction.key, tax), {})
        sums[below] = sums.get(below, 0) + above
    return {
        key: -to_money(_ONE_MILLIONTH, sum((Fraction(above, below) for below, above in sums.items()), Fraction(0)))
        for key, sums in exact.items()
    }


_ONE_MILLIONTH: Final = Price(1)


def _lines(at_cut: BenefitsAtCut, due: Mapping[tuple[MonthKey, Tax], Money]) -> Iterator[DraftLine]:
    givers = {(giver.benefit.benefit_id, giver.service_id): giver for giver in at_cut.calls.givers}
    for (key, tax), amount in due.items():
        giver = givers[key.benefit_id, key.service_id]
        number = giver.number if giver.benefit.scope is BenefitScope.LINE else None
        posted = at_cut.posted.get((key, tax), PostedKey(giver.benefit, number, ()))
        yield from _difference(at_cut, key, tax, posted, amount, giver.starts_on)
    for (key, tax), posted in at_cut.posted.items():
        if (key, tax) not in due and key.month_starts_on >= _from(at_cut, posted.benefit):
            yield from _difference(at_cut, key, tax, posted, ZERO, key.month_starts_on)


def _from(at_cut: BenefitsAtCut, benefit: Benefit) -> date:
    return at_cut.calls.volume_from if benefit.kind is BenefitKind.VOLUME else at_cut.calls.months_from


def _month_end(at_cut: BenefitsAtCut, benefit: Benefit, key: MonthKey) -> date:
    """The first day after the month."""
    if benefit.kind is BenefitKind.VOLUME:
        return add_months(key.month_starts_on, 1)
    return at_cut.calls.months.month_of(key.month_starts_on).ends_on


def _difference(at_cut: BenefitsAtCut, key: MonthKey, tax: Tax, posted: PostedKey, amount: Money, given_from: date) -> Iterator[DraftLine]:
    was = Money(sum(line.net.pence for line in posted.lines))
    net = amount - was
    if net == ZERO:
        return
    words, month_ends_on = posted.benefit.words, _month_end(at_cut, posted.benefit, key)
    # A bill made within the month says up to its cut: what comes after that is the rest of the month, not a mistake put right.
    was_whole = posted.lines and posted.lines[-1].ends_on >= month_ends_on
    starts_on = max(key.month_starts_on, given_from)
    yield DraftLine(
        kind=LineKind.DISCOUNT,
        words=f"{words}, put right" if was_whole or (posted.lines and net > ZERO) else words,
        net=net,
        tax=tax,
        nominal_code=NominalCode.DISCOUNTS,
        quantity=-1 if net < ZERO else 1,
        unit=AMOUNT,
        number=posted.number,
        starts_on=starts_on,
        ends_on=max(min(month_ends_on, at_cut.calls.cut + ONE_DAY), starts_on + ONE_DAY),
        service_id=key.service_id,
        benefit_id=key.benefit_id,
        benefit_month_starts_on=key.month_starts_on,
        corrects_line_id=posted.lines[-1].line_id if posted.lines else None,
    )


def _changed(at_cut: BenefitsAtCut, months: Sequence[DraftAllowanceMonth]) -> Iterator[DraftAllowanceMonth]:
    """The months of allowances that are not stored as they are now; one that is none any more is stored as nothing."""
    now = {MonthKey(month.benefit_id, month.service_id, month.month_starts_on): month for month in months}
    for key, month in now.items():
        if at_cut.stored.get(key) != month:
            yield month
    for key, stored in at_cut.stored.items():
        if key not in now and key.month_starts_on >= at_cut.calls.months_from:
            nothing = replace(stored, granted_seconds=0, rolled_in_seconds=0, used_seconds=0, left_seconds=())
            if nothing != stored:
                yield nothing
