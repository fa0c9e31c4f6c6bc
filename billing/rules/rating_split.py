"""Calls that run over a band's edge, under versions that price each unit in the band in which it begins."""

from __future__ import annotations

import polars as pl

from billing.rules.tariff_table import TariffTable


def split_calls(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
    """Stub."""
    return calls
