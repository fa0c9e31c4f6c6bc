"""What a provider has with us, for its own books to be compared with ours: every open order and every working line, a page at a time.

A page begins after the last number of the one before. So whoever walks them needs no more room than a page, however many there
are; what is there from the beginning of the walk to its end is met exactly once, and what comes or goes meanwhile at most once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.phone import parse_number
from css.db.sql import block
from css.master.accounts import Account
from css.master.providers import Provider
from orders.model import CustomerOrder
from orders.words import CeaseReason, OrderKind, OrderState

PAGE: Final = 200
PAGE_MAX: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrderRow:
    """An open order as its provider's books should have it."""

    order_number: str
    customer_reference: str | None
    conversation_id: str
    kind: OrderKind
    state: OrderState
    is_unsolicited: bool
    """A cease nobody of the provider asked for."""
    account_number: str
    number: str | None
    """Telephone number, as E.164 digits."""
    address_key: str
    required_on: date
    target_on: date | None
    committed_on: date | None
    placed_at: datetime
    last_sequence: int | None
    """Of its last event: who knows of fewer has missed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrderPage:
    """Some open orders by number."""

    orders: tuple[OpenOrderRow, ...]
    is_last: bool
    """There are none after these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOn:
    """A product besides the main one."""

    product_code: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLine:
    """A working line as its provider's books should have it."""

    number: str
    """E.164 digits."""
    account_number: str
    address_key: str
    postcode: str
    product_code: str
    features: tuple[FeatureOn, ...]
    care_level: str | None
    line_count: int
    """1, or of an installation of several lines how many."""
    works_from: date
    bars: tuple[str, ...]
    open_order: str | None
    """One of the provider's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLinePage:
    """Some working lines by number."""

    lines: tuple[OwnLine, ...]
    is_last: bool
    """There are none after these."""


def open_order_page(
    session: Session,
    *,
    by: Actor,
    provider_code: str | None = None,
    after: str | None = None,
    account_number: str | None = None,
    limit: int = PAGE,
) -> OpenOrderPage:
    """A provider's open orders after an order's number, at most 1000: the asker's own; to one of us, those of another too.

    Two statements; three for one account.

    Raises:
        NotFound: CSS104E no such provider, CSS200E it has no such account. BadMessage: CSS052E to CSS055E, of either number.
    """
    begun = "" if after is None else expect_id(after, IdKind.ORDER, element="after")
    rows, is_last = _page(session, "open_orders", _whose(by, provider_code), begun, account_number, limit)
    return OpenOrderPage(orders=tuple(_open_order(row) for row in rows), is_last=is_last)


def own_lines(
    session: Session,
    *,
    by: Actor,
    provider_code: str | None = None,
    after: str | None = None,
    account_number: str | None = None,
    limit: int = PAGE,
) -> OwnLinePage:
    """A provider's working lines after a telephone number, at most 1000: the asker's own; to one of us, those of another too.

    Two statements; three for one account. Stopped lines are nobody's, and the further lines of an installation are counted with its
    first.

    Raises:
        NotFound: CSS104E no such provider, CSS200E it has no such account.
        BadMessage: CSS052E to CSS055E of the account, CSS080E to CSS083E of the number.
    """
    begun = "" if after is None else parse_number(after, element="after")
    rows, is_last = _page(session, "lines", _whose(by, provider_code), begun, account_number, limit)
    return OwnLinePage(lines=tuple(_line(row) for row in rows), is_last=is_last)


def order_by_reference(session: Session, customer_reference: str, *, by: Actor) -> str:
    """The number of the order that the asker's provider calls so. Uses uq_customer_order_provider_reference.

    Raises:
        NotFound: CSS202E, it has none; what others call their orders is theirs.
    """
    number = session.execute(
        select(CustomerOrder.number)
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .where(Provider.code == by.provider_code, CustomerOrder.customer_reference == customer_reference)
    ).scalar()
    if number is None:
        raise NotFound(
            "CSS202E",
            "There is no order of yours with the reference {reference}.",
            reference=customer_reference[:50],
            element="customer_reference",
        )
    return number


def _whose(by: Actor, provider_code: str | None) -> str:
    """Whose books are asked for: a partner's own, whatever it names."""
    return by.provider_code if by.is_partner or provider_code is None else provider_code.strip().upper()


def _page(session: Session, name: str, whose: str, after: str, account_number: str | None, limit: int) -> tuple[list[Row[Any]], bool]:
    """So many rows, and whether there are none after them."""
    most = max(1, min(limit, PAGE_MAX))
    # By its id, not by its code within the statement: how many are a provider's is what the planner chooses its way by.
    provider_id = session.execute(select(Provider.id).where(Provider.code == whose)).scalar()
    if provider_id is None:
        raise NotFound("CSS104E", "There is no provider {code} doing business with us.", code=whose[:20], element="provider_code")
    account = None if account_number is None else _own_account(session, account_number, provider_id)
    asked = {"provider_id": provider_id, "after": after, "account": account, "most": most + 1}
    rows = list(session.execute(block("orders", f"reconciling.{name}"), asked))
    return rows[:most], len(rows) <= most


def _own_account(session: Session, account_number: str, provider_id: int) -> str:
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    found = session.execute(select(Account.id).where(Account.number == number, Account.provider_id == provider_id)).scalar()
    if found is None:
        raise NotFound("CSS200E", "There is no account {account}.", account=number, element="account_number")
    return number


def _open_order(row: Row[Any]) -> OpenOrderRow:
    return OpenOrderRow(
        order_number=row.number,
        customer_reference=row.customer_reference,
        conversation_id=row.conversation_id,
        kind=OrderKind(row.kind),
        state=OrderState(row.state),
        is_unsolicited=row.reason_code == CeaseReason.LOST.value,
        account_number=row.account_number,
        number=row.telephone_number,
        address_key=row.address_key,
        required_on=row.required_on,
        target_on=row.target_on,
        committed_on=row.committed_on,
        placed_at=row.placed_at,
        last_sequence=row.last_sequence,
    )


def _line(row: Row[Any]) -> OwnLine:
    return OwnLine(
        number=row.number,
        account_number=row.account_number,
        address_key=row.address_key,
        postcode=row.postcode,
        product_code=row.product_code,
        features=tuple(FeatureOn(product_code=code, quantity=quantity) for code, quantity in row.features or ()),
        care_level=row.care_level,
        line_count=1 + row.auxiliary_lines,
        works_from=row.starts_on,
        bars=tuple(row.bars or ()),
        open_order=row.open_order,
    )
