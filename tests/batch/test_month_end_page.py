"""What the page about the end of a month says, and what is printed: as the program has it."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from billing.pdf_reading import page_count, rows_of
from billing.period_csv import FIGURE_COLUMNS, NOMINAL_COLUMNS, VAT_COLUMNS, period_files
from billing.period_page import HEADINGS, key_words, tables
from billing.period_pdf import render_period
from billing.queries.period_proofs import PROOFS
from billing.queries.periods import ClosedPeriod, NominalLine, PeriodCard
from billing.rules.period import DEBT_AGES, IN_CREDIT, Figure, VatFigure, vat_return
from billing.words import FigureSubject, PeriodKind
from css.core.money import ZERO, Money
from tests.golden.builders import SUPPLIER

PAGE = (Path(__file__).parents[2] / "docs" / "month-end.md").read_text(encoding="utf-8")
CLOSE = ClosedPeriod(
    "ZZ",
    PeriodKind.MONTH,
    date(2026, 2, 1),
    date(2026, 2, 28),
    "February 2026",
    "ab" * 32,
    datetime(2026, 3, 1, 4, tzinfo=UTC),
    "month-end",
)
CARD = PeriodCard(
    close=CLOSE,
    nominals=(NominalLine("DEBTORS", "Debtors control", ZERO, Money(18_723), Money(4_919), Money(13_804)),),
    vat=(VatFigure("S", 2000, False, 3, Money(15_603), Money(3_120)),),
    vat_return=None,
    revenue=(Figure(FigureSubject.REVENUE, "rental", 3, Money(6_316)),),
    payments=(),
    outside=(),
    failures=(Figure(FigureSubject.FAILURES, "compensation/missed-appointment", 1, Money(-3_119)),),
    credits=(Figure(FigureSubject.CREDITS, "TESTER/goodwill", 1, Money(-300), 0),),
    debtors=tuple(Figure(FigureSubject.DEBTORS, key, 0, ZERO) for key in sorted((*DEBT_AGES, IN_CREDIT))),
    unbilled=(Figure(FigureSubject.UNBILLED, "calls/MOBILE", 2, Money(13), duration_seconds=180),),
    deferred=(),
    waiting_usage=(),
    orders=(Figure(FigureSubject.ORDERS, "provide", 200, of_which_count=199),),
    faults=(),
)


def said(pdf: bytes) -> list[str]:
    """Every run of words of a PDF."""
    return [word for row in rows_of(pdf) for word in row.words]


def test_the_page_names_every_proof_in_order() -> None:
    table = PAGE.split("| Proof |", 1)[1].split("\n\n", 1)[0]
    names = re.findall(r"^\| ([A-Za-z ]+) \|", table, re.MULTILINE)
    month, quarter = (list(PROOFS[kind]) for kind in (PeriodKind.MONTH, PeriodKind.QUARTER))
    assert names == [*month, *(name for name in quarter if name not in month)]


def test_the_files_of_the_page_are_those_that_are_written() -> None:
    shown = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert [example.splitlines()[0].split(",") for example in shown] == [list(NOMINAL_COLUMNS), list(VAT_COLUMNS), list(FIGURE_COLUMNS)]
    written = {name: content.decode().splitlines() for name, content in period_files(CARD, "x").items()}
    assert list(written) == ["x-trial-balance.csv", "x-vat.csv", "x-figures.csv"]
    for example, lines in zip(shown, written.values(), strict=True):
        assert set(example.splitlines()) <= set(lines)
        assert {len(row) for row in csv.reader(lines)} == {len(lines[0].split(","))}


def test_what_is_printed_is_what_is_kept() -> None:
    words = said(render_period(CARD, "The Vale", SUPPLIER))
    for wanted in ("Month end", "February 2026, district ZZ", "£156.03", "£31.20", "187.23", "49.19", "138.04", "Calls, MOBILE", "99"):
        assert wanted in words
    assert [heading for heading, _ in HEADINGS.values() if heading in words] == [
        *("Revenue by kind of bill line", "Broken promises", "Credits by operator", "Debts by age", "Supplied and not billed"),
        "Orders completed",
    ]
    debts = next(table for table in tables(CARD) if table.key == "debtors")
    assert [row[0] for row in debts.rows] == [key_words(key) for key in (*DEBT_AGES, IN_CREDIT)], "in order of age"


def test_the_quarter_has_its_boxes() -> None:
    quarter = replace(CARD, close=replace(CLOSE, kind=PeriodKind.QUARTER, words="January to March 2026"), vat_return=vat_return(CARD.vat))
    words = said(render_period(quarter, "The Vale", SUPPLIER))
    assert {"Quarter end", "VAT return, this district's part", "Sales before VAT, whole pounds", "156"} <= set(words)


def test_a_table_longer_than_a_page_goes_on_over_the_next_and_loses_nothing() -> None:
    many = tuple(Figure(FigureSubject.CREDITS, f"OP{n:03d}/goodwill", 1, Money(-n - 1), 0) for n in range(150))
    pdf = render_period(replace(CARD, credits=many), "The Vale", SUPPLIER)
    words = said(pdf)
    assert page_count(pdf) > 3
    assert [word for word in words if word.startswith("OP")] == [f"OP{n:03d}, goodwill" for n in range(150)]
    assert {row.page for row in rows_of(pdf) if any(word.startswith("OP") for word in row.words)} == {2, 3, 4}
