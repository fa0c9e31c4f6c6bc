"""What is looked for among all faults of a district, by night and by day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkBreaches:
    """Mark every open fault whose deadline has passed: a fact, dated when it fell due."""

    token: str = ""
    district_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarnOfBreaches:
    """Warn of every open fault that falls due soon; once for each deadline."""

    token: str = ""
    district_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindProblems:
    """Look for what repeats on a line, a distribution point or a cabinet."""

    token: str = ""
    district_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultsMarked:
    """How many faults it was said of."""

    faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsFound:
    """What came of the search."""

    read_count: int
    """Faults looked at that belonged to no problem of their kind."""
    added_count: int
    """Of these, how many belong to one now."""
    opened: int = 0
    """Problems found that were none before."""
