"""Usage and rating: files in blocks with their raw lines, outcomes, keys of what came before, richer tariffs.

Carries over what the first release had taken in and rated. Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPEN_DISTRICT = """
CREATE OR REPLACE FUNCTION billing.open_district() RETURNS trigger LANGUAGE plpgsql AS $$
-- A new district needs its partition of the volume table, whichever door opened it.
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS billing.%I PARTITION OF billing.rated_call FOR VALUES IN (%L)',
                 'rated_call_' || lower(NEW.code), NEW.code);
  RETURN NULL;
END $$
"""

# --- by hand
STEPS = "INSERT INTO billing.tariff_rate_step (tariff_rate_id, from_second, price, unit_seconds, unit_price) SELECT r.id, 0, 0, v.unit_seconds, r.unit_price FROM billing.tariff_rate r JOIN billing.tariff_version v ON v.id = r.tariff_version_id"


def move_usage() -> None:
    """What the first release had taken in and rated."""
    from css.migrations import first_release_usage  # noqa: PLC0415 - the generated head of this file stays as it is

    first_release_usage.move(op.get_bind())


# --- end by hand


def upgrade() -> None:
    """Build what is new, move what was there, drop what it replaces."""
    for name in ("usage_record", "rated_call"):
        # Copied, not renamed: the new table's constraints want the old one's names.
        op.execute(f"CREATE TABLE billing.old_{name} AS TABLE billing.{name}")
        op.execute(f"DROP TABLE billing.{name}")
    op.create_table(
        "rated_call",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("usage_record_id", sa.BigInteger(), nullable=False),
        sa.Column("rerating_id", sa.BigInteger(), nullable=True),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("charged_number", sa.Text(), nullable=False),
        sa.Column("other_number", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("call_count", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("tariff_rate_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_class", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("chargeable_units", sa.Integer(), nullable=False),
        sa.Column("net_millionths", sa.BigInteger(), nullable=False),
        sa.Column("gross_millionths", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.SmallInteger(), nullable=False),
        sa.Column("service_rate_id", sa.BigInteger(), nullable=True),
        sa.Column("service_net_millionths", sa.BigInteger(), nullable=True),
        sa.Column("wholesale_rate_id", sa.BigInteger(), nullable=True),
        sa.Column("wholesale_net_millionths", sa.BigInteger(), nullable=True),
        sa.Column("is_itemised", sa.Boolean(), nullable=False),
        sa.Column(
            "zero_reason",
            sa.Enum("free", "unanswered", "included", native_enum=False, create_constraint=True, name="zero_reason", length=24),
            nullable=True,
        ),
        schema="billing",
        postgresql_partition_by="LIST (district_code)",
    )
    op.create_index("ix_rated_call_rated_on_account_id", "rated_call", ["rated_on", "account_id"], unique=False, schema="billing")
    op.create_index(
        "ix_rated_call_usage_record_id", "rated_call", ["usage_record_id"], unique=False, schema="billing", postgresql_using="brin"
    )
    op.create_index(
        "uq_rated_call_rerating",
        "rated_call",
        ["district_code", "rerating_id", "usage_record_id", "account_id"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("rerating_id IS NOT NULL"),
    )
    op.create_table(
        "usage_rerating",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("selection", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at_count", sa.BigInteger(), nullable=False),
        sa.Column("changed_count", sa.BigInteger(), nullable=False),
        sa.Column("net_millionths", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_usage_rerating_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_rerating")),
        schema="billing",
    )
    op.create_table(
        "usage_block",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("usage_file_id", sa.BigInteger(), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["usage_file_id"], ["billing.usage_file.id"], name=op.f("fk_usage_block_usage_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_block")),
        sa.UniqueConstraint("usage_file_id", "first_line", name=op.f("uq_usage_block_usage_file_id_first_line")),
        schema="billing",
    )
    op.create_table(
        "usage_call_key",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("call_hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usage_file_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("calls", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_usage_call_key_district_code")),
        sa.ForeignKeyConstraint(["usage_file_id"], ["billing.usage_file.id"], name=op.f("fk_usage_call_key_usage_file_id")),
        sa.PrimaryKeyConstraint("district_code", "call_hour", "usage_file_id", "page", name=op.f("pk_usage_call_key")),
        schema="billing",
    )
    op.create_table(
        "usage_id_key",
        sa.Column("usage_file_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("id_length", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.String(collation="C"), nullable=False),
        sa.Column("last_id", sa.String(collation="C"), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_usage_id_key_district_code")),
        sa.ForeignKeyConstraint(["usage_file_id"], ["billing.usage_file.id"], name=op.f("fk_usage_id_key_usage_file_id")),
        sa.PrimaryKeyConstraint("usage_file_id", "page", name=op.f("pk_usage_id_key")),
        schema="billing",
    )
    op.create_index(
        "ix_usage_id_key_last_id",
        "usage_id_key",
        ["district_code", "supplier", "id_length", "last_id", "first_id"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "usage_set_aside",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("usage_record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("usage_file_id", sa.BigInteger(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "rated",
                "zero-rated",
                "duplicate",
                "suspended",
                "rejected",
                native_enum=False,
                create_constraint=True,
                name="outcome",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("set_aside_on", sa.Date(), nullable=False),
        sa.Column("original_record_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "leg",
            sa.Enum("outgoing", "diverted", "reverse", native_enum=False, create_constraint=True, name="leg", length=24),
            nullable=True,
        ),
        sa.Column("charged_number", sa.Text(), nullable=True),
        sa.Column("other_number", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("chain_id", sa.Text(), nullable=True),
        sa.Column("part_number", sa.Integer(), nullable=True),
        sa.Column("is_last_part", sa.Boolean(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column(
            "settled_as",
            sa.Enum(
                "rated",
                "zero-rated",
                "duplicate",
                "suspended",
                "rejected",
                native_enum=False,
                create_constraint=True,
                name="settled_as",
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_words", sa.Text(), nullable=True),
        sa.CheckConstraint("is_open = (outcome = 'suspended' AND settled_as IS NULL)", name=op.f("ck_usage_set_aside_open_until_settled")),
        sa.CheckConstraint("outcome IN ('duplicate', 'suspended', 'rejected')", name=op.f("ck_usage_set_aside_outcome_is_aside")),
        sa.CheckConstraint(
            "settled_as IS NULL OR (outcome = 'suspended' AND settled_as <> 'suspended') OR (outcome = 'duplicate' AND settled_as IN ('rated', 'zero-rated'))",
            name=op.f("ck_usage_set_aside_settled_from_outcome"),
        ),
        sa.CheckConstraint("(settled_as IS NULL) = (settled_on IS NULL)", name=op.f("ck_usage_set_aside_settled_has_date")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_usage_set_aside_district_code")),
        sa.ForeignKeyConstraint(["usage_file_id"], ["billing.usage_file.id"], name=op.f("fk_usage_set_aside_usage_file_id")),
        sa.PrimaryKeyConstraint("district_code", "usage_record_id", name=op.f("pk_usage_set_aside")),
        schema="billing",
    )
    op.create_index(
        "ix_usage_set_aside_chain",
        "usage_set_aside",
        ["district_code", "supplier", "chain_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("is_open AND chain_id IS NOT NULL"),
    )
    op.create_index(
        "ix_usage_set_aside_chain_settled",
        "usage_set_aside",
        ["district_code", "supplier", "chain_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("settled_as IS NOT NULL AND chain_id IS NOT NULL"),
    )
    op.create_index(
        "ix_usage_set_aside_open",
        "usage_set_aside",
        ["district_code", "reason_code", "set_aside_on"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_usage_set_aside_settled_on",
        "usage_set_aside",
        ["district_code", "settled_on"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("settled_on IS NOT NULL"),
    )
    op.create_index("ix_usage_set_aside_usage_file_id", "usage_set_aside", ["usage_file_id"], unique=False, schema="billing")
    op.create_table(
        "rated_block",
        sa.Column("usage_block_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("rated_count", sa.Integer(), nullable=False),
        sa.Column("zero_rated_count", sa.Integer(), nullable=False),
        sa.Column("suspended_count", sa.Integer(), nullable=False),
        sa.Column("net_millionths", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["usage_block_id"], ["billing.usage_block.id"], name=op.f("fk_rated_block_usage_block_id")),
        sa.PrimaryKeyConstraint("usage_block_id", name=op.f("pk_rated_block")),
        schema="billing",
    )
    op.create_table(
        "tariff_rate_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tariff_rate_id", sa.BigInteger(), nullable=False),
        sa.Column("from_second", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(20, 6), nullable=False),
        sa.Column("unit_seconds", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.Numeric(20, 6), nullable=False),
        sa.CheckConstraint("from_second >= 0", name=op.f("ck_tariff_rate_step_from_second_counts")),
        sa.CheckConstraint("unit_seconds >= 0", name=op.f("ck_tariff_rate_step_unit_seconds_counts")),
        sa.ForeignKeyConstraint(["tariff_rate_id"], ["billing.tariff_rate.id"], name=op.f("fk_tariff_rate_step_tariff_rate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_rate_step")),
        schema="billing",
    )
    op.create_index(
        "ix_tariff_rate_step_tariff_rate_id", "tariff_rate_step", ["tariff_rate_id", "from_second"], unique=True, schema="billing"
    )
    op.add_column(
        "tariff",
        sa.Column(
            "kind",
            sa.Enum("retail", "wholesale", "service", native_enum=False, create_constraint=True, name="kind", length=24),
            server_default="retail",
            nullable=False,
        ),
        schema="billing",
    )
    op.add_column("tariff_rate", sa.Column("maximum_price", sa.Numeric(20, 6), nullable=True), schema="billing")
    op.add_column("tariff_rate", sa.Column("is_free", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="billing")
    op.add_column(
        "tariff_rate", sa.Column("is_access_charge", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="billing"
    )
    op.execute(STEPS)
    op.drop_column("tariff_rate", "unit_price", schema="billing")
    op.add_column(
        "tariff_version",
        sa.Column(
            "state",
            sa.Enum("loaded", "released", "superseded", "withdrawn", native_enum=False, create_constraint=True, name="state", length=24),
            server_default="released",
            nullable=False,
        ),
        schema="billing",
    )
    op.add_column(
        "tariff_version",
        sa.Column(
            "boundary",
            sa.Enum("start", "split", native_enum=False, create_constraint=True, name="boundary", length=24),
            server_default="start",
            nullable=False,
        ),
        schema="billing",
    )
    op.add_column("tariff_version", sa.Column("bank_holiday_nation", sa.Text(), nullable=True), schema="billing")
    op.add_column("tariff_version", sa.Column("minimum_seconds", sa.Integer(), server_default="0", nullable=False), schema="billing")
    op.add_column("tariff_version", sa.Column("service_tariff_id", sa.BigInteger(), nullable=True), schema="billing")
    op.add_column("tariff_version", sa.Column("loaded_by", sa.Text(), server_default="system", nullable=False), schema="billing")
    op.add_column("tariff_version", sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=True), schema="billing")
    op.add_column("tariff_version", sa.Column("released_by", sa.Text(), nullable=True), schema="billing")
    op.add_column("tariff_version", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True), schema="billing")
    op.add_column("tariff_version", sa.Column("document_sha256", sa.Text(), nullable=True), schema="billing")
    op.create_foreign_key(
        op.f("fk_tariff_version_service_tariff_id"),
        "tariff_version",
        "tariff",
        ["service_tariff_id"],
        ["id"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.drop_column("tariff_version", "unit_seconds", schema="billing")
    op.add_column("usage_file", sa.Column("layout", sa.Text()), schema="billing")
    op.execute("UPDATE billing.usage_file SET layout = 'uk-standard-cdr'")
    op.alter_column("usage_file", "layout", nullable=False, schema="billing")
    op.add_column("usage_file", sa.Column("created_at", sa.DateTime(timezone=True)), schema="billing")
    op.execute("UPDATE billing.usage_file SET created_at = (business_date + 1)::timestamp AT TIME ZONE 'UTC'")
    op.alter_column("usage_file", "created_at", nullable=False, schema="billing")
    op.add_column("usage_file", sa.Column("to_rate_count", sa.BigInteger()), schema="billing")
    op.execute("UPDATE billing.usage_file SET to_rate_count = loaded_count")
    op.alter_column("usage_file", "to_rate_count", nullable=False, schema="billing")
    op.create_index("ix_usage_file_business_date", "usage_file", ["district_code", "business_date"], unique=False, schema="billing")
    op.drop_column("usage_file", "rejected_count", schema="billing")
    op.drop_column("usage_file", "loaded_count", schema="billing")
    op.add_column("provider", sa.Column("wholesale_tariff_code", sa.Text(), nullable=True), schema="css")
    op.execute(
        "ALTER TABLE billing.tariff_version ADD CONSTRAINT ck_tariff_version_released_by_second_person CHECK (released_by IS NULL OR released_by <> loaded_by OR loaded_by = 'system')"
    )
    op.execute("ALTER TABLE billing.tariff_version DROP CONSTRAINT ex_tariff_version_overlap")
    op.execute(
        "ALTER TABLE billing.tariff_version ADD CONSTRAINT ex_tariff_version_overlap EXCLUDE USING gist (tariff_id WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (state = 'released')"
    )
    op.execute(
        "ALTER TABLE billing.usage_file ADD CONSTRAINT ck_usage_file_to_rate_of_records CHECK (to_rate_count >= 0 AND record_count >= to_rate_count)"
    )
    op.execute("UPDATE billing.tariff_version SET released_by = 'system', released_at = now(), loaded_at = now()")
    op.execute(
        "ALTER TABLE billing.tariff_version ADD CONSTRAINT ck_tariff_version_released_is_stamped CHECK ((state IN ('released', 'superseded')) = (released_at IS NOT NULL))"
    )
    op.execute(sa.text(OPEN_DISTRICT.replace(":", "\\:")))
    for table, column in (("usage_block", "raw"), ("usage_call_key", "calls"), ("usage_id_key", "ids")):
        op.execute(f"ALTER TABLE billing.{table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
    move_usage()
    for name in ("usage_record", "rated_call"):
        op.execute(f"DROP TABLE billing.old_{name}")


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
