"""What debt treatment asks of orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from css.core.words import BarKind, RequestKind
from css.db.base import Base, Id, Ref, choice
from css.handover.leaving import leave


class OrderRequest(Base):
    """Billing's debt ladder asks orders to bar, restore or cease a line. It waits until an order comes of it or nothing will."""

    __tablename__ = "order_request"
    __table_args__ = (
        UniqueConstraint("source_key"),
        CheckConstraint("bar IS NULL OR kind = 'bar'", name="bar_of_a_bar"),
        CheckConstraint("taken_order_number IS NULL OR ended_at IS NULL", name="taken_or_ended"),
        Index(
            "ix_order_request_waiting",
            "district_code",
            "line_id",
            postgresql_where=text("taken_order_number IS NULL AND ended_at IS NULL"),
        ),
        {"schema": "css"},
    )

    id: Mapped[Id]
    source_key: Mapped[str]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    kind: Mapped[RequestKind] = mapped_column(choice(RequestKind, "kind"))
    reason: Mapped[str]
    requested_at: Mapped[datetime]
    """When it was asked."""
    taken_order_number: Mapped[str | None]
    """The order that came of it; none while it waits."""
    bar: Mapped[BarKind | None] = mapped_column(choice(BarKind, "bar"))
    """Of a bar: which; none for outgoing calls."""
    ended_at: Mapped[datetime | None]
    """When it was settled without an order: overtaken by another request, or nothing was left to do."""
    words: Mapped[str | None]
    """Why it waited when it was last looked at, or why nothing came of it."""


def leave_order_request(  # noqa: PLR0913 - a shelf row is written in one place, by name
    session: Session,
    *,
    source_key: str,
    district_code: str,
    account_id: int,
    line_id: int,
    kind: RequestKind,
    reason: str,
    at: datetime,
    bar: BarKind | None = None,
) -> bool:
    """Ask orders to bar, restore or cease a line for debt; False when it was asked before. ``reason`` is one sentence."""
    return leave(
        session,
        OrderRequest,
        {
            "source_key": source_key,
            "district_code": district_code,
            "account_id": account_id,
            "line_id": line_id,
            "kind": kind,
            "reason": reason,
            "requested_at": at,
            "bar": bar,
        },
    )


def order_requests_follow(session: Session, *, district_code: str, from_line_id: int, to_line_id: int) -> None:
    """What was asked for a line and waits is asked for another one, where the same customer goes on. Uses ix_order_request_waiting."""
    waiting = update(OrderRequest).where(
        OrderRequest.district_code == district_code,
        OrderRequest.line_id == from_line_id,
        OrderRequest.taken_order_number.is_(None),
        OrderRequest.ended_at.is_(None),
    )
    session.execute(waiting.values(line_id=to_line_id), execution_options={"synchronize_session": "fetch"})
