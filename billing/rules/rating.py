"""The rating rule: what a call costs, written once, as column expressions over millions of calls at a time.

The conventions, each from the tariff version in force on the London date on which the call *starts*, however late its
record came:

1. The longest prefix of the version that begins the other number gives the destination and its charge class.
2. The band is that of London's clocks: weekend on Saturday and Sunday (and on the bank holidays of the version's nation, if
   it has one), day between the version's two times of day, evening otherwise. A version prices the whole call in the band
   in which it starts, or each unit in the band in which that begins (``billing.rules.rating_split``).
3. Charge = set-up + the prices of the steps reached + the units begun in each, at least the rate's minimum, at most its
   maximum, rounded half up to the version's rounding, all in the version's basis. A call of no seconds was not answered and
   costs nothing, nor does one to a free destination.
4. Where the rate is an access charge the version's service tariff prices the service charge by the same rule, and that is
   added: net to net and gross to gross.
5. The other side of VAT follows at the rate of the London date on which the call started, to a millionth of a penny half
   up. Whole pence come later, once, on the bill line (``css.core.money.to_money``).
6. The service's provider is charged for the same call by its own tariff, by the same rule; of that the net side is kept.

All amounts are 64-bit integers in millionths of a penny; a call longer than ``DURATION_MAX_SECONDS`` or dearer than
``AMOUNT_MAX_MILLIONTHS`` is rejected before any product can overflow. There is no float anywhere.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.rating_part import call_facts, part_of
from billing.rules.rejects import first_reject, reject_text
from billing.rules.tariff import BANDS
from billing.rules.tariff_table import TariffTable, at
from billing.words import ZeroReason

CALL_COLUMNS: Final = {
    "tariff_code": pl.String(),
    "wholesale_tariff_code": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
}
"""What ``price`` reads. Every other column of the frame passes through untouched."""

PRICED_COLUMNS: Final = {
    "tariff_version_id": pl.Int64(),
    "rate_id": pl.Int64(),
    "charge_class": pl.String(),
    "prefix": pl.String(),
    "destination": pl.String(),
    "is_itemised": pl.Boolean(),
    "band": pl.String(),
    "chargeable_units": pl.Int64(),
    "net_millionths": pl.Int64(),
    "gross_millionths": pl.Int64(),
    "vat_basis_points": pl.Int64(),
    "service_rate_id": pl.Int64(),
    "service_net_millionths": pl.Int64(),
    "wholesale_rate_id": pl.Int64(),
    "wholesale_net_millionths": pl.Int64(),
    "zero_reason": pl.String(),
    "reject_code": pl.String(),
    "reject_text": pl.String(),
    "wholesale_reject_code": pl.String(),
}
"""What ``price`` adds, in this order. Where ``reject_code`` is not null all others but its text are; where it is null the call
has a price, and of the rest only the columns of service charge, wholesale and ``zero_reason`` may be null."""

PARTS: Final = ("retail", "service", "wholesale")
_BANDS: Final = pl.Series(BANDS, dtype=pl.String)


def price(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """Price every call, in the order given: the frame's columns and ``PRICED_COLUMNS`` after them.

    Reads ``CALL_COLUMNS``; a column it would add must not be there yet. No row is lost: one that cannot be priced comes
    back with a reason (CSS407E, CSS414E, CSS416E to CSS418E, CSS450E) and null amounts. ``band`` is that in which the call starts, and
    ``chargeable_units`` those of the tariff itself, not of the service charge. A wholesale price that cannot be found leaves
    its two columns null and its reason in ``wholesale_reject_code``: the customer's price does not wait for it.
    """
    return _joined(calls, _parts(calls, tariff), tariff)


def _parts(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """What the three tariffs say of each call, in columns ``retail_``, ``service_`` and ``wholesale_``, beside its facts."""
    facts = call_facts(calls, tariff)
    retail = part_of(facts, tariff)
    is_access = retail.select(at(tariff.rates["is_access_charge"], pl.col("place")).alias("is_access")).to_series()
    service_tariff = retail.select(at(tariff.versions["service_tariff"], pl.col("version"))).to_series()
    service = _of_some(is_access, facts.with_columns(service_tariff.alias("tariff")), tariff)
    has_wholesale = calls["wholesale_tariff_code"].is_not_null().alias("has_wholesale")
    wholesale = _of_some(has_wholesale, facts.with_columns(pl.col("wholesale").alias("tariff")), tariff)
    named = [part.select(pl.all().name.prefix(f"{name}_")) for name, part in zip(PARTS, (retail, service, wholesale), strict=True)]
    return pl.concat([facts.select("seconds", "vat"), *named, is_access.to_frame(), has_wholesale.to_frame()], how="horizontal")


def _of_some(chosen: pl.Series, facts: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """The parts of the chosen calls, in the place of each; null for the others."""
    if chosen.all():
        return part_of(facts, tariff)
    parts = part_of(facts.filter(chosen), tariff)
    place = pl.when(chosen).then(chosen.cast(pl.UInt32).cum_sum() - 1)
    return chosen.to_frame("chosen").select(at(parts[name], place).alias(name) for name in parts.columns)


def _joined(calls: pl.DataFrame, parts: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """The parts as ``PRICED_COLUMNS`` beside their calls."""
    coded = parts.with_columns(_reject_code(tariff))
    codes = coded["reject_code"]
    if codes.null_count() < len(codes):
        good = pl.col("reject_code").is_null()
        coded = coded.with_columns(
            pl.when(good).then("retail_place").otherwise(tariff.no_rate).alias("retail_place"),
            pl.when(good).then("retail_version").otherwise(tariff.no_version).alias("retail_version"),
            *(pl.when(good).then(name).alias(name) for name in coded.columns if name in _ONLY_WHERE_GOOD),
        )
    rates, retail = tariff.rates, pl.col("retail_place")
    sums = [pl.col(f"retail_{side}") + pl.col(f"service_{side}").fill_null(0) for side in ("net", "gross")]
    has_wholesale = pl.col("wholesale_amount").is_not_null()
    added = coded.select(
        at(tariff.versions["tariff_version_id"], pl.col("retail_version")).alias("tariff_version_id"),
        *(at(rates[name], retail).alias(name) for name in ("rate_id", "charge_class", "prefix", "destination", "is_itemised")),
        at(_BANDS, pl.col("retail_band")).alias("band"),
        pl.col("retail_units").alias("chargeable_units"),
        sums[0].alias("net_millionths"),
        sums[1].alias("gross_millionths"),
        pl.col("vat").alias("vat_basis_points"),
        at(rates["rate_id"], pl.col("service_place")).alias("service_rate_id"),
        pl.col("service_net").alias("service_net_millionths"),
        at(rates["rate_id"], pl.when(has_wholesale).then("wholesale_place").otherwise(tariff.no_rate)).alias("wholesale_rate_id"),
        pl.col("wholesale_net").alias("wholesale_net_millionths"),
        _zero_reason(sums[0], at(rates["is_free"], retail)).alias("zero_reason"),
        pl.col("reject_code"),
        _wholesale_reject_code(tariff).alias("wholesale_reject_code"),
    )
    texts = _reject_texts(calls, codes)
    return pl.concat([calls, added.with_columns(texts).select(*PRICED_COLUMNS)], how="horizontal")


_ONLY_WHERE_GOOD: Final = frozenset(
    {"retail_band", "retail_units", "retail_net", "retail_gross", "vat", "service_place", "service_net", "service_gross"}
    | {"wholesale_place", "wholesale_amount", "wholesale_net"}
)


def _reject_code(tariff: TariffTable) -> pl.Expr:
    """The first reason a call cannot be priced."""
    null, is_access = pl.Expr.is_null, pl.col("is_access")
    return first_reject(
        ("CSS407E", (pl.col("seconds") >= 0).fill_null(value=False).not_()),
        ("CSS414E", pl.col("retail_version") == tariff.no_version),
        ("CSS417E", null(pl.col("vat"))),
        ("CSS416E", pl.col("retail_place") == tariff.no_rate),
        ("CSS418E", null(pl.col("retail_amount"))),
        ("CSS450E", is_access & (pl.col("service_place") == tariff.no_rate)),
        ("CSS418E", is_access & null(pl.col("service_amount"))),
    )


def _wholesale_reject_code(tariff: TariffTable) -> pl.Expr:
    """Why there is no wholesale price; null where there is one, or none is wanted, or the call itself is rejected."""
    wanted = pl.col("has_wholesale") & pl.col("reject_code").is_null()
    reason = first_reject(
        ("CSS414E", pl.col("wholesale_version") == tariff.no_version),
        ("CSS416E", pl.col("wholesale_place") == tariff.no_rate),
        ("CSS418E", pl.col("wholesale_amount").is_null()),
    )
    return pl.when(wanted).then(reason)


def _zero_reason(net: pl.Expr, is_free: pl.Expr) -> pl.Expr:
    """Why a good call costs nothing; null where it costs something."""
    reason = (
        pl.when(is_free)
        .then(pl.lit(ZeroReason.FREE.value))
        .when(pl.col("seconds") == 0)
        .then(pl.lit(ZeroReason.UNANSWERED.value))
        .otherwise(pl.lit(ZeroReason.INCLUDED.value))
    )
    return pl.when(pl.col("reject_code").is_null() & (net == 0)).then(reason)


def _reject_texts(calls: pl.DataFrame, codes: pl.Series) -> pl.Series:
    """The sentence for each rejected call. Few are, so no words are spent on the others."""
    texts = pl.Series("reject_text", [None], dtype=pl.String).new_from_index(0, len(calls))
    where = codes.is_not_null().arg_true()
    if where.is_empty():
        return texts
    code = pl.col("reject_code")
    value = (
        pl.when(code == "CSS414E")
        .then(pl.col("tariff_code"))
        .when(code.is_in(["CSS416E", "CSS450E"]))
        .then(pl.col("other_number"))
        .when(code == "CSS417E")
        .then(pl.col("started_at").cast(pl.String))
        .otherwise(pl.col("duration_seconds").cast(pl.String))
    )
    rejected = calls.select(*CALL_COLUMNS).with_columns(codes)[where]
    return texts.scatter(where, rejected.select(reject_text(value)).to_series())
