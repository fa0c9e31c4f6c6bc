"""Faults: reported trouble on a line, from the report to its clear. Not to be confused with a visit, which attends to one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from css.audit import append_only
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice
from css.db.ddl import view
from repairs.words import FaultState


class Fault(Base):
    """Trouble reported on a line, with its deadline under the care level and how it ended."""

    __tablename__ = "fault"
    __table_args__ = (
        CheckConstraint("(state IN ('cleared', 'closed')) = (cleared_at IS NOT NULL)", name="cleared_has_instant"),
        CheckConstraint("(cleared_at IS NULL) = (clear_code IS NULL)", name="cleared_has_code"),
        CheckConstraint("accepted_at >= reported_at", name="accepted_after_report"),
        Index("uq_fault_open_on_line", "line_id", unique=True, postgresql_where=text("state = 'reported'")),
        Index("ix_fault_due", "district_code", "due_at", postgresql_where=text("state = 'reported'")),
        Index("ix_fault_account_id", "account_id"),
        Index("ix_fault_line_id", "line_id"),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    state: Mapped[FaultState] = mapped_column(choice(FaultState, "state"))
    symptom_code: Mapped[str]
    """What the customer says is wrong."""
    is_total_loss: Mapped[bool]
    """Whether the line is dead: only then does delayed repair pay."""
    words: Mapped[str | None]
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    access_notes: Mapped[str | None]
    """How to get in."""
    hazard_notes: Mapped[str | None]
    equipment_checked: Mapped[bool]
    """Whether the customer's own equipment was ruled out."""
    power_checked: Mapped[bool]
    """Whether its power supply was."""
    care_level: Mapped[str]
    reported_at: Mapped[datetime]
    """When the customer told us: retail compensation counts from it."""
    accepted_at: Mapped[datetime]
    """When it had its number: the care level's clock starts here."""
    original_due_at: Mapped[datetime]
    """The deadline as first promised."""
    due_at: Mapped[datetime]
    """Moves with pauses; the original is kept beside it."""
    cleared_at: Mapped[datetime | None]
    """When it was mended; none before."""
    clear_code: Mapped[str | None]
    """What it was, and whose side it was on."""
    clear_words: Mapped[str | None]
    """What was done, in words."""
    reported_by: Mapped[str]
    """Who keyed it."""
    row_version: Mapped[RowVersion]


class FaultEvent(Base):
    """One step in a fault's story: gapless from 1, never edited."""

    __tablename__ = "fault_event"
    __table_args__ = (UniqueConstraint("fault_id", "sequence"), {"schema": "repairs"})

    id: Mapped[Id]
    fault_id: Mapped[Ref] = mapped_column(ForeignKey("repairs.fault.id"))
    sequence: Mapped[SmallNumber] = mapped_column(Integer)
    state: Mapped[FaultState] = mapped_column(choice(FaultState, "state"))
    occurred_at: Mapped[datetime]
    done_by: Mapped[str]
    words: Mapped[str]


append_only("repairs.fault_event")

OPEN_FAULT_VIEW = view(
    "repairs.open_fault_v",
    """
SELECT f.id AS fault_id, f.number, f.district_code, f.provider_id, f.account_id, f.line_id, f.state, f.symptom_code,
       f.care_level, f.reported_at, f.due_at
  FROM repairs.fault f
 WHERE f.state = 'reported'
""",
)
