"""Client certificates: a partner may be known by one instead of by a key.

TLS proves that whoever calls holds the certificate's private key and that one of the authorities we trust has signed it; which
partner it stands for is a row here, by the certificate's fingerprint. Its days are its own: they are read from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, Conflict, NotFound
from css.db.constraints import constraint_of
from css.master.operator_changes import require_supervisor
from css.master.providers import Provider
from css.partners.access.keys import Partner, in_force, partner_in, partner_of, words_for
from css.partners.access.keys_actions import Standing, standing_of
from css.partners.model import KeyArea, PartnerCertificate

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

PEM_MAX: Final = 50_000
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_TAKEN: Final = "uq_partner_certificate_fingerprint_sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPartnerCertificate:
    """Let a partner be known by a certificate from now on, within the certificate's own days."""

    token: str = ""
    provider_code: str
    pem: str
    """The certificate as text, one alone: ``-----BEGIN CERTIFICATE-----`` and so on. Never a private key."""
    words: str
    """What it is for: ``order gateway, live``."""
    area: KeyArea = KeyArea.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokePartnerCertificate:
    """A certificate opens nothing from now on, whatever TLS says of it. Again changes nothing."""

    token: str = ""
    provider_code: str
    certificate_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCertificateRow:
    """A certificate that a partner may be, or might have been, known by."""

    certificate_id: int
    provider_code: str
    area: KeyArea
    fingerprint_sha256: str
    words: str
    starts_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    standing: Standing


def partner_of_certificate(session: Session, fingerprint: str, *, at: datetime, area: KeyArea = KeyArea.LIVE) -> Partner | None:
    """Whose certificate it is that TLS has proved; None when it is unknown, not yet or no longer in force, revoked, or of another area.

    One statement. Leans on uq_partner_certificate_fingerprint_sha256.

    Args:
        session: of the house.
        fingerprint: SHA-256 of the certificate in DER, in hexadecimal, with or without colons.
        at: the instant that must lie within its days.
        area: what the caller wants to enter.
    """
    plain = fingerprint.replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(plain):
        return None
    row = session.execute(
        select(Provider.id, Provider.code, Provider.party_id, PartnerCertificate.area)
        .join(Provider, Provider.id == PartnerCertificate.provider_id)
        .where(PartnerCertificate.fingerprint_sha256 == plain, Provider.is_active, *in_force(PartnerCertificate, at, area))
    ).one_or_none()
    return None if row is None else partner_in(row)


@answered
def register_partner_certificate(
    session: Session, command: RegisterPartnerCertificate, *, by: Actor, at: datetime
) -> PartnerCertificateRow:
    """Keep a certificate's fingerprint and days. Several are in force at once while one replaces another.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider.
        BadMessage: CSS545E not one certificate that can be read, or its days are over; CSS561E no words to know it by.
        Conflict: CSS546E it was registered before, for whomever.
    """
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - see _read

    require_supervisor(by)
    words = words_for(command.words, "certificate")
    certificate = _read(command.pem)
    starts_at, expires_at = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if expires_at <= at:
        raise BadMessage("CSS545E", "The certificate's days ended {ended:%d %b %Y %H:%M}.", ended=expires_at, element="pem")
    partner = partner_of(session, command.provider_code)
    row = PartnerCertificate(
        provider_id=partner.provider_id,
        area=command.area,
        fingerprint_sha256=sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        words=words,
        starts_at=starts_at,
        expires_at=expires_at,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if constraint_of(error) != _TAKEN:
            raise
        sentence = "This certificate was registered before; a certificate stands for one partner and one area, and is never given anew."
        raise Conflict("CSS546E", sentence, element="pem") from error
    after = {"certificate_id": row.id, "words": words, "area": command.area.value, "fingerprint_sha256": row.fingerprint_sha256}
    record(session, by=by, at=at, verb="register_partner_certificate", subject=("provider", partner.code), after=after)
    session.flush()
    return _row(row, partner.code, at)


@answered
def revoke_partner_certificate(session: Session, command: RevokePartnerCertificate, *, by: Actor, at: datetime) -> PartnerCertificateRow:
    """Take a certificate out of force at once, for good.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider, CSS544E it has no such certificate.
    """
    require_supervisor(by)
    partner = partner_of(session, command.provider_code)
    row = session.execute(
        select(PartnerCertificate)
        .where(PartnerCertificate.id == command.certificate_id, PartnerCertificate.provider_id == partner.provider_id)
        .with_for_update()
    ).scalar()
    if row is None:
        sentence = "{code} has no certificate {certificate}."
        raise NotFound("CSS544E", sentence, code=partner.code, certificate=command.certificate_id, element="certificate_id")
    if row.revoked_at is None:
        row.revoked_at = at
        after = {"certificate_id": row.id, "words": row.words}
        record(session, by=by, at=at, verb="revoke_partner_certificate", subject=("provider", partner.code), after=after)
        session.flush()
    return _row(row, partner.code, at)


def partner_certificates(session: Session, *, at: datetime, provider_code: str = "") -> tuple[PartnerCertificateRow, ...]:
    """The certificates of a provider or of all, the newest first."""
    statement = select(PartnerCertificate, Provider.code).join(Provider, Provider.id == PartnerCertificate.provider_id)
    if provider_code:
        statement = statement.where(Provider.code == provider_code)
    rows = session.execute(statement.order_by(Provider.code, PartnerCertificate.id.desc()))
    return tuple(_row(row.PartnerCertificate, row.code, at) for row in rows)


def _read(pem: str) -> Certificate:
    """The one certificate in a text.

    Raises:
        BadMessage: CSS545E.
    """
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - a tenth of a second that only this deed needs

    if "PRIVATE KEY" in pem:
        sentence = "There is a private key in it. It is the partner's alone: delete the file here, and let the partner make another key."
        raise BadMessage("CSS545E", sentence, element="pem")
    try:
        found = load_pem_x509_certificates(pem.encode("ascii")) if len(pem) <= PEM_MAX else []
    except ValueError:
        found = []
    if len(found) != 1:
        sentence = "Give one certificate in PEM, from BEGIN CERTIFICATE to END CERTIFICATE; {count} can be read there."
        raise BadMessage("CSS545E", sentence, count=len(found) or "none", element="pem")
    return found[0]


def _row(row: PartnerCertificate, code: str, at: datetime) -> PartnerCertificateRow:
    return PartnerCertificateRow(
        certificate_id=row.id,
        provider_code=code,
        area=row.area,
        fingerprint_sha256=row.fingerprint_sha256,
        words=row.words,
        starts_at=row.starts_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        standing=standing_of(row, at),
    )
