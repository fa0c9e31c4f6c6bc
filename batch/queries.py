"""What can be asked of the night: runs, steps, rejects, totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, func, select, true
from sqlalchemy.orm import Session, aliased

from batch.model import Alarm, Balance, ControlTotal, JobExecution, JobInstance, OperatorAction, Reject, StepAttempt, StepExecution
from batch.repository import is_held, of_district
from batch.rules.standing import stands
from batch.words import AlarmKind, ExecutionState, InstanceState, RejectState, StepState
from css.core.errors import NotFound
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
    parameter_key: str = ""
    held_by: str | None = None
    is_alive: bool = False
    """Whether a process holds it now."""
    last_state: ExecutionState | None = None
    """How the last attempt stands; None before the first."""

    @property
    def stands(self) -> str:
        """How a list says that it stands."""
        return stands(self.state, is_alive=self.is_alive, last_attempt=self.last_state, message_code=self.message_code)


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
class AlarmRow:
    """One alarm."""

    alarm_id: int
    kind: AlarmKind
    net: str | None
    """None for what no run is to blame for."""
    district_code: str | None
    business_date: date | None
    step: str | None
    words: str
    times: int
    raised_at: datetime
    ended_at: datetime | None
    """When it was over by itself."""
    seen_at: datetime | None
    seen_by: str | None
    parameter_key: str = ""
    """Of an extra run."""


@dataclass(frozen=True, slots=True)
class ActionRow:
    """What a person told a run, and what it led to."""

    net: str
    district_code: str
    business_date: date
    parameter_key: str
    step: str | None
    verb: str
    done_by: str
    approved_by: str | None
    """The second person, who signed; None where nobody did."""
    done_at: datetime
    reason: str
    consequence: str


@dataclass(frozen=True, slots=True)
class StepAttemptRow:
    """What one attempt at a run did of one step."""

    attempt: int
    step: str
    generation: int
    state: ExecutionState
    started_at: datetime
    ended_at: datetime | None
    read_count: int
    written_count: int
    filtered_count: int
    rejected_count: int
    message_code: str | None
    message_words: str | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A joint of a run as it was found."""

    step: str
    joint: str
    in_words: str
    in_count: int | None
    in_amount: Money | None
    out_words: str
    out_count: int | None
    out_amount: Money | None
    difference: str | None
    """In words; None when both sides are one."""

    @property
    def is_empty(self) -> bool:
        """Nothing came in and nothing went out, and so both are one."""
        return not (self.difference or self.in_count or self.out_count or self.in_amount or self.out_amount)


def balances(session: Session, district: str, business_date: date, net: str = NIGHT_NET, key: str = "") -> tuple[BalanceRow, ...]:
    """The joints of a run that were looked at, in the order of its steps; those of steps as they now stand."""
    rows = session.execute(
        select(Balance)
        .join(JobInstance, JobInstance.id == Balance.job_instance_id)
        .join(StepExecution, _stands(Balance))
        .where(*_named(district, business_date, net, key))
        .order_by(StepExecution.ordinal, Balance.id)
    ).scalars()
    return tuple(
        BalanceRow(
            row.step,
            row.joint,
            row.in_words,
            row.in_count,
            row.in_amount,
            row.out_words,
            row.out_count,
            row.out_amount,
            row.difference,
        )
        for row in rows
    )


def night_alarms(session: Session, district: str = "", *, is_all: bool = False, limit: int = 100) -> tuple[AlarmRow, ...]:
    """Alarms that nobody has looked at and that are not over, or all of them; of a district or of every one, newest first."""
    statement = (
        select(Alarm, JobInstance)
        .outerjoin(JobInstance, JobInstance.id == Alarm.job_instance_id)
        .order_by(Alarm.raised_at.desc(), Alarm.id.desc())
        .limit(_bounded(limit))
    )
    if not is_all:
        statement = statement.where(Alarm.ended_at.is_(None), Alarm.seen_at.is_(None))
    if district:
        statement = statement.where(JobInstance.district_code == district)
    return tuple(_alarm_row(alarm, instance) for alarm, instance in session.execute(statement))


def night_alarm(session: Session, alarm_id: int) -> AlarmRow:
    """One alarm. Error: NotFound CSS633E."""
    statement = select(Alarm, JobInstance).outerjoin(JobInstance, JobInstance.id == Alarm.job_instance_id).where(Alarm.id == alarm_id)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("CSS633E", "There is no alarm {alarm}.", alarm=alarm_id, element="alarm_id")
    return _alarm_row(*found)


def _alarm_row(alarm: Alarm, instance: JobInstance | None) -> AlarmRow:
    return AlarmRow(
        alarm_id=alarm.id,
        kind=alarm.kind,
        net=instance.net if instance else None,
        district_code=instance.district_code if instance else None,
        business_date=instance.business_date if instance else None,
        step=alarm.step,
        words=alarm.words,
        times=alarm.times,
        raised_at=alarm.raised_at,
        ended_at=alarm.ended_at,
        seen_at=alarm.seen_at,
        seen_by=alarm.seen_by,
        parameter_key=instance.parameter_key if instance else "",
    )


def night_actions(
    session: Session, district: str = "", business_date: date | None = None, net: str = "", limit: int = 100
) -> tuple[ActionRow, ...]:
    """What people told runs, newest first; of a district, a date or a net, or of all."""
    statement = select(OperatorAction, JobInstance).join(JobInstance, JobInstance.id == OperatorAction.job_instance_id)
    if district:
        statement = statement.where(JobInstance.district_code == district)
    if business_date is not None:
        statement = statement.where(JobInstance.business_date == business_date)
    if net:
        statement = statement.where(JobInstance.net == net)
    rows = session.execute(statement.order_by(OperatorAction.done_at.desc(), OperatorAction.id.desc()).limit(_bounded(limit)))
    return tuple(
        ActionRow(
            net=instance.net,
            district_code=instance.district_code or "",
            business_date=instance.business_date,
            parameter_key=instance.parameter_key,
            step=action.step,
            verb=action.verb,
            done_by=action.done_by,
            approved_by=action.approved_by,
            done_at=action.done_at,
            reason=action.reason,
            consequence=action.consequence,
        )
        for action, instance in rows
    )


def night_attempts(
    session: Session, district: str = "", business_date: date | None = None, net: str = NIGHT_NET, key: str = "", limit: int = LIST_MAX
) -> tuple[StepAttemptRow, ...]:
    """What every attempt at a run did of every step, those of superseded runs of a step too; without a date of the last that has begun."""
    run = (
        select(JobInstance.id)
        .where(JobInstance.net == net, of_district(district), JobInstance.parameter_key == key)
        .order_by(JobInstance.business_date.desc())
        .limit(1)
    )
    if business_date is not None:
        run = run.where(JobInstance.business_date == business_date)
    else:
        run = run.where(select(JobExecution.id).where(JobExecution.job_instance_id == JobInstance.id).exists())
    rows = session.execute(
        select(StepAttempt, JobExecution.attempt, StepExecution.step, StepExecution.generation)
        .join(JobExecution, JobExecution.id == StepAttempt.job_execution_id)
        .join(StepExecution, StepExecution.id == StepAttempt.step_execution_id)
        .where(JobExecution.job_instance_id == run.scalar_subquery())
        .order_by(JobExecution.attempt, StepAttempt.started_at, StepExecution.ordinal)
        .limit(_bounded(limit))
    )
    return tuple(
        StepAttemptRow(
            attempt=attempt,
            step=step,
            generation=generation,
            state=row.state,
            started_at=row.started_at,
            ended_at=row.ended_at,
            read_count=row.read_count,
            written_count=row.written_count,
            filtered_count=row.filtered_count,
            rejected_count=row.rejected_count,
            message_code=row.message_code,
            message_words=row.message_words,
        )
        for row, attempt, step, generation in rows
    )


def runs(session: Session, district: str = "", limit: int = 20, *, net: str = "") -> tuple[RunRow, ...]:
    """The latest runs in a district, or of the whole house, newest first, each with its last attempt; of one net or all; at most 500.

    Runs of dates that have not come yet, planned or left out beforehand, stand behind all others.
    """
    # Of a district its own date, of the house that of the district which is furthest.
    of_place = BusinessDate.district_code == district if district else true()
    here = select(func.max(BusinessDate.current_on)).where(of_place).scalar_subquery()
    rows = session.execute(
        _with_last_attempt()
        .where(of_district(district), JobInstance.net == net if net else true())
        .order_by(JobInstance.business_date > here, JobInstance.business_date.desc(), JobInstance.id.desc())
        .limit(_bounded(limit))
    )
    return tuple(_run_row(row) for row in rows)


def run_row(session: Session, district: str, business_date: date, net: str = NIGHT_NET, key: str = "") -> RunRow | None:
    """One run with its last attempt; None when it was never planned."""
    found = session.execute(_with_last_attempt().where(*_named(district, business_date, net, key))).one_or_none()
    return None if found is None else _run_row(found)


def _with_last_attempt() -> Select[JobInstance, JobExecution | None, bool]:
    return select(JobInstance, JobExecution, is_held(JobInstance.id)).outerjoin(JobExecution, _is_last_attempt())


def _run_row(found: Row[JobInstance, JobExecution | None, bool]) -> RunRow:
    instance, execution, is_alive = found
    last = execution or JobExecution()
    return RunRow(
        instance.net,
        instance.district_code or "",
        instance.business_date,
        instance.state,
        last.attempt,
        last.started_at,
        last.ended_at,
        last.return_code,
        last.message_code,
        last.message_words,
        instance.parameter_key,
        instance.held_by,
        bool(is_alive),
        last.state,
    )


def _is_last_attempt() -> ColumnElement[bool]:
    later = aliased(JobExecution)
    is_later = (later.job_instance_id == JobInstance.id) & (later.attempt > JobExecution.attempt)
    return (JobExecution.job_instance_id == JobInstance.id) & ~select(later.id).where(is_later).exists()


def _named(district: str, business_date: date, net: str, key: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions of one run. An extra one has its key, the ordinary one the empty key: neither is ever shown as the other."""
    return (
        JobInstance.net == net,
        of_district(district),
        JobInstance.business_date == business_date,
        JobInstance.parameter_key == key,
    )


def _stands(of: type[Balance | ControlTotal]) -> ColumnElement[bool]:
    """Whether what was counted is of a step as it now stands: what a rerun superseded is told by nobody but the attempts."""
    return (
        (StepExecution.job_instance_id == of.job_instance_id)
        & (StepExecution.step == of.step)
        & (StepExecution.generation == of.generation)
        & StepExecution.superseded_at.is_(None)
    )


def instance_id(session: Session, district: str, business_date: date, net: str = NIGHT_NET, key: str = "") -> int:
    """The instance of a run; 0 when there is none."""
    return int(session.execute(select(JobInstance.id).where(*_named(district, business_date, net, key))).scalar() or 0)


def steps(session: Session, district: str, business_date: date, net: str = NIGHT_NET, key: str = "") -> tuple[StepRow, ...]:
    """The steps of a run in their order."""
    rows = session.execute(
        select(StepExecution)
        .join(JobInstance, JobInstance.id == StepExecution.job_instance_id)
        .where(*_named(district, business_date, net, key), StepExecution.superseded_at.is_(None))
        .order_by(StepExecution.ordinal)
    ).scalars()
    return tuple(
        StepRow(
            row.step, row.state, row.read_count, row.written_count, row.filtered_count, row.rejected_count, row.started_at, row.ended_at
        )
        for row in rows
    )


def totals(session: Session, district: str, business_date: date, net: str = NIGHT_NET, key: str = "") -> tuple[TotalRow, ...]:
    """The control totals of a run, in the order of its steps; those of steps as they now stand."""
    rows = session.execute(
        select(ControlTotal)
        .join(JobInstance, JobInstance.id == ControlTotal.job_instance_id)
        .join(StepExecution, _stands(ControlTotal))
        .where(*_named(district, business_date, net, key))
        .order_by(StepExecution.ordinal, ControlTotal.id)
    ).scalars()
    return tuple(TotalRow(row.step, row.name, row.item_count, row.amount) for row in rows)


def rejects(session: Session, district: str, business_date: date | None = None, limit: int = 100) -> tuple[RejectRow, ...]:
    """Items set aside and still open, of one night or of all, oldest first."""
    statement = (
        select(Reject, JobInstance.business_date)
        .join(JobInstance, JobInstance.id == Reject.job_instance_id)
        .where(of_district(district), Reject.state == RejectState.OPEN)
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
