"""``css gateway``: the partners' gateway alone, over TLS, from processes of its own.

One process starts the others and keeps them running: some that take requests, some that do what was taken, one that delivers.
SIGTERM or Ctrl-C ends them once what is in hand is answered; SIGHUP has certificates and keys read anew, with no connection lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from css.core.errors import BadMessage, Unavailable
from css.settings import Settings, settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from css.partners.front.processes import Child
    from css.partners.front.serving import Papers, Plan

app = typer.Typer(add_completion=False)

WORKERS_MAX = 64
CONNECTIONS_MAX = 100_000
Asked = Literal["no", "optional", "required"]


@app.command()
def gateway(  # noqa: PLR0913 - one a choice of whoever runs it
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 for any that is free.", min=0, max=65_535)] = 8443,
    certificate: Annotated[Path | None, typer.Option(help="PEM file: the server's certificate, and what leads to its root.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file: the certificate's key; left out, it is in the same file.")] = None,
    client_ca: Annotated[Path | None, typer.Option(help="PEM file: who signs the certificates of partners.")] = None,
    client_certificates: Annotated[Asked, typer.Option(help="Whether a partner must show one, or may.")] = "optional",
    workers: Annotated[int, typer.Option(help="Processes that take requests.", min=1, max=WORKERS_MAX)] = 2,
    drainers: Annotated[
        int, typer.Option(help="Processes that do what was taken; 0: a message is done before it is acknowledged.", min=0, max=WORKERS_MAX)
    ] = 1,
    deliveries: Annotated[bool, typer.Option(help="Whether documents are pushed, and drop folders looked into, from here too.")] = True,
    connections: Annotated[int, typer.Option(help="Connections of one process.", min=1, max=CONNECTIONS_MAX)] = 4_000,
    connections_a_peer: Annotated[int, typer.Option(help="The same from one address.", min=1, max=CONNECTIONS_MAX)] = 256,
) -> int:
    """Serve the partners' gateway until interrupted."""
    from css.cli.serve import host_in_address, is_loopback  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database  # noqa: PLC0415
    from css.partners.front.limits import Limits  # noqa: PLC0415
    from css.partners.front.processes import Parent  # noqa: PLC0415
    from css.partners.front.serving import Plan  # noqa: PLC0415
    from css.partners.pages.rates import Rates  # noqa: PLC0415
    from css.web.serving import listen  # noqa: PLC0415

    chosen = settings()
    papers = _papers(certificate, key, client_ca, client_certificates)
    if papers is None and not is_loopback(host):
        raise BadMessage("CSS549E", "{host} can be reached from other machines; give --certificate and --key.", host=host)
    # Whatever is wrong is said here, once, and not by each process: no database, an old one, a port in use, a file that is no key.
    database(chosen).dispose()
    if papers is not None:
        papers.context()
    listening = listen(host, port)
    listening.setblocking(False)
    plan = Plan(
        listening=listening,
        engine=lambda: database(chosen),
        limits=Limits(connections=connections, connections_a_peer=connections_a_peer),
        rates=Rates(is_shared=True),
        papers=papers,
        fronts=workers,
        drainers=drainers,
        delivers=deliveries,
    )
    parent = Parent(_children(plan, chosen))
    scheme = "http" if papers is None else "https"
    shown = f"{scheme}://{host_in_address(host)}:{listening.getsockname()[1]}/partner/v1/"
    typer.echo(f"Partners' gateway:  {shown}  ({workers} processes of {plan.limits.threads} threads; Ctrl-C ends)")
    if not parent.run():
        raise Unavailable("CSS568E", "The gateway's processes do not stay up; the log says why: {log}", log=str(chosen.log_file))
    return 0


def _papers(certificate: Path | None, key: Path | None, client_ca: Path | None, asked: Asked) -> Papers | None:
    from css.partners.front.serving import Papers  # noqa: PLC0415

    if certificate is None:
        if key is not None or client_ca is not None or asked == "required":
            raise BadMessage("CSS548E", "Without --certificate there is no TLS, so neither --key nor certificates of clients.")
        return None
    return Papers(certificate, key or certificate, None if asked == "no" else client_ca, is_required=asked == "required")


def _children(plan: Plan, chosen: Settings) -> list[Child]:
    from css.master.clocks import house_clock  # noqa: PLC0415
    from css.partners.access.push_reach import reach_of  # noqa: PLC0415
    from css.partners.bringing.delivering import deliver_forever  # noqa: PLC0415
    from css.partners.bringing.folders import exchange_forever  # noqa: PLC0415
    from css.partners.front.serving import beside, fronts  # noqa: PLC0415
    from css.partners.intake.draining import drain_forever  # noqa: PLC0415

    def drain(engine: Callable[[], Engine], stop: threading.Event) -> None:
        drain_forever(engine, house_clock(engine), stop)

    def deliver(engine: Callable[[], Engine], stop: threading.Event) -> None:
        clock, handle = house_clock(engine), plan.drainers == 0
        folders = threading.Thread(target=exchange_forever, args=(engine, clock, chosen.partner_folders, stop), kwargs={"handle": handle})
        folders.start()
        deliver_forever(engine, clock, stop, reach=reach_of(chosen))
        folders.join()

    children = fronts(plan) + [beside(f"drainer {number}", drain, plan) for number in range(1, plan.drainers + 1)]
    return [*children, beside("deliverer", deliver, plan)] if plan.delivers else children
