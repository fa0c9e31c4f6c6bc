"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum


class OrderKind(StrEnum):
    """What an order does. Later kinds are added at the end and never re-used."""

    PROVIDE = "provide"
    CEASE = "cease"


class OrderState(StrEnum):
    """Where an order stands; the legal moves are in ``orders.rules.lifecycle`` with the TMF622 names beside them."""

    ACKNOWLEDGED = "acknowledged"  # -> committed, cancelled, terminated
    COMMITTED = "committed"  # -> held, completed, cancelled, terminated
    HELD = "held"  # -> committed (resumed), cancelled, terminated
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"


class KciKind(StrEnum):
    """Keep-customer-informed events."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    COMMITTED = "COMMITTED"
    DELAY = "DELAY"
    RESUMED = "RESUMED"
    REAPPOINTED = "REAPPOINTED"
    AMENDED = "AMENDED"
    CANCELLED = "CANCELLED"
    TERMINATED = "TERMINATED"
    COMPLETED = "COMPLETED"


class ItemAction(StrEnum):
    """What an item does to its product on the line."""

    ADD = "add"
    REMOVE = "remove"


class PlantOutcome(StrEnum):
    """How a line is provided (domain: three provisioning outcomes)."""

    RESTART = "restart"
    """A stopped line at the site works again: quick, nobody visits."""
    SPARE_PAIR = "spare-pair"
    """A spare pair of the distribution point is jointed to the site."""
    BUILD = "build"
    """There is no pair: new plant first, then a pair."""
