"""What calls would cost by a tariff that is only a file: priced and taken apart by the one rating rule, with no database.

A quote prices whole calls. Records that cannot be read, parts of long calls and calls that the tariff has no price for are
given back with their reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from billing.carrier_file import CarrierFile, shown_name
from billing.rules.rating import price
from billing.rules.rating_components import components
from billing.rules.tariff import TariffBook, TariffVersion
from billing.rules.tariff_calendar import CALENDAR, FIRST_SECOND, LAST_SECOND
from billing.rules.tariff_table import TariffTable, compile_tariffs
from billing.rules.usage_control import read_control
from billing.rules.usage_layouts import parse_block
from css.core.calendar import Period
from css.core.errors import BadMessage
from css.core.pricing import VatRow

ALWAYS: Final = Period(date(1980, 1, 1))
"""Whenever a call may have been made."""
CALL_COLUMNS: Final = (
    "line_number",
    "leg",
    "charged_number",
    "other_number",
    "started_at",
    "duration_seconds",
    "charge_class",
    "destination",
    "is_itemised",
    "net_millionths",
    "gross_millionths",
    "vat_basis_points",
    "zero_reason",
)
REFUSED_COLUMNS: Final = ("line_number", "reject_code", "reject_text")


@dataclass(frozen=True, slots=True, eq=False)
class Quoted:
    """Some records of a call file, priced."""

    calls: pl.DataFrame
    """``CALL_COLUMNS`` of each call that has a price, in the order of its line."""
    components: pl.DataFrame
    """The components of those calls; ``call_index`` is the row in ``calls``."""
    refused: pl.DataFrame
    """``REFUSED_COLUMNS`` of the others."""


def quoting_table(tariff: TariffVersion, service: Sequence[TariffVersion], vat: Sequence[VatRow], *, on_any_date: bool) -> TariffTable:
    """What the rating rule needs, of versions that may never have been stored.

    Args:
        tariff: the version to price by.
        service: the tariff of service charges that it names, if it does.
        vat: rates by date.
        on_any_date: price calls of all days, also those outside the versions' own.

    Raises:
        Refused, or Several: what is wrong with the tariff, as for one to be released.
    """
    versions = []
    first_rate = 0
    for number, version in enumerate((tariff, *service), start=1):
        rates = tuple(replace(rate, rate_id=first_rate + rate.rate_id) for rate in version.rates)
        first_rate += len(rates)
        days = ALWAYS if on_any_date else version.period
        versions.append(replace(version, tariff_version_id=number, rates=rates, period=days))
    return compile_tariffs(TariffBook(tuple(versions), tuple(vat)))


def quote_file(path: Path, tariff_code: str, table: TariffTable) -> Iterator[Quoted]:
    """Price a file of calls, block by block: UK Standard CDR or css-csv, with a control record or without, plain or gzip'd.

    Raises:
        BadMessage: as ``CarrierFile`` does, but for a missing control record; CSS695E for a file that is empty.
    """
    file = CarrierFile(path)
    next_line = 1
    for block in file.blocks():
        records = parse_block(file.layout, block, next_line, None)
        next_line += records.height
        yield quote(records, tariff_code, table)
    last = file.last_line
    if next_line == 1 and not last.strip():
        raise BadMessage("CSS695E", "{file} has neither a heading nor a record; there is nothing to price.", file=shown_name(path))
    if last and not _is_control(last):
        yield quote(parse_block(file.layout, last, next_line, None), tariff_code, table)


def quote(records: pl.DataFrame, tariff_code: str, table: TariffTable) -> Quoted:
    """Price records as ``parse_block`` gives them."""
    part = pl.format("The record is part {} of a long call; a quote prices whole calls.", "part_number")
    is_part = pl.col("reject_code").is_null() & pl.col("chain_id").is_not_null()
    judged = records.with_columns(
        reject_code=pl.when(is_part).then(pl.lit("CSS692E")).otherwise("reject_code"),
        reject_text=pl.when(is_part).then(part).otherwise("reject_text"),
    )
    readable = judged.filter(pl.col("reject_code").is_null()).drop("reject_code", "reject_text")
    to_price = readable.with_columns(tariff_code=pl.lit(tariff_code), wholesale_tariff_code=pl.lit(None, dtype=pl.String))
    priced = _outside_the_calendar(price(to_price, table))
    is_priced = priced["reject_code"].is_null()
    unreadable = judged.filter(pl.col("reject_code").is_not_null())
    return Quoted(
        calls=priced.filter(is_priced).select(CALL_COLUMNS),
        components=components(to_price.filter(is_priced), table),
        refused=pl.concat([frame.select(REFUSED_COLUMNS) for frame in (unreadable, priced.filter(~is_priced))]).sort("line_number"),
    )


def _outside_the_calendar(priced: pl.DataFrame) -> pl.DataFrame:
    """A version for all days still has none for a day that no calendar knows: the reason is then the calendar's end."""
    first, last = (pl.lit(second * 1_000_000).cast(pl.Datetime("us", "UTC")) for second in (FIRST_SECOND, LAST_SECOND))
    is_outside = (pl.col("reject_code") == "CSS414E") & ~pl.col("started_at").is_between(first, last)
    words = f"Calls are priced from {CALENDAR.starts_on} until before {CALENDAR.ends_on}, where the calendar of bands ends."
    return priced.with_columns(reject_text=pl.when(is_outside).then(pl.lit(words)).otherwise("reject_text"))


def _is_control(line: bytes) -> bool:
    try:
        read_control(line)
    except BadMessage:
        return False
    return True
