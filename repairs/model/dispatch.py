"""Engineers and their work: who can do what, where and when, and who has which fault."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, RowVersion, choice, code_form
from repairs.words import Craft, ReturnReason, VisitState


class Engineer(Base):
    """Somebody who mends lines: our own, or a contractor's firm's."""

    __tablename__ = "engineer"
    __table_args__ = (
        code_form("code", "^[A-Z][A-Z0-9]{1,7}$", "code_form"),
        Index("ix_engineer_district_code", "district_code"),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    """Who signs on with the same operator code is this engineer."""
    name: Mapped[str]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    firm: Mapped[str | None]
    """The contractor's; None for our own."""
    calendar_code: Mapped[str] = mapped_column(ForeignKey("css.working_calendar.code"))
    """The shift."""
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    row_version: Mapped[RowVersion]


class EngineerCraft(Base):
    """Something an engineer can do."""

    __tablename__ = "engineer_craft"
    __table_args__ = ({"schema": "repairs"},)

    engineer_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.engineer.id"), primary_key=True)
    craft: Mapped[Craft] = mapped_column(choice(Craft, "craft"), primary_key=True)


class EngineerArea(Base):
    """An exchange's area in which an engineer works."""

    __tablename__ = "engineer_area"
    __table_args__ = ({"schema": "repairs"},)

    engineer_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.engineer.id"), primary_key=True)
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"), primary_key=True)


class Visit(Base):
    """An engineer's attendance to a fault, from its issue to its end."""

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("(state IN ('issued', 'on-site')) = (ended_at IS NULL)", name="ended_has_instant"),
        CheckConstraint("state <> 'on-site' OR arrived_at IS NOT NULL", name="on_site_arrived"),
        CheckConstraint("(state = 'returned') = (return_reason IS NOT NULL)", name="returned_has_reason"),
        CheckConstraint("arrived_at >= issued_at AND ended_at >= coalesce(arrived_at, issued_at)", name="in_order"),
        Index("uq_visit_engineer_live", "engineer_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("uq_visit_fault_live", "fault_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_visit_fault_id", "fault_id"),
        Index("ix_visit_engineer_id_issued_at", "engineer_id", "issued_at"),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"))
    engineer_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.engineer.id"))
    state: Mapped[VisitState] = mapped_column(choice(VisitState, "state"))
    issued_at: Mapped[datetime]
    """When the engineer was given it."""
    issued_by: Mapped[str]
    """Who gave it: a controller, or the engineer who took the next."""
    arrived_at: Mapped[datetime | None]
    """When the engineer was on site."""
    ended_at: Mapped[datetime | None]
    return_reason: Mapped[ReturnReason | None] = mapped_column(choice(ReturnReason, "return_reason"))
    words: Mapped[str | None]
    """What the engineer says of it."""
