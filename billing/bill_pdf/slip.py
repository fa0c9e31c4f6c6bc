"""The payment slip: the strip at the foot that goes back with the money."""

from __future__ import annotations

from typing import Final

from billing.bill_pdf.ink import SHEET_HEIGHT, SHEET_WIDTH, Style, mm, pt
from billing.bill_pdf.sheet import GREY, HAIRLINE, INK, LEFT, RIGHT, Sheets, brand_mark
from billing.bill_pdf.words import figures, long_date
from billing.document import PaymentSlip

TEAR_LINE: Final = mm(216)


def draw_slip(sheets: Sheets, slip: PaymentSlip) -> None:
    """The slip below the tear line of the present sheet. The code line has a clear band of its own for the reader."""
    document, look, ink = sheets.document, sheets.look, sheets.ink
    spell, faces = look.faces.spell, look.faces
    label, value = Style(faces.regular, pt(70), GREY), Style(faces.bold, pt(110), INK)
    small = Style(faces.regular, pt(80), INK)
    ink.rule(0, TEAR_LINE, SHEET_WIDTH, GREY, 50, dash="300 250")
    _scissors(sheets, mm(8), TEAR_LINE)
    top = TEAR_LINE + mm(5)
    brand_mark(ink, LEFT, top, mm(9), look)
    brand = Style(faces.bold, pt(120), look.brand)
    ink.text(LEFT + mm(11), top + mm(6), brand.fit(spell(document.supplier.trading_name), mm(100)), brand)
    ink.right(RIGHT, top + mm(4), "Payment slip", Style(faces.bold, pt(140), INK))
    ink.right(RIGHT, top + mm(8), "Please return this part with your payment", label)
    boxes = top + mm(12)
    for x, width, name, words in (
        (LEFT, mm(58), "Reference", slip.reference),
        (LEFT + mm(61), mm(56), "Account", document.account_number),
    ):
        ink.frame(x, boxes, width, mm(13), GREY)
        ink.text(x + mm(2), boxes + mm(4), name, label)
        ink.text(x + mm(2), boxes + mm(10), value.fit(spell(words), width - mm(4)), value)
    width = RIGHT - LEFT - mm(120)
    ink.box(LEFT + mm(120), boxes, width, mm(13), look.pale)
    ink.frame(LEFT + mm(120), boxes, width, mm(13), look.brand, 100)
    ink.text(LEFT + mm(122), boxes + mm(4), "Amount due", label)
    ink.right(RIGHT - mm(2), boxes + mm(10), f"£{figures(document.amount_due)}", Style(faces.bold, pt(150), INK))
    y = boxes + mm(19)
    for line in _ways(sheets, slip):
        ink.text(LEFT, y, small.fit(spell(line), mm(114)), small)
        y += pt(112)
    _counter(sheets, boxes + mm(16))
    ink.rule(LEFT, mm(278), RIGHT - LEFT, HAIRLINE, 50)
    ink.text(LEFT, mm(281), "Please do not write or mark below this line", label)
    code = Style(faces.code, pt(120), INK)
    ink.text(LEFT, mm(289), slip.code_line, code)


def _ways(sheets: Sheets, slip: PaymentSlip) -> list[str]:
    document = sheets.document
    bank, due = document.supplier.bank, document.due_on
    name = document.customer.name
    said = [f"From {name}"]
    if due is not None:
        said.append(f"To reach us by {long_date(due)}")
    if bank is not None:
        sort_code = "-".join(bank.sort_code[at : at + 2] for at in (0, 2, 4))
        said.append(f"By bank transfer: sort code {sort_code}, account {bank.account_number}, {bank.name}")
    said.append(f"Always quote {slip.reference}")
    return said


def _counter(sheets: Sheets, y: int) -> None:
    """Boxes that a cashier fills in."""
    ink, style = sheets.ink, Style(sheets.look.faces.regular, pt(70), GREY)
    x, width = LEFT + mm(120), RIGHT - LEFT - mm(120)
    for name in ("Cash", "Cheques", "Total £"):
        ink.frame(x, y, width, mm(7), HAIRLINE)
        ink.text(x + mm(2), y + mm(4) + pt(20), name, style)
        y += mm(7)


def _scissors(sheets: Sheets, x: int, y: int) -> None:
    """Two blades and two rings, drawn because no text font has them."""
    ink, up = sheets.ink, SHEET_HEIGHT - y
    ink.box(x - mm(1), y - mm(2), mm(8), mm(4), "1 1 1")
    for side in (1, -1):
        rise = side * mm(1) * 7 // 5
        ink.stroke(f"{x + mm(2)} {up + rise} m {x + mm(6)} {up - rise // 2} l", GREY, 70)
        cx, cy, radius = x + mm(1), up + rise, mm(1) * 4 // 5
        bend = radius * 5523 // 10000
        ink.stroke(
            f"{cx + radius} {cy} m {cx + radius} {cy + bend} {cx + bend} {cy + radius} {cx} {cy + radius} c "
            f"{cx - bend} {cy + radius} {cx - radius} {cy + bend} {cx - radius} {cy} c "
            f"{cx - radius} {cy - bend} {cx - bend} {cy - radius} {cx} {cy - radius} c "
            f"{cx + bend} {cy - radius} {cx + radius} {cy - bend} {cx + radius} {cy} c",
            GREY,
            60,
        )
