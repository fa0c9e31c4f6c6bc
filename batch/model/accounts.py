"""What a run counted, balanced, set aside and warned of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from batch.words import AlarmKind, RejectState
from css.core.money import Money
from css.db.base import Base, Id, Ref, SmallNumber, choice


class ControlTotal(Base):
    """A count or amount at a joint of the night, compared with the one on the other side."""

    __tablename__ = "control_total"
    __table_args__ = (UniqueConstraint("job_instance_id", "step", "generation", "name"), {"schema": "batch"})

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str]
    generation: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """Of the step."""
    name: Mapped[str]
    """``calls rated``, ``bills released``, ``invoice gross``."""
    item_count: Mapped[int | None]
    """None where nothing is counted."""
    amount: Mapped[Money | None]
    """None where nothing is added up."""


class Balance(Base):
    """A joint of the night as it was found: two sides, counted apart, that must be one."""

    __tablename__ = "balance"
    __table_args__ = (UniqueConstraint("job_instance_id", "step", "generation", "joint"), {"schema": "batch"})

    id: Mapped[Id]
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str]
    generation: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """Of the step."""
    joint: Mapped[str]
    """Its name: ``rated calls``."""
    in_words: Mapped[str]
    """What came in, in words."""
    in_count: Mapped[int | None]
    """None where nothing is counted."""
    in_amount: Mapped[Money | None]
    """None where nothing is added up."""
    out_words: Mapped[str]
    """What went out, was filtered or set aside, in words."""
    out_count: Mapped[int | None]
    """None where nothing is counted."""
    out_amount: Mapped[Money | None]
    """None where nothing is added up."""
    difference: Mapped[str | None]
    """In words; None when both sides are one."""
    checked_at: Mapped[datetime]
    """When both sides were counted."""


class Alarm(Base):
    """Something that a person must look at. Raised once for what it is about, and counted when it comes again."""

    __tablename__ = "alarm"
    __table_args__ = (
        UniqueConstraint("job_instance_id", "step", "kind", "words", postgresql_nulls_not_distinct=True),
        Index("ix_alarm_open", "raised_at", postgresql_where=text("ended_at IS NULL AND seen_at IS NULL")),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    job_instance_id: Mapped[Ref | None] = mapped_column(ForeignKey("batch.job_instance.id"))
    """None for what no run is to blame for: no clock."""
    step: Mapped[str | None]
    """None when it is about the whole run."""
    kind: Mapped[AlarmKind] = mapped_column(choice(AlarmKind, "kind"))
    """What it is about."""
    words: Mapped[str]
    """What is wrong, and where to look."""
    times: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """How often it was raised."""
    raised_at: Mapped[datetime]
    """The first time."""
    ended_at: Mapped[datetime | None]
    """When it was over by itself: the late run ended."""
    seen_at: Mapped[datetime | None]
    """When somebody said that they had looked at it."""
    seen_by: Mapped[str | None]
    """Who has looked at it."""


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
    settled_at: Mapped[datetime | None]
    """When it was replayed or dropped."""
    settled_by: Mapped[str | None]
    """Who did it; the night itself when it found the cause mended."""
    settled_words: Mapped[str | None]
    """What became of it, or why it was dropped."""
