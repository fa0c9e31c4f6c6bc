"""Rendering posted bills: PDF and e-invoice, stored with their hash and never made again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from billing.bill_pdf import render_pdf
from billing.bill_xml import render_ubl
from billing.commands import BlockTotals, SetAside
from billing.document import BillDocument, Supplier
from billing.document_check import check
from billing.queries.as_posted import AsPosted, bills_as_posted, supplier
from billing.rules.compose import PostedBill, compose
from css import audit
from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.core.money import Money
from css.db.bulk import copy_rows
from css.db.sql import block

_FILE = ("bill_id", "kind", "file_name", "sha256", "content", "rendered_at")


def render_block(session: Session, bill_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Render posted bills and store their files; bills that have theirs are filtered.

    ``billing.queries.bills_to_render`` says which are left. A bill whose document contradicts itself is not rendered and
    counted as rejected (CSS445E), with what is wrong. What is stored says the instant of the run, not of the rendering:
    the same bill gives the same bytes whenever it is done.

    Raises:
        NotFound: CSS444E, nobody is our own retail arm.
    """
    waiting = session.execute(block("billing", "render.without_files"), {"bills": list(bill_ids)}).scalars().all()
    house = supplier(session)
    sound: list[tuple[AsPosted, BillDocument]] = []
    set_aside: list[SetAside] = []
    for posted in bills_as_posted(session, waiting):
        try:
            document = sound_document(posted.bill, house)
        except CssError as fault:
            key = f"bill/{posted.bill.number}/document"
            set_aside.append(SetAside(source_key=key, code=fault.code, words=str(fault), raw=posted.bill.number))
        else:
            sound.append((posted, document))
    copy_rows(session, "billing.bill_file", _FILE, (row for posted, document in sound for row in _files(posted, document)))
    if waiting:
        after = {"bills": len(sound), "set_aside": len(set_aside)}
        audit.record(session, by=by, at=at, verb="render_bills", subject=("bills", f"{waiting[0]} to {waiting[-1]}"), after=after)
    return BlockTotals(
        read=len(bill_ids),
        written=len(sound),
        filtered=len(bill_ids) - len(waiting),
        rejected=len(set_aside),
        amount=Money(sum(document.invoice_total.pence for _, document in sound)),
        set_aside=tuple(set_aside),
    )


def sound_document(bill: PostedBill, house: Supplier) -> BillDocument:
    """The document of a posted bill, checked. Refused CSS445E when it contradicts itself."""
    document = compose(bill, house)
    faults = check(document)
    if faults:
        raise Refused("CSS445E", "Bill {number} contradicts itself: {faults}", number=bill.number, faults=" ".join(faults))
    return document


def _files(posted: AsPosted, document: BillDocument) -> Iterator[tuple[object, ...]]:
    """The two files of a bill, made when they are asked for: a block's bytes never lie in memory whole."""
    for kind, content in (("pdf", render_pdf(document)), ("xml", render_ubl(document))):
        name = f"{posted.bill.number}.{kind}"
        yield posted.bill_id, kind, name, hashlib.sha256(content).hexdigest(), content, posted.issue_at
