"""The books, when a file of a bill, or a row that it tells of, was changed where it lies: which of them it is, is said."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing.actions import render as rendering
from billing.actions import render_block
from billing.checks import check_books
from billing.model import Bill, BillFile
from billing.queries.as_posted import bills_as_posted, supplier
from billing.rules.compose import compose
from billing.words import BillFileKind, BillState
from css.core.money import Money
from css.core.words import Segment
from css.db.engine import transaction
from tests import builders
from tests.records.billed import NIGHT, at, night, rated_call

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)
GUARDED = ("bill", "bill_line", "bill_vat", "bill_file", "posting")


@pytest.fixture(scope="module")
def issued(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The bill of a firm with two calls and all four files, committed in this module's database."""
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        account = builders.account(session, zz, cycle_day=5, segment=Segment.BUSINESS, billing_name="Hollin & Daughters Ltd")
        line = builders.working_line(session, zz, account, starts_on=START)
        rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
        rated_call(session, line, 2, date(2026, 1, 21), 8_000_000, charge_class="MOB", band="evening", other_number="447700900123")
        night(session, FEBRUARY, tmp_path_factory.mktemp("spool"))
        session.execute(text("UPDATE css.business_date SET closed_through = :day"), {"day": date(2026, 1, 14)})


@pytest.fixture
def books(issued: None, session: Session) -> Session:
    """Books that balance, and nothing guards them: what is done to them is rolled back after the test."""
    assert check_books(session, "ZZ") == ()
    for table in GUARDED:
        session.execute(text(f"ALTER TABLE billing.{table} DISABLE TRIGGER USER"))
    return session


def files_of(session: Session, bill: Bill) -> dict[BillFileKind, bytes]:
    return {file.kind: bytes(file.content) for file in session.execute(select(BillFile).where(BillFile.bill_id == bill.id)).scalars()}


def _store(session: Session, kind: BillFileKind, content: bytes) -> None:
    """As somebody does it who knows of the hash."""
    session.execute(
        text("UPDATE billing.bill_file SET content = :content, sha256 = :sha256 WHERE kind = :kind"),
        {"content": content, "sha256": hashlib.sha256(content).hexdigest(), "kind": kind.value},
    )
    session.expire_all()


def _said(session: Session) -> str:
    return " ".join(str(one) for one in check_books(session, "ZZ") if one.check == "files_agree")


@pytest.mark.parametrize(
    ("kind", "was", "becomes", "said"),
    [
        (BillFileKind.XML, b'<cbc:PayableAmount currencyID="GBP">', b'<cbc:PayableAmount currencyID="GBP">1', "e-invoice: amount payable"),
        (BillFileKind.CALLS, b">0.104<", b">0.105<", "call statement: The calls of"),
        (BillFileKind.DATA, b"Hollin", b"Hellin", "data file: The trailer's sha256"),
        (BillFileKind.PDF, b"/Contents", b"/contents", "PDF: it cannot be read (CSS841E)."),
    ],
)
def test_a_stored_file_that_was_changed_with_its_hash_is_named(
    books: Session, kind: BillFileKind, was: bytes, becomes: bytes, said: str
) -> None:
    (bill,) = books.execute(select(Bill)).scalars()
    content = files_of(books, bill)[kind]
    assert was in content
    _store(books, kind, content.replace(was, becomes))
    assert said in _said(books)


@pytest.mark.parametrize("kind", list(rendering.WRITERS))
def test_a_stored_file_that_was_exchanged_for_one_of_another_amount_is_named(books: Session, kind: BillFileKind) -> None:
    """The figures a penny off and everything in the file right in itself."""
    (bill,) = books.execute(select(Bill)).scalars()
    (posted,) = bills_as_posted(books, [bill.id])
    document = compose(posted.bill, supplier(books))
    forged = replace(document, amount_due=document.amount_due + Money(1), bill_number="ZZB00000099", call_lists=document.call_lists[:1])
    _store(books, kind, rendering.WRITERS[kind](forged))
    assert "ZZB00000099" in _said(books)


def test_a_file_taken_away_or_put_there_is_named(books: Session) -> None:
    books.execute(text("DELETE FROM billing.bill_file WHERE kind = 'csv'"))
    assert {one.check for one in check_books(books, "ZZ")} == {"files_there", "files_agree"}
    assert "There is no data file." in _said(books)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE billing.posting SET amount = amount + 1 WHERE nominal_code = 'VAT-OUTPUT'", "Ledger: VAT total"),
        ("UPDATE billing.posting SET amount = amount + 1 WHERE nominal_code = 'DEBTORS'", "Ledger: invoice total"),
        ("UPDATE billing.posting SET amount = amount + 1 WHERE nominal_code = 'RENTALS'", "Ledger: net total"),
        ("UPDATE billing.bill SET amount_due = amount_due + 1, brought_forward = brought_forward + 1", "PDF: amount due"),
        ("UPDATE billing.bill SET number = 'ZZB00000099'", "data file: bill number"),
        ("UPDATE billing.rated_call SET net_millionths = net_millionths + 100000 WHERE band = 'day'", "call statement: other call sums"),
    ],
)
def test_a_row_that_was_changed_disagrees_with_every_file_it_is_in(books: Session, harm: str, said: str) -> None:
    books.execute(text(harm))
    books.expire_all()
    assert said in _said(books)


def test_a_bill_stays_issued_and_its_files_as_they_are(books: Session) -> None:
    """Files are never rendered again: what the books find is told, not mended."""
    (bill,) = books.execute(select(Bill)).scalars()
    before = files_of(books, bill)
    assert bill.state is BillState.ISSUED
    assert render_block(books, [bill.id], by=NIGHT, at=at(FEBRUARY)).filtered == 1
    assert files_of(books, bill) == before
