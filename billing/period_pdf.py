"""A closed month or quarter on paper: A4 pages that look like the house's bills, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from reportlab.pdfgen.canvas import Canvas

from billing.bill_pdf.ink import SHEET_HEIGHT, SHEET_WIDTH, Faces, Ink, Style, faces_for, mm, pt
from billing.bill_pdf.sheet import CREDIT_GUTTER, FOOT, GREY, HAIRLINE, HEAD, INK, LEFT, RIGHT, WHITE, Look, brand_mark, colour
from billing.bill_pdf.words import figures, long_date
from billing.document import Supplier
from billing.period_page import Cell, Table, tables, title
from billing.queries.periods import PeriodCard
from css.core.calendar import london_date
from css.core.money import ZERO, Money

PAGE_NUMBER: Final = mm(287)
PANEL_TOP: Final = mm(40)
PANEL_HEIGHT: Final = mm(20)
NARROW: Final = mm(82)
"""Width of a small table: two stand side by side."""
COLUMNS_NARROW: Final = 4
ROWS_NARROW: Final = 24
GAP: Final = mm(8)
LEAD: Final = pt(112)


def render_period(card: PeriodCard, place: str, supplier: Supplier) -> bytes:
    """The report as PDF; ``place`` is the district's name."""
    canvas = Canvas("", pagesize=(SHEET_WIDTH / 100, SHEET_HEIGHT / 100), pageCompression=1, invariant=1, lang="en-GB")
    canvas.setTitle(f"{title(card)} {card.close.words}, district {card.close.district_code}")
    canvas.setAuthor(supplier.trading_name)
    canvas.setSubject(f"District {card.close.district_code}")
    canvas.setCreator("CSS")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    sections = tables(card)
    pages = _Pages(card, place, supplier, faces_for(canvas, _texts(place, supplier, sections)))
    pages.draw(sections)
    for ink in pages.inks:
        canvas.addLiteral(ink.operators())
        canvas.showPage()
    pdf: bytes = canvas.getpdfdata()  # type: ignore[no-untyped-call]  # the stubs forgot its annotation
    return pdf


def _texts(place: str, supplier: Supplier, sections: Sequence[Table]) -> Iterator[str]:
    yield from (place, supplier.trading_name, supplier.legal_name)
    yield from (cell for table in sections for row in table.rows for cell in row if isinstance(cell, str))


class _Pages:
    """The pages under way."""

    def __init__(self, card: PeriodCard, place: str, supplier: Supplier, faces: Faces) -> None:
        self.card, self.place, self.supplier, self.faces = card, place, supplier, faces
        self.brand = colour(supplier.colour)
        self.body = Style(faces.regular, pt(82), INK)
        self.strong = Style(faces.bold, pt(82), INK)
        self.heading = Style(faces.bold, pt(105), self.brand)
        self.label = Style(faces.bold, pt(74), self.brand)
        self.note = Style(faces.regular, pt(70), GREY)
        self.look = Look(
            faces=faces,
            brand=self.brand,
            pale=colour(supplier.colour, 7),
            title=Style(faces.regular, pt(200), INK),
            heading=self.heading,
            subheading=self.label,
            body=self.body,
            strong=self.strong,
            note=self.note,
            lead=LEAD,
        )
        self.inks: list[Ink] = []
        self.ink = Ink()
        self.y = 0

    def draw(self, sections: Sequence[Table]) -> None:
        """All of it: wide tables across the page, narrow ones two and two."""
        self._turn()
        self._head()
        self._panel()
        self.y = PANEL_TOP + PANEL_HEIGHT + mm(9)
        waiting: Table | None = None
        for table in sections:
            if _is_alone(table):
                self._row(table)
            elif waiting is None:
                waiting = table
            else:
                self._row(waiting, table)
                waiting = None
        if waiting is not None:
            self._row(waiting)
        self._numbers()

    def _turn(self) -> None:
        self.ink = Ink()
        self.inks.append(self.ink)
        if len(self.inks) > 1:
            brand_mark(self.ink, LEFT, mm(13), mm(6), self.look)
            name = Style(self.faces.bold, pt(110), self.brand)
            self.ink.text(LEFT + mm(8), mm(17), name.fit(self.faces.spell(self.supplier.trading_name), mm(75)), name)
            said = f"{title(self.card)} {self.card.close.words}, district {self.card.close.district_code}"
            self.ink.right(RIGHT, mm(17), said, self.note)
        self.y = HEAD

    def _head(self) -> None:
        brand_mark(self.ink, LEFT, mm(14), mm(14), self.look)
        name = Style(self.faces.bold, pt(180), self.brand)
        self.ink.text(LEFT + mm(18), mm(24), name.fit(self.faces.spell(self.supplier.trading_name), mm(80)), name)
        self.ink.right(RIGHT, mm(21), title(self.card), self.look.title)
        self.ink.right(RIGHT, mm(28), f"{self.card.close.words}, district {self.card.close.district_code}", self.strong)
        self.ink.right(RIGHT, mm(33), self.body.fit(self.faces.spell(self.place), mm(80)), self.note)

    def _panel(self) -> None:
        """What every reader looks for: what was billed, its VAT, what came in, and what is owed."""
        card = self.card
        owed = next((one.closing for one in card.nominals if one.nominal_code == "DEBTORS"), ZERO)
        billed = sum((one.net.pence for one in card.vat), 0)
        vat = sum((one.vat.pence for one in card.vat), 0)
        paid = sum((one.amount.pence for one in card.payments if one.amount is not None), 0)
        self.ink.box(LEFT, PANEL_TOP, RIGHT - LEFT, PANEL_HEIGHT, self.brand)
        small, large = Style(self.faces.regular, pt(80), WHITE), Style(self.faces.bold, pt(150), WHITE)
        shown = (("Billed before VAT", Money(billed)), ("VAT on it", Money(vat)), ("Money in", Money(paid)), ("Owed at the end", owed))
        for place, (words, amount) in enumerate(shown):
            x = LEFT + mm(5) + place * (RIGHT - LEFT) // len(shown)
            self.ink.text(x, PANEL_TOP + mm(7), words, small)
            self.ink.text(x, PANEL_TOP + mm(15), f"£{figures(amount)}{' CR' if amount < ZERO else ''}", large)

    def _row(self, *side_by_side: Table) -> None:
        """Tables that stand beside each other; on a new page where they do not fit on this one."""
        width = RIGHT - LEFT if _is_alone(side_by_side[0]) else NARROW
        heights = [self._height(table, width) for table in side_by_side]
        # One that is longer than a page begins where it comes.
        if self.y + min(max(heights), FOOT - HEAD) > FOOT:
            self._turn()
        top, lowest = self.y, self.y
        for place, table in enumerate(side_by_side):
            lowest = max(lowest, self._table(table, LEFT + place * (NARROW + GAP), top, width))
        self.y = lowest + mm(7)

    def _height(self, table: Table, width: int) -> int:
        notes = len(self.note.wrap(table.note, width)) if table.note else 0
        return LEAD * (len(table.rows) + bool(table.sums) + 1) + pt(140) + notes * pt(90) + pt(80)

    def _table(self, table: Table, x: int, top: int, width: int) -> int:
        self.ink.text(x, top, table.heading, self.heading)
        y = top + pt(30)
        edges = self._edges(table, x, width)
        y += LEAD
        self._cells(table.columns, edges, y, self.label)
        self.ink.rule(x, y + pt(35), width, self.brand, 70)
        y += pt(18)
        for row in table.rows:
            y += LEAD
            if y > FOOT:
                self._turn()
                y = HEAD + LEAD
            self._cells(row, edges, y, self.body)
            self.ink.rule(x, y + pt(32), width, HAIRLINE, 30)
        if table.sums:
            y += LEAD
            self._cells(table.sums, edges, y, self.strong)
        if table.note:
            y += pt(30)
            for line in self.note.wrap(table.note, width):
                y += pt(90)
                self.ink.text(x, y, line, self.note)
        return y

    def _edges(self, table: Table, x: int, width: int) -> list[tuple[int, int, bool]]:
        """Of each column where it begins, where it ends, and whether it is of figures: those are as wide as their widest cell."""
        rows = (*table.rows, *((table.sums,) if table.sums else ()))
        is_figure = [all(not isinstance(row[n], str) or _digits(row[n]) for row in rows) for n in range(len(table.columns))]
        is_figure[0] = False
        wants = [
            max(self.strong.width(self._said(row[n])) for row in (*rows, table.columns))
            + (CREDIT_GUTTER + mm(3) if is_figure[n] else mm(3))
            for n in range(len(table.columns))
        ]
        words = [n for n, figure in enumerate(is_figure) if not figure]
        spare = width - sum(wants)
        wants[words[-1]] += spare
        starts = [x]
        for want in wants:
            starts.append(starts[-1] + want)
        return [(start, end, figure) for (start, end), figure in zip(pairwise(starts), is_figure, strict=True)]

    def _cells(self, row: Sequence[Cell], edges: Sequence[tuple[int, int, bool]], y: int, style: Style) -> None:
        for cell, (start, end, is_figure) in zip(row, edges, strict=True):
            said = self._said(cell)
            if is_figure:
                self.ink.right(end - CREDIT_GUTTER, y, said, style)
                if isinstance(cell, Money) and cell < ZERO:
                    self.ink.text(end - CREDIT_GUTTER + style.size // 4, y, "CR", Style(style.face, pt(62), style.colour))
            else:
                self.ink.text(start, y, style.fit(self.faces.spell(said), end - start - mm(2)), style)

    @staticmethod
    def _said(cell: Cell) -> str:
        if isinstance(cell, Money):
            return figures(cell)
        return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell

    def _numbers(self) -> None:
        close = self.card.close
        said = f"Closed {long_date(london_date(close.closed_at))}. Figures {close.figures_sha256[:16]}. CR marks a credit."
        for number, ink in enumerate(self.inks, 1):
            ink.text(LEFT, PAGE_NUMBER, said, self.note)
            ink.right(RIGHT, PAGE_NUMBER, f"Page {number} of {len(self.inks)}", self.note)


def _is_alone(table: Table) -> bool:
    """Whether it has the page's width for itself: with many columns, or so long that it may run over a page's end."""
    return len(table.columns) > COLUMNS_NARROW or len(table.rows) > ROWS_NARROW


def _digits(cell: Cell) -> bool:
    return isinstance(cell, str) and (not cell or cell.isdigit())
