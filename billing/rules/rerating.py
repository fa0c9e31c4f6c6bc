"""Re-rating by difference: what a call should cost, less the sum of all that was ever written for it, account by account.

Nothing is written where that is nought, so re-rating twice, or in any order, comes to what rating from the beginning would.
"""

from __future__ import annotations

from typing import Final

import polars as pl

ADDED: Final = (
    "call_count",
    "duration_seconds",
    "chargeable_units",
    "net_millionths",
    "gross_millionths",
    "service_net_millionths",
    "wholesale_net_millionths",
)
"""The columns of a rated call that add up over its rows. Amounts are millionths of a penny."""

_KEY: Final = ("usage_record_id", "account_id")
_COUNTS: Final = tuple(name for name in ADDED if name != "chargeable_units")
"""What makes a difference; units alone are only how a price came about."""


def differences(was: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """One row for each record and account that differ, with the columns of ``now``.

    ``was`` holds every row there is of the records (their first prices and all differences since), ``now`` one row for each
    record that has a price. Both have the same columns, those of a rated call; a record that is not in ``now`` is left alone.
    What an account gains is told in the words of the new price, what it only loses in those of the old.
    """
    known = was.join(now.select("usage_record_id"), on="usage_record_id", how="semi")
    taken_back = known.select(-pl.col(name) if name in ADDED else pl.col(name) for name in now.columns)
    facts = [name for name in now.columns if name not in (*_KEY, *ADDED, "zero_reason")]
    summed = (
        pl.concat([now, taken_back.with_columns(zero_reason=pl.lit(None, dtype=pl.String))])
        .group_by(_KEY, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in facts),
            *(pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in ADDED),
            pl.col("zero_reason").first(),
        )
    )
    return (
        summed.filter(pl.any_horizontal(pl.col(name).fill_null(0) != 0 for name in _COUNTS))
        # Why it costs nothing is said of a call that comes to the account, not of a difference of nought.
        .with_columns(pl.when(pl.col("call_count") > 0).then("zero_reason").alias("zero_reason"))
        .select(now.columns)
    )


def taxed_anew(was: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The records (``usage_record_id``) whose rate of VAT is another now than on a row of the same account.

    A difference has one rate of VAT; moving a whole price from one to the other takes a credit and a charge by hand.
    """
    rates = pl.concat([frame.select(*_KEY, "vat_basis_points") for frame in (was, now)])
    return (
        rates.group_by(_KEY)
        .agg(pl.col("vat_basis_points").n_unique())
        .filter(pl.col("vat_basis_points") > 1)
        .select("usage_record_id")
        .unique()
    )
