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

from css.db.engine import make_engine
from css.handover import OutboxRow, outbox_next
from css.handover.outbox import OutboxCounter
from css.master.providers import Provider
from css.partners.access.keys import PARTY_SCHEME, Partner
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


def folder_lanes(session: Session) -> tuple[Lane, ...]:
    """The active partners who have a folder, in order of code; into those of another way only messages come, and none go out."""
    rows = session.execute(
        select(Provider.id, Provider.code, Provider.party_id, PartnerTerms.way, PartnerTerms.folder)
        .join(PartnerTerms, PartnerTerms.provider_id == Provider.id)
        .where(Provider.is_active, PartnerTerms.folder.is_not(None))
        .order_by(Provider.code)
    )
    return tuple(Lane(Partner(row.id, row.code, Party(row.party_id, PARTY_SCHEME)), row.way, None, None, row.folder) for row in rows)


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


def interrupted(session: Session, lane: Lane) -> Attempt | None:
    """The attempt at the next document that a crash cut off; None when its last attempt came to an end, or there was none."""
    state = session.get(Delivery, lane.partner.provider_id)
    if state is None:
        return None
    document, last = outbox_next(session, lane.partner.provider_id, (state.resend_sequence or state.delivered_sequence + 1) - 1)
    if document is None:
        return None
    newest = session.execute(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.provider_id == lane.partner.provider_id, DeliveryAttempt.sequence == document.sequence)
        .order_by(DeliveryAttempt.attempt.desc())
        .limit(1)
    ).scalar()
    if newest is None or newest.outcome is not DeliveryOutcome.UNDER_WAY:
        return None
    return Attempt(newest.id, newest.provider_id, newest.attempt, document, newest.is_possible_duplicate, last)


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
