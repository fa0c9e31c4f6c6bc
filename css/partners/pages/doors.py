"""What every page of the gateway needs: who calls, the body it sent, and answers a partner's program can read.

A module that adds pages has a function ``routes(doors)`` which gives them; ``gateway.ROUTES`` names it in one line. A page
raises ``Refusal`` for an answer other than the one asked for, and any error that comes out of it is told as an
Acknowledgement, never as a traceback.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Response, g, request
from flask.typing import RouteCallable
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from css.core.clock import Clock
from css.core.errors import Conflict, CssError, Unavailable
from css.db.engine import transaction
from css.partners.access.certificates import partner_of_certificate
from css.partners.access.keys import Partner, own_party, partner_of_key
from css.partners.access.terms import Terms, terms_of
from css.partners.intake.acknowledging import NOBODY, Traces, acknowledgement
from css.partners.intake.inbox import CONTENT_TYPE
from css.partners.model import KeyArea
from css.partners.pages.rates import Rates
from css.xml import MESSAGE_BYTES_MAX, MessageError, Party

NAME: Final = "partners"
CERTIFICATE: Final = "css.client_certificate"
"""In the environ: SHA-256 of the client certificate that TLS has proved, of its DER, in hexadecimal."""
TERMS_KEPT_SECONDS: Final = 5
"""Terms are looked up so often; a change of them is in force after that."""
RETRY_SECONDS: Final = 1
RETRY_LATER_SECONDS: Final = 30

_MEDIA: Final = frozenset({"application/xml", "text/xml"})
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_log = logging.getLogger(__name__)


class Refusal(Exception):  # noqa: N818 - it reads as what it says
    """An answer other than the one asked for: an Acknowledgement that says REJECTED and why."""

    def __init__(self, status: HTTPStatus, code: str, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.error = MessageError("ERROR", code, text)
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Route:
    """One page."""

    path: str
    """Below ``/partner/v1``, in Flask's way of writing it: ``/outbox/<sequence>``."""
    name: str
    """Unique among all pages; ``url_for(f"{NAME}.{name}")`` finds it."""
    view: RouteCallable
    methods: tuple[str, ...] = ("GET",)
    """HEAD comes with GET."""


class Doors:
    """What the pages of one application share. Used by many threads at a time."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        clock: Clock,
        at_once_max: int | None = None,
        *,
        rates: Rates | None = None,
        handles: bool = True,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.handles = handles
        """Whether a message is handled before its Acknowledgement goes; off where others drain the lanes."""
        self._at_once_max = at_once_max
        self._rates = rates or Rates()
        self._turnstile = _Turnstile()
        self._terms: dict[int, tuple[Terms, float]] = {}
        self._own_party: Party | None = None

    def caller(self, area: KeyArea = KeyArea.LIVE) -> Partner:
        """The partner whose key or certificate for an area came with the request, asked in a transaction of its own.

        Raises:
            Refusal: 401, CSS556E.
        """
        with transaction(self.engine()) as session:
            return self.caller_in(session, area)

    def caller_in(self, session: Session, area: KeyArea = KeyArea.LIVE) -> Partner:
        """The same in a transaction that goes on to do more.

        Raises:
            Refusal: 401, CSS556E. The transaction holds nothing then that would be worth its commit.
        """
        at = self.clock.now()
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        by_key = partner_of_key(session, key.strip(), at=at, area=area) if scheme.lower() == "bearer" else None
        # Set by our own server alone (css.partners.front): nothing that a client sends becomes a name without HTTP_ before it.
        shown = request.environ.get(CERTIFICATE)
        by_certificate = None if shown is None else partner_of_certificate(session, shown, at=at, area=area)
        found = by_key or (by_certificate if not key else None)
        if found is None or (by_certificate is not None and by_certificate.provider_id != found.provider_id):
            challenge = {"WWW-Authenticate": f'Bearer realm="{NAME}"'}
            raise Refusal(HTTPStatus.UNAUTHORIZED, "CSS556E", "Show a key of yours that is in force.", challenge)
        g.partner = found
        return found

    def us(self) -> Party:
        """Who we are in messages."""
        if self._own_party is None:
            with transaction(self.engine()) as session:
                self._own_party = own_party(session)
        return self._own_party

    @contextmanager
    def passing(self, partner: Partner, session: Session | None = None) -> Iterator[None]:
        """Take one of the messages that are agreed for a minute, and hold one of the places for those in hand at a time.

        Args:
            partner: who has proved to be it.
            session: to look the terms up in; without one a transaction is opened for that, once in a while.

        Raises:
            Refusal: 429, CSS558E for the places, CSS564E for the minute.
        """
        terms = self._terms_of(partner, session)
        wait = self._rates.wait_seconds(partner.provider_id, terms.messages_a_minute)
        if wait:
            text = f"You have sent more than the {terms.messages_a_minute} messages a minute agreed with you; send this one again later."
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "CSS564E", text, {"Retry-After": str(wait)})
        with self._turnstile.passing(partner.code, self._at_once_max or terms.at_once):
            yield

    def _terms_of(self, partner: Partner, session: Session | None) -> Terms:
        """The partner's terms, as they were some seconds ago at most."""
        now = time.monotonic()
        kept = self._terms.get(partner.provider_id)
        if kept is None or now - kept[1] > TERMS_KEPT_SECONDS:
            if session is None:
                with transaction(self.engine()) as own:
                    kept = terms_of(own, partner), now
            else:
                kept = terms_of(session, partner), now
            self._terms[partner.provider_id] = kept
        return kept[0]

    def told(self, error: Exception) -> Response:
        """Any error as an Acknowledgement."""
        refusal = _refusal_of(error)
        caller: Partner | None = g.get("partner")
        body = acknowledgement(
            "REJECTED",
            us=self._own_party or NOBODY,
            to=NOBODY if caller is None else caller.party,
            at=self.clock.now(),
            traces=Traces(),
            errors=(refusal.error,),
        )
        answer = xml_answer(body, refusal.status)
        answer.headers.update(refusal.headers)
        return answer


def message_body(*, limit_bytes: int = MESSAGE_BYTES_MAX) -> bytes:
    """The body of the request.

    Raises:
        Refusal: 415, CSS562E: not XML by its content type, not UTF-8 by its charset, or compressed.
        RequestEntityTooLarge: told as CSS500E.
        ClientDisconnected: told as CSS560E, should anybody still listen.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if request.mimetype not in _MEDIA or charset not in _CHARSETS or encoding != "identity":
        text = "Send plain XML as application/xml or text/xml in UTF-8, not compressed."
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "CSS562E", text)
    request.max_content_length = limit_bytes
    return request.get_data(cache=False)


def xml_answer(body: bytes, status: int = HTTPStatus.OK) -> Response:
    """An answer that is a document of ours."""
    answer = Response(body, status=status, content_type=CONTENT_TYPE)
    # What one partner was told must not be kept by anything on the way and shown to another.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def nothing_there() -> Refusal:
    """The answer at an address where there is no page."""
    return Refusal(
        HTTPStatus.NOT_FOUND, "CSS557E", "There is nothing at this address, or not by this method; the guide says what there is."
    )


class _Turnstile:
    """Lets so many requests of one partner through at a time."""

    def __init__(self) -> None:
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def passing(self, partner_code: str, most: int) -> Iterator[None]:
        with self._lock:
            if self._inside[partner_code] >= most:
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "CSS558E",
                    f"{most} messages of yours are in hand already; send this one again in a moment.",
                    {"Retry-After": str(RETRY_SECONDS)},
                )
            self._inside[partner_code] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[partner_code] -= 1
                if not self._inside[partner_code]:
                    del self._inside[partner_code]


def _refusal_of(error: Exception) -> Refusal:
    """Any error as an answer: never a traceback, never the words of a library."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, NotFound | MethodNotAllowed):
        return nothing_there()
    if isinstance(error, RequestEntityTooLarge):
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "CSS500E", f"The message is larger than {MESSAGE_BYTES_MAX} bytes.")
    if isinstance(error, HTTPException):
        return Refusal(
            HTTPStatus(error.code or HTTPStatus.BAD_REQUEST), "CSS560E", "The request cannot be read; it may have been cut short."
        )
    later = {"Retry-After": str(RETRY_LATER_SECONDS)}
    if isinstance(error, Unavailable | Conflict):
        _log.warning("gateway unavailable", extra={"code": error.code})
        # Its own sentence may name hosts and people of ours.
        return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.code, "We cannot take it now; send the same bytes again later.", later)
    _log.error("gateway failed", exc_info=None if isinstance(error, CssError) else error)
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "CSS000E", "Something went wrong on our side; send the same bytes again later.", later)
