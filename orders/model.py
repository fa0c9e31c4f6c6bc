"""Orders, their items, and the KCI stream that keeps the customer informed."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    Boolean,
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
from css.core.money import Money, Price
from css.core.words import BarKind
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice
from css.db.ddl import view
from orders.words import (
    ItemAction,
    KciKind,
    NoteKind,
    OrderKind,
    OrderState,
    PlantOutcome,
    TaskKind,
    TaskState,
    WorkGroup,
)


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
            postgresql_where=text("state IN ('acknowledged', 'committed', 'held') AND caused_by_id IS NULL AND kind <> 'restore'"),
        ),
        Index(
            "uq_customer_order_open_from_line",
            "from_line_id",
            unique=True,
            postgresql_where=text("state IN ('acknowledged', 'committed', 'held') AND from_line_id IS NOT NULL"),
        ),
        Index(
            "uq_customer_order_number_reserved",
            "kept_number",
            unique=True,
            postgresql_where=text("kept_number IS NOT NULL AND state IN ('acknowledged', 'committed', 'held')"),
        ),
        Index(
            "ix_customer_order_open_of_provider",
            "provider_id",
            "number",
            postgresql_where=text("state IN ('acknowledged', 'committed', 'held')"),
        ),
        Index("uq_customer_order_caused_by", "caused_by_id", unique=True, postgresql_where=text("caused_by_id IS NOT NULL")),
        Index("ix_customer_order_link", "link_number", postgresql_where=text("link_number IS NOT NULL")),
        Index("ix_customer_order_quote_id", "quote_id", postgresql_where=text("quote_id IS NOT NULL")),
        Index("ix_customer_order_appointment_id", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
        CheckConstraint("escalation BETWEEN 0 AND 3", name="escalation_of_three"),
        CheckConstraint("chase_count >= 0", name="chases_count"),
        CheckConstraint("line_count IS NULL OR line_count BETWEEN 1 AND 200", name="lines_to_two_hundred"),
        CheckConstraint("(consented_by IS NULL) = (consented_at IS NULL)", name="consent_has_time"),
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
    """The line worked on; a provide plans one. One open order a line (uq_customer_order_open_on_line), and beside it at most the
    lifting of a bar, which waits for nobody and touches nothing else."""
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
    """For an order that needs a pair only."""
    telephone_number: Mapped[str | None]
    """The number the line will have, or that it is known by, as E.164 digits; None until completion at a silver address."""
    kept_number: Mapped[str | None]
    """The number kept for this order while it is open: the one the line will have, where it does not have it yet. One open order
    a number (uq_customer_order_number_reserved)."""
    is_number_chosen: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The number the line will have was asked for by its digits: a choice is charged."""
    old_number: Mapped[str | None]
    """The number the line had when the order was placed, where it will have another."""
    from_line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    """Of a move: the line that is left."""
    line_count: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Of an order for how many lines: how many there will be, the one with the number included."""
    caused_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("orders.customer_order.id"))
    """Of an unsolicited cease: the takeover or transfer that takes the line. It lives and ends with that order."""
    link_number: Mapped[str | None]
    """What orders to be done together share: the number of the first of them."""
    network_code: Mapped[str | None] = mapped_column(ForeignKey("css.network.code"))
    """Of a number that is ported: whence or whither."""
    authority: Mapped[str | None]
    """The letter of authority a port or transfer rests on, as it is filed."""
    bar: Mapped[BarKind | None] = mapped_column(choice(BarKind, "bar"))
    reason_code: Mapped[str | None]
    """Of a cease: why the line is given up (``CeaseReason``)."""
    is_treatment: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Debt treatment's own: its hold never stands in treatment's way."""
    care_level: Mapped[str | None]
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    directory_kind: Mapped[str | None]
    """How the line will be listed, where the order says so."""
    directory_name: Mapped[str | None]
    emergency_name: Mapped[str | None]
    hazard_notes: Mapped[str | None]
    visit_notes: Mapped[str | None]
    """How to get in."""
    no_return_at: Mapped[datetime | None]
    """From when it can no longer be cancelled or amended, by the timing in force when it was committed; moves with the target."""
    excess_price: Mapped[Price | None]
    """Excess construction as surveyed, before VAT."""
    excess_agreed: Mapped[Money | None]
    """Up to what excess construction the customer agreed beforehand, before VAT."""
    quote_id: Mapped[Ref | None] = mapped_column(ForeignKey("orders.quote.id"))
    """The quote it was ordered by."""
    consented_by: Mapped[str | None]
    """Who agreed to the terms read out, by name."""
    consented_at: Mapped[datetime | None]
    """When the agreement was given."""
    owner: Mapped[str | None]
    """The operator who sees it through."""
    escalation: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How far it was escalated: 0 not at all, 3 furthest."""
    chase_count: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How often the customer rang to ask where it is."""
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
    """The service opened, ended or kept by it; None until completion for an added product."""
    quantity: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """How many of it."""


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
    """What went wrong: of a delay, a warning, a new date or an end by us."""
    words: Mapped[str]
    order_copy: Mapped[dict[str, Any]]
    """The order in full, as it then stood."""
    told: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """To whom it went: outbox source keys, or ``contact`` when it is only on the timeline."""


append_only("orders.kci_event")


class OrderTask(Base):
    """A dated piece of an order's work. The last one done completes the order."""

    __tablename__ = "order_task"
    __table_args__ = (
        UniqueConstraint("order_id", "task_number"),
        CheckConstraint("task_number > 0", name="task_number_counts"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_has_instant"),
        CheckConstraint("(state = 'done') = (done_on IS NOT NULL)", name="done_has_day"),
        CheckConstraint("state <> 'failed' OR problem_code IS NOT NULL", name="failed_has_code"),
        Index("ix_order_task_open", "district_code", "owner", "due_on", postgresql_where=text("state IN ('open', 'failed')")),
        {"schema": "orders"},
    )

    id: Mapped[Id]
    order_id: Mapped[Ref] = mapped_column(ForeignKey("orders.customer_order.id"))
    task_number: Mapped[SmallNumber] = mapped_column(Integer)
    """Its place in the order, from 1."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    kind: Mapped[TaskKind] = mapped_column(choice(TaskKind, "kind"))
    owner: Mapped[WorkGroup] = mapped_column(choice(WorkGroup, "owner"))
    """Whose it is."""
    state: Mapped[TaskState] = mapped_column(choice(TaskState, "state"))
    due_on: Mapped[date]
    """By when it must be done for the order to be in time."""
    checks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """The codes of its checklist that were ticked."""
    problem_code: Mapped[str | None]
    """Why it failed, last time it did."""
    words: Mapped[str | None]
    """What whoever did it, or could not do it, wrote down."""
    attempts: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """How often it failed."""
    done_on: Mapped[date | None]
    """The day it was done."""
    done_at: Mapped[datetime | None]
    """When we were told."""
    done_by: Mapped[str | None]
    """Who told us."""


class OrderNote(Base):
    """Something written down about an order that its customer is not told: a chase, an escalation, who took it."""

    __tablename__ = "order_note"
    __table_args__ = (Index("ix_order_note_order_id", "order_id"), {"schema": "orders"})

    id: Mapped[Id]
    order_id: Mapped[Ref] = mapped_column(ForeignKey("orders.customer_order.id"))
    kind: Mapped[NoteKind] = mapped_column(choice(NoteKind, "kind"))
    words: Mapped[str]
    noted_at: Mapped[datetime]
    """When it was written."""
    noted_by: Mapped[str]
    """Who wrote it."""


append_only("orders.order_note")


class Quote(Base):
    """What an order would cost and when it could be had, as it was told to somebody, and whether they agreed."""

    __tablename__ = "quote"
    __table_args__ = (
        CheckConstraint("(consented_by IS NULL) = (consented_at IS NULL)", name="consent_has_time"),
        Index("ix_quote_account_id", "account_id"),
        {"schema": "orders"},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    kind: Mapped[OrderKind] = mapped_column(choice(OrderKind, "kind"))
    asked: Mapped[dict[str, Any]]
    """The order as it was asked for."""
    told: Mapped[dict[str, Any]]
    """What was told: charges with their prices, minimum term, dates, the first bill, the words read out."""
    quoted_at: Mapped[datetime]
    """When it was told."""
    quoted_by: Mapped[str]
    """Who told it."""
    valid_through: Mapped[date]
    """The last day an order may be placed by it."""
    consented_by: Mapped[str | None]
    """Who agreed, by name."""
    consented_at: Mapped[datetime | None]
    """When they agreed."""


class OrderTiming(Base):
    """Lead time and point of no return of a kind of order, from a day until the next row of its kind: reference data.

    Looked up by the day the order is placed (lead time) or worked for (point of no return). The most particular row counts.
    """

    __tablename__ = "order_timing"
    __table_args__ = (
        UniqueConstraint("kind", "outcome", "needs_visit", "starts_on", postgresql_nulls_not_distinct=True),
        CheckConstraint("lead_working_days >= 0", name="lead_counts"),
        CheckConstraint("no_return_working_days >= 0", name="no_return_counts"),
        {"schema": "orders"},
    )

    id: Mapped[Id]
    kind: Mapped[OrderKind] = mapped_column(choice(OrderKind, "kind"))
    outcome: Mapped[PlantOutcome | None] = mapped_column(choice(PlantOutcome, "outcome"))
    """For orders that need a pair; None for any."""
    needs_visit: Mapped[bool | None] = mapped_column(Boolean)
    """None when a visit makes no difference."""
    starts_on: Mapped[date]
    lead_working_days: Mapped[SmallNumber] = mapped_column(Integer)
    """The least number of working days from the business date it is placed on."""
    no_return_working_days: Mapped[SmallNumber] = mapped_column(Integer)
    """So many working days before the day it is worked for ..."""
    no_return_time: Mapped[time]
    """... at this London time it can no longer be cancelled or amended."""


OPEN_ORDER_VIEW = view(
    "orders.open_order_v",
    """
SELECT o.id AS order_id, o.number, o.district_code, o.provider_id, o.account_id, o.line_id, o.kind, o.state,
       o.required_on, o.committed_on, o.target_on, o.telephone_number, o.placed_at
  FROM orders.customer_order o
 WHERE o.state IN ('acknowledged', 'committed', 'held')
""",
)
