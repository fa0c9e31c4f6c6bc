"""The outbox over HTTP: a partner fetches the documents left for it, in their order, as often as it likes.

How far it got is noted before it is given anything, so that a document it may have had already says so.
"""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from typing import Final

from flask import Response, request, url_for

from css.db.engine import transaction
from css.handover import OutboxRow
from css.partners.intake.inbox import CONTENT_TYPE
from css.partners.outgoing.outbox import fetch
from css.partners.pages.doors import NAME, Doors, Refusal, Route

_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")


def routes(doors: Doors) -> tuple[Route, ...]:
    """The next document, and one by its number."""

    def next_document() -> Response:
        return _document(doors, _sequence(request.args.get("after", "")))

    def one_document(sequence: str) -> Response:
        wanted = _sequence(sequence)
        found = _document(doors, None if wanted is None else wanted - 1)
        if found.status_code == HTTPStatus.NO_CONTENT:
            raise Refusal(HTTPStatus.NOT_FOUND, "CSS559E", "There is no such document in your outbox.")
        return found

    return (Route("/outbox", "outbox", next_document), Route("/outbox/<sequence>", "document", one_document))


def _sequence(text: str) -> int | None:
    return int(text) if _SEQUENCE.fullmatch(text) else None


def _document(doors: Doors, after: int | None) -> Response:
    """The first document after a sequence number; 204 when there is none yet."""
    with transaction(doors.engine()) as session:
        caller = doors.caller_in(session)
        if after is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, "CSS563E", "Say after which document as a number, 0 for the first: outbox?after=0.")
        found = fetch(session, caller, after, is_given=request.method == "GET")
    if found.document is None:
        answer = Response(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
    else:
        answer = _delivered(found.document)
        if found.is_possible_duplicate:
            answer.headers["CSS-Possible-Duplicate"] = "true"
    answer.headers["CSS-Last-Sequence"] = str(found.last_sequence)
    return answer


def _delivered(row: OutboxRow) -> Response:
    """The document itself, byte for byte, with what a reader wants to know before opening it."""
    answer = Response(row.body, content_type=CONTENT_TYPE)
    answer.headers["CSS-Sequence"] = str(row.sequence)
    answer.headers["CSS-Message-Id"] = row.message_id
    answer.headers["CSS-Message-Type"] = row.message_type
    answer.headers["Content-Location"] = url_for(f"{NAME}.document", sequence=row.sequence)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(row.body).hexdigest())
    answer.make_conditional(request)
    return answer
