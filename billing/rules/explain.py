"""Why a bill line is what it is: the price version, the days and the sum, in words that can be reckoned again by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from billing.rules.lines import PER_CORRECTION
from billing.rules.vat import REASONS, Tax
from billing.words import LineKind
from css.core.calendar import ONE_DAY
from css.core.money import MILLIONTHS, Money, Percent, Price, round_half_up
from css.core.words import PriceBasis

SHOWN_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """The dated price a rental was charged at."""

    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    net_price: Price
    gross_price: Price


@dataclass(frozen=True, slots=True)
class Corrected:
    """The line that a line puts right."""

    bill_number: str
    line_number: int
    net: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A posted line as the explanation needs it."""

    kind: LineKind
    net: Money
    tax: Tax
    quantity: int
    unit: str
    unit_price: Price | None
    price_per: int
    starts_on: date | None
    ends_on: date | None
    duration_seconds: int | None
    reference: str | None
    price: PriceVersion | None
    corrects: Corrected | None


def why(line: LineFacts) -> str:
    """The explanation: price, days, arithmetic, rounding, VAT and what is put right, sentence by sentence."""
    return " ".join(sentence for sentence in (_price(line), _sum(line), _correction(line), _vat(line.tax)) if sentence)


def _price(line: LineFacts) -> str:
    price = line.price
    if price is None:
        return ""
    until = "" if price.ends_on is None else f" to {_day(price.ends_on - ONE_DAY)}"
    published = f"published as {price.gross_price} pence with VAT" if price.basis is PriceBasis.GROSS else "published without VAT"
    return f"The price in force from {_day(price.starts_on)}{until} is {price.net_price} pence a month net, {published}."


def _sum(line: LineFacts) -> str:
    if line.kind is LineKind.CALLS and line.unit == PER_CORRECTION:
        count = abs(line.quantity)
        calls = f"{count} {'call' if count == 1 else 'calls'} of {_days(line)} {'was' if count == 1 else 'were'} priced anew"
        return f"{calls}; the exact sum of what they should cost less what was charged is rounded once, half up, to {line.net.sterling}."
    if line.kind is LineKind.CALLS:
        calls = f"{line.quantity} {'call' if line.quantity == 1 else 'calls'} lasting {_duration(line.duration_seconds or 0)}"
        return f"{calls}, priced one by one when they were rated; their exact sum is rounded once, half up, to {line.net.sterling}."
    if line.unit_price is None:
        return f"{line.net.sterling} brings what was charged to what should have been."
    exact = Fraction(line.unit_price.millionths, MILLIONTHS) * Fraction(line.quantity, line.price_per)
    over = "" if line.price_per == 1 else f" / {line.price_per}"
    days = f"{_days(line)}: " if line.starts_on and line.ends_on else ""
    rounded = Money(round_half_up(exact))
    said = f"{days}{line.unit_price} x {line.quantity}{over} = {_exact(exact)} pence, rounded half up to {rounded.sterling}."
    if rounded != line.net:
        said += f" The line is {line.net.sterling}: with the lines before it the sum is what one rounding of the whole gives."
    return said


def _days(line: LineFacts) -> str:
    assert line.starts_on is not None, "asked only for lines with dates"
    assert line.ends_on is not None, "asked only for lines with dates"
    last = line.ends_on - ONE_DAY
    if last == line.starts_on:
        return _day(last)
    if line.unit == "day":
        return f"{abs(line.quantity)} of {line.price_per} days, {_day(line.starts_on)} to {_day(last)}"
    return f"{_day(line.starts_on)} to {_day(last)}"


def _correction(line: LineFacts) -> str:
    if line.corrects is None:
        return ""
    one = line.corrects
    return f"It puts right line {one.line_number} of bill {one.bill_number} ({one.net.sterling})."


def _vat(tax: Tax) -> str:
    if tax.category in REASONS:
        return f"{REASONS[tax.category]}."
    return "Zero-rated for VAT." if tax.category == "Z" else f"VAT at {Percent(tax.basis_points)}% is reckoned once, on the bill's total."


def _exact(pence: Fraction) -> str:
    scaled = round_half_up(pence * 10**SHOWN_PLACES)
    whole, part = divmod(abs(scaled), 10**SHOWN_PLACES)
    shown = f"{whole}.{part:0{SHOWN_PLACES}d}".rstrip("0").rstrip(".")
    return f"{'-' if scaled < 0 else ''}{shown}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _duration(seconds: int) -> str:
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}"
