"""What the calls of a bill were: by class and band, beside the bill before, and the numbers most was spent on.

The sums are those of the posted lines, each rounded once, so that the summary adds up to what the bill charges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from billing.document import TopNumber, UsageRow, UsageSummary
from billing.rules.items import CLASS_WORDS
from billing.rules.privacy import FREE_CLASSES
from css.core.money import MILLIONTHS, ZERO, Money, Price, to_money, total

BAND_TITLES: Final = {"day": "Day", "evening": "Evening", "weekend": "Weekend"}
TOP_NUMBERS: Final = 5
"""Shown only when more numbers were called than these: else the list of calls says it as well."""

_CLASS_ORDER: Final = {charge_class: place for place, charge_class in enumerate(CLASS_WORDS)}
_BAND_ORDER: Final = {band: place for place, band in enumerate(BAND_TITLES)}
_LAST: Final = 99


class UsageLine(NamedTuple):
    """Calls of one class in one band as a bill has charged them, before anything was taken off."""

    charge_class: str
    band: str
    call_count: int
    duration_seconds: int
    net: Money


class NumberCalled(NamedTuple):
    """One call made, by the number as displayed."""

    number: str
    destination: str
    duration_seconds: int
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageBefore:
    """The calls of the last bill that took any, and how many days it took them from."""

    bill_number: str
    days: int
    lines: Sequence[UsageLine]


def usage_summary(
    lines: Iterable[UsageLine], made: Iterable[NumberCalled], *, days: int, before: UsageBefore | None
) -> UsageSummary | None:
    """The summary of a bill that takes the calls of so many days; None when there are none on it nor on the bill before.

    ``made`` is what may be told of single calls: nothing unless calls are itemised in full.
    """
    now = _sums(lines)
    then = _sums(before.lines) if before else {}
    if not now and not then:
        return None
    keys = sorted(now.keys() | then.keys(), key=_place)
    return UsageSummary(
        rows=tuple(_row(key, now.get(key), then.get(key)) for key in keys),
        top_numbers=tuple(_top(made)),
        previous_bill=before.bill_number if before else "",
        remark=_remark(now.values(), then.values(), days, before) if before else "",
    )


def _sums(lines: Iterable[UsageLine]) -> dict[tuple[str, str], UsageLine]:
    """One for each class and band; calls that are free to the caller are not told of."""
    found: dict[tuple[str, str], UsageLine] = {}
    for line in lines:
        if line.charge_class in FREE_CLASSES and not line.net:
            continue
        key = (line.charge_class, line.band)
        held = found.get(key)
        found[key] = (
            line
            if held is None
            else UsageLine(*key, held.call_count + line.call_count, held.duration_seconds + line.duration_seconds, held.net + line.net)
        )
    return found


def _place(key: tuple[str, str]) -> tuple[int, str, int, str]:
    charge_class, band = key
    return _CLASS_ORDER.get(charge_class, _LAST), charge_class, _BAND_ORDER.get(band, _LAST), band


def _row(key: tuple[str, str], now: UsageLine | None, then: UsageLine | None) -> UsageRow:
    charge_class, band = key
    words = CLASS_WORDS.get(charge_class, charge_class)
    return UsageRow(
        charge_class=words[:1].upper() + words[1:],
        band=BAND_TITLES.get(band, band),
        call_count=now.call_count if now else 0,
        duration_seconds=now.duration_seconds if now else 0,
        price=_price(now),
        previous_count=then.call_count if then else 0,
        previous_duration_seconds=then.duration_seconds if then else 0,
        previous_price=_price(then),
    )


def _price(line: UsageLine | None) -> Price:
    return Price(line.net.pence * MILLIONTHS if line else 0)


def _top(made: Iterable[NumberCalled]) -> Iterator[TopNumber]:
    """The numbers most was spent on, the dearest first; at one price those called more often."""
    by_number: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    destinations: dict[str, str] = {}
    for call in made:
        sums = by_number[call.number]
        sums[0] -= call.price.millionths
        sums[1] -= 1
        sums[2] += call.duration_seconds
        destinations.setdefault(call.number, call.destination)
    if len(by_number) <= TOP_NUMBERS:
        return
    for number, (price, count, seconds) in sorted(by_number.items(), key=lambda one: (one[1][0], one[1][1], one[0]))[:TOP_NUMBERS]:
        yield TopNumber(number, destinations[number], -count, seconds, Price(-price))


def _remark(now: Iterable[UsageLine], then: Iterable[UsageLine], days: int, before: UsageBefore) -> str:
    """How the calls of two bills compare. Bills of different length are compared by the day too."""
    sum_now, sum_then = total(line.net for line in now), total(line.net for line in then)
    more = sum_now - sum_then
    if not more:
        said = f"As much as on bill {before.bill_number}"
    elif more > ZERO:
        said = f"{more.sterling} more than on bill {before.bill_number}"
    else:
        said = f"{(-more).sterling} less than on bill {before.bill_number}"
    if days == before.days or days < 1 or before.days < 1:
        return f"{said}."
    each, each_then = (_a_day(amount, count).sterling for amount, count in ((sum_now, days), (sum_then, before.days)))
    return f"{said}, which had the calls of {_days(before.days)} where this one has {_days(days)}: {each} a day, {each_then} then."


def _a_day(amount: Money, days: int) -> Money:
    return to_money(Price(amount.pence * MILLIONTHS), Fraction(1, days))


def _days(count: int) -> str:
    return f"{count:,} {'day' if count == 1 else 'days'}"
