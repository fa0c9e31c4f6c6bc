"""How much a step may set aside before it stops. Pure."""

from __future__ import annotations

from dataclasses import dataclass

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class SetAside:
    """Items set aside, and how many of them nobody has settled."""

    count: int = 0
    unsettled: int = 0


def allowed(items: int, thousandths: int, read: int) -> int:
    """So many items, or so many thousandths of what was read, whichever is more; rounded down."""
    return max(items, thousandths * read // THOUSAND)


def still_counts(rejected: int, of_run: SetAside, of_room: SetAside, earlier: int) -> int:
    """Of the items that a step counted as set aside those that still count against its limit.

    ``of_run`` stands in the run's own list and ``of_room`` is kept by a room. The rest of ``rejected`` are items found again that
    an earlier run had set aside; they stand in its list, of which ``earlier`` are open.
    """
    found_again = max(0, rejected - of_run.count - of_room.count)
    return min(rejected, of_run.unsettled + of_room.unsettled + min(found_again, earlier))
