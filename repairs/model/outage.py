"""What many faults have in common: failed plant, matters beyond our control, and problems behind repeats."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice
from css.db.ddl import view
from repairs.words import Activity, OutageState, PlantKind, ProblemKind, ProblemState


class Outage(Base):
    """One failure of shared plant: the faults beneath it are one matter, told once and cleared together."""

    __tablename__ = "outage"
    __table_args__ = (
        CheckConstraint("num_nonnulls(exchange_id, cabinet_id, distribution_point_id) = 1", name="one_element"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_has_instant"),
        CheckConstraint("ended_at >= began_at", name="ends_after_start"),
        Index(
            "uq_outage_exchange_id_open", "exchange_id", unique=True, postgresql_where=text("state = 'open' AND exchange_id IS NOT NULL")
        ),
        Index("uq_outage_cabinet_id_open", "cabinet_id", unique=True, postgresql_where=text("state = 'open' AND cabinet_id IS NOT NULL")),
        Index(
            "uq_outage_distribution_point_id_open",
            "distribution_point_id",
            unique=True,
            postgresql_where=text("state = 'open' AND distribution_point_id IS NOT NULL"),
        ),
        Index("ix_outage_district_code_began_at", "district_code", "began_at"),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    kind: Mapped[PlantKind] = mapped_column(choice(PlantKind, "kind"))
    exchange_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.exchange.id"))
    cabinet_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.cabinet.id"))
    distribution_point_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.distribution_point.id"))
    state: Mapped[OutageState] = mapped_column(choice(OutageState, "state"))
    began_at: Mapped[datetime]
    """When it failed, as far as is known."""
    expected_at: Mapped[datetime | None]
    """When it is expected to work again."""
    ended_at: Mapped[datetime | None]
    cause: Mapped[str]
    """What happened, for us."""
    message: Mapped[str]
    """What every customer beneath it is told."""
    clear_code: Mapped[str | None]
    """What it was, once it is cleared: the code its faults were cleared with."""
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]
    row_version: Mapped[RowVersion]


class Mborc(Base):
    """Matters beyond our reasonable control: from an instant until they are lifted, for an area and an activity."""

    __tablename__ = "mborc"
    __table_args__ = (
        CheckConstraint("num_nonnulls(exchange_id, cabinet_id) <= 1", name="one_area"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        Index("ix_mborc_in_force", "district_code", "activity", postgresql_where=text("ends_at IS NULL")),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    exchange_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.exchange.id"))
    """None: the whole district, or a cabinet's lines only."""
    cabinet_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.cabinet.id"))
    activity: Mapped[Activity] = mapped_column(choice(Activity, "activity"))
    cause: Mapped[str]
    """What it is: storm Ada, a strike, flooding."""
    clear_codes: Mapped[str | None]
    """Narrowed to faults that turn out to be caused by it: their clear codes, with spaces between. None: every fault."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    """When it was lifted; none while it is in force."""
    declared_by: Mapped[str]
    declared_at: Mapped[datetime]
    lifted_by: Mapped[str | None]
    """Who said that it is over."""


MBORC_VIEW = view(
    "repairs.mborc_v",
    """
SELECT m.id AS mborc_id, m.district_code, m.exchange_id, m.cabinet_id, m.activity, m.cause, m.clear_codes, m.starts_at, m.ends_at
  FROM repairs.mborc m
""",
)


class Problem(Base):
    """What repeats: several faults on one line, distribution point or cabinet, for somebody to find the reason of."""

    __tablename__ = "problem"
    __table_args__ = (
        CheckConstraint("num_nonnulls(line_id, distribution_point_id, cabinet_id) = 1", name="one_element"),
        CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)", name="closed_has_day"),
        Index("uq_problem_line_id_open", "line_id", unique=True, postgresql_where=text("state = 'open' AND line_id IS NOT NULL")),
        Index(
            "uq_problem_distribution_point_id_open",
            "distribution_point_id",
            unique=True,
            postgresql_where=text("state = 'open' AND distribution_point_id IS NOT NULL"),
        ),
        Index("uq_problem_cabinet_id_open", "cabinet_id", unique=True, postgresql_where=text("state = 'open' AND cabinet_id IS NOT NULL")),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    kind: Mapped[ProblemKind] = mapped_column(choice(ProblemKind, "kind"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    distribution_point_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.distribution_point.id"))
    cabinet_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.cabinet.id"))
    state: Mapped[ProblemState] = mapped_column(choice(ProblemState, "state"))
    opened_on: Mapped[date]
    """The business date of the night that found it."""
    last_on: Mapped[date]
    """The business date of the night that last added a fault."""
    closed_on: Mapped[date | None]
    """The business date on which somebody closed it."""
    closed_by: Mapped[str | None]
    """Who closed it."""
    words: Mapped[str | None]
    """What was found and done, once it is closed."""
    row_version: Mapped[RowVersion]


class ProblemFault(Base):
    """A fault that belongs to a problem; it may belong to one of each kind."""

    __tablename__ = "problem_fault"
    __table_args__ = (Index("ix_problem_fault_fault_id", "fault_id"), {"schema": "repairs"})

    problem_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.problem.id"), primary_key=True)
    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"), primary_key=True)
    added_on: Mapped[date]
    """The business date of the night."""
    position: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 in the order they were reported."""
