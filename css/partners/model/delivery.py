"""How a partner has its documents, what the gateway allows it, and every attempt to deliver."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, SmallNumber, choice


class DeliveryWay(StrEnum):
    """How a partner gets the documents of its outbox. It may fetch them besides, whichever it is."""

    PULL = "pull"
    PUSH = "push"
    FOLDER = "folder"


class DeliveryOutcome(StrEnum):
    """What became of an attempt."""

    UNDER_WAY = "under-way"  # -> delivered, failed; an interrupted one stays, and may have been delivered
    DELIVERED = "delivered"
    FAILED = "failed"


class PartnerTerms(Base):
    """What is agreed with a partner about its traffic. A partner without a row has the house's terms."""

    __tablename__ = "partner_terms"
    __table_args__ = (
        CheckConstraint("(way = 'push') <= (push_url IS NOT NULL)", name="push_has_url"),
        CheckConstraint("(way = 'folder') <= (folder IS NOT NULL)", name="folder_has_name"),
        CheckConstraint("messages_a_minute > 0 AND at_once > 0 AND replay_days > 0 AND gap_minutes > 0", name="limits_count"),
        {"schema": "partners"},
    )

    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"), primary_key=True)
    way: Mapped[DeliveryWay] = mapped_column(choice(DeliveryWay, "way"))
    push_url: Mapped[str | None]
    """Where documents are posted."""
    push_key: Mapped[str | None]
    """The secret we show there; the partner chose it."""
    folder: Mapped[str | None] = mapped_column(unique=True)
    """Its folder's name below the folder of all partners."""
    messages_a_minute: Mapped[SmallNumber] = mapped_column(Integer)
    """So many messages are taken from it in a minute; more are told to wait."""
    at_once: Mapped[SmallNumber] = mapped_column(Integer)
    """So many of its requests may be in hand at the same time, in one process."""
    replay_days: Mapped[SmallNumber] = mapped_column(Integer)
    """A message made longer ago is not taken."""
    gap_minutes: Mapped[SmallNumber] = mapped_column(Integer)
    """How long a numbered message waits for the one before it."""
    row_version: Mapped[int]
    changed_at: Mapped[datetime]
    """When the terms were last changed."""


class Delivery(Base):
    """How far a partner's outbox has gone out to it, and when it is tried again."""

    __tablename__ = "delivery"
    __table_args__ = ({"schema": "partners"},)

    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"), primary_key=True)
    delivered_sequence: Mapped[int] = mapped_column(server_default="0")
    """Everything up to here was taken by the partner, pushed or put in its folder."""
    fetched_sequence: Mapped[int] = mapped_column(server_default="0")
    """The furthest it has fetched by itself; what is fetched again may be a duplicate."""
    failures: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """In a row, of the document that is next."""
    next_try_at: Mapped[datetime | None]
    """Not before then; none when nothing failed."""
    resend_sequence: Mapped[int | None]
    """One of us asked that this document be sent once more, besides those in turn."""


class DeliveryAttempt(Base):
    """One attempt to hand a document to a partner; written before anything is sent."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (
        UniqueConstraint("provider_id", "sequence", "attempt"),
        CheckConstraint("(outcome = 'under-way') = (ended_at IS NULL)", name="ended_has_instant"),
        Index("ix_delivery_attempt_begun", "provider_id", "begun_at"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    sequence: Mapped[int]
    """Of the document in the partner's outbox."""
    attempt: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 for each document; past the first it says PossibleDuplicate."""
    way: Mapped[DeliveryWay] = mapped_column(choice(DeliveryWay, "way"))
    is_possible_duplicate: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The partner may have it already: an earlier attempt was cut off or failed."""
    outcome: Mapped[DeliveryOutcome] = mapped_column(choice(DeliveryOutcome, "outcome"))
    status: Mapped[SmallNumber | None] = mapped_column(Integer)
    """What the partner's server answered, as HTTP counts."""
    words: Mapped[str | None]
    """Why it failed; never what the partner's server wrote."""
    begun_at: Mapped[datetime]
    """When sending began; committed before a byte went out."""
    ended_at: Mapped[datetime | None]
    """When its outcome was known."""
