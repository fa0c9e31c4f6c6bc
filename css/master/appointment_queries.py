"""What can be asked of the appointment book: the grid of a week, free slots, and who is promised what.

Counts and instants go by the instant that is given: what was held past its time shows as lapsed, whatever its row says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import ONE_DAY, SUNDAY, Nation, bank_holiday_name
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.slots import SlotOf, bookable_days, has_begun, state_at, window
from css.core.words import AppointmentState, HalfDay, MissCause, NationCode, Skill
from css.db.sql import block
from css.master.appointments import Appointment
from css.master.districts import BusinessDate, District, no_district
from css.master.plant import Exchange, no_exchange
from css.master.providers import Provider
from css.master.sites import Site, no_address

SLOTS_MAX: Final = 200
APPOINTMENTS_MAX: Final = 500
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlot:
    """A half-day for which an engineer can still be asked."""

    slot_on: date
    half_day: HalfDay
    free: int
    """Visits that nobody has been promised."""
    capacity: int

    @property
    def slot(self) -> SlotOf:
        return SlotOf(self.slot_on, self.half_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A half-day of an exchange's area for a skill, as the book stands."""

    slot_on: date
    skill: Skill
    half_day: HalfDay
    capacity: int
    """0 on a day on which nobody works."""
    is_set: bool
    """Somebody gave the half-day a number of its own."""
    held: int
    booked: int
    free: int
    """What can still be had, of a half-day that has not begun; never less than 0."""
    over: int
    """Promised beyond what there is, since the number was lowered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridDay:
    """A day of the week that is shown."""

    slot_on: date
    closed: str | None
    """Why nobody works: Sunday, or the bank holiday's name."""
    rows: tuple[GridRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotWeek:
    """A week of an exchange's area, Monday first."""

    district_code: str
    exchange_code: str
    exchange_name: str
    starts_on: date
    business_date: date
    days: tuple[GridDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRow:
    """One promised or held visit."""

    appointment_number: str | None
    """None of those made before they had numbers."""
    district_code: str
    exchange_code: str
    skill: Skill
    slot_on: date
    half_day: HalfDay
    state: AppointmentState
    held_until_at: datetime | None
    provider_code: str
    address_key: str
    premises: str
    street: str
    town: str
    postcode: str
    reference: str | None
    """The order or fault it is for."""
    made_by: str | None
    miss_cause: MissCause | None


def slot_week(
    session: Session, district_code: str, exchange_code: str | None = None, *, week_of: date | None = None, at: datetime
) -> SlotWeek:
    """The week of a day for an exchange's area: its first unless one is named. Without a day this week, on a Sunday the next.

    Two statements.

    Raises:
        NotFound: CSS101E no such district, CSS827E no such exchange.
    """
    district = district_code.strip().upper()
    wanted = (exchange_code or "").strip().upper()
    place = session.execute(
        select(Exchange.id, Exchange.code, Exchange.name, District.nation, BusinessDate.current_on)
        .select_from(District)
        .join(BusinessDate, BusinessDate.district_code == District.code)
        .outerjoin(
            Exchange, (Exchange.district_code == District.code) & ((Exchange.code == wanted) if wanted else Exchange.id.is_not(None))
        )
        .where(District.code == district)
        .order_by(Exchange.code)
        .limit(1)
    ).one_or_none()
    if place is None:
        raise no_district(district)
    if place.id is None:
        raise no_exchange(district, wanted)
    on: date = place.current_on
    day = week_of or (on + ONE_DAY if on.weekday() == SUNDAY else on)
    monday = day - timedelta(days=day.weekday())
    nation: Nation = NationCode(place.nation).value
    days = [monday + timedelta(days=n) for n in range(WEEK.days)]
    closed = {one: "Sunday" if one.weekday() == SUNDAY else bank_holiday_name(one, nation) for one in days}
    rows = [
        _grid_row(row, on=on, at=at, is_closed=closed[row.slot_on] is not None)
        for row in grid_rows(session, place.id, Skill, days[0], days[-1], at)
    ]
    return SlotWeek(
        district_code=district,
        exchange_code=place.code,
        exchange_name=place.name,
        starts_on=monday,
        business_date=on,
        days=tuple(GridDay(slot_on=one, closed=closed[one], rows=tuple(row for row in rows if row.slot_on == one)) for one in days),
    )


def free_slots(
    session: Session,
    address_key: str,
    *,
    skill: Skill = Skill.INSTALL,
    first_on: date | None = None,
    last_on: date | None = None,
    at: datetime,
    limit: int = SLOTS_MAX,
) -> tuple[FreeSlot, ...]:
    """The half-days on which an engineer can still come to an address, soonest first: from tomorrow, for repairs from today.

    Full ones are left out. Two statements.

    Raises:
        NotFound: CSS209E, no such address.
    """
    place = session.execute(
        select(Site.exchange_id, District.nation, BusinessDate.current_on)
        .join(District, District.code == Site.district_code)
        .join(BusinessDate, BusinessDate.district_code == District.code)
        .where(Site.address_key == address_key.strip().upper())
    ).one_or_none()
    if place is None:
        raise no_address(address_key)
    first, last = window(skill, on=place.current_on, earliest_on=first_on, latest_on=last_on)
    nation: Nation = NationCode(place.nation).value
    return free_at_exchange(
        session, place.exchange_id, skill=skill, on=place.current_on, first=first, last=last, nation=nation, at=at, limit=limit
    )


def free_at_exchange(  # noqa: PLR0913 - an area, a skill and a span of time
    session: Session,
    exchange_id: int,
    *,
    skill: Skill,
    on: date,
    first: date,
    last: date,
    nation: Nation,
    at: datetime,
    limit: int = SLOTS_MAX,
) -> tuple[FreeSlot, ...]:
    """The same for an exchange's area whose business date is known, between two days; one statement."""
    days = set(bookable_days(first=max(first, on), last=last, nation=nation))
    if not days:
        return ()
    rows = grid_rows(session, exchange_id, [skill], min(days), max(days), at)
    found = (
        FreeSlot(slot_on=row.slot_on, half_day=HalfDay(row.half_day), free=row.capacity - row.held - row.booked, capacity=row.capacity)
        for row in rows
        if row.slot_on in days and row.capacity > row.held + row.booked
    )
    return tuple(one for one in found if not has_begun(one.slot, on=on, at=at))[: max(1, min(limit, SLOTS_MAX))]


def grid_rows(session: Session, exchange_id: int, skills: Iterable[Skill], first: date, last: date, at: datetime) -> list[Row[Any]]:
    """The grid as the database gives it: by day, skill and half-day. It knows no bank holidays."""
    wanted = {"exchange_id": exchange_id, "skills": [skill.value for skill in skills], "first": first, "last": last, "at": at}
    return list(session.execute(block("css.master", "appointments.grid"), wanted))


def appointment_card(session: Session, appointment_number: str, *, by: Actor, at: datetime) -> AppointmentRow:
    """One appointment; to a partner another provider's is not there.

    Raises:
        NotFound: CSS819E. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(appointment_number, IdKind.APPOINTMENT, element="appointment_number")
    rows = _appointments(session, Appointment.number == number, by=by, at=at)
    if not rows:
        raise no_appointment(number)
    return rows[0]


def appointments_of_site(session: Session, address_key: str, *, by: Actor, at: datetime) -> tuple[AppointmentRow, ...]:
    """Every visit promised or held at an address, the latest first; to a partner its own. Leans on ix_appointment_site_id."""
    site = select(Site.id).where(Site.address_key == address_key.strip().upper()).scalar_subquery()
    return tuple(reversed(_appointments(session, Appointment.site_id == site, by=by, at=at)))


def appointments_of_day(
    session: Session,
    district_code: str,
    slot_on: date,
    *,
    exchange_code: str | None = None,
    skill: Skill | None = None,
    half_day: HalfDay | None = None,
    by: Actor,
    at: datetime,
) -> tuple[AppointmentRow, ...]:
    """Who is promised or held a visit on a day, mornings first; to a partner its own. Leans on ix_appointment_district_code_slot_on."""
    narrowed: list[ColumnElement[bool]] = [Appointment.district_code == district_code.strip().upper(), Appointment.slot_on == slot_on]
    if exchange_code is not None:
        narrowed.append(Exchange.code == exchange_code.strip().upper())
    if skill is not None:
        narrowed.append(Appointment.skill == skill)
    if half_day is not None:
        narrowed.append(Appointment.half_day == half_day)
    return _appointments(session, *narrowed, by=by, at=at)


def no_appointment(number: str) -> NotFound:
    """CSS819E: there is none, or it is somebody else's."""
    return NotFound("CSS819E", "There is no appointment {number}.", number=number, element="appointment_number")


def _appointments(session: Session, *where: ColumnElement[bool], by: Actor, at: datetime) -> tuple[AppointmentRow, ...]:
    statement: Select[*tuple[Any, ...]] = (
        select(
            Appointment.number.label("appointment_number"),
            Appointment.district_code,
            Exchange.code.label("exchange_code"),
            Appointment.skill,
            Appointment.slot_on,
            Appointment.half_day,
            Appointment.state,
            Appointment.held_until_at,
            Provider.code.label("provider_code"),
            Site.address_key,
            Site.premises,
            Site.street,
            Site.town,
            Site.postcode,
            Appointment.reference,
            Appointment.made_by,
            Appointment.miss_cause,
        )
        .join(Exchange, Exchange.id == Appointment.exchange_id)
        .join(Provider, Provider.id == Appointment.provider_id)
        .join(Site, Site.id == Appointment.site_id)
        .where(*where)
        .order_by(Appointment.slot_on, Appointment.half_day, Appointment.id)
        .limit(APPOINTMENTS_MAX)
    )
    if by.is_partner:
        statement = statement.where(Provider.code == by.provider_code)
    return tuple(
        AppointmentRow(**{**row._mapping, "state": state_at(row.state, row.held_until_at, at)})  # noqa: SLF001 - its public name
        for row in session.execute(statement)
    )


def _grid_row(row: Row[Any], *, on: date, at: datetime, is_closed: bool) -> GridRow:
    slot = SlotOf(row.slot_on, HalfDay(row.half_day))
    capacity = 0 if is_closed else row.capacity
    left = capacity - row.held - row.booked
    return GridRow(
        slot_on=row.slot_on,
        skill=Skill(row.skill),
        half_day=slot.half_day,
        capacity=capacity,
        is_set=row.is_set,
        held=row.held,
        booked=row.booked,
        free=0 if has_begun(slot, on=on, at=at) else max(0, left),
        over=max(0, -left),
    )
