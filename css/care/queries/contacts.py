"""The contact log, read: one timeline, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Integer, Select, bindparam, select
from sqlalchemy.orm import Session

from css.care.model import Contact
from css.care.words import Channel, Direction, Outcome, Topic
from css.core.actor import Actor
from css.core.errors import BadMessage
from css.core.ids import IdKind, parse_id
from css.master.accounts import Account
from css.master.customers import Customer
from css.master.providers import Provider

TIMELINE_ROWS_MAX = 500
About = Literal["customer number", "account number", "line"]


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One contact as the timeline shows it."""

    contact_id: int
    occurred_at: datetime
    channel: Channel
    direction: Direction
    customer_number: str | None
    account_number: str | None
    line_id: int | None
    caller_name: str | None
    is_verified: bool
    topic: Topic
    reference: str | None
    words: str
    outcome: Outcome
    follow_up_on: date | None
    recorded_by: str
    reason_code: str | None
    """The two letters it was wrapped up with."""


def timeline(session: Session, number: str, *, by: Actor, topic: Topic | None = None, limit: int = 50) -> tuple[ContactRow, ...]:
    """The contacts of a customer (customer number) or about one account (account number), newest first.

    A number that is nobody's has an empty timeline. Of a partner's customers only contacts about the partner's own
    accounts are shown. At most ``limit`` rows, 500 at most. Errors: those of ``parse_id``; CSS134E for a number of
    another kind.
    """
    found = parse_id(number, element="number")
    match found.kind:
        case IdKind.CUSTOMER:
            about: About = "customer number"
        case IdKind.ACCOUNT:
            about = "account number"
        case _:
            raise BadMessage("CSS134E", "{number} is neither a customer nor an account.", number=str(found), element="number")
    return _newest(session, about, str(found), by=by, topic=topic, limit=limit)


def line_timeline(session: Session, line_id: int, *, by: Actor, topic: Topic | None = None, limit: int = 50) -> tuple[ContactRow, ...]:
    """The contacts about one line, whoever it was billed to, newest first; otherwise as ``timeline``."""
    return _newest(session, "line", line_id, by=by, topic=topic, limit=limit)


def _newest(session: Session, about: About, sought: str | int, *, by: Actor, topic: Topic | None, limit: int) -> tuple[ContactRow, ...]:
    told = {"sought": sought, "topic": topic, "provider_code": by.provider_code, "shown": max(0, min(limit, TIMELINE_ROWS_MAX))}
    rows = session.execute(_contacts(about, topic is not None, by.is_partner), told)
    return tuple(ContactRow(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it


@cache
def _contacts(about: About, of_topic: bool, is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - the key of a cache
    """Every customer's page asks this: built once, asked with values (docs/decisions/0143)."""
    wanted = {
        "customer number": Customer.number == bindparam("sought"),
        "account number": Account.number == bindparam("sought"),
        "line": Contact.line_id == bindparam("sought"),
    }
    statement = (
        select(
            Contact.id.label("contact_id"),
            Contact.occurred_at,
            Contact.channel,
            Contact.direction,
            Customer.number.label("customer_number"),
            Account.number.label("account_number"),
            Contact.line_id,
            Contact.caller_name,
            Contact.is_verified,
            Contact.topic,
            Contact.reference,
            Contact.words,
            Contact.outcome,
            Contact.follow_up_on,
            Contact.recorded_by,
            Contact.reason_code,
        )
        .outerjoin(Customer, Customer.id == Contact.customer_id)
        .outerjoin(Account, Account.id == Contact.account_id)
        .where(wanted[about])
        .order_by(Contact.occurred_at.desc(), Contact.id.desc())
        .limit(bindparam("shown", type_=Integer))
    )
    if of_topic:
        statement = statement.where(Contact.topic == bindparam("topic"))
    if is_partner:
        statement = statement.join(Provider, Provider.id == Account.provider_id).where(Provider.code == bindparam("provider_code"))
    return statement
