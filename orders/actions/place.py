"""Placing an order: everything that can be wrong is told at once; what is taken (line, pair, number) nobody else can take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Breach, Conflict, CssError, NotFound, Refusals, Refused
from css.core.ids import IdKind
from css.core.phone import display_number, parse_number
from css.core.words import AppointmentState, HoldKind, LineState
from css.db.constraints import constraint_of
from css.handover import place_hold
from css.master.appointments import Appointment
from css.master.districts import business_date
from css.master.lines import Line
from css.master.serials import next_number
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from orders.actions.find import (
    Asker,
    SiteFound,
    facts_of_number,
    find_account,
    find_offers,
    find_site,
    just_taken,
    require_may,
    take_next_number,
    take_spare_pair,
    take_stopped_line,
)
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.commands import OrderPlaced, PlaceOrder
from orders.messages import conversation_of
from orders.model import CustomerOrder, OrderItem
from orders.rules.content import Content, read_content
from orders.rules.dates import committed_date, day_words, earliest_date, required_date_fault, slot_fault
from orders.rules.lifecycle import OPEN_STATES, Move, move
from orders.rules.plant import number_fault, plant_outcome
from orders.words import ItemAction, KciKind, OrderKind, OrderState, PlantOutcome

TRIES_MAX: Final = 3
"""How often an order looks for plant again after losing a race for it."""
_RACES: Final = {
    "uq_line_pair_id_live": "The spare pair",
    "uq_customer_order_open_on_line": "The line",
    "uq_customer_order_number_reserved": "The telephone number",
}
"""Constraints that decide who was first, and over what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """An order as asked, read but not yet matched with plant."""

    command: PlaceOrder
    asker: Asker
    content: Content
    faults: tuple[CssError, ...]
    """What was found wrong so far; told together with what plant and dates add."""
    on: date
    """The business date."""
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What an order will work on."""

    line_id: int
    site_id: int
    number: str | None
    outcome: PlantOutcome | None
    items: tuple[tuple[int, int | None], ...]
    """Product, and the service it ends."""


@audit.answered
def place_order(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> OrderPlaced:
    """Take an order for a new line or a cease: plan the line, keep its pair and number, promise a date, tell the customer.

    A provide restarts a stopped line of the site, else takes a spare pair, else waits for building; rules/dates.py has the
    lead times. The order is committed at once: what was needed to promise a date is known by then.

    Raises:
        NotFound: CSS200E, CSS209E, CSS230E.
        Refused: CSS201E, CSS203E, CSS210E to CSS229E, CSS237E to CSS242E; several of them at once as ``Several``.
        Conflict: CSS207E an order is open on the line, CSS208E the reference was used, CSS231E a race was lost.
    """
    require_may(by, "place")
    asker = find_account(session, command.account_number, by)
    on = business_date(session, asker.district_code)
    wrong = Refusals()
    if asker.closed_on is not None and asker.closed_on <= on:
        closed = day_words(asker.closed_on)
        wrong.add(Refused("CSS201E", "The account was closed on {closed}.", closed=closed, element="account_number"))
    offers = find_offers(session, command.product_codes, asker.segment, command.required_on)
    content = read_content(command, wrong, segment=asker.segment, offers=offers)
    asked = _Asked(command=command, asker=asker, content=content, faults=tuple(wrong.found), on=on, by=by, at=at)
    find_work = _find_for_provide if command.kind is OrderKind.PROVIDE else _find_for_cease
    # A second look after a lost race finds other plant, or the refusal that names what is gone. A bounded number of times.
    lost = ""
    for _ in range(TRIES_MAX):
        try:
            with session.begin_nested():
                return _write(session, asked, find_work(session, asked))
        except IntegrityError as error:
            lost = constraint_of(error) or ""
            if lost == "uq_customer_order_provider_reference":
                raise _reference_used(content) from error
            if lost not in _RACES:
                raise
    raise just_taken(_RACES[lost])


def _reference_used(content: Content) -> CssError:
    return Conflict(
        "CSS208E",
        "There is an order with the reference {reference} already.",
        reference=content.customer_reference,
        element="customer_reference",
    )


def _find_for_provide(session: Session, asked: _Asked) -> _Work:
    """Choose line, pair and number for a new line, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    site = wrong.reading(lambda: find_site(session, asked.command.address_key or "")) if (asked.command.address_key or "").strip() else None
    if site is None:
        wrong.tell()
        msg = "an order without a site was not refused"
        raise Breach(msg)
    if site.district_code != asked.asker.district_code:
        wrong.add(
            Refused(
                "CSS240E",
                "The address is in district {site}, the account in {account}; order on an account of that district.",
                site=site.district_code,
                account=asked.asker.district_code,
                element="address_key",
            )
        )
        wrong.tell()
    line_id = take_stopped_line(session, site.site_id)
    pair_id = take_spare_pair(session, site.distribution_point_id) if line_id is None else None
    outcome = plant_outcome(has_stopped_line=line_id is not None, has_spare_pair=pair_id is not None)
    needs_visit = any(offer.needs_visit for offer in asked.content.items)
    wrong.add(*_date_faults(asked, outcome, needs_visit=needs_visit))
    number = wrong.reading(lambda: _number_for(session, asked, site))
    wrong.tell()
    if line_id is None:
        line = Line(
            district_code=site.district_code,
            provider_id=asked.asker.provider_id,
            account_id=asked.asker.account_id,
            site_id=site.site_id,
            pair_id=pair_id,
            state=LineState.PLANNED,
            starts_on=asked.on,
        )
        session.add(line)
        session.flush()
        line_id = line.id
    items = tuple((offer.product_id, None) for offer in asked.content.items)
    return _Work(line_id=line_id, site_id=site.site_id, number=number, outcome=outcome, items=items)


def _number_for(session: Session, asked: _Asked, site: SiteFound) -> str | None:
    """The number wanted, if it can be had, or the next free one; at a silver address none can be kept."""
    wanted = (asked.command.number or "").strip()
    if site.distribution_point_id is None:
        if wanted:
            raise Refused("CSS228E", "No number can be kept for an address that is not in the network's records.", element="number")
        return None
    if not wanted:
        return take_next_number(session, site.exchange_id, site.exchange_name, asked.at)
    number = parse_number(wanted)
    fault = number_fault(
        facts_of_number(session, number, site.exchange_id, asked.asker.account_id), exchange_name=site.exchange_name, at=asked.at
    )
    if fault is not None:
        raise fault
    return number


def _find_for_cease(session: Session, asked: _Asked) -> _Work:
    """Find the working line and what works on it, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults)
    wrong.add(*_date_faults(asked, None, needs_visit=False))
    wanted = (asked.command.number or "").strip()
    number = wrong.reading(lambda: parse_number(wanted)) if wanted else None
    found = (
        session.execute(
            select(Line.id, Line.site_id, Site.address_key)
            .join(Service, Service.line_id == Line.id)
            .join(ServiceNumber, ServiceNumber.service_id == Service.id)
            .join(Site, Site.id == Line.site_id)
            .where(
                ServiceNumber.number == number,
                ServiceNumber.ends_at.is_(None),
                Service.account_id == asked.asker.account_id,
                Line.state == LineState.WORKING,
            )
            .with_for_update(of=Line)
        ).one_or_none()
        if number
        else None
    )
    if number and found is None:
        wrong.add(
            NotFound(
                "CSS230E",
                "No working line of account {account} has the number {number}.",
                account=asked.asker.account_number,
                number=display_number(number),
                element="number",
            )
        )
    key = (asked.command.address_key or "").strip().upper()
    if found is not None and key and key != found.address_key:
        wrong.add(Refused("CSS242E", "The line with that number is not at address {key}.", key=key[:20], element="address_key"))
    wrong.tell()
    if found is None or number is None:
        msg = "a cease without a line was not refused"
        raise Breach(msg)
    open_order = session.execute(
        select(CustomerOrder.number).where(CustomerOrder.line_id == found.id, CustomerOrder.state.in_(OPEN_STATES))
    ).scalar()
    if open_order is not None:
        raise Conflict(
            "CSS207E",
            "Order {order} is open on the line already; complete or cancel it first.",
            order=open_order,
            element="number",
        )
    services = session.execute(
        select(Service.product_id, Service.id).where(Service.line_id == found.id, Service.ends_on.is_(None)).order_by(Service.id)
    )
    items = tuple((row.product_id, row.id) for row in services)
    return _Work(line_id=found.id, site_id=found.site_id, number=number, outcome=None, items=items)


def _date_faults(asked: _Asked, outcome: PlantOutcome | None, *, needs_visit: bool) -> list[CssError]:
    command, nation = asked.command, asked.asker.nation
    earliest_on = earliest_date(command.kind, outcome, needs_visit=needs_visit, on=asked.on, nation=nation)
    faults = [required_date_fault(command.required_on, earliest_on, on=asked.on, outcome=outcome)]
    if command.appointment is not None and command.kind is OrderKind.PROVIDE:
        committed_on = committed_date(max(command.required_on, earliest_on), nation)
        faults.append(slot_fault(command.appointment.slot_on, on=asked.on, committed_on=committed_on, nation=nation))
    return [fault for fault in faults if fault is not None]


def _write(session: Session, asked: _Asked, work: _Work) -> OrderPlaced:
    """Write the order, its items and slot, and tell of it: acknowledged and, in the same breath, committed."""
    command, content, asker = asked.command, asked.content, asked.asker
    number = next_number(session, asker.district_code, IdKind.ORDER)
    committed_on = committed_date(command.required_on, asker.nation)
    slot = None
    if command.appointment is not None:
        slot = Appointment(
            district_code=asker.district_code,
            site_id=work.site_id,
            slot_on=command.appointment.slot_on,
            half_day=command.appointment.half_day,
            state=AppointmentState.BOOKED,
        )
        session.add(slot)
        session.flush()
    is_provide = command.kind is OrderKind.PROVIDE
    order = CustomerOrder(
        number=number,
        district_code=asker.district_code,
        provider_id=asker.provider_id,
        account_id=asker.account_id,
        line_id=work.line_id,
        kind=command.kind,
        state=move(number, OrderState.ACKNOWLEDGED, Move.COMMIT).state,
        customer_reference=content.customer_reference,
        conversation_id=content.conversation_id or conversation_of(number),
        required_on=command.required_on,
        committed_on=committed_on,
        target_on=committed_on,
        appointment_id=None if slot is None else slot.id,
        plant_outcome=work.outcome,
        telephone_number=work.number,
        care_level=content.care_level,
        contact_name=content.contact_name,
        contact_phone=content.contact_phone,
        directory_kind=command.directory_kind.value if is_provide else None,
        directory_name=content.directory_name if is_provide else None,
        emergency_name=content.emergency_name if is_provide else None,
        hazard_notes=content.hazard_notes,
        visit_notes=content.visit_notes,
        placed_on=asked.on,
        placed_at=asked.at,
        placed_by=asked.by.name,
        row_version=1,
    )
    session.add(order)
    session.flush()
    action = ItemAction.ADD if is_provide else ItemAction.REMOVE
    session.add_all(
        OrderItem(order_id=order.id, item_number=n, action=action, product_id=product_id, service_id=service_id)
        for n, (product_id, service_id) in enumerate(work.items, start=1)
    )
    place_hold(
        session,
        source_key=f"order/{number}",
        account_id=asker.account_id,
        line_id=work.line_id,
        kind=HoldKind.OPEN_ORDER,
        reference=number,
        at=asked.at,
    )
    audit.record(session, by=asked.by, at=asked.at, verb="place_order", subject=("order", number), after=to_plain(command))
    copy = order_as_it_stands(session, order)
    received = replace(copy, state=OrderState.ACKNOWLEDGED, committed_on=None, target_on=None, no_return_at=None)
    promise = "The line will be provided by {day}." if is_provide else "The line will be ceased on {day}."
    tell(
        session,
        order,
        [
            Event(kind=KciKind.ACKNOWLEDGED, copy=received, words="The order was received."),
            Event(kind=KciKind.COMMITTED, copy=copy, words=promise.format(day=day_words(committed_on))),
        ],
        at=asked.at,
    )
    return OrderPlaced(
        order_number=number,
        state=order.state,
        required_on=order.required_on,
        committed_on=committed_on,
        number=work.number,
        plant_outcome=work.outcome,
    )
