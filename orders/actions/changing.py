"""What the verbs on an open order share: reading words, moving the date it is worked for, writing down what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import Nation
from css.core.codec import to_plain
from css.core.errors import Refusals, Refused
from css.core.slots import LIVE
from css.master.appointments import Appointment
from orders.actions.find import may_treat
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.commands.orders import OrderChanged
from orders.model import CustomerOrder, OrderTask
from orders.rules.tasks import UNDONE, task_due_on
from orders.rules.timing import point_of_no_return, timing_of
from orders.timings import timings
from orders.words import KciKind, TaskKind

WORDS_MAX: Final = 500
"""As many characters as a message to a partner holds."""


def read_words(wrong: Refusals, text: str, element: str, *, is_needed: bool) -> str:
    """Words as they will be told; what is wrong with them goes into ``wrong`` (CSS219E, CSS221E)."""
    words = text.strip()
    if is_needed and not words:
        wrong.add(Refused("CSS221E", "{what} is needed.", what="A reason in words", element=element))
    if len(words) > WORDS_MAX:
        wrong.add(Refused("CSS219E", "The {what} has at most {most} characters.", what=element, most=WORDS_MAX, element=element))
    return words


def refuse_treatment(order: CustomerOrder, by: Actor) -> None:
    """An order of debt treatment's is given up or amended by treatment, or by a supervisor; nobody else (CSS203E)."""
    if order.is_treatment and not may_treat(by):
        raise Refused("CSS203E", "{who} may not do this to orders of debt treatment.", who=by.name)


def marks(order: CustomerOrder) -> dict[str, object]:
    """An order before a change, for the audit trail."""
    return {"state": order.state.value, "target_on": order.target_on, "row_version": order.row_version}


def record(
    session: Session, order: CustomerOrder, command: object, before: dict[str, object], *, verb: str, by: Actor, at: datetime
) -> None:
    """Count a change and write it down."""
    order.row_version += 1
    session.flush()
    audit.record(session, by=by, at=at, verb=verb, subject=("order", order.number), before=before, after=to_plain(command))


def tell_of(session: Session, order: CustomerOrder, told: Sequence[tuple[KciKind, str, str | None]], *, at: datetime) -> OrderChanged:
    """Tell the customer of a change, each event (kind, words, problem code) with the order as it stands; the verb's answer."""
    session.flush()
    copy = order_as_it_stands(session, order)
    last = tell(session, order, [Event(kind=kind, copy=copy, words=words, problem_code=code) for kind, words, code in told], at=at)
    return changed(order, last)


def changed(order: CustomerOrder, last: int) -> OrderChanged:
    """Where an order stands now; ``last`` is the last event of its stream."""
    return OrderChanged(
        order_number=order.number, state=order.state, kci_sequence=last, committed_on=order.committed_on, target_on=order.target_on
    )


def live_slot(session: Session, order: CustomerOrder) -> Appointment | None:
    """The slot of an order that somebody is still to come in; None without one."""
    if order.appointment_id is None:
        return None
    return session.execute(
        select(Appointment)
        .where(Appointment.id == order.appointment_id, Appointment.state.in_(LIVE))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def has_visit(session: Session, order: CustomerOrder) -> bool:
    """Whether somebody is still to go there for an order."""
    found = session.execute(
        select(OrderTask.id).where(OrderTask.order_id == order.id, OrderTask.kind == TaskKind.FIELD, OrderTask.state.in_(UNDONE))
    )
    return found.first() is not None


def work_for(session: Session, order: CustomerOrder, target_on: date, *, nation: Nation, slot_on: date | None) -> None:
    """Have an order worked for a day: its target, its point of no return and the days of what is left of its tasks.

    ``slot_on``: of the visit there will be, None where none is booked.
    """
    tasks = session.execute(select(OrderTask.id, OrderTask.kind).where(OrderTask.order_id == order.id, OrderTask.state.in_(UNDONE))).all()
    needs_visit = slot_on is not None or any(task.kind is TaskKind.FIELD for task in tasks)
    timing = timing_of(timings(session), order.kind, order.plant_outcome, needs_visit=needs_visit, on=target_on)
    order.target_on = target_on
    order.no_return_at = point_of_no_return(timing, target_on, nation)
    dated: list[dict[str, Any]] = [
        {
            "id": task.id,
            "due_on": task_due_on(task.kind, placed_on=order.placed_on, target_on=target_on, slot_on=slot_on, nation=nation),
        }
        for task in tasks
        if task.kind is not TaskKind.SURVEY
    ]
    if dated:
        session.execute(update(OrderTask), dated)
    session.flush()
