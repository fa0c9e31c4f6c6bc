"""What can be told to a run of a net, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from batch.words import InstanceState

NIGHT_NET = "night"


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfRun:
    """A run: one net for one business date, of one district or of the whole house."""

    token: str = ""
    net: str = NIGHT_NET
    district_code: str = ""
    """Empty for a net of the whole house."""
    business_date: date
    parameter_key: str = ""
    """Of an extra run; empty for the ordinary one."""
    reason: str
    """Why; kept with what it led to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNight(_OfRun):
    """Plan a run before the clock does, or one that no calendar names."""

    start_after: datetime | None = None
    """None: when the net's plan says."""
    priority: int | None = None
    """1 to 99, the smallest first; None: as the net's plan says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartNight(_OfRun):
    """Start a run now, or take up one that failed or was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNight(_OfRun):
    """Keep a run from starting, or from going past a step."""

    step: str | None = None
    """None: the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNight(_OfRun):
    """Undo a hold, or a skip whose turn has not come."""

    step: str | None = None
    """None: the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceNight(_OfRun):
    """Start a run though what it waits for has not come; or let it past a step's condition, cut-off and limit."""

    step: str | None = None
    """None: the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipNight(_OfRun):
    """Leave a run out before it begins, or a step."""

    step: str | None = None
    """None: the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPriority(_OfRun):
    """Start a run before others that are ready at the same time, or after them."""

    priority: int
    """1 to 99, the smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNight(_OfRun):
    """Let a running attempt end at its next block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillNight(_OfRun):
    """End a running attempt at once, whatever it is doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunStep(_OfRun):
    """Run a finished step again from the top, and everything that came after it."""

    step: str
    is_started: bool = True
    """False: it waits for somebody to start it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightTold:
    """How a run stands after it was told something."""

    job_instance_id: int
    run: str
    """In words: ``the night of ZZ for 2 March 2026``."""
    verb: str
    step: str | None
    state: InstanceState
    consequences: tuple[str, ...]
    """What it leads to, a sentence each."""
    is_start_asked: bool
    """Whether it is now to be started: by a clock at its next look, or by whoever sees that there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeAlarm:
    """Say that an alarm was looked at."""

    token: str = ""
    alarm_id: int
    words: str
    """What was found, or what is done about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSeen:
    """An alarm that somebody has looked at."""

    alarm_id: int
    words: str
    """Of the alarm."""
    seen_by: str
    seen_at: datetime
