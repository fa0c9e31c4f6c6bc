"""The outbox: documents for partners, gapless for each, in the order they were written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    UniqueConstraint,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import UUID, insert
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.dml import ReturningInsert

from css.db.base import Base, Id, Ref
from css.master.providers import Provider


class OutboxMessage(Base):
    """A document for a partner, in the order it was written; partners deliver it, nobody edits it."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("provider_id", "sequence"),
        UniqueConstraint("source_key"),
        Index("ix_outbox_message_conversation", "provider_id", "conversation_id", "sequence"),
        Index("ix_outbox_message_created", "created_at", "id", "provider_id", "message_type"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    sequence: Mapped[int]
    """Counts from 1 for each partner without a gap: a pull after N gets N+1 onwards."""
    source_key: Mapped[str]
    message_id: Mapped[str] = mapped_column(UUID(as_uuid=False), unique=True)
    message_type: Mapped[str]
    conversation_id: Mapped[str]
    ref_to_message_id: Mapped[str | None]
    """The message it answers, if it answers one."""
    body: Mapped[bytes]
    """The finished XML, byte for byte as it is delivered, however often."""
    created_at: Mapped[datetime]


class OutboxCounter(Base):
    """The last outbox sequence given to a partner; its row lock is what makes the numbers gapless."""

    __tablename__ = "outbox_counter"
    __table_args__ = ({"schema": "css"},)

    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"), primary_key=True)
    last_sequence: Mapped[int]
    """The last one given."""


def next_outbox_sequence(session: Session, provider_id: int, *, count: int = 1) -> int:
    """Take the partner's next number, or the next ``count`` and return the first of them.

    The row stays locked until the transaction ends, so numbers have no gap.
    """
    return int(session.execute(_next_number(), {"provider_id": provider_id, "count": count}).scalar_one()) - count + 1


@cache
def _next_number() -> ReturningInsert[int]:
    """Built once, for every document of every partner passes here (docs/decisions/0143)."""
    count = bindparam("count", type_=BigInteger)
    statement = insert(OutboxCounter).values(provider_id=bindparam("provider_id"), last_sequence=count)
    statement = statement.on_conflict_do_update(index_elements=["provider_id"], set_={"last_sequence": OutboxCounter.last_sequence + count})
    return statement.returning(OutboxCounter.last_sequence)


def put_in_outbox(  # noqa: PLR0913 - a shelf row is written in one place, by name
    session: Session,
    *,
    provider_id: int,
    sequence: int,
    source_key: str,
    message_id: str,
    message_type: str,
    conversation_id: str,
    ref_to_message_id: str | None,
    body: bytes,
    at: datetime,
) -> None:
    """Leave a finished document for a partner under a sequence taken with ``next_outbox_sequence``."""
    session.add(
        OutboxMessage(
            provider_id=provider_id,
            sequence=sequence,
            source_key=source_key,
            message_id=message_id,
            message_type=message_type,
            conversation_id=conversation_id,
            ref_to_message_id=ref_to_message_id,
            body=body,
            created_at=at,
        )
    )
    session.flush()


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One document waiting for a partner."""

    sequence: int
    message_id: str
    message_type: str
    conversation_id: str
    created_at: datetime
    body: bytes


def outbox_after(session: Session, provider_code: str, after: int, limit: int = 100) -> tuple[OutboxRow, ...]:
    """A partner's documents after a sequence, in order, at most ``limit``. Uses uq_outbox_message_provider_id_sequence."""
    rows = session.execute(
        select(OutboxMessage)
        .join(Provider, Provider.id == OutboxMessage.provider_id)
        .where(Provider.code == provider_code, OutboxMessage.sequence > after)
        .order_by(OutboxMessage.sequence)
        .limit(limit)
    ).scalars()
    return tuple(OutboxRow(row.sequence, row.message_id, row.message_type, row.conversation_id, row.created_at, row.body) for row in rows)


def outbox_last_sequence(session: Session, provider_code: str) -> int:
    """The last number given to a partner; 0 before the first."""
    statement = select(func.max(OutboxCounter.last_sequence)).join(Provider, Provider.id == OutboxCounter.provider_id)
    return int(session.execute(statement.where(Provider.code == provider_code)).scalar() or 0)


def outbox_next(session: Session, provider_id: int, after: int) -> tuple[OutboxRow | None, int]:
    """The document after a sequence, None when there is none, and the last number given: in one statement.

    Numbers have no gap, so what follows N is N + 1. Uses uq_outbox_message_provider_id_sequence.
    """
    row = session.execute(
        select(
            OutboxCounter.last_sequence,
            OutboxMessage.sequence,
            OutboxMessage.message_id,
            OutboxMessage.message_type,
            OutboxMessage.conversation_id,
            OutboxMessage.created_at,
            OutboxMessage.body,
        )
        .outerjoin(OutboxMessage, (OutboxMessage.provider_id == OutboxCounter.provider_id) & (OutboxMessage.sequence == after + 1))
        .where(OutboxCounter.provider_id == provider_id)
    ).one_or_none()
    if row is None:
        return None, 0
    return (None if row.sequence is None else OutboxRow(*row[1:])), row.last_sequence
