"""Messages to a test area: the same reading, the same schemas, the same checks of the header, the same answers; other tables.

What a scenario says of the way (503, a lost answer) happens here, before or after the message is kept.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import CssError, Unavailable
from css.partners.access.keys import Partner
from css.partners.intake.acknowledging import Traces, acknowledgement, duplicate_of
from css.partners.intake.inbox import Answer, Reading, header_errors, reading_of, status_of, time_errors
from css.partners.messages import appointments
from css.partners.messages.kinds import Asked, Document
from css.partners.model import SandboxArea, SandboxMessage
from css.partners.sandbox import area as areas
from css.partners.sandbox import bookings, faults, magic, orders, questions
from css.partners.sandbox.area import lock_area
from css.partners.sandbox.playing import settle
from css.partners.sandbox.scenarios import RETRY_SECONDS, SLOW_SECONDS, Scenario, Trouble
from css.xml import MessageError, MessageHeader, Party, read_message, required

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Played:
    """The answer, and how it gets to the partner."""

    answer: Answer
    wait_seconds: int = 0
    """It is given only after so long."""
    is_lost: bool = False
    """It is not given: the connection is closed instead."""


@dataclass(frozen=True, slots=True)
class _Away:
    """How a scenario turns a message away before anything is kept of it."""

    status: HTTPStatus
    code: str
    text: str
    times: int = 1


_AWAY: Final = {
    Trouble.UNAVAILABLE_ONCE: _Away(
        HTTPStatus.SERVICE_UNAVAILABLE, "CSS585E", "We cannot take it now, says the scenario; send the same bytes again later."
    ),
    Trouble.UNAVAILABLE_TWICE: _Away(
        HTTPStatus.SERVICE_UNAVAILABLE, "CSS585E", "We cannot take it now, says the scenario; send the same bytes again later.", times=2
    ),
    Trouble.TOO_MANY: _Away(
        HTTPStatus.TOO_MANY_REQUESTS, "CSS586E", "Too many messages of yours, says the scenario; send this one again in a moment."
    ),
    Trouble.FAILED: _Away(
        HTTPStatus.INTERNAL_SERVER_ERROR, "CSS585E", "Something went wrong on our side, says the scenario; send the same bytes again later."
    ),
}

_STATUS_OF: Final = {"CSS583E": HTTPStatus.CONFLICT}


def receive(session: Session, partner: Partner, data: bytes, *, at: datetime, us: Party, speed: int) -> Played:
    """Take in one message to a partner's test area and do what it asks; the caller commits.

    Args:
        session: of one transaction. The area is locked in it, after the message was read.
        partner: whose area.
        data: the message as it came.
        at: when.
        us: who we are.
        speed: how many times faster than the table a scenario is played.
    """
    reading = reading_of(data)
    header = reading.header
    errors = reading.errors or header_errors(header, reading.major, partner, us)
    if errors or header is None:
        return Played(_rejected(partner, reading, errors, at=at, us=us))
    area = lock_area(session, partner)
    settle(session, area, partner, us, at=at)
    root, digest = read_message(data), hashlib.sha256(data).hexdigest()
    scenario = magic.scenario_named(root)
    first = _known(session, partner, header.message_id)
    if first is not None and first.acknowledgement is not None and first.body_sha256 == digest:
        first.times += 1
        return Played(Answer(HTTPStatus.OK, duplicate_of(first.acknowledgement)))
    errors = _errors(session, area, partner, header, first, at=at)
    if errors:
        return Played(_rejected(partner, reading, errors, at=at, us=us))
    message = _keep(session, partner, reading, digest, scenario, first, at=at)
    away = None if scenario is None or scenario.trouble is None or header.is_test else _AWAY.get(scenario.trouble)
    if away is not None and message.times <= away.times:
        return Played(_turned_away(partner, reading, away, at=at, us=us))
    traces = Traces(header.message_id, header.conversation_id)
    # Of each emptied area its own: a message id must not come twice, even where a partner's own does.
    asked = Asked(partner, root, header, us, at, answering=areas.source_key(area, partner, f"inbox/{header.message_id}"))
    message.acknowledgement = acknowledgement("RECEIVED", us=us, to=partner.party, at=at, traces=traces)
    if not header.is_test:
        message.outcome_code = _do(session, area, asked, speed=speed)
    session.flush()
    return _as_played(Answer(HTTPStatus.ACCEPTED, message.acknowledgement), scenario)


def ask(session: Session, partner: Partner, data: bytes, *, at: datetime, us: Party) -> Answer:
    """Answer a question at once: 200 with its document; nothing is kept of it, but what was due in the area has happened before.

    An Acknowledgement instead, as in earnest, for what is no question or cannot be read.
    """
    reading = reading_of(data)
    header = reading.header
    errors = reading.errors or header_errors(header, reading.major, partner, us)
    if not errors and header is not None:
        errors = time_errors(session, partner, header, at)
        if header.message_type not in questions.ANSWERED:
            words = f"{header.message_type} asks for something to be done; POST it to messages. Here are answered questions alone."
            errors = (MessageError("ERROR", "CSS534E", words, f"{header.message_type}/Header/MessageType"), *errors)
    if errors or header is None:
        return _rejected(partner, reading, errors, at=at, us=us)
    if header.is_test:
        traces = Traces(header.message_id, header.conversation_id)
        return Answer(HTTPStatus.OK, acknowledgement("RECEIVED", us=us, to=partner.party, at=at, traces=traces))
    area = lock_area(session, partner)
    settle(session, area, partner, us, at=at)
    asked = Asked(partner, read_message(data), header, us, at, answering=f"sandbox/query/{partner.code}/{uuid.uuid4()}")
    return Answer(HTTPStatus.OK, questions.answer(session, area, asked, at_once=True).body)


def _errors(
    session: Session, area: SandboxArea, partner: Partner, header: MessageHeader, first: SandboxMessage | None, *, at: datetime
) -> tuple[MessageError, ...]:
    """Why a message that can be read is not taken."""
    if first is not None and first.acknowledgement is not None:
        text = "This MessageId came before with another content; the first message stands."
        return (MessageError("ERROR", "CSS554E", text, f"{header.message_type}/Header/MessageId"),)
    if area.last_sequence >= areas.DOCUMENTS_MAX:
        return (MessageError("ERROR", "CSS583E", f"The test area holds {areas.DOCUMENTS_MAX} documents and takes no more; empty it."),)
    return time_errors(session, partner, header, at)


def _as_played(answer: Answer, scenario: Scenario | None) -> Played:
    trouble = None if scenario is None else scenario.trouble
    if trouble is Trouble.SLOW:
        return Played(answer, wait_seconds=SLOW_SECONDS)
    return Played(answer, is_lost=trouble is Trouble.LOST_ANSWER)


def _do(session: Session, area: SandboxArea, asked: Asked, *, speed: int) -> str | None:
    """Do what a message asks; the code of the refusal, None when it was done."""
    verb = _VERBS.get(asked.header.message_type)
    if verb is None:
        _leave(session, area, asked, questions.answer(session, area, asked, at_once=False))
        return None
    try:
        with session.begin_nested():
            verb.do(session, area, asked, speed)
    except Unavailable:
        raise
    except CssError as error:
        verb.refused(session, area, asked, error)
        return error.code
    return None


def _leave(session: Session, area: SandboxArea, asked: Asked, answer: Document) -> None:
    """Put the answer document to a message in the outbox."""
    key = areas.source_key(area, asked.partner, answer.source_key)
    assert answer.message_id, key
    written = areas.Written(
        source_key=key,
        message_id=answer.message_id,
        message_type=answer.message_type,
        conversation_id=asked.header.conversation_id,
        body=answer.body,
        ref_to_message_id=asked.header.message_id,
    )
    areas.leave(session, area, written, at=asked.at)


def _reserve(session: Session, area: SandboxArea, asked: Asked, _: int) -> str:
    _leave(session, area, asked, bookings.reserve(session, area, asked))
    return "A slot held."


def _release(session: Session, area: SandboxArea, asked: Asked, _: int) -> str:
    _leave(session, area, asked, bookings.release(session, area, asked))
    return "A slot given back."


def _not_reserved(session: Session, area: SandboxArea, asked: Asked, error: CssError) -> None:
    _leave(session, area, asked, appointments.COMMANDS[asked.header.message_type].refused(session, asked, error))


@dataclass(frozen=True, slots=True)
class _Verb:
    """A message that asks for something to be done."""

    do: Callable[[Session, SandboxArea, Asked, int], str]
    refused: Callable[[Session, SandboxArea, Asked, CssError], None]


_VERBS: Final = {
    "SubmitOrder": _Verb(lambda session, area, asked, speed: orders.submit(session, area, asked, speed=speed), orders.refused),
    "AmendOrder": _Verb(lambda session, area, asked, _: orders.amend(session, area, asked), orders.refused),
    "CancelOrder": _Verb(lambda session, area, asked, _: orders.cancel(session, area, asked), orders.refused),
    "SubmitFault": _Verb(lambda session, area, asked, speed: faults.submit(session, area, asked, speed=speed), faults.refused),
    "AmendFault": _Verb(lambda session, area, asked, _: faults.amend(session, area, asked), faults.refused),
    "CancelFault": _Verb(lambda session, area, asked, _: faults.cancel(session, area, asked), faults.refused),
    "ConfirmClear": _Verb(lambda session, area, asked, _: faults.confirm(session, area, asked), faults.refused),
    "ReserveAppointment": _Verb(_reserve, _not_reserved),
    "ReleaseAppointment": _Verb(_release, _not_reserved),
}


def _keep(
    session: Session,
    partner: Partner,
    reading: Reading,
    digest: str,
    scenario: Scenario | None,
    first: SandboxMessage | None,
    *,
    at: datetime,
) -> SandboxMessage:
    """The row of a message; of one that was turned away before, the same."""
    header = required(reading.header, "Header")
    if first is not None:
        first.times += 1
        first.body_sha256 = digest
        return first
    message = SandboxMessage(
        provider_id=partner.provider_id,
        message_id=header.message_id,
        message_type=header.message_type,
        conversation_id=header.conversation_id,
        body_sha256=digest,
        scenario=None if scenario is None else scenario.number,
        times=1,
        received_at=at,
    )
    session.add(message)
    return message


def _known(session: Session, partner: Partner, message_id: str) -> SandboxMessage | None:
    statement = select(SandboxMessage).where(SandboxMessage.provider_id == partner.provider_id, SandboxMessage.message_id == message_id)
    return session.execute(statement).scalar()


def _turned_away(partner: Partner, reading: Reading, away: _Away, *, at: datetime, us: Party) -> Answer:
    error = MessageError("ERROR", away.code, away.text)
    body = acknowledgement("REJECTED", us=us, to=partner.party, at=at, traces=reading.traces, errors=(error,))
    return Answer(away.status, body, headers=(("Retry-After", str(RETRY_SECONDS)),))


def _rejected(partner: Partner, reading: Reading, errors: tuple[MessageError, ...], *, at: datetime, us: Party) -> Answer:
    body = acknowledgement("REJECTED", us=us, to=partner.party, at=at, traces=reading.traces, errors=errors)
    _log.info("sandbox message rejected", extra={"provider": partner.code, "code": errors[0].code})
    return Answer(_STATUS_OF.get(errors[0].code) or status_of(errors), body)
