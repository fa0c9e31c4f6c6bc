"""The first version of the order messages: ``schemas/order-1.xsd``. It has four actions, of which two can be asked for.

What later kinds of order say and it cannot is left out; an order of such a kind stands under the action nearest to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from css.core.errors import Refused
from css.core.words import DirectoryEntryKind
from css.xml import Element, add, add_optional, children, date_text, find, instant_text, read_date, read_header, read_text, required
from orders.commands.orders import PlaceOrder
from orders.messages.parts import (
    add_appointment,
    add_listing,
    add_notes,
    add_site,
    add_whom_to_ask,
    feature_path,
    index_of,
    main_and_features,
    read_appointment,
)
from orders.queries.cards import OrderCopy
from orders.rules.kinds import KINDS
from orders.words import ItemAction, OrderKind

NAMESPACE: Final = "{urn:css:order:1}"
SCHEMA_VERSION: Final = "1.0"
KIND_ELEMENT: Final = "Action"
"""Says in an order what kind it is of; its state follows."""
FEATURES_MAX: Final = 30
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
    "remove_codes": "SubmitOrder/Order/Features",
    "kind": "SubmitOrder/Order/Action",
}
"""Where a field of the command stands in the message; ``number`` and single products depend on the message."""


def read_submit_order(root: Element) -> PlaceOrder:
    """What a valid SubmitOrder asks. The message's id is its token.

    Raises:
        Refused: CSS239E, an action that is not offered; its element is the path in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    header = read_header(root)
    order = required(find(root, "Order"), "SubmitOrder/Order")
    action = required(read_text(order, "Action"), "SubmitOrder/Order/Action")
    kind = _ACTIONS.get(action)
    if kind is None:
        raise Refused(
            "CSS239E",
            "The first version of the messages has no way to ask for {action}; the second has.",
            action=action,
            element=_ELEMENTS["kind"],
        )
    main = read_text(order, "ProductCode")
    features = list(_features(order))
    directory_kind = read_text(order, "DirectoryEntry/Kind")
    return PlaceOrder(
        token=header.message_id,
        kind=kind,
        account_number=required(read_text(order, "AccountNumber"), _ELEMENTS["account_number"]),
        product_codes=(*([main] if main else []), *(code for _, change, code in features if change == "ADD")),
        # Neither action takes anything off: who asks for that is told so, and not given what he did not want.
        remove_codes=tuple(code for _, change, code in features if change == "REMOVE"),
        address_key=read_text(order, "AddressKey"),
        number=read_text(order, _number_element(kind)),
        required_on=required(read_date(order, "RequiredDate"), _ELEMENTS["required_on"]),
        appointment=read_appointment(order, _ELEMENTS["appointment"]),
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
        schema_major=1,
    )


def path_of(root: Element, field: str) -> str | None:
    """Where the field of a command stands in the message it was read from."""
    order = find(root, "Order")
    if field == "number" and order is not None:
        return f"SubmitOrder/Order/{_number_element(_ACTIONS.get(read_text(order, 'Action') or '', OrderKind.PROVIDE))}"
    place = index_of("product_codes", field)
    if place is None or order is None:
        return _ELEMENTS.get(field)
    if read_text(order, "ProductCode") is None:
        place += 1
    elif place == 0:
        return _ELEMENTS["product_codes"]
    features = list(_features(order))
    added = [each for each, change, _ in features if change == "ADD"]
    return feature_path("SubmitOrder/Order", added[place - 1], len(features)) if place <= len(added) else _ELEMENTS["product_codes"]


def add_order(update: Element, copy: OrderCopy) -> None:
    """The order in full, as far as this version can say it."""
    order = add(update, "Order")
    add(order, "OrderNumber", copy.order_number)
    add_optional(order, "CustomerReference", copy.customer_reference)
    add(order, "Action", KINDS[copy.kind].xml_action)
    add(order, "State", copy.state.value.upper())
    add(order, "AccountNumber", copy.account_number)
    add_optional(order, "TelephoneNumber", None if copy.number is None else f"+{copy.number}")
    add_site(order, copy)
    add_optional(order, "RequiredDate", date_text(copy.required_on))
    add_optional(order, "TargetDate", date_text(copy.target_on))
    add_optional(order, "CommittedDate", date_text(copy.committed_on))
    add_optional(order, "CompletedAt", instant_text(copy.completed_at))
    _add_products(order, copy)
    add_optional(order, "CareLevel", copy.care_level)
    add_whom_to_ask(order, copy)
    add_listing(order, copy)
    add_notes(order, copy)
    add_appointment(order, copy)


def _add_products(order: Element, copy: OrderCopy) -> None:
    main, features = main_and_features(copy)
    add_optional(order, "ProductCode", None if main is None else main.product_code)
    # A feature without a change is one that is added, so one that only stays has no place here.
    changed = [item for item in features if item.action is not ItemAction.KEEP][:FEATURES_MAX]
    if not changed:
        return
    block = add(order, "Features")
    for item in changed:
        feature = add(block, "Feature")
        add(feature, "ProductCode", item.product_code)
        if item.action is ItemAction.REMOVE:
            add(feature, "Change", "REMOVE")


def _features(order: Element) -> Iterator[tuple[int, str, str]]:
    """The features of a message: place from 1, change, product."""
    for place, feature in enumerate(children(order, "Features/Feature"), start=1):
        yield place, read_text(feature, "Change") or "ADD", required(read_text(feature, "ProductCode"), "Feature/ProductCode")


def _number_element(kind: OrderKind) -> str:
    return "NumberChoice" if kind is OrderKind.PROVIDE else "TelephoneNumber"
