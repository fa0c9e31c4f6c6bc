"""What is shown while an order is taken: what the plant allows and by when, free numbers, and when an engineer can come.

Nothing is kept for whoever looks: it may be gone a moment later, and placing the order says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.calendar import Nation
from css.core.slots import window
from css.core.words import AddressMatch, NationCode, Skill
from css.db.sql import block
from css.master.appointment_queries import FreeSlot, free_at_exchange
from css.master.products import Product
from css.master.sites import no_address
from orders.number_facts import available_numbers
from orders.rules.dates import committed_date
from orders.rules.plant import plant_outcome
from orders.rules.timing import earliest_date, timing_of
from orders.timings import timings
from orders.words import OrderKind, PlantOutcome

SLOTS_SHOWN: Final = 8
NUMBERS_SHOWN: Final = 8
NUMBERS_MAX: Final = 50


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
    slots: tuple[FreeSlot, ...]
    """The first half-days on which an engineer can still come for it: from the earliest day it can be had, and in time."""


def entry_answer(
    session: Session,
    address_key: str,
    product_codes: Sequence[str] = (),
    required_on: date | None = None,
    *,
    at: datetime,
    slots: int = SLOTS_SHOWN,
    kind: OrderKind = OrderKind.PROVIDE,
    needs_visit: bool | None = None,
) -> EntryAnswer:
    """The plant at an address for an order of a kind that takes a pair, in four statements.

    Whether an engineer comes is asked of these products (any that need it count; none named means one does), unless it is said.

    Raises:
        NotFound: CSS209E, no such address.
    """
    place = _place(session, address_key)
    outcome = plant_outcome(has_stopped_line=place.stopped_lines > 0, has_spare_pair=place.spare_pairs > 0)
    if needs_visit is None:
        visits = (
            session.execute(select(Product.needs_visit).where(Product.code.in_(product_codes))).scalars().all() if product_codes else []
        )
        needs_visit = any(visits) or not visits
    nation: Nation = NationCode(place.nation).value
    timing = timing_of(timings(session), kind, outcome, needs_visit=needs_visit, on=place.current_on)
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
        slots=_slots(session, place, at, first=earliest_on, last=promised_on, limit=slots),
    )


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


def _slots(session: Session, place: Row[Any], at: datetime, *, first: date, last: date, limit: int) -> tuple[FreeSlot, ...]:
    """What the appointment book has free at the address's exchange; the span is no wider than the book is open."""
    first, last = window(Skill.INSTALL, on=place.current_on, earliest_on=first, latest_on=last)
    nation: Nation = NationCode(place.nation).value
    return free_at_exchange(
        session, place.exchange_id, skill=Skill.INSTALL, on=place.current_on, first=first, last=last, nation=nation, at=at, limit=limit
    )
