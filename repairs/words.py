"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum


class FaultState(StrEnum):
    """Where a fault stands; the legal moves are in ``repairs.rules.lifecycle`` with the TMF621 names beside them."""

    REPORTED = "reported"  # -> cleared, withdrawn
    CLEARED = "cleared"  # -> closed, reported (clear rejected: same fault again)
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
