"""The job repository's statements: planning, claiming, fencing, counting. No decision is made here.

Rules proven by killing (see ``tests/batch``): the lock of a dedicated connection proves whether an attempt is alive; every
transaction of a step ends with an update fenced by the attempt's id; a block's claim is committed with its output.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Engine, SQLColumnExpression, cast, column, func, insert, select, table, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.model import (
    Block,
    BlockState,
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
from batch.net import Counts, KeyRange, RejectedItem, Total, Work
from css.core.actor import Actor
from css.core.errors import Breach, Conflict, CssError
from css.core.money import Money
from css.db.engine import make_engine

LOCK_CLASS = 0x0CB5
"""First key of the advisory locks of running instances; the second is the instance's id."""
REJECTS_AT_ONCE = 1000
ALARM = "alarm: "
"""An alarm is kept as a control total of this beginning, so that a restart and the morning still know of it."""


class Fenced(CssError):  # noqa: N818 - it is what happened to the attempt, as its family says
    """Another attempt has taken this work over; whoever gets this writes nothing."""

    family = "conflict"


@dataclass(frozen=True, slots=True)
class Instance:
    """A planned run."""

    id: int
    net: str
    district_code: str
    business_date: date
    state: InstanceState
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step's record as the engine reads it."""

    id: int
    state: StepState
    checkpoint: dict[str, Any]
    counts: Counts


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block waiting to be done."""

    id: int
    number: int
    first_key: int
    last_key: int


def plan(session: Session, net: str, district_code: str, business_date: date, at: datetime, parameter_key: str = "") -> Instance:
    """The instance of a net for a district and date; made when there is none. Asking twice is asking once."""
    values = {
        "net": net,
        "district_code": district_code,
        "business_date": business_date,
        "parameter_key": parameter_key,
        "state": InstanceState.PLANNED,
        "planned_at": at,
    }
    session.execute(upsert(JobInstance).values(**values).on_conflict_do_nothing())
    row = session.execute(
        select(JobInstance).where(
            JobInstance.net == net,
            JobInstance.district_code == district_code,
            JobInstance.business_date == business_date,
            JobInstance.parameter_key == parameter_key,
        )
    ).scalar_one()
    return Instance(row.id, row.net, row.district_code, row.business_date, row.state, row.parameters)


@contextmanager
def instance_lock(engine: Engine, instance_id: int) -> Iterator[bool]:
    """Try to hold the instance for as long as the block lasts; False when another process has it.

    The connection is our own and not from the pool, which would hand the lock to somebody else; it ends with us, so
    holding the lock proves that any attempt still marked running is dead.
    """
    own = make_engine(engine.url.render_as_string(hide_password=False), application="css night lock", pooled=False)
    with own.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = bool(connection.execute(select(func.pg_try_advisory_lock(LOCK_CLASS, instance_id))).scalar())
        yield held
        if held:
            connection.execute(select(func.pg_advisory_unlock(LOCK_CLASS, instance_id)))
    own.dispose()


def is_held(instance_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether some process holds an instance, as a condition of SQL: the other side of ``instance_lock``."""
    locks = table("pg_locks", *(column(name) for name in ("locktype", "database", "classid", "objid")), schema="pg_catalog")
    databases = table("pg_database", column("oid"), column("datname"), schema="pg_catalog")
    here = select(databases.c.oid).where(databases.c.datname == func.current_database()).scalar_subquery()
    return (
        select(locks.c.objid)
        .where(
            locks.c.locktype == "advisory",
            locks.c.database == here,
            cast(locks.c.classid, BigInteger) == LOCK_CLASS,
            cast(locks.c.objid, BigInteger) == instance_id,
        )
        .exists()
    )


def running_attempt(session: Session, instance_id: int) -> JobExecution | None:
    """The attempt marked running, if any."""
    return session.execute(
        select(JobExecution).where(JobExecution.job_instance_id == instance_id, JobExecution.state == ExecutionState.RUNNING)
    ).scalar_one_or_none()


def begin_attempt(session: Session, instance_id: int, by: Actor, at: datetime) -> tuple[int, int]:
    """Start attempt n + 1: an attempt still marked running is dead (we hold the lock) and becomes failed, kept as evidence.

    Returns the execution's id and the attempt's number.
    """
    session.execute(
        update(JobExecution)
        .where(JobExecution.job_instance_id == instance_id, JobExecution.state == ExecutionState.RUNNING)
        .values(
            state=ExecutionState.FAILED,
            ended_at=at,
            return_code=16,
            message_code="CSS610E",
            message_words="The process ended without a word; a later attempt found it dead.",
        )
    )
    last = session.execute(select(func.coalesce(func.max(JobExecution.attempt), 0)).where(JobExecution.job_instance_id == instance_id))
    attempt = int(last.scalar_one()) + 1
    execution = JobExecution(
        job_instance_id=instance_id,
        attempt=attempt,
        state=ExecutionState.RUNNING,
        started_by=by.name,
        host=socket.gethostname(),
        process_id=os.getpid(),
        started_at=at,
    )
    session.add(execution)
    session.execute(update(JobInstance).where(JobInstance.id == instance_id).values(state=InstanceState.RUNNING))
    session.flush()
    return execution.id, attempt


def end_attempt(
    session: Session, instance_id: int, execution_id: int, state: ExecutionState, at: datetime, return_code: int, error: CssError | None
) -> None:
    """Close an attempt and its instance with it, unless a later attempt has taken over."""
    ended = session.execute(
        update(JobExecution)
        .where(JobExecution.id == execution_id, JobExecution.state == ExecutionState.RUNNING)
        .values(
            state=state,
            ended_at=at,
            return_code=return_code,
            message_code=error.code if error else None,
            message_words=str(error)[:2000] if error else None,
        )
    )
    if ended.rowcount == 1:  # type: ignore[attr-defined]
        session.execute(update(JobInstance).where(JobInstance.id == instance_id).values(state=InstanceState(state.value)))


def open_step(session: Session, instance_id: int, execution_id: int, step: str, ordinal: int, at: datetime) -> StepRow:
    """Take a step for this attempt: a finished one is returned as it is, an unfinished one with its checkpoint."""
    row = session.execute(
        select(StepExecution).where(StepExecution.job_instance_id == instance_id, StepExecution.step == step).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        row = StepExecution(
            job_instance_id=instance_id,
            job_execution_id=execution_id,
            step=step,
            ordinal=ordinal,
            state=StepState.RUNNING,
            checkpoint={},
            read_count=0,
            written_count=0,
            filtered_count=0,
            rejected_count=0,
            started_at=at,
        )
        session.add(row)
    elif row.state is not StepState.COMPLETED:
        row.state = StepState.RUNNING
        row.job_execution_id = execution_id
    session.flush()
    counts = Counts(row.read_count, row.written_count, row.filtered_count, row.rejected_count)
    return StepRow(row.id, row.state, dict(row.checkpoint), counts)


def record_work(
    session: Session,
    instance_id: int,
    step_id: int,
    execution_id: int,
    step: str,
    work: Work,
    at: datetime,
    checkpoint: dict[str, Any] | None,
) -> None:
    """Write what a transaction did beside its output: rejects, totals, alarms, counts and checkpoint, under the fence.

    Raises:
        Breach: the counts do not close.
        Fenced: CSS611E, another attempt holds the step now; the caller's transaction must roll back.
    """
    if not work.counts.closes:
        msg = f"step {step}: read {work.counts.read} is not written + filtered + rejected: {work.counts}"
        raise Breach(msg)
    if work.counts.rejected != len(work.rejects) + work.kept_by_room:
        msg = f"step {step}: {work.counts.rejected} counted as rejected but {len(work.rejects) + work.kept_by_room} set aside"
        raise Breach(msg)
    _set_aside(session, instance_id, step, work.rejects, at)
    for total in (*work.totals, *(Total(ALARM + words, 1) for words in work.alarms)):
        _add_total(session, instance_id, step, total)
    values: dict[str, Any] = {
        "read_count": StepExecution.read_count + work.counts.read,
        "written_count": StepExecution.written_count + work.counts.written,
        "filtered_count": StepExecution.filtered_count + work.counts.filtered,
        "rejected_count": StepExecution.rejected_count + work.counts.rejected,
    }
    if checkpoint is not None:
        values["checkpoint"] = checkpoint
    fenced = session.execute(
        update(StepExecution)
        .where(StepExecution.id == step_id, StepExecution.job_execution_id == execution_id, StepExecution.state == StepState.RUNNING)
        .values(**values)
    )
    if fenced.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced("CSS611E", "Another attempt has taken over step {step}; this one writes nothing more.", step=step)


def close_step(session: Session, step_id: int, execution_id: int, step: str, state: StepState, at: datetime) -> Counts:
    """Mark a step completed or failed, under the fence; the database refuses a completed step whose counts do not close."""
    row = session.execute(
        update(StepExecution)
        .where(StepExecution.id == step_id, StepExecution.job_execution_id == execution_id, StepExecution.state == StepState.RUNNING)
        .values(state=state, ended_at=at)
        .returning(StepExecution.read_count, StepExecution.written_count, StepExecution.filtered_count, StepExecution.rejected_count)
    ).one_or_none()
    if row is None:
        raise Fenced("CSS611E", "Another attempt has taken over step {step}; this one writes nothing more.", step=step)
    return Counts(*row)


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

    The row lock makes a second worker wait until the first commits (then the block is done) or rolls back.
    """
    claimed = session.execute(
        update(Block)
        .where(
            Block.id == block_id,
            Block.state == BlockState.WAITING,
            select(StepExecution.id)
            .where(StepExecution.id == step_id, StepExecution.job_execution_id == execution_id, StepExecution.state == StepState.RUNNING)
            .exists(),
        )
        .values(state=BlockState.DONE, job_execution_id=execution_id)
    )
    return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]


def count_block(session: Session, block_id: int, counts: Counts) -> None:
    """Keep a block's own counts beside the step's."""
    session.execute(
        update(Block)
        .where(Block.id == block_id)
        .values(read_count=counts.read, written_count=counts.written, filtered_count=counts.filtered, rejected_count=counts.rejected)
    )


def refuse_running(session: Session, instance: Instance) -> Conflict:
    """The sentence for whoever starts a net that is running: which attempt, where, since when."""
    attempt = running_attempt(session, instance.id)
    if attempt is None:
        return Conflict("CSS603E", "The {net} net is being started by another process; look again in a moment.", net=instance.net)
    return Conflict(
        "CSS602E",
        "The {net} net for {district} {date} is running already: attempt {attempt} on {host}, process {process}, "
        "since {since:%H:%M:%S} UTC.",
        net=instance.net,
        district=instance.district_code,
        date=instance.business_date,
        attempt=attempt.attempt,
        host=attempt.host,
        process=attempt.process_id,
        since=attempt.started_at,
    )


def _set_aside(session: Session, instance_id: int, step: str, rejects: tuple[RejectedItem, ...], at: datetime) -> None:
    rows = [
        {
            "job_instance_id": instance_id,
            "step": step,
            "source_key": item.source_key,
            "reason_code": item.reason_code,
            "words": item.words,
            "raw": item.raw,
            "state": RejectState.OPEN,
            "rejected_at": at,
        }
        for item in rejects
    ]
    for start in range(0, len(rows), REJECTS_AT_ONCE):
        session.execute(upsert(Reject).on_conflict_do_nothing(index_elements=["source_key"]), rows[start : start + REJECTS_AT_ONCE])


def _add_total(session: Session, instance_id: int, step: str, total: Total) -> None:
    values = {
        "job_instance_id": instance_id,
        "step": step,
        "name": total.name,
        "item_count": total.item_count,
        "amount": total.amount,
    }
    statement = upsert(ControlTotal).values(**values)
    # COALESCE keeps "not counted" apart from zero on both sides of the sum.
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["job_instance_id", "step", "name"],
            set_={
                "item_count": text("coalesce(control_total.item_count + excluded.item_count, excluded.item_count)"),
                "amount": text("coalesce(control_total.amount + excluded.amount, excluded.amount)"),
            },
        )
    )


def control_totals(session: Session, instance_id: int) -> tuple[tuple[str, str, int | None, Money | None], ...]:
    """Every total of an instance but its alarms: step, name, count, amount, in the order of the steps."""
    rows = session.execute(
        select(ControlTotal.step, ControlTotal.name, ControlTotal.item_count, ControlTotal.amount)
        .join(StepExecution, (StepExecution.job_instance_id == ControlTotal.job_instance_id) & (StepExecution.step == ControlTotal.step))
        .where(ControlTotal.job_instance_id == instance_id, ~ControlTotal.name.startswith(ALARM))
        .order_by(StepExecution.ordinal, ControlTotal.id)
    )
    return tuple((row.step, row.name, row.item_count, row.amount) for row in rows)


def alarms(session: Session, instance_id: int) -> tuple[tuple[str, int], ...]:
    """What the steps of an instance have raised, in their order: words, and how often."""
    rows = session.execute(
        select(ControlTotal.name, ControlTotal.item_count)
        .where(ControlTotal.job_instance_id == instance_id, ControlTotal.name.startswith(ALARM))
        .order_by(ControlTotal.id)
    )
    return tuple((row.name.removeprefix(ALARM), row.item_count or 1) for row in rows)
