"""How much a step may set aside before it stops. Pure."""

from __future__ import annotations

THOUSAND = 1000


def allowed(items: int, thousandths: int, read: int) -> int:
    """So many items, or so many thousandths of what was read, whichever is more; rounded down."""
    return max(items, thousandths * read // THOUSAND)
