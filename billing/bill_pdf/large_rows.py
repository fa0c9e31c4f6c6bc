"""What large print is made of: pairs, headings and rows of an amount, in one column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from billing.bill_pdf.front import Row
from billing.bill_pdf.ink import Style, mm, pt
from billing.bill_pdf.sheet import HAIRLINE, LEFT, RIGHT, Sheets

AMOUNTS: Final = RIGHT - pt(270)


def pairs(sheets: Sheets, told: Iterable[tuple[str, str]]) -> None:
    """Labels and values, one pair a line."""
    look = sheets.look
    for label, value in told:
        sheets.need(look.lead)
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, look.faces.spell(label), look.body)
        sheets.ink.text(LEFT + mm(68), sheets.y, look.strong.fit(look.faces.spell(value), RIGHT - LEFT - mm(68)), look.strong)
    sheets.y += pt(150)


def subheading(sheets: Sheets, words: str) -> None:
    """A heading of less weight, with room for something below it."""
    look = sheets.look
    sheets.need(look.lead * 4)
    sheets.y += pt(60)
    sheets.paragraph(words, look.subheading, lead=look.lead)


def rows(sheets: Sheets, heading: str, told: Iterable[Row]) -> None:
    """Rows of words and an amount under a heading."""
    sheets.y += pt(150)
    sheets.heading(heading, sheets.look.lead * 3)
    for row in told:
        style = sheets.look.strong if row.weight else sheets.look.body
        amount_row(sheets, [row.words, *([row.under] if row.under else [])], row, style)
    sheets.y += pt(100)


def amount_row(sheets: Sheets, texts: Iterable[str], row: Row, style: Style) -> None:
    """Words in as many lines as they need, and the row's amount beside the first."""
    look, room = sheets.look, AMOUNTS - LEFT - mm(36)
    lines = [line for text in texts for line in style.wrap(look.faces.spell(text), room)]
    sheets.need(look.lead * len(lines) + pt(60))
    sheets.amount(AMOUNTS, sheets.y + look.lead, row.amount, style, "£")
    for line in lines:
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, line, style)
    sheets.y += pt(60)
    sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 60)
