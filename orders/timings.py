"""The dated timings of the reference data, as the rules take them."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from orders.model import OrderTiming
from orders.rules.timing import Timing


def timings(session: Session) -> tuple[Timing, ...]:
    """Every timing there ever was: a few dozen rows, in one statement."""
    return tuple(Timing(*row) for row in session.execute(_all()))


@cache
def _all() -> Select[*tuple[Any, ...]]:
    return select(
        OrderTiming.kind,
        OrderTiming.outcome,
        OrderTiming.needs_visit,
        OrderTiming.starts_on,
        OrderTiming.lead_working_days,
        OrderTiming.no_return_working_days,
        OrderTiming.no_return_time,
    ).order_by(OrderTiming.id)
