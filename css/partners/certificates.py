"""Client certificates: a partner may be known by one instead of by a key."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.master.providers import Provider
from css.partners.keys import Partner, in_force, partner_in
from css.partners.model import KeyArea, PartnerCertificate

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


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
