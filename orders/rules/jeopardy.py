"""Which open orders are at risk, and why: every reason there is, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from css.core.calendar import Nation, add_working_days
from orders.words import OrderState

DUE_WORKING_DAYS: Final = 1
"""An order whose target is at most so many working days off wants watching."""
SLOT_WORKING_DAYS: Final = 3
"""A visit due within so many working days should have its slot."""
HELD_WORKING_DAYS: Final = 5
"""So long an order may be held before somebody must ask why it still is."""


class Jeopardy(StrEnum):
    """Why an open order wants watching, the worst first."""

    LATE = "late"
    """The committed date has passed."""
    TARGET_PASSED = "target passed"
    """The day it is worked for now has passed."""
    MISSED = "visit missed"
    """The appointment was missed, and no other is booked."""
    TASK_FAILED = "task failed"
    SURVEY_OVERDUE = "survey overdue"
    """Nothing can be promised before planning has looked."""
    TASK_OVERDUE = "task overdue"
    HELD_LONG = "held too long"
    NO_SLOT = "no slot"
    """A visit is due soon and has no slot."""
    HELD = "held"
    DUE = "due"
    """To be done today or on the next working day."""


PASSED: Final = frozenset({Jeopardy.LATE, Jeopardy.TARGET_PASSED})
"""A date has gone by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an open order stands: what its risk is judged by."""

    state: OrderState
    committed_on: date | None
    target_on: date | None
    held_on: date | None = None
    """Of a held one: the day it was last held."""
    failed_tasks: int = 0
    task_due_on: date | None = None
    """When the first of its open tasks is due, a survey aside."""
    survey_due_on: date | None = None
    """Of one that waits for a survey."""
    visit_due_on: date | None = None
    """When its visit is due, where that is not done yet and has no slot."""
    is_missed: bool = False
    """The slot it has was missed."""


@lru_cache(maxsize=1024)
def _ahead(day: date, working_days: int, nation: Nation) -> date:
    """Reckoned once for the thousands of orders of a list."""
    return add_working_days(day, working_days, nation)


def jeopardies(standing: Standing, *, on: date, nation: Nation) -> tuple[Jeopardy, ...]:
    """Every reason why an open order is at risk on a business date, the worst first; empty when it is not."""
    one = standing
    is_held = one.state is OrderState.HELD
    soon = _ahead(on, DUE_WORKING_DAYS, nation)
    meets = {
        Jeopardy.LATE: one.committed_on is not None and one.committed_on < on,
        Jeopardy.TARGET_PASSED: one.target_on is not None and one.target_on < on,
        Jeopardy.MISSED: one.is_missed,
        Jeopardy.TASK_FAILED: one.failed_tasks > 0,
        Jeopardy.SURVEY_OVERDUE: one.survey_due_on is not None and one.survey_due_on < on,
        # Nobody works on a held order: its tasks are given their days anew when it goes on.
        Jeopardy.TASK_OVERDUE: not is_held and one.task_due_on is not None and one.task_due_on < on,
        Jeopardy.HELD_LONG: is_held and one.held_on is not None and _ahead(one.held_on, HELD_WORKING_DAYS, nation) < on,
        Jeopardy.NO_SLOT: not is_held and one.visit_due_on is not None and one.visit_due_on <= _ahead(on, SLOT_WORKING_DAYS, nation),
        Jeopardy.HELD: is_held,
        Jeopardy.DUE: not is_held and one.target_on is not None and on <= one.target_on <= soon,
    }
    return tuple(reason for reason in Jeopardy if meets[reason])


def jeopardy(standing: Standing, *, on: date, nation: Nation) -> Jeopardy | None:
    """The worst of them; None when an order is not at risk."""
    return next(iter(jeopardies(standing, on=on, nation=nation)), None)
