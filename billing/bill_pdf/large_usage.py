"""In large print: the bills a consolidated bill asks for, what became of allowances, and what the calls were."""

from __future__ import annotations

from billing.bill_pdf.front import Row
from billing.bill_pdf.ink import pt
from billing.bill_pdf.large_rows import AMOUNTS, amount_row, subheading
from billing.bill_pdf.sheet import HAIRLINE, LEFT, RIGHT, Sheets
from billing.bill_pdf.usage import Entry, added_up, pounds, summary_entries, unused_seconds
from billing.bill_pdf.words import clock, long_date, minutes, span, sterling
from billing.document import UsageRow
from css.core.money import total


def draw_large_sources(sheets: Sheets) -> None:
    """One block of lines a bill, with what is asked for of it."""
    sources = sheets.document.sources
    if not sources:
        return
    sheets.y += pt(150)
    sheets.heading("The bills this one asks for", sheets.look.lead * 5)
    for source in sources:
        number = f"Bill {source.bill_number} of {long_date(source.issued_on)}"
        texts = [f"Account {source.account_number}", source.name, number, f"Invoice total {sterling(source.invoice_total)}"]
        amount_row(sheets, texts, Row("", source.amount), sheets.look.body)
    amount_row(sheets, ["Total"], Row("", total(source.amount for source in sources)), sheets.look.strong)


def draw_large_allowances(sheets: Sheets) -> None:
    """What each allowance gave, and in words what was used and is left."""
    allowances, look = sheets.document.allowances, sheets.look
    if not allowances:
        return
    sheets.y += pt(150)
    sheets.heading("Your inclusive minutes", look.lead * 5)
    for one in allowances:
        sheets.need(look.lead * 5)
        sheets.paragraph(one.description, look.strong, lead=look.lead)
        sheets.paragraph(f"{one.service_number or 'All your lines'}, {span(one.month)}", look.body, lead=look.lead)
        brought = f", brought in {minutes(one.rolled_in_seconds)} minutes" if one.rolled_in_seconds else ""
        sheets.paragraph(f"Given {minutes(one.granted_seconds)} minutes{brought}", look.body, lead=look.lead)
        carried = f", carried on {minutes(one.left_seconds)} minutes" if one.left_seconds else ""
        used = f"Used {minutes(one.used_seconds)} minutes, left {minutes(unused_seconds(one))} minutes{carried}"
        sheets.paragraph(used, look.body, lead=look.lead)
        sheets.y += pt(60)
        sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 60)


def draw_large_usage(sheets: Sheets) -> None:
    """Calls by class and band, each with a bar as wide as the page, and beside it in words what the last bill had."""
    usage, look = sheets.document.usage, sheets.look
    if usage is None:
        return
    sheets.y += pt(150)
    sheets.heading("Your calls at a glance", look.lead * 5)
    sheets.paragraph("Before VAT and before anything is taken off.", look.body, lead=look.lead)
    entries = [*summary_entries(sheets.document, with_class=True), Entry("All calls", added_up(usage.rows))]
    highest = max((one.row.price.millionths for one in entries[:-1] if one.is_class), default=0)
    for one in entries:
        texts = [one.words, _how_many(one.row.call_count, one.row.duration_seconds)]
        if usage.previous_bill:
            then = f"{one.row.previous_count:,}, {sterling(pounds(one.row.previous_price))}" if one.row.previous_count else "none"
            texts.append(f"last bill: {then}")
        is_total = one is entries[-1]
        amount_row(sheets, texts, Row("", pounds(one.row.price)), look.strong if one.is_class else look.body)
        if one.is_class and not is_total:
            _bar(sheets, one.row, highest)
    if usage.remark:
        sheets.y += pt(60)
        sheets.paragraph(usage.remark, look.body, lead=look.lead)
    if usage.top_numbers:
        subheading(sheets, "Numbers you spent most on")
        for top in usage.top_numbers:
            texts = [top.number, top.destination, _how_many(top.call_count, top.duration_seconds)]
            amount_row(sheets, texts, Row("", pounds(top.price)), look.body)


def _how_many(count: int, seconds: int) -> str:
    return f"{count:,} {'call' if count == 1 else 'calls'}, {clock(seconds)}"


def _bar(sheets: Sheets, row: UsageRow, highest: int) -> None:
    if row.price.millionths > 0:
        sheets.ink.box(LEFT, sheets.y - pt(5), max(row.price.millionths * (AMOUNTS - LEFT) // highest, pt(10)), pt(60), sheets.look.brand)
        sheets.y += pt(60)
