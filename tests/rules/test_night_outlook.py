"""When a net in lanes will have ended, and what its length hangs by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.rules.graph import Place
from batch.rules.outlook import CriticalPath, Shared, StepSeen, critical_path, ends_in_lanes, usual
from batch.words import StepState

AT = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)


def stand(
    usual_seconds: int | None = None,
    state: StepState | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    share: int | None = None,
    taken_up_at: datetime | None = None,
) -> StepSeen:
    return StepSeen(state, started_at, ended_at, share, usual_seconds, taken_up_at=taken_up_at)


def minute(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


# begin -> left (10 min), right (4 min) -> end (1 min)
DIAMOND = (Place("begin"), Place("left", ("begin",)), Place("right", ("begin",)), Place("end", ("left",), ("right",)))
USUAL = {"begin": 60, "left": 600, "right": 240, "end": 60}


def _ends(
    lanes: int, now: int = 0, shared: Shared | None = None, gone_without: tuple[str, ...] = (), **stands: StepSeen
) -> dict[str, int | None]:
    seen = {name: stands.get(name, stand(seconds)) for name, seconds in USUAL.items()}
    found = ends_in_lanes(DIAMOND, seen, at=minute(now), lanes=lanes, shared=shared or Shared({}, {}), gone_without=gone_without)
    return {name: None if end is None else (end - AT) // timedelta(minutes=1) for name, end in found.items()}


def test_in_one_lane_steps_come_one_after_the_other_and_in_two_beside_each_other() -> None:
    assert _ends(1) == {"begin": 1, "left": 11, "right": 15, "end": 16}
    assert _ends(2) == {"begin": 1, "left": 11, "right": 5, "end": 12}
    assert _ends(9) == _ends(2)


def test_two_that_need_the_same_are_not_beside_each_other() -> None:
    ledger = Shared({"left": {"ledger": 1}, "right": {"ledger": 1}}, {"ledger": 1})
    assert _ends(2, shared=ledger) == _ends(1)
    assert _ends(2, shared=Shared(ledger.needs, {"ledger": 2})) == _ends(2)


def test_a_step_under_way_ends_as_its_rate_says_and_what_is_done_is_done() -> None:
    done = stand(60, StepState.COMPLETED, minute(0), minute(2), 1000)
    left = stand(600, StepState.RUNNING, minute(2), None, 250)
    assert _ends(2, 7, begin=done, left=left) == {"begin": 2, "left": 22, "right": 11, "end": 23}
    late = stand(600, StepState.RUNNING, minute(2), None, None)
    assert _ends(2, 20, begin=done, left=late, right=stand(240, StepState.SKIPPED, ended_at=minute(3)))["end"] == 21


@pytest.mark.parametrize(
    ("first", "now", "ends"),
    [
        (stand(300, StepState.COMPLETED, minute(0), minute(5), 1000), 9, (5, 14)),
        (stand(600, StepState.RUNNING, minute(0)), 4, (10, 15)),
        (stand(600, StepState.RUNNING, minute(0)), 12, (12, 17)),
        (stand(600, StepState.RUNNING, minute(0), share=250), 5, (20, 25)),
        (stand(600, StepState.RUNNING, minute(0), share=50), 5, (10, 15)),
        (stand(None, StepState.RUNNING, minute(0)), 4, (None, None)),
    ],
    ids=["done", "as usual", "longer than usual", "at its rate", "too early for a rate", "never ran"],
)
def test_what_is_to_come_is_reckoned_from_what_is_usual(first: StepSeen, now: int, ends: tuple[int | None, int | None]) -> None:
    places = (Place("first"), Place("second", ("first",)))
    found = ends_in_lanes(places, {"first": first, "second": stand(300)}, at=minute(now), lanes=1)
    assert tuple(found.values()) == tuple(None if end is None else minute(end) for end in ends)


def test_the_usual_is_the_middle() -> None:
    assert [usual(seconds) for seconds in ([], [7], [9, 1], [1, 100, 2])] == [None, 7, 9, 2]


def test_after_what_never_ran_nobody_can_tell_and_beside_it_one_can() -> None:
    assert _ends(2, left=stand(None)) == {"begin": 1, "left": None, "right": 5, "end": None}
    assert _ends(1, left=stand(None)) == {"begin": 1, "left": None, "right": None, "end": None}
    assert _ends(1, left=stand(600, StepState.FAILED, minute(0), minute(1))) == _ends(1)


def test_a_step_that_was_taken_up_after_a_pause_ends_when_what_is_left_of_it_usually_does() -> None:
    done = stand(60, StepState.COMPLETED, minute(0), minute(1), 1000)
    half = stand(600, StepState.RUNNING, minute(-300), share=500, taken_up_at=minute(2))
    assert _ends(2, 3, begin=done, left=half)["left"] == 7, "and neither now nor in five hours"
    assert _ends(2, 3, begin=done, left=replace(half, share=None))["left"] == 12
    assert _ends(2, 3, begin=done, left=replace(half, usual_seconds=None))["left"] is None


def test_an_optional_step_that_failed_in_this_attempt_is_not_done_once_more() -> None:
    done = stand(60, StepState.COMPLETED, minute(0), minute(1), 1000)
    failed = stand(600, StepState.FAILED, minute(1), minute(2))
    assert _ends(1, 5, begin=done, left=failed) == {"begin": 1, "left": 15, "right": 19, "end": 20}
    assert _ends(1, 5, gone_without=("left",), begin=done, left=failed) == {"begin": 1, "left": 2, "right": 9, "end": 10}


def test_the_longest_chain_is_what_its_length_hangs_by() -> None:
    assert critical_path(DIAMOND, USUAL) == CriticalPath(("begin", "left", "end"), 720)
    assert critical_path(DIAMOND, {**USUAL, "right": 6000}) == CriticalPath(("begin", "right", "end"), 6120)
    assert critical_path(DIAMOND, {}) == CriticalPath(("begin",), 0)
    assert critical_path((), {}) == CriticalPath((), 0)


@st.composite
def nets(draw: st.DrawFn) -> tuple[tuple[Place, ...], dict[str, StepSeen]]:
    size = draw(st.integers(1, 12))
    names = [f"s{n}" for n in range(size)]
    places = tuple(Place(names[n], tuple(sorted(draw(st.sets(st.sampled_from(names[:n]), max_size=3)))) if n else ()) for n in range(size))
    return places, {name: stand(draw(st.integers(0, 500))) for name in names}


@given(nets(), st.integers(1, 4))
def test_more_lanes_than_one_never_make_it_longer_than_one_and_never_shorter_than_the_longest_chain(
    net: tuple[tuple[Place, ...], dict[str, StepSeen]], lanes: int
) -> None:
    places, seen = net
    ends = ends_in_lanes(places, seen, at=AT, lanes=lanes)
    whole = max(end for end in ends.values() if end is not None)
    assert None not in ends.values()
    total = sum(stand.usual_seconds or 0 for stand in seen.values())
    chain = critical_path(places, {name: stand.usual_seconds for name, stand in seen.items()})
    assert timedelta(seconds=chain.seconds) <= whole - AT <= timedelta(seconds=total)
    one = ends_in_lanes(places, seen, at=AT, lanes=1)
    assert max(end for end in one.values() if end is not None) - AT == timedelta(seconds=total)
    for place in places:
        end = ends[place.name]
        assert end is not None
        for name in place.after:
            before = ends[name]
            assert before is not None
            assert end - timedelta(seconds=seen[place.name].usual_seconds or 0) >= before


@pytest.mark.parametrize("lanes", [1, 3])
def test_what_is_done_already_keeps_its_end(lanes: int) -> None:
    done = stand(60, StepState.COMPLETED, minute(-9), minute(-5), 1000)
    assert _ends(lanes, begin=done, left=done, right=done, end=done) == dict.fromkeys(USUAL, -5)
