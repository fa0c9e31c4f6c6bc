"""Nets planned for a date, attempts at them, their steps and blocks, and what people told them.

Spring Batch's words with Control-M's business date (batch semantics in ``docs/batch-runbook.md``). An instance exists
once for net, business date, district and parameters, by the database's key and not the scheduler's; attempts hang below
it and are never overwritten; a checkpoint is committed with the output it stands for, under the fence of its execution.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from batch.words import BlockState, ExecutionState, InstanceState, StepState
from css.db.base import Base, Id, Ref, SmallNumber, choice
from css.db.ddl import stored


class JobInstance(Base):
    """A net for a business date and district, or for the whole house: exists once."""

    __tablename__ = "job_instance"
    __table_args__ = (
        UniqueConstraint("net", "business_date", "district_code", "parameter_key", postgresql_nulls_not_distinct=True),
        CheckConstraint("priority BETWEEN 1 AND 99", name="priority_range"),
        CheckConstraint("(held_at IS NULL) = (held_by IS NULL) AND (held_at IS NULL) = (hold_reason IS NULL)", name="hold_whole"),
        Index("ix_job_instance_open", "business_date", postgresql_where=text("state NOT IN ('completed', 'skipped')")),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    net: Mapped[str]
    """The name of the plan."""
    district_code: Mapped[str | None] = mapped_column(String(2), ForeignKey("css.district.code"))
    """None for a net of the whole house."""
    business_date: Mapped[date]
    parameter_key: Mapped[str] = mapped_column(server_default="")
    """Tells runs of one net and date apart; empty for the ordinary one."""
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What the run was given besides."""
    state: Mapped[InstanceState] = mapped_column(choice(InstanceState, "state"))
    planned_at: Mapped[datetime]
    """When it was planned."""
    planned_by: Mapped[str] = mapped_column(server_default="")
    """Who planned it: a clock, or a person."""
    start_after: Mapped[datetime | None]
    """Not before this; None: at any time."""
    must_start_by: Mapped[datetime | None]
    """Later is late, and an alarm."""
    must_end_by: Mapped[datetime | None]
    """Later is late, and an alarm."""
    priority: Mapped[SmallNumber] = mapped_column(Integer, server_default="50")
    """Of what is ready the smallest number starts first."""
    held_at: Mapped[datetime | None]
    """Since when it may not start; one that runs goes on."""
    held_by: Mapped[str | None]
    """Who holds it."""
    hold_reason: Mapped[str | None]
    """Why it is held."""
    forced_at: Mapped[datetime | None]
    """Since when it may start though what it waits for has not come."""
    stop_asked_at: Mapped[datetime | None]
    """Since when the running attempt is to stop at its next block."""
    start_asked_at: Mapped[datetime | None]
    """Since when somebody wants it started now; until an attempt has begun."""
    claimed_until: Mapped[datetime | None]
    """Until then the starting of it is a certain clock's."""


class JobExecution(Base):
    """One attempt at an instance. One runs at a time (uq_job_execution_running)."""

    __tablename__ = "job_execution"
    __table_args__ = (
        UniqueConstraint("job_instance_id", "attempt"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended_when_not_running"),
        Index("uq_job_execution_running", "job_instance_id", unique=True, postgresql_where=text("state = 'running'")),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    attempt: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 for each instance."""
    state: Mapped[ExecutionState] = mapped_column(choice(ExecutionState, "state"))
    started_by: Mapped[str]
    """Who or what started it."""
    backend_id: Mapped[SmallNumber | None] = mapped_column(Integer)
    """The server's process of the connection that holds the run."""
    host: Mapped[str]
    """On which machine."""
    process_id: Mapped[SmallNumber] = mapped_column(Integer)
    """As which process of it."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    return_code: Mapped[SmallNumber | None] = mapped_column(Integer)
    """0 completed, 4 completed with rejects, 8 too many rejects, 12 out of balance, 16 infrastructure or killed."""
    message_code: Mapped[str | None]
    """Why it ended, when not well."""
    message_words: Mapped[str | None]
    """The same in words."""


class StepExecution(Base):
    """A step of an instance: its state, its checkpoint and its counts, which must close. Run again from the top it is a new generation."""

    __tablename__ = "step_execution"
    __table_args__ = (
        UniqueConstraint("job_instance_id", "step", "generation"),
        Index("uq_step_execution_current", "job_instance_id", "step", unique=True, postgresql_where=text("superseded_at IS NULL")),
        CheckConstraint("state <> 'completed' OR read_count = written_count + filtered_count + rejected_count", name="counts_close"),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    job_execution_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_execution.id"))
    """The attempt that holds it: the fence."""
    step: Mapped[str]
    generation: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """1, and one more each time the step is run again from the top."""
    superseded_at: Mapped[datetime | None]
    """Since when a later generation stands for it."""
    ordinal: Mapped[SmallNumber] = mapped_column(Integer)
    """Its place in the net, from 1."""
    state: Mapped[StepState] = mapped_column(choice(StepState, "state"))
    checkpoint: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Whatever the step needs to go on: the last key done."""
    read_count: Mapped[int] = mapped_column(server_default="0")
    written_count: Mapped[int] = mapped_column(server_default="0")
    filtered_count: Mapped[int] = mapped_column(server_default="0")
    rejected_count: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime]
    progressed_at: Mapped[datetime | None]
    """When it last committed anything, by the clock of the database."""
    ended_at: Mapped[datetime | None]
    message_code: Mapped[str | None]
    """Why it failed, stopped or was left out."""
    message_words: Mapped[str | None]
    """The same in words."""


class StepAttempt(Base):
    """What one attempt did of a step. Never written again once it has ended (a trigger refuses)."""

    __tablename__ = "step_attempt"
    __table_args__ = (
        UniqueConstraint("step_execution_id", "job_execution_id"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended_when_not_running"),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    step_execution_id: Mapped[Ref] = mapped_column(ForeignKey("batch.step_execution.id"))
    job_execution_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_execution.id"))
    state: Mapped[ExecutionState] = mapped_column(choice(ExecutionState, "state"))
    started_at: Mapped[datetime]
    """When this attempt took the step up."""
    ended_at: Mapped[datetime | None]
    read_count: Mapped[int] = mapped_column(server_default="0")
    """What this attempt read, and no other."""
    written_count: Mapped[int] = mapped_column(server_default="0")
    """What this attempt wrote."""
    filtered_count: Mapped[int] = mapped_column(server_default="0")
    """What this attempt left alone."""
    rejected_count: Mapped[int] = mapped_column(server_default="0")
    """What this attempt set aside."""
    message_code: Mapped[str | None]
    """Why it ended, when not well."""
    message_words: Mapped[str | None]
    """The same in words."""


class StepControl(Base):
    """What a person decided about a step of an instance before its turn comes."""

    __tablename__ = "step_control"
    __table_args__ = (UniqueConstraint("job_instance_id", "step"), {"schema": "batch"})

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str]
    held_at: Mapped[datetime | None]
    """The net goes no further than this step until it is released."""
    held_by: Mapped[str | None]
    """Who holds it."""
    hold_reason: Mapped[str | None]
    """Why it is held."""
    skipped_at: Mapped[datetime | None]
    """The step is left out when its turn comes."""
    skipped_by: Mapped[str | None]
    """Who leaves it out."""
    skip_reason: Mapped[str | None]
    """Why it is left out."""
    forced_at: Mapped[datetime | None]
    """Its condition, its cut-off and its limit of rejects do not hold it back."""
    forced_by: Mapped[str | None]
    """Who lets it go on."""
    force_reason: Mapped[str | None]
    """Why it may go on."""


class Block(Base):
    """A part of a step's work that one worker does whole: made once for an instance and never recomputed."""

    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("step_execution_id", "block_number"), {"schema": "batch"})

    id: Mapped[Id]
    step_execution_id: Mapped[Ref] = mapped_column(ForeignKey("batch.step_execution.id"))
    block_number: Mapped[SmallNumber] = mapped_column(Integer)
    """Its place in the step, from 1."""
    first_key: Mapped[int]
    """The keys it does."""
    last_key: Mapped[int]
    """Both ends included."""
    state: Mapped[BlockState] = mapped_column(choice(BlockState, "state"))
    job_execution_id: Mapped[Ref | None] = mapped_column(ForeignKey("batch.job_execution.id"))
    """The attempt that did it."""
    done_at: Mapped[datetime | None]
    """When it was committed."""
    read_count: Mapped[int] = mapped_column(server_default="0")
    written_count: Mapped[int] = mapped_column(server_default="0")
    filtered_count: Mapped[int] = mapped_column(server_default="0")
    rejected_count: Mapped[int] = mapped_column(server_default="0")


class OperatorAction(Base):
    """What a person told a net to do, and why."""

    __tablename__ = "operator_action"
    __table_args__ = ({"schema": "batch"},)

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str | None]
    """None when it was about the whole run."""
    verb: Mapped[str]
    done_by: Mapped[str]
    approved_by: Mapped[str | None]
    """The second person, who signed at the same desk; None where nobody did."""
    reason: Mapped[str]
    consequence: Mapped[str] = mapped_column(server_default="")
    """What it led to, as the person was told."""
    done_at: Mapped[datetime]
    """When."""


PAUSED: Final = stored(
    "batch.paused",
    """
CREATE FUNCTION batch.paused(of_step bigint) RETURNS interval LANGUAGE sql STABLE AS $$
-- How long no attempt was at a step, from its first taking up to its end. Of one that died nobody knows when, so that none of it counts.
SELECT coalesce(sum(a.next_at - CASE WHEN a.message_code = 'CSS610E' THEN a.started_at ELSE a.ended_at END), interval '0')
  FROM (SELECT x.started_at, x.ended_at, x.message_code, lead(x.started_at) OVER (ORDER BY x.started_at, x.id) AS next_at
          FROM batch.step_attempt x
         WHERE x.step_execution_id = of_step) a
 WHERE a.next_at IS NOT NULL AND a.ended_at IS NOT NULL
$$
""",
    "DROP FUNCTION batch.paused",
)
"""The pause between attempts is nobody's: it is taken from how long a step took wherever that is said."""

ENDED_STAYS: Final = stored(
    "batch.ended_attempt_stays",
    """
CREATE FUNCTION batch.ended_attempt_stays() RETURNS trigger LANGUAGE plpgsql AS $$
-- An attempt that has ended is neither written again nor deleted.
BEGIN
    RAISE EXCEPTION 'an attempt that has ended is evidence and stays as it is: %, id %', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$
""",
    "DROP FUNCTION batch.ended_attempt_stays",
)
"""Attempts are never overwritten, whatever program tries."""

for _table in ("job_execution", "step_attempt"):
    stored(
        f"batch.{_table}.ended_stays",
        f"""
CREATE TRIGGER ended_stays BEFORE UPDATE OR DELETE ON batch.{_table}
   FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION batch.ended_attempt_stays()
""",
        f"DROP TRIGGER ended_stays ON batch.{_table}",
    )
