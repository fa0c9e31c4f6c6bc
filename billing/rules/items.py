"""Lines for what other rooms left on the shelf, and for calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from billing.rules.charges import PriceBook
from billing.rules.lines import PER_CORRECTION, DraftLine
from billing.rules.vat import Tax, VatHistory, tax_at, tax_on
from billing.words import LineKind, NominalCode
from css.core.calendar import ONE_DAY, to_london
from css.core.money import ZERO, Price, to_money
from css.core.words import VatCode

PER_ITEM, PER_CALL = "item", "call"

BAND_WORDS: Final = {"day": "daytime", "evening": "evening", "weekend": "weekend"}
CLASS_WORDS: Final = {
    "GEO": "UK landlines",
    "UKW": "03 numbers",
    "MOB": "UK mobiles",
    "PER": "personal and paging numbers",
    "FREE": "free numbers",
    "NTS84": "084 numbers",
    "NTS87": "087 numbers",
    "PRS": "premium rate numbers",
    "DQ": "directory enquiries",
    "OPER": "operator and network services",
    "INT1": "Ireland and North America",
    "INT2": "Western Europe",
    "INT3": "the rest of the world",
}
"""The charge classes of the reference tariffs as a sentence on the bill ends; another tariff's class stands as it is."""


@dataclass(frozen=True, slots=True)
class ItemLeft:
    """A billable item as it lies on the shelf."""

    billable_item_id: int
    service_id: int | None
    product_id: int
    number: str | None
    words: str
    reference: str
    quantity: int
    net_price: Price
    vat_code: VatCode
    occurs_on: date


@dataclass(frozen=True, slots=True)
class CallSum:
    """The calls of one telephone number to one class of destination in one band at one rate of VAT, added up.

    Or what re-rating corrected of earlier ones: then ``call_count`` says how many of them, ``duration_seconds`` what it adds to
    the account's seconds, and ``net`` what it adds to their price.
    """

    service_id: int
    number: str
    charge_class: str
    band: str
    basis_points: int
    call_count: int
    duration_seconds: int
    net: Price
    """The exact sum of the calls' prices."""
    first_at: datetime
    """When the first of them began."""
    last_at: datetime
    """When the last of them began."""
    is_correction: bool = False


def item_lines(items: Iterable[ItemLeft], status: VatHistory, book: PriceBook) -> Iterator[DraftLine]:
    """One line for each item, taxed by the day of the event. NotFound CSS103E when there is no rate of VAT for it."""
    for item in items:
        net = to_money(item.net_price * item.quantity)
        product = book.products[item.product_id]
        yield DraftLine(
            kind=LineKind.ONE_OFF,
            words=item.words,
            net=net,
            tax=tax_on(book.vat_rates, status.on(item.occurs_on), item.vat_code, item.occurs_on),
            # A rented product is charged once only when it is connected.
            nominal_code=product.nominal_code if product.is_one_off else NominalCode.CONNECTIONS,
            quantity=-item.quantity if net < ZERO else item.quantity,
            unit=PER_ITEM,
            unit_price=-item.net_price if item.net_price.millionths < 0 else item.net_price,
            number=item.number,
            reference=item.reference,
            starts_on=item.occurs_on,
            ends_on=item.occurs_on + ONE_DAY,
            service_id=item.service_id,
            product_id=item.product_id,
            billable_item_id=item.billable_item_id,
        )


def call_lines(sums: Iterable[CallSum], status: VatHistory, *, starts_on: date, ends_on: date) -> Iterator[DraftLine]:
    """One line for each number, class, band and tax, rounded once; corrections of earlier calls on lines of their own.

    A sum holds no calls from both sides of a change of the account's VAT status: each call has the status of its day. Calls are a
    standard-rated supply taxed at the rate of their day; for an account under exemption or reverse charge the rates fall
    together. A line of corrections is for the days of the calls that it corrects.
    """
    merged: dict[tuple[bool, str, str, str, Tax], CallSum] = {}
    for one in sums:
        tax = tax_at(status.on(to_london(one.first_at).date()), VatCode.STANDARD, one.basis_points)
        key = (one.is_correction, one.number, one.charge_class, one.band, tax)
        before = merged.get(key)
        merged[key] = one if before is None else _together(before, one)
    for (is_correction, number, charge_class, band, tax), one in merged.items():
        net = to_money(one.net)
        called = f"alls to {called_words(charge_class, band)}"
        yield DraftLine(
            kind=LineKind.CALLS,
            words=f"Correction of c{called}" if is_correction else f"C{called}",
            net=net,
            tax=tax,
            nominal_code=NominalCode.CALLS,
            quantity=-one.call_count if net < ZERO else one.call_count,
            unit=PER_CORRECTION if is_correction else PER_CALL,
            number=number,
            starts_on=to_london(one.first_at).date() if is_correction else starts_on,
            ends_on=to_london(one.last_at).date() + ONE_DAY if is_correction else ends_on,
            service_id=one.service_id,
            charge_class=charge_class,
            band=band,
            duration_seconds=one.duration_seconds,
        )


def called_words(charge_class: str, band: str) -> str:
    """Where calls went and when, as a line of theirs ends."""
    return f"{CLASS_WORDS.get(charge_class, charge_class)}, {BAND_WORDS.get(band, band)}"


def _together(one: CallSum, other: CallSum) -> CallSum:
    return CallSum(
        one.service_id,
        one.number,
        one.charge_class,
        one.band,
        one.basis_points,
        one.call_count + other.call_count,
        one.duration_seconds + other.duration_seconds,
        one.net + other.net,
        min(one.first_at, other.first_at),
        max(one.last_at, other.last_at),
        one.is_correction,
    )
