"""``css init``: an installation made ready, or found ready. Running it again changes nothing."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False)


@app.command()
def init() -> None:
    """Start the private server (or use CSS_DATABASE_URL), bring the tables to this program's revision, load reference data."""
    from css.db.engine import place_name, transaction, unchecked_database  # noqa: PLC0415 - after the words are understood
    from css.db.migrate import upgrade  # noqa: PLC0415
    from css.db.revision import program_revision  # noqa: PLC0415
    from css.migrations import reference  # noqa: PLC0415

    engine = unchecked_database()
    upgrade(engine)
    with transaction(engine) as session:
        reference.load(session)
    typer.echo(f"Ready at revision {program_revision()}: {place_name(engine.url.render_as_string(hide_password=False))}")
