"""Questions to a test area: its orders, lines, faults and slots, in the real answer documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import london_date
from css.core.errors import CssError, NotFound, Refused
from css.core.phone import display_number, parse_number
from css.core.words import AddressMatch, ProductKind, Segment
from css.master.queries import SiteAnswer, products
from css.master.sites import no_address
from css.partners.messages.enquiries import document
from css.partners.messages.faults import _answer as fault_answer
from css.partners.messages.kinds import Asked, Document
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter
from css.partners.sandbox import bookings, faults, magic
from css.partners.sandbox.deliveries import deliver
from css.partners.sandbox.order_cases import find_order, order_of
from css.partners.sandbox.placing import NATION
from css.partners.sandbox.scenarios import scenario_of
from orders.actions.find import find_offers
from orders.messages import enquiries
from orders.messages.enquiries import Answering, PlantAsked
from orders.queries.cards import OrderCard, OrderCopy, no_order
from orders.queries.entry import EntryAnswer
from orders.queries.plant import EarliestRow, PlantAnswer
from orders.queries.reconciling import FeatureOn, OpenOrderPage, OpenOrderRow, OwnLine, OwnLinePage
from orders.rules.dates import committed_date
from orders.rules.timing import earliest_date, timing_of
from orders.timings import timings
from orders.words import CeaseReason, ItemAction, OrderKind, OrderState, PlantOutcome
from repairs.messages import (
    FAULT_SNAPSHOT,
    OPEN_FAULT_LIST,
    fault_snapshot_message,
    open_fault_list,
    question_refused,
    read_list_my_open_faults,
    read_query_fault,
)
from repairs.messages import message_id as fault_message_id
from repairs.queries.copies import FaultSnapshot, UnfinishedPage, UnfinishedRow
from repairs.words import OPEN_STATES, FaultState

Write = Callable[[Session, SandboxArea, Asked, Answering], bytes]
_ENDS: Final = frozenset({OrderKind.CEASE, OrderKind.PORT_OUT})
_GIVES: Final = frozenset({OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER, OrderKind.PORT_IN})
_SPARE_PAIRS: Final = {PlantOutcome.RESTART: 2, PlantOutcome.SPARE_PAIR: 3, PlantOutcome.BUILD: 0}


def answer(session: Session, area: SandboxArea, asked: Asked, *, at_once: bool) -> Document:
    """The answer to a question, or the same document saying why there is none; ``at_once`` where it does not go to the outbox."""
    name = asked.header.message_type
    if name in _FAULTS:
        return _of_faults(session, area, asked)
    if name == FETCH:
        return _delivery(session, area, asked, at_once=at_once)
    message_type, write = _ANSWERS[name]
    try:
        return document(asked, message_type, lambda to: write(session, area, asked, to))
    except CssError as error:
        refusal = error
        return document(asked, message_type, lambda to: enquiries.refused(message_type, to, asked.root, refusal))


def _delivery(session: Session, area: SandboxArea, asked: Asked, *, at_once: bool) -> Document:
    words = "A document is fetched at queries or by SOAP, where it is answered at once."
    return deliver(session, area, asked, None if at_once else Refused("CSS579E", words, element="FetchDocument"))


def _of_faults(session: Session, area: SandboxArea, asked: Asked) -> Document:
    message_type, write = _FAULTS[asked.header.message_type]
    to = fault_answer(asked, message_type)
    try:
        body = write(session, area, asked)
    except CssError as error:
        body = question_refused(message_type, to, error)
    return Document(to.source_key, fault_message_id(to.source_key), message_type, body)


def _order(session: Session, area: SandboxArea, asked: Asked, to: Answering) -> bytes:
    wanted = enquiries.read_order_query(asked.root)
    if wanted.order_number is not None:
        case, copy = find_order(session, area, wanted.order_number)
    else:
        found = next((each for each in _orders(session, area) if each.customer_reference == wanted.customer_reference), None)
        if found is None:
            raise no_order(wanted.customer_reference or "")
        case, copy = found, order_of(found).order
    told = {name: getattr(copy, name) for name in OrderCopy.__dataclass_fields__}
    return enquiries.order_snapshot(to, OrderCard(**told, kci=order_of(case).history if wanted.with_events else ()))


def _open_orders(session: Session, area: SandboxArea, asked: Asked, to: Answering) -> bytes:
    wanted = enquiries.read_page_query(asked.root)
    cases = [case for case in _orders(session, area) if case.is_open and case.number > (wanted.after or "")]
    rows = [_open_order(case, order_of(case).order) for case in cases]
    rows = [row for row in rows if wanted.account_number in {None, row.account_number}]
    return enquiries.open_order_list(to, OpenOrderPage(orders=tuple(rows[: wanted.limit]), is_last=len(rows) <= wanted.limit))


def _open_order(case: SandboxCase, copy: OrderCopy) -> OpenOrderRow:
    return OpenOrderRow(
        order_number=copy.order_number,
        customer_reference=copy.customer_reference,
        conversation_id=case.conversation_id,
        kind=copy.kind,
        state=copy.state,
        is_unsolicited=copy.reason_code == CeaseReason.LOST.value,
        account_number=copy.account_number,
        number=copy.number,
        address_key=copy.address_key,
        required_on=copy.required_on,
        target_on=copy.target_on,
        committed_on=copy.committed_on,
        placed_at=copy.placed_at,
        last_sequence=case.last_event,
    )


def _lines(session: Session, area: SandboxArea, asked: Asked, to: Answering) -> bytes:
    """The lines that orders of the area gave and none took away again."""
    wanted = enquiries.read_page_query(asked.root)
    lines: dict[str, OwnLine] = {}
    for case in _orders(session, area):
        copy = order_of(case).order
        if copy.state is not OrderState.COMPLETED or copy.number is None:
            continue
        if copy.kind in _ENDS:
            lines.pop(copy.number, None)
        elif copy.kind in _GIVES:
            lines[copy.number] = _line(copy)
    rows = [
        lines[number]
        for number in sorted(lines)
        if number > (wanted.after or "").removeprefix("+") and wanted.account_number in {None, lines[number].account_number}
    ]
    return enquiries.line_list(to, OwnLinePage(lines=tuple(rows[: wanted.limit]), is_last=len(rows) <= wanted.limit))


def _line(copy: OrderCopy) -> OwnLine:
    added = [item for item in copy.items if item.action is ItemAction.ADD]
    main = next((item.product_code for item in added if item.kind is ProductKind.LINE), "LINE-WHO")
    return OwnLine(
        number=copy.number or "",
        account_number=copy.account_number,
        address_key=copy.address_key,
        postcode=copy.postcode,
        product_code=main,
        features=tuple(FeatureOn(product_code=item.product_code, quantity=1) for item in added if item.kind is ProductKind.FEATURE),
        care_level=copy.care_level,
        line_count=1,
        works_from=copy.done_on or copy.required_on,
        bars=(),
        open_order=None,
    )


def _plant(session: Session, area: SandboxArea, asked: Asked, to: Answering) -> bytes:  # noqa: ARG001 - as the others
    wanted = enquiries.read_plant_query(asked.root)
    keys = _addresses(wanted)
    if len(keys) > 1:
        return enquiries.addresses_found(to, [_site(key) for key in keys])
    plant, entry = _found(session, keys[0], wanted, at=asked.at)
    sold = [each for each in products(session, Segment.WHOLESALE, entry.promised_on) if each.is_orderable and each.kind in _ORDERABLE]
    unknown = [code for code in wanted.product_codes if code not in {each.code for each in sold}]
    if unknown:
        sentence = "{code} cannot be ordered by wholesale accounts; a query without Products and with WithOrderables true lists what can."
        raise Refused("CSS531E", sentence, code=unknown[0], element="Products/ProductCode")
    return enquiries.plant_answer(to, _site(keys[0]), plant, entry, sold if wanted.with_orderables else ())


_ORDERABLE: Final = frozenset({ProductKind.LINE, ProductKind.FEATURE})
_DOORS: Final = frozenset(str(each) for each in range(1000))
_TWO_DOORS: Final = ("A00000000000", "A00000000002")
"""What a postcode without premises may mean in a test area."""


def _addresses(wanted: PlantAsked) -> Sequence[str]:
    if wanted.address_key is not None:
        if magic.number_at(wanted.address_key) is None or "CSS209E" in scenario_of(int(wanted.address_key[-3:])).refuses:
            raise no_address(wanted.address_key)
        return (wanted.address_key,)
    if wanted.number is not None:
        digits = parse_number(wanted.number)
        key = magic.address_of(digits)
        if key is None:
            raise NotFound("CSS106E", "No line has the number {number}.", number=display_number(digits), element="number")
        return (key,)
    is_there = wanted.postcode == magic.POSTCODE and (wanted.premises is None or wanted.premises in _DOORS)
    if not is_there:
        raise NotFound(
            "CSS530E",
            "There is no address {premises}of postcode {postcode}.",
            premises="" if wanted.premises is None else f"{wanted.premises} ",
            postcode=wanted.postcode,
            element="postcode" if wanted.premises is None else "premises",
        )
    return _TWO_DOORS if wanted.premises is None else (f"A00000000{int(wanted.premises):03d}",)


def _site(key: str) -> SiteAnswer:
    return SiteAnswer(
        address_key=key,
        match=AddressMatch.GOLD,
        uprn=None,
        premises=str(int(key[-3:])),
        street="Sandbox Street",
        town="Brackwater",
        postcode=magic.POSTCODE,
        district_code="SX",
        exchange_code="SANDBOX",
        exchange_name="Sandbox",
        working_lines=0,
        stopped_lines=(),
        spare_pairs=0,
    )


def _found(session: Session, key: str, wanted: PlantAsked, *, at: datetime) -> tuple[PlantAnswer, EntryAnswer]:
    """What an order at the address would meet, by the scenario of its number and the real lead times."""
    outcome, on = scenario_of(int(key[-3:])).outcome, london_date(at)
    named = find_offers(session, wanted.product_codes, Segment.WHOLESALE, wanted.required_on or on) if wanted.product_codes else {}
    asks_visit = any(offer.needs_visit for code, offer in named.items() if code in wanted.product_codes) or not wanted.product_codes
    needs_visit = asks_visit and outcome is not PlantOutcome.RESTART
    earliest_on = earliest_date(
        timing_of(timings(session), OrderKind.PROVIDE, outcome, needs_visit=needs_visit, on=on), on=on, nation=NATION
    )
    is_stopped = outcome is PlantOutcome.RESTART
    plant = PlantAnswer(
        address_key=key,
        match=AddressMatch.GOLD,
        exchange_name="Sandbox",
        working_lines=0,
        stopped_lines=int(is_stopped),
        stopped=(),
        spare_pairs=_SPARE_PAIRS[outcome],
        outcome=outcome,
        is_surveyed_first=outcome is PlantOutcome.BUILD,
        earliest_on=earliest_on,
        earliest=(EarliestRow(kind=OrderKind.PROVIDE, outcome=outcome, needs_visit=needs_visit, earliest_on=earliest_on),),
        words="An address of the test area.",
    )
    entry = EntryAnswer(
        address_key=key,
        district_code="SX",
        nation=NATION,
        match=AddressMatch.GOLD,
        exchange_name="Sandbox",
        working_lines=0,
        stopped_lines=int(is_stopped),
        spare_pairs=_SPARE_PAIRS[outcome],
        outcome=outcome,
        needs_visit=needs_visit,
        earliest_on=earliest_on,
        promised_on=committed_date(max(earliest_on, wanted.required_on or earliest_on), NATION),
        slots=(),
    )
    return plant, entry


def _fault(session: Session, area: SandboxArea, asked: Asked) -> bytes:
    wanted = read_query_fault(asked.root)
    if (wanted.number is None) == (wanted.reference is None):
        raise Refused("CSS525E", "Name the fault by its number or by your own reference, one of them.", element="fault_number")
    if wanted.number is not None:
        case, standing = faults.find_fault(session, area, wanted.number)
    else:
        found = next((each for each in faults.fault_cases(session, area) if each.customer_reference == wanted.reference), None)
        if found is None:
            sentence = "You have no fault with the reference {reference}."
            raise NotFound("CSS524E", sentence, reference=wanted.reference, element="customer_reference")
        case, standing = found, faults.standing_of(found)
    history = standing.history if wanted.with_history else ()
    return fault_snapshot_message(
        fault_answer(asked, FAULT_SNAPSHOT), FaultSnapshot(copy=faults.shown(standing.fault, case), history=history)
    )


def _open_faults(session: Session, area: SandboxArea, asked: Asked) -> bytes:
    after, limit = read_list_my_open_faults(asked.root)
    known = [(case, faults.standing_of(case)) for case in faults.fault_cases(session, area) if case.number > after]
    rows = [
        _unfinished(case, standing)
        for case, standing in known
        if standing.fault.state in OPEN_STATES or standing.fault.state is FaultState.CLEARED
    ]
    page = UnfinishedPage(faults=tuple(rows[:limit]), is_last=len(rows) <= limit)
    return open_fault_list(fault_answer(asked, OPEN_FAULT_LIST), page)


def _unfinished(case: SandboxCase, standing: faults.Standing) -> UnfinishedRow:
    fault = faults.shown(standing.fault, case)
    return UnfinishedRow(
        fault_number=fault.fault_number,
        customer_reference=fault.customer_reference,
        number=fault.number,
        state=fault.state,
        symptom_code=fault.symptom_code,
        due_at=fault.due_at,
        cleared_at=None if fault.clear is None else fault.clear.cleared_at,
        accept_by_at=None if fault.clear is None else fault.clear.accept_by_at,
        clear_count=standing.clears,
        last_update=case.last_event,
        is_in_outage=False,
    )


def _orders(session: Session, area: SandboxArea) -> Sequence[SandboxCase]:
    """Every order of an area that its partner knows of, by number."""
    statement = select(SandboxCase).where(
        SandboxCase.provider_id == area.provider_id, SandboxCase.matter == SandboxMatter.ORDER, SandboxCase.last_event > 0
    )
    return session.execute(statement.order_by(SandboxCase.number)).scalars().all()


_ANSWERS: Final[dict[str, tuple[str, Write]]] = {
    "QueryOrder": ("OrderSnapshot", _order),
    "ListMyOpenOrders": ("OpenOrderList", _open_orders),
    "ListMyLines": ("LineList", _lines),
    "LinePlantQuery": ("LinePlantAnswer", _plant),
    "AppointmentQuery": ("AppointmentOffer", bookings.offer),
}
_FAULTS: Final[dict[str, tuple[str, Callable[[Session, SandboxArea, Asked], bytes]]]] = {
    "QueryFault": (FAULT_SNAPSHOT, _fault),
    "ListMyOpenFaults": (OPEN_FAULT_LIST, _open_faults),
}
FETCH: Final = "FetchDocument"
ANSWERED: Final = frozenset({*_ANSWERS, *_FAULTS, FETCH})
"""Questions that the test area answers."""
