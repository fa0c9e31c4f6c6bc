"""The files of bills from the night's rows to the spool: which there are, how they leave, and what keeps a bill from leaving."""

from __future__ import annotations

import csv
import email
import email.policy
import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import dispatch_block, render_block
from billing.actions import render as rendering
from billing.bill_xml import render_ubl
from billing.data_file import read_data
from billing.document import BillDocument
from billing.model import Bill, BillFile
from billing.utility_statement import read_statement
from billing.words import BillFileKind
from css.core.money import Money
from css.core.words import Segment
from tests import builders
from tests.golden.rule_files import all_faults, schema_faults
from tests.records.billed import NIGHT, at, bills, night, rated_call

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)
FOLDER = Path("ZZ") / "2026-02-05"


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


def line_of(session: Session, zz: builders.BuiltDistrict, **account: Any) -> builders.BuiltLine:  # noqa: ANN401 - any field
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5, **account), starts_on=START)


@pytest.fixture
def firm(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A business with two calls, an e-mail address and Direct Debit."""
    line = line_of(
        session,
        zz,
        segment=Segment.BUSINESS,
        billing_name="Hollin & Daughters Ltd",
        medium="email",
        email="accounts@example.com",
        payment_means="direct-debit",
        mandate_reference="WREN000041",
    )
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    rated_call(session, line, 2, date(2026, 1, 21), 8_000_000, charge_class="MOB", band="evening", other_number="447700900123")
    return line


def files_of(session: Session, bill: Bill) -> dict[BillFileKind, bytes]:
    return {file.kind: bytes(file.content) for file in session.execute(select(BillFile).where(BillFile.bill_id == bill.id)).scalars()}


def test_a_firm_has_all_four_files_and_each_says_the_same(session: Session, firm: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (bill,) = bills(session, firm.account)
    files = files_of(session, bill)
    assert set(files) == {BillFileKind.PDF, BillFileKind.XML, BillFileKind.CALLS, BillFileKind.DATA}
    assert all_faults(files[BillFileKind.XML]) == []
    assert schema_faults(files[BillFileKind.CALLS]) == []
    (calls,) = read_statement(files[BillFileKind.CALLS]).sums
    assert (calls.call_count, calls.price.millionths) == (2, 18_400_000)
    read = read_data(files[BillFileKind.DATA])
    assert (read.bill_number, read.account_number) == (bill.number, firm.account.number)
    assert (read.net, read.vat, read.invoice_total, read.amount_due) == (
        bill.invoice_net,
        bill.invoice_vat,
        bill.invoice_gross,
        bill.amount_due,
    )
    assert read.sums == (calls,)
    # The line that a call names is the one of its class.
    rows = list(csv.reader(io.StringIO(files[BillFileKind.DATA].decode())))
    words = {row[1]: row[3] for row in rows if row[0] == "LINE"}
    assert [words[row[2]] for row in rows if row[0] == "CALL"] == ["Calls to UK landlines, daytime", "Calls to UK mobiles, evening"]


def _no_number(document: BillDocument) -> bytes:
    return render_ubl(document).replace(b"<cbc:IssueDate>", b"<cbc:IssueTime>").replace(b"</cbc:IssueDate>", b"</cbc:IssueTime>")


def _dearer(document: BillDocument) -> bytes:
    return render_ubl(replace(document, invoice_total=document.invoice_total + Money(1)))


def _cut_short(document: BillDocument) -> bytes:
    return render_ubl(document)[:-20]


@pytest.mark.parametrize(
    ("writer", "code", "said"),
    [
        (_no_number, "CSS840E", "e-invoice: SCHEMAV"),
        (_dearer, "CSS842E", "e-invoice: invoice total: the document says"),
        (_cut_short, "CSS841E", "e-invoice: it cannot be read (CSS506E)."),
    ],
)
def test_a_bill_with_a_file_that_is_not_right_is_not_issued(
    session: Session,
    zz: builders.BuiltDistrict,
    firm: builders.BuiltLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    writer: Callable[[BillDocument], bytes],
    code: str,
    said: str,
) -> None:
    home = line_of(session, zz)
    night(session, FEBRUARY)
    wrong, right = bills(session, firm.account)[0], bills(session, home.account)[0]
    session.execute(text("DELETE FROM billing.bill_file"))
    well = rendering.WRITERS[BillFileKind.XML]

    def ill(document: BillDocument) -> bytes:
        return (writer if document.bill_number == wrong.number else well)(document)

    monkeypatch.setattr(rendering, "WRITERS", {**rendering.WRITERS, BillFileKind.XML: ill})
    totals = render_block(session, [wrong.id, right.id], by=NIGHT, at=at(FEBRUARY))
    assert (totals.read, totals.written, totals.rejected, totals.amount) == (2, 1, 1, right.invoice_gross)
    (aside,) = totals.set_aside
    assert (aside.code, aside.source_key) == (code, f"bill/{wrong.number}/files")
    assert said in aside.words
    assert queries.bills_to_dispatch(session, right.bill_run_id) == (right.id,)
    # Once mended, the next night has it.
    monkeypatch.undo()
    assert render_block(session, [wrong.id, right.id], by=NIGHT, at=at(FEBRUARY)).written == 1
    assert dispatch_block(session, [wrong.id, right.id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY)).written == 2


def test_a_bill_by_e_mail_is_a_message_with_the_pdf_in_it(session: Session, firm: builders.BuiltLine, tmp_path: Path) -> None:
    night(session, FEBRUARY, tmp_path)
    (bill,) = bills(session, firm.account)
    written = (tmp_path / FOLDER / f"{bill.number}.eml").read_bytes()
    message = email.message_from_bytes(written, policy=email.policy.default)
    assert message["To"] == "Hollin & Daughters Ltd <accounts@example.com>"
    assert message["Subject"] == f"Your bill {bill.number} of 5 February 2026"
    assert message["Message-ID"] == f"<{str(bill.number).lower()}@example.com>"
    assert message["Date"].datetime == at(FEBRUARY)
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    said = " ".join(body.get_content().split())
    assert f"Amount due: {bill.amount_due.sterling}. We shall collect it by Direct Debit on" in said
    assert "7700" not in said, "what was called stands in the PDF alone"
    (attached,) = message.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", f"{bill.number}.pdf")
    assert attached.get_content() == files_of(session, bill)[BillFileKind.PDF]
    assert not list(tmp_path.rglob("print-*")), "nothing is printed of it"
    # Done again after a kill, it is the same message.
    (tmp_path / FOLDER / f"{bill.number}.eml").unlink()
    session.execute(text("UPDATE billing.bill SET state = 'posted'"))
    session.expire_all()
    dispatch_block(session, [bill.id], directory=tmp_path, by=NIGHT, at=at(date(2026, 2, 6)))
    assert (tmp_path / FOLDER / f"{bill.number}.eml").read_bytes() == written


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("amount_due = 0, brought_forward = -invoice_gross", "Amount due: nothing."),
        ("amount_due = -100, brought_forward = -invoice_gross - 100", "Your account is in credit by £1.00."),
        ("""payer = payer || '{"payment_means": "cash"}'""", "Please pay by 19 February 2026"),
        ("""payer = payer || '{"paid_by": "ZZA00012344"}'""", "It is asked for on the bill of account ZZ A 0001 2344"),
    ],
)
def test_the_message_says_what_is_to_be_done(session: Session, firm: builders.BuiltLine, tmp_path: Path, changed: str, said: str) -> None:
    night(session, FEBRUARY)
    session.execute(text("ALTER TABLE billing.bill DISABLE TRIGGER USER"))
    session.execute(text(f"UPDATE billing.bill SET {changed}"))
    session.expire_all()
    (bill,) = bills(session, firm.account)
    dispatch_block(session, [bill.id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    message = email.message_from_bytes((tmp_path / FOLDER / f"{bill.number}.eml").read_bytes(), policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    assert body is not None
    assert said in " ".join(body.get_content().split())


@pytest.mark.parametrize("address", ["", "nobody", "a@example.com\r\nBcc: all@example.com"])
def test_a_bill_whose_address_is_none_is_printed_and_told_of(
    session: Session, firm: builders.BuiltLine, tmp_path: Path, address: str
) -> None:
    night(session, FEBRUARY)
    session.execute(text("ALTER TABLE billing.bill DISABLE TRIGGER USER"))
    session.execute(
        text("UPDATE billing.bill SET payer = payer || jsonb_build_object('email', CAST(:address AS text))"), {"address": address}
    )
    session.expire_all()
    (bill,) = bills(session, firm.account)
    totals = dispatch_block(session, [bill.id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    assert (totals.written, totals.rejected) == (1, 0)
    assert [alarm[:7] for alarm in totals.alarms] == ["CSS843W"]
    assert not list(tmp_path.rglob("*.eml"))
    assert [path.name for path in tmp_path.rglob("print-*")] == [f"print-paper-{bill.number}.csv"]


def test_what_is_printed_is_listed_by_medium_with_its_pages(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    paper = [line_of(session, zz) for _ in range(2)]
    large = line_of(session, zz, medium="large-print")
    line_of(session, zz, medium="xml", endpoint="9932:GB999999973", vat_number="GB999999973", segment=Segment.BUSINESS)
    night(session, FEBRUARY, tmp_path)
    numbers = sorted(str(bills(session, line.account)[0].number) for line in paper)
    folder = tmp_path / FOLDER
    assert sorted(path.name for path in folder.glob("print-*")) == [
        f"print-large-print-{bills(session, large.account)[0].number}.csv",
        f"print-paper-{numbers[0]}.csv",
    ]
    head, *rows, trailer = csv.reader(io.StringIO((folder / f"print-paper-{numbers[0]}.csv").read_text()))
    assert head == ["HEADER", "paper", "file_name", "bill_number", "pages", "sha256"]
    assert [row[3] for row in rows] == numbers
    assert [row[5] for row in rows] == [hashlib.sha256((folder / row[2]).read_bytes()).hexdigest() for row in rows]
    assert trailer == ["TRAILER", "paper", "2", str(sum(int(row[4]) for row in rows))]
    assert all(int(row[4]) >= 1 for row in rows)
