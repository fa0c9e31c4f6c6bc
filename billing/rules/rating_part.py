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
    SECONDS_PER_MINUTE,
    WEEKEND,
    summer_by_hour,
)
from billing.rules.tariff_check import PREFIX_DIGITS_MAX
from billing.rules.tariff_prefixes import LENGTHS, NUMBER_SPACE
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, TariffTable
from css.core.phone import E164_DIGITS_MAX, SHORT_CODE_DIGITS_MAX

MICROSECONDS: Final = 1_000_000
DURATION_MAX_SECONDS: Final = 90 * SECONDS_PER_DAY
"""No call is longer; so many units at the dearest unit price there may be still fit 64 bits."""

FACT_COLUMNS: Final = ("tariff", "day", "wall_second", "second", "number", "seconds", "vat")
"""What of a call every part is reckoned from: which tariff (null for one not in the book), the day of the calendar and the
second of that day on London's clocks (null outside the calendar), the second of UTC, the number as a search key, its
duration, and VAT in basis points."""

PART_COLUMNS: Final = ("version", "place", "band", "units", "amount", "net", "gross")
"""Which version and rate, the band in which the call starts, the units begun, and the charge in the version's basis, before
VAT and with it. Null from the first of them that cannot be told: version, place or amount."""


def at(values: pl.Series, position: pl.Expr) -> pl.Expr:
    """The value at each position; null where the position is."""
    return pl.lit(values).gather(position.cast(pl.UInt32))


def call_facts(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """``FACT_COLUMNS`` of the calls, ``tariff`` being that of ``tariff_code``; and ``wholesale``, the provider's tariff."""
    second = pl.col("started_at").dt.timestamp("us") // MICROSECONDS
    within = pl.when(second.is_between(FIRST_SECOND, LAST_SECOND)).then(second)
    ahead = at(summer_by_hour(), (pl.col("second") - FIRST_SECOND) // SECONDS_PER_HOUR)
    wall = pl.col("second") + ahead.cast(pl.Int64) * SECONDS_PER_HOUR
    return (
        calls.select(
            _index_among(tariff.tariff_codes, pl.col("tariff_code")).alias("tariff"),
            _index_among(tariff.tariff_codes, pl.col("wholesale_tariff_code")).alias("wholesale"),
            within.alias("second"),
            _search_key(pl.col("other_number")).alias("number"),
            pl.col("duration_seconds").alias("seconds"),
        )
        .with_columns(wall.alias("wall_second"))
        .with_columns(day=pl.col("wall_second") // SECONDS_PER_DAY - FIRST_DAY, wall_second=pl.col("wall_second") % SECONDS_PER_DAY)
        .with_columns(at(tariff.vat_by_day, pl.col("day")).cast(pl.Int64).alias("vat"))
    )


def part_of(facts: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """What the tariff of each call charges for it: ``PART_COLUMNS``."""
    versions, version = tariff.versions, pl.col("version")
    found = (
        facts.with_columns(at(tariff.version_by_day, pl.col("tariff") * CALENDAR_DAYS + pl.col("day")).alias("version"))
        .with_columns(
            _band(tariff).alias("band"),
            _prefix_place(tariff).alias("place"),
            _charged_seconds(at(versions["minimum_seconds"], version)).alias("charged"),
        )
        .with_columns((at(versions["first_place"], version) + pl.col("place") * len(BANDS) + pl.col("band")).alias("place"))
    )
    stepped = _last_steps(found, tariff)
    whole = stepped.with_columns(*_whole_charge(tariff))
    split = split_calls(whole, tariff) if versions["is_split"].any() else whole
    return split.with_columns(*_bounded(tariff)).select("version", "place", "band", "units", "amount", *_both_sides(tariff))


def _index_among(known: pl.Series, value: pl.Expr) -> pl.Expr:
    """Which of the known values each one is; null for none of them."""
    return value.replace_strict(known, pl.int_range(len(known), eager=True), default=None, return_dtype=pl.Int64)


def _search_key(number: pl.Expr) -> pl.Expr:
    """A number among those of its kind, full numbers or short codes; null when it is none."""
    length = number.str.len_bytes()
    digits = pl.when(length.is_between(1, E164_DIGITS_MAX)).then(number.cast(pl.Int64, strict=False))
    lengths = range(E164_DIGITS_MAX + 1)
    fill_up, cut_off = (pl.Series([10 ** max(sign * (PREFIX_DIGITS_MAX - one), 0) for one in lengths], dtype=pl.Int64) for sign in (1, -1))
    counted = length.clip(0, E164_DIGITS_MAX)
    first_digits = digits * at(fill_up, counted) // at(cut_off, counted)
    return first_digits * LENGTHS + length + (length <= SHORT_CODE_DIGITS_MAX).cast(pl.Int64) * NUMBER_SPACE


def _prefix_place(tariff: TariffTable) -> pl.Expr:
    """The place of the longest prefix in the version's list."""
    space = at(tariff.versions["list_index"], pl.col("version")) * (2 * NUMBER_SPACE)
    key = (space + pl.col("number")).fill_null(-1)
    return at(tariff.prefix_by_key, pl.lit(tariff.number_keys).search_sorted(key, side="right") - 1)


def _band(tariff: TariffTable) -> pl.Expr:
    """The band in which the call starts, on London's clocks."""
    versions, version = tariff.versions, pl.col("version")
    rests = at(tariff.rest_by_day, at(versions["rest_row"], version) * CALENDAR_DAYS + pl.col("day"))
    minute = pl.col("wall_second") // SECONDS_PER_MINUTE
    is_day = minute.is_between(at(versions["day_from_minute"], version), at(versions["day_to_minute"], version), closed="left")
    return pl.when(rests).then(WEEKEND).when(is_day).then(DAY).otherwise(EVENING).cast(pl.Int64)


def _charged_seconds(least: pl.Expr) -> pl.Expr:
    """The seconds a call is charged for: of an unanswered one none; null past what a call can last."""
    seconds = pl.col("seconds")
    charged = pl.when(seconds > 0).then(pl.max_horizontal(seconds, least)).otherwise(seconds)
    return pl.when(charged.is_between(0, DURATION_MAX_SECONDS)).then(charged)


def _last_steps(found: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """Add ``step``: the one in which the call ends. Most end in the first, so it is walked to and not searched for."""
    stepped = found.with_columns(at(tariff.rates["first_step"], pl.col("place")).alias("step"))
    goes_on = pl.col("charged") > at(tariff.steps["next_from"], pl.col("step"))
    while len(tariff.steps) > len(tariff.rates) and stepped.select(goes_on.any()).item():
        stepped = stepped.with_columns(pl.col("step") + goes_on.cast(pl.Int64))
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


def _bounded(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """The charge as the tariff bounds and rounds it; nothing for a call that was not answered or is free."""
    rates, place = tariff.rates, pl.col("place")
    rounding = at(tariff.versions["rounding"], pl.col("version"))
    least = pl.max_horizontal(pl.col("amount"), at(rates["minimum"], place))
    most = pl.min_horizontal(least, at(rates["maximum"], place))
    rounded = (most + rounding // 2) // rounding * rounding
    nothing = (pl.col("charged") == 0) | (at(rates["is_free"], place) & pl.col("charged").is_not_null())
    amount = pl.when(nothing).then(0).when(pl.col("amount").is_not_null() & (rounded <= AMOUNT_MAX_MILLIONTHS)).then(rounded)
    return pl.when(nothing).then(0).otherwise(pl.col("units")).alias("units"), amount.alias("amount")


def _both_sides(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """``net`` and ``gross``, half up to a millionth; the same arithmetic as ``css.core.money`` on one price."""
    amount, share = pl.col("amount"), 10_000 + pl.col("vat")
    is_gross = at(tariff.versions["is_gross"], pl.col("version"))
    net = pl.when(is_gross).then((amount * 10_000 + share // 2) // share).otherwise(amount)
    gross = pl.when(is_gross).then(amount).otherwise((amount * share + 5_000) // 10_000)
    return net.alias("net"), gross.alias("gross")
