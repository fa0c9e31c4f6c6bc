"""The appointment book as the rooms use it: book a slot, book one that is held, give it back, keep or miss it.

Who books locks the half-day's own row first, so that of two for the last visit exactly one gets it; the other is told which
it was and what is free next (CSS818E). Nothing else decides: the count is taken under that lock, and a slot held past its
time is not counted, whether its row says so yet or not. Codes CSS818 to CSS829.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation, day_words, to_london
from css.core.errors import Breach, CssError, Refused
from css.core.ids import IdKind, expect_id
from css.core.slots import LIVE, SlotOf, day_fault, full_refusal, slot_fault, state_at, window
from css.core.words import AppointmentState, HalfDay, MissCause, Skill
from css.db.sql import block
from css.master.appointment_queries import free_at_exchange, no_appointment
from css.master.appointments import Appointment, SlotDay
from css.master.serials import next_number


def book_slot(  # noqa: PLR0913 - a slot is a place, a time, for whom and what
    session: Session,
    *,
    site_id: int,
    exchange_id: int,
    district_code: str,
    provider_id: int,
    skill: Skill,
    slot_on: date,
    half_day: HalfDay,
    reference: str,
    by: Actor,
    at: datetime,
    on: date,
    nation: Nation,
    earliest_on: date | None = None,
    latest_on: date | None = None,
) -> Appointment:
    """Promise a visit now, for the order or fault ``reference``; ``on`` is the business date.

    Without the two dates the book is as open as the skill allows; they narrow it, and what is named as free instead.

    Raises:
        Refused: CSS222E the day is not one, CSS828E it has begun, CSS818E it is full: these are free next.
    """
    slot = SlotOf(slot_on, half_day)
    first, last = window(skill, on=on, earliest_on=earliest_on, latest_on=latest_on)
    fault = slot_fault(slot, on=on, first=first, last=last, nation=nation, at=at)
    if fault is not None:
        raise fault
    take_place(session, slot, exchange_id=exchange_id, skill=skill, on=on, first=first, last=last, nation=nation, at=at)
    made = Appointment(
        number=next_number(session, district_code, IdKind.APPOINTMENT),
        district_code=district_code,
        exchange_id=exchange_id,
        site_id=site_id,
        provider_id=provider_id,
        skill=skill,
        slot_on=slot_on,
        half_day=half_day,
        state=AppointmentState.BOOKED,
        reference=reference,
        made_by=by.name,
    )
    session.add(made)
    session.flush()
    return made


def book_held(  # noqa: PLR0913 - what is held, for whom and what, and when it must be
    session: Session,
    *,
    number: str,
    provider_id: int,
    site_id: int,
    reference: str,
    by: Actor,
    at: datetime,
    skill: Skill = Skill.INSTALL,
    earliest_on: date | None = None,
    latest_on: date | None = None,
    nation: Nation | None = None,
) -> Appointment:
    """Make a slot that is held a promise, for the order or fault ``reference``. With the dates, it must lie between them.

    Raises:
        BadMessage: CSS052E to CSS055E, the form of the number.
        NotFound: CSS819E there is none, or it is another provider's.
        Refused: CSS820E it is held no longer, CSS821E held for another address or skill, CSS822E booked already, CSS222E its day.
    """
    wanted = expect_id(number, IdKind.APPOINTMENT, element="appointment_number")
    seen = session.execute(
        select(Appointment.exchange_id, Appointment.skill, Appointment.slot_on, Appointment.half_day).where(
            Appointment.number == wanted, Appointment.provider_id == provider_id
        )
    ).one_or_none()
    if seen is None:
        raise no_appointment(wanted)
    # The half-day first and the appointment then, as everybody does; whoever counted it as lapsed has marked it so under that lock.
    lock_slot(session, SlotOf(seen.slot_on, seen.half_day), exchange_id=seen.exchange_id, skill=seen.skill)
    held = locked_appointment(session, wanted)
    slot = SlotOf(held.slot_on, held.half_day)
    if (held.slot_on, held.half_day, held.skill) != (seen.slot_on, seen.half_day, seen.skill):
        raise not_held(held, at)
    fault = held_fault(held, at)
    if fault is None and (held.site_id != site_id or held.skill is not skill):
        fault = Refused(
            "CSS821E",
            "Appointment {number} is held for {other}; hold one for this.",
            number=wanted,
            other="another address" if held.site_id != site_id else f"{held.skill.value}, not {skill.value}",
            element="appointment_number",
        )
    if fault is None and nation is not None:
        fault = day_fault(slot.slot_on, first=earliest_on or slot.slot_on, last=latest_on or slot.slot_on, nation=nation)
    if fault is not None:
        raise fault
    held.state = AppointmentState.BOOKED
    held.reference = reference
    held.made_by = by.name
    session.flush()
    return held


def give_back(session: Session, appointment_id: int, *, at: datetime) -> Appointment:
    """What was promised or held is wanted no longer: the visit is anybody's again. One that is over already stays as it is."""
    found = _by_id(session, appointment_id)
    if found.state in LIVE:
        found.state = state_at(found.state, found.held_until_at, at)
        if found.state in LIVE:
            found.state = AppointmentState.CANCELLED
        session.flush()
    return found


def keep(session: Session, appointment_id: int, *, at: datetime, done_on: date | None = None) -> Appointment:
    """The visit was made. Where the work was done on an earlier day there is nothing left to come for, and it is given back."""
    found = _by_id(session, appointment_id)
    if done_on is not None and done_on < found.slot_on:
        return give_back(session, appointment_id, at=at)
    if found.state is AppointmentState.BOOKED:
        found.state = AppointmentState.KEPT
        session.flush()
    return found


def miss(session: Session, appointment_id: int, cause: MissCause, *, at: datetime) -> Appointment:
    """The visit did not do its work, and why.

    Raises:
        Refused: CSS820E it is not booked.
    """
    found = _by_id(session, appointment_id)
    if found.state is not AppointmentState.BOOKED:
        raise not_held(found, at)
    found.state = AppointmentState.MISSED
    found.miss_cause = cause
    session.flush()
    return found


def take_place(  # noqa: PLR0913 - as for booking
    session: Session,
    slot: SlotOf,
    *,
    exchange_id: int,
    skill: Skill,
    on: date,
    first: date,
    last: date,
    nation: Nation,
    at: datetime,
    beside: int = 0,
    element: str = "appointment",
) -> None:
    """Make sure, with the half-day locked until the transaction ends, that it has a visit left. ``beside`` one appointment.

    Raises:
        Refused: CSS818E.
    """
    day_capacity = lock_slot(session, slot, exchange_id=exchange_id, skill=skill)
    capacity, promised = count_promised(
        session, slot, exchange_id=exchange_id, skill=skill, day_capacity=day_capacity, at=at, beside=beside
    )
    if promised < capacity:
        return
    free = free_at_exchange(session, exchange_id, skill=skill, on=on, first=first, last=last, nation=nation, at=at)
    raise full_refusal(slot, skill, [one.slot for one in free if one.slot != slot], element=element)


def lock_slot(session: Session, slot: SlotOf, *, exchange_id: int, skill: Skill) -> int | None:
    """Lock a half-day until the transaction ends; gives how many visits were set for the day, None where the pattern says."""
    where = (
        SlotDay.exchange_id == exchange_id,
        SlotDay.skill == skill,
        SlotDay.slot_on == slot.slot_on,
        SlotDay.half_day == slot.half_day,
    )
    row = session.execute(select(SlotDay.id, SlotDay.capacity).where(*where).with_for_update()).one_or_none()
    if row is None:
        values = {"exchange_id": exchange_id, "skill": skill, "slot_on": slot.slot_on, "half_day": slot.half_day}
        made = upsert(SlotDay).values(values)
        # Whoever made it meanwhile is waited for, and theirs is the row that is locked.
        made = made.on_conflict_do_update(index_elements=list(values), set_={"half_day": made.excluded.half_day})
        row = session.execute(made.returning(SlotDay.id, SlotDay.capacity)).one()
    capacity: int | None = row.capacity
    return capacity


def count_promised(
    session: Session, slot: SlotOf, *, exchange_id: int, skill: Skill, day_capacity: int | None, at: datetime, beside: int = 0
) -> tuple[int, int]:
    """Of a half-day that is locked: how many visits there are, and how many are promised beside one appointment.

    A statement of its own after the lock: what it sees is younger. ``day_capacity`` is what is set for the day, None for the
    pattern's.
    """
    row = session.execute(
        block("css.master", "appointments.count"),
        {
            "exchange_id": exchange_id,
            "skill": skill.value,
            "slot_on": slot.slot_on,
            "half_day": slot.half_day.value,
            "day_capacity": day_capacity,
            "beside": beside,
            "at": at,
        },
    ).one()
    return row.capacity, row.promised


def locked_appointment(session: Session, number: str) -> Appointment:
    """An appointment that is there, locked and as it stands now."""
    return session.execute(
        select(Appointment).where(Appointment.number == number).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def held_fault(found: Appointment, at: datetime) -> CssError | None:
    """Why a slot cannot be booked, moved or given back by whoever held it; None while it is held (CSS820E, CSS822E)."""
    state = state_at(found.state, found.held_until_at, at)
    if state is AppointmentState.HELD:
        return None
    if state is AppointmentState.BOOKED:
        return Refused(
            "CSS822E",
            "Appointment {number} is booked for {reference}; change it there.",
            number=found.number,
            reference=found.reference or "a visit",
            element="appointment_number",
        )
    return not_held(found, at)


def not_held(found: Appointment, at: datetime) -> CssError:
    """CSS820E, for who comes too late for what was held or booked."""
    state = state_at(found.state, found.held_until_at, at)
    if state is AppointmentState.LAPSED and found.held_until_at is not None:
        ended = to_london(found.held_until_at)
        return Refused(
            "CSS820E",
            "Appointment {number} was held until {time} on {day} and has lapsed; hold another.",
            number=found.number,
            time=f"{ended:%H:%M}",
            day=day_words(ended.date()),
            element="appointment_number",
        )
    return Refused(
        "CSS820E",
        "Appointment {number} is {state}; that cannot be done to it any more.",
        number=found.number or "",
        state=state.value,
        element="appointment_number",
    )


def _by_id(session: Session, appointment_id: int) -> Appointment:
    found = session.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if found is None:
        msg = f"there is no appointment {appointment_id}"
        raise Breach(msg)
    return found
