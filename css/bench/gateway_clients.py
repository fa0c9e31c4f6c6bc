"""Clients that post messages over connections that stay open, each in a thread of its own, in processes of their own."""

from __future__ import annotations

import math
import multiprocessing
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Final

PROCESSES: Final = 2
SECONDS_MAX: Final = 600
TAKEN: Final = frozenset({200, 202})
_FORK: Final = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Message:
    """A request, ready to be sent."""

    message_id: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What one message was answered and how long that took."""

    message_id: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """So many messages over so many connections."""

    at_once: int
    posted: tuple[Posted, ...]
    seconds: float

    @property
    def acknowledged(self) -> set[str]:
        """The ids of those that are ours to answer for."""
        return {one.message_id for one in self.posted if one.status in TAKEN}

    def figures(self) -> dict[str, float | int]:
        """What it came to; latencies of what was taken."""
        taken = sorted(one.seconds for one in self.posted if one.status in TAKEN)
        return {
            "at_once": self.at_once,
            "messages": len(taken),
            "not_taken": len(self.posted) - len(taken),
            "a_second": round(len(taken) / self.seconds, 1),
            "p50_ms": _share(taken, 50),
            "p99_ms": _share(taken, 99),
            "worst_ms": round(1000 * taken[-1], 1) if taken else 0.0,
        }


def post_all(port: int, messages: Sequence[Message], *, at_once: int) -> Round:
    """Send all of them; each connection one after another."""
    processes = min(PROCESSES, at_once)
    results = _FORK.SimpleQueue()
    ready, start = _FORK.Barrier(processes + 1), _FORK.Event()
    children = []
    for number in range(processes):
        threads = at_once // processes + (number < at_once % processes)
        child = _FORK.Process(target=_clients, args=(port, messages[number::processes], threads, ready, start, results), daemon=True)
        child.start()
        children.append(child)
    ready.wait(SECONDS_MAX)
    began = time.perf_counter()
    start.set()
    posted = [one for _ in children for one in results.get()]
    seconds = time.perf_counter() - began
    for child in children:
        child.join(30)
    return Round(at_once, tuple(posted), seconds)


def _clients(port: int, messages: Sequence[Message], threads: int, ready: object, start: object, results: object) -> None:
    posted: list[Posted] = []
    connections = [_connect(port) for _ in range(threads)]
    workers = [
        Thread(target=_client, args=(connection, messages[number::threads], posted)) for number, connection in enumerate(connections)
    ]
    ready.wait(SECONDS_MAX)  # type: ignore[attr-defined]
    start.wait()  # type: ignore[attr-defined]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    results.put(posted)  # type: ignore[attr-defined]


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _client(connection: socket.socket, messages: Sequence[Message], posted: list[Posted]) -> None:
    for message in messages:
        began = time.perf_counter()
        try:
            connection.sendall(message.request)
            status = _answered(connection)
        except OSError:
            status = 0
        posted.append(Posted(message.message_id, status, time.perf_counter() - began))
        if not status:
            return
    connection.close()


def _answered(connection: socket.socket) -> int:
    """Read one whole answer; its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    received = len(body)
    while received < length:
        received += len(_more(connection))
    return int(head[9:12])


def _more(connection: socket.socket) -> bytes:
    more = connection.recv(65536)
    if not more:
        raise OSError("the gateway closed the connection")
    return more


def _share(seconds: Sequence[float], percent: int) -> float:
    """The least time within which so many in a hundred came, in milliseconds."""
    return round(1000 * seconds[max(0, math.ceil(len(seconds) * percent / 100) - 1)], 1) if seconds else 0.0
