"""Statements of account and copies of bills: made once, kept, the same bytes for ever."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from billing import bill_pdf
from billing.actions import copies, take_payment
from billing.actions.adjustments import credit_bill_line
from billing.actions.copies import copy_bill
from billing.actions.outside import enter_outside_item
from billing.actions.statements import make_statement
from billing.checks import check_books
from billing.commands import TakePayment
from billing.credit_commands import CopyBill, CreditBillLine, EnterOutsideItem, MakeStatement
from billing.model import Bill, BillCopy, BillFile, Statement
from billing.queries.statements import statement_document, statement_file, statements_of_account
from billing.rules.statement import OpenCharge, ageing, open_charges
from billing.statement_pdf import render_statement
from billing.words import BillFileKind, OutsideKind, PaymentMethod
from css.audit import AuditEvent
from css.core.calendar import Period
from css.core.errors import CssError
from css.core.money import ZERO, Money
from css.core.words import BillMedium
from css.master.districts import roll_business_date
from tests import builders
from tests.golden.printed import text as printed
from tests.records.billed import at, bills, night

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)
NEXT = date(2026, 2, 6)
MARCH = date(2026, 3, 5)
APRIL = date(2026, 4, 1)


@pytest.fixture
def home(session: Session, tmp_path: Path) -> builders.BuiltLine:
    """An account with a bill, a payment, a late fee, a credit note and another bill."""
    zz = builders.district(session, on=START, sites=6)
    line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
    night(session, FEBRUARY, tmp_path)
    number = line.account.number
    paid = TakePayment(account_number=number, amount=Money(1000), method=PaymentMethod.CARD)
    take_payment(session, paid, by=builders.CLERK, at=at(NEXT))
    fee = EnterOutsideItem(account_number=number, kind=OutsideKind.LATE_FEE, amount=Money(750), words="Late payment charge", reason="Red")
    enter_outside_item(session, fee, by=builders.OPERATOR, at=at(NEXT))
    bill = bills(session, line.account)[0].number or ""
    command = CreditBillLine(bill_number=bill, line_number=1, amount=Money(500), reason="Fault", by_credit_note=True)
    credit_bill_line(session, command, by=builders.OPERATOR, at=at(NEXT))
    night(session, NEXT, tmp_path)
    night(session, MARCH, tmp_path)
    roll_business_date(session, "ZZ", to=APRIL)
    return line


def test_a_statement_lists_everything_with_the_running_balance(session: Session, home: builders.BuiltLine) -> None:
    first, note, second = bills(session, home.account)
    document = statement_document(session, home.account.id, Period(NEXT, APRIL), APRIL)
    assert document.opening == first.amount_due
    told = [(row.event.kind, row.event.words, row.event.reference, row.event.amount) for row in document.rows]
    payment = told[0][2]
    assert told == [
        ("payment", "Payment by Card", payment, Money(-1000)),
        ("outside", "Late payment charge", "", Money(750)),
        ("credit_note", "Credit note", note.number, note.invoice_gross),
        ("bill", "Bill, due 19 Mar 2026", second.number, second.invoice_gross),
    ]
    balances = [row.balance for row in document.rows]
    assert balances == [
        first.amount_due - Money(1000),
        first.amount_due - Money(250),
        note.amount_due,
        second.amount_due,
    ]
    assert document.closing == second.amount_due
    # By 31 March the second bill is overdue by 12 days, what is left of the first by more.
    older = second.amount_due - second.invoice_gross
    assert dict(document.ageing) == {
        "Not due yet": ZERO,
        "Up to 30 days overdue": second.invoice_gross,
        "31 to 60 days overdue": older,
        "Over 60 days overdue": ZERO,
    }


def test_a_statement_is_kept_and_says_what_it_said(session: Session, home: builders.BuiltLine) -> None:
    command = MakeStatement(account_number=home.account.number, starts_on=START, through=date(2026, 3, 31), token="s1")
    made = make_statement(session, command, by=builders.CLERK, at=at(APRIL))
    assert made == make_statement(session, command, by=builders.CLERK, at=at(APRIL))
    assert (made.opening, made.closing) == (ZERO, bills(session, home.account)[-1].amount_due)
    kept = statement_file(session, made.statement_id, by=builders.CLERK)
    assert hashlib.sha256(kept.content).hexdigest() == kept.sha256 == made.sha256
    session.execute(text("UPDATE css.account SET billing_name = 'Somebody Else'"))
    assert statement_file(session, made.statement_id, by=builders.CLERK) == kept
    (listed,) = statements_of_account(session, home.account.number, by=builders.CLERK)
    assert (listed.through, listed.made_by, listed.sha256) == (date(2026, 3, 31), "CLERK1", made.sha256)
    assert session.execute(select(func.count()).select_from(Statement)).scalar_one() == 1
    audited = session.execute(select(AuditEvent).where(AuditEvent.verb == "make_statement")).scalar_one()
    assert (audited.subject_number, (audited.after or {})["sha256"]) == (home.account.number, made.sha256)


def test_a_statement_is_the_same_bytes_and_can_be_read(session: Session, home: builders.BuiltLine) -> None:
    document = statement_document(session, home.account.id, Period(START, APRIL), APRIL)
    pdf = render_statement(document)
    assert pdf == render_statement(document)
    said = printed(pdf)
    for words in ("Statement of account", "Late payment charge", "Credit note", "31 to 60 days overdue", home.account.number):
        assert words in said, words


def test_statements_that_cannot_be_are_refused(session: Session, home: builders.BuiltLine) -> None:
    number = home.account.number
    for starts_on, through in ((APRIL, MARCH), (START, date(2026, 4, 2)), (date(2026, 5, 1), None)):
        with pytest.raises(CssError) as refusal:
            make_statement(
                session, MakeStatement(account_number=number, starts_on=starts_on, through=through), by=builders.CLERK, at=at(APRIL)
            )
        assert refusal.value.code == "CSS814E"
    with pytest.raises(CssError) as refusal:
        make_statement(session, MakeStatement(account_number=number, starts_on=START), by=builders.PARTNER_ACTOR, at=at(APRIL))
    assert refusal.value.code == "CSS443E"
    with pytest.raises(CssError) as refusal:
        statement_file(session, 99, by=builders.CLERK)
    assert refusal.value.code == "CSS815E"


def test_ages_go_by_the_due_date_and_payments_pay_the_oldest() -> None:
    on = date(2026, 3, 31)
    charges = [(date(2026, 4, 1), Money(300), ZERO), (date(2026, 3, 1), Money(200), Money(300)), (date(2026, 1, 1), Money(900), Money(500))]
    assert list(open_charges(charges, Money(550))) == [
        OpenCharge(date(2026, 4, 1), Money(300)),
        OpenCharge(date(2026, 3, 1), Money(200)),
        OpenCharge(date(2026, 1, 1), Money(50)),
    ]
    sums = [amount.pence for _, amount in ageing(tuple(open_charges(charges, Money(550))), on)]
    assert sums == [300, 200, 0, 50]
    assert [amount.pence for _, amount in ageing((OpenCharge(on, Money(1)),), on)] == [1, 0, 0, 0]


def test_a_copy_is_the_same_bytes_whatever_the_template_is_now(
    session: Session, home: builders.BuiltLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = bills(session, home.account)[0]

    def never(*_: object, **__: object) -> bytes:
        pytest.fail("a copy was rendered")

    monkeypatch.setattr(copies, "render_pdf", never)
    monkeypatch.setattr(bill_pdf, "draw_front", never)
    command = CopyBill(bill_number=bill.number or "", medium=BillMedium.PAPER, reason="Lost in the post")
    answer = copy_bill(session, command, by=builders.CLERK, at=at(APRIL), directory=tmp_path / "copies")
    (file,) = answer.files
    original = session.execute(select(BillFile).where(BillFile.bill_id == bill.id, BillFile.kind == BillFileKind.PDF)).scalar_one()
    assert file.path == f"ZZ/2026-04-01/paper/{bill.number}.pdf"
    assert (tmp_path / "copies" / file.path).read_bytes() == bytes(original.content)
    logged = session.execute(select(BillCopy)).scalar_one()
    assert (logged.file_kind, logged.medium, logged.reason, logged.made_on, logged.made_by) == (
        BillFileKind.PDF, BillMedium.PAPER, "Lost in the post", APRIL, "CLERK1",
    )  # fmt: skip
    assert session.execute(select(AuditEvent.subject_number).where(AuditEvent.verb == "copy_bill")).scalar_one() == bill.number
    xml = copy_bill(
        session,
        CopyBill(bill_number=bill.number or "", medium=BillMedium.XML, reason="For the accountant"),
        by=builders.CLERK,
        at=at(APRIL),
        directory=tmp_path / "copies",
    )
    assert [one.kind for one in xml.files] == [BillFileKind.XML]


def test_large_print_is_set_once_and_sent_from_then_on(
    session: Session, home: builders.BuiltLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = bills(session, home.account)[0]
    command = CopyBill(bill_number=bill.number or "", medium=BillMedium.LARGE_PRINT, reason="Asked for")
    first = copy_bill(session, command, by=builders.CLERK, at=at(APRIL), directory=tmp_path)
    (file,) = first.files
    assert (file.kind, file.path) == (BillFileKind.LARGE, f"ZZ/2026-04-01/large-print/{bill.number}.large.pdf")
    content = (tmp_path / file.path).read_bytes()
    ordinary = session.execute(select(BillFile.content).where(BillFile.bill_id == bill.id, BillFile.kind == BillFileKind.PDF)).scalar_one()
    assert hashlib.sha256(content).hexdigest() == file.sha256
    assert content != bytes(ordinary)
    monkeypatch.setattr(copies, "render_pdf", lambda *_, **__: pytest.fail("large print was set twice"))
    (tmp_path / file.path).unlink()
    assert copy_bill(session, command, by=builders.CLERK, at=at(APRIL), directory=tmp_path).files == first.files
    assert (tmp_path / file.path).read_bytes() == content
    assert session.execute(select(func.count()).select_from(BillCopy)).scalar_one() == 2
    assert check_books(session, "ZZ") == ()


def test_copies_that_cannot_be_are_refused(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    bill = bills(session, home.account)[0]
    number = bill.number or ""

    def refusal(command: CopyBill, **others: object) -> str:
        with pytest.raises(CssError) as found:
            copy_bill(session, command, by=others.get("by", builders.CLERK), at=at(APRIL), directory=tmp_path)  # type: ignore[arg-type]
        return found.value.code

    assert refusal(CopyBill(bill_number=number, reason=" ")) == "CSS805E"
    assert refusal(CopyBill(bill_number=home.account.number, reason="Lost")) == "CSS055E"
    assert refusal(CopyBill(bill_number=number, reason="Lost"), by=builders.PARTNER_ACTOR) == "CSS443E"
    session.execute(update(BillFile).where(BillFile.bill_id == bill.id, BillFile.kind == BillFileKind.PDF).values(content=b"other"))
    assert refusal(CopyBill(bill_number=number, reason="Lost")) == "CSS817E"
    session.execute(update(Bill).where(Bill.id == bill.id).values(state="posted"))
    assert refusal(CopyBill(bill_number=number, reason="Lost")) == "CSS816E"
    assert list(tmp_path.rglob("*.pdf.part")) == []
    assert session.execute(select(BillCopy)).all() == []
