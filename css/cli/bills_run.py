"""``css bills``: the runs of the nights, what they hold and park, their sample, its approval, and bills between two cycle dates."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

DISTRICT = typer.Argument(help="The district's two letters.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css bills``."""
    app.command("held")(held)


def held(district: Annotated[str, DISTRICT]) -> None:
    """The bills that wait for a person, and why."""
    from billing.queries import held_bills  # noqa: PLC0415 - after the words are understood
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        rows = held_bills(session, district)
    for row in rows:
        print(f"{row.account_number}  {row.business_date}  {row.kind.value:<12}{row.invoice_gross.sterling:>14}")
        print(f"    {row.hold_code} {row.hold_words}")
    print(f"{len(rows):,} held." if rows else f"No bill is held in {district}.", file=sys.stderr)
