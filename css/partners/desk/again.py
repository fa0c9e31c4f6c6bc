"""A message that an operator has tried again, or takes in by hand, handled there and then: whoever presses the key sees what comes of it.

The lane's lock is taken first, as whoever handles messages takes it. What waits before the message in its lane goes before it, here too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered
from css.core.actor import Actor
from css.handover import OutboxMessage
from css.master.providers import Provider
from css.partners.access.keys import partner_of
from css.partners.desk.cards import no_message
from css.partners.desk.operating import AcceptRejected, MessageWaits, RetryMessage, accept_rejected, id_of, retry_message
from css.partners.intake.handling import handle_in_turn, take_lane
from css.partners.model import InboxMessage, InboxState, RejectedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAgain:
    """What came of it."""

    key: str
    """Of the message in the inbox."""
    partner_code: str
    message_id: str
    state: InboxState
    """Received: others are before it, and it waits for its turn."""
    code: str | None
    words: str | None
    answered_with: tuple[str, ...]
    """What the partner is told: the types of our documents that came of it."""


@answered
def retry_now(session: Session, command: RetryMessage, *, by: Actor, at: datetime) -> MessageAgain:
    """Have a message that was refused or failed handled once more, now if its turn is now. Errors: as ``retry_message``."""
    _take_lane_of(session, InboxMessage, command.key, "in")
    return _handled(session, retry_message(session, replace(command, token=""), by=by, at=at), at=at)


@answered
def accept_now(session: Session, command: AcceptRejected, *, by: Actor, at: datetime) -> MessageAgain:
    """Take in by hand what was rejected for its header, and handle it, now if its turn is now. Errors: as ``accept_rejected``."""
    _take_lane_of(session, RejectedMessage, command.key, "rejected")
    return _handled(session, accept_rejected(session, replace(command, token=""), by=by, at=at), at=at)


def _take_lane_of(session: Session, table: type[InboxMessage | RejectedMessage], key: str, kind: str) -> None:
    of_row = select(Provider.code).join(table, table.provider_id == Provider.id).where(table.id == id_of(key, kind))
    code = session.execute(of_row).scalar_one_or_none()
    if code is None:
        raise no_message(key)
    take_lane(session, code)


def _handled(session: Session, waits: MessageWaits, *, at: datetime) -> MessageAgain:
    partner = partner_of(session, waits.partner_code)
    before = _last_document(session, partner.provider_id)
    message = handle_in_turn(session, partner, id_of(waits.key, "in"), at=at)
    # The partner's outbox is numbered under a lock that is ours once anything was put into it: what is new there is of this message.
    told = session.execute(
        select(OutboxMessage.message_type)
        .where(OutboxMessage.provider_id == partner.provider_id, OutboxMessage.sequence > before)
        .order_by(OutboxMessage.sequence)
    ).scalars()
    return MessageAgain(
        key=waits.key,
        partner_code=waits.partner_code,
        message_id=waits.message_id,
        state=message.state,
        code=message.outcome_code,
        words=message.outcome_words,
        answered_with=tuple(told),
    )


def _last_document(session: Session, provider_id: int) -> int:
    statement = select(OutboxMessage.sequence).where(OutboxMessage.provider_id == provider_id)
    return session.execute(statement.order_by(OutboxMessage.sequence.desc()).limit(1)).scalar() or 0
