"""What can be asked of the night: runs, steps, rejects, totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from batch.model import ControlTotal, InstanceState, JobExecution, JobInstance, Reject, RejectState, StepExecution, StepState
from css.core.money import Money

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


def runs(session: Session, district: str, limit: int = 20) -> tuple[RunRow, ...]:
    """The latest runs in a district, newest first, each with its last attempt."""
    last = (
        select(JobExecution)
        .ext(distinct_on(JobExecution.job_instance_id))
        .order_by(JobExecution.job_instance_id, JobExecution.attempt.desc())
        .subquery()
    )
    rows = session.execute(
        select(JobInstance, last)
        .outerjoin(last, last.c.job_instance_id == JobInstance.id)
        .where(JobInstance.district_code == district)
        .order_by(JobInstance.business_date.desc(), JobInstance.id.desc())
        .limit(min(limit, LIST_MAX))
    )
    return tuple(
        RunRow(
            row.JobInstance.net,
            row.JobInstance.district_code,
            row.JobInstance.business_date,
            row.JobInstance.state,
            row.attempt,
            row.started_at,
            row.ended_at,
            row.return_code,
            row.message_code,
            row.message_words,
        )
        for row in rows
    )


def instance_id(session: Session, district: str, business_date: date, net: str = "night") -> int:
    """The instance of a run; 0 when there is none."""
    statement = select(JobInstance.id).where(
        JobInstance.net == net, JobInstance.district_code == district, JobInstance.business_date == business_date
    )
    return int(session.execute(statement).scalar() or 0)


def steps(session: Session, district: str, business_date: date, net: str = "night") -> tuple[StepRow, ...]:
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


def totals(session: Session, district: str, business_date: date, net: str = "night") -> tuple[TotalRow, ...]:
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
    rows = session.execute(statement.order_by(Reject.id).limit(min(limit, LIST_MAX)))
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
