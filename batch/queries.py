"""What can be asked of the night: runs, steps, rejects, totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.orm import Session, aliased

from batch.model import (
    ControlTotal,
    ExecutionState,
    InstanceState,
    JobExecution,
    JobInstance,
    Reject,
    RejectState,
    StepExecution,
    StepState,
)
from batch.repository import is_held
from css.core.money import Money
from css.master.districts import BusinessDate

NIGHT_NET = "night"
LIST_MAX = 500


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a net."""

    net: str
    district_code: str
    business_date: date
    state: InstanceState
    attempt: int | None
    started_at: datetime | None
    ended_at: datetime | None
    return_code: int | None
    message_code: str | None
    message_words: str | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a run."""

    step: str
    state: StepState
    read_count: int
    written_count: int
    filtered_count: int
    rejected_count: int
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One total of a run."""

    step: str
    name: str
    item_count: int | None
    amount: Money | None


@dataclass(frozen=True, slots=True)
class RejectRow:
    """One item set aside."""

    step: str
    source_key: str
    reason_code: str
    words: str
    raw: str
    state: RejectState
    business_date: date


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """How the last attempt at a night ended, or that it has not."""

    state: ExecutionState
    started_at: datetime
    ended_at: datetime | None
    return_code: int | None
    is_alive: bool
    """Whether a process holds the night now; one marked running that nobody holds has died."""


@dataclass(frozen=True, slots=True)
class NextNight:
    """The night a district runs next: that of the day after the last one closed."""

    district_code: str
    business_date: date
    last: LastAttempt | None
    """None when nobody has tried it yet."""


def next_nights(session: Session) -> tuple[NextNight, ...]:
    """The next night of every district, by district."""
    business_date = cast(BusinessDate.closed_through + 1, Date)
    is_instance = (
        (JobInstance.net == NIGHT_NET)
        & (JobInstance.district_code == BusinessDate.district_code)
        & (JobInstance.business_date == business_date)
    )
    rows = session.execute(
        select(BusinessDate.district_code, business_date, JobExecution, is_held(JobInstance.id))
        .outerjoin(JobInstance, is_instance)
        .outerjoin(JobExecution, _is_last_attempt())
        .order_by(BusinessDate.district_code)
    )
    return tuple(NextNight(district, night, _last_attempt(execution, is_alive=is_alive)) for district, night, execution, is_alive in rows)


def _last_attempt(execution: JobExecution | None, *, is_alive: bool) -> LastAttempt | None:
    if execution is None:
        return None
    return LastAttempt(execution.state, execution.started_at, execution.ended_at, execution.return_code, is_alive)


def runs(session: Session, district: str, limit: int = 20) -> tuple[RunRow, ...]:
    """The latest runs in a district, newest first, each with its last attempt; at most 500."""
    rows = session.execute(
        select(JobInstance, JobExecution)
        .outerjoin(JobExecution, _is_last_attempt())
        .where(JobInstance.district_code == district)
        .order_by(JobInstance.business_date.desc(), JobInstance.id.desc())
        .limit(_bounded(limit))
    )
    return tuple(_run_row(instance, execution) for instance, execution in rows)


def _run_row(instance: JobInstance, execution: JobExecution | None) -> RunRow:
    last = execution or JobExecution()
    return RunRow(
        instance.net,
        instance.district_code,
        instance.business_date,
        instance.state,
        last.attempt,
        last.started_at,
        last.ended_at,
        last.return_code,
        last.message_code,
        last.message_words,
    )


def _is_last_attempt() -> ColumnElement[bool]:
    later = aliased(JobExecution)
    is_later = (later.job_instance_id == JobInstance.id) & (later.attempt > JobExecution.attempt)
    return (JobExecution.job_instance_id == JobInstance.id) & ~select(later.id).where(is_later).exists()


def instance_id(session: Session, district: str, business_date: date, net: str = NIGHT_NET) -> int:
    """The instance of a run; 0 when there is none."""
    statement = select(JobInstance.id).where(
        JobInstance.net == net, JobInstance.district_code == district, JobInstance.business_date == business_date
    )
    return int(session.execute(statement).scalar() or 0)


def steps(session: Session, district: str, business_date: date, net: str = NIGHT_NET) -> tuple[StepRow, ...]:
    """The steps of a run in their order."""
    rows = session.execute(
        select(StepExecution)
        .join(JobInstance, JobInstance.id == StepExecution.job_instance_id)
        .where(JobInstance.net == net, JobInstance.district_code == district, JobInstance.business_date == business_date)
        .order_by(StepExecution.ordinal)
    ).scalars()
    return tuple(
        StepRow(
            row.step, row.state, row.read_count, row.written_count, row.filtered_count, row.rejected_count, row.started_at, row.ended_at
        )
        for row in rows
    )


def totals(session: Session, district: str, business_date: date, net: str = NIGHT_NET) -> tuple[TotalRow, ...]:
    """The control totals of a run."""
    rows = session.execute(
        select(ControlTotal)
        .join(JobInstance, JobInstance.id == ControlTotal.job_instance_id)
        .where(JobInstance.net == net, JobInstance.district_code == district, JobInstance.business_date == business_date)
        .order_by(ControlTotal.id)
    ).scalars()
    return tuple(TotalRow(row.step, row.name, row.item_count, row.amount) for row in rows)


def rejects(session: Session, district: str, business_date: date | None = None, limit: int = 100) -> tuple[RejectRow, ...]:
    """Items set aside and still open, of one night or of all, oldest first."""
    statement = (
        select(Reject, JobInstance.business_date)
        .join(JobInstance, JobInstance.id == Reject.job_instance_id)
        .where(JobInstance.district_code == district, Reject.state == RejectState.OPEN)
    )
    if business_date is not None:
        statement = statement.where(JobInstance.business_date == business_date)
    rows = session.execute(statement.order_by(Reject.id).limit(_bounded(limit)))
    return tuple(
        RejectRow(
            row.Reject.step,
            row.Reject.source_key,
            row.Reject.reason_code,
            row.Reject.words,
            row.Reject.raw,
            row.Reject.state,
            row.business_date,
        )
        for row in rows
    )


def reject_reasons(session: Session, job_instance_id: int) -> tuple[tuple[str, str, int], ...]:
    """How many items each reason set aside in a run: reason, an example's words, count."""
    rows = session.execute(
        select(Reject.reason_code, func.min(Reject.words), func.count())
        .where(Reject.job_instance_id == job_instance_id)
        .group_by(Reject.reason_code)
        .order_by(Reject.reason_code)
    )
    return tuple((row[0], row[1], row[2]) for row in rows)


def _bounded(limit: int) -> int:
    return max(1, min(limit, LIST_MAX))
