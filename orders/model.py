"""Orders, their items, and the KCI stream that keeps the customer informed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from css.audit import append_only
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice
from css.db.ddl import view
from orders.words import ItemAction, KciKind, OrderKind, OrderState, PlantOutcome


class CustomerOrder(Base):
    """An order of a customer's or a partner's, from acknowledgement to completion."""

    __tablename__ = "customer_order"
    __table_args__ = (
        CheckConstraint("(state = 'completed') = (completed_at IS NOT NULL)", name="completed_has_instant"),
        CheckConstraint("(state = 'completed') = (done_on IS NOT NULL)", name="completed_has_day"),
        CheckConstraint("(committed_on IS NULL) = (target_on IS NULL)", name="committed_has_target"),
        CheckConstraint("state NOT IN ('committed', 'held', 'completed') OR committed_on IS NOT NULL", name="committed_has_date"),
        Index(
            "uq_customer_order_provider_reference",
            "provider_id",
            "customer_reference",
            unique=True,
            postgresql_where=text("customer_reference IS NOT NULL"),
        ),
        Index(
            "uq_customer_order_open_on_line",
            "line_id",
            unique=True,
            postgresql_where=text("state IN ('acknowledged', 'committed', 'held')"),
        ),
        Index(
            "uq_customer_order_number_reserved",
            "telephone_number",
            unique=True,
            postgresql_where=text("kind = 'provide' AND state IN ('acknowledged', 'committed', 'held')"),
        ),
        Index("ix_customer_order_account_id", "account_id"),
        Index("ix_customer_order_line_id", "line_id"),
        Index(
            "ix_customer_order_open",
            "district_code",
            "target_on",
            postgresql_where=text("state IN ('acknowledged', 'committed', 'held')"),
        ),
        {"schema": "orders"},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    """The line worked on; a provide plans one. One open order a line (uq_customer_order_open_on_line)."""
    kind: Mapped[OrderKind] = mapped_column(choice(OrderKind, "kind"))
    state: Mapped[OrderState] = mapped_column(choice(OrderState, "state"))
    customer_reference: Mapped[str | None]
    """The partner's own reference, unique for the partner."""
    conversation_id: Mapped[str]
    required_on: Mapped[date]
    """Customer required date: not the committed date and not the appointment."""
    committed_on: Mapped[date | None]
    """What was promised when the order was committed; set once, so that a late start is reckoned from it."""
    target_on: Mapped[date | None]
    """What is worked to now: the committed date until a resumed order is given a later one."""
    appointment_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.appointment.id"))
    plant_outcome: Mapped[PlantOutcome | None] = mapped_column(choice(PlantOutcome, "plant_outcome"))
    """For a provide only."""
    telephone_number: Mapped[str | None]
    """The number the line will have, or that it is known by, as E.164 digits. One open provide a number
    (uq_customer_order_number_reserved); None until completion at a silver address."""
    care_level: Mapped[str | None]
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    directory_kind: Mapped[str | None]
    """How the line will be listed; for a provide only."""
    directory_name: Mapped[str | None]
    emergency_name: Mapped[str | None]
    hazard_notes: Mapped[str | None]
    visit_notes: Mapped[str | None]
    """How to get in."""
    placed_on: Mapped[date]
    """The business date it was placed on: lead times count from it, and no work is done before it."""
    placed_at: Mapped[datetime]
    """When it was placed."""
    placed_by: Mapped[str]
    """Who placed it."""
    done_on: Mapped[date | None]
    """The day the work was done: services start or end on it."""
    completed_at: Mapped[datetime | None]
    """When we were told."""
    row_version: Mapped[RowVersion]


class OrderItem(Base):
    """One product added to or removed from the line. Never just "line"."""

    __tablename__ = "order_item"
    __table_args__ = (UniqueConstraint("order_id", "item_number"), {"schema": "orders"})

    id: Mapped[Id]
    order_id: Mapped[Ref] = mapped_column(ForeignKey("orders.customer_order.id"))
    item_number: Mapped[SmallNumber] = mapped_column(Integer)
    """Its place in the order, from 1."""
    action: Mapped[ItemAction] = mapped_column(choice(ItemAction, "action"))
    product_id: Mapped[Ref] = mapped_column(ForeignKey("css.product.id"))
    service_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.service.id"))
    """The service opened or ended by it; None until completion for an added product."""


class KciEvent(Base):
    """One event of the order's stream: gapless from 1, each with the full order as it then stood."""

    __tablename__ = "kci_event"
    __table_args__ = (
        UniqueConstraint("order_id", "sequence"),
        CheckConstraint("sequence > 0", name="sequence_counts"),
        {"schema": "orders"},
    )

    id: Mapped[Id]
    order_id: Mapped[Ref] = mapped_column(ForeignKey("orders.customer_order.id"))
    sequence: Mapped[SmallNumber] = mapped_column(Integer)
    kind: Mapped[KciKind] = mapped_column(choice(KciKind, "kind"))
    occurred_at: Mapped[datetime]
    problem_code: Mapped[str | None]
    """Of a delay: what held it up."""
    words: Mapped[str]
    order_copy: Mapped[dict[str, Any]]
    """The order in full, as it then stood."""
    told: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """To whom it went: outbox source keys, or ``contact`` when it is only on the timeline."""


append_only("orders.kci_event")

OPEN_ORDER_VIEW = view(
    "orders.open_order_v",
    """
SELECT o.id AS order_id, o.number, o.district_code, o.provider_id, o.account_id, o.line_id, o.kind, o.state,
       o.required_on, o.committed_on, o.target_on, o.telephone_number, o.placed_at
  FROM orders.customer_order o
 WHERE o.state IN ('acknowledged', 'committed', 'held')
""",
)
