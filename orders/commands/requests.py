"""What debt treatment asks of orders: taking what was left on the shelf, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from css.core.words import BarKind, RequestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrderRequests:
    """Make orders of what debt treatment asked for in a district. Once more does nothing: what was taken is taken."""

    token: str = ""
    district_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsTaken:
    """The answer: how many requests were looked at, and what became of them."""

    read_count: int
    order_numbers: tuple[str, ...]
    """Orders that came of them, as they were placed; bars and restores are completed already."""
    waiting_count: int
    ended_count: int
    """Settled without an order: overtaken by another request, or nothing was left to do."""
    stopped_orders: tuple[str, ...]
    """Open orders of treatment's own that were ended for a later request."""
    alarms: tuple[str, ...] = ()
    """Orders that were placed and could not be completed at once, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRequest:
    """A request of debt treatment that no order came of yet."""

    account_number: str
    number: str | None
    """The telephone number of the line; None where the line no longer works."""
    kind: RequestKind
    bar: BarKind | None
    reason: str
    """Why treatment asks."""
    requested_at: datetime
    words: str
    """Why it waits, as things stand now; or what becomes of it next."""
