"""Our own layout, css-csv version 1: a heading that names the columns, then one record a line.

For carriers that have no layout of their own, and for whatever UK Standard CDR cannot say (an instant without doubt in
October, a leg by its name). Columns may come in any order; those with unknown names are not looked at:

    record_id,leg,charged_number,other_number,started_at,duration_seconds,chain_id,part_number,last_part

``charged_number``, ``other_number``, ``started_at`` and ``duration_seconds`` must be there. An instant is ISO 8601 to the
second with its offset or Z. An empty leg is outgoing. A part of a long call has a chain, its number from 1, and ``yes``
or ``no`` for the last part. As a block must be readable by itself, every stored block begins with the heading.
"""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from typing import Final

import polars as pl

from billing.rules.usage_lines import (
    BYTE_ORDER_MARK,
    LINE_BYTES_MAX,
    RECORD_COLUMNS,
    Layout,
    Window,
    fields_of,
    filled,
    held_numbers,
    is_blank,
    judged,
    lines_of,
    seconds_of,
)
from billing.words import Leg
from css.core.errors import BadMessage
from css.core.phone import SHORT_CODE_DIGITS_MAX

COLUMNS: Final = (
    "record_id",
    "leg",
    "charged_number",
    "other_number",
    "started_at",
    "duration_seconds",
    "chain_id",
    "part_number",
    "last_part",
)
"""The columns that are read, in the order in which we write them."""

NEEDED: Final = ("charged_number", "other_number", "started_at", "duration_seconds")
COLUMNS_MAX: Final = 200
YES, NO = "yes", "no"

_A_FIELD: Final = r'(?:"(?:[^"]|"")*"|[^",]*)'
_INSTANT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$"
_IN_UTC: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
_ALMOST_INSTANT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}"
"""The layout's own form, with something wrong or missing after it; no spreadsheet has been at it."""
_INSTANT_OTHERWISE: Final = r"^(?:[0-9]{1,4}[-/.][0-9A-Za-z]{1,9}[-/.][0-9]{2,4}(?:[ T].*)?|[34][0-9]{4}(?:\.[0-9]+)?)$"
"""How spreadsheets show an instant, or count it in days since 1900."""
_LEGS: Final = tuple(leg.value for leg in Leg)
_OF_PARTS: Final = ("chain_id", "part_number", "last_part")
_PART_NUMBER: Final = r"^[1-9][0-9]{0,3}$"


def is_heading(line: bytes) -> bool:
    """Whether the first line of a file says that it is of this layout."""
    return b"charged_number" in line


@lru_cache(maxsize=16)
def columns_named(line: bytes) -> tuple[str, ...]:
    """The names of a file's columns by its first line; BadMessage CSS653E when they cannot be used."""
    try:
        names = tuple(name.strip() for name in next(csv.reader([line.removeprefix(BYTE_ORDER_MARK).decode()], strict=True)))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise _heading("it cannot be read") from None
    missing = [name for name in NEEDED if name not in names]
    twice = sorted({name for name in COLUMNS if names.count(name) > 1})
    if missing:
        raise _heading(f"{', '.join(missing)} is missing")
    if twice:
        raise _heading(f"{', '.join(twice)} stands twice")
    if len(names) > COLUMNS_MAX:
        raise _heading(f"there are more than {COLUMNS_MAX}")
    return names


def parse_records(content: bytes, first_line: int = 1, window: Window | None = None) -> pl.DataFrame:
    """Read a block, the heading first, into ``RECORD_COLUMNS``, one row a line; faults are values. CSS653E: no usable heading."""
    heading, _, records = content.partition(b"\n")
    # Names of our own for the columns that are not read: theirs may be empty, or stand twice.
    names = [name if name in COLUMNS else f"_{place}" for place, name in enumerate(columns_named(heading.rstrip(b"\r")))]
    # The mark of the byte order stands before the heading, never before a record.
    lines = lines_of(records, first_line)
    is_whole = lines.frame["raw"].str.contains(f"^{_A_FIELD}(?:,{_A_FIELD}){{{len(names) - 1}}}$")
    is_record = is_whole & lines.frame["is_text"] & (lines.frame["raw"].str.len_bytes() <= LINE_BYTES_MAX)
    fields = fields_of(lines, is_record, names, [name for name in COLUMNS if name in names])
    absent = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in names]
    texts = fields.with_columns(absent).rename({name: f"{name}_text" for name in COLUMNS})
    read = (
        pl.DataFrame(
            [
                *lines.frame,
                *texts,
                is_record.alias("is_record"),
                _instants(texts["started_at_text"]).alias("started_at"),
                seconds_of(texts["duration_seconds_text"]),
                held_numbers(texts["charged_number_text"]).alias("charged_number"),
                held_numbers(texts["other_number_text"]).alias("other_number"),
            ]
        )
        .with_columns(_leg(texts["leg_text"]), filled("record_id_text").alias("supplier_record_id"))
        .with_columns(_part_of_long_call(texts))
    )
    return judged(read, _LAYOUT, window)


def write_native(calls: pl.DataFrame) -> bytes:
    """Calls as css-csv with its heading; ``parse_records`` reads them back.

    Takes ``charged_number``, ``other_number``, ``started_at`` and ``duration_seconds`` as ``RECORD_COLUMNS`` has them, and
    where given ``supplier_record_id``, ``leg``, ``chain_id``, ``part_number`` and ``is_last_part``.
    """
    given = {
        "charged_number": _with_plus("charged_number"),
        "other_number": _with_plus("other_number"),
        "started_at": pl.col("started_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration_seconds": pl.col("duration_seconds").cast(pl.String),
    }
    if "supplier_record_id" in calls.columns:
        given["record_id"] = pl.col("supplier_record_id")
    if "leg" in calls.columns:
        given["leg"] = pl.col("leg")
    if "chain_id" in calls.columns:
        given["chain_id"] = pl.col("chain_id")
        given["part_number"] = pl.col("part_number").cast(pl.String)
        given["last_part"] = pl.when("is_last_part").then(pl.lit(YES)).when(~pl.col("is_last_part")).then(pl.lit(NO))
    written = calls.select(given.get(name, pl.lit(None, pl.String)).alias(name) for name in COLUMNS)
    buffer = io.BytesIO()
    written.write_csv(buffer, include_header=True, quote_style="necessary")
    return buffer.getvalue()


def _leg(texts: pl.Series) -> pl.Expr:
    if is_blank(texts):
        return pl.when("is_record").then(pl.lit(Leg.OUTGOING.value)).alias("leg")
    # An empty leg is null, which all() would pass over.
    if not texts.null_count() and texts.is_in(_LEGS).all():
        return pl.col("leg_text").alias("leg")
    text = filled("leg_text").str.to_lowercase().fill_null(Leg.OUTGOING.value)
    return pl.when(pl.col("is_record") & text.is_in(_LEGS)).then(text).alias("leg")


def _instants(texts: pl.Series) -> pl.Series:
    if texts.str.contains(_IN_UTC).all():
        # As nearly every file has them, and three times quicker without an offset to look at.
        return texts.str.head(-1).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False).dt.replace_time_zone("UTC")
    texts = texts.str.strip_chars()
    whole = texts.set(~texts.str.contains(_INSTANT), None).str.replace(" ", "T", literal=True).str.replace("Z", "+00:00", literal=True)
    return whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_unit="us", time_zone="UTC", strict=False)


def _part_of_long_call(texts: pl.DataFrame) -> tuple[pl.Expr, ...]:
    if all(is_blank(texts[f"{name}_text"]) for name in _OF_PARTS):
        return tuple(pl.lit(None, RECORD_COLUMNS[name]).alias(name) for name in ("chain_id", "part_number", "is_last_part"))
    number, last = filled("part_number_text"), filled("last_part_text").str.to_lowercase()
    return (
        filled("chain_id_text").alias("chain_id"),
        pl.when(number.str.contains(_PART_NUMBER)).then(number).cast(pl.Int64, strict=False).alias("part_number"),
        pl.when(last.is_in([YES, NO])).then(last == YES).alias("is_last_part"),
    )


def _with_plus(name: str) -> pl.Expr:
    """As the layout wants a number: E.164 with its plus, a short code bare."""
    number = pl.col(name)
    return pl.when(number.str.len_bytes() > SHORT_CODE_DIGITS_MAX).then(pl.lit("+") + number).otherwise(number)


def _layout() -> Layout:
    no_moment, code = pl.col("started_at").is_null(), pl.col("reject_code")
    moment = pl.col("moment_text").str.strip_chars()
    of_parts = [pl.col(name) for name in ("chain_id", "part_number", "is_last_part")]
    is_whole = pl.all_horizontal(*(filled(f"{name}_text").is_null() for name in _OF_PARTS))
    is_part = pl.all_horizontal(*(value.is_not_null() for value in of_parts))
    return Layout(
        sound=pl.col("leg").is_not_null() & (is_whole | is_part),
        texts={
            "charged_text": pl.col("charged_number_text"),
            "other_text": pl.col("other_number_text"),
            "moment_text": pl.col("started_at_text"),
            "duration_text": pl.col("duration_seconds_text"),
        },
        faults=(
            ("CSS654E", ~pl.col("is_record")),
            ("CSS658E", pl.col("leg").is_null()),
            ("CSS659E", ~(is_whole | is_part)),
            ("CSS657E", no_moment & moment.str.contains(_INSTANT_OTHERWISE) & ~moment.str.contains(_ALMOST_INSTANT)),
            ("CSS661E", no_moment),
        ),
        values=pl.when(code.is_in(["CSS657E", "CSS661E"]))
        .then("moment_text")
        .when(code == "CSS658E")
        .then("leg_text")
        .when(code == "CSS659E")
        .then(pl.concat_str(*(f"{name}_text" for name in _OF_PARTS), separator=",", ignore_nulls=True)),
    )


def _heading(why: str) -> BadMessage:
    return BadMessage("CSS653E", "The first line of the file does not name its columns: {why}.", why=why)


_LAYOUT: Final = _layout()
