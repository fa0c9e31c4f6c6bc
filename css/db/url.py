"""Which database to use, as a URL that names its driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from css.core.errors import BadMessage

if TYPE_CHECKING:
    from css.settings import Settings

DRIVER = "postgresql+psycopg2"


def server_url(settings: Settings) -> str:
    """The URL of the database: ``CSS_DATABASE_URL`` where set, else the private server's, started if it is not up."""
    if settings.database_url is not None:
        return checked_url(settings.database_url)
    from css.db.server import Server  # noqa: PLC0415 - a process that was given a server has no use for ours

    return Server(settings.home, durable=settings.durable, binaries=settings.postgres_bin).start()


def checked_url(text: str) -> str:
    """The same place with the driver named, as SQLAlchemy wants it: the bare form now means a driver we do not have.

    Refused (CSS025E) when it is no PostgreSQL URL. The sentence never repeats the URL, which may hold a password.
    """
    try:
        url = make_url(text.strip())
        url.port  # noqa: B018 - parsed on access, refuses a port that is no number
    except (ArgumentError, ValueError):
        raise _refused() from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername=DRIVER)
    if url.drivername != DRIVER or not url.database:
        raise _refused()
    return url.render_as_string(hide_password=False)


def libpq_arguments(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """The URL as libpq's keywords, and the environment that carries the password out of sight of ``ps``."""
    parsed: URL = make_url(url)
    words = {"host": parsed.host, "port": parsed.port, "user": parsed.username, "dbname": parsed.database}
    words |= {name: value if isinstance(value, str) else ",".join(value) for name, value in parsed.query.items()}
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    return {name: str(value) for name, value in words.items() if value not in {None, ""}}, secret


def _refused() -> BadMessage:
    return BadMessage(
        "CSS025E", "CSS_DATABASE_URL is not the address of a PostgreSQL database, like postgresql://user:password@host:5432/css."
    )
