"""``POST /partner/v1/queries``: a question answered at once, with the answer document itself.

Nothing is kept: not the question, for it changes nothing and may be asked again, nor its answer, which would be another a moment
later. So an answer has an id of its own each time, there are no duplicates, and a SequenceNo counts for nothing here. What cannot
be read, or asks for something to be done, is answered by an Acknowledgement with the status it would have had as a message.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from http import HTTPStatus
from typing import Final

from flask import Response
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.errors import Conflict, CssError, Unavailable
from css.db.engine import transaction
from css.partners.access.keys import Partner
from css.partners.intake.acknowledging import Result, acknowledgement
from css.partners.intake.guarded import answer_question, tell_refusal
from css.partners.intake.inbox import Answer, Reading, header_errors, reading_of, status_of, time_errors
from css.partners.messages import QUESTIONS, Asked, Document
from css.partners.pages.doors import Doors, Route, message_body, xml_answer
from css.xml import MessageError, MessageHeader, Party, read_message

_READ_ONLY: Final = text("SET TRANSACTION READ ONLY")
_log = logging.getLogger(__name__)


def routes(doors: Doors) -> tuple[Route, ...]:
    """The one page."""

    def post_query() -> Response:
        with ExitStack() as places:

            def admitted(session: Session) -> Partner:
                partner = doors.caller_in(session)
                places.enter_context(doors.passing(partner, session))
                return partner

            us, body = doors.us(), message_body()
            answer = ask(doors.engine(), admitted, body, at=doors.clock.now(), us=us)
        response = xml_answer(answer.body, answer.status)
        response.headers.update(answer.headers)
        return response

    return (Route("/queries", "queries", post_query, ("POST",)),)


def ask(engine: Engine, caller: Partner | Callable[[Session], Partner], data: bytes, *, at: datetime, us: Party) -> Answer:
    """Answer a question of a partner who has proved to be it: 200 with the answer, whether that says yes or no.

    An Acknowledgement instead, with the status of ``messages``, for what is no question or cannot be read. A question marked as a
    test is only acknowledged: 200, RECEIVED.

    Args:
        engine: the question is one transaction on it, in which nothing can be written, unless that it was asked is noted.
        caller: the partner, or what finds out in that transaction who is calling; whatever it raises comes out of here.
        data: the question as it came.
        at: when it came; what is said was so then.
        us: who we are.

    Raises:
        Unavailable: the database is; the same may be asked again. Conflict: somebody held the rows for too long.
    """
    reading = reading_of(data)
    question = QUESTIONS.get(reading.message_type or "")
    with transaction(engine) as session:
        if question is None or not question.is_noted:
            session.execute(_READ_ONLY)
        partner = caller(session) if callable(caller) else caller
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
            "size_bytes": len(answer.body),
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
    words = f"{header.message_type} asks for something to be done; POST it to messages. Here are answered {', '.join(QUESTIONS)}."
    return (MessageError("ERROR", "CSS534E", words, f"{header.message_type}/Header/MessageType"), *late)


def _answer(session: Session, partner: Partner, header: MessageHeader, data: bytes, *, at: datetime, us: Party) -> Document:
    # A document given away once must never be taken for another, so its key is nobody else's.
    asked = Asked(partner, read_message(data), header, us, at, answering=f"query/{partner.code}/{uuid.uuid4()}")
    try:
        return answer_question(session, asked)
    except (Unavailable, Conflict):
        raise
    except CssError as refusal:
        return tell_refusal(session, asked, refusal)


def _acknowledged(partner: Partner, reading: Reading, *, at: datetime, us: Party, errors: tuple[MessageError, ...] = ()) -> Answer:
    result: Result = "REJECTED" if errors else "RECEIVED"
    body = acknowledgement(result, us=us, to=partner.party, at=at, traces=reading.traces, errors=errors)
    return Answer(status_of(errors) if errors else HTTPStatus.OK, body)
