"""Dispatching rendered bills: files on disk, a notice to partners, and the bill is issued."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.actions.spool import put_files
from billing.bill_mail import bill_message, letter_of, takes_mail
from billing.commands import BlockTotals, SetAside
from billing.messages import BILL_NOTICE, BillIssued, NoticeFile, bill_notice, conversation_of, message_id, notice_key
from billing.pdf_reading import page_count
from billing.print_batch import PrintedBill, batch_file, batch_name
from billing.words import BillFileKind
from css import audit
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.money import ZERO, Money
from css.core.words import BillMedium
from css.db.sql import block
from css.handover import next_outbox_sequence, put_in_outbox
from css.xml import Party

PARTY_SCHEME: Final = "DUNS"
NO_ADDRESS: Final = "CSS843W"


def dispatch_block(session: Session, bill_ids: Sequence[int], *, directory: Path, by: Actor, at: datetime) -> BlockTotals:
    """Write the files of rendered bills below ``directory`` and mark them issued; bills issued before are filtered.

    Files are ``<directory>/<district>/<business date of the run>/<bill number>.<kind>``, each whole or not there. Beside them
    stand the message of a bill that goes by e-mail, ``<bill number>.eml``, and for the bills of the block that are printed the
    list of their batch (``billing.print_batch``). A partner's bill also leaves a BillNotice in the outbox. Doing it again
    writes the same files. ``billing.queries.bills_to_dispatch`` says which are left. A stored file that is no longer what its
    hash says is not sent: its bill is counted as rejected (CSS446E). One whose e-mail address is none is printed and told of
    (CSS843W).

    Raises:
        Unavailable: CSS447E, the directory cannot be written.
    """
    waiting = session.execute(block("billing", "dispatch.waiting"), {"bills": list(bill_ids)}).all()
    files: dict[int, list[Row[Any]]] = defaultdict(list)
    for file in session.execute(block("billing", "dispatch.files"), {"bills": [row.id for row in waiting]}):
        files[file.bill_id].append(file)
    set_aside: dict[int, SetAside] = {}
    messages: dict[int, bytes] = {}
    printed: dict[tuple[Path, BillMedium], list[PrintedBill]] = defaultdict(list)
    alarms: list[str] = []
    for row in waiting:
        medium = BillMedium(row.payer["medium"])
        if any(hashlib.sha256(file.content).hexdigest() != file.sha256 for file in files[row.id]):
            words = f"A stored file of bill {row.number} is not what was rendered; it was not sent."
            set_aside[row.id] = SetAside(source_key=f"bill/{row.number}/file", code="CSS446E", words=words, raw=row.number)
            continue
        if medium is BillMedium.EMAIL and takes_mail(row.payer["name"], row.payer["email"]):
            messages[row.id] = bill_message(letter_of(row), bytes(_pdf(files[row.id]).content))
        elif medium is BillMedium.EMAIL:
            alarms.append(f"{NO_ADDRESS} Bill {row.number} was to go by e-mail and its address is none; it is printed instead.")
            medium = BillMedium.PAPER
        if medium in {BillMedium.PAPER, BillMedium.LARGE_PRINT}:
            pdf = _pdf(files[row.id])
            printed[_folder(directory, row), medium].append(
                PrintedBill(row.number, pdf.file_name, page_count(bytes(pdf.content)), pdf.sha256)
            )
    sound = [row for row in waiting if row.id not in set_aside]
    spooled = {folder / batch_name(medium, bills): batch_file(medium, bills) for (folder, medium), bills in printed.items()}
    for row in sound:
        folder = _folder(directory, row)
        # As the driver gave them: a copy of the files of a bill of two thousand pages would be felt.
        spooled |= {folder / file.file_name: file.content for file in files[row.id]}
        if row.id in messages:
            spooled[folder / f"{row.number}.eml"] = messages[row.id]
    put_files(directory, spooled)
    _tell_partners(session, sound, files, at)
    session.execute(block("billing", "dispatch.mark_issued"), {"bills": [row.id for row in sound]})
    if waiting:
        after = {"bills": len(sound), "set_aside": len(set_aside)}
        subject = ("bills", f"{waiting[0].number} to {waiting[-1].number}")
        audit.record(session, by=by, at=at, verb="dispatch_bills", subject=subject, after=after)
    return BlockTotals(
        read=len(bill_ids),
        written=len(sound),
        filtered=len(bill_ids) - len(waiting),
        rejected=len(set_aside),
        amount=Money(sum(row.invoice_gross for row in sound)),
        set_aside=tuple(set_aside.values()),
        alarms=tuple(alarms),
    )


def _folder(directory: Path, bill: Row[Any]) -> Path:
    folder: Path = directory / bill.district_code / bill.business_date.isoformat()
    return folder


def _pdf(files: Sequence[Row[Any]]) -> Row[Any]:
    return next(file for file in files if file.kind == BillFileKind.PDF)


def _tell_partners(session: Session, bills: Sequence[Row[Any]], files: Mapping[int, Sequence[Row[Any]]], at: datetime) -> None:
    """Leave a notice for each bill of a partner's account, in order of bill number."""
    of_partner: dict[int, list[Row[Any]]] = defaultdict(list)
    for bill in bills:
        if not bill.is_own_retail:
            of_partner[bill.provider_id].append(bill)
    # One statement a partner, in the same order everywhere: two dispatchers never wait for each other's counters crosswise.
    for provider_id, partners_bills in sorted(of_partner.items()):
        first = next_outbox_sequence(session, provider_id, count=len(partners_bills))
        for sequence, bill in enumerate(partners_bills, start=first):
            _leave_notice(session, bill, files[bill.id], sequence, at)


def _leave_notice(session: Session, bill: Row[Any], files: Sequence[Row[Any]], sequence: int, at: datetime) -> None:
    amount_due, invoice_total = Money(bill.amount_due), Money(bill.invoice_gross)
    issued = BillIssued(
        number=bill.number,
        account_number=bill.account_number,
        issue_on=bill.issue_on,
        period=Period(bill.period_starts_on, bill.period_ends_on),
        due_on=bill.due_on if amount_due > ZERO else None,
        invoice_total=invoice_total,
        amount_due=amount_due,
        files=tuple(NoticeFile(BillFileKind(file.kind), file.file_name, len(file.content), file.sha256) for file in files),
    )
    sender, receiver = Party(bill.own_party_id, PARTY_SCHEME), Party(bill.party_id, PARTY_SCHEME)
    key = notice_key(bill.number)
    put_in_outbox(
        session,
        provider_id=bill.provider_id,
        sequence=sequence,
        source_key=key,
        message_id=message_id(key),
        message_type=BILL_NOTICE,
        conversation_id=conversation_of(bill.number),
        ref_to_message_id=None,
        # Said as of the run, like everything on the bill: the notice has the same bytes whenever it is written.
        body=bill_notice(issued, sender=sender, receiver=receiver, at=bill.issue_at),
        at=at,
    )
