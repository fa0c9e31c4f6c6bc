"""What can be asked of the reference data of orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from orders.words import OrderKind, PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOrderTiming:
    """How soon a kind of order can be had, and until when it can be given up, from a day on."""

    token: str = ""
    kind: OrderKind
    outcome: PlantOutcome | None = None
    """For orders that need a pair; None for any."""
    needs_visit: bool | None = None
    """None when a visit makes no difference."""
    starts_on: date
    """The first day it counts for: of placing, for the lead time; of the work, for the point of no return."""
    lead_working_days: int
    no_return_working_days: int
    no_return_time: str
    """In London, like 16:00."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQuarantine:
    """How many days a number rests that is ceased from a day on."""

    token: str = ""
    starts_on: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSet:
    """The answer: from when it counts."""

    starts_on: date
