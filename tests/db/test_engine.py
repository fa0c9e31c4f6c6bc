"""Engines and transactions: committed once or not at all, and the server's troubles said with a code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from css.core.errors import Conflict, CssError, Refused, Unavailable
from css.db import engine as engines
from css.db.constraints import constraint_of, translate
from css.db.engine import before_commit, database, make_engine, place_name, refuse_version, rehearsal, taken_back, transaction
from css.db.faults import faults_named
from css.db.url import checked_url, libpq_arguments, server_url
from css.settings import Settings
from tests.house.source import ROOT

PRIVATE = "postgresql+psycopg2://css:pa%40ss@db.example.com:5433/css?sslmode=require"


def test_the_driver_is_psycopg2(engine: Engine) -> None:
    assert engine.driver == "psycopg2"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://a:b@h/d", "postgresql+psycopg2://a:b@h/d"),
        ("postgres://a@/d?host=/run/x", "postgresql+psycopg2://a@/d?host=%2Frun%2Fx"),
        (" postgresql+psycopg2://h/d\n", "postgresql+psycopg2://h/d"),
    ],
)
def test_an_address_is_given_our_driver(given: str, used: str) -> None:
    assert checked_url(given) == used
    assert server_url(Settings(Path("/nowhere"), database_url=given)) == used


@pytest.mark.parametrize("given", ["", "x", "sqlite://", "postgresql+psycopg://h/d", "postgresql://h", "postgresql://h:port/d"])
def test_another_address_is_refused(given: str) -> None:
    with pytest.raises(CssError, match="CSS_DATABASE_URL") as caught:
        checked_url(given)
    assert caught.value.code == "CSS025E"


def test_what_is_put_off_to_the_end_is_done_before_a_commit_and_never_where_it_is_taken_back(engine: Engine) -> None:
    done: list[str] = []
    with rehearsal(engine) as session:
        session.execute(text("SELECT 1"))
        before_commit(session, "deed", lambda _: done.append("rehearsed"))
    with transaction(engine) as session:
        before_commit(session, "deed", lambda _: done.append("outside"))
        with taken_back(session):
            before_commit(session, "deed", lambda _: done.append("taken back"))
            before_commit(session, "another", lambda _: done.append("another"))
        assert done == []
    assert done == ["outside"]


def test_a_rehearsal_leaves_nothing_behind(engine: Engine) -> None:
    with rehearsal(engine) as session:
        session.execute(text("CREATE TABLE public.rehearsed (id int)"))
    with transaction(engine) as session:
        assert session.execute(text("SELECT to_regclass('public.rehearsed')")).scalar_one() is None


def test_a_password_is_kept_from_eyes_and_from_ps() -> None:
    words, secret = libpq_arguments(PRIVATE)
    assert words == {"host": "db.example.com", "port": "5433", "user": "css", "dbname": "css", "sslmode": "require"}
    assert secret == {"PGPASSWORD": "pa@ss"}
    assert place_name(PRIVATE) == "postgresql://css:***@db.example.com:5433/css?sslmode=require"


def test_every_connection_has_our_session_settings(engine: Engine) -> None:
    with engine.connect() as connection:
        for name, value in {"search_path": "public", "client_connection_check_interval": "1s", "TimeZone": "UTC", "jit": "off"}.items():
            assert connection.execute(text(f"SHOW {name}")).scalar() == value


def test_a_schema_named_like_the_role_hides_nothing(fresh_engine: Engine) -> None:
    with fresh_engine.begin() as connection:
        role = connection.execute(text("SELECT current_user")).scalar()
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{role}"'))
        connection.execute(text(f'CREATE TABLE "{role}".alembic_version (version_num text)'))
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_a_transaction_is_committed_once_and_its_rows_stay_readable(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        session.execute(text("CREATE TABLE public.kept (id int)"))
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM public.kept")).scalar() == 0


def test_any_error_rolls_all_of_it_back(fresh_engine: Engine) -> None:
    with pytest.raises(Refused), transaction(fresh_engine) as session:
        session.execute(text("CREATE TABLE public.lost (id int)"))
        raise Refused("CSS037E", "no")
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('public.lost')")).scalar() is None


def raise_state(state: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'the secret of 441632960123' USING ERRCODE = '{state}'; END $$"


@pytest.mark.parametrize(
    ("state", "family", "code"),
    [
        ("53100", Unavailable, "CSS024E"),
        ("53300", Unavailable, "CSS034E"),
        ("57014", Unavailable, "CSS032E"),
        ("42501", Unavailable, "CSS040E"),
        ("25006", Unavailable, "CSS040E"),
        ("40001", Conflict, "CSS031E"),
        ("40P01", Conflict, "CSS031E"),
        ("55P03", Conflict, "CSS031E"),
        ("08006", Unavailable, "CSS030E"),
    ],
)
def test_the_servers_own_troubles_have_codes(engine: Engine, state: str, family: type[CssError], code: str) -> None:
    with pytest.raises(family) as caught, transaction(engine) as session:
        session.execute(text(raise_state(state)))
    assert caught.value.code == code
    assert "secret" not in caught.value.text


def test_a_fault_of_the_statement_stays_what_it_is(engine: Engine) -> None:
    with pytest.raises(ProgrammingError), transaction(engine) as session:
        session.execute(text("SELEKT 1"))


def test_a_table_that_is_missing_asks_for_the_upgrade(engine: Engine) -> None:
    with pytest.raises(Unavailable) as caught, transaction(engine) as session:
        session.execute(text("SELECT * FROM css.of_tomorrow"))
    assert caught.value.code == "CSS022E"


def test_a_lost_connection_is_said_and_the_next_transaction_works(fresh_engine: Engine) -> None:
    with pytest.raises(Unavailable) as caught, transaction(fresh_engine) as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with fresh_engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        session.execute(text("SELECT 1"))
    assert caught.value.code == "CSS030E"
    with transaction(fresh_engine) as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_a_pooled_connection_that_died_idle_is_replaced_unseen(fresh_engine: Engine, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ASKED_AFTER_SECONDS", 0.0)  # it lay idle long enough
    with transaction(fresh_engine) as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with make_engine(server, pooled=False).connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with transaction(fresh_engine) as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_parameters_never_stand_in_an_error(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as caught, engine.connect() as connection:
        connection.execute(text("CREATE TEMP TABLE thing (id text CONSTRAINT pk_thing PRIMARY KEY)"))
        connection.execute(text("INSERT INTO thing VALUES (:one), (NULL)"), {"one": "441632960123"})
    assert "441632960123" not in str(caught.value)


def test_a_hurt_constraint_becomes_the_rooms_refusal(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("CREATE TEMP TABLE thing (id int CONSTRAINT pk_thing PRIMARY KEY)"))
        with pytest.raises(IntegrityError) as caught:
            connection.execute(text("INSERT INTO thing VALUES (1), (1)"))
    assert constraint_of(caught.value) == "pk_thing"
    refusal = translate(caught.value, {"pk_thing": lambda: Refused("CSS037E", "It is there already.")})
    assert isinstance(refusal, Refused)
    assert translate(caught.value, {}) is None


@pytest.mark.parametrize("version", [140_013, 190_000, 90_624])
def test_another_version_is_refused(version: int) -> None:
    with pytest.raises(Unavailable, match="15 to 18") as caught:
        refuse_version(version)
    assert caught.value.code == "CSS021E"


@pytest.mark.parametrize("version", [150_000, 180_006])
def test_our_versions_are_taken(version: int) -> None:
    refuse_version(version)


def test_a_database_without_tables_is_refused_and_one_that_is_not_there_too(bare_engine: Engine) -> None:
    url = bare_engine.url.render_as_string(hide_password=False)
    with pytest.raises(Unavailable) as caught:
        database(Settings(Path("/nowhere"), database_url=url))
    assert caught.value.code == "CSS022E"
    gone = bare_engine.url.set(database="no_such_database").render_as_string(hide_password=False)
    with pytest.raises(Unavailable) as caught:
        database(Settings(Path("/nowhere"), database_url=gone))
    assert caught.value.code == "CSS020E"
    forget(url, gone)


FORKING = """
import os, sys
from pathlib import Path
from sqlalchemy import text
from css.db.engine import database, unchecked_database
from css.settings import Settings

def backend(made):
    with made.connect() as connection:
        return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()

settings = Settings(Path("/nowhere"), database_url=sys.argv[1])
ours = database(settings)
assert database(settings) is ours
before = backend(ours)
child = os.fork()
if not child:
    sys.exit(0 if backend(unchecked_database(settings)) != before else "the child speaks on its parent's connection")
assert os.waitpid(child, 0)[1] == 0
assert backend(ours) == before
"""
"""A program of its own: the process that runs the tests may have threads, and a fork takes none of them along."""

SLEEPING = """
import sys
from sqlalchemy import text
from css.db.engine import make_engine

with make_engine(sys.argv[1], pooled=False).connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(7)"))
    connection.execute(text("SELECT pg_sleep(60)"))
"""


def test_a_process_has_one_engine_and_its_child_another(engine: Engine) -> None:
    words = [sys.executable, "-c", FORKING, engine.url.render_as_string(hide_password=False)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def forget(*urls: str) -> None:
    for url in urls:
        made = engines._engines.pop((os.getpid(), url), None)
        if made is not None:
            made.dispose()


def test_a_server_that_is_starting_is_told_from_one_that_is_not_there() -> None:
    said = {
        "FATAL:  the database system is starting up": "starting or stopping",
        "FATAL:  sorry, too many clients already": "in use",
        'connection to server at "h", port 1 failed: Connection refused\n\tIs the server running?': "no connection at",
        'connection to server at "h", port 1 failed: FATAL:  password authentication failed for user "x"': "password authentication failed",
    }
    for words, meaning in said.items():
        with pytest.raises(Unavailable, match=meaning), faults_named():
            raise OperationalError("connect", None, psycopg2.OperationalError(words))


def test_a_file_of_the_servers_that_may_not_grow_is_a_full_disk_wherever_it_says_so() -> None:
    class Raised(psycopg2.InternalError):
        pgcode = "XX000"

    for words in (
        'could not extend file "base/1/2": File too large\nHINT:  Check free disk space.',
        'could not access status of transaction 0\nDETAIL:  Could not write to file "pg_xact/0000" at offset 1: File too large.',
    ):
        with pytest.raises(Unavailable) as refused, faults_named():
            raise Raised(words)
        assert refused.value.code == "CSS024E"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg2.InterfaceError("connection already closed"), "CSS030E"),
        (psycopg2.OperationalError("server closed the connection unexpectedly\n\tThis probably means"), "CSS030E"),
    ],
)
def test_what_the_driver_says_past_sqlalchemy_is_named_too(error: psycopg2.Error, code: str) -> None:
    with pytest.raises(Unavailable) as refused, faults_named():
        raise error
    assert refused.value.code == code
    with pytest.raises(psycopg2.ProgrammingError), faults_named():
        raise psycopg2.ProgrammingError("no results to fetch")


def test_a_child_that_is_killed_leaves_no_lock(fresh_engine: Engine) -> None:
    """The server looks every second whether its client lives, even in the middle of a long statement."""
    words = [sys.executable, "-c", SLEEPING, fresh_engine.url.render_as_string(hide_password=False)]
    asleep = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'")
    with subprocess.Popen(words, cwd=ROOT) as child, fresh_engine.connect() as connection:
        while connection.execute(asleep).scalar() == 0:
            assert child.poll() is None, "it never slept"
            connection.rollback()
            time.sleep(0.01)
        child.kill()
        child.wait()
        connection.rollback()
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SELECT pg_advisory_lock(7)"))
        connection.invalidate()


def _killed(made: Engine, by: Engine) -> None:
    """End every connection that lies in the pool, as a restart of the server does."""
    with made.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with by.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_one_that_died_a_moment_ago_is_told_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_engine(engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr(engines, "ASKED_AFTER_SECONDS", 3600.0)
    _killed(made, engine)
    with pytest.raises(Unavailable), transaction(made) as session:
        session.execute(text("SELECT 1"))
    with transaction(made) as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1
    made.dispose()


def test_a_connection_used_a_moment_ago_is_not_asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_engine(engine.url.render_as_string(hide_password=False))
    with transaction(made) as session:
        session.execute(text("SELECT 1"))
    monkeypatch.setattr(made.dialect, "do_ping", lambda _connection: pytest.fail("it was asked"))
    for _ in range(3):
        with transaction(made) as session:
            session.execute(text("SELECT 1"))
    made.dispose()
