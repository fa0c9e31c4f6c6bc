"""The house's own choices about faults, as the rules take them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What counts from a day on; the fields are those of ``repairs.repair_policy``."""

    starts_on: date
    repeat_days: int
    """A fault so soon after a clear on the same line is a repeat."""
    early_life_days: int
    """A fault so soon after the line was provided is an early-life failure."""
    accept_calendar_code: str
    accept_minutes: int
    """Open minutes of that calendar in which a clear may be rejected."""
    warn_minutes: int
    """So long before it is due an open fault is about to be missed."""
    priority_level: str
    """The care level of those who depend on their line, free of charge; theirs if that is better."""
    problem_faults: int
    """So many faults make a problem of what they have in common,"""
    problem_days: int
    """within so many days."""
    damage_level: str
    """The care level of damage that is no hazard."""
    hazard_level: str
    """The care level of damage that is one."""
