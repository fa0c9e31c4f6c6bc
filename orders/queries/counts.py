"""How many open orders want watching, for a figure on a menu."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import NationCode
from css.db.sql import block
from orders.queries.standing import standing_of
from orders.rules.jeopardy import Jeopardy, jeopardy


@dataclass(frozen=True, slots=True)
class OrdersAtRisk:
    """Open orders by why they want watching; each counts once, for the worst."""

    late: int
    """The committed date, or the date worked to, has passed."""
    held: int
    due: int
    """To be done today or on the next working day."""
    work: int
    """A visit was missed or has no slot, a task failed or is overdue."""
    escalated: int
    """Somebody higher up must look at them, whatever else they are."""


def orders_at_risk(session: Session, *, by: Actor) -> OrdersAtRisk:
    """The open orders of all districts that want watching. One statement; the rule judges each different case once."""
    found: Counter[Jeopardy | None] = Counter()
    escalated = 0
    for row in session.execute(block("orders", "work_list.risks"), {"provider": by.provider_code if by.is_partner else None}):
        found[jeopardy(standing_of(row), on=row.current_on, nation=NationCode(row.nation).value)] += row.orders
        escalated += row.escalated
    return OrdersAtRisk(
        escalated=escalated,
        late=found[Jeopardy.LATE] + found[Jeopardy.TARGET_PASSED],
        held=found[Jeopardy.HELD] + found[Jeopardy.HELD_LONG],
        due=found[Jeopardy.DUE],
        work=sum(
            found[reason]
            for reason in (Jeopardy.MISSED, Jeopardy.TASK_FAILED, Jeopardy.SURVEY_OVERDUE, Jeopardy.TASK_OVERDUE, Jeopardy.NO_SLOT)
        ),
    )
