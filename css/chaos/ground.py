"""Where it happens: a server of its own, prepared moments kept as template databases with a directory each, and copies of them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url, text

from css.db.engine import make_engine
from css.db.server import Server


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of a district at some moment: a database that nobody is connected to, and the directory that goes with it."""

    database: str
    home: Path


class Ground:
    """Moments, and copies of them to do harm in. Safe from several threads."""

    def __init__(self, server_url: str, directory: Path, server: Server) -> None:
        self._url_of_server = make_url(server_url)
        self.directory = directory
        self.server = server
        """Ours alone: faults stop it."""
        self._lock = threading.Lock()
        self._made = 0
        self._administrator = make_engine(self._url("postgres"), application="css chaos ground", pooled=False)

    def url(self, moment: Moment) -> str:
        return self._url(moment.database)

    def engine(self, moment: Moment) -> Engine:
        return make_engine(self.url(moment), application="css chaos", pooled=False)

    def copy(self, moment: Moment) -> Moment:
        """The same moment again; nobody may be connected to the one it is copied from."""
        made = self._next()
        self._copy(moment.database, made.database)
        shutil.copytree(moment.home, made.home, symlinks=True)
        return made

    @contextmanager
    def copied(self, moment: Moment) -> Iterator[Moment]:
        """The same moment again for as long as the block lasts."""
        made = self.copy(moment)
        try:
            yield made
        finally:
            self.drop(made)

    def drop(self, moment: Moment) -> None:
        self.administer(f"DROP DATABASE IF EXISTS {moment.database} WITH (FORCE)")
        shutil.rmtree(moment.home, ignore_errors=True)

    def administer(self, statement: str) -> None:
        """A statement outside any transaction and any moment."""
        with self._administrator.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    def ask(self, statement: str, given: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Ask the server something about itself."""
        with self._administrator.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return [tuple(row) for row in connection.execute(text(statement), given or {})]

    def cut_off(self, moment: Moment, application: str = "%") -> int:
        """End the connections to a moment, those of a name (as LIKE has it) or all; how many there were.

        A killed client's server process lives until it notices, and a moment can be copied only when nobody is connected.
        """
        statement = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name AND application_name LIKE :application"
        )
        return int(self.ask(statement, {"name": moment.database, "application": application})[0][0])

    def _next(self) -> Moment:
        with self._lock:
            self._made += 1
            name = f"chaos_{self._made}"
        return Moment(name, self.directory / name)

    def _copy(self, source: str, target: str) -> None:
        # The faster way where nothing waits for the disk, and a database that is dropped again soon writes little besides.
        self.administer(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")

    def _url(self, database: str) -> str:
        return self._url_of_server.set(database=database).render_as_string(hide_password=False)
