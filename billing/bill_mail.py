"""A bill by e-mail: one message file with the PDF in it, ready for a mail server's pickup folder.

The same bill gives the same message: its id, its boundary and its date come from the bill and its run, so a night that is
killed and done again sends nothing twice that a mail server cannot tell for the same. What the body says is what page one
says; numbers called and calls are in the PDF alone, as far as they may be shown there.
"""

from __future__ import annotations

import hashlib
import re
from base64 import encodebytes
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime
from quopri import encodestring
from typing import Any, Final

from sqlalchemy import Row

from billing.bill_pdf.words import long_date
from billing.house_papers import CONTACTS, MAILBOX, trading_name
from billing.ubl import one_line
from billing.words import BillKind
from css.core.ids import format_id
from css.core.money import ZERO, Money
from css.core.words import PaymentMeans

SUBJECTS: Final = {
    BillKind.BILL: "Your bill",
    BillKind.FINAL: "Your final bill",
    BillKind.INTERIM: "Your interim bill",
    BillKind.CREDIT_NOTE: "Your credit note",
}
_LINE_MAX: Final = 76
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9&'/-]+(?: [A-Za-z0-9&'/-]+)*")
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9'+_-]+(?:\.[A-Za-z0-9'+_-]+)*@[A-Za-z0-9.-]+")
"""Of the atoms of RFC 5322 those that can mean nothing else: what stands in a header as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLetter:
    """What a message says of a bill."""

    number: str
    kind: BillKind
    account_number: str
    name: str
    email: str
    issue_on: date
    issue_at: datetime
    """The instant of the run: the date of the message."""
    due_on: date
    amount_due: Money
    by_direct_debit: bool
    paid_by: str = ""
    """The group account that is asked for the amount, where one is."""
    sender_name: str = ""


def takes_mail(name: str, email: str | None) -> bool:
    """Whether a message can be written to that address."""
    try:
        Address(one_line(name), addr_spec=email or "")
    except (ValueError, IndexError):
        return False
    return bool(email)


def letter_of(bill: Row[Any]) -> BillLetter:
    """What the message of a bill says, from its row and its run."""
    payer = bill.payer
    return BillLetter(
        number=bill.number,
        kind=BillKind(bill.kind),
        account_number=bill.account_number,
        name=payer["name"],
        email=payer["email"],
        issue_on=bill.issue_on,
        issue_at=bill.issue_at,
        due_on=bill.due_on,
        amount_due=Money(bill.amount_due),
        by_direct_debit=payer["payment_means"] == PaymentMeans.DIRECT_DEBIT,
        # Bills calculated before groups were known have no such entry.
        paid_by=payer.get("paid_by") or "",
        sender_name=trading_name(bill.own_name),
    )


def bill_message(letter: BillLetter, pdf: bytes) -> bytes:
    """The message by RFC 5322, lines ended as mail servers want them. Expects an address that takes mail.

    Written out here: the library's message takes longer than the PDF in it takes to read back. It is still asked for what
    is hard, a name that is not plain; the tests read every message back with it.
    """
    boundary = f"=_{hashlib.sha256(letter.number.encode()).hexdigest()[:40]}"
    head = (
        _address("To", letter.name, letter.email),
        _address("From", letter.sender_name, MAILBOX),
        f"Subject: {SUBJECTS[letter.kind]} {letter.number} of {long_date(letter.issue_on)}",
        f"Date: {format_datetime(letter.issue_at)}",
        f"Message-ID: <{letter.number.lower()}@{MAILBOX.partition('@')[2]}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed;\n boundary="{boundary}"',
        "",
        f"--{boundary}",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        encodestring(_words(letter).encode()).decode("ascii"),
        f"--{boundary}",
        "Content-Type: application/pdf",
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{letter.number}.pdf"',
        "",
        "",
    )
    whole = "\n".join(head).encode("ascii") + encodebytes(pdf) + f"--{boundary}--\n".encode("ascii")
    return whole.replace(b"\n", b"\r\n")


def _address(header: str, name: str, address: str) -> str:
    """A header with one mailbox, without the end of its line."""
    said = one_line(name)
    line = f"{header}: {said} <{address}>"
    if len(line) <= _LINE_MAX and _PLAIN_NAME.fullmatch(said) and _PLAIN_ADDRESS.fullmatch(address):
        return line
    _, mailbox = SMTP.header_store_parse(header, str(Address(said, addr_spec=address)))
    folded: str = SMTP.fold(header, mailbox)
    return folded.replace("\r\n", "\n").removesuffix("\n")


def _words(letter: BillLetter) -> str:
    account = format_id(letter.account_number)
    paragraphs = (
        f"Dear {one_line(letter.name)},",
        f"{SUBJECTS[letter.kind]} {letter.number} of {long_date(letter.issue_on)} for account {account} is attached.",
        _to_pay(letter),
        "If you have a question about it: " + ", ".join(f"{contact.label.lower()} {contact.value}" for contact in CONTACTS[:1]) + ".",
        "This message was made by a machine. Never answer a message that asks for your bank's particulars: we do not send any.",
    )
    return "\n\n".join(_folded(paragraph) for paragraph in paragraphs) + "\n"


def _to_pay(letter: BillLetter) -> str:
    due = letter.amount_due
    if letter.paid_by:
        return f"Amount due: {due.sterling}. It is asked for on the bill of account {format_id(letter.paid_by)}; you need do nothing."
    if due < ZERO:
        return f"Amount due: nothing. Your account is in credit by {(-due).sterling}."
    if not due:
        return "Amount due: nothing."
    if letter.by_direct_debit:
        return f"Amount due: {due.sterling}. We shall collect it by Direct Debit on {long_date(letter.due_on)}; you need do nothing."
    return f"Amount due: {due.sterling}. Please pay by {long_date(letter.due_on)}; how is said on the bill."


def _folded(paragraph: str) -> str:
    lines: list[str] = []
    for word in paragraph.split():
        if lines and len(lines[-1]) + len(word) < _LINE_MAX:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
