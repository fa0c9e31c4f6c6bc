"""Copies of issued bills: the bytes that were sent, sent again. A bill is never rendered a second time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from billing.actions.sound import sound_document
from billing.actions.spool import put_files
from billing.bill_pdf import render_pdf
from billing.credit_commands import BillCopied, CopiedFile, CopyBill
from billing.model import Bill, BillCopy, BillFile, BillRun
from billing.queries.accounts import account_named
from billing.queries.as_posted import bills_as_posted, supplier
from billing.rules.bill_number import read_bill_number
from billing.rules.permission import require_may
from billing.words import BillFileKind, BillState
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, NotFound, Refused
from css.core.words import BillMedium
from css.db.sql import block
from css.master.accounts import Account
from css.master.districts import business_date
from css.settings import settings

FILES_OF: Final[Mapping[BillMedium, frozenset[BillFileKind]]] = {
    BillMedium.PAPER: frozenset({BillFileKind.PDF}),
    BillMedium.LARGE_PRINT: frozenset({BillFileKind.LARGE}),
    BillMedium.EMAIL: frozenset({BillFileKind.PDF}),
    BillMedium.XML: frozenset({BillFileKind.XML, BillFileKind.CALLS}),
}
"""What is sent by each way; of the e-invoice and its calls as many as the bill has."""


@audit.answered
def copy_bill(session: Session, command: CopyBill, *, by: Actor, at: datetime, directory: Path | None = None) -> BillCopied:
    """Put an issued bill's own files once more into the spool, and note who asked for it and why.

    ``directory`` is the spool's ``copies`` where none is given. The files lie in ``<district>/<business date>/<medium>/`` below
    it, whole or not at all, with the bytes they had when the bill was issued. A bill that went out in ordinary print is set in
    large print once, when somebody first asks for it; that is kept with its hash and is the one sent from then on.

    Raises:
        NotFound: CSS448E, no such bill. BadMessage: CSS805E no reason; errors of ``parse_id``.
        Conflict: CSS816E, the bill has not gone out yet.
        Refused: CSS443E the actor may not, CSS817E a stored file is not what was rendered.
        Unavailable: CSS447E, the directory cannot be written.
    """
    require_may(by, "send copies")
    if not command.reason.strip():
        raise BadMessage("CSS805E", "Say why a copy is sent.", element="reason")
    bill = _issued(session, command.bill_number, by)
    today = business_date(session, bill.district_code)
    files: dict[BillFileKind, Any] = {
        BillFileKind(row.kind): row for row in session.execute(block("billing", "statements.copied_files"), {"bill": bill.id})
    }
    wanted = FILES_OF[command.medium]
    if command.medium is BillMedium.LARGE_PRINT:
        if bill.payer["medium"] == BillMedium.LARGE_PRINT:
            wanted = FILES_OF[BillMedium.PAPER]
        elif BillFileKind.LARGE not in files:
            files[BillFileKind.LARGE] = _set_large(session, bill)
    chosen = [files[kind] for kind in BillFileKind if kind in wanted and kind in files]
    for file in chosen:
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            raise Refused(
                "CSS817E",
                "The stored {kind} of bill {number} is not what was rendered; it is not sent.",
                kind=file.kind,
                number=bill.number,
            )
    folder = Path(bill.district_code) / today.isoformat() / command.medium.value
    below = directory or settings().home / "spool" / "copies"
    put_files(below, {below / folder / file.file_name: bytes(file.content) for file in chosen})
    session.execute(
        insert(BillCopy),
        [
            {
                "bill_id": bill.id,
                "file_kind": BillFileKind(file.kind),
                "medium": command.medium,
                "reason": command.reason.strip(),
                "made_on": today,
                "made_by": by.name,
            }
            for file in chosen
        ],
    )
    answer = BillCopied(
        bill_number=bill.number,
        medium=command.medium,
        files=tuple(CopiedFile(kind=BillFileKind(file.kind), path=str(folder / file.file_name), sha256=file.sha256) for file in chosen),
    )
    after = {**to_plain(command), "files": [file.path for file in answer.files]}
    audit.record(session, by=by, at=at, verb="copy_bill", subject=("bill", bill.number), after=after)
    return answer


def _issued(session: Session, bill_number: str, by: Actor) -> Row[Any]:
    """The bill, its row locked: two people who ask for its first large print wait for each other."""
    number = read_bill_number(bill_number)
    row = session.execute(
        select(Bill.id, Bill.number, Bill.state, Bill.district_code, Bill.payer, BillRun.issue_at, Account.number.label("account_number"))
        .join(BillRun, BillRun.id == Bill.bill_run_id)
        .join(Account, Account.id == Bill.account_id)
        .where(Bill.number == number)
        .with_for_update(of=Bill, key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFound("CSS448E", "There is no bill {number}.", number=number, element="bill_number")
    account_named(session, row.account_number, by)
    if row.state is not BillState.ISSUED:
        raise Conflict(
            "CSS816E", "Bill {number} is {state}: there is no copy before it has gone out.", number=row.number, state=row.state.value
        )
    return row


def _set_large(session: Session, bill: Row[Any]) -> BillFile:
    """The same bill in large print, from what was posted, kept for ever after."""
    (posted,) = bills_as_posted(session, [bill.id])
    document = replace(sound_document(posted.bill, supplier(session)), large_print=True)
    content = render_pdf(document)
    made = BillFile(
        bill_id=bill.id,
        kind=BillFileKind.LARGE,
        file_name=f"{bill.number}.{BillFileKind.LARGE.value}",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        rendered_at=bill.issue_at,
    )
    session.add(made)
    session.flush()
    return made
