"""Reads of quotes: one whole, and those of an account. A partner sees its own only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.codec import from_plain
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.master.accounts import Account
from css.master.providers import Provider
from orders.commands.orders import PlaceOrder
from orders.commands.quotes import Told
from orders.model import CustomerOrder, Quote
from orders.rules.lifecycle import OPEN_STATES
from orders.words import OrderKind, OrderState

QUOTES_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRow:
    """A quote in a list."""

    quote_number: str
    kind: OrderKind
    account_number: str
    quoted_at: datetime
    quoted_by: str
    valid_through: date
    """The last day an order may be placed by it."""
    consented_by: str | None
    """Who agreed, by name."""
    consented_at: datetime | None
    order_number: str | None
    """The order placed by it, if there is one that is open or done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCard(QuoteRow):
    """A quote with what was asked and what was told."""

    asked: PlaceOrder
    told: Told


def quote_card(session: Session, quote_number: str, *, by: Actor) -> QuoteCard:
    """One quote with all there is to it.

    Raises:
        NotFound: CSS830E, no such quote, or another provider's. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(quote_number, IdKind.QUOTE, element="quote_number")
    found = _rows(session, by, Quote.number == number, 1)
    if not found:
        raise no_quote(number)
    ((quote, row),) = found
    told = {name: getattr(row, name) for name in QuoteRow.__dataclass_fields__}
    return QuoteCard(**told, asked=from_plain(quote.asked, PlaceOrder), told=from_plain(quote.told, Told))


def quotes_of_account(session: Session, account_number: str, *, by: Actor, limit: int = 20) -> tuple[QuoteRow, ...]:
    """The quotes made for an account, the latest first. Uses ix_quote_account_id."""
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    return tuple(row for _, row in _rows(session, by, Account.number == number, min(max(limit, 1), QUOTES_MAX)))


def no_quote(number: str) -> NotFound:
    """CSS830E, the same for one that is not there and one of another account's or provider's."""
    return NotFound("CSS830E", "There is no quote {quote}.", quote=number, element="quote_number")


def _rows(session: Session, by: Actor, wanted: ColumnElement[bool], limit: int) -> list[tuple[Quote, QuoteRow]]:
    ordered = (
        select(CustomerOrder.number)
        .where(CustomerOrder.quote_id == Quote.id, CustomerOrder.state.in_((*OPEN_STATES, OrderState.COMPLETED)))
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(Quote, Account.number.label("account_number"), ordered.label("order_number"))
        .join(Account, Account.id == Quote.account_id)
        .join(Provider, Provider.id == Quote.provider_id)
        .where(wanted)
        .order_by(Quote.id.desc())
        .limit(limit)
    )
    if by.is_partner:
        statement = statement.where(Provider.code == by.provider_code)
    return [
        (
            row.Quote,
            QuoteRow(
                quote_number=row.Quote.number,
                kind=row.Quote.kind,
                account_number=row.account_number,
                quoted_at=row.Quote.quoted_at,
                quoted_by=row.Quote.quoted_by,
                valid_through=row.Quote.valid_through,
                consented_by=row.Quote.consented_by,
                consented_at=row.Quote.consented_at,
                order_number=row.order_number,
            ),
        )
        for row in session.execute(statement)
    ]
