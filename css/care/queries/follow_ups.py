"""What was promised and is not done, and the reasons a call is wrapped up with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.care.model import Contact, FollowUp
from css.care.rules.wrap_up import WRAP_REASONS
from css.care.words import FollowUpKind, Outcome, Topic
from css.core.actor import Actor
from css.core.ids import IdKind, expect_id
from css.master.accounts import Account
from css.master.customers import Customer, display_name
from css.master.providers import Provider

FOLLOW_UPS_MAX = 200


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """Something we said we would do."""

    follow_up_id: int
    kind: FollowUpKind
    due_at: datetime
    telephone: str | None
    """Where to ring, E.164 digits."""
    words: str
    owner_code: str
    promised_at: datetime
    topic: Topic
    district_code: str
    customer_number: str | None
    customer_name: str
    account_number: str | None
    row_version: int


@dataclass(frozen=True, slots=True)
class WrapReasonRow:
    """A reason for wrapping up, by its two letters."""

    code: str
    words: str
    topic: Topic
    outcome: Outcome
    keeps_promise: bool


def follow_ups(
    session: Session,
    *,
    by: Actor,
    owner_code: str | None = None,
    district_code: str | None = None,
    account_number: str | None = None,
    due_by: datetime | None = None,
    limit: int = 50,
) -> tuple[FollowUpRow, ...]:
    """What is promised and not done, soonest due first, 200 at most: of an operator, a district, an account, or all.

    Uses ix_follow_up_open. Of a partner's customers only what is about the partner's own accounts. Errors: those of ``expect_id``.
    """
    statement = (
        select(FollowUp, Contact, Customer, Account.number)
        .join(Contact, Contact.id == FollowUp.contact_id)
        .outerjoin(Customer, Customer.id == Contact.customer_id)
        .outerjoin(Account, Account.id == Contact.account_id)
        .where(FollowUp.done_at.is_(None))
        .order_by(FollowUp.due_at, FollowUp.id)
        .limit(max(1, min(limit, FOLLOW_UPS_MAX)))
    )
    if owner_code is not None:
        statement = statement.where(FollowUp.owner_code == owner_code.strip().upper())
    if district_code is not None:
        statement = statement.where(FollowUp.district_code == district_code.strip().upper())
    if account_number is not None:
        statement = statement.where(Account.number == expect_id(account_number, IdKind.ACCOUNT, element="account_number"))
    if due_by is not None:
        statement = statement.where(FollowUp.due_at <= due_by)
    if by.is_partner:
        statement = statement.join(Provider, Provider.id == Account.provider_id).where(Provider.code == by.provider_code)
    return tuple(
        FollowUpRow(
            follow_up_id=row.FollowUp.id,
            kind=row.FollowUp.kind,
            due_at=row.FollowUp.due_at,
            telephone=row.FollowUp.telephone,
            words=row.FollowUp.words,
            owner_code=row.FollowUp.owner_code,
            promised_at=row.Contact.occurred_at,
            topic=row.Contact.topic,
            district_code=row.FollowUp.district_code,
            customer_number=None if row.Customer is None else row.Customer.number,
            customer_name="" if row.Customer is None else _name(row.Customer),
            account_number=row.number,
            row_version=row.FollowUp.row_version,
        )
        for row in session.execute(statement)
    )


def wrap_reasons() -> tuple[WrapReasonRow, ...]:
    """Every reason a call can be wrapped up with, in the order of the list."""
    return tuple(WrapReasonRow(one.code, one.words, one.topic, one.outcome, one.keeps_promise) for one in WRAP_REASONS.values())


def _name(customer: Customer) -> str:
    return display_name(customer.title, customer.first_name, customer.surname, customer.organisation_name)
