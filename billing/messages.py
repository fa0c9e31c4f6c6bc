"""What billing tells partners by XML: ``schemas/bill-1.xsd``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5

from billing.words import BillFileKind
from css.core.calendar import Period
from css.core.money import Money
from css.xml import MessageHeader, Party, add, add_header, add_optional, date_text, document, to_bytes

BILL: Final = "{urn:css:bill:1}"
BILL_NOTICE: Final = "BillNotice"
_IDS: Final = UUID("0f0a6d1c-7c1b-5f53-9d7f-51c3a8d0c6e4")
"""Names our own ids of messages, so that the notice of a bill has the same id whenever it is written."""
FORMS: Final = {
    BillFileKind.XML: ("INVOICE_XML", "application/xml"),
    BillFileKind.PDF: ("BILL_PDF", "application/pdf"),
    BillFileKind.CALLS: ("CALLS_XML", "application/xml"),
    BillFileKind.DATA: ("BILL_DATA", "text/csv"),
}
"""The files of a bill in the order of a notice: what each is called in it, and its media type."""


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """A file of the bill, as issued."""

    kind: BillFileKind
    file_name: str
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillIssued:
    """What a notice says of a bill."""

    number: str
    account_number: str
    issue_on: date
    period: Period
    due_on: date | None
    """None when nothing is to be paid."""
    invoice_total: Money
    amount_due: Money
    files: Sequence[NoticeFile]


def notice_key(bill_number: str) -> str:
    """The source key of a bill's notice in the outbox."""
    return f"bill/{bill_number}/notice"


def message_id(source_key: str) -> str:
    """The id of a message of billing's, the same for ever."""
    return str(uuid5(_IDS, source_key))


def conversation_of(bill_number: str) -> str:
    """A bill begins a conversation of its own."""
    return message_id(f"bill/{bill_number}")


def bill_notice(bill: BillIssued, *, sender: Party, receiver: Party, at: datetime) -> bytes:
    """The BillNotice that tells a partner a bill is ready and how to know its files. The same bill gives the same bytes."""
    root = document(f"{BILL}{BILL_NOTICE}")
    add_header(
        root,
        MessageHeader(
            message_id=message_id(notice_key(bill.number)),
            message_type=BILL_NOTICE,
            conversation_id=conversation_of(bill.number),
            sender=sender,
            receiver=receiver,
            created_at=at,
            sequence_no=1,
        ),
    )
    told = add(root, "Bill")
    add(told, "BillNumber", bill.number)
    add(told, "AccountNumber", bill.account_number)
    add(told, "BillDate", date_text(bill.issue_on))
    add(told, "PeriodFirstDay", date_text(bill.period.starts_on))
    add(told, "PeriodLastDay", date_text(bill.period.last_day))
    add_optional(told, "DueDate", date_text(bill.due_on))
    add(told, "Currency", "GBP")
    add(told, "InvoiceTotal", str(bill.invoice_total))
    add(told, "AmountDue", str(bill.amount_due))
    documents = add(told, "Documents")
    for file in sorted(bill.files, key=lambda one: list(FORMS).index(one.kind)):
        kind, media_type = FORMS[file.kind]
        entry = add(documents, "Document")
        add(entry, "Kind", kind)
        add(entry, "MediaType", media_type)
        add(entry, "ByteCount", str(file.byte_count))
        add(entry, "Sha256", file.sha256)
        add(entry, "Reference", file.file_name)
    return to_bytes(root)
