"""What an account owes, and how it came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Integer, Row, bindparam, func, select
from sqlalchemy.orm import Session

from billing.model import AccountCycle, Bill, BillRun, JournalEntry, Posting
from billing.queries.account_terms import standing_of
from billing.words import BillKind, BillState, NominalCode
from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.money import ZERO, Money
from css.master.accounts import Account
from css.master.providers import Provider

STATEMENT_ROWS_MAX = 500
BILLS_MAX = 200
_MET: Final = "billing accounts met"

# Every customer's page asks these: they are built once and asked with values (docs/decisions/0143).
_NAMED: Final = (
    select(Account.id, Account.number, Account.district_code, Provider.code)
    .join(Provider, Provider.id == Account.provider_id)
    .where(Account.number == bindparam("number"))
)
_OWED: Final = select(func.sum(Posting.amount)).where(Posting.account_id == bindparam("account_id"))
_LAST_BILL: Final = (
    select(Bill.number, Bill.due_on)
    .where(Bill.account_id == bindparam("account_id"), Bill.number.is_not(None), Bill.kind != BillKind.CREDIT_NOTE)
    .order_by(Bill.usage_through.desc())
    .limit(1)
)
_LEDGER: Final = (
    select(JournalEntry.business_date, JournalEntry.words, JournalEntry.source_key, Posting.amount)
    .join(JournalEntry, JournalEntry.id == Posting.journal_entry_id)
    .where(Posting.account_id == bindparam("account_id"), Posting.nominal_code == NominalCode.DEBTORS)
    .order_by(JournalEntry.business_date.desc(), JournalEntry.id.desc())
    .limit(bindparam("shown", type_=Integer))
)
_BILLS: Final = (
    select(Bill, BillRun.business_date)
    .join(BillRun, BillRun.id == Bill.bill_run_id)
    .where(Bill.account_id == bindparam("account_id"))
    .order_by(Bill.usage_through.desc())
    .limit(bindparam("shown", type_=Integer))
)
# The first condition is the one of the partial index.
_HELD: Final = (Bill.state != BillState.ISSUED, Bill.state == BillState.HELD)


@dataclass(frozen=True, slots=True)
class AccountNamed:
    """An account found by its number."""

    account_id: int
    number: str
    district_code: str


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What an account owes by the ledger, payments of today included; negative when it is in credit."""

    account_number: str
    balance: Money
    last_bill_number: str | None
    last_bill_due_on: date | None
    next_bill_on: date | None


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One event on an account."""

    business_date: date
    words: str
    source_key: str
    """``bill/12``, ``payment/ZZP00000019``, ``outside/fault/…``."""
    amount: Money
    """Positive raises what is owed."""
    balance: Money
    """What was owed after it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's events from the oldest shown to the latest."""

    account_number: str
    brought_forward: Money
    rows: tuple[StatementRow, ...]
    balance: Money


@dataclass(frozen=True, slots=True)
class BillRow:
    """One bill in an account's list."""

    account_number: str
    number: str | None
    """None until it is released."""
    business_date: date
    kind: BillKind
    state: BillState
    hold_code: str | None
    hold_words: str | None
    issue_on: date
    period_starts_on: date
    period_ends_on: date
    due_on: date
    invoice_gross: Money
    amount_due: Money


def account_named(session: Session, account_number: str, by: Actor) -> AccountNamed:
    """The account; a partner's own only. NotFound CSS105E; errors of ``expect_id`` for what is no account number."""
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    # A page asks for balance, ledger and bills of one account, each by its number: which row that is, is looked up once.
    met: dict[str, Row[int, str, str, str] | None] = session.info.setdefault(_MET, {})
    if met.get(number) is None:
        met[number] = session.execute(_NAMED, {"number": number}).one_or_none()
    row = met[number]
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    return AccountNamed(row.id, row.number, row.district_code)


def owed(session: Session, account_id: int) -> Money:
    """What an account owes by the ledger. Uses ix_posting_account_id_business_date."""
    return session.execute(_OWED, {"account_id": account_id}).scalar() or ZERO


def account_balance(session: Session, account_number: str, *, by: Actor) -> AccountBalance:
    """What the account owes now, its last bill (a credit note is none) and the date of the next.

    Errors: CSS105E and those of ``expect_id``.
    """
    account = account_named(session, account_number, by)
    last = session.execute(_LAST_BILL, {"account_id": account.account_id}).one_or_none()
    cycle = session.get(AccountCycle, account.account_id)
    return AccountBalance(
        account_number=account.number,
        balance=owed(session, account.account_id),
        last_bill_number=last.number if last else None,
        last_bill_due_on=last.due_on if last else None,
        next_bill_on=standing_of(session, account.account_id).next_bill_on if cycle and not cycle.is_finished else None,
    )


def statement(session: Session, account_number: str, *, by: Actor, limit: int = STATEMENT_ROWS_MAX) -> Statement:
    """The account's latest events, at most ``limit``, with the running balance. Errors: CSS105E and those of ``expect_id``."""
    account = account_named(session, account_number, by)
    found = session.execute(_LEDGER, {"account_id": account.account_id, "shown": min(limit, STATEMENT_ROWS_MAX)}).all()
    balance = owed(session, account.account_id)
    brought_forward = running = balance - sum((row.amount for row in found), start=ZERO)
    rows = []
    for row in reversed(found):
        running += row.amount
        rows.append(StatementRow(row.business_date, row.words, row.source_key, row.amount, running))
    return Statement(account.number, brought_forward, tuple(rows), balance)


def bills_of_account(session: Session, account_number: str, *, by: Actor, limit: int = BILLS_MAX) -> tuple[BillRow, ...]:
    """The account's bills, the latest first, at most ``limit``. Errors: CSS105E and those of ``expect_id``."""
    account = account_named(session, account_number, by)
    rows = session.execute(_BILLS, {"account_id": account.account_id, "shown": min(limit, BILLS_MAX)})
    return tuple(bill_row(account.number, bill, business_date) for bill, business_date in rows)


def bill_row(account_number: str, bill: Bill, business_date: date) -> BillRow:
    """A bill as a list shows it."""
    return BillRow(
        account_number=account_number,
        number=bill.number,
        business_date=business_date,
        kind=bill.kind,
        state=bill.state,
        hold_code=bill.hold_code,
        hold_words=bill.hold_words,
        issue_on=bill.issue_on,
        period_starts_on=bill.period_starts_on,
        period_ends_on=bill.period_ends_on,
        due_on=bill.due_on,
        invoice_gross=bill.invoice_gross,
        amount_due=bill.amount_due,
    )


@dataclass(frozen=True, slots=True)
class HeldSum:
    """How many bills wait for a person, and what they come to."""

    bill_count: int
    invoice_gross: Money


def held_bills_by_district(session: Session) -> dict[str, int]:
    """How many bills wait for a person in each district where any does."""
    held = select(Bill.district_code, func.count()).where(*_HELD)
    return {row[0]: row[1] for row in session.execute(held.group_by(Bill.district_code))}


def held_sum(session: Session, district_code: str) -> HeldSum:
    """How many bills of a district wait for a person, and what they come to: counted and not read, however many there are."""
    held = select(func.count(), func.sum(Bill.invoice_gross)).where(Bill.district_code == district_code, *_HELD)
    count, gross = session.execute(held).one()
    return HeldSum(count, gross or ZERO)


def held_bills(session: Session, district_code: str) -> tuple[BillRow, ...]:
    """The bills of a district that wait for a person, the oldest first."""
    rows = session.execute(
        select(Bill, BillRun.business_date, Account.number)
        .join(BillRun, BillRun.id == Bill.bill_run_id)
        .join(Account, Account.id == Bill.account_id)
        .where(Bill.district_code == district_code, *_HELD)
        .order_by(BillRun.business_date, Bill.account_id)
    )
    return tuple(bill_row(number, bill, business_date) for bill, business_date, number in rows)
