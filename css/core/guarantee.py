"""What matters beyond our reasonable control (MBORC) do to a wholesale guarantee: one rule for repairs and for starts."""

from __future__ import annotations

from datetime import datetime


def guarantee_under(began_at: datetime | None, promised_at: datetime) -> tuple[bool, datetime | None]:
    """Whether a guarantee counts, and until when at most (None: as long as it took).

    ``began_at`` is when the first MBORC began to cover the work, None where none did. Before the promise was due, or at that
    instant, it voids the guarantee; one that began later ends it then: what was late before stays owed.
    """
    if began_at is None:
        return True, None
    return (False, None) if began_at <= promised_at else (True, began_at)
