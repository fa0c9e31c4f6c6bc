"""Appointments: a promised slot at a site. An order's or a fault's; not a visit, which is what happens in it.

The book has so many visits for an exchange's area, a skill and a half-day. The standing pattern says how many; a day's own
row says otherwise, and is what whoever books locks, so that of two for the last visit one gets it.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import AppointmentState, HalfDay, MissCause, Skill
from css.db.base import Base, Id, Ref, SmallNumber, choice


class SlotPattern(Base):
    """How many visits there are for a skill in every week's half-day: an exchange's own, or the house's where it has none.

    The latest row that has begun counts.
    """

    __tablename__ = "slot_pattern"
    __table_args__ = (
        UniqueConstraint("exchange_id", "skill", "weekday", "half_day", "starts_on", postgresql_nulls_not_distinct=True),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_of_week"),
        CheckConstraint("capacity >= 0", name="capacity_counts"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    exchange_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.exchange.id"))
    """None: every exchange that has none of its own for the skill, weekday and half-day."""
    skill: Mapped[Skill] = mapped_column(choice(Skill, "skill"))
    weekday: Mapped[SmallNumber] = mapped_column(Integer)
    """ISO: 1 is Monday, 7 Sunday."""
    half_day: Mapped[HalfDay] = mapped_column(choice(HalfDay, "half_day"))
    capacity: Mapped[SmallNumber] = mapped_column(Integer)
    """Visits."""
    starts_on: Mapped[date]


class SlotDay(Base):
    """A half-day of an exchange's area for a skill, once somebody booked in it or a planner changed how many visits it has."""

    __tablename__ = "slot_day"
    __table_args__ = (
        UniqueConstraint("exchange_id", "skill", "slot_on", "half_day"),
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity_counts"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"))
    skill: Mapped[Skill] = mapped_column(choice(Skill, "skill"))
    slot_on: Mapped[date]
    """The day."""
    half_day: Mapped[HalfDay] = mapped_column(choice(HalfDay, "half_day"))
    capacity: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Visits, as a planner set them for the day; None goes by the pattern."""


class Appointment(Base):
    """A slot promised to a customer at a site, or held for a day while it is talked about."""

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint("state <> 'held' OR held_until_at IS NOT NULL", name="held_has_end"),
        CheckConstraint("(state = 'missed') = (miss_cause IS NOT NULL)", name="missed_has_cause"),
        Index("ix_appointment_district_code_slot_on", "district_code", "slot_on"),
        Index("ix_appointment_slot", "exchange_id", "skill", "slot_on", "half_day"),
        Index("ix_appointment_site_id", "site_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    number: Mapped[str | None] = mapped_column(unique=True)
    """What people and partners read out; none of those made before they had numbers."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"))
    """Whose area: engineers belong to one."""
    site_id: Mapped[Ref] = mapped_column(ForeignKey("css.site.id"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    """For whose order or fault."""
    skill: Mapped[Skill] = mapped_column(choice(Skill, "skill"), server_default=Skill.INSTALL.value)
    slot_on: Mapped[date]
    """The day."""
    half_day: Mapped[HalfDay] = mapped_column(choice(HalfDay, "half_day"))
    state: Mapped[AppointmentState] = mapped_column(choice(AppointmentState, "state"))
    held_until_at: Mapped[datetime | None]
    """Until when a slot that is only held is kept; from then on it is anybody's, whether its row says so yet or not."""
    reference: Mapped[str | None]
    """The order or fault it is for, once booked."""
    made_by: Mapped[str | None]
    """Who held or booked it."""
    miss_cause: Mapped[MissCause | None] = mapped_column(choice(MissCause, "miss_cause"))
