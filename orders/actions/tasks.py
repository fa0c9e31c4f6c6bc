"""The tasks of orders: written when the work is known, told done or failed, tried again."""

from __future__ import annotations

from datetime import date

from sqlalchemy import insert
from sqlalchemy.orm import Session

from css.core.calendar import Nation
from orders.actions.working import Work
from orders.model import CustomerOrder, OrderTask
from orders.rules.tasks import OrderWork, PlannedTask, plan_tasks, survey_task
from orders.words import PlantOutcome, TaskState


def write_tasks(session: Session, order: CustomerOrder, work: Work, *, nation: Nation, slot_on: date | None = None) -> None:
    """The tasks of an order just placed, in one statement; of one that planning must look at first only the survey.

    The order must be flushed (its id is needed) and have its dates. An unsolicited cease has none: it is done with its cause.
    """
    if order.caused_by_id is not None:
        return
    if work.is_surveyed_first:
        planned: tuple[PlannedTask, ...] = (survey_task(placed_on=order.placed_on, nation=nation),)
    else:
        needs_visit = slot_on is not None or (work.needs_visit and work.outcome is not PlantOutcome.RESTART)
        planned = plan_tasks(
            _work_of(order, needs_visit=needs_visit),
            placed_on=order.placed_on,
            # One that waits for an order it is linked with has no target yet; its tasks are dated anew when it is committed.
            target_on=order.target_on or order.required_on,
            slot_on=slot_on,
            nation=nation,
        )
    insert_tasks(session, order, planned)


def insert_tasks(session: Session, order: CustomerOrder, planned: tuple[PlannedTask, ...]) -> None:
    """Write down what was planned."""
    session.execute(
        insert(OrderTask),
        [
            {
                "order_id": order.id,
                "task_number": task.task_number,
                "district_code": order.district_code,
                "kind": task.kind,
                "owner": task.owner,
                "state": TaskState.OPEN,
                "due_on": task.due_on,
            }
            for task in planned
        ],
    )


def _work_of(order: CustomerOrder, *, needs_visit: bool) -> OrderWork:
    return OrderWork(
        kind=order.kind,
        outcome=order.plant_outcome,
        needs_visit=needs_visit,
        changes_number=order.kept_number is not None or order.old_number is not None,
        is_listed=order.directory_kind is not None or order.directory_name is not None,
        is_named=order.emergency_name is not None,
    )
