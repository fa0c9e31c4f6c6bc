"""Rendering posted bills: PDF, e-invoice, call statement and data file, stored with their hash and never made again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from billing.actions.sound import sound_document
from billing.amounts_check import check_files
from billing.bill_pdf import render_pdf
from billing.bill_xml import render_ubl
from billing.commands import BlockTotals, SetAside
from billing.data_file import render_data
from billing.document import BillDocument
from billing.queries.as_posted import AsPosted, bills_as_posted, supplier
from billing.rules.papers import files_of
from billing.utility_statement import render_statement
from billing.words import BillFileKind
from css import audit
from css.core.actor import Actor
from css.core.errors import CssError
from css.core.money import ZERO
from css.db.bulk import copy_rows
from css.db.sql import block

_FILE: Final = ("bill_id", "kind", "file_name", "sha256", "content", "rendered_at")
WRITERS: Final[Mapping[BillFileKind, Callable[[BillDocument], bytes]]] = {
    BillFileKind.PDF: render_pdf,
    BillFileKind.XML: render_ubl,
    BillFileKind.CALLS: render_statement,
    BillFileKind.DATA: render_data,
}


def render_block(session: Session, bill_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Render posted bills and store their files; bills that have theirs are filtered.

    ``billing.queries.bills_to_render`` says which are left. A bill whose document contradicts itself is not rendered and
    counted as rejected (CSS445E), with what is wrong. So is one whose files, read back before they are stored, are not valid
    against the UBL schema (CSS840E), cannot be read (CSS841E) or say another figure than the rows (CSS842E): such a bill is
    not issued. What is stored says the instant of the run, not of the rendering: the same bill gives the same bytes whenever
    it is done.

    Raises:
        NotFound: CSS444E, nobody is our own retail arm.
    """
    waiting = session.execute(block("billing", "render.without_files"), {"bills": list(bill_ids)}).scalars().all()
    house = supplier(session)
    rendered, set_aside = Rendered(), []
    sound: list[tuple[AsPosted, BillDocument]] = []
    for posted in bills_as_posted(session, waiting):
        try:
            sound.append((posted, sound_document(posted.bill, house)))
        except CssError as fault:
            set_aside.append(_not_rendered(posted, "document", fault.code, str(fault)))
    copy_rows(session, "billing.bill_file", _FILE, (row for posted, document in sound for row in rendered.rows(posted, document)))
    set_aside += rendered.set_aside
    if waiting:
        after = {"bills": rendered.count, "set_aside": len(set_aside)}
        audit.record(session, by=by, at=at, verb="render_bills", subject=("bills", f"{waiting[0]} to {waiting[-1]}"), after=after)
    return BlockTotals(
        read=len(bill_ids),
        written=rendered.count,
        filtered=len(bill_ids) - len(waiting),
        rejected=len(set_aside),
        amount=rendered.amount,
        set_aside=tuple(set_aside),
    )


class Rendered:
    """What a block has rendered so far. Files are made as they are asked for: a block's bytes never lie in memory whole."""

    def __init__(self) -> None:
        self.count = 0
        self.amount = ZERO
        self.set_aside: list[SetAside] = []

    def rows(self, posted: AsPosted, document: BillDocument) -> Iterator[tuple[object, ...]]:
        """The files of one bill as rows of their table; none when they are not right, and then the bill is set aside."""
        files = {kind: WRITERS[kind](document) for kind in files_of(document)}
        faults = check_files(document, files, against_schema=True)
        if faults:
            words = (
                f"The files of bill {posted.bill.number} are not right, and it was not issued: {' '.join(fault.words for fault in faults)}"
            )
            self.set_aside.append(_not_rendered(posted, "files", faults[0].code, words))
            return
        self.count += 1
        self.amount += document.invoice_total
        for kind, content in files.items():
            name = f"{posted.bill.number}.{kind}"
            yield posted.bill_id, kind, name, hashlib.sha256(content).hexdigest(), content, posted.issue_at


def _not_rendered(posted: AsPosted, what: str, code: str, words: str) -> SetAside:
    return SetAside(source_key=f"bill/{posted.bill.number}/{what}", code=code, words=words, raw=posted.bill.number)
