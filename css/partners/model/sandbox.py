"""A partner's test area: what it sent there, the orders and faults that are played to it, and its own outbox.

Nothing here names a row of the house but the provider, and nothing of the house names a row here: an area can be emptied.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, SmallNumber, choice


class SandboxMatter(StrEnum):
    """What is played."""

    ORDER = "order"
    FAULT = "fault"
    APPOINTMENT = "appointment"


class SandboxArea(Base):
    """One partner's test area; the lock of its row is what gives its documents numbers without a gap."""

    __tablename__ = "sandbox_area"
    __table_args__ = ({"schema": "partners"},)

    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"), primary_key=True)
    last_sequence: Mapped[int] = mapped_column(server_default="0")
    """The last number given in its outbox."""
    last_serial: Mapped[int] = mapped_column(server_default="0")
    """Of the numbers of its orders, faults and appointments."""
    resets: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How often it was emptied; part of every message id, so that no id comes twice."""
    reset_at: Mapped[datetime | None]
    """When it was emptied last."""


class SandboxMessage(Base):
    """A message as it came, unique by partner and message id as in earnest."""

    __tablename__ = "sandbox_message"
    __table_args__ = (UniqueConstraint("provider_id", "message_id"), {"schema": "partners"})

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    message_id: Mapped[str] = mapped_column(UUID(as_uuid=False))
    message_type: Mapped[str]
    conversation_id: Mapped[str]
    body_sha256: Mapped[str]
    acknowledgement: Mapped[bytes | None]
    """The first answer, given again to a repeat; none while a scenario has only turned it away."""
    scenario: Mapped[SmallNumber | None] = mapped_column(Integer)
    """The magic number it carried."""
    times: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """How often it came."""
    outcome_code: Mapped[str | None]
    """Why it was refused."""
    received_at: Mapped[datetime]
    """When it came first."""


class SandboxCase(Base):
    """An order, a fault or a held appointment that is played to a partner."""

    __tablename__ = "sandbox_case"
    __table_args__ = (
        UniqueConstraint("provider_id", "number"),
        Index("uq_sandbox_case_reference", "provider_id", "matter", "customer_reference", unique=True),
        CheckConstraint("speed > 0", name="speed_counts"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    matter: Mapped[SandboxMatter] = mapped_column(choice(SandboxMatter, "matter"))
    number: Mapped[str]
    """As an order or a fault has one; in a district that there is not."""
    customer_reference: Mapped[str | None]
    """The partner's own, unique among its orders and among its faults."""
    conversation_id: Mapped[str]
    schema_major: Mapped[SmallNumber] = mapped_column(Integer)
    """The version it is told of in."""
    scenario: Mapped[SmallNumber] = mapped_column(Integer)
    """What is played."""
    speed: Mapped[SmallNumber] = mapped_column(Integer)
    """How many seconds of the scenario pass in one of the clock."""
    standing: Mapped[dict[str, Any]]
    """As it stands, in full."""
    last_event: Mapped[SmallNumber] = mapped_column(Integer)
    """The number of the last event of its stream."""
    is_open: Mapped[bool] = mapped_column(Boolean)
    """Something may still happen to it."""
    opened_at: Mapped[datetime]
    """When it was asked for."""


class SandboxStep(Base):
    """What is still to happen to a case, and when; it goes when it has happened, or when the case has ended before."""

    __tablename__ = "sandbox_step"
    __table_args__ = (Index("ix_sandbox_step_due", "provider_id", "due_at", "id"), {"schema": "partners"})

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    case_id: Mapped[Ref] = mapped_column(ForeignKey("partners.sandbox_case.id"), index=True)
    due_at: Mapped[datetime]
    """When it happens."""
    step: Mapped[SmallNumber] = mapped_column(Integer)
    """Which of the scenario's steps, from 0."""


class SandboxDocument(Base):
    """A document in the outbox of a test area, byte for byte as it is fetched."""

    __tablename__ = "sandbox_document"
    __table_args__ = (
        UniqueConstraint("provider_id", "sequence"),
        # Not unique: a scenario delivers twice.
        Index("ix_sandbox_document_message", "provider_id", "message_id"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    sequence: Mapped[int]
    """Counts from 1 without a gap."""
    message_id: Mapped[str] = mapped_column(UUID(as_uuid=False))
    message_type: Mapped[str]
    conversation_id: Mapped[str]
    ref_to_message_id: Mapped[str | None]
    """The message it answers, if it answers one."""
    scenario: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Whose last word it is; fetching it passes the scenario."""
    body: Mapped[bytes]
    is_possible_duplicate: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It came before, under another number."""
    created_at: Mapped[datetime]
    """When it was due, which is when it says that it was issued."""
    fetched_at: Mapped[datetime | None]
    """When it was fetched first; fetched again it may be a duplicate."""


class SandboxPass(Base):
    """A scenario that a partner has played to its end; emptying the area does not take it away."""

    __tablename__ = "sandbox_pass"
    __table_args__ = ({"schema": "partners"},)

    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"), primary_key=True)
    scenario: Mapped[SmallNumber] = mapped_column(Integer, primary_key=True)
    """Its number; of a fault a thousand more than its digits."""
    times: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """How often."""
    first_at: Mapped[datetime]
    """When its last word was first fetched or answered."""
    last_at: Mapped[datetime]
    """The same, the last time."""
