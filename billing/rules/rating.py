"""The rating rule: what a call costs, written once, as column expressions over millions of calls at a time.

The conventions, each from the tariff version that applies to the call (``tariff_version_id``):

1. The longest prefix of the version that begins the number dialled gives the destination and its charge class.
2. The band is that of the moment the call *starts*, on London clocks: weekend on Saturday and Sunday, day between the
   version's two times of day, evening otherwise. The whole call is priced in it.
3. Duration is rounded up to whole units of the version. A call of no seconds was not answered and costs nothing.
4. Charge = set-up + units x unit price, at least the rate's minimum, rounded half up to the version's call rounding, all
   in the version's basis. The other side of VAT follows at the rate of the London date on which the call started, to a
   millionth of a penny half up. Whole pence come later, once, on the bill line (``css.core.money.to_money``).

All amounts are 64-bit integers in millionths of a penny; a call past ``AMOUNT_MAX_MILLIONTHS`` is rejected before any
product can overflow. There is no float anywhere.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.rejects import first_reject, reject_text
from billing.rules.tariff import BANDS
from billing.rules.tariff_check import PREFIX_DIGITS_MAX
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, CALENDAR_DAYS, FIRST_DAY, LENGTHS, NUMBER_SPACE, TariffTable
from css.core.calendar import LONDON, SATURDAY
from css.core.phone import E164_DIGITS_MAX, SHORT_CODE_DIGITS_MAX

DAYS_PER_WEEK: Final = 7
THURSDAY: Final = 3
"""The weekday, Monday being 0, on which 1970 began."""
MINUTES_PER_DAY: Final = 1440
MICROSECONDS_PER_MINUTE: Final = 60_000_000

CALL_COLUMNS: Final = {
    "tariff_version_id": pl.Int64(),
    "dialled": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
}
"""What ``rate`` reads. Every other column of the frame passes through untouched."""

PRICED_COLUMNS: Final = {
    "charge_class": pl.String(),
    "prefix": pl.String(),
    "destination": pl.String(),
    "is_itemised": pl.Boolean(),
    "band": pl.String(),
    "rate_id": pl.Int64(),
    "chargeable_units": pl.Int64(),
    "setup_millionths": pl.Int64(),
    "unit_price_millionths": pl.Int64(),
    "net_millionths": pl.Int64(),
    "gross_millionths": pl.Int64(),
    "vat_basis_points": pl.Int64(),
    "reject_code": pl.String(),
    "reject_text": pl.String(),
}
"""What ``rate`` adds, in this order. Either ``reject_code`` is null and the rest is not, or it is not and the rest is."""


def rate(calls: pl.DataFrame | pl.LazyFrame, tariff: TariffTable) -> pl.DataFrame:
    """Price every call, in the order given: the frame's columns and ``PRICED_COLUMNS`` after them.

    Reads ``CALL_COLUMNS``; a column it would add must not be there yet. No row is lost: one that cannot be priced comes
    back with a reason (CSS407E, CSS415E to CSS419E) and null amounts.
    """
    return (
        calls.lazy()
        .with_columns(_london_minute())
        .with_columns(*_positions(tariff))
        .with_columns(*_matches(tariff))
        .with_columns(_at(tariff.rate_by_place, pl.col("_place")).alias("_rate"))
        .with_columns(*_terms(tariff))
        .with_columns(_units())
        .with_columns(_charge_in_basis())
        .with_columns(*_both_sides_of_vat())
        .with_columns(_reject_code())
        .with_columns(reject_text(_reject_value()))
        .select(pl.exclude("^_.*$", *PRICED_COLUMNS), *_priced_columns())
        .collect()
    )


def version_in_force(calls: pl.DataFrame | pl.LazyFrame, tariff: TariffTable) -> pl.DataFrame:
    """Add ``tariff_version_id``: the version of ``tariff_code`` in force on the London date of ``started_at``.

    Adds ``reject_code`` and ``reject_text`` too (CSS414E where there is none): the price of a call is that of its own
    date, however late the record came.
    """
    version = _at(
        tariff.version_by_day, _index_among(tariff.tariff_codes, pl.col("tariff_code")) * CALENDAR_DAYS + _day_of_calendar()
    ).alias("tariff_version_id")
    code = first_reject(("CSS414E", pl.col("tariff_version_id").is_null()))
    return (
        calls.lazy()
        .with_columns(_london_minute())
        .with_columns(version)
        .with_columns(code)
        .with_columns(reject_text(pl.col("tariff_code")))
        .drop("_london_minute")
        .collect()
    )


def _at(values: pl.Series, position: pl.Expr) -> pl.Expr:
    """The value at each position; null where the position is."""
    return pl.lit(values).gather(position.cast(pl.UInt32))


def _index_among(known: pl.Series, value: pl.Expr) -> pl.Expr:
    """Which of the known values each one is; null for none of them."""
    return value.replace_strict(known, pl.int_range(len(known), eager=True), default=None)


def _london_minute() -> pl.Expr:
    """Minutes from the start of 1970 to the start of the call, as London clocks count them."""
    wall = pl.col("started_at").dt.convert_time_zone(LONDON.key).dt.replace_time_zone(None)
    return (wall.dt.timestamp("us") // MICROSECONDS_PER_MINUTE).alias("_london_minute")


def _day_of_calendar() -> pl.Expr:
    day = pl.col("_london_minute") // MINUTES_PER_DAY - FIRST_DAY
    return pl.when(day.is_between(0, CALENDAR_DAYS - 1)).then(day)


def _positions(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """Where in the tables the call lies: its version, its London day and minute, its number as a search key."""
    length = pl.col("dialled").str.len_bytes()
    number = pl.when(length.is_between(1, E164_DIGITS_MAX)).then(pl.col("dialled").cast(pl.Int64, strict=False))
    lengths = range(E164_DIGITS_MAX + 1)
    fill_up, cut_off = (pl.Series([10 ** max(sign * (PREFIX_DIGITS_MAX - one), 0) for one in lengths], dtype=pl.Int64) for sign in (1, -1))
    counted = length.clip(0, E164_DIGITS_MAX)
    first_digits = number * _at(fill_up, counted) // _at(cut_off, counted)
    return (
        _index_among(tariff.version_ids, pl.col("tariff_version_id")).alias("_version"),
        _day_of_calendar().alias("_day"),
        ((pl.col("_london_minute") // MINUTES_PER_DAY + THURSDAY) % DAYS_PER_WEEK).alias("_weekday"),
        (pl.col("_london_minute") % MINUTES_PER_DAY).alias("_minute"),
        (first_digits * LENGTHS + length).alias("_number"),
        (length <= SHORT_CODE_DIGITS_MAX).cast(pl.Int64).alias("_is_short"),
    )


def _matches(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """The longest prefix, the band, the VAT of the day, and the version's own terms."""
    versions, version = tariff.versions, pl.col("_version")
    space = _at(versions["list_index"], version) * 2 + pl.col("_is_short")
    key = (space * NUMBER_SPACE + pl.col("_number")).fill_null(-1)
    found = pl.lit(tariff.number_keys).search_sorted(key, side="right") - 1
    in_force = pl.col("_day").is_between(_at(versions["starts_day"], version), _at(versions["ends_day"], version), closed="left")
    is_day = pl.col("_minute").is_between(_at(versions["day_from_minute"], version), _at(versions["day_to_minute"], version), closed="left")
    day, evening, weekend = (BANDS.index(band) for band in ("day", "evening", "weekend"))
    band = pl.when(pl.col("_weekday") >= SATURDAY).then(weekend).when(is_day).then(day).otherwise(evening)
    return (
        (_at(versions["first_place"], version) + _at(tariff.prefix_by_key, found) * len(BANDS) + band).alias("_place"),
        _at(tariff.vat_by_day, pl.col("_day")).alias("vat_basis_points"),
        _at(versions["unit_seconds"], version).alias("_unit_seconds"),
        _at(versions["is_gross"], version).alias("_is_gross"),
        _at(versions["rounding"], version).alias("_rounding"),
        in_force.fill_null(value=False).alias("_in_force"),
    )


def _terms(tariff: TariffTable) -> tuple[pl.Expr, ...]:
    """Everything the rate says; what is not for the caller begins with an underline."""
    return tuple(_at(tariff.rates[name], pl.col("_rate")).alias(name) for name in tariff.rates.columns)


def _units() -> pl.Expr:
    """The whole units the call comes to; null past the largest amount."""
    duration = pl.when(pl.col("duration_seconds") >= 0).then(pl.col("duration_seconds"))
    # Rounding up without adding first: a duration near the end of 64 bits must not wrap round to a negative one.
    units = duration // pl.col("_unit_seconds") + (duration % pl.col("_unit_seconds") > 0)
    return pl.when(units <= pl.col("_units_max")).then(units).alias("chargeable_units")


def _charge_in_basis() -> pl.Expr:
    """Set-up and units, at least the minimum, rounded half up as the version says; nothing for an unanswered call."""
    full = pl.max_horizontal(pl.col("setup_millionths") + pl.col("chargeable_units") * pl.col("unit_price_millionths"), pl.col("_minimum"))
    rounded = (full + pl.col("_rounding") // 2) // pl.col("_rounding") * pl.col("_rounding")
    known = pl.col("chargeable_units").is_not_null()
    amount = pl.when(pl.col("chargeable_units") > 0).then(rounded).when(known).then(pl.lit(0, dtype=pl.Int64))
    return pl.when(amount <= AMOUNT_MAX_MILLIONTHS).then(amount).alias("_amount")


def _both_sides_of_vat() -> tuple[pl.Expr, ...]:
    """Net and gross, half up to a millionth; the same arithmetic as ``css.core.money`` on one price."""
    amount, share = pl.col("_amount"), 10_000 + pl.col("vat_basis_points")
    gross = pl.when(pl.col("_is_gross")).then(amount).otherwise((amount * share + 5_000) // 10_000)
    net = pl.when(pl.col("_is_gross")).then((amount * 10_000 + share // 2) // share).otherwise(amount)
    return net.alias("net_millionths"), gross.alias("gross_millionths")


def _reject_code() -> pl.Expr:
    """The first reason a call cannot be priced."""
    null = pl.Expr.is_null
    return first_reject(
        ("CSS407E", (pl.col("duration_seconds") >= 0).fill_null(value=False).not_()),
        ("CSS415E", pl.col("_in_force").not_()),
        ("CSS417E", null(pl.col("vat_basis_points"))),
        ("CSS416E", null(pl.col("_rate"))),
        ("CSS418E", null(pl.col("_amount"))),
    )


def _reject_value() -> pl.Expr:
    code = pl.col("reject_code")
    return (
        pl.when(code == "CSS415E")
        .then(pl.col("tariff_version_id").cast(pl.String))
        .when(code == "CSS416E")
        .then(pl.col("dialled"))
        .when(code == "CSS417E")
        .then(pl.col("started_at").cast(pl.String))
        .otherwise(pl.col("duration_seconds").cast(pl.String))
    )


def _priced_columns() -> tuple[pl.Expr, ...]:
    """Every added column in order, empty on a rejected row: half a price is no price."""
    good = pl.col("reject_code").is_null()
    return tuple(pl.col(name) if name.startswith("reject_") else pl.when(good).then(pl.col(name)).alias(name) for name in PRICED_COLUMNS)
