"""Why the open orders of an account are held up, in words to read out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.ids import IdKind, expect_id
from css.master.accounts import Account
from css.master.providers import Provider
from orders.model import CustomerOrder, KciEvent
from orders.rules.lifecycle import OPEN_STATES
from orders.rules.problems import PROBLEMS


@dataclass(frozen=True, slots=True)
class DelayRow:
    """The last that was said about what holds up an order."""

    order_number: str
    problem_code: str
    problem_words: str
    words: str
    """What was written down besides."""
    said_at: datetime


def delays_of_account(session: Session, account_number: str, *, by: Actor) -> tuple[DelayRow, ...]:
    """The latest delay of each open order of an account that has one, by order number. Errors: those of ``expect_id``."""
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    statement = (
        select(CustomerOrder.number.label("order_number"), KciEvent.problem_code, KciEvent.words, KciEvent.occurred_at.label("said_at"))
        .ext(distinct_on(CustomerOrder.number))
        .join(CustomerOrder, CustomerOrder.id == KciEvent.order_id)
        .join(Account, Account.id == CustomerOrder.account_id)
        .where(Account.number == number, CustomerOrder.state.in_(OPEN_STATES), KciEvent.problem_code.is_not(None))
        .order_by(CustomerOrder.number, KciEvent.sequence.desc())
    )
    if by.is_partner:
        statement = statement.join(Provider, Provider.id == CustomerOrder.provider_id).where(Provider.code == by.provider_code)
    return tuple(
        DelayRow(row.order_number, row.problem_code, PROBLEMS[row.problem_code].words, row.words, row.said_at)
        for row in session.execute(statement)
    )
