"""A fault's clock in the database: parked and going on, a better level bought, matters beyond our control, and told in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError
from repairs.actions import expedite_fault, park_fault, resume_fault
from repairs.actions.clock import await_slot, customer_held, stop_waiting
from repairs.actions.expedite import level_of
from repairs.commands.faults import ExpediteFault, FaultChanged, ParkFault, ResumeFault
from repairs.model import ClockInterval, Fault, FaultEvent
from repairs.queries.clock import fault_clock
from repairs.queries.intervals import intervals_of, promises_of
from repairs.rules.clock import due_from
from repairs.words import ClockState, FaultState, ParkReason
from tests import builders
from tests.records.faults import AT, BY, FIELD, LATE, build, clear, codes, refusal, report, withdraw

HOUR = timedelta(hours=1)
DUE = AT + timedelta(days=2, hours=13, minutes=59)  # level 1: Wednesday 4 March 2026, 23:59


def park(
    session: Session, number: str, reason: ParkReason = ParkReason.PERMISSION, *, by: Actor = FIELD, at: datetime, **more: Any
) -> FaultChanged:
    fields: dict[str, Any] = {"words": "The farmer is asked."} | more
    return park_fault(session, ParkFault(fault_number=number, reason=reason, **fields), by=by, at=at)


def resume(session: Session, number: str, *, by: Actor = FIELD, at: datetime, **more: Any) -> FaultChanged:
    return resume_fault(session, ResumeFault(fault_number=number, **more), by=by, at=at)


def expedite(session: Session, number: str, level: str = "4", *, by: Actor = BY, at: datetime, **more: Any) -> FaultChanged:
    fields: dict[str, Any] = {"consented_by": "Ada Tansley"} | more
    return expedite_fault(session, ExpediteFault(fault_number=number, care_level=level, **fields), by=by, at=at)


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number)).scalar_one()


def states(session: Session, number: str) -> list[tuple[str, float, float | None]]:
    """State, and hours from AT to its start and end."""
    return [
        (one.state.value, (one.starts_at - AT) / HOUR, None if one.ends_at is None else (one.ends_at - AT) / HOUR)
        for one in intervals_of(session, fault_of(session, number).id)
    ]


def assert_sound(session: Session, number: str) -> None:
    """No gap, no overlap, one open interval while the fault is open, and the deadline that the intervals lead to."""
    fault = fault_of(session, number)
    intervals = intervals_of(session, fault.id)
    assert intervals[0].starts_at == fault.accepted_at
    assert all(before.ends_at == after.starts_at for before, after in pairwise(intervals))
    assert (intervals[-1].ends_at is None) == fault.is_open
    assert fault.due_at == due_from(promises_of(session, fault), intervals)


def test_a_fault_runs_from_its_acceptance_until_it_ends(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert states(session, number) == [("running", 0, None)]
    clear(session, number, at=AT + 3 * HOUR)
    assert states(session, number) == [("running", 0, 3)]
    assert_sound(session, number)


def test_a_pause_moves_the_deadline_by_what_was_left(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    parked = park(session, number, at=AT + 2 * HOUR)
    assert (parked.state, parked.due_at) == (FaultState.PARKED, DUE)
    gone_on = resume(session, number, at=AT + 26 * HOUR)
    assert (gone_on.state, gone_on.due_at) == (FaultState.REPORTED, DUE + 24 * HOUR)
    fault = fault_of(session, number)
    assert (fault.original_due_at, fault.due_at) == (DUE, DUE + 24 * HOUR)
    assert states(session, number) == [("running", 0, 2), ("parked", 2, 26), ("running", 26, None)]
    assert_sound(session, number)
