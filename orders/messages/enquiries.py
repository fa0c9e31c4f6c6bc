"""Questions about orders, lines and plant from XML, and their answers to XML: ``schemas/enquiry-1.xsd``. Nothing here decides or reads
the database.

An answer names the message it answers. One that says no has Errors with the path of each element, and nothing of what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from lxml import etree

from css.core.errors import BadMessage, CssError
from css.master.queries import ProductRow, SiteAnswer
from css.xml import (
    Element,
    MessageError,
    MessageHeader,
    Party,
    add,
    add_address,
    add_errors,
    add_header,
    add_optional,
    children,
    date_text,
    document,
    find,
    instant_text,
    read_date,
    read_flag,
    read_text,
    read_whole,
    required,
    to_bytes,
)
from orders.messages import version2
from orders.messages.parts import TEXT_MAX
from orders.messages.version2 import code_of
from orders.queries.cards import KciRow, OrderCard
from orders.queries.entry import EntryAnswer
from orders.queries.plant import PlantAnswer
from orders.queries.reconciling import OpenOrderPage, OpenOrderRow, OwnLine, OwnLinePage

NAMESPACE: Final = "{urn:css:enquiry:1}"
SCHEMA_VERSION: Final = "1.0"
EVENTS_MAX: Final = 200
STOPPED_MAX: Final = 200
ORDERABLES_MAX: Final = 200
"""As many as the schema holds."""
_PREFIXES: Final = {None: "urn:css:enquiry:1", "c": "urn:css:common:1"}
_WITH_ORDERS: Final = _PREFIXES | {"o": "urn:css:order:2"}

_ELEMENTS: Final = {
    "order_number": "OrderNumber",
    "customer_reference": "CustomerReference",
    "account_number": "AccountNumber",
    "after": "AfterNumber",
    "address_key": "AddressKey",
    "postcode": "Postcode",
    "premises": "Premises",
    "number": "TelephoneNumber",
    "fault_number": "FaultNumber",
    "appointment_number": "AppointmentNumber",
    "skill": "Skill",
    "slot_on": "Date",
    "half_day": "Slot",
    "first_on": "FirstDate",
    "last_on": "LastDate",
}
"""Where the field of a query or command stands in the block of the message that asks."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What every answer says besides what was asked."""

    message_id: str
    """The answer's own."""
    asked: MessageHeader
    sender: Party
    receiver: Party
    at: datetime


# Reading.


def asking_block(root: Element) -> Element:
    """The block of a valid message of the family that says what is asked: all there is beside Header and Extension."""
    blocks = [part for part in root.iterchildren("*") if etree.QName(part).localname not in {"Header", "Extension"}]
    return required(next(iter(blocks), None), f"{etree.QName(root).localname}/Query")


def one_of(block: Element, *names: str) -> str:
    """Which of these elements is there.

    Raises:
        BadMessage: CSS529E none of them, or several.
    """
    given = [name for name in names if find(block, name) is not None]
    if len(given) != 1:
        ways = f"{', '.join(names[:-1])} or {names[-1]}"
        words = "none of them is there" if not given else f"there are {' and '.join(given)}"
        raise BadMessage("CSS529E", "Give one of {ways}; {words}.", ways=ways, words=words, element=given[1] if given else names[0])
    return given[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAsked:
    """An order by one of its two names."""

    order_number: str | None
    customer_reference: str | None
    with_events: bool


def read_order_query(root: Element) -> OrderAsked:
    """Which order a valid QueryOrder asks for. Error: CSS529E."""
    block = asking_block(root)
    one_of(block, "OrderNumber", "CustomerReference")
    return OrderAsked(
        order_number=read_text(block, "OrderNumber"),
        customer_reference=read_text(block, "CustomerReference"),
        with_events=bool(read_flag(block, "WithEvents")),
    )


def read_limit(block: Element) -> int:
    """How many entries a valid question for several asks for at most."""
    return required(read_whole(block, "Limit"), "Query/Limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsked:
    """A page of a list: what comes after a number."""

    after: str | None
    account_number: str | None
    limit: int


def read_page_query(root: Element) -> PageAsked:
    """Which page a valid ListMyOpenOrders or ListMyLines asks for."""
    block = asking_block(root)
    return PageAsked(
        after=read_text(block, "AfterNumber"),
        account_number=read_text(block, "AccountNumber"),
        limit=read_limit(block),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantAsked:
    """An address by one of three names, and what is wanted there."""

    address_key: str | None
    postcode: str | None
    premises: str | None
    number: str | None
    product_codes: tuple[str, ...]
    required_on: date | None
    with_orderables: bool


def read_plant_query(root: Element) -> PlantAsked:
    """What a valid LinePlantQuery asks for. Error: CSS529E, also of premises without a postcode."""
    block = asking_block(root)
    way = one_of(block, "AddressKey", "Postcode", "TelephoneNumber")
    premises = read_text(block, "Premises")
    if premises is not None and way != "Postcode":
        raise BadMessage("CSS529E", "Premises goes with Postcode alone; {way} says where it is.", way=way, element="Premises")
    return PlantAsked(
        address_key=read_text(block, "AddressKey"),
        postcode=read_text(block, "Postcode"),
        premises=premises,
        number=read_text(block, "TelephoneNumber"),
        product_codes=tuple((one.text or "").strip() for one in children(block, "Products/ProductCode")),
        required_on=read_date(block, "RequiredDate"),
        with_orderables=bool(read_flag(block, "WithOrderables")),
    )


# Writing.


def begin(message_type: str, to: Answering, *, with_orders: bool = False) -> tuple[Element, Element]:
    """An answer's root and its Answer, to be filled; ``with_orders`` where a whole order stands in it."""
    root = document(f"{NAMESPACE}{message_type}", _WITH_ORDERS if with_orders else _PREFIXES)
    add_header(
        root,
        MessageHeader(
            message_id=to.message_id,
            message_type=message_type,
            schema_version=SCHEMA_VERSION,
            conversation_id=to.asked.conversation_id,
            sender=to.sender,
            receiver=to.receiver,
            created_at=to.at,
            ref_to_message_id=to.asked.message_id,
        ),
    )
    answer = add(root, "Answer")
    add_optional(answer, "AnsweredAt", instant_text(to.at))
    return root, answer


def refused(message_type: str, to: Answering, asked: Element, error: CssError) -> bytes:
    """The answer that says why there is none, every reason with the path of the element it is about."""
    root, answer = begin(message_type, to)
    block = asking_block(asked)
    above = f"{etree.QName(asked).localname}/{etree.QName(block).localname}"
    entries = (replace(entry, path=_path(above, entry)) for entry in MessageError.of_error(error))
    add_errors(answer, tuple(entries))
    return to_bytes(root, indented=True)


def _path(above: str, entry: MessageError) -> str | None:
    if entry.path is None:
        return None
    return f"{above}/{_ELEMENTS.get(entry.path, entry.path)}"


def order_snapshot(to: Answering, card: OrderCard) -> bytes:
    """An order as it stands, in the second version's copy, whichever it was placed by; and what has happened to it, where the card says."""
    root, answer = begin("OrderSnapshot", to, with_orders=True)
    # The copy's own elements are order-2's, the one that holds it is ours.
    holder = document(f"{version2.NAMESPACE}Holder")
    version2.add_order(holder, card)
    order = required(find(holder, "Order"), "Order")
    order.tag = f"{NAMESPACE}Order"
    answer.append(order)
    if card.kci:
        events = add(answer, "Events")
        for kci in card.kci[-EVENTS_MAX:]:
            _add_event(events, kci)
    etree.cleanup_namespaces(root, keep_ns_prefixes=["c", "o"])
    return to_bytes(root, indented=True)


def _add_event(events: Element, kci: KciRow) -> None:
    event = add(events, "Event")
    add(event, "SequenceNo", str(kci.sequence))
    add(event, "Kind", kci.kind.value)
    add_optional(event, "IssuedAt", instant_text(kci.occurred_at))
    add_optional(event, "ProblemCode", kci.problem_code)
    add_optional(event, "Text", kci.words[:TEXT_MAX])


def open_order_list(to: Answering, page: OpenOrderPage) -> bytes:
    """A page of open orders."""
    root, answer = begin("OpenOrderList", to)
    _add_page(answer, len(page.orders), is_last=page.is_last)
    if page.orders:
        block = add(answer, "OpenOrders")
        for row in page.orders:
            _add_open_order(block, row)
    return to_bytes(root, indented=True)


def _add_open_order(block: Element, row: OpenOrderRow) -> None:
    order = add(block, "OpenOrder")
    add(order, "OrderNumber", row.order_number)
    add_optional(order, "CustomerReference", row.customer_reference)
    add(order, "ConversationId", row.conversation_id)
    add(order, "Kind", code_of(row.kind))
    add(order, "State", code_of(row.state))
    add_optional(order, "Unsolicited", "true" if row.is_unsolicited else None)
    add(order, "AccountNumber", row.account_number)
    add_optional(order, "TelephoneNumber", None if row.number is None else f"+{row.number}")
    add(order, "AddressKey", row.address_key)
    add_optional(order, "RequiredDate", date_text(row.required_on))
    add_optional(order, "TargetDate", date_text(row.target_on))
    add_optional(order, "CommittedDate", date_text(row.committed_on))
    add_optional(order, "PlacedAt", instant_text(row.placed_at))
    add_optional(order, "LastSequenceNo", None if row.last_sequence is None else str(row.last_sequence))


def line_list(to: Answering, page: OwnLinePage) -> bytes:
    """A page of working lines."""
    root, answer = begin("LineList", to)
    _add_page(answer, len(page.lines), is_last=page.is_last)
    if page.lines:
        block = add(answer, "Lines")
        for row in page.lines:
            _add_line(block, row)
    return to_bytes(root, indented=True)


def _add_line(block: Element, row: OwnLine) -> None:
    line = add(block, "Line")
    add(line, "TelephoneNumber", f"+{row.number}")
    add(line, "AccountNumber", row.account_number)
    add(line, "AddressKey", row.address_key)
    add(line, "Postcode", row.postcode)
    add(line, "ProductCode", row.product_code)
    if row.features:
        features = add(line, "Features")
        for one in row.features[: version2.FEATURES_MAX]:
            feature = add(features, "Feature")
            add(feature, "ProductCode", one.product_code)
            add_optional(feature, "Quantity", str(one.quantity) if one.quantity > 1 else None)
    add_optional(line, "CareLevel", row.care_level)
    add_optional(line, "LineCount", str(row.line_count) if row.line_count > 1 else None)
    add_optional(line, "WorksFrom", date_text(row.works_from))
    if row.bars:
        bars = add(line, "Bars")
        for bar in row.bars:
            add(bars, "Bar", bar)
    add_optional(line, "OpenOrder", row.open_order)


def addresses_found(to: Answering, found: Sequence[SiteAnswer]) -> bytes:
    """Which addresses a postcode may mean."""
    root, answer = begin("LinePlantAnswer", to)
    block = add(answer, "AddressesFound")
    for one in found:
        address = add(block, "AddressFound")
        add(address, "AddressKey", one.address_key)
        add(address, "Match", code_of(one.match))
        add_address(address, "Address", premises=one.premises, street=one.street, town=one.town, postcode=one.postcode)
    return to_bytes(root, indented=True)


def plant_answer(to: Answering, site: SiteAnswer, plant: PlantAnswer, entry: EntryAnswer, orderable: Sequence[ProductRow]) -> bytes:
    """What there is at an address, when a new line with the products asked for can be had, and what can be ordered, where asked."""
    root, answer = begin("LinePlantAnswer", to)
    block = add(answer, "Plant")
    add(block, "AddressKey", plant.address_key)
    add(block, "Match", code_of(plant.match))
    add_address(block, "Address", premises=site.premises, street=site.street, town=site.town, postcode=site.postcode)
    add(block, "ExchangeName", plant.exchange_name)
    add(block, "WorkingLineCount", str(plant.working_lines))
    add(block, "StoppedLineCount", str(plant.stopped_lines))
    if plant.stopped:
        _add_stopped_lines(block, plant)
    add(block, "SparePairCount", str(plant.spare_pairs))
    add(block, "PlantOutcome", code_of(plant.outcome))
    add(block, "SurveyedFirst", _flag(plant.is_surveyed_first))
    add(block, "VisitNeeded", _flag(entry.needs_visit))
    add_optional(block, "EarliestDate", date_text(entry.earliest_on))
    add_optional(block, "PromisedDate", date_text(entry.promised_on))
    dates = add(block, "FirstDates")
    for row in plant.earliest:
        first = add(dates, "FirstDate")
        add(first, "Kind", code_of(row.kind))
        add(first, "VisitNeeded", _flag(row.needs_visit))
        add_optional(first, "EarliestDate", date_text(row.earliest_on))
    if orderable:
        _add_orderables(block, orderable)
    add(block, "Text", plant.words[:TEXT_MAX])
    return to_bytes(root, indented=True)


def _add_stopped_lines(block: Element, plant: PlantAnswer) -> None:
    lines = add(block, "StoppedLines")
    for stopped in plant.stopped[:STOPPED_MAX]:
        line = add(lines, "StoppedLine")
        add_optional(line, "TelephoneNumber", None if stopped.number is None else f"+{stopped.number}")
        add_optional(line, "StoppedAt", instant_text(stopped.stopped_at))
        add_optional(line, "RestsUntil", instant_text(stopped.rests_until_at))
        add(line, "NumberGone", _flag(stopped.is_number_gone))


def _add_orderables(block: Element, orderable: Sequence[ProductRow]) -> None:
    products = add(block, "Orderables")
    for product in orderable[:ORDERABLES_MAX]:
        one = add(products, "Orderable")
        add(one, "ProductCode", product.code)
        add(one, "Name", product.name)
        add(one, "Kind", code_of(product.kind))
        add(one, "VisitNeeded", _flag(product.needs_visit))


def _add_page(answer: Element, count: int, *, is_last: bool) -> None:
    add(answer, "Count", str(count))
    add(answer, "Last", _flag(is_last))


def _flag(value: bool) -> str:  # noqa: FBT001 - it is the value itself
    return "true" if value else "false"
