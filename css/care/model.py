"""The contact log: every contact with a customer is one row on one timeline, from the first day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from css.audit import append_only
from css.care.words import Channel, Direction, Outcome, Topic
from css.db.base import Base, Id, Ref, choice


class Contact(Base):
    """One contact: channel, who, about what, what was done, solved or not. Added to, never changed."""

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint("customer_id IS NOT NULL OR line_id IS NOT NULL", name="somebody_or_some_line"),
        Index("ix_contact_customer_id_occurred_at", "customer_id", "occurred_at"),
        Index("ix_contact_account_id_occurred_at", "account_id", "occurred_at"),
        Index("ix_contact_line_id_occurred_at", "line_id", "occurred_at"),
        {"schema": "care"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    customer_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.customer.id"))
    account_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"))
    direction: Mapped[Direction] = mapped_column(choice(Direction, "direction"))
    caller_name: Mapped[str | None]
    """Who spoke, when not the account holder."""
    is_verified: Mapped[bool]
    """Whether the caller's identity was checked before anything was disclosed."""
    topic: Mapped[Topic] = mapped_column(choice(Topic, "topic"))
    reference: Mapped[str | None]
    """The order, fault or bill number it was about."""
    words: Mapped[str]
    """What was said and done."""
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome, "outcome"))
    follow_up_on: Mapped[date | None]
    """When we said we would be in touch again."""
    occurred_at: Mapped[datetime]
    recorded_by: Mapped[str]
    """Who wrote it down."""


append_only("care.contact")
