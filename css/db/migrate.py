"""Bringing the tables to this program's revision."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from css.core.errors import Unavailable
from css.db.engine import make_engine
from css.db.faults import faults_named, sqlstate
from css.db.revision import SCRIPTS, refuse_newer, require_current
from css.db.wall import MAKE_ROLE, ROLE, grants

__all__ = ["SCHEMAS", "require_current", "upgrade"]

SCHEMAS = ("css", "care", "orders", "repairs", "billing", "batch", "partners")
UPGRADE_LOCK = 0x0C55
"""Advisory lock of whoever upgrades; one at a time, the others then find nothing to do."""
UPGRADE_WAIT_SECONDS = 120
LOCK_WAIT = "4s"
"""A change that waits for a table makes everybody behind it wait too: better refused, and tried again at a quiet time."""
STATEMENT_MAX = "30min"
_NO_RIGHT = "42501"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision, by default this program's, in one transaction under one lock.

    Refused: another upgrade is still running (CSS033E), a table is in use (CSS031E), no right to create (CSS040E) or to make
    the role of partners (CSS542E), the database is ahead of this program (CSS023E). A refused or killed upgrade leaves the
    database as it was.
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
        # In a transaction of its own: the role is the whole cluster's, and no other database there shall wait for our tables.
        _make_role(guard)
        connection.execute(text(f"SET lock_timeout = '{LOCK_WAIT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_MAX}'"))
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if revision == "head":
            _let_partners_read(guard)


def ready_for_partners(engine: Engine) -> None:
    """Make the role that the wall between partners names, where the cluster has none. Refused: no right to (CSS542E)."""
    own = make_engine(engine.url.render_as_string(hide_password=False), application="css upgrade", pooled=False)
    with faults_named(), own.connect() as connection:
        _make_role(connection)


def _make_role(connection: Connection) -> None:
    try:
        connection.execute(text(MAKE_ROLE.replace(":", "\\:")))
        connection.commit()
    except DBAPIError as error:
        if sqlstate(error) != _NO_RIGHT:
            raise
        connection.rollback()
        raise Unavailable(
            "CSS542E",
            "The database user may not make the role {role}, or not become it; an administrator says once:"
            " CREATE ROLE {role} NOLOGIN; GRANT {role} TO {user}{options};",
            role=ROLE,
            user=connection.engine.url.username or "the user",
            options=" WITH INHERIT FALSE, SET TRUE" if _has_set_option(connection) else "",
        ) from error


def _has_set_option(connection: Connection) -> bool:
    """Since PostgreSQL 16 membership says whether the member has the role's rights without becoming it."""
    return bool(connection.execute(text("SELECT current_setting('server_version_num')::int >= 160000")).scalar())


def _let_partners_read(connection: Connection) -> None:
    """What a restored database lacks: a backup carries the wall, and leaves out who may do what in the cluster it came from."""
    if not connection.execute(text("SELECT has_schema_privilege(:role, 'css', 'USAGE')"), {"role": ROLE}).scalar_one():
        for statement in grants():
            connection.execute(text(statement))
    connection.commit()
