"""The work of an order in tasks: which there are, whose, by when, after which, and what must be seen to. Data, and one rule over it.

A task names those that must be done before it; the others of an order may be done side by side. The last one done
completes the order. How long before the day of the work each is due is the house's choice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from css.core.calendar import Nation, add_working_days
from css.core.errors import CssError, Refused
from orders.words import OrderKind, OrderState, PlantOutcome, TaskKind, TaskState, WorkGroup

_JUMPERED: Final = frozenset(
    {
        *(OrderKind.PROVIDE, OrderKind.START, OrderKind.PORT_IN, OrderKind.PORT_OUT, OrderKind.MOVE, OrderKind.LINES),
        *(OrderKind.CONVERT, OrderKind.CEASE),
    }
)
"""Kinds that put a line on the frame or take it off."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to be seen to before a task is done."""

    code: str
    words: str
    is_required: bool = True
    kinds: frozenset[OrderKind] | None = None
    """The kinds of order it is for; None for all."""


@dataclass(frozen=True, slots=True)
class TaskRule:
    """One kind of task."""

    kind: TaskKind
    title: str
    owner: WorkGroup
    days_before: int
    """Due so many working days before the day the order is worked for (of a survey: after the day it was placed)."""
    after: frozenset[TaskKind]
    """What must be done first, where the order has it."""
    checks: tuple[Check, ...]


TASKS: Final[dict[TaskKind, TaskRule]] = {
    rule.kind: rule
    for rule in (
        TaskRule(
            TaskKind.SURVEY, "Survey", WorkGroup.PLANNING, 5, frozenset(),
            (
                Check("SITE_SEEN", "The site was seen, or its plans"),
                Check("ROUTE", "The route and the distribution point are chosen"),
                Check("COST", "What it costs to build is reckoned"),
            ),
        ),
        TaskRule(
            TaskKind.NUMBER, "Number", WorkGroup.NUMBERING, 1, frozenset({TaskKind.SURVEY}),
            (
                Check("ALLOCATED", "The number is written down for the line in the exchange's records"),
                Check("SILENT", "Nobody answers on it", is_required=False),
            ),
        ),
        TaskRule(
            TaskKind.PLANT, "Plant", WorkGroup.PLANNING, 2, frozenset({TaskKind.SURVEY}),
            (
                Check("PAIR_BUILT", "A pair is built to the distribution point"),
                Check("PAIR_TESTED", "The pair is tested end to end"),
                Check("RECORDED", "The plant records show it"),
            ),
        ),
        TaskRule(
            TaskKind.PORTING, "Porting", WorkGroup.NUMBERING, 1, frozenset({TaskKind.SURVEY}),
            (
                Check("AGREED", "The other network has agreed the day"),
                Check("ROUTED", "Calls to the number are routed to where it will be"),
            ),
        ),
        TaskRule(
            TaskKind.EXCHANGE, "Exchange", WorkGroup.EXCHANGE, 0, frozenset({TaskKind.NUMBER, TaskKind.PLANT, TaskKind.PORTING}),
            (
                Check("JUMPERED", "The line is jumpered at the main frame, or the jumper taken off", kinds=_JUMPERED),
                Check("SWITCHED", "The exchange does for the line what the order says"),
                Check("TESTED", "The line is tested from the exchange", is_required=False),
            ),
        ),
        TaskRule(
            TaskKind.FIELD, "Visit", WorkGroup.FIELD, 0, frozenset({TaskKind.PLANT, TaskKind.EXCHANGE}),
            (
                Check("LINE_TESTED", "The line is tested at the NTE"),
                Check("DIAL_TONE", "Dial tone is heard"),
                Check("CUSTOMER_SHOWN", "The customer was shown how it works", is_required=False),
            ),
        ),
        TaskRule(
            TaskKind.DIRECTORY, "Directory", WorkGroup.RECORDS, 0, frozenset({TaskKind.NUMBER, TaskKind.PORTING}),
            (Check("ENTRY_SENT", "The entry, or its end, went to the directory"),),
        ),
        TaskRule(
            TaskKind.EMERGENCY, "Emergency record", WorkGroup.RECORDS, 0, frozenset({TaskKind.NUMBER, TaskKind.PORTING}),
            (
                Check("RECORD_SENT", "The record went to the emergency services"),
                Check("READ_BACK", "It was read back and is right"),
            ),
        ),
    )
}  # fmt: skip


UNDONE: Final = frozenset({TaskState.OPEN, TaskState.FAILED})
"""A task still to be done, at once or when it is tried again."""


def may_work(kind: TaskKind, state: OrderState) -> bool:
    """Whether anybody works on a task of an order: on none of a held one; of one that is not promised yet on the survey alone."""
    return state is OrderState.COMMITTED or (kind is TaskKind.SURVEY and state is OrderState.ACKNOWLEDGED)


class When(StrEnum):
    """When an order of a kind has a task."""

    ALWAYS = "always"
    NEW_NUMBER = "the line gets another number"
    BUILT = "a pair must be built"
    VISIT = "somebody must go there"
    LISTED = "the entry in the directory changes"
    NAMED = "the name for 999 changes"


_LINE: Final = (
    (TaskKind.PLANT, When.BUILT),
    (TaskKind.EXCHANGE, When.ALWAYS),
    (TaskKind.FIELD, When.VISIT),
)
_RECORDS: Final = ((TaskKind.DIRECTORY, When.ALWAYS), (TaskKind.EMERGENCY, When.ALWAYS))
_EXCHANGE: Final = ((TaskKind.EXCHANGE, When.ALWAYS),)

PLANS: Final[dict[OrderKind, tuple[tuple[TaskKind, When], ...]]] = {
    OrderKind.PROVIDE: ((TaskKind.NUMBER, When.ALWAYS), *_LINE, *_RECORDS),
    OrderKind.CEASE: (*_EXCHANGE, *_RECORDS),
    OrderKind.START: ((TaskKind.NUMBER, When.NEW_NUMBER), *_EXCHANGE, (TaskKind.FIELD, When.VISIT), *_RECORDS),
    OrderKind.TAKEOVER: ((TaskKind.NUMBER, When.NEW_NUMBER), *_EXCHANGE, *_RECORDS),
    # Whose line it is stands in the emergency record; the directory is not told of it.
    OrderKind.TRANSFER: (*_EXCHANGE, (TaskKind.EMERGENCY, When.ALWAYS)),
    OrderKind.TRANSFER_WITH_CHANGES: (*_EXCHANGE, (TaskKind.DIRECTORY, When.LISTED), (TaskKind.EMERGENCY, When.ALWAYS)),
    OrderKind.PORT_IN: ((TaskKind.PORTING, When.ALWAYS), *_LINE, *_RECORDS),
    OrderKind.PORT_OUT: ((TaskKind.PORTING, When.ALWAYS), *_EXCHANGE, *_RECORDS),
    OrderKind.MOVE: ((TaskKind.NUMBER, When.NEW_NUMBER), *_LINE, *_RECORDS),
    OrderKind.SHIFT: ((TaskKind.FIELD, When.ALWAYS),),
    OrderKind.RENUMBER: ((TaskKind.NUMBER, When.ALWAYS), *_EXCHANGE, *_RECORDS),
    OrderKind.FEATURES: _EXCHANGE,
    OrderKind.CARE: _EXCHANGE,
    OrderKind.DIRECTORY: ((TaskKind.DIRECTORY, When.LISTED), (TaskKind.EMERGENCY, When.NAMED)),
    OrderKind.LINES: _LINE,
    OrderKind.CONVERT: _EXCHANGE,
    OrderKind.BAR: _EXCHANGE,
    OrderKind.RESTORE: _EXCHANGE,
}
"""The tasks of each kind of order, in their places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWork:
    """What an order's tasks are chosen by."""

    kind: OrderKind
    outcome: PlantOutcome | None
    """Where a pair is needed: how there will be one."""
    needs_visit: bool
    """Somebody must go there, or a slot is booked."""
    changes_number: bool
    """The line will have another number than now."""
    is_listed: bool
    is_named: bool


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task as an order will have it."""

    task_number: int
    kind: TaskKind
    owner: WorkGroup
    due_on: date


def plan_tasks(
    work: OrderWork, *, placed_on: date, target_on: date, slot_on: date | None, nation: Nation, first_number: int = 1
) -> tuple[PlannedTask, ...]:
    """The tasks of an order that is worked for a day, in their places from ``first_number`` on; never none.

    Whoever visits comes in the slot, so that what must be done before is due by it; records are due by the target.
    """
    meets = {
        When.ALWAYS: True,
        When.NEW_NUMBER: work.changes_number,
        When.BUILT: work.outcome is PlantOutcome.BUILD,
        When.VISIT: work.needs_visit or work.outcome is PlantOutcome.BUILD,
        When.LISTED: work.is_listed,
        When.NAMED: work.is_named,
    }
    kinds = [kind for kind, when in PLANS[work.kind] if meets[when]] or [PLANS[work.kind][0][0]]
    return tuple(
        PlannedTask(
            place, kind, TASKS[kind].owner, task_due_on(kind, placed_on=placed_on, target_on=target_on, slot_on=slot_on, nation=nation)
        )
        for place, kind in enumerate(kinds, start=first_number)
    )


def survey_task(*, placed_on: date, nation: Nation) -> PlannedTask:
    """The one task of an order for which planning must look first."""
    rule = TASKS[TaskKind.SURVEY]
    return PlannedTask(1, rule.kind, rule.owner, add_working_days(placed_on, rule.days_before, nation))


def task_due_on(kind: TaskKind, *, placed_on: date, target_on: date, slot_on: date | None, nation: Nation) -> date:
    """By when a task must be done for an order worked for a day; never before the day the order was placed."""
    rule = TASKS[kind]
    day = target_on if rule.owner is WorkGroup.RECORDS or slot_on is None else min(slot_on, target_on)
    return max(placed_on, add_working_days(day, -rule.days_before, nation) if rule.days_before else day)


def checks_of(task: TaskKind, kind: OrderKind) -> tuple[Check, ...]:
    """What is to be seen to in a task of an order of a kind."""
    return tuple(check for check in TASKS[task].checks if check.kinds is None or kind in check.kinds)


def waits_for(task: TaskKind, undone: Iterable[TaskKind]) -> tuple[TaskKind, ...]:
    """Those of the order's tasks not yet done that must be done before one."""
    return tuple(kind for kind in undone if kind in TASKS[task].after)


def ticks_fault(task: TaskKind, kind: OrderKind, ticked: Collection[str]) -> CssError | None:
    """Why a task cannot be done with these checks seen to; None when it can (CSS291E)."""
    checks = checks_of(task, kind)
    unknown = [code for code in ticked if code not in {check.code for check in checks}]
    if unknown:
        return Refused(
            "CSS291E",
            "{unknown} is no check of a {task} task; it has {checks}.",
            unknown=unknown[0][:30],
            task=task.value,
            checks=", ".join(check.code for check in checks),
            element="checks",
        )
    missing = [check for check in checks if check.is_required and check.code not in ticked]
    if not missing:
        return None
    return Refused(
        "CSS291E",
        "See to it first, and tick: {missing}.",
        missing="; ".join(f"{check.code} ({check.words[:1].lower()}{check.words[1:]})" for check in missing),
        element="checks",
    )


def told_when_done(task: TaskKind) -> str | None:
    """What the customer is told when a task is done that they wait for; None for one they need not hear of."""
    return _TOLD.get(task)


_TOLD: Final = {
    TaskKind.PLANT: "The plant for the line is built.",
    TaskKind.PORTING: "The other network has agreed to the porting of the number.",
}
