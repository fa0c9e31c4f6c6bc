"""XML to command, and what became of an order to XML: ``schemas/order-1.xsd`` and ``order-2.xsd``. Nothing here decides or reads
the database.

A message is read by the version its namespace names, and answered in it. An order is told of in the version it came by, for
as long as it lives. ``parts`` has what the versions share.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
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
from orders.commands.orders import AmendOrder, CancelOrder, CancelOther, PlaceOrder
from orders.messages import version1, version2
from orders.messages.parts import TEXT_MAX, conversation_of, message_id
from orders.queries.cards import KciRow, OrderCopy

__all__ = [
    "ORDER_UPDATE",
    "amend_order_command",
    "cancel_order_command",
    "conversation_of",
    "major_of",
    "message_id",
    "order_refused",
    "order_update",
    "refusal_entries",
    "refusal_kind",
    "submit_order_command",
]

ORDER_UPDATE: Final = "OrderUpdate"
_HEAD: Final = re.compile(rb'xmlns(?::[^=]*)?="urn:css:order:([1-9][0-9]*)"')
_REFUSALS: Final = {
    "SubmitOrder": ("ORDER_REJECTED", "The order was not taken."),
    "AmendOrder": ("AMENDMENT_REJECTED", "The order was not amended; it stands as it did."),
    "CancelOrder": ("CANCELLATION_REJECTED", "The order was not cancelled; it stands as it did."),
}
"""What answers a message that was refused, and its sentence."""


@dataclass(frozen=True, slots=True)
class _Version:
    """A major version of the schema."""

    namespace: str
    schema_version: str
    kind_element: str
    read_submit_order: Callable[[Element], PlaceOrder]
    path_of: Callable[[Element, str], str | None]
    add_order: Callable[[Element, OrderCopy], None]


_VERSIONS: Final = {
    major: _Version(each.NAMESPACE, each.SCHEMA_VERSION, each.KIND_ELEMENT, each.read_submit_order, each.path_of, each.add_order)
    for major, each in ((1, version1), (2, version2))
}


def major_of(head: bytes) -> int:
    """The major version of an OrderUpdate of ours, by its first bytes; 1 when they do not say."""
    found = _HEAD.search(head)
    return int(found[1]) if found else 1


def submit_order_command(root: Element) -> PlaceOrder:
    """What a valid SubmitOrder asks, as the command that a screen or a script would give. The message's id is its token.

    Raises:
        Refused: CSS239E, CSS861E a kind of order that is not offered, CSS862E what it has no place for; the element is the
            path in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    return _version_of(root).read_submit_order(root)


def amend_order_command(root: Element) -> AmendOrder:
    """What a valid AmendOrder asks, in the same way.

    Raises:
        Refused: CSS863E.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    return version2.read_amend_order(root)


def cancel_order_command(root: Element) -> CancelOrder | CancelOther:
    """What a valid CancelOrder asks, in the same way: the end of an order of one's own, or of the one that takes one's line.

    Raises:
        Refused: CSS864E, CSS865E.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    return version2.read_cancel_order(root)


def refusal_kind(message_type: str) -> str:
    """What kind of OrderUpdate answers a refused message: ``ORDER_REJECTED``."""
    return _REFUSALS[message_type][0]


def refusal_entries(root: Element, error: CssError) -> tuple[MessageError, ...]:
    """Why a message was refused, each reason with the path of the element in it that asked for what cannot be."""
    return tuple(replace(entry, path=_path(root, entry.path)) for entry in MessageError.of_error(error))


def order_update(
    copy: OrderCopy,
    kci: KciRow,
    *,
    source_key: str,
    sender: Party,
    receiver: Party,
    at: datetime,
    major: int = 1,
    ref_to_message_id: str | None = None,
) -> bytes:
    """The OrderUpdate that tells a partner of one event, with the order in full. The same event gives the same bytes.

    Args:
        copy: the order as it stands after the event.
        kci: the event.
        source_key: of the event; the message's id is made from it.
        sender: ourselves.
        receiver: whose order it is.
        at: when it is told.
        major: the version it is written in. What a version cannot say is left out.
        ref_to_message_id: the partner's message of which the event is the direct result, if it is of one.
    """
    version = _VERSIONS[major]
    root = document(f"{version.namespace}{ORDER_UPDATE}")
    add_header(
        root,
        MessageHeader(
            message_id=message_id(source_key),
            message_type=ORDER_UPDATE,
            schema_version=version.schema_version,
            conversation_id=copy.conversation_id,
            sender=sender,
            receiver=receiver,
            created_at=at,
            ref_to_message_id=ref_to_message_id,
            sequence_no=kci.sequence,
        ),
    )
    update = add(root, "Update")
    add(update, "Kind", kci.kind.value)
    add(update, "SequenceNo", str(kci.sequence))
    add_optional(update, "IssuedAt", instant_text(kci.occurred_at))
    add_optional(update, "ProblemCode", kci.problem_code)
    add_optional(update, "Text", kci.words[:TEXT_MAX])
    version.add_order(update, copy)
    return to_bytes(root, indented=True)


def order_refused(
    root: Element, error: CssError, *, source_key: str, sender: Party, receiver: Party, at: datetime, copy: OrderCopy | None = None
) -> bytes:
    """The OrderUpdate that answers a message refused by a rule, in the version of the message, with every reason.

    Args:
        root: the message. A SubmitOrder is given back as it was asked.
        error: why it was refused.
        source_key: of the refusal; the answer's id is made from it.
        sender: ourselves.
        receiver: who asked.
        at: when it was refused.
        copy: the order that was to be amended or cancelled, as it stands; None when the partner has no such order.
    """
    asked = read_header(root)
    version = _version_of(root)
    is_of_new = asked.message_type == "SubmitOrder"
    answer = document(f"{version.namespace}{ORDER_UPDATE}")
    add_header(
        answer,
        MessageHeader(
            message_id=message_id(source_key),
            message_type=ORDER_UPDATE,
            schema_version=version.schema_version,
            conversation_id=asked.conversation_id,
            sender=sender,
            receiver=receiver,
            created_at=at,
            ref_to_message_id=asked.message_id,
            # What was refused to an order that stands is no event of it, and takes no number of its stream.
            sequence_no=1 if is_of_new else None,
        ),
    )
    kind, words = _REFUSALS[asked.message_type]
    update = add(answer, "Update")
    add(update, "Kind", kind)
    if is_of_new:
        add(update, "SequenceNo", "1")
    add_optional(update, "IssuedAt", instant_text(at))
    add(update, "Text", words)
    add_errors(update, refusal_entries(root, error))
    if is_of_new:
        _give_back(update, root, version)
    elif copy is not None:
        version.add_order(update, copy)
    return to_bytes(answer, indented=True)


def _give_back(update: Element, root: Element, version: _Version) -> None:
    """The order as it was asked for."""
    order = add(update, "Order")
    # A copy of an order has the elements of a request in the same sequence, and its state after its kind.
    for part in required(find(root, "Order"), "SubmitOrder/Order").iterchildren("*"):
        name = etree.QName(part).localname
        if name != "Extension":
            order.append(deepcopy(part))
        if name == version.kind_element:
            add(order, "State", "REJECTED")


def _version_of(root: Element) -> _Version:
    namespace = f"{{{etree.QName(root).namespace}}}"
    return next(version for version in _VERSIONS.values() if version.namespace == namespace)


def _path(root: Element, field: str | None) -> str | None:
    if field is None or "/" in field:
        return field
    return _version_of(root).path_of(root, field)
