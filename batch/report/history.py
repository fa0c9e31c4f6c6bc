"""How long the steps of a net took on other dates, and what that makes usual."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from batch.net import Net
from css.db.sql import block

RUNS_LOOKED_AT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long a step took on a date."""

    business_date: date
    seconds: int
    is_undisturbed: bool
    """Done by one attempt; otherwise what one that died did of it is not in its time."""


@dataclass(frozen=True, slots=True)
class Lasted:
    """How long a step took in its last runs."""

    runs: int
    usual_seconds: int
    least_seconds: int
    most_seconds: int


def durations(session: Session, net: str, district: str, before: date) -> Mapping[str, Sequence[Duration]]:
    """The last ten runs of each step before a date, newest first, by step. One statement."""
    wanted = {"net": net, "district": district, "before": before, "runs": RUNS_LOOKED_AT}
    found: dict[str, list[Duration]] = defaultdict(list)
    for row in session.execute(block("batch", "runs.durations"), wanted):
        found[row.step].append(Duration(business_date=row.business_date, seconds=row.seconds, is_undisturbed=row.attempts == 1))
    return found


def usual_of(taken: Sequence[Duration]) -> int | None:
    """The middle one of those that nothing interrupted, or of all where there is none; None of none."""
    seconds = sorted(one.seconds for one in taken if one.is_undisturbed) or sorted(one.seconds for one in taken)
    return seconds[len(seconds) // 2] if seconds else None


def lasted(session: Session, net: Net, district: str) -> Mapping[tuple[str, str], Lasted]:
    """How long the steps of a net took in a district (empty: the whole house) in its last ten runs, by net and step."""
    found = {}
    for step, taken in durations(session, net.name, district, date.max).items():
        seconds = [one.seconds for one in taken]
        found[net.name, step] = Lasted(len(seconds), usual_of(taken) or 0, min(seconds), max(seconds))
    return found
