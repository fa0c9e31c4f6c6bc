"""One step of a run with all there is to it: what is committed, what a restart would repeat, its attempts, and what it set aside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.clock.launching import Launch, words_of
from batch.console.plans import instance_of, whole_of
from batch.console.restart import Kept, restart_words
from batch.console.rows import AttemptRow, StepCard, StepReject
from batch.control.runs import net_of
from batch.model import JobExecution, JobInstance, Reject, StepExecution
from batch.net import BlockStep, Net, SingleStep, Step
from batch.turns import NIGHT_NET
from batch.words import InstanceState
from css.core.errors import NotFound

REJECTS_MAX: Final = 200


def night_step(
    session: Session, district: str, business_date: date, step: str, *, at: datetime, net: str = NIGHT_NET, key: str = ""
) -> StepCard:
    """One step of a run with all there is to it.

    Raises:
        NotFound: CSS600E no such net, CSS932E the run was never planned, CSS933E the net has no such step.
    """
    return step_of(session, net_of(net), district, business_date, step, at=at, key=key)


def step_of(session: Session, net: Net, district: str, business_date: date, step: str, *, at: datetime, key: str = "") -> StepCard:
    """The same of a net that is at hand."""
    planned = next((one for one in net.steps if one.name == step), None)
    if planned is None:
        known = ", ".join(one.name for one in net.steps)
        raise NotFound("CSS933E", "The {net} net has no step {step!r}; it has {known}.", net=net.name, step=step[:40], known=known)
    found = instance_of(session, net, district, business_date, key)
    if found is None:
        sentence = "The {net} net was never planned for {district} on {date}."
        raise NotFound("CSS932E", sentence, net=net.name, district=district[:4] or "the house", date=business_date)
    instance: JobInstance = found.JobInstance
    whole = whole_of(session, net, found, at)
    run, record = whole.plan, whole.records.get(step)
    rejects = session.execute(
        select(Reject).where(Reject.job_instance_id == instance.id, Reject.step == step).order_by(Reject.id).limit(REJECTS_MAX)
    ).scalars()
    of_blocks = whole.blocks.get(step)
    block_count, blocks_done = (of_blocks.block_count, of_blocks.done_count) if of_blocks else (0, 0)
    checkpoint: Mapping[str, Any] = record.checkpoint if record else {}
    kept = Kept(
        state=record.state if record else None,
        read_count=record.read_count if record else 0,
        is_recorded=bool(checkpoint.get("done")),
        blocks_done=blocks_done,
        block_count=block_count,
        is_left_out=step in whole.left_out,
    )
    idle = instance.state is not InstanceState.COMPLETED and not run.is_alive
    return StepCard(
        run=run,
        row=next(row for row in run.rows if row.step == step),
        kind=_kind(planned),
        parameters=(
            ("net", net.name),
            ("district", instance.district_code or "the whole house"),
            ("business date", instance.business_date.isoformat()),
            *((name, str(value)) for name, value in sorted(instance.parameters.items())),
        ),
        checkpoint=tuple((name, str(value)) for name, value in sorted(checkpoint.items())),
        block_count=block_count,
        blocks_done=blocks_done,
        restart=restart_words(planned, kept),
        command=_command(instance) if idle else None,
        attempts=tuple(_attempt(one, record) for one in whole.executions),
        rejects=tuple(
            StepReject(
                source_key=one.source_key, reason_code=one.reason_code, words=one.words, state=one.state, rejected_at=one.rejected_at
            )
            for one in rejects
        ),
        durations=tuple(whole.durations.get(step, ())),
    )


def _command(instance: JobInstance) -> str:
    launch = Launch(instance.district_code or "", instance.business_date, instance.net, instance.parameter_key)
    return " ".join(("css", *words_of(launch)))


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
