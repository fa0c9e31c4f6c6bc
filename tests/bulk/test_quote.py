"""``css tariffs quote``: files priced by files, every component told, and no database anywhere near."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

import schemas
from billing import carrier_file, quote
from billing.reference import VAT_STANDARD, reference_book
from billing.rules.rating import price
from billing.rules.tariff import TariffVersion
from billing.rules.tariff_compare import content
from billing.rules.tariff_table import compile_tariffs
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_layouts import CSS_CSV, UK_STANDARD_CDR, parse_block
from billing.tariff_xml import read_tariff, write_tariff
from css.cli import main
from css.core.money import Price
from css.db import engine as database_engine
from tests.bulk.carrier import WRITERS

VALID = schemas.SAMPLES / "valid"
RETAIL, SERVICE = VALID / "tariff-retail.xml", VALID / "tariff-service.xml"
HEADING = "charged_number,other_number,started_at,duration_seconds"
CALLS = f"""{HEADING}
01632960001,020 7946 0001,2026-05-05T18:59:30+01:00,122
01632960001,0844 4960001,2026-05-05T20:00:00+01:00,61
01632960001,999,2026-05-05T20:00:00+01:00,600
"""
Say = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object, **__: object) -> None:
        raise AssertionError("a quote has asked for the database")

    monkeypatch.setattr(database_engine, "database", explode)
    monkeypatch.setattr(database_engine, "make_engine", explode)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Say:
    """``css tariffs quote`` of a tariff and of calls, given as a file or as what is in one."""

    def run(calls: str | bytes | Path, *more: object, tariff: Path = RETAIL, service: Path | None = SERVICE) -> tuple[int, str, list[str]]:
        if not isinstance(calls, Path):
            content, calls = calls.encode() if isinstance(calls, str) else calls, tmp_path / "calls"
            calls.write_bytes(content)
        words = ["tariffs", "quote", tariff, calls, *(["--service", service] if service else []), *more]
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err.splitlines()

    return run


def _rows(printed: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed)))


def test_every_component_is_printed_and_they_add_up(say: Say) -> None:
    status, printed, said = say(CALLS)
    assert (status, said) == (0, ["3 calls priced: 42.833333p before VAT, 51.4p with it. 0 not priced."])
    rows = _rows(printed)
    assert [(row["line"], row["component"], row["amount_pence"]) for row in rows] == [
        ("1", "setup", "9.9"),
        ("1", "units", "17.499"),
        ("1", "rounding", "0.001"),
        ("1", "vat", "-4.566667"),
        ("2", "units", "14"),
        ("2", "units", "10"),
        ("2", "vat", "-4"),
        ("3", "free", "0"),
    ]
    first = rows[1]
    assert (first["band"], first["prefix"], first["seconds"], first["units"], first["unit_seconds"]) == ("day", "442", "122", "3", "60")
    assert (first["unit_price_pence"], first["tariff"], first["version"]) == ("5.833", "ANYTIME", "3")
    for line in ("1", "2", "3"):
        of_call = [row for row in rows if row["line"] == line]
        parts = sum(Price.of(row["amount_pence"]).millionths for row in of_call if row["component"] != "vat")
        assert parts == Price.of(of_call[0]["gross_pence"]).millionths
        assert sum(Price.of(row["amount_pence"]).millionths for row in of_call) == Price.of(of_call[0]["net_pence"]).millionths


def test_json_says_the_same_a_call_a_line(say: Say) -> None:
    rows = _rows(say(CALLS)[1])
    calls = [json.loads(line) for line in say(CALLS, "--format", "json")[1].splitlines()]
    assert [call["line"] for call in calls] == [1, 2, 3]
    assert [part["amount_pence"] for call in calls for part in call["components"]] == [row["amount_pence"] for row in rows]
    assert calls[1]["other_number"] == "448444960001"
    assert {type(value) for call in calls for value in call.values()} == {int, str, list}, "no amount is a number with a fraction"


def test_bad_lines_are_listed_and_the_others_priced(say: Say) -> None:
    bad = CALLS + "01632960001,02079460001,2026-05-05T20:00:00+01:00,-4\n01632960001,02079460001,2020-05-05T20:00:00Z,60\nwhat\n"
    status, printed, said = say(bad)
    assert status == 4
    assert [line[:18] for line in said[:-1]] == ["record 4: CSS407E ", "record 5: CSS414E ", "record 6: CSS654E "]
    assert said[-1].endswith("3 not priced.")
    assert {row["line"] for row in _rows(printed)} == {"1", "2", "3"}
    status, printed, said = say(bad, "--any-date")
    assert {row["line"] for row in _rows(printed)} == {"1", "2", "3", "5"}


@pytest.mark.parametrize("year", [1984, 2085])
def test_outside_the_calendar_is_said_to_be_so(say: Say, year: int) -> None:
    status, _, said = say(f"{HEADING}\n01632960001,02079460001,{year}-05-05T20:00:00Z,60\n", "--any-date")
    sentence = "CSS414E Calls are priced from 1985-01-01 until before 2085-01-01, where the calendar of bands ends."
    assert (status, said[0]) == (4, f"record 1: {sentence}")


def test_a_part_of_a_long_call_is_no_call(say: Say) -> None:
    parts = f"{HEADING},chain_id,part_number,last_part\n01632960001,02079460001,2026-05-05T20:00:00Z,60,L1,2,no\n"
    status, _, said = say(parts)
    assert (status, said[0]) == (4, "record 1: CSS692E The record is part 2 of a long call; a quote prices whole calls.")


def _with_control(records: bytes, layout: str = CSS_CSV) -> bytes:
    made_at = datetime(2026, 5, 6, tzinfo=UTC)
    parsed = parse_block(layout, records, 1, None)
    return records + write_control(control_of(records, parsed, supplier="NTHTEL", sequence=1, created_at=made_at))


def test_with_a_control_record_or_without_plain_or_compressed(say: Say) -> None:
    expected = say(CALLS)[1]
    assert say(_with_control(CALLS.encode()))[1] == expected
    assert say(gzip.compress(_with_control(CALLS.encode())))[1] == expected
    assert say(CALLS.rstrip("\n"))[1] == expected, "the last line without its end"
    for lines in (1, 2):
        head = "".join(line + "\n" for line in CALLS.splitlines()[: lines + 1])
        assert {row["line"] for row in _rows(say(head)[1])} == {str(line + 1) for line in range(lines)}
    uk_standard = WRITERS[UK_STANDARD_CDR](parse_block(CSS_CSV, CALLS.encode(), 1, None))
    assert say(uk_standard)[1] == say(_with_control(uk_standard, UK_STANDARD_CDR))[1] == expected
    assert {row["line"] for row in _rows(say(uk_standard.splitlines()[0])[1])} == {"1"}


def test_an_empty_file_and_one_of_neither_layout(say: Say) -> None:
    for nothing in ("", "\n\n"):
        assert say(nothing) == (2, "", ["CSS695E calls has neither a heading nor a record; there is nothing to price."])
    assert say(HEADING + "\n")[0] == 0
    status, _, said = say("this is no call at all")
    assert status == 4
    assert said[0].startswith("record 1: CSS400E")


@pytest.mark.parametrize("words", [("tariffs", "quote", str(RETAIL), "--service", str(SERVICE)), ("usage", "check")])
def test_a_pipe_is_refused_in_a_sentence(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    out, into = os.pipe()
    try:
        os.write(into, CALLS.encode())
        os.close(into)
        assert main([*words, f"/dev/fd/{out}"]) == 2
    finally:
        os.close(out)
    said = capsys.readouterr()
    sentence = f"CSS662E /dev/fd/{out} is not a file that can be read twice; save what comes through it to a file first.\n"
    assert (said.out, said.err) == ("", sentence)


def test_a_large_file_is_priced_in_blocks_with_its_own_line_numbers(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    one = CALLS.splitlines()[1]
    many = "\n".join([HEADING, *([one] * 300), "damaged", *([one] * 300), ""])
    whole = say(many)
    monkeypatch.setattr(carrier_file, "BLOCK_LINES", 7)
    monkeypatch.setattr(carrier_file, "BLOCK_BYTES_MIN", 100)
    monkeypatch.setattr(carrier_file, "READ_BYTES", 128)
    assert say(many) == whole
    assert whole[1].count("line,leg") == 1
    assert whole[2][0].startswith("record 301: ")


def test_vat_of_the_day_or_the_one_given(say: Say) -> None:
    assert _rows(say(CALLS)[1])[-2]["net_pence"] == "20"
    assert _rows(say(CALLS, "--vat", "0")[1])[-2]["net_pence"] == "24"
    for wrong, code in (("101", "CSS694E"), ("-1", "CSS694E"), ("much", "CSS013E")):
        status, _, said = say(CALLS, f"--vat={wrong}")
        assert (status, said[0][:7]) == (2, code)


def test_what_cannot_be_used_is_one_sentence(say: Say, tmp_path: Path) -> None:
    status, printed, said = say(CALLS, service=None)
    sentence = "CSS453E Tariff ANYTIME adds the service charges of SC; give that tariff's document with --service FILE."
    assert (status, printed, said[0]) == (2, "", sentence)
    assert say(tmp_path / "nowhere.csv")[2][0].startswith("CSS004E")
    assert say(CALLS, tariff=tmp_path / "nowhere.xml")[2][0].startswith("CSS004E")
    wrong = VALID / "bill-notice.xml"
    for said in (say(CALLS, tariff=wrong)[2], say(CALLS, service=wrong)[2]):
        assert (said[0], said[1][:7]) == (f"{wrong}:", "CSS675E"), "which of the two files it is"
    assert say(CALLS, "--format", "xml")[2][-1].startswith("CSS002E")


@pytest.mark.parametrize("version", reference_book().versions, ids=lambda version: f"{version.tariff_code}-{version.version}")
def test_a_tariff_through_its_document_prices_as_the_stored_book_does(version: TariffVersion) -> None:
    document = read_tariff(write_tariff("A tariff", version)).version
    services = [one for one in reference_book().versions if one.tariff_code == document.service_tariff_code]
    table = quote.quoting_table(document, [content(one) for one in services], VAT_STANDARD, on_any_date=False)
    prefixes = sorted({(rate.prefix, rate.is_short_code) for rate in version.rates})
    numbers = [prefix if is_short else prefix.ljust(12, "5") for prefix, is_short in prefixes]
    began = datetime.combine(version.period.starts_on, time(18, 59, 30), tzinfo=UTC)
    calls = pl.DataFrame(
        {
            "charged_number": ["441632960001"] * len(numbers),
            "other_number": numbers,
            "started_at": pl.Series([began + timedelta(hours=n) for n in range(len(numbers))], dtype=pl.Datetime("us", "UTC")),
            "duration_seconds": pl.Series(range(len(numbers))) * 61,
        }
    )
    records = parse_block(CSS_CSV, WRITERS[CSS_CSV](calls), 1, None)
    quoted = quote.quote(records, version.tariff_code, table)
    coded = calls.with_columns(tariff_code=pl.lit(version.tariff_code), wholesale_tariff_code=pl.lit(None, dtype=pl.String))
    stored = price(coded, compile_tariffs(reference_book()))
    assert stored["reject_code"].null_count() == calls.height
    assert set(quoted.refused["reject_code"]) <= {"CSS404E"}, "a prefix filled up with fives is not always a number"
    of_lines = stored[(quoted.calls["line_number"] - 1).to_list()]
    assert of_lines.height > calls.height - 5
    for column in ("net_millionths", "gross_millionths", "charge_class", "destination"):
        assert quoted.calls[column].to_list() == of_lines[column].to_list()
