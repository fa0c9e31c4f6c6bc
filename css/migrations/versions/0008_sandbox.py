"""The sandbox: each partner's test area, apart from everything that is real.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _provider(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["provider_id"], ["css.provider.id"], name=op.f(f"fk_{table}_provider_id"))


def upgrade() -> None:
    """Build what is new."""
    op.create_table(
        "sandbox_area",
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_serial", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("resets", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reset_at", sa.DateTime(timezone=True), nullable=True),
        _provider("sandbox_area"),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_sandbox_area")),
        schema="partners",
    )
    op.create_table(
        "sandbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("acknowledgement", sa.LargeBinary(), nullable=True),
        sa.Column("scenario", sa.Integer(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("outcome_code", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        _provider("sandbox_message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_message")),
        sa.UniqueConstraint("provider_id", "message_id", name=op.f("uq_sandbox_message_provider_id_message_id")),
        schema="partners",
    )
    op.create_table(
        "sandbox_case",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "matter",
            sa.Enum("order", "fault", "appointment", native_enum=False, create_constraint=True, name="matter", length=24),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_reference", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("schema_major", sa.Integer(), nullable=False),
        sa.Column("scenario", sa.Integer(), nullable=False),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("standing", postgresql.JSONB(), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("speed > 0", name=op.f("ck_sandbox_case_speed_counts")),
        _provider("sandbox_case"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_case")),
        sa.UniqueConstraint("provider_id", "number", name=op.f("uq_sandbox_case_provider_id_number")),
        schema="partners",
    )
    op.create_index(
        "uq_sandbox_case_reference", "sandbox_case", ["provider_id", "matter", "customer_reference"], unique=True, schema="partners"
    )
    op.create_table(
        "sandbox_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["partners.sandbox_case.id"], name=op.f("fk_sandbox_step_case_id")),
        _provider("sandbox_step"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_step")),
        schema="partners",
    )
    op.create_index("ix_sandbox_step_due", "sandbox_step", ["provider_id", "due_at", "id"], unique=False, schema="partners")
    op.create_index(op.f("ix_sandbox_step_case_id"), "sandbox_step", ["case_id"], unique=False, schema="partners")
    op.create_table(
        "sandbox_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("ref_to_message_id", sa.Text(), nullable=True),
        sa.Column("scenario", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("is_possible_duplicate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        _provider("sandbox_document"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_document")),
        sa.UniqueConstraint("provider_id", "sequence", name=op.f("uq_sandbox_document_provider_id_sequence")),
        schema="partners",
    )
    op.create_index("ix_sandbox_document_message", "sandbox_document", ["provider_id", "message_id"], unique=False, schema="partners")
    op.create_table(
        "sandbox_pass",
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("scenario", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        _provider("sandbox_pass"),
        sa.PrimaryKeyConstraint("provider_id", "scenario", name=op.f("pk_sandbox_pass")),
        schema="partners",
    )


def downgrade() -> None:
    """There is no way back."""
    raise NotImplementedError
