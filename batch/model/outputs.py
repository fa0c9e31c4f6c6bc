"""What runs put on the disk, how long it is kept, and what was thrown away."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from batch.words import GenerationState
from css.db.base import Base, Id, Ref, SmallNumber, choice


class DatasetGeneration(Base):
    """An output of a run, catalogued when it is whole: its place, its size and its checksum."""

    __tablename__ = "dataset_generation"
    __table_args__ = (
        UniqueConstraint("dataset", "generation"),
        Index("ix_dataset_generation_job_instance_id", "job_instance_id"),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    dataset: Mapped[str]
    """``bills/ZZ``, ``morning-report/ZZ``, ``backup``."""
    generation: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 for each dataset; resolved once for a run of a step, and the same in every attempt at it."""
    job_instance_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_instance.id"))
    step: Mapped[str]
    """The step that made it."""
    step_generation: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """Of the step."""
    path: Mapped[str]
    """Of the directory that holds it and its manifest, below the installation's directory."""
    item_count: Mapped[int | None]
    """How many bills it is of; None where nothing comes to a generation later."""
    file_count: Mapped[int] = mapped_column(server_default="0")
    """How many files it has."""
    byte_count: Mapped[int] = mapped_column(server_default="0")
    """How large they are together."""
    sha256: Mapped[str | None]
    """Of the manifest ``SHA256SUMS``, which has that of each file; None while it is written."""
    state: Mapped[GenerationState] = mapped_column(choice(GenerationState, "state"))
    made_at: Mapped[datetime]
    """When its number was taken."""
    catalogued_at: Mapped[datetime | None]
    """When it was whole."""
    purged_at: Mapped[datetime | None]
    """When it was thrown away."""
    verified_at: Mapped[datetime | None]
    """When its files were last read back and found as the manifest says."""


class DatasetFile(Base):
    """A file of a generation with its bytes, from which it can be written again. Bills and backups have none: theirs lie elsewhere."""

    __tablename__ = "dataset_file"
    __table_args__ = ({"schema": "batch"},)

    dataset_generation_id: Mapped[Ref] = mapped_column(ForeignKey("batch.dataset_generation.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    """Below the generation's directory."""
    sha256: Mapped[str]
    """Of its bytes."""
    content: Mapped[bytes]
    """Its bytes; they go when the generation is purged."""


class RetentionRule(Base):
    """How long something is kept, where somebody has said other than the program does."""

    __tablename__ = "retention_rule"
    __table_args__ = (
        CheckConstraint("keep_days > 0", name="keep_days_positive"),
        CheckConstraint("keep_weeks >= 0 AND keep_months >= 0", name="keep_more"),
        {"schema": "batch"},
    )

    subject: Mapped[str] = mapped_column(primary_key=True)
    """A dataset's first name (``backup``) or a kind of rows (``call-detail``)."""
    keep_days: Mapped[SmallNumber] = mapped_column(Integer)
    """Business dates."""
    keep_weeks: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """Of a dataset: the last of each of so many weeks is kept, too."""
    keep_months: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """Of a dataset: the last of each of so many months is kept, too."""
    set_by: Mapped[str]
    """Who set it."""
    set_at: Mapped[datetime]
    """When it was set."""
    reason: Mapped[str]
    """Why."""


class RetentionHold(Base):
    """While it stands, nothing of what it covers is archived, made anonymous or thrown away: a court or the regulator may ask for it."""

    __tablename__ = "retention_hold"
    __table_args__ = (
        CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="release_whole"),
        Index("ix_retention_hold_standing", "subject", postgresql_where=text("released_at IS NULL")),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    subject: Mapped[str | None]
    """As in the rule; None: everything."""
    district_code: Mapped[str | None] = mapped_column(String(2), ForeignKey("css.district.code"))
    """None: everywhere."""
    reason: Mapped[str]
    """Who asks for it, and the reference."""
    held_by: Mapped[str]
    """Who said so."""
    held_at: Mapped[datetime]
    """When."""
    released_by: Mapped[str | None]
    """Who ended it; None while it stands."""
    released_at: Mapped[datetime | None]
    """When it ended."""


class RetentionRun(Base):
    """What a night put away or threw away by a rule of retention: control totals of what is no longer there."""

    __tablename__ = "retention_run"
    __table_args__ = (
        UniqueConstraint(
            "subject", "business_date", "district_code", "archive_path", name="uq_retention_run_once", postgresql_nulls_not_distinct=True
        ),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    subject: Mapped[str]
    """As in the rule."""
    district_code: Mapped[str | None] = mapped_column(String(2), ForeignKey("css.district.code"))
    business_date: Mapped[date]
    kept_from: Mapped[date]
    """What is of this date or later was kept."""
    archived_count: Mapped[int] = mapped_column(server_default="0")
    """How many were written to the archive."""
    purged_count: Mapped[int] = mapped_column(server_default="0")
    """How many are gone."""
    archive_path: Mapped[str | None]
    """Below the installation's directory; None when nothing was archived. Of a date there may be several archives."""
    archive_sha256: Mapped[str | None]
    """Of the archive's ``SHA256SUMS``."""
    done_at: Mapped[datetime]
    """When it was done."""
