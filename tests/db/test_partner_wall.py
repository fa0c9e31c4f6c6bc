"""The wall between partners and the cluster it stands in: who makes the role, who may become it, and what a backup brings back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import IntegrityError

from css.core.errors import CssError
from css.db.backup import backup, restore
from css.db.bulk import copy_rows
from css.db.engine import make_engine, transaction
from css.db.migrate import upgrade
from css.db.server import temporary
from css.db.wall import MAKE_ROLE, READS, ROLE
from css.master.reference import PARTNER
from css.migrations import reference
from css.partners.access.keys import partner_of
from css.partners.access.wall import partner_reading
from tests import builders
from tests.house.catalog import catalog
from tests.race import in_the_background


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A server of its own: roles belong to the whole of it. Whoever reaches its socket may sign on as anybody."""
    with temporary(durable=False) as url:
        administrator = make_engine(url, pooled=False)
        with administrator.connect() as connection:
            file = Path(connection.execute(text("SHOW hba_file")).scalar_one())
            file.write_text("local all all trust\n", encoding="ascii")
            connection.execute(text("SELECT pg_reload_conf()"))
        yield url


@pytest.fixture
def bare(cluster: str) -> Iterator[str]:
    """The same without any user or database of a test before."""
    yield cluster
    with administering(cluster) as connection:
        for name in connection.execute(text("SELECT datname FROM pg_database WHERE datname LIKE 'css_t_%'")).scalars().all():
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        for name in connection.execute(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'css_%'")).scalars().all():
            connection.execute(text(f"DROP ROLE {name}"))


@contextmanager
def administering(url: str) -> Iterator[Connection]:
    engine = make_engine(url, pooled=False)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()


def database_of(url: str, user: str, name: str, rights: str = "") -> Engine:
    """An empty database that belongs to a user with such rights."""
    with administering(url) as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN {rights}"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {user} TEMPLATE template0"))
    return make_engine(make_url(url).set(username=user, database=name).render_as_string(hide_password=False), pooled=False)


def stands(engine: Engine) -> None:
    """The house sees both providers' accounts, each partner its own, and the role has what it may read."""
    with transaction(engine) as session:
        us, them = partner_of(session, "RETAIL"), partner_of(session, PARTNER)
        assert session.execute(text("SELECT count(DISTINCT provider_id) FROM css.account")).scalar() == 2
        can = text("SELECT has_any_column_privilege(:role, :name, 'SELECT')")
        assert all(session.execute(can, {"role": ROLE, "name": name}).scalar() for name in READS)
    for partner in (us, them):
        with partner_reading(engine, partner) as session:
            assert session.execute(text("SELECT DISTINCT provider_id FROM css.account")).scalars().all() == [partner.provider_id]


def filled(engine: Engine) -> None:
    with transaction(engine) as session:
        reference.load(session)
        zz = builders.district(session)
        builders.account(session, zz)
        builders.account(session, zz, provider_code=PARTNER)


def test_an_owner_who_may_make_roles_makes_it_and_stays_the_house(bare: str) -> None:
    engine = database_of(bare, "css_owner", "css_t_one", "CREATEROLE")
    upgrade(engine)
    filled(engine)
    stands(engine)
    upgrade(engine)
    stands(engine)
    _rows_are_copied_in(engine)
    _the_house_pays_nothing(engine)


def _rows_are_copied_in(engine: Engine) -> None:
    """COPY goes into no table whose rules hold for whoever copies: it goes round."""
    with transaction(engine) as session:
        assert session.execute(text("SELECT row_security_active('css.account')")).scalar() is True
        accounts = session.execute(text("SELECT id FROM css.account")).scalars().all()
        rows = [(account_id, "ZZ", date(2026, 4, 1)) for account_id in accounts]
        assert copy_rows(session, "billing.account_cycle", ("account_id", "district_code", "next_bill_on"), rows) == 2
        assert session.execute(text("SELECT count(*) FROM billing.account_cycle")).scalar() == 2
    with pytest.raises(IntegrityError), transaction(engine) as session:
        copy_rows(session, "billing.account_cycle", ("account_id", "district_code", "next_bill_on"), rows)
    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        copy_rows(session, "billing.account_cycle", ("account_id", "district_code", "next_bill_on"), ((1 // n, "ZZ", None) for n in (1, 0)))


def _the_house_pays_nothing(engine: Engine) -> None:
    """The policy of the house folds away: no filter is in the plan."""
    with transaction(engine) as session:
        plan = session.execute(text("EXPLAIN SELECT id FROM css.account WHERE number = 'ZZA00000018'")).scalars().all()
    assert any("uq_account_number" in line for line in plan)
    assert not any("Filter" in line or "SubPlan" in line for line in plan)


def test_a_member_who_has_the_roles_rights_without_becoming_it_is_still_the_house(bare: str) -> None:
    """As on PostgreSQL 15, where membership cannot say otherwise, or where an administrator did not."""
    engine = database_of(bare, "css_owner", "css_t_one")
    with administering(bare) as connection:
        connection.execute(text(f"CREATE ROLE {ROLE} NOLOGIN"))
        connection.execute(text(f"GRANT {ROLE} TO css_owner"))
    upgrade(engine)
    filled(engine)
    with transaction(engine) as session:
        assert session.execute(text("SELECT pg_has_role('css_partner', 'USAGE')")).scalar() is True
    stands(engine)


def test_an_owner_who_may_not_is_told_what_an_administrator_says_once(bare: str) -> None:
    engine = database_of(bare, "css_owner", "css_t_one")
    with pytest.raises(CssError) as refusal:
        upgrade(engine)
    assert refusal.value.code == "CSS542E"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_namespace WHERE nspname = 'css'")).scalar() == 0
    with administering(bare) as connection:
        for statement in str(refusal.value).partition("once: ")[2].split(";"):
            if statement.strip(" ."):
                connection.execute(text(statement))
    upgrade(engine)
    filled(engine)
    stands(engine)


def test_several_databases_of_a_cluster_are_made_at_once(bare: str) -> None:
    """Each finds that another has just made the role, or is making it."""
    with administering(bare) as connection:
        connection.execute(text("CREATE ROLE css_owner LOGIN SUPERUSER"))
    places = []
    for n in range(3):
        with administering(bare) as connection:
            connection.execute(text(f"CREATE DATABASE css_t_{n} OWNER css_owner TEMPLATE template0"))
        places.append(make_url(bare).set(username="css_owner", database=f"css_t_{n}").render_as_string(hide_password=False))
    program = "import sys; from css.db.engine import make_engine; from css.db.migrate import upgrade; upgrade(make_engine(sys.argv[1]))"
    running = [subprocess.Popen([sys.executable, "-c", program, place]) for place in places]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert len({frozenset(catalog(make_engine(place, pooled=False))["policies"]) for place in places}) == 1


def test_a_transaction_that_makes_the_role_and_fails_leaves_it_to_the_next(bare: str) -> None:
    engine = database_of(bare, "css_owner", "css_t_one", "SUPERUSER")
    with engine.connect() as first, ThreadPoolExecutor(1) as pool:
        begun = first.begin()
        first.execute(text(MAKE_ROLE.replace(":", "\\:")))
        second = in_the_background(engine, pool, lambda: upgrade(engine))
        begun.rollback()
        assert second.result(timeout=30) is None
    filled(engine)
    stands(engine)


def test_a_backup_brings_the_wall_to_a_cluster_that_has_no_such_role(bare: str, tmp_path: Path) -> None:
    engine = database_of(bare, "css_owner", "css_t_one", "CREATEROLE")
    upgrade(engine)
    filled(engine)
    file = tmp_path / "all.css-backup"
    backup(engine, file)
    before = catalog(engine)
    with administering(bare) as connection:
        connection.execute(text("DROP DATABASE css_t_one WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {ROLE}"))
        connection.execute(text("CREATE DATABASE css_t_one OWNER css_owner TEMPLATE template0"))
    restore(engine, file)
    assert _differences(before, catalog(engine)) == []
    stands(engine)


def test_reads_lost_halfway_through_a_restore_are_given_by_the_next_init(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA css, orders, repairs, billing FROM {ROLE}"))
        connection.execute(text(f"REVOKE ALL ON SCHEMA css, orders, repairs, billing FROM {ROLE}"))
    with transaction(engine) as session:
        partner = partner_of(session, PARTNER)
    with pytest.raises(CssError), partner_reading(engine, partner) as session:
        session.execute(text("SELECT count(*) FROM css.account"))
    upgrade(engine)
    with partner_reading(engine, partner) as session:
        assert session.execute(text("SELECT count(*) FROM css.account")).scalar() == 0


def _differences(one: dict[str, set[str]], other: dict[str, set[str]]) -> list[str]:
    """In what is the wall: row rules with their tables, and who may read what."""
    return [line for kind in ("schemas", "relations", "policies") for line in sorted(one[kind] ^ other[kind])]
