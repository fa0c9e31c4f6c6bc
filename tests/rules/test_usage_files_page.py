"""What docs/usage-files.md shows is what happens: its files are whole, its records read as it says, its faults have its reasons."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import polars as pl
import pytest

from billing.rules.usage_control import control_faults, cut_control, tally_of
from billing.rules.usage_layouts import CSS_CSV, UK_STANDARD_CDR, layout_of, parse_block
from billing.rules.usage_native import COLUMNS
from billing.rules.usage_record import FIELDS, FIELDS_READ

PAGE = (Path(__file__).parents[2] / "docs" / "usage-files.md").read_text(encoding="utf-8")
UK, NATIVE = (block.encode() for block in re.findall(r"^```csv\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
FAULTS = re.findall(r"^\| (\w+) \| `([^|]+)` \| (CSS\d+E) \|$", PAGE, re.MULTILINE)


def read(content: bytes) -> pl.DataFrame:
    records, control = cut_control(content)
    parsed = parse_block(layout_of(content.partition(b"\n")[0]), records, 1, None)
    assert control_faults(control, tally_of(parsed), hashlib.sha256(records).hexdigest()) == ()
    return parsed


def test_both_examples_are_whole_files_of_the_same_seven_records() -> None:
    assert (layout_of(UK.partition(b"\n")[0]), layout_of(NATIVE.partition(b"\n")[0])) == (UK_STANDARD_CDR, CSS_CSV)
    assert read(UK).drop("raw").equals(read(NATIVE).drop("raw"))
    frame = read(UK)
    assert frame["reject_code"].null_count() == 7
    assert frame["leg"].to_list() == ["outgoing", "outgoing", "diverted", "reverse", "outgoing", "outgoing", "outgoing"]
    assert frame["charged_number"].to_list()[2:4] == ["441632960002", "441632960001"]
    assert frame.select("chain_id", "part_number", "is_last_part").rows()[5:] == [("LC7", 1, False), ("LC7", 2, True)]


def test_the_fields_that_are_read_are_those_on_the_page() -> None:
    fields = re.findall(r"^\| (\d+) \| (\w+) \|", PAGE, re.MULTILINE)
    assert [(int(number), name) for number, name in fields] == [(FIELDS.index(name) + 1, name) for name in FIELDS_READ]
    assert re.findall(r"^\| (\w+) \|", PAGE.partition("## css-csv")[2].partition("The same")[0], re.MULTILINE)[1:] == list(COLUMNS)


@pytest.mark.parametrize(("field", "value", "code"), FAULTS)
def test_a_fault_has_the_reason_on_the_page(field: str, value: str, code: str) -> None:
    fields = next(csv.reader([UK.decode().partition("\n")[0]]))
    fields[FIELDS.index(field)] = value
    parsed = parse_block(UK_STANDARD_CDR, ",".join(f'"{one}"' for one in fields).encode(), 1, None)
    assert parsed["reject_code"].to_list() == [code]


def test_there_are_faults_on_the_page() -> None:
    assert len(FAULTS) == 16
