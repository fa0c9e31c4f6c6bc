"""How far each partner's documents have gone out to it, and every attempt: the part that pushing and folders share.

An attempt is written and committed before a byte leaves, and closed when its outcome is known. One that a crash cut off stays
as it was: the document may have arrived, so the next attempt says PossibleDuplicate. A document's turn comes when the one
before it was taken, never sooner.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.core.words import Role
from css.db.engine import make_engine
from css.handover import OutboxRow, outbox_last_sequence, outbox_next
from css.handover.outbox import OutboxCounter
from css.master.providers import Provider
from css.partners.keys import PARTY_SCHEME, Partner, partner_of
from css.partners.model import Delivery, DeliveryAttempt, DeliveryOutcome, DeliveryWay, PartnerTerms
from css.xml import Party

SOON: Final = timedelta(seconds=30)
SOON_TIMES: Final = 3
LATER: Final = timedelta(minutes=5)
"""After a failure the document is tried again after 30 seconds, three times, and from then on every five minutes."""
RESEND_TRIES: Final = 4
"""A document that one of us had sent once more is given up after so many failures: it must not hold up those in turn for ever."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lane:
    """A partner whose documents we bring to it, and where to."""

    partner: Partner
    way: DeliveryWay
    push_url: str | None
    push_key: str | None
    folder: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that has been written down: now the document may be sent."""

    attempt_id: int
    provider_id: int
    attempt: int
    document: OutboxRow
    is_possible_duplicate: bool
    last_sequence: int
    """The last number given in this outbox."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt."""

    is_delivered: bool
    status: int | None = None
    words: str | None = None
    """Why not; never anything that the other side wrote."""
    wait: timedelta | None = None
    """The least to wait, where the other side named it."""


def lanes(session: Session, way: DeliveryWay, *, at: datetime | None = None) -> tuple[Lane, ...]:
    """The active partners served in a way, in order of code; with ``at`` only those for whom something is due."""
    statement = (
        select(Provider.id, Provider.code, Provider.party_id, PartnerTerms.push_url, PartnerTerms.push_key, PartnerTerms.folder)
        .join(PartnerTerms, PartnerTerms.provider_id == Provider.id)
        .where(Provider.is_active, PartnerTerms.way == way)
        .order_by(Provider.code)
    )
    if at is not None:
        statement = (
            statement.join(OutboxCounter, OutboxCounter.provider_id == Provider.id)
            .outerjoin(Delivery, Delivery.provider_id == Provider.id)
            .where(
                or_(OutboxCounter.last_sequence > func.coalesce(Delivery.delivered_sequence, 0), Delivery.resend_sequence.is_not(None)),
                or_(Delivery.next_try_at.is_(None), Delivery.next_try_at <= at),
            )
        )
    return tuple(
        Lane(Partner(row.id, row.code, Party(row.party_id, PARTY_SCHEME)), way, row.push_url, row.push_key, row.folder)
        for row in session.execute(statement)
    )


@contextmanager
def lane_held(engine: Engine, partner_code: str) -> Iterator[Callable[[], None] | None]:
    """Hold a partner's lane against every other process for as long as the block lasts; None when somebody else has it.

    What is given is to be called before each document: it raises Unavailable when the lock was lost with its connection. The
    connection is none of the pool's, so a slow partner takes none away from requests; should this process die, the server
    lets go of the lock at once.
    """
    locks = make_engine(engine.url.render_as_string(hide_password=False), application="css deliveries", pooled=False)
    try:
        with locks.connect() as connection:
            taken = func.pg_try_advisory_xact_lock(func.hashtextextended(f"partners.delivery/{partner_code}", 0))

            def still_held() -> None:
                connection.execute(select(1))

            yield still_held if connection.execute(select(taken)).scalar_one() else None
    finally:
        locks.dispose()


def begin(session: Session, lane: Lane, *, at: datetime) -> Attempt | None:
    """Write down the attempt to deliver the next document; None when there is none, or it is not yet to be tried again."""
    provider_id = lane.partner.provider_id
    session.execute(insert(Delivery).values(provider_id=provider_id).on_conflict_do_nothing())
    state = session.execute(select(Delivery).where(Delivery.provider_id == provider_id).with_for_update()).scalar_one()
    if state.next_try_at is not None and state.next_try_at > at:
        return None
    document, last = outbox_next(session, provider_id, (state.resend_sequence or state.delivered_sequence + 1) - 1)
    if document is None:
        return None
    before = session.execute(
        select(func.max(DeliveryAttempt.attempt)).where(
            DeliveryAttempt.provider_id == provider_id, DeliveryAttempt.sequence == document.sequence
        )
    ).scalar()
    row = DeliveryAttempt(
        provider_id=provider_id,
        sequence=document.sequence,
        attempt=(before or 0) + 1,
        way=lane.way,
        is_possible_duplicate=before is not None or document.sequence <= state.fetched_sequence,
        outcome=DeliveryOutcome.UNDER_WAY,
        begun_at=at,
    )
    session.add(row)
    session.flush()
    return Attempt(row.id, provider_id, row.attempt, document, row.is_possible_duplicate, last)


def end(session: Session, attempt: Attempt, outcome: Outcome, *, at: datetime) -> None:
    """Write down what became of an attempt, and what is next."""
    sequence = attempt.document.sequence
    closed = session.execute(
        update(DeliveryAttempt)
        .where(DeliveryAttempt.id == attempt.attempt_id, DeliveryAttempt.outcome == DeliveryOutcome.UNDER_WAY)
        .values(
            outcome=DeliveryOutcome.DELIVERED if outcome.is_delivered else DeliveryOutcome.FAILED,
            status=outcome.status,
            words=outcome.words,
            ended_at=at,
        )
        .returning(DeliveryAttempt.id)
    ).scalar()
    if closed is None:
        return
    state = session.execute(select(Delivery).where(Delivery.provider_id == attempt.provider_id).with_for_update()).scalar_one()
    if outcome.is_delivered:
        # Somebody may have set another number meanwhile; then it stands, and this document went out besides.
        if state.delivered_sequence == sequence - 1:
            state.delivered_sequence = sequence
        if state.resend_sequence == sequence:
            state.resend_sequence = None
        state.failures, state.next_try_at = 0, None
    else:
        state.failures += 1
        state.next_try_at = at + max(SOON if state.failures <= SOON_TIMES else LATER, outcome.wait or SOON)
        if state.resend_sequence == sequence and state.failures >= RESEND_TRIES:
            state.resend_sequence, state.failures, state.next_try_at = None, 0, None
    session.flush()


def note_fetched(session: Session, provider_id: int, sequence: int) -> bool:
    """Note that a partner fetches a document, before it is given; True when it may have had it before.

    One statement, and a row is written only where the partner gets further than ever. The commit does not wait for the disk:
    a partner's own program may die at any time, but of our server's last half second before a power cut the mark may be
    missing.
    """
    statement = insert(Delivery).values(provider_id=provider_id, fetched_sequence=sequence)
    noted = (
        statement.on_conflict_do_update(
            index_elements=["provider_id"],
            set_={"fetched_sequence": statement.excluded.fetched_sequence},
            where=Delivery.fetched_sequence < statement.excluded.fetched_sequence,
        )
        .returning(Delivery.provider_id)
        .cte("noted")
    )
    attempted = select(DeliveryAttempt.id).where(DeliveryAttempt.provider_id == provider_id, DeliveryAttempt.sequence == sequence)
    row = session.execute(
        select(
            func.set_config("synchronous_commit", "off", True),
            select(noted.c.provider_id).exists().label("is_further"),
            attempted.exists().label("was_brought"),
        )
    ).one()
    return bool(row.was_brought or not row.is_further)


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
