"""How many orders were completed in time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY, Period, start_of_day
from css.db.sql import block
from orders.words import OrderKind


@dataclass(frozen=True, slots=True)
class OrdersCompleted:
    """Orders of a kind that were completed on some days."""

    kind: OrderKind
    completed_count: int
    in_time_count: int
    """Done on or before the day promised when they were committed, whatever was worked to later."""


def orders_completed(session: Session, district_code: str, days: Period) -> tuple[OrdersCompleted, ...]:
    """The orders of a district of whose completion we were told on these days, London's, by kind; those without any are left out."""
    ends_on = days.ends_on or days.starts_on + ONE_DAY
    asked = {"district": district_code, "starts_at": start_of_day(days.starts_on), "ends_at": start_of_day(ends_on)}
    rows = session.execute(block("orders", "in_time.completed"), asked)
    return tuple(OrdersCompleted(OrderKind(row.kind), row.completed_count, row.in_time_count) for row in rows)
