"""AP04 the appointment book: a week of an exchange's area, who is promised a half-day, and slots held, moved and given back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.ids import IdKind, identify
from css.core.slots import DAYS_AHEAD_MAX, SlotOf
from css.core.words import AppointmentState, HalfDay, Role, Skill
from css.master.appointment_commands import MoveAppointment, ReleaseSlot, ReserveSlot, SetSlotCapacity, SlotHeld, SlotsPlanned
from css.master.appointment_holding import move_appointment, release_slot, reserve_slot
from css.master.appointment_planning import set_slot_capacity
from css.master.appointment_queries import (
    AppointmentRow,
    SlotWeek,
    appointment_card,
    appointments_of_day,
    free_slots,
    slot_week,
)
from css.master.queries import providers
from css.web.address_field import addresses_for, look_up_address
from css.web.desk import Desk, NotForYou, converse
from css.web.disclosure import note_read
from css.web.filters import instant, number, weekday
from css.web.form import REFRESH, Form, read_day
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.order_prompts import HALVES, free_words, short_day
from css.web.screens.work_lists import place_of
from orders.queries.work import exchanges_of

HOLD, VISITS, MOVE, RELEASE = "hold", "visits", "move", "release"
PLANNERS: Final = frozenset({Role.SUPERVISOR})
SKILLS: Final = {skill.value.upper(): skill for skill in Skill}
SKILL_WORDS: Final = {Skill.INSTALL: "fits lines and sockets", Skill.REPAIR: "finds and clears faults"}
HALF_DAYS: Final = {half.value: half for half in HalfDay}
WEEK: Final = timedelta(days=7)
SLOTS_OFFERED: Final = 24
_SLOT: Final = re.compile(r"^(.+)-(AM|PM)\Z")

AP04: Final = Screen(
    code="AP04",
    title="Appointment book",
    family="Orders",
    help=(
        "A week of an exchange's area: of each half-day and skill how many visits are free, held and booked. Key the number in front of "
        "a half-day to see who is promised it; there a supervisor says how many visits it has, and a visit that is held can be moved or "
        "given back. A visit is held here for an address for 24 hours; an order or a fault that names it makes it a promise. F7 and F8 "
        "turn the weeks."
    ),
    roles=frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR}),
    response=ResponseClass.R1,
    takes="[district [exchange [day of the week]]]",
    fields=(
        Field(
            name="address_key",
            label="Address",
            help="Where the engineer is to come: the address key, or the postcode and house to look it up: ZZ4 7QT 14.",
            length_max=60,
            width=24,
            is_required=True,
            prompts=True,
            deeds=frozenset({HOLD}),
        ),
        Field(
            name="skill",
            label="Skill",
            help="INSTALL for what is ordered, REPAIR for a fault.",
            kind="code",
            length_max=8,
            is_required=True,
            deeds=frozenset({HOLD, VISITS}),
        ),
        Field(
            name="slot_on",
            label="Day",
            help="Monday to Saturday, not a bank holiday: 9/3/26, +3. F4 lists the days with a visit left.",
            kind="date",
            length_max=20,
            width=12,
            is_required=True,
            deeds=frozenset({HOLD, MOVE}),
            prompts=True,
        ),
        Field(
            name="half_day",
            label="Half",
            help="AM, 08:00 to 13:00, or PM, 13:00 to 18:00.",
            kind="code",
            length_max=2,
            width=4,
            is_required=True,
            deeds=frozenset({HOLD, MOVE}),
        ),
        Field(
            name="provider_code",
            label="For provider",
            help="Whose customer it is, when not ours.",
            kind="code",
            length_max=8,
            deeds=frozenset({HOLD}),
        ),
        Field(
            name="capacity",
            label="Visits",
            help="How many visits there are in this half-day; empty goes by the pattern of the week again.",
            kind="number",
            length_max=3,
            width=4,
            deeds=frozenset({VISITS}),
        ),
        Field(
            name="over",
            label="Over",
            help="How many promised visits that leaves without an engineer, once you know and see to it.",
            kind="number",
            length_max=4,
            width=4,
            deeds=frozenset({VISITS}),
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True),
        Key(name="F6", label="commit", sends=True),
        Key(name="F7", label="week back", deeds=frozenset({HOLD})),
        Key(name="F8", label="week on", deeds=frozenset({HOLD})),
        Key(name="S-F1", label="move", deeds=frozenset({RELEASE})),
        Key(name="S-F2", label="give back", deeds=frozenset({MOVE})),
    ),
    converses=True,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where in the book the page is."""

    district: str
    exchange: str | None
    week_of: date | None
    slot: SlotOf | None
    """A half-day that is looked into."""
    deed: str
    number: str
    """Of an appointment in it."""


def _asked(session: Session, at_desk: Desk, arguments: Arguments) -> _Asked:
    """Read an address of the book: district, exchange, a day or a half-day as 2026-03-09-AM, an appointment's number.

    Raises:
        BadMessage: CSS365E, no date.
    """
    _, district = place_of(session, arguments)
    said = dict(enumerate(arguments))
    exchange, when, which = said.get(1, ""), said.get(2, ""), said.get(3, "")
    half = _SLOT.match(when.upper())
    day = read_day(half[1] if half else when, at_desk.today, element="week_of") if when else None
    slot = SlotOf(day, HalfDay(half[2])) if half and day else None
    verb, _, named = which.rpartition("-")
    deed = HOLD if slot is None else VISITS if not which else RELEASE if verb.lower() == RELEASE else MOVE
    return _Asked(district, exchange.upper() or None, day, slot, deed, named.upper())


def show_book(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.reading() as session:
        asked = _asked(session, at_desk, arguments)
    return _page(at_desk, asked, Form.blank(AP04, asked.deed, skill=Skill.INSTALL.value.upper()))


def act_book(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter shows what a hold, a move, a return or a number of visits would do; F6 does it."""
    with at_desk.reading() as session:
        asked = _asked(session, at_desk, arguments)
    form = Form.posted(AP04, posted, asked.deed)
    if asked.deed == VISITS and not at_desk.may(PLANNERS):
        raise NotForYou(f"{AP04.code} {VISITS}")
    if form.key == REFRESH:
        form.errors.clear()
        return _page(at_desk, asked, form)
    read, deed = _DEEDS[asked.deed]
    outcome: Any = converse(at_desk, form, partial(read, form, at_desk, asked), deed, leads_to=lambda done: _leads_to(asked, done))
    if outcome.done is not None:
        flash(_said(asked, outcome.done), "CSS829I")
        return go(AP04.code, *_place_of_done(asked, outcome.done))
    return _page(at_desk, asked, form, status=outcome.status, effect=outcome.effect)


def prompt_book(at_desk: Desk, arguments: Arguments, form: Form, name: str) -> Values:
    """F4: the values of one field for what is keyed now."""
    with at_desk.reading() as session:
        asked = _asked(session, at_desk, arguments)
        match name:
            case "address_key":
                return addresses_for(session, form.text(name))
            case "slot_on":
                return _days(session, at_desk, asked, form)
            case "provider_code":
                return tuple((row.code, row.name) for row in providers(session, by=at_desk.by) if row.is_active)
            case _:
                return dict(_CHOICES).get(name, ())


_CHOICES: Final = {
    "skill": tuple((code, SKILL_WORDS[skill]) for code, skill in SKILLS.items()),
    "half_day": tuple((half.value, words) for half, words in HALVES.items()),
}


def _days(session: Session, at_desk: Desk, asked: _Asked, form: Form) -> Values:
    """The days on which an engineer can come to the address that is keyed or held for, with what is free in each half."""
    skill = SKILLS.get(form.code("skill"), Skill.INSTALL)
    key = form.text("address_key")
    try:
        if asked.number:
            card = appointment_card(session, asked.number, by=at_desk.by, at=at_desk.at)
            skill, key = card.skill, card.address_key
        elif key:
            look_up_address(session, form)
            key = form.text("address_key")
        found = free_slots(session, key, skill=skill, at=at_desk.at, limit=SLOTS_OFFERED) if key else ()
    except CssError:
        return ()
    by_day: dict[date, list[str]] = {}
    for one in found:
        by_day.setdefault(one.slot_on, []).append(f"{one.half_day.value} {free_words(one.free)}")
    return tuple((short_day(day), f"{weekday(day)}: {', '.join(halves)}") for day, halves in by_day.items())


# --- what is keyed --------------------------------------------------------------------------------------------------------


def _read_hold(form: Form, at_desk: Desk, _: _Asked) -> ReserveSlot | None:
    with at_desk.reading() as session:
        look_up_address(session, form)
    skill = form.member("skill", Skill, SKILLS)
    slot_on, half_day = form.day("slot_on", at_desk.today), form.member("half_day", HalfDay, HALF_DAYS)
    if form.has_errors or skill is None or slot_on is None or half_day is None:
        return None
    provider = form.code("provider_code") or None
    return ReserveSlot(address_key=form.text("address_key"), skill=skill, slot_on=slot_on, half_day=half_day, provider_code=provider)


def _read_move(form: Form, at_desk: Desk, asked: _Asked) -> MoveAppointment | None:
    slot_on, half_day = form.day("slot_on", at_desk.today), form.member("half_day", HalfDay, HALF_DAYS)
    if form.has_errors or slot_on is None or half_day is None:
        return None
    return MoveAppointment(appointment_number=asked.number, slot_on=slot_on, half_day=half_day)


def _read_release(_form: Form, _desk: Desk, asked: _Asked) -> ReleaseSlot:
    return ReleaseSlot(appointment_number=asked.number)


def _read_visits(form: Form, at_desk: Desk, asked: _Asked) -> SetSlotCapacity | None:
    skill = form.member("skill", Skill, SKILLS)
    capacity, over = _count(form, "capacity"), _count(form, "over")
    if form.has_errors or skill is None or asked.slot is None:
        return None
    with at_desk.reading() as session:
        exchange = slot_week(session, asked.district, asked.exchange, week_of=asked.slot.slot_on, at=at_desk.at).exchange_code
    return SetSlotCapacity(
        district_code=asked.district,
        exchange_code=exchange,
        skill=skill,
        slot_on=asked.slot.slot_on,
        half_day=asked.slot.half_day,
        capacity=capacity,
        over=over or 0,
    )


def _count(form: Form, name: str) -> int | None:
    typed = form.text(name)
    if typed and not (typed.isascii() and typed.isdigit()) and name not in form.errors:
        form.wrong(name, "CSS824E", "{label}: a whole number.")
    return int(typed) if typed and name not in form.errors else None


_DEEDS: Final[dict[str, tuple[Callable[..., Any], Callable[..., Any]]]] = {
    HOLD: (_read_hold, reserve_slot),
    MOVE: (_read_move, move_appointment),
    RELEASE: (_read_release, release_slot),
    VISITS: (_read_visits, set_slot_capacity),
}


# --- what came of it ------------------------------------------------------------------------------------------------------


def _place_of_done(asked: _Asked, done: SlotHeld | SlotsPlanned) -> tuple[str | None, ...]:
    """Where the half-day stands that was changed."""
    if isinstance(done, SlotHeld):
        return done.district_code, done.exchange_code, _place(SlotOf(done.slot_on, done.half_day))
    return asked.district, asked.exchange, _place(asked.slot) if asked.slot else None


def _leads_to(asked: _Asked, done: SlotHeld | SlotsPlanned) -> str:
    return address(AP04.code, *_place_of_done(asked, done))


def _place(slot: SlotOf) -> str:
    return f"{slot.slot_on:%Y-%m-%d}-{slot.half_day.value}"


def _said(asked: _Asked, done: SlotHeld | SlotsPlanned) -> str:
    if isinstance(done, SlotsPlanned):
        when = asked.slot.words if asked.slot else ""
        return f"There are {done.capacity} visits in {when} now{f', {done.over} fewer than are promised' if done.over else ''}."
    slot = SlotOf(done.slot_on, done.half_day)
    if done.state is AppointmentState.CANCELLED:
        return f"Appointment {number(done.appointment_number)} was given back; {slot.words} has a visit more."
    return f"Appointment {number(done.appointment_number)} is held for {slot.words} until {instant(done.held_until_at)}."


# --- the page -------------------------------------------------------------------------------------------------------------


def _page(at_desk: Desk, asked: _Asked, form: Form, *, status: int = 200, effect: object = None) -> Response:
    rows: tuple[AppointmentRow, ...] = ()
    card: AppointmentRow | None = None
    with at_desk.doing() as session:
        places, _ = place_of(session, (asked.district,))
        exchanges = exchanges_of(session, asked.district)
        week = slot_week(session, asked.district, asked.exchange, week_of=asked.week_of, at=at_desk.at)
        if asked.slot is not None and not asked.number:
            rows = appointments_of_day(
                session,
                asked.district,
                asked.slot.slot_on,
                exchange_code=week.exchange_code,
                half_day=asked.slot.half_day,
                by=at_desk.by,
                at=at_desk.at,
            )
            # Who looked is written down: it says where engineers go, and to whom.
            note_read(session, at_desk, AP04, ("visits", f"{week.district_code} {week.exchange_code} {_place(asked.slot)}"))
        if asked.number:
            card = appointment_card(session, asked.number, by=at_desk.by, at=at_desk.at)
            note_read(session, at_desk, AP04, ("appointment", asked.number))
    form.at_command = form.deed in {HOLD, VISITS} and not any(form.text(name) for name in ("address_key", "capacity", "over"))
    keyed = form if form.deed != VISITS or at_desk.may(PLANNERS) else None
    return show(
        at_desk,
        AP04,
        form=keyed,
        status=status,
        links=_links(asked, week),
        choices=_CHOICES,
        week=week,
        places=places,
        exchanges=exchanges,
        asked=asked,
        cells=[row for day in week.days for row in day.rows if asked.slot == (row.slot_on, row.half_day)],
        rows=[(row, _opens(asked, week, row)) for row in rows],
        card=card,
        effect=effect,
        skills=list(Skill),
        place=_place,
        half=SlotOf,
        halves=list(HalfDay),
        moved=_moved(effect),
    )


def _moved(effect: object) -> SlotOf | None:
    return SlotOf(effect.slot_on, effect.half_day) if isinstance(effect, SlotHeld) else None


def _links(asked: _Asked, week: SlotWeek) -> dict[str, str]:
    """Where the keys lead: a half-day back to its week, an appointment to its half-day."""
    where = (AP04.code, week.district_code, week.exchange_code)
    if asked.slot is None:
        furthest = week.business_date + timedelta(days=DAYS_AHEAD_MAX)
        links = {"F7": address(*where, f"{week.starts_on - WEEK:%Y-%m-%d}")}
        return links | ({"F8": address(*where, f"{week.starts_on + WEEK:%Y-%m-%d}")} if week.starts_on + WEEK <= furthest else {})
    back = address(*where, _place(asked.slot) if asked.number else f"{week.starts_on:%Y-%m-%d}")
    links = {"F3": back, "F12": back}
    if asked.deed == MOVE:
        links["S-F2"] = address(*where, _place(asked.slot), f"{RELEASE}-{asked.number}")
    if asked.deed == RELEASE:
        links["S-F1"] = address(*where, _place(asked.slot), asked.number)
    return links


def _opens(asked: _Asked, week: SlotWeek, row: AppointmentRow) -> str:
    """What the number in front of an appointment leads to: its order or fault, or itself while it is held; nothing else."""
    if row.state is AppointmentState.HELD and row.appointment_number and asked.slot:
        return address(AP04.code, week.district_code, week.exchange_code, _place(asked.slot), row.appointment_number)
    try:
        kind = identify(row.reference or "").kind
    except CssError:
        return ""
    screen = {IdKind.ORDER: "OR03", IdKind.FAULT: "FL03"}.get(kind) if kind else None
    return address(screen, row.reference) if screen else ""


PAGES: Final = (Page(AP04, show_book, act_book, prompt_book),)
