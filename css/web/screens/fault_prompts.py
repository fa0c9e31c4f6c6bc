"""What a fault's fields offer, for the line in trouble: symptoms, visits that can be had, charge bands with what they may cost."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.ids import IdKind, identify
from css.core.money import Money, to_money
from css.core.slots import SlotOf
from css.core.words import AppointmentState, HalfDay, PairState, PriceKind, Skill
from css.master.appointment_queries import AppointmentRow, FreeSlot, appointments_of_site, free_slots
from css.master.care_levels import care_book
from css.master.lines import Line
from css.master.plant import Pair
from css.master.queries import ProductRow
from css.master.sites import Site
from css.web.desk import Desk
from css.web.filters import weekday
from css.web.form import Form, read_day
from css.web.page import Values
from css.web.screens.order_prompts import free_words, held_words, short_day
from repairs.queries.cards import FaultCard
from repairs.rules.charges import BAND_HOURS, FIRST_HOUR, HOUR
from repairs.rules.report import SYMPTOMS

SLOTS_OFFERED: Final = 8
SLOTS_LISTED: Final = 30
_SLOT: Final = re.compile(r"^(\S.*?)[\s-]*(AM|PM)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as it is keyed: a half-day of the book, or one that is held already."""

    slot_on: date | None = None
    half_day: HalfDay | None = None
    appointment_number: str | None = None


def symptoms_on(products: Collection[str]) -> Values:
    """What can be wrong with a line: nothing is offered that it does not have."""
    return tuple((one.code, one.words) for one in SYMPTOMS.values() if one.needs_product is None or one.needs_product in products)


def repair_slots(session: Session, address_key: str, at: datetime, limit: int = SLOTS_OFFERED) -> tuple[FreeSlot, ...]:
    """The half-days on which somebody who clears faults can come to an address, soonest first."""
    try:
        return free_slots(session, address_key, skill=Skill.REPAIR, at=at, limit=limit)
    except CssError:
        return ()


def slots_for(at_desk: Desk, card: FaultCard, limit: int = SLOTS_OFFERED) -> tuple[FreeSlot, ...]:
    """The same for a fault; damage has nobody to be promised one."""
    if card.line_id is None:
        return ()
    with at_desk.reading() as session:
        key = address_of_line(session, card.line_id)
        return repair_slots(session, key, at_desk.at, limit) if key else ()


def address_of_line(session: Session, line_id: int) -> str | None:
    """The key of the address a line is at."""
    return session.execute(select(Site.address_key).join(Line, Line.site_id == Site.id).where(Line.id == line_id)).scalar()


def spare_pairs(session: Session, line_id: int) -> Values:
    """The spare pairs of a line's distribution point that are kept for nobody, by their numbers."""
    own = select(Pair.distribution_point_id).join(Line, Line.pair_id == Pair.id).where(Line.id == line_id).scalar_subquery()
    kept = exists().where(Line.pair_id == Pair.id, Line.ends_on.is_(None))
    rows = session.execute(
        select(Pair.pair_number).where(Pair.distribution_point_id == own, Pair.state == PairState.SPARE, ~kept).order_by(Pair.pair_number)
    ).scalars()
    return tuple((str(number), "spare") for number in rows)


def slots_held(session: Session, at_desk: Desk, address_key: str, provider_code: str) -> tuple[AppointmentRow, ...]:
    """The visits of somebody who clears faults that are held at an address for a provider."""
    rows = appointments_of_site(session, address_key, by=at_desk.by, at=at_desk.at)
    return tuple(
        row for row in rows if row.state is AppointmentState.HELD and row.skill is Skill.REPAIR and row.provider_code == provider_code
    )


def slot_values(free: Iterable[FreeSlot], held: Iterable[AppointmentRow] = ()) -> Values:
    """Visits for F4: those that are held by their numbers, then those that can be had, as they are keyed."""
    return (
        *(held_words(row) for row in held),
        *((slot_keyed(one.slot), f"{weekday(one.slot_on)} {one.half_day.value}, {free_words(one.free)}") for one in free),
    )


def slot_keyed(slot: SlotOf) -> str:
    """A half-day as it is keyed, without a blank in it: ``5/3/26AM``."""
    return f"{short_day(slot.slot_on)}{slot.half_day.value}"


def read_visit(form: Form, name: str, free: tuple[FreeSlot, ...], today: date) -> Visit:
    """The visit in a field: the number of one on the list, a day and its half, an appointment's number; nothing where it is empty.

    What was keyed by its place in the list stands in the field by its day from then on: the list goes on meanwhile.
    """
    typed = form.text(name)
    if not typed or name in form.errors:
        return Visit()
    half = _SLOT.match(typed)
    if typed.isascii() and typed.isdigit() and int(typed) in range(1, len(free) + 1):
        slot = free[int(typed) - 1].slot
    elif half is not None:
        day = form.reading(name, lambda _: read_day(half[1], today, element=name))
        if day is None:
            return Visit()
        slot = SlotOf(day, HalfDay(half[2].upper()))
    else:
        number = _appointment(typed)
        if number is None:
            form.wrong(name, "CSS939E", "{label}: key a number of the list, a day and its half like 5/3/26 AM, or an appointment's number.")
        return Visit(appointment_number=number)
    form.values[name] = slot_keyed(slot)
    return Visit(slot.slot_on, slot.half_day)


def visit_words(keyed: str, today: date) -> str:
    """A visit as it stands in its field, as a sentence says it."""
    half = _SLOT.match(keyed)
    try:
        return SlotOf(read_day(half[1], today), HalfDay(half[2].upper())).words if half else keyed
    except CssError:
        return keyed


def _appointment(typed: str) -> str | None:
    try:
        found = identify(typed)
    except CssError:
        return None
    return found.value if found.kind is IdKind.APPOINTMENT else None


def bands(sold: Iterable[ProductRow]) -> Values:
    """The charge bands with the most each may cost, VAT included, at the prices given."""
    price = {row.code: gross for row in sold for gross in [_gross(row)] if gross is not None}
    first, further = price.get(FIRST_HOUR), price.get(HOUR)

    def words(hours: int | None) -> str:
        if hours == 0:
            return "nothing: no time of ours is charged"
        if first is None or further is None:
            return "without limit" if hours is None else f"up to {hours} hours"
        if hours is None:
            return f"without limit: {first.sterling} the first hour, {further.sterling} each hour after"
        return f"up to {hours} hours, {Money(first.pence + (hours - 1) * further.pence).sterling} at the most"

    return tuple((str(band), words(hours)) for band, hours in BAND_HOURS.items())


def _gross(row: ProductRow) -> Money | None:
    price = next((one for one in row.prices if one.kind is PriceKind.ONE_OFF), None)
    return to_money(price.gross_price) if price is not None else None


def better_care(session: Session, level: str | None, on: date) -> Values:
    """The care levels above a line's own on a day, with what they promise."""
    book = care_book(session, on)
    rank = book.terms(level).rank if level in book.codes else book.levels[0].rank
    return tuple((one.code, one.promise) for one in book.levels if one.rank > rank)
