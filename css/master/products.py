"""Products and their dated prices; VAT rates by date. A price says whether it was published net or gross; both are stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Integer,
    Select,
    UnaryExpression,
    exists,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column
from sqlalchemy.types import Text

from css.core.money import Percent, Price
from css.core.pricing import PriceRow, VatRow, painted
from css.core.words import PriceBasis, PriceKind, ProductKind, Segment, VatCode
from css.db.base import Base, Id, Ref, SmallNumber, choice


class Product(Base):
    """What can be ordered."""

    __tablename__ = "product"
    __table_args__ = {"schema": "css"}  # noqa: RUF012 - SQLAlchemy's own interface

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    """What operators and partners key: ``LINE-RES``, ``CALLER-DISPLAY``."""
    name: Mapped[str]
    kind: Mapped[ProductKind] = mapped_column(choice(ProductKind, "kind"))
    segments: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """To whom it may be sold."""
    minimum_term_months: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """0 for none."""
    care_level: Mapped[str | None]
    """The care level a main product comes with."""
    tariff_code: Mapped[str | None]
    """The tariff by which calls of a main product are rated."""
    nominal_code: Mapped[str]
    """Where its revenue goes in the ledger."""
    vat_code: Mapped[VatCode] = mapped_column(choice(VatCode, "vat_code"))
    needs_visit: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """An engineer must come to provide it."""
    is_riding: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Somebody else's service that stops when the line does (broadband, an alarm): whoever ceases the line is told."""
    is_orderable: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """Off for what is no longer sold; services go on."""


class ProductPrice(Base):
    """A price of a product for a period.

    The database refuses two prices for one day (ex_product_price_overlap) among those that were listed. A price recorded
    later lies over them for its days, the last recorded on top: nothing is edited, and a night billing an earlier date
    sees what was known then.
    """

    __tablename__ = "product_price"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        ExcludeConstraint(
            ("product_id", "="),
            ("kind", "="),
            ("segment", "="),
            (text("daterange(starts_on, ends_on)"), "&&"),
            name="ex_product_price_overlap",
            using="gist",
            where=text("recorded_on IS NULL"),
        ),
        {"schema": "css"},
    )

    id: Mapped[Id]
    product_id: Mapped[Ref] = mapped_column(ForeignKey("css.product.id"))
    kind: Mapped[PriceKind] = mapped_column(choice(PriceKind, "kind"))
    segment: Mapped[Segment] = mapped_column(choice(Segment, "segment"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    basis: Mapped[PriceBasis] = mapped_column(choice(PriceBasis, "basis"))
    net_price: Mapped[Price]
    gross_price: Mapped[Price]
    recorded_on: Mapped[date | None]
    """The business date from whose cut on it counts; none for what stood on the list from the beginning."""
    reason: Mapped[str | None]
    """Why it was recorded later."""


class VatRate(Base):
    """The rate of VAT for a code from a date to a date. One announced later lies over those before, like a price."""

    __tablename__ = "vat_rate"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent_of_hundred"),
        ExcludeConstraint(
            ("code", "="),
            (text("daterange(starts_on, ends_on)"), "&&"),
            name="ex_vat_rate_overlap",
            using="gist",
            where=text("recorded_on IS NULL"),
        ),
        {"schema": "css"},
    )

    id: Mapped[Id]
    code: Mapped[VatCode] = mapped_column(choice(VatCode, "code"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    percent: Mapped[Percent]
    """Such as 20 or 17.5."""
    recorded_on: Mapped[date | None]
    """The business date from whose cut on it counts; none for what was there from the beginning."""


def vat_rates(session: Session, *, as_at: date | None = None) -> tuple[VatRow, ...]:
    """Every VAT rate there ever was, oldest first; a handful of rows. With ``as_at`` as they were known at that cut."""
    rows = session.execute(_laid(VatRate, as_at)).scalars()
    known = (VatRow(row.id, row.code, row.starts_on, row.ends_on, row.percent, row.recorded_on) for row in rows)
    visible = painted(known, key=lambda row: row.code)
    return tuple(sorted(visible, key=lambda row: (row.code, row.starts_on)))


def prices(session: Session, *, as_at: date | None = None, product_codes: Collection[str] | None = None) -> tuple[PriceRow, ...]:
    """Every product price there ever was, in the order in which they lie one over the other: small reference data.

    With ``as_at`` those known at that cut, with ``product_codes`` those of these products. ``css.core.pricing.painted``
    gives what can be seen of them.
    """
    statement = _laid(ProductPrice, as_at)
    if product_codes is not None:
        statement = statement.where(ProductPrice.product_id.in_(select(Product.id).where(Product.code.in_(product_codes))))
    return tuple(_row(row) for row in session.execute(statement).scalars())


def price_on(session: Session, product_id: int, kind: PriceKind, segment: Segment, day: date) -> PriceRow | None:
    """The price in force on the day of the event, by what is known now; None when the product has none of that kind."""
    row = session.execute(
        select(ProductPrice)
        .where(
            ProductPrice.product_id == product_id,
            ProductPrice.kind == kind,
            ProductPrice.segment == segment,
            covers(day),
        )
        .order_by(*_on_top())
        .limit(1)
    ).scalar_one_or_none()
    return None if row is None else _row(row)


Day = date | BindParameter[date]
"""A day, or the place of one in a statement that is built once and asked with many."""


def covers(day: Day) -> ColumnElement[bool]:
    """The prices whose days hold the day, covered by others or not."""
    return (ProductPrice.starts_on <= day) & (ProductPrice.ends_on.is_(None) | (ProductPrice.ends_on > day))


def seen_on(day: Day) -> ColumnElement[bool]:
    """The prices in force on a day: of those whose days hold it the one recorded last, for each product, kind and segment."""
    over = aliased(ProductPrice)
    later = or_(
        over.recorded_on.is_not(None) & ProductPrice.recorded_on.is_(None),
        over.recorded_on > ProductPrice.recorded_on,
        (over.recorded_on == ProductPrice.recorded_on) & (over.id > ProductPrice.id),
    )
    return covers(day) & ~exists().where(
        over.product_id == ProductPrice.product_id,
        over.kind == ProductPrice.kind,
        over.segment == ProductPrice.segment,
        over.starts_on <= day,
        over.ends_on.is_(None) | (over.ends_on > day),
        later,
    )


def _on_top() -> tuple[UnaryExpression[Any], ...]:
    return ProductPrice.recorded_on.desc().nulls_last(), ProductPrice.id.desc()


def _laid(table: type[ProductPrice | VatRate], as_at: date | None) -> Select[Any]:
    statement = select(table).order_by(table.recorded_on.asc().nulls_first(), table.id)
    return statement if as_at is None else statement.where(table.recorded_on.is_(None) | (table.recorded_on <= as_at))


def _row(row: ProductPrice) -> PriceRow:
    return PriceRow(
        row.id,
        row.product_id,
        row.kind,
        row.segment,
        row.starts_on,
        row.ends_on,
        row.basis,
        row.net_price,
        row.gross_price,
        row.recorded_on,
    )
