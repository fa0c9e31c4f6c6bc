"""The slots of the appointment book: the halves of a day in London, and the days for which an engineer can be asked. Pure.

The book is open for 90 days. Whoever orders takes tomorrow at the earliest, whoever has a fault today, unless the half-day
has begun. A slot may be held for 24 hours; then it lapses by itself, whether its row says so yet or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from css.core.calendar import ONE_DAY, Nation, day_words, is_working_day, london_instant, require_aware
from css.core.errors import CssError, Refused
from css.core.words import AppointmentState, HalfDay, Skill

DAYS_AHEAD_MAX: Final = 90
HELD_HOURS: Final = 24
NAMED_MAX: Final = 4
"""So many free slots are named to who asked for a full one."""
LIVE: Final = frozenset({AppointmentState.HELD, AppointmentState.BOOKED})
"""Somebody is still to come in it, or may be."""
_BEGINS: Final = {HalfDay.AM: time(8), HalfDay.PM: time(13)}
_ENDS: Final = {HalfDay.AM: time(13), HalfDay.PM: time(18)}


class SlotOf(NamedTuple):
    """A half-day. They sort as time goes by: a morning comes before its afternoon."""

    slot_on: date
    half_day: HalfDay

    @property
    def words(self) -> str:
        """As a sentence says it: the morning of 9 March 2026."""
        half = "morning" if self.half_day is HalfDay.AM else "afternoon"
        return f"the {half} of {day_words(self.slot_on)}"

    @property
    def short(self) -> str:
        """As a list says it: Mon 9 Mar AM."""
        return f"{self.slot_on:%a} {self.slot_on.day} {self.slot_on:%b} {self.half_day.value}"

    @property
    def begins_at(self) -> datetime:
        """08:00 or 13:00 in London, in UTC."""
        return london_instant(self.slot_on, _BEGINS[self.half_day])

    @property
    def ends_at(self) -> datetime:
        """13:00 or 18:00 in London, in UTC; exclusive."""
        return london_instant(self.slot_on, _ENDS[self.half_day])


def held_until(at: datetime) -> datetime:
    """When a slot that is held now lapses."""
    return require_aware(at) + timedelta(hours=HELD_HOURS)


def state_at(state: AppointmentState, held_until_at: datetime | None, at: datetime) -> AppointmentState:
    """How an appointment stands at an instant: one held past its time has lapsed."""
    if state is AppointmentState.HELD and held_until_at is not None and held_until_at <= at:
        return AppointmentState.LAPSED
    return state


def book_opens_on(skill: Skill, on: date) -> date:
    """The first day the book is open for, by the business date: today for repairs, tomorrow for what is ordered."""
    return on if skill is Skill.REPAIR else on + ONE_DAY


def window(skill: Skill, *, on: date, earliest_on: date | None = None, latest_on: date | None = None) -> tuple[date, date]:
    """The first and last day for which an engineer can be asked; the last may be before the first, and then there is none."""
    first, last = book_opens_on(skill, on), on + timedelta(days=DAYS_AHEAD_MAX)
    return max(first, earliest_on or first), min(last, latest_on or last)


def day_fault(slot_on: date, *, first: date, last: date, nation: Nation, element: str = "appointment") -> CssError | None:
    """Why an engineer cannot be asked for a day; None when one can (CSS222E). They work Monday to Saturday, not on bank holidays."""
    if first <= slot_on <= last and is_working_day(slot_on, nation, saturdays=True):
        return None
    return Refused(
        "CSS222E",
        "No engineer can be booked for {slot}: choose Monday to Saturday, not a bank holiday, from {first} to {last}.",
        slot=day_words(slot_on),
        first=day_words(first),
        last=day_words(last),
        element=element,
    )


def has_begun(slot: SlotOf, *, on: date, at: datetime) -> bool:
    """Whether a half-day of today, by the business date, has begun: nobody is promised what is left of it."""
    return slot.slot_on < on or (slot.slot_on == on and slot.begins_at <= require_aware(at))


def slot_fault(
    slot: SlotOf, *, on: date, first: date, last: date, nation: Nation, at: datetime, element: str = "appointment"
) -> CssError | None:
    """Why an engineer cannot be asked for a half-day; None when one can (CSS222E, CSS828E). Whether it is full is another question."""
    fault = day_fault(slot.slot_on, first=first, last=last, nation=nation, element=element)
    if fault is None and has_begun(slot, on=on, at=at):
        return Refused("CSS828E", "{slot} has begun; choose a later one.", slot=_capital(slot.words), element=element)
    return fault


def bookable_days(*, first: date, last: date, nation: Nation) -> Iterator[date]:
    """The days for which an engineer can be asked, soonest first: those that ``day_fault`` lets pass."""
    day = first
    while day <= last:
        if is_working_day(day, nation, saturdays=True):
            yield day
        day += ONE_DAY


def nearest(free: Iterable[SlotOf], wanted: SlotOf, most: int = NAMED_MAX) -> tuple[SlotOf, ...]:
    """The slots nearest to the one wanted, of two as near the earlier first to be taken; in the order of time."""
    by_distance = sorted(free, key=lambda slot: (abs(_place(slot) - _place(wanted)), slot))
    return tuple(sorted(by_distance[:most]))


def full_refusal(wanted: SlotOf, skill: Skill, free: Iterable[SlotOf], *, element: str = "appointment") -> CssError:
    """CSS818E for who came too late for the last visit of a half-day: which it was, and the nearest that are free."""
    named = nearest(free, wanted)
    words = f"free next: {', '.join(slot.short for slot in named)}" if named else "no other is free in the time asked for"
    return Refused(
        "CSS818E",
        "{slot} is full for {skill}; {words}.",
        slot=_capital(wanted.words),
        skill=skill.value,
        words=words,
        free=[{"slot_on": slot.slot_on.isoformat(), "half_day": slot.half_day.value} for slot in named],
        element=element,
    )


def _place(slot: SlotOf) -> int:
    return slot.slot_on.toordinal() * 2 + (slot.half_day is HalfDay.PM)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
