"""What a partner's own system would send: a SubmitOrder written from the published schema and guide alone."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from css.demo.ground import Place
from css.xml import COMMON, MessageHeader, Party, add, add_contact, add_header, date_text, document, to_bytes

NAMESPACE = "{urn:css:order:1}"


def provide_order(*, seed: int, n: int, us: Party, them: Party, account: str, place: Place, required_on: date, at: datetime) -> bytes:
    """A SubmitOrder for a wholesale line at a place. The same seed and ``n`` give the same bytes."""
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.com/demo/{seed}/{n}")
    root = document(f"{NAMESPACE}SubmitOrder", {"c": COMMON.strip("{}")})
    add_header(
        root,
        MessageHeader(
            message_id=str(identity),
            message_type="SubmitOrder",
            schema_version="1.0",
            conversation_id=str(uuid.uuid5(identity, "conversation")),
            sender=them,
            receiver=us,
            created_at=at,
        ),
    )
    order = add(root, "Order")
    add(order, "CustomerReference", f"BN-{seed}-{n:06d}")
    add(order, "Action", "PROVIDE")
    add(order, "AccountNumber", account)
    add(order, "AddressKey", place.address_key)
    add(order, "RequiredDate", date_text(required_on))
    add(order, "ProductCode", "LINE-WHO")
    add_contact(order, "Contact", "Order desk", "+443069990123")
    add(add(order, "DirectoryEntry"), "Kind", "XD")
    add(order, "EmergencyName", "The Occupier")
    return to_bytes(root)


def mistaken_cancellation(*, us: Party, them: Party, order_number: str, at: datetime) -> bytes:
    """A CancelOrder for an order that the partner does not have."""
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.com/demo/cancel/{order_number}")
    root = document("{urn:css:order:2}CancelOrder", {None: "urn:css:order:2", "c": COMMON.strip("{}")})
    add_header(
        root,
        MessageHeader(
            message_id=str(identity),
            message_type="CancelOrder",
            schema_version="2.0",
            conversation_id=str(uuid.uuid5(identity, "conversation")),
            sender=them,
            receiver=us,
            created_at=at,
        ),
    )
    cancellation = add(root, "Cancellation")
    add(cancellation, "OrderNumber", order_number)
    add(cancellation, "Reason", "The end user keeps the old line.")
    return to_bytes(root)
