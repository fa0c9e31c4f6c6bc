"""When nets run, what watches the time, and what they share."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from batch.words import Cycle, Shift
from css.db.base import Base, Id, Ref, SmallNumber, choice


class Schedule(Base):
    """When a net runs in a district, from a business date on. Where there is no row, the net's own plan holds."""

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("net", "district_code", "from_date", postgresql_nulls_not_distinct=True),
        CheckConstraint("(cycle = 'weekly') = (weekday IS NOT NULL) AND coalesce(weekday BETWEEN 0 AND 6, TRUE)", name="weekday_of_weekly"),
        {"schema": "batch"},
    )

    id: Mapped[Id]
    net: Mapped[str]
    """The name of the net."""
    district_code: Mapped[str | None] = mapped_column(String(2), ForeignKey("css.district.code"))
    """None: every district that has no row of its own."""
    from_date: Mapped[date]
    """The first business date it holds for; until the next row's."""
    cycle: Mapped[Cycle] = mapped_column(choice(Cycle, "cycle"))
    """On which business dates."""
    weekday: Mapped[SmallNumber | None] = mapped_column(Integer)
    """0 Monday to 6 Sunday, of a weekly net."""
    shift: Mapped[Shift] = mapped_column(choice(Shift, "shift"))
    """What becomes of a date that is no working day."""
    starts_at: Mapped[time]
    """London time on the day after the business date."""
    must_start_by: Mapped[time]
    """London time on that day."""
    must_end_by: Mapped[time]
    """London time on that day."""
    priority: Mapped[SmallNumber] = mapped_column(Integer)
    """Of what is ready the smallest number starts first."""
    is_enabled: Mapped[bool] = mapped_column(server_default="true")
    """False: it is not planned."""
    set_by: Mapped[str]
    """Who set it."""
    set_at: Mapped[datetime]
    """When it was set."""


class NightClock(Base):
    """A process that looks what is due. Any number may; none is the leader."""

    __tablename__ = "night_clock"
    __table_args__ = ({"schema": "batch"},)

    id: Mapped[Id]
    host: Mapped[str]
    """The machine."""
    process_id: Mapped[SmallNumber] = mapped_column(Integer)
    """The process on it."""
    started_at: Mapped[datetime]
    """When it began to look."""
    beat_at: Mapped[datetime]
    """When it last looked, by the clock of the database."""
    skew_seconds: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How far its machine's clock was ahead of the database's when it last looked."""
    ended_at: Mapped[datetime | None]
    """When it said that it stops; None while it looks, or when it died."""


class Resource(Base):
    """Something of which there is only so much: the ledger, rendering, the disk."""

    __tablename__ = "resource"
    __table_args__ = (CheckConstraint("capacity >= 0", name="capacity_positive"), {"schema": "batch"})

    name: Mapped[str] = mapped_column(primary_key=True)
    """What steps call it."""
    capacity: Mapped[SmallNumber] = mapped_column(Integer)
    """How many units may be in use at once, in all nets and districts."""
    words: Mapped[str]
    """What it stands for."""


class ResourceUse(Base):
    """Units of a resource in use by a step of an attempt; those of a dead attempt count for nothing."""

    __tablename__ = "resource_use"
    __table_args__ = (UniqueConstraint("resource", "job_execution_id", "step"), {"schema": "batch"})

    id: Mapped[Id]
    resource: Mapped[str] = mapped_column(ForeignKey("batch.resource.name"))
    """Which one."""
    job_execution_id: Mapped[Ref] = mapped_column(ForeignKey("batch.job_execution.id"))
    """The attempt that holds it."""
    step: Mapped[str]
    """The step that holds it."""
    units: Mapped[SmallNumber] = mapped_column(Integer)
    """How many."""
    taken_at: Mapped[datetime]
    """Since when."""
