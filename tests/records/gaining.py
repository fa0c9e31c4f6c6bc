"""How tests take lines from others: a second partner, orders with everything in them, and what a line is like afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.handover import Hold, OutboxMessage
from css.master.commands import AddProvider
from css.master.enrol import add_provider
from css.master.lines import Line, LineListing
from css.master.plant import Pair
from css.master.products import Product
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from orders.commands.orders import PlaceOrder
from orders.model import CustomerOrder, KciEvent
from orders.words import KciKind, OrderKind, OrderState
from tests import builders
from tests.builders import AT, OPERATOR, BuiltAccount, BuiltDistrict, BuiltLine, BuiltSite

TAKEN = date(2026, 3, 9)
"""Five working days from the Monday on which everything is placed: what a takeover takes."""
TRANSFERRED = date(2026, 3, 16)
"""Ten working days from it."""
STARTED = date(2026, 3, 3)
OTHER = "OTHERTEL"
OTHER_ACTOR = Actor("partner", OTHER, OTHER, frozenset(), "XML")


def other_partner(session: Session) -> None:
    """A second communications provider."""
    add_provider(
        session,
        AddProvider(
            code=OTHER, name="Other Telephony", party_id="123456789", address_lines=("1 Mill Lane", "Wrenford"), postcode="ZZ4 1AB"
        ),
        by=OPERATOR,
        at=AT,
    )


def a_takeover(account: BuiltAccount, site: BuiltSite, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": OrderKind.TAKEOVER,
        "account_number": account.number,
        "product_codes": ("LINE-RES" if account.provider_code == "RETAIL" else "LINE-WHO",),
        "address_key": site.address_key,
        "required_on": TAKEN,
        "contact_name": "Ben Marlow",
        "contact_phone": "07700 900456",
        "directory_name": "Marlow B",
        "emergency_name": "Mr Ben Marlow",
        "consented_by": "Ben Marlow",
    }
    return PlaceOrder(**fields | others)


def a_transfer(account: BuiltAccount, line: BuiltLine, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": OrderKind.TRANSFER,
        "account_number": account.number,
        "number": line.number,
        "postcode": line.site.postcode,
        "required_on": TRANSFERRED,
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
        "consented_by": "Ada Tansley",
    }
    return PlaceOrder(**fields | others)


def with_changes(account: BuiltAccount, line: BuiltLine, **others: object) -> PlaceOrder:
    return a_transfer(account, line, kind=OrderKind.TRANSFER_WITH_CHANGES, **others)


def a_start(zz: BuiltDistrict, account: BuiltAccount, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": OrderKind.START,
        "account_number": account.number,
        "product_codes": ("LINE-RES" if account.provider_code == "RETAIL" else "LINE-WHO",),
        "address_key": zz.gold[0].address_key,
        "required_on": STARTED,
        "contact_name": "Ben Marlow",
        "contact_phone": "07700 900456",
        "directory_name": "Marlow B",
        "emergency_name": "Mr Ben Marlow",
    }
    return PlaceOrder(**fields | others)


def cease_of(session: Session, order_number: str) -> str:
    """The number of the unsolicited cease that an order left."""
    cause = select(CustomerOrder.id).where(CustomerOrder.number == order_number).scalar_subquery()
    return session.execute(select(CustomerOrder.number).where(CustomerOrder.caused_by_id == cause)).scalar_one()


@dataclass(frozen=True)
class Told:
    """One event as it stands in the stream and, of a partner, in its outbox."""

    kind: KciKind
    words: str
    problem_code: str | None


def stream_of(session: Session, order_number: str) -> list[Told]:
    """The stream of an order, which must be gapless."""
    rows = session.execute(
        select(KciEvent)
        .join(CustomerOrder, CustomerOrder.id == KciEvent.order_id)
        .where(CustomerOrder.number == order_number)
        .order_by(KciEvent.sequence)
    ).scalars()
    events = rows.all()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    return [Told(event.kind, event.words, event.problem_code) for event in events]


def kinds_of(session: Session, order_number: str) -> list[str]:
    return [told.kind.value for told in stream_of(session, order_number)]


def outbox_of(session: Session, provider_code: str) -> list[dict[str, str]]:
    """What a partner was sent, in its order, as the words of the leaves that matter; its numbers must be gapless."""
    rows = session.execute(
        select(OutboxMessage)
        .join(Provider, Provider.id == OutboxMessage.provider_id)
        .where(Provider.code == provider_code)
        .order_by(OutboxMessage.sequence)
    ).scalars()
    messages = rows.all()
    assert [message.sequence for message in messages] == list(range(1, len(messages) + 1))
    return [_leaves(message.body) for message in messages]


def _leaves(body: bytes) -> dict[str, str]:
    wanted = {"Kind", "OrderNumber", "Action", "State", "AccountNumber", "TelephoneNumber", "TargetDate", "ProblemCode", "Text"}
    found: dict[str, str] = {}
    for element in etree.fromstring(body).iter("*"):
        name = etree.QName(element).localname
        if name in wanted:
            found.setdefault(name, element.text or "")
    return found


def state_of(session: Session, order_number: str) -> OrderState:
    return session.execute(select(CustomerOrder.state).where(CustomerOrder.number == order_number)).scalar_one()


@dataclass(frozen=True)
class Working:
    """A service as far as it matters here."""

    code: str
    account_id: int
    starts_on: date
    ends_on: date | None
    end_reason: str | None
    quantity: int = 1


def services_on(session: Session, line_id: int) -> list[Working]:
    """Everything that ever worked on a line, as it began."""
    rows = session.execute(
        select(Product.code, Service)
        .join(Service, Service.product_id == Product.id)
        .where(Service.line_id == line_id)
        .order_by(Service.starts_on, Product.code)
    )
    return [
        Working(
            row.code,
            row.Service.account_id,
            row.Service.starts_on,
            row.Service.ends_on,
            None if row.Service.end_reason is None else row.Service.end_reason.value,
            row.Service.quantity,
        )
        for row in rows
    ]


def uses_of(session: Session, number: str) -> list[tuple[int, datetime, datetime | None]]:
    """Whose a number was, from when to when."""
    rows = session.execute(
        select(Service.account_id, ServiceNumber.starts_at, ServiceNumber.ends_at)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .where(ServiceNumber.number == number)
        .order_by(ServiceNumber.starts_at)
    )
    return [(row.account_id, row.starts_at, row.ends_at) for row in rows]


def listings_of(session: Session, line_id: int) -> list[tuple[str, str | None, str, date, date | None]]:
    """How a line was listed and who the emergency services were told is there, from when to when."""
    rows = session.execute(
        select(LineListing).where(LineListing.line_id == line_id).order_by(LineListing.starts_on, LineListing.id)
    ).scalars()
    return [(row.directory_kind.value, row.directory_name, row.emergency_name, row.starts_on, row.ends_on) for row in rows]


def plant_of(session: Session, line_id: int) -> tuple[str, str, int | None, str]:
    """State of the line, provider, account, state of its pair."""
    row = session.execute(
        select(Line.state, Provider.code, Line.account_id, Pair.state.label("pair_state"))
        .join(Provider, Provider.id == Line.provider_id)
        .join(Pair, Pair.id == Line.pair_id)
        .where(Line.id == line_id)
    ).one()
    return row.state.value, row.code, row.account_id, row.pair_state.value


def holds_of(session: Session, account: BuiltAccount) -> list[tuple[str, str]]:
    """The holds standing on an account: kind and reference."""
    rows = session.execute(select(Hold.kind, Hold.reference).where(Hold.account_id == account.id, Hold.ends_at.is_(None)).order_by(Hold.id))
    return [(row.kind.value, row.reference) for row in rows]


def partners_account(session: Session, zz: BuiltDistrict, provider_code: str = "BRACKWAT") -> BuiltAccount:
    return builders.account(session, zz, provider_code=provider_code, billing_name=f"{provider_code.title()} Ltd")
