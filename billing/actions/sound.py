"""Whether a bill can be printed: its document is composed and looked at before the bill has a number, and again before it goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from billing.document import BillDocument, Supplier
from billing.document_check import check
from billing.queries.as_posted import AsPosted, bills_as_posted, supplier
from billing.rules.compose import PostedBill, compose
from css.core.errors import CssError, Refused
from css.db.sql import block

CONTRADICTS: Final = "CSS445E"


def sound_document(bill: PostedBill, house: Supplier) -> BillDocument:
    """The document of a bill, checked. Refused CSS445E when it contradicts itself."""
    document = compose(bill, house)
    faults = check(document)
    if faults:
        raise Refused(CONTRADICTS, "Bill {number} contradicts itself: {faults}", number=bill.number, faults=" ".join(faults))
    return document


def hold_contradictions(session: Session, bill_ids: Sequence[int]) -> int:
    """Hold those of these bills whose documents would contradict themselves (CSS445E), and say how many: while they have no
    number, they can be made again. As many statements for many bills as for one.

    The itemised calls are left to the rendering: reading them again costs six times the rest (3.6 ms a bill of 60 calls, 0.6 without).

    Raises:
        NotFound: CSS444E, nobody is our own retail arm.
    """
    if not bill_ids:
        return 0
    house = supplier(session)
    faults = [
        (one.bill_id, words)
        for one in bills_as_posted(session, bill_ids, with_calls=False, unnumbered=True)
        if (words := _fault(one, house))
    ]
    if faults:
        ids, sentences = zip(*faults, strict=True)
        session.execute(block("billing", "calculate.hold"), {"bills": list(ids), "words": list(sentences), "code": CONTRADICTS})
    return len(faults)


def _fault(one: AsPosted, house: Supplier) -> str:
    """What is wrong with the document of a bill; nothing when it is sound. One bill's figures are not another's fault."""
    try:
        sound_document(one.bill, house)
    except (CssError, ArithmeticError, ValueError) as fault:
        return str(fault)
    return ""
