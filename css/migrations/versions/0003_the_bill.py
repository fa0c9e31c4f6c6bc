"""The bill: cycles and VAT by date, prices over prices, allowances and discounts, adjustments, samples, more documents.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Integer, Text
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


# --- by hand
def _choice(table: str, column: str, values: tuple[str, ...]) -> tuple[str, str]:
    name, schema = f"ck_{table}_{column}", table_schema(table)
    listed = ", ".join(f"'{value}'" for value in values)
    return (
        f"ALTER TABLE {schema}.{table} DROP CONSTRAINT IF EXISTS {name}",
        f"ALTER TABLE {schema}.{table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))",
    )


def table_schema(table: str) -> str:
    """In which room a table stands."""
    return "css" if table in {"account", "product", "product_price"} else "billing"


CHECKS = (
    *_choice("account", "frequency", ("monthly", "quarterly", "annual")),
    *_choice("product", "kind", ("line", "feature", "care", "one-off", "promotion")),
    *_choice("product_price", "kind", ("rental", "connection", "one-off", "termination")),
    *_choice("bill", "kind", ("bill", "final", "interim", "credit-note")),
    *_choice("bill_run_account", "kind", ("bill", "final", "interim", "credit-note")),
    *_choice("bill_line", "kind", ("rental", "part-period", "termination", "one-off", "calls", "discount", "adjustment")),
    *_choice("outside_item", "kind", ("compensation", "late-fee", "goodwill", "transfer")),
    "ALTER TABLE billing.bill_file DROP CONSTRAINT ck_bill_file_kind_known",
    *_choice("bill_file", "kind", ("pdf", "xml", "calls.xml", "csv", "large.pdf")),
    "ALTER TABLE css.account DROP CONSTRAINT ck_account_cycle_month_group_of_quarter",
    "ALTER TABLE css.account ADD CONSTRAINT ck_account_cycle_month_group_of_year CHECK (cycle_month_group BETWEEN 1 AND 12)",
    "ALTER TABLE css.account ADD CONSTRAINT ck_account_group_is_another CHECK (group_account_id <> id)",
    "ALTER TABLE css.account ADD CONSTRAINT ck_account_paid_by_group_has_one CHECK (group_account_id IS NOT NULL OR NOT is_paid_by_group)",
    "ALTER TABLE css.product_price DROP CONSTRAINT ex_product_price_overlap",
    """ALTER TABLE css.product_price ADD CONSTRAINT ex_product_price_overlap EXCLUDE USING gist
       (product_id WITH =, kind WITH =, segment WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (recorded_on IS NULL)""",
    "ALTER TABLE css.vat_rate DROP CONSTRAINT ex_vat_rate_overlap",
    """ALTER TABLE css.vat_rate ADD CONSTRAINT ex_vat_rate_overlap EXCLUDE USING gist
       (code WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (recorded_on IS NULL)""",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()"
        for table in ("adjustment", "bill_copy", "statement")
    ),
)
# --- end by hand


def upgrade() -> None:
    """Build what is new; rows that are there keep their meaning."""
    op.create_table(
        "adjustment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("bill_line_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat_category", sa.Text(), nullable=False),
        sa.Column("vat_basis_points", sa.SmallInteger(), nullable=False),
        sa.Column("nominal_code", sa.Text(), nullable=False),
        sa.Column("occurs_on", sa.Date(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name=op.f("ck_adjustment_approved_by_second_person")),
        sa.CheckConstraint("net <> 0", name=op.f("ck_adjustment_net_says_something")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_adjustment_account_id")),
        sa.ForeignKeyConstraint(["bill_line_id"], ["billing.bill_line.id"], name=op.f("fk_adjustment_bill_line_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_adjustment_district_code")),
        sa.ForeignKeyConstraint(["nominal_code"], ["billing.nominal.code"], name=op.f("fk_adjustment_nominal_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment")),
        schema="billing",
    )
    op.create_index("ix_adjustment_account_id", "adjustment", ["account_id"], unique=False, schema="billing")
    op.create_index(
        "ix_adjustment_bill_line_id",
        "adjustment",
        ["bill_line_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("bill_line_id IS NOT NULL"),
    )
    op.create_table(
        "benefit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("allowance", "friends", "option", "volume", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column(
            "scope", sa.Enum("line", "account", "group", native_enum=False, create_constraint=True, name="scope", length=24), nullable=False
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("recorded_on", sa.Date(), nullable=True),
        sa.Column("end_recorded_on", sa.Date(), nullable=True),
        sa.Column("charge_classes", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("bands", postgresql.ARRAY(Text()), nullable=True),
        sa.Column("allowance_seconds", sa.Integer(), nullable=True),
        sa.Column("unit_seconds", sa.Integer(), server_default="60", nullable=False),
        sa.Column("rollover_months", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("is_prorated", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("percent", sa.Numeric(5, 2), nullable=True),
        sa.Column("best_percent", sa.Numeric(5, 2), nullable=True),
        sa.Column("numbers_max", sa.SmallInteger(), nullable=True),
        sa.Column("is_graduated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rank", sa.SmallInteger(), server_default="100", nullable=False),
        sa.CheckConstraint("(kind = 'allowance') = (allowance_seconds IS NOT NULL)", name=op.f("ck_benefit_allowance_has_seconds")),
        sa.CheckConstraint("(kind = 'friends') = (numbers_max IS NOT NULL)", name=op.f("ck_benefit_friends_are_counted")),
        sa.CheckConstraint("(kind IN ('friends', 'option')) = (percent IS NOT NULL)", name=op.f("ck_benefit_discount_has_percent")),
        sa.CheckConstraint("scope <> 'group' OR kind = 'volume'", name=op.f("ck_benefit_group_is_for_volume")),
        sa.CheckConstraint("(ends_on IS NULL) = (end_recorded_on IS NULL)", name=op.f("ck_benefit_end_is_recorded")),
        sa.CheckConstraint(
            "allowance_seconds > 0 AND unit_seconds > 0 AND rollover_months BETWEEN 0 AND 12", name=op.f("ck_benefit_seconds_count")
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_benefit_ends_after_start")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_benefit_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit")),
        sa.UniqueConstraint("code", name=op.f("uq_benefit_code")),
        schema="billing",
    )
    op.create_table(
        "bill_control",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("sample_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_approval_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("credit_max", sa.BigInteger(), nullable=False),
        sa.Column("times_average_max", sa.Integer(), nullable=False),
        sa.Column("average_floor", sa.BigInteger(), nullable=False),
        sa.Column("lines_max", sa.Integer(), nullable=False),
        sa.Column("first_bill_max", sa.BigInteger(), nullable=False),
        sa.Column("periods_max", sa.Integer(), nullable=False),
        sa.Column("days_back_max", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_bill_max > 0 AND periods_max > 0 AND days_back_max > 0", name=op.f("ck_bill_control_more_limits_count")),
        sa.CheckConstraint("sample_count > 0 OR NOT is_approval_required", name=op.f("ck_bill_control_approval_needs_sample")),
        sa.CheckConstraint("sample_count >= 0 AND lines_max > 0 AND times_average_max > 0", name=op.f("ck_bill_control_limits_count")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_bill_control_district_code")),
        sa.PrimaryKeyConstraint("district_code", name=op.f("pk_bill_control")),
        schema="billing",
    )
    op.create_table(
        "benefit_step",
        sa.Column("benefit_id", sa.BigInteger(), nullable=False),
        sa.Column("from_amount", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Numeric(5, 2), nullable=False),
        sa.ForeignKeyConstraint(["benefit_id"], ["billing.benefit.id"], name=op.f("fk_benefit_step_benefit_id")),
        sa.PrimaryKeyConstraint("benefit_id", "from_amount", name=op.f("pk_benefit_step")),
        schema="billing",
    )
    op.create_table(
        "bill_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("bill", "final", "interim", "credit-note", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("bill_run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_bill_request_account_id")),
        sa.ForeignKeyConstraint(["bill_run_id"], ["billing.bill_run.id"], name=op.f("fk_bill_request_bill_run_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_bill_request_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_request")),
        schema="billing",
    )
    op.create_index(
        "ix_bill_request_waiting",
        "bill_request",
        ["account_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("bill_run_id IS NULL"),
    )
    op.create_table(
        "statement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.BigInteger(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_statement_ends_after_start")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_statement_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_statement_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        schema="billing",
    )
    op.create_index("ix_statement_account_id", "statement", ["account_id"], unique=False, schema="billing")
    op.create_table(
        "account_cycle_term",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("cycle_day", sa.Integer(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum("monthly", "quarterly", "annual", native_enum=False, create_constraint=True, name="frequency", length=24),
            nullable=False,
        ),
        sa.Column("cycle_month_group", sa.Integer(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.CheckConstraint("cycle_day BETWEEN 1 AND 31", name=op.f("ck_account_cycle_term_cycle_day_of_month")),
        sa.CheckConstraint("cycle_month_group BETWEEN 1 AND 12", name=op.f("ck_account_cycle_term_cycle_month_group_of_year")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_account_cycle_term_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_cycle_term")),
        schema="css",
    )
    op.create_index("ix_account_cycle_term_account_id", "account_cycle_term", ["account_id"], unique=False, schema="css")
    op.create_table(
        "account_vat_status",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column(
            "vat_status",
            sa.Enum("standard", "exempt", "reverse-charge", native_enum=False, create_constraint=True, name="vat_status", length=24),
            nullable=False,
        ),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_account_vat_status_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_vat_status")),
        schema="css",
    )
    op.create_index("ix_account_vat_status_account_id", "account_vat_status", ["account_id"], unique=False, schema="css")
    op.create_table(
        "bill_copy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "file_kind",
            sa.Enum("pdf", "xml", "calls.xml", "csv", "large.pdf", native_enum=False, create_constraint=True, name="file_kind", length=24),
            nullable=False,
        ),
        sa.Column(
            "medium",
            sa.Enum("paper", "email", "large-print", "xml", native_enum=False, create_constraint=True, name="medium", length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["billing.bill.id"], name=op.f("fk_bill_copy_bill_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_copy")),
        schema="billing",
    )
    op.create_index("ix_bill_copy_bill_id", "bill_copy", ["bill_id"], unique=False, schema="billing")
    op.create_table(
        "account_promotion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("start_recorded_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_recorded_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.CheckConstraint("(ended_on IS NULL) = (end_recorded_on IS NULL)", name=op.f("ck_account_promotion_end_is_recorded")),
        sa.CheckConstraint(
            "ended_on IS NULL OR (ended_on >= starts_on AND ended_on <= ends_on)", name=op.f("ck_account_promotion_ended_within")
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_account_promotion_ends_after_start")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_account_promotion_quantity_counts")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_account_promotion_account_id")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_account_promotion_line_id")),
        sa.ForeignKeyConstraint(["product_id"], ["css.product.id"], name=op.f("fk_account_promotion_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_promotion")),
        schema="css",
    )
    op.create_index("ix_account_promotion_account_id", "account_promotion", ["account_id"], unique=False, schema="css")
    op.create_table(
        "allowance_month",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("benefit_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("month_starts_on", sa.Date(), nullable=False),
        sa.Column("month_ends_on", sa.Date(), nullable=False),
        sa.Column("granted_seconds", sa.Integer(), nullable=False),
        sa.Column("rolled_in_seconds", sa.Integer(), nullable=False),
        sa.Column("used_seconds", sa.Integer(), nullable=False),
        sa.Column("left_seconds", postgresql.ARRAY(Integer()), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_allowance_month_account_id")),
        sa.ForeignKeyConstraint(["benefit_id"], ["billing.benefit.id"], name=op.f("fk_allowance_month_benefit_id")),
        sa.ForeignKeyConstraint(["bill_id"], ["billing.bill.id"], name=op.f("fk_allowance_month_bill_id")),
        sa.ForeignKeyConstraint(["service_id"], ["css.service.id"], name=op.f("fk_allowance_month_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowance_month")),
        sa.UniqueConstraint(
            "bill_id",
            "benefit_id",
            "service_id",
            "month_starts_on",
            name=op.f("uq_allowance_month_bill_id_benefit_id_service_id_month_starts_on"),
        ),
        schema="billing",
    )
    op.create_index(
        "ix_allowance_month_account_id",
        "allowance_month",
        ["account_id", "benefit_id", "service_id", "month_starts_on"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "friend_number",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("is_best", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("start_recorded_on", sa.Date(), nullable=False),
        sa.Column("end_recorded_on", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("service_id"), "="),
            (sa.column("number"), "="),
            (sa.text("daterange(starts_on, ends_on)"), "&&"),
            using="gist",
            name="ex_friend_number_twice",
        ),
        sa.CheckConstraint("(ends_on IS NULL) = (end_recorded_on IS NULL)", name=op.f("ck_friend_number_end_is_recorded")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_friend_number_ends_after_start")),
        sa.ForeignKeyConstraint(["service_id"], ["css.service.id"], name=op.f("fk_friend_number_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_friend_number")),
        schema="billing",
    )
    op.create_index("ix_friend_number_service_id", "friend_number", ["service_id"], unique=False, schema="billing")
    op.alter_column(
        "bill_file",
        "kind",
        existing_type=sa.TEXT(),
        type_=sa.Enum("pdf", "xml", "calls.xml", "csv", "large.pdf", native_enum=False, create_constraint=True, name="kind", length=24),
        existing_nullable=False,
        schema="billing",
    )
    op.add_column("bill_line", sa.Column("promotion_id", sa.BigInteger(), nullable=True), schema="billing")
    op.add_column("bill_line", sa.Column("benefit_id", sa.BigInteger(), nullable=True), schema="billing")
    op.add_column("bill_line", sa.Column("benefit_month_starts_on", sa.Date(), nullable=True), schema="billing")
    op.add_column("bill_line", sa.Column("adjustment_id", sa.BigInteger(), nullable=True), schema="billing")
    op.create_index(
        "ix_bill_line_account_id_compared",
        "bill_line",
        ["account_id"],
        unique=False,
        schema="billing",
        postgresql_where=sa.text("kind IN ('termination', 'discount', 'adjustment')"),
    )
    op.create_index(
        "uq_bill_line_adjustment_id",
        "bill_line",
        ["adjustment_id"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("adjustment_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_bill_line_benefit_id"), "bill_line", "benefit", ["benefit_id"], ["id"], source_schema="billing", referent_schema="billing"
    )
    op.create_foreign_key(
        op.f("fk_bill_line_promotion_id"),
        "bill_line",
        "account_promotion",
        ["promotion_id"],
        ["id"],
        source_schema="billing",
        referent_schema="css",
    )
    op.create_foreign_key(
        op.f("fk_bill_line_adjustment_id"),
        "bill_line",
        "adjustment",
        ["adjustment_id"],
        ["id"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.add_column("bill_run", sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=True), schema="billing")
    op.add_column("bill_run", sa.Column("sampled_by", sa.Text(), nullable=True), schema="billing")
    op.add_column("bill_run", sa.Column("approved_by", sa.Text(), nullable=True), schema="billing")
    op.add_column("bill_run", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True), schema="billing")
    op.add_column("bill_run", sa.Column("approved_words", sa.Text(), nullable=True), schema="billing")
    op.add_column(
        "bill_run_account", sa.Column("is_group", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="billing"
    )
    op.add_column("outside_item", sa.Column("source_bill_id", sa.BigInteger(), nullable=True), schema="billing")
    op.create_foreign_key(
        op.f("fk_outside_item_source_bill_id"),
        "outside_item",
        "bill",
        ["source_bill_id"],
        ["id"],
        source_schema="billing",
        referent_schema="billing",
    )
    op.add_column(
        "account",
        sa.Column(
            "itemisation",
            sa.Enum("full", "masked", "none", native_enum=False, create_constraint=True, name="itemisation", length=24),
            server_default="full",
            nullable=False,
        ),
        schema="css",
    )
    op.add_column("account", sa.Column("group_account_id", sa.BigInteger(), nullable=True), schema="css")
    op.add_column("account", sa.Column("is_paid_by_group", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="css")
    op.create_index(
        "ix_account_group_account_id",
        "account",
        ["group_account_id"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("group_account_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_account_group_account_id"), "account", "account", ["group_account_id"], ["id"], source_schema="css", referent_schema="css"
    )
    op.add_column("product_price", sa.Column("recorded_on", sa.Date(), nullable=True), schema="css")
    op.add_column("product_price", sa.Column("reason", sa.Text(), nullable=True), schema="css")
    op.add_column("vat_rate", sa.Column("recorded_on", sa.Date(), nullable=True), schema="css")
    for statement in CHECKS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
