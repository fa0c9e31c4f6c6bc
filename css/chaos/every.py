"""A kill at every durable write, step by step.

Killing the whole night at each of hundreds of points would live its beginning and its end hundreds of times. So the night is
lived once, a step at a time, and the moment after each step is kept. Then each point is tried from the moment before its
step: killed there, run again to the end of the step, and compared with the moment after it. Two moments that are the same in
every row and every file lead to the same morning; that the end of the night is that of an undisturbed one is compared at last.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from css.chaos.attempts import Harm
from css.chaos.gaps import TAKERS
from css.chaos.ground import Moment
from css.chaos.leavings import Leavings, differences, leavings
from css.chaos.stage import Finding, Stage, Unfit
from css.chaos.traps import Place, is_lasting

KILLED: Final = -signal.SIGKILL
FAULT: Final = "kill"
PART: Final = ".part"
BEFORE_COMMIT: Final = "before commit"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A step with what the net does round it, from one kept moment to the next."""

    step: str | None
    """None from the last step to the end of the night."""
    places: frozenset[str]
    """What the process says of where it is during the stretch."""
    begin: Moment
    expected: Leavings
    points: tuple[Place, ...]
    """Its durable points, in their order."""


def stretches(stage: Stage) -> Iterator[Stretch]:
    """Live the night once, a step at a time, and keep every moment between.

    Raises:
        Unfit: lived in pieces the night does not end as it does in one.
    """
    begin, before = stage.ground.copy(stage.evening), ""
    steps = list(dict.fromkeys(place.removeprefix("after ") for place, _ in stage.points if place))
    for step in (*steps, None):
        places = frozenset({f"after {before}" if before else "", *([step] if step else [])})
        end = stage.ground.copy(begin)
        outcome = stage.attempt(end, Harm(end_after=step))
        if outcome.status != (KILLED if step else 0):
            msg = f"the night was not lived to the end of {step}: {outcome}"
            raise Unfit(msg)
        stage.ground.cut_off(end)
        expected = leavings(stage.ground.url(end), end.home)
        points = numbered(name for place, name in outcome.points if place in places)
        yield Stretch(step, places, begin, expected, points)
        begin, before = end, step or ""
    wrong = stage.judge(begin)
    if wrong:
        msg = f"lived in pieces the night ends differently: {'; '.join(wrong)}"
        raise Unfit(msg)


def kill_everywhere(stage: Stage, *, every: bool, at_once: int) -> Iterator[Finding]:
    """Kill the night after each durable write, and before those with numbers of counters; with ``every`` at each of its points."""
    with ThreadPoolExecutor(at_once) as pool:
        kept, tried = [], []
        for stretch in stretches(stage):
            kept.append(stretch.begin)
            places = stretch.points if every else after_each_write(stretch.points, numbers=stretch.step in TAKERS)
            tried += [pool.submit(_kill, stage, stretch, place) for place in places]
            while tried and tried[0].done():
                yield tried.pop(0).result()
        for one in tried:
            yield one.result()
    for moment in kept:
        stage.ground.drop(moment)


def after_each_write(points: Sequence[Place], *, numbers: bool = False) -> tuple[Place, ...]:
    """The points right after something durable was done, and one with a half-written file for each ending.

    Between two of them nothing that lasts differs, unless numbers are taken from a counter, which takes none back; and one file beside
    its place is like another.
    """
    begun: set[str] = set()
    chosen = []
    for place in points:
        ending = Path(place.name.removesuffix(PART)).suffix if "fsync" in place.name else ""
        if (is_lasting(place.name) and ending not in begun) or (numbers and place.name == BEFORE_COMMIT):
            chosen.append(place)
        begun |= {ending} - {""}
    return tuple(chosen)


def numbered(names: Iterable[str]) -> tuple[Place, ...]:
    """Names in their order as places: those of one name are counted."""
    seen = Counter[str]()
    places = []
    for name in names:
        seen[name] += 1
        places.append(Place(name, seen[name]))
    return tuple(places)


def _kill(stage: Stage, stretch: Stretch, place: Place) -> Finding:
    began = time.monotonic()
    where = f"{stretch.step or 'the end'}: {place}"
    with stage.ground.copied(stretch.begin) as moment:
        killed = stage.attempt(moment, Harm(at=place, within=stretch.places))
        if killed.status != KILLED:
            return Finding(FAULT, where, (f"it was not killed but ended with {killed}",), time.monotonic() - began)
        again = stage.attempt(moment, Harm(end_after=stretch.step))
        stage.ground.cut_off(moment)
        if again.status == KILLED if stretch.step else again.is_over:
            wrong = differences(stretch.expected, leavings(stage.ground.url(moment), moment.home))
        else:
            wrong = (f"it was not taken up again: {again}",)
    return Finding(FAULT, where, wrong, time.monotonic() - began)
