"""The desk: conversations, caller checks, follow-ups, who may speak for a customer, locked desks, second persons, news.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# --- by hand
CHECKS: tuple[str, ...] = ()
# --- end by hand


def upgrade() -> None:
    """Build what is new; rows that are there keep their meaning."""
    op.create_table(
        "news_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_item")),
        schema="css",
    )
    op.create_index("ix_news_item_ends_at", "news_item", ["ends_at"], unique=False, schema="css")
    op.create_table(
        "approval_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("command", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum("asked", "approved", "refused", "withdrawn", native_enum=False, create_constraint=True, name="state", length=24),
            server_default="asked",
            nullable=False,
        ),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_approval_request_decided_has_time")),
        sa.CheckConstraint(
            "decided_by_id <> asked_by_id OR state = 'withdrawn'", name=op.f("ck_approval_request_second_person_is_another")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["css.operator.id"], name=op.f("fk_approval_request_asked_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["css.operator.id"], name=op.f("fk_approval_request_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
        schema="css",
    )
    op.create_index(
        "ix_approval_request_open",
        "approval_request",
        ["asked_at"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("screen_code", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("below", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("open", "parked", "done", "dropped", native_enum=False, create_constraint=True, name="state", length=24),
            server_default="open",
            nullable=False,
        ),
        sa.Column("keyed", postgresql.JSONB(astext_type=Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("seen", sa.Text(), server_default="", nullable=False),
        sa.Column("is_checked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("led_to", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('open', 'parked') OR keyed = '{}'::jsonb", name=op.f("ck_conversation_nothing_keyed_is_kept_after")),
        sa.CheckConstraint("token ~ '^[A-Za-z0-9_-]{22}$'", name=op.f("ck_conversation_token_form")),
        sa.ForeignKeyConstraint(["operator_id"], ["css.operator.id"], name=op.f("fk_conversation_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("token", name=op.f("uq_conversation_token")),
        schema="css",
    )
    op.create_index("ix_conversation_operator_id_touched_at", "conversation", ["operator_id", "touched_at"], unique=False, schema="css")
    op.create_index(
        "ix_conversation_subject",
        "conversation",
        ["subject"],
        unique=False,
        schema="css",
        postgresql_where=sa.text("state IN ('open', 'parked')"),
    )
    op.create_table(
        "authorised_person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("password_phrase", sa.Text(), nullable=True),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_authorised_person_period")),
        sa.ForeignKeyConstraint(["customer_id"], ["css.customer.id"], name=op.f("fk_authorised_person_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorised_person")),
        schema="css",
    )
    op.create_index("ix_authorised_person_customer_id", "authorised_person", ["customer_id"], unique=False, schema="css")
    op.create_table(
        "caller_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_code", sa.Text(), nullable=False),
        sa.Column("operator_session_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "caller_kind",
            sa.Enum("holder", "authorised", "other", "nobody", native_enum=False, create_constraint=True, name="caller_kind", length=24),
            nullable=False,
        ),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("authorised_person_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "method",
            sa.Enum("PP", "DB", "AD", "BL", "WR", "NO", "NC", native_enum=False, create_constraint=True, name="method", length=24),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum("passed", "failed", "waived", native_enum=False, create_constraint=True, name="outcome", length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(caller_kind = 'nobody') = (outcome = 'waived')", name=op.f("ck_caller_check_waived_has_no_caller")),
        sa.CheckConstraint("(method IN ('WR', 'NO')) = (reason IS NOT NULL)", name=op.f("ck_caller_check_unasked_has_reason")),
        sa.ForeignKeyConstraint(["authorised_person_id"], ["css.authorised_person.id"], name=op.f("fk_caller_check_authorised_person_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["css.customer.id"], name=op.f("fk_caller_check_customer_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_caller_check_district_code")),
        sa.ForeignKeyConstraint(["operator_session_id"], ["css.operator_session.id"], name=op.f("fk_caller_check_operator_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caller_check")),
        schema="care",
    )
    op.create_index("ix_caller_check_customer_id_checked_at", "caller_check", ["customer_id", "checked_at"], unique=False, schema="care")
    op.create_table(
        "follow_up",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_code", sa.String(length=2), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", sa.Enum("follow-up", "call-back", native_enum=False, create_constraint=True, name="kind", length=24), nullable=False
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("done_words", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(kind = 'call-back') = (telephone IS NOT NULL)", name=op.f("ck_follow_up_call_back_has_number")),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("ck_follow_up_done_has_doer")),
        sa.ForeignKeyConstraint(["contact_id"], ["care.contact.id"], name=op.f("fk_follow_up_contact_id")),
        sa.ForeignKeyConstraint(["district_code"], ["css.district.code"], name=op.f("fk_follow_up_district_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        schema="care",
    )
    op.create_index("ix_follow_up_contact_id", "follow_up", ["contact_id"], unique=False, schema="care")
    op.create_index(
        "ix_follow_up_open",
        "follow_up",
        ["district_code", "due_at"],
        unique=False,
        schema="care",
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.add_column("contact", sa.Column("reason_code", sa.Text(), nullable=True), schema="care")
    op.create_index("ix_audit_event_occurred_at", "audit_event", ["occurred_at"], unique=False, schema="css")
    op.add_column("customer", sa.Column("may_market", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="css")
    op.add_column("customer", sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True), schema="css")
    op.create_index("ix_line_listing_line_id", "line_listing", ["line_id"], unique=False, schema="css")
    op.add_column(
        "operator", sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="css"
    )
    op.add_column(
        "operator", sa.Column("pinned", postgresql.ARRAY(Text()), server_default=sa.text("'{}'::text[]"), nullable=False), schema="css"
    )
    op.add_column("operator", sa.Column("row_version", sa.Integer(), server_default="1", nullable=False), schema="css")
    op.add_column("operator_session", sa.Column("seat", sa.Text(), nullable=True), schema="css")
    op.add_column("operator_session", sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True), schema="css")
    op.add_column("operator_session", sa.Column("failed_unlocks", sa.Integer(), server_default="0", nullable=False), schema="css")
    op.create_index("ix_service_line_id", "service", ["line_id"], unique=False, schema="css")
    op.create_index("ix_customer_order_line_id", "customer_order", ["line_id"], unique=False, schema="orders")
    op.create_index("ix_fault_line_id", "fault", ["line_id"], unique=False, schema="repairs")
    for statement in CHECKS:
        op.execute(statement)


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
