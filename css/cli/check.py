"""``css check``: the books, checked now."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli.places import read_district

COLUMNS: Final = 110


class _BooksFirst(TyperGroup):
    """``css check ZZ`` is ``css check books ZZ``: what is no command is a district."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the context of Typer's own parser
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["books", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(add_completion=False, cls=_BooksFirst, no_args_is_help=True, help="Check the books, and what lies on the spool.")


@app.callback()
def about() -> None:
    """Check the books: `css check books [DISTRICT]`, or `css check DISTRICT`."""


@app.command("books")
def check_books(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; without, every district and the house.", callback=read_district)
    ] = "",
    only: Annotated[list[str] | None, typer.Option("--only", help="Make this check alone; may be given again.")] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="Name every check and what it proves, and make none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> int:
    """Check the books: exit status 0 when they balance, 1 with each breach on a line when not."""
    from batch.balance import book_checks, find_breaches  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.settings import settings  # noqa: PLC0415

    if list_:
        return _list(book_checks(), as_json=as_json)
    with transaction(database()) as session:
        breaches = find_breaches(session, district, only=only or (), home=settings().home)
    if as_json:
        _print_json([{"check": one.check, "district_code": one.district_code, "words": one.words} for one in breaches])
        return 1 if breaches else 0
    for one in breaches:
        print(f"{one.check}: {one.words}" if district or not one.district_code else f"{one.district_code} {one.check}: {one.words}")
    if breaches:
        print(f"{len(breaches)} breach{'' if len(breaches) == 1 else 'es'}.")
        return 1
    print("The books balance.")
    return 0


@app.command("spool")
def check_spool(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; without, every district and the house.", callback=read_district)
    ] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> int:
    """Read everything in the catalogue back from the disk: exit status 0 when every byte is there, 1 with each fault on a line when not."""
    from batch.outputs.verify import SpoolFault, catalogued, faults_of  # noqa: PLC0415 - after the words are understood
    from css.cli.progress import counting_of  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.districts import District, no_district  # noqa: PLC0415
    from css.settings import settings  # noqa: PLC0415

    with transaction(database()) as session:
        if district and session.get(District, district) is None:
            raise no_district(district)
        kept = catalogued(session, district_code=district)
    faults: list[SpoolFault] = []
    with counting_of("generations read back") as count:
        for done, generation in enumerate(kept, start=1):
            faults += faults_of(settings().home, generation)
            count(done, len(kept))
    if as_json:
        _print_json([{"dataset": one.dataset, "generation": str(one.generation), "path": one.path, "words": one.words} for one in faults])
        return 1 if faults else 0
    for one in faults:
        print(one)
    if faults:
        print(f"{len(faults)} fault{'' if len(faults) == 1 else 's'}.")
        return 1
    files = sum(generation.file_count for generation in kept)
    print(f"Every byte is there: {len(kept):,} generation{'' if len(kept) == 1 else 's'}, {files:,} file{'' if files == 1 else 's'}.")
    return 0


def _list(checks: Any, *, as_json: bool) -> int:  # noqa: ANN401 - rows of a module loaded above
    if as_json:
        _print_json([{"name": one.name, "books_of": one.books_of, "proves": one.proves} for one in checks])
        return 0
    from textwrap import fill  # noqa: PLC0415

    width = max(len(one.name) for one in checks)
    of = ""
    for one in checks:
        if one.books_of != of:
            of = one.books_of
            print(f"Books of {of}:")
        print(fill(f"{one.name:<{width}}  {one.proves}", COLUMNS, initial_indent="  ", subsequent_indent=" " * (width + 4)))
    return 0


def _print_json(rows: list[dict[str, str]]) -> None:
    import json  # noqa: PLC0415 - only for a program

    print(json.dumps(rows, indent=2, ensure_ascii=False))
