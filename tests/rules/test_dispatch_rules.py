"""Which fault presses most: a total order that does not care in which order it is asked, and who speaks against whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.slots import SlotOf
from css.core.words import HalfDay
from repairs.rules.dispatch import Waiting, craft_for, latest_begun, misfits, pressing, why_this
from repairs.words import Craft, Location

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
MORNING_SLOT = SlotOf(date(2026, 3, 2), HalfDay.AM)
PLAIN = Waiting(number="ZZF00000018", due_at=EVENING, care_rank=1, is_vulnerable=False)

instants = st.integers(0, 3).map(lambda hours: EVENING + timedelta(hours=hours))
slots = st.one_of(st.none(), st.builds(SlotOf, st.sampled_from([date(2026, 3, 1), date(2026, 3, 2)]), st.sampled_from(HalfDay)))
faults = st.builds(
    Waiting,
    number=st.integers(1, 10_000).map(lambda serial: f"ZZF{serial:08d}"),
    due_at=instants,
    care_rank=st.integers(1, 3),
    is_vulnerable=st.booleans(),
    slot=slots,
)
lists = st.lists(faults, unique_by=lambda fault: fault.number, max_size=30)


@given(lists, st.randoms())
def test_the_order_is_the_same_however_they_come(waiting: list[Waiting], random: Any) -> None:  # noqa: ANN401 - hypothesis's own
    shuffled = list(waiting)
    random.shuffle(shuffled)
    assert sorted(shuffled, key=pressing) == sorted(waiting, key=pressing)
    assert len({pressing(fault) for fault in waiting}) == len(waiting), "no two stand at one place"


@given(lists, faults)
def test_one_more_leaves_the_others_in_their_order(waiting: list[Waiting], another: Waiting) -> None:
    order = sorted(waiting, key=pressing)
    longer = sorted([*(one for one in waiting if one.number != another.number), another], key=pressing)
    assert [one for one in longer if one != another] == [one for one in order if one.number != another.number]


@given(faults, st.integers(1, 100))
def test_whoever_presses_more_is_never_put_back_for_it(fault: Waiting, minutes: int) -> None:
    for pressed in (
        replace(fault, due_at=fault.due_at - timedelta(minutes=minutes)),
        replace(fault, care_rank=fault.care_rank + minutes),
        replace(fault, is_vulnerable=True),
        replace(fault, slot=fault.slot or MORNING_SLOT),
    ):
        assert pressing(pressed) <= pressing(fault)


@given(lists.filter(lambda waiting: len(waiting) > 1))
def test_why_names_the_first_thing_in_which_the_next_one_differs(waiting: list[Waiting]) -> None:
    first, then, *_ = sorted(waiting, key=pressing)
    words = why_this(first, "1", then, len(waiting) - 1)
    assert then.number in words
    if first.broken_at == then.broken_at:
        assert "due sooner" not in words
    else:
        assert words.endswith("due sooner.")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"due_at": NOON}, {"care_rank": 9, "is_vulnerable": True}),
        ({"slot": MORNING_SLOT}, {"due_at": NOON + timedelta(hours=2), "care_rank": 9}),
        ({"due_at": NOON}, {"slot": MORNING_SLOT, "care_rank": 9}),
        ({"care_rank": 2}, {"is_vulnerable": True}),
        ({"is_vulnerable": True}, {}),
        ({"number": "ZZF00000001"}, {"number": "ZZF00000027"}),
    ],
    ids=["due", "its slot ends before it is due", "late before any slot", "level before dependence", "dependence", "the older report"],
)
def test_what_would_be_broken_first_goes_first(first: dict[str, Any], then: dict[str, Any]) -> None:
    one, other = replace(PLAIN, **first), replace(PLAIN, **{"number": "ZZF00000010"} | then)
    assert pressing(one) < pressing(other)


def test_why_is_told_in_words() -> None:
    later = replace(PLAIN, number="ZZF00000027", due_at=EVENING + timedelta(days=1))
    assert why_this(PLAIN, "3", later, 1) == ("due Mon 2 Mar 23:59, care level 3. Put before 1 other, next ZZF00000027: due sooner.")
    in_slot = replace(PLAIN, slot=MORNING_SLOT, is_vulnerable=True)
    assert why_this(in_slot, "1", None, 0) == (
        "its slot ends Mon 2 Mar 13:00, care level 1; somebody depends on the line. Nothing else waits."
    )


@pytest.mark.parametrize(
    ("at", "slot"),
    [
        ("2026-03-02T07:59:59+00:00", SlotOf(date(2026, 3, 1), HalfDay.PM)),
        ("2026-03-02T08:00:00+00:00", SlotOf(date(2026, 3, 2), HalfDay.AM)),
        ("2026-03-02T12:59:59+00:00", SlotOf(date(2026, 3, 2), HalfDay.AM)),
        ("2026-03-02T13:00:00+00:00", SlotOf(date(2026, 3, 2), HalfDay.PM)),
        ("2026-06-01T07:00:00+00:00", SlotOf(date(2026, 6, 1), HalfDay.AM)),
        ("2026-05-31T23:30:00+00:00", SlotOf(date(2026, 5, 31), HalfDay.PM)),
    ],
)
def test_the_half_day_that_began_last(at: str, slot: SlotOf) -> None:
    assert latest_begun(datetime.fromisoformat(at)) == slot


@pytest.mark.parametrize("location", Location)
def test_every_location_says_who_goes_or_that_nobody_knows(location: Location) -> None:
    assert (craft_for(location) is None) is (location is Location.DT)


def test_all_that_speaks_against_somebody_is_told() -> None:
    fits: dict[str, Any] = {
        "is_active": True,
        "is_on_shift": True,
        "is_in_area": True,
        "crafts": frozenset({Craft.HOME}),
        "craft": Craft.HOME,
        "slot_on": date(2026, 3, 2),
        "today": date(2026, 3, 2),
    }
    assert misfits(**fits) == ()
    assert misfits(**fits | {"craft": None, "crafts": frozenset(), "slot_on": None}) == ()
    against = {"is_active": False, "is_on_shift": False, "is_in_area": False, "craft": Craft.DATA, "slot_on": date(2026, 3, 3)}
    assert misfits(**fits | against) == (
        "does not work here any more",
        "is not on shift now",
        "does not work in the exchange's area",
        "cannot do data",
        "is promised to the customer on 3 March only",
    )
    for name, value in against.items():
        assert len(misfits(**fits | {name: value})) == 1
