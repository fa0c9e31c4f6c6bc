"""Dispatching rendered bills: files on disk, a notice to partners, and the bill is issued."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.commands import BlockTotals, SetAside
from billing.messages import BILL_NOTICE, BillIssued, NoticeFile, bill_notice, conversation_of, message_id, notice_key
from css import audit
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.errors import Unavailable
from css.core.money import ZERO, Money
from css.db.sql import block
from css.handover import next_outbox_sequence, put_in_outbox
from css.xml import Party

PARTY_SCHEME: Final = "DUNS"
FILE_MODE: Final = 0o640
"""Bills are personal: the owner writes, a mailing program of the group reads."""
WRITERS: Final = 8
"""Files pushed to the disk at the same time: it takes several in little more than the time of one."""


def dispatch_block(session: Session, bill_ids: Sequence[int], *, directory: Path, by: Actor, at: datetime) -> BlockTotals:
    """Write the files of rendered bills below ``directory`` and mark them issued; bills issued before are filtered.

    Files are ``<directory>/<district>/<business date of the run>/<bill number>.pdf`` and ``.xml``, each whole or not
    there. A partner's bill also leaves a BillNotice in the outbox. Doing it again writes the same files.
    ``billing.queries.bills_to_dispatch`` says which are left. A stored file that is no longer what its hash says is not
    sent: its bill is counted as rejected (CSS446E).

    Raises:
        Unavailable: CSS447E, the directory cannot be written.
    """
    waiting = session.execute(block("billing", "dispatch.waiting"), {"bills": list(bill_ids)}).all()
    files: dict[int, list[Row[Any]]] = defaultdict(list)
    for file in session.execute(block("billing", "dispatch.files"), {"bills": [row.id for row in waiting]}):
        files[file.bill_id].append(file)
    spoilt = {file.bill_id for of_bill in files.values() for file in of_bill if hashlib.sha256(file.content).hexdigest() != file.sha256}
    sound = [row for row in waiting if row.id not in spoilt]
    _write_files(directory, sound, files)
    _tell_partners(session, sound, files, at)
    session.execute(block("billing", "dispatch.mark_issued"), {"bills": [row.id for row in sound]})
    if waiting:
        after = {"bills": len(sound), "spoilt": len(spoilt)}
        subject = ("bills", f"{waiting[0].number} to {waiting[-1].number}")
        audit.record(session, by=by, at=at, verb="dispatch_bills", subject=subject, after=after)
    return BlockTotals(
        read=len(bill_ids),
        written=len(sound),
        filtered=len(bill_ids) - len(waiting),
        rejected=len(spoilt),
        amount=Money(sum(row.invoice_gross for row in sound)),
        set_aside=tuple(
            SetAside(
                source_key=f"bill/{row.number}/file",
                code="CSS446E",
                words=f"A stored file of bill {row.number} is not what was rendered; it was not sent.",
                raw=row.number,
            )
            for row in waiting
            if row.id in spoilt
        ),
    )


def _write_files(directory: Path, bills: Sequence[Row[Any]], files: Mapping[int, Sequence[Row[Any]]]) -> None:
    folders: set[Path] = set()
    places: list[tuple[Path, memoryview, str]] = []
    try:
        for bill in bills:
            folder = directory / bill.district_code / bill.business_date.isoformat()
            if folder not in folders:
                folder.mkdir(parents=True, exist_ok=True)
                folders.add(folder)
            places += [(folder / file.file_name, file.content, file.sha256) for file in files[bill.id]]
        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(lambda place: _put(*place), places):
                pass  # what went wrong with a file is raised here
        for folder in sorted(folders):
            _sync_folder(folder)
    except OSError as error:
        raise Unavailable(
            "CSS447E", "Bills cannot be written below {directory}: {reason}.", directory=str(directory), reason=error.strerror or str(error)
        ) from error


def _put(path: Path, content: memoryview, sha256: str) -> None:
    """The file whole or not at all, whatever is killed: written beside its place, pushed to the disk, then renamed."""
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return
    # The same name at every attempt: what a killed one left behind is written over.
    beside = path.with_name(f".{path.name}.part")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE), "wb") as out:  # noqa: PTH123 - the mode is given when it is made
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make the names last, too: a file system may keep a renamed file and forget its new name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
        files=tuple(NoticeFile(file.kind, file.file_name, len(file.content), file.sha256) for file in files),
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
