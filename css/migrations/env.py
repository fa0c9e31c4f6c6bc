"""Alembic's way in. Always online, always on the connection that ``css.db.migrate.upgrade`` prepared."""

from __future__ import annotations

from alembic import context

from css.migrations.tables import METADATA, SCHEMAS


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Only our schemas: what else lives in the database is not ours to compare."""
    return kind != "schema" or name in SCHEMAS


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_schemas=True,
    include_name=include_name,
    compare_type=True,
    version_table_schema="public",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
