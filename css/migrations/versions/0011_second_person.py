"""Who signed beside the person that told a run something, and how long no attempt was at a step.

Never edited once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PAUSED = """
CREATE FUNCTION batch.paused(of_step bigint) RETURNS interval LANGUAGE sql STABLE AS $$
-- How long no attempt was at a step, from its first taking up to its end. Of one that died nobody knows when, so that none of it counts.
SELECT coalesce(sum(a.next_at - CASE WHEN a.message_code = 'CSS610E' THEN a.started_at ELSE a.ended_at END), interval '0')
  FROM (SELECT x.started_at, x.ended_at, x.message_code, lead(x.started_at) OVER (ORDER BY x.started_at, x.id) AS next_at
          FROM batch.step_attempt x
         WHERE x.step_execution_id = of_step) a
 WHERE a.next_at IS NOT NULL AND a.ended_at IS NOT NULL
$$
"""


def upgrade() -> None:
    """What this revision is about."""
    op.add_column("operator_action", sa.Column("approved_by", sa.Text(), nullable=True), schema="batch")
    op.execute(_PAUSED)


def downgrade() -> None:
    """There is no way back: who signed has no place in the old table."""
    raise NotImplementedError
