"""The bill in large print: one column, nothing that matters under 16 point, nothing grey, no tables to lose one's place in."""

from __future__ import annotations

from typing import Final

from billing.bill_pdf.detail import has_rounded_prices
from billing.bill_pdf.front import LARGE_PANEL_HEIGHT, PANEL_TOP, Row, draw_head, draw_panel, facts, invoice_rows, statement_rows
from billing.bill_pdf.ink import mm, pt
from billing.bill_pdf.large_rows import amount_row, pairs, rows, subheading
from billing.bill_pdf.large_usage import draw_large_allowances, draw_large_sources, draw_large_usage
from billing.bill_pdf.sheet import HAIRLINE, LEFT, RIGHT, Sheets
from billing.bill_pdf.slip import TEAR_LINE, draw_slip
from billing.bill_pdf.words import (
    DISCOUNT_ORDER,
    GROUPS,
    ROUNDED,
    call_notes,
    captions,
    clock,
    corrected_bills,
    days_of_calls,
    is_inside,
    list_sum,
    list_title,
    long_date,
    particulars,
    pence,
    price_notes,
    span,
    sterling,
    vat_mark,
    vat_number,
    vat_reason,
)
from billing.document import LINE_GROUPS, BillLine, Call, CallList
from css.core.calendar import Period
from css.core.money import ZERO

ALL: Final = 10**6


def draw_large(sheets: Sheets) -> None:
    """The whole bill. Nothing is summed away to fit: in large print a bill takes the sheets it takes."""
    document = sheets.document
    sheets.turn(first=True)
    draw_head(sheets)
    draw_panel(sheets)
    sheets.y = PANEL_TOP + LARGE_PANEL_HEIGHT + mm(5)
    pairs(sheets, facts(document))
    _parties(sheets)
    said = captions(document)
    rows(sheets, said.before, statement_rows(document, ALL))
    rows(sheets, said.this, [*invoice_rows(document, ALL), Row(said.amount_due, document.amount_due, weight=2)])
    sheets.y += pt(150)
    sheets.heading(said.detail, mm(40))
    meaning = " CR marks an amount in your favour." if _has_credit(sheets) else ""
    sheets.paragraph(f"All charges are shown before VAT.{meaning}", sheets.look.body, lead=sheets.look.lead)
    days, notes = days_of_calls(document), price_notes(document)
    if all(is_inside(days[line.line_no], line.period) for line in document.lines if line.line_no in days):
        days = {}
    for group in LINE_GROUPS:
        lines = [line for line in document.lines if line.group == group]
        if lines:
            subheading(sheets, GROUPS[group])
            for line in lines:
                _line(sheets, line, days.get(line.line_no, line.period), notes.get(line.line_no, ""))
            if group == "discount" and len(lines) > 1:
                sheets.paragraph(DISCOUNT_ORDER, sheets.look.body, lead=sheets.look.lead)
    if has_rounded_prices(document):
        sheets.paragraph(ROUNDED, sheets.look.body, lead=sheets.look.lead)
    named = corrected_bills(document)
    if named:
        sheets.paragraph(named, sheets.look.body, lead=sheets.look.lead)
    by_rate = [Row(f"{vat_reason(row)}, on {sterling(row.net)}", row.vat) for row in document.vat_summary]
    totals = (("Total before VAT", document.invoice_net), ("Total VAT", document.invoice_vat), (said.invoice_total, document.invoice_total))
    rows(sheets, "VAT summary", [*by_rate, *(Row(words, amount, weight=1) for words, amount in totals)])
    draw_large_sources(sheets)
    draw_large_allowances(sheets)
    draw_large_usage(sheets)
    for message in document.messages:
        subheading(sheets, message.heading)
        sheets.paragraph(message.text, sheets.look.body, lead=sheets.look.lead)
    sheets.y += pt(150)
    supplier = document.supplier
    sheets.heading("Talk to us", mm(20))
    pairs(sheets, ((contact.label, contact.value) for contact in supplier.contacts))
    _calls(sheets)
    sheets.y += pt(150)
    sheets.paragraph(supplier.registered_text, sheets.look.body, lead=sheets.look.lead)
    _pay(sheets)


def _parties(sheets: Sheets) -> None:
    """Who supplies and who is billed, to be read: the address above is as small as an envelope's window asks."""
    look, supplier, customer = sheets.look, sheets.document.supplier, sheets.document.customer
    address = ", ".join((supplier.legal_name, *supplier.address.lines, supplier.address.postcode))
    billed = ", ".join(part for part in (customer.name, customer.attention, *customer.address.lines, customer.address.postcode) if part)
    for words in (f"To {billed}.", f"From {address}. VAT registration {vat_number(supplier.vat_number)}."):
        sheets.paragraph(words, look.body, lead=look.lead)
        sheets.y += pt(60)


def _has_credit(sheets: Sheets) -> bool:
    """Whether a CR stands anywhere, on the sheets so far or those to come."""
    document = sheets.document
    to_come = (*(line.net for line in document.lines), *(source.amount for source in document.sources))
    return sheets.has_credit or any(amount < ZERO for amount in to_come)


def _line(sheets: Sheets, line: BillLine, days: Period | None, note: str) -> None:
    texts = [line.description, line.service_number]
    if line.call_count is not None:
        texts.append(f"{line.call_count:,} {'call' if line.call_count == 1 else 'calls'}{' corrected' if line.is_correction else ''}")
    if line.duration_seconds is not None and not line.is_correction:
        texts.append(f"lasting {clock(line.duration_seconds)}")
    if days is not None:
        texts.append(span(days))
    texts += [particulars(line), note, f"VAT {vat_mark(line)}"]
    amount_row(sheets, [text for text in texts if text], Row("", line.net), sheets.look.body)


def _calls(sheets: Sheets) -> None:
    look = sheets.look
    for listed in sheets.document.call_lists:
        title = f"{list_title(listed)}" if listed.is_corrections else f"Your calls from {listed.service_number}"
        sheets.heading(look.faces.spell(title), mm(40))
        unlisted = "" if listed.is_corrections else " Calls to free numbers and helplines are not listed."
        sheets.paragraph(f"Before VAT, in pence.{unlisted}", look.body)
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
    told = [("Reference", slip.reference), ("Amount", sterling(document.amount_due))]
    if document.due_on is not None:
        told.append(("To reach us by", long_date(document.due_on)))
    if bank is not None:
        sort_code = "-".join(bank.sort_code[at : at + 2] for at in (0, 2, 4))
        told += [("To", bank.name), ("Sort code", sort_code), ("Account", bank.account_number)]
    needed = sheets.look.lead * (len(told) + 3)
    if sheets.y + needed > TEAR_LINE - mm(8):
        sheets.turn()
    sheets.y = max(sheets.y, TEAR_LINE - mm(8) - needed)
    sheets.heading("How to pay", 0)
    pairs(sheets, told)
    sheets.feet[-1] = TEAR_LINE - mm(3)
    draw_slip(sheets, slip)
