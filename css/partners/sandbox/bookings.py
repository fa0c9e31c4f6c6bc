"""The appointment book of a test area: every half-day that could be booked in earnest is free, unless a number says otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY, london_date
from css.core.codec import to_plain
from css.core.errors import BadMessage, Refused
from css.core.ids import IdKind
from css.core.slots import bookable_days, day_fault, held_until, window
from css.core.words import AppointmentState, HalfDay, Skill
from css.master.appointment_commands import SlotHeld
from css.master.appointment_queries import FreeSlot
from css.master.sites import no_address
from css.partners.messages.appointments import RESERVATION, Booked, Place, offer_bytes, reservation_bytes
from css.partners.messages.enquiries import document
from css.partners.messages.kinds import Asked, Document
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter
from css.partners.sandbox import magic
from css.partners.sandbox.area import LETTERS, next_number
from css.partners.sandbox.faults import find_fault
from css.partners.sandbox.holding import held_slot
from css.partners.sandbox.order_cases import find_order
from css.partners.sandbox.placing import NATION
from css.partners.sandbox.scenarios import SCENARIOS
from css.xml import Element, read_date, read_text, required
from orders.messages.enquiries import Answering, asking_block, one_of, read_limit
from orders.messages.version2 import code_of
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import OPEN_STATES
from repairs.rules.lifecycle import move

FULL: Final = "CSS818E"
VISITS: Final = 4
"""Free visits of every half-day."""


def offer(session: Session, area: SandboxArea, asked: Asked, to: Answering) -> bytes:
    """The answer to an AppointmentQuery."""
    block = asking_block(asked.root)
    place = _place(session, area, block)
    first_on, last_on = read_date(block, "FirstDate"), read_date(block, "LastDate")
    if first_on is not None and last_on is not None and last_on < first_on:
        raise BadMessage("CSS533E", "LastDate is before FirstDate.", element="last_on")
    first, last = window(place.skill, on=london_date(asked.at), earliest_on=first_on, latest_on=last_on)
    first = max(first, london_date(asked.at) + ONE_DAY)
    days = () if _is_full(place) else bookable_days(first=first, last=last, nation=NATION)
    slots = [FreeSlot(slot_on=day, half_day=half, free=VISITS, capacity=VISITS) for day in days for half in HalfDay]
    return offer_bytes(to, place, tuple(slots[: read_limit(block)]))


def reserve(session: Session, area: SandboxArea, asked: Asked) -> Document:
    """Hold a half-day for the partner.

    Raises:
        CssError: as in earnest; CSS818E where the address has no slot by its number.
    """
    block = asking_block(asked.root)
    place = _place(session, area, block)
    slot_on = required(read_date(block, "Date"), "ReserveAppointment/Request/Date")
    half_day = HalfDay(required(read_text(block, "Slot"), "ReserveAppointment/Request/Slot"))
    if _is_full(place):
        raise magic.refusal(FULL, None, slot=slot_on.isoformat(), skill=place.skill.value)
    first, last = window(place.skill, on=london_date(asked.at))
    fault = day_fault(slot_on, first=first, last=last, nation=NATION, element="slot_on")
    if fault is not None:
        raise fault
    held = SlotHeld(
        appointment_number=next_number(area, IdKind.APPOINTMENT),
        address_key=place.address_key,
        district_code=LETTERS,
        exchange_code="SANDBOX",
        skill=place.skill,
        slot_on=slot_on,
        half_day=half_day,
        state=AppointmentState.HELD,
        held_until_at=held_until(asked.at),
    )
    session.add(
        SandboxCase(
            provider_id=area.provider_id,
            matter=SandboxMatter.APPOINTMENT,
            number=held.appointment_number,
            customer_reference=None,
            conversation_id=asked.header.conversation_id,
            schema_major=1,
            scenario=0,
            speed=1,
            standing=to_plain(held),
            last_event=1,
            is_open=True,
            opened_at=asked.at,
        )
    )
    session.flush()
    return document(asked, RESERVATION, lambda to: reservation_bytes(to, held))


def release(session: Session, area: SandboxArea, asked: Asked) -> Document:
    """Give a held half-day back.

    Raises:
        BadMessage: CSS052E to CSS055E. NotFound: CSS819E. Refused: CSS820E.
    """
    number = required(read_text(asked.root, "Release/AppointmentNumber"), "ReleaseAppointment/Release/AppointmentNumber")
    case, held = held_slot(session, area, number, at=asked.at)
    released = replace(held, state=AppointmentState.CANCELLED, held_until_at=None)
    case.standing, case.is_open = to_plain(released), False
    return document(asked, RESERVATION, lambda to: reservation_bytes(to, released))


def _is_full(place: Place) -> bool:
    return FULL in SCENARIOS.get(int(place.address_key[-3:]), SCENARIOS[0]).refuses


def _place(session: Session, area: SandboxArea, block: Element) -> Place:
    """Where an engineer is wanted: at an address of the area, for an order of it, or for a fault of it."""
    way = one_of(block, "AddressKey", "OrderNumber", "FaultNumber")
    skill = read_text(block, "Skill")
    named = required(read_text(block, way), way)
    if way == "AddressKey":
        if magic.number_at(named) is None:
            raise no_address(named)
        return Place(address_key=named, skill=Skill.REPAIR if skill == "REPAIR" else Skill.INSTALL)
    if skill is not None:
        raise BadMessage("CSS533E", "{way} says what must be done there; leave Skill out.", way=way, element="skill")
    if way == "FaultNumber":
        case, standing = find_fault(session, area, named)
        move(case.number, standing.fault.state, "appoint")
        return Place(address_key=standing.fault.address_key or "", skill=Skill.REPAIR, fault_number=case.number)
    _, order = find_order(session, area, named)
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
