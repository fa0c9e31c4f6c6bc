"""Keys that are there: which, until when, and no longer. A key itself is known to its partner alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.master.operator_changes import require_supervisor
from css.master.providers import Provider
from css.partners.access.keys import partner_of
from css.partners.model import KeyArea, PartnerCertificate, PartnerKey


class Standing(StrEnum):
    """Whether a key or a certificate opens anything."""

    IN_FORCE = "in force"
    NOT_YET = "not yet"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerKeyRow:
    """A key as far as anybody may know it: its secret is not among it."""

    key_id: int
    provider_code: str
    area: KeyArea
    words: str
    starts_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokePartnerKey:
    """A key opens nothing from now on. Again changes nothing."""

    token: str = ""
    provider_code: str
    """Whose; so that a slip in the number does not lock out another."""
    key_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirePartnerKey:
    """Let a key end at an instant to come: the old one, once its partner has the new one."""

    token: str = ""
    provider_code: str
    key_id: int
    expires_at: datetime


@answered
def revoke_partner_key(session: Session, command: RevokePartnerKey, *, by: Actor, at: datetime) -> PartnerKeyRow:
    """Take a key out of force at once, for good.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider, CSS544E it has no such key.
    """
    require_supervisor(by)
    row, code = _locked(session, command.provider_code, command.key_id)
    if row.revoked_at is None:
        row.revoked_at = at
        record(session, by=by, at=at, verb="revoke_partner_key", subject=("provider", code), after={"key_id": row.id, "words": row.words})
        session.flush()
    return _row(row, code, at)


@answered
def expire_partner_key(session: Session, command: ExpirePartnerKey, *, by: Actor, at: datetime) -> PartnerKeyRow:
    """Set or move the end of a key that is not revoked.

    Raises:
        Refused: CSS111E the actor may not, CSS544E the key is revoked.
        NotFound: CSS104E no such provider, CSS544E it has no such key.
        BadMessage: CSS543E the end is not to come.
    """
    require_supervisor(by)
    row, code = _locked(session, command.provider_code, command.key_id)
    if row.revoked_at is not None:
        raise Refused("CSS544E", "Key {key} of {code} is revoked; issue another.", key=row.id, code=code, element="key_id")
    if command.expires_at <= at:
        raise BadMessage("CSS543E", "The end lies ahead; to end it now, revoke it.", element="expires_at")
    before, row.expires_at = row.expires_at, command.expires_at
    record(
        session,
        by=by,
        at=at,
        verb="expire_partner_key",
        subject=("provider", code),
        before={"key_id": row.id, "expires_at": before},
        after={"key_id": row.id, "expires_at": row.expires_at},
    )
    session.flush()
    return _row(row, code, at)


def partner_keys(session: Session, *, at: datetime, provider_code: str = "") -> tuple[PartnerKeyRow, ...]:
    """The keys of a provider or of all, the newest first; never a key itself."""
    statement = select(PartnerKey, Provider.code).join(Provider, Provider.id == PartnerKey.provider_id)
    if provider_code:
        statement = statement.where(Provider.code == provider_code)
    rows = session.execute(statement.order_by(Provider.code, PartnerKey.id.desc()))
    return tuple(_row(row.PartnerKey, row.code, at) for row in rows)


def standing_of(held: PartnerKey | PartnerCertificate, at: datetime) -> Standing:
    """Whether it opens anything at an instant."""
    if held.revoked_at is not None and held.revoked_at <= at:
        return Standing.REVOKED
    if held.expires_at is not None and held.expires_at <= at:
        return Standing.EXPIRED
    return Standing.IN_FORCE if held.starts_at <= at else Standing.NOT_YET


def _locked(session: Session, provider_code: str, key_id: int) -> tuple[PartnerKey, str]:
    partner = partner_of(session, provider_code)
    row = session.execute(
        select(PartnerKey).where(PartnerKey.id == key_id, PartnerKey.provider_id == partner.provider_id).with_for_update()
    ).scalar()
    if row is None:
        raise NotFound("CSS544E", "{code} has no key {key}.", code=partner.code, key=key_id, element="key_id")
    return row, partner.code


def _row(row: PartnerKey, code: str, at: datetime) -> PartnerKeyRow:
    return PartnerKeyRow(
        key_id=row.id,
        provider_code=code,
        area=row.area,
        words=row.words,
        starts_at=row.starts_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        standing=standing_of(row, at),
    )
