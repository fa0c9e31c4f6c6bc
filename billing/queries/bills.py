"""One bill: its figures, its lines and its files. Why they are what they are, ``bill_story`` says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import Bill, BillFile, BillLine, BillRun, BillVat
from billing.queries.accounts import BillRow, bill_row
from billing.rules.bill_number import read_bill_number
from billing.words import LineKind
from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.money import Money, Percent, Price
from css.master.accounts import Account
from css.master.providers import Provider


@dataclass(frozen=True, slots=True)
class BillLineRow:
    """One line."""

    line_number: int
    kind: LineKind
    words: str
    number: str | None
    reference: str | None
    starts_on: date | None
    ends_on: date | None
    quantity: int
    unit: str
    unit_price: Price | None
    price_per: int
    net: Money
    vat_category: str
    vat_percent: Percent


@dataclass(frozen=True, slots=True)
class BillVatRow:
    """The VAT of a bill at one category and rate."""

    category: str
    percent: Percent
    net: Money
    vat: Money


@dataclass(frozen=True, slots=True)
class BillFileRow:
    """A file of the bill, without its bytes."""

    kind: str
    file_name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class BillCard:
    """A bill on one page."""

    bill: BillRow
    brought_forward: Money
    payments_received: Money
    outside_total: Money
    invoice_net: Money
    invoice_vat: Money
    lines: tuple[BillLineRow, ...]
    vat: tuple[BillVatRow, ...]
    files: tuple[BillFileRow, ...]


@dataclass(frozen=True, slots=True)
class BillContent:
    """An issued file, byte for byte."""

    file_name: str
    sha256: str
    content: bytes


def bill_card(session: Session, bill_number: str, *, by: Actor) -> BillCard:
    """A bill with its lines. Errors: CSS448E not found; those of ``read_bill_number``."""
    bill, business_date, account_number = bill_found(session, bill_number, by)
    lines = _lines(session, bill.id)
    vat = session.execute(
        select(BillVat).where(BillVat.bill_id == bill.id).order_by(BillVat.vat_category, BillVat.vat_basis_points)
    ).scalars()
    files = session.execute(
        select(BillFile.kind, BillFile.file_name, BillFile.sha256).where(BillFile.bill_id == bill.id).order_by(BillFile.kind)
    )
    return BillCard(
        bill=bill_row(account_number, bill, business_date),
        brought_forward=bill.brought_forward,
        payments_received=bill.payments_received,
        outside_total=bill.outside_total,
        invoice_net=bill.invoice_net,
        invoice_vat=bill.invoice_vat,
        lines=lines,
        vat=tuple(BillVatRow(row.vat_category, Percent(row.vat_basis_points), row.net, row.vat) for row in vat),
        files=tuple(BillFileRow(*row) for row in files),
    )


def bill_file(session: Session, bill_number: str, kind: str, *, by: Actor) -> BillContent:
    """The ``pdf`` or ``xml`` of a bill as it was issued. Errors: CSS448E no such bill or file; those of ``read_bill_number``."""
    bill, _, _ = bill_found(session, bill_number, by)
    row = session.execute(
        select(BillFile.file_name, BillFile.sha256, BillFile.content).where(BillFile.bill_id == bill.id, BillFile.kind == kind)
    ).one_or_none()
    if row is None:
        raise NotFound("CSS448E", "Bill {number} has no {kind} file.", number=bill.number, kind=kind[:20], element="kind")
    return BillContent(row.file_name, row.sha256, bytes(row.content))


def bill_found(session: Session, bill_number: str, by: Actor) -> tuple[Bill, date, str]:
    """A numbered bill, the business date of its run and its account's number. CSS448E, the same for another provider's."""
    number = read_bill_number(bill_number)
    row = session.execute(
        select(Bill, BillRun.business_date, Account.number, Provider.code)
        .join(BillRun, BillRun.id == Bill.bill_run_id)
        .join(Account, Account.id == Bill.account_id)
        .join(Provider, Provider.id == Account.provider_id)
        .where(Bill.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS448E", "There is no bill {number}.", number=number, element="bill_number")
    return row.Bill, row.business_date, row.number


def _lines(session: Session, bill_id: int) -> tuple[BillLineRow, ...]:
    rows = session.execute(select(BillLine).where(BillLine.bill_id == bill_id).order_by(BillLine.line_number)).scalars()
    return tuple(
        BillLineRow(
            line_number=line.line_number,
            kind=line.kind,
            words=line.words,
            number=line.number,
            reference=line.reference,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            price_per=line.price_per,
            net=line.net,
            vat_category=line.vat_category,
            vat_percent=Percent(line.vat_basis_points),
        )
        for line in rows
    )
