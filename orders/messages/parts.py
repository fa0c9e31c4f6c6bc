"""Parts that an order has in every version of its messages, read and written once. Elements are in the namespace they stand in."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID, uuid5

from css.core.errors import BadMessage
from css.core.words import HalfDay, ProductKind
from css.xml import Element, add, add_address, add_contact, add_optional, clean_text, find, read_date, read_text, required
from orders.commands.orders import Slot
from orders.queries.cards import ItemRow, OrderCopy
from orders.words import ItemAction

TEXT_MAX: Final = 500
"""Characters of the sentence an update carries."""
_NAME_MAX: Final = 100
_IDS: Final = UUID("5d0b2f6e-9a41-5c0e-8c57-3f1f6a7e2b90")
"""Names our own ids of messages and conversations, so that the same event has the same id whenever it is written."""
_DIALLED: Final = re.compile(r"[1-9][0-9]{6,14}")
_MAIN_FIRST: Final = (ItemAction.ADD, ItemAction.KEEP, ItemAction.REMOVE)


def message_id(source_key: str) -> str:
    """The id of the message about an event, the same for ever: made from its source key."""
    return str(uuid5(_IDS, source_key))


def conversation_of(order_number: str) -> str:
    """The conversation of an order that was placed without one."""
    return message_id(f"order/{order_number}")


def read_appointment(parent: Element, path: str) -> Slot | None:
    """The slot asked for; ``path`` is named when it cannot be read."""
    slot = find(parent, "Appointment")
    if slot is None:
        return None
    half_day = required(read_text(slot, "Slot"), "Appointment/Slot")
    try:
        return Slot(slot_on=required(read_date(slot, "Date"), "Appointment/Date"), half_day=HalfDay(half_day))
    except ValueError:
        raise BadMessage("CSS520E", "{path} cannot be read.", path="Appointment/Slot", element=path) from None


def index_of(name: str, field: str) -> int | None:
    """Which of a command's ``name`` a field speaks of, from 0: 2 for ``product_codes[2]``; None when of none of them."""
    found = re.fullmatch(rf"{name}\[([0-9]+)\]", field)
    return None if found is None else int(found[1])


def feature_path(parent: str, place: int, count: int) -> str:
    """The path of one of so many features, counted from 1."""
    return f"{parent}/Features/Feature{f'[{place}]' if count > 1 else ''}/ProductCode"


def main_and_features(copy: OrderCopy) -> tuple[ItemRow | None, list[ItemRow]]:
    """The main product of the line as it will be, or as it was where it ends, and the features.

    What a care level costs is no feature: an order says its level, and ``CARE-2.5`` is no product code of the schemas.
    """
    lines = [item for item in copy.items if item.kind is ProductKind.LINE]
    main = min(lines, key=lambda item: _MAIN_FIRST.index(item.action), default=None)
    return main, [item for item in copy.items if item is not main and item.kind is not ProductKind.CARE]


def add_site(order: Element, copy: OrderCopy) -> None:
    add(order, "AddressKey", copy.address_key)
    add_address(order, "SiteAddress", premises=copy.premises, street=copy.street, town=copy.town, postcode=copy.postcode)


def add_whom_to_ask(order: Element, copy: OrderCopy) -> None:
    """The contact; nothing where there is nobody to ask, as of an order that nobody asked for."""
    name = clean_text(copy.contact_name).strip()[:_NAME_MAX]
    if name and _DIALLED.fullmatch(copy.contact_phone):
        add_contact(order, "Contact", name, f"+{copy.contact_phone}")


def add_listing(order: Element, copy: OrderCopy) -> None:
    if copy.directory_kind is not None:
        entry = add(order, "DirectoryEntry")
        add(entry, "Kind", copy.directory_kind.value)
        add_optional(entry, "Name", copy.directory_name)
    add_optional(order, "EmergencyName", copy.emergency_name)


def add_notes(order: Element, copy: OrderCopy) -> None:
    add_optional(order, "HazardNotes", copy.hazard_notes)
    add_optional(order, "VisitNotes", copy.visit_notes)


def add_appointment(order: Element, copy: OrderCopy) -> Element | None:
    """The slot, and its element for what else a version says of it; None when there is no slot."""
    if copy.slot_on is None or copy.half_day is None:
        return None
    slot = add(order, "Appointment")
    add(slot, "Date", copy.slot_on.isoformat())
    add(slot, "Slot", copy.half_day.value)
    return slot
