"""Adjustments as lines: what somebody credited or charged with a reason, and what of it is to be taken back.

A credit is its own line, of the tax and nominal of the line it credits, so it never changes what the difference rule
compares. What that rule gives back later of a charge that was credited already (a back-dated cease, a price put right)
would be given twice: the credits of a charge never come to more than the charge comes to, and what is over is taken back
on the next bill, by difference too (decision 0115).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from billing.rules.items import PER_ITEM
from billing.rules.lines import DraftLine
from billing.rules.vat import Tax, VatSum
from billing.words import LineKind
from css.core.calendar import ONE_DAY, Period
from css.core.money import ZERO, Money, Percent, Price, percent_of, total

_RENTALS: Final = frozenset({LineKind.RENTAL, LineKind.PART_PERIOD})


class Charge(NamedTuple):
    """What a service was charged for one period, whatever its prices and taxes were, or for breaking its minimum term."""

    service_id: int
    period_starts_on: date | None
    """None for the minimum term."""


def charge_of(kind: LineKind, service_id: int | None, period_starts_on: date | None) -> Charge | None:
    """The charge to which a line belongs; None for one that is never put right by difference."""
    if service_id is not None and kind in _RENTALS:
        return Charge(service_id, period_starts_on)
    if service_id is not None and kind is LineKind.TERMINATION:
        return Charge(service_id, None)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedLine:
    """The posted line that an adjustment credits."""

    line_id: int
    bill_id: int
    bill_number: str
    number: str | None
    starts_on: date | None
    ends_on: date | None
    service_id: int | None
    product_id: int | None
    charge: Charge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentLeft:
    """An adjustment that no bill has taken."""

    adjustment_id: int
    words: str
    net: Money
    tax: Tax
    nominal_code: str
    occurs_on: date
    credits: CreditedLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedCharge:
    """A charge of which something was credited, as the bills before this one say."""

    charge: Charge
    line_id: int
    """The line credited last."""
    bill_number: str
    number: str | None
    tax: Tax
    nominal_code: str
    charged: Money
    """Under all its prices and taxes, corrections included."""
    credited: Money
    """What was given, as a positive amount."""
    taken_back: Money
    """What of it was taken back because the charge itself had come down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCredit:
    """How much of a bill was given back at one rate before the credit note in hand."""

    bill_id: int
    tax: Tax
    net: Money
    """Positive, before VAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustments:
    """What is known of an account's adjustments at the cut."""

    left: Sequence[AdjustmentLeft] = ()
    charges: Sequence[CreditedCharge] = ()
    bills: Sequence[BillCredit] = ()
    """Of the bills that what is left credits."""


NONE: Final = Adjustments()


def adjustment_lines(left: Iterable[AdjustmentLeft]) -> Iterator[DraftLine]:
    """One line for each adjustment."""
    for one in left:
        line = one.credits
        yield DraftLine(
            kind=LineKind.ADJUSTMENT,
            words=one.words,
            net=one.net,
            tax=one.tax,
            nominal_code=one.nominal_code,
            quantity=-1 if one.net < ZERO else 1,
            unit=PER_ITEM,
            unit_price=_unsigned(one.net),
            number=line.number if line else None,
            reference=line.bill_number if line else None,
            starts_on=line.starts_on if line and line.starts_on else one.occurs_on,
            ends_on=line.ends_on if line and line.ends_on else one.occurs_on + ONE_DAY,
            service_id=line.service_id if line else None,
            product_id=line.product_id if line else None,
            adjustment_id=one.adjustment_id,
            corrects_line_id=line.line_id if line else None,
        )


def credit_note_left(left: Iterable[AdjustmentLeft]) -> tuple[AdjustmentLeft, ...]:
    """What a credit note takes: credits of posted lines. A supply without a line corrects no bill and waits for the next one."""
    return tuple(one for one in left if one.credits is not None and one.net < ZERO)


def credits_taken_back(adjustments: Adjustments, drafted: Iterable[DraftLine], on: date) -> Iterator[DraftLine]:
    """What must be taken back of credits because the charge itself comes down on this bill or has before, or is given again.

    Args:
        adjustments: of the account; ``left`` is on this bill too.
        drafted: this bill's lines by difference.
        on: the cut.
    """
    changed: dict[Charge, Money] = defaultdict(lambda: ZERO)
    for line in drafted:
        charge = charge_of(line.kind, line.service_id, line.rental_period_starts_on)
        if charge is not None:
            changed[charge] += line.net
    given: dict[Charge, Money] = defaultdict(lambda: ZERO)
    for one in adjustments.left:
        if one.credits is not None and one.credits.charge is not None:
            given[one.credits.charge] -= one.net
    for known in adjustments.charges:
        charged = max(known.charged + changed[known.charge], ZERO)
        should = max(known.credited + given[known.charge] - charged, ZERO)
        net = should - known.taken_back
        if net:
            yield _taken_back(known, net, on)


def _taken_back(known: CreditedCharge, net: Money, on: date) -> DraftLine:
    again = net < ZERO
    said = "Credit given again" if again else "Less what was credited already"
    return DraftLine(
        kind=LineKind.ADJUSTMENT,
        words=f"{said} of a charge on bill {known.bill_number}",
        net=net,
        tax=known.tax,
        nominal_code=known.nominal_code,
        quantity=-1 if again else 1,
        unit=PER_ITEM,
        unit_price=_unsigned(net),
        number=known.number,
        reference=known.bill_number,
        starts_on=on,
        ends_on=on + ONE_DAY,
        service_id=known.charge.service_id,
        corrects_line_id=known.line_id,
    )


def _unsigned(net: Money) -> Price:
    return Price.of(abs(net.pence))


def credit_note_vat(taken: Sequence[AdjustmentLeft], bills: Iterable[BillCredit]) -> tuple[VatSum, ...]:
    """The VAT of a credit note: for each bill it credits, at each rate, the VAT on all that was given back of it by now, less
    the VAT on what was given back before.

    So each credit is within a penny of the VAT on itself, and when a bill's rate is given back whole, in however many
    credits, the VAT given back is the VAT charged, to the penny (decision 0115).
    """
    before = {(bill.bill_id, bill.tax): bill.net for bill in bills}
    nets: dict[tuple[int, Tax], Money] = defaultdict(lambda: ZERO)
    for one in taken:
        if one.credits is not None:
            nets[one.credits.bill_id, one.tax] -= one.net
    of_rate: dict[Tax, list[VatSum]] = defaultdict(list)
    for (bill_id, tax), net in nets.items():
        given, rate = before.get((bill_id, tax), ZERO), Percent(tax.basis_points)
        of_rate[tax].append(VatSum(tax, -net, percent_of(given, rate) - percent_of(given + net, rate)))
    return tuple(VatSum(tax, total(one.net for one in sums), total(one.vat for one in sums)) for tax, sums in sorted(of_rate.items()))


def credit_note_period(lines: Sequence[DraftLine], cut: date) -> Period:
    """The days a credit note is about: those of the lines it credits."""
    starts = [line.starts_on for line in lines if line.starts_on]
    ends = [line.ends_on for line in lines if line.ends_on]
    return Period(min(starts), max(ends)) if starts and ends else Period(cut, cut + ONE_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLeft:
    """A posted line with what was credited of it so far; all amounts positive."""

    net: Money
    credited: Money
    charged: Money
    """What its charge comes to with all corrections; the line's own net where it belongs to none."""
    charge_credited: Money
    """What was credited of that and not taken back."""
    rate_net: Money
    """What its bill charges at its rate of VAT, less discounts and promotions, which stand on lines of their own."""
    rate_credited: Money


def creditable(line: LineLeft) -> Money:
    """How much of a line may still be credited: no more than is left of it, of its charge as it stands by now, and of its bill
    at its rate of VAT.
    """
    left = min(line.net - line.credited, line.charged - line.charge_credited, line.rate_net - line.rate_credited)
    return max(left, ZERO)
