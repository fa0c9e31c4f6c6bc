"""Operators: people who work at the desk and the night console, their roles, and their signed-on sessions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from css.core.money import Money
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice, code_form


class Operator(Base):
    """A person who signs on."""

    __tablename__ = "operator"
    __table_args__ = (
        code_form("code", "^[A-Z][A-Z0-9]{1,7}$", "code_form"),
        CheckConstraint("roles <@ ARRAY['clerk','repair','contractor','billing','scheduler','supervisor']::text[]", name="roles_known"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    """What is keyed at sign-on, two to eight capitals and digits."""
    name: Mapped[str]
    team: Mapped[str]
    """As the rota calls it."""
    password_hash: Mapped[str]
    """Argon2, with its parameters."""
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """What the operator may do."""
    credit_limit: Mapped[Money]
    """The largest credit this operator may give without a second person."""
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    failed_sign_ons: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """In a row, since the last that succeeded."""
    locked_until_at: Mapped[datetime | None]
    """No sign-on is taken before."""
    last_signed_on_at: Mapped[datetime | None]
    """When the operator last signed on."""
    must_change_password: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The password was given by somebody else: the next sign-on asks for a new one."""
    pinned: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """The screens and commands on top of this operator's menu, in order."""
    row_version: Mapped[RowVersion]


class OperatorSession(Base):
    """One sign-on, from its start to its end and reason. The token is held only as its hash."""

    __tablename__ = "operator_session"
    __table_args__ = (
        Index("ix_operator_session_open", "operator_id", postgresql_where=text("ended_at IS NULL")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    operator_id: Mapped[Ref] = mapped_column(ForeignKey("css.operator.id"))
    token_sha256: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the browser's token, in hexadecimal."""
    started_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    """For ending a session that is left alone."""
    seat: Mapped[str | None]
    """The desk it was at, as the operator keyed it."""
    locked_at: Mapped[datetime | None]
    """Since when the desk is locked: the password opens it again where it was."""
    failed_unlocks: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """Wrong passwords in a row at the locked desk."""
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    """Signed off, signed on again, left locked, end of shift, not active, ended by a supervisor."""


class ApprovalState(StrEnum):
    """What a second person said."""

    ASKED = "asked"  # -> approved, refused, withdrawn
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ApprovalRequest(Base):
    """A deed above its doer's limit, waiting for a second person. Done by the approval itself, in its transaction, or not at all."""

    __tablename__ = "approval_request"
    __table_args__ = (
        Index("ix_approval_request_open", "asked_at", postgresql_where=text("state = 'asked'")),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("decided_by_id <> asked_by_id OR state = 'withdrawn'", name="second_person_is_another"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    verb: Mapped[str]
    """The deed, as ``css do`` calls it."""
    command: Mapped[dict[str, Any]]
    """The command as it was shown to who asked; exactly this is done."""
    subject: Mapped[str]
    """The account or bill it is about."""
    amount: Mapped[Money]
    """What it gives, for the list and for the limit of who approves."""
    words: Mapped[str]
    """The effect in a sentence."""
    asked_by_id: Mapped[Ref] = mapped_column(ForeignKey("css.operator.id"))
    asked_at: Mapped[datetime]
    """When it was asked for."""
    state: Mapped[ApprovalState] = mapped_column(choice(ApprovalState, "state"), server_default="asked")
    decided_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.operator.id"))
    decided_at: Mapped[datetime | None]
    """When the second person, or who asked, ended it."""
    reason: Mapped[str | None]
    """Why it was refused."""
    row_version: Mapped[RowVersion]


class NewsItem(Base):
    """A line of news on everybody's menu, from one instant to another."""

    __tablename__ = "news_item"
    __table_args__ = (Index("ix_news_item_ends_at", "ends_at"), {"schema": "css"})

    id: Mapped[Id]
    words: Mapped[str]
    """The line."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """Exclusive."""
    posted_by: Mapped[str]
    """Operator code."""
