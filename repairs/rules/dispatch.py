"""Which fault presses most, who can go to it, and who goes where the trouble is taken to be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from css.core.calendar import ONE_DAY, require_aware, to_london
from css.core.slots import SlotOf
from css.core.words import HalfDay
from repairs.words import Craft, Location

CRAFTS: Final[Mapping[Location, Craft | None]] = {
    Location.OK: Craft.HOME,
    Location.CA: Craft.HOME,
    Location.CE: Craft.HOME,
    Location.LN: Craft.OVERHEAD,
    Location.CO: Craft.UNDERGROUND,
    Location.EX: Craft.FRAMES,
    Location.FU: Craft.FRAMES,
    Location.CI: Craft.DATA,
    Location.DT: None,
}
"""Who goes for a main fault location; None where nobody can say before another test: then anybody may."""


def craft_for(location: Location) -> Craft | None:
    """Who must go for such a location; None where it is not known yet."""
    return CRAFTS[location]


def latest_begun(at: datetime) -> SlotOf:
    """The half-day that began last: slots up to it have begun, those after it have not."""
    today = to_london(at).date()
    for slot in (SlotOf(today, HalfDay.PM), SlotOf(today, HalfDay.AM)):
        if slot.begins_at <= require_aware(at):
            return slot
    return SlotOf(today - ONE_DAY, HalfDay.PM)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fault that waits, as far as the order of pressing asks."""

    number: str
    due_at: datetime
    care_rank: int
    """The better the promise, the higher."""
    is_vulnerable: bool
    """Somebody depends on the line."""
    slot: SlotOf | None = None
    """The slot that was promised, once it has begun."""

    @property
    def broken_at(self) -> datetime:
        """When the next promise about it is broken: the end of its slot, or its deadline, whichever is first."""
        return self.due_at if self.slot is None else min(self.due_at, self.slot.ends_at)


Pressing = tuple[datetime, int, bool, bool, str]


def pressing(fault: Waiting) -> Pressing:
    """By what faults are put in order, the one that presses most first. Total: no two faults have the same.

    What would be broken first goes first: a deadline, or a slot in which somebody waits at home. Most deadlines are the last
    minute of a day, so much is due at one instant: then the better care level, whoever depends on the line, whoever was
    promised a slot, and at last the number, which is the order of the reports.
    """
    return (fault.broken_at, -fault.care_rank, not fault.is_vulnerable, fault.slot is None, fault.number)


def why_this(first: Waiting, care_level: str, then: Waiting | None, others: int) -> str:
    """In words why a fault was given out before the others that wait for the same engineer."""
    told = to_london(first.broken_at)
    promise = "its slot ends" if first.slot is not None and first.slot.ends_at < first.due_at else "due"
    words = [f"{promise} {told:%a} {told.day} {told:%b} {told:%H:%M}, care level {care_level}"]
    if first.is_vulnerable:
        words.append("somebody depends on the line")
    if then is None:
        return f"{'; '.join(words)}. Nothing else waits."
    return f"{'; '.join(words)}. Put before {others} other{'' if others == 1 else 's'}, next {then.number}: {_what_decides(first, then)}."


def _what_decides(first: Waiting, then: Waiting) -> str:
    said = ("due sooner", "the better care level", "somebody depends on the line", "a slot is promised", "reported first")
    differs = (one != other for one, other in zip(pressing(first), pressing(then), strict=True))
    return next(words for words, is_it in zip(said, differs, strict=True) if is_it)


def misfits(
    *,
    is_active: bool,
    is_on_shift: bool,
    is_in_area: bool,
    crafts: frozenset[Craft],
    craft: Craft | None,
    slot_on: date | None,
    today: date,
) -> tuple[str, ...]:
    """Why this engineer should not go to this fault now, each as the rest of a sentence; empty when nothing speaks against it."""
    found = []
    if not is_active:
        found.append("does not work here any more")
    if not is_on_shift:
        found.append("is not on shift now")
    if not is_in_area:
        found.append("does not work in the exchange's area")
    if craft is not None and craft not in crafts:
        found.append(f"cannot do {craft.value}")
    if slot_on is not None and slot_on > today:
        found.append(f"is promised to the customer on {slot_on.day} {slot_on:%B} only")
    return tuple(found)
