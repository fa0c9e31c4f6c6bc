"""Telephone numbers beside those in use: kept for somebody, resting after a cease, brought in from and taken to other networks."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import PortDirection
from css.db.base import Base, Id, Ref, SmallNumber, choice, code_form


class Network(Base):
    """Another network, with which numbers are ported."""

    __tablename__ = "network"
    __table_args__ = (code_form("code", "^[A-Z][A-Z0-9]{1,7}$", "code_form"), {"schema": "css"})

    code: Mapped[str] = mapped_column(primary_key=True)
    """Two to eight capitals and digits."""
    name: Mapped[str]


class PortedNumber(Base):
    """A number that came from another network or went to one, from a day until it went back."""

    __tablename__ = "ported_number"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("number ~ '^44[0-9]{9,10}$'", name="number_form"),
        ExcludeConstraint(("number", "="), (text("daterange(starts_on, ends_on)"), "&&"), name="ex_ported_number_twice", using="gist"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    number: Mapped[str]
    direction: Mapped[PortDirection] = mapped_column(choice(PortDirection, "direction"))
    network_code: Mapped[str] = mapped_column(ForeignKey("css.network.code"))
    """Whence or whither."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """The day it went back to whose range it is of; exclusive."""
    order_number: Mapped[str | None]
    """The order that ported it."""


class NumberReservation(Base):
    """A number kept for a provider's customer while an order is talked about; it lapses by itself.

    The database refuses one number kept twice at one time (ex_number_reservation_twice).
    """

    __tablename__ = "number_reservation"
    __table_args__ = (
        CheckConstraint("ends_at >= starts_at", name="ends_after_start"),
        ExcludeConstraint(("number", "="), (text("tstzrange(starts_at, ends_at)"), "&&"), name="ex_number_reservation_twice", using="gist"),
        Index("ix_number_reservation_number", "number", "ends_at"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    number: Mapped[str]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """When it lapses, was given back, or was used by an order; exclusive."""
    reserved_by: Mapped[str]
    """Who reserved it."""
    order_number: Mapped[str | None]
    """The order that used it."""


class Quarantine(Base):
    """From a day on, how long a ceased number rests before anybody else is given it."""

    __tablename__ = "quarantine"
    __table_args__ = (CheckConstraint("days >= 0", name="days_count"), {"schema": "css"})

    starts_on: Mapped[date] = mapped_column(primary_key=True)
    days: Mapped[SmallNumber] = mapped_column(Integer)
    """Calendar days."""
