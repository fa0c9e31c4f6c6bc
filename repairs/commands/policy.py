"""What can be asked of the house's choices about faults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRepairPolicy:
    """The choices from a day on; what is not given stays as it is in force that day. The figures are those of ``Policy``."""

    token: str = ""
    starts_on: date
    repeat_days: int | None = None
    early_life_days: int | None = None
    accept_calendar_code: str | None = None
    accept_minutes: int | None = None
    warn_minutes: int | None = None
    priority_level: str | None = None
    problem_faults: int | None = None
    problem_days: int | None = None
    damage_level: str | None = None
    hazard_level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """The answer: from when it counts."""

    starts_on: date
