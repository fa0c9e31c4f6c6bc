"""The night shift: plans, attempts at steps, alarms, balances, outputs, and how long they are kept.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# --- by hand

_STATES = {
    "job_instance": ("planned", "running", "failed", "stopped", "completed", "skipped"),
    "step_execution": ("waiting", "running", "failed", "stopped", "completed", "skipped", "not-needed"),
}
_STAYS = """
CREATE FUNCTION batch.ended_attempt_stays() RETURNS trigger LANGUAGE plpgsql AS $$
-- An attempt that has ended is neither written again nor deleted.
BEGIN
    RAISE EXCEPTION 'an attempt that has ended is evidence and stays as it is: %, id %', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
_TRIGGER = """
CREATE TRIGGER ended_stays BEFORE UPDATE OR DELETE ON batch.{table}
   FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION batch.ended_attempt_stays()
"""


_CLOSED_STAYS = """
CREATE FUNCTION billing.closed_period_stays() RETURNS trigger LANGUAGE plpgsql AS $$
-- What a closed month or quarter came to is neither added to, changed nor deleted.
DECLARE
  touched record;
BEGIN
  IF TG_OP = 'DELETE' THEN touched := OLD; ELSE touched := NEW; END IF;
  IF TG_OP = 'UPDATE' OR EXISTS (SELECT 1 FROM billing.period_close c
                                  WHERE c.district_code = touched.district_code AND c.kind = touched.kind
                                    AND c.starts_on = touched.starts_on) THEN
    RAISE EXCEPTION 'the % of % in district % is closed and its figures stay as they are', touched.kind, touched.starts_on,
      touched.district_code USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN touched;
END $$
"""
_CLOSED_SHUT = """
CREATE FUNCTION billing.closed_period_is_shut() RETURNS trigger LANGUAGE plpgsql AS $$
-- Nothing is entered in the ledger for a day of a closed month; asked once a statement, however many entries it makes.
DECLARE
  late record;
BEGIN
  SELECT e.source_key, e.business_date, e.district_code INTO late
    FROM entered e JOIN billing.period_close c ON c.district_code = e.district_code AND e.business_date < c.ends_on
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % is of %, and that month is closed in district %', late.source_key, late.business_date, late.district_code
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$
"""
_NOT_CLOSED = """
CREATE TRIGGER journal_entry_not_closed AFTER INSERT ON billing.journal_entry
  REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION billing.closed_period_is_shut()
"""


def _by_hand() -> None:
    """What alarms were kept as control totals becomes alarms; ended attempts cannot be written again."""
    op.execute("""
        INSERT INTO batch.alarm (job_instance_id, step, kind, words, times, raised_at)
        SELECT c.job_instance_id, c.step, 'step', substr(c.name, 8), coalesce(c.item_count, 1), i.planned_at
          FROM batch.control_total c
          JOIN batch.job_instance i ON i.id = c.job_instance_id
         WHERE c.name LIKE 'alarm: %'
         ORDER BY c.id
        """)
    op.execute("DELETE FROM batch.control_total WHERE name LIKE 'alarm: %'")
    op.execute("UPDATE batch.step_execution SET progressed_at = ended_at")
    for table, states in _STATES.items():
        op.drop_constraint(op.f(f"ck_{table}_state"), table, schema="batch", type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_state"), table, f"state IN ({', '.join(map(repr, states))})", schema="batch")
    op.create_check_constraint(op.f("ck_job_instance_priority_range"), "job_instance", "priority BETWEEN 1 AND 99", schema="batch")
    op.create_check_constraint(
        op.f("ck_job_instance_hold_whole"),
        "job_instance",
        "(held_at IS NULL) = (held_by IS NULL) AND (held_at IS NULL) = (hold_reason IS NULL)",
        schema="batch",
    )
    op.execute(_STAYS)
    for table in ("job_execution", "step_attempt"):
        op.execute(_TRIGGER.format(table=table))
    op.execute(_CLOSED_STAYS)
    for table in ("period_nominal", "period_vat", "period_figure"):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE INSERT OR UPDATE OR DELETE ON billing.{table}"
            " FOR EACH ROW EXECUTE FUNCTION billing.closed_period_stays()"
        )
    op.execute(
        "CREATE TRIGGER period_close_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.period_close"
        " FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()"
    )
    op.execute(_CLOSED_SHUT)
    op.execute(_NOT_CLOSED)


# --- end by hand


def upgrade() -> None:
    """Build what is new; rows that are there keep their meaning."""
    op.create_table(
        "night_clock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skew_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_night_clock")),
        schema="batch",
    )
    op.create_table(
        "resource",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_resource_capacity_positive")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_resource")),
        schema="batch",
    )
    op.create_table(
        "retention_rule",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        sa.Column("keep_weeks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("keep_months", sa.Integer(), server_default="0", nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("keep_days > 0", name=op.f("ck_retention_rule_keep_days_positive")),
        sa.CheckConstraint("keep_weeks >= 0 AND keep_months >= 0", name=op.f("ck_retention_rule_keep_more")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_retention_rule")),
        schema="batch",
    )
    op.create_table(
        "retention_hold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("district_code", sa.String(length=2), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name=op.f("ck_retention_hold_release_whole")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_retention_hold_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_hold")),
        schema="batch",
    )
    op.create_index(
        "ix_retention_hold_standing",
        "retention_hold",
        ["subject"],
        unique=False,
        schema="batch",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "retention_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("kept_from", sa.Date(), nullable=False),
        sa.Column("archived_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("purged_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("archive_path", sa.Text(), nullable=True),
        sa.Column("archive_sha256", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_retention_run_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_run")),
        sa.UniqueConstraint(
            "subject",
            "business_date",
            "district_code",
            "archive_path",
            name="uq_retention_run_once",
            postgresql_nulls_not_distinct=True,
        ),
        schema="batch",
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("net", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=True),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column(
            "cycle",
            sa.Enum(
                "daily",
                "working-days",
                "weekly",
                "month-end",
                "quarter-end",
                "year-end",
                "on-demand",
                native_enum=False,
                create_constraint=True,
                name="cycle",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column(
            "shift",
            sa.Enum("run", "run-on", "run-before", "skip", native_enum=False, create_constraint=True, name="shift", length=24),
            nullable=False,
        ),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("must_start_by", sa.Time(), nullable=False),
        sa.Column("must_end_by", sa.Time(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(cycle = 'weekly') = (weekday IS NOT NULL) AND coalesce(weekday BETWEEN 0 AND 6, TRUE)",
            name=op.f("ck_schedule_weekday_of_weekly"),
        ),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_schedule_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint(
            "net", "district_code", "from_date", name=op.f("uq_schedule_net_district_code_from_date"), postgresql_nulls_not_distinct=True
        ),
        schema="batch",
    )
    op.create_table(
        "period_close",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.Enum("month", "quarter", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("figures_sha256", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_period_close_ends_after_start")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_period_close_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_close")),
        sa.UniqueConstraint("district_code", "kind", "starts_on", name=op.f("uq_period_close_district_code_kind_starts_on")),
        schema="billing",
    )
    op.create_table(
        "period_figure",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.Enum("month", "quarter", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum(
                "revenue",
                "payments",
                "outside",
                "failures",
                "credits",
                "debtors",
                "unbilled",
                "deferred",
                "waiting-usage",
                "orders",
                "faults",
                native_enum=False,
                create_constraint=True,
                name="subject",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("item_count", sa.BigInteger(), nullable=False),
        sa.Column("of_which_count", sa.BigInteger(), nullable=True),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "of_which_count IS NULL OR of_which_count BETWEEN 0 AND item_count", name=op.f("ck_period_figure_of_which_is_part")
        ),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_period_figure_district_code")),
        sa.PrimaryKeyConstraint("district_code", "kind", "starts_on", "subject", "key", name=op.f("pk_period_figure")),
        schema="billing",
    )
    op.create_table(
        "period_nominal",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.Enum("month", "quarter", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("nominal_code", sa.Text(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("debits", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_period_nominal_district_code")),
        sa.ForeignKeyConstraint(["nominal_code"], ["billing.nominal.code"], name=op.f("fk_period_nominal_nominal_code")),
        sa.PrimaryKeyConstraint("district_code", "kind", "starts_on", "nominal_code", name=op.f("pk_period_nominal")),
        schema="billing",
    )
    op.create_table(
        "period_vat",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.Enum("month", "quarter", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("vat_category", sa.Text(), nullable=False),
        sa.Column("vat_basis_points", sa.SmallInteger(), nullable=False),
        sa.Column("is_earlier", sa.Boolean(), nullable=False),
        sa.Column("bill_count", sa.Integer(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_period_vat_district_code")),
        sa.PrimaryKeyConstraint(
            "district_code", "kind", "starts_on", "vat_category", "vat_basis_points", "is_earlier", name=op.f("pk_period_vat")
        ),
        schema="billing",
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "step",
                "late-start",
                "late-end",
                "stuck",
                "long",
                "optional",
                "died",
                "clock",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_alarm_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sa.UniqueConstraint(
            "job_instance_id",
            "step",
            "kind",
            "words",
            name=op.f("uq_alarm_job_instance_id_step_kind_words"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="batch",
    )
    op.create_index(
        "ix_alarm_open",
        "alarm",
        ["raised_at"],
        unique=False,
        schema="batch",
        postgresql_where=sa.text("ended_at IS NULL AND seen_at IS NULL"),
    )
    op.create_table(
        "balance",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("joint", sa.Text(), nullable=False),
        sa.Column("in_words", sa.Text(), nullable=False),
        sa.Column("in_count", sa.BigInteger(), nullable=True),
        sa.Column("in_amount", sa.BigInteger(), nullable=True),
        sa.Column("out_words", sa.Text(), nullable=False),
        sa.Column("out_count", sa.BigInteger(), nullable=True),
        sa.Column("out_amount", sa.BigInteger(), nullable=True),
        sa.Column("difference", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_balance_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance")),
        sa.UniqueConstraint(
            "job_instance_id", "step", "generation", "joint", name=op.f("uq_balance_job_instance_id_step_generation_joint")
        ),
        schema="batch",
    )
    op.create_table(
        "dataset_generation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("step_generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("item_count", sa.BigInteger(), nullable=True),
        sa.Column("file_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("byte_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("writing", "catalogued", "superseded", "purged", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("catalogued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_dataset_generation_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_generation")),
        sa.UniqueConstraint("dataset", "generation", name=op.f("uq_dataset_generation_dataset_generation")),
        schema="batch",
    )
    op.create_index("ix_dataset_generation_job_instance_id", "dataset_generation", ["job_instance_id"], unique=False, schema="batch")
    op.create_table(
        "step_control",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("skipped_by", sa.Text(), nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("forced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forced_by", sa.Text(), nullable=True),
        sa.Column("force_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_instance_id"], ["batch.job_instance.id"], name=op.f("fk_step_control_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_control")),
        sa.UniqueConstraint("job_instance_id", "step", name=op.f("uq_step_control_job_instance_id_step")),
        schema="batch",
    )
    op.create_table(
        "dataset_file",
        sa.Column("dataset_generation_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_generation_id"], ["batch.dataset_generation.id"], name=op.f("fk_dataset_file_dataset_generation_id")
        ),
        sa.PrimaryKeyConstraint("dataset_generation_id", "name", name=op.f("pk_dataset_file")),
        schema="batch",
    )
    op.create_table(
        "resource_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("job_execution_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_execution_id"], ["batch.job_execution.id"], name=op.f("fk_resource_use_job_execution_id")),
        sa.ForeignKeyConstraint(["resource"], ["batch.resource.name"], name=op.f("fk_resource_use_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_use")),
        sa.UniqueConstraint("resource", "job_execution_id", "step", name=op.f("uq_resource_use_resource_job_execution_id_step")),
        schema="batch",
    )
    op.create_table(
        "step_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("step_execution_id", sa.BigInteger(), nullable=False),
        sa.Column("job_execution_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "completed", "failed", "stopped", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("filtered_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("message_code", sa.Text(), nullable=True),
        sa.Column("message_words", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_step_attempt_ended_when_not_running")),
        sa.ForeignKeyConstraint(["job_execution_id"], ["batch.job_execution.id"], name=op.f("fk_step_attempt_job_execution_id")),
        sa.ForeignKeyConstraint(["step_execution_id"], ["batch.step_execution.id"], name=op.f("fk_step_attempt_step_execution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_attempt")),
        sa.UniqueConstraint("step_execution_id", "job_execution_id", name=op.f("uq_step_attempt_step_execution_id_job_execution_id")),
        schema="batch",
    )
    op.create_table(
        "call_to_forget",
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district_code", "rated_on", "account_id", name=op.f("pk_call_to_forget")),
        schema="billing",
    )
    op.add_column("block", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("control_total", sa.Column("generation", sa.Integer(), server_default="1", nullable=False), schema="batch")
    op.drop_constraint(op.f("uq_control_total_job_instance_id_step_name"), "control_total", schema="batch", type_="unique")
    op.create_unique_constraint(
        op.f("uq_control_total_job_instance_id_step_generation_name"),
        "control_total",
        ["job_instance_id", "step", "generation", "name"],
        schema="batch",
    )
    op.add_column("job_execution", sa.Column("backend_id", sa.Integer(), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("planned_by", sa.Text(), server_default="", nullable=False), schema="batch")
    op.add_column("job_instance", sa.Column("start_after", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("must_start_by", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("must_end_by", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("priority", sa.Integer(), server_default="50", nullable=False), schema="batch")
    op.add_column("job_instance", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("held_by", sa.Text(), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("hold_reason", sa.Text(), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("forced_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("stop_asked_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("start_asked_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("job_instance", sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.alter_column("job_instance", "district_code", existing_type=sa.VARCHAR(length=2), nullable=True, schema="batch")
    op.drop_constraint(
        op.f("uq_job_instance_net_business_date_district_code_parameter_key"), "job_instance", schema="batch", type_="unique"
    )
    op.create_unique_constraint(
        op.f("uq_job_instance_net_business_date_district_code_parameter_key"),
        "job_instance",
        ["net", "business_date", "district_code", "parameter_key"],
        schema="batch",
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_job_instance_open",
        "job_instance",
        ["business_date"],
        unique=False,
        schema="batch",
        postgresql_where=sa.text("state NOT IN ('completed', 'skipped')"),
    )
    op.add_column("operator_action", sa.Column("step", sa.Text(), nullable=True), schema="batch")
    op.add_column("operator_action", sa.Column("consequence", sa.Text(), server_default="", nullable=False), schema="batch")
    op.add_column("reject", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("reject", sa.Column("settled_by", sa.Text(), nullable=True), schema="batch")
    op.add_column("reject", sa.Column("settled_words", sa.Text(), nullable=True), schema="batch")
    op.add_column("step_execution", sa.Column("generation", sa.Integer(), server_default="1", nullable=False), schema="batch")
    op.add_column("step_execution", sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("step_execution", sa.Column("progressed_at", sa.DateTime(timezone=True), nullable=True), schema="batch")
    op.add_column("step_execution", sa.Column("message_code", sa.Text(), nullable=True), schema="batch")
    op.add_column("step_execution", sa.Column("message_words", sa.Text(), nullable=True), schema="batch")
    op.drop_constraint(op.f("uq_step_execution_job_instance_id_step"), "step_execution", schema="batch", type_="unique")
    op.create_index(
        "uq_step_execution_current",
        "step_execution",
        ["job_instance_id", "step"],
        unique=True,
        schema="batch",
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_unique_constraint(
        op.f("uq_step_execution_job_instance_id_step_generation"),
        "step_execution",
        ["job_instance_id", "step", "generation"],
        schema="batch",
    )
    _by_hand()


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
