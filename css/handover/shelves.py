"""What waits for billing: priced one-offs, and promises to customers that were not kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final

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
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from css.core.calendar import require_aware
from css.core.money import Price
from css.core.words import FailureKind, PriceBasis, VatCode
from css.db.base import Base, Id, Ref, SmallNumber, choice
from css.handover.leaving import leave


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
    care_level: Mapped[str | None]
    """Of a repair: the level that was promised."""
    customer_held: Mapped[list[list[str]]] = mapped_column(JSONB, server_default="[]")
    """The customer's own delay, as pairs of instants (ISO 8601, UTC): automatic compensation stops meanwhile."""
    is_guaranteed: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """Whether a wholesale guarantee counts at all: not where matters beyond our control were declared in time."""
    guarantee_ends_at: Mapped[datetime | None]
    """Until when a guarantee counts at most; none for as long as it took."""
    is_total_loss: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """Whether the line was dead: compensation of a repair asks for that, a guarantee does not."""
    business_date: Mapped[date]


_NOTED: Final = "service_failures_noted"
"""Where a session keeps the keys of the failures left in it, while somebody wants to know."""


@contextmanager
def noting_failures(session: Session) -> Iterator[list[str]]:
    """The source keys of the failures left meanwhile, in their order, for whoever is to see to them in the same transaction."""
    before, noted = session.info.get(_NOTED), list[str]()
    session.info[_NOTED] = noted
    try:
        yield noted
    finally:
        session.info[_NOTED] = before


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


def leave_billable_items(session: Session, *items: ItemToBill) -> int:
    """Leave priced one-offs for billing, in one statement; how many of them were not left before."""
    if not items:
        return 0
    names = [each.name for each in fields(ItemToBill)]
    statement = insert(BillableItem).values([{name: getattr(item, name) for name in names} for item in items])
    left = statement.on_conflict_do_nothing(index_elements=["source_key"]).returning(BillableItem.id)
    return len(session.execute(left).all())


def leave_service_failure(  # noqa: PLR0913 - a shelf row is written in one place, by name
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
    care_level: str | None = None,
    customer_held: Sequence[tuple[datetime, datetime]] = (),
    is_guaranteed: bool = True,
    guarantee_ends_at: datetime | None = None,
    is_total_loss: bool = True,
) -> bool:
    """Leave a broken promise for billing's compensation rule; False when it was left before."""
    is_new = leave(
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
            "care_level": care_level,
            "customer_held": [[require_aware(one).isoformat() for one in held] for held in customer_held],
            "is_guaranteed": is_guaranteed,
            "guarantee_ends_at": guarantee_ends_at,
            "is_total_loss": is_total_loss,
        },
    )
    noted: list[str] | None = session.info.get(_NOTED)
    if is_new and noted is not None:
        noted.append(source_key)
    return is_new
