"""Calls and items that bills have taken, of days for which the account's VAT status changed since: moved to the VAT they should bear.

By difference as everything is: how the account was taxed when, as it was known at the last bill's cut, against what is known
at this one. What bills have taken of the days between the two is credited at the old tax and charged at the new one, so a
status changed back gives exactly the reverse, and a second run, which knows nothing new, writes nothing (decision 0110).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple

from billing.rules.items import PER_ITEM, called_words
from billing.rules.lines import PER_RETAXED, DraftLine
from billing.rules.vat import Tax, VatHistory, tax_at, tax_on
from billing.words import LineKind, NominalCode
from css.core.calendar import ONE_DAY, to_london
from css.core.money import ZERO, Money, Price, to_money
from css.core.pricing import VatRow
from css.core.words import VatCode, VatStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsTaken:
    """Calls of one number, class, band and rate on earlier bills, with what re-rating made of them, of days taxed otherwise now."""

    service_id: int
    number: str
    charge_class: str
    band: str
    basis_points: int
    was: VatStatus
    now: VatStatus
    call_count: int
    net: Price
    """The exact sum of what they were charged."""
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTaken:
    """An item on an earlier bill, of a day that is taxed otherwise now."""

    line_id: int
    service_id: int | None
    product_id: int | None
    number: str | None
    words: str
    reference: str | None
    nominal_code: str
    vat_code: VatCode
    occurs_on: date
    quantity: int
    unit_price: Price | None
    charged: Money
    """By its line."""
    standing: Mapping[Tax, Money]
    """What of it stands at which tax by now, corrections before this one counted in."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What bills have taken of days that are taxed otherwise now."""

    calls: Sequence[CallsTaken] = ()
    items: Sequence[ItemTaken] = ()


NOTHING: Final = Taken()


class MovedKey(NamedTuple):
    """Which line moved calls are on."""

    number: str
    charge_class: str
    band: str
    tax: Tax
    is_credit: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """The calls of one such line. A number of them is on two lines, credited on one and charged on the other."""

    service_id: int
    call_count: int
    net: Price
    """Exact and signed."""
    first_on: date
    last_on: date

    @property
    def amount(self) -> Money:
        """Rounded once, a credit as its charge."""
        return to_money(self.net)


def moved_calls(calls: Iterable[CallsTaken]) -> Mapping[MovedKey, Moved]:
    """What is credited at the old tax and charged at the new one. Calls are a standard-rated supply, as ``items.call_lines`` says."""
    found: dict[MovedKey, Moved] = {}
    for one in calls:
        old, new = (tax_at(status, VatCode.STANDARD, one.basis_points) for status in (one.was, one.now))
        if old == new:
            continue
        days = to_london(one.first_at).date(), to_london(one.last_at).date()
        for tax, net in ((old, -one.net), (new, one.net)):
            key = MovedKey(one.number, one.charge_class, one.band, tax, net.millionths < 0)
            moved = Moved(one.service_id, one.call_count, net, *days)
            before = found.get(key)
            found[key] = moved if before is None else _together(before, moved)
    return found


def _together(one: Moved, other: Moved) -> Moved:
    return replace(
        one,
        call_count=one.call_count + other.call_count,
        net=one.net + other.net,
        first_on=min(one.first_on, other.first_on),
        last_on=max(one.last_on, other.last_on),
    )


def retaxed_lines(taken: Taken, status: VatHistory, rates: tuple[VatRow, ...]) -> Iterator[DraftLine]:
    """The lines that put the VAT right of what bills have taken; none where nothing of it is taxed otherwise.

    Args:
        taken: of the days whose status changed.
        status: how the account is taxed when, as known at this cut.
        rates: of VAT. NotFound CSS103E where there is none for an item.
    """
    for key, moved in moved_calls(taken.calls).items():
        if moved.amount:
            yield _calls_line(key, moved)
    for item in taken.items:
        yield from _item_lines(item, tax_on(rates, status.on(item.occurs_on), item.vat_code, item.occurs_on))


def _calls_line(key: MovedKey, moved: Moved) -> DraftLine:
    return DraftLine(
        kind=LineKind.CALLS,
        words=f"Calls to {called_words(key.charge_class, key.band)}: VAT put right",
        net=moved.amount,
        tax=key.tax,
        nominal_code=NominalCode.CALLS,
        quantity=-moved.call_count if key.is_credit else moved.call_count,
        unit=PER_RETAXED,
        number=key.number,
        starts_on=moved.first_on,
        ends_on=moved.last_on + ONE_DAY,
        service_id=moved.service_id,
        charge_class=key.charge_class,
        band=key.band,
        # The calls stay where they were: none is made longer or shorter.
        duration_seconds=0,
    )


def _item_lines(item: ItemTaken, tax: Tax) -> Iterator[DraftLine]:
    should: dict[Tax, Money] = defaultdict(lambda: ZERO, {tax: item.charged})
    for one in sorted({*item.standing, tax}):
        net = should[one] - item.standing.get(one, ZERO)
        if net:
            yield DraftLine(
                kind=LineKind.ONE_OFF,
                words=f"{item.words}: VAT put right",
                net=net,
                tax=one,
                nominal_code=item.nominal_code,
                quantity=-abs(item.quantity) if net < ZERO else abs(item.quantity),
                unit=PER_ITEM,
                unit_price=item.unit_price,
                number=item.number,
                reference=item.reference,
                starts_on=item.occurs_on,
                ends_on=item.occurs_on + ONE_DAY,
                service_id=item.service_id,
                product_id=item.product_id,
                corrects_line_id=item.line_id,
            )
