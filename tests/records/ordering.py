"""How tests order: a plain order for a line or a cease with everything in it, placed and completed by somebody."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError, Several
from css.core.words import PairState
from css.master.districts import roll_business_date
from css.master.lines import Line
from css.master.plant import Pair
from orders.actions import commit_order, complete_order, place_order
from orders.commands.orders import CommitOrder, CompleteOrder, OrderPlaced, PlaceOrder
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.words import KciKind, OrderKind
from tests.builders import AT, CLERK, SYSTEM, BuiltAccount, BuiltDistrict

PROMISED = date(2026, 3, 9)
"""Five working days from the Monday on which everything is placed."""


def a_provide(zz: BuiltDistrict, account: BuiltAccount, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": OrderKind.PROVIDE,
        "account_number": account.number,
        "product_codes": ("LINE-RES" if account.provider_code == "RETAIL" else "LINE-WHO",),
        "address_key": zz.gold[0].address_key,
        "required_on": PROMISED,
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
        "directory_name": "Tansley A",
        "emergency_name": "Mrs Ada Tansley",
    }
    return PlaceOrder(**fields | others)


def a_cease(account: BuiltAccount, number: str, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": OrderKind.CEASE,
        "account_number": account.number,
        "number": number,
        "required_on": date(2026, 3, 4),
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
    }
    return PlaceOrder(**fields | others)


def place(session: Session, command: PlaceOrder, *, by: Actor = CLERK, at: datetime = AT) -> OrderPlaced:
    return place_order(session, command, by=by, at=at)


def commit(session: Session, order_number: str, committed_on: date, **others: object) -> None:
    """Planning has surveyed an order that waits for building."""
    commit_order(session, CommitOrder(order_number=order_number, committed_on=committed_on, **others), by=SYSTEM, at=AT)  # type: ignore[arg-type]


def complete(session: Session, order_number: str, done_on: date) -> None:
    """The field reports the work done, on a business date moved there."""
    roll_business_date(session, order_number[:2], to=done_on)
    at = datetime.combine(done_on, AT.timetz())
    complete_order(session, CompleteOrder(order_number=order_number, done_on=done_on), by=SYSTEM, at=at)


def refused(session: Session, command: PlaceOrder, by: Actor = CLERK) -> dict[str, str | None]:
    """What an order is refused for: code and field of each fault."""
    with pytest.raises(CssError) as caught:
        place(session, command, by=by)
    errors = caught.value.errors if isinstance(caught.value, Several) else (caught.value,)
    return {error.code: error.element for error in errors}


def line_of(session: Session, order_number: str) -> Line:
    return session.execute(
        select(Line).join(CustomerOrder, CustomerOrder.line_id == Line.id).where(CustomerOrder.number == order_number)
    ).scalar_one()


def pair_state(session: Session, line: Line) -> PairState:
    return session.execute(select(Pair.state).where(Pair.id == line.pair_id)).scalar_one()


def stream(session: Session, order_number: str) -> list[KciKind]:
    return [event.kind for event in order_card(session, order_number, by=CLERK).kci]
