"""``css handbook``: the page of all screens, and on demand their pictures, from the records the screens are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import css
from css.core.errors import NotFound
from css.web.fault_book import fault_book
from css.web.handbook import PICTURES, all_screens, handbook
from css.web.order_book import order_book

app = typer.Typer(add_completion=False)
PAGE = "screens.md"
ORDER_BOOK = "order-book.md"
FAULT_BOOK = "fault-book.md"


@app.command(name="handbook")
def write(
    *,
    pictures: Annotated[bool, typer.Option(help="Take a picture of every screen, too, over a district made for it (a minute).")] = False,
    to: Annotated[Path | None, typer.Option(help="The folder of the pages; the project's docs unless told otherwise.")] = None,
) -> None:
    """Write the operators' page of screens from the records the screens are made of, and the order and fault books from their rules."""
    folder = to or Path(css.__file__).parents[1] / "docs"
    if not folder.is_dir():
        raise NotFound("CSS950E", "There is no folder {folder} to write to; say where with --to.", folder=str(folder))
    shots = folder / PICTURES
    if pictures:
        from css.cli.handbook_pictures import take_pictures  # noqa: PLC0415 - brings a browser and a whole district

        for name in take_pictures(shots):
            typer.echo(f"{shots / name}", err=True)
    there = {path.name for path in shots.glob("*.png")}
    (folder / PAGE).write_text(handbook(all_screens().values(), there), encoding="utf-8")
    (folder / ORDER_BOOK).write_text(order_book(), encoding="utf-8")
    (folder / FAULT_BOOK).write_text(fault_book(), encoding="utf-8")
    typer.echo(f"{folder / PAGE}: {len(list(all_screens().values()))} screens, {len(there)} pictures.")
