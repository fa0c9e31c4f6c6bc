"""Bringing the tables to this program's revision."""

from __future__ import annotations

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from css.core.errors import Unavailable
from css.db.engine import make_engine
from css.db.faults import faults_named, sqlstate
from css.db.revision import SCRIPTS, refuse_newer, require_current

__all__ = ["SCHEMAS", "require_current", "upgrade"]

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

    refuse_newer(engine)
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
