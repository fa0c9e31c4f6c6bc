"""``css schemas``: the house rules for schemas, held against ours or against files you name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The published schemas and the house rules they keep.")


@app.callback()
def _schemas() -> None:
    """The published schemas and the house rules they keep."""


@app.command()
def lint(
    files: Annotated[list[Path] | None, typer.Argument(help="Schema files; left out, all of ours.", show_default=False)] = None,
    *,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules instead.")] = False,
) -> None:
    """Hold schema files against the house rules. Each finding is a line FILE:LINE: CODE NAME: SENTENCE; exit status 2 if there is one."""
    import schemas  # noqa: PLC0415 - after the words are understood
    from css.core.errors import BadMessage, Refused, Several  # noqa: PLC0415
    from css.xml import lint as house  # noqa: PLC0415

    if rules:
        for rule in house.rules():
            typer.echo(f"{rule.code}  {rule.name:<22}{rule.sentence}")
        return
    looked_at = files or [_from_here(schemas.DIRECTORY / f"{name}.xsd") for name in schemas.names()]
    unread: list[BadMessage] = []
    found: list[house.Finding] = []
    for path in looked_at:
        try:
            found += house.lint(path)
        except BadMessage as trouble:
            unread.append(trouble)
    for finding in found:
        # Known exceptions are told too, where they do not mix with what must be mended.
        print(f"{finding.text} Known: {finding.known}" if finding.known else finding.text, file=sys.stderr if finding.known else sys.stdout)
    broken, known = house.summary(found)
    if unread:
        raise Several(tuple(unread)) if len(unread) > 1 else unread[0]
    if broken:
        raise Refused("CSS569E", "House rules are broken in {count} places.", count=broken)
    typer.echo(f"{len(looked_at)} schemas keep {len(house.rules())} rules, with {known} known exceptions.")


def _from_here(path: Path) -> Path:
    """As a person in this directory would call it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
