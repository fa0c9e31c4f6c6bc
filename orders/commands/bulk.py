"""Orders by file: the file, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from orders.commands.orders import OrderPlaced


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrdersInBulk:
    """Place the orders of a file: all of them, or none."""

    token: str = ""
    """Chosen by the asker; a repeat of it gets the first answer."""
    csv: str
    """Rows of values; the first names the fields of an order (``orders.bulk``). At most a thousand orders."""
    only_checks: bool = False
    """Say what would come of it, and do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedInBulk:
    """The answer: the orders in the order of the file."""

    is_placed: bool
    """False when it was only checked."""
    orders: tuple[OrderPlaced, ...]
    """Of a check as they would have been placed; their numbers are not given to them, nor to others."""
