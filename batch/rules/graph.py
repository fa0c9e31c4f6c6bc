"""In which order the steps of a net come: which may start now, and which never will in this attempt.

Pure: names and how they stand, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """How a step stands in an attempt."""

    OPEN = "open"
    RUNNING = "running"
    PASSED = "passed"  # completed, left out, not needed, or optional and failed: those after it go on
    FAILED = "failed"
    HALTED = "halted"  # held or stopped by a person: it has not ended


@dataclass(frozen=True, slots=True)
class Place:
    """A step's place in a net: those it waits for to be done, and those it waits for however they end."""

    name: str
    after: tuple[str, ...] = ()
    after_end: tuple[str, ...] = ()


def standing(places: Sequence[Place], fates: Mapping[str, Fate]) -> Mapping[str, Fate]:
    """How every step stands, those told that cannot start any more.

    An open step after one that failed counts as failed, for whoever waits for its end; one after a step that was halted, by
    whatever way, counts as halted. ``places`` in an order in which they can be run one after the other.
    """
    found: dict[str, Fate] = {}
    for place in places:
        fate = fates[place.name]
        if fate is Fate.OPEN:
            befores = {found[name] for name in place.after}
            ends = {found[name] for name in place.after_end}
            if Fate.HALTED in befores | ends:
                fate = Fate.HALTED
            elif Fate.FAILED in befores:
                fate = Fate.FAILED
        found[place.name] = fate
    return found


def startable(places: Sequence[Place], fates: Mapping[str, Fate]) -> tuple[str, ...]:
    """The steps that may start now, in the order of the net."""
    now = standing(places, fates)
    return tuple(
        place.name
        for place in places
        if now[place.name] is Fate.OPEN
        and all(now[name] is Fate.PASSED for name in place.after)
        and all(now[name] in {Fate.PASSED, Fate.FAILED} for name in place.after_end)
    )


def first_of(places: Sequence[Place], done: Collection[str], held: Collection[str]) -> str | None:
    """The step with which an attempt begins; None when all are done or held, or come after what is held."""
    fates = {place.name: Fate.PASSED if place.name in done else Fate.HALTED if place.name in held else Fate.OPEN for place in places}
    return next(iter(startable(places, fates)), None)


def misplaced(places: Sequence[Place]) -> tuple[str, ...]:
    """What is wrong with a net, in words: names that come twice, and steps that wait for one that does not come before them."""
    wrong: list[str] = []
    seen: set[str] = set()
    for place in places:
        if place.name in seen:
            wrong.append(f"{place.name} comes twice")
        wrong += [
            f"{place.name} waits for {name}, which does not come before it" for name in (*place.after, *place.after_end) if name not in seen
        ]
        seen.add(place.name)
    return tuple(wrong)
