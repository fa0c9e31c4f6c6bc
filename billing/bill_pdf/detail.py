"""The charges line by line, the VAT summary, what page one only summed, and the messages that did not fit there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from billing.bill_pdf.front import other_items
from billing.bill_pdf.ink import Style, mm, pt
from billing.bill_pdf.sheet import AMOUNTS, HAIRLINE, LEFT, RIGHT, Sheets
from billing.bill_pdf.words import (
    DISCOUNT_ORDER,
    GROUPS,
    ROUNDED,
    captions,
    clock,
    corrected_bills,
    days_of_calls,
    how_many,
    is_inside,
    is_rounded,
    particulars,
    price_notes,
    short_date,
    span,
    vat_mark,
    vat_reason,
)
from billing.document import LINE_GROUPS, BillDocument, BillLine, LineGroup, Message, last_day
from css.core.calendar import ONE_DAY, Period
from css.core.money import Money

NUMBER: Final = mm(90)
PERIOD: Final = mm(117)
CALL_COUNT: Final = mm(132)
DURATION: Final = mm(151)
VAT: Final = mm(168)


def draw_charges(sheets: Sheets) -> None:
    """Every bill line under its group, then the VAT summary."""
    sheets.heading(captions(sheets.document).detail, pt(400), "Before VAT, in pounds")
    for group in LINE_GROUPS:
        lines = [line for line in sheets.document.lines if line.group == group]
        if lines:
            _group(sheets, group, lines)
    named = corrected_bills(sheets.document)
    if named:
        sheets.y += pt(60)
        sheets.paragraph(named, sheets.look.note)
    if has_rounded_prices(sheets.document):
        sheets.y += pt(60)
        sheets.paragraph(ROUNDED, sheets.look.note)
    _vat_summary(sheets)


def has_rounded_prices(document: BillDocument) -> bool:
    """Whether a unit price is printed rounded."""
    return any(line.unit_price is not None and how_many(line) and is_rounded(line.unit_price) for line in document.lines)


def _group(sheets: Sheets, group: LineGroup, lines: Sequence[BillLine]) -> None:
    heads = _heads_of(sheets.document, group, lines)
    _column_heads(sheets, heads)
    for line in lines:
        _line(sheets, line, heads)
    net = dict(sheets.document.group_totals)[group]
    if len(lines) > 1:
        _total(sheets, f"{GROUPS[group]}, total", net)
        if group == "discount":
            sheets.paragraph(DISCOUNT_ORDER, sheets.look.note)
    sheets.y += pt(60)


@dataclass(frozen=True, slots=True)
class Heads:
    """What stands over the lines of a group: a column nobody uses has no head."""

    title: str
    has_numbers: bool
    has_periods: bool
    is_calls: bool
    period: Period | None
    """Of calls: the days that all lines but corrections are for, said once when they are not the bill's."""
    days: str
    """What is said of them."""
    made: Mapping[int, Period]
    """By line number the days of the calls listed."""
    notes: Mapping[int, str]
    """What is said under lines of a price that was put right."""


def _heads_of(document: BillDocument, group: LineGroup, lines: Sequence[BillLine]) -> Heads:
    is_calls = group == "calls"
    has_periods = not is_calls and any(line.period is not None for line in lines)
    periods = {line.period for line in lines if is_calls and not line.is_correction}
    period = periods.pop() if len(periods) == 1 else None
    made = days_of_calls(document) if is_calls else {}
    days = _days(document, period, made) if period is not None else ""
    has_numbers = any(line.service_number for line in lines)
    return Heads(GROUPS[group], has_numbers, has_periods, is_calls, period, days, made, price_notes(document))


def _days(document: BillDocument, period: Period, made: Mapping[int, Period]) -> str:
    """The days from the first to the last call listed; of calls that are not, when they were charged, the night after they were made."""
    if not made:
        return "" if period == document.period else f", charged {span(period)}"
    days = Period(min(one.starts_on for one in made.values()), max(last_day(one) for one in made.values()) + ONE_DAY)
    return "" if is_inside(days, document.period) else f", {span(days)}"


def _column_heads(sheets: Sheets, heads: Heads, *, again: bool = False) -> None:
    look = sheets.look
    if not again:
        sheets.need(pt(520))
        sheets.y += pt(60)
    sheets.y += pt(125)
    ink, y = sheets.ink, sheets.y
    ink.text(LEFT, y, heads.title + heads.days + (" (continued)" if again else ""), look.subheading)
    if heads.has_numbers:
        ink.text(NUMBER, y, "Number", look.note)
    if heads.is_calls:
        ink.right(CALL_COUNT, y, "Calls", look.note)
        ink.right(DURATION, y, "Duration", look.note)
    elif heads.has_periods:
        ink.text(PERIOD, y, "Period", look.note)
    ink.right(VAT, y, "VAT", look.note)
    ink.right(AMOUNTS, y, "£", look.note)
    sheets.y += pt(40)
    ink.rule(LEFT, sheets.y, RIGHT - LEFT, look.brand, 50)


def _line(sheets: Sheets, line: BillLine, heads: Heads) -> None:
    look, spell = sheets.look, sheets.look.faces.spell
    described = look.body.wrap(spell(line.description), NUMBER - LEFT - mm(3))
    room = (AMOUNTS if not line.period else PERIOD) - LEFT
    small = look.note.wrap(spell(_small_print(sheets, line, heads)), room)
    height = look.lead * len(described) + pt(100) * len(small)
    if sheets.need(height + pt(40)):
        _column_heads(sheets, heads, again=True)
    ink, y = sheets.ink, sheets.y + look.lead
    ink.text(NUMBER, y, look.body.fit(spell(line.service_number), PERIOD - NUMBER - mm(2)), look.body)
    if line.group == "calls":
        if line.call_count is not None:
            ink.right(CALL_COUNT, y, f"{line.call_count:,}", look.body)
        if line.duration_seconds is not None:
            ink.right(DURATION, y, clock(line.duration_seconds), look.body)
    elif line.period is not None:
        ink.text(PERIOD, y, span(line.period), look.body)
    ink.right(VAT, y, vat_mark(line), look.note)
    sheets.amount(AMOUNTS, y, line.net, look.body)
    for words in described:
        sheets.y += look.lead
        ink.text(LEFT, sheets.y, words, look.body)
    for words in small:
        sheets.y += pt(100)
        ink.text(LEFT, sheets.y, words, look.note)
    sheets.y += pt(38)
    ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 40)


def _small_print(sheets: Sheets, line: BillLine, heads: Heads) -> str:
    said = ", ".join(part for part in (particulars(line), heads.notes.get(line.line_no, "")) if part)
    if line.group == "calls" and line.period is not None and line.period not in {sheets.document.period, heads.period}:
        made = heads.made.get(line.line_no, line.period)
        days = span(line.period if is_inside(made, line.period) else made)
        return f"{said}, {days}" if said else days
    return said


def _total(sheets: Sheets, words: str, amount: Money) -> None:
    look = sheets.look
    sheets.need(look.lead)
    sheets.y += look.lead
    sheets.ink.text(LEFT, sheets.y, words, look.strong)
    sheets.amount(AMOUNTS, sheets.y, amount, look.strong)
    sheets.y += pt(30)


def _vat_summary(sheets: Sheets) -> None:
    document, look = sheets.document, sheets.look
    net_edge, vat_edge = DURATION, AMOUNTS
    sheets.need(pt(520) + look.lead * (len(document.vat_summary) + 3))
    sheets.y += pt(120)
    sheets.heading("VAT summary", 0)
    sheets.y += pt(110)
    sheets.ink.right(net_edge, sheets.y, "Net £", look.note)
    sheets.ink.right(vat_edge, sheets.y, "VAT £", look.note)
    for row in document.vat_summary:
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, look.body.fit(look.faces.spell(vat_reason(row)), net_edge - LEFT - mm(28)), look.body)
        sheets.amount(net_edge, sheets.y, row.net, look.body)
        sheets.amount(vat_edge, sheets.y, row.vat, look.body)
    sheets.y += pt(40)
    sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, look.brand, 50)
    sheets.y += look.lead
    sheets.ink.text(LEFT, sheets.y, "Totals of net and VAT", look.body)
    sheets.amount(net_edge, sheets.y, document.invoice_net, look.body)
    sheets.amount(vat_edge, sheets.y, document.invoice_vat, look.body)
    sheets.y += look.lead
    strong = Style(look.faces.bold, pt(100), look.brand)
    sheets.y += pt(30)
    sheets.ink.text(LEFT, sheets.y, captions(document).invoice_total, strong)
    sheets.amount(vat_edge, sheets.y, document.invoice_total, strong, "£")
    sheets.y += pt(120)


def draw_movements(sheets: Sheets) -> None:
    """Payments and items outside VAT one by one, when page one only summed them."""
    document, look = sheets.document, sheets.look
    if not sheets.listed_overleaf:
        return
    sheets.y += pt(100)
    items = other_items(document)
    count = len(items) + len(document.payments)
    sheets.heading("Your account since the last bill", min(count, 20) * (look.lead + pt(38)), "Outside the invoice and its VAT, in pounds")
    moves = [(item.entered_on, item.description, item.reference, item.amount) for item in items]
    moves += [(payment.received_on, payment.means, "", -payment.amount) for payment in document.payments]
    for day, words, reference, amount in sorted(moves, key=lambda move: move[0]):
        sheets.need(look.lead + pt(60))
        sheets.y += look.lead
        sheets.ink.text(LEFT, sheets.y, short_date(day), look.body)
        sheets.ink.text(LEFT + mm(24), sheets.y, look.body.fit(look.faces.spell(words), mm(80)), look.body)
        sheets.ink.text(LEFT + mm(106), sheets.y, look.note.fit(look.faces.spell(reference), mm(44)), look.note)
        sheets.amount(AMOUNTS, sheets.y, amount, look.body)
        sheets.y += pt(38)
        sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, HAIRLINE, 40)


def draw_messages(sheets: Sheets, messages: Sequence[Message]) -> None:
    """What page one had no room for."""
    look = sheets.look
    for message in messages:
        sheets.y += pt(100)
        sheets.need(look.lead * 3)
        sheets.y += look.subheading.size
        sheets.ink.text(LEFT, sheets.y, look.subheading.fit(look.faces.spell(message.heading), RIGHT - LEFT), look.subheading)
        sheets.paragraph(message.text, look.body, width=mm(140))
    if messages:
        sheets.y += pt(200)
