"""The gateway: keys with their days, certificates, terms, deliveries, and the story of each message.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_CHANNEL = sa.Enum("http", "soap", "folder", "hand", native_enum=False, create_constraint=True, name="channel", length=24)
_AREA = sa.Enum("live", "sandbox", native_enum=False, create_constraint=True, name="area", length=24)


def _filled(table: str, column: sa.Column[object], value: str) -> None:
    """Add a column that may not be empty to rows that are there; ``value`` is what it has been in them all along."""
    op.add_column(table, column, schema="partners")
    op.execute(f"UPDATE partners.{table} SET {column.name} = {value}")  # noqa: S608 - words of this file
    op.alter_column(table, column.name, nullable=False, schema="partners")


def _was_there_before() -> None:
    """Tables of the first gateway: everything came over HTTP, every key was live, and when one was withdrawn nobody wrote down."""
    _filled("inbox_message", sa.Column("schema_name", sa.Text()), "''")
    _filled("inbox_message", sa.Column("schema_version", sa.Text()), "''")
    _filled("inbox_message", sa.Column("channel", _CHANNEL), "'http'")
    op.add_column("inbox_message", sa.Column("sequence_no", sa.Integer(), nullable=True), schema="partners")
    op.create_check_constraint("sequence_counts", "inbox_message", "sequence_no IS NULL OR sequence_no > 0", schema="partners")
    op.add_column("inbox_message", sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="partners")
    op.create_index("ix_inbox_message_conversation", "inbox_message", ["provider_id", "conversation_id", "id"], schema="partners")
    op.create_index("ix_inbox_message_received", "inbox_message", ["received_at", "id", "provider_id", "message_type"], schema="partners")
    op.create_index(
        "ix_inbox_message_refused",
        "inbox_message",
        ["received_at", "id"],
        schema="partners",
        postgresql_where=sa.text("state = 'refused'"),
    )
    op.create_index(
        "uq_inbox_message_sequence",
        "inbox_message",
        ["provider_id", "conversation_id", "sequence_no"],
        unique=True,
        schema="partners",
        postgresql_where=sa.text("sequence_no IS NOT NULL AND NOT is_test"),
    )
    op.create_index("ix_outbox_message_conversation", "outbox_message", ["provider_id", "conversation_id", "sequence"], schema="css")
    op.create_index("ix_outbox_message_created", "outbox_message", ["created_at", "id", "provider_id", "message_type"], schema="css")
    _filled("partner_key", sa.Column("area", _AREA), "'live'")
    _filled("partner_key", sa.Column("starts_at", sa.DateTime(timezone=True)), "created_at")
    op.add_column("partner_key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True), schema="partners")
    op.add_column("partner_key", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True), schema="partners")
    op.create_check_constraint("ends_after_it_starts", "partner_key", "expires_at > starts_at", schema="partners")
    op.execute("UPDATE partners.partner_key SET revoked_at = created_at WHERE NOT is_active")
    op.drop_column("partner_key", "is_active", schema="partners")
    _filled("rejected_message", sa.Column("channel", _CHANNEL), "'http'")
    op.add_column("rejected_message", sa.Column("message_id", sa.UUID(as_uuid=False), nullable=True), schema="partners")
    op.add_column("rejected_message", sa.Column("message_type", sa.Text(), nullable=True), schema="partners")
    op.add_column("rejected_message", sa.Column("conversation_id", sa.Text(), nullable=True), schema="partners")
    op.add_column("rejected_message", sa.Column("accepted_id", sa.BigInteger(), nullable=True), schema="partners")
    op.create_index("ix_rejected_message_conversation", "rejected_message", ["provider_id", "conversation_id", "id"], schema="partners")
    op.create_index("ix_rejected_message_last", "rejected_message", ["last_at", "id"], schema="partners")
    op.create_index("ix_rejected_message_message_id", "rejected_message", ["message_id"], schema="partners")
    op.create_foreign_key(
        op.f("fk_rejected_message_accepted_id"),
        "rejected_message",
        "inbox_message",
        ["accepted_id"],
        ["id"],
        source_schema="partners",
        referent_schema="partners",
    )


def _told_of_faults() -> None:
    """Faults of partners that are there are told of from number 1 on."""
    op.create_table(
        "fault_conversation",
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("customer_reference", sa.Text(), nullable=True),
        sa.Column("last_update", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("last_update >= 0", name=op.f("ck_fault_conversation_updates_count")),
        sa.ForeignKeyConstraint(["fault_id"], ["repairs.fault.id"], name=op.f("fk_fault_conversation_fault_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_fault_conversation_provider_id")),
        sa.PrimaryKeyConstraint("fault_id", name=op.f("pk_fault_conversation")),
        sa.UniqueConstraint("provider_id", "customer_reference", name=op.f("uq_fault_conversation_provider_id_customer_reference")),
        schema="repairs",
    )


def _walked_by_number() -> None:
    """A provider's open orders and working lines are listed page by page in the order of their numbers."""
    open_states = sa.text("state IN ('acknowledged', 'committed', 'held')")
    op.create_index(
        "ix_customer_order_open_of_provider", "customer_order", ["provider_id", "number"], schema="orders", postgresql_where=open_states
    )
    op.create_index("ix_service_number_in_use", "service_number", ["number"], schema="css", postgresql_where=sa.text("ends_at IS NULL"))
    op.create_index("ix_line_working_of_provider", "line", ["provider_id"], schema="css", postgresql_where=sa.text("state = 'working'"))


def upgrade() -> None:
    """Build what is new; rows that are there keep their meaning."""
    _walked_by_number()
    op.create_table(
        "delivery",
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("delivered_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fetched_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resend_sequence", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_delivery_provider_id")),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_delivery")),
        schema="partners",
    )
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "way", sa.Enum("pull", "push", "folder", native_enum=False, create_constraint=True, name="way", length=24), nullable=False
        ),
        sa.Column("is_possible_duplicate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("under-way", "delivered", "failed", native_enum=False, create_constraint=True, name="outcome", length=24),
            nullable=False,
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(outcome = 'under-way') = (ended_at IS NULL)", name=op.f("ck_delivery_attempt_ended_has_instant")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_delivery_attempt_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
        sa.UniqueConstraint("provider_id", "sequence", "attempt", name=op.f("uq_delivery_attempt_provider_id_sequence_attempt")),
        schema="partners",
    )
    op.create_index("ix_delivery_attempt_begun", "delivery_attempt", ["provider_id", "begun_at"], unique=False, schema="partners")
    op.create_table(
        "partner_certificate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("area", sa.Enum("live", "sandbox", native_enum=False, create_constraint=True, name="area", length=24), nullable=False),
        sa.Column("fingerprint_sha256", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("expires_at > starts_at", name=op.f("ck_partner_certificate_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_partner_certificate_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_certificate")),
        sa.UniqueConstraint("fingerprint_sha256", name=op.f("uq_partner_certificate_fingerprint_sha256")),
        schema="partners",
    )
    op.create_table(
        "partner_terms",
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "way", sa.Enum("pull", "push", "folder", native_enum=False, create_constraint=True, name="way", length=24), nullable=False
        ),
        sa.Column("push_url", sa.Text(), nullable=True),
        sa.Column("push_key", sa.Text(), nullable=True),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("messages_a_minute", sa.Integer(), nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("replay_days", sa.Integer(), nullable=False),
        sa.Column("gap_minutes", sa.Integer(), nullable=False),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(way = 'folder') <= (folder IS NOT NULL)", name=op.f("ck_partner_terms_folder_has_name")),
        sa.CheckConstraint("(way = 'push') <= (push_url IS NOT NULL)", name=op.f("ck_partner_terms_push_has_url")),
        sa.CheckConstraint(
            "messages_a_minute > 0 AND at_once > 0 AND replay_days > 0 AND gap_minutes > 0", name=op.f("ck_partner_terms_limits_count")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f("fk_partner_terms_provider_id")),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_partner_terms")),
        sa.UniqueConstraint("folder", name=op.f("uq_partner_terms_folder")),
        schema="partners",
    )
    op.create_table(
        "message_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["partners.inbox_message.id"], name=op.f("fk_message_event_inbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_event")),
        sa.UniqueConstraint("inbox_id", "sequence", name=op.f("uq_message_event_inbox_id_sequence")),
        schema="partners",
    )
    _told_of_faults()
    _was_there_before()


def downgrade() -> None:
    """There is no way back: what the new tables hold has no place in the old ones."""
    raise NotImplementedError
