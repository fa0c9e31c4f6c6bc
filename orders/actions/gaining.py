"""What takeover and transfer have in common: the line of somebody else's that they take, and its passing from hand to hand."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.words import EndReason
from css.master.lines import Line
from orders.actions import auxiliary, effects
from orders.actions.find import LineFound, lock_working_line
from orders.actions.working import Asked, Doing, Losing


def lock_somebodys_line(session: Session, line_id: int, number: str) -> LineFound | None:
    """A working line that may be anybody's, its row locked, as it is once it is ours alone; None when it works no more.

    The lock comes first and the look second: what was read while somebody else was taking the line is of no use.
    """
    session.execute(select(Line.id).where(Line.id == line_id).with_for_update())
    found = lock_working_line(session, number, account_id=None)
    return found if found is not None and found.line_id == line_id else None


def losing_of(line: LineFound) -> Losing:
    """Whose the line is until it is taken."""
    return Losing(account_id=line.account_id, provider_id=line.provider_id, district_code=line.district_code)


def knows_orders_of(asked: Asked, line: LineFound) -> bool:
    """Whether the asker may be told which order is open on the line: our own people, and the provider whose line it is."""
    return not asked.by.is_partner or line.provider_id == asked.asker.provider_id


def take_line(session: Session, doing: Doing, reason: EndReason) -> None:
    """The line passes to the order's account at the beginning of the day: what worked on it for the other ends, what was ordered
    begins, bars for the other's debts are lifted, auxiliary lines follow. How the line is listed stays as it is.
    """
    order = doing.order
    assert order.telephone_number is not None, "a working line has a number"
    effects.end_numbers(session, doing, line_id=doing.line.id, to_the_end_of_the_day=False)
    effects.end_services(session, doing, reason, line_id=doing.line.id)
    effects.take_into_use(session, doing)
    auxiliary.hand_over(session, doing)
    service_id = effects.open_ordered_services(session, doing)
    assert service_id is not None, "a line that is taken has a main product"
    effects.give_number(session, doing, service_id, order.telephone_number)
