"""Real PostgreSQL for every test: one server a session and worker, one migrated template, a clone a module.

Which fixture: ``session`` for nearly everything (its changes are rolled back); ``engine`` for what opens its own
transactions and cleans up by being the only user of its module's clone; ``fresh_engine`` for races, kills and whatever
must see committed data of its own. ``query_count`` asserts how many statements a piece of code sends.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.orm import Session

from css.db.engine import make_engine, transaction
from css.db.migrate import upgrade
from css.db.server import temporary
from css.db.url import checked_url
from css.migrations import reference

# Wall time says nothing about a property on a machine with other work; a failure prints what repeats it.
settings.register_profile("css", deadline=None, print_blob=True)
settings.load_profile("css")

TEMPLATE = f"css_t_{os.getpid()}"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shared out among workers, the files with the longest tests come first: one taken up last would leave the others idle.

    How long a test may take says how long it takes, so a new long test finds its place by itself.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    longest: dict[Path, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        longest[item.path] = max(longest.get(item.path, 0), mark.args[0] if mark else 0)
    items.sort(key=lambda item: -longest[item.path])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server in which tests may create databases: ``CSS_TEST_DATABASE_URL``, else a temporary one."""
    given = os.environ.get("CSS_TEST_DATABASE_URL")
    if given:
        yield checked_url(given)
        return
    with temporary(durable=False) as url:
        yield url


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """The name of a database with our tables, made by the real migrations, and the reference data. Nobody connects to it."""
    _administer(server, f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
    engine = make_engine(_url_of(server, TEMPLATE), pooled=False)
    upgrade(engine)
    with transaction(engine) as session:
        reference.load(session)
    engine.dispose()
    yield TEMPLATE
    _administer(server, f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")


@pytest.fixture(scope="module")
def engine(server: str, template: str) -> Iterator[Engine]:
    """A clone of the template for this module; what tests commit in it, the module's later tests see."""
    with clone(server, template) as made:
        yield made


@pytest.fixture
def fresh_engine(server: str, template: str) -> Iterator[Engine]:
    """A clone of the template for this test alone."""
    with clone(server, template) as made:
        yield made


@pytest.fixture
def bare_engine(server: str) -> Iterator[Engine]:
    """An empty database for this test alone."""
    with clone(server, "template0") as made:
        yield made


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is rolled back at the end of the test."""
    with engine.connect() as made:
        outer = made.begin()
        yield made
        outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session whose commits are savepoints inside a transaction that is rolled back at the end of the test."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser for tests of the screens. Without one they are skipped; in CI they fail instead."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sentence = "no Chromium here; `make test` as root installs it, or apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


@dataclass
class QueryCount:
    """The statements sent while the recorder was on, in order."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)


@pytest.fixture
def query_count(engine: Engine) -> Callable[[], AbstractContextManager[QueryCount]]:
    """``with query_count() as sent: …`` records every statement that the module's engine sends meanwhile."""

    @contextmanager
    def recording() -> Iterator[QueryCount]:
        sent = QueryCount()

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            sent.statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return recording


@contextmanager
def clone(server: str, template: str) -> Iterator[Engine]:
    """A database of its own, copied from another, for as long as the block lasts; ``template0`` gives an empty one."""
    name = f"css_{os.getpid()}_{next(_numbers)}"
    # FILE_COPY is the faster way to clone where nothing waits for the disk (measured: 23 ms against 60).
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    made = make_engine(_url_of(server, name), application="css test")
    try:
        yield made
    finally:
        made.dispose()
        _administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _url_of(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    administrator = make_engine(server, pooled=False)
    with administrator.connect().execution_options(isolation_level="AUTOCOMMIT") as made:
        made.execute(text(statement))
    administrator.dispose()
