"""What is agreed with a partner about its traffic, and the house's terms for whoever has none of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.partners.keys import Partner
from css.partners.model import DeliveryWay, PartnerTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for a partner."""

    way: DeliveryWay = DeliveryWay.PULL
    """How it gets its documents; it may fetch them besides."""
    push_url: str | None = None
    push_key: str | None = None
    """The secret we show there. Never shown or logged."""
    folder: str | None = None
    """The name of its folder below the folder of all partners."""
    messages_a_minute: int = 600
    at_once: int = 8
    """Its requests in hand at the same time, in one process."""
    replay_days: int = 35
    """A message made longer ago is not taken."""
    gap_minutes: int = 60
    """How long a numbered message waits for the one before it."""


HOUSE_TERMS: Final = Terms()


def terms_of(session: Session, partner: Partner) -> Terms:
    """The partner's terms; the house's while nothing else was agreed. One statement, by the primary key."""
    row = session.execute(
        select(
            PartnerTerms.way,
            PartnerTerms.push_url,
            PartnerTerms.push_key,
            PartnerTerms.folder,
            PartnerTerms.messages_a_minute,
            PartnerTerms.at_once,
            PartnerTerms.replay_days,
            PartnerTerms.gap_minutes,
        ).where(PartnerTerms.provider_id == partner.provider_id)
    ).one_or_none()
    return HOUSE_TERMS if row is None else Terms(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
