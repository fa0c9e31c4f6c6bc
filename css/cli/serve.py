"""``css serve``: the operators' screens and the partners' gateway, from processes that each serve several at once.

Each of them also takes in what test heads answer, in a thread of its own: a line test that takes long is done when its asker
looks, whoever presses a key or nobody.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated

import typer

from css.settings import Settings, settings

if TYPE_CHECKING:
    from flask import Flask

app = typer.Typer(add_completion=False)

WORKERS_MAX = 64


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
    from css.web.serving import THREADS, listen, run_screens  # noqa: PLC0415

    chosen = settings()
    # Whatever is wrong is said here, once, and not by each worker: no database, an old one, a key too short, a port in use.
    create_app(chosen)
    database(chosen).dispose()
    listening = listen(host, port)
    shown = f"http://{host_in_address(host)}:{listening.getsockname()[1]}/"
    typer.echo(f"Operators' screens: {shown}  ({workers} processes of {THREADS} threads; Ctrl-C ends)")
    typer.echo(f"Partners' gateway:  {shown}partner/v1/")
    if not is_loopback(host):
        typer.echo(
            "CSS373W This address can be reached from other machines and passwords travel in the clear. Put a proxy with TLS in front.",
            err=True,
        )
    run_screens(listening, workers, lambda: _with_line_tests(warm_up(create_app(chosen)), chosen))


def _with_line_tests(screens: Flask, chosen: Settings) -> Flask:
    from css.cli.line_tests import beside  # noqa: PLC0415 - in each process, after the fork
    from css.db.engine import database  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415

    beside(database(chosen), house_clock(lambda: database(chosen)))
    return screens


def host_in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
