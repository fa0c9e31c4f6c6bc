"""The morning report on one sheet of A4: what must be done, how it stands, and charts with their tables."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table, TableStyle

from batch.report.charts import Figure, figures, not_drawn
from batch.report.facts import Facts
from batch.report.text import headline
from batch.report.to_do import ToDo, to_do
from batch.rules.wording import count_of, shortened
from css.core.money import Money

MARGIN: Final = 34
WIDTH: Final = A4[0] - 2 * MARGIN
INK: Final = HexColor("#1b2733")
GOOD: Final = HexColor("#1d6b3a")
LOOK: Final = HexColor("#8a5a00")
BAD: Final = HexColor("#a3200f")
PALE: Final = HexColor("#eef2f5")
RULE: Final = HexColor("#c3ccd4")
TASKS_MAX: Final = 10
WORDS_MAX: Final = 60
"""Characters of a table's cell; the whole of it stands in the report as text."""
ROWS_MAX: Final = 8
KEY_TOTALS: Final = ("calls rated", "accounts to bill", "bills released", "bills posted", "bills issued")

BODY: Final = ParagraphStyle("body", fontName="Helvetica", fontSize=8, leading=10, textColor=INK)
SMALL: Final = ParagraphStyle("small", parent=BODY, fontSize=7, leading=8.5)
HEAD: Final = ParagraphStyle("head", parent=BODY, fontName="Helvetica-Bold", fontSize=9.5, leading=12, spaceBefore=4, spaceAfter=2)


def as_pdf(facts: Facts) -> bytes:
    """One page, the same bytes for the same facts."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1, invariant=1, lang="en-GB")
    what = facts.district_code or "the whole house"
    canvas.setTitle(f"Morning report, {what}, {facts.business_date:%d %B %Y}")
    canvas.setSubject(headline(facts))
    canvas.setCreator("CSS")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    _band(canvas, facts)
    frame = Frame(MARGIN, 30, WIDTH, A4[1] - 30 - 84, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    # Whatever a bad night has to say, it stays one page: it is set smaller, and the text has all of it.
    frame.addFromList([KeepInFrame(WIDTH, A4[1] - 116, _story(facts), mode="shrink")], canvas)
    canvas.setFont("Helvetica", 7)
    canvas.setFillColor(INK)
    canvas.drawString(MARGIN, 18, "Made from the night's own records; the whole of it: " + _command(facts))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _command(facts: Facts) -> str:
    return f"css night report {facts.district_code} --date {facts.business_date}"


def _band(canvas: Canvas, facts: Facts) -> None:
    colour = BAD if not facts.is_done else LOOK if facts.return_code else GOOD
    canvas.setFillColor(colour)
    canvas.rect(0, A4[1] - 72, A4[0], 72, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 17)
    district = f"{facts.district_code} {facts.district_name}" if facts.district_code else facts.district_name
    canvas.drawString(MARGIN, A4[1] - 32, _plain(f"Morning report: {district}"))
    canvas.setFont("Helvetica", 10)
    net = "" if facts.net == "night" else f"Net {facts.net}. "
    extra = f"Extra run {facts.parameter_key}. " if facts.parameter_key else ""
    canvas.drawString(MARGIN, A4[1] - 48, f"{net}{extra}Business date {facts.business_date:%A %d %B %Y}")
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawString(MARGIN, A4[1] - 63, _plain(headline(facts)))


def _story(facts: Facts) -> list[Flowable]:
    story: list[Flowable] = []
    if facts.trouble is not None:
        code, words = facts.trouble
        story += [Paragraph(f"<b>{code}</b> {_safe(shortened(words.removeprefix(code).strip(), 400))}", BODY), Spacer(1, 4)]
    story += _tasks(to_do(facts))
    story += [Spacer(1, 4), _key_figures(facts), Spacer(1, 4)]
    for figure in figures(facts):
        story += _figure(figure)
    if missing := not_drawn(facts):
        story += [Spacer(1, 4), Paragraph(_safe(f"Not drawn: {'; '.join(missing)}."), SMALL)]
    return story


def _tasks(tasks: Sequence[ToDo]) -> list[Flowable]:
    if not tasks:
        return [Paragraph("What a person must do: nothing", HEAD)]
    rows = [
        (
            Paragraph(f"<b>{number}</b>", BODY),
            Paragraph(("<b>First.</b> " if task.is_urgent else "") + _safe(shortened(task.words, 240)), BODY),
            Paragraph(f'<font face="Courier" size="7">{_safe(task.command)}</font>', BODY),
        )
        for number, task in enumerate(tasks[:TASKS_MAX], 1)
    ]
    table = Table(rows, colWidths=(16, WIDTH * 0.6 - 16, WIDTH * 0.4), style=_style(has_head=False))
    more = (
        [Paragraph(f"and {count_of(len(tasks) - TASKS_MAX, 'more thing')}; the text has them all.", SMALL)]
        if len(tasks) > TASKS_MAX
        else []
    )
    return [Paragraph("What a person must do", HEAD), table, *more]


def _key_figures(facts: Facts) -> Table:
    """The figures everybody asks for first, side by side."""
    totals = {one.name: one for one in facts.totals}
    cells = [("steps done", f"{facts.steps_over} of {facts.steps_in_all}")]
    cells += [(name, f"{totals[name].item_count or 0:,}") for name in KEY_TOTALS if name in totals]
    issued = totals.get("bills issued")
    if issued is not None and isinstance(issued.amount, Money):
        cells.append(("amount issued", issued.amount.sterling))
    cells.append(("joints balance", f"{sum(joint.difference is None for joint in facts.joints)} of {len(facts.joints)}"))
    cells.append(("books", "balance" if facts.is_balanced else "not known"))
    shown = [
        [Paragraph(f'<font size="10"><b>{_safe(value)}</b></font>', BODY) for _, value in cells],
        [Paragraph(_safe(name), SMALL) for name, _ in cells],
    ]
    return Table(shown, colWidths=[WIDTH / len(cells)] * len(cells), style=TableStyle([("BACKGROUND", (0, 0), (-1, -1), PALE)]))


def _figure(figure: Figure) -> list[Flowable]:
    beside = WIDTH - figure.drawing.width - 16
    # Many short rows stand in two columns beside each other, so that the sheet stays one.
    halves = 2 if len(figure.rows) > ROWS_MAX and len(figure.header) == 2 else 1  # noqa: PLR2004 - a pair of columns
    table = _table(figure, halves, beside)
    pair = Table(
        [(figure.drawing, table)],
        colWidths=(figure.drawing.width + 16, beside),
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *((side, (0, 0), (-1, -1), 0) for side in PADDINGS)]),
    )
    return [Paragraph(_safe(figure.title), HEAD), Paragraph(_safe(figure.finding), SMALL), Spacer(1, 3), pair]


def _table(figure: Figure, halves: int, width: float) -> Table:
    length = -(-len(figure.rows) // halves)
    empty = ("",) * len(figure.header)
    rows: list[Any] = [[Paragraph(f"<b>{_safe(cell)}</b>", SMALL) for cell in figure.header * halves]]
    for place in range(length):
        beside = [figure.rows[at] if at < len(figure.rows) else empty for at in range(place, halves * length, length)]
        rows.append([Paragraph(_safe(shortened(cell, WORDS_MAX)), SMALL) for row in beside for cell in row])
    parts = (0.2, 0.12, 0.68) if figure.name == "reasons" else (0.5, 0.25, 0.25) if len(figure.header) == 3 else (0.5, 0.5)  # noqa: PLR2004 - columns
    return Table(rows, colWidths=[width * part / halves for part in parts * halves], style=_style(has_head=True))


PADDINGS: Final = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")


def _style(*, has_head: bool) -> TableStyle:
    style = TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.25, RULE), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    for side in PADDINGS:
        style.add(side, (0, 0), (-1, -1), 1)
    if has_head:
        style.add("BACKGROUND", (0, 0), (-1, 0), PALE)
    return style


def _plain(words: str) -> str:
    """What the standard fonts can print; anything else is a question mark."""
    return words.encode("cp1252", "replace").decode("cp1252")


def _safe(words: str) -> str:
    return escape(_plain(words))
