"""``css partners``: keys for the gateway, what waits in the inbox, what lies in an outbox."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from css.cli import partner_deliveries, partner_keys, partner_messages

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Partners: keys, certificates and terms for the gateway, messages that wait, outboxes.",
)
partner_keys.register(app)
partner_messages.register(app)
partner_deliveries.register(app)

PROVIDER = typer.Argument(help="The provider's code, like BRACKWAT.")


@app.command()
def outbox(
    provider: Annotated[str, PROVIDER],
    after: Annotated[int, typer.Option(min=0, help="Only documents after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    *,
    bodies: Annotated[bool, typer.Option("--bodies", help="Print the documents themselves.")] = False,
) -> None:
    """List what lies in a provider's outbox: number, when, type, message id."""
    from css.db.engine import database, transaction  # noqa: PLC0415 - after the words are understood
    from css.handover import outbox_after, outbox_last_sequence  # noqa: PLC0415
    from css.partners.access.keys import partner_of  # noqa: PLC0415

    with transaction(database()) as session:
        code = partner_of(session, provider).code
        rows = outbox_after(session, code, after, limit)
        last = outbox_last_sequence(session, code)
    for row in rows:
        if bodies:
            typer.echo(row.body.decode())
        else:
            typer.echo(f"{row.sequence:>8}  {row.created_at:%d %b %Y %H:%M:%S}  {row.message_type:<20}  {row.message_id}")
    print(f"{len(rows):,} shown; the last number given is {last:,}.", file=sys.stderr)


@app.command()
def errors(code: Annotated[str, typer.Argument(help="Only this code, with its cause and what to do.")] = "") -> None:
    """List every code that a partner can be told, with where it is met; of one code its cause and the way out."""
    from css.core.errors import NotFound  # noqa: PLC0415
    from css.partners.errors import CATALOGUE  # noqa: PLC0415

    wanted = code.strip().upper()
    if not wanted:
        for entry in CATALOGUE.values():
            typer.echo(f"{entry.code}  {entry.filled({})}  [{entry.where}]")
        return
    found = CATALOGUE.get(wanted)
    if found is None:
        raise NotFound("CSS588E", "There is no code {code} that a partner can be told.", code=wanted[:20], element="code")
    typer.echo(f"{found.code}  {found.filled({})}\nWhere: {found.where}\n\n{found.advice}")
