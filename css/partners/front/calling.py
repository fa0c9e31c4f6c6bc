"""From a request that is whole into the pages, and back: the gateway side of WSGI."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from css.partners.front.reading import Request
from css.partners.pages.doors import CERTIFICATE

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

LATER: Final = "css.later"
"""In the environ: called with seconds, it has the answer sent so much later, and no thread waits for that."""
LATER_SECONDS_MAX: Final = 60
_OWN_FIELDS: Final = frozenset({"content-type", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade"})
"""Told in other words, or about the connection and not the request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page answered."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes
    later_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end."""

    address: str
    certificate: str | None
    scheme: str
    server: tuple[str, int]


def call(application: WSGIApplication, request: Request, caller: Caller) -> Answer:
    """Let the application answer, all of it, in this thread.

    Raises:
        ConnectionAbortedError: the page wants the connection closed without an answer.
    """
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        _: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None = None,
    ) -> Callable[[bytes], object]:
        said.append((status, headers))
        return body.append

    body: list[bytes] = []
    waits: list[float] = [0]
    environ = _environ(request, caller)
    environ[LATER] = waits.append
    given: Iterable[bytes] = application(environ, start_response)
    try:
        body.extend(given)
    finally:
        close = getattr(given, "close", None)
        if close is not None:
            close()
    status, headers = said[-1]
    fields = [(name, value) for name, value in headers if name.lower() not in {"content-length", "connection", "transfer-encoding"}]
    return Answer(int(status.partition(" ")[0]), fields, b"".join(body), min(waits[-1], LATER_SECONDS_MAX))


def _environ(request: Request, caller: Caller) -> WSGIEnvironment:
    path, _, query = request.target.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": caller.server[0],
        "SERVER_PORT": str(caller.server[1]),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": caller.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": caller.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.fields:
        if name == "content-type":
            environ.setdefault("CONTENT_TYPE", value)
        elif name not in _OWN_FIELDS and "_" not in name:
            # A name with a line below could pass itself off as another.
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    if caller.certificate is not None:
        environ[CERTIFICATE] = caller.certificate
    return environ
