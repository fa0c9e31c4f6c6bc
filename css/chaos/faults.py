"""The faults, each with the only end that is acceptable: the night done, and everything as an undisturbed night leaves it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from css.chaos.ground import Moment
from css.chaos.stage import Finding, Stage
from css.chaos.traps import Place, wants_space

Deed = Callable[[Stage, Moment, Random], tuple[str, tuple[str, ...]]]
"""Harm done to the night of a moment until it is over: where it was done, and what is wrong then."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of harm."""

    name: str
    words: str
    """What is done, and what must come of it."""
    deed: Deed
    times: int = 2
    """How often it is done, at another place each time."""


def play(stage: Stage, fault: Fault, seed: int, times: int | None = None) -> Iterator[Finding]:
    """Do a kind of harm again and again, at places that the dice choose; each in a copy of the evening."""
    # Dice of its own: a fault falls alike whichever others are played.
    rng = Random(f"{seed} {fault.name}")  # noqa: S311 - dice, and they must fall alike every time
    for _ in range(times or fault.times):
        began = time.monotonic()
        with stage.ground.copied(stage.evening) as moment:
            try:
                where, wrong = fault.deed(stage, moment, rng)
            except TimeoutError as hangs:
                where, wrong = "", (str(hangs),)
        yield Finding(fault.name, where, wrong, time.monotonic() - began)


def points_of(stage: Stage, chosen: Callable[[str, str], bool] = lambda _step, _name: True) -> list[tuple[str, Place]]:
    """The undisturbed night's points, each with its step, those for which the function of step and name says so."""
    seen: dict[str, int] = {}
    found = []
    for step, name in stage.points:
        seen[name] = seen.get(name, 0) + 1
        if chosen(step, name):
            found.append((step, Place(name, seen[name])))
    return found


def somewhere(stage: Stage, rng: Random, chosen: Callable[[str, str], bool] = lambda _step, _name: True) -> tuple[str, Place]:
    """A step, and a point in it: most points are in the step that writes the files, and it should not be harmed most."""
    found = points_of(stage, chosen)
    step = rng.choice(sorted({step for step, _ in found}))
    return step, rng.choice([place for of, place in found if of == step])


def in_a_step(step: str, _name: str) -> bool:
    """Whether a point lies in the work of a step, and not in what the net does between steps."""
    return bool(step) and not step.startswith("after ")


def of_a_file(step: str, name: str) -> bool:
    """Whether a point lies before a write of a file."""
    return in_a_step(step, name) and wants_space(name)


def of_a_commit(step: str, name: str) -> bool:
    """Whether nothing is under way: a transaction of a step has just been committed."""
    return in_a_step(step, name) and name == "after commit"
