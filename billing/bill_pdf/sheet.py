"""The stationery of one bill: its styles, its sheets, and what stands on every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billing.bill_pdf.ink import SHEET_HEIGHT, Faces, Ink, Style, mm, pt
from billing.bill_pdf.words import figures, long_date
from billing.document import BillDocument
from css.core.money import ZERO, Money

LEFT: Final = mm(21)
RIGHT: Final = mm(193)
"""Between these everything stands; the left edge clears the window of an envelope whichever way the sheet slips."""
CREDIT_GUTTER: Final = pt(150)
"""Room at the right of amounts for a CR, so that figures align whether or not they carry one."""
AMOUNTS: Final = RIGHT - CREDIT_GUTTER
HEAD: Final = mm(29)
"""Where the flow begins on a sheet after the first."""
FOOT: Final = mm(277)
"""Where it ends."""

LINES_TOGETHER: Final = 6
"""A paragraph of so many lines is not parted."""

INK: Final = "0.11 0.13 0.16"
GREY: Final = "0.38 0.41 0.45"
HAIRLINE: Final = "0.83 0.85 0.87"
WHITE: Final = "1 1 1"
STAMP: Final = "0.95 0.82 0.82"
STAMP_SIZE_MAX: Final = pt(1700)
STAMP_LENGTH: Final = pt(7400)


def colour(hexadecimal: str, tint: int = 100) -> str:
    """Six hexadecimal digits as a PDF operand, mixed with white to ``tint`` per cent of itself."""
    parts = [int(hexadecimal[at : at + 2], 16) for at in (0, 2, 4)]
    thousandths = [1000 - (255 - part) * 10 * tint // 255 for part in parts]
    return " ".join(f"{part // 1000}.{part % 1000:03d}" for part in thousandths)


@dataclass(frozen=True, slots=True)
class Look:
    """Faces, colours and sizes of one bill."""

    faces: Faces
    brand: str
    pale: str
    title: Style
    heading: Style
    subheading: Style
    body: Style
    strong: Style
    note: Style
    lead: int
    """From one line of body text to the next."""

    @classmethod
    def of(cls, document: BillDocument, faces: Faces) -> Look:
        """The supplier's look; in large print nothing that matters is smaller than 16 point or grey."""
        brand, large = colour(document.supplier.colour), document.large_print
        regular, bold = faces.regular, faces.bold
        return cls(
            faces=faces,
            brand=brand,
            pale=colour(document.supplier.colour, 7),
            title=Style(regular, pt(280 if large else 200), INK),
            heading=Style(bold, pt(210 if large else 125), brand),
            subheading=Style(bold, pt(170 if large else 90), brand),
            body=Style(regular, pt(160 if large else 88), INK),
            strong=Style(bold, pt(160 if large else 88), INK),
            note=Style(regular, pt(160 if large else 74), INK if large else GREY),
            lead=pt(210 if large else 128),
        )


class Sheets:
    """The sheets of a bill under way: where the next mark goes, and when a new sheet is taken."""

    def __init__(self, document: BillDocument, look: Look, stamp: str = "") -> None:
        self.document = document
        self.stamp = stamp
        self.look = look
        self.inks: list[Ink] = []
        self.ink = Ink()
        self.y = 0
        self.foot = FOOT
        self.has_credit = False
        self.listed_overleaf = False
        """Whether page one only summed what came in and went out, so that it must be listed behind."""
        self.feet: list[int] = []
        """For each sheet, the base line of its page number: a payment slip lifts it."""

    def turn(self, *, first: bool = False) -> None:
        """Take a new sheet."""
        self.ink = Ink()
        self.inks.append(self.ink)
        self.feet.append(mm(287))
        self.foot = FOOT
        self.y = HEAD
        if self.stamp:
            _stamp(self.ink, self.stamp, self.look)
        if not first:
            self._continuation_head()

    def need(self, height: int) -> bool:
        """Turn the sheet when less than ``height`` is left on it; says whether it did."""
        if self.y + height <= self.foot:
            return False
        self.turn()
        return True

    def amount(self, x: int, y: int, amount: Money, style: Style, symbol: str = "") -> None:
        """An amount whose pence end at ``x``; a credit has its CR beyond."""
        self.ink.right(x, y, symbol + figures(amount), style)
        if amount < ZERO:
            self.has_credit = True
            size = style.size if self.document.large_print else min(style.size * 4 // 5, pt(75))
            self.ink.text(x + size // 4, y, "CR", Style(style.face, size, style.colour))

    def heading(self, words: str, room_after: int, aside: str = "") -> None:
        """A section's heading, with enough of the section below it on the same sheet."""
        look = self.look
        self.need(look.heading.size * 2 + room_after)
        self.y += look.heading.size
        self.ink.text(LEFT, self.y, words, look.heading)
        if aside:
            self.ink.right(RIGHT, self.y, aside, look.note)
        self.y += pt(55)
        self.ink.rule(LEFT, self.y, RIGHT - LEFT, look.brand, 90)

    def paragraph(self, words: str, style: Style, x: int = LEFT, width: int = RIGHT - LEFT, lead: int = 0) -> None:
        """Wrapped text. It runs over to the next sheet only when it is longer than a few lines."""
        lead = lead or style.size * 135 // 100
        lines = style.wrap(self.look.faces.spell(words), width)
        if len(lines) <= LINES_TOGETHER:
            self.need(lead * len(lines))
        for line in lines:
            self.need(lead)
            self.y += lead
            self.ink.text(x, self.y, line, style)

    def finish(self) -> None:
        """Page numbers, now that their number is known, and what CR means wherever one may stand."""
        style = Style(self.look.faces.regular, pt(140 if self.look.lead > pt(200) else 70), GREY)
        supplier = self.document.supplier
        # In large print there is no room for it at the foot: it stands with the charges.
        meaning = "    CR marks an amount in your favour" if self.has_credit and not self.document.large_print else ""
        room = RIGHT - LEFT - mm(35) - style.width(meaning)
        said = style.fit(self.look.faces.spell(supplier.legal_name), room) + meaning
        for number, (ink, foot) in enumerate(zip(self.inks, self.feet, strict=True), 1):
            ink.text(LEFT, foot, said, style)
            ink.right(RIGHT, foot, f"Page {number} of {len(self.inks)}", style)

    def _continuation_head(self) -> None:
        spell, document, faces = self.look.faces.spell, self.document, self.look.faces
        size = pt(140 if document.large_print else 80)
        brand_mark(self.ink, LEFT, mm(13), mm(6), self.look)
        name = Style(faces.bold, pt(110), self.look.brand)
        self.ink.text(LEFT + mm(8), mm(17), name.fit(spell(document.supplier.trading_name), mm(75)), name)
        said = f"Account {document.account_number}   Bill {document.bill_number}   {long_date(document.issued_on)}"
        style = Style(faces.regular, size, GREY)
        if document.large_print:
            self.ink.text(LEFT, mm(25), spell(said), style)
        else:
            self.ink.right(RIGHT, mm(17), spell(said), style)


def _stamp(ink: Ink, words: str, look: Look) -> None:
    """Across the sheet and below everything else on it, as large as it goes in, pale enough to read through."""
    bold, tenth = look.faces.bold, pt(10)
    size = min(STAMP_SIZE_MAX, STAMP_LENGTH * tenth // max(Style(bold, tenth, STAMP).width(words), 1))
    ink.slanted(look.faces.spell(words), Style(bold, size, STAMP))


def brand_mark(ink: Ink, x: int, y: int, size: int, look: Look) -> None:
    """Rings that spread from a point in a disc: the same mark for every supplier, in its own colour."""
    radius = size // 2
    cx, cy = x + radius, SHEET_HEIGHT - y - radius
    ink.shape(_disc(cx, cy, radius), look.brand)
    ox, oy = cx - radius * 42 // 100, cy - radius * 42 // 100
    ink.shape(_disc(ox, oy, radius * 16 // 100), WHITE)
    for share in (46, 78, 110):
        reach = radius * share // 100
        bend = reach * 5523 // 10000
        path = f"{ox + reach} {oy} m {ox + reach} {oy + bend} {ox + bend} {oy + reach} {ox} {oy + reach} c"
        ink.stroke(path, WHITE, radius * 13 // 100)


def _disc(cx: int, cy: int, radius: int) -> str:
    bend = radius * 5523 // 10000
    east, west, north, south = cx + radius, cx - radius, cy + radius, cy - radius
    return (
        f"{east} {cy} m {east} {cy + bend} {cx + bend} {north} {cx} {north} c {cx - bend} {north} {west} {cy + bend} {west} {cy} c "
        f"{west} {cy - bend} {cx - bend} {south} {cx} {south} c {cx + bend} {south} {east} {cy - bend} {east} {cy} c h"
    )
