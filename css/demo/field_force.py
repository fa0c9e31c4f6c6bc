"""The demo's field force: it reads the work groups' lists and does what is on them, by the verbs anybody would use.

Nothing here knows who ordered what or why: it sees tasks, addresses, slots and notes, as an engineer's hand-held does. Now and
then something goes wrong: nobody is in, the network is not as the records say, an engineer does not come.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import add_working_days, london_instant, next_working_day
from css.core.errors import CssError
from css.core.money import Price
from css.core.words import MissCause
from css.db.engine import transaction
from css.master.reference import RETAIL
from css.redress.verbs import complete_order, complete_task, miss_appointment
from orders.actions import commit_order, fail_task, resume_order
from orders.commands.orders import CommitOrder, CompleteOrder, CompleteTask, FailTask, MissAppointment, ResumeOrder
from orders.queries.cards import open_orders
from orders.queries.tasks import ToDoRow, tasks_to_do
from orders.rules.tasks import checks_of
from orders.words import OrderState, TaskKind, WorkGroup

FIELD_FORCE: Final = Actor("system", "FIELD", RETAIL, frozenset({"clerk", "repair"}), "field force")
NATION: Final = "england-and-wales"
GROUPS: Final = (WorkGroup.PLANNING, WorkGroup.NUMBERING, WorkGroup.EXCHANGE, WorkGroup.FIELD, WorkGroup.RECORDS)
"""In the order in which one waits for another."""
AT: Final = {WorkGroup.PLANNING: 9, WorkGroup.NUMBERING: 10, WorkGroup.EXCHANGE: 11, WorkGroup.FIELD: 14, WorkGroup.RECORDS: 16}
"""The hour at which a group tells what it did."""
MISSED_PERCENT: Final = 2
FAILED_PERCENT: Final = 4
BUILD_WORKING_DAYS: Final = 12
EXCESS_PERCENT: Final = 40
EXCESS: Final = Price.of("24000")
"""What building costs beyond what is included, where it does: £240 before VAT."""
BY_TASK_MAX: Final = 400
"""Tasks told one by one in a day; in a large district the rest of the orders are told done as a whole, as a gang's foreman does."""
TROUBLES: Final[tuple[tuple[str, Literal["delay", "inform"], str], ...]] = (
    ("ACCESS_ISSUE", "delay", "Nobody was in at either visit."),
    ("NETWORK_ISSUE", "delay", "The pair is noisy; another is being found."),
    ("ADDITIONAL_WORK", "delay", "The duct is blocked and must be cleared first."),
    ("SITE_UNSAFE", "delay", "The wall has asbestos; the site is checked first."),
)


@dataclass(slots=True)
class Done:
    """What a day came to."""

    tasks: int = 0
    orders: int = 0
    failed: int = 0
    missed: int = 0
    surveyed: int = 0


def work_a_day(engine: Engine, district: str, day: date, rng: random.Random, *, leaves: Collection[str] = ()) -> Done:
    """Do what is due by a day, as far as it can be done; ``leaves`` are orders nobody touches today."""
    done = Done()
    _go_on(engine, district, day)
    for group in GROUPS:
        at = london_instant(day, time(AT[group]))
        with transaction(engine) as session:
            waiting = tasks_to_do(session, district, group, by=FIELD_FORCE, due_by=day, limit=BY_TASK_MAX).rows
        for row in waiting:
            if row.is_ready and row.order_number not in leaves and done.tasks < BY_TASK_MAX:
                _do(engine, row, day, at, rng, done)
    _finish_the_rest(engine, district, day, leaves, done)
    return done


def _do(engine: Engine, row: ToDoRow, day: date, at: datetime, rng: random.Random, done: Done) -> None:
    """One task: done, or not, or the visit missed. What is refused stays on the list for tomorrow."""
    done.tasks += 1
    if row.kind is TaskKind.SURVEY:
        done.surveyed += _try(engine, lambda session: _survey(session, row, day, at, rng))
        return
    if row.kind is TaskKind.FIELD and rng.randrange(100) < (MISSED_PERCENT if row.slot_on else 0):
        cause = rng.choice((MissCause.NO_SHOW, MissCause.LATE, MissCause.NO_ACCESS))
        done.missed += _try(
            engine,
            lambda session: miss_appointment(session, MissAppointment(order_number=row.order_number, cause=cause), by=FIELD_FORCE, at=at),
        )
        return
    if row.kind is TaskKind.FIELD and rng.randrange(100) < FAILED_PERCENT and not row.attempts:
        code, effect, words = rng.choice(TROUBLES)
        failing = FailTask(order_number=row.order_number, task=row.kind, problem_code=code, effect=effect, words=words)
        done.failed += _try(engine, lambda session: fail_task(session, failing, by=FIELD_FORCE, at=at))
        return
    checks = tuple(check.code for check in checks_of(row.kind, row.order_kind) if check.is_required)
    telling = CompleteTask(order_number=row.order_number, task=row.kind, checks=checks, done_on=day)
    ends: list[OrderState] = []
    _try(engine, lambda session: ends.append(complete_task(session, telling, by=FIELD_FORCE, at=at).state))
    done.orders += ends == [OrderState.COMPLETED]


def _survey(session: Session, row: ToDoRow, day: date, at: datetime, rng: random.Random) -> object:
    """Planning promises a day, and says what building costs; the customer was asked on the telephone."""
    costs = rng.randrange(100) < EXCESS_PERCENT
    command = CommitOrder(
        order_number=row.order_number,
        committed_on=add_working_days(day, BUILD_WORKING_DAYS, NATION),
        excess_price=EXCESS if costs else None,
        excess_consented_by=row.contact_name if costs else None,
    )
    return commit_order(session, command, by=FIELD_FORCE, at=at)


def _go_on(engine: Engine, district: str, day: date) -> None:
    """What was held up yesterday or before goes on the next working day."""
    at = london_instant(day, time(8))
    with transaction(engine) as session:
        held = [
            order
            for order in open_orders(session, by=FIELD_FORCE, district_code=district)
            if order.state is OrderState.HELD and order.target_on is not None and order.target_on < day
        ]
    for order in held:
        assert order.committed_on is not None, "a held order was promised"
        target_on = max(next_working_day(day, NATION), order.committed_on)
        command = ResumeOrder(order_number=order.order_number, target_on=target_on, words="What held it up is put right.")
        _try(engine, lambda session, command=command: resume_order(session, command, by=FIELD_FORCE, at=at))  # type: ignore[misc]


def _finish_the_rest(engine: Engine, district: str, day: date, leaves: Collection[str], done: Done) -> None:
    """Orders without tasks of their own, placed before there were any, and in a large district those beyond a day's telling."""
    at = london_instant(day, time(17))
    with transaction(engine) as session:
        due = [
            order.order_number
            for order in open_orders(session, by=FIELD_FORCE, district_code=district)
            if order.state is OrderState.COMMITTED
            and order.target_on is not None
            and order.target_on + timedelta(days=0 if done.tasks >= BY_TASK_MAX else 2) <= day
            and order.order_number not in leaves
        ]
    for number in due:
        command = CompleteOrder(order_number=number, done_on=day)
        done.orders += _try(engine, lambda session, command=command: complete_order(session, command, by=FIELD_FORCE, at=at))  # type: ignore[misc]


def _try(engine: Engine, deed: Callable[[Session], object]) -> bool:
    """A deed in a transaction of its own; what is refused is left as it was."""
    try:
        with transaction(engine) as session:
            deed(session)
    except CssError:
        return False
    return True
