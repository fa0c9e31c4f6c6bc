"""The members' bills that a consolidated bill asks for, one a row."""

from __future__ import annotations

from typing import Final

from billing.bill_pdf.ink import mm, pt
from billing.bill_pdf.sheet import AMOUNTS, CREDIT_GUTTER, HAIRLINE, LEFT, RIGHT, Sheets
from billing.bill_pdf.words import short_date
from css.core.money import total

NAME: Final = mm(50)
BILL: Final = mm(105)
ISSUED: Final = mm(131)
INVOICED: Final = mm(170) - CREDIT_GUTTER


def draw_sources(sheets: Sheets) -> None:
    """Which account, which bill, its invoice total and what of it is asked for here; then the sum."""
    document, look = sheets.document, sheets.look
    if not document.sources:
        return
    spell, body = look.faces.spell, look.body
    row_height = look.lead + pt(38)
    sheets.heading("The bills this one asks for", min(len(document.sources) + 3, 8) * row_height, "In pounds, with VAT")
    _heads(sheets)
    for source in document.sources:
        if sheets.need(row_height + pt(40)):
            _heads(sheets)
        sheets.y += look.lead
        ink, y = sheets.ink, sheets.y
        ink.text(LEFT, y, body.fit(spell(source.account_number), NAME - LEFT - mm(2)), body)
        ink.text(NAME, y, body.fit(spell(source.name), BILL - NAME - mm(2)), body)
        ink.text(BILL, y, body.fit(spell(source.bill_number), ISSUED - BILL - mm(2)), body)
        ink.text(ISSUED, y, short_date(source.issued_on), body)
        sheets.amount(INVOICED, y, source.invoice_total, body)
        sheets.amount(AMOUNTS, y, source.amount, body)
        sheets.y += pt(38)
        ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 40)
    sheets.need(look.lead * 3)
    sheets.y += look.lead
    sheets.ink.text(LEFT, sheets.y, f"{len(document.sources):,} {'bill' if len(document.sources) == 1 else 'bills'}, total", look.strong)
    sheets.amount(INVOICED, sheets.y, total(source.invoice_total for source in document.sources), look.strong)
    sheets.amount(AMOUNTS, sheets.y, total(source.amount for source in document.sources), look.strong)
    sheets.y += pt(60)
    sheets.paragraph(
        "Each of these bills is the VAT invoice for its own supplies. What is asked for is its amount due, so it may differ from its "
        "invoice total by balances, payments and what is outside VAT.",
        look.note,
    )
    sheets.y += pt(120)


def _heads(sheets: Sheets) -> None:
    look = sheets.look
    sheets.y += pt(110)
    ink, y = sheets.ink, sheets.y
    for x, words in ((LEFT, "Account"), (NAME, "Name"), (BILL, "Bill"), (ISSUED, "Date")):
        ink.text(x, y, words, look.note)
    ink.right(INVOICED, y, "Invoice total £", look.note)
    ink.right(AMOUNTS, y, "Asked for £", look.note)
    sheets.y += pt(40)
    ink.rule(LEFT, sheets.y, RIGHT - LEFT, look.brand, 50)
