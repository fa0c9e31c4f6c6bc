"""Months and quarters of the books, closed: what they came to, kept as rows that nothing changes any more."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.words import FigureSubject, PeriodKind
from css.audit import append_only
from css.core.money import Money
from css.db.base import Base, Id, SmallNumber, choice
from css.db.ddl import stored


class PeriodClose(Base):
    """A month or quarter of a district whose figures stand. From then on its figures and its days in the ledger are shut."""

    __tablename__ = "period_close"
    __table_args__ = (
        UniqueConstraint("district_code", "kind", "starts_on"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    kind: Mapped[PeriodKind] = mapped_column(choice(PeriodKind, "kind"))
    """A month, or a quarter of three."""
    starts_on: Mapped[date]
    """Its first business date."""
    ends_on: Mapped[date]
    """The first business date after it."""
    figures_sha256: Mapped[str]
    """Of all its figures in a fixed order: the same figures have the same."""
    closed_at: Mapped[datetime]
    """When it was closed."""
    closed_by: Mapped[str]
    """Who closed it: the net, mostly."""


class PeriodNominal(Base):
    """A line of a period's trial balance."""

    __tablename__ = "period_nominal"
    __table_args__ = ({"schema": "billing"},)

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    kind: Mapped[PeriodKind] = mapped_column(choice(PeriodKind, "kind"), primary_key=True)
    """A month, or a quarter of three."""
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    """The first business date of the period."""
    nominal_code: Mapped[str] = mapped_column(ForeignKey("billing.nominal.code"), primary_key=True)
    opening: Mapped[Money]
    """What the last close left; of a first one, what the ledger had before. Positive is a debit."""
    debits: Mapped[Money]
    """What was debited in the period."""
    credits: Mapped[Money]
    """What was credited in it, as a positive amount."""
    closing: Mapped[Money]
    """What the whole ledger has at the end of it, added up for itself."""


class PeriodVat(Base):
    """The VAT that a period's bills put into the ledger, by category, rate and whether the tax point lies in the period."""

    __tablename__ = "period_vat"
    __table_args__ = ({"schema": "billing"},)

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    kind: Mapped[PeriodKind] = mapped_column(choice(PeriodKind, "kind"), primary_key=True)
    """A month, or a quarter of three."""
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    """The first business date of the period."""
    vat_category: Mapped[str] = mapped_column(primary_key=True)
    """S, Z, E or AE."""
    vat_basis_points: Mapped[SmallNumber] = mapped_column(SmallInteger, primary_key=True)
    is_earlier: Mapped[bool] = mapped_column(primary_key=True)
    """Of bills whose tax point lies before the period: they were held, and let go after its begin."""
    bill_count: Mapped[SmallNumber] = mapped_column(Integer)
    """How many bills have a sum of that category and rate."""
    net: Mapped[Money]
    """The supplies."""
    vat: Mapped[Money]
    """The tax on them."""


class PeriodFigure(Base):
    """Another figure of a period: so many, so much of one kind of one subject."""

    __tablename__ = "period_figure"
    __table_args__ = (
        CheckConstraint("of_which_count IS NULL OR of_which_count BETWEEN 0 AND item_count", name="of_which_is_part"),
        {"schema": "billing"},
    )

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    kind: Mapped[PeriodKind] = mapped_column(choice(PeriodKind, "kind"), primary_key=True)
    """A month, or a quarter of three."""
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    """The first business date of the period."""
    subject: Mapped[FigureSubject] = mapped_column(choice(FigureSubject, "subject"), primary_key=True)
    """What it is about."""
    key: Mapped[str] = mapped_column(primary_key=True)
    """Which kind of it: ``rental``, ``over-60``, ``CSS412E/to-7``, ``ALICE``."""
    item_count: Mapped[int]
    """How many."""
    of_which_count: Mapped[int | None]
    """How many of them were in time, where time matters."""
    duration_seconds: Mapped[int | None]
    """Whole seconds, of usage."""
    amount: Mapped[Money | None]
    """What they come to, where there is an amount: credits are negative."""


append_only("billing.period_close")

FIGURE_TABLES: Final = ("period_nominal", "period_vat", "period_figure")

stored(
    "billing.closed_period_stays",
    """
CREATE FUNCTION billing.closed_period_stays() RETURNS trigger LANGUAGE plpgsql AS $$
-- What a closed month or quarter came to is neither added to, changed nor deleted.
DECLARE
  touched record;
BEGIN
  IF TG_OP = 'DELETE' THEN touched := OLD; ELSE touched := NEW; END IF;
  IF TG_OP = 'UPDATE' OR EXISTS (SELECT 1 FROM billing.period_close c
                                  WHERE c.district_code = touched.district_code AND c.kind = touched.kind
                                    AND c.starts_on = touched.starts_on) THEN
    RAISE EXCEPTION 'the % of % in district % is closed and its figures stay as they are', touched.kind, touched.starts_on,
      touched.district_code USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN touched;
END $$
""",
    "DROP FUNCTION billing.closed_period_stays()",
)
for _table in FIGURE_TABLES:
    stored(
        f"{_table}_stays",
        f"""
CREATE TRIGGER {_table}_stays BEFORE INSERT OR UPDATE OR DELETE ON billing.{_table}
  FOR EACH ROW EXECUTE FUNCTION billing.closed_period_stays()
""",
        f"DROP TRIGGER {_table}_stays ON billing.{_table}",
    )

stored(
    "billing.closed_period_is_shut",
    """
CREATE FUNCTION billing.closed_period_is_shut() RETURNS trigger LANGUAGE plpgsql AS $$
-- Nothing is entered in the ledger for a day of a closed month; asked once a statement, however many entries it makes.
DECLARE
  late record;
BEGIN
  SELECT e.source_key, e.business_date, e.district_code INTO late
    FROM entered e JOIN billing.period_close c ON c.district_code = e.district_code AND e.business_date < c.ends_on
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % is of %, and that month is closed in district %', late.source_key, late.business_date, late.district_code
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$
""",
    "DROP FUNCTION billing.closed_period_is_shut()",
)
stored(
    "journal_entry_not_closed",
    """
CREATE TRIGGER journal_entry_not_closed AFTER INSERT ON billing.journal_entry
  REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION billing.closed_period_is_shut()
""",
    "DROP TRIGGER journal_entry_not_closed ON billing.journal_entry",
)

__all__ = ["PeriodClose", "PeriodFigure", "PeriodNominal", "PeriodVat"]
