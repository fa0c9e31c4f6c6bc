"""The same moment several times over: copies of a prepared database, so that different ways to the same deed can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sqlalchemy import Engine, make_url, text

from css.db.engine import make_engine

_names = count(1)


@contextmanager
def copy_of(engine: Engine) -> Iterator[Engine]:
    """A copy of a database that nobody is connected to; dropped at the end."""
    engine.dispose()
    name = f"{engine.url.database}_{next(_names)}"
    server = make_engine(make_url(engine.url).set(database="postgres").render_as_string(hide_password=False), pooled=False)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {engine.url.database} STRATEGY FILE_COPY"))
        made = make_engine(engine.url.set(database=name).render_as_string(hide_password=False))
        try:
            yield made
        finally:
            made.dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
