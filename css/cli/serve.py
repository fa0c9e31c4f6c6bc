"""``css serve``: the operators' screens and the partners' gateway, from processes that each serve several at once."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from css.core.errors import BadMessage, Unavailable
from css.settings import settings

if TYPE_CHECKING:
    from flask import Flask

app = typer.Typer(add_completion=False)

THREADS = 8
"""A process; as many as the pool of database connections has for it."""
WORKERS_MAX = 64
REQUESTS_MAX = 20_000
REQUESTS_JITTER = 2_000
"""A process is renewed after so many requests, not all at the same moment."""
BACKLOG = 256
PATIENCE_SECONDS = 60


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 for any that is free.", min=0, max=65_535)] = 8080,
    workers: Annotated[int, typer.Option(help="How many processes.", min=1, max=WORKERS_MAX)] = 2,
) -> None:
    """Serve the operators' screens and the partners' gateway until interrupted."""
    from css.db.engine import database  # noqa: PLC0415 - after the words are understood
    from css.web.app import create_app, warm_up  # noqa: PLC0415

    chosen = settings()
    # Whatever is wrong is said here, once, and not by each worker: no database, an old one, a key too short, a port in use.
    create_app(chosen)
    database(chosen).dispose()
    listening = listen(host, port)
    shown = f"http://{_host_in_address(host)}:{listening.getsockname()[1]}/"
    typer.echo(f"Operators' screens: {shown}  ({workers} processes of {THREADS} threads; Ctrl-C ends)")
    typer.echo(f"Partners' gateway:  {shown}partner/v1/")
    if not _is_loopback(host):
        typer.echo(
            "CSS373W This address can be reached from other machines and passwords travel in the clear. Put a proxy with TLS in front.",
            err=True,
        )
    run_screens(listening, workers, lambda: warm_up(create_app(chosen)))


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
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # noqa: PLC0415

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


def _host_in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
