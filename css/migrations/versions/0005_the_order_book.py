"""The order book: every kind of order, tasks, quotes, timings, the appointment book, numbers kept and ported, bars.

Never edited once released.
"""

from __future__ import annotations

from datetime import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from css.core.calendar import add_working_days, london_instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# --- by hand
_KINDS = (
    *("provide", "cease", "start", "takeover", "transfer", "transfer-with-changes", "port-in", "port-out", "move", "shift"),
    *("renumber", "features", "care", "directory", "lines", "convert", "bar", "restore"),
)
_EVENTS = (
    *("ACKNOWLEDGED", "COMMITTED", "DELAY", "RESUMED", "REAPPOINTED", "AMENDED", "CANCELLED", "TERMINATED", "COMPLETED"),
    *("CREATED", "ADDITIONAL", "WARNING"),
)
_OPEN = "state IN ('acknowledged', 'committed', 'held')"


def _choice(table: str, column: str, values: tuple[str, ...]) -> tuple[str, str]:
    name = f"ck_{table.split('.')[1]}_{column}"
    listed = ", ".join(f"'{value}'" for value in values)
    return (
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}",
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))",
    )


CHECKS = (
    *_choice("orders.customer_order", "kind", _KINDS),
    *_choice("orders.kci_event", "kind", _EVENTS),
    *_choice("orders.order_item", "action", ("add", "remove", "keep")),
    *_choice("css.hold", "kind", ("dispute", "open-fault", "open-order", "treatment", "vulnerable", "payment-plan")),
    "ALTER TABLE css.line ADD CONSTRAINT ck_line_auxiliary_of_another CHECK (auxiliary_of_id <> id)",
    "ALTER TABLE orders.customer_order ADD CONSTRAINT ck_customer_order_escalation_of_three CHECK (escalation BETWEEN 0 AND 3)",
    "ALTER TABLE orders.customer_order ADD CONSTRAINT ck_customer_order_chases_count CHECK (chase_count >= 0)",
    (
        "ALTER TABLE orders.customer_order ADD CONSTRAINT ck_customer_order_lines_to_two_hundred"
        " CHECK (line_count IS NULL OR line_count BETWEEN 1 AND 200)"
    ),
    (
        "ALTER TABLE orders.customer_order ADD CONSTRAINT ck_customer_order_consent_has_time"
        " CHECK ((consented_by IS NULL) = (consented_at IS NULL))"
    ),
    "DROP INDEX orders.uq_customer_order_open_on_line",
    (
        "CREATE UNIQUE INDEX uq_customer_order_open_on_line ON orders.customer_order (line_id)"
        f" WHERE {_OPEN} AND caused_by_id IS NULL AND kind <> 'restore'"
    ),
    "ALTER TABLE css.order_request ADD CONSTRAINT ck_order_request_bar_of_a_bar CHECK (bar IS NULL OR kind = 'bar')",
    ("ALTER TABLE css.order_request ADD CONSTRAINT ck_order_request_taken_or_ended CHECK (taken_order_number IS NULL OR ended_at IS NULL)"),
    # What was promised before is kept: the numbers of open provides, the slots' areas and whom they are for.
    f"UPDATE orders.customer_order SET kept_number = telephone_number WHERE kind = 'provide' AND {_OPEN}",  # noqa: S608 - our own words
    "UPDATE css.appointment a SET exchange_id = s.exchange_id FROM css.site s WHERE s.id = a.site_id",
    (
        "UPDATE css.appointment a SET provider_id = o.provider_id, reference = o.number, made_by = o.placed_by"
        " FROM orders.customer_order o WHERE o.appointment_id = a.id"
    ),
    "UPDATE css.appointment SET provider_id = (SELECT id FROM css.provider ORDER BY is_own_retail DESC LIMIT 1) WHERE provider_id IS NULL",
    "UPDATE css.appointment SET held_until_at = now() WHERE state = 'held' AND held_until_at IS NULL",
    "UPDATE css.appointment SET state = 'cancelled' WHERE state = 'missed'",
    "CREATE SEQUENCE css.appointment_serial",
    "CREATE SEQUENCE css.quote_serial",
    "ALTER TABLE css.appointment ALTER COLUMN exchange_id SET NOT NULL",
    "ALTER TABLE css.appointment ALTER COLUMN provider_id SET NOT NULL",
    "ALTER TABLE css.appointment ADD CONSTRAINT ck_appointment_held_has_end CHECK (state <> 'held' OR held_until_at IS NOT NULL)",
    "ALTER TABLE css.appointment ADD CONSTRAINT ck_appointment_missed_has_cause CHECK ((state = 'missed') = (miss_cause IS NOT NULL))",
    (
        "CREATE TRIGGER order_note_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON orders.order_note"
        " FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()"
    ),
)


def _fill_points_of_no_return() -> None:
    """An open order keeps the point it had: 16:00 in London on the working day before the one it is worked for."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT o.id, o.target_on, d.nation FROM orders.customer_order o JOIN css.district d ON d.code = o.district_code"
            " WHERE o.state IN ('acknowledged', 'committed', 'held') AND o.target_on IS NOT NULL"
        )
    )
    points = [{"id": row.id, "point": london_instant(add_working_days(row.target_on, -1, row.nation), time(16))} for row in found]
    if points:
        op.get_bind().execute(sa.text("UPDATE orders.customer_order SET no_return_at = :point WHERE id = :id"), points)


# --- end by hand


def upgrade() -> None:
    """Build what is new; rows that are there keep their meaning."""
    op.create_table(
        "network",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,7}$'", name=op.f("ck_network_code_form")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_network")),
        schema="css",
    )
    op.create_table(
        "quarantine",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("days >= 0", name=op.f("ck_quarantine_days_count")),
        sa.PrimaryKeyConstraint("starts_on", name=op.f("pk_quarantine")),
        schema="css",
    )
    op.create_table(
        "order_timing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "provide",
                "cease",
                "start",
                "takeover",
                "transfer",
                "transfer-with-changes",
                "port-in",
                "port-out",
                "move",
                "shift",
                "renumber",
                "features",
                "care",
                "directory",
                "lines",
                "convert",
                "bar",
                "restore",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum("restart", "spare-pair", "build", native_enum=False, create_constraint=True, name="outcome", length=24),
            nullable=True,
        ),
        sa.Column("needs_visit", sa.Boolean(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("lead_working_days", sa.Integer(), nullable=False),
        sa.Column("no_return_working_days", sa.Integer(), nullable=False),
        sa.Column("no_return_time", sa.Time(), nullable=False),
        sa.CheckConstraint("lead_working_days >= 0", name=op.f("ck_order_timing_lead_counts")),
        sa.CheckConstraint("no_return_working_days >= 0", name=op.f("ck_order_timing_no_return_counts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_timing")),
        sa.UniqueConstraint(
            "kind",
            "outcome",
            "needs_visit",
            "starts_on",
            name=op.f("uq_order_timing_kind_outcome_needs_visit_starts_on"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="orders",
    )
    op.create_table(
        "number_reservation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserved_by", sa.Text(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("number"), "="), (sa.text("tstzrange(starts_at, ends_at)"), "&&"), using="gist", name="ex_number_reservation_twice"
        ),
        sa.CheckConstraint("ends_at >= starts_at", name=op.f("ck_number_reservation_ends_after_start")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_number_reservation_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_reservation")),
        schema="css",
    )
    op.create_index("ix_number_reservation_number", "number_reservation", ["number", "ends_at"], unique=False, schema="css")
    op.create_table(
        "ported_number",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "direction", sa.Enum("in", "out", native_enum=False, create_constraint=True, name="direction", length=24), nullable=False
        ),
        sa.Column("network_code", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("number"), "="), (sa.text("daterange(starts_on, ends_on)"), "&&"), using="gist", name="ex_ported_number_twice"
        ),
        sa.CheckConstraint("number ~ '^44[0-9]{9,10}$'", name=op.f("ck_ported_number_number_form")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_ported_number_ends_after_start")),
        sa.ForeignKeyConstraint(["network_code"], ["css.network.code"], name=op.f("fk_ported_number_network_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ported_number")),
        schema="css",
    )
    op.create_table(
        "slot_day",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "skill", sa.Enum("install", "repair", native_enum=False, create_constraint=True, name="skill", length=24), nullable=False
        ),
        sa.Column("slot_on", sa.Date(), nullable=False),
        sa.Column("half_day", sa.Enum("AM", "PM", native_enum=False, create_constraint=True, name="half_day", length=24), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.CheckConstraint("capacity IS NULL OR capacity >= 0", name=op.f("ck_slot_day_capacity_counts")),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_slot_day_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_day")),
        sa.UniqueConstraint("exchange_id", "skill", "slot_on", "half_day", name=op.f("uq_slot_day_exchange_id_skill_slot_on_half_day")),
        schema="css",
    )
    op.create_table(
        "slot_pattern",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "skill", sa.Enum("install", "repair", native_enum=False, create_constraint=True, name="skill", length=24), nullable=False
        ),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("half_day", sa.Enum("AM", "PM", native_enum=False, create_constraint=True, name="half_day", length=24), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_slot_pattern_capacity_counts")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_slot_pattern_weekday_of_week")),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_slot_pattern_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_pattern")),
        sa.UniqueConstraint(
            "exchange_id",
            "skill",
            "weekday",
            "half_day",
            "starts_on",
            name=op.f("uq_slot_pattern_exchange_id_skill_weekday_half_day_starts_on"),
            postgresql_nulls_not_distinct=True,
        ),
        schema="css",
    )
    op.create_table(
        "quote",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "provide",
                "cease",
                "start",
                "takeover",
                "transfer",
                "transfer-with-changes",
                "port-in",
                "port-out",
                "move",
                "shift",
                "renumber",
                "features",
                "care",
                "directory",
                "lines",
                "convert",
                "bar",
                "restore",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("asked", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("told", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("quoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quoted_by", sa.Text(), nullable=False),
        sa.Column("valid_through", sa.Date(), nullable=False),
        sa.Column("consented_by", sa.Text(), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(consented_by IS NULL) = (consented_at IS NULL)", name=op.f("ck_quote_consent_has_time")),
        sa.ForeignKeyConstraint(["account_id"], ["css.account.id"], name=op.f("fk_quote_account_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_quote_district_code")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_quote_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("number", name=op.f("uq_quote_number")),
        schema="orders",
    )
    op.create_index("ix_quote_account_id", "quote", ["account_id"], unique=False, schema="orders")
    op.create_table(
        "line_bar",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum("OCB", "ICB", "TOS", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("line_id"), "="),
            (sa.column("kind"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="ex_line_bar_twice",
        ),
        sa.CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_line_bar_ends_after_start")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_line_bar_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_bar")),
        schema="css",
    )
    op.create_index("ix_line_bar_line_id", "line_bar", ["line_id"], unique=False, schema="css")
    op.create_table(
        "order_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("note", "chase", "escalation", "taken", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.customer_order.id"], name=op.f("fk_order_note_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_note")),
        schema="orders",
    )
    op.create_index("ix_order_note_order_id", "order_note", ["order_id"], unique=False, schema="orders")
    op.create_table(
        "order_task",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("task_number", sa.Integer(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "survey",
                "number",
                "plant",
                "porting",
                "exchange",
                "field",
                "directory",
                "emergency",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "owner",
            sa.Enum(
                "planning", "numbering", "exchange", "field", "records", native_enum=False, create_constraint=True, name="owner", length=24
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("open", "done", "failed", "withdrawn", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("checks", postgresql.ARRAY(Text()), server_default="{}", nullable=False),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f("ck_order_task_done_has_instant")),
        sa.CheckConstraint("(state = 'done') = (done_on IS NOT NULL)", name=op.f("ck_order_task_done_has_day")),
        sa.CheckConstraint("state <> 'failed' OR problem_code IS NOT NULL", name=op.f("ck_order_task_failed_has_code")),
        sa.CheckConstraint("task_number > 0", name=op.f("ck_order_task_task_number_counts")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_order_task_district_code")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.customer_order.id"], name=op.f("fk_order_task_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_task")),
        sa.UniqueConstraint("order_id", "task_number", name=op.f("uq_order_task_order_id_task_number")),
        schema="orders",
    )
    op.create_index(
        "ix_order_task_open",
        "order_task",
        ["district_code", "owner", "due_on"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("state IN ('open', 'failed')"),
    )
    op.add_column("appointment", sa.Column("number", sa.Text(), nullable=True), schema="css")
    op.add_column("appointment", sa.Column("exchange_id", sa.BigInteger(), nullable=True), schema="css")
    op.add_column("appointment", sa.Column("provider_id", sa.BigInteger(), nullable=True), schema="css")
    op.add_column(
        "appointment",
        sa.Column(
            "skill",
            sa.Enum("install", "repair", native_enum=False, create_constraint=True, name="skill", length=24),
            server_default="install",
            nullable=False,
        ),
        schema="css",
    )
    op.add_column("appointment", sa.Column("reference", sa.Text(), nullable=True), schema="css")
    op.add_column("appointment", sa.Column("made_by", sa.Text(), nullable=True), schema="css")
    op.add_column(
        "appointment",
        sa.Column(
            "miss_cause",
            sa.Enum(
                "no-show",
                "late",
                "recalled",
                "not-equipped",
                "no-access",
                "no-adult",
                "not-ready",
                "refused",
                native_enum=False,
                create_constraint=True,
                name="miss_cause",
                length=24,
            ),
            nullable=True,
        ),
        schema="css",
    )
    op.create_index("ix_appointment_site_id", "appointment", ["site_id"], unique=False, schema="css")
    op.create_index("ix_appointment_slot", "appointment", ["exchange_id", "skill", "slot_on", "half_day"], unique=False, schema="css")
    op.create_unique_constraint(op.f("uq_appointment_number"), "appointment", ["number"], schema="css")
    op.create_foreign_key(
        op.f("fk_appointment_provider_id"), "appointment", "provider", ["provider_id"], ["id"], source_schema="css", referent_schema="css"
    )
    op.create_foreign_key(
        op.f("fk_appointment_exchange_id"), "appointment", "exchange", ["exchange_id"], ["id"], source_schema="css", referent_schema="css"
    )
    op.add_column("line", sa.Column("auxiliary_of_id", sa.BigInteger(), nullable=True), schema="css")
    op.create_index(
        "ix_line_auxiliary_of_id",
        "line",
        ["auxiliary_of_id"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("auxiliary_of_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_line_auxiliary_of_id"), "line", "line", ["auxiliary_of_id"], ["id"], source_schema="css", referent_schema="css"
    )
    op.add_column("product", sa.Column("is_riding", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="css")
    op.add_column(
        "service",
        sa.Column(
            "end_reason",
            sa.Enum(
                "ceased",
                "changed",
                "moved",
                "taken-over",
                "transferred",
                "ported-out",
                "debt",
                "deceased",
                "our-fault",
                native_enum=False,
                create_constraint=True,
                name="end_reason",
                length=24,
            ),
            nullable=True,
        ),
        schema="css",
    )
    op.add_column("service", sa.Column("end_order_number", sa.Text(), nullable=True), schema="css")
    op.add_column("customer_order", sa.Column("kept_number", sa.Text(), nullable=True), schema="orders")
    op.add_column(
        "customer_order", sa.Column("is_number_chosen", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="orders"
    )
    op.add_column("customer_order", sa.Column("old_number", sa.Text(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("from_line_id", sa.BigInteger(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("line_count", sa.Integer(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("caused_by_id", sa.BigInteger(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("link_number", sa.Text(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("network_code", sa.Text(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("authority", sa.Text(), nullable=True), schema="orders")
    op.add_column(
        "customer_order",
        sa.Column("bar", sa.Enum("OCB", "ICB", "TOS", native_enum=False, create_constraint=True, name="bar", length=24), nullable=True),
        schema="orders",
    )
    op.add_column("customer_order", sa.Column("reason_code", sa.Text(), nullable=True), schema="orders")
    op.add_column(
        "customer_order", sa.Column("is_treatment", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="orders"
    )
    op.add_column("customer_order", sa.Column("no_return_at", sa.DateTime(timezone=True), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("excess_price", sa.Numeric(20, 6), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("excess_agreed", sa.BigInteger(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("quote_id", sa.BigInteger(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("consented_by", sa.Text(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("owner", sa.Text(), nullable=True), schema="orders")
    op.add_column("customer_order", sa.Column("escalation", sa.Integer(), server_default="0", nullable=False), schema="orders")
    op.add_column("customer_order", sa.Column("chase_count", sa.Integer(), server_default="0", nullable=False), schema="orders")
    op.drop_index(
        op.f("uq_customer_order_number_reserved"),
        table_name="customer_order",
        schema="orders",
        postgresql_where=sa.text("kind = 'provide'"),
    )
    op.create_index(
        "uq_customer_order_number_reserved",
        "customer_order",
        ["kept_number"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("kept_number IS NOT NULL AND state IN ('acknowledged', 'committed', 'held')"),
    )
    op.create_index(
        "ix_customer_order_appointment_id",
        "customer_order",
        ["appointment_id"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_customer_order_link",
        "customer_order",
        ["link_number"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("link_number IS NOT NULL"),
    )
    op.create_index(
        "uq_customer_order_caused_by",
        "customer_order",
        ["caused_by_id"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("caused_by_id IS NOT NULL"),
    )
    op.create_index(
        "uq_customer_order_open_from_line",
        "customer_order",
        ["from_line_id"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("state IN ('acknowledged', 'committed', 'held') AND from_line_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_customer_order_network_code"),
        "customer_order",
        "network",
        ["network_code"],
        ["code"],
        source_schema="orders",
        referent_schema="css",
    )
    op.create_foreign_key(
        op.f("fk_customer_order_caused_by_id"),
        "customer_order",
        "customer_order",
        ["caused_by_id"],
        ["id"],
        source_schema="orders",
        referent_schema="orders",
    )
    op.create_foreign_key(
        op.f("fk_customer_order_from_line_id"),
        "customer_order",
        "line",
        ["from_line_id"],
        ["id"],
        source_schema="orders",
        referent_schema="css",
    )
    op.create_index(
        "ix_customer_order_quote_id",
        "customer_order",
        ["quote_id"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("quote_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_customer_order_quote_id"),
        "customer_order",
        "quote",
        ["quote_id"],
        ["id"],
        source_schema="orders",
        referent_schema="orders",
    )
    op.add_column("order_item", sa.Column("quantity", sa.Integer(), server_default="1", nullable=False), schema="orders")
    op.add_column(
        "order_request",
        sa.Column("bar", sa.Enum("OCB", "ICB", "TOS", native_enum=False, create_constraint=True, name="bar", length=24), nullable=True),
        schema="css",
    )
    op.add_column("order_request", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True), schema="css")
    op.add_column("order_request", sa.Column("words", sa.Text(), nullable=True), schema="css")
    op.create_index(
        "ix_order_request_waiting",
        "order_request",
        ["district_code", "line_id"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("taken_order_number IS NULL AND ended_at IS NULL"),
    )
    for statement in CHECKS:
        op.execute(statement)
    _fill_points_of_no_return()


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
