"""``css db``: the private server and the database in it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from css.core.errors import Refused
from css.settings import settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The database: start, stop, status, upgrade, backup, restore.")

STATUS_NOT_RUNNING = 3
"""As pg_ctl and systemctl say it."""


class Mode(StrEnum):
    """How to stop: wait for clients, disconnect them, or pull the plug and let the next start repair."""

    SMART = "smart"
    FAST = "fast"
    IMMEDIATE = "immediate"


@app.command()
def start() -> None:
    """Start the private server if it is not up. Every other command does this by itself."""
    from css.db.engine import place_name  # noqa: PLC0415 - after the words are understood
    from css.db.server import Server  # noqa: PLC0415

    _refuse_foreign("start")
    chosen = settings()
    url = Server(chosen.home, durable=chosen.durable, binaries=chosen.postgres_bin).start()
    typer.echo(f"Up: {place_name(url)}")


@app.command()
def stop(mode: Annotated[Mode, typer.Option(help="Wait for clients, disconnect them, or stop at once.")] = Mode.FAST) -> None:
    """Stop the private server. Nothing else ever does."""
    from css.db.server import Server  # noqa: PLC0415

    _refuse_foreign("stop")
    stopped = Server(settings().home, binaries=settings().postgres_bin).stop(mode.value)
    typer.echo("Stopped." if stopped else "It was not running.")


@app.command()
def status() -> int:
    """Say where the database is, whether it answers and at which revision. Starts nothing. Exit status 3: not running."""
    from css.db.engine import make_engine, place_name  # noqa: PLC0415
    from css.db.faults import faults_named  # noqa: PLC0415
    from css.db.revision import database_revision, program_revision  # noqa: PLC0415
    from css.db.server import Server  # noqa: PLC0415
    from css.db.url import checked_url  # noqa: PLC0415

    chosen = settings()
    lines: list[tuple[str, str]]
    if chosen.database_url is not None:
        url, running = checked_url(chosen.database_url), True
        lines = [("server", "that of CSS_DATABASE_URL")]
    else:
        found = Server(chosen.home).status()
        url, running = found.url, found.running
        lines = [
            ("server", f"running, process {found.pid}" if running else "not running"),
            ("version", f"PostgreSQL {found.version}" if found.version else "no data yet"),
            ("data", str(found.data)),
            ("socket", str(found.socket_directory)),
            ("user", found.user),
        ]
        lines += [("note", found.note)] if found.note else []
    lines.insert(0, ("address", place_name(url)))
    if running:
        engine = make_engine(url, pooled=False)
        with faults_named():
            lines.append(("revision", f"{database_revision(engine) or 'none'} (this program: {program_revision()})"))
    for name, value in lines:
        typer.echo(f"{name:<9} {value}")
    return 0 if running else STATUS_NOT_RUNNING


@app.command()
def upgrade() -> None:
    """Bring the tables to this program's revision."""
    from css.db import migrate  # noqa: PLC0415
    from css.db.engine import unchecked_database  # noqa: PLC0415
    from css.db.revision import program_revision  # noqa: PLC0415

    migrate.upgrade(unchecked_database())
    typer.echo(f"At revision {program_revision()}.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
) -> None:
    """Write everything in the database to one file, as it is at this moment. Others may go on working."""
    from css.cli.progress import counting_bytes  # noqa: PLC0415
    from css.db import backup as work  # noqa: PLC0415
    from css.db.engine import unchecked_database  # noqa: PLC0415

    with counting_bytes("backup") as count:
        done = work.backup(unchecked_database(), file, overwrite=overwrite, bin_directory=settings().postgres_bin, on_bytes=count)
    typer.echo(f"{file}: {done.dump_bytes:,} bytes, revision {done.revision}, taken {done.taken_at}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `css db backup` wrote.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Throw away what is in the database.")] = False,
) -> None:
    """Put a backup's content into the database, all of it or nothing."""
    from css.cli.progress import counting_bytes  # noqa: PLC0415
    from css.db import backup as work  # noqa: PLC0415
    from css.db.engine import unchecked_database  # noqa: PLC0415

    engine = unchecked_database()
    others = work.others_at_work(engine) if replace else ()
    if others:
        named = ", ".join(f"{name} ({count})" for name, count in others)
        # No refusal: after a disaster somebody may have nothing but this, and who is connected may be only looking.
        typer.echo(
            f"Others are connected: {named}. What they do from now on they do in what is restored: stop the clock, `css serve` "
            "and the gateway, and restore again.",
            err=True,
        )
    with counting_bytes("restore") as count:
        done = work.restore(engine, file, replace=replace, bin_directory=settings().postgres_bin, on_bytes=count)
    typer.echo(f"Restored: revision {done.revision}, taken {done.taken_at}.")


def _refuse_foreign(deed: str) -> None:
    if settings().database_url is not None:
        raise Refused("CSS041E", "CSS_DATABASE_URL names a server that is not ours to {deed}.", deed=deed)
