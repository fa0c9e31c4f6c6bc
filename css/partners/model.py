"""Partner messages as received, whole, whether taken or rejected; and the keys partners show at the door."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, SmallNumber, choice


class InboxState(StrEnum):
    """What became of a message."""

    RECEIVED = "received"  # -> done, refused
    DONE = "done"
    REFUSED = "refused"
    """A rule said no; the partner was told in an OrderUpdate."""


class PartnerKey(Base):
    """A secret a partner sends with each request, held only as its hash."""

    __tablename__ = "partner_key"
    __table_args__ = (UniqueConstraint("key_sha256"), {"schema": "partners"})

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    key_sha256: Mapped[str]
    """SHA-256 of the key, in hexadecimal."""
    words: Mapped[str]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[datetime]


class InboxMessage(Base):
    """One message, stored whole before anything is done: unique by partner and message id."""

    __tablename__ = "inbox_message"
    __table_args__ = (
        UniqueConstraint("provider_id", "message_id"),
        CheckConstraint("(state = 'received') = (handled_at IS NULL)", name="handled_has_instant"),
        Index("ix_inbox_message_waiting", "provider_id", "id", postgresql_where=text("state = 'received'")),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    message_id: Mapped[str] = mapped_column(UUID(as_uuid=False))
    message_type: Mapped[str]
    conversation_id: Mapped[str]
    body: Mapped[bytes]
    body_sha256: Mapped[str]
    acknowledgement: Mapped[bytes]
    """The first answer, given again to a repeat."""
    state: Mapped[InboxState] = mapped_column(choice(InboxState, "state"))
    outcome_code: Mapped[str | None]
    """Why it was refused. While it waits: why handling it failed, which was a fault of ours."""
    outcome_words: Mapped[str | None]
    """What became of it, in words; never what a customer told us."""
    received_at: Mapped[datetime]
    """When it was stored: from then on it is ours to answer for."""
    handled_at: Mapped[datetime | None]
    """When it was done or refused; none while it waits."""


class RejectedMessage(Base):
    """Bytes that were not taken, kept as evidence of what was sent; the same bytes again only count up."""

    __tablename__ = "rejected_message"
    __table_args__ = (
        UniqueConstraint("provider_id", "body_sha256"),
        CheckConstraint("times > 0", name="times_counts"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    body: Mapped[bytes]
    body_sha256: Mapped[str]
    code: Mapped[str]
    """The first error of the last Acknowledgement."""
    acknowledgement: Mapped[bytes]
    """The last answer."""
    times: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """How often these bytes came."""
    first_at: Mapped[datetime]
    """When they came first."""
    last_at: Mapped[datetime]
    """When they came last."""
