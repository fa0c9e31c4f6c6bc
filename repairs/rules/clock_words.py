"""A fault's clock told in words: every interval, every move of the deadline, and how it stands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from repairs.rules.clock import Interval, Promise, moves
from repairs.words import ClockState, ParkReason

Say = Callable[[datetime], str]
"""How an instant is said to whoever reads it."""
REASONS: Final = {
    ParkReason.NO_ACCESS: "no access to the customer",
    ParkReason.CUSTOMER_ASKED: "the customer wants it later",
    ParkReason.CUSTOMER_EQUIPMENT: "the customer must see to equipment first",
    ParkReason.CUSTOMER_ANSWER: "a question to the customer",
    ParkReason.PERMISSION: "a landowner's or the highway authority's leave",
    ParkReason.PROVIDER_ANSWER: "a question to the provider",
    ParkReason.OTHER_NETWORK: "another network",
    ParkReason.HAZARD: "not safe to work there",
    ParkReason.STORES: "material on order, our own trouble",
}
LATER_SLOT: Final = "the customer chose a later visit than was offered"


@dataclass(frozen=True, slots=True)
class DueStep:
    """What a fault was due from an instant on, and why."""

    told_at: datetime
    """From when this was the deadline."""
    due_at: datetime
    words: str


def duration_words(time: timedelta) -> str:
    """As a sentence says it: 2 h 5 min; whole minutes, rounded down."""
    hours, minutes = divmod(time // timedelta(minutes=1), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def reason_words(interval: Interval) -> str:
    """Why a clock stood, or what it ran under: the reason's own words and what was said of it."""
    if interval.cause is not None:
        return interval.cause
    known = None
    if interval.reason is not None:
        known = REASONS[ParkReason(interval.reason)]
    elif interval.state is ClockState.CUSTOMER:
        known = LATER_SLOT
    return ": ".join(part for part in (known, interval.words) if part)


def interval_words(interval: Interval, say: Say, at: datetime) -> str:
    """One interval as a sentence; ``at`` is now, for the one that lasts and those to come."""
    reason = reason_words(interval)
    begins, ends = say(interval.starts_at), "now" if interval.ends_at is None else say(interval.ends_at)
    is_to_come = interval.starts_at > at
    if interval.ends_at is None:
        span = f"From {begins}" if is_to_come else f"{begins} until now ({duration_words(at - interval.starts_at)})"
    else:
        span = f"{begins} to {ends} ({duration_words(interval.ends_at - interval.starts_at)})"
    because = f" ({reason})" if reason else ""
    ran, stood = ("will run", "will stand") if is_to_come else ("ran", "stood")
    said = {
        ClockState.RUNNING: f"the clock {ran}{because}",
        ClockState.MBORC: f"the clock {ran} under matters beyond our control{because}; no wholesale guarantee",
        ClockState.PARKED: f"parked{because}: the clock {stood}",
        ClockState.CUSTOMER: f"the customer's own delay{because}: the clock and automatic compensation {stood}",
    }[interval.state]
    by = "" if not interval.begun_by else f", by {interval.begun_by}"
    return f"{span}: {said}{by}."


def due_steps(promises: Sequence[Promise], intervals: Sequence[Interval], say: Say) -> list[DueStep]:
    """Every deadline a fault had, in the order in which it had them. The first is what was promised at the acceptance."""
    marks: list[tuple[datetime, int, DueStep]] = []
    for place, promise in enumerate(promises):
        given = "promised" if not place else "bought"
        marks.append((promise.given_at, place, DueStep(promise.given_at, promise.due_at, f"Level {promise.level} {given}")))
        for moved in moves(promise, intervals):
            words = (
                f"The clock of level {moved.level} stood from {say(moved.starts_at)} to {say(moved.ends_at)} "
                f"with {duration_words(moved.left)} of its hours left until {say(moved.was_due_at)}"
            )
            marks.append((moved.ends_at, place, DueStep(moved.ends_at, moved.due_at, words)))
    stands: dict[int, datetime] = {}
    steps: list[DueStep] = []
    for told_at, place, step in sorted(marks, key=lambda mark: mark[:2]):
        stands[place] = step.due_at
        counts = min(stands.values())
        if counts == step.due_at:
            words = f"{step.words}: due {say(step.due_at)}."
        else:
            words = f"{step.words}: by it due {say(step.due_at)}, but the earlier counts: {say(counts)}."
        if steps and steps[-1].told_at == told_at and place and promises[0].given_at == told_at:
            steps.pop()
        steps.append(DueStep(told_at, counts, words))
    return steps


def explained(
    deadline_words: str,
    promises: Sequence[Promise],
    intervals: Sequence[Interval],
    say: Say,
    *,
    due_at: datetime,
    ended_at: datetime | None,
    at: datetime,
) -> Iterator[str]:
    """The deadline from the beginning, in sentences to read out: how it was promised, every interval, every move, how it stands."""
    yield deadline_words
    yield from (interval_words(interval, say, at) for interval in intervals)
    yield from (step.words for step in due_steps(promises, intervals, say)[1:])
    last = intervals[-1] if intervals else None
    if ended_at is not None:
        yield _stands(f"It ended {say(ended_at)}", due_at - ended_at, say(due_at))
    elif last is not None and last.ends_at is None and last.stops and last.starts_at <= at:
        left = max(timedelta(), min((promise.hours.between(last.starts_at, due_at) for promise in promises), default=timedelta()))
        yield (
            f"The clock stands since {say(last.starts_at)}; it was due {say(due_at)} then. When it goes on {duration_words(left)} are left."
        )
    else:
        yield _stands("It is open", due_at - at, say(due_at))


def _stands(how: str, left: timedelta, due: str) -> str:
    if left >= timedelta():
        return f"{how}, due {due}: in time with {duration_words(left)} to spare."
    return f"{how}, due {due}: late by {duration_words(-left)}."
