"""The bill in large print: one column, nothing that matters under 16 point, nothing grey, no tables to lose one's place in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from billing.bill_pdf.front import LARGE_PANEL_HEIGHT, PANEL_TOP, Row, draw_head, draw_panel, facts, invoice_rows, statement_rows
from billing.bill_pdf.ink import Style, mm, pt
from billing.bill_pdf.sheet import HAIRLINE, LEFT, RIGHT, Sheets
from billing.bill_pdf.slip import TEAR_LINE, draw_slip
from billing.bill_pdf.words import (
    GROUPS,
    call_notes,
    clock,
    list_sum,
    list_title,
    long_date,
    particulars,
    pence,
    span,
    sterling,
    vat_mark,
    vat_number,
    vat_reason,
)
from billing.document import LINE_GROUPS, BillLine, Call, CallList

AMOUNTS: Final = RIGHT - pt(270)
ALL: Final = 10**6


def draw_large(sheets: Sheets) -> None:
    """The whole bill. Nothing is summed away to fit: in large print a bill takes the sheets it takes."""
    document = sheets.document
    sheets.turn(first=True)
    draw_head(sheets)
    draw_panel(sheets)
    sheets.y = PANEL_TOP + LARGE_PANEL_HEIGHT + mm(5)
    _pairs(sheets, facts(document))
    _rows(sheets, "Your account before this bill", statement_rows(document, ALL))
    _rows(sheets, "This bill", [*invoice_rows(document, ALL), Row("Amount due", document.amount_due, weight=2)])
    sheets.y += pt(150)
    sheets.heading("Your charges in detail", mm(40))
    sheets.paragraph("All charges are shown before VAT.", sheets.look.body)
    for group in LINE_GROUPS:
        lines = [line for line in document.lines if line.group == group]
        if lines:
            _subheading(sheets, GROUPS[group])
            for line in lines:
                _line(sheets, line)
    _rows(sheets, "VAT summary", [Row(f"{vat_reason(row)}, on {sterling(row.net)}", row.vat) for row in document.vat_summary])
    for message in document.messages:
        _subheading(sheets, message.heading)
        sheets.paragraph(message.text, sheets.look.body, lead=sheets.look.lead)
    sheets.y += pt(150)
    supplier = document.supplier
    sheets.heading("Talk to us", mm(20))
    _pairs(sheets, ((contact.label, contact.value) for contact in supplier.contacts))
    _calls(sheets)
    sheets.y += pt(150)
    address = ", ".join((supplier.legal_name, *supplier.address.lines, supplier.address.postcode))
    about = f"{address}. VAT registration {vat_number(supplier.vat_number)}."
    sheets.paragraph(about, sheets.look.body, lead=sheets.look.lead)
    sheets.paragraph(supplier.registered_text, sheets.look.body, lead=sheets.look.lead)
    _pay(sheets)


def _pairs(sheets: Sheets, pairs: Iterable[tuple[str, str]]) -> None:
    look = sheets.look
    for label, value in pairs:
        sheets.need(look.lead)
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, look.faces.spell(label), look.body)
        sheets.ink.text(LEFT + mm(68), sheets.y, look.strong.fit(look.faces.spell(value), RIGHT - LEFT - mm(68)), look.strong)
    sheets.y += pt(150)


def _subheading(sheets: Sheets, words: str) -> None:
    look = sheets.look
    sheets.need(look.lead * 4)
    sheets.y += pt(60)
    sheets.paragraph(words, look.subheading, lead=look.lead)


def _rows(sheets: Sheets, heading: str, rows: Iterable[Row]) -> None:
    sheets.y += pt(150)
    sheets.heading(heading, sheets.look.lead * 3)
    for row in rows:
        style = sheets.look.strong if row.weight else sheets.look.body
        _amount_row(sheets, [row.words, *([row.under] if row.under else [])], row, style)
    sheets.y += pt(100)


def _amount_row(sheets: Sheets, texts: Iterable[str], row: Row, style: Style) -> None:
    look, room = sheets.look, AMOUNTS - LEFT - mm(36)
    lines = [line for text in texts for line in style.wrap(look.faces.spell(text), room)]
    sheets.need(look.lead * len(lines) + pt(60))
    sheets.amount(AMOUNTS, sheets.y + look.lead, row.amount, style, "£")
    for line in lines:
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, line, style)
    sheets.y += pt(60)
    sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 60)


def _line(sheets: Sheets, line: BillLine) -> None:
    texts = [line.description, line.service_number]
    if line.call_count is not None:
        texts.append(f"{line.call_count:,} {'call' if line.call_count == 1 else 'calls'}{' corrected' if line.is_correction else ''}")
    if line.duration_seconds is not None and not line.is_correction:
        texts.append(f"lasting {clock(line.duration_seconds)}")
    if line.period is not None:
        texts.append(span(line.period))
    texts += [particulars(line), f"VAT {vat_mark(line)}"]
    _amount_row(sheets, [text for text in texts if text], Row("", line.net), sheets.look.body)


def _calls(sheets: Sheets) -> None:
    look = sheets.look
    for listed in sheets.document.call_lists:
        title = f"{list_title(listed)}" if listed.is_corrections else f"Your calls from {listed.service_number}"
        sheets.heading(look.faces.spell(title), mm(40))
        sheets.paragraph("Before VAT, in pence. Calls that are free to you are not listed.", look.body)
        sheets.y += pt(100)
        for call in listed.calls:
            _call(sheets, call, listed)
        sheets.need(look.lead * 2)
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, list_sum(listed).replace(" lasting", ","), look.strong)
        sheets.ink.right(RIGHT, sheets.y, f"{pence(listed.price)}p", look.strong)
        sheets.y += pt(250)


def _call(sheets: Sheets, call: Call, listed: CallList) -> None:
    look = sheets.look
    notes = call_notes(call, listed)
    with_length = bool(call.duration_seconds) or not listed.is_corrections
    sheets.need(look.lead * (2 + len(notes)) + pt(60))
    sheets.y += look.lead
    at = f"{long_date(call.started_on)}, {call.started_at.hour:02d}:{call.started_at.minute:02d}"
    sheets.ink.text(LEFT, sheets.y, f"{at}   {look.faces.spell(call.number)}", look.body)
    sheets.ink.right(RIGHT, sheets.y, f"{pence(call.price)}p", look.body)
    sheets.y += look.lead
    said = [call.destination, call.band, *([clock(call.duration_seconds)] if with_length else [])]
    sheets.ink.text(LEFT, sheets.y, look.faces.spell(", ".join(said)), look.body)
    for note in notes:
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, note, look.body)
    sheets.y += pt(60)
    sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 60)


def _pay(sheets: Sheets) -> None:
    """How to pay in words that can be read, and the slip as the bank needs it, at the foot of the last sheet."""
    slip, document = sheets.document.slip, sheets.document
    if slip is None:
        return
    bank = document.supplier.bank
    pairs = [("Reference", slip.reference), ("Amount", sterling(document.amount_due))]
    if document.due_on is not None:
        pairs.append(("To reach us by", long_date(document.due_on)))
    if bank is not None:
        sort_code = "-".join(bank.sort_code[at : at + 2] for at in (0, 2, 4))
        pairs += [("To", bank.name), ("Sort code", sort_code), ("Account", bank.account_number)]
    needed = sheets.look.lead * (len(pairs) + 3)
    if sheets.y + needed > TEAR_LINE - mm(8):
        sheets.turn()
    sheets.y = max(sheets.y, TEAR_LINE - mm(8) - needed)
    sheets.heading("How to pay", 0)
    _pairs(sheets, pairs)
    sheets.feet[-1] = TEAR_LINE - mm(3)
    draw_slip(sheets, slip)
