"""A tariff book compiled into columns, so that pricing a call is a handful of array look-ups.

Every question the rating rule asks becomes a position in an array: which destination (binary search among the sorted
ends of the prefixes, which is longest-prefix matching made flat), which band (day of the calendar, then minute of the
day), which rate (version by class by band), which VAT. Measured against joins this is several times faster, and it
keeps the order of the calls (docs/decisions/0031).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from billing.rules.tariff import HOLIDAY, MINUTES_PER_DAY, BandPlan, DestinationList, TariffBook, bands_of
from billing.rules.tariff_check import tariff_faults
from css.core.calendar import Period
from css.core.errors import Several

CALENDAR_STARTS_ON = date(1985, 1, 1)
CALENDAR_ENDS_ON = date(2085, 1, 1)
"""Calls outside these dates have no band and no VAT rate, so they are rejected."""
CALENDAR_DAYS = (CALENDAR_ENDS_ON - CALENDAR_STARTS_ON).days
FIRST_DAY = (CALENDAR_STARTS_ON - date(1970, 1, 1)).days

E164_DIGITS_MAX = 15
SHORT_CODE_DIGITS_MAX = 6
"""No number with a country code is this short, so the length alone tells a short code (118500) from one."""
NUMBER_SPACE = 10**E164_DIGITS_MAX
AMOUNT_MAX_MILLIONTHS = 10**14
"""A million pounds for one call: past it the record is rejected, long before 64 bits overflow in silence."""


@dataclass(frozen=True, slots=True, eq=False)
class TariffTable:
    """The columns of a tariff book. Built once a step by ``compile_tariffs``; read by ``rate`` and ``version_in_force``."""

    version_ids: pl.Series
    versions: pl.DataFrame
    """By version: list_index, plan_index, is_gross, rounding, starts_day, ends_day (days of the calendar)."""
    tariff_codes: pl.Series
    version_by_day: pl.Series
    """By tariff and day: tariff_version_id, null where no version is in force."""
    number_keys: pl.Series
    """Sorted search keys at which the matching destination changes."""
    destination_by_key: pl.Series
    destinations: pl.DataFrame
    """By destination: prefix, destination, class_index, charge_class, is_itemised."""
    day_kind_by_day: pl.Series
    """By band plan and day: which row of minutes holds that day."""
    band_by_minute: pl.Series
    bands: pl.Series
    class_count: int
    rate_by_place: pl.Series
    """By version, class and band: which rate."""
    rates: pl.DataFrame
    """By rate: rate_id, setup, unit_price, unit_seconds, minimum, units_max."""
    vat_by_day: pl.Series
    """Basis points."""


def compile_tariffs(book: TariffBook) -> TariffTable:
    """Compile a book; refuses one with faults, naming them all (``Several`` of CSS423E to CSS428E)."""
    faults = tariff_faults(book)
    if faults:
        raise Several(faults)
    lists = {one.destination_list_id: index for index, one in enumerate(book.destination_lists)}
    plans = {one.code: index for index, one in enumerate(book.band_plans)}
    classes = {one.code: index for index, one in enumerate(book.charge_classes)}
    bands = {band: index for index, band in enumerate(sorted({band for plan in book.band_plans for band in bands_of(plan)}))}
    codes = sorted({version.tariff_code for version in book.versions})
    keys, found = _flat_prefixes(book.destination_lists)
    day_kinds, minutes = _calendar(book.band_plans, bands)

    rates = [rate for version in book.versions for rate in version.rates]
    places: list[int | None] = [None] * (len(book.versions) * len(classes) * len(bands))
    row = 0
    for index, version in enumerate(book.versions):
        for rate in version.rates:
            places[(index * len(classes) + classes[rate.charge_class]) * len(bands) + bands[rate.band]] = row
            row += 1

    return TariffTable(
        version_ids=pl.Series([version.tariff_version_id for version in book.versions], dtype=pl.Int64),
        versions=pl.DataFrame(
            {
                "list_index": [lists[version.destination_list_id] for version in book.versions],
                "plan_index": [plans[version.band_plan_code] for version in book.versions],
                "is_gross": [version.basis == "gross" for version in book.versions],
                "rounding": [version.price_rounding_millionths for version in book.versions],
                "starts_day": [_days(version.period)[0] for version in book.versions],
                "ends_day": [_days(version.period)[1] for version in book.versions],
            },
            schema={"list_index": pl.Int64, "plan_index": pl.Int64, "is_gross": pl.Boolean, "rounding": pl.Int64, "starts_day": pl.Int64, "ends_day": pl.Int64},
        ),
        tariff_codes=pl.Series(codes, dtype=pl.String),
        version_by_day=_by_day(
            [[(version.period, version.tariff_version_id) for version in book.versions if version.tariff_code == code] for code in codes]
        ),
        number_keys=pl.Series(keys, dtype=pl.Int64),
        destination_by_key=pl.Series(found, dtype=pl.UInt32),
        destinations=_destinations(book, classes),
        day_kind_by_day=pl.Series(day_kinds, dtype=pl.UInt32),
        band_by_minute=pl.Series(minutes, dtype=pl.UInt32),
        bands=pl.Series(list(bands), dtype=pl.String),
        class_count=len(classes),
        rate_by_place=pl.Series(places, dtype=pl.UInt32),
        rates=pl.DataFrame(
            {
                "rate_id": [rate.rate_id for rate in rates],
                "setup": [rate.setup.millionths for rate in rates],
                "unit_price": [rate.unit_price.millionths for rate in rates],
                "unit_seconds": [rate.unit_seconds for rate in rates],
                "minimum": [rate.minimum.millionths for rate in rates],
                "units_max": [AMOUNT_MAX_MILLIONTHS // max(rate.unit_price.millionths, 1) for rate in rates],
            },
            schema=dict.fromkeys(("rate_id", "setup", "unit_price", "unit_seconds", "minimum", "units_max"), pl.Int64),
        ),
        vat_by_day=_by_day([[(one.period, one.percent.basis_points) for one in book.vat]]),
    )


def _days(period: Period) -> tuple[int, int]:
    """The period as half-open positions in the calendar."""
    start = max((period.starts_on - CALENDAR_STARTS_ON).days, 0)
    end = CALENDAR_DAYS if period.ends_on is None else min((period.ends_on - CALENDAR_STARTS_ON).days, CALENDAR_DAYS)
    return start, max(start, end)


def _by_day(rows: Sequence[Sequence[tuple[Period, int]]]) -> pl.Series:
    """For each row of dated values one calendar of them, null where nothing is in force, end to end."""
    values: list[int | None] = []
    for dated in rows:
        calendar: list[int | None] = [None] * CALENDAR_DAYS
        for period, value in dated:
            start, end = _days(period)
            calendar[start:end] = [value] * (end - start)
        values += calendar
    return pl.Series(values, dtype=pl.Int64)


def _destinations(book: TariffBook, classes: dict[str, int]) -> pl.DataFrame:
    rows = [destination for one in book.destination_lists for destination in one.destinations]
    itemised = {one.code: one.is_itemised for one in book.charge_classes}
    return pl.DataFrame(
        {
            "prefix": [row.prefix for row in rows],
            "destination": [row.name for row in rows],
            "class_index": [classes[row.charge_class] for row in rows],
            "charge_class": [row.charge_class for row in rows],
            "is_itemised": [itemised[row.charge_class] for row in rows],
        },
        schema={"prefix": pl.String, "destination": pl.String, "class_index": pl.Int64, "charge_class": pl.String, "is_itemised": pl.Boolean},
    )


def _flat_prefixes(lists: Sequence[DestinationList]) -> tuple[list[int], list[int | None]]:
    """Nested prefixes as sorted keys with, from each key to the next, the destination of the longest prefix.

    A prefix is the range of fifteen-digit numbers it begins, so ranges nest or lie apart; walking them in order with a
    stack of the open ones gives the flat list. The first key is below every number, so that a search always lands.
    """
    ranges: list[tuple[int, int, int]] = []
    row = 0
    for index, one in enumerate(lists):
        for destination in one.destinations:
            base = (index * 2 + destination.is_short_code) * NUMBER_SPACE
            width = 10 ** (E164_DIGITS_MAX - len(destination.prefix))
            start = base + int(destination.prefix) * width
            ranges.append((start, start + width, row))
            row += 1
    keys: list[int] = [-1]
    found: list[int | None] = [None]

    def mark(key: int, value: int | None) -> None:
        if keys[-1] == key:
            found[-1] = value
        else:
            keys.append(key)
            found.append(value)

    open_ranges: list[tuple[int, int]] = []
    for start, end, value in sorted(ranges, key=lambda one: (one[0], -one[1])):
        _close_until(start, open_ranges, mark)
        mark(start, value)
        open_ranges.append((end, value))
    _close_until(None, open_ranges, mark)
    return keys, found


def _close_until(start: int | None, open_ranges: list[tuple[int, int]], mark: Callable[[int, int | None], None]) -> None:
    """Close the ranges that end at or before ``start`` (None: all); where one ends, the range round it speaks again."""
    while open_ranges and (start is None or open_ranges[-1][0] <= start):
        end, _ = open_ranges.pop()
        mark(end, open_ranges[-1][1] if open_ranges else None)


def _calendar(plans: Sequence[BandPlan], bands: dict[str, int]) -> tuple[list[int | None], list[int]]:
    """For each plan and day the row of minutes that holds it, and those rows: 1,440 bands for each kind of day."""
    day_kinds: list[int | None] = []
    minutes: list[int] = []
    for plan in plans:
        calendar: list[int | None] = [None] * CALENDAR_DAYS
        for period in {hours.period for hours in plan.hours}:
            kinds: dict[int, int] = {}
            for day in sorted({hours.day for hours in plan.hours if hours.period == period}):
                kinds[day] = len(minutes) // MINUTES_PER_DAY
                row = [0] * MINUTES_PER_DAY
                for hours in plan.hours:
                    if hours.period == period and hours.day == day:
                        row[hours.from_minute : hours.to_minute] = [bands[hours.band]] * (hours.to_minute - hours.from_minute)
                minutes += row
            start, end = _days(period)
            for position in range(start, end):
                on = CALENDAR_STARTS_ON + timedelta(days=position)
                calendar[position] = kinds[HOLIDAY] if HOLIDAY in kinds and on in plan.holidays else kinds[on.isoweekday()]
        day_kinds += calendar
    return day_kinds, minutes
