"""What the database server says, as errors of ours: which troubles are its own and which are ours or the data's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from css.core.errors import Conflict, CssError, Unavailable

_DIALECT: Dialect = PGDialect_psycopg2(dbapi=psycopg2)  # type: ignore[no-untyped-call]
_UNAVAILABLE = {
    "53100": ("CSS024E", "The disk of the database server is full; nothing of this was kept."),
    "53300": ("CSS034E", "All connections to the database are in use; try again in a moment."),
    "57P01": ("CSS030E", "The database server ended the connection; nothing of this was kept."),
    "57P02": ("CSS030E", "The database server ended the connection; nothing of this was kept."),
    "57P03": ("CSS020E", "The database server is starting or stopping; try again in a moment."),
    "57014": ("CSS032E", "The database gave up a statement that took too long or was cancelled; nothing of this was kept."),
    "42501": ("CSS040E", "The database user may not do this."),
    "25006": ("CSS040E", "The database is read-only."),
}
_CONFLICT = {
    "40001": ("CSS031E", "Somebody else changed the same records at the same moment; do it again."),
    "40P01": ("CSS031E", "Somebody else changed the same records at the same moment; do it again."),
    "55P03": ("CSS031E", "Somebody else is holding the same records; try again in a moment."),
}
_WORDS = (
    ("starting up", "57P03"),
    ("shutting down", "57P03"),
    ("in recovery mode", "57P03"),
    ("too many clients", "53300"),
    ("connection slots", "53300"),
    ("server closed the connection", "57P01"),
    ("terminating connection", "57P01"),
)
_NOT_THERE = {"3D000", "28P01", "28000"}
_NOT_MIGRATED = {"42P01", "3F000", "42703"}


@contextmanager
def faults_named() -> Iterator[None]:
    """Turn the server's own troubles (gone, full, locked) into errors with a code; what is a refusal of ours passes as it is."""
    try:
        yield
    except DBAPIError as error:
        named = fault_of(error)
        if named is None:
            raise
        raise named from error
    except psycopg2.Error as error:
        # Of what is asked past SQLAlchemy: a statement prepared, a COPY, a cursor of our own.
        named = fault_of(of_driver(error))
        if named is None:
            raise
        raise named from error
    except PoolTimeout as error:
        raise Unavailable("CSS034E", "All connections to the database are in use; try again in a moment.") from error


def of_driver(error: psycopg2.Error, statement: str = "") -> DBAPIError:
    """The same kind of error that a statement of SQLAlchemy raises, so that callers know one family only."""
    is_gone = _DIALECT.is_disconnect(error, None, None)  # type: ignore[arg-type]
    wrapped = DBAPIError.instance(
        statement, None, error, psycopg2.Error, hide_parameters=True, connection_invalidated=is_gone, dialect=_DIALECT
    )
    assert isinstance(wrapped, DBAPIError)
    return wrapped


def fault_of(error: DBAPIError) -> CssError | None:
    """The server's own trouble as an error of ours, or None when the fault is the statement's or the data's."""
    first = _first_line(error)
    # A refused connection comes without a state, only with words.
    state = sqlstate(error) or next((state for words, state in _WORDS if words in first), None)
    if state == "XX000" and "File too large" in str(error.orig):
        # A limit of the operating system's: the server hints at the disk's free space, and names the trouble as if it were its own mistake.
        # Of its own accounts of transactions it says so in the DETAIL only.
        state = "53100"
    if state in _CONFLICT:
        return Conflict(*_CONFLICT[state])
    if error.connection_invalidated or (state or "").startswith("08"):
        state = "57P01"
    if state in _UNAVAILABLE:
        return Unavailable(*_UNAVAILABLE[state])
    if state in _NOT_THERE or (state is None and type(error.orig).__name__ == "OperationalError"):
        return Unavailable("CSS020E", "The database cannot be reached: {reason}.", reason=first)
    if state in _NOT_MIGRATED:
        return Unavailable("CSS022E", "The database lacks a table or column this program uses: {reason}. Run `css init`.", reason=first)
    return None


def sqlstate(error: DBAPIError) -> str | None:
    """The five characters by which PostgreSQL names the trouble, where it got that far."""
    state = getattr(error.orig, "pgcode", None)
    return str(state) if state else None


def _first_line(error: DBAPIError) -> str:
    """The first sentence of libpq, without the address it tried and the DETAIL that may repeat what a customer told us."""
    lines = str(error.orig).strip().splitlines() or ["no reason given"]
    first = lines[0].rpartition("FATAL: ")[2].strip().rstrip(".?")
    return re.sub(r"^connection to server (.*) failed: ", r"no connection \1: ", first)
