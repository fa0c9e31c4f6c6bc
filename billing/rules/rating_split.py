"""Calls taken to pieces: what of a call is charged in which band and by which step of the rate.

Under a version that splits calls each unit is priced in the band in which it begins. Units are counted in elapsed time from
the beginning of their step; the band is that of London's clocks at the instant a unit begins, through midnights, bank
holidays and both nights on which the clocks change. A step's own price is that of the band at the moment the call reaches
it, the set-up charge that of the start. So a unit once begun is never priced twice, and none is cut at an edge.

Only calls that may run over an edge are taken to pieces to price them; ``billing.rules.rating_components`` takes any.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.tariff_calendar import DAY, FIRST_SECOND, SECONDS_PER_DAY, SECONDS_PER_HOUR, WEEKEND
from billing.rules.tariff_table import EDGE_SPACE, TariffTable, at

CALLS_AT_ONCE: Final = 10_000
"""Taken to pieces together: were each of them weeks long, the pieces would still fit a modest memory."""


def split_calls(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """Set ``units`` and ``amount`` of the calls that must be split; the others stay as they are, in their places."""
    crossing = calls.select(_may_cross(tariff)).to_series().arg_true()
    if crossing.is_empty():
        return calls
    totals = [
        pieces(some, tariff)
        .group_by("call", maintain_order=True)
        .agg(
            pl.col("units").sum(),
            (pl.col("units") * pl.col("unit_price") + pl.col("step_price")).sum().alias("amount"),
            pl.col("setup").first(),
        )
        for some in calls[crossing].iter_slices(CALLS_AT_ONCE)
    ]
    total = pl.concat(totals)
    assert len(total) == len(crossing), "every answered call has pieces"
    return calls.with_columns(
        calls["units"].scatter(crossing, total["units"]),
        calls["amount"].scatter(crossing, total["amount"] + total["setup"]),
    )


def pieces(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """The pieces of answered calls, in order: each a stretch of one band within one step of the rate.

    Of the calls it reads version, place, band, second, charged and step (the last one reached). It gives ``call`` (the row),
    ``band``, ``step`` (its position), ``units`` begun in it, ``begins`` and ``seconds`` (elapsed time, from the first of these units to
    the end of the last or of the call; of a step without units, the stretch itself), ``unit_price``, ``step_price`` (0 but where
    the step begins) and the ``setup`` of the call.
    """
    steps, version = tariff.steps, pl.col("version")
    last_number = pl.col("step") - at(tariff.rates["first_step"], pl.col("place"))
    stretches = (
        calls.with_row_index("call")
        .select(
            "call",
            "charged",
            "band",
            at(tariff.rates["setup"], pl.col("place")).alias("setup"),
            (pl.col("place") - pl.col("band")).alias("of_prefix"),
            at(tariff.versions["is_split"], version).alias("is_split"),
            (at(tariff.versions["clock"], version) * EDGE_SPACE + pl.col("second") - FIRST_SECOND).alias("key"),
            last_number.alias("last_number"),
        )
        .pipe(_by_edges, tariff)
        .with_columns(pl.int_ranges(0, pl.col("last_number") + 1, dtype=pl.UInt32).alias("step_number"))
        .explode("step_number", empty_as_null=False)
        .with_columns((at(tariff.rates["first_step"], pl.col("of_prefix") + pl.col("band")) + pl.col("step_number")).alias("step"))
    )
    from_second, unit_seconds = at(steps["from_second"], pl.col("step")), at(steps["unit_seconds"], pl.col("step"))
    begins = pl.max_horizontal("begins", from_second)
    ends = pl.min_horizontal("ends", at(steps["next_from"], pl.col("step")))
    first, after_last = ((instant - from_second + unit_seconds - 1) // unit_seconds for instant in (begins, ends))
    first_begins = from_second + first * unit_seconds
    last_ends = pl.min_horizontal(from_second + after_last * unit_seconds, at(steps["next_from"], pl.col("step")), "charged")
    return stretches.filter(begins < ends).select(
        "call",
        "band",
        "step",
        "setup",
        first_begins.alias("begins"),
        (last_ends - first_begins).alias("seconds"),
        ((after_last - first) * at(steps["has_unit"], pl.col("step"))).alias("units"),
        at(steps["unit_price"], pl.col("step")).alias("unit_price"),
        pl.when(from_second >= pl.col("begins")).then(at(steps["price"], pl.col("step"))).otherwise(0).alias("step_price"),
    )


def _may_cross(tariff: TariffTable) -> pl.Expr:
    """Whether the call may last beyond the next edge of its version's bands: never false where it does.

    Edges are the day's two times and midnight. Clocks change on Sundays alone, within the weekend: there an hour may be
    missing on the way to midnight.
    """
    versions, version, wall = tariff.versions, pl.col("version"), pl.col("wall_second")
    day_from, day_to = (at(versions[f"day_{end}_second"], version) for end in ("from", "to"))
    edge = (
        pl.when(pl.col("band") == WEEKEND)
        .then(SECONDS_PER_DAY - SECONDS_PER_HOUR)
        .when(pl.col("band") == DAY)
        .then(day_to)
        .when(wall < day_from)
        .then(day_from)
        .otherwise(SECONDS_PER_DAY)
    )
    is_charged = (pl.col("charged") > 0) & (pl.col("place") != tariff.no_rate)
    return is_charged & at(versions["is_split"], version) & (pl.col("charged") > edge - wall)


def _by_edges(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """Each call once for each stretch between edges that it touches, with its ``band`` and its elapsed ``begins`` and ``ends``."""
    keys = tariff.edge_keys
    if keys.is_empty():
        return calls.with_columns(begins=pl.lit(0, dtype=pl.Int64), ends=pl.col("charged"))
    whole = calls.filter(~pl.col("is_split")).with_columns(begins=pl.lit(0, dtype=pl.Int64), ends=pl.col("charged"))
    first, last = (pl.lit(keys).search_sorted(key, side="right") - 1 for key in (pl.col("key"), pl.col("key") + pl.col("charged")))
    split = (
        calls.filter("is_split")
        .with_columns(first.alias("first"), last.alias("last"))
        .with_columns(pl.int_ranges("first", pl.col("last") + 1, dtype=pl.UInt32).alias("edge"))
        .explode("edge", empty_as_null=False)
        .with_columns(
            at(tariff.edge_bands, pl.col("edge")).alias("band"),
            pl.max_horizontal(at(keys, pl.col("edge")) - pl.col("key"), 0).alias("begins"),
            pl.when(pl.col("edge") == pl.col("last"))
            .then("charged")
            .otherwise(at(keys, pl.min_horizontal(pl.col("edge") + 1, len(keys) - 1).cast(pl.UInt32)) - pl.col("key"))
            .alias("ends"),
        )
    )
    return pl.concat([whole, split.select(whole.columns)]).sort("call", "begins")
