"""One client's connection, from its first byte to the last: what is read, what is answered, and how long each may take."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from enum import Enum, auto
from http import HTTPStatus
from typing import Final, Protocol, cast

from css.partners.front.calling import Answer, Caller
from css.partners.front.limits import Limits
from css.partners.front.reading import CONTINUE, Reader, Refused, Request, Stage
from css.partners.front.secure import Layer
from css.partners.front.store import Store

NEVER: Final = float("inf")
OK_BELOW: Final = 400


class State(Enum):
    """What the connection waits for."""

    HELLO = auto()
    """The handshake, or the first byte of all."""
    IDLE = auto()
    """The next request."""
    READING = auto()
    """The rest of a request."""
    WORKING = auto()
    """A page, in a thread."""
    ANSWERING = auto()
    """The client, to take its answer."""
    LINGERING = auto()
    """The client, to close; closing before it has read would tear the answer from its hands."""
    CLOSED = auto()


WAITING: Final = frozenset({State.HELLO, State.IDLE, State.READING, State.LINGERING})
"""States in which it is the client we wait for and nothing of ours would be lost."""


class House(Protocol):
    """What a connection asks of whoever holds them all (``server.Front``)."""

    limits: Limits
    store: Store
    context: ssl.SSLContext | None
    address: tuple[str, int]
    is_stopping: bool

    def now(self) -> float: ...
    def admitted(self, connection: Connection) -> bool: ...
    def gone(self, connection: Connection) -> None: ...
    def note(self, reason: str) -> None: ...
    def begin(self, connection: Connection, request: Request) -> None: ...
    def refusal(self, refused: Refused) -> Answer: ...
    def failed(self) -> Refused: ...


class Connection(asyncio.Protocol):
    """Lives in the loop's thread, all of it."""

    __slots__ = ("_begun", "_front", "_layer", "_reader", "_stays", "_transport", "deadline", "is_known", "peer", "state")

    def __init__(self, front: House) -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None
        self._layer: Layer | None = None
        self._reader: Reader | None = None
        self._begun = 0.0
        """When the body, or the answer, began."""
        self._stays = False
        """After the answer under way the connection goes on."""
        self.deadline = NEVER
        """In the loop's time; the front looks and calls ``expired``."""
        self.is_known = False
        """Had a request answered that nobody without a key can have answered so."""
        self.peer = ""
        self.state = State.HELLO

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.peer = peer_of(transport.get_extra_info("peername"))
        if not self._front.admitted(self):
            self.state = State.CLOSED
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=0)
        self._layer = None if self._front.context is None else Layer(self._front.context)
        self._reader = Reader(self._front.limits, self._front.store.share_of(self.peer))
        self.deadline = self._front.now() + self._front.limits.hello_seconds

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self.state in {State.CLOSED, State.LINGERING}:
            return  # what it goes on sending nobody will read
        words = self._opened(data)
        if words:
            self._reader.feed(words)
            if self.state in {State.HELLO, State.IDLE, State.READING}:
                self._advance()
        if self._layer is not None and self._layer.is_ended:
            self._no_more()

    def eof_received(self) -> bool:
        if self._layer is not None and not self._layer.is_ended and self.state is not State.LINGERING:
            # Cut off without a farewell: whether the rest was ever sent cannot be known.
            self.abort()
            return False
        self._no_more()
        return self.state is not State.CLOSED

    def pause_writing(self) -> None:
        """Something waits to be taken; ``deadline`` says how long it may."""

    def resume_writing(self) -> None:
        if self.state is State.ANSWERING:
            self._answered()

    def connection_lost(self, _: Exception | None) -> None:
        was, self.state = self.state, State.CLOSED
        if self._reader is not None and was is not State.WORKING:
            self._reader.forget()
        self._front.gone(self)

    # What the front calls.

    @property
    def caller(self) -> Caller:
        """Who is at the other end."""
        certificate = None if self._layer is None else self._layer.fingerprint
        return Caller(self.peer, certificate, "http" if self._layer is None else "https", self._front.address)

    def answer(self, answer: Answer | None) -> None:
        """Send what a page answered; None when it failed, or there was no room for its answer."""
        if self._reader is None:
            return
        if self.state is not State.WORKING:
            self._reader.forget()
            return
        if answer is None or not self._reader.exchange(len(answer.body)):
            self.refuse(self._front.failed())
            return
        self.is_known = self.is_known or answer.status < OK_BELOW
        self._send(answer)

    def refuse(self, refusal: Refused) -> None:
        """Answer without a page, and end."""
        if self._reader is None or self.state is State.CLOSED:
            return
        self._reader.exchange(0)
        self._send(self._front.refusal(refusal), is_last=True)

    def expired(self) -> str:
        """Its time is over; says for which reason, in a word for the log."""
        state = self.state
        if state is State.READING and self._reader is not None and self._reader.stage is not Stage.NOTHING:
            self.refuse(Refused(HTTPStatus.REQUEST_TIMEOUT, "CSS566E", "The request came too slowly; send it again."))
        else:
            self.abort()
        return state.name.lower()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self.deadline = NEVER
        if self._transport is not None:
            self._transport.abort()

    def stop(self) -> None:
        """The server stops: a connection that is at nothing ends now, another after its answer."""
        self._stays = False
        if self.state in {State.HELLO, State.IDLE, State.LINGERING}:
            self.abort()

    # Within.

    def _opened(self, data: bytes) -> bytes:
        if self._layer is None:
            return data
        try:
            words = self._layer.opened(data)
        except ssl.SSLError:
            self._wire(self._layer.outgoing())
            if self._transport is not None:
                self._transport.close()
            self.deadline = self._front.now() + self._front.limits.linger_seconds
            self.state = State.LINGERING
            self._front.note("no tls")
            return b""
        if self._layer.is_shaken and self._reader is not None:
            self._reader.is_proved = self._layer.fingerprint is not None
        self._wire(self._layer.outgoing())
        return words

    def _wire(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _advance(self) -> None:
        """Read on, as far as what came goes."""
        reader, limits = self._reader, self._front.limits
        if reader is None:
            return
        before = reader.stage
        try:
            request = reader.advance()
        except Refused as refusal:
            self.refuse(refusal)
            return
        if request is not None:
            self._work(request)
            return
        if reader.stage is Stage.NOTHING:
            return
        if self.state is not State.READING:
            self.state = State.READING
            self.deadline = self._front.now() + limits.head_seconds
        if reader.stage is Stage.BODY:
            if before is not Stage.BODY:
                self._begun = self._front.now()
            self.deadline = self._begun + limits.body_seconds + reader.body_bytes / limits.bytes_a_second
            if reader.wants_continue:
                reader.wants_continue = False
                self._wire(CONTINUE if self._layer is None else self._layer.sealed(CONTINUE))

    def _work(self, request: Request) -> None:
        self.state, self.deadline = State.WORKING, NEVER
        if self._transport is not None:
            # Nothing more is read until this one is answered: what else comes waits in the kernel, not here.
            self._transport.pause_reading()
        self._front.begin(self, request)

    def _no_more(self) -> None:
        """The client sends nothing more; what it has asked for it may still want to hear."""
        if self.state in {State.WORKING, State.ANSWERING}:
            return
        if self.state is State.READING and self._reader is not None:
            try:
                self._reader.ended()
            except Refused as refusal:
                self.refuse(refusal)
                return
        self._close()

    def _send(self, answer: Answer, *, is_last: bool = False) -> None:
        if self._reader is None or self._transport is None:
            return
        data, self._stays = self._reader.answer(answer.status, answer.fields, answer.body, is_last=is_last or self._front.is_stopping)
        self.state = State.ANSWERING
        self.deadline = self._front.now() + self._front.limits.answer_seconds + len(data) / self._front.limits.bytes_a_second
        self._wire(data if self._layer is None else self._layer.sealed(data))
        # Asyncio writes what it can at once; only what is left over makes it call back.
        if not self._transport.get_write_buffer_size() and self.state is State.ANSWERING:
            self._answered()

    def _answered(self) -> None:
        """The answer is out of our hands."""
        if self._reader is None or self._transport is None:
            return
        if not self._stays:
            self._reader.forget()
            self._linger()
            return
        self._reader.next()
        self.state = State.IDLE
        self.deadline = self._front.now() + self._front.limits.idle_seconds
        self._transport.resume_reading()
        if self._reader.stage is not Stage.NOTHING:
            self._advance()

    def _linger(self) -> None:
        """Say farewell and give the client a moment to read and to close."""
        if self._transport is None:
            return
        self.state = State.LINGERING
        self.deadline = self._front.now() + self._front.limits.linger_seconds
        if self._layer is not None:
            self._wire(self._layer.farewell())
        if self._transport.is_closing():
            return
        try:
            self._transport.write_eof()
        except OSError:
            # The client has torn the connection down already, and asyncio has not noticed yet.
            self.abort()
            return
        self._transport.resume_reading()

    def _close(self) -> None:
        if self._transport is not None:
            if self._layer is not None and self._layer.is_shaken and self.state is not State.LINGERING:
                self._wire(self._layer.farewell())
            self._transport.close()
        if self.state is not State.CLOSED:
            self.state = State.LINGERING
            self.deadline = self._front.now() + self._front.limits.linger_seconds


def peer_of(address: object) -> str:
    """The address a connection is counted under; in version 6 the network of 64 bits that one customer usually has."""
    host = str(address[0]) if isinstance(address, tuple) and address else "local"
    if ":" not in host:
        return host
    try:
        found = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, 64), strict=False).network_address)
