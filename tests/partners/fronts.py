"""A front with pages of the test's own, in a thread, and a client that writes and reads bytes."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from css.core.clock import FixedClock
from css.partners.front.limits import Limits
from css.partners.front.server import Front
from tests.partners.speaking import AT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
PATIENCE_SECONDS = 20
GET = b"GET /partner/v1/outbox?after=0 HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def fronted(
    pages: WSGIApplication, limits: Limits | None = None, make_context: Callable[[], ssl.SSLContext] | None = None
) -> Iterator[tuple[Front, int]]:
    """A front that runs, and its port."""
    listening = socket.create_server((HOST, 0))
    listening.setblocking(False)
    made: list[Front] = []
    begun = threading.Event()

    async def serve() -> None:
        front = Front(pages, FixedClock(AT), limits=limits or Limits(), make_context=make_context)
        made.append(front)
        asyncio.get_running_loop().call_soon(begun.set)
        await front.serve(listening)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert begun.wait(PATIENCE_SECONDS)
    try:
        yield made[0], listening.getsockname()[1]
    finally:
        made[0].stop()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


class Line:
    """One connection, spoken by hand."""

    def __init__(self, port: int, *, source: str = HOST, context: ssl.SSLContext | None = None, receive_bytes: int | None = None) -> None:
        raw = socket.socket()
        raw.settimeout(PATIENCE_SECONDS)
        if receive_bytes is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        raw.bind((source, 0))
        raw.connect((HOST, port))
        self.socket = raw if context is None else context.wrap_socket(raw, server_hostname="localhost")
        self._kept = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, fields by their names in small letters, body."""
        while b"\r\n\r\n" not in self._kept:
            self._more()
        head, _, self._kept = self._kept.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            return status, fields, b""
        size = int(fields.get("content-length", "0"))
        while len(self._kept) < size:
            self._more()
        body, self._kept = self._kept[:size], self._kept[size:]
        return status, fields, body

    def _more(self) -> None:
        got = self.socket.recv(65_536)
        if not got:
            raise EOFError(self._kept)
        self._kept += got

    def is_closed(self, within_seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether the server closes the connection, having said nothing more than was read."""
        self.socket.settimeout(within_seconds)
        try:
            return self.socket.recv(65_536) == b""
        except (ConnectionError, ssl.SSLError):
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def eventually(true: Callable[[], bool]) -> bool:
    """Whether something comes true before patience ends."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True
