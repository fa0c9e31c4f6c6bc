"""Which revision the tables are at and which one this program needs; refusing to work on any other."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from css.core.errors import Unavailable
from css.db.faults import faults_named, sqlstate

SCRIPTS = Path(__file__).parent.parent / "migrations"


def require_current(engine: Engine) -> None:
    """Refuse a database that is behind this program (CSS022E), ahead of it (CSS023E) or not there (CSS020E)."""
    with faults_named():
        found = database_revision(engine)
    if found != program_revision():
        refuse_newer(engine)
        raise Unavailable(
            "CSS022E",
            "The database is at revision {found} and this program needs {needed}. Run `css init`.",
            found=found or "none",
            needed=program_revision() or "none",
        )


def refuse_newer(engine: Engine) -> None:
    """Refuse (CSS023E) a database that a newer program has upgraded."""
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
