"""Deliveries as operators look at them, and what they can do about them: send one document again, or all from a number on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.core.words import Role
from css.handover import outbox_last_sequence, outbox_next
from css.handover.outbox import OutboxCounter
from css.master.providers import Provider
from css.partners.access.keys import Partner, partner_of
from css.partners.model import Delivery, DeliveryAttempt, DeliveryOutcome, DeliveryWay, PartnerTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendDocument:
    """Bring a document to a partner once more, with the same id and bytes, besides those in turn."""

    token: str = ""
    provider_code: str
    sequence: int
    """Its number in the partner's outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverAfter:
    """Bring a partner everything after a document, whatever was brought before: where it begins, or what it has lost."""

    provider_code: str
    after: int
    """The last that it has; 0 for none."""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Resending:
    """What is on its way again."""

    provider_code: str
    sequence: int
    message_id: str
    message_type: str


@answered
def resend_document(session: Session, command: ResendDocument, *, by: Actor, at: datetime) -> Resending:
    """Have a document sent once more, before the next in turn. Asked again before it went, it goes once.

    Raises:
        Refused: CSS111E the actor may not; CSS577E the partner fetches its documents, and this one as often as it likes.
        NotFound: CSS104E no such provider; CSS576E no such document in its outbox.
    """
    if by.is_partner:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="an operator")
    partner = partner_of(session, command.provider_code)
    document, _ = outbox_next(session, partner.provider_id, command.sequence - 1)
    if command.sequence < 1 or document is None:
        raise NotFound(
            "CSS576E", "The outbox of {code} has no document {number}.", code=partner.code, number=command.sequence, element="sequence"
        )
    way = session.execute(select(PartnerTerms.way).where(PartnerTerms.provider_id == partner.provider_id)).scalar()
    if way in {None, DeliveryWay.PULL}:
        words = "{code} fetches its documents itself, this one at outbox/{number}; nothing is brought to it."
        raise Refused("CSS577E", words, code=partner.code, number=command.sequence, element="provider_code")
    state = _state(session, partner)
    before = state.resend_sequence
    state.resend_sequence, state.failures, state.next_try_at = document.sequence, 0, None
    session.flush()
    _record(session, "resend_document", partner, by=by, at=at, before={"resend": before}, after={"resend": document.sequence})
    return Resending(partner.code, document.sequence, document.message_id, document.message_type)


@answered
def deliver_after(session: Session, command: DeliverAfter, *, by: Actor, at: datetime) -> int:
    """Set what a partner has been brought; gives how many documents will go out from here on.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS104E no such provider.
        BadMessage: CSS578E there is no such number.
    """
    if by.is_partner or Role.SUPERVISOR not in by.roles:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=f"the role {Role.SUPERVISOR}")
    partner = partner_of(session, command.provider_code)
    last = outbox_last_sequence(session, partner.code)
    if not 0 <= command.after <= last:
        raise BadMessage(
            "CSS578E", "Give a number from 0 to {last}, the last one given to {code}.", last=last, code=partner.code, element="after"
        )
    state = _state(session, partner)
    before = state.delivered_sequence
    state.delivered_sequence, state.failures, state.next_try_at = command.after, 0, None
    session.flush()
    _record(session, "deliver_after", partner, by=by, at=at, before={"delivered": before}, after={"delivered": command.after})
    return last - command.after


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """How far a partner's documents have come."""

    provider_code: str
    way: DeliveryWay
    last_sequence: int
    """The last number given in its outbox."""
    delivered_sequence: int
    fetched_sequence: int
    waiting: int
    """Documents not brought yet; of a partner that fetches, those it has not fetched."""
    failures: int
    next_try_at: datetime | None
    resend_sequence: int | None
    last_attempt_at: datetime | None
    last_outcome: DeliveryOutcome | None
    last_status: int | None
    last_words: str | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt."""

    sequence: int
    attempt: int
    way: DeliveryWay
    is_possible_duplicate: bool
    outcome: DeliveryOutcome
    status: int | None
    words: str | None
    begun_at: datetime
    ended_at: datetime | None


def deliveries(session: Session, *, trouble: bool = False) -> tuple[DeliveryRow, ...]:
    """How far the documents of every partner with an outbox or terms have come; with ``trouble`` only where attempts fail."""
    newest = (
        select(
            DeliveryAttempt.provider_id, DeliveryAttempt.begun_at, DeliveryAttempt.outcome, DeliveryAttempt.status, DeliveryAttempt.words
        )
        .where(DeliveryAttempt.provider_id == Provider.id)
        # Leans on ix_delivery_attempt_begun.
        .order_by(DeliveryAttempt.begun_at.desc(), DeliveryAttempt.id.desc())
        .limit(1)
        .lateral("newest")
    )
    statement = (
        select(Provider.code, PartnerTerms.way, OutboxCounter.last_sequence, Delivery, newest)
        .outerjoin(PartnerTerms, PartnerTerms.provider_id == Provider.id)
        .outerjoin(OutboxCounter, OutboxCounter.provider_id == Provider.id)
        .outerjoin(Delivery, Delivery.provider_id == Provider.id)
        .outerjoin(newest, newest.c.provider_id == Provider.id)
        .where(or_(PartnerTerms.provider_id.is_not(None), OutboxCounter.provider_id.is_not(None)))
        .order_by(Provider.code)
    )
    if trouble:
        statement = statement.where(Delivery.failures > 0)
    found = []
    for row in session.execute(statement):
        way, last, state = (
            row.way or DeliveryWay.PULL,
            row.last_sequence or 0,
            row.Delivery or Delivery(delivered_sequence=0, fetched_sequence=0),
        )
        taken = state.fetched_sequence if way is DeliveryWay.PULL else state.delivered_sequence
        found.append(
            DeliveryRow(
                provider_code=row.code,
                way=way,
                last_sequence=last,
                delivered_sequence=state.delivered_sequence,
                fetched_sequence=state.fetched_sequence,
                waiting=max(last - taken, 0),
                failures=state.failures or 0,
                next_try_at=state.next_try_at,
                resend_sequence=state.resend_sequence,
                last_attempt_at=row.begun_at,
                last_outcome=None if row.outcome is None else DeliveryOutcome(row.outcome),
                last_status=row.status,
                last_words=row.words,
            )
        )
    return tuple(found)


def delivery_attempts(session: Session, provider_code: str, *, sequence: int | None = None, limit: int = 50) -> tuple[AttemptRow, ...]:
    """The attempts for a partner, or for one of its documents, the newest first. Errors: CSS104E no such provider."""
    statement = select(DeliveryAttempt).where(DeliveryAttempt.provider_id == partner_of(session, provider_code).provider_id)
    if sequence is not None:
        statement = statement.where(DeliveryAttempt.sequence == sequence)
    rows = session.execute(statement.order_by(DeliveryAttempt.begun_at.desc(), DeliveryAttempt.id.desc()).limit(limit)).scalars()
    return tuple(
        AttemptRow(
            row.sequence, row.attempt, row.way, row.is_possible_duplicate, row.outcome, row.status, row.words, row.begun_at, row.ended_at
        )
        for row in rows
    )


def _state(session: Session, partner: Partner) -> Delivery:
    session.execute(insert(Delivery).values(provider_id=partner.provider_id).on_conflict_do_nothing())
    return session.execute(select(Delivery).where(Delivery.provider_id == partner.provider_id).with_for_update()).scalar_one()


def _record(
    session: Session, verb: str, partner: Partner, *, by: Actor, at: datetime, before: dict[str, object], after: dict[str, object]
) -> None:
    record(session, by=by, at=at, verb=verb, subject=("provider", partner.code), before=before, after=after)
