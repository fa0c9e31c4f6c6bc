"""Services: a product working on a line from a date to a date, with full history; and the numbers they answer to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import EndReason
from css.db.base import Base, Id, Ref, SmallNumber, choice
from css.db.ddl import stored


class Service(Base):
    """A product working on a line for an account. Rentals flow from it; it is ended, never deleted.

    ``starts_on`` and ``ends_on`` (exclusive) are when it works; ``start_recorded_on`` and ``end_recorded_on`` are the
    business dates on which we learned of it, so that a night billing an earlier date sees what was known then.
    """

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("(ends_on IS NULL) = (end_recorded_on IS NULL)", name="end_is_recorded"),
        CheckConstraint("quantity > 0", name="quantity_counts"),
        ExcludeConstraint(
            ("line_id", "="),
            ("product_id", "="),
            (text("daterange(starts_on, ends_on)"), "&&"),
            name="ex_service_product_twice_on_line",
            using="gist",
        ),
        Index("ix_service_account_id", "account_id"),
        # The exclusion's own index is no help to "line_id = 44467": GiST has no operator for a bigint beside a small literal.
        Index("ix_service_line_id", "line_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    product_id: Mapped[Ref] = mapped_column(ForeignKey("css.product.id"))
    quantity: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    start_recorded_on: Mapped[date]
    """The business date on which the start was recorded."""
    end_recorded_on: Mapped[date | None]
    """The business date on which the end was recorded."""
    minimum_term_ends_on: Mapped[date | None]
    """The first day after the minimum term; none without one."""
    care_level: Mapped[str | None]
    """Of the main product: 1, 2, 2.5, 3 or 4. None for features."""
    order_number: Mapped[str | None]
    """The order that provided it, as people read it out."""
    end_reason: Mapped[EndReason | None] = mapped_column(choice(EndReason, "end_reason"))
    """Why it ended; none of what goes on, and of what ended before reasons were kept."""
    end_order_number: Mapped[str | None]
    """The order that ended it."""


class ServiceNumber(Base):
    """A telephone number in use by a service, from an instant to an instant. Calls are guided by it.

    The database refuses one number on two services at one time (ex_service_number_in_use).
    """

    __tablename__ = "service_number"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        CheckConstraint("number ~ '^44[0-9]{9,10}$'", name="number_form"),
        ExcludeConstraint(("number", "="), (text("tstzrange(starts_at, ends_at)"), "&&"), name="ex_service_number_in_use", using="gist"),
        Index("ix_service_number_service_id", "service_id"),
        # The exclusion's index keeps no order, and lists go by number.
        Index("ix_service_number_in_use", "number", postgresql_where=text("ends_at IS NULL")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    service_id: Mapped[Ref] = mapped_column(ForeignKey("css.service.id"))
    number: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


WITHIN_LINE = stored(
    "css.service_within_line",
    """
CREATE FUNCTION css.service_within_line() RETURNS trigger LANGUAGE plpgsql AS $$
-- A service lives within its line's life; no check constraint can look at another table.
BEGIN
  IF TG_TABLE_NAME = 'service' THEN
    -- FOR SHARE waits for whoever is ending the line at this moment, and makes them wait for us.
    PERFORM 1 FROM css.line l WHERE l.id = NEW.line_id AND NEW.starts_on >= l.starts_on
        AND (l.ends_on IS NULL OR (NEW.ends_on IS NOT NULL AND NEW.ends_on <= l.ends_on)) FOR SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'service outside the life of its line' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_service_within_line';
    END IF;
  -- Each table has its own branch: NEW has no line_id when it is a line.
  ELSIF EXISTS (
       SELECT 1 FROM css.service s WHERE s.line_id = NEW.id AND (s.starts_on < NEW.starts_on
          OR (NEW.ends_on IS NOT NULL AND (s.ends_on IS NULL OR s.ends_on > NEW.ends_on))))
  THEN
    RAISE EXCEPTION 'line ends before its services' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_line_covers_services';
  END IF;
  RETURN NULL;
END $$
""",
    "DROP FUNCTION css.service_within_line()",
)
stored(
    "ck_service_within_line",
    """
CREATE CONSTRAINT TRIGGER ck_service_within_line AFTER INSERT OR UPDATE OF line_id, starts_on, ends_on ON css.service
  DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION css.service_within_line()
""",
    "DROP TRIGGER ck_service_within_line ON css.service",
)
stored(
    "ck_line_covers_services",
    """
CREATE CONSTRAINT TRIGGER ck_line_covers_services AFTER UPDATE OF starts_on, ends_on ON css.line
  DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION css.service_within_line()
""",
    "DROP TRIGGER ck_line_covers_services ON css.line",
)
