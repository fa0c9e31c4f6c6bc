"""The pages of the test area, below ``/partner/v1/sandbox``: as the live ones, opened by keys of their own and by no other."""

from __future__ import annotations

import hashlib
import re
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from flask import Response, request, url_for

from css.db.engine import transaction
from css.partners.intake.inbox import CONTENT_TYPE
from css.partners.model import KeyArea
from css.partners.pages.doors import NAME, Doors, Refusal, Route, message_body, xml_answer
from css.partners.sandbox import page
from css.partners.sandbox.area import Fetched, empty, fetch, lock_area
from css.partners.sandbox.intake import ask, receive
from css.partners.sandbox.playing import settle
from css.partners.sandbox.progress import progress_of, progress_text
from css.partners.sandbox.scenarios import SPEED_MAX

SPEED: Final = "CSS-Sandbox-Speed"
"""How many times faster than the table a scenario is played."""
POSSIBLE_DUPLICATE: Final = "CSS-Possible-Duplicate"
_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
_SPEED: Final = re.compile(r"[0-9]{1,4}")
_HANG_UP: Final = ("css.connection", "werkzeug.socket", "gunicorn.socket")
"""Where servers keep the connection of a request."""


def routes(doors: Doors) -> tuple[Route, ...]:
    """Messages in, the outbox, the table of scenarios, and the emptying of it all."""

    def post_message() -> Response:
        caller = doors.caller(KeyArea.SANDBOX)
        with doors.passing(caller):
            data, us = message_body(), doors.us()
            speed = _speed_asked()
            with transaction(doors.engine()) as session:
                played = receive(session, caller, data, at=doors.clock.now(), us=us, speed=speed)
            if played.wait_seconds:
                # Our own server sends the answer later and keeps no thread for that (css.partners.front.calling).
                request.environ.get("css.later", time.sleep)(played.wait_seconds)
        if played.is_lost:
            return _hung_up()
        answer = xml_answer(played.answer.body, played.answer.status)
        answer.headers.update(played.answer.headers)
        return answer

    def post_query() -> Response:
        caller = doors.caller(KeyArea.SANDBOX)
        with doors.passing(caller):
            data, us = message_body(), doors.us()
            with transaction(doors.engine()) as session:
                answer = ask(session, caller, data, at=doors.clock.now(), us=us)
        return xml_answer(answer.body, answer.status)

    def next_document() -> Response:
        return _document(doors, after=_sequence(request.args.get("after", "")), is_one=False)

    def one_document(sequence: str) -> Response:
        return _document(doors, after=_sequence(sequence) - 1, is_one=True)

    def reset() -> Response:
        caller = doors.caller(KeyArea.SANDBOX)
        with transaction(doors.engine()) as session:
            empty(session, caller, at=doors.clock.now())
        return Response(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})

    def scenarios() -> Response:
        return Response(page.table_text(), content_type="text/plain; charset=utf-8")

    def progress() -> Response:
        with transaction(doors.engine()) as session:
            caller = doors.caller_in(session, KeyArea.SANDBOX)
            found = progress_of(session, caller, at=doors.clock.now())
        return Response(progress_text(found), content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})

    return (
        Route("/sandbox/messages", "sandbox_messages", post_message, ("POST",)),
        Route("/sandbox/queries", "sandbox_queries", post_query, ("POST",)),
        Route("/sandbox/outbox", "sandbox_outbox", next_document),
        Route("/sandbox/outbox/<sequence>", "sandbox_document", one_document),
        Route("/sandbox/reset", "sandbox_reset", reset, ("POST",)),
        Route("/sandbox/scenarios", "sandbox_scenarios", scenarios),
        Route("/sandbox/progress", "sandbox_progress", progress),
    )


def _speed_asked() -> int:
    text = request.headers.get(SPEED, "1").strip()
    if not _SPEED.fullmatch(text) or not 1 <= int(text) <= SPEED_MAX:
        raise Refusal(HTTPStatus.BAD_REQUEST, "CSS584E", f"{SPEED} is a whole number from 1 to {SPEED_MAX}.")
    return int(text)


def _sequence(text: str) -> int:
    if not _SEQUENCE.fullmatch(text):
        raise Refusal(HTTPStatus.BAD_REQUEST, "CSS563E", "Say after which document as a number, 0 for the first: outbox?after=0.")
    return int(text)


def _document(doors: Doors, *, after: int, is_one: bool) -> Response:
    """A document as in earnest; whatever was due by now has happened before."""
    caller = doors.caller(KeyArea.SANDBOX)
    us, at = doors.us(), doors.clock.now()
    with transaction(doors.engine()) as session:
        area = lock_area(session, caller)
        settle(session, area, caller, us, at=at)
        found = fetch(session, area, after, at=at) if after >= 0 else None
        last = area.last_sequence
    if is_one and (found is None or found.sequence != after + 1):
        raise Refusal(HTTPStatus.NOT_FOUND, "CSS559E", "There is no such document in your outbox.")
    answer = Response(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"}) if found is None else _delivered(found)
    answer.headers["CSS-Last-Sequence"] = str(last)
    return answer


def _delivered(found: Fetched) -> Response:
    answer = Response(found.body, content_type=CONTENT_TYPE)
    answer.headers["CSS-Sequence"] = str(found.sequence)
    answer.headers["CSS-Message-Id"] = found.message_id
    answer.headers["CSS-Message-Type"] = found.message_type
    if found.is_possible_duplicate:
        answer.headers[POSSIBLE_DUPLICATE] = "true"
    answer.headers["Content-Location"] = url_for(f"{NAME}.sandbox_document", sequence=found.sequence)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(found.body).hexdigest())
    answer.make_conditional(request)
    return answer


def _hung_up() -> Response:
    """Close the connection without an answer. A server that does not show it sends an answer that breaks off."""
    for name in _HANG_UP:
        connection = request.environ.get(name)
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)
            return Response(status=HTTPStatus.ACCEPTED, headers={"Connection": "close"})

    def broken() -> Iterator[bytes]:
        yield b"<"
        raise ConnectionAbortedError

    return Response(
        broken(), status=HTTPStatus.ACCEPTED, content_type=CONTENT_TYPE, headers={"Content-Length": "1000", "Connection": "close"}
    )
