"""Customers: the person or firm, who may hold several accounts. Not to be confused with the account, which is billed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import ContactPointKind, CustomerKind
from css.db.base import Base, Id, Ref, RowVersion, choice


class Customer(Base):
    """A person or an organisation of one district."""

    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint("(kind = 'person') = (surname IS NOT NULL)", name="person_has_surname"),
        CheckConstraint("(kind = 'organisation') = (organisation_name IS NOT NULL)", name="organisation_has_name"),
        # Without the operator class LIKE 'tans%' could not use it: our databases do not sort by bytes.
        Index("ix_customer_search_name", text("lower(coalesce(surname, organisation_name)) text_pattern_ops")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    kind: Mapped[CustomerKind] = mapped_column(choice(CustomerKind, "kind"))
    title: Mapped[str | None]
    """Mrs, Dr; for a person."""
    first_name: Mapped[str | None]
    """For a person."""
    surname: Mapped[str | None]
    """For a person."""
    organisation_name: Mapped[str | None]
    """For a firm."""
    company_number: Mapped[str | None]
    """A firm's number in its register."""
    born_on: Mapped[date | None]
    """Asked for only where it is needed."""
    language: Mapped[str] = mapped_column(server_default="en")
    """In which they wish to be written to."""
    is_vulnerable: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Priority in repair free of charge, and a hold on debt treatment; who may see it is a matter of role."""
    access_needs: Mapped[str | None]
    """Large print, textphone, call at the side door: what helps us serve them."""
    password_phrase: Mapped[str | None]
    """What the caller is asked before anything is disclosed."""
    may_market: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """They agreed to be told of offers."""
    consent_at: Mapped[datetime | None]
    """When they last said so, or said no."""
    created_at: Mapped[datetime]
    row_version: Mapped[RowVersion]


class ContactPoint(Base):
    """A telephone number or e-mail address at which a customer wishes to be reached."""

    __tablename__ = "contact_point"
    __table_args__ = (
        Index("ix_contact_point_value", "value"),
        Index("ix_contact_point_customer_id", "customer_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("css.customer.id"))
    kind: Mapped[ContactPointKind] = mapped_column(choice(ContactPointKind, "kind"))
    value: Mapped[str]
    """E.164 digits for a number, lower case for an e-mail address."""
    is_preferred: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Try this one first."""


class AuthorisedPerson(Base):
    """Somebody who may speak for a customer: a spouse, a carer, an attorney, a firm's bookkeeper."""

    __tablename__ = "authorised_person"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="period"),
        Index("ix_authorised_person_customer_id", "customer_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("css.customer.id"))
    name: Mapped[str]
    relation: Mapped[str]
    """Husband, carer, bookkeeper: in the customer's words."""
    password_phrase: Mapped[str | None]
    """This person's own."""
    born_on: Mapped[date | None]
    """For asking, if they wish."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """Exclusive; none until it is taken back."""
    recorded_by: Mapped[str]
    """Who wrote it down."""
    row_version: Mapped[RowVersion]


def display_name(title: str | None, first_name: str | None, surname: str | None, organisation_name: str | None) -> str:
    """The name as a letter or a screen shows it."""
    return organisation_name or " ".join(part for part in (title, first_name, surname) if part)
