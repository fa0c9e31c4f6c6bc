"""A book of tariffs compiled into columns, so that pricing a call is a handful of look-ups by position.

Every question the rating rule asks becomes a position in an array: which prefix (binary search among the sorted ends of
the prefixes, which is longest-prefix matching made flat), which rate (prefix by band), which step of the rate, which VAT
(day of the calendar). Measured against joins this is several times faster, and it keeps the order of the calls
(docs/decisions/0031 and 0094).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

import polars as pl

from billing.rules.tariff import BANDS, Rate, Step, TariffBook, TariffVersion
from billing.rules.tariff_calendar import FIRST_SECOND, Clock, band_edges, by_day, rest_by_day
from billing.rules.tariff_check import tariff_faults
from billing.rules.tariff_prefixes import PrefixList, distinct, flat_prefixes, prefixes_of
from billing.words import Boundary
from css.core.calendar import Period
from css.core.errors import Several
from css.core.words import PriceBasis, VatCode

AMOUNT_MAX_MILLIONTHS: Final = 10**14
"""A million pounds for one call: past it the record is rejected, long before 64 bits overflow in silence."""
NEVER: Final = 2**62
"""In place of a second that no call reaches and of a maximum that no price does."""
EDGE_SPACE: Final = 2**33
"""Room for the seconds of the calendar in a search key of band edges."""


@dataclass(frozen=True, slots=True, eq=False)
class TariffTable:
    """The columns of a book. Built once a step by ``compile_tariffs``; read by ``price`` and ``components``."""

    tariff_codes: pl.Series
    version_by_day: pl.Series
    """By tariff and day: which version, null where none is in force."""
    versions: pl.DataFrame
    """By version: tariff_version_id, tariff_code, version, list_index, first_place, clock, rest_row, day_from_minute,
    day_to_minute, minimum_seconds, rounding, is_gross, is_split, service_tariff (which, or null)."""
    number_keys: pl.Series
    """Sorted search keys at which the longest prefix changes."""
    prefix_by_key: pl.Series
    """From each of those keys to the next: the place of the prefix in its list, null where none matches."""
    rates: pl.DataFrame
    """By version, prefix of its list and band: rate_id, prefix, charge_class, destination, is_itemised, is_free,
    is_access_charge, setup, minimum, maximum, first_step."""
    steps: pl.DataFrame
    """By rate and step: from_second, next_from, unit_seconds (1 where there is none), has_unit (1 or 0), unit_price, price;
    before, units_before (what a call has come to, set-up included, when the step's units begin to count)."""
    rest_by_day: pl.Series
    """By nation and day: whether it is all weekend."""
    edge_keys: pl.Series
    """By clock and time, of the versions that split calls: clock x ``EDGE_SPACE`` + seconds from the calendar's start."""
    edge_bands: pl.Series
    """The band from each of those on."""
    vat_by_day: pl.Series
    """Basis points."""


def compile_tariffs(book: TariffBook) -> TariffTable:
    """Compile a book; refuses one with faults, naming them all (``Several`` of the codes in ``tariff_check``)."""
    faults = tariff_faults(book)
    if faults:
        raise Several(faults)
    codes = sorted({version.tariff_code for version in book.versions})
    prefixes = [prefixes_of(version) for version in book.versions]
    lists = distinct(prefixes)
    keys, places = flat_prefixes(list(lists))
    clocks = _clocks(book.versions)
    nations = list(dict.fromkeys(version.bank_holidays for version in book.versions))
    rates = [rate for version, its in zip(book.versions, prefixes, strict=True) for rate in _in_places(version, its)]
    positions: dict[str, list[tuple[Period, int]]] = {code: [] for code in codes}
    for index, version in enumerate(book.versions):
        positions[version.tariff_code].append((version.period, index))
    return TariffTable(
        tariff_codes=pl.Series(codes, dtype=pl.String),
        version_by_day=by_day(positions.values()),
        versions=_version_columns(book.versions, codes, [lists[one] for one in prefixes], [len(one) for one in prefixes]).with_columns(
            clock=pl.Series([clocks.get(_clock(version)) for version in book.versions], dtype=pl.Int64),
            rest_row=pl.Series([nations.index(version.bank_holidays) for version in book.versions], dtype=pl.Int64),
        ),
        number_keys=pl.Series(keys, dtype=pl.Int64),
        prefix_by_key=pl.Series(places, dtype=pl.Int64),
        rates=_rate_columns(rates),
        steps=_step_columns(rates),
        rest_by_day=rest_by_day(nations),
        **_edges(clocks),
        vat_by_day=by_day(
            [[(Period(row.starts_on, row.ends_on), row.percent.basis_points) for row in book.vat if row.code is VatCode.STANDARD]]
        ),
    )


def _in_places(version: TariffVersion, prefixes: PrefixList) -> Iterator[Rate]:
    """The rates of a version, prefix by prefix in the order of its list, and band by band."""
    by_place = {(rate.prefix, rate.is_short_code, rate.band): rate for rate in version.rates}
    return (by_place[prefix, is_short_code, band] for prefix, is_short_code in prefixes for band in BANDS)


def _version_columns(
    versions: Sequence[TariffVersion], codes: Sequence[str], list_indexes: Sequence[int], prefix_counts: Sequence[int]
) -> pl.DataFrame:
    first_places = [sum(prefix_counts[:index]) * len(BANDS) for index in range(len(versions))]
    return pl.DataFrame(
        {
            "tariff_version_id": pl.Series([version.tariff_version_id for version in versions], dtype=pl.Int64),
            "tariff_code": pl.Series([version.tariff_code for version in versions], dtype=pl.String),
            "version": pl.Series([version.version for version in versions], dtype=pl.Int64),
            "list_index": pl.Series(list_indexes, dtype=pl.Int64),
            "first_place": pl.Series(first_places, dtype=pl.Int64),
            "day_from_minute": pl.Series([_minute(version.daytime_from) for version in versions], dtype=pl.Int64),
            "day_to_minute": pl.Series([_minute(version.daytime_to) for version in versions], dtype=pl.Int64),
            "minimum_seconds": pl.Series([version.minimum_seconds for version in versions], dtype=pl.Int64),
            "rounding": pl.Series([version.price_rounding_millionths for version in versions], dtype=pl.Int64),
            "is_gross": pl.Series([version.basis is PriceBasis.GROSS for version in versions], dtype=pl.Boolean),
            "is_split": pl.Series([version.boundary is Boundary.SPLIT for version in versions], dtype=pl.Boolean),
            "service_tariff": pl.Series([_place_among(codes, version.service_tariff_code) for version in versions], dtype=pl.Int64),
        }
    )


def _rate_columns(rates: Sequence[Rate]) -> pl.DataFrame:
    first_steps: list[int] = []
    step_count = 0
    for rate in rates:
        first_steps.append(step_count)
        step_count += len(rate.steps)
    return pl.DataFrame(
        {
            "rate_id": pl.Series([rate.rate_id for rate in rates], dtype=pl.Int64),
            "prefix": pl.Series([rate.prefix for rate in rates], dtype=pl.String),
            "charge_class": pl.Series([rate.charge_class for rate in rates], dtype=pl.String),
            "destination": pl.Series([rate.destination for rate in rates], dtype=pl.String),
            "is_itemised": pl.Series([rate.is_itemised for rate in rates], dtype=pl.Boolean),
            "is_free": pl.Series([rate.is_free for rate in rates], dtype=pl.Boolean),
            "is_access_charge": pl.Series([rate.is_access_charge for rate in rates], dtype=pl.Boolean),
            "setup": pl.Series([rate.setup.millionths for rate in rates], dtype=pl.Int64),
            "minimum": pl.Series([rate.minimum.millionths for rate in rates], dtype=pl.Int64),
            "maximum": pl.Series([NEVER if rate.maximum is None else rate.maximum.millionths for rate in rates], dtype=pl.Int64),
            "first_step": pl.Series(first_steps, dtype=pl.Int64),
        }
    )


def _step_columns(rates: Sequence[Rate]) -> pl.DataFrame:
    return pl.DataFrame(
        [row for rate in rates for row in _step_rows(rate)],
        schema=dict.fromkeys(
            ("from_second", "next_from", "unit_seconds", "has_unit", "unit_price", "price", "before", "units_before"), pl.Int64()
        ),
        orient="row",
    )


def _step_rows(rate: Rate) -> Iterator[tuple[int, ...]]:
    """The steps of a rate, each with what the call has come to before it; nothing past what a call may cost matters."""
    amount, units = rate.setup.millionths, 0
    steps: Sequence[Step] = rate.steps
    for number, step in enumerate(steps):
        next_from = steps[number + 1].from_second if number + 1 < len(steps) else NEVER
        amount = min(amount + step.price.millionths, AMOUNT_MAX_MILLIONTHS + 1)
        unit_seconds, has_unit = (step.unit_seconds, 1) if step.unit_seconds else (1, 0)
        unit_price = step.unit_price.millionths * has_unit
        yield step.from_second, next_from, unit_seconds, has_unit, unit_price, step.price.millionths, amount, units
        whole = -((step.from_second - next_from) // unit_seconds) * has_unit
        amount = min(amount + whole * unit_price, AMOUNT_MAX_MILLIONTHS + 1)
        units += whole


def _clock(version: TariffVersion) -> Clock | None:
    """The clock by which the version splits calls; None where it does not."""
    if version.boundary is not Boundary.SPLIT:
        return None
    return Clock(_minute(version.daytime_from), _minute(version.daytime_to), version.bank_holidays)


def _clocks(versions: Sequence[TariffVersion]) -> dict[Clock | None, int]:
    clocks = dict.fromkeys(clock for version in versions if (clock := _clock(version)) is not None)
    return {clock: index for index, clock in enumerate(clocks)}


def _edges(clocks: Mapping[Clock | None, int]) -> dict[str, pl.Series]:
    keys: list[int] = []
    bands: list[int] = []
    for clock, index in clocks.items():
        assert clock is not None, "only versions that split calls have a clock"
        seconds, its_bands = band_edges(clock)
        keys += [index * EDGE_SPACE + second - FIRST_SECOND for second in seconds]
        bands += its_bands
    return {"edge_keys": pl.Series(keys, dtype=pl.Int64), "edge_bands": pl.Series(bands, dtype=pl.Int64)}


def _place_among(codes: Sequence[str], code: str | None) -> int | None:
    return codes.index(code) if code in codes else None


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
