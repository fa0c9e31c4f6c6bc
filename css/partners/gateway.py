"""The gateway over HTTP: partners post messages and fetch the documents in their outbox.

Whatever is not a document of the outbox is answered with an Acknowledgement, errors too, so a partner's program reads one
kind of answer. Who calls is proved by a key in ``Authorization: Bearer ...`` on every request and by nothing else: no
cookie is read or set. So nothing that guards the screens (sign-on, protection against forged forms, the limit for forms)
fits here, and ``mount`` puts the gateway beside an application rather than into it.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Flask, Response, g, request, url_for
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from css.core.clock import Clock
from css.core.errors import Conflict, CssError, Unavailable
from css.db.engine import transaction
from css.handover import OutboxRow, outbox_after, outbox_last_sequence
from css.partners.acknowledging import NOBODY, Traces, acknowledgement
from css.partners.inbox import CONTENT_TYPE, receive
from css.partners.keys import Partner, own_party, partner_of_key
from css.xml import MESSAGE_BYTES_MAX, MessageError, Party

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAME: Final = "partners"
MOUNT: Final = "/partner/"
PREFIX: Final = "/partner/v1"
AT_ONCE_MAX: Final = 8
"""Messages of one partner in hand at the same time, in one process; the next is told to wait."""
RETRY_SECONDS: Final = 1
RETRY_LATER_SECONDS: Final = 30

_MEDIA: Final = frozenset({"application/xml", "text/xml"})
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
_EVERY_METHOD: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_log = logging.getLogger(__name__)


class _Refusal(Exception):  # noqa: N818 - it reads as what it says
    """An answer other than the one asked for."""

    def __init__(self, status: HTTPStatus, code: str, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.error = MessageError("ERROR", code, text)
        self.headers = headers or {}


EngineGiver = Callable[[], Engine]


def mount(app: Flask, engine: Engine | EngineGiver, clock: Clock) -> None:
    """Serve the gateway under ``/partner/`` of an application's address; all else goes on to the application as before.

    None of the application's own hooks, handlers and limits see a partner's request, nor its sessions.

    Args:
        app: the application whose server takes the requests.
        engine: made after the fork that made this process, or what gives it at the first request.
        clock: tells when messages are received and handled.
    """
    gateway, others = create_application(engine, clock), app.wsgi_app

    def either(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        inner = gateway.wsgi_app if environ.get("PATH_INFO", "").startswith(MOUNT) else others
        return inner(environ, start_response)

    app.wsgi_app = either  # type: ignore[method-assign]  # Flask's own way of putting something round an application


def create_application(engine: Engine | EngineGiver, clock: Clock, *, at_once_max: int = AT_ONCE_MAX) -> Flask:
    """The gateway alone, as an application of its own."""
    app = Flask("css.partners", static_folder=None, template_folder=None)
    doors = _Doors(engine if callable(engine) else lambda: engine, clock, at_once_max)
    app.register_blueprint(_blueprint(doors))
    app.register_error_handler(Exception, doors.told)
    return app


def create_gateway(engine: Engine | EngineGiver, clock: Clock, *, at_once_max: int = AT_ONCE_MAX) -> Blueprint:
    """The gateway as a blueprint under ``/partner/v1``, for an application that exempts it from its own guards."""
    return _blueprint(_Doors(engine if callable(engine) else lambda: engine, clock, at_once_max))


def _blueprint(doors: _Doors) -> Blueprint:
    gateway = Blueprint(NAME, __name__, url_prefix=PREFIX)
    gateway.add_url_rule("/messages", "messages", doors.post_message, methods=["POST"])
    gateway.add_url_rule("/outbox", "outbox", doors.next_document)
    gateway.add_url_rule("/outbox/<sequence>", "document", doors.one_document)
    gateway.add_url_rule("/", "root", doors.nothing_here, methods=_EVERY_METHOD, provide_automatic_options=False)
    gateway.add_url_rule("/<path:_>", "nothing", doors.nothing_here, methods=_EVERY_METHOD, provide_automatic_options=False)
    gateway.register_error_handler(Exception, doors.told)
    return gateway


class _Doors:
    """The pages, with what they share."""

    def __init__(self, engine: Callable[[], Engine], clock: Clock, at_once_max: int) -> None:
        self._engine = engine
        self._clock = clock
        self._turnstile = _Turnstile(at_once_max)
        self._own_party: Party | None = None

    def post_message(self) -> Response:
        """Take in one message."""
        caller = self._caller()
        _refuse_media()
        with self._turnstile.passing(caller.code):
            request.max_content_length = MESSAGE_BYTES_MAX
            data = request.get_data(cache=False)
            answer = receive(self._engine(), caller.code, data, clock=self._clock, own_party=self._us())
        return _xml(answer.body, HTTPStatus(answer.status))

    def next_document(self) -> Response:
        """The first document after a sequence number; 204 when there is none yet."""
        return self._document(self._caller(), after=_sequence(request.args.get("after", "")))

    def one_document(self, sequence: str) -> Response:
        """The document with a sequence number."""
        caller = self._caller()
        wanted = _sequence(sequence)
        found = self._document(caller, after=wanted - 1) if wanted else None
        if found is None or found.status_code == HTTPStatus.NO_CONTENT:
            raise _Refusal(HTTPStatus.NOT_FOUND, "CSS559E", "There is no such document in your outbox.")
        return found

    def nothing_here(self, _: str = "") -> Response:
        """Any other address or method."""
        raise _nothing_there()

    def told(self, error: Exception) -> Response:
        """Any error as an Acknowledgement."""
        refusal = _refusal_of(error)
        caller: Partner | None = g.get("partner")
        body = acknowledgement(
            "REJECTED",
            us=self._own_party or NOBODY,
            to=NOBODY if caller is None else caller.party,
            at=self._clock.now(),
            traces=Traces(),
            errors=(refusal.error,),
        )
        answer = _xml(body, refusal.status)
        answer.headers.update(refusal.headers)
        return answer

    def _caller(self) -> Partner:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            with transaction(self._engine()) as session:
                found = partner_of_key(session, key.strip())
            if found is not None:
                g.partner = found
                return found
        challenge = {"WWW-Authenticate": f'Bearer realm="{NAME}"'}
        raise _Refusal(HTTPStatus.UNAUTHORIZED, "CSS556E", "Show a key of yours that is in force.", challenge)

    def _us(self) -> Party:
        if self._own_party is None:
            with transaction(self._engine()) as session:
                self._own_party = own_party(session)
        return self._own_party

    def _document(self, caller: Partner, *, after: int) -> Response:
        with transaction(self._engine()) as session:
            rows = outbox_after(session, caller.code, after, limit=1)
            last = outbox_last_sequence(session, caller.code)
        answer = _delivered(rows[0]) if rows else Response(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
        answer.headers["CSS-Last-Sequence"] = str(last)
        return answer


class _Turnstile:
    """Lets so many requests of one partner through at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def passing(self, partner_code: str) -> Iterator[None]:
        with self._lock:
            if self._inside[partner_code] >= self._most:
                raise _Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "CSS558E",
                    f"{self._most} messages of yours are in hand already; send this one again in a moment.",
                    {"Retry-After": str(RETRY_SECONDS)},
                )
            self._inside[partner_code] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[partner_code] -= 1


def _nothing_there() -> _Refusal:
    return _Refusal(HTTPStatus.NOT_FOUND, "CSS557E", f"POST {PREFIX}/messages and GET {PREFIX}/outbox are all there is.")


def _refusal_of(error: Exception) -> _Refusal:
    """Any error as an answer: never a traceback, never the words of a library."""
    if isinstance(error, _Refusal):
        return error
    if isinstance(error, NotFound | MethodNotAllowed):
        return _nothing_there()
    if isinstance(error, RequestEntityTooLarge):
        return _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "CSS500E", f"The message is larger than {MESSAGE_BYTES_MAX} bytes.")
    if isinstance(error, HTTPException):
        return _Refusal(
            HTTPStatus(error.code or HTTPStatus.BAD_REQUEST), "CSS560E", "The request cannot be read; it may have been cut short."
        )
    later = {"Retry-After": str(RETRY_LATER_SECONDS)}
    if isinstance(error, Unavailable | Conflict):
        _log.warning("gateway unavailable", extra={"code": error.code})
        # Its own sentence may name hosts and people of ours.
        return _Refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.code, "We cannot take it now; send the same bytes again later.", later)
    _log.error("gateway failed", exc_info=None if isinstance(error, CssError) else error)
    return _Refusal(
        HTTPStatus.INTERNAL_SERVER_ERROR, "CSS000E", "Something went wrong on our side; send the same bytes again later.", later
    )


def _refuse_media() -> None:
    """XML by its content type, in UTF-8 by its charset, and not compressed."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if request.mimetype not in _MEDIA or charset not in _CHARSETS or encoding != "identity":
        text = "Send plain XML as application/xml or text/xml in UTF-8, not compressed."
        raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "CSS562E", text)


def _sequence(text: str) -> int:
    if not _SEQUENCE.fullmatch(text):
        raise _Refusal(HTTPStatus.BAD_REQUEST, "CSS563E", "Say after which document as a number, 0 for the first: outbox?after=0.")
    return int(text)


def _xml(body: bytes, status: HTTPStatus) -> Response:
    answer = Response(body, status=status, content_type=CONTENT_TYPE)
    # What one partner was told must not be kept by anything on the way and shown to another.
    answer.headers["Cache-Control"] = "no-store"
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
