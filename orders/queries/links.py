"""The orders beside one: those done together with it, the one that takes its line, and the one it leaves with whoever loses a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from css.core.actor import Actor
from css.core.ids import IdKind, expect_id
from css.master.accounts import Account
from css.master.providers import Provider
from orders.model import CustomerOrder
from orders.queries.cards import no_order
from orders.words import OrderKind, OrderState


class Beside(StrEnum):
    """How an order stands to another."""

    TOGETHER = "done together"
    TAKES = "takes its line"
    LOSES = "loses the line to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideRow:
    """An order beside another."""

    beside: Beside
    order_number: str
    kind: OrderKind
    state: OrderState
    account_number: str
    provider_code: str
    target_on: date | None


def orders_beside(session: Session, order_number: str, *, by: Actor) -> tuple[BesideRow, ...]:
    """The orders linked with one, its unsolicited cease, and of an unsolicited cease what caused it; open and ended.

    A partner sees its own only. Uses ix_customer_order_link and uq_customer_order_caused_by.

    Raises:
        NotFound: CSS202E. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    one = session.execute(
        select(CustomerOrder.id, CustomerOrder.link_number, CustomerOrder.caused_by_id, Provider.code)
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .where(CustomerOrder.number == number)
    ).one_or_none()
    if one is None or (by.is_partner and one.code != by.provider_code):
        raise no_order(number)
    other = aliased(CustomerOrder)
    wanted = [other.caused_by_id == one.id]
    if one.caused_by_id is not None:
        wanted.append(other.id == one.caused_by_id)
    if one.link_number is not None:
        wanted.append(and_(other.link_number == one.link_number, other.id != one.id))
    statement = (
        select(
            other.id,
            other.number,
            other.kind,
            other.state,
            other.target_on,
            other.caused_by_id,
            Account.number.label("account"),
            Provider.code,
        )
        .join(Account, Account.id == other.account_id)
        .join(Provider, Provider.id == other.provider_id)
        .where(or_(*wanted))
        .order_by(other.id)
    )
    if by.is_partner:
        statement = statement.where(Provider.code == by.provider_code)
    return tuple(
        BesideRow(
            beside=Beside.LOSES if row.caused_by_id == one.id else Beside.TAKES if row.id == one.caused_by_id else Beside.TOGETHER,
            order_number=row.number,
            kind=row.kind,
            state=row.state,
            account_number=row.account,
            provider_code=row.code,
            target_on=row.target_on,
        )
        for row in session.execute(statement)
    )
