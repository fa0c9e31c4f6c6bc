"""A book of tariffs compiled into columns, so that pricing a call is a handful of look-ups by position.

Every question the rating rule asks becomes a position in an array: which prefix (binary search among the sorted ends of
the prefixes, which is longest-prefix matching made flat), which rate (prefix by band), which step of the rate, which VAT
(day of the calendar). Measured against joins this is several times faster, and it keeps the order of the calls
(docs/decisions/0031 and 0094).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import accumulate
from typing import Final

import polars as pl

from billing.rules.tariff import BANDS, Rate, Step, TariffBook, TariffVersion
from billing.rules.tariff_calendar import CALENDAR_DAYS, FIRST_SECOND, SECONDS_PER_MINUTE, Clock, band_edges, by_day, rest_by_day
from billing.rules.tariff_check import tariff_faults
from billing.rules.tariff_prefixes import NUMBER_SPACE, PrefixList, distinct, flat_prefixes, prefixes_of
from billing.words import Boundary
from css.core.calendar import Period
from css.core.errors import Several
from css.core.words import PriceBasis, VatCode

AMOUNT_MAX_MILLIONTHS: Final = 10**14
"""A million pounds for one call: past it the record is rejected, long before 64 bits overflow in silence."""
TOO_MUCH: Final = 2 * AMOUNT_MAX_MILLIONTHS
"""What is reckoned no further: past the largest amount, and still so when it has been rounded."""
NEVER: Final = 2**62
"""In place of a second that no call reaches and of a maximum that no price does."""
EDGE_SPACE: Final = 2**33
"""Room for the seconds of the calendar in a search key of band edges."""
NO_PREFIX: Final = 10**9
"""In place of the place of a prefix where none matches: whatever it is added to, it lies past the last rate."""


@dataclass(frozen=True, slots=True, eq=False)
class TariffTable:
    """The columns of a book. Built once a step by ``compile_tariffs``; read by ``price`` and ``components``.

    Positions are UInt32 and never null: every table ends in one more row, which is what a look-up finds where there is
    nothing to find. A null would make each of the look-ups that follow cost twice as much.
    """

    tariff_codes: pl.Series
    version_by_day: pl.Series
    """By tariff and day: which version."""
    versions: pl.DataFrame
    """By version: tariff_version_id, tariff_code, version, first_key, first_place, first_day, day_from_second, day_to_second,
    minimum_seconds, rounding, is_gross, is_split, clock, service_tariff."""
    number_keys: pl.Series
    """Sorted search keys at which the longest prefix changes."""
    prefix_by_key: pl.Series
    """From each of those keys to the next: the place of the prefix in its list."""
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
    """Basis points, null where none are on file."""

    @property
    def no_tariff(self) -> int:
        """The position of no tariff."""
        return len(self.tariff_codes)

    @property
    def no_version(self) -> int:
        """The position of no version."""
        return len(self.versions) - 1

    @property
    def no_rate(self) -> int:
        """The position of no rate."""
        return len(self.rates) - 1


def at(values: pl.Series, position: pl.Expr) -> pl.Expr:
    """The value at each position."""
    return pl.lit(values).gather(position)


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
    nations = list(dict.fromkeys((None, *(version.bank_holidays for version in book.versions))))
    rates = [rate for version, its in zip(book.versions, prefixes, strict=True) for rate in _in_places(version, its)]
    periods: dict[str, list[tuple[Period, int]]] = {code: [] for code in codes}
    for index, version in enumerate(book.versions):
        periods[version.tariff_code].append((version.period, index))
    standard = [(Period(row.starts_on, row.ends_on), row.percent.basis_points) for row in book.vat if row.code is VatCode.STANDARD]
    return TariffTable(
        tariff_codes=pl.Series(codes, dtype=pl.String),
        version_by_day=by_day([*periods.values(), []]).fill_null(len(book.versions)).cast(pl.UInt32),
        versions=pl.DataFrame(
            [
                *(
                    (*_terms(version), lists[its] * 2 * NUMBER_SPACE, first_place, clocks.get(_clock(version), 0))
                    for version, its, first_place in zip(book.versions, prefixes, _first_places(prefixes), strict=True)
                ),
                (*_NO_TERMS, len(lists) * 2 * NUMBER_SPACE, 0, 0),
            ],
            schema=_TERMS | {"first_key": pl.Int64(), "first_place": pl.UInt32(), "clock": pl.Int64()},
            orient="row",
        ).with_columns(
            first_day=pl.Series([nations.index(version.bank_holidays) * CALENDAR_DAYS for version in book.versions] + [0], dtype=pl.UInt32),
            service_tariff=pl.Series(
                [_place_among(codes, version.service_tariff_code) for version in book.versions] + [len(codes)], dtype=pl.UInt32
            ),
        ),
        number_keys=pl.Series(keys, dtype=pl.Int64),
        prefix_by_key=pl.Series(places, dtype=pl.UInt32).fill_null(NO_PREFIX),
        rates=_rate_columns(rates),
        steps=_step_columns(rates),
        rest_by_day=rest_by_day(nations),
        **_edges(clocks),
        vat_by_day=by_day([standard]).cast(pl.Int64),
    )


def _in_places(version: TariffVersion, prefixes: PrefixList) -> Iterator[Rate]:
    """The rates of a version, prefix by prefix in the order of its list, and band by band."""
    by_place = {(rate.prefix, rate.is_short_code, rate.band): rate for rate in version.rates}
    return (by_place[prefix, is_short_code, band] for prefix, is_short_code in prefixes for band in BANDS)


_TERMS: Final = {
    "tariff_version_id": pl.Int64(),
    "tariff_code": pl.String(),
    "version": pl.Int64(),
    "day_from_second": pl.Int64(),
    "day_to_second": pl.Int64(),
    "minimum_seconds": pl.Int64(),
    "rounding": pl.Int64(),
    "is_gross": pl.Boolean(),
    "is_split": pl.Boolean(),
}
_NO_TERMS: Final = (None, None, None, 0, 0, 0, 1, False, False)


def _terms(version: TariffVersion) -> tuple[object, ...]:
    """What a version says of all its rates, in the order of ``_TERMS``."""
    return (
        version.tariff_version_id,
        version.tariff_code,
        version.version,
        _minute(version.daytime_from) * SECONDS_PER_MINUTE,
        _minute(version.daytime_to) * SECONDS_PER_MINUTE,
        version.minimum_seconds,
        version.price_rounding_millionths,
        version.basis is PriceBasis.GROSS,
        version.boundary is Boundary.SPLIT,
    )


def _first_places(prefixes: Iterable[PrefixList]) -> list[int]:
    """Where the rates of each version begin."""
    ends = list(accumulate(len(its) * len(BANDS) for its in prefixes))
    return [0, *ends][: len(ends)]


def _rate_columns(rates: Sequence[Rate]) -> pl.DataFrame:
    first_steps = list(accumulate((len(rate.steps) for rate in rates), initial=0))
    return pl.DataFrame(
        {
            "rate_id": pl.Series([*(rate.rate_id for rate in rates), None], dtype=pl.Int64),
            "prefix": pl.Series([*(rate.prefix for rate in rates), None], dtype=pl.String),
            "charge_class": pl.Series([*(rate.charge_class for rate in rates), None], dtype=pl.String),
            "destination": pl.Series([*(rate.destination for rate in rates), None], dtype=pl.String),
            "is_itemised": pl.Series([*(rate.is_itemised for rate in rates), None], dtype=pl.Boolean),
            "is_free": pl.Series([*(rate.is_free for rate in rates), False], dtype=pl.Boolean),
            "is_access_charge": pl.Series([*(rate.is_access_charge for rate in rates), False], dtype=pl.Boolean),
            "setup": pl.Series([*(rate.setup.millionths for rate in rates), 0], dtype=pl.Int64),
            "minimum": pl.Series([*(rate.minimum.millionths for rate in rates), 0], dtype=pl.Int64),
            "maximum": pl.Series([*(NEVER if rate.maximum is None else rate.maximum.millionths for rate in rates), NEVER], dtype=pl.Int64),
            "first_step": pl.Series(first_steps, dtype=pl.UInt32),
        }
    )


_STEP_COLUMNS: Final = ("from_second", "next_from", "unit_seconds", "has_unit", "unit_price", "price", "before", "units_before")
_NO_STEP: Final = (0, NEVER, 1, 0, 0, 0, 0, 0)


def _step_columns(rates: Sequence[Rate]) -> pl.DataFrame:
    rows = [*(row for rate in rates for row in _step_rows(rate)), _NO_STEP]
    return pl.DataFrame(rows, schema=dict.fromkeys(_STEP_COLUMNS, pl.Int64()), orient="row")


def _step_rows(rate: Rate) -> Iterator[tuple[int, ...]]:
    """The steps of a rate, each with what the call has come to before it; nothing past what a call may cost matters."""
    amount, units = rate.setup.millionths, 0
    steps: Sequence[Step] = rate.steps
    for number, step in enumerate(steps):
        next_from = steps[number + 1].from_second if number + 1 < len(steps) else NEVER
        amount = min(amount + step.price.millionths, TOO_MUCH)
        unit_seconds, has_unit = (step.unit_seconds, 1) if step.unit_seconds else (1, 0)
        unit_price = step.unit_price.millionths * has_unit
        yield step.from_second, next_from, unit_seconds, has_unit, unit_price, step.price.millionths, amount, units
        whole = -((step.from_second - next_from) // unit_seconds) * has_unit
        amount = min(amount + whole * unit_price, TOO_MUCH)
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
    return {"edge_keys": pl.Series(keys, dtype=pl.Int64), "edge_bands": pl.Series(bands, dtype=pl.UInt32)}


def _place_among(codes: Sequence[str], code: str | None) -> int:
    return codes.index(code) if code in codes else len(codes)


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
