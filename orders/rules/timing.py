"""Lead time and point of no return by kind, dated: which of the rows of reference data counts, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from css.core.calendar import Nation, add_working_days, london_instant
from css.core.errors import Breach
from orders.words import OrderKind, PlantOutcome


@dataclass(frozen=True, slots=True)
class Timing:
    """A row of ``orders.order_timing``, from a day until the next row of its kind, outcome and visit."""

    kind: OrderKind
    outcome: PlantOutcome | None
    """For orders that need a pair; None for any."""
    needs_visit: bool | None
    """None when a visit makes no difference."""
    starts_on: date
    lead_working_days: int
    """The least number of working days from the business date the order is placed on."""
    no_return_working_days: int
    """So many working days before the day it is worked for ..."""
    no_return_time: time
    """... at this London time it can no longer be cancelled or amended."""


def timing_of(rows: Iterable[Timing], kind: OrderKind, outcome: PlantOutcome | None, *, needs_visit: bool, on: date) -> Timing:
    """The row that counts for an order on a day: the most particular one that has begun, and of those the latest."""
    fitting = [
        row
        for row in rows
        if row.kind is kind and row.outcome in {None, outcome} and row.needs_visit in {None, needs_visit} and row.starts_on <= on
    ]
    if not fitting:
        msg = f"no timing for {kind}, {outcome} on {on}"
        raise Breach(msg)
    return max(fitting, key=lambda row: (row.outcome is not None, row.needs_visit is not None, row.starts_on))


def earliest_date(timing: Timing, *, on: date, nation: Nation) -> date:
    """The first date an order placed on a business date can be for."""
    return add_working_days(on, timing.lead_working_days, nation)


def point_of_no_return(timing: Timing, target_on: date, nation: Nation) -> datetime:
    """The instant (UTC) from which an order worked for a day can no longer be cancelled."""
    return london_instant(add_working_days(target_on, -timing.no_return_working_days, nation), timing.no_return_time)
