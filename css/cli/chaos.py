"""``css chaos NAME``: harm done on purpose, in a temporary server of its own and never to anybody's data."""

from __future__ import annotations

import random
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="Do harm to a synthetic district on purpose, and see that it makes no difference.")


@app.callback()
def chaos() -> None:
    """Do harm to a synthetic district on purpose, in a temporary server, and see that it makes no difference."""


@app.command()
def night(
    seed: Annotated[int | None, typer.Option(min=0, help="Of the dice; one is thrown, and printed, when left out.")] = None,
    accounts: Annotated[int, typer.Option(min=8, max=2000, help="About so many accounts, all billed tonight.")] = 20,
    faults: Annotated[str, typer.Option(help="Only these, names with commas between; --list shows them.")] = "",
    *,
    every: Annotated[bool, typer.Option("--every", help="Kill at every durable point, not at some.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the faults and do nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a line each.")] = False,
) -> int:
    """Harm the night of a small district, run it again, compare with an undisturbed night. Exit status 1 when anything differs."""
    from css.chaos.run import FAULTS, run  # noqa: PLC0415 - after the words are understood

    if listed:
        for fault in FAULTS:
            print(f"{fault.name:<14} {fault.words}")
        return 0
    names = [name for name in faults.replace(" ", "").split(",") if name]
    chosen = random.randrange(1_000_000) if seed is None else seed  # noqa: S311 - dice
    return run(seed=chosen, accounts=accounts, every=every, faults=names, as_json=as_json, say=lambda words: print(words, flush=True))
