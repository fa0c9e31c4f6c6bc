"""XML to command, and what became of an order to XML: ``schemas/order-1.xsd`` and ``order-2.xsd``. Nothing here decides or reads
the database.

A message is read by the version its namespace names, and answered in it. An order is told of in the version it came by, for
as long as it lives. ``parts`` has what the versions share.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from types import ModuleType
from typing import Final

from lxml import etree

from css.core.errors import CssError
from css.xml import (
    Element,
    MessageError,
    MessageHeader,
    Party,
    add,
    add_errors,
    add_header,
    add_optional,
    document,
    find,
    instant_text,
    read_header,
    required,
    to_bytes,
)
from orders.commands import PlaceOrder
from orders.messages import version1
from orders.messages.parts import TEXT_MAX, conversation_of, message_id
from orders.queries import KciRow, OrderCopy

__all__ = ["ORDER_UPDATE", "conversation_of", "message_id", "order_refused", "order_update", "refusal_entries", "submit_order_command"]

ORDER_UPDATE: Final = "OrderUpdate"
_VERSIONS: Final[dict[int, ModuleType]] = {1: version1}


def submit_order_command(root: Element) -> PlaceOrder:
    """What a valid SubmitOrder asks, as the command that a screen or a script would give. The message's id is its token.

    Raises:
        Refused: CSS239E, an action that is not offered; its element is the path in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    return version1.read_submit_order(root)


def refusal_entries(root: Element, error: CssError) -> tuple[MessageError, ...]:
    """Why an order was refused, each reason with the path of the element in the SubmitOrder that asked for it."""
    return tuple(replace(entry, path=_path(root, entry.path)) for entry in MessageError.of_error(error))


def order_update(copy: OrderCopy, kci: KciRow, *, source_key: str, sender: Party, receiver: Party, at: datetime) -> bytes:
    """The OrderUpdate that tells a partner of one event, with the order in full. The same event gives the same bytes."""
    root = document(f"{version1.NAMESPACE}{ORDER_UPDATE}")
    add_header(
        root,
        MessageHeader(
            message_id=message_id(source_key),
            message_type=ORDER_UPDATE,
            conversation_id=copy.conversation_id,
            sender=sender,
            receiver=receiver,
            created_at=at,
            sequence_no=kci.sequence,
        ),
    )
    update = add(root, "Update")
    add(update, "Kind", kci.kind.value)
    add(update, "SequenceNo", str(kci.sequence))
    add_optional(update, "IssuedAt", instant_text(kci.occurred_at))
    add_optional(update, "ProblemCode", kci.problem_code)
    add_optional(update, "Text", kci.words[:TEXT_MAX])
    version1.add_order(update, copy)
    return to_bytes(root, indented=True)


def order_refused(root: Element, error: CssError, *, source_key: str, sender: Party, receiver: Party, at: datetime) -> bytes:
    """The OrderUpdate that answers a SubmitOrder no order was made of: what was asked, given back, and every reason why not."""
    asked = read_header(root)
    answer = document(f"{version1.NAMESPACE}{ORDER_UPDATE}")
    add_header(
        answer,
        MessageHeader(
            message_id=message_id(source_key),
            message_type=ORDER_UPDATE,
            conversation_id=asked.conversation_id,
            sender=sender,
            receiver=receiver,
            created_at=at,
            ref_to_message_id=asked.message_id,
            sequence_no=1,
        ),
    )
    update = add(answer, "Update")
    add(update, "Kind", "ORDER_REJECTED")
    add(update, "SequenceNo", "1")
    add_optional(update, "IssuedAt", instant_text(at))
    add(update, "Text", "The order was not taken.")
    add_errors(update, refusal_entries(root, error))
    order = add(update, "Order")
    # A copy of an order has the elements of a request in the same sequence, and its state after the action.
    for part in required(find(root, "Order"), "SubmitOrder/Order").iterchildren("*"):
        name = etree.QName(part).localname
        if name != "Extension":
            order.append(deepcopy(part))
        if name == version1.KIND_ELEMENT:
            add(order, "State", "REJECTED")
    return to_bytes(answer, indented=True)


def _path(root: Element, field: str | None) -> str | None:
    if field is None or "/" in field:
        return field
    return version1.path_of(root, field)
