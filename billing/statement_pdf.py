"""A statement of account on paper: A4 pages that look like the bill, the same bytes for the same statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reportlab.pdfgen.canvas import Canvas

from billing.bill_pdf.ink import SHEET_HEIGHT, SHEET_WIDTH, Faces, Ink, Style, faces_for, mm, pt
from billing.bill_pdf.sheet import CREDIT_GUTTER, FOOT, GREY, HAIRLINE, HEAD, INK, LEFT, RIGHT, WHITE, Look, brand_mark, colour
from billing.bill_pdf.words import figures, long_date, short_date, span, vat_number
from billing.document import last_day
from billing.rules.statement import StatementDocument, StatementRow
from css.core.money import ZERO, Money

ADDRESS_TOP: Final = mm(57)
ADDRESS_HEIGHT: Final = mm(27)
FACTS: Final = mm(118)
PANEL_TOP: Final = mm(89)
PANEL_HEIGHT: Final = mm(23)
WORDS: Final = LEFT + mm(22)
REFERENCE: Final = LEFT + mm(84)
CHARGES: Final = LEFT + mm(126)
CREDITS: Final = LEFT + mm(147)
BALANCE: Final = RIGHT - CREDIT_GUTTER
PAGE_NUMBER: Final = mm(287)


def render_statement(document: StatementDocument) -> bytes:
    """The statement as PDF."""
    canvas = Canvas("", pagesize=(SHEET_WIDTH / 100, SHEET_HEIGHT / 100), pageCompression=1, invariant=1, lang="en-GB")
    canvas.setTitle(f"Statement of account {document.account_number}, {span(document.period)}")
    canvas.setAuthor(document.supplier.trading_name)
    canvas.setSubject(f"Account {document.account_number}")
    canvas.setCreator("CSS")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    pages = _Pages(document, _look(document.supplier.colour, faces_for(canvas, _texts(document))))
    pages.draw()
    for ink in pages.inks:
        canvas.addLiteral(ink.operators())
        canvas.showPage()
    pdf: bytes = canvas.getpdfdata()  # type: ignore[no-untyped-call]  # the stubs forgot its annotation
    return pdf


def _look(brand: str, faces: Faces) -> Look:
    """The bill's own, in ordinary print."""
    return Look(
        faces=faces,
        brand=colour(brand),
        pale=colour(brand, 7),
        title=Style(faces.regular, pt(200), INK),
        heading=Style(faces.bold, pt(125), colour(brand)),
        subheading=Style(faces.bold, pt(90), colour(brand)),
        body=Style(faces.regular, pt(88), INK),
        strong=Style(faces.bold, pt(88), INK),
        note=Style(faces.regular, pt(74), GREY),
        lead=pt(128),
    )


def _texts(document: StatementDocument) -> Iterator[str]:
    """Everything that came from outside this program, to choose fonts by."""
    supplier = document.supplier
    yield from (supplier.trading_name, supplier.legal_name, *supplier.address.lines, supplier.registered_text)
    yield from (part for contact in supplier.contacts for part in (contact.label, contact.value))
    yield from (document.name, *document.address.lines, document.address.postcode)
    yield from (part for row in document.rows for part in (row.event.words, row.event.reference))


class _Pages:
    """The pages under way."""

    def __init__(self, document: StatementDocument, look: Look) -> None:
        self.document, self.look = document, look
        self.inks: list[Ink] = []
        self.ink = Ink()
        self.y = 0
        self.has_credit = False

    def draw(self) -> None:
        """All of it, in reading order."""
        self._turn()
        self._head()
        self._panel()
        self.y = PANEL_TOP + PANEL_HEIGHT + mm(10)
        self._table_head()
        self._line(short_date(self.document.period.starts_on), "Owed before this day", "", None, self.document.opening, strong=True)
        for row in self.document.rows:
            self._row(row)
        self._line(short_date(last_day(self.document.period)), "Owed at the end of this day", "", None, self.document.closing, strong=True)
        self._sums()
        self._legal()
        self._number()

    def _turn(self) -> None:
        self.ink = Ink()
        self.inks.append(self.ink)
        self.y = HEAD

    def _need(self, height: int) -> None:
        """A new page where less is left; the table goes on under its head."""
        if self.y + height > FOOT:
            self._turn()
            self._continuation()
            self._table_head()

    def _continuation(self) -> None:
        look, spell = self.look, self.look.faces.spell
        brand_mark(self.ink, LEFT, mm(13), mm(6), look)
        name = Style(look.faces.bold, pt(110), look.brand)
        self.ink.text(LEFT + mm(8), mm(17), name.fit(spell(self.document.supplier.trading_name), mm(75)), name)
        said = f"Account {self.document.account_number}   Statement of {long_date(self.document.made_on)}"
        self.ink.right(RIGHT, mm(17), said, Style(look.faces.regular, pt(80), GREY))

    def _head(self) -> None:
        document, look, ink = self.document, self.look, self.ink
        spell, supplier = look.faces.spell, document.supplier
        brand_mark(ink, LEFT, mm(14), mm(14), look)
        brand = Style(look.faces.bold, pt(180), look.brand)
        ink.text(LEFT + mm(18), mm(24), brand.fit(spell(supplier.trading_name), FACTS - LEFT - mm(22)), brand)
        ink.text(FACTS, mm(21), "Statement of account", look.title)
        style, y = Style(look.faces.regular, pt(76), GREY), mm(36)
        lines = [
            spell(supplier.legal_name),
            *style.wrap(spell(", ".join((*supplier.address.lines, supplier.address.postcode))), RIGHT - FACTS)[:3],
        ]
        for line in (*lines, f"VAT registration {vat_number(supplier.vat_number)}"):
            ink.text(FACTS, y, style.fit(line, RIGHT - FACTS), style)
            y += pt(98)
        address = [line for line in (document.name, *document.address.lines, document.address.postcode) if line]
        lead = min(pt(117), ADDRESS_HEIGHT // len(address))
        style, y = Style(look.faces.regular, lead * 100 // 115, INK), ADDRESS_TOP
        for line in address:
            y += lead
            ink.text(LEFT, y, style.fit(spell(line), mm(80)), style)
        label, value, y = Style(look.faces.regular, pt(80), GREY), Style(look.faces.bold, pt(92), INK), ADDRESS_TOP
        for name, words in (
            ("Account number", document.account_number),
            ("Made on", long_date(document.made_on)),
            ("Period", span(document.period)),
        ):
            y += pt(142)
            ink.text(FACTS, y, name, label)
            ink.text(FACTS + mm(31), y, value.fit(words, RIGHT - FACTS - mm(31)), value)

    def _panel(self) -> None:
        """What every reader looks for: what is owed, and that a statement asks for nothing by itself."""
        document, look, ink = self.document, self.look, self.ink
        ink.box(LEFT, PANEL_TOP, RIGHT - LEFT, PANEL_HEIGHT, look.brand)
        heading = "In credit" if document.closing < ZERO else "Owed"
        ink.text(LEFT + mm(6), PANEL_TOP + mm(8), heading, Style(look.faces.regular, pt(100), WHITE))
        figure = Style(look.faces.bold, pt(260), WHITE)
        ink.text(LEFT + mm(6), PANEL_TOP + mm(18), f"£{figures(document.closing)}", figure)
        ink.text(
            LEFT + mm(74),
            PANEL_TOP + mm(11),
            f"At the end of {long_date(last_day(document.period))}",
            Style(look.faces.bold, pt(120), WHITE),
        )
        ink.text(LEFT + mm(74), PANEL_TOP + mm(18), "Your bills say what to pay and by when.", Style(look.faces.regular, pt(90), WHITE))

    def _table_head(self) -> None:
        look, ink = self.look, self.ink
        self.y += look.lead
        for x, words in ((LEFT, "Date"), (WORDS, "What happened"), (REFERENCE, "Number")):
            ink.text(x, self.y, words, look.subheading)
        for x, words in ((CHARGES, "Charges £"), (CREDITS, "Credits £"), (BALANCE, "Owed £")):
            ink.right(x, self.y, words, look.subheading)
        self.y += pt(45)
        ink.rule(LEFT, self.y, RIGHT - LEFT, look.brand, 70)

    def _row(self, row: StatementRow) -> None:
        event = row.event
        self._line(short_date(event.on), event.words, event.reference, event.amount, row.balance)

    def _line(self, day: str, words: str, reference: str, amount: Money | None, balance: Money, *, strong: bool = False) -> None:
        look, spell = self.look, self.look.faces.spell
        style = look.strong if strong else look.body
        wrapped = style.wrap(spell(words), REFERENCE - WORDS - mm(3)) or [""]
        self._need(look.lead * len(wrapped) + pt(40))
        y = self.y + look.lead
        self.ink.text(LEFT, y, day, style)
        self.ink.text(REFERENCE, y, look.note.fit(spell(reference), CHARGES - REFERENCE - mm(14)), look.note)
        if amount is not None:
            self.ink.right(CREDITS if amount < ZERO else CHARGES, y, figures(amount), style)
        self._amount(BALANCE, y, balance, style)
        for line in wrapped:
            self.y += look.lead
            self.ink.text(WORDS, self.y, line, style)
        self.y += pt(38)
        self.ink.rule(LEFT, self.y, RIGHT - LEFT, HAIRLINE, 40)

    def _amount(self, x: int, y: int, amount: Money, style: Style) -> None:
        self.ink.right(x, y, figures(amount), style)
        if amount < ZERO:
            self.has_credit = True
            self.ink.text(x + style.size // 4, y, "CR", Style(style.face, min(style.size * 4 // 5, pt(75)), style.colour))

    def _sums(self) -> None:
        """What the days came to by kind, and beside it how old the debt is."""
        document, look = self.document, self.look
        sums = [
            ("Bills", document.total_of("bill")),
            ("Credit notes", document.total_of("credit_note")),
            ("Payments", document.total_of("payment")),
            ("Charges and credits outside VAT", document.total_of("outside")),
        ]
        height = look.lead * (max(len(sums), len(document.ageing)) + 3)
        if self.y + height > FOOT:
            self._turn()
            self._continuation()
        top = self.y + pt(250)
        self._box(LEFT, top, "On these days", sums)
        if document.ageing:
            self._box(LEFT + mm(92), top, "What is owed, by age", list(document.ageing))
        self.y = top + height

    def _box(self, x: int, top: int, heading: str, rows: list[tuple[str, Money]]) -> None:
        look, width = self.look, mm(80)
        self.ink.text(x, top, heading, look.subheading)
        self.ink.rule(x, top + pt(45), width, look.brand, 70)
        y = top + pt(45)
        for words, amount in rows:
            y += look.lead
            self.ink.text(x, y, words, look.body)
            self._amount(x + width - CREDIT_GUTTER, y, amount, look.body)

    def _legal(self) -> None:
        style = Style(self.look.faces.regular, pt(62), GREY)
        lines = style.wrap(self.look.faces.spell(self.document.supplier.registered_text), RIGHT - LEFT)
        y = PAGE_NUMBER - pt(95) - pt(78) * (len(lines) - 1)
        for line in lines:
            self.inks[0].text(LEFT, y, line, style)
            y += pt(78)

    def _number(self) -> None:
        style = Style(self.look.faces.regular, pt(70), GREY)
        meaning = "    CR marks an amount in your favour" if self.has_credit else ""
        said = style.fit(self.look.faces.spell(self.document.supplier.legal_name), RIGHT - LEFT - mm(80)) + meaning
        for number, ink in enumerate(self.inks, 1):
            ink.text(LEFT, PAGE_NUMBER, said, style)
            ink.right(RIGHT, PAGE_NUMBER, f"Page {number} of {len(self.inks)}", style)
