"""Repairs: clocks, tests, outages, engineers, care levels and working calendars as data; credits by day.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# --- by hand
_STATES = (
    *("reported", "tested", "diagnosed", "queued", "appointed", "issued", "on-site", "parked"),
    *("cleared", "accepted", "closed", "withdrawn"),
)
_OUTSIDE = ("compensation", "guarantee", "late-fee", "goodwill", "transfer")


def _choice(table: str, column: str, values: tuple[str, ...]) -> tuple[str, str]:
    name = f"ck_{table.split('.')[1]}_{column}"
    listed = ", ".join(f"'{value}'" for value in values)
    return (
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}",
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))",
    )


def _check(table: str, name: str, condition: str) -> tuple[str, str]:
    name = f"ck_{table.split('.')[1]}_{name}"
    return (
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}",
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})",
    )


CHECKS = (
    *_choice("repairs.fault", "state", _STATES),
    *_choice("repairs.fault_event", "state", _STATES),
    *_choice("billing.outside_item", "kind", _OUTSIDE),
    *_check(
        "css.operator",
        "roles_known",
        "roles <@ ARRAY['clerk','repair','contractor','billing','scheduler','supervisor']::text[]",
    ),
    *_check("repairs.fault", "cleared_has_instant", "(state IN ('cleared', 'accepted', 'closed')) = (cleared_at IS NOT NULL)"),
    *_check("repairs.fault", "line_or_place", "(kind = 'line') = (line_id IS NOT NULL)"),
    *_check("repairs.fault", "line_has_account", "(line_id IS NULL) = (account_id IS NULL)"),
    *_check("repairs.fault", "damage_has_place", "kind = 'line' OR place_words IS NOT NULL"),
    *_check("repairs.fault", "parked_resumes_somewhere", "(state = 'parked') = (resumes_to IS NOT NULL)"),
    *_check("repairs.fault", "appointed_has_slot", "(state = 'appointed') <= (appointment_id IS NOT NULL)"),
    *_check("repairs.fault", "charge_band_known", "charge_band BETWEEN 0 AND 4"),
    *_check("repairs.fault", "chases_count", "chase_count >= 0"),
    *_check(
        "repairs.fault",
        "waits_for_a_while",
        "(waits_from_at IS NULL) = (waits_until_at IS NULL) AND coalesce(waits_from_at < waits_until_at, true)",
    ),
    "DROP INDEX repairs.uq_fault_open_on_line",
    (
        "CREATE UNIQUE INDEX uq_fault_open_on_line ON repairs.fault (line_id)"
        " WHERE is_open AND forced_reason IS NULL AND line_id IS NOT NULL"
    ),
    # Faults that are there: whose area they are in, the level they had, and a clock that ran from their acceptance to their end.
    (
        "UPDATE repairs.fault f SET exchange_id = s.exchange_id, line_care_level = f.care_level, clear_count = (f.cleared_at IS NOT NULL)::int"
        " FROM css.line l JOIN css.site s ON s.id = l.site_id WHERE l.id = f.line_id"
    ),
    "ALTER TABLE repairs.fault ALTER COLUMN exchange_id SET NOT NULL",
    "ALTER TABLE repairs.fault ALTER COLUMN line_care_level SET NOT NULL",
    (
        "INSERT INTO repairs.clock_interval (fault_id, state, starts_at, ends_at, begun_by, ended_by)"
        " SELECT f.id, 'running', f.accepted_at, CASE WHEN f.cleared_at IS NULL THEN w.occurred_at ELSE greatest(f.cleared_at, f.accepted_at) END, f.reported_by, w.done_by"
        " FROM repairs.fault f LEFT JOIN LATERAL (SELECT e.occurred_at, e.done_by FROM repairs.fault_event e"
        " WHERE e.fault_id = f.id AND f.state <> 'reported' ORDER BY e.sequence DESC LIMIT 1) w ON true"
    ),
    # A fault cleared before clears were answered is agreed to: nobody asked anybody.
    "UPDATE repairs.fault SET state = 'closed' WHERE state = 'cleared'",
    (
        "CREATE OR REPLACE VIEW repairs.open_fault_v WITH (security_invoker = true) AS"
        " SELECT f.id AS fault_id, f.number, f.district_code, f.provider_id, f.account_id, f.line_id, f.state, f.symptom_code,"
        " f.care_level, f.reported_at, f.due_at FROM repairs.fault f WHERE f.is_open"
    ),
    (
        "CREATE VIEW repairs.mborc_v WITH (security_invoker = true) AS SELECT m.id AS mborc_id, m.district_code, m.exchange_id,"
        " m.cabinet_id, m.activity, m.cause, m.clear_codes, m.starts_at, m.ends_at FROM repairs.mborc m"
    ),
)
# --- end by hand


def upgrade() -> None:
    """Build what is new; rows that are there keep their meaning."""
    op.create_table(
        "compensation_policy",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column(
            "day_count",
            sa.Enum(
                "full-days-after", "full-days-only", "days-begun", native_enum=False, create_constraint=True, name="day_count", length=24
            ),
            nullable=False,
        ),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("working_days >= 0", name=op.f("ck_compensation_policy_working_days_count")),
        sa.PrimaryKeyConstraint("starts_on", name=op.f("pk_compensation_policy")),
        schema="billing",
    )
    op.create_table(
        "guarantee_rate",
        sa.Column(
            "kind",
            sa.Enum(
                "delayed-repair", "missed-appointment", "delayed-start", native_enum=False, create_constraint=True, name="kind", length=24
            ),
            nullable=False,
        ),
        sa.Column("care_level", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("days_max", sa.Integer(), nullable=True),
        sa.CheckConstraint("days_max IS NULL OR days_max > 0", name=op.f("ck_guarantee_rate_days_count")),
        sa.PrimaryKeyConstraint("kind", "care_level", "starts_on", name=op.f("pk_guarantee_rate")),
        schema="billing",
    )
    op.create_table(
        "working_calendar",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="Europe/London", nullable=False),
        sa.Column("keeps_bank_holidays", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_working_calendar")),
        schema="css",
    )
    op.create_table(
        "outside_nominal",
        sa.Column(
            "kind",
            sa.Enum(
                "compensation",
                "guarantee",
                "late-fee",
                "goodwill",
                "transfer",
                native_enum=False,
                create_constraint=True,
                name="kind",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("nominal_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["nominal_code"], ["billing.nominal.code"], name=op.f("fk_outside_nominal_nominal_code")),
        sa.PrimaryKeyConstraint("kind", "starts_on", name=op.f("pk_outside_nominal")),
        schema="billing",
    )
    op.create_table(
        "calendar_exception",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("calendar_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "nation",
            sa.Enum(
                "england-and-wales", "scotland", "northern-ireland", native_enum=False, create_constraint=True, name="nation", length=24
            ),
            nullable=True,
        ),
        sa.Column("opens_minute", sa.Integer(), nullable=True),
        sa.Column("closes_minute", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(opens_minute IS NULL AND closes_minute IS NULL) OR (opens_minute BETWEEN 0 AND 1439 AND closes_minute BETWEEN 1 AND 1440 AND opens_minute < closes_minute)",
            name=op.f("ck_calendar_exception_opens_before_it_closes"),
        ),
        sa.ForeignKeyConstraint(["calendar_code"], ["css.working_calendar.code"], name=op.f("fk_calendar_exception_calendar_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_exception")),
        schema="css",
    )
    op.create_index(
        "uq_calendar_exception_day",
        "calendar_exception",
        ["calendar_code", "day", "nation", "opens_minute"],
        unique=True,
        schema="css",
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "care_level_terms",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("promise", sa.Text(), nullable=False),
        sa.Column("calendar_code", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("same_day_by", sa.Time(), nullable=True),
        sa.Column("next_day_by", sa.Time(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint("(same_day_by IS NULL) = (next_day_by IS NULL)", name=op.f("ck_care_level_terms_same_or_next_day")),
        sa.CheckConstraint("days BETWEEN 0 AND 30", name=op.f("ck_care_level_terms_days_in_reach")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_care_level_terms_minutes_count")),
        sa.CheckConstraint("num_nonnulls(days, same_day_by, minutes) = 1", name=op.f("ck_care_level_terms_one_promise")),
        sa.ForeignKeyConstraint(["calendar_code"], ["css.working_calendar.code"], name=op.f("fk_care_level_terms_calendar_code")),
        sa.PrimaryKeyConstraint("code", "starts_on", name=op.f("pk_care_level_terms")),
        schema="css",
    )
    op.create_table(
        "working_span",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("calendar_code", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("calendar_code"), "="),
            (sa.column("starts_on"), "="),
            (sa.column("weekday"), "="),
            (sa.text("int4range(opens_minute, closes_minute)"), "&&"),
            using="gist",
            name="ex_working_span_overlap",
        ),
        sa.CheckConstraint(
            "opens_minute BETWEEN 0 AND 1439 AND closes_minute BETWEEN 1 AND 1440 AND opens_minute < closes_minute",
            name=op.f("ck_working_span_opens_before_it_closes"),
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_span_weekday_of_week")),
        sa.ForeignKeyConstraint(["calendar_code"], ["css.working_calendar.code"], name=op.f("fk_working_span_calendar_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_span")),
        schema="css",
    )
    op.create_table(
        "engineer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("firm", sa.Text(), nullable=True),
        sa.Column("calendar_code", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,7}$'", name=op.f("ck_engineer_code_form")),
        sa.ForeignKeyConstraint(["calendar_code"], ["css.working_calendar.code"], name=op.f("fk_engineer_calendar_code")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_engineer_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engineer")),
        sa.UniqueConstraint("code", name=op.f("uq_engineer_code")),
        schema="repairs",
    )
    op.create_index("ix_engineer_district_code", "engineer", ["district_code"], unique=False, schema="repairs")
    op.create_table(
        "repair_policy",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("repeat_days", sa.Integer(), nullable=False),
        sa.Column("early_life_days", sa.Integer(), nullable=False),
        sa.Column("accept_calendar_code", sa.Text(), nullable=False),
        sa.Column("accept_minutes", sa.Integer(), nullable=False),
        sa.Column("warn_minutes", sa.Integer(), nullable=False),
        sa.Column("priority_level", sa.Text(), nullable=False),
        sa.Column("problem_faults", sa.Integer(), nullable=False),
        sa.Column("problem_days", sa.Integer(), nullable=False),
        sa.Column("damage_level", sa.Text(), nullable=False),
        sa.Column("hazard_level", sa.Text(), nullable=False),
        sa.CheckConstraint("problem_faults > 1", name=op.f("ck_repair_policy_problem_is_several")),
        sa.CheckConstraint(
            "repeat_days > 0 AND early_life_days > 0 AND accept_minutes > 0 AND warn_minutes > 0",
            name=op.f("ck_repair_policy_figures_count"),
        ),
        sa.ForeignKeyConstraint(
            ["accept_calendar_code"], ["css.working_calendar.code"], name=op.f("fk_repair_policy_accept_calendar_code")
        ),
        sa.PrimaryKeyConstraint("starts_on", name=op.f("pk_repair_policy")),
        schema="repairs",
    )
    op.create_table(
        "engineer_area",
        sa.Column("engineer_id", sa.BigInteger(), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["engineer_id"], ["repairs.engineer.id"], name=op.f("fk_engineer_area_engineer_id")),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_engineer_area_exchange_id")),
        sa.PrimaryKeyConstraint("engineer_id", "exchange_id", name=op.f("pk_engineer_area")),
        schema="repairs",
    )
    op.create_table(
        "engineer_craft",
        sa.Column("engineer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "craft",
            sa.Enum(
                "home", "overhead", "underground", "frames", "data", native_enum=False, create_constraint=True, name="craft", length=24
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["engineer_id"], ["repairs.engineer.id"], name=op.f("fk_engineer_craft_engineer_id")),
        sa.PrimaryKeyConstraint("engineer_id", "craft", name=op.f("pk_engineer_craft")),
        schema="repairs",
    )
    op.create_table(
        "mborc",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("exchange_id", sa.BigInteger(), nullable=True),
        sa.Column("cabinet_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "activity",
            sa.Enum("repair", "provision", native_enum=False, create_constraint=True, name="activity", length=24),
            nullable=False,
        ),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("clear_codes", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_mborc_ends_after_start")),
        sa.CheckConstraint("num_nonnulls(exchange_id, cabinet_id) <= 1", name=op.f("ck_mborc_one_area")),
        sa.ForeignKeyConstraint(["cabinet_id"], ["css.cabinet.id"], name=op.f("fk_mborc_cabinet_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_mborc_district_code")),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_mborc_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mborc")),
        schema="repairs",
    )
    op.create_index(
        "ix_mborc_in_force",
        "mborc",
        ["district_code", "activity"],
        unique=False,
        schema="repairs",
        postgresql_where=sa.text("ends_at IS NULL"),
    )
    op.create_table(
        "outage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("exchange", "cabinet", "distribution-point", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column("exchange_id", sa.BigInteger(), nullable=True),
        sa.Column("cabinet_id", sa.BigInteger(), nullable=True),
        sa.Column("distribution_point_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("open", "cleared", "withdrawn", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("clear_code", sa.Text(), nullable=True),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_outage_ended_has_instant")),
        sa.CheckConstraint("ended_at >= began_at", name=op.f("ck_outage_ends_after_start")),
        sa.CheckConstraint("num_nonnulls(exchange_id, cabinet_id, distribution_point_id) = 1", name=op.f("ck_outage_one_element")),
        sa.ForeignKeyConstraint(["cabinet_id"], ["css.cabinet.id"], name=op.f("fk_outage_cabinet_id")),
        sa.ForeignKeyConstraint(["distribution_point_id"], ["css.distribution_point.id"], name=op.f("fk_outage_distribution_point_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_outage_district_code")),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_outage_exchange_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
        schema="repairs",
    )
    op.create_index("ix_outage_district_code_began_at", "outage", ["district_code", "began_at"], unique=False, schema="repairs")
    op.create_index(
        "uq_outage_cabinet_id_open",
        "outage",
        ["cabinet_id"],
        unique=True,
        schema="repairs",
        postgresql_where=sa.text("state = 'open' AND cabinet_id IS NOT NULL"),
    )
    op.create_index(
        "uq_outage_distribution_point_id_open",
        "outage",
        ["distribution_point_id"],
        unique=True,
        schema="repairs",
        postgresql_where=sa.text("state = 'open' AND distribution_point_id IS NOT NULL"),
    )
    op.create_index(
        "uq_outage_exchange_id_open",
        "outage",
        ["exchange_id"],
        unique=True,
        schema="repairs",
        postgresql_where=sa.text("state = 'open' AND exchange_id IS NOT NULL"),
    )
    op.create_table(
        "plant_trouble",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "element",
            sa.Enum(
                "exchange",
                "cabinet",
                "distribution-point",
                "pair",
                "premises",
                native_enum=False,
                create_constraint=True,
                name="element",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("exchange_id", sa.BigInteger(), nullable=True),
        sa.Column("cabinet_id", sa.BigInteger(), nullable=True),
        sa.Column("distribution_point_id", sa.BigInteger(), nullable=True),
        sa.Column("pair_id", sa.BigInteger(), nullable=True),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "condition",
            sa.Enum(
                "disconnection",
                "loop",
                "short",
                "earth-contact",
                "battery-contact",
                "low-insulation",
                "rectified-loop",
                "data",
                "unseen",
                native_enum=False,
                create_constraint=True,
                name="condition",
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("is_intermittent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("distance_metres", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(exchange_id, cabinet_id, distribution_point_id, pair_id, site_id) = 1 AND CASE element WHEN 'exchange' THEN exchange_id IS NOT NULL WHEN 'cabinet' THEN cabinet_id IS NOT NULL WHEN 'distribution-point' THEN distribution_point_id IS NOT NULL WHEN 'pair' THEN pair_id IS NOT NULL ELSE site_id IS NOT NULL END",
            name=op.f("ck_plant_trouble_one_element"),
        ),
        sa.CheckConstraint("distance_metres IS NULL OR distance_metres >= 0", name=op.f("ck_plant_trouble_distance_counts")),
        sa.CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_plant_trouble_ends_after_start")),
        sa.ForeignKeyConstraint(["cabinet_id"], ["css.cabinet.id"], name=op.f("fk_plant_trouble_cabinet_id")),
        sa.ForeignKeyConstraint(
            ["distribution_point_id"], ["css.distribution_point.id"], name=op.f("fk_plant_trouble_distribution_point_id")
        ),
        sa.ForeignKeyConstraint(["exchange_id"], ["css.exchange.id"], name=op.f("fk_plant_trouble_exchange_id")),
        sa.ForeignKeyConstraint(["pair_id"], ["css.pair.id"], name=op.f("fk_plant_trouble_pair_id")),
        sa.ForeignKeyConstraint(["site_id"], ["css.site.id"], name=op.f("fk_plant_trouble_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plant_trouble")),
        schema="css",
    )
    op.create_index(
        "uq_plant_trouble_cabinet_id_live",
        "plant_trouble",
        ["cabinet_id"],
        unique=True,
        schema="css",
        postgresql_where=sa.text("ends_at IS NULL AND cabinet_id IS NOT NULL"),
    )
    op.create_index(
        "uq_plant_trouble_distribution_point_id_live",
        "plant_trouble",
        ["distribution_point_id"],
        unique=True,
        schema="css",
        postgresql_where=sa.text("ends_at IS NULL AND distribution_point_id IS NOT NULL"),
    )
    op.create_index(
        "uq_plant_trouble_exchange_id_live",
        "plant_trouble",
        ["exchange_id"],
        unique=True,
        schema="css",
        postgresql_where=sa.text("ends_at IS NULL AND exchange_id IS NOT NULL"),
    )
    op.create_index(
        "uq_plant_trouble_pair_id_live",
        "plant_trouble",
        ["pair_id"],
        unique=True,
        schema="css",
        postgresql_where=sa.text("ends_at IS NULL AND pair_id IS NOT NULL"),
    )
    op.create_index(
        "uq_plant_trouble_site_id_live",
        "plant_trouble",
        ["site_id"],
        unique=True,
        schema="css",
        postgresql_where=sa.text("ends_at IS NULL AND site_id IS NOT NULL"),
    )
    op.create_table(
        "credited_day",
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "delayed-repair", "missed-appointment", "delayed-start", native_enum=False, create_constraint=True, name="kind", length=24
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_credited_day_line_id")),
        sa.PrimaryKeyConstraint("line_id", "kind", "day", name=op.f("pk_credited_day")),
        schema="billing",
    )
    op.create_index("ix_credited_day_source_key", "credited_day", ["source_key"], unique=False, schema="billing")
    op.create_table(
        "line_test",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("pair_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Enum("quick", "full", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "running", "done", "failed", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("progress_percent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("head_reference", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("fault_number", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum("pass", "fail", "inconclusive", native_enum=False, create_constraint=True, name="outcome", length=24),
            nullable=True,
        ),
        sa.Column("diagnosis", sa.Text(), nullable=True),
        sa.Column("diagnosis_code", sa.Text(), nullable=True),
        sa.Column(
            "location",
            sa.Enum(
                "OK", "CA", "CE", "LN", "CO", "EX", "FU", "DT", "CI", native_enum=False, create_constraint=True, name="location", length=24
            ),
            nullable=True,
        ),
        sa.Column(
            "condition",
            sa.Enum(
                "disconnection",
                "loop",
                "short",
                "earth-contact",
                "battery-contact",
                "low-insulation",
                "rectified-loop",
                "data",
                "unseen",
                native_enum=False,
                create_constraint=True,
                name="condition",
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("needs_appointment", sa.Boolean(), nullable=True),
        sa.Column("report_advised", sa.Boolean(), nullable=True),
        sa.Column(
            "line_stability",
            sa.Enum("stable", "unstable", "unknown", native_enum=False, create_constraint=True, name="line_stability", length=24),
            nullable=True,
        ),
        sa.Column(
            "network_stability",
            sa.Enum("stable", "unstable", "unknown", native_enum=False, create_constraint=True, name="network_stability", length=24),
            nullable=True,
        ),
        sa.Column("stability_words", sa.Text(), nullable=True),
        sa.Column("distance_metres", sa.Integer(), nullable=True),
        sa.Column("measured", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name=op.f("ck_line_test_done_has_outcome")),
        sa.CheckConstraint("(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name=op.f("ck_line_test_finished_has_instant")),
        sa.CheckConstraint("progress_percent BETWEEN 0 AND 100", name=op.f("ck_line_test_progress_of_hundred")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_line_test_line_id")),
        sa.ForeignKeyConstraint(["pair_id"], ["css.pair.id"], name=op.f("fk_line_test_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_test")),
        schema="repairs",
    )
    op.create_index("ix_line_test_line_id", "line_test", ["line_id", "asked_at"], unique=False, schema="repairs")
    op.create_index(
        "ix_line_test_unfinished",
        "line_test",
        ["id"],
        unique=False,
        schema="repairs",
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "problem",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("line", "distribution-point", "cabinet", native_enum=False, create_constraint=True, name="kind", length=24),
            nullable=False,
        ),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("distribution_point_id", sa.BigInteger(), nullable=True),
        sa.Column("cabinet_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Enum("open", "closed", native_enum=False, create_constraint=True, name="state", length=24), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)", name=op.f("ck_problem_closed_has_day")),
        sa.CheckConstraint("num_nonnulls(line_id, distribution_point_id, cabinet_id) = 1", name=op.f("ck_problem_one_element")),
        sa.ForeignKeyConstraint(["cabinet_id"], ["css.cabinet.id"], name=op.f("fk_problem_cabinet_id")),
        sa.ForeignKeyConstraint(["distribution_point_id"], ["css.distribution_point.id"], name=op.f("fk_problem_distribution_point_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_problem_district_code")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_problem_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
        schema="repairs",
    )
    op.create_index(
        "uq_problem_cabinet_id_open",
        "problem",
        ["cabinet_id"],
        unique=True,
        schema="repairs",
        postgresql_where=sa.text("state = 'open' AND cabinet_id IS NOT NULL"),
    )
    op.create_index(
        "uq_problem_distribution_point_id_open",
        "problem",
        ["distribution_point_id"],
        unique=True,
        schema="repairs",
        postgresql_where=sa.text("state = 'open' AND distribution_point_id IS NOT NULL"),
    )
    op.create_index(
        "uq_problem_line_id_open",
        "problem",
        ["line_id"],
        unique=True,
        schema="repairs",
        postgresql_where=sa.text("state = 'open' AND line_id IS NOT NULL"),
    )
    op.create_table(
        "clock_interval",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "parked", "customer-held", "mborc", native_enum=False, create_constraint=True, name="state", length=24),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("mborc_id", sa.BigInteger(), nullable=True),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("fault_id"), "="), (sa.text("tstzrange(starts_at, ends_at)"), "&&"), using="gist", name="ex_clock_interval_overlap"
        ),
        sa.CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_clock_interval_ends_after_start")),
        sa.ForeignKeyConstraint(["fault_id"], ["repairs.fault.id"], name=op.f("fk_clock_interval_fault_id")),
        sa.ForeignKeyConstraint(["mborc_id"], ["repairs.mborc.id"], name=op.f("fk_clock_interval_mborc_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_interval")),
        schema="repairs",
    )
    op.create_index(
        "ix_clock_interval_mborc_id",
        "clock_interval",
        ["mborc_id"],
        unique=False,
        schema="repairs",
        postgresql_where=sa.text("mborc_id IS NOT NULL"),
    )
    op.create_index(
        "uq_clock_interval_last", "clock_interval", ["fault_id"], unique=True, schema="repairs", postgresql_where=sa.text("ends_at IS NULL")
    )
    op.create_table(
        "pair_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("from_pair_id", sa.BigInteger(), nullable=False),
        sa.Column("to_pair_id", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.CheckConstraint("from_pair_id <> to_pair_id", name=op.f("ck_pair_change_to_another")),
        sa.ForeignKeyConstraint(["fault_id"], ["repairs.fault.id"], name=op.f("fk_pair_change_fault_id")),
        sa.ForeignKeyConstraint(["from_pair_id"], ["css.pair.id"], name=op.f("fk_pair_change_from_pair_id")),
        sa.ForeignKeyConstraint(["line_id"], ["css.line.id"], name=op.f("fk_pair_change_line_id")),
        sa.ForeignKeyConstraint(["to_pair_id"], ["css.pair.id"], name=op.f("fk_pair_change_to_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_change")),
        schema="repairs",
    )
    op.create_index("ix_pair_change_fault_id", "pair_change", ["fault_id"], unique=False, schema="repairs")
    op.create_index("ix_pair_change_line_id", "pair_change", ["line_id"], unique=False, schema="repairs")
    op.create_table(
        "problem_fault",
        sa.Column("problem_id", sa.BigInteger(), nullable=False),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["fault_id"], ["repairs.fault.id"], name=op.f("fk_problem_fault_fault_id")),
        sa.ForeignKeyConstraint(["problem_id"], ["repairs.problem.id"], name=op.f("fk_problem_fault_problem_id")),
        sa.PrimaryKeyConstraint("problem_id", "fault_id", name=op.f("pk_problem_fault")),
        schema="repairs",
    )
    op.create_index("ix_problem_fault_fault_id", "problem_fault", ["fault_id"], unique=False, schema="repairs")
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("engineer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "issued", "on-site", "done", "returned", "recalled", native_enum=False, create_constraint=True, name="state", length=24
            ),
            nullable=False,
        ),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "return_reason",
            sa.Enum(
                "no-access",
                "wrong-craft",
                "more-hands",
                "stores",
                "hazard",
                "end-of-shift",
                "other",
                native_enum=False,
                create_constraint=True,
                name="return_reason",
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("words", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'returned') = (return_reason IS NOT NULL)", name=op.f("ck_visit_returned_has_reason")),
        sa.CheckConstraint("(state IN ('issued', 'on-site')) = (ended_at IS NULL)", name=op.f("ck_visit_ended_has_instant")),
        sa.CheckConstraint("state <> 'on-site' OR arrived_at IS NOT NULL", name=op.f("ck_visit_on_site_arrived")),
        sa.CheckConstraint("arrived_at >= issued_at AND ended_at >= coalesce(arrived_at, issued_at)", name=op.f("ck_visit_in_order")),
        sa.ForeignKeyConstraint(["engineer_id"], ["repairs.engineer.id"], name=op.f("fk_visit_engineer_id")),
        sa.ForeignKeyConstraint(["fault_id"], ["repairs.fault.id"], name=op.f("fk_visit_fault_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        schema="repairs",
    )
    op.create_index("ix_visit_engineer_id_issued_at", "visit", ["engineer_id", "issued_at"], unique=False, schema="repairs")
    op.create_index("ix_visit_fault_id", "visit", ["fault_id"], unique=False, schema="repairs")
    op.create_index(
        "uq_visit_engineer_live", "visit", ["engineer_id"], unique=True, schema="repairs", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "uq_visit_fault_live", "visit", ["fault_id"], unique=True, schema="repairs", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.add_column("service_failure", sa.Column("care_level", sa.Text(), nullable=True), schema="css")
    op.add_column(
        "service_failure",
        sa.Column("customer_held", postgresql.JSONB(astext_type=Text()), server_default="[]", nullable=False),
        schema="css",
    )
    op.add_column("service_failure", sa.Column("is_guaranteed", sa.Boolean(), server_default=sa.text("true"), nullable=False), schema="css")
    op.add_column("service_failure", sa.Column("guarantee_ends_at", sa.DateTime(timezone=True), nullable=True), schema="css")
    op.add_column("service_failure", sa.Column("is_total_loss", sa.Boolean(), server_default=sa.text("true"), nullable=False), schema="css")
    op.add_column(
        "fault",
        sa.Column(
            "kind",
            sa.Enum("line", "damage", native_enum=False, create_constraint=True, name="kind", length=24),
            server_default="line",
            nullable=False,
        ),
        schema="repairs",
    )
    op.add_column("fault", sa.Column("exchange_id", sa.BigInteger(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("place_words", sa.Text(), nullable=True), schema="repairs")
    op.add_column(
        "fault",
        sa.Column(
            "is_open",
            sa.Boolean(),
            sa.Computed("state NOT IN ('cleared', 'accepted', 'closed', 'withdrawn')", persisted=True),
            nullable=False,
        ),
        schema="repairs",
    )
    op.add_column(
        "fault",
        sa.Column(
            "resumes_to",
            sa.Enum(
                "reported",
                "tested",
                "diagnosed",
                "queued",
                "appointed",
                "issued",
                "on-site",
                "parked",
                "cleared",
                "accepted",
                "closed",
                "withdrawn",
                native_enum=False,
                create_constraint=True,
                name="resumes_to",
                length=24,
            ),
            nullable=True,
        ),
        schema="repairs",
    )
    op.add_column("fault", sa.Column("caller_name", sa.Text(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("visit_notes", sa.Text(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("charge_band", sa.Integer(), server_default="0", nullable=False), schema="repairs")
    op.add_column("fault", sa.Column("forced_reason", sa.Text(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("line_care_level", sa.Text(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("is_priority", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="repairs")
    op.add_column("fault", sa.Column("is_expedited", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="repairs")
    op.add_column("fault", sa.Column("expedited_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("line_test_id", sa.BigInteger(), nullable=True), schema="repairs")
    op.add_column(
        "fault",
        sa.Column(
            "location",
            sa.Enum(
                "OK", "CA", "CE", "LN", "CO", "EX", "FU", "DT", "CI", native_enum=False, create_constraint=True, name="location", length=24
            ),
            nullable=True,
        ),
        schema="repairs",
    )
    op.add_column(
        "fault",
        sa.Column(
            "craft",
            sa.Enum(
                "home", "overhead", "underground", "frames", "data", native_enum=False, create_constraint=True, name="craft", length=24
            ),
            nullable=True,
        ),
        schema="repairs",
    )
    op.add_column("fault", sa.Column("appointment_id", sa.BigInteger(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("outage_id", sa.BigInteger(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("is_repeat", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="repairs")
    op.add_column("fault", sa.Column("is_early_life", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="repairs")
    op.add_column("fault", sa.Column("chase_count", sa.Integer(), server_default="0", nullable=False), schema="repairs")
    op.add_column("fault", sa.Column("last_chased_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("owner_code", sa.Text(), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("warned_due_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("waits_from_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("waits_until_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("accept_by_at", sa.DateTime(timezone=True), nullable=True), schema="repairs")
    op.add_column("fault", sa.Column("clear_count", sa.Integer(), server_default="0", nullable=False), schema="repairs")
    op.alter_column("fault", "account_id", existing_type=sa.BIGINT(), nullable=True, schema="repairs")
    op.alter_column("fault", "line_id", existing_type=sa.BIGINT(), nullable=True, schema="repairs")
    op.drop_index(op.f("ix_fault_due"), table_name="fault", schema="repairs", postgresql_where="((state)::text = 'reported'::text)")
    op.create_index(
        "ix_fault_due", "fault", ["district_code", "due_at", "number"], unique=False, schema="repairs", postgresql_where=sa.text("is_open")
    )
    op.create_index(
        "ix_fault_accept_by", "fault", ["accept_by_at"], unique=False, schema="repairs", postgresql_where=sa.text("state = 'cleared'")
    )
    op.create_index(
        "ix_fault_appointment_id",
        "fault",
        ["appointment_id"],
        unique=False,
        schema="repairs",
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_fault_outage_id", "fault", ["outage_id"], unique=False, schema="repairs", postgresql_where=sa.text("outage_id IS NOT NULL")
    )
    op.create_foreign_key(
        op.f("fk_fault_exchange_id"), "fault", "exchange", ["exchange_id"], ["id"], source_schema="repairs", referent_schema="css"
    )
    op.create_foreign_key(
        op.f("fk_fault_line_test_id"), "fault", "line_test", ["line_test_id"], ["id"], source_schema="repairs", referent_schema="repairs"
    )
    op.create_foreign_key(
        op.f("fk_fault_outage_id"), "fault", "outage", ["outage_id"], ["id"], source_schema="repairs", referent_schema="repairs"
    )
    op.create_foreign_key(
        op.f("fk_fault_appointment_id"), "fault", "appointment", ["appointment_id"], ["id"], source_schema="repairs", referent_schema="css"
    )
    op.add_column("fault_event", sa.Column("deed", sa.Text(), nullable=True), schema="repairs")
    for statement in CHECKS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
