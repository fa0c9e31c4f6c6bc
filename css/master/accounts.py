"""Accounts: what is billed. One customer may hold several; the payer may be somebody else."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from css.core.words import BillFrequency, BillMedium, PaymentMeans, Segment, VatStatus
from css.db.base import Base, Id, Ref, RowVersion, SmallNumber, choice


class Account(Base):
    """What is billed, on a cycle day, to a payer at a billing address."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("cycle_day BETWEEN 1 AND 31", name="cycle_day_of_month"),
        CheckConstraint("cycle_month_group BETWEEN 1 AND 3", name="cycle_month_group_of_quarter"),
        CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name="closed_after_opened"),
        CheckConstraint("vat_status <> 'reverse-charge' OR vat_number IS NOT NULL", name="reverse_charge_has_vat_number"),
        CheckConstraint("vat_number IS NULL OR vat_number ~ '^GB([0-9]{9}|[0-9]{12})$'", name="vat_number_form"),
        CheckConstraint("payment_means <> 'direct-debit' OR mandate_reference IS NOT NULL", name="direct_debit_has_mandate"),
        Index("ix_account_customer_id", "customer_id"),
        Index("ix_account_billing_postcode", "billing_postcode"),
        Index("ix_account_email", "email", postgresql_where=text("email IS NOT NULL")),
        Index("ix_account_district_code_provider_id", "district_code", "provider_id"),
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
    """For quarterly accounts: 1 bills in January, April, July, October; 2 in February, ...; 3 in March, ..."""
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
    opened_on: Mapped[date]
    """The first day anything can be billed to it."""
    closed_on: Mapped[date | None]
    """The day it was closed; none while it is open."""
    row_version: Mapped[RowVersion]
