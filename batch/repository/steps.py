"""A run's steps and their blocks: taken by an attempt, counted under its fence, closed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.model import Block, JobExecution, StepAttempt, StepControl, StepExecution
from batch.net import Counts, KeyRange, Work
from batch.repository.accounts import by_name, end_said_before, raise_alarm, set_aside
from batch.repository.rows import BlockRow, Control, Held, Hold, StepRow, fenced
from batch.rules.standing import STEP_OVER
from batch.words import AlarmKind, BlockState, ExecutionState, StepState
from css.core.errors import Breach, CssError
from css.db.sql import block

_AS = {StepState.COMPLETED: ExecutionState.COMPLETED, StepState.FAILED: ExecutionState.FAILED, StepState.STOPPED: ExecutionState.STOPPED}
"""How an attempt at a step ended, by how it left the step."""


def steps_of(session: Session, instance_id: int) -> Mapping[str, StepRow]:
    """The steps of a run as they stand, by name; those whose turn has not come are not there."""
    was_begun = select(StepAttempt.id).where(StepAttempt.step_execution_id == StepExecution.id).exists()
    rows = session.execute(
        select(StepExecution, was_begun).where(StepExecution.job_instance_id == instance_id, StepExecution.superseded_at.is_(None))
    )
    return {row.step: replace(_row(row), was_begun=begun) for row, begun in rows}


def control_of(session: Session, instance_id: int, step: str) -> Control | None:
    """What a person decided about a step; None when nobody did."""
    row = session.execute(
        select(StepControl).where(StepControl.job_instance_id == instance_id, StepControl.step == step)
    ).scalar_one_or_none()
    if row is None:
        return None
    hold = Hold(row.held_at, row.held_by or "", row.hold_reason or "") if row.held_at else None
    left_out = row.skipped_at is not None
    return Control(
        hold, (row.skipped_by or "") if left_out else None, row.skip_reason if left_out else None, is_forced=row.forced_at is not None
    )


def open_fresh_step(session: Session, instance_id: int, execution_id: int, step: str, ordinal: int, at: datetime) -> StepRow | None:
    """Begin a step that has no record, in one statement; None when it has one, when somebody has decided about it or asked the run to
    stop, or when the attempt is not the running one: then ``open_step`` and those before it look closer.
    """
    made = session.execute(
        block("batch", "engine.open_step"),
        {"instance": instance_id, "execution": execution_id, "step": step, "ordinal": ordinal, "at": at},
    ).one_or_none()
    return None if made is None else StepRow(made.id, StepState.RUNNING, {}, Counts(), made.generation)


def open_step(session: Session, instance_id: int, execution_id: int, step: str, ordinal: int, at: datetime) -> StepRow:
    """Take a step for this attempt: a finished one is returned as it is, an unfinished one with its checkpoint.

    Raises:
        Fenced: CSS611E, the attempt is not the running one.
    """
    row = _taken(session, instance_id, execution_id, step, ordinal, at)
    if row.state not in STEP_OVER:
        row.state = StepState.RUNNING
        row.job_execution_id = execution_id
        row.ended_at = row.message_code = row.message_words = None
        session.flush()
        session.execute(
            upsert(StepAttempt)
            .values(step_execution_id=row.id, job_execution_id=execution_id, state=ExecutionState.RUNNING, started_at=at)
            .on_conflict_do_nothing()
        )
    return _row(row)


def put_step(  # noqa: PLR0913 - all that a row says
    session: Session,
    instance_id: int,
    execution_id: int,
    step: str,
    ordinal: int,
    at: datetime,
    *,
    state: StepState,
    words: str,
    code: str | None = None,
) -> StepRow:
    """Write how a step stands that is not run now: it waits, is left out, is not needed, or could not begin.

    Raises:
        Fenced: CSS611E, the attempt is not the running one.
    """
    row = _taken(session, instance_id, execution_id, step, ordinal, at)
    row.state = state
    row.job_execution_id = execution_id
    row.ended_at = None if state is StepState.WAITING else at
    row.message_code, row.message_words = code, words[:2000]
    session.flush()
    return _row(row)


def _taken(session: Session, instance_id: int, execution_id: int, step: str, ordinal: int, at: datetime) -> StepExecution:
    """The step's row under our lock, made when there is none; first the attempt's, so that whoever ends the attempt is waited for."""
    ours = session.execute(
        select(JobExecution.id)
        .where(JobExecution.id == execution_id, JobExecution.state == ExecutionState.RUNNING)
        .with_for_update(read=True)
    ).one_or_none()
    if ours is None:
        raise fenced(step)
    before = select(func.coalesce(func.max(StepExecution.generation), 0) + 1).where(
        StepExecution.job_instance_id == instance_id, StepExecution.step == step
    )
    values = {
        "job_instance_id": instance_id,
        "job_execution_id": execution_id,
        "step": step,
        "generation": before.scalar_subquery(),
        "ordinal": ordinal,
        "state": StepState.RUNNING,
        "started_at": at,
    }
    made = session.execute(upsert(StepExecution).values(**values).on_conflict_do_nothing().returning(StepExecution)).scalar_one_or_none()
    if made is not None:
        return made
    row = session.execute(
        select(StepExecution)
        .where(StepExecution.job_instance_id == instance_id, StepExecution.step == step, StepExecution.superseded_at.is_(None))
        .with_for_update()
    ).scalar_one()
    if row.state is StepState.WAITING:
        row.started_at = at  # what it waited is no work
    return row


def record_work(
    session: Session, held: Held, work: Work, at: datetime, checkpoint: dict[str, Any] | None, *, block_id: int | None = None
) -> bool:
    """Write what a transaction did beside its output: rejects, totals, alarms, counts and checkpoint, under the fence.

    With the block that was done, in the same statement. Whether somebody has asked the run to stop.

    Raises:
        Breach: the counts do not close.
        Fenced: CSS611E, another attempt holds the step now; the caller's transaction must roll back.
    """
    counts = work.counts
    if not counts.closes:
        msg = f"step {held.step}: read {counts.read} is not written + filtered + rejected: {counts}"
        raise Breach(msg)
    if counts.rejected != len(work.rejects) + work.kept_by_room:
        msg = f"step {held.step}: {counts.rejected} counted as rejected but {len(work.rejects) + work.kept_by_room} set aside"
        raise Breach(msg)
    set_aside(session, held.instance_id, held.step, work.rejects, at)
    for code in work.said_anew:
        end_said_before(session, held.instance_id, held.step, code, at)
    for words in work.alarms:
        raise_alarm(session, held.instance_id, held.step, AlarmKind.STEP, words, at)
    names, item_counts, amounts = by_name(work.totals)
    found = session.execute(
        block("batch", "engine.record"),
        {
            "id": held.step_id,
            "execution": held.execution_id,
            "instance": held.instance_id,
            "step": held.step,
            "generation": held.generation,
            "block": block_id or 0,
            "read": counts.read,
            "written": counts.written,
            "filtered": counts.filtered,
            "rejected": counts.rejected,
            "checkpoint": None if checkpoint is None else json.dumps(checkpoint),
            "names": names,
            "counts": item_counts,
            "amounts": amounts,
        },
    ).one_or_none()
    if found is None:
        raise fenced(held.step)
    return bool(found.is_stop_asked)


def close_step(
    session: Session, step_id: int, execution_id: int, step: str, state: StepState, at: datetime, error: CssError | None = None
) -> Counts:
    """Mark a step completed, failed or stopped, and this attempt at it, under the fence.

    The database refuses a completed step whose counts do not close.
    """
    row = session.execute(
        block("batch", "engine.close_step"),
        {
            "id": step_id,
            "execution": execution_id,
            "state": state.value,
            "attempt_state": _AS[state].value,
            "at": at,
            "code": error.code if error else None,
            "words": str(error)[:2000] if error else None,
        },
    ).one_or_none()
    if row is None:
        raise fenced(step)
    return Counts(*row)


def closed_counts(session: Session, step_id: int, execution_id: int) -> Counts | None:
    """What an attempt counted of a step that it has completed; None when it has not."""
    row = session.execute(
        select(StepExecution).where(
            StepExecution.id == step_id, StepExecution.job_execution_id == execution_id, StepExecution.state == StepState.COMPLETED
        )
    ).scalar_one_or_none()
    return None if row is None else _row(row).counts


def make_blocks(session: Session, step_id: int, ranges: Sequence[KeyRange]) -> int:
    """Write the blocks of a step, once for the instance; return how many keys they hold at the most."""
    rows = [
        {
            "step_execution_id": step_id,
            "block_number": number,
            "first_key": keys.first,
            "last_key": keys.last,
            "state": BlockState.WAITING,
        }
        for number, keys in enumerate(ranges, start=1)
    ]
    if rows:
        session.execute(insert(Block), rows)
    return sum(keys.count for keys in ranges)


def waiting_blocks(session: Session, step_id: int) -> tuple[BlockRow, ...]:
    """The blocks not done yet, in order."""
    rows = session.execute(
        select(Block.id, Block.block_number, Block.first_key, Block.last_key)
        .where(Block.step_execution_id == step_id, Block.state == BlockState.WAITING)
        .order_by(Block.block_number)
    )
    return tuple(BlockRow(*row) for row in rows)


def claim_block(session: Session, block_id: int, step_id: int, execution_id: int) -> bool:
    """Take a block inside the transaction that does it; False when it is done already or the step is another's now.

    The row lock makes a second worker wait until the first commits (then the block is done) or rolls back. That it is done
    is written with what was done (``record_work``).
    """
    taken = session.execute(block("batch", "engine.claim_block"), {"block": block_id, "step": step_id, "execution": execution_id})
    return taken.one_or_none() is not None


def _row(row: StepExecution) -> StepRow:
    counts = Counts(row.read_count, row.written_count, row.filtered_count, row.rejected_count)
    return StepRow(row.id, row.state, dict(row.checkpoint), counts, row.generation)
