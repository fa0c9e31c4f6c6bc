"""Appointments: a promised slot at a site. An order's or a fault's; not a visit, which is what happens in it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import AppointmentState, HalfDay
from css.db.base import Base, Id, Ref, choice


class Appointment(Base):
    """A slot promised to a customer at a site."""

    __tablename__ = "appointment"
    __table_args__ = (Index("ix_appointment_district_code_slot_on", "district_code", "slot_on"), {"schema": "css"})

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    site_id: Mapped[Ref] = mapped_column(ForeignKey("css.site.id"))
    slot_on: Mapped[date]
    """The day."""
    half_day: Mapped[HalfDay] = mapped_column(choice(HalfDay, "half_day"))
    state: Mapped[AppointmentState] = mapped_column(choice(AppointmentState, "state"))
    held_until_at: Mapped[datetime | None]
    """Until when a slot that is only held is kept."""
