"""The ledger: nominals, journal entries and postings in double entry, and payments. Rows are only ever added."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.words import NominalKind, PaymentMethod
from css.audit import append_only
from css.core.money import Money
from css.db.base import Base, Id, Ref, choice
from css.db.ddl import stored


class Nominal(Base):
    """An account of the ledger; what is billed is an account, these are nominals."""

    __tablename__ = "nominal"
    __table_args__ = ({"schema": "billing"},)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[NominalKind] = mapped_column(choice(NominalKind, "kind"))


class JournalEntry(Base):
    """One event in the books. Its postings sum to zero, or the database refuses the transaction."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        UniqueConstraint("source_key"),
        Index("ix_journal_entry_district_code_business_date", "district_code", "business_date"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    source_key: Mapped[str]
    """What it records, once: ``bill/123``, ``payment/45``, ``outside/7``."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    business_date: Mapped[date]
    words: Mapped[str]
    entered_at: Mapped[datetime]
    """When it was entered."""
    reverses_entry_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.journal_entry.id"))


class Posting(Base):
    """One side of an entry: positive is a debit, negative a credit."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_says_something"),
        CheckConstraint("(nominal_code = 'DEBTORS') = (account_id IS NOT NULL)", name="debtors_names_account"),
        Index("ix_posting_account_id_business_date", "account_id", "business_date"),
        Index("ix_posting_journal_entry_id", "journal_entry_id"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    journal_entry_id: Mapped[Ref] = mapped_column(ForeignKey("billing.journal_entry.id"))
    nominal_code: Mapped[str] = mapped_column(ForeignKey("billing.nominal.code"))
    account_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account.id"))
    business_date: Mapped[date]
    amount: Mapped[Money]
    """Positive is a debit."""


class Payment(Base):
    """Money received for an account."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_payment_account_id_business_date", "account_id", "business_date"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    number: Mapped[str]
    """The receipt number people read out."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    amount: Mapped[Money]
    """Always positive: money going back is not a payment."""
    method: Mapped[PaymentMethod] = mapped_column(choice(PaymentMethod, "method"))
    reference: Mapped[str]
    """What the payer or the bank quoted."""
    received_on: Mapped[date]
    """The day the money came."""
    business_date: Mapped[date]
    taken_at: Mapped[datetime]
    """When it was keyed."""
    taken_by: Mapped[str]
    """Who keyed it."""


append_only("billing.journal_entry")
append_only("billing.posting")
append_only("billing.payment")

stored(
    "billing.entry_balances",
    """
CREATE FUNCTION billing.entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
-- Debits equal credits in every entry, checked when the transaction commits.
BEGIN
  IF (SELECT coalesce(sum(p.amount), 0) FROM billing.posting p WHERE p.journal_entry_id = NEW.journal_entry_id) <> 0 THEN
    RAISE EXCEPTION 'journal entry % does not balance', NEW.journal_entry_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_journal_entry_balances';
  END IF;
  RETURN NULL;
END $$
""",
    "DROP FUNCTION billing.entry_balances()",
)
stored(
    "ck_journal_entry_balances",
    """
CREATE CONSTRAINT TRIGGER ck_journal_entry_balances AFTER INSERT ON billing.posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing.entry_balances()
""",
    "DROP TRIGGER ck_journal_entry_balances ON billing.posting",
)
