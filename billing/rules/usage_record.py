"""UK Standard CDR: a carrier's file of call records, read into columns and written from them.

The layout is the industry's: comma-separated, 42 fields a record, one record a line, no header; numbers in E.164 with the
plus, dates DD/MM/YYYY, times HH:MM:SS on London clocks without an offset, durations in whole seconds. Every field should
be quoted (a spreadsheet eats the plus and the leading noughts of bare ones), but bare fields are read.

Conventions of ours, where the layout leaves a choice (docs/decisions/0030):

* A record is one line. A quoted field may hold commas and doubled quotes, never a line break.
* The number charged is the customer identifier, or the presentation number where that is empty.
* The hour that comes twice in October is read as its first coming, and the hour missing in March moves forward, which is
  the rule of ``css.core.calendar``. Both nights are Sunday mornings, so neither band nor price depends on it.
* V and Z records are calls; what they cost is for our tariff to say, not the carrier's.

A record that cannot be read is never dropped and never raises: it keeps its line and raw text and gains a reason.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from billing.rules.rejects import first_reject, reject_text
from css.core.calendar import LONDON
from css.core.errors import BadMessage
from css.core.phone import SHORT_CODE_DIGITS_MAX, parse_number

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
    "customer_identifier",
    "dialled_number",
    "call_date",
    "call_time",
    "duration",
    "record_id",
    "presentation_number",
)

LINE_COLUMNS: Final = {"line_number": pl.Int64(), "raw": pl.String(), "is_text": pl.Boolean()}
"""What ``lines_of`` gives and ``parse_records`` reads."""

RECORD_COLUMNS: Final = {
    "line_number": pl.Int64(),
    "raw": pl.String(),
    "supplier_record_id": pl.String(),
    "call_type": pl.String(),
    "caller": pl.String(),
    "dialled": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "reject_code": pl.String(),
    "reject_text": pl.String(),
}
"""What ``parse_records`` gives, in this order. Numbers are held as ``css.core.phone`` holds them. On a rejected row every
column that could be read is there, so that totals of duration still mean something."""

CALL_TYPES: Final = ("V", "Z")
LINE_BYTES_MAX: Final = 4_000
"""Ten times an ordinary record; a longer line is a broken file, and its raw text is kept only so far."""
DURATION_SECONDS_MAX: Final = 7 * 86_400
"""A week on the telephone: past it the meter is wrong, not the caller patient."""

_A_FIELD: Final = r'(?:"(?:[^"]|"")*"|[^",]*)'
_A_RECORD: Final = f"^{_A_FIELD}(?:,{_A_FIELD}){{{len(FIELDS) - 1}}}$"
_PLAIN_UK_NUMBER: Final = r"^\+?44[1-37-9][0-9]{9}$"
"""The forms nearly every record uses, which need no more than their plus taken off; ``parse_number`` reads all others."""
_DATE: Final = r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$"
_TIME: Final = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
_SECONDS: Final = r"^[0-9]{1,12}$"
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Between which instants a call may have started to be taken: not long before the file came, and not after."""

    not_before: datetime
    not_after: datetime


def lines_of(content: bytes, first_line_number: int = 1) -> pl.DataFrame:
    """The lines of a file, or of a block that ends at a line's end, as ``LINE_COLUMNS``.

    Blank lines are no records and are not counted, so a file of n records has line numbers 1 to n without gap and the next
    block begins at the number after the last.
    Line ends may be LF or CRLF. A line that is not UTF-8 text, or that holds a NUL, comes back readable as Latin-1 with
    ``is_text`` false: the database keeps the raw line, and ``parse_records`` gives the reason.
    """
    if b"\0" in content or not _is_utf8(content):
        return _lines_one_by_one(content, first_line_number)
    lines = pl.scan_lines(io.BytesIO(content), name="raw").filter(pl.col("raw").str.len_bytes() > 0)
    return (
        lines.with_row_index("line_number", first_line_number).select(pl.col("line_number").cast(pl.Int64), "raw", is_text=True).collect()
    )


def parse_records(lines: pl.DataFrame, window: Window | None = None) -> pl.DataFrame:
    """Read lines into ``RECORD_COLUMNS``, one row a line in the same order; faults are CSS400E to CSS411E as values."""
    shaped = lines.with_columns(
        _is_long=pl.col("raw").str.len_bytes() > LINE_BYTES_MAX,
        _is_record=pl.col("is_text") & (pl.col("raw").str.len_bytes() <= LINE_BYTES_MAX) & pl.col("raw").str.contains(_A_RECORD),
    )
    fields = shaped.hstack(_fields_of(shaped["raw"], shaped["_is_record"]))
    read = (
        fields.lazy()
        .with_columns(
            _caller_text=pl.coalesce(_filled("customer_identifier"), _filled("presentation_number")),
            _dialled_text=_filled("dialled_number"),
        )
        .with_columns(_wall_clock(), _duration(), supplier_record_id=_filled("record_id"))
        .with_columns(_london_to_utc())
        .collect()
    )
    return (
        read.with_columns(caller=_held_numbers(read["_caller_text"]), dialled=_held_numbers(read["_dialled_text"]))
        .lazy()
        .with_columns(_reject_code(window))
        .with_columns(reject_text(_reject_value()))
        .with_columns(raw=pl.when("_is_long").then(pl.col("raw").str.head(LINE_BYTES_MAX)).otherwise("raw"))
        .select(*RECORD_COLUMNS)
        .collect()
    )


def write_records(calls: pl.DataFrame) -> bytes:
    """Calls as UK Standard CDR, every field quoted, a line feed after each record; ``parse_records`` reads them back.

    Takes ``caller``, ``dialled``, ``started_at``, ``duration_seconds`` and ``supplier_record_id`` as ``RECORD_COLUMNS``
    has them; any other column named as in ``FIELDS`` is written too, and what is missing is written empty. A call in the
    second coming of October's repeated hour reads back as one in the first: the layout cannot tell them apart.
    """
    wall = pl.col("started_at").dt.convert_time_zone(LONDON.key)
    given = {
        "call_type": pl.lit("V"),
        "currency": pl.lit("GBP"),
        **{name: pl.col(name).cast(pl.String) for name in FIELDS if name in calls.columns},
        "customer_identifier": _with_plus("caller"),
        "dialled_number": _with_plus("dialled"),
        "call_date": wall.dt.strftime("%d/%m/%Y"),
        "call_time": wall.dt.strftime("%H:%M:%S"),
        "duration": pl.col("duration_seconds").cast(pl.String),
        "record_id": pl.col("supplier_record_id"),
    }
    written = calls.select(given.get(name, pl.lit("")).fill_null("").alias(name) for name in FIELDS)
    buffer = io.BytesIO()
    written.write_csv(buffer, include_header=False, quote_style="always")
    return buffer.getvalue()


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lines_one_by_one(content: bytes, first_line_number: int) -> pl.DataFrame:
    """The slow way, for a file with damaged lines: each is judged by itself, so the good ones are not held hostage."""
    rows: list[tuple[int, str, bool]] = []
    kept = (line.removesuffix(b"\r") for line in content.split(b"\n"))
    for line_number, line in enumerate((line for line in kept if line), start=first_line_number):
        is_text = b"\0" not in line and _is_utf8(line)
        # PostgreSQL text cannot hold a NUL; its picture can stand for it.
        rows.append((line_number, line.decode("utf-8" if is_text else "latin-1").replace("\0", "\u2400"), is_text))
    return pl.DataFrame(rows, schema=LINE_COLUMNS, orient="row")


def _fields_of(raw: pl.Series, is_record: pl.Series) -> pl.DataFrame:
    """``FIELDS_READ`` of each line, null where the line is not a record.

    Only lines already known to be whole records reach the CSV reader, so no broken quote can swallow the line after it.
    """
    good = raw.filter(is_record)
    if good.is_empty():
        return pl.DataFrame({name: pl.Series([None] * len(raw), dtype=pl.String) for name in FIELDS_READ})
    buffer = io.BytesIO()
    good.to_frame().write_csv(buffer, include_header=False, quote_style="never")
    buffer.seek(0)
    fields = pl.read_csv(
        buffer, has_header=False, schema=dict.fromkeys(FIELDS, pl.String), columns=[FIELDS.index(name) for name in FIELDS_READ]
    )
    assert fields.height == len(good), "the CSV reader and the record pattern disagree on what a record is"
    if fields.height == len(raw):
        return fields
    place = pl.when(is_record).then(is_record.cast(pl.UInt32).cum_sum() - 1)
    return fields.select(pl.all().gather(place))


def _filled(name: str) -> pl.Expr:
    """The field without surrounding blanks; null when there is nothing in it."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)


def _wall_clock() -> pl.Expr:
    """Date and time of the call as London clocks showed them, without a zone; null when either is not well formed."""
    day = pl.col("call_date").str.strip_chars()
    clock = pl.col("call_time").str.strip_chars()
    hours, minutes, seconds = (clock.str.slice(start, 2).cast(pl.Int64, strict=False) for start in (0, 3, 6))
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * _MICROSECONDS
    dated = pl.when(day.str.contains(_DATE)).then(day).str.to_date("%d/%m/%Y", strict=False).cast(pl.Datetime("us"))
    return pl.when(clock.str.contains(_TIME)).then(dated + microseconds.cast(pl.Duration("us"))).alias("_wall")


def _london_to_utc() -> pl.Expr:
    wall = pl.col("_wall")
    known = wall.dt.replace_time_zone(LONDON.key, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    # The missing hour is winter time on a clock not yet put forward: 01:30 is the instant London calls 02:30.
    return pl.coalesce(known, wall.dt.replace_time_zone("UTC")).alias("started_at")


def _duration() -> pl.Expr:
    text = pl.col("duration").str.strip_chars()
    return pl.when(text.str.contains(_SECONDS)).then(text).cast(pl.Int64, strict=False).alias("duration_seconds")


def _held_numbers(texts: pl.Series) -> pl.Series:
    """Telephone numbers as held, null where one cannot be read: nearly all by pattern, the odd ones by ``parse_number``."""
    is_plain = texts.str.contains(_PLAIN_UK_NUMBER)
    odd = texts.filter(~is_plain).unique().drop_nulls()
    held = pl.Series([_held_number(text) for text in odd], dtype=pl.String)
    return pl.select(
        pl.when(is_plain).then(texts.str.strip_prefix("+")).otherwise(texts.replace_strict(odd, held, default=None))
    ).to_series()


def _held_number(text: str) -> str | None:
    try:
        return parse_number(text)
    except BadMessage:
        return None


def _with_plus(name: str) -> pl.Expr:
    """As the layout wants a number: E.164 with its plus, a short code bare."""
    number = pl.col(name)
    return pl.when(number.str.len_bytes() > SHORT_CODE_DIGITS_MAX).then(pl.lit("+") + number).otherwise(number)


def _reject_code(window: Window | None) -> pl.Expr:
    started = pl.col("started_at")
    late = started > window.not_after if window else pl.lit(value=False)
    early = started < window.not_before if window else pl.lit(value=False)
    return first_reject(
        ("CSS402E", ~pl.col("is_text")),
        ("CSS401E", pl.col("_is_long")),
        ("CSS400E", ~pl.col("_is_record")),
        ("CSS409E", ~pl.col("call_type").is_in(CALL_TYPES)),
        ("CSS409E", pl.col("call_type").is_null()),
        ("CSS403E", pl.col("caller").is_null()),
        ("CSS404E", pl.col("dialled").is_null()),
        ("CSS405E", started.is_null()),
        ("CSS407E", pl.col("duration_seconds").is_null()),
        ("CSS408E", pl.col("duration_seconds") > DURATION_SECONDS_MAX),
        ("CSS410E", late),
        ("CSS411E", early),
    )


def _reject_value() -> pl.Expr:
    """The text at fault, as the file has it."""
    code = pl.col("reject_code")
    moment = pl.concat_str("call_date", "call_time", separator=" ", ignore_nulls=True)
    return (
        pl.when(code == "CSS401E")
        .then(pl.lit(str(LINE_BYTES_MAX)))
        .when(code == "CSS403E")
        .then(pl.coalesce("_caller_text", "customer_identifier"))
        .when(code == "CSS404E")
        .then("dialled_number")
        .when(code.is_in(["CSS405E", "CSS410E", "CSS411E"]))
        .then(moment)
        .when(code.is_in(["CSS407E", "CSS408E"]))
        .then("duration")
        .when(code == "CSS409E")
        .then("call_type")
    )
