"""A price taken apart: every component of every charge, for whoever asks what a call cost and why.

There is no second rule here: the charges are those of ``billing.rules.rating_part``, the stretches those of
``billing.rules.rating_split``, and what they add up to is compared with ``billing.rules.rating.price`` for each call: were they
ever to differ, nothing is explained and it is a ``Breach``.

The components of a call, in this order; those that change nothing are left out, but time that costs nothing is told:

``free``, ``unanswered``
    The tariff charges nothing for the call, and why.
``minimum-seconds``
    The tariff charges a shorter call as if it had lasted so long. No amount.
``setup``
    The set-up charge.
``step``
    A price charged once, when the call reaches a step of the rate.
``units``
    The units begun in one band within one step; of a step without a unit, that its seconds cost nothing.
``minimum``, ``maximum``, ``rounding``
    What these add or take.
``basis``
    After the components of a service charge whose tariff is published on the other side of VAT: the VAT that brings it to the
    call's own side.
``vat``
    Last of each call: the VAT added to a net price, or, negative, the VAT that is in a gross one.

The components of the call's own tariff come first, then those of the service charge, each with the code and version of its
tariff. Without ``vat`` they add up to the price in the basis of the call's tariff; with it, to the other side.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.rating import CALL_COLUMNS, price
from billing.rules.rating_part import bounds, call_facts, reckoned
from billing.rules.rating_split import pieces
from billing.rules.tariff import BANDS
from billing.rules.tariff_table import TariffTable, at
from css.core.errors import Breach
from css.core.money import MILLIONTHS

COMPONENT_COLUMNS: Final = {
    "call_index": pl.Int64(),
    "ordinal": pl.Int64(),
    "tariff_code": pl.String(),
    "version": pl.Int64(),
    "component": pl.String(),
    "band": pl.String(),
    "prefix": pl.String(),
    "from_second": pl.Int64(),
    "seconds": pl.Int64(),
    "units": pl.Int64(),
    "unit_seconds": pl.Int64(),
    "unit_price_millionths": pl.Int64(),
    "amount_millionths": pl.Int64(),
    "words": pl.String(),
}
"""``call_index`` is the row of the call in the frame given, ``ordinal`` counts from 1 within the call."""

_ORDER: Final = ("free", "unanswered", "minimum-seconds", "setup", "step", "units", "minimum", "maximum", "rounding", "basis", "vat")
_PLACE: Final = {name: place for place, name in enumerate(_ORDER)}
_STAGE: Final = _PLACE | {"units": _PLACE["step"]}
"""Steps and units go together, each step's own price before its units."""
_BANDS: Final = pl.Series(BANDS, dtype=pl.String)
_OWN, _SERVICE, _WHOLE = 0, 1, 2
"""Parts of a call: its own tariff's, the service charge, and what is said of both."""


def components(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """The components of every call that has a price, ``COMPONENT_COLUMNS``; a rejected call has none.

    Reads what ``price`` reads, and explains the customer's price; to explain the provider's, give its tariff as
    ``tariff_code``. Where a number has two charges the words begin with "Access charge" and "Service charge".
    """
    priced = price(calls.select(*CALL_COLUMNS), tariff)
    good = priced["reject_code"].is_null()
    facts = call_facts(calls, tariff).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("call_index")).filter(good)
    own = reckoned(facts, tariff).with_columns(_version_term(tariff, "is_gross").alias("to_gross"))
    is_access = own.select(at(tariff.rates["is_access_charge"], pl.col("place"))).to_series()
    accesses = own.filter(is_access)
    service_tariff = accesses.select(_version_term(tariff, "service_tariff")).to_series()
    service = reckoned(accesses.select(*facts.columns, "to_gross").with_columns(service_tariff.alias("tariff")), tariff)
    sums = priced.filter(good).select(pl.col("net_millionths").alias("net"), pl.col("gross_millionths").alias("gross"))
    whole = own.drop("net", "gross").hstack(sums)
    rows = pl.concat(
        [
            *_part_rows(own, tariff, _OWN),
            *_part_rows(service, tariff, _SERVICE),
            _basis_row(service, tariff),
            _vat_row(whole, tariff),
        ]
    )
    _must_add_up(rows, whole)
    heading = (
        pl.when(pl.col("part") == _SERVICE)
        .then(pl.lit("Service charge: "))
        .when((pl.col("part") == _OWN) & pl.col("call_index").is_in(accesses["call_index"].implode()))
        .then(pl.lit("Access charge: "))
        .otherwise(pl.lit(""))
    )
    stage, within = (pl.col("component").replace_strict(order, return_dtype=pl.Int64) for order in (_STAGE, _PLACE))
    return (
        rows.sort("call_index", "part", stage, "from_second", within)
        .with_columns(ordinal=pl.int_range(pl.len(), dtype=pl.Int64).over("call_index") + 1, words=pl.concat_str(heading, "words"))
        .select(*COMPONENT_COLUMNS)
    )


def _part_rows(part: pl.DataFrame, tariff: TariffTable, number: int) -> list[pl.DataFrame]:
    """What one tariff charges for each call, in rows that add up to its amount."""
    rates, place = tariff.rates, pl.col("place")
    is_free = at(rates["is_free"], place)
    free, unanswered = part.filter(is_free), part.filter(~is_free & (pl.col("charged") == 0))
    charged = part.filter(~is_free & (pl.col("charged") > 0))
    stretches = _stretches(charged, tariff)
    lengthened = charged.filter(pl.col("charged") > pl.col("seconds"))
    nothing, words = pl.lit(0, dtype=pl.Int64), pl.lit
    return [
        _rows(free, tariff, number, "free", nothing, words("Free to callers.")),
        _rows(unanswered, tariff, number, "unanswered", nothing, words("The call was not answered.")),
        _rows(
            lengthened,
            tariff,
            number,
            "minimum-seconds",
            nothing,
            pl.format("The call lasted {} and is charged as {}.", _seconds(pl.col("seconds")), _seconds(pl.col("charged"))),
            seconds=pl.col("charged"),
        ),
        _rows(
            charged.filter(at(rates["setup"], place) != 0),
            tariff,
            number,
            "setup",
            at(rates["setup"], place),
            pl.format("Set-up {}p.", _pence(at(rates["setup"], place))),
        ),
        *_stretch_rows(stretches, tariff, number),
        *_bound_rows(charged, stretches, tariff, number),
    ]


def _stretches(charged: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """The pieces of the calls, each beside its call and with the rate of its own band in ``place``."""
    calls = charged.with_row_index("call").select("call", "call_index", "version", start_place=pl.col("place"), start_band=pl.col("band"))
    return (
        pieces(charged, tariff)
        .join(calls, on="call", maintain_order="left")
        .with_columns(place=pl.col("start_place") - pl.col("start_band") + pl.col("band"))
    )


def _stretch_rows(stretches: pl.DataFrame, tariff: TariffTable, number: int) -> list[pl.DataFrame]:
    has_unit = at(tariff.steps["has_unit"], pl.col("step")) == 1
    unit_seconds = pl.when(has_unit).then(at(tariff.steps["unit_seconds"], pl.col("step"))).otherwise(0)
    begins, band = pl.col("begins"), at(_BANDS, pl.col("band"))
    by_units = pl.format(
        "{} of {} at {}p each, {}, from second {}.",
        _counted(pl.col("units"), "unit"),
        _seconds(unit_seconds),
        _pence(pl.col("unit_price")),
        band,
        begins,
    )
    by_nothing = pl.format("{} not charged by time, {}, from second {}.", _seconds(pl.col("seconds")), band, begins)
    return [
        _rows(
            stretches.filter(pl.col("step_price") != 0),
            tariff,
            number,
            "step",
            pl.col("step_price"),
            pl.format("{}p once, {}, on reaching second {}.", _pence(pl.col("step_price")), band, begins),
            from_second=begins,
        ),
        _rows(
            # In a stretch in which no unit begins the last unit of the one before runs on.
            stretches.filter((pl.col("units") > 0) | ~has_unit),
            tariff,
            number,
            "units",
            pl.col("units") * pl.col("unit_price"),
            pl.when(has_unit).then(by_units).otherwise(by_nothing),
            from_second=begins,
            seconds=pl.col("seconds"),
            units=pl.col("units"),
            unit_seconds=unit_seconds,
            unit_price=pl.col("unit_price"),
        ),
    ]


def _bound_rows(charged: pl.DataFrame, stretches: pl.DataFrame, tariff: TariffTable, number: int) -> list[pl.DataFrame]:
    """What minimum, maximum and rounding make of the sum of the rest."""
    rates, place = tariff.rates, pl.col("place")
    sums = stretches.group_by("call_index", maintain_order=True).agg(
        (pl.col("units") * pl.col("unit_price") + pl.col("step_price")).sum().alias("of_steps")
    )
    raised, held, rounded = bounds(pl.col("full"), tariff)
    bounded = (
        charged.join(sums, on="call_index", maintain_order="left")
        .with_columns(full=pl.col("of_steps") + at(rates["setup"], place))
        .with_columns(raised.alias("raised"), held.alias("held"), rounded.alias("rounded"))
    )
    least, most, multiple = at(rates["minimum"], place), at(rates["maximum"], place), _version_term(tariff, "rounding")
    return [
        _rows(bounded.filter(amount != 0), tariff, number, component, amount, words)
        for component, amount, words in (
            ("minimum", pl.col("raised") - pl.col("full"), pl.format("Brought up to the minimum of {}p.", _pence(least))),
            ("maximum", pl.col("held") - pl.col("raised"), pl.format("Held to the maximum of {}p.", _pence(most))),
            ("rounding", pl.col("rounded") - pl.col("held"), pl.format("Rounded to a multiple of {}p.", _pence(multiple))),
        )
    ]


def _basis_row(service: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """VAT between a service charge's own basis and that of the tariff it is added to."""
    amount = pl.when("to_gross").then("gross").otherwise("net") - pl.col("amount")
    verb = pl.when("to_gross").then(pl.lit("added")).otherwise(pl.lit("taken out"))
    return _rows(
        service.filter(amount != 0),
        tariff,
        _SERVICE,
        "basis",
        amount,
        pl.format("VAT at {} {}, as the access charge is published.", _percent(), verb),
    )


def _vat_row(whole: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    amount = pl.when("to_gross").then(-1).otherwise(1) * (pl.col("gross") - pl.col("net"))
    words = pl.when("to_gross").then(pl.format("Of this, VAT at {}.", _percent())).otherwise(pl.format("VAT at {} added.", _percent()))
    return _rows(whole.filter(amount != 0), tariff, _WHOLE, "vat", amount, words)


def _rows(
    frame: pl.DataFrame, tariff: TariffTable, part: int, component: str, amount: pl.Expr, words: pl.Expr, **figures: pl.Expr
) -> pl.DataFrame:
    """One component for each row of the frame; figures it does not name are null, ``from_second`` is 0."""
    figures = {"from_second": pl.lit(0)} | figures
    return frame.select(
        "call_index",
        pl.lit(part).alias("part"),
        _version_term(tariff, "tariff_code").alias("tariff_code"),
        _version_term(tariff, "version").alias("version"),
        pl.lit(component).alias("component"),
        at(_BANDS, pl.col("band")).alias("band"),
        at(tariff.rates["prefix"], pl.col("place")).alias("prefix"),
        *(
            figures.get(name, pl.lit(None)).cast(pl.Int64).alias(column)
            for name, column in (
                ("from_second", "from_second"),
                ("seconds", "seconds"),
                ("units", "units"),
                ("unit_seconds", "unit_seconds"),
                ("unit_price", "unit_price_millionths"),
            )
        ),
        amount.cast(pl.Int64).alias("amount_millionths"),
        words.alias("words"),
    )


def _must_add_up(rows: pl.DataFrame, whole: pl.DataFrame) -> None:
    """The components of each call come to its price, or nothing is explained."""
    sums = rows.group_by("call_index").agg(
        pl.col("amount_millionths").filter(pl.col("component") != "vat").sum().alias("own"),
        pl.col("amount_millionths").sum().alias("other"),
    )
    side, other = pl.when("to_gross").then("gross").otherwise("net"), pl.when("to_gross").then("net").otherwise("gross")
    wrong = whole.join(sums, on="call_index", how="left").filter((side != pl.col("own")) | (other != pl.col("other")))
    if not wrong.is_empty():
        found = wrong.row(0, named=True)
        msg = f"the components of call {found['call_index']} come to {found['own']}, not to its price"
        raise Breach(msg)


def _version_term(tariff: TariffTable, name: str) -> pl.Expr:
    return at(tariff.versions[name], pl.col("version"))


def _pence(millionths: pl.Expr) -> pl.Expr:
    """Pence in their shortest form: ``5.9``."""
    whole, part = (millionths // MILLIONTHS).cast(pl.String), (millionths % MILLIONTHS).cast(pl.String)
    places = part.str.zfill(6).str.strip_chars_end("0")
    return pl.when(places == "").then(whole).otherwise(pl.concat_str(whole, pl.lit("."), places))


def _percent() -> pl.Expr:
    """The rate of VAT: ``17.5%``."""
    return pl.concat_str(_pence(pl.col("vat") * (MILLIONTHS // 100)), pl.lit("%"))


def _seconds(count: pl.Expr) -> pl.Expr:
    return _counted(count, "second")


def _counted(count: pl.Expr, what: str) -> pl.Expr:
    return pl.concat_str(count.cast(pl.String), pl.when(count == 1).then(pl.lit(f" {what}")).otherwise(pl.lit(f" {what}s")))
