"""UK Standard CDR: a carrier's file of call records, read into columns and written from them.

The layout is the industry's: comma-separated, 42 fields a record, one record a line, no header; numbers in E.164 with the
plus, dates DD/MM/YYYY, times HH:MM:SS on London clocks without an offset, durations in whole seconds. Every field should
be quoted (a spreadsheet eats the plus and the leading noughts of bare ones), but bare fields are read.

Conventions of ours, where the layout leaves a choice (docs/usage-files.md; docs/decisions/0030 and 0090):

* A record is one line. A quoted field may hold commas and doubled quotes, never a line break.
* An outgoing call is charged to the customer identifier, or to the presentation number where that is empty.
* The second leg of a diverted call is a record of its own whose diverted number is filled: that number pays.
* A reverse-charged call has the call class R: the number dialled pays.
* A part of a long call has the call cause P1, P2 and so on, the last one L3, and the call's name in its grouping id.
* The hour that comes twice in October is read as its first coming, and the hour missing in March moves forward, which is
  the rule of ``css.core.calendar``. Both nights are Sunday mornings, so neither band nor price depends on it.
* V and Z records are calls; what they cost is for our tariff to say, not the carrier's.
"""

from __future__ import annotations

import io
from typing import Final

import polars as pl

from billing.rules.usage_lines import (
    DURATION_SECONDS_MAX,
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
from css.core.calendar import LONDON
from css.core.phone import SHORT_CODE_DIGITS_MAX

FIELDS: Final = (
    "call_type",
    "call_cause",
    "customer_identifier",
    "dialled_number",
    "call_date",
    "call_time",
    "duration",
    "bytes_transmitted",
    "bytes_received",
    "description",
    "charge_code",
    "time_band",
    "sales_price",
    "sales_price_pre_bundle",
    "extension",
    "ddi",
    "grouping_id",
    "call_class",
    "carrier",
    "recording",
    "vat",
    "country_of_origin",
    "network",
    "retail_tariff_code",
    "remote_network",
    "apn",
    "diverted_number",
    "ring_time",
    "record_id",
    "currency",
    "presentation_number",
    "network_access_reference",
    "ngcs_access_charge",
    "ngcs_service_charge",
    "total_bytes_transferred",
    "user_id",
    "onward_billing_reference",
    "contract_name",
    "bundle_name",
    "bundle_allowance",
    "discount_reference",
    "routing_code",
)
"""The 42 columns of UK Standard CDR in order."""

FIELDS_READ: Final = (
    "call_type",
    "call_cause",
    "customer_identifier",
    "dialled_number",
    "call_date",
    "call_time",
    "duration",
    "grouping_id",
    "call_class",
    "diverted_number",
    "record_id",
    "presentation_number",
)

CALL_TYPES: Final = ("V", "Z")
REVERSE_CLASS: Final = "R"
"""The call class of a call that the number dialled has agreed to pay."""

_A_FIELD: Final = r'(?:"(?:[^"]|"")*"|[^",]*)'
_A_RECORD: Final = f"^{_A_FIELD}(?:,{_A_FIELD}){{{len(FIELDS) - 1}}}$"
_DATE: Final = r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$"
_TIME: Final = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
_DATE_OTHERWISE: Final = r"^(?:[0-9]{1,4}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ][0-9]{2,4}(?:[ T].*)?|[34][0-9]{4}(?:\.[0-9]+)?)$"
"""How spreadsheets show a date, or count it in days since 1900."""
_TIME_OTHERWISE: Final = r"^(?:[0-9]:[0-9]{2}(?::[0-9]{2})?|[0-9]{2}:[0-9]{2}|[0-9:]{4,8} ?[AaPp][Mm]|0?\.[0-9]+)$"
_CLOCK: Final = int.from_bytes(b"00:00:00")
"""Taken off eight characters bit by bit, it leaves the digits themselves, one a byte, and nought for a colon."""
_CLOCK_NO_DIGIT: Final = 0xF0F0_FFF0_F0FF_F0F0
_CLOCK_TO_SIXTEEN: Final = 0x0606_000A_0600_0A06
"""What makes sixteen or more of a digit that is too large for its place; of the hours the tens are not asked."""
_CLOCK_LAST_HOUR: Final = 0x0203
_PART: Final = r"^([PL])([1-9][0-9]{0,3})$"
_MICROSECONDS: Final = 1_000_000


def parse_records(content: bytes, first_line: int = 1, window: Window | None = None) -> pl.DataFrame:
    """Read a block of a file into ``RECORD_COLUMNS``, one row a line in the same order; faults are values (CSS4xxE, CSS65xE)."""
    lines = lines_of(content, first_line)
    is_record = lines.frame["raw"].str.contains(_A_RECORD) & lines.frame["is_text"] & (lines.frame["raw"].str.len_bytes() <= LINE_BYTES_MAX)
    fields = fields_of(lines, is_record, FIELDS, FIELDS_READ)
    caller, dialled = _callers(fields), fields["dialled_number"]
    read = pl.DataFrame(
        [
            *lines.frame,
            *fields,
            is_record.alias("is_record"),
            _instants(fields).alias("started_at"),
            seconds_of(fields["duration"]),
            caller.alias("caller_text"),
        ]
    ).with_columns(filled("record_id").alias("supplier_record_id"), *_part_of_long_call(fields["call_cause"]))
    if is_blank(fields["diverted_number"]) and is_blank(fields["call_class"]):
        read = read.with_columns(pl.when("is_record").then(pl.lit(Leg.OUTGOING.value)).alias("leg"))
        charged, other = caller, dialled
    else:
        read = read.with_columns(_leg())
        charged, other = read.select(_charged_text().alias("charged"), _other_text().alias("other"))
    return judged(read.with_columns(charged_number=held_numbers(charged), other_number=held_numbers(other)), _LAYOUT, window)


def write_records(calls: pl.DataFrame) -> bytes:
    """Calls as UK Standard CDR, every field quoted, a line feed after each record; ``parse_records`` reads them back.

    Takes ``charged_number``, ``other_number``, ``started_at``, ``duration_seconds`` and ``supplier_record_id`` as
    ``RECORD_COLUMNS`` has them, and where given ``leg``, ``chain_id``, ``part_number`` and ``is_last_part``; any other
    column named as in ``FIELDS`` is written too, and what is missing is written empty. A call in the second coming of
    October's repeated hour reads back as one in the first: the layout cannot tell them apart.
    """
    wall = pl.col("started_at").dt.convert_time_zone(LONDON.key)
    charged, other = _with_plus("charged_number"), _with_plus("other_number")
    is_reverse = _is_leg(calls, Leg.REVERSE)
    given = {
        "call_type": pl.lit("V"),
        "currency": pl.lit("GBP"),
        **{name: pl.col(name).cast(pl.String) for name in FIELDS if name in calls.columns},
        "customer_identifier": pl.when(is_reverse).then(other).otherwise(charged),
        "dialled_number": pl.when(is_reverse).then(charged).otherwise(other),
        "call_date": wall.dt.strftime("%d/%m/%Y"),
        "call_time": wall.dt.strftime("%H:%M:%S"),
        "duration": pl.col("duration_seconds").cast(pl.String),
        "record_id": pl.col("supplier_record_id"),
    }
    if "leg" in calls.columns:
        given["diverted_number"] = pl.when(_is_leg(calls, Leg.DIVERTED)).then(charged)
        given["call_class"] = pl.when(is_reverse).then(pl.lit(REVERSE_CLASS))
    if "chain_id" in calls.columns:
        mark = pl.when("is_last_part").then(pl.lit("L")).otherwise(pl.lit("P"))
        given["call_cause"] = pl.when(pl.col("chain_id").is_not_null()).then(mark + pl.col("part_number").cast(pl.String))
        given["grouping_id"] = pl.col("chain_id")
    written = calls.select(given.get(name, pl.lit("")).fill_null("").alias(name) for name in FIELDS)
    buffer = io.BytesIO()
    written.write_csv(buffer, include_header=False, quote_style="always")
    return buffer.getvalue()


def _is_leg(calls: pl.DataFrame, leg: Leg) -> pl.Expr:
    return pl.col("leg") == leg.value if "leg" in calls.columns else pl.lit(value=False)


def _leg() -> pl.Expr:
    """Null where the line is no record."""
    return (
        pl.when(~pl.col("is_record"))
        .then(None)
        .when(pl.col("diverted_number").str.strip_chars() != "")
        .then(pl.lit(Leg.DIVERTED.value))
        .when(pl.col("call_class").str.strip_chars() == REVERSE_CLASS)
        .then(pl.lit(Leg.REVERSE.value))
        .otherwise(pl.lit(Leg.OUTGOING.value))
        .alias("leg")
    )


def _callers(fields: pl.DataFrame) -> pl.Series:
    """The customer identifier, or the presentation number where that is empty."""
    if is_blank(fields["presentation_number"]):
        return fields["customer_identifier"]
    stands_in = filled("customer_identifier").is_null() & filled("presentation_number").is_not_null()
    return fields.select(pl.when(stands_in).then("presentation_number").otherwise("customer_identifier")).to_series()


def _charged_text() -> pl.Expr:
    return _by_leg("caller_text", "diverted_number", "dialled_number")


def _other_text() -> pl.Expr:
    return _by_leg("dialled_number", "dialled_number", "caller_text")


def _by_leg(outgoing: str, diverted: str, reverse: str) -> pl.Expr:
    """The field that holds a number, by the leg of its record."""
    leg = pl.col("leg")
    return pl.when(leg == Leg.DIVERTED.value).then(diverted).when(leg == Leg.REVERSE.value).then(reverse).otherwise(outgoing)


def _part_of_long_call(causes: pl.Series) -> tuple[pl.Expr, ...]:
    """Chain, number and whether it is the last; all null on a call that is whole. Call causes of other forms mean nothing here."""
    if is_blank(causes):
        return tuple(pl.lit(None, RECORD_COLUMNS[name]).alias(name) for name in ("chain_id", "part_number", "is_last_part"))
    cause = pl.col("call_cause").str.strip_chars()
    is_part = cause.str.contains(_PART)
    return (
        pl.when(is_part).then(filled("grouping_id")).alias("chain_id"),
        pl.when(is_part).then(cause.str.slice(1)).cast(pl.Int64, strict=False).alias("part_number"),
        pl.when(is_part).then(cause.str.starts_with("L")).alias("is_last_part"),
    )


def _instants(fields: pl.DataFrame) -> pl.Series:
    """When the calls began, null where date or time is not well formed.

    A file has few dates: each is read once, with what London clocks are ahead of UTC on it. Only on the two odd nights of the
    year, when that changes within the day, is each moment looked at by itself.
    """
    day, dates = pl.col("call_date").str.strip_chars(), fields["call_date"]
    is_one_day = bool(dates.eq_missing(dates.first()).all())
    days = (fields.lazy().select("call_date").head(1) if is_one_day else fields.lazy().select("call_date").unique()).collect()
    midnights = days.select(
        "call_date",
        _midnight=pl.when(day.str.contains(_DATE)).then(day).str.to_date("%d/%m/%Y", strict=False).cast(pl.Datetime("us")),
    ).with_columns(_ahead_at_noon=_ahead(pl.col("_midnight") + pl.duration(hours=12)), _ahead_at_midnight=_ahead(pl.col("_midnight")))
    timed = fields.select("call_date", _time_of_day(fields["call_time"]))
    if midnights.height == 1:
        moments = timed.with_columns(pl.lit(midnights[name]).first() for name in ("_midnight", "_ahead_at_noon"))
    else:
        moments = timed.join(midnights, on="call_date", how="left", maintain_order="left", nulls_equal=True)
    wall = pl.col("_midnight") + pl.col("_time")
    if (midnights["_ahead_at_noon"] == midnights["_ahead_at_midnight"]).all():
        return moments.select((wall - pl.col("_ahead_at_noon")).dt.replace_time_zone("UTC")).to_series()
    return moments.select(_wall=wall).select(_london_to_utc()).to_series()


def _ahead(wall: pl.Expr) -> pl.Expr:
    """How far London clocks are ahead of UTC when they show a moment that is there, and once only."""
    return wall - wall.dt.replace_time_zone(LONDON.key, ambiguous="earliest", non_existent="null").dt.convert_time_zone(
        "UTC"
    ).dt.replace_time_zone(None)


def _time_of_day(texts: pl.Series) -> pl.Series:
    read = _clock(texts)
    return _clock(texts.str.strip_chars()) if read.null_count() else read


def _clock(texts: pl.Series) -> pl.Series:
    """Times of the form HH:MM:SS, null where one is not: their eight characters are read at once, as one number of 64 bits."""
    word = (pl.col("_time").cast(pl.Binary).bin.reinterpret(dtype=pl.UInt64, endianness="big") ^ _word(_CLOCK)).alias("_word")
    digits, too_large = pl.col("_word"), (pl.col("_word") + _word(_CLOCK_TO_SIXTEEN))
    is_clock = ((digits | too_large) & _word(_CLOCK_NO_DIGIT) == 0) & (digits // 2**48 <= _CLOCK_LAST_HOUR)
    hours, minutes, seconds = (digits // 2 ** (place + 8) % 256 * 10 + digits // 2**place % 256 for place in (48, 24, 0))
    of_day = ((hours * 60 + minutes) * 60 + seconds).cast(pl.Int64) * _MICROSECONDS
    read = texts.to_frame("_time").select(word).select(pl.when(is_clock).then(of_day).cast(pl.Duration("us")).alias("_time"))
    return read.to_series()


def _word(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64())


def _london_to_utc() -> pl.Expr:
    wall = pl.col("_wall")
    known = wall.dt.replace_time_zone(LONDON.key, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    # The missing hour is winter time on a clock not yet put forward: 01:30 is the instant London calls 02:30.
    return pl.coalesce(known, wall.dt.replace_time_zone("UTC")).alias("started_at")


def _with_plus(name: str) -> pl.Expr:
    """As the layout wants a number: E.164 with its plus, a short code bare."""
    number = pl.col(name)
    return pl.when(number.str.len_bytes() > SHORT_CODE_DIGITS_MAX).then(pl.lit("+") + number).otherwise(number)


def _layout() -> Layout:
    no_moment, code = pl.col("started_at").is_null(), pl.col("reject_code")
    day, clock = pl.col("call_date").str.strip_chars(), pl.col("call_time").str.strip_chars()
    changed_day = day.str.contains(_DATE_OTHERWISE) & ~day.str.contains(_DATE)
    changed_time = clock.str.contains(_TIME_OTHERWISE) & ~clock.str.contains(_TIME)
    is_part = pl.col("part_number").is_not_null()
    return Layout(
        sound=pl.col("call_type").is_in(CALL_TYPES) & ~(is_part & pl.col("chain_id").is_null()),
        texts={
            "charged_text": _charged_text(),
            "other_text": _other_text(),
            "moment_text": pl.concat_str("call_date", "call_time", separator=" ", ignore_nulls=True),
            "duration_text": pl.col("duration"),
        },
        faults=(
            ("CSS400E", ~pl.col("is_record")),
            ("CSS409E", ~pl.col("call_type").str.strip_chars().is_in(CALL_TYPES)),
            ("CSS409E", pl.col("call_type").is_null()),
            ("CSS659E", is_part & pl.col("chain_id").is_null()),
            ("CSS657E", no_moment & (changed_day | changed_time)),
            ("CSS405E", no_moment),
        ),
        values=pl.when(code.is_in(["CSS405E", "CSS657E"]))
        .then("moment_text")
        .when(code == "CSS409E")
        .then("call_type")
        .when(code == "CSS659E")
        .then("call_cause"),
    )


_LAYOUT: Final = _layout()

__all__ = [
    "CALL_TYPES",
    "DURATION_SECONDS_MAX",
    "FIELDS",
    "LINE_BYTES_MAX",
    "RECORD_COLUMNS",
    "Window",
    "parse_records",
    "write_records",
]
