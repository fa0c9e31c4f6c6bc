"""Accounts: what is billed. One customer may hold several; the payer may be somebody else."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from css.core.words import BillFrequency, BillMedium, Itemisation, PaymentMeans, Segment, VatStatus
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice


class Account(Base):
    """What is billed, on a cycle day, to a payer at a billing address."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("cycle_day BETWEEN 1 AND 31", name="cycle_day_of_month"),
        CheckConstraint("cycle_month_group BETWEEN 1 AND 12", name="cycle_month_group_of_year"),
        CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name="closed_after_opened"),
        CheckConstraint("vat_status <> 'reverse-charge' OR vat_number IS NOT NULL", name="reverse_charge_has_vat_number"),
        CheckConstraint("vat_number IS NULL OR vat_number ~ '^GB([0-9]{9}|[0-9]{12})$'", name="vat_number_form"),
        CheckConstraint("payment_means <> 'direct-debit' OR mandate_reference IS NOT NULL", name="direct_debit_has_mandate"),
        Index("ix_account_customer_id", "customer_id"),
        Index("ix_account_billing_postcode", "billing_postcode"),
        Index("ix_account_email", "email", postgresql_where=text("email IS NOT NULL")),
        CheckConstraint("group_account_id <> id", name="group_is_another"),
        CheckConstraint("group_account_id IS NOT NULL OR NOT is_paid_by_group", name="paid_by_group_has_one"),
        Index("ix_account_district_code_provider_id", "district_code", "provider_id"),
        Index("ix_account_group_account_id", "group_account_id", postgresql_where=text("group_account_id IS NOT NULL")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("css.customer.id"))
    payer_customer_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.customer.id"))
    """A third party who pays; None when the customer pays."""
    segment: Mapped[Segment] = mapped_column(choice(Segment, "segment"))
    billing_name: Mapped[str]
    """The first of the three names: who the bill is addressed to."""
    billing_address_lines: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Where the bill goes, without the postcode."""
    billing_postcode: Mapped[str]
    """Its postcode."""
    cycle_day: Mapped[SmallNumber]
    """Day of the month the bill is made; 29 to 31 clamp to the month's end and return after."""
    frequency: Mapped[BillFrequency] = mapped_column(choice(BillFrequency, "frequency"))
    cycle_month_group: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    """One of the months in which a bill is made: of a quarterly account 1 means January, April, July and October too."""
    payment_means: Mapped[PaymentMeans] = mapped_column(choice(PaymentMeans, "payment_means"))
    mandate_reference: Mapped[str | None]
    """Of a Direct Debit."""
    vat_status: Mapped[VatStatus] = mapped_column(choice(VatStatus, "vat_status"))
    vat_number: Mapped[str | None]
    medium: Mapped[BillMedium] = mapped_column(choice(BillMedium, "medium"))
    email: Mapped[str | None]
    """For bills by e-mail."""
    endpoint: Mapped[str | None]
    """Electronic address for e-invoices as ``scheme:id``; bills for it obey Peppol rules too."""
    itemisation: Mapped[Itemisation] = mapped_column(choice(Itemisation, "itemisation"), server_default="full")
    """How much of its calls a bill shows."""
    group_account_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account.id"))
    """The account of the same district that this one is a member of; one level, so a group account is no member itself.
    Volume discounts run over a group."""
    is_paid_by_group: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Its bills are asked for on the group account's, which is then a consolidated bill."""
    opened_on: Mapped[date]
    """The first day anything can be billed to it."""
    closed_on: Mapped[date | None]
    """The day it was closed; none while it is open."""
    row_version: Mapped[RowVersion]


class AccountVatStatus(Base):
    """From when an account is taxed how: a log. On a day the row recorded last of those that start by then decides.

    An account without rows has always been what ``css.account`` says. The first change writes two: what was, from the
    day the account opened, and what is from the day of the change, which may lie in the past.
    """

    __tablename__ = "account_vat_status"
    __table_args__ = (
        Index("ix_account_vat_status_account_id", "account_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    starts_on: Mapped[date]
    vat_status: Mapped[VatStatus] = mapped_column(choice(VatStatus, "vat_status"))
    recorded_on: Mapped[date]
    """Business date: a night billing an earlier date does not see it."""


class AccountCycleTerm(Base):
    """From when an account's bills come round how: a log like ``account_vat_status``, and with two rows at the first change.

    A new cycle starts on the day up to which the old one has been charged, so no day falls in two periods.
    """

    __tablename__ = "account_cycle_term"
    __table_args__ = (
        CheckConstraint("cycle_day BETWEEN 1 AND 31", name="cycle_day_of_month"),
        CheckConstraint("cycle_month_group BETWEEN 1 AND 12", name="cycle_month_group_of_year"),
        Index("ix_account_cycle_term_account_id", "account_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    starts_on: Mapped[date]
    cycle_day: Mapped[SmallNumber]
    """Day of the month, as ``css.account`` has it."""
    frequency: Mapped[BillFrequency] = mapped_column(choice(BillFrequency, "frequency"))
    cycle_month_group: Mapped[SmallNumber] = mapped_column(Integer)
    """One of the months, as ``css.account`` has it."""
    recorded_on: Mapped[date]
    """Business date: a night billing an earlier date does not see it."""


class AccountPromotion(Base):
    """A credit every month, from a date until a date: a product of kind promotion given to an account.

    It is charged like a rental of a negative price: by the day, by difference, explained by its price.
    """

    __tablename__ = "account_promotion"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("quantity > 0", name="quantity_counts"),
        CheckConstraint("(ended_on IS NULL) = (end_recorded_on IS NULL)", name="end_is_recorded"),
        CheckConstraint("ended_on IS NULL OR (ended_on >= starts_on AND ended_on <= ends_on)", name="ended_within"),
        Index("ix_account_promotion_account_id", "account_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    line_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    """The line it is shown under; none for the account as a whole."""
    product_id: Mapped[Ref] = mapped_column(ForeignKey("css.product.id"))
    quantity: Mapped[SmallNumber] = mapped_column(Integer, server_default="1")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    """The first day without it, as promised when it was given."""
    start_recorded_on: Mapped[date]
    """The business date on which it was given."""
    ended_on: Mapped[date | None]
    """The first day without it when it was taken away before its time."""
    end_recorded_on: Mapped[date | None]
    """The business date on which that was recorded."""
    reason: Mapped[str]
    given_by: Mapped[str]
    """The operator who gave it."""
