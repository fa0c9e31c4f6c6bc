"""Messages from partners: read, stored whole and acknowledged before anything is done with them.

Receipt is one transaction, from who is calling to the stored answer: after its commit the message is ours to answer for.
``handling`` does what it asks in another, right after it or later, so a crash in between leaves a message that waits, never one
lost or done twice.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, cast

from lxml import etree
from sqlalchemy import Engine, Row, Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.core.clock import Clock
from css.core.errors import BadMessage, CssError
from css.db.engine import transaction
from css.partners.access.keys import Partner, partner_of
from css.partners.access.terms import terms_of
from css.partners.intake.acknowledging import Traces, acknowledgement, duplicate_of
from css.partners.intake.handling import work_lane
from css.partners.intake.sequencing import error_of_taken, first_missing, gap_before, warning_of_gap
from css.partners.messages import TAKEN
from css.partners.model import Channel, InboxMessage, InboxState, RejectedMessage
from css.xml import Element, MessageError, MessageHeader, Party, read_header, read_message, read_text, required, schema_for, validate

CONTENT_TYPE: Final = "application/xml; charset=utf-8"
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_STATUS_OF: Final = {
    "CSS500E": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "CSS501E": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "CSS537E": HTTPStatus.CONFLICT,
    "CSS550E": HTTPStatus.FORBIDDEN,
    "CSS554E": HTTPStatus.CONFLICT,
}
AHEAD_MAX: Final = timedelta(minutes=15)
"""A clock of a partner may be so much before ours."""
_SURELY_IN_TIME: Final = timedelta(days=1)
"""No terms are shorter, so nobody's are asked for a message that is younger."""
_MESSAGES: Final = cast("Table", InboxMessage.__table__)
_STORE: Final = insert(_MESSAGES).on_conflict_do_nothing().returning(_MESSAGES.c.id)
"""Built once. Two unique keys decide between messages that come at once, by their id and by their number: the later waits here until
the earlier has committed."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the partner, by whichever way the message came."""

    status: int
    """As HTTP counts; a drop folder keeps only whether it is below 300."""
    body: bytes
    """An Acknowledgement."""
    content_type: str = CONTENT_TYPE
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the bytes that came."""

    answer: Answer
    waiting_id: int | None = None
    """The row that now waits to be handled; None when nothing does."""
    message_id: str | None = None
    """As far as it could be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as far as it could be read, and everything that is wrong with it."""

    traces: Traces
    header: MessageHeader | None
    errors: tuple[MessageError, ...]
    schema_name: str = ""
    """The schema of its namespace: ``order-2``; empty when that is none of ours."""
    message_type: str | None = None
    """The name of its root element, when that is one of the schema's."""

    @property
    def major(self) -> str:
        """The version its namespace names."""
        return self.schema_name.rpartition("-")[2]


def receive(
    engine: Engine,
    caller: str | Callable[[Session], Partner],
    data: bytes,
    *,
    clock: Clock,
    own_party: Party,
    channel: Channel = Channel.HTTP,
    handle: bool = True,
) -> Answer:
    """Take in one message from a provider who has proved to be it; then try to handle it, unless others do (``draining``).

    The answer depends on receipt alone: 202 RECEIVED; 200 DUPLICATE, the first answer again; else REJECTED with every
    error and the status that ``docs/partner-xml-guide.md`` gives. A failure to handle what was stored is not the
    partner's to know: the message waits for the next ``drain``.

    Args:
        engine: receipt is one transaction on it.
        caller: the provider's code, or what finds out in that transaction who is calling; whatever it raises comes out of here.
        data: the message as it came.
        clock: tells when it came.
        own_party: who we are.
        channel: the way it came.
        handle: whether to handle it now. Off where lanes are drained beside: the partner then waits for the receipt alone.

    Raises:
        NotFound: CSS104E, no such provider does business with us.
        Unavailable: the database is; nothing was stored, the same bytes may be sent again.
    """
    at = clock.now()
    with transaction(engine) as session:
        partner = partner_of(session, caller) if isinstance(caller, str) else caller(session)
        taken = take_in(session, partner, data, at=at, us=own_party, channel=channel)
    # After the commit: what is logged as received is received.
    _log.info(
        "message received",
        extra={"provider": partner.code, "message_id": taken.message_id, "status": int(taken.answer.status), "size_bytes": len(data)},
    )
    if handle and taken.waiting_id is not None:
        try:
            work_lane(engine, partner, clock=clock, up_to_id=taken.waiting_id, at_once=True)
        except CssError as trouble:
            _log.warning("handling put off", extra={"provider": partner.code, "code": trouble.code})
    return taken.answer


def take_in(session: Session, partner: Partner, data: bytes, *, at: datetime, us: Party, channel: Channel) -> Taken:
    """Read a partner's message and keep it, taken or rejected, with the answer; the caller commits."""
    reading = reading_of(data)
    header = reading.header
    errors = reading.errors or header_errors(header, reading.major, partner, us)
    late = () if header is None else time_errors(session, partner, header, at)
    if header is not None and late and not errors and _known(session, partner, header.message_id) is not None:
        # What was received in time may be sent again at any time.
        late = ()
    errors = (*errors, *late)
    if errors or header is None:
        return _reject(session, partner, data, reading, errors, channel, at=at, us=us)
    return _store(session, partner, data, reading, channel, at=at, us=us)


def reading_of(data: bytes) -> Reading:
    """Bytes from outside, read as far as they can be."""
    try:
        root = read_message(data)
    except BadMessage as refusal:
        return Reading(Traces(), None, MessageError.of_error(refusal))
    traces = Traces(_uuid(root, "MessageId"), _uuid(root, "ConversationId"))
    schema, name = "", etree.QName(root).localname
    try:
        schema = schema_for(root)
        faults = validate(root, schema)
        if faults:
            return Reading(traces, None, tuple(MessageError.of_fault(fault) for fault in faults), schema, name)
        return Reading(traces, read_header(root), (), schema, name)
    except BadMessage as refusal:
        path = f"{name}/{refusal.element}" if refusal.element else None
        errors = tuple(_at(error, path) for error in MessageError.of_error(refusal))
        return Reading(traces, None, errors, schema, name if schema else None)


def _uuid(root: Element, name: str) -> str | None:
    text = read_text(root, f"Header/{name}") or ""
    return text.lower() if _UUID.fullmatch(text) else None


def _at(error: MessageError, path: str | None) -> MessageError:
    return MessageError(error.severity, error.code, error.text, path, error.line)


def header_errors(header: MessageHeader | None, major: str, partner: Partner, us: Party) -> tuple[MessageError, ...]:
    """What is wrong between the header and who is calling. A false sender is told nothing else."""
    if header is None:
        return ()
    path = f"{header.message_type}/Header"
    if header.sender != partner.party:
        return (MessageError("ERROR", "CSS550E", "Sender is not the party whose key came with the message.", f"{path}/Sender"),)
    errors = []
    if header.receiver != us:
        errors.append(MessageError("ERROR", "CSS551E", "Receiver is not us.", f"{path}/Receiver"))
    if not header.schema_version.startswith(f"{major}."):
        errors.append(MessageError("ERROR", "CSS552E", "SchemaVersion and the namespace are of different majors.", f"{path}/SchemaVersion"))
    if header.message_type not in TAKEN:
        text = f"We send {header.message_type} and do not take it; we take {', '.join(TAKEN)}."
        errors.append(MessageError("ERROR", "CSS553E", text, f"{path}/MessageType"))
    return tuple(errors)


def time_errors(session: Session, partner: Partner, header: MessageHeader, at: datetime) -> tuple[MessageError, ...]:
    """Whether a message was made too long ago, or is said to be of a time to come."""
    age = at - header.created_at
    path = f"{header.message_type}/Header/CreatedAt"
    if age < -AHEAD_MAX:
        minutes = int(AHEAD_MAX.total_seconds()) // 60
        return (MessageError("ERROR", "CSS536E", f"CreatedAt is more than {minutes} minutes ahead of our clock.", path),)
    if age > _SURELY_IN_TIME:
        days = terms_of(session, partner).replay_days
        if age > timedelta(days=days):
            return (MessageError("ERROR", "CSS535E", f"CreatedAt is more than {days} days ago.", path),)
    return ()


def _store(session: Session, partner: Partner, data: bytes, reading: Reading, channel: Channel, *, at: datetime, us: Party) -> Taken:
    """Keep a good message."""
    header = required(reading.header, "Header")
    traces = Traces(header.message_id, header.conversation_id)
    digest = hashlib.sha256(data).hexdigest()
    missing = None if header.is_test else gap_before(session, partner.provider_id, header)
    warnings = () if missing is None else (warning_of_gap(header, missing),)
    received = acknowledgement("RECEIVED", us=us, to=partner.party, at=at, traces=traces, errors=warnings)
    row = message_values(partner, header, data, reading.schema_name, channel, acknowledgement=received, at=at)
    new_id = session.execute(_STORE, row | {"sequence_no": header.sequence_no}).scalar()
    if new_id is not None:
        return Taken(Answer(HTTPStatus.ACCEPTED, received), None if header.is_test else new_id, header.message_id)
    first = _known(session, partner, header.message_id)
    if first is None:
        error = error_of_taken(header, first_missing(session, partner.provider_id, header.conversation_id))
    elif first.body_sha256 == digest:
        answer = Answer(HTTPStatus.OK, duplicate_of(first.acknowledgement))
        return Taken(answer, first.id if first.state is InboxState.RECEIVED else None, header.message_id)
    else:
        text = "This MessageId came before with another content; the first message stands."
        error = MessageError("ERROR", "CSS554E", text, f"{header.message_type}/Header/MessageId")
    return _reject(session, partner, data, reading, (error,), channel, at=at, us=us)


def message_values(
    partner: Partner, header: MessageHeader, data: bytes, schema_name: str, channel: Channel, *, acknowledgement: bytes, at: datetime
) -> dict[str, object]:
    """A row of the inbox for a message that is taken, as yet without a number of its own; a test is done by being read."""
    return {
        "provider_id": partner.provider_id,
        "message_id": header.message_id,
        "message_type": header.message_type,
        "schema_name": schema_name,
        "schema_version": header.schema_version,
        "channel": channel,
        "conversation_id": header.conversation_id,
        "sequence_no": None,
        "is_test": header.is_test,
        "body": data,
        "body_sha256": hashlib.sha256(data).hexdigest(),
        "acknowledgement": acknowledgement,
        "state": InboxState.DONE if header.is_test else InboxState.RECEIVED,
        "outcome_words": "A test: read and acknowledged, nothing done." if header.is_test else None,
        "received_at": at,
        "handled_at": at if header.is_test else None,
    }


def status_of(errors: tuple[MessageError, ...]) -> HTTPStatus:
    """The status of a message that is rejected for these."""
    return _STATUS_OF.get(errors[0].code, HTTPStatus.BAD_REQUEST)


def _known(session: Session, partner: Partner, message_id: str) -> Row[int, str, bytes, InboxState] | None:
    """The message of that id, if it was taken. Uses the unique key of the inbox."""
    return session.execute(
        select(InboxMessage.id, InboxMessage.body_sha256, InboxMessage.acknowledgement, InboxMessage.state).where(
            InboxMessage.provider_id == partner.provider_id, InboxMessage.message_id == message_id
        )
    ).one_or_none()


def _reject(
    session: Session,
    partner: Partner,
    data: bytes,
    reading: Reading,
    errors: tuple[MessageError, ...],
    channel: Channel,
    *,
    at: datetime,
    us: Party,
) -> Taken:
    """Say no, and keep what was sent, once however often it comes."""
    body = acknowledgement("REJECTED", us=us, to=partner.party, at=at, traces=reading.traces, errors=errors)
    last = {"channel": channel, "code": errors[0].code, "acknowledgement": body, "last_at": at}
    statement = insert(RejectedMessage).values(
        provider_id=partner.provider_id,
        message_id=reading.traces.message_id,
        message_type=reading.message_type,
        conversation_id=reading.traces.conversation_id,
        body=data,
        body_sha256=hashlib.sha256(data).hexdigest(),
        first_at=at,
        **last,
    )
    session.execute(
        statement.on_conflict_do_update(index_elements=["provider_id", "body_sha256"], set_={**last, "times": RejectedMessage.times + 1})
    )
    _log.warning("message rejected", extra={"provider": partner.code, "message_id": reading.traces.message_id, "code": errors[0].code})
    return Taken(Answer(status_of(errors), body), message_id=reading.traces.message_id)
