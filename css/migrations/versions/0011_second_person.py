"""Who signed beside the person that told a run something.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What this revision is about."""
    op.add_column("operator_action", sa.Column("approved_by", sa.Text(), nullable=True), schema="batch")


def downgrade() -> None:
    """There is no way back: who signed has no place in the old table."""
    raise NotImplementedError
