"""What debt and orders must respect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from css.core.words import HoldKind
from css.db.base import Base, Id, Ref, choice
from css.master.accounts import Account


class Hold(Base):
    """Something that debt and orders must respect, on an account or one line of it, from an instant until lifted."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        Index("ix_hold_account_id_live", "account_id", postgresql_where=text("ends_at IS NULL")),
        Index("uq_hold_standing", "source_key", unique=True, postgresql_where=text("ends_at IS NULL")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    source_key: Mapped[str]
    """Stands once at a time (uq_hold_standing); lifted, it may be placed again: a clear rejected opens the same fault."""
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    kind: Mapped[HoldKind] = mapped_column(choice(HoldKind, "kind"))
    reference: Mapped[str]
    """The order, fault or case it stands for."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A live hold as debt and orders read it."""

    kind: HoldKind
    line_id: int | None
    reference: str


def place_hold(
    session: Session, *, source_key: str, account_id: int, line_id: int | None, kind: HoldKind, reference: str, at: datetime
) -> bool:
    """Ask debt and orders to wait; False when the same hold stands already."""
    values = {
        "source_key": source_key,
        "account_id": account_id,
        "line_id": line_id,
        "kind": kind,
        "reference": reference,
        "starts_at": at,
    }
    statement = insert(Hold).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=["source_key"], index_where=Hold.ends_at.is_(None))
    return bool(session.execute(statement.returning(text("1"))).scalar())


def lift_hold(session: Session, *, source_key: str, at: datetime) -> bool:
    """End a hold; False when none of that source stands."""
    # Two machines' clocks may differ by a moment; no hold ends before it began.
    standing = update(Hold).where(Hold.source_key == source_key, Hold.ends_at.is_(None))
    lifted = session.execute(
        standing.values(ends_at=func.greatest(at, Hold.starts_at)).returning(Hold.id), execution_options={"synchronize_session": False}
    )
    return lifted.scalar() is not None


def holds_on(session: Session, account_id: int) -> tuple[HoldRow, ...]:
    """The holds in force on an account."""
    rows = session.execute(
        select(Hold.kind, Hold.line_id, Hold.reference).where(Hold.account_id == account_id, Hold.ends_at.is_(None)).order_by(Hold.id)
    )
    return tuple(HoldRow(row.kind, row.line_id, row.reference) for row in rows)


def holds_of_account(session: Session, account_number: str) -> tuple[HoldRow, ...]:
    """The holds in force on an account, by its number as it is held. Uses ix_hold_account_id_live."""
    statement = (
        select(Hold.kind, Hold.line_id, Hold.reference)
        .join(Account, Account.id == Hold.account_id)
        .where(Account.number == account_number, Hold.ends_at.is_(None))
        .order_by(Hold.id)
    )
    return tuple(HoldRow(row.kind, row.line_id, row.reference) for row in session.execute(statement))
