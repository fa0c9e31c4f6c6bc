"""Our own layout: columns in any order, and that a line reads alike in any company."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.usage_layouts import CSS_CSV, UK_STANDARD_CDR, layout_of, parse_block
from billing.rules.usage_lines import DURATION_SECONDS_MAX, LINE_BYTES_MAX, RECORD_COLUMNS, Window
from billing.rules.usage_native import COLUMNS, COLUMNS_MAX, parse_records, write_native
from css.core.errors import BadMessage

USUAL = {
    "record_id": "R1",
    "charged_number": "+441632960001",
    "other_number": "+442079460123",
    "started_at": "2024-01-15T10:00:00Z",
    "duration_seconds": "122",
}
HEADING = ",".join(COLUMNS).encode() + b"\n"


def line(changes: Mapping[str, str] | None = None, **more: str) -> str:
    fields = USUAL | dict(changes or {}) | more
    return ",".join(fields.get(name, "") for name in COLUMNS)


def read(*lines: str | bytes, window: Window | None = None) -> pl.DataFrame:
    content = b"".join((one if isinstance(one, bytes) else one.encode()) + b"\n" for one in lines)
    return parse_records(HEADING + content, window=window)


def row(*lines: str | bytes) -> dict[str, Any]:
    return read(*lines).row(0, named=True)


def test_an_ordinary_record() -> None:
    assert row(line()) == {
        "line_number": 1,
        "supplier_record_id": "R1",
        "leg": "outgoing",
        "charged_number": "441632960001",
        "other_number": "442079460123",
        "started_at": datetime(2024, 1, 15, 10, tzinfo=UTC),
        "duration_seconds": 122,
        "chain_id": None,
        "part_number": None,
        "is_last_part": None,
        "raw": line(),
        "reject_code": None,
        "reject_text": None,
    }


def test_columns_come_in_any_order_and_some_not_at_all() -> None:
    content = b"started_at,price,charged_number,,price,duration_seconds, other_number \r\n"
    content += b'2024-01-15T10:00:00Z,"1,2",+441632960001,x,y,122,"118500"\r\n'
    frame = parse_records(content, first_line=7)
    assert frame.select("line_number", "charged_number", "other_number", "duration_seconds", "reject_code").rows() == [
        (7, "441632960001", "118500", 122, None)
    ]
    assert frame.schema == pl.Schema(RECORD_COLUMNS)


def test_a_heading_alone_has_no_records() -> None:
    for content in (HEADING, HEADING[:-1], HEADING + b"\n\r\n"):
        assert parse_records(content).schema == pl.Schema(RECORD_COLUMNS)
        assert parse_records(content).is_empty()


@pytest.mark.parametrize(
    ("heading", "why"),
    [
        ("charged_number,other_number,started_at", "duration_seconds is missing"),
        ("charged_number", "other_number, started_at, duration_seconds is missing"),
        ("charged_number,other_number,started_at,duration_seconds,leg,leg", "leg stands twice"),
        ('charged_number,"other_number', "it cannot be read"),
        ("charged_number,other_number,started_at,duration_seconds" + ",x" * COLUMNS_MAX, "there are more than 200"),
    ],
)
def test_a_heading_that_names_no_usable_columns_says_why(heading: str, why: str) -> None:
    with pytest.raises(BadMessage, match=why) as refused:
        layout_of(heading.encode())
    assert refused.value.code == "CSS653E"


def test_the_layout_is_told_from_the_first_line() -> None:
    assert layout_of(HEADING.strip()) == CSS_CSV
    assert layout_of(b"\xef\xbb\xbf" + HEADING.strip()) == CSS_CSV
    for other in (b"", b'"V","","+441632960001"', b"\xff\xfe", b"PK\3\4"):
        assert layout_of(other) == UK_STANDARD_CDR


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-10-27T01:30:00+01:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
        ("2024-10-27T01:30:00+00:00", datetime(2024, 10, 27, 1, 30, tzinfo=UTC)),
        ("2024-01-15 10:00:00Z", datetime(2024, 1, 15, 10, tzinfo=UTC)),
        (" 2024-02-29T23:59:59-05:30 ", datetime(2024, 3, 1, 5, 29, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_has_its_offset(written: str, instant: datetime) -> None:
    found = row(line(started_at=written))
    assert (found["started_at"], found["reject_code"]) == (instant, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"charged_number": ""}, "CSS403E"),
        ({"other_number": "nobody"}, "CSS404E"),
        ({"charged_number": "4.41632E+11"}, "CSS655E"),
        ({"duration_seconds": "1.22E+05"}, "CSS655E"),
        ({"record_id": "1.23457E+14"}, "CSS655E"),
        ({"other_number": "2079460123"}, "CSS656E"),
        ({"started_at": "15/01/2024 10:00"}, "CSS657E"),
        ({"started_at": "2024-01-15 10:00"}, "CSS657E"),
        ({"started_at": "2024-01-15T10:00:00"}, "CSS661E"),
        ({"started_at": "2024-01-15T10:00:00.5Z"}, "CSS661E"),
        ({"started_at": "2024-01-15T24:00:00Z"}, "CSS661E"),
        ({"started_at": "45306.41667"}, "CSS657E"),
        ({"started_at": ""}, "CSS661E"),
        ({"started_at": "then"}, "CSS661E"),
        ({"started_at": "2023-02-29T10:00:00Z"}, "CSS661E"),
        ({"duration_seconds": ""}, "CSS407E"),
        ({"duration_seconds": "-1"}, "CSS407E"),
        ({"duration_seconds": str(DURATION_SECONDS_MAX + 1)}, "CSS408E"),
        ({"leg": "incoming"}, "CSS658E"),
        ({"leg": " Diverted "}, None),
        ({"chain_id": "C", "part_number": "1", "last_part": "no"}, None),
        ({"chain_id": "C", "part_number": "0", "last_part": "no"}, "CSS659E"),
        ({"chain_id": "C", "part_number": "1"}, "CSS659E"),
        ({"chain_id": "C", "last_part": "yes"}, "CSS659E"),
        ({"part_number": "1", "last_part": "yes"}, "CSS659E"),
        ({"chain_id": "C", "part_number": "1", "last_part": "maybe"}, "CSS659E"),
    ],
)
def test_a_bad_record_says_why_and_holds_no_other_hostage(changes: dict[str, str], code: str | None) -> None:
    frame = read(line(record_id="before"), line(changes), line(record_id="after"))
    assert frame["reject_code"].to_list() == [None, code, None]
    assert (code is None) == (frame["reject_text"][1] is None)


@pytest.mark.parametrize(
    "damaged", ["x", line() + ",", line().rpartition(",")[0], '"' + line(), line(record_id='R"1"'), b"caf\xe9", b"a\0b"]
)
def test_what_is_no_record_is_said(damaged: str | bytes) -> None:
    frame = read(line(), damaged, line())
    assert frame["reject_code"].to_list() == [None, "CSS402E" if isinstance(damaged, bytes) else "CSS654E", None]
    assert frame["leg"].to_list() == ["outgoing", None, "outgoing"]


def test_a_line_too_long_is_cut() -> None:
    found = row(line(record_id="x" * LINE_BYTES_MAX))
    assert (found["reject_code"], len(found["raw"])) == ("CSS401E", LINE_BYTES_MAX)


def test_calls_outside_the_window_wait_for_a_person() -> None:
    window = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 31, tzinfo=UTC))
    days = ["2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "2024-01-31T00:00:00Z", "2024-01-31T00:00:01Z"]
    frame = read(*(line(started_at=day) for day in days), window=window)
    assert frame["reject_code"].to_list() == ["CSS411E", None, None, "CSS410E"]


DAMAGED = st.one_of(
    st.just(line()),
    st.builds(
        lambda name, value: line({name: value}),
        st.sampled_from(COLUMNS),
        st.sampled_from(
            ["", " ", "x", "1", "yes", "E", "1.5E+9", "0044 1632 960001", "+353123456789", "reverse", "2024-01-15T10:00:00+01:00"]
        ),
    ),
    st.builds(
        lambda part, last: line(chain_id="C", part_number=part, last_part=last),
        st.sampled_from(["", "1", "2 "]),
        st.sampled_from(["", "NO", "yes"]),
    ),
    st.builds(
        lambda place, what, gone: line()[:place] + what + line()[place + gone :],
        st.integers(0, 80),
        st.text('",a \r', max_size=3),
        st.integers(0, 3),
    ),
    st.text('",ab', max_size=30),
)


@given(st.lists(DAMAGED, max_size=8), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60)
def test_a_line_reads_alike_in_any_company(lines: list[str], ending: str) -> None:
    kept = [one for one in lines if one.removesuffix("\r")]
    content = HEADING + "".join(one + ending for one in kept).encode()
    together = parse_records(content)
    alone = [parse_records(HEADING + (one + ending).encode(), number) for number, one in enumerate(kept, 1)]
    assert together.equals(pl.concat([parse_records(HEADING), *alone]))
    assert parse_records(content + b"\xff\n").head(len(kept)).equals(together)


def test_an_empty_leg_beside_a_named_one_is_outgoing() -> None:
    lines = [line({"leg": ""}), line({"leg": "reverse"}), line({"leg": "outgoing"})]
    read = parse_records(HEADING + "".join(f"{one}\n" for one in lines).encode())
    assert read["leg"].to_list() == ["outgoing", "reverse", "outgoing"]
    assert read["reject_code"].null_count() == len(lines)


def test_what_is_written_reads_back() -> None:
    start = datetime(2024, 10, 27, tzinfo=UTC)
    calls = pl.DataFrame(
        {
            "supplier_record_id": [f"R{number}, the {number}th" for number in range(200)],
            "leg": ["outgoing", "diverted", "reverse", "outgoing"] * 50,
            "charged_number": ["441632960001"] * 200,
            "other_number": ["442079460123", "118500", "353123456789", "999"] * 50,
            "started_at": [start + timedelta(minutes=number) for number in range(200)],
            "duration_seconds": list(range(200)),
            "chain_id": [None, None, None, "LC1"] * 50,
            "part_number": [None, None, None, 2] * 50,
            "is_last_part": [None, None, None, True] * 50,
        },
        schema={name: RECORD_COLUMNS[name] for name in list(RECORD_COLUMNS)[1:10]},
    )
    frame = parse_block(CSS_CSV, write_native(calls), 1, None)
    assert frame["reject_code"].null_count() == calls.height
    assert frame.select(calls.columns).equals(calls)
    few = calls.select("charged_number", "other_number", "started_at", "duration_seconds")
    assert parse_records(write_native(few)).select(few.columns).equals(few)
    assert parse_records(write_native(few.clear())).is_empty()
