"""The sandbox: each partner's test area, apart from everything that is real.

Never edited once released.
"""

from __future__ import annotations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build what is new."""


def downgrade() -> None:
    """There is no way back."""
    raise NotImplementedError
