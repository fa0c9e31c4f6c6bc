"""What can be set about when nets run and what they share, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from batch.words import Cycle, Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSchedule:
    """When a net runs, from a business date on. What is left out stays as it is on that date; what is planned already keeps its hours."""

    token: str = ""
    net: str
    district_code: str = ""
    """Empty: every district that has no schedule of its own, or the house."""
    from_date: date
    """The first business date it holds for; a schedule set for the same date before is replaced."""
    reason: str
    cycle: Cycle | None = None
    """On which business dates."""
    weekday: str | None = None
    """Monday to Sunday, of a weekly net."""
    shift: Shift | None = None
    """What becomes of a date that is no working day in the nation of the district."""
    starts_at: str | None = None
    """London time on the day after the business date, like 02:15."""
    must_start_by: str | None = None
    """Later is an alarm."""
    must_end_by: str | None = None
    """Later is an alarm."""
    priority: int | None = None
    """1 to 99; of what is ready the smallest number starts first."""
    is_enabled: bool = True
    """False: the clock plans none from that date on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSet:
    """What holds from now on, in words."""

    net: str
    district_code: str
    from_date: date
    words: str
    first_runs: tuple[date, ...]
    """The first three business dates it runs on; none when it is switched off or runs when somebody asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResource:
    """How much there is of something that steps share. Steps that wait for it look again every second."""

    token: str = ""
    name: str
    """What steps call it."""
    capacity: int
    """How many units may be in use at once, in all nets and districts."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSet:
    """What there is of it from now on."""

    name: str
    capacity: int
    before: int
