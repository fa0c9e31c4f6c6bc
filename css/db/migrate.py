"""Bringing the tables to this program's revision, and refusing to work on others."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from css.core.errors import Unavailable
from css.db.engine import faults_named, make_engine
from css.db.faults import sqlstate

SCRIPTS = Path(__file__).parent.parent / "migrations"
SCHEMAS = ("css", "care", "orders", "repairs", "billing", "batch", "partners")
UPGRADE_LOCK = 0x0C55
"""Advisory lock of whoever upgrades; one at a time, the others then find nothing to do."""
UPGRADE_WAIT_SECONDS = 120
LOCK_WAIT = "4s"
"""A change that waits for a table makes everybody behind it wait too: better refused, and tried again at a quiet time."""
STATEMENT_MAX = "30min"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision, by default this program's, in one transaction under one lock.

    Refused: another upgrade is still running (CSS033E), a table is in use (CSS031E), no right to create (CSS040E), the
    database is ahead of this program (CSS023E). A refused or killed upgrade leaves the database as it was.
    """
    from alembic import command  # noqa: PLC0415 - a third of a second that only this function needs
    from alembic.config import Config  # noqa: PLC0415

    _refuse_newer(engine)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    own = make_engine(engine.url.render_as_string(hide_password=False), application="css upgrade", pooled=False)
    with faults_named(), own.connect() as guard, own.connect() as connection:
        guard.execute(text(f"SET lock_timeout = '{UPGRADE_WAIT_SECONDS}s'"))
        try:
            guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE_LOCK})
        except DBAPIError as error:
            if sqlstate(error) != "55P03":
                raise
            raise Unavailable("CSS033E", "Another process has been upgrading the database for too long; look at it first.") from error
        guard.commit()
        connection.execute(text(f"SET lock_timeout = '{LOCK_WAIT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_MAX}'"))
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def require_current(engine: Engine) -> None:
    """Refuse a database that is behind this program (CSS022E), ahead of it (CSS023E) or not there (CSS020E)."""
    with faults_named():
        found = database_revision(engine)
    if found != program_revision():
        _refuse_newer(engine)
        raise Unavailable(
            "CSS022E",
            "The database is at revision {found} and this program needs {needed}. Run `css init`.",
            found=found or "none",
            needed=program_revision() or "none",
        )


def _refuse_newer(engine: Engine) -> None:
    with faults_named():
        found = database_revision(engine)
    if found is not None and found not in known_revisions():
        sentence = "The database is at revision {found}, which this program does not know: a newer program made it."
        raise Unavailable("CSS023E", sentence, found=found)


def database_revision(engine: Engine) -> str | None:
    """The revision the database says it is at; None for a database without our tables."""
    with engine.connect() as connection:
        try:
            return connection.execute(text("SELECT version_num FROM public.alembic_version")).scalar()
        except ProgrammingError as error:
            if sqlstate(error) == "42P01":
                return None
            raise


@cache
def program_revision() -> str | None:
    """The newest revision this program carries. Read from the scripts' text: importing Alembic would slow every command."""
    revisions = known_revisions()
    heads = set(revisions) - set(revisions.values())
    assert len(heads) <= 1, f"several newest migrations: {sorted(heads)}"
    return heads.pop() if heads else None


@cache
def known_revisions() -> dict[str, str | None]:
    """Every revision this program carries, with the one before it."""
    found: dict[str, str | None] = {}
    for path in sorted((SCRIPTS / "versions").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        this = re.search(r'^revision(?:: \w+)? = "([^"]+)"', source, re.MULTILINE)
        before = re.search(r'^down_revision(?:: [\w| ]+)? = (?:"([^"]+)"|None)', source, re.MULTILINE)
        if this is not None and before is not None:
            found[this[1]] = before[1]
    return found
