"""A book of tariffs compiled into columns, so that pricing a call is a handful of look-ups by position.

Every question the rating rule asks becomes a position in an array: which prefix (binary search among the sorted ends of
the prefixes, which is longest-prefix matching made flat), which rate (prefix by band), which VAT (day of the calendar).
Measured against joins this is several times faster, and it keeps the order of the calls (docs/decisions/0031).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

import polars as pl

from billing.rules.tariff import BANDS, TariffBook, TariffVersion
from billing.rules.tariff_check import PREFIX_DIGITS_MAX, tariff_faults
from css.core.calendar import Period
from css.core.errors import Several
from css.core.words import PriceBasis, VatCode

CALENDAR: Final = Period(date(1985, 1, 1), date(2085, 1, 1))
"""Calls outside it have neither a tariff nor a VAT rate, so they are rejected."""
CALENDAR_DAYS: Final = CALENDAR.days
FIRST_DAY: Final = (CALENDAR.starts_on - date(1970, 1, 1)).days

LENGTHS: Final = 16
NUMBER_SPACE: Final = 10**PREFIX_DIGITS_MAX * LENGTHS
"""Numbers are searched for by their first twelve digits, filled up with noughts, and then their length: so that 123 comes
after the prefix 123 and before the prefix 1230. A list of prefixes takes two such spaces of the 64-bit key, one for full
numbers and one for short codes."""
AMOUNT_MAX_MILLIONTHS: Final = 10**14
"""A million pounds for one call: past it the record is rejected, long before 64 bits overflow in silence."""


@dataclass(frozen=True, slots=True, eq=False)
class TariffTable:
    """The columns of a book. Built once a step by ``compile_tariffs``; read by ``rate`` and ``version_in_force``."""

    version_ids: pl.Series
    versions: pl.DataFrame
    """By version: list_index, starts_day and ends_day (positions in the calendar), day_from_minute, day_to_minute,
    unit_seconds, is_gross, rounding."""
    tariff_codes: pl.Series
    version_by_day: pl.Series
    """By tariff and day: tariff_version_id, null where no version is in force."""
    number_keys: pl.Series
    """Sorted search keys at which the longest prefix changes."""
    prefix_by_key: pl.Series
    """From each of those keys to the next: the place of the prefix in its list, null where none matches."""
    rate_by_place: pl.Series
    """By version, prefix of its list and band: which rate."""
    rates: pl.DataFrame
    """By rate: the columns of ``billing.rules.rating.PRICED_COLUMNS`` it decides, and _minimum, _units_max."""
    vat_by_day: pl.Series
    """Basis points."""


def compile_tariffs(book: TariffBook) -> TariffTable:
    """Compile a book; refuses one with faults, naming them all (``Several`` of CSS419E and CSS423E to CSS427E)."""
    faults = tariff_faults(book)
    if faults:
        raise Several(faults)
    codes = sorted({version.tariff_code for version in book.versions})
    lists = _distinct_lists(book.versions)
    keys, prefixes = _flat_prefixes(list(lists))
    first_places: list[int] = []
    places: list[int | None] = []
    row = 0
    for version in book.versions:
        spots = {prefix: place for place, prefix in enumerate(_prefixes(version))}
        first_places.append(len(places))
        of_version: list[int | None] = [None] * (len(spots) * len(BANDS))
        for rate in version.rates:
            of_version[spots[rate.prefix, rate.is_short_code] * len(BANDS) + BANDS.index(rate.band)] = row
            row += 1
        places += of_version
    standard = [row for row in book.vat if row.code is VatCode.STANDARD]
    return TariffTable(
        version_ids=pl.Series([version.tariff_version_id for version in book.versions], dtype=pl.Int64),
        versions=_version_columns(book.versions, [lists[_prefixes(version)] for version in book.versions], first_places),
        tariff_codes=pl.Series(codes, dtype=pl.String),
        version_by_day=_by_day(
            [(version.period, version.tariff_version_id) for version in book.versions if version.tariff_code == code] for code in codes
        ),
        number_keys=pl.Series(keys, dtype=pl.Int64),
        prefix_by_key=pl.Series(prefixes, dtype=pl.Int64),
        rate_by_place=pl.Series(places, dtype=pl.UInt32),
        rates=_rate_columns(book.versions),
        vat_by_day=_by_day([[(Period(row.starts_on, row.ends_on), row.percent.basis_points) for row in standard]]),
    )


PrefixList = tuple[tuple[str, bool], ...]
"""The prefixes of a version in order, each with whether it is a short code's."""


def _prefixes(version: TariffVersion) -> PrefixList:
    return tuple(sorted({(rate.prefix, rate.is_short_code) for rate in version.rates}))


def _distinct_lists(versions: Iterable[TariffVersion]) -> dict[PrefixList, int]:
    """Versions mostly differ in prices, not in prefixes: equal lists are searched once, which keeps the keys in cache."""
    lists: dict[PrefixList, int] = {}
    for version in versions:
        lists.setdefault(_prefixes(version), len(lists))
    return lists


def _version_columns(versions: Sequence[TariffVersion], list_indexes: Sequence[int], first_places: Sequence[int]) -> pl.DataFrame:
    days = [_days(version.period) for version in versions]
    return pl.DataFrame(
        {
            "list_index": pl.Series(list_indexes, dtype=pl.Int64),
            "first_place": pl.Series(first_places, dtype=pl.Int64),
            "starts_day": pl.Series([start for start, _ in days], dtype=pl.Int64),
            "ends_day": pl.Series([end for _, end in days], dtype=pl.Int64),
            "day_from_minute": pl.Series([_minute(version.daytime_from) for version in versions], dtype=pl.Int64),
            "day_to_minute": pl.Series([_minute(version.daytime_to) for version in versions], dtype=pl.Int64),
            "unit_seconds": pl.Series([version.rates[0].steps[0].unit_seconds for version in versions], dtype=pl.Int64),
            "is_gross": pl.Series([version.basis is PriceBasis.GROSS for version in versions], dtype=pl.Boolean),
            "rounding": pl.Series([version.price_rounding_millionths for version in versions], dtype=pl.Int64),
        }
    )


def _rate_columns(versions: Iterable[TariffVersion]) -> pl.DataFrame:
    rates = [rate for version in versions for rate in version.rates]
    return pl.DataFrame(
        {
            "rate_id": pl.Series([rate.rate_id for rate in rates], dtype=pl.Int64),
            "prefix": pl.Series([rate.prefix for rate in rates], dtype=pl.String),
            "band": pl.Series([rate.band for rate in rates], dtype=pl.String),
            "charge_class": pl.Series([rate.charge_class for rate in rates], dtype=pl.String),
            "destination": pl.Series([rate.destination for rate in rates], dtype=pl.String),
            "is_itemised": pl.Series([rate.is_itemised for rate in rates], dtype=pl.Boolean),
            "setup_millionths": pl.Series([rate.setup.millionths for rate in rates], dtype=pl.Int64),
            "unit_price_millionths": pl.Series([rate.steps[0].unit_price.millionths for rate in rates], dtype=pl.Int64),
            "_minimum": pl.Series([rate.minimum.millionths for rate in rates], dtype=pl.Int64),
            "_units_max": pl.Series(
                [AMOUNT_MAX_MILLIONTHS // max(rate.steps[0].unit_price.millionths, 1) for rate in rates], dtype=pl.Int64
            ),
        }
    )


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _days(period: Period) -> tuple[int, int]:
    """The period as half-open positions in the calendar."""
    start = max((period.starts_on - CALENDAR.starts_on).days, 0)
    end = CALENDAR_DAYS if period.ends_on is None else min((period.ends_on - CALENDAR.starts_on).days, CALENDAR_DAYS)
    return start, max(start, end)


def _by_day(rows: Iterable[Iterable[tuple[Period, int]]]) -> pl.Series:
    """For each row of dated values one calendar of them, null where nothing is in force, end to end."""
    values: list[int | None] = []
    for dated in rows:
        calendar: list[int | None] = [None] * CALENDAR_DAYS
        for period, value in dated:
            start, end = _days(period)
            calendar[start:end] = [value] * (end - start)
        values += calendar
    return pl.Series(values, dtype=pl.Int64)


def _flat_prefixes(lists: Sequence[PrefixList]) -> tuple[list[int], list[int | None]]:
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
