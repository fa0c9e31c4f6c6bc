"""The night as its console shows it: a run step by step with what is still to come, and one step with all there is to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from batch.model import ExecutionState, InstanceState, JobExecution, JobInstance, Reject, RejectState, StepExecution, StepState
from batch.net import BlockStep, Net, SingleStep, Step
from batch.nets import NIGHT
from batch.outlook import Kept, StepSeen, expected_ends, restart_words, usual
from batch.repository import is_held
from css.core.calendar import require_aware
from css.core.errors import NotFound
from css.db.sql import block

RUNS_LOOKED_AT: Final = 10
REJECTS_MAX: Final = 200
WHOLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A step of a net in a run, done, under way or still to come."""

    step: str
    words: str
    ordinal: int
    state: StepState | None
    """None while its turn has not come."""
    read_count: int
    written_count: int
    filtered_count: int
    rejected_count: int
    started_at: datetime | None
    ended_at: datetime | None
    expected_end_at: datetime | None
    """None where nobody can tell: it never ran before, or the run stands still."""
    usual_seconds: int | None
    """The middle one of its last ten runs; None when there was none."""
    share: int | None
    """How much is done, in thousandths; None where nobody can tell."""

    @property
    def unaccounted(self) -> int:
        """What was read and is neither written, nor left alone, nor set aside: 0 when it adds up."""
        return self.read_count - self.written_count - self.filtered_count - self.rejected_count


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A run of a net for a date: every step of the net, whether it ran or not."""

    net: str
    district_code: str
    business_date: date
    state: InstanceState
    is_alive: bool
    """Whether a process holds it now; one that is marked running and held by nobody has died."""
    rows: tuple[PlanRow, ...]
    expected_end_at: datetime | None

    @property
    def steps_done(self) -> int:
        return sum(row.state is StepState.COMPLETED for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt at a run."""

    attempt: int
    state: ExecutionState
    started_by: str
    host: str
    process_id: int
    started_at: datetime
    ended_at: datetime | None
    return_code: int | None
    message_code: str | None
    message_words: str | None
    is_holder: bool
    """Whether the step is, or was last, this attempt's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReject:
    """An item that the step set aside."""

    source_key: str
    reason_code: str
    words: str
    state: RejectState
    rejected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationRow:
    """How long the step took on another night."""

    business_date: date
    seconds: int
    read_count: int
    attempts: int
    """More than one: it was interrupted, and its time has a pause in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """One step of a run with all there is to it."""

    run: RunPlan
    row: PlanRow
    kind: str
    """How it does its work, in words."""
    parameters: tuple[tuple[str, str], ...]
    checkpoint: tuple[tuple[str, str], ...]
    block_count: int
    blocks_done: int
    restart: str
    """What a restart would repeat of it."""
    command: str | None
    """What runs it again; None where nothing is to be run: it is finished, or a process is at it."""
    attempts: tuple[AttemptRow, ...]
    rejects: tuple[StepReject, ...]
    durations: tuple[DurationRow, ...]


def night_plan(session: Session, district: str, business_date: date, *, at: datetime) -> RunPlan | None:
    """The night of a district on a date, step by step; None when it was never planned. Four statements."""
    return plan_of(session, NIGHT, district, business_date, at=at)


def plan_of(session: Session, net: Net, district: str, business_date: date, *, at: datetime) -> RunPlan | None:
    """The same of any net."""
    found = _instance(session, net, district, business_date)
    return None if found is None else _plan(session, net, found, at)[0]


def night_version(session: Session, district: str, *, at: datetime) -> str:
    """A fingerprint of a district's latest run, from one cheap statement: the same means that nothing on the console moved.

    What is expected and who has approved what may change besides, so the minute is part of it.
    """
    row = session.execute(block("batch", "runs.version"), {"district": district}).one_or_none()
    return ".".join(map(str, row or ())) + f".{require_aware(at):%Y%m%d%H%M}"


def night_step(session: Session, district: str, business_date: date, step: str, *, at: datetime) -> StepCard:
    """One step of a night with all there is to it. Six statements.

    Raises:
        NotFound: CSS932E the night was never planned, CSS933E the night has no such step.
    """
    return step_of(session, NIGHT, district, business_date, step, at=at)


def step_of(session: Session, net: Net, district: str, business_date: date, step: str, *, at: datetime) -> StepCard:
    """The same of any net."""
    planned = next((one for one in net.steps if one.name == step), None)
    if planned is None:
        known = ", ".join(one.name for one in net.steps)
        raise NotFound("CSS933E", "The {net} net has no step {step!r}; it has {known}.", net=net.name, step=step[:40], known=known)
    found = _instance(session, net, district, business_date)
    if found is None:
        sentence = "The {net} net was never planned for {district} on {date}."
        raise NotFound("CSS932E", sentence, net=net.name, district=district[:4], date=business_date)
    instance: JobInstance = found.JobInstance
    run, records, blocks, durations = _plan(session, net, found, at)
    record = records.get(step)
    executions = session.execute(
        select(JobExecution).where(JobExecution.job_instance_id == instance.id).order_by(JobExecution.attempt.desc())
    ).scalars()
    rejects = session.execute(
        select(Reject).where(Reject.job_instance_id == instance.id, Reject.step == step).order_by(Reject.id).limit(REJECTS_MAX)
    ).scalars()
    of_blocks = blocks.get(step)
    block_count, blocks_done = (of_blocks.block_count, of_blocks.done_count) if of_blocks else (0, 0)
    checkpoint: Mapping[str, Any] = record.checkpoint if record else {}
    kept = Kept(
        state=record.state if record else None,
        read_count=record.read_count if record else 0,
        is_recorded=bool(checkpoint.get("done")),
        blocks_done=blocks_done,
        block_count=block_count,
    )
    idle = instance.state is not InstanceState.COMPLETED and not run.is_alive
    return StepCard(
        run=run,
        row=next(row for row in run.rows if row.step == step),
        kind=_kind(planned),
        parameters=(
            ("net", net.name),
            ("district", instance.district_code),
            ("business date", instance.business_date.isoformat()),
            *((name, str(value)) for name, value in sorted(instance.parameters.items())),
        ),
        checkpoint=tuple((name, str(value)) for name, value in sorted(checkpoint.items())),
        block_count=block_count,
        blocks_done=blocks_done,
        restart=restart_words(planned, kept),
        command=f"css {net.name} run {instance.district_code} --date {instance.business_date}" if idle else None,
        attempts=tuple(_attempt(one, record) for one in executions),
        rejects=tuple(
            StepReject(
                source_key=one.source_key, reason_code=one.reason_code, words=one.words, state=one.state, rejected_at=one.rejected_at
            )
            for one in rejects
        ),
        durations=tuple(durations.get(step, ())),
    )


def _instance(session: Session, net: Net, district: str, business_date: date) -> Row[JobInstance, bool] | None:
    return session.execute(
        select(JobInstance, is_held(JobInstance.id).label("is_alive")).where(
            JobInstance.net == net.name,
            JobInstance.district_code == district,
            JobInstance.business_date == business_date,
            JobInstance.parameter_key == "",
        )
    ).one_or_none()


_Parts = tuple[RunPlan, Mapping[str, StepExecution], Mapping[str, Row[Any]], Mapping[str, Sequence[DurationRow]]]


def _plan(session: Session, net: Net, found: Row[JobInstance, bool], at: datetime) -> _Parts:
    instance: JobInstance = found.JobInstance
    records = {
        record.step: record
        for record in session.execute(select(StepExecution).where(StepExecution.job_instance_id == instance.id)).scalars()
    }
    blocks = {row.step: row for row in session.execute(block("batch", "runs.blocks"), {"instance": instance.id})}
    wanted = {"net": net.name, "district": instance.district_code, "before": instance.business_date, "runs": RUNS_LOOKED_AT}
    durations: dict[str, list[DurationRow]] = defaultdict(list)
    for row in session.execute(block("batch", "runs.durations"), wanted):
        durations[row.step].append(
            DurationRow(business_date=row.business_date, seconds=row.seconds, read_count=row.read_count, attempts=row.attempts)
        )
    seen = [_seen(step, records.get(step.name), blocks.get(step.name), durations.get(step.name, ())) for step in net.steps]
    ends = expected_ends(seen, at=at) if found.is_alive else tuple(one.ended_at for one in seen)
    rows = tuple(
        _row(ordinal, step, records.get(step.name), one, end)
        for ordinal, (step, one, end) in enumerate(zip(net.steps, seen, ends, strict=True), start=1)
    )
    plan = RunPlan(
        net=net.name,
        district_code=instance.district_code,
        business_date=instance.business_date,
        state=instance.state,
        is_alive=bool(found.is_alive),
        rows=rows,
        expected_end_at=ends[-1] if found.is_alive else None,
    )
    return plan, records, blocks, durations


def _seen(step: Step, record: StepExecution | None, blocks: Row[Any] | None, durations: Sequence[DurationRow]) -> StepSeen:
    undisturbed = [one.seconds for one in durations if one.attempts == 1] or [one.seconds for one in durations]
    if record is None:
        return StepSeen(None, None, None, None, usual(undisturbed))
    share = None
    if record.state is StepState.COMPLETED:
        share = WHOLE
    elif isinstance(step, BlockStep) and record.checkpoint.get("keys"):
        # What is read is counted block by block; the keys were counted when the blocks were cut.
        share = min(WHOLE, WHOLE * record.read_count // int(record.checkpoint["keys"]))
    elif blocks is not None:
        share = WHOLE * blocks.done_count // blocks.block_count
    return StepSeen(record.state, record.started_at, record.ended_at, share, usual(undisturbed))


def _row(ordinal: int, step: Step, record: StepExecution | None, seen: StepSeen, end: datetime | None) -> PlanRow:
    counted = (record.read_count, record.written_count, record.filtered_count, record.rejected_count) if record else (0, 0, 0, 0)
    return PlanRow(
        step=step.name,
        words=step.words,
        ordinal=ordinal,
        state=seen.state,
        read_count=counted[0],
        written_count=counted[1],
        filtered_count=counted[2],
        rejected_count=counted[3],
        started_at=seen.started_at,
        ended_at=seen.ended_at,
        expected_end_at=None if seen.ended_at is not None else end,
        usual_seconds=seen.usual_seconds,
        share=seen.share,
    )


def _attempt(one: JobExecution, record: StepExecution | None) -> AttemptRow:
    return AttemptRow(
        attempt=one.attempt,
        state=one.state,
        started_by=one.started_by,
        host=one.host,
        process_id=one.process_id,
        started_at=one.started_at,
        ended_at=one.ended_at,
        return_code=one.return_code,
        message_code=one.message_code,
        message_words=one.message_words,
        is_holder=record is not None and record.job_execution_id == one.id,
    )


def _kind(step: Step) -> str:
    if isinstance(step, SingleStep):
        return "whole, in one transaction"
    if isinstance(step, BlockStep):
        return "in blocks, by several workers at once" if step.in_parallel else "in blocks, one after the other"
    return "item by item, one transaction each"
