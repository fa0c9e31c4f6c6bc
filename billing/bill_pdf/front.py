"""Page one: who, what is owed and by when, the summary, and beside it the chart, the telephone numbers and the messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from billing.bill_pdf.ink import Style, mm, pt
from billing.bill_pdf.sheet import CREDIT_GUTTER, FOOT, GREY, HAIRLINE, INK, LEFT, RIGHT, WHITE, Sheets, brand_mark
from billing.bill_pdf.slip import TEAR_LINE
from billing.bill_pdf.words import (
    CORRECTED_MAX,
    GROUPS,
    TITLES,
    captions,
    day_and_month,
    figures,
    long_date,
    short_date,
    span,
    sterling,
    vat_name,
    vat_number,
)
from billing.document import BillDocument, Message, OutsideItem
from css.core.money import ZERO, Money, total

ADDRESS_TOP: Final = mm(57)
ADDRESS_HEIGHT: Final = mm(27)
"""What a window shows of it whichever way the sheet slips in the envelope; more lines are set smaller."""
FACTS: Final = mm(118)
PANEL_TOP: Final = mm(89)
PANEL_HEIGHT: Final = mm(23)
LARGE_PANEL_HEIGHT: Final = mm(46)
SUMMARY_TOP: Final = mm(119)
SUMMARY_RIGHT: Final = mm(129)
SIDE: Final = mm(139)
EACH_MAX: Final = 6
"""More payments or adjustments than this are only summed on page one and listed behind it; with a slip below, perhaps fewer."""
LEAD_MIN: Final = pt(122)
LEAD_MAX: Final = pt(146)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the summary."""

    words: str
    amount: Money
    under: str = ""
    weight: int = 0
    """0 plain, 1 a total, 2 the total that matters most."""


def draw_front(sheets: Sheets) -> tuple[Message, ...]:
    """Page one, down to where the flow may go on; returns the messages that found no room on it."""
    document = sheets.document
    sheets.turn(first=True)
    if document.slip is not None:
        sheets.foot = TEAR_LINE - mm(10)
        sheets.feet[-1] = TEAR_LINE - mm(3)
    draw_head(sheets)
    _supplier(sheets)
    _facts(sheets)
    draw_panel(sheets)
    _summary(sheets)
    side_end, left_over = _side(sheets)
    left_over = _below(sheets, left_over)
    _legal(sheets)
    if document.slip is not None:
        sheets.y = sheets.foot
    else:
        sheets.y = max(sheets.y, side_end) + mm(6)
    return left_over


def draw_head(sheets: Sheets) -> None:
    """Brand, title and the address where a window envelope shows it."""
    document, look, ink = sheets.document, sheets.look, sheets.ink
    spell, faces = look.faces.spell, look.faces
    brand_mark(ink, LEFT, mm(14), mm(14), look)
    _brand_name(sheets)
    title = TITLES[document.kind]
    title_size = min(look.title.size, look.title.size * (RIGHT - FACTS) // look.title.width(title))
    ink.text(FACTS, mm(21), title, Style(faces.regular, title_size, INK))
    kind_style = Style(faces.regular, pt(160), INK) if document.large_print else Style(faces.regular, pt(90), GREY)
    ink.text(FACTS, mm(29 if document.large_print else 27), "VAT credit note" if document.is_credit else "VAT invoice", kind_style)
    customer = document.customer
    address = [line for line in (customer.name, customer.attention, *customer.address.lines, customer.address.postcode) if line]
    lead = min(pt(138 if document.large_print else 117), ADDRESS_HEIGHT // len(address))
    style = Style(faces.regular, lead * 100 // 115, INK)
    y = ADDRESS_TOP
    for line in address:
        y += lead
        ink.text(LEFT, y, style.fit(spell(line), mm(80)), style)


def _brand_name(sheets: Sheets) -> None:
    """The trading name as large as the room beside the mark allows, in two lines when it is long."""
    name, room = sheets.look.faces.spell(sheets.document.supplier.trading_name), FACTS - LEFT - mm(22)
    styles = [Style(sheets.look.faces.bold, pt(size), sheets.look.brand) for size in (200, 180, 160, 140)]
    style = next((style for style in styles if style.width(name) <= room), styles[-1])
    lines = style.wrap(name, room)[:2]
    y = mm(23) + pt(20) - (len(lines) - 1) * style.size * 6 // 10
    for line in lines:
        sheets.ink.text(LEFT + mm(18), y, line, style)
        y += style.size * 12 // 10


def _supplier(sheets: Sheets) -> None:
    """Who supplies, in law: name and address as a tax invoice must show them."""
    supplier, spell = sheets.document.supplier, sheets.look.faces.spell
    style = Style(sheets.look.faces.regular, pt(76), GREY)
    address = ", ".join((*supplier.address.lines, supplier.address.postcode))
    room, y = RIGHT - FACTS, mm(36)
    registration = f"VAT registration {vat_number(supplier.vat_number)}"
    for line in (spell(supplier.legal_name), *style.wrap(spell(address), room)[:3], registration):
        sheets.ink.text(FACTS, y, style.fit(line, room), style)
        y += pt(98)


def facts(document: BillDocument) -> Iterator[tuple[str, str]]:
    """What identifies the bill, as label and value."""
    yield "Account number", document.account_number
    yield ("Credit note number" if document.kind == "credit_note" else "Bill number"), document.bill_number
    yield "Date and tax point", long_date(document.issued_on)
    yield "Period", span(document.period)
    if document.is_credit:
        for corrected in document.corrects[:CORRECTED_MAX]:
            yield "Corrects bill", f"{corrected.number} of {short_date(corrected.issued_on)}"
        if len(document.corrects) > CORRECTED_MAX:
            more = len(document.corrects) - CORRECTED_MAX
            yield "and bills", f"{more:,} more, named with the charges"
    if document.customer.vat_number:
        yield "Your VAT number", document.customer.vat_number


def _facts(sheets: Sheets) -> None:
    ink, look = sheets.ink, sheets.look
    label, value = Style(look.faces.regular, pt(80), GREY), Style(look.faces.bold, pt(92), INK)
    told = list(facts(sheets.document))
    lead = min(pt(142), (ADDRESS_HEIGHT + mm(1)) // len(told))
    y = ADDRESS_TOP
    for name, words in told:
        y += lead
        ink.text(FACTS, y, name, label)
        said, room = look.faces.spell(words), RIGHT - FACTS - mm(31)
        # What identifies a document in law is set smaller before any of it is cut off.
        narrow = Style(value.face, min(value.size, max(value.size * room // max(value.width(said), 1), pt(66))), value.colour)
        ink.text(FACTS + mm(31), y, narrow.fit(said, room), narrow)


def how_to_pay(document: BillDocument) -> tuple[str, str]:
    """What the customer has to do, and a word more."""
    if document.kind == "credit_note":
        return "Nothing to send to us", account_stands(document)
    if document.paid_by_account:
        return "Another account pays this", f"It is asked for on the bill of account {document.paid_by_account}."
    if document.amount_due <= ZERO:
        return "Nothing to pay", "Your account is in credit." if document.amount_due else "Your account is settled."
    return _payment_words(document)


def _payment_words(document: BillDocument) -> tuple[str, str]:
    payment = document.payment
    if payment.kind == "direct_debit" and payment.collect_on is not None:
        collected = long_date(payment.collect_on)
        return f"Direct Debit on {collected}", f"You need do nothing. Our reference: {payment.mandate_reference}"
    due = long_date(document.due_on) if document.due_on else "now"
    if payment.kind == "direct_debit":
        return f"Due {due}", f"By Direct Debit. Our reference: {payment.mandate_reference}"
    if document.slip is None:
        return f"Please pay by {due}", f"Please quote {document.account_number}."
    return f"Please pay by {due}", f"How to pay is on the {'last page' if document.large_print else 'payment slip'}."


def panel_label(document: BillDocument) -> str:
    """What the one large figure is: where the invoice itself asks for nothing, what is due is of before."""
    if document.kind == "credit_note":
        return "Credit, VAT included"
    return "Your account's balance, still due" if document.amount_due > ZERO >= document.invoice_total else "Amount due"


def account_stands(document: BillDocument) -> str:
    """What the account comes to with a credit note."""
    if document.amount_due < ZERO:
        return f"Your account is in credit by £{figures(document.amount_due)}."
    return f"Your account now owes {sterling(document.amount_due)}." if document.amount_due else "Your account is settled."


def draw_panel(sheets: Sheets) -> None:
    """The one thing every reader looks for: what is to be paid, or what a credit note gives."""
    document, look, ink = sheets.document, sheets.look, sheets.ink
    faces, large = look.faces, document.large_print
    ink.box(LEFT, PANEL_TOP, RIGHT - LEFT, LARGE_PANEL_HEIGHT if large else PANEL_HEIGHT, look.brand)
    ink.text(
        LEFT + mm(6), PANEL_TOP + mm(10 if large else 8), panel_label(document), Style(faces.regular, pt(160 if large else 100), WHITE)
    )
    figure = Style(faces.bold, pt(320 if large else 260), WHITE)
    amount = f"£{figures(document.invoice_total)}" if document.kind == "credit_note" else sterling(document.amount_due)
    ink.text(LEFT + mm(6), PANEL_TOP + mm(22 if large else 18), amount, figure)
    what, more = how_to_pay(document)
    x, y = (LEFT + mm(6), PANEL_TOP + mm(33)) if large else (LEFT + mm(74), PANEL_TOP + mm(11))
    small = Style(faces.regular, pt(160 if large else 90), WHITE)
    ink.text(x, y, what, Style(faces.bold, pt(170 if large else 140), WHITE))
    ink.text(x, y + mm(8 if large else 7), small.fit(faces.spell(more), RIGHT - x - mm(4)), small)


def statement_rows(document: BillDocument, each_max: int) -> Iterator[Row]:
    """What was owed before this bill: the balance, payments and what is outside the invoice."""
    brought = document.brought_forward
    yield Row("In credit on your last bill" if brought < ZERO else "Balance of your last bill", brought)
    if len(document.payments) <= each_max:
        yield from (Row(f"{payment.means}, {day_and_month(payment.received_on)}", -payment.amount) for payment in document.payments)
    else:
        yield Row("Payments received, listed overleaf", -total(payment.amount for payment in document.payments))
    if document.sources:
        count = len(document.sources)
        yield Row(
            f"{count:,} {'bill' if count == 1 else 'bills'} of your accounts, listed inside",
            total(one.amount for one in document.sources),
        )
    others = other_items(document)
    if len(others) <= each_max:
        yield from (Row(item.description, item.amount, item.reference) for item in others)
    else:
        yield Row("Charges and credits outside VAT, listed overleaf", total(item.amount for item in others))


def other_items(document: BillDocument) -> tuple[OutsideItem, ...]:
    """What is outside the invoice, but for the bills that a consolidated bill asks for: those are listed as such."""
    numbers = {source.bill_number for source in document.sources}
    return tuple(item for item in document.outside_items if not (item.kind == "transfer" and item.reference in numbers))


def invoice_rows(document: BillDocument, vat_rows_max: int) -> Iterator[Row]:
    """The invoice by groups, its VAT and its total."""
    yield from (Row(GROUPS[group], net) for group, net in document.group_totals)
    if len(document.vat_summary) <= vat_rows_max:
        yield from (Row(f"VAT: {vat_name(row).lower()} on {sterling(row.net)}", row.vat) for row in document.vat_summary)
    else:
        yield Row("VAT, see the VAT summary", document.invoice_vat)
    yield Row(captions(document).invoice_total, document.invoice_total, weight=1)


Part = tuple[str, tuple[Row, ...]]


def _parts(document: BillDocument, each_max: int) -> tuple[Part, Part]:
    return (
        (captions(document).before, tuple(statement_rows(document, each_max))),
        (captions(document).this, tuple(invoice_rows(document, max(each_max, 1)))),
    )


def _height(parts: tuple[Part, Part]) -> int:
    """In rows, counting the line below that a reference may take."""
    return sum(2 if row.under else 1 for _, rows in parts for row in rows)


def _summary(sheets: Sheets) -> None:
    """The summary, as much in detail and as loosely set as the room above the slip allows."""
    look, document = sheets.look, sheets.document
    fixed = 2 * pt(215) + pt(40) + pt(220) + pt(30)
    room = sheets.foot - SUMMARY_TOP - fixed
    each_max = EACH_MAX
    while each_max and _height(_parts(document, each_max)) * LEAD_MIN > room:
        each_max -= 1
    parts = _parts(document, each_max)
    sheets.listed_overleaf = max(len(document.payments), len(other_items(document))) > each_max
    lead = min(room // _height(parts), LEAD_MAX)
    sheets.y = SUMMARY_TOP
    for heading, rows in parts:
        sheets.y += pt(150)
        sheets.ink.text(LEFT, sheets.y, heading, look.subheading)
        sheets.y += pt(45)
        sheets.ink.rule(LEFT, sheets.y, SUMMARY_RIGHT - LEFT, look.brand, 70)
        for row in rows:
            _row(sheets, row, lead)
        sheets.y += pt(20)
    sheets.y += pt(40)
    height = pt(220)
    sheets.ink.box(LEFT, sheets.y, SUMMARY_RIGHT - LEFT, height, look.pale)
    strong = Style(look.faces.bold, pt(120), look.brand)
    sheets.ink.text(LEFT + mm(2), sheets.y + pt(151), captions(document).amount_due, strong)
    sheets.amount(SUMMARY_RIGHT - CREDIT_GUTTER, sheets.y + pt(151), document.amount_due, strong, "£")
    sheets.y += height


def _row(sheets: Sheets, row: Row, lead: int) -> None:
    ink, look = sheets.ink, sheets.look
    style = look.strong if row.weight else look.body
    edge = SUMMARY_RIGHT - CREDIT_GUTTER
    if row.weight:
        ink.rule(LEFT, sheets.y + pt(42), SUMMARY_RIGHT - LEFT, look.brand, 60)
        sheets.y += pt(10)
    sheets.y += lead
    room = edge - LEFT - mm(22)
    words = look.faces.spell(row.words)
    ink.text(LEFT, sheets.y, style.fit(words, room), style)
    sheets.amount(edge, sheets.y, row.amount, style, "£")
    if row.under:
        said = f"  {look.faces.spell(row.under)}"
        width = style.width(style.fit(words, room))
        if width + look.note.width(said) <= room:
            ink.text(LEFT + width, sheets.y, said, look.note)
        else:
            sheets.y += pt(92)
            ink.text(LEFT, sheets.y, look.note.fit(look.faces.spell(row.under), room), look.note)


def _side(sheets: Sheets) -> tuple[int, tuple[Message, ...]]:
    """The narrow column: chart, ways to reach us, and as many messages as fit."""
    document, look, ink = sheets.document, sheets.look, sheets.ink
    spell, width = look.faces.spell, RIGHT - SIDE
    y = SUMMARY_TOP + pt(150)
    if document.history:
        y = _chart(sheets, y)
    if document.supplier.contacts:
        ink.text(SIDE, y, "Talk to us", look.subheading)
        y += pt(45)
        ink.rule(SIDE, y, width, look.brand, 70)
        for contact in document.supplier.contacts:
            y += look.lead
            ink.text(SIDE, y, spell(contact.label), look.note)
            ink.right(RIGHT, y, spell(contact.value), Style(look.faces.bold, look.note.size, INK))
        y += pt(260)
    y, left_over = _messages(sheets, document.messages, SIDE, y, width)
    return y - pt(200), left_over


def _below(sheets: Sheets, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Under the summary what found no room beside it; returns what finds none there either."""
    if not messages:
        return ()
    y, left_over = _messages(sheets, messages, LEFT, sheets.y + pt(260), SUMMARY_RIGHT - LEFT)
    if len(left_over) < len(messages):
        sheets.y = y - pt(200)
    return left_over


def _messages(sheets: Sheets, messages: tuple[Message, ...], x: int, y: int, width: int) -> tuple[int, tuple[Message, ...]]:
    """As many messages as fit, from ``y`` down; returns where the next would stand, and the others."""
    look, ink, spell = sheets.look, sheets.ink, sheets.look.faces.spell
    for index, message in enumerate(messages):
        lines = look.note.wrap(spell(message.text), width)
        if y + pt(65) + len(lines) * pt(102) > sheets.foot:
            return y, messages[index:]
        ink.text(x, y, look.subheading.fit(spell(message.heading), width), look.subheading)
        y += pt(45)
        ink.rule(x, y, width, look.brand, 70)
        y += pt(20)
        for line in lines:
            y += pt(102)
            ink.text(x, y, line, look.note)
        y += pt(240)
    return y, ()


def _chart(sheets: Sheets, top: int) -> int:
    """Past invoice totals and this one as bars on one scale; a credit has no bar, only its figure."""
    document, look, ink = sheets.document, sheets.look, sheets.ink
    bars = [(past.label, past.invoice_total) for past in document.history[-5:]] + [("This bill", document.invoice_total)]
    highest = max(*(amount.pence for _, amount in bars), 1)
    ink.text(SIDE, top, "Your recent bills", look.subheading)
    ink.right(RIGHT, top, "£, with VAT", Style(look.faces.regular, pt(62), GREY))
    base, height, step = top + mm(30), mm(20), (RIGHT - SIDE) // len(bars)
    small, strong = Style(look.faces.regular, pt(62), GREY), Style(look.faces.bold, pt(62), INK)
    for index, (label, amount) in enumerate(bars):
        is_this = index == len(bars) - 1
        tall = max(amount.pence, 0) * height // highest
        x, middle = SIDE + index * step + step // 6, SIDE + index * step + step // 2
        ink.box(x, base - tall, step * 2 // 3, tall, look.brand if is_this else HAIRLINE)
        figure = figures(amount) + (" CR" if amount < ZERO else "")
        ink.centre(
            middle, base - tall - pt(25), figure if small.width(figure) < step else figures(amount)[:-3], strong if is_this else small
        )
        name = strong if is_this else small
        ink.centre(middle, base + pt(85), name.fit(look.faces.spell(label), step), name)
    ink.rule(SIDE, base, RIGHT - SIDE, GREY, 50)
    return base + pt(330)


def _legal(sheets: Sheets) -> None:
    """Company law's line, at the foot or just above the slip."""
    style = Style(sheets.look.faces.regular, pt(62), GREY)
    lines = style.wrap(sheets.look.faces.spell(sheets.document.supplier.registered_text), RIGHT - LEFT)
    y = sheets.feet[-1] - pt(95) - pt(78) * (len(lines) - 1)
    if sheets.document.slip is None:
        sheets.foot = min(FOOT, y - pt(120))
    for line in lines:
        sheets.ink.text(LEFT, y, line, style)
        y += pt(78)
