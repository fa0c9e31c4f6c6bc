"""Operators: people who work at the desk and the night console, their roles, and their signed-on sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from css.core.money import Money
from css.db.base import Base, Id, Ref, SmallNumber, code_form


class Operator(Base):
    """A person who signs on."""

    __tablename__ = "operator"
    __table_args__ = (
        code_form("code", "^[A-Z][A-Z0-9]{1,7}$", "code_form"),
        CheckConstraint("roles <@ ARRAY['clerk','repair','billing','scheduler','supervisor']::text[]", name="roles_known"),
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
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    """Signed off, signed on again, no work, end of shift, not active."""
