"""The control record: what a carrier says of its file, so that a file cut short or sent twice is not taken for whole.

It is the last line of a file of any layout, of eight quoted fields: the word CONTROL, the version of this layout, supplier,
sequence number, when the file was made (UTC), how many records go before, their seconds in total, and the SHA-256 of all
bytes before the line. A heading is no record, but its bytes count. No layout has
such a record of its own; no call record has CONTROL for a call type, so the two cannot be confused.

    "CONTROL","1","NTHTEL","123","2024-01-15T02:00:00Z","40210","7105233","9f86d0...0f00a08"

A carrier numbers its files without gap from 1 and names them for supplier, day and sequence: ``NTHTEL_20240115_000123.csv``.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from css.core.calendar import london_date, require_aware
from css.core.errors import BadMessage, CssError

CONTROL_WORD: Final = "CONTROL"
LAYOUT_VERSION: Final = "1"
CONTROL_BYTES_MAX: Final = 500
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before it no day is asked for; the first year of the calendar has no day before it."""
_MARK: Final = f'"{CONTROL_WORD}",'.encode()
_MADE: Final = "time at which the file was made"
_FORMS: Final = {
    "supplier": re.compile(r"[A-Z0-9]{2,12}\Z"),
    "sequence": re.compile(r"[1-9][0-9]{0,8}\Z"),
    _MADE: re.compile(r"[0-9T:-]{19}Z\Z"),
    "number of records": re.compile(r"[0-9]{1,12}\Z"),
    "number of seconds": re.compile(r"[0-9]{1,15}\Z"),
    "SHA-256": re.compile(r"[0-9a-f]{64}\Z"),
}
_SHOWN_MAX: Final = 70


@dataclass(frozen=True, slots=True)
class Control:
    """A carrier's account of one file."""

    supplier: str
    sequence: int
    created_at: datetime
    record_count: int
    duration_seconds: int
    sha256: str
    """Of every byte before the control record, in hexadecimal."""

    @property
    def file_name(self) -> str:
        return f"{self.supplier}_{self.created_at:%Y%m%d}_{self.sequence:06d}.csv"

    @property
    def night(self) -> date:
        """The business date of the first night that takes the file: the day before it was made, by London's clocks."""
        return london_date(max(self.created_at, _LONG_AGO)) - timedelta(days=1)


def control_of(records: bytes, calls: pl.DataFrame, *, supplier: str, sequence: int, created_at: datetime) -> Control:
    """The account of a file being written: its records as bytes, and the calls they are."""
    total = int(calls["duration_seconds"].sum())
    return Control(supplier, sequence, require_aware(created_at), calls.height, total, hashlib.sha256(records).hexdigest())


def write_control(control: Control) -> bytes:
    """The control record as the file's last line."""
    fields = (
        CONTROL_WORD,
        LAYOUT_VERSION,
        control.supplier,
        str(control.sequence),
        f"{control.created_at:%Y-%m-%dT%H:%M:%SZ}",
        str(control.record_count),
        str(control.duration_seconds),
        control.sha256,
    )
    return (",".join(f'"{field}"' for field in fields) + "\n").encode()


def cut_control(content: bytes) -> tuple[bytes, Control]:
    """A whole file as its records and its control record; CSS420E when the last line is not one."""
    end = len(content.rstrip(b"\r\n"))
    start = content.rfind(b"\n", 0, end) + 1
    return content[:start], read_control(content[start:])


def read_control(last_line: bytes) -> Control:
    """The control record by the last line of a file that is not blank, whatever ends it; CSS420E when it is not one."""
    line = last_line.rstrip(b"\r\n")
    if not line.startswith(_MARK) or len(line) > CONTROL_BYTES_MAX:
        raise _unreadable("the last line does not begin with it")
    return _read(line)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found of a file's records, whether they can be charged or not."""

    record_count: int = 0
    duration_seconds: int = 0
    unread_duration_count: int = 0
    """Records whose duration cannot be read."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.record_count + other.record_count,
            self.duration_seconds + other.duration_seconds,
            self.unread_duration_count + other.unread_duration_count,
        )


def tally_of(parsed: pl.DataFrame) -> Tally:
    """Of a block as its layout was read, rejects among it."""
    return Tally(parsed.height, int(parsed["duration_seconds"].sum()), parsed["duration_seconds"].null_count())


def control_faults(control: Control, tally: Tally, records_sha256: str) -> tuple[CssError, ...]:
    """Where the file and its control record disagree (CSS421E, CSS422E); none means it is whole.

    The seconds must agree to the last one unless a record's own duration cannot be read; then they may only be more than
    was found.
    """
    return tuple(_disagreements(control, tally, records_sha256))


def _disagreements(control: Control, tally: Tally, records_sha256: str) -> Iterator[CssError]:
    if tally.record_count != control.record_count:
        yield _disagrees("records", control.record_count, tally.record_count)
    seconds = tally.duration_seconds
    if control.duration_seconds < seconds or (control.duration_seconds > seconds and not tally.unread_duration_count):
        yield _disagrees("seconds of calls", control.duration_seconds, seconds)
    if records_sha256 != control.sha256:
        yield BadMessage("CSS422E", "The bytes of the file are not those its control record was made for.")


def _read(line: bytes) -> Control:
    try:
        fields = next(csv.reader([line.decode("ascii")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _unreadable("it is damaged") from None
    if fields[1] != LAYOUT_VERSION:
        raise _unreadable(f"its layout is version {fields[1][:10]}, not {LAYOUT_VERSION}")
    if len(fields) != len(_FORMS) + 2:
        raise _unreadable(f"it has {len(fields)} fields, not {len(_FORMS) + 2}")
    for (name, form), field in zip(_FORMS.items(), fields[2:], strict=True):
        if form.match(field) is None:
            raise _unreadable(f"its {name} is '{field[:_SHOWN_MAX]}'")
    supplier, sequence, made, records, seconds, sha256 = fields[2:]
    try:
        created_at = datetime.fromisoformat(made)
    except ValueError:
        raise _unreadable(f"its {_MADE} is '{made}'") from None
    return Control(supplier, int(sequence), require_aware(created_at), int(records), int(seconds), sha256)


def _unreadable(why: str) -> BadMessage:
    return BadMessage("CSS420E", "The file has no control record that can be read: {why}.", why=why)


def _disagrees(what: str, said: int, found: int) -> BadMessage:
    return BadMessage("CSS421E", "The control record says {said} {what}; the file has {found}.", said=said, what=what, found=found)
