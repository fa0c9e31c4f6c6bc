"""Statements of account: what goes on one, and those that were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.document import Address
from billing.model import Statement
from billing.queries.accounts import account_named
from billing.queries.as_posted import supplier
from billing.rules.compose import METHOD_WORDS
from billing.rules.statement import Event, StatementDocument, ageing, open_charges, with_balances
from billing.words import BillKind, OutsideKind, PaymentMethod
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.errors import NotFound
from css.core.money import ZERO, Money
from css.db.sql import block
from css.master.accounts import Account

STATEMENTS_MAX = 200
ONE_DAY: Final = timedelta(days=1)
BILL_WORDS: Final = {
    BillKind.BILL: "Bill",
    BillKind.FINAL: "Final bill",
    BillKind.INTERIM: "Interim bill",
    BillKind.CREDIT_NOTE: "Credit note",
}
OUTSIDE_WORDS: Final = {
    OutsideKind.COMPENSATION: "Compensation",
    OutsideKind.GUARANTEE: "Guarantee",
    OutsideKind.LATE_FEE: "Late payment charge",
    OutsideKind.GOODWILL: "Goodwill",
    OutsideKind.TRANSFER: "Bill paid by a group account",
}


@dataclass(frozen=True, slots=True)
class StatementListed:
    """A statement that was made, without its bytes."""

    statement_id: int
    account_number: str
    starts_on: date
    through: date
    """The last day on it."""
    opening: Money
    closing: Money
    made_on: date
    made_by: str
    file_name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class StatementContent:
    """Its PDF, byte for byte."""

    file_name: str
    sha256: str
    content: bytes


def statement_document(session: Session, account_id: int, period: Period, made_on: date) -> StatementDocument:
    """What a statement of those days says, from the ledger as it stands."""
    account = session.get_one(Account, account_id)
    ends_on = period.ends_on or made_on + ONE_DAY
    days = {"account": account_id, "starts_on": period.starts_on}
    opening = Money(int(session.execute(block("billing", "statements.opening"), days).scalar_one()))
    found = session.execute(block("billing", "statements.entries"), {**days, "ends_on": ends_on})
    rows = tuple(with_balances(opening, [_event(row) for row in found]))
    closing = rows[-1].balance if rows else opening
    return StatementDocument(
        supplier=supplier(session),
        name=account.billing_name,
        address=Address(tuple(account.billing_address_lines), account.billing_postcode),
        account_number=account.number,
        made_on=made_on,
        period=Period(period.starts_on, ends_on),
        opening=opening,
        rows=rows,
        closing=closing,
        ageing=_ageing(session, account_id, ends_on, closing) if closing > ZERO else (),
    )


def _event(row: Row[Any]) -> Event:
    amount = Money(int(row.amount))
    if row.bill_kind is not None:
        kind = BillKind(row.bill_kind)
        words = BILL_WORDS[kind]
        if row.due_on is not None and amount > ZERO and kind is not BillKind.CREDIT_NOTE:
            words += f", due {row.due_on.day} {row.due_on:%b} {row.due_on.year}"
        return Event(row.business_date, "credit_note" if kind is BillKind.CREDIT_NOTE else "bill", words, row.bill_number, amount)
    if row.method is not None:
        return Event(row.business_date, "payment", f"Payment by {METHOD_WORDS[PaymentMethod(row.method)]}", row.payment_number, amount)
    if row.outside_kind is not None:
        words = row.outside_words or OUTSIDE_WORDS[OutsideKind(row.outside_kind)]
        return Event(row.business_date, "outside", words, row.reference, amount)
    return Event(row.business_date, "outside", row.entry_words, "", amount)


def _ageing(session: Session, account_id: int, ends_on: date, owed: Money) -> tuple[tuple[str, Money], ...]:
    rows = session.execute(block("billing", "statements.open_charges"), {"account": account_id, "ends_on": ends_on, "owed": owed.pence})
    latest_first = [(row.due_on, Money(int(row.amount)), Money(int(row.later))) for row in rows]
    return ageing(open_charges(latest_first, owed), ends_on - ONE_DAY)


def statements_of_account(session: Session, account_number: str, *, by: Actor, limit: int = STATEMENTS_MAX) -> tuple[StatementListed, ...]:
    """The statements made of an account, the latest first. Errors: CSS105E and those of ``expect_id``."""
    account = account_named(session, account_number, by)
    rows = session.execute(
        select(
            Statement.id,
            Statement.starts_on,
            Statement.ends_on,
            Statement.opening,
            Statement.closing,
            Statement.made_on,
            Statement.made_by,
            Statement.file_name,
            Statement.sha256,
        )
        .where(Statement.account_id == account.account_id)
        .order_by(Statement.id.desc())
        .limit(min(limit, STATEMENTS_MAX))
    )
    return tuple(
        StatementListed(
            row.id,
            account.number,
            row.starts_on,
            row.ends_on - ONE_DAY,
            row.opening,
            row.closing,
            row.made_on,
            row.made_by,
            row.file_name,
            row.sha256,
        )
        for row in rows
    )


def statement_file(session: Session, statement_id: int, *, by: Actor) -> StatementContent:
    """A statement's PDF as it was made. Errors: CSS815E there is none of that number."""
    row = session.execute(
        select(Statement.file_name, Statement.sha256, Statement.content, Account.number)
        .join(Account, Account.id == Statement.account_id)
        .where(Statement.id == statement_id)
    ).one_or_none()
    if row is None:
        raise NotFound("CSS815E", "There is no statement {id}.", id=statement_id, element="statement_id")
    account_named(session, row.number, by)
    return StatementContent(row.file_name, row.sha256, bytes(row.content))
