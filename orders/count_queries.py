"""How many open orders want watching, for a figure on a menu."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.master.districts import BusinessDate, District
from css.master.providers import Provider
from orders.model import CustomerOrder
from orders.rules.dates import Jeopardy, jeopardy
from orders.rules.lifecycle import OPEN_STATES


@dataclass(frozen=True, slots=True)
class OrdersAtRisk:
    """Open orders by why they want watching; each counts once, for the worst."""

    late: int
    """The committed date, or the date worked to, has passed."""
    held: int
    due: int
    """To be done today or on the next working day."""


def orders_at_risk(session: Session, *, by: Actor) -> OrdersAtRisk:
    """The open orders of all districts that want watching. One statement; the rule judges each different case once."""
    statement = (
        select(
            CustomerOrder.state, CustomerOrder.committed_on, CustomerOrder.target_on, BusinessDate.current_on, District.nation, func.count()
        )
        .join(BusinessDate, BusinessDate.district_code == CustomerOrder.district_code)
        .join(District, District.code == CustomerOrder.district_code)
        .where(CustomerOrder.state.in_(OPEN_STATES))
        .group_by(CustomerOrder.state, CustomerOrder.committed_on, CustomerOrder.target_on, BusinessDate.current_on, District.nation)
    )
    if by.is_partner:
        statement = statement.join(Provider, Provider.id == CustomerOrder.provider_id).where(Provider.code == by.provider_code)
    found: Counter[Jeopardy | None] = Counter()
    for state, committed_on, target_on, on, nation, count in session.execute(statement):
        found[jeopardy(state, committed_on=committed_on, target_on=target_on, on=on, nation=nation.value)] += count
    return OrdersAtRisk(found[Jeopardy.LATE] + found[Jeopardy.TARGET_PASSED], found[Jeopardy.HELD], found[Jeopardy.DUE])
