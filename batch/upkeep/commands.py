"""What a person says about keeping, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRetention:
    """Keep something for another time than the house does."""

    token: str = ""
    subject: str
    """One that ``css ask retention`` lists."""
    keep_days: int
    """Business dates."""
    keep_weeks: int = 0
    """Of backups and other generations: the last of each of so many weeks, too."""
    keep_months: int = 0
    """The last of each of so many months, too."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRetention:
    """Throw nothing away of a subject or a district, or nothing at all, until the hold is released."""

    token: str = ""
    subject: str | None = None
    """None: everything."""
    district_code: str | None = None
    """None: everywhere."""
    reason: str
    """Who asks for it, and the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRetention:
    """End a hold."""

    token: str = ""
    hold_id: int
    reason: str
    """Why it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSet:
    """How long it is kept now."""

    subject: str
    keep_days: int
    keep_weeks: int
    keep_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionHeld:
    """A hold, and whether it stands."""

    hold_id: int
    subject: str | None
    district_code: str | None
    reason: str
    held_at: datetime
    released_at: datetime | None
