"""A fault's clock: started, stopped, paused, set going again. Every interval is kept; elapsed time is derived from them.

Whoever turns a clock has the fault locked. The deadline that is stored is always the one to which the intervals lead.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.model import ClockInterval, Fault
from repairs.queries.intervals import covers_of, intervals_of, promises_of
from repairs.rules.clock import STOPS, customer_delays, due_from, pieces
from repairs.words import ClockState


def start_clock(session: Session, fault: Fault, *, by: Actor, at: datetime) -> None:
    """Begin the first interval, or after a clear was rejected go on from it as if it had not been.

    Where matters beyond our control are in force for the fault, its clock runs under them.
    """
    starts_at = at if not fault.clear_count else _last_end(session, fault) or at
    # Whoever declares MBORC waits for the reports that have begun, and those that begin wait for the declaration.
    session.execute(select(func.pg_advisory_xact_lock_shared(func.hashtextextended(mborc_lock(fault.district_code), 0))))
    _run(session, fault, starts_at, by=by)
    session.flush()


def stop_clock(session: Session, fault: Fault, *, by: Actor, at: datetime) -> None:
    """The fault ended at ``at``: its last interval ends then, a pause too, and the deadline stands as it was then."""
    _cut(session, fault, max(at, fault.accepted_at), by=by, keeps_first=True)
    fault.waits_from_at = fault.waits_until_at = None
    settle_due(session, fault)
    if fault.breached_at is None and at > fault.due_at:  # nobody had marked it while it was open; its end says it was late
        fault.breached_at = fault.due_at


def pause(session: Session, fault: Fault, state: ClockState, reason: str | None, words: str | None, *, by: Actor, at: datetime) -> None:
    """The clock stands from ``at``, until ``go_on``. With RUNNING as the state it runs on, and only the reason is noted."""
    _cut(session, fault, at, by=by)
    if state in {ClockState.PARKED, ClockState.CUSTOMER}:
        session.add(ClockInterval(fault_id=fault.id, state=state, starts_at=at, reason=reason, words=words, begun_by=by.name))
    else:
        _run(session, fault, at, by=by, reason=reason, words=words)
    settle_due(session, fault)


def go_on(session: Session, fault: Fault, *, by: Actor, at: datetime) -> None:
    """The clock runs again from ``at``: under MBORC where one is in force, and the deadline moves by what was left."""
    _cut(session, fault, at, by=by)
    _run(session, fault, at, by=by)
    settle_due(session, fault)


def await_slot(session: Session, fault: Fault, *, offered_at: datetime | None, chosen_at: datetime, by: Actor, at: datetime) -> None:
    """A visit is promised for a slot that begins at ``chosen_at``.

    Where the customer could have had one that begins at ``offered_at``, what lies between is the customer's own delay: the
    clock will stand then. Without ``offered_at`` a delay chosen before ends with the new slot at the latest.
    """
    if offered_at is None:
        if fault.waits_from_at is None or fault.waits_until_at is None:
            return
        wait = (fault.waits_from_at, min(fault.waits_until_at, chosen_at))
    else:
        wait = (max(offered_at, at), chosen_at)
    _wait(session, fault, wait if wait[0] < wait[1] else None, by=by, at=at)


def stop_waiting(session: Session, fault: Fault, *, by: Actor, at: datetime) -> None:
    """The visit for which the customer waits was missed, or is not wanted any more: nothing to come is the customer's delay."""
    if fault.waits_from_at is not None:
        _wait(session, fault, None, by=by, at=at)


def _wait(session: Session, fault: Fault, wait: tuple[datetime, datetime] | None, *, by: Actor, at: datetime) -> None:
    fault.waits_from_at, fault.waits_until_at = wait or (None, None)
    now = current(rows_of(session, fault.id), at)
    # Who parked it is waited for first; the slot counts again when the fault goes on.
    if now is not None and not (now.ends_at is None and now.state in STOPS):
        _cut(session, fault, at, by=by)
        _run(session, fault, at, by=by, reason=now.reason, words=now.words, after=now)
        settle_due(session, fault)
    session.flush()


def customer_held(session: Session, fault_id: int) -> list[tuple[datetime, datetime]]:
    """The customer's own delays of a fault whose clock is stopped, for the shelf: each from when to when."""
    return list(customer_delays(intervals_of(session, fault_id)))


def settle_due(session: Session, fault: Fault) -> None:
    """Store the deadline to which the intervals lead."""
    session.flush()
    fault.due_at = due_from(promises_of(session, fault), intervals_of(session, fault.id))
    session.flush()


def current(rows: list[ClockInterval], at: datetime) -> ClockInterval | None:
    """What the clock does at an instant: the last interval that has begun, unless it has ended."""
    begun = [row for row in rows if row.starts_at <= at and (row.ends_at is None or row.ends_at > at)]
    return begun[-1] if begun else None


def mborc_lock(district_code: str) -> str:
    """By what declaring MBORC in a district and reporting faults there wait for each other."""
    return f"repairs.mborc/{district_code}"


def rows_of(session: Session, fault_id: int) -> list[ClockInterval]:
    """A fault's intervals in order."""
    ordered = select(ClockInterval).where(ClockInterval.fault_id == fault_id)
    ordered = ordered.order_by(ClockInterval.starts_at, ClockInterval.ends_at.nulls_last(), ClockInterval.id)
    return list(session.execute(ordered.execution_options(populate_existing=True)).scalars())


def _last_end(session: Session, fault: Fault) -> datetime | None:
    return session.execute(select(func.max(ClockInterval.ends_at)).where(ClockInterval.fault_id == fault.id)).scalar()


def _cut(session: Session, fault: Fault, at: datetime, *, by: Actor, keeps_first: bool = False) -> None:
    """End what the clock does at ``at``; what was still to come then does not come."""
    for place, row in enumerate(rows_of(session, fault.id)):
        if row.starts_at >= at and not (keeps_first and not place):
            session.delete(row)
        elif row.ends_at is None or row.ends_at > at:
            row.ends_at = at
            row.ended_by = by.name
    session.flush()


def _run(
    session: Session,
    fault: Fault,
    starts_at: datetime,
    *,
    by: Actor,
    reason: str | None = None,
    words: str | None = None,
    after: ClockInterval | None = None,
) -> None:
    """What a clock that nobody parked does from an instant on. What goes on as ``after`` did goes on in it."""
    wait = None if fault.waits_from_at is None or fault.waits_until_at is None else (fault.waits_from_at, fault.waits_until_at)
    for piece in pieces(starts_at, None, covers_of(session, fault, starts_at), wait):
        ended_by = None if piece.ends_at is None else by.name
        if after is not None and (after.ends_at, after.state, after.mborc_id) == (piece.starts_at, piece.state, piece.mborc_id):
            after.ends_at, after.ended_by = piece.ends_at, ended_by
            continue
        session.add(
            ClockInterval(
                fault_id=fault.id,
                state=piece.state,
                starts_at=piece.starts_at,
                ends_at=piece.ends_at,
                reason=reason,
                words=words,
                mborc_id=piece.mborc_id,
                begun_by=by.name,
                ended_by=ended_by,
            )
        )
