"""The way to the database: one engine a process, and the one place where a transaction is opened and committed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from weakref import WeakSet

import psycopg2
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from css.core.errors import Unavailable
from css.db.binaries import NEWEST, OLDEST
from css.db.faults import faults_named
from css.db.revision import require_current
from css.db.url import checked_url, server_url
from css.settings import Settings
from css.settings import settings as process_settings

POOL_SIZE = 8
"""One a thread of the web server or of a local night."""
POOL_OVERFLOW = 4
POOL_WAIT_SECONDS = 15
CONNECT_SECONDS_MAX = 10
ASKED_AFTER_SECONDS = 0.2
"""Idle so long, a connection is asked whether it lives before it is used. No server stops and starts in less."""
_USED = "css_used_at"
_BOUNDED = "_css_bounded"
_BEFORE_COMMIT = "css_before_commit"

_SESSION = {
    # A role named like a schema must not hide anything: PostgreSQL would look in the schema "$user" first.
    "search_path": "public",
    # A client killed in mid-statement keeps its locks until the statement ends, unless the server looks.
    "client_connection_check_interval": "1s",
    "timezone": "UTC",
    "jit": "off",
}


def make_engine(url: str, *, application: str = "css", pooled: bool = True) -> Engine:
    """An engine whose every connection has our session settings. Connects at first use, not here; make it after a fork.

    ``pooled=False`` gives connections that really close, for whoever holds session locks or changes session settings.
    Parameters never show in errors and logs: they are what customers told us.
    """
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    # The connection used last is used next: it is warm, it holds prepared statements, and it need not be asked whether it lives.
    pool = {"pool_size": POOL_SIZE, "max_overflow": POOL_OVERFLOW, "pool_timeout": POOL_WAIT_SECONDS, "pool_use_lifo": True}
    engine = create_engine(
        checked_url(url),
        hide_parameters=True,
        connect_args={
            "options": options,
            "client_encoding": "utf8",
            "application_name": application,
            "connect_timeout": CONNECT_SECONDS_MAX,
            "keepalives_idle": 30,
        },
        **(pool if pooled else {"poolclass": NullPool}),
    )
    event.listen(engine, "connect", _refuse_wrong_version)
    if pooled:
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", partial(_ask_if_it_lives, engine))
    return engine


def bound_waits(engine: Engine, *, lock_seconds: int, statement_seconds: int) -> None:
    """From now on no statement of this engine waits longer for a lock, or runs longer, than that; a second time changes nothing.

    For a process that serves many: one record that somebody holds must not take every thread of it.
    """
    if getattr(engine, _BOUNDED, False):
        return
    setattr(engine, _BOUNDED, True)

    def bound(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SET lock_timeout = '{lock_seconds}s'; SET statement_timeout = '{statement_seconds}s'")
        connection.commit()

    event.listen(engine, "connect", bound)
    engine.dispose()


def _note_use(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED] = time.monotonic()


def _ask_if_it_lives(engine: Engine, connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that lay idle is asked before it is given out; if the server is another one now, all that lie there are dropped.

    One used a moment ago is not: a page takes three or four transactions, and asking before each cost as much as a statement.
    """
    if time.monotonic() - entry.info.get(_USED, math.inf) <= ASKED_AFTER_SECONDS:
        return
    try:
        engine.dialect.do_ping(connection)
    except psycopg2.Error as error:
        raise InvalidatePoolError from error


def _refuse_wrong_version(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    refuse_version(connection.server_version)


def refuse_version(server_version: int) -> None:
    """Refuse (CSS021E) a server outside the versions we are tested on; ``server_version`` as libpq counts, 150013."""
    major = server_version // 10_000
    if not OLDEST <= major <= NEWEST:
        raise Unavailable(
            "CSS021E",
            "The database server is PostgreSQL {version}; this program works with {oldest} to {newest}.",
            version=major,
            oldest=OLDEST,
            newest=NEWEST,
        )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session in one transaction: committed once at the end, rolled back on any error. Only doors open one.

    Rows stay readable after the commit. A fault of the server, not of the asker, becomes ``Unavailable`` or ``Conflict``.
    What was put off with ``before_commit`` is done last.
    """
    with faults_named(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
        for deed in session.info.pop(_BEFORE_COMMIT, {}).values():
            deed(session)


@contextmanager
def rehearsal(engine: Engine) -> Iterator[Session]:
    """A session whose transaction is taken back, whatever happens; what was put off with ``before_commit`` is not done.

    A deed that does what no rollback undoes, as moving a file, puts that off: so whoever only rehearses it changes nothing.
    """
    with faults_named(), Session(engine, expire_on_commit=False) as session:
        yield session


def before_commit(session: Session, name: str, deed: Callable[[Session], None]) -> None:
    """Have something done at the very end of the transaction, once however often it is asked for by that name.

    For what must see all that the transaction did, or holds a lock that many want: so nobody waits for it longer than need be. And for
    what no rollback undoes: it is not done where the transaction is only a rehearsal, or is refused before its end.
    """
    session.info.setdefault(_BEFORE_COMMIT, {})[name] = deed


@contextmanager
def taken_back(session: Session) -> Iterator[None]:
    """What is done inside is seen inside and nowhere else: the transaction goes back to where it was, whatever happened."""
    put_off = dict(session.info.get(_BEFORE_COMMIT, {}))
    nested = session.begin_nested()
    try:
        yield
    finally:
        nested.rollback()
        session.info[_BEFORE_COMMIT] = put_off


_engines: dict[tuple[int, str], Engine] = {}
_current: WeakSet[Engine] = WeakSet()
"""Engines whose database was found at this program's revision."""


def database(settings: Settings | None = None) -> Engine:
    """The engine of this process for its settings, made once; a forked child gets its own.

    Starts the private server if need be, and refuses a database that is not there (CSS020E), of a wrong version
    (CSS021E) or not at this program's revision (CSS022E, CSS023E).
    """
    engine = unchecked_database(settings)
    if engine not in _current:
        require_current(engine)
        _current.add(engine)
    return engine


def unchecked_database(settings: Settings | None = None) -> Engine:
    """As ``database``, whatever revision the tables are at: for the commands that make or replace them."""
    settings = settings or process_settings()
    here = os.getpid()
    for (pid, _), stale in list(_engines.items()):
        if pid != here:
            # The sockets are shared with the parent: forget them without closing what is the parent's.
            stale.dispose(close=False)
            _engines.pop((pid, _))
    key = (here, settings.database_url or str(settings.home))
    if key not in _engines:
        _engines[key] = make_engine(server_url(settings))
    return _engines[key]


def place_name(url: str) -> str:
    """The database as a person may see it and hand it to ``psql``: without the name of our driver and without its password."""
    parsed = make_url(url)
    query = "&".join(f"{name}={value}" for name, value in parsed.query.items())
    plain = parsed.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    return f"{plain}?{query}" if query else plain
