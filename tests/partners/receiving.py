"""A partner's server, as good or as bad as a test wants it, on a real socket; and documents to bring to it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from css.db.engine import transaction
from css.handover import next_outbox_sequence, put_in_outbox
from css.master.providers import Provider
from css.master.reference import PARTNER
from css.partners.access.push_reach import Reach
from css.partners.model import DeliveryWay, PartnerTerms
from tests.partners.speaking import AT

HERE = Reach((ip_network("127.0.0.0/8"),), seconds=2)
"""Our own machine, and not much patience."""
KEY = "the partner chose this"

Conduct = Callable[[socket.socket], None]


@dataclass
class Clock:
    """A clock that is set by hand."""

    at: datetime = AT

    def now(self) -> datetime:
        return self.at

    def later(self, **others: float) -> None:
        self.at += timedelta(**others)


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def sequence(self) -> int:
        return int(self.headers["css-sequence"])

    @property
    def is_possible_duplicate(self) -> bool:
        return self.headers.get("css-possible-duplicate") == "true"


@dataclass
class Receiver:
    """What came, and how the next connections are treated; when that list is empty, they are answered 202."""

    port: int = 0
    came: list[Request] = field(default_factory=list)
    conducts: list[Conduct] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    at_once_most: int = 0

    @property
    def sequences(self) -> list[int]:
        return [request.sequence for request in self.came]


def answering(status: int, *headers: str, body: bytes = b"", wait_seconds: float = 0) -> Conduct:
    """Answers with a status, after a while."""

    def conduct(connection: socket.socket) -> None:
        time.sleep(wait_seconds)
        head = "\r\n".join([f"HTTP/1.1 {status} So", *headers, f"Content-Length: {len(body)}", "", ""])
        connection.sendall(head.encode() + body)

    return conduct


def saying(data: bytes, *, then_wait_seconds: float = 0) -> Conduct:
    """Writes these bytes, whatever they are."""

    def conduct(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(data)
        time.sleep(then_wait_seconds)

    return conduct


@contextmanager
def receiver(*, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A server on a port of its own, each connection in a thread."""
    made = Receiver()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made.port = listening.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(listening, made, tls), daemon=True)
        thread.start()
        yield made
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _accept(listening: socket.socket, made: Receiver, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            made.connections += 1
            threading.Thread(target=_serve, args=(connection, made, tls), daemon=True).start()


def _serve(connection: socket.socket, made: Receiver, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError, ValueError):
        served = tls.wrap_socket(connection, server_side=True) if tls else connection
        with served:
            served.settimeout(10)
            made.at_once += 1
            made.at_once_most = max(made.at_once_most, made.at_once)
            try:
                made.came.append(_read(served))
                (made.conducts.pop(0) if made.conducts else answering(202))(served)
            finally:
                made.at_once -= 1


def _read(connection: socket.socket) -> Request:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            raise ValueError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return Request(line, headers, body)


def leave(
    engine: Engine, count: int, provider_code: str = PARTNER, *, body: bytes | None = None, message_type: str = "OrderUpdate"
) -> list[bytes]:
    """Documents in a partner's outbox; their bytes."""
    bodies = []
    with transaction(engine) as session:
        provider_id = session.execute(select(Provider.id).where(Provider.code == provider_code)).scalar_one()
        for _ in range(count):
            sequence, message_id = next_outbox_sequence(session, provider_id), str(uuid.uuid4())
            bodies.append(body or f"<Document>{message_id}</Document>".encode())
            put_in_outbox(
                session,
                provider_id=provider_id,
                sequence=sequence,
                source_key=f"test/{message_id}",
                message_id=message_id,
                message_type=message_type,
                conversation_id=message_id,
                ref_to_message_id=None,
                body=bodies[-1],
                at=AT,
            )
    return bodies


def agree(engine: Engine, way: DeliveryWay, provider_code: str = PARTNER, **others: object) -> None:
    """Terms with a partner."""
    values: dict[str, object] = {
        "way": way,
        "push_url": None,
        "push_key": KEY if way is DeliveryWay.PUSH else None,
        "folder": None,
        "messages_a_minute": 600,
        "at_once": 8,
        "replay_days": 35,
        "gap_minutes": 60,
        "row_version": 1,
        "changed_at": AT,
    } | others
    with transaction(engine) as session:
        provider_id = session.execute(select(Provider.id).where(Provider.code == provider_code)).scalar_one()
        statement = insert(PartnerTerms).values(provider_id=provider_id, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["provider_id"], set_=values))
