"""When the steps of a net that runs in lanes will have ended, and which of them its length hangs by. Pure.

What is to come is played through: each step starts when those it waits for have ended, a lane is free and what it needs is there,
and takes as long as it usually does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from batch.rules.graph import Place
from batch.rules.standing import STEP_OVER
from batch.words import StepState

TENTH: Final = 100
WHOLE: Final = 1000


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step as it stands, for the outlook."""

    state: StepState | None
    """None while its turn has not come."""
    started_at: datetime | None
    ended_at: datetime | None
    share: int | None
    """How much is done, in thousandths; None where nobody can tell."""
    usual_seconds: int | None
    """None when it has never run."""
    read_count: int = 0
    taken_up_at: datetime | None = None
    """When the attempt under way took it up, where one before it had begun it and nobody knows yet how fast it goes on."""


def usual(seconds: Sequence[int]) -> int | None:
    """What is usual among some durations: the middle one, the longer of the two in the middle; None of none."""
    return sorted(seconds)[len(seconds) // 2] if seconds else None


@dataclass(frozen=True, slots=True)
class Shared:
    """What steps need while they run, and how much of it there is."""

    needs: Mapping[str, Mapping[str, int]]
    """By step: units by resource."""
    capacity: Mapping[str, int]
    """By resource; one that is not named is never short."""


NOTHING_SHARED: Final = Shared({}, {})


def ends_in_lanes(
    places: Sequence[Place],
    seen: Mapping[str, StepSeen],
    *,
    at: datetime,
    lanes: int,
    shared: Shared = NOTHING_SHARED,
    gone_without: Collection[str] = (),
) -> dict[str, datetime | None]:
    """When each step will have ended; of a finished one when it did. None where nobody can tell: it never ran, or comes after such a one.

    A step under way ends as its rate so far says, once a tenth is done; before that as long after its start as it usually takes, and
    never before now. One that was taken up again ends when what is left of it usually does. One of which nobody can tell when it ends
    keeps its lane for ever. ``gone_without`` are optional steps that failed in the attempt under way: it does not come back to them.
    """
    ends: dict[str, datetime | None] = {}
    under_way: dict[str, datetime | None] = {}
    waiting: list[Place] = []
    for place in places:
        one = seen[place.name]
        if one.state in STEP_OVER or place.name in gone_without:
            ends[place.name] = one.ended_at or at
        elif one.state is StepState.RUNNING and one.started_at is not None:
            under_way[place.name] = _end_of(one, one.started_at, at)
        else:
            waiting.append(place)
    now = at
    while True:
        for place in tuple(waiting):
            fits = len(under_way) < lanes and _is_there(shared, place.name, under_way)
            if fits and all(name in ends and ends[name] is not None for name in (*place.after, *place.after_end)):
                waiting.remove(place)
                usual = seen[place.name].usual_seconds
                under_way[place.name] = None if usual is None else now + timedelta(seconds=usual)
        next_ends = [end for end in under_way.values() if end is not None]
        if not next_ends:
            break
        now = min(next_ends)
        for name in [name for name, end in under_way.items() if end == now]:
            ends[name] = under_way.pop(name)
    # In the order of the net; what could not be reached is not known.
    return {place.name: ends.get(place.name) for place in places}


def _end_of(one: StepSeen, started_at: datetime, at: datetime) -> datetime | None:
    if one.taken_up_at is not None:
        # What an attempt before did of it, and the pause behind that, say nothing of how fast this one is.
        left = WHOLE - (one.share or 0)
        return None if one.usual_seconds is None else max(at, one.taken_up_at + timedelta(seconds=one.usual_seconds * left // WHOLE))
    if one.share is not None and one.share >= TENTH:
        return max(at, started_at + WHOLE * (at - started_at) // one.share)
    return None if one.usual_seconds is None else max(at, started_at + timedelta(seconds=one.usual_seconds))


def _is_there(shared: Shared, step: str, under_way: Mapping[str, object]) -> bool:
    for resource, units in shared.needs.get(step, {}).items():
        used = sum(shared.needs.get(other, {}).get(resource, 0) for other in under_way)
        if used + units > shared.capacity.get(resource, used + units):
            return False
    return True


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The chain of steps that a net is at least as long as, however many lanes it has."""

    steps: tuple[str, ...]
    seconds: int
    """How long they usually take, one after the other."""


def critical_path(places: Sequence[Place], usual_seconds: Mapping[str, int | None]) -> CriticalPath:
    """The longest chain by what is usual; steps that have never run count as nothing. Of two as long, the one that comes first."""
    longest: dict[str, int] = {}
    before: dict[str, str | None] = {}
    for place in places:
        befores = (*place.after, *place.after_end)
        last = max(befores, key=lambda name: longest[name], default=None)
        before[place.name] = last
        longest[place.name] = (usual_seconds.get(place.name) or 0) + (longest[last] if last is not None else 0)
    step = max(longest, key=lambda name: longest[name], default=None)
    seconds = longest[step] if step is not None else 0
    chain: list[str] = []
    while step is not None:
        chain.append(step)
        step = before[step]
    return CriticalPath(tuple(reversed(chain)), seconds)
