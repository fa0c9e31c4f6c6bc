"""Conversations at the desk: what is keyed and not yet done, as a row, so that no worker, restart or Back button can lose it.

A conversation is one filling-in of one screen. It belongs to the operator who keys it; a parked one may be taken up by
whoever may use its screen. What was keyed goes from the row when it is done or dropped. (docs/decisions/0130)
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, RowVersion, choice, code_form


class ConversationState(StrEnum):
    """How far a conversation has come."""

    OPEN = "open"  # -> parked, done, dropped
    PARKED = "parked"  # -> open (taken up), dropped
    DONE = "done"
    DROPPED = "dropped"


class Conversation(Base):
    """One filling-in of a screen, by one operator at a time."""

    __tablename__ = "conversation"
    __table_args__ = (
        code_form("token", "^[A-Za-z0-9_-]{22}$", "token_form"),
        CheckConstraint("state IN ('open', 'parked') OR keyed = '{}'::jsonb", name="nothing_keyed_is_kept_after"),
        Index("ix_conversation_operator_id_touched_at", "operator_id", "touched_at"),
        Index("ix_conversation_subject", "subject", postgresql_where=text("state IN ('open', 'parked')")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    token: Mapped[str] = mapped_column(unique=True)
    """Of 128 random bits; ties every press of F6 in it to one deed."""
    operator_id: Mapped[Ref] = mapped_column(ForeignKey("css.operator.id"))
    screen_code: Mapped[str]
    """Of the screen that is filled in."""
    arguments: Mapped[str]
    """What stands behind the code in the address, parts with slashes between; empty for none."""
    below: Mapped[str | None]
    """The token of the conversation this one was opened on top of: F3 at its end returns there."""
    state: Mapped[ConversationState] = mapped_column(choice(ConversationState, "state"), server_default="open")
    keyed: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """What stands in the fields, by name."""
    base: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """What stood in them when the record was first shown, to tell who changed what."""
    seen: Mapped[str] = mapped_column(server_default="")
    """The digest of the values whose effect was shown: F6 commits only those."""
    is_checked: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The values were checked last, so that showing them again shows their errors or their effect."""
    subject: Mapped[str | None]
    """The account, order, fault or operator it is about, so that others see that somebody has it open."""
    label: Mapped[str] = mapped_column(server_default="")
    """For lists of what was left: whom it is about."""
    led_to: Mapped[str | None]
    """The address it led to when it was done."""
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    """When a key was last pressed in it."""
    row_version: Mapped[RowVersion]
