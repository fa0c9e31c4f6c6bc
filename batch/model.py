"""The job repository: nets planned for a date, attempts at them, steps, blocks, rejects and control totals.

Spring Batch's words with Control-M's business date (batch semantics in ``docs/batch-runbook.md``). An instance exists
once for net, business date, district and parameters, by the database's key and not the scheduler's; attempts hang below
it and are never overwritten; a checkpoint is committed with the output it stands for, under the fence of its execution.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from css.core.money import Money
from css.db.base import Base, Id, Ref, SmallNumber, choice


class InstanceState(StrEnum):
    """How a planned run stands."""

    PLANNED = "planned"  # -> running
    RUNNING = "running"  # -> completed, failed, stopped
    FAILED = "failed"  # -> running (attempt n + 1)
    STOPPED = "stopped"  # -> running
    COMPLETED = "completed"


class ExecutionState(StrEnum):
    """How an attempt ended."""

    RUNNING = "running"  # -> completed, failed, stopped
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


class StepState(StrEnum):
    """How a step stands."""

    RUNNING = "running"  # -> completed, failed; a restart takes it up from its checkpoint
    FAILED = "failed"  # -> running
    COMPLETED = "completed"


class BlockState(StrEnum):
    """How a block of a step's work stands."""

    WAITING = "waiting"  # -> done
    DONE = "done"


class RejectState(StrEnum):
    """What became of an item set aside."""

    OPEN = "open"  # -> replayed, dropped
    REPLAYED = "replayed"
    DROPPED = "dropped"


class JobInstance(Base):
    """A net for a business date and district: exists once."""

    __tablename__ = "job_instance"
    __table_args__ = (UniqueConstraint("net", "business_date", "district_code", "parameter_key"), {"schema": "batch"})

    id: Mapped[Id]
    net: Mapped[str]
    """The name of the plan."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    business_date: Mapped[date]
    parameter_key: Mapped[str] = mapped_column(server_default="")
    """Tells runs of one net and date apart; empty for the ordinary one."""
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What the run was given besides."""
    state: Mapped[InstanceState] = mapped_column(choice(InstanceState, "state"))
    planned_at: Mapped[datetime]
    """When it was planned."""


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
    """A step of an instance: its state, its checkpoint and its counts, which must close."""

    __tablename__ = "step_execution"
    __table_args__ = (
        UniqueConstraint("job_instance_id", "step"),
        CheckConstraint("state <> 'completed' OR read_count = written_count + filtered_count + rejected_count", name="counts_close"),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    job_execution_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_execution.id"))
    """The attempt that holds it: the fence."""
    step: Mapped[str]
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
    ended_at: Mapped[datetime | None]


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
    read_count: Mapped[int] = mapped_column(server_default="0")
    written_count: Mapped[int] = mapped_column(server_default="0")
    filtered_count: Mapped[int] = mapped_column(server_default="0")
    rejected_count: Mapped[int] = mapped_column(server_default="0")


class ControlTotal(Base):
    """A count or amount at a joint of the night, compared with the one on the other side."""

    __tablename__ = "control_total"
    __table_args__ = (UniqueConstraint("job_instance_id", "step", "name"), {"schema": "batch"})

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str]
    name: Mapped[str]
    """``calls rated``, ``bills released``, ``invoice gross``."""
    item_count: Mapped[int | None]
    """None where nothing is counted."""
    amount: Mapped[Money | None]
    """None where nothing is added up."""


class Reject(Base):
    """An item set aside with its reason, so that the rest could go on. The raw item is kept."""

    __tablename__ = "reject"
    __table_args__ = (
        UniqueConstraint("source_key"),
        Index("ix_reject_open", "job_instance_id", "step", postgresql_where=text("state = 'open'")),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str]
    source_key: Mapped[str]
    """What was rejected, once: ``usage/42/17`` is line 17 of usage file 42."""
    reason_code: Mapped[str]
    """Why: a message code."""
    words: Mapped[str]
    raw: Mapped[str]
    state: Mapped[RejectState] = mapped_column(choice(RejectState, "state"))
    rejected_at: Mapped[datetime]
    """When it was set aside."""


class OperatorAction(Base):
    """What a person told a net to do, and why."""

    __tablename__ = "operator_action"
    __table_args__ = ({"schema": "batch"},)

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    verb: Mapped[str]
    done_by: Mapped[str]
    reason: Mapped[str]
    done_at: Mapped[datetime]
    """When."""
