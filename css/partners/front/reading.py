"""From bytes to requests, strictly: the framing of HTTP/1.1 by h11, and before it what h11 lets pass and we do not.

There is no socket and no clock here. A request that could mean two things to two readers (two lengths, a length beside
chunks, folded lines, bare line feeds) is refused and its connection closed, so nobody between the partner and us can be made
to see other requests than we do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

import h11

from css.partners.front.limits import Limits
from css.partners.front.store import Share

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_END: Final = b"\r\n\r\n"
_BARE: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n)|\n[ \t]")
"""Control characters, half a line end, a folded line."""
_LENGTH: Final = re.compile(rb"[0-9]{1,12}")
_TARGET: Final = re.compile(rb"/[!-~]*")
_BARE_STATUSES: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_LINE_SEPARATORS_MAX: Final = 4
"""Empty lines before a request that a careless client may send; more are no request."""


class Refused(Exception):  # noqa: N818 - it reads as what it says
    """A request that is answered here, without a page, and whose connection ends with the answer."""

    def __init__(self, status: HTTPStatus, code: str, text: str, retry_seconds: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.retry_seconds = retry_seconds


class Stage(Enum):
    """How far the request now coming in has come."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    WHOLE = auto()
    """It is with the pages; whatever else came waits."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, whole."""

    method: str
    target: str
    """As sent, path and query, ASCII."""
    version: str
    fields: tuple[tuple[str, str], ...]
    """Names in small letters; values as Latin-1, as WSGI wants them."""
    body: bytes


class Reader:
    """The requests of one connection, one after the other."""

    __slots__ = ("_body", "_chunks", "_head", "_http", "_limits", "_request", "_share", "_taken", "is_proved", "stage", "wants_continue")

    def __init__(self, limits: Limits, share: Share) -> None:
        self.is_proved = False
        """A certificate came with the connection; otherwise a long body must come with a key."""
        self._limits = limits
        self._share = share
        self._head = bytearray()
        """What came and was not given to h11 yet: the head of a request, or what follows the request in hand."""
        self._http: h11.Connection | None = None
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._taken = 0
        self._chunks = 0
        self.stage = Stage.NOTHING
        self.wants_continue = False
        """The client waits to be told to go on; whoever tells it sets this to False."""

    @property
    def body_bytes(self) -> int:
        """So much of the body has come."""
        return len(self._body)

    def feed(self, data: bytes) -> None:
        """Take in what came. Call ``advance`` next, unless the stage is WHOLE."""
        if self.stage is Stage.BODY and self._http is not None:
            self._http.receive_data(data)
        else:
            self._head += data
            if self.stage is Stage.NOTHING and self._head:
                self.stage = Stage.HEAD

    def ended(self) -> None:
        """Nothing more will come.

        Raises:
            Refused: in the middle of a request.
        """
        if self.stage is Stage.BODY:
            raise Refused(HTTPStatus.BAD_REQUEST, "CSS560E", "The request ended before the whole of its body had come.")

    def advance(self) -> Request | None:
        """The next request once it is whole; None while more must come.

        Raises:
            Refused: nothing more of this connection can be read.
        """
        if self.stage is Stage.HEAD and not self._read_head():
            return None
        if self.stage is not Stage.BODY or self._http is None or self._request is None:
            return None
        while True:
            event = self._event(self._http)
            if isinstance(event, h11.Data):
                self._keep(bytes(event.data), is_piece=event.chunk_start)
            elif isinstance(event, h11.EndOfMessage):
                return self._whole(self._request)
            else:
                return None

    def answer(self, status: int, fields: list[tuple[str, str]], body: bytes, *, is_last: bool = False) -> tuple[bytes, bool]:
        """The bytes of an answer, and whether another request may follow it. After a refusal none may."""
        http = self._http or h11.Connection(h11.SERVER)
        may_stay = not is_last and self.stage is Stage.WHOLE and http.their_state is h11.DONE
        sent = [*fields, ("Content-Length", str(len(body)))] if status not in _BARE_STATUSES else fields
        if not may_stay:
            sent = [*sent, ("Connection", "close")]
        head = http.send(h11.Response(status_code=status, headers=sent, reason=_reason(status))) or b""
        is_bare = status in _BARE_STATUSES or (self._request is not None and self._request.method == b"HEAD")
        rest = b"" if is_bare else http.send(h11.Data(data=body)) or b""
        http.send(h11.EndOfMessage())
        return head + rest, may_stay and http.our_state is h11.DONE

    def next(self) -> None:
        """Forget the request that was answered; what came after it is the next one's beginning."""
        if self._http is not None:
            self._head = bytearray(self._http.trailing_data[0]) + self._head
        self.forget()
        self.stage = Stage.HEAD if self._head else Stage.NOTHING

    def forget(self) -> None:
        """Give back what the request held."""
        self._http = self._request = None
        self._body = bytearray()
        self._share.give(self._taken)
        self._taken = self._chunks = 0
        self.wants_continue = False

    def exchange(self, answer_bytes: int) -> bool:
        """Give back the room of the body and take that of the answer, if there is any."""
        self._share.give(self._taken)
        self._taken = 0
        if answer_bytes <= self._limits.short_bytes:
            return True
        if not self._share.take(answer_bytes):
            return False
        self._taken = answer_bytes
        return True

    def _read_head(self) -> bool:
        for _ in range(_LINE_SEPARATORS_MAX):
            if not self._head.startswith(b"\r\n"):
                break
            del self._head[:2]
        end = self._head.find(_END, 0, self._limits.head_bytes)
        if end < 0:
            line = self._head.find(b"\r\n", 0, self._limits.target_bytes + 20)
            if line < 0 and len(self._head) > self._limits.target_bytes + 20:
                raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "CSS560E", "The address is too long.")
            if len(self._head) >= self._limits.head_bytes:
                raise _too_large_head()
            return False
        head = bytes(self._head[: end + len(_END)])
        rest = bytes(self._head[end + len(_END) :])
        self._head = bytearray()
        _refuse_head(head, self._limits)
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.head_bytes)
        http.receive_data(head)
        event = self._event(http)
        if not isinstance(event, h11.Request):
            raise _unreadable()
        _refuse_request(event, self._limits)
        self._refuse_long_of_strangers(event, declared_length(event))
        self._http, self._request, self.stage = http, event, Stage.BODY
        self.wants_continue = http.they_are_waiting_for_100_continue and not rest
        if rest:
            http.receive_data(rest)
        return True

    def _event(self, http: h11.Connection) -> object:
        try:
            return http.next_event()
        except h11.RemoteProtocolError as error:
            status = HTTPStatus.NOT_IMPLEMENTED if error.error_status_hint == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus.BAD_REQUEST
        # Raised outside the handler: the library's words quote what was sent.
        raise Refused(status, "CSS560E", "The request cannot be read as HTTP/1.1.")

    def _keep(self, data: bytes, *, is_piece: bool) -> None:
        self._chunks += is_piece
        size = len(self._body) + len(data)
        if size > self._limits.body_bytes:
            raise _too_large(self._limits)
        if self._chunks > self._limits.chunks:
            raise Refused(HTTPStatus.BAD_REQUEST, "CSS560E", f"The body comes in more than {self._limits.chunks} chunks; send larger ones.")
        if size > self._limits.short_bytes and size > self._taken:
            self._refuse_long_of_strangers(self._request, size)
            # A declared length is taken at once, so that nothing is begun that has no room to end.
            wanted = max(size, min(declared_length(self._request), self._limits.body_bytes))
            if not self._share.take(wanted - self._taken):
                raise Refused(
                    HTTPStatus.SERVICE_UNAVAILABLE, "CSS565E", "Too many long messages are on their way; send it again in a moment.", 5
                )
            self._taken = wanted
        self._body += data

    def _refuse_long_of_strangers(self, request: h11.Request | None, size: int) -> None:
        """Who shows nothing is not let fill the store; a short body is for the page to refuse."""
        is_shown = self.is_proved or (request is not None and any(name == b"authorization" for name, _ in request.headers))
        if size > self._limits.short_bytes and not is_shown:
            raise Refused(HTTPStatus.UNAUTHORIZED, "CSS556E", "Show a key of yours that is in force.")

    def _whole(self, request: h11.Request) -> Request:
        self.stage = Stage.WHOLE
        body, self._body = bytes(self._body), bytearray()
        return Request(
            request.method.decode("ascii"),
            request.target.decode("ascii"),
            request.http_version.decode("ascii"),
            tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers),
            body,
        )


def declared_length(request: h11.Request | None) -> int:
    """What the head says of the body's length; 0 when it says nothing."""
    for name, value in request.headers if request is not None else ():
        if name == b"content-length":
            return int(value)
    return 0


def _refuse_head(head: bytes, limits: Limits) -> None:
    """What h11 would join, guess or choose from."""
    if _BARE.search(head):
        raise _unreadable()
    lines = head[: -len(_END)].split(b"\r\n")
    if len(lines) - 1 > limits.fields:
        raise _too_large_head()
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    lengths = [line.partition(b":")[2].strip(b" \t") for line, name in zip(lines[1:], names, strict=True) if name == b"content-length"]
    if len(lengths) > 1 or any(not _LENGTH.fullmatch(length) for length in lengths):
        raise _unreadable()
    if b"transfer-encoding" in names and (lengths or lines[0].endswith(b"HTTP/1.0")):
        raise _unreadable()


def _refuse_request(request: h11.Request, limits: Limits) -> None:
    """What is clear from the head alone, so that no body is sent in vain."""
    fields: dict[bytes, bytes] = dict(request.headers)
    if len(request.target) > limits.target_bytes:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "CSS560E", "The address is too long.")
    if request.http_version not in {b"1.0", b"1.1"}:
        raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "CSS560E", "We speak HTTP/1.1 and 1.0.")
    if not _TARGET.fullmatch(request.target):
        raise _unreadable()
    if declared_length(request) > limits.body_bytes:
        raise _too_large(limits)
    if fields.get(b"content-encoding", b"identity").strip().lower() not in {b"", b"identity"}:
        text = "Send plain XML as application/xml or text/xml in UTF-8, not compressed."
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "CSS562E", text)
    if b"expect" in fields and fields[b"expect"].lower() != b"100-continue":
        raise Refused(HTTPStatus.EXPECTATION_FAILED, "CSS560E", "We can meet no such expectation.")


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""


def _unreadable() -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "CSS560E", "The request cannot be read as HTTP/1.1.")


def _too_large(limits: Limits) -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "CSS500E", f"The message is larger than {limits.body_bytes} bytes.")


def _too_large_head() -> Refused:
    return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "CSS560E", "The head of the request is too large.")
