"""The house: every table of the first release, its views, functions and triggers.

Written from the models; the drift test compares the two catalogs. Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("css", "care", "orders", "repairs", "billing", "batch", "partners")
EXTENSIONS = ("btree_gist",)
STORED = (
    """
CREATE FUNCTION css.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
-- What is posted or audited is never edited; a correction is a new row.
BEGIN
  RAISE EXCEPTION 'rows of %.% are only ever added', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON css.audit_event FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.journal_entry FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.posting FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE TRIGGER payment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.payment FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE FUNCTION billing.entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
-- Debits equal credits in every entry, checked when the transaction commits.
BEGIN
  IF (SELECT coalesce(sum(p.amount), 0) FROM billing.posting p WHERE p.journal_entry_id = NEW.journal_entry_id) <> 0 THEN
    RAISE EXCEPTION 'journal entry % does not balance', NEW.journal_entry_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_journal_entry_balances';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE CONSTRAINT TRIGGER ck_journal_entry_balances AFTER INSERT ON billing.posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing.entry_balances()
""",
    """
CREATE FUNCTION billing.open_district() RETURNS trigger LANGUAGE plpgsql AS $$
-- A new district needs its partitions of the volume tables, whichever door opened it.
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS billing.%I PARTITION OF billing.usage_record FOR VALUES IN (%L)',
                 'usage_record_' || lower(NEW.code), NEW.code);
  EXECUTE format('CREATE TABLE IF NOT EXISTS billing.%I PARTITION OF billing.rated_call FOR VALUES IN (%L)',
                 'rated_call_' || lower(NEW.code), NEW.code);
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER district_partitions AFTER INSERT ON css.district FOR EACH ROW EXECUTE FUNCTION billing.open_district()
""",
    """
CREATE TRIGGER contact_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.contact FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE SEQUENCE css.account_serial
""",
    """
CREATE SEQUENCE css.customer_serial
""",
    """
CREATE SEQUENCE css.fault_serial
""",
    """
CREATE SEQUENCE css.order_serial
""",
    """
CREATE SEQUENCE css.payment_serial
""",
    """
CREATE FUNCTION css.service_within_line() RETURNS trigger LANGUAGE plpgsql AS $$
-- A service lives within its line's life; no check constraint can look at another table.
BEGIN
  IF TG_TABLE_NAME = 'service' THEN
    -- FOR SHARE waits for whoever is ending the line at this moment, and makes them wait for us.
    PERFORM 1 FROM css.line l WHERE l.id = NEW.line_id AND NEW.starts_on >= l.starts_on
        AND (l.ends_on IS NULL OR (NEW.ends_on IS NOT NULL AND NEW.ends_on <= l.ends_on)) FOR SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'service outside the life of its line' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_service_within_line';
    END IF;
  -- Each table has its own branch: NEW has no line_id when it is a line.
  ELSIF EXISTS (
       SELECT 1 FROM css.service s WHERE s.line_id = NEW.id AND (s.starts_on < NEW.starts_on
          OR (NEW.ends_on IS NOT NULL AND (s.ends_on IS NULL OR s.ends_on > NEW.ends_on))))
  THEN
    RAISE EXCEPTION 'line ends before its services' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_line_covers_services';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE CONSTRAINT TRIGGER ck_service_within_line AFTER INSERT OR UPDATE OF line_id, starts_on, ends_on ON css.service
  DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION css.service_within_line()
""",
    """
CREATE CONSTRAINT TRIGGER ck_line_covers_services AFTER UPDATE OF starts_on, ends_on ON css.line
  DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION css.service_within_line()
""",
    """
CREATE TRIGGER kci_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON orders.kci_event FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE VIEW orders.open_order_v WITH (security_invoker = true) AS
SELECT o.id AS order_id, o.number, o.district_code, o.provider_id, o.account_id, o.line_id, o.kind, o.state,
       o.required_on, o.committed_on, o.target_on, o.telephone_number, o.placed_at
  FROM orders.customer_order o
 WHERE o.state IN ('acknowledged', 'committed', 'held')
""",
    """
CREATE TRIGGER fault_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON repairs.fault_event FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()
""",
    """
CREATE VIEW repairs.open_fault_v WITH (security_invoker = true) AS
SELECT f.id AS fault_id, f.number, f.district_code, f.provider_id, f.account_id, f.line_id, f.state, f.symptom_code,
       f.care_level, f.reported_at, f.due_at
  FROM repairs.fault f
 WHERE f.state = 'reported'
""",
)


def upgrade() -> None:
    """Build everything."""
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "bill_series",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_bill_series")),
        schema="billing",
    )
    op.create_table(
        "compensation_rate",
        sa.Column(
            "kind",
            sa.Enum(
                "delayed-repair", "missed-appointment", "delayed-start", native_enum=False, create_constraint=True, name="kind", length=24
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "starts_on", name=op.f("pk_compensation_rate")),
        schema="billing",
    )
    op.create_table(
        "nominal",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("asset", "liability", "income", "expense", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_nominal")),
        schema="billing",
    )
    op.create_table(
        "rated_call",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("usage_record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("tariff_rate_id", sa.BigInteger(), nullable=False),
        sa.Column("charge_class", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("chargeable_units", sa.Integer(), nullable=False),
        sa.Column("net_millionths", sa.BigInteger(), nullable=False),
        sa.Column("gross_millionths", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.SmallInteger(), nullable=False),
        sa.Column("is_itemised", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("district_code", "usage_record_id", name=op.f("pk_rated_call")),
        schema="billing",
        postgresql_partition_by="LIST (district_code)",
    )
    op.create_index("ix_rated_call_account_id_rated_on", "rated_call", ["account_id", "rated_on"], unique=False, schema="billing")
    op.create_table(
        "tariff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
        sa.UniqueConstraint("code", name=op.f("uq_tariff_code")),
        schema="billing",
    )
    op.create_table(
        "usage_record",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("usage_file_id", sa.BigInteger(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("supplier_record_id", sa.Text(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_usage_record_duration_not_negative")),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_usage_record")),
        schema="billing",
        postgresql_partition_by="LIST (district_code)",
    )
    op.create_index("ix_usage_record_usage_file_id", "usage_record", ["usage_file_id"], unique=False, schema="billing")
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_number", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        schema="css",
    )
    op.create_index("ix_audit_event_actor_name_occurred_at", "audit_event", ["actor_name", "occurred_at"], unique=False, schema="css")
    op.create_index("ix_audit_event_subject", "audit_event", ["subject_kind", "subject_number"], unique=False, schema="css")
    op.create_table(
        "command_answer",
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("command_sha256", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor_kind", "actor_name", "token", name=op.f("pk_command_answer")),
        schema="css",
    )
    op.create_table(
        "district",
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "nation",
            sa.Enum(
                "england-and-wales", "scotland", "northern-ireland", native_enum=False, create_constraint=True, name="nation", length=24
            ),
            nullable=False,
        ),
        sa.CheckConstraint("code ~ '^[A-Z]{2}$'", name=op.f("ck_district_code_form")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_district")),
        schema="css",
    )
    op.create_table(
        "operator",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("failed_sign_ons", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_signed_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,7}$'", name=op.f("ck_operator_code_form")),
        sa.CheckConstraint(
            "roles <@ ARRAY['clerk','repair','billing','scheduler','supervisor']::text[]", name=op.f("ck_operator_roles_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
        sa.UniqueConstraint("code", name=op.f("uq_operator_code")),
        schema="css",
    )
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("line", "feature", "care", "one-off", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column("segments", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("minimum_term_months", sa.Integer(), server_default="0", nullable=False),
        sa.Column("care_level", sa.Text(), nullable=True),
        sa.Column("tariff_code", sa.Text(), nullable=True),
        sa.Column("nominal_code", sa.Text(), nullable=False),
        sa.Column(
            "vat_code",
            sa.Enum("standard", "reduced", "zero", "exempt", native_enum=False, create_constraint=True, name="vat_code", length=24),
            nullable=False,
        ),
        sa.Column("needs_visit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_orderable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("code", name=op.f("uq_product_code")),
        schema="css",
    )
    op.create_table(
        "provider",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("is_own_retail", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("address_lines", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("vat_number", sa.Text(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{2,7}$'", name=op.f("ck_provider_code_form")),
        sa.CheckConstraint("vat_number IS NULL OR vat_number ~ '^GB([0-9]{9}|[0-9]{12})$'", name=op.f("ck_provider_vat_number_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
        sa.UniqueConstraint("code", name=op.f("uq_provider_code")),
        sa.UniqueConstraint("party_id", name=op.f("uq_provider_party_id")),
        schema="css",
    )
    op.create_index(
        "uq_provider_own_retail", "provider", ["is_own_retail"], unique=True, schema="css", postgresql_where=sa.text("is_own_retail")
    )
    op.create_table(
        "vat_rate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "code",
            sa.Enum("standard", "reduced", "zero", "exempt", native_enum=False, create_constraint=True, name="code", length=24),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("percent", sa.Numeric(5, 2), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="), (sa.text("daterange(starts_on, ends_on)"), "&&"), using="gist", name="ex_vat_rate_overlap"
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_vat_rate_ends_after_start")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_vat_rate_percent_of_hundred")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vat_rate")),
        schema="css",
    )
    op.create_table(
        "job_instance",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("net", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("parameter_key", sa.Text(), server_default="", nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=Text()), server_default="{}", nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned", "running", "failed", "stopped", "completed", native_enum=False, create_constraint=True, name="state", length=24
            ),
            nullable=False,
        ),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_job_instance_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_instance")),
        sa.UniqueConstraint(
            "net",
            "business_date",
            "district_code",
            "parameter_key",
            name=op.f("uq_job_instance_net_business_date_district_code_parameter_key"),
        ),
        schema="batch",
    )
    op.create_table(
        "bill_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("issue_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_bill_run_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_run")),
        sa.UniqueConstraint("district_code", "business_date", name=op.f("uq_bill_run_district_code_business_date")),
        schema="billing",
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverses_entry_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_journal_entry_district_code")),
        sa.ForeignKeyConstraint(["reverses_entry_id"], ["billing.journal_entry.id"], name=op.f("fk_journal_entry_reverses_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("source_key", name=op.f("uq_journal_entry_source_key")),
        schema="billing",
    )
    op.create_index(
        "ix_journal_entry_district_code_business_date", "journal_entry", ["district_code", "business_date"], unique=False, schema="billing"
    )
    op.create_table(
        "tariff_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tariff_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("basis", sa.Enum("net", "gross", native_enum=False, create_constraint=True, name="basis", length=24), nullable=False),
        sa.Column("unit_seconds", sa.Integer(), nullable=False),
        sa.Column("daytime_from", sa.Time(), nullable=False),
        sa.Column("daytime_to", sa.Time(), nullable=False),
        sa.Column("price_rounding_millionths", sa.BigInteger(), server_default="1", nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("tariff_id"), "="), (sa.text("daterange(starts_on, ends_on)"), "&&"), using="gist", name="ex_tariff_version_overlap"
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_tariff_version_ends_after_start")),
        sa.ForeignKeyConstraint(["tariff_id"], ["billing.tariff.id"], name=op.f("fk_tariff_version_tariff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_version")),
        sa.UniqueConstraint("tariff_id", "version", name=op.f("uq_tariff_version_tariff_id_version")),
        schema="billing",
    )
    op.create_table(
        "usage_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.Column("loaded_count", sa.BigInteger(), nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), nullable=False),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.CheckConstraint("record_count = loaded_count + rejected_count", name=op.f("ck_usage_file_read_is_loaded_and_rejected")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_usage_file_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_file")),
        sa.UniqueConstraint("district_code", "sha256", name="uq_usage_file_content"),
        sa.UniqueConstraint("district_code", "supplier", "sequence", name="uq_usage_file_sequence"),
        schema="billing",
    )
    op.create_table(
        "business_date",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("current_on", sa.Date(), nullable=False),
        sa.Column("closed_through", sa.Date(), nullable=False),
        sa.CheckConstraint("closed_through < current_on", name=op.f("ck_business_date_closed_before_current")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_business_date_district_code")),
        sa.PrimaryKeyConstraint("district_code", name=op.f("pk_business_date")),
        schema="css",
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column(
            "kind", sa.Enum("person", "organisation", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False
        ),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("surname", sa.Text(), nullable=True),
        sa.Column("organisation_name", sa.Text(), nullable=True),
        sa.Column("company_number", sa.Text(), nullable=True),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("is_vulnerable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("access_needs", sa.Text(), nullable=True),
        sa.Column("password_phrase", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(kind = 'organisation') = (organisation_name IS NOT NULL)", name=op.f("ck_customer_organisation_has_name")),
        sa.CheckConstraint("(kind = 'person') = (surname IS NOT NULL)", name=op.f("ck_customer_person_has_surname")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_customer_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_number")),
        schema="css",
    )
    op.create_index(
        "ix_customer_search_name",
        "customer",
        [sa.literal_column("lower(coalesce(surname, organisation_name)) text_pattern_ops")],
        unique=False,
        schema="css",
    )
    op.create_table(
        "exchange",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_exchange_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange")),
        sa.UniqueConstraint("district_code", "code", name=op.f("uq_exchange_district_code_code")),
        schema="css",
    )
    op.create_table(
        "operator_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["css.operator.id"], name=op.f("fk_operator_session_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_operator_session_token_sha256")),
        schema="css",
    )
    op.create_index(
        "ix_operator_session_open",
        "operator_session",
        ["operator_id"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "outbox_counter",
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_outbox_counter_provider_id")),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_outbox_counter")),
        schema="css",
    )
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("ref_to_message_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_outbox_message_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_message_id")),
        sa.UniqueConstraint("provider_id", "sequence", name=op.f("uq_outbox_message_provider_id_sequence")),
        sa.UniqueConstraint("source_key", name=op.f("uq_outbox_message_source_key")),
        schema="css",
    )
    op.create_table(
        "product_price",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("rental", "connection", "one-off", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column(
            "segment",
            sa.Enum("residential", "business", "wholesale", native_enum=False, create_constraint=True, name="segment", length=24),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("basis", sa.Enum("net", "gross", native_enum=False, create_constraint=True, name="basis", length=24), nullable=False),
        sa.Column("net_price", sa.Numeric(20, 6), nullable=False),
        sa.Column("gross_price", sa.Numeric(20, 6), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("product_id"), "="),
            (sa.column("kind"), "="),
            (sa.column("segment"), "="),
            (sa.text("daterange(starts_on, ends_on)"), "&&"),
            using="gist",
            name="ex_product_price_overlap",
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_product_price_ends_after_start")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_product_price_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_price")),
        schema="css",
    )
    op.create_table(
        "inbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("acknowledgement", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("received", "done", "refused", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("outcome_code", sa.Text(), nullable=True),
        sa.Column("outcome_words", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'received') = (handled_at IS NULL)", name=op.f("ck_inbox_message_handled_has_instant")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_inbox_message_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint("provider_id", "message_id", name=op.f("uq_inbox_message_provider_id_message_id")),
        schema="partners",
    )
    op.create_index(
        "ix_inbox_message_waiting",
        "inbox_message",
        ["provider_id", "id"],
        unique=False,
        schema="partners",
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "partner_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("key_sha256", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_partner_key_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_key")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_partner_key_key_sha256")),
        schema="partners",
    )
    op.create_table(
        "rejected_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("acknowledgement", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_rejected_message_times_counts")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_rejected_message_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_message")),
        sa.UniqueConstraint("provider_id", "body_sha256", name=op.f("uq_rejected_message_provider_id_body_sha256")),
        schema="partners",
    )
    op.create_table(
        "control_total",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("item_count", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_control_total_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_total")),
        sa.UniqueConstraint("job_instance_id", "step", "name", name=op.f("uq_control_total_job_instance_id_step_name")),
        schema="batch",
    )
    op.create_table(
        "job_execution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "completed", "failed", "stopped", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_code", sa.Integer(), nullable=True),
        sa.Column("message_code", sa.Text(), nullable=True),
        sa.Column("message_words", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_job_execution_ended_when_not_running")),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_job_execution_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_execution")),
        sa.UniqueConstraint("job_instance_id", "attempt", name=op.f("uq_job_execution_job_instance_id_attempt")),
        schema="batch",
    )
    op.create_index(
        "uq_job_execution_running",
        "job_execution",
        ["job_instance_id"],
        unique=True,
        schema="batch",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "operator_action",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_operator_action_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_action")),
        schema="batch",
    )
    op.create_table(
        "reject",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "replayed", "dropped", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_reject_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reject")),
        sa.UniqueConstraint("source_key", name=op.f("uq_reject_source_key")),
        schema="batch",
    )
    op.create_index(
        "ix_reject_open", "reject", ["job_instance_id", "step"], unique=False, schema="batch", postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "tariff_rate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tariff_version_id", sa.BigInteger(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("is_short_code", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("charge_class", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("setup_price", sa.Numeric(20, 6), nullable=False),
        sa.Column("unit_price", sa.Numeric(20, 6), nullable=False),
        sa.Column("minimum_price", sa.Numeric(20, 6), nullable=False),
        sa.Column("is_itemised", sa.Boolean(), nullable=False),
        sa.CheckConstraint("band IN ('day', 'evening', 'weekend')", name=op.f("ck_tariff_rate_band_known")),
        sa.ForeignKeyConstraint(["tariff_version_id"], ["billing.tariff_version.id"], name=op.f("fk_tariff_rate_tariff_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_rate")),
        sa.UniqueConstraint(
            "tariff_version_id", "prefix", "is_short_code", "band", name=op.f("uq_tariff_rate_tariff_version_id_prefix_is_short_code_band")
        ),
        schema="billing",
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("payer_customer_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "segment",
            sa.Enum("residential", "business", "wholesale", native_enum=False, create_constraint=True, name="segment", length=24),
            nullable=False,
        ),
        sa.Column("billing_name", sa.Text(), nullable=False),
        sa.Column("billing_address_lines", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("billing_postcode", sa.Text(), nullable=False),
        sa.Column("cycle_day", sa.Integer(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum("monthly", "quarterly", native_enum=False, create_constraint=True, name="frequency", length=24),
            nullable=False,
        ),
        sa.Column("cycle_month_group", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "payment_means",
            sa.Enum("direct-debit", "on-demand", native_enum=False, create_constraint=True, name="payment_means", length=24),
            nullable=False,
        ),
        sa.Column("mandate_reference", sa.Text(), nullable=True),
        sa.Column(
            "vat_status",
            sa.Enum("standard", "exempt", "reverse-charge", native_enum=False, create_constraint=True, name="vat_status", length=24),
            nullable=False,
        ),
        sa.Column("vat_number", sa.Text(), nullable=True),
        sa.Column(
            "medium",
            sa.Enum("paper", "email", "large-print", "xml", native_enum=False, create_constraint=True, name="medium", length=24),
            nullable=False,
        ),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "payment_means <> 'direct-debit' OR mandate_reference IS NOT NULL", name=op.f("ck_account_direct_debit_has_mandate")
        ),
        sa.CheckConstraint("vat_number IS NULL OR vat_number ~ '^GB([0-9]{9}|[0-9]{12})$'", name=op.f("ck_account_vat_number_form")),
        sa.CheckConstraint(
            "vat_status <> 'reverse-charge' OR vat_number IS NOT NULL", name=op.f("ck_account_reverse_charge_has_vat_number")
        ),
        sa.CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name=op.f("ck_account_closed_after_opened")),
        sa.CheckConstraint("cycle_day BETWEEN 1 AND 31", name=op.f("ck_account_cycle_day_of_month")),
        sa.CheckConstraint("cycle_month_group BETWEEN 1 AND 3", name=op.f("ck_account_cycle_month_group_of_quarter")),
        sa.ForeignKeyConstraint(["customer_id"], ["css.customer.id"], name=op.f("fk_account_customer_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_account_district_code")),
        sa.ForeignKeyConstraint(["payer_customer_id"], ["css.customer.id"], name=op.f("fk_account_payer_customer_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_account_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("number", name=op.f("uq_account_number")),
        schema="css",
    )
    op.create_index("ix_account_billing_postcode", "account", ["billing_postcode"], unique=False, schema="css")
    op.create_index("ix_account_customer_id", "account", ["customer_id"], unique=False, schema="css")
    op.create_index("ix_account_district_code_provider_id", "account", ["district_code", "provider_id"], unique=False, schema="css")
    op.create_index("ix_account_email", "account", ["email"], unique=False, schema="css", postgresql_where=sa.text("email IS NOT NULL"))
    op.create_table(
        "cabinet",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_cabinet_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cabinet")),
        sa.UniqueConstraint("exchange_id", "code", name=op.f("uq_cabinet_exchange_id_code")),
        schema="css",
    )
    op.create_table(
        "contact_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", sa.Enum("phone", "mobile", "email", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("is_preferred", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["css.customer.id"], name=op.f("fk_contact_point_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        schema="css",
    )
    op.create_index("ix_contact_point_customer_id", "contact_point", ["customer_id"], unique=False, schema="css")
    op.create_index("ix_contact_point_value", "contact_point", ["value"], unique=False, schema="css")
    op.create_table(
        "number_block",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=False),
        sa.Column("first_number", sa.Text(), nullable=False),
        sa.Column("last_number", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("numrange(first_number::numeric, last_number::numeric, '[]')"), "&&"), using="gist", name="ex_number_block_overlap"
        ),
        sa.CheckConstraint("first_number ~ '^44[0-9]{9,10}$'", name=op.f("ck_number_block_first_number_form")),
        sa.CheckConstraint(
            "first_number <= last_number AND length(first_number) = length(last_number)", name=op.f("ck_number_block_block_is_ordered")
        ),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_number_block_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_block")),
        schema="css",
    )
    op.create_index(op.f("ix_number_block_exchange_id"), "number_block", ["exchange_id"], unique=False, schema="css")
    op.create_table(
        "step_execution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("job_execution_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "failed", "completed", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=Text()), server_default="{}", nullable=False),
        sa.Column("read_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("filtered_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'completed' OR read_count = written_count + filtered_count + rejected_count",
            name=op.f("ck_step_execution_counts_close"),
        ),
        sa.ForeignKeyConstraint(["job_execution_id"], ["batch.job_execution.id"], name=op.f("fk_step_execution_job_execution_id")),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_step_execution_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_execution")),
        sa.UniqueConstraint("job_instance_id", "step", name=op.f("uq_step_execution_job_instance_id_step")),
        schema="batch",
    )
    op.create_table(
        "account_cycle",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("next_bill_on", sa.Date(), nullable=False),
        sa.Column("usage_billed_through", sa.Date(), nullable=True),
        sa.Column("is_finished", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_account_cycle_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_account_cycle_district_code")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_cycle")),
        schema="billing",
    )
    op.create_index(
        "ix_account_cycle_due",
        "account_cycle",
        ["district_code", "next_bill_on"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("NOT is_finished"),
    )
    op.create_table(
        "bill",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bill_run_id", sa.BigInteger(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum("bill", "final", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "calculated", "held", "released", "posted", "issued", native_enum=False, create_constraint=True, name="state", length=24
            ),
            nullable=False,
        ),
        sa.Column("hold_code", sa.Text(), nullable=True),
        sa.Column("hold_words", sa.Text(), nullable=True),
        sa.Column("series", sa.Text(), nullable=True),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("issue_on", sa.Date(), nullable=False),
        sa.Column("period_starts_on", sa.Date(), nullable=False),
        sa.Column("period_ends_on", sa.Date(), nullable=False),
        sa.Column("usage_after", sa.Date(), nullable=True),
        sa.Column("usage_through", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("brought_forward", sa.BigInteger(), nullable=False),
        sa.Column("payments_received", sa.BigInteger(), nullable=False),
        sa.Column("outside_total", sa.BigInteger(), nullable=False),
        sa.Column("invoice_net", sa.BigInteger(), nullable=False),
        sa.Column("invoice_vat", sa.BigInteger(), nullable=False),
        sa.Column("invoice_gross", sa.BigInteger(), nullable=False),
        sa.Column("amount_due", sa.BigInteger(), nullable=False),
        sa.Column("payer", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.CheckConstraint("(number IS NULL) = (state IN ('calculated', 'held'))", name=op.f("ck_bill_numbered_when_released")),
        sa.CheckConstraint("(serial IS NULL) = (number IS NULL)", name=op.f("ck_bill_number_has_serial")),
        sa.CheckConstraint(
            "amount_due = brought_forward - payments_received + outside_total + invoice_gross", name=op.f("ck_bill_amount_due_adds_up")
        ),
        sa.CheckConstraint("invoice_gross = invoice_net + invoice_vat", name=op.f("ck_bill_invoice_adds_up")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_bill_account_id")),
        sa.ForeignKeyConstraint(["bill_run_id"], ["billing.bill_run.id"], name=op.f("fk_bill_bill_run_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_bill_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill")),
        sa.UniqueConstraint("bill_run_id", "account_id", name=op.f("uq_bill_bill_run_id_account_id")),
        sa.UniqueConstraint("number", name=op.f("uq_bill_number")),
        sa.UniqueConstraint("series", "serial", name=op.f("uq_bill_series_serial")),
        schema="billing",
    )
    op.create_index("ix_bill_account_id", "bill", ["account_id"], unique=False, schema="billing")
    op.create_index(
        "ix_bill_not_issued",
        "bill",
        ["district_code", "account_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("state <> 'issued'"),
    )
    op.create_table(
        "bill_run_account",
        sa.Column("bill_run_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum("bill", "final", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column("cycle_on", sa.Date(), nullable=False),
        sa.Column("parked_code", sa.Text(), nullable=True),
        sa.Column("parked_words", sa.Text(), nullable=True),
        sa.CheckConstraint("(parked_code IS NULL) = (parked_words IS NULL)", name=op.f("ck_bill_run_account_parked_has_words")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_bill_run_account_account_id")),
        sa.ForeignKeyConstraint(["bill_run_id"], ["billing.bill_run.id"], name=op.f("fk_bill_run_account_bill_run_id")),
        sa.PrimaryKeyConstraint("bill_run_id", "account_id", name=op.f("pk_bill_run_account")),
        schema="billing",
    )
    op.create_table(
        "outside_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", sa.Enum("compensation", "late-fee", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_outside_item_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_item")),
        sa.UniqueConstraint("source_key", name=op.f("uq_outside_item_source_key")),
        schema="billing",
    )
    op.create_index(
        "ix_outside_item_account_id_business_date", "outside_item", ["account_id", "business_date"], unique=False, schema="billing"
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "card",
                "cheque",
                "cash",
                "bank-transfer",
                "direct-debit",
                native_enum=False,
                create_constraint=True,
                name="method",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_payment_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_payment_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_number")),
        schema="billing",
    )
    op.create_index("ix_payment_account_id_business_date", "payment", ["account_id", "business_date"], unique=False, schema="billing")
    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("journal_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("nominal_code", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(nominal_code = 'DEBTORS') = (account_id IS NOT NULL)", name=op.f("ck_posting_debtors_names_account")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_posting_amount_says_something")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_posting_account_id")),
        sa.ForeignKeyConstraint(["journal_entry_id"], ["billing.journal_entry.id"], name=op.f("fk_posting_journal_entry_id")),
        sa.ForeignKeyConstraint(["nominal_code"], ["billing.nominal.code"], name=op.f("fk_posting_nominal_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        schema="billing",
    )
    op.create_index("ix_posting_account_id_business_date", "posting", ["account_id", "business_date"], unique=False, schema="billing")
    op.create_index("ix_posting_journal_entry_id", "posting", ["journal_entry_id"], unique=False, schema="billing")
    op.create_table(
        "distribution_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cabinet_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cabinet_id"], ["css.cabinet.id"], name=op.f("fk_distribution_point_cabinet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_point")),
        sa.UniqueConstraint("cabinet_id", "code", name=op.f("uq_distribution_point_cabinet_id_code")),
        schema="css",
    )
    op.create_table(
        "block",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("step_execution_id", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("first_key", sa.BigInteger(), nullable=False),
        sa.Column("last_key", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Enum("waiting", "done", native_enum=False, create_constraint=True, name="state", length=24), nullable=False),
        sa.Column("job_execution_id", sa.BigInteger(), nullable=True),
        sa.Column("read_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("filtered_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["job_execution_id"], ["batch.job_execution.id"], name=op.f("fk_block_job_execution_id")),
        sa.ForeignKeyConstraint(["step_execution_id"], ["batch.step_execution.id"], name=op.f("fk_block_step_execution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
        sa.UniqueConstraint("step_execution_id", "block_number", name=op.f("uq_block_step_execution_id_block_number")),
        schema="batch",
    )
    op.create_table(
        "bill_file",
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("rendered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('pdf', 'xml')", name=op.f("ck_bill_file_kind_known")),
        sa.ForeignKeyConstraint(["bill_id"], ["billing.bill.id"], name=op.f("fk_bill_file_bill_id")),
        sa.PrimaryKeyConstraint("bill_id", "kind", name=op.f("pk_bill_file")),
        schema="billing",
    )
    op.create_table(
        "bill_vat",
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("vat_category", sa.Text(), nullable=False),
        sa.Column("vat_basis_points", sa.SmallInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["billing.bill.id"], name=op.f("fk_bill_vat_bill_id")),
        sa.PrimaryKeyConstraint("bill_id", "vat_category", "vat_basis_points", name=op.f("pk_bill_vat")),
        schema="billing",
    )
    op.create_table(
        "pair",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("distribution_point_id", sa.BigInteger(), nullable=False),
        sa.Column("pair_number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("working", "stopped", "spare", "faulty", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.CheckConstraint("pair_number > 0", name=op.f("ck_pair_pair_number_counts")),
        sa.ForeignKeyConstraint(["distribution_point_id"], ["css.distribution_point.id"], name=op.f("fk_pair_distribution_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair")),
        sa.UniqueConstraint("distribution_point_id", "pair_number", name=op.f("uq_pair_distribution_point_id_pair_number")),
        schema="css",
    )
    op.create_index(
        "ix_pair_spare",
        "pair",
        ["distribution_point_id", "pair_number"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("state = 'spare'"),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("match", sa.Enum("gold", "silver", native_enum=False, create_constraint=True, name="match", length=24), nullable=False),
        sa.Column("uprn", sa.Text(), nullable=True),
        sa.Column("premises", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("town", sa.Text(), nullable=False),
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=False),
        sa.Column("distribution_point_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(match = 'gold') = (distribution_point_id IS NOT NULL)", name=op.f("ck_site_gold_is_on_the_network")),
        sa.CheckConstraint("postcode ~ '^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$'", name=op.f("ck_site_postcode_form")),
        sa.ForeignKeyConstraint(["distribution_point_id"], ["css.distribution_point.id"], name=op.f("fk_site_distribution_point_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_site_district_code")),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_site_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("address_key", name=op.f("uq_site_address_key")),
        schema="css",
    )
    op.create_index(op.f("ix_site_distribution_point_id"), "site", ["distribution_point_id"], unique=False, schema="css")
    op.create_index("ix_site_lower_street", "site", [sa.literal_column("lower(street)"), "town"], unique=False, schema="css")
    op.create_index("ix_site_postcode", "site", ["postcode"], unique=False, schema="css")
    op.create_table(
        "appointment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("slot_on", sa.Date(), nullable=False),
        sa.Column("half_day", sa.Enum("AM", "PM", native_enum=False, create_constraint=True, name="half_day", length=24), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "booked",
                "kept",
                "missed",
                "cancelled",
                "lapsed",
                native_enum=False,
                create_constraint=True,
                name="state",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("held_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_appointment_district_code")),
        sa.ForeignKeyConstraint(["site_id"], ["css.site.id"], name=op.f("fk_appointment_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        schema="css",
    )
    op.create_index("ix_appointment_district_code_slot_on", "appointment", ["district_code", "slot_on"], unique=False, schema="css")
    op.create_table(
        "line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("pair_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("planned", "working", "stopped", "recovered", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'recovered') = (ends_on IS NOT NULL)", name=op.f("ck_line_recovered_has_end")),
        sa.CheckConstraint("state NOT IN ('working', 'stopped') OR pair_id IS NOT NULL", name=op.f("ck_line_jointed_has_pair")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_line_ends_after_start")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_line_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_line_district_code")),
        sa.ForeignKeyConstraint(["pair_id"], ["css.pair.id"], name=op.f("fk_line_pair_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_line_provider_id")),
        sa.ForeignKeyConstraint(["site_id"], ["css.site.id"], name=op.f("fk_line_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        schema="css",
    )
    op.create_index("ix_line_account_id", "line", ["account_id"], unique=False, schema="css")
    op.create_index("ix_line_site_id", "line", ["site_id"], unique=False, schema="css")
    op.create_index("uq_line_pair_id_live", "line", ["pair_id"], unique=True, schema="css", postgresql_where=sa.text("ends_on IS NULL"))
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "telephone",
                "letter",
                "email",
                "xml",
                "visit",
                "system",
                native_enum=False,
                create_constraint=True,
                name="channel",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "direction",
            sa.Enum("inbound", "outbound", native_enum=False, create_constraint=True, name="direction", length=24),
            nullable=False,
        ),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column(
            "topic",
            sa.Enum(
                "order",
                "fault",
                "bill",
                "payment",
                "enquiry",
                "complaint",
                native_enum=False,
                create_constraint=True,
                name="topic",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("solved", "open", "not-solved", native_enum=False, create_constraint=True, name="outcome", length=24),
            nullable=False,
        ),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("customer_id IS NOT NULL OR line_id IS NOT NULL", name=op.f("ck_contact_somebody_or_some_line")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_contact_account_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["css.customer.id"], name=op.f("fk_contact_customer_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_contact_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_contact_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        schema="care",
    )
    op.create_index("ix_contact_account_id_occurred_at", "contact", ["account_id", "occurred_at"], unique=False, schema="care")
    op.create_index("ix_contact_customer_id_occurred_at", "contact", ["customer_id", "occurred_at"], unique=False, schema="care")
    op.create_index("ix_contact_line_id_occurred_at", "contact", ["line_id", "occurred_at"], unique=False, schema="care")
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "dispute",
                "open-fault",
                "open-order",
                "vulnerable",
                "payment-plan",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_hold_ends_after_start")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_hold_account_id")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_hold_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        schema="css",
    )
    op.create_index(
        "ix_hold_account_id_live", "hold", ["account_id"], unique=False, schema="css", postgresql_where=sa.text("ends_at IS NULL")
    )
    op.create_index("uq_hold_standing", "hold", ["source_key"], unique=True, schema="css", postgresql_where=sa.text("ends_at IS NULL"))
    op.create_table(
        "line_listing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "directory_kind",
            sa.Enum("DE", "XD", "NQ", native_enum=False, create_constraint=True, name="directory_kind", length=24),
            nullable=False,
        ),
        sa.Column("directory_name", sa.Text(), nullable=True),
        sa.Column("emergency_name", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("line_id"), "="), (sa.text("daterange(starts_on, ends_on)"), "&&"), using="gist", name="ex_line_listing_overlap"
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_line_listing_ends_after_start")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_line_listing_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_listing")),
        schema="css",
    )
    op.create_table(
        "order_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", sa.Enum("bar", "restore", "cease", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_order_number", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_order_request_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_order_request_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_order_request_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_request")),
        sa.UniqueConstraint("source_key", name=op.f("uq_order_request_source_key")),
        schema="css",
    )
    op.create_table(
        "service",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("start_recorded_on", sa.Date(), nullable=False),
        sa.Column("end_recorded_on", sa.Date(), nullable=True),
        sa.Column("minimum_term_ends_on", sa.Date(), nullable=True),
        sa.Column("care_level", sa.Text(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("line_id"), "="),
            (sa.column("product_id"), "="),
            (sa.text("daterange(starts_on, ends_on)"), "&&"),
            using="gist",
            name="ex_service_product_twice_on_line",
        ),
        sa.CheckConstraint("(ends_on IS NULL) = (end_recorded_on IS NULL)", name=op.f("ck_service_end_is_recorded")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_service_ends_after_start")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_service_quantity_counts")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_service_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_service_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_service_line_id")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_service_product_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_service_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        schema="css",
    )
    op.create_index("ix_service_account_id", "service", ["account_id"], unique=False, schema="css")
    op.create_table(
        "service_failure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "delayed-repair", "missed-appointment", "delayed-start", native_enum=False, create_constraint=True, name="kind", length=24
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("issue_on", sa.Date(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("put_right_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_service_failure_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_service_failure_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_service_failure_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_failure")),
        sa.UniqueConstraint("source_key", name=op.f("uq_service_failure_source_key")),
        schema="css",
    )
    op.create_index(
        "ix_service_failure_account_id_business_date", "service_failure", ["account_id", "business_date"], unique=False, schema="css"
    )
    op.create_table(
        "customer_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum("provide", "cease", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "acknowledged",
                "committed",
                "held",
                "completed",
                "cancelled",
                "terminated",
                native_enum=False,
                create_constraint=True,
                name="state",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("customer_reference", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("required_on", sa.Date(), nullable=False),
        sa.Column("committed_on", sa.Date(), nullable=True),
        sa.Column("target_on", sa.Date(), nullable=True),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "plant_outcome",
            sa.Enum("restart", "spare-pair", "build", native_enum=False, create_constraint=True, name="plant_outcome", length=24),
            nullable=True,
        ),
        sa.Column("telephone_number", sa.Text(), nullable=True),
        sa.Column("care_level", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("directory_kind", sa.Text(), nullable=True),
        sa.Column("directory_name", sa.Text(), nullable=True),
        sa.Column("emergency_name", sa.Text(), nullable=True),
        sa.Column("hazard_notes", sa.Text(), nullable=True),
        sa.Column("visit_notes", sa.Text(), nullable=True),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'completed') = (completed_at IS NOT NULL)", name=op.f("ck_customer_order_completed_has_instant")),
        sa.CheckConstraint("(state = 'completed') = (done_on IS NOT NULL)", name=op.f("ck_customer_order_completed_has_day")),
        sa.CheckConstraint(
            "state NOT IN ('committed', 'held', 'completed') OR committed_on IS NOT NULL", name=op.f("ck_customer_order_committed_has_date")
        ),
        sa.CheckConstraint("(committed_on IS NULL) = (target_on IS NULL)", name=op.f("ck_customer_order_committed_has_target")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_customer_order_account_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["css.appointment.id"], name=op.f("fk_customer_order_appointment_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_customer_order_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_customer_order_line_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_customer_order_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_order")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_order_number")),
        schema="orders",
    )
    op.create_index("ix_customer_order_account_id", "customer_order", ["account_id"], unique=False, schema="orders")
    op.create_index(
        "ix_customer_order_open",
        "customer_order",
        ["district_code", "target_on"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("state IN ('acknowledged', 'committed', 'held')"),
    )
    op.create_index(
        "uq_customer_order_number_reserved",
        "customer_order",
        ["telephone_number"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("kind = 'provide' AND state IN ('acknowledged', 'committed', 'held')"),
    )
    op.create_index(
        "uq_customer_order_open_on_line",
        "customer_order",
        ["line_id"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("state IN ('acknowledged', 'committed', 'held')"),
    )
    op.create_index(
        "uq_customer_order_provider_reference",
        "customer_order",
        ["provider_id", "customer_reference"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("customer_reference IS NOT NULL"),
    )
    op.create_table(
        "fault",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("reported", "cleared", "closed", "withdrawn", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("symptom_code", sa.Text(), nullable=False),
        sa.Column("is_total_loss", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("access_notes", sa.Text(), nullable=True),
        sa.Column("hazard_notes", sa.Text(), nullable=True),
        sa.Column("equipment_checked", sa.Boolean(), nullable=False),
        sa.Column("power_checked", sa.Boolean(), nullable=False),
        sa.Column("care_level", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("original_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clear_code", sa.Text(), nullable=True),
        sa.Column("clear_words", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state IN ('cleared', 'closed')) = (cleared_at IS NOT NULL)", name=op.f("ck_fault_cleared_has_instant")),
        sa.CheckConstraint("(cleared_at IS NULL) = (clear_code IS NULL)", name=op.f("ck_fault_cleared_has_code")),
        sa.CheckConstraint("accepted_at >= reported_at", name=op.f("ck_fault_accepted_after_report")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_fault_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_fault_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_fault_line_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_fault_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fault")),
        sa.UniqueConstraint("number", name=op.f("uq_fault_number")),
        schema="repairs",
    )
    op.create_index("ix_fault_account_id", "fault", ["account_id"], unique=False, schema="repairs")
    op.create_index(
        "ix_fault_due", "fault", ["district_code", "due_at"], unique=False, schema="repairs", postgresql_where=sa.text("state = 'reported'")
    )
    op.create_index(
        "uq_fault_open_on_line", "fault", ["line_id"], unique=True, schema="repairs", postgresql_where=sa.text("state = 'reported'")
    )
    op.create_table(
        "billable_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("basis", sa.Enum("net", "gross", native_enum=False, create_constraint=True, name="basis", length=24), nullable=False),
        sa.Column("net_price", sa.Numeric(20, 6), nullable=False),
        sa.Column("gross_price", sa.Numeric(20, 6), nullable=False),
        sa.Column(
            "vat_code",
            sa.Enum("standard", "reduced", "zero", "exempt", native_enum=False, create_constraint=True, name="vat_code", length=24),
            nullable=False,
        ),
        sa.Column("occurs_on", sa.Date(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_billable_item_quantity_counts")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_billable_item_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_billable_item_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_billable_item_line_id")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_billable_item_product_id")),
        sa.ForeignKeyConstraint(["service_id"], ["css.service.id"], name=op.f("fk_billable_item_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billable_item")),
        sa.UniqueConstraint("source_key", name=op.f("uq_billable_item_source_key")),
        schema="css",
    )
    op.create_index(
        "ix_billable_item_account_id_business_date", "billable_item", ["account_id", "business_date"], unique=False, schema="css"
    )
    op.create_table(
        "service_number",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("number"), "="), (sa.text("tstzrange(starts_at, ends_at)"), "&&"), using="gist", name="ex_service_number_in_use"
        ),
        sa.CheckConstraint("number ~ '^44[0-9]{9,10}$'", name=op.f("ck_service_number_number_form")),
        sa.CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_service_number_ends_after_start")),
        sa.ForeignKeyConstraint(["service_id"], ["css.service.id"], name=op.f("fk_service_number_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_number")),
        schema="css",
    )
    op.create_index("ix_service_number_service_id", "service_number", ["service_id"], unique=False, schema="css")
    op.create_table(
        "kci_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ACKNOWLEDGED",
                "COMMITTED",
                "DELAY",
                "RESUMED",
                "REAPPOINTED",
                "AMENDED",
                "CANCELLED",
                "TERMINATED",
                "COMPLETED",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("order_copy", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("told", postgresql.ARRAY(Text()), server_default="{}", nullable=False),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_kci_event_sequence_counts")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.customer_order.id"], name=op.f("fk_kci_event_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kci_event")),
        sa.UniqueConstraint("order_id", "sequence", name=op.f("uq_kci_event_order_id_sequence")),
        schema="orders",
    )
    op.create_table(
        "order_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("item_number", sa.Integer(), nullable=False),
        sa.Column("action", sa.Enum("add", "remove", native_enum=False, create_constraint=True, name="action", length=24), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.customer_order.id"], name=op.f("fk_order_item_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_order_item_product_id")),
        sa.ForeignKeyConstraint(["service_id"], ["css.service.id"], name=op.f("fk_order_item_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_item")),
        sa.UniqueConstraint("order_id", "item_number", name=op.f("uq_order_item_order_id_item_number")),
        schema="orders",
    )
    op.create_table(
        "fault_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("reported", "cleared", "closed", "withdrawn", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["fault_id"], ["repairs.fault.id"], name=op.f("fk_fault_event_fault_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fault_event")),
        sa.UniqueConstraint("fault_id", "sequence", name=op.f("uq_fault_event_fault_id_sequence")),
        schema="repairs",
    )
    op.create_table(
        "bill_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("rental", "part-period", "one-off", "calls", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("product_price_id", sa.BigInteger(), nullable=True),
        sa.Column("rental_period_starts_on", sa.Date(), nullable=True),
        sa.Column("billable_item_id", sa.BigInteger(), nullable=True),
        sa.Column("corrects_line_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.Numeric(20, 6), nullable=True),
        sa.Column("price_per", sa.Integer(), server_default="1", nullable=False),
        sa.Column("charge_class", sa.Text(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat_category", sa.Text(), nullable=False),
        sa.Column("vat_basis_points", sa.SmallInteger(), nullable=False),
        sa.Column("nominal_code", sa.Text(), nullable=False),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_bill_line_ends_after_start")),
        sa.CheckConstraint("quantity <> 0 AND price_per > 0", name=op.f("ck_bill_line_quantity_counts")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_bill_line_account_id")),
        sa.ForeignKeyConstraint(["bill_id"], ["billing.bill.id"], name=op.f("fk_bill_line_bill_id")),
        sa.ForeignKeyConstraint(["billable_item_id"], ["css.billable_item.id"], name=op.f("fk_bill_line_billable_item_id")),
        sa.ForeignKeyConstraint(["corrects_line_id"], ["billing.bill_line.id"], name=op.f("fk_bill_line_corrects_line_id")),
        sa.ForeignKeyConstraint(["nominal_code"], ["billing.nominal.code"], name=op.f("fk_bill_line_nominal_code")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_bill_line_product_id")),
        sa.ForeignKeyConstraint(["product_price_id"], ["css.product_price.id"], name=op.f("fk_bill_line_product_price_id")),
        sa.ForeignKeyConstraint(["service_id"], ["css.service.id"], name=op.f("fk_bill_line_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_line")),
        sa.UniqueConstraint("bill_id", "line_number", name=op.f("uq_bill_line_bill_id_line_number")),
        schema="billing",
    )
    op.create_index(
        "ix_bill_line_account_id_rental",
        "bill_line",
        ["account_id", "service_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("kind IN ('rental', 'part-period')"),
    )
    op.create_index(
        "uq_bill_line_billable_item_id",
        "bill_line",
        ["billable_item_id"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("billable_item_id IS NOT NULL"),
    )
    # ### end Alembic commands ###
    for statement in STORED:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    """Take everything away: only ever used on an empty database."""
    for schema in reversed(SCHEMAS):
        op.execute(f"DROP SCHEMA {schema} CASCADE")
