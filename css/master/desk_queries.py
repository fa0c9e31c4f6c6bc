"""What an operator's own pages ask besides: a customer's accounts, whom the operator had in hand lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.ids import IdKind, expect_id
from css.master.accounts import Account
from css.master.customers import Customer, display_name
from css.master.providers import Provider

LOOKED_BACK = 200
"""Events of an operator's, among which the last few customers are looked for."""


@dataclass(frozen=True, slots=True)
class AccountNamed:
    """One of a customer's accounts, for choosing."""

    account_number: str
    billing_name: str
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class RecentRow:
    """Somebody whose record the operator opened."""

    account_number: str
    name: str
    opened_at: datetime
    """The last time."""


def accounts_of_customer(session: Session, customer_number: str, *, by: Actor) -> tuple[AccountNamed, ...]:
    """A customer's accounts, open before closed; of a partner's customer only the partner's own. Errors: those of ``expect_id``."""
    number = expect_id(customer_number, IdKind.CUSTOMER, element="customer_number")
    statement = (
        select(Account.number, Account.billing_name, Account.closed_on)
        .join(Customer, Customer.id == Account.customer_id)
        .where(Customer.number == number)
        .order_by(Account.closed_on.is_not(None), Account.number)
    )
    if by.is_partner:
        statement = statement.join(Provider, Provider.id == Account.provider_id).where(Provider.code == by.provider_code)
    return tuple(AccountNamed(row.number, row.billing_name, row.closed_on) for row in session.execute(statement))


def recent_accounts(session: Session, operator_code: str, *, limit: int = 5) -> tuple[RecentRow, ...]:
    """The accounts whose record an operator opened last, the latest first. Uses ix_audit_event_actor_name_occurred_at."""
    opened = (
        select(AuditEvent.subject_number, AuditEvent.occurred_at)
        .where(AuditEvent.actor_name == operator_code, AuditEvent.verb == "disclose", AuditEvent.subject_kind == "account")
        .order_by(AuditEvent.occurred_at.desc())
        .limit(LOOKED_BACK)
        .subquery()
    )
    last = func.max(opened.c.occurred_at)
    statement = (
        select(Account.number, Customer.title, Customer.first_name, Customer.surname, Customer.organisation_name, last.label("opened_at"))
        .join(Account, Account.number == opened.c.subject_number)
        .join(Customer, Customer.id == Account.customer_id)
        .group_by(Account.number, Customer.id)
        .order_by(last.desc(), Account.number)
        .limit(limit)
    )
    return tuple(
        RecentRow(row.number, display_name(row.title, row.first_name, row.surname, row.organisation_name), row.opened_at)
        for row in session.execute(statement)
    )
