"""What a usage record is once it is read, and what every layout of usage records has in common.

A layout (``usage_record``, ``usage_native``) knows its fields and conventions; here are the ways to come from bytes to
lines, from lines to fields, and from fields to numbers and reasons. A record that cannot be read is never dropped and
never raises: it keeps its line and raw text and gains a reason.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from billing.rules.rejects import first_reject, reject_text
from css.core.errors import BadMessage
from css.core.phone import parse_number

RECORD_COLUMNS: Final = {
    "line_number": pl.Int64(),
    "supplier_record_id": pl.String(),
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "chain_id": pl.String(),
    "part_number": pl.Int64(),
    "is_last_part": pl.Boolean(),
    "raw": pl.String(),
    "reject_code": pl.String(),
    "reject_text": pl.String(),
}
"""What reading any layout gives, in this order. Numbers are held as ``css.core.phone`` holds them; ``leg`` is a word of
``billing.words.Leg``; ``chain_id`` is null unless the record is a part of a long call. On a rejected row every column that
could be read is there, so that totals of duration still mean something."""

LINE_BYTES_MAX: Final = 4_000
"""Ten times an ordinary record; a longer line is a broken file, and its raw text is kept only so far."""
DURATION_SECONDS_MAX: Final = 7 * 86_400
"""A week on the telephone: past it the meter is wrong, not the caller patient."""

CLOCKS_DIFFER: Final = timedelta(hours=1)
"""A switch and the desk that writes its files keep two clocks; one of them may have missed a change of the hour."""

BYTE_ORDER_MARK: Final = codecs.BOM_UTF8
"""Some programs on Windows begin every text with it; it belongs to no field."""

_PLAIN_NUMBER: Final = r"^\+?44[1-37-9][0-9]{9}$|^1[0-9]{2,5}$|^999$"
"""The forms nearly every record uses, which need no more than their plus taken off; ``parse_number`` reads all others."""
_PLAIN_DIGITS: Final = 12
_SECONDS: Final = r"^[0-9]{1,12}$"
_FIGURE: Final = r"^[+-]?[0-9](?:\.[0-9]*)?E\+[0-9]+$"
"""A number as a spreadsheet writes it when it is wider than its column."""
_BARE_NUMBER: Final = r"^[1-9][0-9]{6,14}$"
"""Digits of a telephone number with nothing before them; 44 and short codes are read before this is asked."""
_LINE: Final = {"line_number": pl.Int64(), "raw": pl.String(), "is_text": pl.Boolean()}


@dataclass(frozen=True, slots=True)
class Window:
    """Between which instants a call may have started to be taken: not long before the file came, and not after."""

    not_before: datetime
    not_after: datetime

    def of_file_made(self, created_at: datetime) -> Window:
        """The same of one file: no call in it may have begun after it was made, but for clocks that differ."""
        return Window(self.not_before, min(self.not_after - CLOCKS_DIFFER, created_at) + CLOCKS_DIFFER)


ANY_TIME: Final = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a block."""

    frame: pl.DataFrame
    """``line_number``, ``raw`` without its line end, and ``is_text``: false where the raw text is Latin-1 for want of better."""
    content: bytes | None
    """The same lines as bytes, when each of them is text and ends with a line feed; None when any is odd."""


def lines_of(content: bytes, first_line: int = 1) -> Lines:
    """The lines of a block of a file, which begins and ends with whole lines.

    Blank lines are no records and are not counted, so a file of n records has line numbers 1 to n without gap and the next
    block begins at the number after the last. Line ends may be LF or CRLF. A line that is not UTF-8 text, or that holds a
    NUL, comes back readable as Latin-1: the database keeps the raw line, and the reader of the layout gives the reason.
    """
    if first_line == 1:
        content = content.removeprefix(BYTE_ORDER_MARK)
    if b"\r" in content:
        content = content.removesuffix(b"\r").replace(b"\r\n", b"\n")
    if b"\0" in content or b"\r" in content or not is_utf8(content):
        return Lines(_lines_one_by_one(content, first_line), None)
    raw = pl.scan_lines(io.BytesIO(content), name="raw").collect()["raw"]
    has_blanks = bool((raw.str.len_bytes() == 0).any())
    if has_blanks:
        raw = raw.filter(raw.str.len_bytes() > 0)
    number = pl.int_range(first_line, first_line + len(raw), dtype=pl.Int64, eager=True).alias("line_number")
    frame = pl.DataFrame([number, raw]).with_columns(is_text=True)
    return Lines(frame, None if has_blanks else content)


def is_utf8(content: bytes) -> bool:
    """Whether bytes are text as we read it."""
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def fields_of(lines: Lines, is_record: pl.Series, names: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame:
    """The ``wanted`` of the fields ``names`` of each line as text, all null where the line is not a record.

    Only lines already known to be whole records reach the CSV reader, so no broken quote can swallow the line after it.
    Where all of a block are, it reads the block as it came.
    """
    if lines.content is not None and is_record.all():
        return _read_fields(lines.content, len(is_record), names, wanted)
    good = lines.frame["raw"].filter(is_record)
    if good.is_empty():
        return pl.DataFrame({name: pl.Series([None] * len(is_record), dtype=pl.String) for name in wanted})
    buffer = io.BytesIO()
    good.to_frame().write_csv(buffer, include_header=False, quote_style="never")
    fields = _read_fields(buffer.getvalue(), len(good), names, wanted)
    if fields.height == len(is_record):
        return fields
    place = pl.when(is_record).then(is_record.cast(pl.UInt32).cum_sum() - 1)
    return fields.select(pl.all().gather(place))


def _read_fields(content: bytes, height: int, names: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame:
    if not height:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    places = sorted(names.index(name) for name in wanted)
    fields = pl.read_csv(content, has_header=False, schema=dict.fromkeys(names, pl.String), columns=places)
    assert fields.height == height, "the CSV reader and the record pattern disagree on what a record is"
    return fields


def filled(name: str) -> pl.Expr:
    """The field without surrounding blanks; null when there is nothing in it."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)


def is_blank(texts: pl.Series) -> bool:
    """Whether nothing at all stands in a column: nearly always so where a layout has room for the uncommon."""
    return not (texts.str.len_bytes() > 0).any()


def seconds_of(texts: pl.Series) -> pl.Series:
    """Durations, null where one is not a whole number of seconds, nought or more."""
    if not texts.str.contains(_SECONDS).all():
        texts = texts.str.strip_chars()
        texts = texts.set(~texts.str.contains(_SECONDS), None)
    return texts.cast(pl.Int64, strict=False).alias("duration_seconds")


def held_numbers(texts: pl.Series) -> pl.Series:
    """Telephone numbers as held, null where one cannot be read: nearly all by pattern, the odd ones by ``parse_number``."""
    bare = texts.str.strip_prefix("+")
    is_plain = _is_plain_national(bare)
    if is_plain.all():
        return bare
    others = ~is_plain
    is_plain = is_plain.scatter(others.arg_true(), texts.filter(others).str.contains(_PLAIN_NUMBER))
    odd = texts.filter(~is_plain).unique().drop_nulls()
    if odd.is_empty():
        return bare
    held = pl.Series([_held_number(text) for text in odd], dtype=pl.String)
    return pl.select(pl.when(is_plain).then(bare).otherwise(texts.replace_strict(odd, held, default=None))).to_series()


def _is_plain_national(bare: pl.Series) -> pl.Series:
    """Which are numbers of 44 and ``_PLAIN_NUMBER``, seen sooner than by pattern: twelve bytes that read as a number of twelve
    digits are these digits and nothing else.
    """
    number = bare.cast(pl.Int64, strict=False)
    in_range = number.is_between(441_000_000_000, 443_999_999_999) | number.is_between(447_000_000_000, 449_999_999_999)
    return (in_range & (bare.str.len_bytes() == _PLAIN_DIGITS)).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """What only the layout knows of the faults of its records."""

    sound: pl.Expr
    """Where none of its own faults can be; it may be too careful, never too trusting. Asked of every record, so it is quick."""
    texts: Mapping[str, pl.Expr]
    """``charged_text``, ``other_text``, ``moment_text`` and ``duration_text`` as the file has them, for the sentence of a fault."""
    faults: Sequence[tuple[str, pl.Expr]]
    """Its own, judged after the form of the line and before what all layouts share."""
    values: pl.Expr
    """The text at fault for those, and for no other."""


def judged(read: pl.DataFrame, layout: Layout, window: Window | None) -> pl.DataFrame:
    """The records of a block as ``RECORD_COLUMNS``, each bad one with its reason.

    ``read`` has the columns of a record but for the reasons, those of ``Lines.frame``, and what the layout's expressions need.
    """
    started, duration = pl.col("started_at"), pl.col("duration_seconds")
    in_window = started.is_between(window.not_before, window.not_after) if window else started.is_not_null()
    sound = pl.all_horizontal(
        "is_text",
        pl.col("charged_number").is_not_null(),
        pl.col("other_number").is_not_null(),
        in_window,
        duration <= DURATION_SECONDS_MAX,
        ~pl.col("supplier_record_id").str.contains("E", literal=True).fill_null(value=False),
        pl.col("raw").str.len_bytes() <= LINE_BYTES_MAX,
        layout.sound,
    )
    is_sound = read.select(sound.fill_null(value=False)).to_series()
    if is_sound.all():
        return _without_fault(read)
    odd = read.lazy().filter(~is_sound).with_columns(**layout.texts).with_columns(_reject_code(layout, window)).collect()
    told = odd.select("reject_code", reject_text(_value(layout.values)), is_long=_is_long())
    # Written into their places: to part the good from the bad and to sort them again would cost every good one.
    places = (~is_sound).arg_true()
    found = _without_fault(read).with_columns(
        pl.repeat(None, read.height, dtype=pl.String(), eager=True).scatter(places, told[name]).alias(name) for name in _REASONS
    )
    if not told["is_long"].any():
        return found
    return found.with_columns(raw=pl.when(_is_long()).then(pl.col("raw").str.head(LINE_BYTES_MAX)).otherwise("raw"))


_REASONS: Final = ("reject_code", "reject_text")


def _without_fault(read: pl.DataFrame) -> pl.DataFrame:
    return read.with_columns(pl.lit(None, pl.String).alias(name) for name in _REASONS).select(*RECORD_COLUMNS)


def _is_long() -> pl.Expr:
    return pl.col("raw").str.len_bytes() > LINE_BYTES_MAX


def _reject_code(layout: Layout, window: Window | None) -> pl.Expr:
    started, duration = pl.col("started_at"), pl.col("duration_seconds")
    late = started > window.not_after if window else pl.lit(value=False)
    early = started < window.not_before if window else pl.lit(value=False)
    return first_reject(
        ("CSS401E", _is_long()),
        ("CSS402E", ~pl.col("is_text")),
        *layout.faults,
        ("CSS655E", pl.col("supplier_record_id").str.contains(_FIGURE)),
        *_number_faults("charged", "CSS403E"),
        *_number_faults("other", "CSS404E"),
        ("CSS655E", duration.is_null() & pl.col("duration_text").str.contains(_FIGURE)),
        ("CSS407E", duration.is_null()),
        ("CSS408E", duration > DURATION_SECONDS_MAX),
        ("CSS410E", late),
        ("CSS411E", early),
    )


def _number_faults(which: str, code: str) -> tuple[tuple[str, pl.Expr], ...]:
    """A number that cannot be read, with a better reason where a spreadsheet can be seen to have done it."""
    unread, text = pl.col(f"{which}_number").is_null(), pl.col(f"{which}_text").str.strip_chars()
    return (
        ("CSS655E", unread & text.str.contains(_FIGURE)),
        ("CSS656E", unread & text.str.contains(_BARE_NUMBER)),
        (code, unread),
    )


def _value(own: pl.Expr) -> pl.Expr:
    """The text at fault, as the file has it."""
    code = pl.col("reject_code")
    return (
        pl.when(code == "CSS401E")
        .then(pl.lit(str(LINE_BYTES_MAX)))
        .when(code == "CSS403E")
        .then("charged_text")
        .when(code == "CSS404E")
        .then("other_text")
        .when(code == "CSS655E")
        .then(pl.coalesce(*(_matching(name, _FIGURE) for name in ("supplier_record_id", "charged_text", "other_text", "duration_text"))))
        .when(code == "CSS656E")
        .then(pl.when(pl.col("charged_number").is_null()).then("charged_text").otherwise("other_text"))
        .when(code.is_in(["CSS410E", "CSS411E"]))
        .then("moment_text")
        .when(code.is_in(["CSS407E", "CSS408E"]))
        .then("duration_text")
        .otherwise(own)
    )


def _matching(name: str, pattern: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text.str.contains(pattern)).then(text)


def _lines_one_by_one(content: bytes, first_line: int) -> pl.DataFrame:
    """The slow way, for a block with damaged lines: each is judged by itself, so the good ones are not held hostage."""
    rows: list[tuple[int, str, bool]] = []
    for line_number, line in enumerate((line for line in content.split(b"\n") if line), start=first_line):
        is_text = b"\0" not in line and is_utf8(line)
        # PostgreSQL text cannot hold a NUL; its picture can stand for it.
        rows.append((line_number, line.decode("utf-8" if is_text else "latin-1").replace("\0", "\u2400"), is_text))
    return pl.DataFrame(rows, schema=_LINE, orient="row")


def _held_number(text: str) -> str | None:
    try:
        return parse_number(text.strip())
    except BadMessage:
        return None
