"""How much and how long: every number by which the front protects itself, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from css.xml import MESSAGE_BYTES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one process. The defaults are those of ``docs/partner-transport.md``."""

    connections: int = 4_000
    """Past that the one that has kept us waiting longest is closed for each new one."""
    connections_a_peer: int = 256
    """From one address, or one network of 64 bits in version 6; more are closed at once."""
    threads: int = 8
    """Requests in hand at a time: as many as the pool of database connections serves."""
    threads_a_peer: int = 6
    """So that one that sends much leaves a thread for the others."""
    threads_for_long: int = 2
    """Requests with a long body in hand at a time: a tree of one may take fifty megabytes."""
    waiting: int = 512
    """Requests read whole that wait for a thread; past that they are told to come again."""

    hello_seconds: float = 10
    """For the handshake of TLS, and for the first byte of the first request."""
    head_seconds: float = 10
    """For the head of a request, from its first byte."""
    body_seconds: float = 10
    """For the body of a request, and a second more for each ``bytes_a_second`` that came."""
    answer_seconds: float = 10
    """For taking an answer, and a second more for each ``bytes_a_second`` of it."""
    bytes_a_second: int = 20_000
    idle_seconds: float = 60
    """Between two requests of a connection."""
    linger_seconds: float = 2
    """After the last answer, for the client to take it and close."""
    stop_seconds: float = 10
    """For requests in hand when the server is told to stop."""

    head_bytes: int = 16_384
    target_bytes: int = 2_000
    fields: int = 100
    """Header fields of a request."""
    body_bytes: int = MESSAGE_BYTES_MAX
    short_bytes: int = 65_536
    """A body up to here is kept without asking; a longer one takes room of the store below, and shows a key first."""
    store_bytes: int = 64_000_000
    """Long bodies and answers on their way, all together; a fourth of it at most for one peer."""
    chunks: int = 4_096
    """Pieces of a chunked body: each costs work, however short."""
