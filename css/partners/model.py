"""Partner messages as received, whole; and the keys partners show at the door."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, choice


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
    words: Mapped[str]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[datetime]


class InboxMessage(Base):
    """One message, stored whole before anything is done: unique by partner and message id."""

    __tablename__ = "inbox_message"
    __table_args__ = (UniqueConstraint("provider_id", "message_id"), {"schema": "partners"})

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
    outcome_words: Mapped[str | None]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
