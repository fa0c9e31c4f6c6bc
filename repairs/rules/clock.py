"""A fault's clock, pure: the intervals it is made of, the deadline they lead to, how long each took, and all of it in words.

Intervals follow each other from the acceptance to the end without a gap. ``due_from`` reckons the deadline from them: a
pause moves it by what was left when the clock stopped, measured in the open hours of the level's calendar. What was due
before a pause began was missed, and no pause afterwards moves it. Matters beyond our control (MBORC) move nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from css.core.calendar import day_words, require_aware, to_london
from css.core.errors import CssError, Refused
from css.core.guarantee import guarantee_under
from repairs.words import ClockState

ZERO: Final = timedelta()
STOPS: Final = frozenset({ClockState.PARKED, ClockState.CUSTOMER})
"""States in which the care level's clock stands."""


class Hours(Protocol):
    """Open hours by which a care level's clock is measured: ``css.core.working_hours`` has them."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from one instant to another."""

    def add(self, start: datetime, open_time: timedelta) -> datetime:
        """When so much open time has passed."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What the clock did from an instant to the next."""

    state: ClockState
    starts_at: datetime
    ends_at: datetime | None
    """None while it lasts."""
    reason: str | None = None
    words: str | None = None
    mborc_id: int | None = None
    cause: str | None = None
    """Of an MBORC: what it is."""
    begun_by: str = ""
    ended_by: str | None = None

    @property
    def stops(self) -> bool:
        """Whether the care level's clock stands in it."""
        return self.state in STOPS


@dataclass(frozen=True, slots=True)
class Promise:
    """A care level's promise for a fault, from the instant at which it was given."""

    level: str
    given_at: datetime
    due_at: datetime
    """As it was given."""
    hours: Hours


class Moved(NamedTuple):
    """A pause that moved a deadline."""

    level: str
    starts_at: datetime
    """From when it counts for this promise: its own start, or the promise's."""
    ends_at: datetime
    left: timedelta
    """Open time that was left when the clock stopped."""
    was_due_at: datetime
    due_at: datetime


class Cover(NamedTuple):
    """Matters beyond our control, in force for a fault from an instant until they were lifted."""

    mborc_id: int
    starts_at: datetime
    ends_at: datetime | None
    cause: str


class Piece(NamedTuple):
    """A part of a clock that is not parked."""

    state: ClockState
    starts_at: datetime
    ends_at: datetime | None
    mborc_id: int | None


# --- the deadline ---------------------------------------------------------------------------------------------------


def moves(promise: Promise, intervals: Iterable[Interval]) -> Iterator[Moved]:
    """Every pause that moved a promise's deadline, in order. A pause that lasts has moved nothing yet."""
    due_at = promise.due_at
    for pause in intervals:
        if not pause.stops or pause.ends_at is None or pause.ends_at <= promise.given_at:
            continue
        starts_at = max(pause.starts_at, promise.given_at)
        if starts_at > due_at:
            return
        left = promise.hours.between(starts_at, due_at)
        # Never earlier than it was: the hours may have closed before the deadline of the day.
        moved_to = max(due_at, promise.hours.add(pause.ends_at, left))
        if moved_to != due_at:
            yield Moved(promise.level, starts_at, pause.ends_at, left, due_at, moved_to)
        due_at = moved_to


def due_from(promises: Iterable[Promise], intervals: Sequence[Interval]) -> datetime:
    """The deadline to which the intervals lead: of several promises, the earliest."""
    return min(_due(promise, intervals) for promise in promises)


def _due(promise: Promise, intervals: Sequence[Interval]) -> datetime:
    due_at = promise.due_at
    for moved in moves(promise, intervals):
        due_at = moved.due_at
    return due_at


# --- intervals ------------------------------------------------------------------------------------------------------


def pieces(
    starts_at: datetime, ends_at: datetime | None, covers: Iterable[Cover] = (), wait: tuple[datetime, datetime] | None = None
) -> tuple[Piece, ...]:
    """What a clock that nobody parked does in a time: it runs, under MBORC where one is in force, and waits for the customer.

    ``wait`` lies between the slot that was offered and the later one that the customer chose. Of several MBORCs the one
    that began first counts. Pieces follow each other without a gap, and none is empty.
    """
    ordered = sorted(covers, key=lambda cover: (cover.starts_at, cover.mborc_id))
    marks = {starts_at}
    for edge in (*(cover.starts_at for cover in ordered), *(cover.ends_at for cover in ordered), *(wait or ())):
        if edge is not None and edge > starts_at and (ends_at is None or edge < ends_at):
            marks.add(edge)
    edges: list[datetime | None] = [*sorted(marks), ends_at]
    found: list[Piece] = []
    for begins, ends in pairwise(edges):
        assert begins is not None, "only the last edge is open"
        if begins == ends:
            continue
        piece = _piece(begins, ends, ordered, wait)
        if found and (found[-1].state, found[-1].mborc_id) == (piece.state, piece.mborc_id):
            found[-1] = found[-1]._replace(ends_at=ends)
        else:
            found.append(piece)
    return tuple(found)


def _piece(begins: datetime, ends: datetime | None, covers: Sequence[Cover], wait: tuple[datetime, datetime] | None) -> Piece:
    if wait is not None and wait[0] <= begins < wait[1]:
        return Piece(ClockState.CUSTOMER, begins, ends, None)
    for cover in covers:
        if cover.starts_at <= begins and (cover.ends_at is None or begins < cover.ends_at):
            return Piece(ClockState.MBORC, begins, ends, cover.mborc_id)
    return Piece(ClockState.RUNNING, begins, ends, None)


def said_at(instant: datetime) -> str:
    """An instant as London's clocks show it, in a sentence: 9 March 2026 13:05."""
    shown = to_london(instant)
    return f"{day_words(shown.date())} {shown:%H:%M}"


def unsaid(what: str, **texts: str) -> Iterator[CssError]:
    """Which texts, by their field, are missing where something must be said (CSS325E)."""
    for element, text in texts.items():
        if not text.strip():
            yield Refused("CSS325E", "Say {what}.", what=what, element=element)


def instant_fault(
    fault_number: str, deed: str, instant: datetime, *, since: datetime, at: datetime, due_at: datetime | None = None, element: str
) -> CssError | None:
    """Why a clock cannot be turned at an instant; None when it can.

    ``since`` is the start of what the clock does now: whoever goes back behind it would tell the story over (CSS326E).
    Nobody can say beforehand what will have been (CSS327E). With ``due_at``, a pause told afterwards does not undo a
    deadline that has passed meanwhile (CSS328E).
    """
    if instant > at:
        return Refused(
            "CSS327E", "Fault {fault}: {deed} cannot be told before it has happened.", fault=fault_number, deed=deed, element=element
        )
    if instant < since:
        return Refused(
            "CSS326E",
            "Fault {fault}: {deed} overlaps what its clock did until {since}; say that time or a later one.",
            fault=fault_number,
            deed=deed,
            since=said_at(since),
            element=element,
        )
    if due_at is not None and instant < at and instant <= due_at < at:
        return Refused(
            "CSS328E",
            "Fault {fault} was due {due} and that has passed: {deed} told afterwards does not undo it. Say a time after it.",
            fault=fault_number,
            due=said_at(due_at),
            deed=deed,
            element=element,
        )
    return None


def customer_delays(intervals: Iterable[Interval]) -> Iterator[tuple[datetime, datetime]]:
    """The customer's own delays that are over, each from when to when; those that touch are one."""
    last: tuple[datetime, datetime] | None = None
    for interval in intervals:
        if interval.state is not ClockState.CUSTOMER or interval.ends_at is None or interval.ends_at == interval.starts_at:
            continue
        if last is not None and last[1] == interval.starts_at:
            last = (last[0], interval.ends_at)
            continue
        if last is not None:
            yield last
        last = (interval.starts_at, interval.ends_at)
    if last is not None:
        yield last


# --- how long -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """How long a clock was in each state, in time elapsed; derived, never kept."""

    running: timedelta = ZERO
    parked: timedelta = ZERO
    customer: timedelta = ZERO
    mborc: timedelta = ZERO

    @property
    def whole(self) -> timedelta:
        """From the acceptance to the end, or until now."""
        return self.running + self.parked + self.customer + self.mborc

    @property
    def counted(self) -> timedelta:
        """What the care level's clock ran: under MBORC it runs too."""
        return self.running + self.mborc


_NAMED: Final = {
    ClockState.RUNNING: "running",
    ClockState.PARKED: "parked",
    ClockState.CUSTOMER: "customer",
    ClockState.MBORC: "mborc",
}


def spent(intervals: Iterable[Interval], at: datetime) -> Spent:
    """How long the clock was in each state until ``at``; what is still to come does not count."""
    total = Spent()
    for interval in intervals:
        until = min(interval.ends_at or at, at)
        if until > interval.starts_at:
            name = _NAMED[interval.state]
            total = replace(total, **{name: getattr(total, name) + (until - interval.starts_at)})
    return total


# --- a bar ----------------------------------------------------------------------------------------------------------


class PartState(StrEnum):
    """What the clock does in a part of its bar."""

    BEFORE = "before it had its number"
    RUNNING = "running"
    LATE = "running, late"
    PARKED = "parked"
    CUSTOMER = "the customer's delay"
    MBORC = "beyond our control"
    MBORC_LATE = "beyond our control, late"
    LEFT = "left"
    """Still to come, until it is due."""


@dataclass(frozen=True, slots=True)
class ClockPart:
    """Some time of a fault's life; never empty."""

    state: PartState
    starts_at: datetime
    ends_at: datetime
    share: int
    """In thousandths of all parts together, rounded down; at least 1, so that it can be seen."""

    @property
    def minutes(self) -> int:
        """How long, in whole minutes."""
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)


_RUNS: Final = {
    ClockState.RUNNING: (PartState.RUNNING, PartState.LATE),
    ClockState.MBORC: (PartState.MBORC, PartState.MBORC_LATE),
    ClockState.PARKED: (PartState.PARKED, PartState.PARKED),
    ClockState.CUSTOMER: (PartState.CUSTOMER, PartState.CUSTOMER),
}


def clock_of(
    *, reported_at: datetime, intervals: Sequence[Interval], due_at: datetime, ended_at: datetime | None, at: datetime
) -> tuple[ClockPart, ...]:
    """The parts of a fault's life from the report to its end, or to the deadline or now where it is open, whichever is later.

    The care level's clock starts when the fault has its number, and what runs after the deadline is late.
    """
    reached = ended_at or require_aware(at)
    accepted_at = intervals[0].starts_at if intervals else reported_at
    marks = [(PartState.BEFORE, reported_at, accepted_at)]
    for interval in intervals:
        in_time, late = _RUNS[interval.state]
        until = min(interval.ends_at or reached, reached)
        marks.append((in_time, interval.starts_at, until if in_time is late else min(until, due_at)))
        if in_time is not late:
            marks.append((late, max(interval.starts_at, due_at), until))
    marks.append((PartState.LEFT, max(reached, accepted_at), due_at if ended_at is None else reached))
    lived = _joined((state, starts_at, ends_at) for state, starts_at, ends_at in marks if starts_at < ends_at)
    whole = sum((ends_at - starts_at for _, starts_at, ends_at in lived), start=ZERO)
    return tuple(ClockPart(state, starts_at, ends_at, max(1, 1000 * (ends_at - starts_at) // whole)) for state, starts_at, ends_at in lived)


def _joined(parts: Iterable[tuple[PartState, datetime, datetime]]) -> list[tuple[PartState, datetime, datetime]]:
    """Parts of one state that touch are one: two intervals need not be two for who looks at a bar."""
    joined: list[tuple[PartState, datetime, datetime]] = []
    for state, starts_at, ends_at in parts:
        if joined and joined[-1][0] is state and joined[-1][2] == starts_at:
            joined[-1] = (state, joined[-1][1], ends_at)
        else:
            joined.append((state, starts_at, ends_at))
    return joined


# --- wholesale guarantees -------------------------------------------------------------------------------------------


class Declared(NamedTuple):
    """An MBORC that was in force for a fault."""

    starts_at: datetime
    ends_at: datetime | None
    clear_codes: frozenset[str]
    """Narrowed to faults cleared with one of these; empty: every fault."""


def guarantee(
    intervals: Iterable[Interval], declared: Iterable[Declared], *, clear_code: str, due_at: datetime
) -> tuple[bool, datetime | None]:
    """Whether a wholesale guarantee counts for a fault that ended, and until when at most (None: as long as it took).

    It does not where the clock ran under an MBORC before the deadline or at it; one that came later ends it then.
    """
    covering = [one for one in declared if not one.clear_codes or clear_code in one.clear_codes]
    begins: list[datetime] = []
    for interval in intervals:
        if interval.state is not ClockState.MBORC:
            continue
        for one in covering:
            starts_at = max(interval.starts_at, one.starts_at)
            ends = [each for each in (interval.ends_at, one.ends_at) if each is not None]
            if not ends or starts_at < min(ends):
                begins.append(starts_at)
    return guarantee_under(min(begins, default=None), due_at)
