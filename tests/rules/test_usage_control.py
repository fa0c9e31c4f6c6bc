"""The control record: a file cut short, altered or padded is not taken for whole."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import polars as pl
import pytest

from billing.rules.usage_control import Control, Tally, control_faults, control_of, cut_control, tally_of, write_control
from billing.rules.usage_record import RECORD_COLUMNS, parse_records, write_records
from css.core.errors import BadMessage

CREATED_AT = datetime(2024, 1, 15, 2, tzinfo=UTC)
CALLS = pl.DataFrame(
    {
        "supplier_record_id": ["R1", "R2"],
        "charged_number": ["441632960001"] * 2,
        "other_number": ["442079460123"] * 2,
        "started_at": [datetime(2024, 1, 14, 10, tzinfo=UTC), datetime(2024, 1, 14, 11, tzinfo=UTC)],
        "duration_seconds": [122, 60],
    },
    schema={
        name: RECORD_COLUMNS[name] for name in ("supplier_record_id", "charged_number", "other_number", "started_at", "duration_seconds")
    },
)
RECORDS = write_records(CALLS)
FILE = RECORDS + write_control(control_of(RECORDS, CALLS, supplier="NTHTEL", sequence=123, created_at=CREATED_AT))


def faults(content: bytes) -> list[str]:
    records, control = cut_control(content)
    tally = tally_of(parse_records(records))
    return [fault.code for fault in control_faults(control, tally, hashlib.sha256(records).hexdigest())]


def test_a_whole_file_says_who_made_it_and_agrees_with_itself() -> None:
    records, control = cut_control(FILE)
    assert records == RECORDS
    assert (control.supplier, control.sequence, control.created_at) == ("NTHTEL", 123, CREATED_AT)
    assert (control.record_count, control.duration_seconds) == (2, 182)
    assert control.file_name == "NTHTEL_20240115_000123.csv"
    assert faults(FILE) == []


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n"])
def test_the_last_line_may_end_anyhow(ending: bytes) -> None:
    assert faults(FILE.rstrip() + ending) == []


def test_a_file_of_no_calls_is_whole_too() -> None:
    empty = write_control(control_of(b"", CALLS.clear(), supplier="NTHTEL", sequence=1, created_at=CREATED_AT))
    assert faults(empty) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        RECORDS,
        FILE[:-40],
        FILE.replace(b'"123"', b'"0"'),
        FILE.replace(b'"NTHTEL"', b'"nth tel"'),
        FILE.replace(b'"2"', b'"two"'),
        FILE.replace(b"2024-01-15T02", b"2024-13-15T02"),
        FILE.replace(b'"CONTROL","1"', b'"CONTROL","2"'),
        FILE.rstrip() + b',"more"\n',
        RECORDS + b'"CONTROL",' + b"9" * 10_000,
        RECORDS + b'"CONTROL","1\xff"\n',
    ],
)
def test_a_file_without_a_readable_control_record_is_refused(content: bytes) -> None:
    with pytest.raises(BadMessage) as refused:
        cut_control(content)
    assert refused.value.code == "CSS420E"


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        (b'"NTHTEL"', b'"nthtel"', "its supplier is 'nthtel'"),
        (b'"123"', b'"0"', "its sequence is '0'"),
        (b'Z"', b'+00"', "its time at which the file was made is '"),
        (b'"CONTROL","1",', b'"CONTROL","1","x",', "it has 9 fields, not 8"),
    ],
)
def test_the_field_of_a_control_record_that_cannot_be_read_is_named(was: bytes, instead: bytes, said: str) -> None:
    line = write_control(control_of(RECORDS, CALLS, supplier="NTHTEL", sequence=123, created_at=CREATED_AT))
    assert was in line
    with pytest.raises(BadMessage) as refused:
        cut_control(RECORDS + line.replace(was, instead))
    assert said in refused.value.text


def test_a_line_lost_or_doubled_is_seen() -> None:
    first = RECORDS.splitlines(keepends=True)[0]
    assert faults(FILE.removeprefix(first)) == ["CSS421E", "CSS421E", "CSS422E"]
    assert faults(first + FILE) == ["CSS421E", "CSS421E", "CSS422E"]


def test_a_digit_altered_is_seen() -> None:
    assert faults(FILE.replace(b"+442079460123", b"+442079460124")) == ["CSS422E"]


def test_a_malformed_record_counts_and_does_not_condemn_the_file() -> None:
    damaged = RECORDS.replace(b'"60"', b'"6O"')
    content = damaged + write_control(control_of(damaged, CALLS, supplier="NTHTEL", sequence=123, created_at=CREATED_AT))
    assert faults(content) == []


def test_seconds_found_may_not_be_more_than_the_record_says() -> None:
    damaged = RECORDS.replace(b'"60"', b'"6O"')
    control = control_of(damaged, CALLS, supplier="NTHTEL", sequence=123, created_at=CREATED_AT)
    less = Control(control.supplier, control.sequence, control.created_at, control.record_count, 121, control.sha256)
    assert faults(damaged + write_control(less)) == ["CSS421E"]


def test_tallies_of_blocks_add_up_to_that_of_the_file() -> None:
    lines = [line + b"\n" for line in RECORDS.splitlines()]
    assert sum((tally_of(parse_records(line)) for line in lines), Tally()) == tally_of(parse_records(RECORDS)) == Tally(2, 182, 0)
