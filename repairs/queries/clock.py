"""One fault's time: what its clock did, how the deadline was reached and moved, and all of it in words. And what MBORC is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation, london_date
from css.core.deadline import instant_words
from css.master.care_levels import care_book
from css.master.plant import Cabinet, Exchange
from repairs.model import Fault, Mborc
from repairs.queries.cards import FaultCard, fault_card
from repairs.queries.intervals import intervals_of, nation_of, promises_of
from repairs.rules.clock import ClockPart, Interval, clock_of, spent
from repairs.rules.clock_words import due_steps, explained, interval_words, reason_words
from repairs.words import Activity, ClockState, FaultState

MBORCS_MAX: Final = 200
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """What the clock did from an instant to the next."""

    state: ClockState
    starts_at: datetime
    ends_at: datetime | None
    """None while it lasts; later than now where it is known beforehand."""
    minutes: int
    """Until now, where it lasts; whole minutes."""
    reason: str | None
    """The code of a pause's reason."""
    reason_words: str
    mborc_id: int | None
    begun_by: str
    ended_by: str | None
    words: str
    """The interval as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """A deadline the fault had from an instant on."""

    told_at: datetime
    due_at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentRow:
    """How long the clock was in each state, in whole minutes elapsed."""

    running: int
    parked: int
    customer: int
    mborc: int
    counted: int
    """What the care level's clock ran: running and MBORC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultClock:
    """A fault with its time: how the deadline was reckoned, and what the clock has done since."""

    card: FaultCard
    nation: Nation
    deadline_words: str
    """How the first deadline is reached, in a sentence to read out."""
    parts: tuple[ClockPart, ...]
    """For a bar."""
    is_late: bool
    intervals: tuple[IntervalRow, ...]
    spent: SpentRow
    dues: tuple[DueRow, ...]
    """Every deadline it had; the first as it was promised."""
    sentences: tuple[str, ...]
    """The deadline explained from the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MborcRow:
    """Matters beyond our reasonable control that were declared."""

    mborc_id: int
    district_code: str
    exchange_code: str | None
    cabinet_code: str | None
    activity: Activity
    cause: str
    clear_codes: tuple[str, ...]
    """Narrowed to faults cleared with one of these; empty: every fault."""
    starts_at: datetime
    ends_at: datetime | None
    declared_by: str
    lifted_by: str | None


def fault_clock(session: Session, fault_number: str, *, by: Actor, at: datetime) -> FaultClock:
    """A fault in full with its clock: its intervals, how long each took, every deadline it had and why.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    card = fault_card(session, fault_number, by=by)
    fault = session.execute(select(Fault).where(Fault.number == card.summary.fault_number)).scalar_one()
    nation = nation_of(session, fault.district_code)
    intervals = intervals_of(session, fault.id)
    promises = promises_of(session, fault)
    book = care_book(session, london_date(fault.accepted_at))
    first = promises[-1] if fault.expedited_at == fault.accepted_at else promises[0]
    hours = book.hours(first.level, nation)
    deadline_words = book.deadline(first.level, fault.accepted_at, nation).words
    ended_at = fault.cleared_at
    if fault.state is FaultState.WITHDRAWN:
        ended_at = card.events[-1].occurred_at

    def say(instant: datetime) -> str:
        return instant_words(instant, hours)

    took = spent(intervals, ended_at or at)
    told = explained(deadline_words, promises, intervals, say, due_at=fault.due_at, ended_at=ended_at, at=at)
    return FaultClock(
        card=card,
        nation=nation,
        deadline_words=deadline_words,
        parts=clock_of(reported_at=fault.reported_at, intervals=intervals, due_at=fault.due_at, ended_at=ended_at, at=at),
        is_late=fault.state is not FaultState.WITHDRAWN and (ended_at or _reached(intervals, at)) > fault.due_at,
        intervals=tuple(
            IntervalRow(
                state=one.state,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                minutes=(max(one.starts_at, one.ends_at or at) - one.starts_at) // _MINUTE,
                reason=one.reason,
                reason_words=reason_words(one),
                mborc_id=one.mborc_id,
                begun_by=one.begun_by,
                ended_by=one.ended_by,
                words=interval_words(one, say, at),
            )
            for one in intervals
        ),
        spent=SpentRow(
            running=took.running // _MINUTE,
            parked=took.parked // _MINUTE,
            customer=took.customer // _MINUTE,
            mborc=took.mborc // _MINUTE,
            counted=took.counted // _MINUTE,
        ),
        dues=tuple(DueRow(told_at=one.told_at, due_at=one.due_at, words=one.words) for one in due_steps(promises, intervals, say)),
        sentences=tuple(told),
    )


def mborcs(session: Session, district: str, *, by: Actor, at: datetime, only_in_force: bool = True) -> tuple[MborcRow, ...]:
    """What was declared for a district, the latest first, at most 200; for everybody, since it says why guarantees are void.

    With ``only_in_force`` those that have begun and were not lifted.
    """
    del by
    statement = (
        select(Mborc, Exchange.code.label("exchange_code"), Cabinet.code.label("cabinet_code"))
        .outerjoin(Cabinet, Cabinet.id == Mborc.cabinet_id)
        .outerjoin(Exchange, Exchange.id == func.coalesce(Mborc.exchange_id, Cabinet.exchange_id))
        .where(Mborc.district_code == district)
    )
    if only_in_force:
        statement = statement.where(Mborc.starts_at <= at, or_(Mborc.ends_at.is_(None), Mborc.ends_at > at))
    rows = session.execute(statement.order_by(Mborc.starts_at.desc(), Mborc.id.desc()).limit(MBORCS_MAX))
    return tuple(
        MborcRow(
            mborc_id=row.Mborc.id,
            district_code=row.Mborc.district_code,
            exchange_code=row.exchange_code,
            cabinet_code=row.cabinet_code,
            activity=row.Mborc.activity,
            cause=row.Mborc.cause,
            clear_codes=tuple((row.Mborc.clear_codes or "").split()),
            starts_at=row.Mborc.starts_at,
            ends_at=row.Mborc.ends_at,
            declared_by=row.Mborc.declared_by,
            lifted_by=row.Mborc.lifted_by,
        )
        for row in rows
    )


def _reached(intervals: tuple[Interval, ...], at: datetime) -> datetime:
    """How far an open fault's clock has come: to now, or to where it stands."""
    last = intervals[-1] if intervals else None
    return last.starts_at if last is not None and last.ends_at is None and last.stops else at
