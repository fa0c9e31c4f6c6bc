"""Half-days by London clocks, the days the appointment book is open for, and which free slots are nearest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core import slots
from css.core.slots import SlotOf
from css.core.words import AppointmentState, HalfDay, Skill

MONDAY = date(2026, 3, 9)
AM, PM = HalfDay.AM, HalfDay.PM
HALVES = st.builds(SlotOf, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sampled_from(HalfDay))


def test_a_slot_is_by_london_clocks_in_winter_and_summer() -> None:
    assert SlotOf(MONDAY, AM).begins_at == datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert SlotOf(date(2026, 6, 8), PM).begins_at == datetime(2026, 6, 8, 12, tzinfo=UTC)
    assert SlotOf(date(2026, 6, 8), PM).ends_at == datetime(2026, 6, 8, 17, tzinfo=UTC)


@given(HALVES)
def test_the_afternoon_follows_the_morning(slot: SlotOf) -> None:
    morning, afternoon = SlotOf(slot.slot_on, AM), SlotOf(slot.slot_on, PM)
    assert morning < afternoon < SlotOf(slot.slot_on + timedelta(days=1), AM)
    assert morning.ends_at == afternoon.begins_at


def test_a_hold_is_over_at_its_instant() -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    until = slots.held_until(at)
    assert until - at == timedelta(hours=24)
    held = AppointmentState.HELD
    assert slots.state_at(held, until, until - timedelta(microseconds=1)) is held
    assert slots.state_at(held, until, until) is AppointmentState.LAPSED
    assert slots.state_at(AppointmentState.BOOKED, until, until) is AppointmentState.BOOKED


@pytest.mark.parametrize(
    ("skill", "earliest_on", "latest_on", "expected"),
    [
        (Skill.INSTALL, None, None, (date(2026, 3, 10), date(2026, 6, 7))),
        (Skill.REPAIR, None, None, (MONDAY, date(2026, 6, 7))),
        (Skill.INSTALL, date(2026, 3, 1), date(2027, 1, 1), (date(2026, 3, 10), date(2026, 6, 7))),
        (Skill.INSTALL, date(2026, 3, 16), date(2026, 3, 20), (date(2026, 3, 16), date(2026, 3, 20))),
    ],
)
def test_who_asks_narrows_the_book_and_never_opens_it(
    skill: Skill, earliest_on: date | None, latest_on: date | None, expected: tuple[date, date]
) -> None:
    assert slots.window(skill, on=MONDAY, earliest_on=earliest_on, latest_on=latest_on) == expected


@given(st.lists(HALVES, unique=True, max_size=12), HALVES)
def test_the_slots_named_are_the_nearest_and_in_the_order_of_time(free: list[SlotOf], wanted: SlotOf) -> None:
    def distance(slot: SlotOf) -> timedelta:
        return abs(slot.begins_at - wanted.begins_at)

    named = slots.nearest(free, wanted)
    assert list(named) == sorted(named)
    assert len(named) == min(len(free), slots.NAMED_MAX)
    left = set(free) - set(named)
    # Nights are longer than noons: half a day is not half a day by the clock.
    assert not left or max(map(distance, named)) <= min(map(distance, left)) + timedelta(hours=15)


def test_every_bookable_day_is_one_that_is_not_refused() -> None:
    first, last = date(2026, 3, 28), date(2026, 4, 12)
    days = set(slots.bookable_days(first=first, last=last, nation="scotland"))
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        assert (day in days) == (slots.day_fault(day, first=first, last=last, nation="scotland") is None)
    assert date(2026, 4, 6) in days, "Easter Monday is a working day in Scotland"


def test_half_days_of_today_are_over_once_begun() -> None:
    ten = datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert slots.has_begun(SlotOf(MONDAY, AM), on=MONDAY, at=ten)
    assert not slots.has_begun(SlotOf(MONDAY, PM), on=MONDAY, at=ten)
    assert not slots.has_begun(SlotOf(MONDAY + timedelta(days=1), AM), on=MONDAY, at=ten + timedelta(days=9)), "the business date says"
