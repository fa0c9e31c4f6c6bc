"""``css partners deliver`` and ``css partners folders``: what is due goes out once, where no `css gateway` does it all the time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from css.settings import settings

PROVIDER = typer.Argument(help="Only this provider; left out, everybody.")
STATUS_TROUBLE = 4


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(deliver)
    app.command()(folders)


def deliver(provider: Annotated[str, PROVIDER] = "") -> int:
    """Push what is due to the partners who want it pushed, once. Exit status 4: some was not taken; `css ask deliveries` says why."""
    from css.db.engine import database  # noqa: PLC0415 - after the words are understood
    from css.master.clocks import house_clock  # noqa: PLC0415
    from css.partners.access.push_reach import reach_of  # noqa: PLC0415
    from css.partners.bringing.delivering import deliver_once  # noqa: PLC0415

    _refuse_unknown(provider)
    done = deliver_once(database(), house_clock(database), reach=reach_of(settings()), provider_code=provider or None)
    typer.echo(f"{done.delivered:,} delivered, {done.failed:,} not taken, {done.busy:,} partners busy.")
    return STATUS_TROUBLE if done.failed else 0


def folders(
    provider: Annotated[str, PROVIDER] = "",
    *,
    directory: Annotated[Path | None, typer.Option(help="Where the folders of all partners are.")] = None,
) -> int:
    """Take in what partners put into their folders and put there what is due, once. Exit status 4: a folder could not be used."""
    from css.db.engine import database  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415
    from css.partners.bringing.folders import exchange_once  # noqa: PLC0415

    _refuse_unknown(provider)
    done = exchange_once(database(), house_clock(database), directory or settings().partner_folders, provider_code=provider or None)
    typer.echo(
        f"{done.taken:,} taken, {done.rejected:,} rejected, {done.waiting:,} waiting; {done.brought:,} brought, {done.kept:,} moved away; "
        f"{done.troubled:,} folders troubled, {done.busy:,} busy."
    )
    return STATUS_TROUBLE if done.troubled else 0


def _refuse_unknown(provider: str) -> None:
    """A provider nobody knows is a slip of the keys, not one with nothing to do."""
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.partners.access.keys import partner_of  # noqa: PLC0415

    if provider:
        with transaction(database()) as session:
            partner_of(session, provider)
