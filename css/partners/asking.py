"""``POST /partner/v1/queries``: a question answered at once, with the answer document itself.

Nothing is kept: not the question, for it changes nothing and may be asked again, nor its answer, which would be another a moment
later. So its answer has an id of its own each time, no number of the conversation is taken, and there is no duplicate of it. What
cannot be read, or asks for something to be done, is answered by an Acknowledgement as ever; only that is stored.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from http import HTTPStatus

from flask import Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.errors import Conflict, CssError, Unavailable
from css.db.engine import transaction
from css.partners.acknowledging import Result, acknowledgement
from css.partners.doors import Doors, Route, message_body, xml_answer
from css.partners.inbox import Answer, Reading, header_errors, reading_of, status_of, time_errors
from css.partners.keys import Partner
from css.partners.messages import QUESTIONS, Asked, Document
from css.partners.wall import behind_the_wall
from css.xml import MessageError, MessageHeader, Party, read_message

_log = logging.getLogger(__name__)


def routes(doors: Doors) -> tuple[Route, ...]:
    """The one page."""

    def post_query() -> Response:
        caller = doors.caller()
        with doors.passing(caller):
            answer = ask(doors.engine(), caller, message_body(), at=doors.clock.now(), us=doors.us())
        response = xml_answer(answer.body, answer.status)
        response.headers.update(answer.headers)
        return response

    return (Route("/queries", "queries", post_query, ("POST",)),)


def ask(engine: Engine, partner: Partner, data: bytes, *, at: datetime, us: Party) -> Answer:
    """Answer a question of a partner who has proved to be it: 200 with the answer, whether that says yes or no.

    An Acknowledgement instead, with the status of ``messages``, for what is no question or cannot be read. A question marked as a
    test is only acknowledged: 200, RECEIVED.

    Raises:
        Unavailable: the database is; the same may be asked again. Conflict: somebody held the rows for too long.
    """
    with transaction(engine) as session:
        reading = reading_of(data)
        errors = _errors(session, partner, reading, at=at, us=us)
        if errors or reading.header is None:
            answer = _acknowledged(partner, reading, at=at, us=us, errors=errors)
        elif reading.header.is_test:
            answer = _acknowledged(partner, reading, at=at, us=us)
        else:
            answer = Answer(HTTPStatus.OK, _answer(session, partner, reading.header, data, at=at, us=us).body)
    _log.info(
        "question answered",
        extra={
            "provider": partner.code,
            "message_id": reading.traces.message_id,
            "message_type": reading.message_type,
            "status": int(answer.status),
            "size_bytes": len(data),
        },
    )
    return answer


def _errors(session: Session, partner: Partner, reading: Reading, *, at: datetime, us: Party) -> tuple[MessageError, ...]:
    header = reading.header
    errors = reading.errors or header_errors(header, reading.major, partner, us)
    if errors or header is None:
        return errors
    late = time_errors(session, partner, header, at)
    if header.message_type in QUESTIONS:
        return late
    text = f"{header.message_type} asks for something to be done; POST it to messages. Here are answered {', '.join(QUESTIONS)}."
    return (MessageError("ERROR", "CSS534E", text, f"{header.message_type}/Header/MessageType"), *late)


def _answer(session: Session, partner: Partner, header: MessageHeader, data: bytes, *, at: datetime, us: Party) -> Document:
    # A document given away once must never be taken for another, so its key is nobody else's.
    asked = Asked(partner, read_message(data), header, us, at, answering=f"query/{partner.code}/{uuid.uuid4()}")
    question = QUESTIONS[header.message_type]
    try:
        if question.is_of_plant:
            return question.answer(session, asked, None)
        with behind_the_wall(session, partner):
            return question.answer(session, asked, None)
    except (Unavailable, Conflict):
        raise
    except CssError as refusal:
        return question.answer(session, asked, refusal)


def _acknowledged(partner: Partner, reading: Reading, *, at: datetime, us: Party, errors: tuple[MessageError, ...] = ()) -> Answer:
    result: Result = "REJECTED" if errors else "RECEIVED"
    body = acknowledgement(result, us=us, to=partner.party, at=at, traces=reading.traces, errors=errors)
    return Answer(status_of(errors) if errors else HTTPStatus.OK, body)
