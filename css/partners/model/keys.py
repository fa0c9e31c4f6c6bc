"""What partners show at the door: keys, held only as their sums, and certificates, known by theirs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.db.base import Base, Id, Ref, choice


class KeyArea(StrEnum):
    """What a key opens."""

    LIVE = "live"
    SANDBOX = "sandbox"
    """The partner's test area, and nothing else."""


class PartnerKey(Base):
    """A secret a partner sends with each request, held only as its hash. Several are in force at once while one replaces another."""

    __tablename__ = "partner_key"
    __table_args__ = (
        UniqueConstraint("key_sha256"),
        CheckConstraint("expires_at > starts_at", name="ends_after_it_starts"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    area: Mapped[KeyArea] = mapped_column(choice(KeyArea, "area"))
    key_sha256: Mapped[str]
    """SHA-256 of the key, in hexadecimal."""
    words: Mapped[str]
    starts_at: Mapped[datetime]
    """In force from here."""
    expires_at: Mapped[datetime | None]
    """In force until before here; none while nobody has set an end."""
    revoked_at: Mapped[datetime | None]
    """From then on it opens nothing, whatever its end."""
    created_at: Mapped[datetime]


class PartnerCertificate(Base):
    """A client certificate by which a partner may be known instead of a key."""

    __tablename__ = "partner_certificate"
    __table_args__ = (
        UniqueConstraint("fingerprint_sha256"),
        CheckConstraint("expires_at > starts_at", name="ends_after_it_starts"),
        {"schema": "partners"},
    )

    id: Mapped[Id]
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    area: Mapped[KeyArea] = mapped_column(choice(KeyArea, "area"))
    fingerprint_sha256: Mapped[str]
    """SHA-256 of the certificate in DER, in hexadecimal."""
    words: Mapped[str]
    starts_at: Mapped[datetime]
    """Its own notBefore."""
    expires_at: Mapped[datetime]
    """Its own notAfter."""
    revoked_at: Mapped[datetime | None]
    """From then on it opens nothing, whatever its end."""
    created_at: Mapped[datetime]
