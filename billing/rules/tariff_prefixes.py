"""Longest-prefix matching made flat: nested prefixes become sorted keys, so that one binary search finds the longest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from billing.rules.tariff import TariffVersion
from billing.rules.tariff_check import PREFIX_DIGITS_MAX

LENGTHS: Final = 16
NUMBER_SPACE: Final = 10**PREFIX_DIGITS_MAX * LENGTHS
"""Numbers are searched for by their first twelve digits, filled up with noughts, and then their length: so that 123 comes
after the prefix 123 and before the prefix 1230. A list of prefixes takes two such spaces of the 64-bit key, one for full
numbers and one for short codes."""

PrefixList = tuple[tuple[str, bool], ...]
"""The prefixes of a version in order, each with whether it is a short code's."""


def prefixes_of(version: TariffVersion) -> PrefixList:
    """What a version tells apart, in the order of its places."""
    return tuple(sorted({(rate.prefix, rate.is_short_code) for rate in version.rates}))


def distinct(lists: Iterable[PrefixList]) -> dict[PrefixList, int]:
    """Versions mostly differ in prices, not in prefixes: equal lists are searched once, which keeps the keys in cache."""
    found: dict[PrefixList, int] = {}
    for one in lists:
        found.setdefault(one, len(found))
    return found


def flat_prefixes(lists: Sequence[PrefixList]) -> tuple[list[int], list[int | None]]:
    """Nested prefixes as sorted keys with, from each key to the next, the place of the longest prefix.

    A prefix is the range of numbers it begins, so ranges nest or lie apart; walking them in order with a stack of the open
    ones gives the flat list. The first key is below every number, so that a search always lands.
    """
    ranges: list[tuple[int, int, int]] = []
    for index, prefixes in enumerate(lists):
        for place, (prefix, is_short_code) in enumerate(prefixes):
            width = 10 ** (PREFIX_DIGITS_MAX - len(prefix)) * LENGTHS
            start = (index * 2 + is_short_code) * NUMBER_SPACE + int(prefix) * width
            ranges.append((start + len(prefix), start + width, place))
    keys: list[int] = [-1]
    found: list[int | None] = [None]

    def mark(key: int, place: int | None) -> None:
        if keys[-1] == key:
            found[-1] = place
        else:
            keys.append(key)
            found.append(place)

    open_ranges: list[tuple[int, int]] = []
    for start, end, place in sorted(ranges, key=lambda one: (one[0], -one[1])):
        _close_until(start, open_ranges, mark)
        mark(start, place)
        open_ranges.append((end, place))
    _close_until(None, open_ranges, mark)
    return keys, found


def _close_until(start: int | None, open_ranges: list[tuple[int, int]], mark: Callable[[int, int | None], None]) -> None:
    """Close the ranges that end at or before ``start`` (None: all); where one ends, the range round it speaks again."""
    while open_ranges and (start is None or open_ranges[-1][0] <= start):
        end, _ = open_ranges.pop()
        mark(end, open_ranges[-1][1] if open_ranges else None)
