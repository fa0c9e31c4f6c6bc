"""Reading and writing UK Standard CDR: what a carrier may write, what damage does, and that nothing is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.usage_record import (
    DURATION_SECONDS_MAX,
    FIELDS,
    LINE_BYTES_MAX,
    RECORD_COLUMNS,
    Window,
    parse_records,
    write_records,
)
from css.core.calendar import london_instant
from css.core.errors import BadMessage
from css.core.phone import parse_number

USUAL = {
    "call_type": "V",
    "customer_identifier": "+441632960001",
    "dialled_number": "+442079460123",
    "call_date": "15/01/2024",
    "call_time": "10:00:00",
    "duration": "122",
    "record_id": "R1",
}


CALL = ("supplier_record_id", "charged_number", "other_number", "started_at", "duration_seconds")


def line(changes: Mapping[str, str] | None = None, *, quoted: bool = True, **more: str) -> str:
    """One record, usual but for what the test is about."""
    fields = USUAL | dict(changes or {}) | more
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="").writerow(
        fields.get(name, "") for name in FIELDS
    )
    return buffer.getvalue()


def read(*lines: str | bytes, window: Window | None = None) -> pl.DataFrame:
    content = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines) + b"\n"
    return parse_records(content, window=window)


def row(*lines: str | bytes, window: Window | None = None) -> dict[str, Any]:
    return read(*lines, window=window).row(0, named=True)


class TestGoodRecords:
    def test_an_ordinary_record(self) -> None:
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

    def test_there_are_42_fields_with_the_names_of_the_standard(self) -> None:
        assert len(set(FIELDS)) == 42
        assert (FIELDS[2], FIELDS[28], FIELDS[41]) == ("customer_identifier", "record_id", "routing_code")

    def test_fields_may_be_bare_and_may_hold_commas_and_quotes(self) -> None:
        frame = read(line(quoted=False), line(description='Paris, "Ville Lumière"'), line(contract_name="a,b,c", record_id='R"2"'))
        assert frame["reject_code"].null_count() == 3
        assert frame["supplier_record_id"].to_list() == ["R1", "R1", 'R"2"']

    def test_lines_may_end_as_in_windows_and_the_last_not_at_all(self) -> None:
        frame = parse_records(f"{line()}\r\n\r\n{line(record_id='R2')}".encode())
        # Blank lines are not counted: the numbers of n records are 1 to n.
        assert frame["line_number"].to_list() == [1, 2]
        assert frame["supplier_record_id"].to_list() == ["R1", "R2"]
        assert frame["raw"].to_list() == [line(), line(record_id="R2")]

    def test_a_block_of_a_file_keeps_the_numbers_of_its_lines(self) -> None:
        assert parse_records(line().encode(), first_line=501)["line_number"].to_list() == [501]

    def test_an_empty_file_has_no_records(self) -> None:
        frame = parse_records(b"")
        assert frame.schema == pl.Schema(RECORD_COLUMNS)
        assert frame.height == 0

    def test_the_presentation_number_stands_in_for_an_empty_identifier(self) -> None:
        assert row(line(customer_identifier=" ", presentation_number="01632 960002"))["charged_number"] == "441632960002"

    def test_no_record_id_is_no_fault(self) -> None:
        found = row(line(record_id=""))
        assert (found["supplier_record_id"], found["reject_code"]) == (None, None)


class TestNumbers:
    @pytest.mark.parametrize(
        ("written", "held"),
        [
            ("+442079460123", "442079460123"),
            ("442079460123", "442079460123"),
            ("02079460123", "442079460123"),
            ("020 7946 0123", "442079460123"),
            ("+44 (0)20 7946 0123", "442079460123"),
            ("0044 20 7946 0123", "442079460123"),
            ("+353123456789", "353123456789"),
            ("0033123456789", "33123456789"),
            ("118500", "118500"),
            ("999", "999"),
            ("08001111", "448001111"),
            ("+44550123456", None),
            ("+444123456789", None),
            ("+445123456789", None),
            ("", None),
            ("anonymous", None),
            ("+118500", None),
            ("12", None),
        ],
    )
    def test_are_held_as_the_core_holds_them(self, written: str, held: str | None) -> None:
        found = row(line(dialled_number=written))
        assert found["other_number"] == held
        assert found["reject_code"] == (None if held else "CSS404E")

    @given(st.lists(st.from_regex(r"\A\+?44[0-9]{6,12}\Z") | st.from_regex(r"\A0[0-9]{6,14}\Z"), min_size=30, max_size=60))
    @settings(max_examples=15)
    def test_the_quick_way_and_the_core_never_differ(self, written: list[str]) -> None:
        frame = read(*(line(dialled_number=one) for one in written))
        assert frame["other_number"].to_list() == [as_the_core_holds_it(one) for one in written]


def as_the_core_holds_it(written: str) -> str | None:
    try:
        return parse_number(written)
    except BadMessage:
        return None


class TestLondonTime:
    def test_summer_time_is_an_hour_before(self) -> None:
        assert row(line(call_date="01/07/2024", call_time="00:30:00"))["started_at"] == datetime(2024, 6, 30, 23, 30, tzinfo=UTC)

    @pytest.mark.parametrize("day", [date(2024, 3, 31), date(2024, 10, 27), date(2010, 3, 28), date(2010, 10, 31)])
    def test_the_odd_nights_are_read_as_the_core_reads_them(self, day: date) -> None:
        walls = [time(minute // 60, minute % 60, 30) for minute in range(4 * 60)]
        frame = read(*(line(call_date=f"{day:%d/%m/%Y}", call_time=f"{wall:%H:%M:%S}") for wall in walls))
        assert frame["started_at"].to_list() == [london_instant(day, wall) for wall in walls]

    @pytest.mark.parametrize(
        ("day", "clock"),
        [
            ("31/02/2024", "10:00:00"),
            ("29/02/2023", "10:00:00"),
            ("15/01/2024", "24:00:00"),
            ("15/01/2024", "10:60:00"),
            ("today", "10:00:00"),
            ("", ""),
        ],
    )
    def test_what_is_no_date_or_time_is_said(self, day: str, clock: str) -> None:
        found = row(line(call_date=day, call_time=clock))
        assert (found["reject_code"], found["started_at"]) == ("CSS405E", None)
        assert f"'{day} {clock}'" in found["reject_text"]

    def test_the_29th_of_february_is(self) -> None:
        assert row(line(call_date="29/02/2024"))["reject_code"] is None

    def test_calls_outside_the_window_wait_for_a_person(self) -> None:
        window = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 31, tzinfo=UTC))
        days = ["31/12/2023", "01/01/2024", "31/01/2024", "01/02/2024"]
        frame = read(*(line(call_date=day, call_time="00:00:00") for day in days), window=window)
        assert frame["reject_code"].to_list() == ["CSS411E", None, None, "CSS410E"]
        assert frame["started_at"].null_count() == 0


class TestRejects:
    @pytest.mark.parametrize(
        ("damaged", "code"),
        [
            ("", None),
            ("not a record", "CSS400E"),
            (line().rpartition(",")[0], "CSS400E"),
            (line() + ',""', "CSS400E"),
            (line().replace('"R1"', '"R1'), "CSS400E"),
            (line()[:60], "CSS400E"),
            (line(description="x" * LINE_BYTES_MAX), "CSS401E"),
            (line().encode("latin-1").replace(b"R1", b"R\xe9"), "CSS402E"),
            (line().replace("R1", "R\0"), "CSS402E"),
            (line(customer_identifier="", presentation_number=""), "CSS403E"),
            (line(duration="-5"), "CSS407E"),
            (line(duration="12.5"), "CSS407E"),
            (line(duration=""), "CSS407E"),
            (line(duration="00:02:02"), "CSS407E"),
            (line(duration="9" * 30), "CSS407E"),
            (line(duration=str(DURATION_SECONDS_MAX)), None),
            (line(duration=str(DURATION_SECONDS_MAX + 1)), "CSS408E"),
            (line(call_type="G"), "CSS409E"),
            (line(call_type=""), "CSS409E"),
            (line(call_type="Z"), None),
        ],
    )
    def test_a_bad_record_says_why_and_holds_no_other_hostage(self, damaged: str | bytes, code: str | None) -> None:
        frame = read(line(record_id="before"), damaged, line(record_id="after"))
        assert frame["reject_code"].to_list() == [None, *([] if damaged == "" else [code]), None]
        assert [frame["supplier_record_id"][place] for place in (0, -1)] == ["before", "after"]
        assert frame["line_number"].to_list() == list(range(1, frame.height + 1))

    def test_the_raw_text_is_kept_as_it_came(self) -> None:
        assert row("rubbish, \"and more'")["raw"] == "rubbish, \"and more'"
        assert row(b"caf\xe9")["raw"] == "café"
        assert row(b"a\0b")["raw"] == "a\u2400b"
        assert len(row("x" * 10_000)["raw"]) == LINE_BYTES_MAX

    def test_the_sentence_names_the_text_at_fault(self) -> None:
        assert row(line(duration="-5"))["reject_text"] == "The duration '-5' is not a whole number of seconds, nought or more."
        assert row("junk")["reject_text"] == "The record is not 42 comma-separated fields on one line."
        assert (
            row(line(customer_identifier="", presentation_number=""))["reject_text"]
            == "The number charged '' cannot be read as a telephone number."
        )

    def test_what_could_be_read_of_a_reject_is_there(self) -> None:
        found = row(line(dialled_number="?"))
        assert (found["reject_code"], found["duration_seconds"], found["charged_number"]) == ("CSS404E", 122, "441632960001")

    @given(st.lists(st.binary(max_size=60), max_size=12))
    @settings(max_examples=50)
    def test_any_bytes_whatever_give_one_row_a_line(self, lines: list[bytes]) -> None:
        content = b"\n".join(lines)
        frame = parse_records(content)
        assert frame.height == sum(1 for one in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if one.removesuffix(b"\r"))
        assert frame["reject_code"].null_count() == 0


def test_fields_are_split_as_the_csv_module_splits_them() -> None:
    awkward = ["", "a", " b ", "c,d", 'e"f', '""', ",", '","', "'", "#", "é", "\\", "\t", "+44"]
    lines = [line(quoted=quoted, record_id=one, description=other) for one in awkward for other in awkward for quoted in (True, False)]
    frame = read(*lines)
    expected = [next(csv.reader([one]))[28].strip() or None for one in lines]
    assert frame["supplier_record_id"].to_list() == expected
    assert frame["reject_code"].null_count() == len(lines)


class TestWhatASpreadsheetDoes:
    """A reason that says so, since whoever reads it can only ask the carrier not to open the file in one."""

    @pytest.mark.parametrize(
        ("changes", "code", "value"),
        [
            ({"customer_identifier": "4.41632E+11"}, "CSS655E", "4.41632E+11"),
            ({"dialled_number": "4.42079E+11"}, "CSS655E", "4.42079E+11"),
            ({"dialled_number": " 4E+11 "}, "CSS655E", "4E+11"),
            ({"duration": "1.22E+05"}, "CSS655E", "1.22E+05"),
            ({"record_id": "1.23457E+14"}, "CSS655E", "1.23457E+14"),
            ({"customer_identifier": "1632960001"}, "CSS656E", "1632960001"),
            ({"dialled_number": "2079460123"}, "CSS656E", "2079460123"),
            ({"dialled_number": "353123456789"}, "CSS656E", "353123456789"),
            ({"call_date": "2024-01-15"}, "CSS657E", "2024-01-15 10:00:00"),
            ({"call_date": "1/1/2024"}, "CSS657E", "1/1/2024 10:00:00"),
            ({"call_date": "15/01/24"}, "CSS657E", "15/01/24 10:00:00"),
            ({"call_date": "15-Jan-24"}, "CSS657E", "15-Jan-24 10:00:00"),
            ({"call_date": "45306"}, "CSS657E", "45306 10:00:00"),
            ({"call_time": "10:00"}, "CSS657E", "15/01/2024 10:00"),
            ({"call_time": "9:00:00 AM"}, "CSS657E", "15/01/2024 9:00:00 AM"),
            ({"call_time": "0.4166667"}, "CSS657E", "15/01/2024 0.4166667"),
        ],
    )
    def test_is_said(self, changes: dict[str, str], code: str, value: str) -> None:
        found = row(line(record_id="before"), line(changes))
        damaged = read(line(record_id="before"), line(changes)).row(1, named=True)
        assert found["reject_code"] is None
        assert damaged["reject_code"] == code
        assert f"'{value}'" in damaged["reject_text"]

    @pytest.mark.parametrize("harmless", ["E", "RE+1", "1.5E", "ENGLAND", "1E5"])
    def test_an_id_with_an_e_is_no_figure(self, harmless: str) -> None:
        assert row(line(record_id=harmless))["reject_code"] is None


class TestLegs:
    def test_the_number_that_diverted_pays_for_the_second_leg(self) -> None:
        found = row(line(diverted_number="01632 960002"))
        assert (found["leg"], found["charged_number"], found["other_number"]) == ("diverted", "441632960002", "442079460123")

    def test_the_number_dialled_pays_when_it_has_agreed_to(self) -> None:
        found = row(line(call_class="R"))
        assert (found["leg"], found["charged_number"], found["other_number"]) == ("reverse", "442079460123", "441632960001")

    def test_other_call_classes_mean_nothing_here(self) -> None:
        assert row(line(call_class="national"))["leg"] == "outgoing"

    @pytest.mark.parametrize(
        ("changes", "value"),
        [({"diverted_number": "x"}, "x"), ({"call_class": "R", "dialled_number": "y"}, "y"), ({"customer_identifier": "z"}, "z")],
    )
    def test_the_reason_names_the_number_that_should_have_paid(self, changes: dict[str, str], value: str) -> None:
        found = row(line(changes))
        assert (found["reject_code"], found["reject_text"].split("'")[1]) == ("CSS403E", value)

    def test_no_record_has_no_leg(self) -> None:
        assert read("junk", line(call_class="R"))["leg"].to_list() == [None, "reverse"]


class TestPartsOfLongCalls:
    def test_have_a_chain_a_number_and_an_end(self) -> None:
        frame = read(line(call_cause="P1", grouping_id="LC7"), line(call_cause=" L2", grouping_id="LC7"), line())
        assert frame.select("chain_id", "part_number", "is_last_part").rows() == [("LC7", 1, False), ("LC7", 2, True), (None, None, None)]

    def test_without_a_chain_cannot_be_put_together(self) -> None:
        found = row(line(call_cause="P3"))
        assert (found["reject_code"], found["part_number"]) == ("CSS659E", 3)
        assert "'P3'" in found["reject_text"]

    @pytest.mark.parametrize("cause", ["P", "P0", "L-1", "P12345", "16", "normal"])
    def test_other_call_causes_mean_nothing_here(self, cause: str) -> None:
        found = row(line(call_cause=cause, grouping_id="hunt group 7"))
        assert (found["chain_id"], found["reject_code"]) == (None, None)


def test_a_mark_of_the_byte_order_belongs_to_no_field() -> None:
    marked = b"\xef\xbb\xbf" + line().encode()
    assert row(marked) == row(line())
    assert parse_records(marked, first_line=2)["reject_code"].to_list() == ["CSS400E"], "in the middle of a file it is damage"


DAMAGED = st.one_of(
    st.just(line()),
    st.builds(lambda value: line(record_id=value), st.text(max_size=6)),
    st.builds(
        lambda value: line(customer_identifier=value), st.sampled_from(["", " ", "01632 960001", "1632960001", "4.4E+11", "?", "999"])
    ),
    st.builds(
        lambda day, clock: line(call_date=day, call_time=clock),
        st.sampled_from(["31/03/2024", "27/10/2024", " 15/01/2024", "x"]),
        st.sampled_from(["01:30:00", "1:30", "", "23:59:59 "]),
    ),
    st.builds(
        lambda value, cause: line(call_class=value, call_cause=cause, grouping_id="G"),
        st.sampled_from(["", "R", "x"]),
        st.sampled_from(["", "P1", "L2", "y"]),
    ),
    st.builds(lambda value: line(diverted_number=value, presentation_number=value), st.sampled_from(["", "01632960002", "z"])),
    st.builds(lambda value: line(duration=value), st.sampled_from(["0", "007", " 5", "-1", "1e3", "999999"])),
    # Quotes and commas put in, taken out and moved.
    st.builds(
        lambda place, what, gone: line()[:place] + what + line()[place + gone :],
        st.integers(0, 200),
        st.text('",a \r', max_size=3),
        st.integers(0, 3),
    ),
    st.text('",ab', max_size=30),
)


@given(st.lists(DAMAGED, max_size=8), st.booleans())
@settings(max_examples=60)
def test_a_line_reads_alike_in_any_company(lines: list[str], windows_ends: bool) -> None:
    """The quick way over a clean block and the careful way over a damaged one never differ."""
    lines = [one.replace("\n", "").replace("\0", "") for one in lines]
    ending = "\r\n" if windows_ends else "\n"
    kept = [one for one in lines if one.removesuffix("\r")]
    together = parse_records("".join(one + ending for one in kept).encode())
    alone = [parse_records((one + ending).encode(), number) for number, one in enumerate(kept, 1)]
    assert together.equals(pl.concat([parse_records(b""), *alone]))
    # Beside a line that is not text, each is read by itself.
    beside = parse_records("".join(one + ending for one in kept).encode() + b"\xff\n")
    assert beside.head(len(kept)).equals(together)


class TestWriting:
    def calls(self) -> pl.DataFrame:
        start = datetime(2024, 3, 31, tzinfo=UTC)
        return pl.DataFrame(
            {
                "supplier_record_id": [f"R{number}" for number in range(200)],
                "charged_number": ["441632960001"] * 200,
                "other_number": ["442079460123", "118500", "353123456789", "999"] * 50,
                "started_at": [start + timedelta(minutes=number) for number in range(200)],
                "duration_seconds": list(range(200)),
            },
            schema={name: RECORD_COLUMNS[name] for name in CALL},
        )

    def test_what_is_written_reads_back(self) -> None:
        calls = self.calls()
        frame = parse_records(write_records(calls))
        assert frame["reject_code"].null_count() == calls.height
        assert frame.select(calls.columns).equals(calls)

    def test_every_field_is_quoted_so_that_no_spreadsheet_eats_the_plus(self) -> None:
        first = write_records(self.calls()).decode().splitlines()[0]
        assert first.startswith('"V","","+441632960001","+442079460123","31/03/2024","00:00:00","0"')
        assert first.count('","') == 41

    def test_other_fields_of_the_standard_are_written_where_given(self) -> None:
        content = write_records(
            self.calls().with_columns(description=pl.lit('A "quoted", name'), charge_code=pl.lit("UKN"), call_type=pl.lit("Z"))
        )
        fields = next(csv.reader([content.decode().splitlines()[0]]))
        assert (fields[0], fields[9], fields[10]) == ("Z", 'A "quoted", name', "UKN")

    def test_a_call_in_the_second_coming_of_the_repeated_hour_reads_back_in_the_first(self) -> None:
        second = (
            self.calls()
            .head(1)
            .with_columns(started_at=pl.lit(datetime(2024, 10, 27, 1, 30, tzinfo=UTC)).cast(RECORD_COLUMNS["started_at"]))
        )
        assert parse_records(write_records(second))["started_at"].to_list() == [datetime(2024, 10, 27, 0, 30, tzinfo=UTC)]

    def test_legs_and_parts_read_back(self) -> None:
        calls = self.calls().with_columns(
            leg=pl.Series(["outgoing", "diverted", "reverse", "outgoing"] * 50),
            chain_id=pl.Series([None, None, None, "LC1"] * 50),
            part_number=pl.Series([None, None, None, 2] * 50, dtype=pl.Int64()),
            is_last_part=pl.Series([None, None, None, True] * 50),
        )
        frame = parse_records(write_records(calls))
        assert frame["reject_code"].null_count() == calls.height
        assert frame.select(calls.columns).equals(calls)

    def test_no_calls_no_lines(self) -> None:
        assert write_records(self.calls().clear()) == b""
