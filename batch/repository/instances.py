"""Planned runs and attempts at them: who may run one, how an attempt begins, and how it ends or is found dead."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from sqlalchemy import BigInteger, ColumnElement, Engine, SQLColumnExpression, cast, column, delete, func, select, table, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased

from batch.model import JobExecution, JobInstance, ResourceUse, StepAttempt, StepExecution
from batch.repository.rows import Hold, Instance
from batch.rules.wording import clock_words
from batch.words import ExecutionState, InstanceState, StepState
from css.core.actor import Actor
from css.core.errors import Conflict, CssError
from css.db.engine import make_engine
from css.db.faults import faults_named

LOCK_CLASS = 0x0CB5
"""First key of the advisory locks of running instances; the second is the instance's id."""
ENDING_MILLISECONDS_MAX = 5000
"""How long a connection that is ended may take to be gone."""
_COUNTS = ("read_count", "written_count", "filtered_count", "rejected_count")


def plan(session: Session, net: str, district_code: str, business_date: date, at: datetime, parameter_key: str = "") -> Instance:
    """The instance of a net for a district (empty: the whole house) and date; made when there is none. Asking twice is asking once."""
    values = {
        "net": net,
        "district_code": district_code or None,
        "business_date": business_date,
        "parameter_key": parameter_key,
        "state": InstanceState.PLANNED,
        "planned_at": at,
    }
    session.execute(upsert(JobInstance).values(**values).on_conflict_do_nothing())
    row = session.execute(
        select(JobInstance).where(
            JobInstance.net == net,
            of_district(district_code),
            JobInstance.business_date == business_date,
            JobInstance.parameter_key == parameter_key,
        )
    ).scalar_one()
    hold = Hold(row.held_at, row.held_by or "", row.hold_reason or "") if row.held_at else None
    return Instance(row.id, row.net, row.district_code or "", row.business_date, row.state, row.parameters, hold)


def of_district(district_code: str) -> ColumnElement[bool]:
    """Whether an instance is of a district, or of the whole house when none is named, as a condition of SQL."""
    return JobInstance.district_code == district_code if district_code else JobInstance.district_code.is_(None)


def application(instance_id: int, what: str = "") -> str:
    """What the connections of a run call themselves, so that the server can be told which to end: ``css night 42 worker``."""
    return f"css night {instance_id} {what}".strip()


@contextmanager
def instance_lock(engine: Engine, instance_id: int) -> Iterator[int]:
    """Try to hold the instance for as long as the block lasts: the server's process that does, or 0 when another has it.

    The connection is our own and not from the pool, which would hand the lock to somebody else; it ends with us, so
    holding the lock proves that any attempt still marked running is dead, or has lost its claim.
    """
    own = make_engine(engine.url.render_as_string(hide_password=False), application=application(instance_id, "lock"), pooled=False)
    try:
        with faults_named():
            connection = own.connect().execution_options(isolation_level="AUTOCOMMIT")
            held, process = connection.execute(select(func.pg_try_advisory_lock(LOCK_CLASS, instance_id), func.pg_backend_pid())).one()
        try:
            yield int(process) if held else 0
        finally:
            try:
                if held:
                    connection.execute(select(func.pg_advisory_unlock(LOCK_CLASS, instance_id)))
                connection.close()
            except DBAPIError:
                # It was ended from outside, and the lock with it; the fence has seen to the rest.
                connection.invalidate()
    finally:
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


def end_connections(session: Session, instance_id: int, *, spare: Collection[int] = ()) -> int:
    """End every connection of a run but ours and those spared (processes of the server), and wait until they are gone.

    What they had not committed was never there. How many there were.
    """
    activity = table("pg_stat_activity", *(column(name) for name in ("pid", "datname", "application_name")), schema="pg_catalog")
    ended = session.execute(
        select(func.pg_terminate_backend(activity.c.pid, ENDING_MILLISECONDS_MAX)).where(
            activity.c.datname == func.current_database(),
            activity.c.application_name.regexp_match(f"^{re.escape(application(instance_id))}( |$)"),
            activity.c.pid != func.pg_backend_pid(),
            activity.c.pid.not_in(list(spare)),
        )
    ).scalars()
    return len(ended.all())


def fail_attempt(
    session: Session, instance_id: int, at: datetime, code: str, words: str, *, spare: Collection[int] = (), return_code: int = 16
) -> JobExecution | None:
    """Mark the running attempt failed, its steps with it, and end its connections: whatever it does from now on is fenced.

    For an attempt that is dead, and for one that a person kills. The attempt as it was, or None when none was running; the
    caller's transaction makes it so. ``spare`` are connections of the run that belong to somebody else meanwhile.
    """
    attempt = running_attempt(session, instance_id)
    if attempt is None:
        return None
    # First, so that nobody who asks under the lock of this row (open_step) goes on; then the connections, which may hold steps.
    session.execute(
        update(JobExecution)
        .where(JobExecution.id == attempt.id, JobExecution.state == ExecutionState.RUNNING)
        .values(state=ExecutionState.FAILED, ended_at=at, return_code=return_code, message_code=code, message_words=words)
        .execution_options(synchronize_session=False)
    )
    end_connections(session, instance_id, spare=spare)
    session.execute(
        update(StepExecution)
        .where(StepExecution.job_execution_id == attempt.id, StepExecution.state.in_((StepState.RUNNING, StepState.WAITING)))
        .values(state=StepState.FAILED, ended_at=at, message_code=code, message_words=words)
        .execution_options(synchronize_session=False)
    )
    end_step_attempts(session, attempt.id, ExecutionState.FAILED, at, code, words)
    # They counted for nothing already; but rows of the dead would pile up.
    session.execute(delete(ResourceUse).where(ResourceUse.job_execution_id == attempt.id).execution_options(synchronize_session=False))
    session.execute(update(JobInstance).where(JobInstance.id == instance_id).values(state=InstanceState.FAILED))
    return attempt


def begin_attempt(session: Session, instance_id: int, by: Actor, at: datetime, *, backend_id: int | None = None) -> tuple[int, int]:
    """Start attempt n + 1: an attempt still marked running is dead (we hold the lock) and becomes failed, kept as evidence.

    What was asked of the attempts before (to stop, to start) is done with. ``backend_id`` is the connection with the lock.
    Returns the execution's id and the attempt's number.
    """
    words = "The process ended without a word; a later attempt found it dead."
    fail_attempt(session, instance_id, at, "CSS610E", words, spare=() if backend_id is None else (backend_id,))
    last = session.execute(select(func.coalesce(func.max(JobExecution.attempt), 0)).where(JobExecution.job_instance_id == instance_id))
    attempt = int(last.scalar_one()) + 1
    execution = JobExecution(
        job_instance_id=instance_id,
        attempt=attempt,
        state=ExecutionState.RUNNING,
        started_by=by.name,
        backend_id=backend_id,
        host=socket.gethostname(),
        process_id=os.getpid(),
        started_at=at,
    )
    session.add(execution)
    session.execute(
        update(JobInstance)
        .where(JobInstance.id == instance_id)
        .values(state=InstanceState.RUNNING, stop_asked_at=None, start_asked_at=None, claimed_until=None)
    )
    session.flush()
    return execution.id, attempt


def is_stop_asked(session: Session, instance_id: int) -> bool:
    """Whether somebody has asked the run to stop since its attempt began."""
    return bool(session.execute(select(JobInstance.stop_asked_at.is_not(None)).where(JobInstance.id == instance_id)).scalar())


def await_decision(session: Session, instance_id: int) -> None:
    """Wait for whoever is deciding about a run (to hold it, to leave it out): what is read of it afterwards holds until we are done."""
    session.execute(select(JobInstance.id).where(JobInstance.id == instance_id).with_for_update(key_share=True))


def begun_at(session: Session, instance_id: int) -> datetime | None:
    """When the first attempt at a run began; None before."""
    return session.execute(select(func.min(JobExecution.started_at)).where(JobExecution.job_instance_id == instance_id)).scalar_one()


def end_attempt(
    session: Session, instance_id: int, execution_id: int, state: ExecutionState, at: datetime, return_code: int, error: CssError | None
) -> bool:
    """Close an attempt and its instance with it; False when a later attempt has taken over, and nothing is written."""
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
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        return False
    session.execute(update(JobInstance).where(JobInstance.id == instance_id).values(state=InstanceState(state.value)))
    return True


def end_step_attempts(
    session: Session, execution_id: int, state: ExecutionState, at: datetime, code: str | None, words: str | None
) -> None:
    """Close what an attempt did of its steps, with what it counted: the step's counts without those of attempts before."""
    other = aliased(StepAttempt)
    own = {
        name: getattr(StepExecution, name)
        - func.coalesce(
            select(func.sum(getattr(other, name)))
            .where(other.step_execution_id == StepAttempt.step_execution_id, other.id != StepAttempt.id)
            .scalar_subquery(),
            0,
        )
        for name in _COUNTS
    }
    statement = update(StepAttempt).where(
        StepAttempt.job_execution_id == execution_id,
        StepAttempt.state == ExecutionState.RUNNING,
        StepExecution.id == StepAttempt.step_execution_id,
    )
    session.execute(
        statement.values(state=state, ended_at=at, message_code=code, message_words=words, **own).execution_options(
            synchronize_session=False
        )
    )


def refuse_running(session: Session, instance: Instance) -> Conflict:
    """The sentence for whoever starts a net that is running: which attempt, where, since when."""
    attempt = running_attempt(session, instance.id)
    if attempt is None:
        return Conflict("CSS603E", "The {net} net is being started by another process; look again in a moment.", net=instance.net)
    return Conflict(
        "CSS602E",
        "The {net} net for {district} {date} is running already: attempt {attempt} on {host}, process {process}, since {since}.",
        net=instance.net,
        district=instance.district_code or "the house",
        date=instance.business_date,
        attempt=attempt.attempt,
        host=attempt.host,
        process=attempt.process_id,
        since=clock_words(attempt.started_at),
    )
