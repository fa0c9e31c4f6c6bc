"""What docs/tariffs.md shows is what the program does: its document loads, and its quote is what is printed."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

import schemas
from billing.actions.tariffs import load_tariff
from billing.rules.tariff import TariffBook
from billing.rules.tariff_check import tariff_faults
from billing.tariff_commands import LoadTariff
from billing.tariff_xml import read_tariff
from billing.words import TariffState
from css.cli import main
from tests.records.tariff_papers import AT, LOADER

PAGE = (Path(__file__).parents[2] / "docs" / "tariffs.md").read_text(encoding="utf-8")
COLUMNS = ("line", "component", "amount_pence", "words")
XSD = "{http://www.w3.org/2001/XMLSchema}"


def _frame(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_document_of_the_page_loads(session: Session) -> None:
    document = _frame("xml").encode()
    assert tariff_faults(TariffBook((read_tariff(document).version,), ())) == ()
    loaded = load_tariff(session, LoadTariff(document=document), by=LOADER, at=AT)
    assert (loaded.tariff_code, loaded.version, loaded.state, loaded.prefix_count) == ("HOME", 1, TariffState.LOADED, 3)


def test_the_quote_of_the_page_is_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home.xml").write_text(_frame("xml"), encoding="utf-8")
    (tmp_path / "calls.csv").write_text(_frame("csv"), encoding="utf-8")
    assert main(["tariffs", "quote", str(tmp_path / "home.xml"), str(tmp_path / "calls.csv")]) == 4
    printed = capsys.readouterr()
    rows = [tuple(row[column] for column in COLUMNS) for row in csv.DictReader(io.StringIO(printed.out))]
    shown = PAGE.partition(f"| {' | '.join(COLUMNS)} |\n| --- | --- | --- | --- |\n")[2].partition("\n\n")[0]
    assert [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in shown.splitlines()] == rows
    assert printed.err == _frame("text")
    golden = next(csv.DictReader(io.StringIO(printed.out)))
    assert golden["gross_pence"] == "363.9"


def test_the_page_explains_every_element() -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z/]+)`", PAGE))
    explained = {part for name in named for part in name.split("/")}
    elements = {str(element.get("name")) for element in schemas.source("tariff-1").iter(f"{XSD}element")}
    assert elements - explained - {"Tariff"} == set()
