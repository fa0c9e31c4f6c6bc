"""The second version of the order messages: ``schemas/order-2.xsd``. It says every kind of order, amends and cancels.

The codes of its open lists are our own words in capitals: the kind ``port-in`` is ``PORT_IN``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from css.core.errors import Refusals, Refused
from css.core.money import to_money
from css.core.words import DirectoryEntryKind
from css.xml import (
    Element,
    add,
    add_optional,
    children,
    clean_text,
    date_text,
    find,
    instant_text,
    read_date,
    read_flag,
    read_header,
    read_money,
    read_text,
    read_whole,
    required,
)
from orders.commands.orders import AmendOrder, CancelOrder, CancelOther, PlaceOrder
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
from orders.rules.kinds import KINDS, KindRule
from orders.words import CancelOtherReason, CeaseReason, ItemAction, OrderKind

NAMESPACE: Final = "{urn:css:order:2}"
SCHEMA_VERSION: Final = "2.0"
KIND_ELEMENT: Final = "Kind"
"""Says in an order what kind it is of; its state follows."""
FEATURES_MAX: Final = 60
TEXTS_MAX: Final = 100
"""Characters of a name, and of where a letter is filed; an operator may have keyed more."""


def code_of(word: StrEnum) -> str:
    """A word of ours as the messages say it: ``port-in`` is ``PORT_IN``."""
    return word.value.upper().replace("-", "_")


_KINDS: Final = {code_of(kind): kind for kind in OrderKind}
_REASONS: Final = {code_of(reason): reason for reason in CancelOtherReason}

_ORDER: Final = {
    "kind": "Kind",
    "account_number": "AccountNumber",
    "product_codes": "ProductCode",
    "remove_codes": "Features",
    "address_key": "AddressKey",
    "postcode": "LinePostcode",
    "number": "TelephoneNumber",
    "new_number": "NewNumber",
    "keeps_number": "KeepsNumber",
    "line_count": "LineCount",
    "network_code": "NetworkCode",
    "authority": "LetterOfAuthority",
    # A partner cannot order a bar, so what is wrong with one is the kind.
    "bar": "Kind",
    "reason_code": "CeaseReason",
    "ends_riding": "EndsRidingServices",
    "linked_order": "LinkedOrder",
    "required_on": "RequiredDate",
    "appointment": "Appointment",
    "appointment_number": "AppointmentNumber",
    "care_level": "CareLevel",
    "excess_agreed": "ExcessAgreed",
    "quote_number": "QuoteNumber",
    "consented_by": "Consent/GivenBy",
    "customer_reference": "CustomerReference",
    "contact_name": "Contact/Name",
    "contact_phone": "Contact/TelephoneNumber",
    "directory_kind": "DirectoryEntry/Kind",
    "directory_name": "DirectoryEntry/Name",
    "emergency_name": "EmergencyName",
    "hazard_notes": "HazardNotes",
    "visit_notes": "VisitNotes",
}
"""Where a field of ``PlaceOrder`` stands below ``Order``; single products depend on the message."""
_NEW_LINE: Final = {"number": "NewNumber", "new_number": "TelephoneNumber"}
"""The same for a new line, which has no number yet: the number wanted is the one it will have."""
_AMENDMENT: Final = {
    "order_number": "OrderNumber",
    "reason_code": "ReasonCode",
    # As the rule on problem codes calls it.
    "problem_code": "ReasonCode",
    "required_on": "RequiredDate",
    "line_count": "LineCount",
    "add_codes": "Features",
    "drop_codes": "Features",
    "contact_name": "Contact/Name",
    "contact_phone": "Contact/TelephoneNumber",
    "hazard_notes": "HazardNotes",
    "visit_notes": "VisitNotes",
    "appointment": "Appointment",
    "appointment_number": "AppointmentNumber",
}
"""Where a field of ``AmendOrder`` stands below ``Amendment``."""
_CANCELLATION: Final = {"order_number": "OrderNumber", "reason": "Reason", "words": "Reason"}
"""Where a field of ``CancelOrder`` or ``CancelOther`` stands below ``Cancellation``; the reason of the latter is a code."""
_LISTED: Final = {"product_codes": "ADD", "remove_codes": "REMOVE", "add_codes": "ADD", "drop_codes": "REMOVE"}
"""Fields that hold products, by the change a feature of the message has for them."""
_FLAGGED: Final = {"keeps_number": "KeepsNumber", "ends_riding": "EndsRidingServices"}
"""Fields that always say something, so that only the message can tell whether they were given."""


def read_submit_order(root: Element) -> PlaceOrder:
    """What a valid SubmitOrder asks. The message's id is its token.

    Raises:
        Refused: CSS861E no such kind of order, CSS862E something the kind has no place for; elements are paths in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    header = read_header(root)
    order = required(find(root, "Order"), "SubmitOrder/Order")
    rule = _kind_rule(required(read_text(order, "Kind"), "SubmitOrder/Order/Kind"))
    _refuse_what_has_no_place(order, rule)
    element = _ORDER | (_NEW_LINE if rule.kind is OrderKind.PROVIDE else {})
    main = read_text(order, "ProductCode")
    added, removed = _features(order)
    directory_kind = read_text(order, "DirectoryEntry/Kind")
    keeps_number = read_flag(order, "KeepsNumber")
    return PlaceOrder(
        token=header.message_id,
        kind=rule.kind,
        account_number=required(read_text(order, "AccountNumber"), "SubmitOrder/Order/AccountNumber"),
        product_codes=(*([main] if main else []), *added),
        remove_codes=removed,
        address_key=read_text(order, "AddressKey"),
        postcode=read_text(order, "LinePostcode"),
        number=read_text(order, element["number"]),
        new_number=read_text(order, element["new_number"]),
        keeps_number=True if keeps_number is None else keeps_number,
        line_count=read_whole(order, "LineCount"),
        network_code=read_text(order, "NetworkCode"),
        authority=read_text(order, "LetterOfAuthority"),
        reason_code=read_text(order, "CeaseReason"),
        ends_riding=bool(read_flag(order, "EndsRidingServices")),
        linked_order=read_text(order, "LinkedOrder"),
        required_on=required(read_date(order, "RequiredDate"), "SubmitOrder/Order/RequiredDate"),
        appointment=read_appointment(order, "SubmitOrder/Order/Appointment"),
        appointment_number=read_text(order, "AppointmentNumber"),
        care_level=read_text(order, "CareLevel"),
        excess_agreed=read_money(order, "ExcessAgreed"),
        quote_number=read_text(order, "QuoteNumber"),
        consented_by=read_text(order, "Consent/GivenBy"),
        customer_reference=read_text(order, "CustomerReference"),
        contact_name=read_text(order, "Contact/Name") or "",
        contact_phone=read_text(order, "Contact/TelephoneNumber") or "",
        directory_kind=DirectoryEntryKind(directory_kind) if directory_kind else None,
        directory_name=read_text(order, "DirectoryEntry/Name"),
        emergency_name=read_text(order, "EmergencyName"),
        hazard_notes=read_text(order, "HazardNotes"),
        visit_notes=read_text(order, "VisitNotes"),
        conversation_id=header.conversation_id,
        schema_major=2,
    )


def read_amend_order(root: Element) -> AmendOrder:
    """What a valid AmendOrder asks. The message's id is its token.

    Raises:
        Refused: CSS863E, notes that are given and taken away at once; its element is the path in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    amendment = required(find(root, "Amendment"), "AmendOrder/Amendment")
    wrong = Refusals()
    hazard_notes = wrong.reading(lambda: _notes(amendment, "HazardNotes"))
    visit_notes = wrong.reading(lambda: _notes(amendment, "VisitNotes"))
    wrong.tell()
    added, removed = _features(amendment)
    return AmendOrder(
        token=read_header(root).message_id,
        order_number=required(read_text(amendment, "OrderNumber"), "AmendOrder/Amendment/OrderNumber"),
        required_on=read_date(amendment, "RequiredDate"),
        appointment=read_appointment(amendment, "AmendOrder/Amendment/Appointment"),
        appointment_number=read_text(amendment, "AppointmentNumber"),
        contact_name=read_text(amendment, "Contact/Name"),
        contact_phone=read_text(amendment, "Contact/TelephoneNumber"),
        hazard_notes=hazard_notes,
        visit_notes=visit_notes,
        add_codes=added,
        drop_codes=removed,
        line_count=read_whole(amendment, "LineCount"),
        reason_code=read_text(amendment, "ReasonCode") or "",
    )


def read_cancel_order(root: Element) -> CancelOrder | CancelOther:
    """What a valid CancelOrder asks: the end of an order of one's own, or of the one that takes one's line.

    Raises:
        Refused: CSS864E no reason, CSS865E no such reason to stop a takeover or transfer; elements are paths in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    token = read_header(root).message_id
    cancellation = required(find(root, "Cancellation"), "CancelOrder/Cancellation")
    order_number = required(read_text(cancellation, "OrderNumber"), "CancelOrder/Cancellation/OrderNumber")
    words = read_text(cancellation, "Reason")
    code = read_text(cancellation, "CancelOtherReason")
    if code is None:
        if words is None:
            raise Refused("CSS864E", "Say why the order is cancelled.", element="CancelOrder/Cancellation/Reason")
        return CancelOrder(token=token, order_number=order_number, reason=words)
    reason = _REASONS.get(code)
    if reason is None:
        raise Refused(
            "CSS865E",
            "{code} is no reason to stop a takeover or transfer; choose from {known}.",
            code=code,
            known=", ".join(_REASONS),
            element="CancelOrder/Cancellation/CancelOtherReason",
        )
    return CancelOther(token=token, order_number=order_number, reason=reason, words=words or "")


def path_of(root: Element, field: str) -> str | None:
    """Where the field of a command stands in the message it was read from."""
    amendment, cancellation, order = (find(root, name) for name in ("Amendment", "Cancellation", "Order"))
    if amendment is not None:
        return _path_below("AmendOrder/Amendment", amendment, field, _AMENDMENT)
    if cancellation is not None:
        if field == "reason" and find(cancellation, "CancelOtherReason") is not None:
            return "CancelOrder/Cancellation/CancelOtherReason"
        return _path_below("CancelOrder/Cancellation", cancellation, field, _CANCELLATION)
    if order is None or field == "conversation_id":
        return None if order is None else "SubmitOrder/Header/ConversationId"
    return _path_below("SubmitOrder/Order", order, field, _elements_of(order))


def _elements_of(order: Element) -> dict[str, str]:
    """Where the fields of ``PlaceOrder`` stand in a message of this kind that says this much."""
    kind = _KINDS.get(read_text(order, "Kind") or "")
    if kind is None:
        return _ORDER
    if kind is OrderKind.PROVIDE:
        return _ORDER | _NEW_LINE
    rule, said = KINDS[kind], {}
    if "number" in rule.may and find(order, "TelephoneNumber") is None and find(order, "AddressKey") is not None:
        # The line is named by where it is.
        said["number"] = "AddressKey"
    only_features = kind is not OrderKind.PORT_IN and "product_codes" not in rule.needs
    if only_features and find(order, "ProductCode") is None and ("product_codes" in rule.may or find(order, "Features") is not None):
        said["product_codes"] = "Features"
    return _ORDER | said


def add_order(update: Element, copy: OrderCopy) -> None:
    """The order in full."""
    order = add(update, "Order")
    add(order, "OrderNumber", copy.order_number)
    add_optional(order, "CustomerReference", copy.customer_reference)
    add(order, "Kind", code_of(copy.kind))
    add(order, "State", code_of(copy.state))
    # By the reason that nobody can give. Which order takes the line, and whose it is, is none of the losing provider's business.
    add_optional(order, "Unsolicited", "true" if copy.reason_code == CeaseReason.LOST.value else None)
    add(order, "AccountNumber", copy.account_number)
    add_optional(order, "TelephoneNumber", _number(copy.number))
    # The number that a line taken over had is that of whoever moves out, who may be ex-directory: whoever named it knows it.
    add_optional(order, "OldNumber", None if copy.kind is OrderKind.TAKEOVER else _number(copy.old_number))
    add_site(order, copy)
    add_optional(order, "RequiredDate", date_text(copy.required_on))
    add_optional(order, "TargetDate", date_text(copy.target_on))
    add_optional(order, "CommittedDate", date_text(copy.committed_on))
    add_optional(order, "NoReturnAt", instant_text(copy.no_return_at))
    add_optional(order, "PlacedAt", instant_text(copy.placed_at))
    add_optional(order, "DoneDate", date_text(copy.done_on))
    add_optional(order, "CompletedAt", instant_text(copy.completed_at))
    add_optional(order, "PlantOutcome", None if copy.plant_outcome is None else code_of(copy.plant_outcome))
    add_optional(order, "NetworkCode", copy.network_code)
    add_optional(order, "LetterOfAuthority", None if copy.authority is None else copy.authority[:TEXTS_MAX])
    add_optional(order, "LineCount", None if copy.line_count is None else str(copy.line_count))
    add_optional(order, "Bar", None if copy.bar is None else code_of(copy.bar))
    _add_products(order, copy)
    add_optional(order, "CareLevel", copy.care_level)
    add_optional(order, "CeaseReason", copy.reason_code)
    add_optional(order, "LinkedOrder", copy.link_number)
    add_optional(order, "QuoteNumber", copy.quote_number)
    agreed = clean_text(copy.consented_by or "").strip()[:TEXTS_MAX]
    if agreed:
        consent = add(order, "Consent")
        add(consent, "GivenBy", agreed)
        add_optional(consent, "GivenAt", instant_text(copy.consented_at))
    add_optional(order, "ExcessAgreed", None if copy.excess_agreed is None else str(copy.excess_agreed))
    add_optional(order, "ExcessConstruction", None if copy.excess_price is None else str(to_money(copy.excess_price)))
    add_whom_to_ask(order, copy)
    add_listing(order, copy)
    add_notes(order, copy)
    add_optional(order, "AppointmentNumber", copy.slot_number)
    slot = add_appointment(order, copy)
    if slot is not None and copy.slot_state is not None:
        add(slot, "State", code_of(copy.slot_state))


def _kind_rule(code: str) -> KindRule:
    kind = _KINDS.get(code)
    if kind is None:
        offered = ", ".join(name for name, each in _KINDS.items() if KINDS[each].is_for_partners)
        raise Refused(
            "CSS861E",
            "There is no kind of order {code}; there are {offered}.",
            code=code,
            offered=offered,
            element="SubmitOrder/Order/Kind",
        )
    return KINDS[kind]


def _refuse_what_has_no_place(order: Element, rule: KindRule) -> None:
    """Refuse what was said and would not be heard. Other fields the rules of ordering look at themselves."""
    wrong = Refusals()
    wrong.add(
        *(
            Refused(
                "CSS862E", "{kind}: there is no place for {what} in it.", kind=rule.title, what=name, element=f"SubmitOrder/Order/{name}"
            )
            for field, name in _FLAGGED.items()
            if find(order, name) is not None and field not in rule.needs | rule.may
        )
    )
    wrong.tell()


def _changes(parent: Element) -> Iterator[tuple[int, str, str]]:
    """The features of a message: place from 1, change, product. What only stays asks for nothing."""
    for place, feature in enumerate(children(parent, "Features/Feature"), start=1):
        change = read_text(feature, "Change") or "ADD"
        if change != code_of(ItemAction.KEEP):
            yield place, change, required(read_text(feature, "ProductCode"), "Feature/ProductCode")


def _features(parent: Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The products to be added, and those to be taken off."""
    changes = list(_changes(parent))
    added = tuple(product for _, change, product in changes if change == "ADD")
    return added, tuple(product for _, change, product in changes if change == "REMOVE")


def _notes(amendment: Element, name: str) -> str | None:
    """Notes as they are to be: None leaves them, empty takes them away."""
    given, is_taken_away = read_text(amendment, name), read_flag(amendment, f"No{name}")
    if given is not None and is_taken_away:
        raise Refused("CSS863E", "{name} are given and taken away in one message.", name=name, element=f"AmendOrder/Amendment/No{name}")
    return "" if is_taken_away else given


def _path_below(parent: str, element: Element, field: str, known: dict[str, str]) -> str | None:
    for name, change in _LISTED.items():
        number = index_of(name, field)
        if number is not None:
            return _path_of_product(parent, element, number, change, has_main=name == "product_codes") or f"{parent}/{known[name]}"
    return f"{parent}/{known[field]}" if field in known else None


def _path_of_product(parent: str, element: Element, number: int, change: str, *, has_main: bool) -> str | None:
    if has_main and read_text(element, "ProductCode") is not None:
        if number == 0:
            return f"{parent}/ProductCode"
        number -= 1
    places = [place for place, each, _ in _changes(element) if each == change]
    count = sum(1 for _ in children(element, "Features/Feature"))
    return feature_path(parent, places[number], count) if number < len(places) else None


def _number(digits: str | None) -> str | None:
    return None if digits is None else f"+{digits}"


def _add_products(order: Element, copy: OrderCopy) -> None:
    main, features = main_and_features(copy)
    add_optional(order, "ProductCode", None if main is None else main.product_code)
    if not features:
        return
    block = add(order, "Features")
    for item in features[:FEATURES_MAX]:
        feature = add(block, "Feature")
        add(feature, "ProductCode", item.product_code)
        if item.action is not ItemAction.ADD:
            add(feature, "Change", code_of(item.action))
        if item.quantity > 1:
            add(feature, "Quantity", str(item.quantity))
