"""The shelves between rooms: what one room leaves and another takes, never a call between them.

A shelf row has a source key, so leaving twice is leaving once. The outbox carries documents to partners; billable items
and service failures wait for billing; order requests wait for orders; holds are respected by debt and orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import UUID, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from css.core.money import Price
from css.core.words import BarKind, FailureKind, HoldKind, PriceBasis, RequestKind, VatCode
from css.db.base import Base, Id, Ref, SmallNumber, choice
from css.master.accounts import Account
from css.master.providers import Provider


class OutboxMessage(Base):
    """A document for a partner, in the order it was written; partners deliver it, nobody edits it."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("provider_id", "sequence"),
        UniqueConstraint("source_key"),
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


class BillableItem(Base):
    """A priced one-off that an order or a repair leaves for billing."""

    __tablename__ = "billable_item"
    __table_args__ = (
        UniqueConstraint("source_key"),
        CheckConstraint("quantity > 0", name="quantity_counts"),
        Index("ix_billable_item_account_id_business_date", "account_id", "business_date"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    source_key: Mapped[str]
    """Who left it and for what: ``order/ZAO00000123/connection``."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    service_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.service.id"))
    product_id: Mapped[Ref] = mapped_column(ForeignKey("css.product.id"))
    words: Mapped[str]
    """What the bill says, without the amount."""
    reference: Mapped[str]
    """The order or fault number."""
    quantity: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """How many; the price is for one."""
    basis: Mapped[PriceBasis] = mapped_column(choice(PriceBasis, "basis"))
    net_price: Mapped[Price]
    gross_price: Mapped[Price]
    vat_code: Mapped[VatCode] = mapped_column(choice(VatCode, "vat_code"))
    occurs_on: Mapped[date]
    """The event's date: prices and VAT are looked up by it."""
    business_date: Mapped[date]
    """The business date on which it was left: which night may take it."""


class ServiceFailure(Base):
    """A promise to a customer not kept; billing's one compensation rule takes it."""

    __tablename__ = "service_failure"
    __table_args__ = (
        UniqueConstraint("source_key"),
        Index("ix_service_failure_account_id_business_date", "account_id", "business_date"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    source_key: Mapped[str]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    kind: Mapped[FailureKind] = mapped_column(choice(FailureKind, "kind"))
    reference: Mapped[str]
    """The order or fault number."""
    issue_on: Mapped[date]
    """When the issue began: the compensation rate is chosen by it."""
    promised_at: Mapped[datetime]
    """What was promised: due instant of the repair, committed date of the start, end of the slot."""
    put_right_at: Mapped[datetime]
    """When it was put right."""
    business_date: Mapped[date]


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


def _leave(session: Session, table: type[Base], values: dict[str, Any]) -> bool:
    """Put a row on a shelf unless one with its source key is there already; True when it is new."""
    statement = insert(table).values(**values).on_conflict_do_nothing(index_elements=["source_key"])
    return bool(session.execute(statement.returning(text("1"))).scalar())


def leave_billable_item(  # noqa: PLR0913 - a shelf row is written in one place, by name
    session: Session,
    *,
    source_key: str,
    district_code: str,
    account_id: int,
    line_id: int | None,
    service_id: int | None,
    product_id: int,
    words: str,
    reference: str,
    basis: PriceBasis,
    net_price: Price,
    gross_price: Price,
    vat_code: VatCode,
    occurs_on: date,
    business_date: date,
    quantity: int = 1,
) -> bool:
    """Leave a priced one-off for billing; False when it was left before."""
    return _leave(
        session,
        BillableItem,
        {
            "source_key": source_key,
            "district_code": district_code,
            "account_id": account_id,
            "line_id": line_id,
            "service_id": service_id,
            "product_id": product_id,
            "words": words,
            "reference": reference,
            "quantity": quantity,
            "basis": basis,
            "net_price": net_price,
            "gross_price": gross_price,
            "vat_code": vat_code,
            "occurs_on": occurs_on,
            "business_date": business_date,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemToBill:
    """A priced one-off, as ``BillableItem`` holds it."""

    source_key: str
    district_code: str
    account_id: int
    line_id: int | None
    service_id: int | None
    product_id: int
    words: str
    reference: str
    basis: PriceBasis
    net_price: Price
    gross_price: Price
    vat_code: VatCode
    occurs_on: date
    business_date: date
    quantity: int = 1


def leave_billable_items(session: Session, items: Sequence[ItemToBill]) -> int:
    """Leave several priced one-offs for billing in one statement; how many of them were not left before."""
    if not items:
        return 0
    names = [each.name for each in fields(ItemToBill)]
    statement = insert(BillableItem).values([{name: getattr(item, name) for name in names} for item in items])
    left = statement.on_conflict_do_nothing(index_elements=["source_key"]).returning(BillableItem.id)
    return len(session.execute(left).all())


def leave_service_failure(  # noqa: PLR0913
    session: Session,
    *,
    source_key: str,
    district_code: str,
    account_id: int,
    line_id: int,
    kind: FailureKind,
    reference: str,
    issue_on: date,
    promised_at: datetime,
    put_right_at: datetime,
    business_date: date,
) -> bool:
    """Leave a broken promise for billing's compensation rule; False when it was left before."""
    return _leave(
        session,
        ServiceFailure,
        {
            "source_key": source_key,
            "district_code": district_code,
            "account_id": account_id,
            "line_id": line_id,
            "kind": kind,
            "reference": reference,
            "issue_on": issue_on,
            "promised_at": promised_at,
            "put_right_at": put_right_at,
            "business_date": business_date,
        },
    )


def leave_order_request(  # noqa: PLR0913
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
    return _leave(
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


def next_outbox_sequence(session: Session, provider_id: int, *, count: int = 1) -> int:
    """Take the partner's next number, or the next ``count`` and return the first of them.

    The row stays locked until the transaction ends, so numbers have no gap.
    """
    statement = insert(OutboxCounter).values(provider_id=provider_id, last_sequence=count)
    statement = statement.on_conflict_do_update(index_elements=["provider_id"], set_={"last_sequence": OutboxCounter.last_sequence + count})
    return int(session.execute(statement.returning(OutboxCounter.last_sequence)).scalar_one()) - count + 1


def put_in_outbox(  # noqa: PLR0913
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
