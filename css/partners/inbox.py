"""Messages from partners: read, stored whole and acknowledged before anything is done with them.

Receipt is one transaction: after its commit the message is ours to answer for. ``handling`` does what it asks in another,
right after it or later, so a crash in between leaves a message that waits, never one lost or done twice.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from lxml import etree
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.core.clock import Clock
from css.core.errors import BadMessage, CssError
from css.db.engine import transaction
from css.partners.acknowledging import Traces, acknowledgement, duplicate_of
from css.partners.handling import work_lane
from css.partners.keys import Partner, partner_of
from css.partners.messages import TAKEN
from css.partners.model import Channel, InboxMessage, InboxState, RejectedMessage
from css.xml import Element, MessageError, MessageHeader, Party, read_header, read_message, read_text, required, schema_for, validate

CONTENT_TYPE: Final = "application/xml; charset=utf-8"
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_STATUS_OF: Final = {
    "CSS500E": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "CSS501E": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "CSS550E": HTTPStatus.FORBIDDEN,
    "CSS554E": HTTPStatus.CONFLICT,
}
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
class _Reading:
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
    provider_code: str,
    data: bytes,
    *,
    clock: Clock,
    own_party: Party,
    channel: Channel = Channel.HTTP,
) -> Answer:
    """Take in one message from a provider who has proved to be it; then try to handle it.

    The answer depends on receipt alone: 202 RECEIVED; 200 DUPLICATE, the first answer again; else REJECTED with every
    error and the status that ``docs/partner-xml-guide.md`` gives. A failure to handle what was stored is not the
    partner's to know: the message waits for the next ``drain``.

    Raises:
        NotFound: CSS104E, no such provider does business with us.
        Unavailable: the database is; nothing was stored, the same bytes may be sent again.
    """
    at = clock.now()
    reading = _read(data)
    with transaction(engine) as session:
        partner = partner_of(session, provider_code)
        errors = reading.errors or _header_errors(reading.header, reading.major, partner, own_party)
        if errors or reading.header is None:
            answer, waiting_id = _reject(session, partner, data, reading, errors, channel, at=at, us=own_party), None
        else:
            answer, waiting_id = _store(session, partner, data, reading, channel, at=at, us=own_party)
    _log.info(
        "message received",
        extra={"provider": provider_code, "message_id": reading.traces.message_id, "status": int(answer.status), "size_bytes": len(data)},
    )
    if waiting_id is not None:
        try:
            work_lane(engine, partner, clock=clock, up_to_id=waiting_id, at_once=True)
        except CssError as trouble:
            _log.warning("handling put off", extra={"provider": provider_code, "code": trouble.code})
    return answer


def _read(data: bytes) -> _Reading:
    try:
        root = read_message(data)
    except BadMessage as refusal:
        return _Reading(Traces(), None, MessageError.of_error(refusal))
    traces = Traces(_uuid(root, "MessageId"), _uuid(root, "ConversationId"))
    schema, name = "", etree.QName(root).localname
    try:
        schema = schema_for(root)
        faults = validate(root, schema)
        if faults:
            return _Reading(traces, None, tuple(MessageError.of_fault(fault) for fault in faults), schema, name)
        return _Reading(traces, read_header(root), (), schema, name)
    except BadMessage as refusal:
        path = f"{name}/{refusal.element}" if refusal.element else None
        errors = tuple(_at(error, path) for error in MessageError.of_error(refusal))
        return _Reading(traces, None, errors, schema, name if schema else None)


def _uuid(root: Element, name: str) -> str | None:
    text = read_text(root, f"Header/{name}") or ""
    return text.lower() if _UUID.fullmatch(text) else None


def _at(error: MessageError, path: str | None) -> MessageError:
    return MessageError(error.severity, error.code, error.text, path, error.line)


def _header_errors(header: MessageHeader | None, major: str, partner: Partner, us: Party) -> tuple[MessageError, ...]:
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


def _store(
    session: Session, partner: Partner, data: bytes, reading: _Reading, channel: Channel, *, at: datetime, us: Party
) -> tuple[Answer, int | None]:
    """Keep a good message; the second value is the row that now waits, None when nothing does."""
    header = required(reading.header, "Header")
    traces = Traces(header.message_id, header.conversation_id)
    digest = hashlib.sha256(data).hexdigest()
    received = acknowledgement("RECEIVED", us=us, to=partner.party, at=at, traces=traces)
    state = InboxState.DONE if header.is_test else InboxState.RECEIVED
    statement = insert(InboxMessage).values(
        provider_id=partner.provider_id,
        message_id=header.message_id,
        message_type=header.message_type,
        schema_name=reading.schema_name,
        schema_version=header.schema_version,
        channel=channel,
        conversation_id=header.conversation_id,
        sequence_no=header.sequence_no,
        is_test=header.is_test,
        body=data,
        body_sha256=digest,
        acknowledgement=received,
        state=state,
        outcome_words="A test: read and acknowledged, nothing done." if header.is_test else None,
        received_at=at,
        handled_at=at if header.is_test else None,
    )
    # The unique key decides between two that come at once: the later waits here until the earlier has committed.
    statement = statement.on_conflict_do_nothing(index_elements=["provider_id", "message_id"])
    new_id = session.execute(statement.returning(InboxMessage.id)).scalar()
    if new_id is not None:
        return Answer(HTTPStatus.ACCEPTED, received), None if header.is_test else new_id
    first = session.execute(
        select(InboxMessage.id, InboxMessage.body_sha256, InboxMessage.acknowledgement, InboxMessage.state).where(
            InboxMessage.provider_id == partner.provider_id, InboxMessage.message_id == header.message_id
        )
    ).one()
    if first.body_sha256 == digest:
        return Answer(HTTPStatus.OK, duplicate_of(first.acknowledgement)), first.id if first.state is InboxState.RECEIVED else None
    error = MessageError(
        "ERROR",
        "CSS554E",
        "This MessageId came before with another content; the first message stands.",
        f"{header.message_type}/Header/MessageId",
    )
    return _reject(session, partner, data, reading, (error,), channel, at=at, us=us), None


def _reject(
    session: Session,
    partner: Partner,
    data: bytes,
    reading: _Reading,
    errors: tuple[MessageError, ...],
    channel: Channel,
    *,
    at: datetime,
    us: Party,
) -> Answer:
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
    return Answer(_STATUS_OF.get(errors[0].code, HTTPStatus.BAD_REQUEST), body)
