"""One bill: what its length costs, as PDF and as e-invoice."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import polars as pl
from sqlalchemy import text

from billing.actions.sound import sound_document
from billing.bill_pdf import render_pdf
from billing.bill_xml import render_ubl
from billing.document import BillDocument
from billing.queries.as_posted import bills_as_posted, supplier
from css.bench.place import DAYS_OF_CALLS, NIGHT_OF, Place, bring, evening
from css.bench.table import Measured, show, timed
from css.core.calendar import start_of_day
from css.core.words import Segment
from css.db.engine import transaction
from css.demo.plan import DISTRICT
from css.demo.run import night

TITLE = "bill: one bill of so many calls (one process; the document is ready, files are not stored)"
LINES_A_BILL = 8
SECONDS_EACH = 0.5
"""A short bill is rendered again and again for so long."""


def run(place: Place, sizes: Sequence[int]) -> None:
    """Measure and print."""
    rows, notes = [], []
    for count, document in _documents(place, sizes):
        pdf, xml = _rendered(f"{count:,} calls: PDF", render_pdf, document), _rendered(f"{count:,} calls: XML", render_ubl, document)
        rows += [pdf[0], xml[0]]
        pages = len(re.findall(rb"/Type /Page\b", pdf[1]))
        notes.append(f"{count:,} calls: {pages:,} pages, PDF {len(pdf[1]):,} bytes, XML {len(xml[1]):,} bytes.")
    show(TITLE, rows, notes)


def _rendered(what: str, render: Callable[[BillDocument], bytes], document: BillDocument) -> tuple[Measured, bytes]:
    content, done = b"", 0
    with timed() as watch:
        while not done or time.perf_counter() - watch.began < SECONDS_EACH:
            content, done = render(document), done + 1
    return Measured(what, done, watch.seconds), content


def _documents(place: Place, sizes: Sequence[int]) -> list[tuple[int, BillDocument]]:
    """Bills made by a night, each of a household with so many calls, all of them itemised."""
    diary = evening(place, LINES_A_BILL * len(sizes))
    homes = {line.account_number: line.number for line in diary.lines if line.segment is Segment.RESIDENTIAL}
    called = dict(zip(homes, sizes, strict=False))
    assert len(called) == len(sizes), "a household for every bill"
    bring(place, pl.concat([_calls(homes[account], count) for account, count in called.items()]))
    night(place.engine, DISTRICT, NIGHT_OF, place.home, workers=1, watcher=None)
    statement = text("SELECT a.number, b.id FROM billing.bill b JOIN css.account a ON a.id = b.account_id WHERE b.number IS NOT NULL")
    with transaction(place.engine) as session:
        bill_of = {row.number: row.id for row in session.execute(statement)}
        house = supplier(session)
        posted = {one.bill.payer.account_number: one.bill for one in bills_as_posted(session, [bill_of[account] for account in called])}
    return [(count, sound_document(posted[account], house)) for account, count in called.items()]


def _calls(number: str, count: int) -> pl.DataFrame:
    """So many calls of a minute to numbers whose calls are itemised, spread over the days of the file."""
    apart = timedelta(days=DAYS_OF_CALLS) / (count + 1)
    return pl.DataFrame(
        {
            "charged_number": [number] * count,
            "other_number": [f"447700900{n % 1000:03d}" for n in range(count)],
            "started_at": [start_of_day(NIGHT_OF) - timedelta(days=DAYS_OF_CALLS - 1) + apart * n for n in range(count)],
            "duration_seconds": [60] * count,
            "supplier_record_id": [f"{number}-{n:07d}" for n in range(count)],
        },
        schema_overrides={"started_at": pl.Datetime("us", "UTC"), "duration_seconds": pl.Int64()},
    )
