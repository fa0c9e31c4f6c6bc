"""All connections of one process: who is let in, who is closed, who is served, in one event loop and a few threads."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from css.core.clock import Clock
from css.partners.front.calling import Answer, call
from css.partners.front.connection import WAITING, Connection
from css.partners.front.limits import Limits
from css.partners.front.reading import Refused, Request
from css.partners.front.store import Store
from css.partners.front.turns import Turns
from css.partners.intake.acknowledging import NOBODY, Traces, acknowledgement
from css.partners.intake.inbox import CONTENT_TYPE
from css.partners.pages.doors import NAME, RETRY_LATER_SECONDS
from css.xml import MessageError, Party

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import WSGIApplication

SWEEP_SECONDS: Final = 0.2
NOTED_EVERY_SECONDS: Final = 10
"""Closings are counted and logged so often: a flood of them must not become a flood of the log."""
BACKLOG: Final = 1_024
_log = logging.getLogger(__name__)


class Front:
    """The server of one process."""

    def __init__(
        self,
        application: WSGIApplication,
        clock: Clock,
        *,
        limits: Limits,
        make_context: Callable[[], ssl.SSLContext] | None = None,
        us: Party = NOBODY,
    ) -> None:
        """A server that does not run yet.

        Args:
            application: the pages.
            clock: tells when what is refused here was received. It is read in the loop's thread, so it must not ask the database.
            limits: its own.
            make_context: gives what TLS needs, at the start and whenever it is to be read anew; none: words travel in the clear.
            us: who we are in answers.
        """
        self._application = application
        self._clock = clock
        self._make_context = make_context
        self._us = us
        self.limits = limits
        self.store = Store(limits.store_bytes)
        self.context = None if make_context is None else make_context()
        self.address = ("", 0)
        self.is_stopping = False
        self._turns: Turns[tuple[Connection, Request]] = Turns(limits)
        self._strangers: dict[Connection, None] = {}
        """In the order in which they came, or were last answered; so are those that are known."""
        self._known: dict[Connection, None] = {}
        self._peers: Counter[str] = Counter()
        self._noted: Counter[str] = Counter()

    async def serve(self, listening: socket.socket, *, is_orphan: Callable[[], bool] = lambda: False) -> None:
        """Serve until ``stop`` is called.

        Args:
            listening: other processes may listen at it too.
            is_orphan: asked now and then; once it is true, the server stops by itself.
        """
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(self.limits.threads, thread_name_prefix="gateway")
        self.address = (str(listening.getsockname()[0]), int(listening.getsockname()[1]))
        server = await self._loop.create_server(lambda: Connection(self), sock=listening, backlog=BACKLOG)
        noted_at = self.now()
        while not self.is_stopping:
            await asyncio.sleep(SWEEP_SECONDS)
            self._sweep()
            if self.now() - noted_at >= NOTED_EVERY_SECONDS:
                noted_at = self.now()
                self._tell()
            if is_orphan():
                self.stop()
        server.close()
        await self._finish()
        self._tell()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """Take no new connection, finish what is in hand, end."""
        self.is_stopping = True

    def renew(self) -> None:
        """Read certificates and keys anew, for connections to come. What cannot be read leaves those in force."""
        if self._make_context is None:
            return
        try:
            self.context = self._make_context()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new ones, the old ones serve on
            _log.error("certificates not renewed", extra={"kind": type(error).__name__})
            return
        _log.info("certificates renewed")

    def now(self) -> float:
        """The loop's time, in seconds."""
        return self._loop.time()

    # What connections call.

    def admitted(self, connection: Connection) -> bool:
        """Let a new connection in, if need be in the place of the one that has kept us waiting longest."""
        if self.is_stopping or self._peers[connection.peer] >= self.limits.connections_a_peer:
            self.note("too many of one peer")
            return False
        if len(self._strangers) + len(self._known) >= self.limits.connections and not self._evict():
            self.note("no place")
            return False
        self._peers[connection.peer] += 1
        self._strangers[connection] = None
        return True

    def gone(self, connection: Connection) -> None:
        """A connection is no more."""
        held = self._strangers if connection in self._strangers else self._known
        if connection in held:
            del held[connection]
            self._peers[connection.peer] -= 1
            if not self._peers[connection.peer]:
                del self._peers[connection.peer]

    def note(self, reason: str) -> None:
        """Count a closing, for the log."""
        self._noted[reason] += 1

    def begin(self, connection: Connection, request: Request) -> None:
        """Have a request served as soon as it is its peer's turn."""
        is_long = len(request.body) > self.limits.short_bytes
        displaced = self._turns.add(connection.peer, (connection, request), is_long=is_long)
        if displaced is not None:
            self.note("too busy")
            # Not from here: whatever befalls that connection must not befall the one that is being read.
            self._loop.call_soon(displaced[0].refuse, _busy())
        self._next()

    def refusal(self, refused: Refused) -> Answer:
        """What a request that reaches no page is answered: an Acknowledgement, as everywhere."""
        body = acknowledgement(
            "REJECTED",
            us=self._us,
            to=NOBODY,
            at=self._clock.now(),
            traces=Traces(),
            errors=(MessageError("ERROR", refused.code, refused.text),),
        )
        fields = [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")]
        if refused.retry_seconds is not None:
            fields.append(("Retry-After", str(refused.retry_seconds)))
        if refused.status is HTTPStatus.UNAUTHORIZED:
            fields.append(("WWW-Authenticate", f'Bearer realm="{NAME}"'))
        return Answer(refused.status, fields, body)

    def failed(self) -> Refused:
        """For a page that gave no answer that we could send."""
        return Refused(
            HTTPStatus.SERVICE_UNAVAILABLE, "CSS567E", "We cannot answer it now; send the same bytes again later.", RETRY_LATER_SECONDS
        )

    # Within.

    def _next(self) -> None:
        while (turn := self._turns.take()) is not None:
            peer, (connection, request), is_long = turn
            done = self._threads.submit(call, self._application, request, connection.caller)
            done.add_done_callback(partial(self._hand_back, connection, peer, is_long))

    def _hand_back(self, connection: Connection, peer: str, is_long: bool, done: Future[Answer]) -> None:  # noqa: FBT001 - bound by partial
        """In the thread that served."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._served, connection, peer, is_long, done)

    def _served(self, connection: Connection, peer: str, is_long: bool, done: Future[Answer]) -> None:  # noqa: FBT001 - bound by partial
        self._turns.done(peer, is_long=is_long)
        self._loop.call_soon(self._next)
        error = done.exception()
        if isinstance(error, ConnectionAbortedError):
            connection.abort()
        elif error is not None:
            # The pages tell every error themselves, so this is one of the way to them. Its words may quote the request.
            _log.error("no answer", extra={"kind": type(error).__name__})
            self._answer(connection, None)
        elif done.result().later_seconds:
            self._loop.call_later(done.result().later_seconds, self._answer, connection, done.result())
        else:
            self._answer(connection, done.result())

    def _answer(self, connection: Connection, answer: Answer | None) -> None:
        held = self._strangers if connection in self._strangers else self._known
        connection.answer(answer)
        if held.pop(connection, self) is None:
            # At the end of its queue again: it has just done its part.
            (self._known if connection.is_known else self._strangers)[connection] = None

    def _evict(self) -> bool:
        """Close the connection that has kept us waiting longest, one that never showed a key before one that did."""
        for held in (self._strangers, self._known):
            for connection in held:
                if connection.state in WAITING:
                    self.note("evicted")
                    connection.abort()
                    self.gone(connection)
                    return True
        return False

    def _sweep(self) -> None:
        now = self.now()
        for connection in [*self._strangers, *self._known]:
            if connection.deadline <= now:
                self.note(f"slow: {connection.expired()}")

    def _tell(self) -> None:
        if self._noted:
            _log.info("connections closed", extra={"reasons": dict(self._noted)})
            self._noted.clear()

    async def _finish(self) -> None:
        """Answer what is in hand, for as long as that may take, and close."""
        ends_at = self.now() + self.limits.stop_seconds
        for connection in [*self._strangers, *self._known]:
            connection.stop()
        while self.now() < ends_at and (not self._turns.is_idle or self._strangers or self._known):
            await asyncio.sleep(0.02)
            self._sweep()
        for connection in [*self._strangers, *self._known]:
            connection.abort()
        await asyncio.sleep(0)


def _busy() -> Refused:
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "CSS565E", "Too many requests wait already; send it again in a moment.", 1)
