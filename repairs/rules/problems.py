"""When faults that repeat are a problem: several on one line, or on a piece of shared plant from different directions.

What many faults have in common is the smallest thing they all hang on. So a distribution point is suspected only by faults of more
than one line, and a cabinet only by those of more than one distribution point; what an outage took together is one matter, however
many lines it took; and what was nobody's trouble (a report taken back, a duplicate) or the customer's own tells nothing of the plant.
A problem that was closed is not opened again: only faults reported after it was closed count towards the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from css.core.calendar import london_date
from css.core.errors import NotFound
from repairs.rules.clear import CLEAR_CODES
from repairs.words import ProblemKind

DUPLICATE: Final = "DUP"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A fault that belongs to no problem of the kind yet."""

    fault_id: int
    reported_at: datetime
    part_id: int
    """On which line (of a distribution point's), on which distribution point (of a cabinet's) it was."""
    outage_id: int | None
    clear_code: str | None
    """None while it is open."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A line, a distribution point or a cabinet with its faults, as a search finds it."""

    kind: ProblemKind
    element_id: int
    repeats: Sequence[Repeat]
    problem_id: int | None = None
    """Its open problem."""
    closed_on: date | None = None
    """When the last one was closed."""


def counts(kind: ProblemKind, repeat: Repeat) -> bool:
    """Whether a fault tells anything of an element of that kind."""
    if repeat.clear_code is None:
        return True
    if kind is ProblemKind.LINE:
        # Right when tested, again and again, is what makes a line suspicious.
        return repeat.clear_code != DUPLICATE
    return CLEAR_CODES[repeat.clear_code].counts_as_network_fault


def problem_in(suspect: Suspect, *, on: date, faults: int, days: int) -> tuple[int, ...]:
    """The faults that belong to a suspect's problem from the night of ``on``, in the order they were reported; none: there is no problem.

    ``faults`` within the last ``days`` make a problem. Where one is open, every further fault within them joins it.
    """
    since = on - timedelta(days=days)
    recent = [
        one
        for one in sorted(suspect.repeats, key=lambda one: (one.reported_at, one.fault_id))
        if since < london_date(one.reported_at) <= on and counts(suspect.kind, one)
    ]
    if suspect.problem_id is None:
        if suspect.closed_on is not None:
            recent = [one for one in recent if london_date(one.reported_at) > suspect.closed_on]
        matters = {("fault", one.fault_id) if one.outage_id is None else ("outage", one.outage_id) for one in recent}
        parts = {one.part_id for one in recent}
        if len(matters) < faults or (suspect.kind is not ProblemKind.LINE and len(parts) == 1):
            return ()
    return tuple(one.fault_id for one in recent)


def no_problem(problem_id: int) -> NotFound:
    """CSS889E, not there or not for the asker."""
    return NotFound("CSS889E", "There is no problem {problem}.", problem=problem_id, element="problem_id")
