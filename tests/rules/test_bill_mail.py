"""The message of a bill by e-mail, read back by the library's parser and held against the message the library would write."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from billing.bill_mail import BillLetter, bill_message, takes_mail
from billing.house_papers import MAILBOX
from billing.words import BillKind
from css.core.money import Money

LETTER = BillLetter(
    number="ZZB00000012",
    kind=BillKind.BILL,
    account_number="ZZA00012344",
    name="Ann Hollin",
    email="ann@example.com",
    issue_on=date(2026, 2, 5),
    issue_at=datetime(2026, 2, 5, 23, tzinfo=UTC),
    due_on=date(2026, 2, 19),
    amount_due=Money(12_34),
    by_direct_debit=True,
    sender_name="Cherwell Telecom",
)
# Every byte there is, the ends of lines of every kind among them, and lengths around a line of base64.
PDFS = (b"%PDF" + bytes(range(256)) + b"\r\n\n\r.\r\n--=_\r\n", b"%", *(bytes(range(length)) for length in (56, 57, 58, 114)))
NAMES = (
    "Ann Hollin",
    "Hollin & Daughters Ltd",
    "Mrs A. Hollin",
    'Ann "Nan" Hollin, Esq.',
    "Siân Tŷ Gŵyr",
    "The Honourable Company of Makers of Very Long Names Indeed of Hollin Minor",
    "Bwrdd Iechyd a Gofal Cymdeithasol Cyfnewidiol Dyffryn Tŷ Gŵyr a'r Cylch Cyfan Cyf",
    "A" * 200,
    "Ann\r\nBcc: all@example.com",
)


def read_back(written: bytes) -> EmailMessage:
    message = email.message_from_bytes(written, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def by_library(letter: BillLetter, words: str, pdf: bytes) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["To"] = Address(" ".join(letter.name.split()), addr_spec=letter.email)
    message["From"] = Address(letter.sender_name, addr_spec=MAILBOX)
    message["Subject"] = f"Your bill {letter.number} of 5 February 2026"
    message["Date"] = letter.issue_at
    message["Message-ID"] = f"<{letter.number.lower()}@example.com>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words, cte="quoted-printable")
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{letter.number}.pdf")
    return read_back(message.as_bytes())


@pytest.mark.parametrize("pdf", PDFS)
@pytest.mark.parametrize("name", NAMES)
def test_a_message_reads_back_as_the_one_the_library_would_write(name: str, pdf: bytes) -> None:
    letter = replace(LETTER, name=name)
    message = read_back(bill_message(letter, pdf))
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    wanted = by_library(letter, body.get_content(), pdf)
    headers = ("To", "From", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version")
    assert [str(message[header]) for header in headers] == [str(wanted[header]) for header in headers]
    assert sorted(message.keys()) == sorted(wanted.keys()), "nothing in a name begins a header"
    (mailbox,) = message["To"].addresses
    # The library's own folding leaves a space too many between two words that it encodes.
    assert (mailbox.addr_spec, " ".join(mailbox.display_name.split())) == (letter.email, " ".join(name.split()))
    (attached,) = message.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename(), attached.get_content()) == (
        "application/pdf",
        "ZZB00000012.pdf",
        pdf,
    )
    said = body.get_content()
    assert " ".join(said.split()).startswith(" ".join(f"Dear {name},".split()))
    assert "£12.34" in said


@pytest.mark.parametrize("address", ["a.b+bills@example.com", '"ann hollin"@example.com', "a@" + "b" * 63 + ".example.com"])
def test_an_address_reads_back_whole(address: str) -> None:
    assert takes_mail("Ann", address)
    message = read_back(bill_message(replace(LETTER, email=address), b"%PDF"))
    assert [one.addr_spec for one in message["To"].addresses] == [address]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_ends_as_mail_servers_want_it_and_none_is_too_long(name: str) -> None:
    written = bill_message(replace(LETTER, name=name), PDFS[0])
    assert written.endswith(b"--\r\n")
    assert written.count(b"\n") == written.count(b"\r") == written.count(b"\r\n")
    assert written.isascii()
    head, _, body = written.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert max(map(len, head.split(b"\r\n"))) <= 998


def test_the_same_bill_gives_the_same_message() -> None:
    assert bill_message(LETTER, PDFS[0]) == bill_message(LETTER, PDFS[0])
    assert bill_message(LETTER, PDFS[0]) != bill_message(replace(LETTER, number="ZZB00000020"), PDFS[0])
