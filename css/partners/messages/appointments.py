"""Messages about the appointment book, onto its own queries and verbs: what is free, keep a half-day, give it back.

A visit is wanted at an address, for an order of the partner's or for a fault of the partner's; what it names of its own is what
tells the address and whether who comes must install or repair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import BadMessage, CssError, Refused
from css.core.words import HalfDay, Skill
from css.handover import next_outbox_sequence, put_in_outbox
from css.master.appointment_commands import ReleaseSlot, ReserveSlot, SlotHeld
from css.master.appointment_holding import release_slot, reserve_slot
from css.master.appointment_queries import FreeSlot, free_slots
from css.master.lines import Line
from css.master.sites import Site
from css.partners.access.wall import behind_the_wall
from css.partners.messages.enquiries import document, question
from css.partners.messages.kinds import Asked, Command, Document
from css.xml import Element, add, add_optional, date_text, instant_text, read_date, read_text, required, to_bytes
from orders.messages.enquiries import Answering, asking_block, begin, one_of, read_limit, refused
from orders.messages.version2 import code_of
from orders.queries.cards import OrderCard, order_card
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import OPEN_STATES
from repairs.queries.cards import FaultCard, fault_card
from repairs.rules.lifecycle import move

RESERVATION: Final = "AppointmentReservation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The appointment an order or fault has."""

    number: str | None
    slot_on: str
    half_day: HalfDay
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an engineer is wanted, and for what."""

    address_key: str
    skill: Skill
    order_number: str | None = None
    fault_number: str | None = None
    booked: Booked | None = None


def _place(session: Session, asked: Asked, block: Element) -> Place:
    """What the message names; of orders and faults the partner's own alone.

    Raises:
        BadMessage: CSS529E, CSS533E. NotFound: CSS202E, CSS313E. Refused: CSS532E, CSS301E.
    """
    way = one_of(block, "AddressKey", "OrderNumber", "FaultNumber")
    skill = read_text(block, "Skill")
    if way == "AddressKey":
        key = required(read_text(block, way), way)
        return Place(address_key=key, skill=Skill.REPAIR if skill == "REPAIR" else Skill.INSTALL)
    if skill is not None:
        raise BadMessage("CSS533E", "{way} says what must be done there; leave Skill out.", way=way, element="skill")
    number = required(read_text(block, way), way)
    # The book counts everybody's visits and is read as the house; whose the order or fault is must the database say too.
    with behind_the_wall(session, asked.partner):
        if way == "OrderNumber":
            return _place_of_order(order_card(session, number, by=asked.partner.actor, with_stream=False))
        return _place_of_fault(session, fault_card(session, number, by=asked.partner.actor))


def _place_of_order(order: OrderCard) -> Place:
    rule = KINDS[order.kind]
    if order.state not in OPEN_STATES or "appointment" not in rule.needs | rule.may:
        why = "it is at its end" if order.state not in OPEN_STATES else f"no engineer comes for it ({rule.title.lower()})"
        raise Refused("CSS532E", "Order {order} takes no appointment: {why}.", order=order.order_number, why=why, element="order_number")
    booked = None
    if order.slot_on is not None and order.half_day is not None and order.slot_state is not None:
        booked = Booked(
            number=order.slot_number, slot_on=order.slot_on.isoformat(), half_day=order.half_day, state=code_of(order.slot_state)
        )
    return Place(address_key=order.address_key, skill=Skill.INSTALL, order_number=order.order_number, booked=booked)


def _place_of_fault(session: Session, fault: FaultCard) -> Place:
    number = fault.summary.fault_number
    move(number, fault.summary.state, "appoint")
    if fault.line_id is None:
        raise Refused(
            "CSS856E",
            "Fault {fault} names a place and no line: no customer can be promised a visit.",
            fault=number,
            element="fault_number",
        )
    where = select(Site.address_key).join(Line, Line.site_id == Site.id).where(Line.id == fault.line_id)
    booked = None
    if fault.slot is not None:
        slot = fault.slot.slot
        booked = Booked(
            number=fault.slot.appointment_number,
            slot_on=slot.slot_on.isoformat(),
            half_day=slot.half_day,
            state=code_of(fault.slot.state),
        )
    return Place(address_key=session.execute(where).scalar_one(), skill=Skill.REPAIR, fault_number=number, booked=booked)


def _offer(session: Session, asked: Asked, to: Answering) -> bytes:
    block = asking_block(asked.root)
    place = _place(session, asked, block)
    first_on, last_on = read_date(block, "FirstDate"), read_date(block, "LastDate")
    if first_on is not None and last_on is not None and last_on < first_on:
        raise BadMessage("CSS533E", "LastDate is before FirstDate.", element="last_on")
    free = free_slots(
        session,
        place.address_key,
        skill=place.skill,
        first_on=first_on,
        last_on=last_on,
        at=asked.at,
        limit=read_limit(block),
    )
    return offer_bytes(to, place, free)


def offer_bytes(to: Answering, place: Place, free: tuple[FreeSlot, ...]) -> bytes:
    root, answer = begin("AppointmentOffer", to)
    offer = add(answer, "Offer")
    add(offer, "AddressKey", place.address_key)
    add(offer, "Skill", code_of(place.skill))
    add_optional(offer, "OrderNumber", place.order_number)
    add_optional(offer, "FaultNumber", place.fault_number)
    if place.booked is not None:
        booked = add(offer, "Booked")
        add_optional(booked, "AppointmentNumber", place.booked.number)
        add(booked, "Date", place.booked.slot_on)
        add(booked, "Slot", place.booked.half_day.value)
        add(booked, "State", place.booked.state)
    if free:
        slots = add(offer, "FreeSlots")
        for one in free:
            slot = add(slots, "FreeSlot")
            add_optional(slot, "Date", date_text(one.slot_on))
            add(slot, "Slot", one.half_day.value)
            add(slot, "FreeCount", str(one.free))
    return to_bytes(root, indented=True)


def _reserve(session: Session, asked: Asked) -> str:
    block = asking_block(asked.root)
    place = _place(session, asked, block)
    command = ReserveSlot(
        token=asked.header.message_id,
        address_key=place.address_key,
        skill=place.skill,
        slot_on=required(read_date(block, "Date"), "ReserveAppointment/Request/Date"),
        half_day=HalfDay(required(read_text(block, "Slot"), "ReserveAppointment/Request/Slot")),
    )
    held = reserve_slot(session, command, by=asked.partner.actor, at=asked.at)
    _leave(session, asked, held)
    return f"Appointment {held.appointment_number} held."


def _release(session: Session, asked: Asked) -> str:
    number = required(read_text(asked.root, "Release/AppointmentNumber"), "ReleaseAppointment/Release/AppointmentNumber")
    command = ReleaseSlot(token=asked.header.message_id, appointment_number=number)
    released = release_slot(session, command, by=asked.partner.actor, at=asked.at)
    _leave(session, asked, released)
    return f"Appointment {released.appointment_number} given back."


def _leave(session: Session, asked: Asked, held: SlotHeld) -> None:
    """Put the reservation in the partner's outbox: the direct answer to the message, in the transaction of the deed."""
    # A message refused at first and done when it was tried again has had an answer of this type.
    answer = document(asked, RESERVATION, lambda to: reservation_bytes(to, held), kind=f"{RESERVATION}/done")
    put_in_outbox(
        session,
        provider_id=asked.partner.provider_id,
        sequence=next_outbox_sequence(session, asked.partner.provider_id),
        source_key=answer.source_key,
        message_id=answer.message_id,
        message_type=answer.message_type,
        conversation_id=asked.header.conversation_id,
        ref_to_message_id=asked.header.message_id,
        body=answer.body,
        at=asked.at,
    )


def reservation_bytes(to: Answering, held: SlotHeld) -> bytes:
    root, answer = begin(RESERVATION, to)
    reservation = add(answer, "Reservation")
    add(reservation, "AppointmentNumber", held.appointment_number)
    add(reservation, "State", code_of(held.state))
    add(reservation, "AddressKey", held.address_key)
    add(reservation, "Skill", code_of(held.skill))
    add_optional(reservation, "Date", date_text(held.slot_on))
    add(reservation, "Slot", held.half_day.value)
    add_optional(reservation, "HeldUntil", instant_text(held.held_until_at))
    return to_bytes(root, indented=True)


def _refused(_: Session, asked: Asked, refusal: CssError) -> Document:
    return document(asked, RESERVATION, lambda to: refused(RESERVATION, to, asked.root, refusal))


COMMANDS: Final = {
    "ReserveAppointment": Command(_reserve, _refused),
    "ReleaseAppointment": Command(_release, _refused),
}
QUESTIONS: Final = {"AppointmentQuery": question("AppointmentOffer", _offer, is_of_plant=True)}
