"""A fault's clock as a rule: what pauses do to a deadline over weekends, Christmas and clock changes, and what always holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.calendar import london_instant
from css.core.deadline import due_at
from css.core.errors import Refused
from css.core.working_hours import WorkingHours
from css.master.working_reference import CALENDARS, CARE_LEVELS
from repairs.rules.clock import (
    ClockPart,
    Cover,
    Declared,
    Interval,
    Promise,
    clock_of,
    customer_delays,
    due_from,
    guarantee,
    moves,
    pieces,
    spent,
)
from repairs.rules.clock_words import duration_words, interval_words
from repairs.rules.levels import level_for
from repairs.words import ClockState, ParkReason

RUNNING, PARKED, CUSTOMER, MBORC = ClockState.RUNNING, ClockState.PARKED, ClockState.CUSTOMER, ClockState.MBORC
LEVELS = ("1", "2", "2.5", "3", "4")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@cache
def hours_of(level: str) -> WorkingHours:
    terms = next(each for each in CARE_LEVELS if each.code == level)
    return WorkingHours(next(each for each in CALENDARS if each.code == terms.calendar_code), "england-and-wales")


def promise(level: str, given_at: datetime) -> Promise:
    terms = next(each for each in CARE_LEVELS if each.code == level)
    return Promise(level, given_at, due_at(terms, hours_of(level), given_at), hours_of(level))


def london(words: str) -> datetime:
    shown = datetime.fromisoformat(words)
    return london_instant(shown.date(), shown.time())


def paused(accepted_at: datetime, *pauses: tuple[datetime, datetime], state: ClockState = PARKED) -> list[Interval]:
    """A clock that runs but for some pauses."""
    found: list[Interval] = []
    reached = accepted_at
    for starts_at, ends_at in pauses:
        found += [Interval(RUNNING, reached, starts_at), Interval(state, starts_at, ends_at)]
        reached = ends_at
    return [*found, Interval(RUNNING, reached, None)]


@pytest.mark.parametrize(
    ("level", "accepted", "parked", "resumed", "due"),
    [
        # An ordinary week.
        ("1", "2026-03-02T10:00", "2026-03-02T12:00", "2026-03-03T12:00", "2026-03-05T23:59"),
        ("2.5", "2026-03-02T10:00", "2026-03-02T12:00", "2026-03-02T15:00", "2026-03-04T02:59"),
        ("4", "2026-03-02T10:00", "2026-03-02T12:00", "2026-03-09T12:00", "2026-03-09T16:00"),
        # Over a weekend that the level does not count, nothing is lost: only the minutes that it counts.
        ("1", "2026-03-06T10:00", "2026-03-07T08:00", "2026-03-08T20:00", "2026-03-10T23:59"),
        ("1", "2026-03-06T10:00", "2026-03-06T22:00", "2026-03-09T02:00", "2026-03-11T03:59"),
        ("2", "2026-03-07T10:00", "2026-03-08T00:00", "2026-03-09T00:00", "2026-03-09T23:59"),
        # Christmas 2026: Friday 25 and, for Saturday 26, Monday 28 December.
        ("1", "2026-12-23T10:00", "2026-12-24T12:00", "2026-12-29T12:00", "2026-12-30T23:59"),
        ("1", "2026-12-22T10:00", "2026-12-24T12:00", "2026-12-29T12:00", "2026-12-29T23:59"),
        ("2", "2026-12-24T10:00", "2026-12-24T18:00", "2026-12-29T06:00", "2026-12-30T11:59"),
        ("2.5", "2026-12-24T10:00", "2026-12-24T18:00", "2026-12-29T06:00", "2026-12-30T11:59"),
        # The clocks go forward on 29 March 2026 and back on 25 October 2026: what was left is left, by the sun.
        ("4", "2026-03-28T22:00", "2026-03-28T23:00", "2026-03-29T00:00", "2026-03-29T06:00"),
        ("4", "2026-10-24T22:00", "2026-10-24T23:00", "2026-10-25T00:00", "2026-10-25T04:00"),
        ("2.5", "2026-03-28T10:00", "2026-03-28T12:00", "2026-03-29T12:00", "2026-03-30T22:59"),
        ("2.5", "2026-10-24T10:00", "2026-10-24T12:00", "2026-10-25T12:00", "2026-10-27T00:59"),
        # Parked across Christmas and both changes of the clocks.
        ("1", "2026-10-23T10:00", "2026-10-23T12:00", "2027-03-29T12:00", "2027-04-01T11:59"),
        ("4", "2026-10-24T10:00", "2026-10-24T12:00", "2027-03-28T12:00", "2027-03-28T16:00"),
        # After the deadline nothing moves it; on it, nothing is left.
        ("4", "2026-03-02T10:00", "2026-03-02T16:01", "2026-03-03T10:00", "2026-03-02T16:00"),
        ("4", "2026-03-02T10:00", "2026-03-02T16:00", "2026-03-03T10:00", "2026-03-03T10:00"),
    ],
)
def test_what_was_left_when_the_clock_stopped_is_left_when_it_goes_on(
    level: str, accepted: str, parked: str, resumed: str, due: str
) -> None:
    given_at = london(accepted)
    intervals = paused(given_at, (london(parked), london(resumed)))
    assert due_from([promise(level, given_at)], intervals) == london(due)


def test_while_the_clock_stands_it_is_due_when_it_was() -> None:
    given_at = london("2026-03-02T10:00")
    standing = [Interval(RUNNING, given_at, given_at + HOUR), Interval(PARKED, given_at + HOUR, None)]
    assert due_from([promise("4", given_at)], standing) == given_at + 6 * HOUR


def test_of_two_promises_the_earlier_counts_and_each_has_its_own_hours() -> None:
    given_at = london("2026-03-06T10:00")
    bought_at = london("2026-03-07T10:00")
    both = [promise("1", given_at), promise("4", bought_at)]
    assert due_from(both, paused(given_at)) == bought_at + 6 * HOUR
    weekend = paused(given_at, (london("2026-03-07T12:00"), london("2026-03-08T12:00")))
    assert [moved.level for each in both for moved in moves(each, weekend)] == ["4"]
    assert due_from(both, weekend) == london("2026-03-08T16:00")


def test_mborc_stops_nothing() -> None:
    given_at = london("2026-03-02T10:00")
    intervals = [Interval(MBORC, given_at, given_at + DAY, mborc_id=1), Interval(RUNNING, given_at + DAY, None)]
    assert due_from([promise("1", given_at)], intervals) == promise("1", given_at).due_at


# What always holds.

INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - Hypothesis asks for bounds without a zone
STEPS = st.lists(st.timedeltas(timedelta(), timedelta(days=9)), max_size=8)


def walked(given_at: datetime, steps: Sequence[timedelta]) -> list[Interval]:
    """A clock that runs and stands by turns."""
    marks = [given_at]
    for step in steps:
        marks.append(marks[-1] + step)
    turns = [Interval(PARKED if place % 2 else RUNNING, *span) for place, span in enumerate(pairwise(marks))]
    return [*turns, Interval(RUNNING, marks[-1], None)]


@given(INSTANTS, st.sampled_from(LEVELS), STEPS)
def test_no_pause_makes_a_deadline_earlier(given_at: datetime, level: str, steps: list[timedelta]) -> None:
    one = promise(level, given_at)
    dues = [one.due_at, *(moved.due_at for moved in moves(one, walked(given_at, steps)))]
    assert dues == sorted(dues)
    assert due_from([one], walked(given_at, steps)) == dues[-1]


@given(INSTANTS, st.sampled_from(LEVELS), STEPS)
def test_the_hours_that_count_until_the_deadline_are_as_many_with_pauses_as_without(
    given_at: datetime, level: str, steps: list[timedelta]
) -> None:
    one = promise(level, given_at)
    due = due_from([one], walked(given_at, steps))
    ran = timedelta()
    for interval in walked(given_at, steps):
        until = min(interval.ends_at or due, due)
        if not interval.stops and interval.starts_at < until:
            ran += one.hours.between(interval.starts_at, until)
    promised = one.hours.between(given_at, one.due_at)
    assert ran == promised


@given(INSTANTS, st.sampled_from(LEVELS), STEPS, st.data())
def test_a_pause_in_two_parts_is_one_pause(given_at: datetime, level: str, steps: list[timedelta], data: st.DataObject) -> None:
    whole = walked(given_at, steps)
    parts: list[Interval] = []
    for interval in whole:
        if interval.stops and interval.ends_at is not None:
            middle = interval.starts_at + data.draw(st.timedeltas(timedelta(), interval.ends_at - interval.starts_at))
            parts += [Interval(PARKED, interval.starts_at, middle), Interval(CUSTOMER, middle, interval.ends_at)]
        else:
            parts.append(interval)
    one = promise(level, given_at)
    assert due_from([one], parts) == due_from([one], whole)


@given(INSTANTS, st.sampled_from(("1", "2")), st.timedeltas(timedelta(), timedelta(days=20)), st.data())
def test_pausing_while_the_calendar_is_closed_changes_nothing(
    given_at: datetime, level: str, later: timedelta, data: st.DataObject
) -> None:
    hours = hours_of(level)
    closes_at = hours.next_closing(given_at + later)
    assert closes_at is not None
    opens_at = hours.next_opening(closes_at)
    assert opens_at is not None
    starts_at = closes_at + data.draw(st.timedeltas(timedelta(), opens_at - closes_at))
    ends_at = starts_at + data.draw(st.timedeltas(timedelta(), opens_at - starts_at))
    one = promise(level, given_at)
    assert due_from([one], paused(given_at, (starts_at, ends_at))) == one.due_at


COVERS = st.lists(st.tuples(INSTANTS, st.none() | st.timedeltas(timedelta(), timedelta(days=200))), max_size=5)


@given(INSTANTS, COVERS, st.none() | st.tuples(INSTANTS, st.timedeltas(MINUTE, timedelta(days=90))))
def test_pieces_follow_one_another_and_each_instant_is_what_it_should_be(
    starts_at: datetime, covers: list[tuple[datetime, timedelta | None]], wait: tuple[datetime, timedelta] | None
) -> None:
    declared = [Cover(n, at, None if lasts is None else at + lasts, "Storm") for n, (at, lasts) in enumerate(covers)]
    waits = None if wait is None else (wait[0], wait[0] + wait[1])
    found = pieces(starts_at, None, declared, waits)
    assert (found[0].starts_at, found[-1].ends_at) == (starts_at, None)
    assert all(before.ends_at == after.starts_at for before, after in pairwise(found))
    assert all((before.state, before.mborc_id) != (after.state, after.mborc_id) for before, after in pairwise(found))
    for piece in found:
        at = piece.starts_at if piece.ends_at is None else piece.starts_at + (piece.ends_at - piece.starts_at) / 2
        under = [one for one in declared if one.starts_at <= at and (one.ends_at is None or at < one.ends_at)]
        if waits is not None and waits[0] <= at < waits[1]:
            assert piece.state is CUSTOMER
        elif under:
            first = min(under, key=lambda one: (one.starts_at, one.mborc_id))
            assert (piece.state, piece.mborc_id) == (MBORC, first.mborc_id)
        else:
            assert (piece.state, piece.mborc_id) == (RUNNING, None)


@given(INSTANTS, STEPS, st.timedeltas(timedelta(), timedelta(days=90)))
def test_the_time_spent_adds_up_to_the_time_that_passed(given_at: datetime, steps: list[timedelta], later: timedelta) -> None:
    assert spent(walked(given_at, steps), given_at + later).whole == later


@given(INSTANTS, STEPS, st.timedeltas(timedelta(), timedelta(days=90)), st.booleans())
def test_the_parts_of_a_bar_follow_one_another(given_at: datetime, steps: list[timedelta], later: timedelta, ends: bool) -> None:
    intervals = walked(given_at, steps)
    at = given_at + sum(steps, timedelta()) + later
    due = due_from([promise("2.5", given_at)], intervals)
    parts = clock_of(reported_at=given_at - HOUR, intervals=intervals, due_at=due, ended_at=at if ends else None, at=at)
    assert parts[0].starts_at == given_at - HOUR
    assert parts[-1].ends_at == (at if ends else max(at, due))
    assert all(before.ends_at == after.starts_at for before, after in pairwise(parts))
    assert sum(part.share for part in parts) <= 1000 + len(parts)


# A bar, the customer's delays, guarantees, words.

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def _hour(hour: int) -> datetime:
    return AT + timedelta(hours=hour)


@pytest.mark.parametrize(
    ("reported", "accepted", "due", "ended", "now", "states"),
    [
        (0, 0, 4, None, 0, [("left", 1000)]),
        (0, 1, 4, None, 2, [("before it had its number", 250), ("running", 250), ("left", 500)]),
        (0, 0, 4, None, 8, [("running", 500), ("running, late", 500)]),
        (0, 0, 4, 4, 9, [("running", 1000)]),
        (0, 0, 4, 5, 9, [("running", 800), ("running, late", 200)]),
        (0, 2, 4, 2, 9, [("before it had its number", 1000)]),
    ],
)
def test_a_bar_shows_what_was_and_what_is_left(
    reported: int, accepted: int, due: int, ended: int | None, now: int, states: list[tuple[str, int]]
) -> None:
    ends = None if ended is None else _hour(ended)
    parts = clock_of(
        reported_at=_hour(reported),
        intervals=[Interval(RUNNING, _hour(accepted), ends)],
        due_at=_hour(due),
        ended_at=ends,
        at=_hour(now),
    )
    assert [(part.state.value, part.share) for part in parts] == states


def test_a_bar_shows_pauses_and_mborc_in_time_and_late() -> None:
    intervals = [
        Interval(RUNNING, _hour(0), _hour(1)),
        Interval(MBORC, _hour(1), _hour(2)),
        Interval(MBORC, _hour(2), _hour(3)),
        Interval(CUSTOMER, _hour(3), _hour(4)),
        Interval(PARKED, _hour(4), _hour(5)),
        Interval(MBORC, _hour(5), None),
    ]
    parts: tuple[ClockPart, ...] = clock_of(reported_at=_hour(0), intervals=intervals, due_at=_hour(6), ended_at=None, at=_hour(8))
    assert [(part.state.value, part.minutes // 60) for part in parts] == [
        ("running", 1),
        ("beyond our control", 2),
        ("the customer's delay", 1),
        ("parked", 1),
        ("beyond our control", 1),
        ("beyond our control, late", 2),
    ]


def test_delays_of_the_customer_that_touch_are_one_and_empty_ones_none() -> None:
    intervals = [
        Interval(CUSTOMER, _hour(0), _hour(1)),
        Interval(CUSTOMER, _hour(1), _hour(3)),
        Interval(PARKED, _hour(3), _hour(4)),
        Interval(CUSTOMER, _hour(4), _hour(4)),
        Interval(CUSTOMER, _hour(5), None),
    ]
    assert list(customer_delays(intervals)) == [(_hour(0), _hour(3))]


@pytest.mark.parametrize(
    ("begins", "codes", "counts"),
    [
        (2, frozenset(), (False, None)),
        (6, frozenset(), (False, None)),
        (7, frozenset(), (True, 7)),
        (2, frozenset({"WEA"}), (False, None)),
        (2, frozenset({"DW"}), (True, None)),
    ],
)
def test_a_guarantee_is_void_by_what_came_in_time(begins: int, codes: frozenset[str], counts: tuple[bool, int | None]) -> None:
    intervals = [Interval(RUNNING, _hour(0), _hour(begins)), Interval(MBORC, _hour(begins), _hour(9), mborc_id=1)]
    declared = [Declared(_hour(begins), None, codes)]
    ends = None if counts[1] is None else _hour(counts[1])
    assert guarantee(intervals, declared, clear_code="WEA", due_at=_hour(6)) == (counts[0], ends)


@pytest.mark.parametrize(("minutes", "words"), [(0, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (1505, "25 h 5 min")])
def test_how_long_is_told_in_hours_and_minutes(minutes: int, words: str) -> None:
    assert duration_words(timedelta(minutes=minutes, seconds=59)) == words


@pytest.mark.parametrize("reason", list(ParkReason))
def test_every_reason_is_told_in_words(reason: ParkReason) -> None:
    told = interval_words(Interval(PARKED, _hour(0), _hour(1), reason.value, "The farmer."), lambda at: f"{at:%H:%M}", _hour(2))
    assert told.startswith("10:00 to 11:00 (1 h 0 min): parked (")
    assert reason.value not in told


class _Ranked:
    def better(self, one: str, other: str) -> str:
        return one if LEVELS.index(one) >= LEVELS.index(other) else other


@given(st.sampled_from(LEVELS), st.none() | st.sampled_from(LEVELS), st.none() | st.sampled_from(LEVELS))
def test_the_best_level_counts_and_only_a_better_one_is_bought(line: str, priority: str | None, bought: str | None) -> None:
    own = max(line, priority or line, key=LEVELS.index)
    if bought is not None and LEVELS.index(bought) <= LEVELS.index(own):
        with pytest.raises(Refused, match="no better"):
            level_for(_Ranked(), line_level=line, priority_level=priority, bought=bought)
        return
    found = level_for(_Ranked(), line_level=line, priority_level=priority, bought=bought)
    assert (found.care_level, found.line_care_level) == (bought or own, line)
    assert (found.is_priority, found.is_expedited) == (own != line, bought is not None)
