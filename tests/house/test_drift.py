"""The models and the migrations must build the same database, down to the last condition of the last index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from css.db.migrate import upgrade
from css.migrations.tables import EXTENSIONS, METADATA, SCHEMAS
from tests.conftest import clone
from tests.house.catalog import QUESTIONS, catalog


@pytest.fixture(scope="module")
def from_models(server: str) -> Iterator[Engine]:
    with clone(server, "template0") as engine:
        with engine.begin() as connection:
            for extension in EXTENSIONS:
                connection.execute(text(f"CREATE EXTENSION {extension}"))
            for schema in SCHEMAS:
                connection.execute(text(f"CREATE SCHEMA {schema}"))
            METADATA.create_all(connection)
        yield engine


@pytest.fixture(scope="module")
def from_migrations(server: str) -> Iterator[Engine]:
    with clone(server, "template0") as engine:
        upgrade(engine)
        yield engine


def test_models_and_migrations_make_the_same_catalog(from_models: Engine, from_migrations: Engine) -> None:
    models, migrations = catalog(from_models), catalog(from_migrations)
    drift = [
        *(f"only in the models, {kind}: {line}" for kind in QUESTIONS for line in sorted(models[kind] - migrations[kind])),
        *(f"only in the migrations, {kind}: {line}" for kind in QUESTIONS for line in sorted(migrations[kind] - models[kind])),
    ]
    assert not drift, "\n".join(drift)
    assert len(models["columns"]) > 100


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("ALTER TABLE css.account ADD CONSTRAINT ck_extra CHECK (id > 0)", "constraints"),
        ("CREATE INDEX ix_extra ON css.account (id) WHERE id > 7", "indexes"),
        ("ALTER TABLE css.account ALTER COLUMN id DROP IDENTITY", "columns"),
        ("CREATE FUNCTION css.extra() RETURNS int LANGUAGE sql AS 'SELECT 1'", "functions"),
        ("CREATE VIEW css.extra_v AS SELECT 1 AS one", "views"),
        ("CREATE SEQUENCE css.extra_sequence", "sequences"),
        ("ALTER TABLE batch.block ENABLE ROW LEVEL SECURITY", "relations"),
        ("ALTER TABLE css.account NO FORCE ROW LEVEL SECURITY", "relations"),
        ("DROP POLICY partner ON css.account", "policies"),
        ("GRANT SELECT (opened_on) ON css.account TO css_partner", "columns"),
        ("GRANT SELECT ON css.account TO PUBLIC", "relations"),
    ],
)
def test_the_comparison_would_see_a_change(from_models: Engine, change: str, kind: str) -> None:
    before = catalog(from_models)
    with from_models.connect() as connection, connection.begin() as changed:
        connection.execute(text(change))
        with connection.begin_nested():
            rows = connection.execute(text(QUESTIONS[kind].replace(":", "\\:"))).all()
        after = {" | ".join("-" if value is None else str(value) for value in row) for row in rows}
        changed.rollback()
    assert {line for line in after if "alembic_version" not in line} != before[kind]


def test_no_foreign_key_stands_on_the_tables_of_a_hundred_million_rows(from_migrations: Engine) -> None:
    with from_migrations.connect() as connection:
        found = connection.execute(
            text(
                "SELECT conname FROM pg_constraint"
                " WHERE contype = 'f' AND conrelid::regclass::text IN ('billing.usage_record', 'billing.rated_call')"
            )
        ).all()
    assert found == []


def test_every_constraint_has_a_name_of_our_own_making(from_migrations: Engine) -> None:
    with from_migrations.connect() as connection:
        names = connection.execute(
            text(
                "SELECT k.conrelid::regclass::text || ': ' || k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
                " JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = ANY (:schemas) AND k.contype <> 'n' AND NOT c.relispartition AND k.conname !~ '^(pk|uq|fk|ck|ex)_'"
            ),
            {"schemas": list(SCHEMAS)},
        ).scalars()
        assert list(names) == []
