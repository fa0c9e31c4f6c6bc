"""What can be asked of the appointment book: the grid of a week, free slots, and who is promised what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from css.core.calendar import Nation
from css.core.slots import SlotOf, bookable_days, has_begun
from css.core.words import HalfDay, Skill
from css.db.sql import block

SLOTS_MAX: Final = 200


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
    """The half-days of an exchange's area with a visit left, soonest first; one statement."""
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
    """The grid as the database gives it: by day, skill and half-day."""
    wanted = {"exchange_id": exchange_id, "skills": [skill.value for skill in skills], "first": first, "last": last, "at": at}
    return list(session.execute(block("css.master", "appointments.grid"), wanted))
