"""The bill on paper: A4 pages drawn from a ``BillDocument``, the same bytes for the same document.

Page one carries what everybody reads: who, the amount due and by when, the summary, the payment slip. Behind it come the
charges line by line with the VAT summary, the bills that a consolidated bill asks for, what the calls were and what became of
allowances, and the itemised calls. Large print has pages of its own design.
"""

from __future__ import annotations

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from billing.bill_pdf.calls import draw_calls
from billing.bill_pdf.detail import draw_charges, draw_messages, draw_movements
from billing.bill_pdf.front import draw_front
from billing.bill_pdf.ink import SHEET_HEIGHT, SHEET_WIDTH, faces_for
from billing.bill_pdf.large import draw_large
from billing.bill_pdf.sheet import Look, Sheets
from billing.bill_pdf.slip import draw_slip
from billing.bill_pdf.sources import draw_sources
from billing.bill_pdf.usage import draw_allowances, draw_usage
from billing.bill_pdf.words import TITLES, long_date, printed_texts
from billing.document import BillDocument

# Pages as plain compressed bytes: writing them in printable ASCII makes bills a fifth larger and slower, for mailers of 1995.
rl_config.useA85 = 0


def render_pdf(document: BillDocument, *, stamp: str = "") -> bytes:
    """The bill as PDF. Expects a document that ``check`` passes; bytes may change with a new reportlab, so issued bills are stored.

    ``stamp`` is a word printed across every sheet: ``SAMPLE`` on a bill that nobody must take for one that was sent.
    """
    canvas = Canvas("", pagesize=(SHEET_WIDTH / 100, SHEET_HEIGHT / 100), pageCompression=1, invariant=1, lang="en-GB")
    canvas.setTitle(f"{TITLES[document.kind]} {document.bill_number}, {long_date(document.issued_on)}")
    canvas.setAuthor(document.supplier.trading_name)
    canvas.setSubject(f"Account {document.account_number}")
    canvas.setCreator("CSS")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    sheets = Sheets(document, Look.of(document, faces_for(canvas, [stamp, *printed_texts(document)])), stamp)
    _draw(sheets)
    sheets.finish()
    for ink in sheets.inks:
        canvas.addLiteral(ink.operators())
        canvas.showPage()
    pdf: bytes = canvas.getpdfdata()  # type: ignore[no-untyped-call]  # the stubs forgot its annotation
    return pdf


def _draw(sheets: Sheets) -> None:
    if sheets.document.large_print:
        draw_large(sheets)
        return
    left_over = draw_front(sheets)
    if sheets.document.slip is not None:
        draw_slip(sheets, sheets.document.slip)
    draw_messages(sheets, left_over)
    draw_sources(sheets)
    draw_charges(sheets)
    draw_movements(sheets)
    draw_allowances(sheets)
    draw_usage(sheets)
    draw_calls(sheets)
