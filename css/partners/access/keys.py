"""Who is calling: the keys partners show, and the parties of our messages.

A key is 256 random bits, held only as its SHA-256 sum: it needs no salt and no slow hash, because nobody can try
through 256 bits. It is shown once, when it is issued.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound
from css.master.operator_changes import require_supervisor
from css.master.providers import Provider
from css.partners.model import KeyArea, PartnerCertificate, PartnerKey
from css.xml import Party

__all__ = [
    "IssuePartnerKey",
    "KeyArea",
    "Partner",
    "PartnerKeyIssued",
    "in_force",
    "issue_key",
    "issue_partner_key",
    "own_party",
    "partner_in",
    "partner_of",
    "partner_of_key",
    "words_for",
]

PARTY_SCHEME: Final = "DUNS"
"""The scheme of every party's number in our headers."""
KEY_PREFIX: Final = "css-"
"""So that a scanner for leaked secrets, or a person, knows one when it is seen."""
KEY_BYTES: Final = 32
KEY_TEXT_MAX: Final = 200
WORDS_MAX: Final = 100
DAYS_MAX: Final = 3_660


@dataclass(frozen=True, slots=True)
class Partner:
    """A provider at the gateway."""

    provider_id: int
    code: str
    party: Party
    area: KeyArea = KeyArea.LIVE
    """What it showed opens this and nothing else."""

    @property
    def actor(self) -> Actor:
        """As whom its messages act."""
        return Actor("partner", self.code, self.code, door="XML")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePartnerKey:
    """Give a partner one more key."""

    token: str = ""
    """A repeat is told the key's number again, and never the key: it is not remembered."""
    provider_code: str
    words: str
    """What the key is for: ``order gateway, live``."""
    area: KeyArea = KeyArea.LIVE
    days: int | None = None
    """So many days from now it opens something; None until somebody sets an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerKeyIssued:
    """A new key."""

    key_id: int
    key: str | None
    """What the partner shows with its requests; told once, so not to a repeat."""
    expires_at: datetime | None


def issue_partner_key(session: Session, command: IssuePartnerKey, *, by: Actor, at: datetime) -> PartnerKeyIssued:
    """Make a key and tell it, for the only time.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider.
        BadMessage: CSS561E the key has no words, or too many, to know it by; CSS543E so many days it cannot have.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    issued = _issue(session, command, by=by, at=at, digest=_sum(key))
    is_this = session.execute(select(PartnerKey.key_sha256 == _sum(key)).where(PartnerKey.id == issued.key_id)).scalar_one()
    return replace(issued, key=key if is_this else None)


def issue_key(session: Session, command: IssuePartnerKey, *, by: Actor, at: datetime) -> str:
    """Make a key and give its text, which can never be had again. Errors as of ``issue_partner_key``."""
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    _issue(session, command, by=by, at=at, digest=_sum(key))
    return key


@answered
def _issue(session: Session, command: IssuePartnerKey, *, by: Actor, at: datetime, digest: str) -> PartnerKeyIssued:
    """The row of a key; what is remembered of it has no key in it."""
    require_supervisor(by)
    words = words_for(command.words, "key")
    if command.days is not None and not 1 <= command.days <= DAYS_MAX:
        raise BadMessage("CSS543E", "A key is good for 1 to {most} days.", most=DAYS_MAX, element="days")
    partner = partner_of(session, command.provider_code)
    row = PartnerKey(
        provider_id=partner.provider_id,
        key_sha256=digest,
        area=command.area,
        words=words,
        starts_at=at,
        expires_at=None if command.days is None else at + timedelta(days=command.days),
        created_at=at,
    )
    session.add(row)
    session.flush()
    after = {"key_id": row.id, "words": words, "area": command.area.value, "expires_at": row.expires_at}
    record(session, by=by, at=at, verb="issue_partner_key", subject=("provider", partner.code), after=after)
    session.flush()
    return PartnerKeyIssued(key_id=row.id, key=None, expires_at=row.expires_at)


def words_for(words: str, what: str) -> str:
    """What a key or a certificate is for, as keyed.

    Raises:
        BadMessage: CSS561E, none or too many.
    """
    plain = words.strip()
    if not 1 <= len(plain) <= WORDS_MAX:
        raise BadMessage("CSS561E", "Say in 1 to {most} characters what the {what} is for.", most=WORDS_MAX, what=what, element="words")
    return plain


def partner_of_key(session: Session, key: str, *, at: datetime, area: KeyArea = KeyArea.LIVE) -> Partner | None:
    """Whose key it is; None for one that is unknown, of another area, not in force at that instant, or of a provider that no
    longer trades: whoever shows it cannot tell which. One statement.
    """
    if not 0 < len(key) <= KEY_TEXT_MAX:
        return None
    digest = _sum(key)
    # Leans on uq_partner_key_key_sha256. What is looked up is a sum nobody can steer, so the look-up tells no secret by
    # its time; the comparison after it takes the same time for every key.
    row = session.execute(
        select(PartnerKey.key_sha256, Provider.id, Provider.code, Provider.party_id, PartnerKey.area)
        .join(Provider, Provider.id == PartnerKey.provider_id)
        .where(PartnerKey.key_sha256 == digest, Provider.is_active, *in_force(PartnerKey, at, area))
    ).one_or_none()
    if row is None or not hmac.compare_digest(row.key_sha256, digest):
        return None
    return partner_in(row)


def in_force(kind: type[PartnerKey | PartnerCertificate], at: datetime, area: KeyArea) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a key or a certificate opens an area at an instant."""
    return (
        kind.area == area,
        kind.starts_at <= at,
        or_(kind.expires_at.is_(None), kind.expires_at > at),
        or_(kind.revoked_at.is_(None), kind.revoked_at > at),
    )


def partner_in(row: Any) -> Partner:  # noqa: ANN401 - a row with the provider's id, code, party_id and the area
    """The partner of a row that names it."""
    return Partner(row.id, row.code, Party(row.party_id, PARTY_SCHEME), row.area)


def partner_of(session: Session, provider_code: str) -> Partner:
    """A provider that does business with us.

    Raises:
        NotFound: CSS104E.
    """
    row = session.execute(
        select(Provider.id, Provider.code, Provider.party_id).where(Provider.code == provider_code, Provider.is_active)
    ).one_or_none()
    if row is None:
        raise NotFound("CSS104E", "There is no provider {code} doing business with us.", code=provider_code[:20], element="provider_code")
    return Partner(row.id, row.code, Party(row.party_id, PARTY_SCHEME))


def own_party(session: Session) -> Party:
    """Who we are in messages: the own retail arm's number."""
    return Party(session.execute(select(Provider.party_id).where(Provider.is_own_retail)).scalar_one(), PARTY_SCHEME)


def _sum(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", errors="surrogatepass")).hexdigest()
