"""What the risk of orders is judged by, as columns for the statements that list them and read from their rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.sql.selectable import LateralFromClause

from css.core.calendar import london_date
from css.core.slots import LIVE
from css.core.words import AppointmentState
from orders.model import CustomerOrder, KciEvent, OrderTask
from orders.rules.jeopardy import Standing
from orders.rules.tasks import UNDONE
from orders.words import KciKind, OrderState, TaskKind, TaskState


def undone_work() -> LateralFromClause:
    """What is not done of each order's work, to be joined to it: one row an order. Uses uq_order_task_order_id_task_number."""
    due = func.min(OrderTask.due_on)
    held_at = (
        select(func.max(KciEvent.occurred_at))
        .where(KciEvent.order_id == CustomerOrder.id, KciEvent.kind == KciKind.DELAY, CustomerOrder.state == OrderState.HELD)
        .correlate(CustomerOrder)
        .scalar_subquery()
    )
    return (
        select(
            func.count().filter(OrderTask.state == TaskState.FAILED).label("failed_tasks"),
            due.filter(OrderTask.state == TaskState.OPEN, OrderTask.kind != TaskKind.SURVEY).label("task_due_on"),
            due.filter(OrderTask.kind == TaskKind.SURVEY).label("survey_due_on"),
            due.filter(OrderTask.kind == TaskKind.FIELD).label("field_due_on"),
            held_at.label("held_at"),
        )
        .where(OrderTask.order_id == CustomerOrder.id, OrderTask.state.in_(UNDONE))
        .correlate(CustomerOrder)
        .lateral("work")
    )


def standing_of_listed(row: Row[Any]) -> Standing:
    """The same from a row that has the order itself, what is not done of its work, and the state of its slot."""
    order: CustomerOrder = row.CustomerOrder
    has_slot = row.slot_state in LIVE
    return Standing(
        state=order.state,
        committed_on=order.committed_on,
        target_on=order.target_on,
        held_on=None if row.held_at is None else london_date(row.held_at),
        failed_tasks=row.failed_tasks,
        task_due_on=row.task_due_on,
        survey_due_on=row.survey_due_on,
        visit_due_on=None if has_slot else row.field_due_on,
        is_missed=row.slot_state is AppointmentState.MISSED,
    )


def standing_of(row: Row[Any]) -> Standing:
    """What the risk of an order is judged by, from a row of work_list.open, facts or risks."""
    return Standing(
        state=OrderState(row.state),
        committed_on=row.committed_on,
        target_on=row.target_on,
        held_on=None if row.held_at is None else london_date(row.held_at),
        failed_tasks=row.failed_tasks,
        task_due_on=row.task_due_on,
        survey_due_on=row.survey_due_on,
        visit_due_on=row.visit_due_on,
        is_missed=row.is_missed,
    )
