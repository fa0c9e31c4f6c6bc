"""Guiding: whose call is it? The calling number and the moment of the call lead to a service, and so to an account.

A number serves different services in its life (ceased, re-used, moved), never two at one moment: the database holds that
(``ex_service_number_in_use``), and here an overlap is a ``Breach``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.rejects import first_reject, reject_text
from css.core.errors import Breach

ASSIGNMENT_COLUMNS: Final = {
    "number": pl.String(),
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
}
"""What ``guide`` reads of the assignments: a number in use from an instant to an instant, null being open. Every other
column (service, account, district, tariff code) is what the call gains."""

_SECONDS_SPACE: Final = 2**34
"""Each number's place among the keys: the seconds of five centuries from 1970."""


def guide(calls: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    """Add to each call the columns of the assignment of its ``caller`` at ``started_at``, in the order given.

    Adds ``reject_code`` and ``reject_text`` as well: CSS412E where the number was never ours, CSS413E where it was not in
    service at that moment; then the columns gained are null. No call is lost or doubled.
    """
    used = (
        assignments.filter(pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("starts_at")))
        .sort("number", "starts_at")
        .with_columns(_number_index=pl.col("number").rle_id().cast(pl.Int64))
    )
    _refuse_overlaps(used)
    numbers = used["number"].unique(maintain_order=True)
    gained = [name for name in assignments.columns if name not in ASSIGNMENT_COLUMNS]
    key = pl.col("_number_index") * _SECONDS_SPACE + _seconds("starts_at")
    keys = pl.concat([pl.Series([-1], dtype=pl.Int64), used.select(key.alias("key"))["key"]])
    indexed = pl.col("caller").replace_strict(numbers, pl.int_range(len(numbers), eager=True), default=None).alias("_number_index")
    # The search lands on the last assignment not later than the call; position 0 stands before them all.
    landed = pl.lit(keys).search_sorted((pl.col("_number_index") * _SECONDS_SPACE + _seconds("started_at")).fill_null(-1), side="right") - 1
    place = pl.when(landed > 0).then(landed - 1)
    terms = (pl.lit(used[name]).gather(pl.col("_place")).alias(f"_{name}") for name in ASSIGNMENT_COLUMNS)
    is_live = (
        (pl.col("_number") == pl.col("caller"))
        & (pl.col("_starts_at") <= pl.col("started_at"))
        & (pl.col("_ends_at").is_null() | (pl.col("started_at") < pl.col("_ends_at")))
    ).fill_null(value=False)
    live_place = pl.when(pl.col("reject_code").is_null()).then(pl.col("_place"))
    return (
        calls.lazy()
        .with_columns(indexed)
        .with_columns(place.alias("_place"))
        .with_columns(*terms)
        .with_columns(first_reject(("CSS412E", pl.col("_number_index").is_null()), ("CSS413E", ~is_live)))
        .with_columns(reject_text(pl.col("caller")), *(pl.lit(used[name]).gather(live_place).alias(name) for name in gained))
        .select(*calls.columns, *gained, "reject_code", "reject_text")
        .collect()
    )


def _seconds(column: str) -> pl.Expr:
    """Whole seconds from 1970, kept within a number's place among the keys; exact instants are compared afterwards."""
    return pl.col(column).dt.epoch("s").clip(0, _SECONDS_SPACE - 1)


def _refuse_overlaps(used: pl.DataFrame) -> None:
    same = pl.col("number") == pl.col("number").shift(-1)
    still_used = pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("starts_at").shift(-1))
    overlapping = used.filter((same & still_used).fill_null(value=False))
    if not overlapping.is_empty():
        msg = f"{overlapping.height} numbers are in use by two services at one time, the first {overlapping['number'][0]}"
        raise Breach(msg)
