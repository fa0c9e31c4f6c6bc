"""XML to command, and what became of an order to XML: ``schemas/order-1.xsd``. Nothing here decides or reads the database."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from lxml import etree

from css.core.errors import BadMessage, CssError, Refused
from css.core.words import DirectoryEntryKind, HalfDay, ProductKind
from css.xml import (
    Element,
    MessageError,
    MessageHeader,
    Party,
    add,
    add_address,
    add_contact,
    add_errors,
    add_header,
    add_optional,
    children,
    date_text,
    document,
    find,
    instant_text,
    read_date,
    read_header,
    read_text,
    required,
    to_bytes,
)
from orders.commands import PlaceOrder, Slot
from orders.queries import KciRow, OrderCopy
from orders.words import ItemAction, OrderKind

ORDER: Final = "{urn:css:order:1}"
ORDER_UPDATE: Final = "OrderUpdate"
_IDS: Final = UUID("5d0b2f6e-9a41-5c0e-8c57-3f1f6a7e2b90")
"""Names our own ids of messages and conversations, so that the same event has the same id whenever it is written."""
_ACTIONS: Final = {"PROVIDE": OrderKind.PROVIDE, "CEASE": OrderKind.CEASE}

_ELEMENTS: Final = {
    "account_number": "SubmitOrder/Order/AccountNumber",
    "address_key": "SubmitOrder/Order/AddressKey",
    "required_on": "SubmitOrder/Order/RequiredDate",
    "appointment": "SubmitOrder/Order/Appointment",
    "care_level": "SubmitOrder/Order/CareLevel",
    "customer_reference": "SubmitOrder/Order/CustomerReference",
    "contact_name": "SubmitOrder/Order/Contact/Name",
    "contact_phone": "SubmitOrder/Order/Contact/TelephoneNumber",
    "directory_kind": "SubmitOrder/Order/DirectoryEntry/Kind",
    "directory_name": "SubmitOrder/Order/DirectoryEntry/Name",
    "emergency_name": "SubmitOrder/Order/EmergencyName",
    "hazard_notes": "SubmitOrder/Order/HazardNotes",
    "visit_notes": "SubmitOrder/Order/VisitNotes",
    "conversation_id": "SubmitOrder/Header/ConversationId",
    "product_codes": "SubmitOrder/Order/ProductCode",
    "kind": "SubmitOrder/Order/Action",
}
"""Where a field of the command stands in the message; ``number`` and single products depend on the message."""


def message_id(source_key: str) -> str:
    """The id of the message about an event, the same for ever: made from its source key."""
    return str(uuid5(_IDS, source_key))


def conversation_of(order_number: str) -> str:
    """The conversation of an order that was placed without one."""
    return message_id(f"order/{order_number}")


def submit_order_command(root: Element) -> PlaceOrder:
    """What a valid SubmitOrder asks, as the command that a screen or a script would give. The message's id is its token.

    Raises:
        Refused: CSS239E, an action that is not offered; its element is the path in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    header = read_header(root)
    order = required(find(root, "Order"), "SubmitOrder/Order")
    action = required(read_text(order, "Action"), "SubmitOrder/Order/Action")
    kind = _ACTIONS.get(action)
    if kind is None:
        raise Refused("CSS239E", "Orders to {action} are not taken yet.", action=action, element=_ELEMENTS["kind"])
    main = read_text(order, "ProductCode")
    features = [required(read_text(feature, "ProductCode"), "Feature/ProductCode") for feature in children(order, "Features/Feature")]
    slot = find(order, "Appointment")
    directory_kind = read_text(order, "DirectoryEntry/Kind")
    return PlaceOrder(
        token=header.message_id,
        kind=kind,
        account_number=required(read_text(order, "AccountNumber"), _ELEMENTS["account_number"]),
        product_codes=(*([main] if main else []), *features),
        address_key=read_text(order, "AddressKey"),
        number=read_text(order, _number_element(kind)),
        required_on=required(read_date(order, "RequiredDate"), _ELEMENTS["required_on"]),
        appointment=None if slot is None else _slot(slot),
        care_level=read_text(order, "CareLevel"),
        customer_reference=read_text(order, "CustomerReference"),
        contact_name=read_text(order, "Contact/Name") or "",
        contact_phone=read_text(order, "Contact/TelephoneNumber") or "",
        directory_kind=DirectoryEntryKind(directory_kind) if directory_kind else DirectoryEntryKind.ORDINARY,
        directory_name=read_text(order, "DirectoryEntry/Name"),
        emergency_name=read_text(order, "EmergencyName"),
        hazard_notes=read_text(order, "HazardNotes"),
        visit_notes=read_text(order, "VisitNotes"),
        conversation_id=header.conversation_id,
    )


def refusal_entries(root: Element, error: CssError) -> tuple[MessageError, ...]:
    """Why an order was refused, each reason with the path of the element in the SubmitOrder that asked for it."""
    return tuple(replace(entry, path=_path(root, entry.path)) for entry in MessageError.of_error(error))


def order_update(copy: OrderCopy, kci: KciRow, *, source_key: str, sender: Party, receiver: Party, at: datetime) -> bytes:
    """The OrderUpdate that tells a partner of one event, with the order in full. The same event gives the same bytes."""
    root = document(f"{ORDER}{ORDER_UPDATE}")
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
    add_optional(update, "Text", kci.words)
    _add_order(update, copy)
    return to_bytes(root, indented=True)


def order_refused(root: Element, error: CssError, *, source_key: str, sender: Party, receiver: Party, at: datetime) -> bytes:
    """The OrderUpdate that answers a SubmitOrder no order was made of: what was asked, given back, and every reason why not."""
    asked = read_header(root)
    answer = document(f"{ORDER}{ORDER_UPDATE}")
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
        if name == "Action":
            add(order, "State", "REJECTED")
    return to_bytes(answer, indented=True)


def _number_element(kind: OrderKind) -> str:
    return "NumberChoice" if kind is OrderKind.PROVIDE else "TelephoneNumber"


def _slot(slot: Element) -> Slot:
    half_day = required(read_text(slot, "Slot"), "Appointment/Slot")
    try:
        return Slot(slot_on=required(read_date(slot, "Date"), "Appointment/Date"), half_day=HalfDay(half_day))
    except ValueError:
        raise BadMessage("CSS520E", "{path} cannot be read.", path="Appointment/Slot", element=_ELEMENTS["appointment"]) from None


def _path(root: Element, field: str | None) -> str | None:
    """Where the field of a command stands in the message it was read from."""
    if field is None or "/" in field:
        return field
    order = find(root, "Order")
    if field == "number" and order is not None:
        return f"SubmitOrder/Order/{_number_element(_ACTIONS.get(read_text(order, 'Action') or '', OrderKind.PROVIDE))}"
    product = re.fullmatch(r"product_codes\[([0-9]+)\]", field)
    if product is None or order is None:
        return _ELEMENTS.get(field)
    place = int(product[1])
    if read_text(order, "ProductCode") is None:
        place += 1
    elif place == 0:
        return _ELEMENTS["product_codes"]
    count = sum(1 for _ in children(order, "Features/Feature"))
    return f"SubmitOrder/Order/Features/Feature{f'[{place}]' if count > 1 else ''}/ProductCode"


def _add_order(update: Element, copy: OrderCopy) -> None:
    order = add(update, "Order")
    add(order, "OrderNumber", copy.order_number)
    add_optional(order, "CustomerReference", copy.customer_reference)
    add(order, "Action", copy.kind.value.upper())
    add(order, "State", copy.state.value.upper())
    add(order, "AccountNumber", copy.account_number)
    add_optional(order, "TelephoneNumber", None if copy.number is None else f"+{copy.number}")
    add(order, "AddressKey", copy.address_key)
    add_address(order, "SiteAddress", premises=copy.premises, street=copy.street, town=copy.town, postcode=copy.postcode)
    add_optional(order, "RequiredDate", date_text(copy.required_on))
    add_optional(order, "TargetDate", date_text(copy.target_on))
    add_optional(order, "CommittedDate", date_text(copy.committed_on))
    add_optional(order, "CompletedAt", instant_text(copy.completed_at))
    _add_products(order, copy)
    add_optional(order, "CareLevel", copy.care_level)
    add_contact(order, "Contact", copy.contact_name, f"+{copy.contact_phone}")
    if copy.directory_kind is not None:
        entry = add(order, "DirectoryEntry")
        add(entry, "Kind", copy.directory_kind.value)
        add_optional(entry, "Name", copy.directory_name)
    add_optional(order, "EmergencyName", copy.emergency_name)
    add_optional(order, "HazardNotes", copy.hazard_notes)
    add_optional(order, "VisitNotes", copy.visit_notes)
    if copy.slot_on is not None and copy.half_day is not None:
        slot = add(order, "Appointment")
        add(slot, "Date", copy.slot_on.isoformat())
        add(slot, "Slot", copy.half_day.value)


def _add_products(order: Element, copy: OrderCopy) -> None:
    main = next((item for item in copy.items if item.kind is ProductKind.LINE), None)
    features = [item for item in copy.items if item is not main]
    add_optional(order, "ProductCode", None if main is None else main.product_code)
    if not features:
        return
    block = add(order, "Features")
    for item in features:
        feature = add(block, "Feature")
        add(feature, "ProductCode", item.product_code)
        if item.action is ItemAction.REMOVE:
            add(feature, "Change", "REMOVE")
