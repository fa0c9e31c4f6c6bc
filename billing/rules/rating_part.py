"""What one tariff charges for a call: the part that ``billing.rules.rating`` asks for thrice, of retail, service and wholesale.

A part is a frame in the order of its calls, its columns those of ``PART_COLUMNS``. The whole of a call is priced in closed
form, from the step it ends in; only calls that run over a band's edge under a version that splits them are taken to pieces
(``billing.rules.rating_split``).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.rating_split import split_calls
from billing.rules.tariff import BANDS
from billing.rules.tariff_calendar import (
    CALENDAR_DAYS,
    DAY,
    EVENING,
    FIRST_DAY,
    FIRST_SECOND,
    LAST_SECOND,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    WEEKEND,
    summer_by_hour,
)
from billing.rules.tariff_check import PREFIX_DIGITS_MAX
from billing.rules.tariff_prefixes import LENGTHS, NUMBER_SPACE
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, TariffTable, at
from css.core.phone import E164_DIGITS_MAX, SHORT_CODE_DIGITS_MAX

MICROSECONDS: Final = 1_000_000
DURATION_MAX_SECONDS: Final = 90 * SECONDS_PER_DAY
"""No call is longer; so many units at the dearest unit price there may be still fit 64 bits."""

FACT_COLUMNS: Final = ("tariff", "day", "wall_second", "second", "number", "seconds", "vat")
"""What of a call every part is reckoned from: which tariff, the day of the calendar and the second of that day on London's
clocks, the second of UTC, the number as a search key, its duration, and VAT in basis points (null where none is on file).
A call outside the calendar has no tariff."""

PART_COLUMNS: Final = ("version", "place", "band", "units", "amount", "net", "gross")
"""Which version and rate (the last of the table where there is none), the band in which the call starts, the units begun, and
the charge in the version's basis, before VAT and with it: null where there is no rate or the amount is past the largest."""


def call_facts(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """``FACT_COLUMNS`` of the calls, ``tariff`` being that of ``tariff_code``; and ``wholesale``, the provider's tariff."""
    second = pl.col("started_at").dt.timestamp("us") // MICROSECONDS
    within = second.is_between(FIRST_SECOND, LAST_SECOND)
    ahead = at(summer_by_hour(), ((pl.col("second") - FIRST_SECOND) // SECONDS_PER_HOUR).cast(pl.UInt32))
    wall = pl.col("second") + ahead.cast(pl.Int64) * SECONDS_PER_HOUR
    return (
        calls.select(
            *(
                pl.when(within)
                .then(_index_among(tariff.tariff_codes, pl.col(code)))
                .otherwise(tariff.no_tariff)
                .cast(pl.UInt32)
                .alias(name)
                for name, code in (("tariff", "tariff_code"), ("wholesale", "wholesale_tariff_code"))
            ),
            pl.when(within).then(second).otherwise(FIRST_SECOND).alias("second"),
            _search_key(pl.col("other_number")).alias("number"),
            pl.col("duration_seconds").alias("seconds"),
        )
        .with_columns(wall.alias("wall_second"))
        .with_columns(
            day=(pl.col("wall_second") // SECONDS_PER_DAY - FIRST_DAY).cast(pl.UInt32), wall_second=pl.col("wall_second") % SECONDS_PER_DAY
        )
        .with_columns(at(tariff.vat_by_day, pl.col("day")).alias("vat"))
    )


def part_of(facts: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """What the tariff of each call charges for it: ``PART_COLUMNS``."""
    return reckoned(facts, tariff).select(*PART_COLUMNS)


def reckoned(facts: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """``PART_COLUMNS`` beside the facts and what lies between: ``charged`` (seconds) and the last ``step`` reached."""
    found = (
        facts.with_columns(at(tariff.version_by_day, pl.col("tariff") * CALENDAR_DAYS + pl.col("day")).alias("version"))
        .with_columns(_band(tariff).alias("band"), _charged_seconds(tariff).alias("charged"))
        .with_columns(_place(tariff).alias("place"))
    )
    whole = _last_steps(found, tariff).with_columns(*_whole_charge(tariff))
    split = split_calls(whole, tariff) if tariff.versions["is_split"].any() else whole
    return split.with_columns(*_bounded(tariff)).with_columns(*_both_sides(tariff))


def _index_among(known: pl.Series, value: pl.Expr) -> pl.Expr:
    """Which of the known values each one is; one past the last for none of them."""
    return value.replace_strict(known, pl.int_range(len(known), dtype=pl.UInt32, eager=True), default=len(known), return_dtype=pl.UInt32)


def _search_key(number: pl.Expr) -> pl.Expr:
    """A number among those of its kind, full numbers or short codes; null when it is none."""
    length = number.str.len_bytes()
    digits = pl.when(length.is_between(1, E164_DIGITS_MAX)).then(number.cast(pl.Int64, strict=False))
    lengths = range(E164_DIGITS_MAX + 1)
    fill_up, cut_off = (pl.Series([10 ** max(sign * (PREFIX_DIGITS_MAX - one), 0) for one in lengths], dtype=pl.Int64) for sign in (1, -1))
    counted = length.clip(0, E164_DIGITS_MAX)
    first_digits = digits * at(fill_up, counted) // at(cut_off, counted)
    return first_digits * LENGTHS + length + (length <= SHORT_CODE_DIGITS_MAX).cast(pl.Int64) * NUMBER_SPACE


def _place(tariff: TariffTable) -> pl.Expr:
    """The rate: that of the longest prefix in the version's list, in the band in which the call starts."""
    key = (at(tariff.versions["first_key"], pl.col("version")) + pl.col("number")).fill_null(-1)
    prefix = at(tariff.prefix_by_key, pl.lit(tariff.number_keys).search_sorted(key, side="right") - 1)
    place = at(tariff.versions["first_place"], pl.col("version")) + prefix * len(BANDS) + pl.col("band")
    return place.clip(upper_bound=tariff.no_rate)


def _band(tariff: TariffTable) -> pl.Expr:
    """The band in which the call starts, on London's clocks."""
    versions, version = tariff.versions, pl.col("version")
    rests = at(tariff.rest_by_day, at(versions["first_day"], version) + pl.col("day"))
    is_day = (pl.col("wall_second") >= at(versions["day_from_second"], version)) & (
        pl.col("wall_second") < at(versions["day_to_second"], version)
    )
    day, evening, weekend = (pl.lit(band, dtype=pl.UInt32) for band in (DAY, EVENING, WEEKEND))
    return pl.when(rests).then(weekend).when(is_day).then(day).otherwise(evening)


def _charged_seconds(tariff: TariffTable) -> pl.Expr:
    """The seconds a call is charged for: none of one that was not answered, at least the version's minimum of others."""
    least = at(tariff.versions["minimum_seconds"], pl.col("version"))
    return pl.when(pl.col("seconds").is_between(1, DURATION_MAX_SECONDS)).then(pl.max_horizontal("seconds", least)).otherwise(0)


def _last_steps(found: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """Add ``step``: the one in which the call ends. Most end in the first, so it is walked to and not searched for."""
    stepped = found.with_columns(at(tariff.rates["first_step"], pl.col("place")).alias("step"))
    goes_on = pl.col("charged") > at(tariff.steps["next_from"], pl.col("step"))
    while len(tariff.steps) > len(tariff.rates) and stepped.select(goes_on.any()).item():
        stepped = stepped.with_columns(pl.col("step") + goes_on.cast(pl.UInt32))
    return stepped


def _whole_charge(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """``units`` and ``amount`` of a call priced in one band: what came before its last step, and the units begun in that."""
    steps, step = tariff.steps, pl.col("step")
    unit_seconds = at(steps["unit_seconds"], step)
    begun = (pl.col("charged") - at(steps["from_second"], step) + unit_seconds - 1) // unit_seconds * at(steps["has_unit"], step)
    return (
        (at(steps["units_before"], step) + begun).alias("units"),
        (at(steps["before"], step) + begun * at(steps["unit_price"], step)).alias("amount"),
    )


def bounds(charge: pl.Expr, tariff: TariffTable) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The charge brought up to the rate's minimum, then held to its maximum, then rounded as the version says."""
    rates, place = tariff.rates, pl.col("place")
    rounding = at(tariff.versions["rounding"], pl.col("version"))
    raised = pl.max_horizontal(charge, at(rates["minimum"], place))
    held = pl.min_horizontal(raised, at(rates["maximum"], place))
    return raised, held, (held + rounding // 2) // rounding * rounding


def _bounded(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """The charge as the tariff bounds and rounds it; nothing for a call that was not answered or is free."""
    place = pl.col("place")
    nothing = (pl.col("charged") == 0) | at(tariff.rates["is_free"], place)
    due = pl.when(nothing).then(0).otherwise(bounds(pl.col("amount"), tariff)[-1])
    can_be_told = pl.col("seconds").is_between(0, DURATION_MAX_SECONDS) & (place != tariff.no_rate) & (due <= AMOUNT_MAX_MILLIONTHS)
    return pl.when(nothing).then(0).otherwise("units").alias("units"), pl.when(can_be_told).then(due).alias("amount")


def _both_sides(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """``net`` and ``gross``, half up to a millionth; the same arithmetic as ``css.core.money`` on one price."""
    amount, share = pl.col("amount"), 10_000 + pl.col("vat")
    is_gross = at(tariff.versions["is_gross"], pl.col("version"))
    net = pl.when(is_gross).then((amount * 10_000 + share // 2) // share).otherwise(amount)
    gross = pl.when(is_gross).then(amount).otherwise((amount * share + 5_000) // 10_000)
    return net.alias("net"), gross.alias("gross")
