"""Partner messages as received, whole, whether taken or rejected, and what became of each."""

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
    REFUSED = "refused"  # -> received, when somebody has it tried again
    """A rule said no; the partner was told in a document of its outbox."""


class Channel(StrEnum):
    """The way a message came, or a document went."""

    HTTP = "http"
    SOAP = "soap"
    FOLDER = "folder"
    HAND = "hand"
    """Taken in by one of us, at the partner's word."""


class InboxMessage(Base):
    """One message, stored whole before anything is done: unique by partner and message id."""

    __tablename__ = "inbox_message"
    __table_args__ = (
        UniqueConstraint("provider_id", "message_id"),
        CheckConstraint("(state = 'received') = (handled_at IS NULL)", name="handled_has_instant"),
        CheckConstraint("sequence_no IS NULL OR sequence_no > 0", name="sequence_counts"),
        Index("ix_inbox_message_waiting", "provider_id", "id", postgresql_where=text("state = 'received'")),
        Index("ix_inbox_message_conversation", "provider_id", "conversation_id", "id"),
        Index("ix_inbox_message_received", "received_at", "id", "provider_id", "message_type"),
        Index("ix_inbox_message_refused", "received_at", "id", postgresql_where=text("state = 'refused'")),
        Index(
            "uq_inbox_message_sequence",
            "provider_id",
            "conversation_id",
            "sequence_no",
            unique=True,
            postgresql_where=text("sequence_no IS NOT NULL AND NOT is_test"),
        ),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    message_id: Mapped[str] = mapped_column(UUID(as_uuid=False))
    message_type: Mapped[str]
    schema_name: Mapped[str]
    """The schema of its namespace, ``order-2``; empty of what was taken in before it was kept."""
    schema_version: Mapped[str]
    """What its header says it was written by, ``2.0``; empty of what was taken in before it was kept."""
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"))
    conversation_id: Mapped[str]
    sequence_no: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Where the partner numbers its messages of a conversation: its place in it. Given back when a gap before it was never filled."""
    is_test: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Read and acknowledged, and nothing done."""
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
        Index("ix_rejected_message_conversation", "provider_id", "conversation_id", "id"),
        Index("ix_rejected_message_last", "last_at", "id"),
        Index("ix_rejected_message_message_id", "message_id"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    body: Mapped[bytes]
    body_sha256: Mapped[str]
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"))
    """The way it came last."""
    message_id: Mapped[str | None] = mapped_column(UUID(as_uuid=False))
    """As far as it could be read."""
    message_type: Mapped[str | None]
    """The root element's name, as far as it could be read and is one of ours."""
    conversation_id: Mapped[str | None]
    """As far as it could be read."""
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
    accepted_id: Mapped[int | None] = mapped_column(ForeignKey("partners.inbox_message.id"))
    """The message it became when one of us took it in by hand."""


class MessageEvent(Base):
    """One step of a stored message's story: what was done about it, when and by whom."""

    __tablename__ = "message_event"
    __table_args__ = (UniqueConstraint("inbox_id", "sequence"), {"schema": "partners"})

    id: Mapped[Id]
    inbox_id: Mapped[Ref] = mapped_column(ForeignKey("partners.inbox_message.id"))
    sequence: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 for each message."""
    deed: Mapped[str]
    """``refused``, ``failed``, ``retried``, ``accepted``; that it was received and done the message itself says."""
    code: Mapped[str | None]
    words: Mapped[str]
    """Never what a customer told us."""
    done_by: Mapped[str]
    """The partner, an operator, or the gateway."""
    occurred_at: Mapped[datetime]
