"""Providers: whoever sells service on our network. The own retail arm is a provider like any other."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from css.db.base import Base, Id, code_form


class Provider(Base):
    """A communications provider: the owner of accounts, lines, orders and faults, and a party to XML messages."""

    __tablename__ = "provider"
    __table_args__ = (
        code_form("code", "^[A-Z][A-Z0-9]{2,7}$", "code_form"),
        CheckConstraint("vat_number IS NULL OR vat_number ~ '^GB([0-9]{9}|[0-9]{12})$'", name="vat_number_form"),
        Index("uq_provider_own_retail", "is_own_retail", unique=True, postgresql_where=text("is_own_retail")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    """Three to eight capitals and digits, e.g. ``RETAIL`` or ``NORTEL1``; the actor's provider_code."""
    name: Mapped[str]
    party_id: Mapped[str] = mapped_column(unique=True)
    """What message headers carry as Sender and Receiver (a DUNS-like number)."""
    is_own_retail: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Ours; there is one (uq_provider_own_retail)."""
    address_lines: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Where bills to it go, without the postcode."""
    postcode: Mapped[str]
    vat_number: Mapped[str | None]
    endpoint: Mapped[str | None]
    """Electronic address for e-invoices as ``scheme:id`` (9932:GB...), None when bills go by other means."""
    wholesale_tariff_code: Mapped[str | None]
    """The tariff by which the provider is charged for the calls of its lines; none while it has no such agreement."""
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
