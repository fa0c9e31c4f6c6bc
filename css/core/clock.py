"""The time, told by a door. Rules, actions and queries never ask it: they are given ``at`` and a business date.

Only doors hold a ``Clock``; everything below takes the instant as an argument, so that a night can be run again with
yesterday's time and a test can live a year in a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from css.core.calendar import require_aware


class Clock(Protocol):
    """Something that knows the time, as an aware UTC instant."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock. Made in a door and nowhere else."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands: for tests, for the demo, and for running a net again as of the instant it first ran."""

    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", require_aware(self.at))

    def now(self) -> datetime:
        """The instant it was set to, in UTC."""
        return self.at
