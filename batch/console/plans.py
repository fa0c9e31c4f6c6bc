"""A run step by step: what is done, under way and still to come; what it waits for, what it was told, and when it will end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from batch.clock.launching import Launch, a_clock_beats, is_starting, words_of
from batch.clock.seen import look
from batch.console.rows import OVER, DurationRow, PlanRow, RunPlan
from batch.control.naming import run_at_hand
from batch.control.runs import net_of
from batch.model import JobExecution, JobInstance, Resource, StepAttempt, StepControl, StepExecution
from batch.net import BlockStep, Net, Node, Step
from batch.nets import NETS
from batch.repository import is_held, of_district
from batch.rules.alarms import is_late
from batch.rules.graph import Place
from batch.rules.outlook import Shared, StepSeen, critical_path, ends_in_lanes, usual
from batch.rules.readiness import Wait, Waiting, without_clock
from batch.rules.standing import is_put_back
from batch.rules.wording import clock_words
from batch.turns import NIGHT_NET
from batch.words import ExecutionState, InstanceState, StepState
from css.core.calendar import require_aware
from css.db.sql import block
from css.master.clocks import lived_day
from css.settings import settings

RUNS_LOOKED_AT: Final = 10
WHOLE: Final = 1000


def night_plan(
    session: Session, district: str = "", business_date: date | None = None, *, at: datetime, net: str = NIGHT_NET, key: str = ""
) -> RunPlan | None:
    """A run step by step, of the night or of another net; None when it was never planned.

    ``district`` is empty for a net of the whole house; without a date it is the run at hand, by the rule of the commands, whose errors
    are then its own too. Error: NotFound CSS600E, there is no such net.
    """
    known = net_of(net)
    on = business_date or run_at_hand(session, net, district, None, key).business_date
    return plan_of(session, known, district, on, at=at, key=key)


def plan_of(session: Session, net: Net, district: str, business_date: date, *, at: datetime, key: str = "") -> RunPlan | None:
    """The same of a net that is at hand."""
    found = instance_of(session, net, district, business_date, key)
    return None if found is None else whole_of(session, net, found, at).plan


def night_version(session: Session, district: str, *, at: datetime) -> str:
    """A fingerprint of a place's runs and alarms, from one cheap statement: the same means that nothing on the console moved.

    It is of every run that is open, whichever is looked at: the night that runs, and the one that the clock has planned after it.

    What is expected, whether a process died, and who has approved what may change besides, so the minute is part of it.
    """
    row = session.execute(block("batch", "runs.version"), {"district": district}).one_or_none()
    return ".".join(map(str, row or ())) + f".{require_aware(at):%Y%m%d%H%M}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A run with the records it was read from."""

    plan: RunPlan
    records: Mapping[str, StepExecution]
    blocks: Mapping[str, Row[Any]]
    durations: Mapping[str, Sequence[DurationRow]]
    executions: Sequence[JobExecution]
    """The last first."""
    left_out: Collection[str]
    """Steps that a person told to be left out, and that may be."""


def instance_of(session: Session, net: Net, district: str, business_date: date, key: str) -> Row[JobInstance, bool, bool] | None:
    """The row of a run, whether a process holds it now, and whether one is about to."""
    statement = select(
        JobInstance,
        is_held(JobInstance.id).label("is_alive"),
        is_starting().label("is_starting"),
    ).where(
        JobInstance.net == net.name,
        of_district(district),
        JobInstance.business_date == business_date,
        JobInstance.parameter_key == key,
    )
    return session.execute(statement).one_or_none()


def whole_of(session: Session, net: Net, found: Row[JobInstance, bool, bool], at: datetime) -> Whole:
    """Everything of a run."""
    instance: JobInstance = found.JobInstance
    records = {
        record.step: record
        for record in session.execute(
            select(StepExecution).where(StepExecution.job_instance_id == instance.id, StepExecution.superseded_at.is_(None))
        ).scalars()
    }
    paused: dict[int, timedelta] = {
        row.id: row.paused
        for row in session.execute(
            select(StepExecution.id, func.batch.paused(StepExecution.id).label("paused")).where(
                StepExecution.job_instance_id == instance.id, StepExecution.superseded_at.is_(None)
            )
        )
    }
    blocks = {row.step: row for row in session.execute(block("batch", "runs.blocks"), {"instance": instance.id})}
    wanted = {"net": net.name, "district": instance.district_code or "", "before": instance.business_date, "runs": RUNS_LOOKED_AT}
    durations: dict[str, list[DurationRow]] = defaultdict(list)
    for row in session.execute(block("batch", "runs.durations"), wanted):
        durations[row.step].append(
            DurationRow(business_date=row.business_date, seconds=row.seconds, read_count=row.read_count, attempts=row.attempts)
        )
    controls = session.execute(select(StepControl).where(StepControl.job_instance_id == instance.id)).scalars().all()
    told = {control.step: told_of_step(control) for control in controls}
    rates = _rates(session, instance.id, at) if found.is_alive else {}
    executions = session.execute(
        select(JobExecution).where(JobExecution.job_instance_id == instance.id).order_by(JobExecution.attempt.desc())
    ).scalars()
    attempts = list(executions)
    seen = [_seen(step, records.get(step.name), blocks.get(step.name), durations.get(step.name, ())) for step in net.steps]
    places = net.places
    if found.is_alive:
        as_now = _as_now(session, instance.id, net, seen, rates, at)
        ends = _ends(session, net, places, as_now, _gone_without(net, records, attempts), at)
    else:
        ends = {}
    critical = set(critical_path(places, {step.name: one.usual_seconds for step, one in zip(net.steps, seen, strict=True)}).steps)
    rows = tuple(
        _row(
            ordinal,
            node,
            records.get(node.step.name),
            one,
            ends.get(node.step.name),
            told.get(node.step.name, ()),
            rates.get(node.step.name),
            is_critical=node.step.name in critical,
            paused=paused,
        )
        for ordinal, (node, one) in enumerate(zip(net.nodes, seen, strict=True), start=1)
    )
    last = attempts[0] if attempts else None
    waiting = _waiting(session, instance, at, is_alive=bool(found.is_alive))
    must_end_by = None if instance.must_end_by is None or lived_day(session) is not None else instance.must_end_by
    plan = RunPlan(
        job_instance_id=instance.id,
        net=net.name,
        district_code=instance.district_code or "",
        business_date=instance.business_date,
        parameter_key=instance.parameter_key,
        state=instance.state,
        is_alive=bool(found.is_alive),
        is_put_back=is_put_back(instance.state, last.state if last else None),
        is_starting=bool(found.is_starting) and not found.is_alive,
        waits_for=waiting.words if waiting else None,
        needs_person=waiting is not None and waiting.kind in {Wait.HELD, Wait.PERSON},
        told=told_of_run(instance),
        attempt=last.attempt if last else None,
        return_code=last.return_code if last else None,
        message_code=last.message_code if last else None,
        message_words=last.message_words if last else None,
        start_after=instance.start_after,
        must_end_by=must_end_by,
        is_late=instance.state not in {InstanceState.COMPLETED, InstanceState.SKIPPED} and is_late(must_end_by, at),
        rows=rows,
        expected_end_at=_latest(ends),
    )
    skipped = {control.step for control in controls if control.skipped_at is not None}
    left_out = {step.name for step in net.steps if step.name in skipped and step.may_be_skipped}
    return Whole(plan, records, blocks, durations, attempts, left_out)


def _ends(
    session: Session, net: Net, places: Sequence[Place], seen: Mapping[str, StepSeen], gone_without: Collection[str], at: datetime
) -> dict[str, datetime | None]:
    """When each step will have ended, in as many lanes as this installation has."""
    capacity = {row.name: row.capacity for row in session.execute(select(Resource.name, Resource.capacity))}
    shared = Shared({node.step.name: node.needs for node in net.nodes}, capacity)
    return ends_in_lanes(places, seen, at=at, lanes=settings().lanes, shared=shared, gone_without=gone_without)


def _gone_without(net: Net, records: Mapping[str, StepExecution], attempts: Sequence[JobExecution]) -> frozenset[str]:
    """The optional steps that failed in the last attempt: while it runs it does not come back to them."""
    return frozenset(
        node.step.name
        for node in net.nodes
        if node.is_optional
        and (record := records.get(node.step.name)) is not None
        and record.state is StepState.FAILED
        and record.job_execution_id == attempts[0].id
    )


def _as_now(
    session: Session, instance_id: int, net: Net, seen: Sequence[StepSeen], rates: Mapping[str, int], at: datetime
) -> dict[str, StepSeen]:
    """The steps as the attempt under way goes on with them."""
    taken_up: dict[str, datetime] = {
        row.step: row.started_at
        for row in session.execute(
            select(StepExecution.step, StepAttempt.started_at)
            .join(StepAttempt, (StepAttempt.step_execution_id == StepExecution.id) & (StepAttempt.state == ExecutionState.RUNNING))
            .where(
                StepExecution.job_instance_id == instance_id,
                StepExecution.superseded_at.is_(None),
                StepAttempt.started_at > StepExecution.started_at,
            )
        )
    }
    return {
        step.name: _at_its_rate(replace(one, taken_up_at=taken_up.get(step.name)), rates.get(step.name), at)
        for step, one in zip(net.steps, seen, strict=True)
    }


def _at_its_rate(seen: StepSeen, rate: int | None, at: datetime) -> StepSeen:
    """A step as if it had always gone on as it does in this attempt: what it did before it was interrupted has a pause in it."""
    if not rate or not seen.read_count or seen.share is None:
        return seen
    return replace(seen, started_at=at - timedelta(seconds=seen.read_count * 60 // rate), taken_up_at=None)


def _latest(ends: Mapping[str, datetime | None]) -> datetime | None:
    """When all will have ended; None where nobody can tell of one of them."""
    known = [end for end in ends.values() if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _waiting(session: Session, instance: JobInstance, at: datetime, *, is_alive: bool) -> Waiting | None:
    """What the clock would say of it; nothing is asked of one that runs or is over."""
    if is_alive or instance.state in {InstanceState.COMPLETED, InstanceState.SKIPPED}:
        return None
    found = next((one.waiting for one in look(session, NETS, at) if one.run.id == instance.id), None)
    if found is None or a_clock_beats(session):
        return found
    launch = Launch(instance.district_code or "", instance.business_date, instance.net, instance.parameter_key)
    return without_clock(found, f"css {' '.join(words_of(launch))}")


def told_of_run(instance: JobInstance) -> tuple[str, ...]:
    """What people told a run and still counts, in sentences."""
    said = []
    if instance.held_at is not None:
        said.append(f"Held by {instance.held_by} since {clock_words(instance.held_at)}: {instance.hold_reason}")
    if instance.forced_at is not None and instance.state is InstanceState.PLANNED:
        said.append(f"Forced at {clock_words(instance.forced_at)}.")
    if instance.stop_asked_at is not None:
        said.append(f"Told at {clock_words(instance.stop_asked_at)} to stop at its next block.")
    if instance.start_asked_at is not None:
        said.append(f"Asked at {clock_words(instance.start_asked_at)} to start.")
    return tuple(said)


def told_of_step(control: StepControl) -> tuple[str, ...]:
    """What people told of a step, in sentences."""
    said = []
    if control.held_at is not None:
        said.append(f"Held by {control.held_by} since {clock_words(control.held_at)}: {control.hold_reason}")
    if control.skipped_at is not None:
        said.append(f"Left out by {control.skipped_by} at {clock_words(control.skipped_at)}: {control.skip_reason}")
    if control.forced_at is not None:
        said.append(f"Forced by {control.forced_by} at {clock_words(control.forced_at)}: {control.force_reason}")
    return tuple(said)


def _rates(session: Session, instance_id: int, at: datetime) -> dict[str, int]:
    """How many a minute the attempt under way reads, by step: without what attempts before it had read."""
    before = (
        select(StepAttempt.step_execution_id, func.sum(StepAttempt.read_count).label("read"))
        .join(StepExecution, StepExecution.id == StepAttempt.step_execution_id)
        .where(StepExecution.job_instance_id == instance_id, StepAttempt.state != ExecutionState.RUNNING)
        .group_by(StepAttempt.step_execution_id)
        .subquery()
    )
    rows = session.execute(
        select(
            StepExecution.step,
            (StepExecution.read_count - func.coalesce(before.c.read, 0)).label("read"),
            StepAttempt.started_at,
        )
        .join(StepAttempt, (StepAttempt.step_execution_id == StepExecution.id) & (StepAttempt.state == ExecutionState.RUNNING))
        .outerjoin(before, before.c.step_execution_id == StepExecution.id)
        .where(StepExecution.job_instance_id == instance_id, StepExecution.superseded_at.is_(None))
    )
    found = {}
    for row in rows:
        seconds = int((at - row.started_at).total_seconds())
        if seconds > 0:
            found[row.step] = int(row.read) * 60 // seconds
    return found


def _seen(step: Step, record: StepExecution | None, blocks: Row[Any] | None, durations: Sequence[DurationRow]) -> StepSeen:
    undisturbed = [one.seconds for one in durations if one.attempts == 1] or [one.seconds for one in durations]
    if record is None or record.state is StepState.WAITING:
        return StepSeen(None, None, None, None, usual(undisturbed))
    if record.state in OVER:
        return StepSeen(StepState.COMPLETED, record.started_at, record.ended_at, WHOLE, usual(undisturbed))
    share = None
    if isinstance(step, BlockStep) and record.checkpoint.get("keys"):
        # What is read is counted block by block; the keys were counted when the blocks were cut.
        share = min(WHOLE, WHOLE * record.read_count // int(record.checkpoint["keys"]))
    elif blocks is not None:
        share = WHOLE * blocks.done_count // blocks.block_count
    return StepSeen(record.state, record.started_at, record.ended_at, share, usual(undisturbed), record.read_count)


def _row(  # noqa: PLR0913 - all that is known of a step
    ordinal: int,
    node: Node,
    record: StepExecution | None,
    seen: StepSeen,
    end: datetime | None,
    told: tuple[str, ...],
    rate: int | None,
    *,
    is_critical: bool,
    paused: Mapping[int, timedelta],
) -> PlanRow:
    counted = (record.read_count, record.written_count, record.filtered_count, record.rejected_count) if record else (0, 0, 0, 0)
    is_over = record is not None and record.state in OVER
    keys = record.checkpoint.get("keys") if record else None
    took = seen.ended_at - seen.started_at if seen.ended_at and seen.started_at else None
    if took is not None and record is not None:
        took -= paused.get(record.id, timedelta())
    return PlanRow(
        step=node.step.name,
        words=node.step.words,
        ordinal=ordinal,
        after=(*node.after, *node.after_end),
        state=record.state if record else None,
        generation=record.generation if record else 1,
        said=record.message_words if record else None,
        told=() if is_over else told,
        read_count=counted[0],
        written_count=counted[1],
        filtered_count=counted[2],
        rejected_count=counted[3],
        total=int(keys) if keys else None,
        per_minute=rate,
        started_at=seen.started_at,
        ended_at=seen.ended_at,
        seconds=None if took is None else int(took.total_seconds()),
        expected_end_at=None if seen.ended_at is not None else end,
        usual_seconds=seen.usual_seconds,
        share=WHOLE if is_over else seen.share,
        is_critical=is_critical,
    )
