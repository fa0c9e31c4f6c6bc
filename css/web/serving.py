"""Processes that serve an application at a socket, each several requests at once: what ``css serve`` and its measurement start."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any, Final

from flask import Flask

from css.core.errors import BadMessage, Unavailable

THREADS: Final = 8
"""A process; as many as the pool of database connections has for it."""
REQUESTS_MAX: Final = 20_000
REQUESTS_JITTER: Final = 2_000
"""A process is renewed after so many requests, not all at the same moment."""
BACKLOG: Final = 256
PATIENCE_SECONDS: Final = 60


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Errors: CSS372E the port is in use or not ours to take, CSS388E no such address here."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise BadMessage("CSS388E", "{host!r} is not an address of this machine.", host=host[:80]) from None
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if isinstance(error, PermissionError) or error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise Unavailable(
                "CSS372E", "Port {port} is in use or not yours to take; choose another with --port.", port=port, host=host
            ) from None
        raise BadMessage("CSS388E", "{host!r} is not an address of this machine.", host=host[:80]) from None
    return listening


def run_screens(listening: socket.socket, workers: int, make: Callable[[], Flask]) -> None:
    """Hand the socket to gunicorn. Each worker makes its application, and so its engine, after the fork."""
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # noqa: PLC0415 - not where there is no fork

    class Screens(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            chosen: dict[str, Any] = {
                "bind": f"fd://{listening.fileno()}",
                "workers": workers,
                "worker_class": "gthread",
                "threads": THREADS,
                "timeout": PATIENCE_SECONDS,
                "graceful_timeout": 10,
                "keepalive": 30,
                "max_requests": REQUESTS_MAX,
                "max_requests_jitter": REQUESTS_JITTER,
                "loglevel": "warning",
                "proc_name": "css serve",
            }
            for name, value in chosen.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return make()

    Screens().run()
