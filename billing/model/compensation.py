"""What broken promises cost: dated amounts, how days are counted, and which days were credited already."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from billing.words import DayCount, OutsideKind
from css.core.money import Money
from css.core.words import FailureKind
from css.db.base import Base, Ref, SmallNumber, choice


class CompensationRate(Base):
    """What a broken promise costs, by the date the issue began."""

    __tablename__ = "compensation_rate"
    __table_args__ = ({"schema": "billing"},)

    kind: Mapped[FailureKind] = mapped_column(choice(FailureKind, "kind"), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Money]
    """Per day for a delayed repair or start, once for a missed appointment."""


class CompensationPolicy(Base):
    """How days are counted for automatic compensation, for what began from a day on. The house's reading of the code: provisional."""

    __tablename__ = "compensation_policy"
    __table_args__ = (
        CheckConstraint("working_days >= 0", name="working_days_count"),
        {"schema": "billing"},
    )

    starts_on: Mapped[date] = mapped_column(primary_key=True)
    day_count: Mapped[DayCount] = mapped_column(choice(DayCount, "day_count"))
    """Which days count."""
    working_days: Mapped[SmallNumber] = mapped_column(Integer)
    """Full working days after the report in which nothing is owed."""


class GuaranteeRate(Base):
    """What a wholesale service guarantee that was not kept costs, by the date the issue began."""

    __tablename__ = "guarantee_rate"
    __table_args__ = (
        CheckConstraint("days_max IS NULL OR days_max > 0", name="days_count"),
        {"schema": "billing"},
    )

    kind: Mapped[FailureKind] = mapped_column(choice(FailureKind, "kind"), primary_key=True)
    care_level: Mapped[str] = mapped_column(primary_key=True)
    """Empty: of every level that has no row of its own."""
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Money]
    """Per day or part of one for a delayed repair or start, once for a missed appointment."""
    days_max: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Never more days than these for one failure; None without limit."""


class CreditedDay(Base):
    """A day for which a line was compensated or a guarantee credited: never twice, whatever is reported or cleared again."""

    __tablename__ = "credited_day"
    __table_args__ = (
        Index("ix_credited_day_source_key", "source_key"),
        {"schema": "billing"},
    )

    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"), primary_key=True)
    kind: Mapped[FailureKind] = mapped_column(choice(FailureKind, "kind"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    """The day in London; of a guarantee, the date on which the day late begins."""
    source_key: Mapped[str]
    """The failure on the shelf that it was for, and so the outside item."""
    amount: Mapped[Money]
    """What the day was worth, as a positive amount."""


class OutsideNominal(Base):
    """Which nominal stands against what is owed outside the invoice, from a day on: the latest row that has begun counts."""

    __tablename__ = "outside_nominal"
    __table_args__ = ({"schema": "billing"},)

    kind: Mapped[OutsideKind] = mapped_column(choice(OutsideKind, "kind"), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    nominal_code: Mapped[str] = mapped_column(ForeignKey("billing.nominal.code"))
