"""Line tests: asked for, measured by a test head, and told in the trade's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import PlantCondition
from css.db.base import Base, Id, Ref, SmallNumber, choice
from repairs.words import Location, Stability, TestKind, TestOutcome, TestState


class LineTest(Base):
    """One test of a line, from the asking to its result. A slow one answers later."""

    __tablename__ = "line_test"
    __table_args__ = (
        CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="done_has_outcome"),
        CheckConstraint("(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="finished_has_instant"),
        CheckConstraint("progress_percent BETWEEN 0 AND 100", name="progress_of_hundred"),
        Index("ix_line_test_line_id", "line_id", "asked_at"),
        Index("ix_line_test_unfinished", "id", postgresql_where=text("state IN ('waiting', 'running')")),
        {"schema": "repairs"},
    )

    id: Mapped[Id]
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    pair_id: Mapped[Ref] = mapped_column(ForeignKey("css.pair.id"))
    """The pair the line was on then."""
    kind: Mapped[TestKind] = mapped_column(choice(TestKind, "kind"))
    state: Mapped[TestState] = mapped_column(choice(TestState, "state"))
    progress_percent: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How far the head has got, in hundredths."""
    head: Mapped[str]
    """Which test head measures."""
    head_reference: Mapped[str | None]
    """What the head calls it."""
    asked_at: Mapped[datetime]
    """When it was asked for: a fault is judged by a young test."""
    asked_by: Mapped[str]
    """Who asked for it."""
    fault_number: Mapped[str | None]
    """The fault that is judged by it when it answers, as people read it out; that may have ended by then."""
    finished_at: Mapped[datetime | None]
    """When the head answered, or gave up."""
    outcome: Mapped[TestOutcome | None] = mapped_column(choice(TestOutcome, "outcome"))
    diagnosis: Mapped[str | None]
    """What was found, in words."""
    diagnosis_code: Mapped[str | None]
    """The code of the diagnosis, as test heads print it."""
    location: Mapped[Location | None] = mapped_column(choice(Location, "location"))
    """Main fault location."""
    condition: Mapped[PlantCondition | None] = mapped_column(choice(PlantCondition, "condition"))
    """Electrical category."""
    needs_appointment: Mapped[bool | None] = mapped_column(Boolean)
    """Whether somebody must let the engineer in."""
    report_advised: Mapped[bool | None] = mapped_column(Boolean)
    """Whether a fault should be reported on this alone."""
    line_stability: Mapped[Stability | None] = mapped_column(choice(Stability, "line_stability"))
    network_stability: Mapped[Stability | None] = mapped_column(choice(Stability, "network_stability"))
    stability_words: Mapped[str | None]
    """The stability statement."""
    distance_metres: Mapped[SmallNumber | None] = mapped_column(Integer)
    """From the exchange to the trouble, where it could be told."""
    measured: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the head measured, by name, in the unit the name ends in."""
