"""One document posted to one partner's server, and nothing believed of that server beyond its status.

Where a partner's address leads is decided by its own name service, so it may lead anywhere: into our own network, to the
service that hands out a cloud machine's credentials. Every address the name stands for is looked at, and the connection is
made to one that was looked at. Only public ones are allowed, and those networks that ``CSS_PUSH_NETWORKS`` names. Redirects are
not followed, proxies not asked, nothing the server writes is kept or logged.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import SplitResult

from css.partners.access.push_reach import PushRefusedError, Reach, parts_of
from css.partners.outgoing.deliveries import Outcome

ANSWER_BYTES_MAX: Final = 65_536
TAKEN: Final = frozenset({200, 202})
RETRY_AFTER_MAX: Final = 3600
"""A server that asks for more patience than an hour is asked again after an hour."""

_CHUNK: Final = 65_536


def push(url: str, body: bytes, headers: Mapping[str, str], *, reach: Reach) -> Outcome:
    """POST a document; delivered when a whole answer of 200 or 202 came in time, and else why not. Raises nothing."""
    deadline = _Deadline(time.monotonic() + reach.seconds)
    try:
        parts = parts_of(url)
        with contextlib.closing(_connected(parts, reach, deadline)) as connection:
            return _exchanged(connection, _request(parts, body, headers), body, deadline)
    except PushRefusedError as no:
        return Outcome(is_delivered=False, words=f"Not sent: {no}.")
    except TimeoutError:
        return Outcome(is_delivered=False, words=f"No whole answer within {reach.seconds:g} seconds.")
    except (OSError, HTTPException) as trouble:
        return Outcome(is_delivered=False, words=next(words for kind, words in _TROUBLES if isinstance(trouble, kind)))


_TROUBLES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ssl.SSLCertVerificationError, "Not sent: the server's certificate is not one to be trusted for its name."),
    (ssl.SSLError, "TLS failed."),
    (ConnectionRefusedError, "Not sent: nobody listens at the address."),
    (HTTPException, "The answer was not HTTP, or ended too soon."),
    (OSError, "The connection could not be made, or broke."),
)
"""The first that fits. Their own words may quote the server."""


@dataclass
class _Deadline:
    """The end of all patience, and how much may be read before it."""

    at: float
    left_to_read: int = field(default=ANSWER_BYTES_MAX)

    def seconds(self) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TooLongError(Exception):
    """More is answered than will be read."""


class _Bounded(io.RawIOBase):
    """What comes from a socket, until the deadline and no more than its bytes: a drop at a time is no way round it."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._deadline.left_to_read <= 0:
            raise _TooLongError
        self._connection.settimeout(self._deadline.seconds())
        count = self._connection.recv_into(buffer, min(len(buffer), self._deadline.left_to_read))
        self._deadline.left_to_read -= count
        return count


class _Answering:
    """A connection as ``HTTPResponse`` wants it."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._reading = io.BufferedReader(_Bounded(connection, deadline), 8192)

    def makefile(self, _mode: str) -> io.BufferedReader[_Bounded]:
        return self._reading


def _exchanged(connection: socket.socket, head: bytes, body: bytes, deadline: _Deadline) -> Outcome:
    was_sent = True
    try:
        for part in (head, *(body[begin : begin + _CHUNK] for begin in range(0, len(body), _CHUNK))):
            connection.settimeout(deadline.seconds())
            connection.sendall(part)
    except (BrokenPipeError, ConnectionResetError):
        # It may have said why before it closed.
        was_sent = False
    answer = HTTPResponse(_Answering(connection, deadline), method="POST")  # type: ignore[arg-type]
    try:
        answer.begin()
        answer.read()
    except _TooLongError:
        return Outcome(is_delivered=False, words=f"The answer was longer than {ANSWER_BYTES_MAX} bytes.")
    if answer.status in TAKEN and was_sent:
        return Outcome(is_delivered=True, status=answer.status)
    if not was_sent:
        return Outcome(is_delivered=False, status=answer.status, words=f"Answered {answer.status} before it had the whole document.")
    words = f"Answered {answer.status}; redirects are not followed." if 300 <= answer.status < 400 else f"Answered {answer.status}."  # noqa: PLR2004 - as HTTP counts
    return Outcome(is_delivered=False, status=answer.status, words=words, wait=_retry_after(answer))


def _retry_after(answer: HTTPResponse) -> timedelta | None:
    text = answer.getheader("Retry-After", "")
    return timedelta(seconds=min(int(text), RETRY_AFTER_MAX)) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _request(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # What stands in the address itself is printable and without blanks; a header's value is made ours to be one line.
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {re.sub(r'[^ -~]', '', value)}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _connected(parts: SplitResult, reach: Reach, deadline: _Deadline) -> socket.socket:
    host = str(parts.hostname)
    try:
        found = socket.getaddrinfo(host, parts.port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PushRefusedError("the name of the server cannot be resolved") from None
    # The scope of a link-local address, which is refused anyhow, is no part of what is looked at.
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    if not addresses or not all(reach.allows(address) for address in addresses):
        raise PushRefusedError("the address is not one to which documents may be pushed")
    if parts.scheme != "https" and not all(reach.names(address) for address in addresses):
        raise PushRefusedError("without TLS documents are pushed nowhere but in networks of ours")
    connection = _first_that_answers(found, deadline)
    if parts.scheme != "https":
        return connection
    try:
        connection.settimeout(deadline.seconds())
        return reach.tls.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def _first_that_answers(found: Sequence[tuple[Any, ...]], deadline: _Deadline) -> socket.socket:
    """A connection to one of the places, as ``getaddrinfo`` gave them; of many that are silent not all will be asked."""
    last: OSError = ConnectionRefusedError()
    for family, kind, protocol, _, place in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.seconds())
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(place)
        except OSError as trouble:
            connection.close()
            last = trouble
        else:
            return connection
    raise last
