"""A partner's side of the conversation: its messages, and a look at what it is answered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.clock import FixedClock
from css.db.engine import transaction
from css.handover import outbox_after
from css.master.commands import AddProvider
from css.master.enrol import add_provider
from css.master.providers import Provider
from css.master.reference import PARTNER
from css.partners.intake.inbox import Answer, receive
from css.partners.model import InboxMessage
from css.xml import (
    COMMON,
    Element,
    MessageHeader,
    Party,
    add,
    add_contact,
    add_header,
    add_optional,
    check,
    document,
    find,
    read_errors,
    read_message,
    read_text,
    to_bytes,
)
from orders.model import CustomerOrder
from tests import builders

US = Party("999900001", "DUNS")
BRACKWATER = Party("999900123", "DUNS")
RIVAL = Party("999900456", "DUNS")
RIVAL_CODE = "RIVALCO"
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CLOCK = FixedClock(AT)
REQUIRED_ON = date(2026, 3, 23)


@dataclass(frozen=True)
class Scene:
    """A district in which two partners have an account each."""

    district: builders.BuiltDistrict
    account: str
    rival_account: str


def scene(session: Session, *, sites: int = 6) -> Scene:
    zz = builders.district(session, pairs=sites, sites=sites)
    rival = AddProvider(
        code=RIVAL_CODE, name="Rival Networks Ltd", party_id=RIVAL.id, address_lines=("3 Quay Street", "Brackwater"), postcode="ZZ9 9ZZ"
    )
    add_provider(session, rival, by=builders.OPERATOR, at=AT)
    return Scene(
        district=zz,
        account=builders.account(session, zz, provider_code=PARTNER).number,
        rival_account=builders.account(session, zz, provider_code=RIVAL_CODE).number,
    )


def header(**others: object) -> MessageHeader:
    fields: dict[str, Any] = {
        "message_id": str(uuid.uuid4()),
        "message_type": "SubmitOrder",
        "conversation_id": str(uuid.uuid4()),
        "sender": BRACKWATER,
        "receiver": US,
        "created_at": AT,
    }
    return MessageHeader(**fields | others)


def submit_order(account: str, address_key: str, *, head: MessageHeader | None = None, **others: str | None) -> bytes:
    """A SubmitOrder for a new line; ``others`` replace its elements by name, None leaves one out."""
    head = head or header()
    elements: dict[str, str | None] = {
        "CustomerReference": f"PO-{head.message_id}",
        "Action": "PROVIDE",
        "AccountNumber": account,
        "TelephoneNumber": None,
        "AddressKey": address_key,
        "RequiredDate": REQUIRED_ON.isoformat(),
        "ProductCode": "LINE-WHO",
        "Feature": None,
        "NumberChoice": None,
        "EmergencyName": "Sian O'Neill",
        "VisitNotes": None,
    } | others
    root = document("{urn:css:order:1}SubmitOrder")
    add_header(root, head)
    order = add(root, "Order")
    for name in ("CustomerReference", "Action", "AccountNumber", "TelephoneNumber", "AddressKey", "RequiredDate", "ProductCode"):
        add_optional(order, name, elements[name])
    if elements["Feature"]:
        block = add(order, "Features")
        for code in elements["Feature"].split():
            add(add(block, "Feature"), "ProductCode", code)
    add_optional(order, "NumberChoice", elements["NumberChoice"])
    add_contact(order, "Contact", "Sian O'Neill", "+447700900456")
    if elements["Action"] == "PROVIDE":
        listing = add(order, "DirectoryEntry")
        add(listing, "Kind", "DE")
        add(listing, "Name", "O'Neill S")
        add_optional(order, "EmergencyName", elements["EmergencyName"])
    add_optional(order, "VisitNotes", elements["VisitNotes"])
    check(root)
    return to_bytes(root, indented=True)


def send(engine: Engine, data: bytes, provider_code: str = PARTNER, *, at: datetime = AT) -> Answer:
    return receive(engine, provider_code, data, clock=FixedClock(at), own_party=US)


def opened(body: bytes) -> Element:
    """A document of ours, which had better be valid."""
    root = read_message(body)
    check(root)
    return root


def said(root: Element, path: str) -> str:
    return read_text(root, path) or ""


def result(answer: Answer) -> str:
    return said(opened(answer.body), "Receipt/Result")


def codes(body: bytes) -> list[tuple[str, str | None]]:
    """Code and path of every error of an Acknowledgement or OrderUpdate."""
    root = opened(body)
    holder = find(root, "Receipt")
    if holder is None:
        holder = find(root, "Update")
    assert holder is not None
    return [(error.code, error.path) for error in read_errors(holder)]


def outbox(engine: Engine, provider_code: str = PARTNER) -> list[Element]:
    with transaction(engine) as session:
        return [opened(row.body) for row in outbox_after(session, provider_code, 0, limit=1000)]


def stored(engine: Engine, message_id: str, provider_code: str = PARTNER) -> InboxMessage:
    with transaction(engine) as session:
        return session.execute(
            select(InboxMessage)
            .join(Provider, Provider.id == InboxMessage.provider_id)
            .where(InboxMessage.message_id == message_id, Provider.code == provider_code)
        ).scalar_one()


def orders_of(engine: Engine, message_id: str) -> list[str]:
    """Order numbers by the reference our messages carry."""
    with transaction(engine) as session:
        statement = select(CustomerOrder.number).where(CustomerOrder.customer_reference == f"PO-{message_id}")
        return list(session.execute(statement).scalars())


def answers_to(engine: Engine, conversation_id: str, provider_code: str = PARTNER) -> list[bytes]:
    """What the outbox holds of a conversation."""
    with transaction(engine) as session:
        return [row.body for row in outbox_after(session, provider_code, 0, limit=1000) if row.conversation_id == conversation_id]


def told(engine: Engine, conversation_id: str, provider_code: str = PARTNER) -> list[str]:
    """The kinds of the updates of a conversation."""
    return [said(opened(body), "Update/Kind") for body in answers_to(engine, conversation_id, provider_code)]


Parts = list[tuple[str, "str | Parts"]]
"""Elements in sequence, each with its text or its own; the common types' begin with ``c:``."""


def message_2(message_type: str, parts: Parts, *, head: MessageHeader | None = None) -> bytes:
    """A message of the second version of orders, which had better be valid."""
    head = replace(head or header(), message_type=message_type, schema_version="2.0")
    root = document(f"{{urn:css:order:2}}{message_type}")
    add_header(root, head)
    put(root, parts)
    check(root)
    return to_bytes(root, indented=True)


def takeover(
    account: str, address_key: str, *, number: str | None = None, head: MessageHeader | None = None, required_on: str = "2026-03-09"
) -> bytes:
    """Whoever moves in takes over the line at an address; who names its number keeps it."""
    head = head or header()
    order: Parts = [
        ("CustomerReference", f"PO-{head.message_id}"),
        ("Kind", "TAKEOVER"),
        ("AccountNumber", account),
        *([("TelephoneNumber", f"+{number}")] if number else []),
        ("AddressKey", address_key),
        ("RequiredDate", required_on),
        ("ProductCode", "LINE-WHO"),
        ("Consent", [("GivenBy", "Ben Marlow")]),
        ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")]),
        ("DirectoryEntry", [("Kind", "DE"), ("Name", "Marlow B")]),
        ("EmergencyName", "Mr Ben Marlow"),
    ]
    return message_2("SubmitOrder", [("Order", order)], head=head)


def amendment(order_number: str, *parts: tuple[str, str | Parts], head: MessageHeader | None = None) -> bytes:
    return message_2("AmendOrder", [("Amendment", [("OrderNumber", order_number), *parts])], head=head)


def cancellation(order_number: str, *parts: tuple[str, str | Parts], head: MessageHeader | None = None) -> bytes:
    return message_2("CancelOrder", [("Cancellation", [("OrderNumber", order_number), *parts])], head=head)


def put(parent: Element, parts: Parts) -> None:
    for name, value in parts:
        tag = name.replace("c:", COMMON, 1)
        if isinstance(value, str):
            add(parent, tag, value)
        else:
            put(add(parent, tag), value)
