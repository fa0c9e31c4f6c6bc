"""What is shown while an order is taken: what the plant allows and by when, free numbers, and when an engineer can come.

Nothing is kept for whoever looks: it may be gone a moment later, and placing the order says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.calendar import Nation
from css.core.words import AddressMatch, HalfDay, NationCode
from css.db.sql import block
from css.master.products import Product
from orders.number_facts import available_numbers
from orders.queries import no_address
from orders.rules.dates import bookable_days, committed_date
from orders.rules.plant import plant_outcome
from orders.rules.timing import earliest_date, timing_of
from orders.timings import timings
from orders.words import OrderKind, PlantOutcome

SLOTS_SHOWN: Final = 8
NUMBERS_SHOWN: Final = 8
NUMBERS_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """A half-day for which an engineer can be asked."""

    slot_on: date
    half_day: HalfDay
    taken_count: int
    """How many visits of the district are promised in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAnswer:
    """What a new line at an address would be made of, and when it can be had."""

    address_key: str
    district_code: str
    nation: Nation
    """Whose bank holidays count there."""
    match: AddressMatch
    exchange_name: str
    working_lines: int
    stopped_lines: int
    spare_pairs: int
    outcome: PlantOutcome
    needs_visit: bool
    """Whether one of the products named is fitted by an engineer."""
    earliest_on: date
    """The first required date for these products there."""
    promised_on: date
    """What would be promised for the date asked, or for the earliest where that is too soon or none is said."""
    slots: tuple[SlotRow, ...]
    """The first half-days on which an engineer can come for it: from the earliest day it can be had, and in time."""


def entry_answer(
    session: Session, address_key: str, product_codes: Sequence[str] = (), required_on: date | None = None, *, slots: int = SLOTS_SHOWN
) -> EntryAnswer:
    """The plant at an address for these products (any that need a visit count; none named means one does), in four statements.

    Raises:
        NotFound: CSS209E, no such address.
    """
    place = _place(session, address_key)
    outcome = plant_outcome(has_stopped_line=place.stopped_lines > 0, has_spare_pair=place.spare_pairs > 0)
    visits = list(session.execute(select(Product.needs_visit).where(Product.code.in_(product_codes))).scalars()) if product_codes else []
    needs_visit = any(visits) or not visits
    nation: Nation = NationCode(place.nation).value
    timing = timing_of(timings(session), OrderKind.PROVIDE, outcome, needs_visit=needs_visit, on=place.current_on)
    earliest_on = earliest_date(timing, on=place.current_on, nation=nation)
    promised_on = committed_date(max(required_on or earliest_on, earliest_on), nation)
    return EntryAnswer(
        address_key=place.address_key,
        district_code=place.district_code,
        nation=nation,
        match=AddressMatch(place.match),
        exchange_name=place.exchange_name,
        working_lines=place.working_lines,
        stopped_lines=place.stopped_lines,
        spare_pairs=place.spare_pairs,
        outcome=outcome,
        needs_visit=needs_visit,
        earliest_on=earliest_on,
        promised_on=promised_on,
        slots=_slots(session, place.district_code, on=place.current_on, first=earliest_on, through=promised_on, nation=nation, limit=slots),
    )


def next_slots(session: Session, district_code: str, *, through: date | None = None, limit: int = SLOTS_SHOWN) -> tuple[SlotRow, ...]:
    """The next half-days on which an engineer can come in a district, not after ``through``. Nothing for a district nobody knows."""
    standing = session.execute(block("orders", "work_list.standing"), {"district": district_code}).one_or_none()
    if standing is None:
        return ()
    nation: Nation = NationCode(standing.nation).value
    return _slots(session, district_code, on=standing.current_on, through=through or date.max, nation=nation, limit=limit)


def free_numbers(session: Session, address_key: str, *, at: datetime, ending: str = "", limit: int = NUMBERS_SHOWN) -> tuple[str, ...]:
    """Numbers that a new line at an address could have, lowest first, as E.164 digits; with ``ending`` those that end so.

    None at a silver address, where no number can be kept; none for an ending that is no digits.

    Raises:
        NotFound: CSS209E, no such address.
    """
    place = _place(session, address_key)
    if place.match != AddressMatch.GOLD or (ending and not (ending.isascii() and ending.isdigit())):
        return ()
    return available_numbers(session, place.exchange_id, at=at, ending=ending, limit=max(1, min(limit, NUMBERS_MAX)))


def _place(session: Session, address_key: str) -> Row[Any]:
    found = session.execute(block("orders", "entry.at_address"), {"address_key": address_key.strip().upper()}).one_or_none()
    if found is None:
        raise no_address(address_key)
    return found


def _slots(
    session: Session, district_code: str, *, on: date, through: date, nation: Nation, limit: int, first: date = date.min
) -> tuple[SlotRow, ...]:
    bookable = bookable_days(on=on, through=through, nation=nation)
    days = list(islice((day for day in bookable if day >= first), max(1, limit)))
    if not days:
        return ()
    counted = session.execute(block("orders", "entry.slots_taken"), {"district": district_code, "first": days[0], "last": days[-1]})
    taken = {(row.slot_on, row.half_day): row.taken for row in counted}
    found = [SlotRow(slot_on=day, half_day=half, taken_count=taken.get((day, half.value), 0)) for day in days for half in HalfDay]
    return tuple(found[: max(1, limit)])
