"""What benefits gave, call by call, as an explanation tells it: the outcome of ``billing.rules.benefits_calls`` in sums and words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from billing.rules.benefits_calls import Benefit, CallsAtCut, Giver, MonthKey, Reduction, counts_as_spend, take_off
from billing.rules.benefits_months import calendar_month
from billing.rules.explain_facts import Covered, DiscountGiven
from billing.rules.explain_sum import shown
from billing.rules.explain_words import clock
from billing.rules.items import CLASS_WORDS
from billing.rules.lines import DraftAllowanceMonth
from billing.rules.vat import Tax, VatHistory, tax_at
from billing.words import BenefitKind, BenefitScope
from css.core.calendar import add_months
from css.core.money import MILLIONTHS, Price
from css.core.words import VatCode

HUNDRED: Final = 100

Shown = Callable[[str], str]
"""A number as displayed, masked or not at all, as the payer wants."""


class DiscountKey(NamedTuple):
    """Which line a reduction is on."""

    month: MonthKey
    tax: Tax


def discounts_given(
    at_cut: CallsAtCut, wanted: Iterable[DiscountKey], history: VatHistory, number_shown: Shown, record_shown: Callable[[int], str]
) -> Mapping[DiscountKey, DiscountGiven]:
    """By line, what should be given; of one whose month has nothing to give any more, nothing: it takes back what was given before."""
    taken = take_off(at_cut)
    covered: dict[DiscountKey, list[Covered]] = {key: [] for key in wanted}
    left = {_key(month): month.granted_seconds + month.rolled_in_seconds for month in taken.allowances}
    for call, same in groupby(taken.reductions, key=lambda one: one.call):
        tax = tax_at(history.on(call.day), VatCode.STANDARD, call.basis_points)
        remains = Fraction(call.net_millionths)
        for one in same:
            if one.seconds:
                left[one.key] -= one.seconds
            key = DiscountKey(one.key, tax)
            if key in covered:
                covered[key].append(
                    Covered(
                        record=record_shown(call.record_id),
                        on=call.day,
                        other_number=number_shown(call.other_number),
                        duration_seconds=call.duration_seconds,
                        sum=_sum(one, remains),
                        words=_words(one, left.get(one.key, 0)),
                    )
                )
            remains -= one.millionths
    allowances = {_key(month): month for month in taken.allowances}
    givers = {(giver.benefit.benefit_id, giver.service_id): giver for giver in at_cut.givers}
    return {
        key: _given(at_cut, givers[key.month.benefit_id, key.month.service_id], key.month, allowances.get(key.month), calls)
        for key, calls in covered.items()
        if (key.month.benefit_id, key.month.service_id) in givers
    }


def _key(month: DraftAllowanceMonth) -> MonthKey:
    return MonthKey(month.benefit_id, month.service_id, month.month_starts_on)


def _sum(one: Reduction, remains: Fraction) -> str:
    """The price of the call, what of it the reductions before have left, and the share of that which is taken."""
    price = Price(one.call.net_millionths)
    said = f"-{price}"
    if not one.seconds:
        left = remains / one.call.net_millionths
        if left != 1:
            said += f" x {left.numerator} / {left.denominator}"
    share = one.percent
    if share == 1:
        return said
    if not one.seconds and (HUNDRED * share * HUNDRED).denominator == 1:
        return f"{said} x {shown(share * HUNDRED)} / {HUNDRED}"
    return f"{said} x {share.numerator} / {share.denominator}"


def _words(one: Reduction, left: int) -> str:
    if one.seconds:
        part = "all" if one.percent == 1 else f"{one.percent.numerator}/{one.percent.denominator}"
        return f"{clock(one.seconds)} of the allowance cover {part} of it, {clock(left)} left"
    return f"{shown(one.percent * HUNDRED)}% of what remains"


def _given(
    at_cut: CallsAtCut, giver: Giver, month: MonthKey, allowance: DraftAllowanceMonth | None, covered: list[Covered]
) -> DiscountGiven:
    benefit = giver.benefit
    is_volume = benefit.kind is BenefitKind.VOLUME
    ends_on = add_months(month.month_starts_on, 1) if is_volume else at_cut.months.month_of(month.month_starts_on).ends_on
    return DiscountGiven(
        code=benefit.code,
        words=benefit.words,
        kind=benefit.kind,
        scope=benefit.scope,
        month_starts_on=month.month_starts_on,
        month_ends_on=ends_on,
        terms=tuple(_terms(at_cut, giver, month)),
        granted_seconds=None if allowance is None else allowance.granted_seconds,
        rolled_in_seconds=None if allowance is None else allowance.rolled_in_seconds,
        used_seconds=None if allowance is None else allowance.used_seconds,
        left_seconds=None if allowance is None else sum(allowance.left_seconds),
        covered=tuple(covered),
    )


def _terms(at_cut: CallsAtCut, giver: Giver, month: MonthKey) -> Iterator[str]:
    benefit = giver.benefit
    classes = ", ".join(CLASS_WORDS.get(one, one) for one in sorted(benefit.charge_classes))
    bands = "" if benefit.bands is None else f", {' and '.join(sorted(benefit.bands))} only"
    yield f"It is for calls to {classes}{bands}."
    match benefit.kind:
        case BenefitKind.ALLOWANCE:
            yield from _allowance_terms(benefit, giver.quantity)
        case BenefitKind.FRIENDS:
            best = "" if benefit.best_percent is None else f", {benefit.best_percent}% off those to the best of them"
            yield f"It takes {benefit.percent}% off calls to the numbers named{best}."
        case BenefitKind.OPTION:
            yield f"It takes {benefit.percent}% off each of them."
        case BenefitKind.VOLUME:
            yield from _volume_terms(at_cut, giver, month)


def _allowance_terms(benefit: Benefit, quantity: int) -> Iterator[str]:
    times = "" if quantity == 1 else f", {quantity} times"
    shared = "A part of a month gives that part of it, in whole seconds." if benefit.is_prorated else "A part of a month gives all of it."
    yield f"A month gives {clock(benefit.allowance_seconds)}{times}. {shared} A call uses it up in units of {benefit.unit_seconds} s."
    if benefit.rollover_months:
        months = "1 further month" if benefit.rollover_months == 1 else f"{benefit.rollover_months} further months"
        yield f"What is not used may be used for {months}; the oldest is used first."


def _volume_terms(at_cut: CallsAtCut, giver: Giver, month: MonthKey) -> Iterator[str]:
    benefit = giver.benefit
    steps = "; ".join(f"{step.percent}% from {step.from_amount.sterling}" for step in benefit.steps)
    how = "each part of the spend at its own step" if benefit.is_graduated else "all of it at the last step reached"
    yield f"Its steps are {steps}: {how}."
    spend = _spend(at_cut, giver, month)
    whose = {BenefitScope.LINE: "the line", BenefitScope.ACCOUNT: "the account", BenefitScope.GROUP: "the whole group"}[benefit.scope]
    spent = shown(Fraction(spend, MILLIONTHS))
    yield f"In the calendar month {whose} spent {spent}p on such calls, before VAT and before anything came off."


def _spend(at_cut: CallsAtCut, giver: Giver, month: MonthKey) -> int:
    benefit = giver.benefit
    if benefit.scope is BenefitScope.GROUP:
        return at_cut.group_spend.get((benefit.benefit_id, month.month_starts_on), 0)
    return sum(
        call.net_millionths
        for call in at_cut.calls
        if calendar_month(call.day) == month.month_starts_on
        and counts_as_spend(benefit, call.charge_class, call.band)
        and (benefit.scope is not BenefitScope.LINE or call.line_id == giver.line_id)
    )


__all__ = ["DiscountKey", "Shown", "discounts_given"]
