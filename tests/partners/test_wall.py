"""The wall in the database, tried with SQL: the role sees its partner's rows, reads what it may, and does nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Select, column, select, table, text
from sqlalchemy.exc import DBAPIError

from css.core.errors import Unavailable
from css.db.engine import make_engine, transaction
from css.db.prepared import prepare_statements
from css.db.wall import READS, WALLED
from css.migrations.tables import METADATA, SCHEMAS
from css.partners.access.wall import behind_the_wall, partner_reading
from tests.partners.asking import ask, enquiry
from tests.partners.fault_speaking import query as fault_query
from tests.partners.two_partners import World, world

HANGS_ON = (
    "provider_id",
    "account_id",
    "customer_id",
    "line_id",
    "order_id",
    "fault_id",
    "bill_id",
    "service_id",
    "inbox_id",
    "contact_id",
)
"""Columns by which a row may be a partner's."""
NEVER_READ = {
    "billing.rated_call": "A hundred million rows, loaded by COPY; no question of partners reads calls.",
    "billing.call_to_forget": "What the night has yet to forget: district, day and account, written and read by the night alone.",
}
"""Tables with partners' rows that have no wall: nothing may be granted on them."""


@pytest.fixture(scope="module")
def both(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(engine, tmp_path_factory.mktemp("home"))


@pytest.fixture
def house(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


def become(connection: Connection, provider_id: int | None) -> None:
    connection.execute(text("SET LOCAL ROLE css_partner"))
    if provider_id is not None:
        connection.execute(text("SELECT set_config('css.partner', :id, true)"), {"id": str(provider_id)})


def rows(connection: Connection, name: str) -> set[str]:
    return set(connection.execute(text(f"SELECT t.ctid::text || tableoid FROM {name} t")).scalars())


def test_every_table_with_rows_of_partners_has_the_wall() -> None:
    hanging = {each.fullname for each in METADATA.tables.values() if any(name in each.columns for name in HANGS_ON)}
    assert hanging - set(WALLED) == set(NEVER_READ), "say in css.db.wall whose its rows are, and put the wall on it by a migration"
    assert set(WALLED) - hanging == {"css.customer", "css.provider", "repairs.line_test"} - hanging
    assert not set(NEVER_READ) & set(READS)


def test_the_wall_is_forced_and_no_view_goes_round_it(house: Connection) -> None:
    forced = house.execute(text("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")).scalars()
    assert set(forced) == set(WALLED)
    views = text(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')"
        " AND n.nspname = ANY (:schemas) AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"
    )
    assert list(house.execute(views, {"schemas": list(SCHEMAS)}).scalars()) == ["css.line_place_v"]
    definers = text(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = ANY (:schemas) AND p.prosecdef"
    )
    assert list(house.execute(definers, {"schemas": list(SCHEMAS)}).scalars()) == []


def test_the_view_of_places_says_nothing_of_whose_a_line_is(house: Connection) -> None:
    columns = house.execute(text("SELECT * FROM css.line_place_v LIMIT 0")).keys()
    assert list(columns) == ["line_id", "site_id", "auxiliary_of_id", "state"]


def test_the_role_signs_on_nowhere_owns_nothing_and_belongs_to_nobody(house: Connection) -> None:
    role = house.execute(text("SELECT * FROM pg_roles WHERE rolname = 'css_partner'")).one()
    rights = ("rolsuper", "rolcanlogin", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")
    assert [getattr(role, right) for right in rights] == [False] * 6
    owned = text("SELECT count(*) FROM pg_class WHERE relowner = 'css_partner'::regrole")
    belongs = text("SELECT count(*) FROM pg_auth_members WHERE member = 'css_partner'::regrole")
    assert (house.execute(owned).scalar(), house.execute(belongs).scalar()) == (0, 0)


def test_the_role_may_read_what_is_listed_and_nothing_else(house: Connection) -> None:
    can = text(
        "SELECT c.oid::regclass::text AS name,"
        " has_any_column_privilege('css_partner', c.oid, 'SELECT') AS reads,"
        " has_any_column_privilege('css_partner', c.oid, 'INSERT, UPDATE, REFERENCES')"
        "  OR has_table_privilege('css_partner', c.oid, 'DELETE, TRUNCATE, TRIGGER') AS writes"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p', 'v', 'm')"
    )
    found = house.execute(can, {"schemas": [*SCHEMAS, "public"]}).all()
    assert {row.name for row in found if row.reads} == set(READS)
    assert [row.name for row in found if row.writes] == []
    creates = text("SELECT n FROM unnest(CAST(:schemas AS text[])) n WHERE has_schema_privilege('css_partner', n, 'CREATE')")
    assert list(house.execute(creates, {"schemas": [*SCHEMAS, "public"]}).scalars()) == []


@pytest.mark.parametrize("name", [name for name in READS if name in WALLED])
def test_without_a_setting_there_are_no_rows(both: World, house: Connection, name: str) -> None:
    become(house, None)
    found = house.execute(text(f"SELECT count(*) FROM {name}")).scalar()
    # Of providers, whoever asks may see us: our name is on what it gets.
    assert found == (1 if name == "css.provider" else 0)


@pytest.mark.parametrize("setting", ["", "0", "-1", "9223372036854775807"])
def test_a_setting_that_is_no_partner_shows_no_rows(both: World, house: Connection, setting: str) -> None:
    become(house, None)
    house.execute(text("SELECT set_config('css.partner', :id, true)"), {"id": setting})
    assert house.execute(text("SELECT count(*) FROM orders.customer_order")).scalar() == 0


@pytest.mark.parametrize("name", WALLED)
def test_each_partner_sees_its_own_and_nobody_elses(both: World, house: Connection, name: str) -> None:
    """Of every table, whether it may be read or not: leave to read is given for this transaction."""
    house.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {', '.join(SCHEMAS)} TO css_partner"))
    house.execute(text(f"GRANT USAGE ON SCHEMA {', '.join(SCHEMAS)} TO css_partner"))
    everything = rows(house, name)
    seen = []
    for side in (both.ours, both.theirs):
        with house.begin_nested() as visit:
            become(house, side.partner.provider_id)
            seen.append(rows(house, name))
            visit.rollback()
    shared = seen[0] & seen[1]
    assert len(shared) == (1 if name == "css.provider" else 0)
    assert seen[0] | seen[1] <= everything
    if name in FILLED:
        assert all(seen), "both have rows here"


FILLED = {
    *("billing.bill", "billing.bill_file", "billing.bill_line", "css.account", "css.customer", "css.line", "css.service"),
    *("css.service_number", "css.outbox_message", "css.outbox_counter", "css.appointment", "css.provider"),
    *("orders.customer_order", "orders.order_item", "orders.kci_event", "partners.inbox_message", "partners.partner_key"),
    *("repairs.fault", "repairs.fault_event", "repairs.clock_interval", "repairs.fault_conversation"),
}
"""Tables in which both partners of the world have rows: there the test would notice a wall that shows nothing at all."""

WRITES = {
    "insert": "INSERT INTO css.outbox_counter (provider_id, last_sequence) VALUES (:theirs, 1)",
    "insert its own": "INSERT INTO css.outbox_counter (provider_id, last_sequence) VALUES (:ours, 1)",
    "update": "UPDATE css.account SET billing_name = 'X'",
    "update its own": "UPDATE orders.customer_order SET contact_name = 'X' WHERE provider_id = :ours",
    "delete": "DELETE FROM orders.customer_order",
    "truncate": "TRUNCATE css.outbox_message",
    "lock": "SELECT number FROM orders.customer_order FOR UPDATE",
    "create": "CREATE TABLE public.mine (id int)",
    "temporary": "CREATE TEMPORARY TABLE mine (id int)",
    "wall down": "ALTER TABLE css.account DISABLE ROW LEVEL SECURITY",
    "policy": "CREATE POLICY more ON css.account USING (true)",
    "keys": "SELECT key_sha256 FROM partners.partner_key",
    "terms": "SELECT push_key FROM partners.partner_terms",
    "operators": "SELECT password_hash FROM css.operator",
    "other columns": "SELECT billing_name FROM css.account",
    "calls": "SELECT count(*) FROM billing.rated_call",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "read a file": "SELECT pg_read_file('PG_VERSION')",
}


@pytest.mark.parametrize("deed", WRITES)
def test_the_role_does_nothing_and_reads_nothing_beside(both: World, house: Connection, deed: str) -> None:
    become(house, both.ours.partner.provider_id)
    numbers = {"ours": both.ours.partner.provider_id, "theirs": both.theirs.partner.provider_id}
    statement = text(WRITES[deed])
    if deed == "temporary":
        house.execute(text("SET TRANSACTION READ ONLY"))  # PUBLIC may make temporary tables; the gateway's transactions may not
    with pytest.raises(DBAPIError) as refusal:
        house.execute(statement, {name: number for name, number in numbers.items() if f":{name}" in WRITES[deed]})
    assert getattr(refusal.value.orig, "pgcode", "") in {"42501", "25006"}


@pytest.mark.parametrize("words", [w for w in WRITES if w != "temporary"])
def test_whoever_reads_for_a_partner_cannot_write_either(both: World, engine: Engine, words: str) -> None:
    numbers = {"ours": both.ours.partner.provider_id, "theirs": both.theirs.partner.provider_id}
    with pytest.raises(Unavailable) as refusal, partner_reading(engine, both.ours.partner) as session:
        session.execute(text(WRITES[words]), {name: number for name, number in numbers.items() if f":{name}" in WRITES[words]})
    assert refusal.value.code == "CSS040E"


def test_another_partner_is_not_reached_by_what_a_statement_is_told(both: World, engine: Engine) -> None:
    other = {"id": both.theirs.partner.provider_id, "number": both.theirs.order}
    with partner_reading(engine, both.ours.partner) as session:
        assert session.execute(text("SELECT number FROM orders.customer_order WHERE provider_id = :id"), other).all() == []
        assert session.execute(text("SELECT number FROM orders.customer_order WHERE number = :number OR true"), other).scalars().all() == [
            both.ours.order
        ]
        assert session.execute(text("SELECT code FROM css.provider ORDER BY code")).scalars().all() == ["BRACKWAT", "RETAIL"]


def test_nothing_of_it_is_left_on_the_connection(both: World, engine: Engine) -> None:
    """The next who gets the connection from the pool is the house, also after an error within."""
    single = engine.execution_options()
    everything = text("SELECT current_user, coalesce(current_setting('css.partner', true), ''), current_setting('transaction_read_only')")
    count = text("SELECT count(DISTINCT provider_id) FROM orders.customer_order")
    with single.connect() as connection:
        before = connection.execute(everything).one()
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    for _ in range(2):
        with partner_reading(engine, both.ours.partner) as session:
            assert session.execute(count).scalar() == 1
        with pytest.raises(ZeroDivisionError), partner_reading(engine, both.theirs.partner) as session:
            session.execute(count)
            raise ZeroDivisionError
        with pytest.raises(Unavailable), partner_reading(engine, both.theirs.partner) as session:
            session.execute(text("DELETE FROM css.account"))
        with single.connect() as connection:
            assert connection.connection.dbapi_connection.info.backend_pid == pid  # type: ignore[union-attr]
            assert connection.execute(everything).one() == before
            assert connection.execute(count).scalar() == 2


def test_within_a_transaction_the_house_is_back_after_the_visit(both: World, engine: Engine) -> None:
    count = text("SELECT count(DISTINCT provider_id) FROM orders.customer_order")
    with transaction(engine) as session:
        session.execute(text("UPDATE css.account SET billing_name = 'Before' WHERE number = :n"), {"n": both.ours.account})
        for side in (both.ours, both.theirs):
            with behind_the_wall(session, side.partner):
                assert session.execute(count).scalar() == 1
            assert session.execute(count).scalar() == 2
        with pytest.raises(ZeroDivisionError), behind_the_wall(session, both.ours.partner):
            raise ZeroDivisionError
        with pytest.raises(DBAPIError), behind_the_wall(session, both.ours.partner):
            session.execute(text("DELETE FROM css.account"))
        session.execute(text("UPDATE css.account SET billing_name = 'After' WHERE number = :n"), {"n": both.theirs.account})
    with engine.connect() as connection:
        names = text("SELECT billing_name FROM css.account WHERE number IN (:a, :b) ORDER BY billing_name")
        assert connection.execute(names, {"a": both.ours.account, "b": both.theirs.account}).scalars().all() == ["After", "Before"]


def test_a_plan_kept_for_the_house_is_not_used_for_a_partner(both: World, engine: Engine) -> None:
    """A connection that prepares its statements plans one anew for another role."""
    numbers: Select[Any] = select(column("number")).select_from(table("customer_order", schema="orders"))
    own = make_engine(engine.url.render_as_string(hide_password=False))
    prepare_statements(own)
    for _ in range(8):
        with transaction(own) as session:
            assert len(session.execute(numbers).all()) == 2
        for side in (both.ours, both.theirs):
            with partner_reading(own, side.partner) as session:
                assert session.execute(numbers).scalars().all() == [side.order]
    with own.connect() as connection:
        kept = connection.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    own.dispose()
    assert any("customer_order" in statement for statement in kept)


def test_an_order_on_a_line_lost_since_is_told_as_before_and_the_line_is_not_there(both: World, engine: Engine) -> None:
    """Where it is, is read from the view of places; whose it is now, is nobody's business."""
    asked = [enquiry("QueryOrder", OrderNumber=both.ours.order), fault_query(both.ours.fault)]
    before = [answer_without_ids(ask(engine, data).body) for data in asked]
    ids = {"us": both.ours.partner.provider_id, "them": both.theirs.partner.provider_id}
    gone = text(
        "UPDATE css.line SET provider_id = :them WHERE provider_id = :us AND id IN"
        " (SELECT line_id FROM orders.customer_order UNION SELECT line_id FROM repairs.fault) RETURNING id"
    )
    with engine.begin() as connection:
        lost = connection.execute(gone, ids).scalars().all()
    assert len(lost) == 2
    assert [answer_without_ids(ask(engine, data).body) for data in asked] == before
    with partner_reading(engine, both.ours.partner) as session:
        assert session.execute(text("SELECT id FROM css.line WHERE id = ANY (:lost)"), {"lost": lost}).all() == []
    with engine.begin() as connection:
        connection.execute(text("UPDATE css.line SET provider_id = :us WHERE id = ANY (:lost)"), {**ids, "lost": lost})


def answer_without_ids(body: bytes) -> str:
    return re.sub(r"<c:(MessageId|ConversationId|RefToMessageId|CreatedAt)>[^<]*<", "", body.decode())
