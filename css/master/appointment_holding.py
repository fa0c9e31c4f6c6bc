"""Holding a slot: for a day, while the customer makes up their mind; moved, given back, or lapsed by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.calendar import Nation
from css.core.codec import to_plain
from css.core.errors import NotFound, Refused
from css.core.ids import IdKind, expect_id
from css.core.slots import SlotOf, held_until, slot_fault, window
from css.core.words import AppointmentState, NationCode, Role, Skill
from css.master.appointment_book import held_fault, locked_appointment, take_place
from css.master.appointment_commands import LapseSlots, MoveAppointment, ReleaseSlot, ReserveSlot, SlotHeld, SlotsLapsed
from css.master.appointment_queries import no_appointment
from css.master.appointments import Appointment
from css.master.districts import District, business_date
from css.master.operator_changes import require_supervisor
from css.master.plant import Exchange
from css.master.providers import Provider
from css.master.serials import next_number
from css.master.sites import Site, no_address

HELD_AT_ADDRESS_MAX: Final = 2
"""A customer is offered one slot or two; more would keep them from everybody else."""
SWEPT_BACK: Final = timedelta(days=7)
"""How far before today the sweep looks. A hold lapses within a day, and a slot of last week is of no more use."""
_HOLDERS: Final = frozenset({Role.CLERK.value, Role.REPAIR.value, Role.SUPERVISOR.value})
_SLOT: Final = "slot_on"


@answered
def reserve_slot(session: Session, command: ReserveSlot, *, by: Actor, at: datetime) -> SlotHeld:
    """Hold a visit at an address for 24 hours; then it lapses by itself, unless an order or fault has been given it.

    Raises:
        Refused: CSS111E the actor may not, CSS222E the day is not one, CSS828E it has begun, CSS818E it is full: these are
            free next, CSS823E enough is held for the address.
        NotFound: CSS209E no such address, CSS104E no such provider.
    """
    _require_holder(by)
    provider_id = _provider(session, command.provider_code, by)
    place = _place(session, command.address_key)
    on = business_date(session, place.district_code)
    slot = SlotOf(command.slot_on, command.half_day)
    first, last = window(command.skill, on=on)
    fault = slot_fault(slot, on=on, first=first, last=last, nation=place.nation, at=at, element=_SLOT)
    if fault is not None:
        raise fault
    # What is held for the address is counted by one at a time; whoever only refers to it does not wait.
    session.execute(select(Site.id).where(Site.id == place.site_id).with_for_update(key_share=True))
    take_place(
        session,
        slot,
        exchange_id=place.exchange_id,
        skill=command.skill,
        on=on,
        first=first,
        last=last,
        nation=place.nation,
        at=at,
        element=_SLOT,
    )
    held = session.execute(
        select(func.count())
        .select_from(Appointment)
        .where(
            Appointment.site_id == place.site_id,
            Appointment.provider_id == provider_id,
            Appointment.state == AppointmentState.HELD,
            Appointment.held_until_at > at,
        )
    ).scalar_one()
    if held >= HELD_AT_ADDRESS_MAX:
        raise Refused(
            "CSS823E",
            "{most} slots are held for the address already; give one back or move it.",
            most=HELD_AT_ADDRESS_MAX,
            element="address_key",
        )
    made = Appointment(
        number=next_number(session, place.district_code, IdKind.APPOINTMENT),
        district_code=place.district_code,
        exchange_id=place.exchange_id,
        site_id=place.site_id,
        provider_id=provider_id,
        skill=command.skill,
        slot_on=slot.slot_on,
        half_day=slot.half_day,
        state=AppointmentState.HELD,
        held_until_at=held_until(at),
        made_by=by.name,
    )
    session.add(made)
    session.flush()
    return _answer(session, made, place, "reserve_slot", by=by, at=at, before=None)


@answered
def move_appointment(session: Session, command: MoveAppointment, *, by: Actor, at: datetime) -> SlotHeld:
    """Hold another half-day instead; the one there was is free again, and until when it is held does not change.

    Raises:
        Refused: CSS111E, CSS820E it is held no longer, CSS822E it is booked: its order or fault moves it, CSS222E, CSS828E,
            CSS818E.
        NotFound: CSS819E. BadMessage: CSS052E to CSS055E.
    """
    _require_holder(by)
    seen = _seen(session, command.appointment_number, by)
    on = business_date(session, seen.place.district_code)
    slot = SlotOf(command.slot_on, command.half_day)
    first, last = window(seen.skill, on=on)
    fault = slot_fault(slot, on=on, first=first, last=last, nation=seen.place.nation, at=at, element=_SLOT)
    if fault is not None:
        raise fault
    take_place(
        session,
        slot,
        exchange_id=seen.place.exchange_id,
        skill=seen.skill,
        on=on,
        first=first,
        last=last,
        nation=seen.place.nation,
        at=at,
        beside=seen.appointment_id,
        element=_SLOT,
    )
    held = locked_appointment(session, seen.number)
    fault = held_fault(held, at)
    if fault is not None:
        raise fault
    before = _told(held)
    held.slot_on, held.half_day = slot
    session.flush()
    return _answer(session, held, seen.place, "move_appointment", by=by, at=at, before=before)


@answered
def release_slot(session: Session, command: ReleaseSlot, *, by: Actor, at: datetime) -> SlotHeld:
    """Give back a slot that is held.

    Raises:
        Refused: CSS111E, CSS820E it is held no longer, CSS822E it is booked: its order or fault gives it back.
        NotFound: CSS819E. BadMessage: CSS052E to CSS055E.
    """
    _require_holder(by)
    seen = _seen(session, command.appointment_number, by)
    held = locked_appointment(session, seen.number)
    fault = held_fault(held, at)
    if fault is not None:
        raise fault
    before = _told(held)
    held.state = AppointmentState.CANCELLED
    session.flush()
    return _answer(session, held, seen.place, "release_slot", by=by, at=at, before=before)


@answered
def lapse_slots(session: Session, command: LapseSlots, *, by: Actor, at: datetime) -> SlotsLapsed:
    """Mark what was held past its time, so that the rows say what is so. The book counts them as free with or without it.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS101E no such district.
    """
    require_supervisor(by)
    district = command.district_code.strip().upper()
    on = business_date(session, district)
    swept = session.execute(
        update(Appointment)
        .where(
            Appointment.district_code == district,
            Appointment.slot_on >= on - SWEPT_BACK,
            Appointment.state == AppointmentState.HELD,
            Appointment.held_until_at <= at,
        )
        .values(state=AppointmentState.LAPSED)
        .returning(Appointment.id)
        .execution_options(synchronize_session=False)
    ).all()
    answer = SlotsLapsed(lapsed=len(swept))
    if swept:
        record(session, by=by, at=at, verb="lapse_slots", subject=("district", district), after=to_plain(answer))
        session.flush()
    return answer


def _require_holder(by: Actor) -> None:
    """Clerks, repair and supervisors hold slots; partners for their own customers (CSS111E)."""
    if by.kind == "operator" and not _HOLDERS & by.roles:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="the role clerk, repair or supervisor")


def _provider(session: Session, provider_code: str | None, by: Actor) -> int:
    code = (provider_code or by.provider_code).strip().upper()
    provider_id = session.execute(select(Provider.id).where(Provider.code == code)).scalar()
    if provider_id is None or (by.is_partner and code != by.provider_code):
        raise NotFound("CSS104E", "There is no provider {code} doing business with us.", code=code[:20], element="provider_code")
    return provider_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An address, and what the book must know of it."""

    site_id: int
    address_key: str
    district_code: str
    exchange_id: int
    exchange_code: str
    nation: Nation


def _place(session: Session, address_key: str) -> _Place:
    row = session.execute(
        select(Site.id, Site.address_key, Site.district_code, Site.exchange_id, Exchange.code, District.nation)
        .join(District, District.code == Site.district_code)
        .join(Exchange, Exchange.id == Site.exchange_id)
        .where(Site.address_key == address_key.strip().upper())
    ).one_or_none()
    if row is None:
        raise no_address(address_key)
    return _Place(
        site_id=row.id,
        address_key=row.address_key,
        district_code=row.district_code,
        exchange_id=row.exchange_id,
        exchange_code=row.code,
        nation=NationCode(row.nation).value,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An appointment before it is locked: what cannot change of it."""

    appointment_id: int
    number: str
    skill: Skill
    place: _Place


def _seen(session: Session, number: str, by: Actor) -> _Seen:
    """The appointment of that number; to a partner another provider's is not there."""
    wanted = expect_id(number, IdKind.APPOINTMENT, element="appointment_number")
    row = session.execute(
        select(
            Appointment.id,
            Appointment.skill,
            Appointment.site_id,
            Appointment.exchange_id,
            Appointment.district_code,
            Site.address_key,
            Exchange.code.label("exchange_code"),
            District.nation,
            Provider.code,
        )
        .join(Site, Site.id == Appointment.site_id)
        .join(Exchange, Exchange.id == Appointment.exchange_id)
        .join(District, District.code == Appointment.district_code)
        .join(Provider, Provider.id == Appointment.provider_id)
        .where(Appointment.number == wanted)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise no_appointment(wanted)
    place = _Place(
        site_id=row.site_id,
        address_key=row.address_key,
        district_code=row.district_code,
        exchange_id=row.exchange_id,
        exchange_code=row.exchange_code,
        nation=NationCode(row.nation).value,
    )
    return _Seen(appointment_id=row.id, number=wanted, skill=row.skill, place=place)


def _told(found: Appointment) -> dict[str, object]:
    """What a deed may change of an appointment."""
    return {"slot_on": found.slot_on, "half_day": found.half_day, "state": found.state}


def _answer(
    session: Session, found: Appointment, place: _Place, verb: str, *, by: Actor, at: datetime, before: dict[str, object] | None
) -> SlotHeld:
    answer = SlotHeld(
        appointment_number=found.number or "",
        address_key=place.address_key,
        district_code=place.district_code,
        exchange_code=place.exchange_code,
        skill=found.skill,
        slot_on=found.slot_on,
        half_day=found.half_day,
        state=found.state,
        held_until_at=found.held_until_at,
    )
    after = to_plain(answer) if before is None else _told(found)
    record(session, by=by, at=at, verb=verb, subject=("appointment", answer.appointment_number), before=before, after=after)
    session.flush()
    return answer
