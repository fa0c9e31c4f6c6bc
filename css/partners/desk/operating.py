"""What operators do about a message: have a refused one tried again, take in by hand one whose header alone was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import Conflict, Refused
from css.core.words import Role
from css.master.providers import Provider
from css.partners.access.keys import Partner, own_party, partner_of
from css.partners.desk.cards import errors_of, no_message
from css.partners.intake.acknowledging import Traces, acknowledgement
from css.partners.intake.inbox import message_values, reading_of
from css.partners.intake.story import RETRIED, add_event, story_of
from css.partners.messages import TAKEN
from css.partners.model import Channel, InboxMessage, InboxState, RejectedMessage
from css.xml import required

HEADER_FAULTS: Final = frozenset({"CSS535E", "CSS536E", "CSS537E", "CSS550E", "CSS551E", "CSS552E"})
"""What may be wrong with a message that is taken in by hand: all of it is of the header, and says nothing of what is asked."""
REASON_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryMessage:
    """Have a message handled once more: one that a rule refused, or one that waits because handling it failed."""

    key: str
    """As lists show it: ``in-12``."""
    reason: str
    """What is different now; it is kept with the message."""
    row_version: int | None = None
    """How many steps its story had when it was looked at; none does not ask."""
    token: str = ""
    """Repeated with the same token, it is done once and answered alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRejected:
    """Take in by hand what was rejected for its header alone."""

    key: str
    """As lists show it: ``rejected-3``."""
    reason: str
    """At whose word; it is kept with the message."""
    token: str = ""
    """Repeated with the same token, it is done once and answered alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWaits:
    """The message that now waits to be handled."""

    key: str
    partner_code: str
    message_id: str


@answered
def retry_message(session: Session, command: RetryMessage, *, by: Actor, at: datetime) -> MessageWaits:
    """Let a refused or failed message wait for its turn once more. Who handles messages does the rest; its answer is a new document.

    Raises:
        Refused: CSS111E the actor may not. CSS541E it waits already, was done or was a test; or no reason is given.
        Conflict: CSS541E somebody did something about it since it was looked at.
        NotFound: CSS540E no such message.
    """
    reason = _may(by, command.reason)
    message = session.execute(select(InboxMessage).where(InboxMessage.id == id_of(command.key, "in")).with_for_update()).scalar()
    if message is None:
        raise no_message(command.key)
    if command.row_version is not None and len(story_of(session, message.id)) != command.row_version:
        sentence = "Somebody did something about the message {key} meanwhile; look at it again."
        raise Conflict("CSS541E", sentence, key=command.key, element="row_version")
    failed = message.state is InboxState.RECEIVED and message.outcome_code is not None
    if message.state is not InboxState.REFUSED and not failed:
        was = "waits for its turn" if message.state is InboxState.RECEIVED else "was done"
        raise Refused(
            "CSS541E", "The message {key} {was}; what was refused or failed is tried again.", key=command.key, was=was, element="key"
        )
    before = {"state": message.state.value, "code": message.outcome_code}
    message.state, message.handled_at, message.outcome_code, message.outcome_words = InboxState.RECEIVED, None, None, None
    session.flush()
    add_event(session, message.id, deed=RETRIED, code=None, words=reason, done_by=by.name, at=at)
    partner_code = session.execute(select(Provider.code).where(Provider.id == message.provider_id)).scalar_one()
    subject = ("message", message.message_id)
    record(session, by=by, at=at, verb="retry_message", subject=subject, before=before, after={"key": command.key, "reason": reason})
    session.flush()
    return MessageWaits(key=command.key, partner_code=partner_code, message_id=message.message_id)


@answered
def accept_rejected(session: Session, command: AcceptRejected, *, by: Actor, at: datetime) -> MessageWaits:
    """Take in what was rejected, as if it had come with a right header; it waits for its turn, without a number of its own.

    The partner's key or certificate was good when it came: only who it says it is from and to, when, and its number may be wrong. From
    now on the same bytes are answered as a duplicate.

    Raises:
        Refused: CSS111E the actor may not. CSS541E more than its header was wrong, or no reason is given.
        NotFound: CSS540E no such message. CSS104E its partner does no business with us any more.
        Conflict: CSS541E it was taken in already, or another message of its id was.
    """
    reason = _may(by, command.reason)
    rejected = session.execute(
        select(RejectedMessage).where(RejectedMessage.id == id_of(command.key, "rejected")).with_for_update()
    ).scalar()
    if rejected is None:
        raise no_message(command.key)
    if rejected.accepted_id is not None:
        raise _taken_already(command.key)
    reading = reading_of(rejected.body)
    wrong = {error.code for error in errors_of(rejected.acknowledgement) if error.severity == "ERROR"} - HEADER_FAULTS
    if wrong or reading.header is None or reading.header.message_type not in TAKEN:
        raise Refused(
            "CSS541E",
            "More is wrong with the message {key} than who it is from and to, when, or its number; the partner must send it again.",
            key=command.key,
            element="key",
        )
    header = required(reading.header, "Header")
    partner = _partner(session, rejected)
    known = select(InboxMessage.id).where(InboxMessage.provider_id == partner.provider_id, InboxMessage.message_id == header.message_id)
    if session.execute(known).scalar() is not None:
        raise _taken_already(command.key)
    traces = Traces(header.message_id, header.conversation_id)
    receipt = acknowledgement("RECEIVED", us=own_party(session), to=partner.party, at=at, traces=traces)
    message = InboxMessage(
        **message_values(partner, header, rejected.body, reading.schema_name, Channel.HAND, acknowledgement=receipt, at=at)
    )
    session.add(message)
    session.flush()
    rejected.accepted_id = message.id
    add_event(session, message.id, deed="accepted", code=rejected.code, words=reason, done_by=by.name, at=at)
    after = {"key": command.key, "reason": reason, "code": rejected.code}
    record(session, by=by, at=at, verb="accept_rejected", subject=("message", header.message_id), after=after)
    session.flush()
    return MessageWaits(key=f"in-{message.id}", partner_code=partner.code, message_id=header.message_id)


def _may(by: Actor, reason: str) -> str:
    """The reason, when a person may do this and gives one."""
    if by.is_partner or not by.roles & {Role.CLERK, Role.SUPERVISOR}:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=f"the role {Role.CLERK} or {Role.SUPERVISOR}")
    words = reason.strip()
    if not 1 <= len(words) <= REASON_MAX:
        raise Refused("CSS541E", "Say in 1 to {most} characters why.", most=REASON_MAX, element="reason")
    return words


def id_of(key: str, kind: str) -> int:
    """The row of a message by the key that lists show, ``in-12``. Error: CSS540E, it is no key of that kind."""
    found, _, number = key.strip().lower().partition("-")
    if found != kind or not number.isascii() or not number.isdigit() or len(number) > 18:  # noqa: PLR2004 - digits of a bigint
        raise no_message(key)
    return int(number)


def _partner(session: Session, rejected: RejectedMessage) -> Partner:
    code = session.execute(select(Provider.code).where(Provider.id == rejected.provider_id)).scalar_one()
    return partner_of(session, code)


def _taken_already(key: str) -> Conflict:
    return Conflict("CSS541E", "The message {key}, or another of its MessageId, was taken in already.", key=key, element="key")
