"""Reads of tasks: those of one order with what may be ticked, and what a work group has to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import BadMessage
from css.core.ids import IdKind, expect_id
from css.core.slots import LIVE
from css.core.words import HalfDay
from css.db.sql import block
from orders.queries.cards import no_order
from orders.rules.tasks import TASKS, UNDONE, checks_of, may_work, waits_for
from orders.words import OrderKind, OrderState, TaskKind, TaskState, WorkGroup

ROWS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """Something to be seen to."""

    code: str
    words: str
    is_required: bool
    is_ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task of an order."""

    task_number: int
    kind: TaskKind
    title: str
    owner: WorkGroup
    state: TaskState
    due_on: date
    waits_for: tuple[TaskKind, ...]
    """What must be done first and is not yet."""
    is_ready: bool
    """It can be told done now."""
    checks: tuple[CheckRow, ...]
    problem_code: str | None
    words: str | None
    attempts: int
    done_on: date | None
    done_at: datetime | None
    done_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDoRow:
    """A task as whoever does it finds it on their list."""

    order_number: str
    order_kind: OrderKind
    order_state: OrderState
    kind: TaskKind
    owner: WorkGroup
    state: TaskState
    due_on: date
    is_ready: bool
    """Nothing stands before it, and the order is not held."""
    waits_for: tuple[TaskKind, ...]
    problem_code: str | None
    words: str | None
    attempts: int
    target_on: date | None
    address_key: str
    premises: str
    street: str
    town: str
    postcode: str
    exchange_code: str
    number: str | None
    slot_on: date | None
    half_day: HalfDay | None
    hazard_notes: str | None
    visit_notes: str | None
    contact_name: str
    contact_phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDoPage:
    """A stretch of a work group's list; ``forward`` is what to give as ``after`` for the next, None at the end."""

    rows: tuple[ToDoRow, ...]
    forward: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """How much a work group has to do."""

    owner: WorkGroup
    tasks: int
    overdue: int
    failed: int


def order_tasks(session: Session, order_number: str, *, by: Actor) -> tuple[TaskRow, ...]:
    """The tasks of an order in their places; empty for one that has none, as those placed before there were tasks. One statement.

    Raises:
        NotFound: CSS202E. BadMessage: CSS052E to CSS055E.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    told = {"number": number, "provider": by.provider_code if by.is_partner else None}
    rows = session.execute(block("orders", "tasks.of_order"), told).all()
    if not rows:
        raise no_order(number)
    rows = [row for row in rows if row.kind is not None]
    undone = [TaskKind(row.kind) for row in rows if row.state in UNDONE]
    return tuple(
        TaskRow(
            task_number=row.task_number,
            kind=TaskKind(row.kind),
            title=TASKS[TaskKind(row.kind)].title,
            owner=WorkGroup(row.owner),
            state=TaskState(row.state),
            due_on=row.due_on,
            waits_for=(waiting := waits_for(TaskKind(row.kind), undone) if row.state in UNDONE else ()),
            is_ready=row.state in UNDONE and may_work(TaskKind(row.kind), OrderState(row.order_state)) and not waiting,
            checks=tuple(
                CheckRow(code=check.code, words=check.words, is_required=check.is_required, is_ticked=check.code in row.checks)
                for check in checks_of(TaskKind(row.kind), OrderKind(row.order_kind))
            ),
            problem_code=row.problem_code,
            words=row.words,
            attempts=row.attempts,
            done_on=row.done_on,
            done_at=row.done_at,
            done_by=row.done_by,
        )
        for row in rows
    )


def tasks_to_do(
    session: Session,
    district_code: str,
    owner: WorkGroup,
    *,
    by: Actor,
    due_by: date | None = None,
    after: str = "",
    limit: int = 50,
) -> ToDoPage:
    """What a work group of a district has to do, the oldest due first; by default all that is due by the business date.

    Our own people's: to a partner the list is empty.

    Raises:
        BadMessage: CSS931E, ``after`` is no place of the list.
    """
    after_due, after_id = _place(after)
    on = _business_date(session, district_code)
    if by.is_partner or on is None:
        return ToDoPage(rows=(), forward=None)
    limit = max(1, min(limit, ROWS_MAX))
    told = {
        "district": district_code,
        "owner": owner.value,
        "due_by": due_by or on,
        "after_due": after_due,
        "after_id": after_id,
        "most": limit,
    }
    rows = session.execute(block("orders", "tasks.to_do"), told).all()
    return ToDoPage(
        rows=tuple(
            ToDoRow(
                order_number=row.order_number,
                order_kind=OrderKind(row.order_kind),
                order_state=OrderState(row.order_state),
                kind=TaskKind(row.kind),
                owner=WorkGroup(row.owner),
                state=TaskState(row.state),
                due_on=row.due_on,
                waits_for=(waiting := waits_for(TaskKind(row.kind), [TaskKind(kind) for kind in row.undone])),
                is_ready=may_work(TaskKind(row.kind), OrderState(row.order_state)) and not waiting,
                problem_code=row.problem_code,
                words=row.words,
                attempts=row.attempts,
                target_on=row.target_on,
                address_key=row.address_key,
                premises=row.premises,
                street=row.street,
                town=row.town,
                postcode=row.postcode,
                exchange_code=row.exchange_code,
                number=row.telephone_number,
                slot_on=row.slot_on if row.slot_state in LIVE else None,
                half_day=HalfDay(row.half_day) if row.slot_state in LIVE else None,
                hazard_notes=row.hazard_notes,
                visit_notes=row.visit_notes,
                contact_name=row.contact_name,
                contact_phone=row.contact_phone,
            )
            for row in rows
        ),
        forward=f"{rows[-1].due_on.isoformat()}.{rows[-1].id}" if len(rows) == limit else None,
    )


def tasks_waiting(session: Session, district_code: str, *, by: Actor) -> tuple[GroupRow, ...]:
    """How much each work group of a district has to do. Our own people's: to a partner nothing."""
    on = _business_date(session, district_code)
    if by.is_partner or on is None:
        return ()
    rows = session.execute(block("orders", "tasks.waiting"), {"district": district_code, "on": on})
    found = {row.owner: row for row in rows}
    return tuple(
        GroupRow(owner=group, tasks=found[group].tasks, overdue=found[group].overdue, failed=found[group].failed)
        for group in WorkGroup
        if group in found
    )


def _business_date(session: Session, district_code: str) -> date | None:
    """Where a district's business has got to, without holding it; None where there is no such district."""
    standing = session.execute(block("orders", "work_list.standing"), {"district": district_code}).one_or_none()
    return None if standing is None else standing.current_on


def _place(after: str) -> tuple[date, int]:
    if not after:
        return date.min, 0
    due_on, _, last_id = after.partition(".")
    try:
        return date.fromisoformat(due_on), int(last_id)
    except ValueError:
        raise BadMessage(
            "CSS931E", "{after!r} is no place in a list; start at its first page.", after=after[:40], element="after"
        ) from None
