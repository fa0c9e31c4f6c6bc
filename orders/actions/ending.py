"""What becomes of everything an order kept when the order dies: nothing stays kept for a dead order."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import LineState
from css.handover import lift_hold
from css.master import appointment_book
from css.master.districts import business_date
from css.master.lines import Line
from orders.actions import unsolicited
from orders.actions.find import hold_key
from orders.model import CustomerOrder, OrderTask
from orders.rules.lifecycle import Move
from orders.rules.tasks import UNDONE
from orders.words import TaskState


def release(
    session: Session, order: CustomerOrder, *, by: Actor, at: datetime, event: Move, problem_code: str | None = None, words: str = ""
) -> None:
    """Give back what an order that was cancelled or terminated kept: planned lines with their pairs, its slot, its number, its
    tasks and its hold; end its unsolicited cease. The order's state is set already; the caller tells its customer afterwards,
    and then the orders linked to it (``linked.tell_others``).

    Args:
        session: of the deed that ends the order, which is locked.
        order: that died.
        by: whose deed it is.
        at: when.
        event: cancel or terminate.
        problem_code: of a termination.
        words: of the losing provider, who stops it; for its own unsolicited cease.
    """
    # A line planned for the order never came to be; one that was there before stays as it was.
    session.execute(
        update(Line)
        .where(or_(Line.id == order.line_id, Line.auxiliary_of_id == order.line_id), Line.state == LineState.PLANNED)
        .values(state=LineState.RECOVERED, ends_on=business_date(session, order.district_code), row_version=Line.row_version + 1)
    )
    if order.appointment_id is not None:
        appointment_book.give_back(session, order.appointment_id, at=at)
    withdraw_tasks(session, order)
    order.kept_number = None
    session.flush()
    lift_hold(session, source_key=hold_key(order.number), at=at)
    unsolicited.end(session, order, by=by, at=at, event=event, problem_code=problem_code, words=words)


def withdraw_tasks(session: Session, order: CustomerOrder) -> None:
    """Nobody need do what is left of an order's tasks."""
    session.execute(update(OrderTask).where(OrderTask.order_id == order.id, OrderTask.state.in_(UNDONE)).values(state=TaskState.WITHDRAWN))
