"""What many faults have in common: outages, matters beyond our control, problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from repairs.words import Activity, OutageState, PlantKind, ProblemState


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareOutage:
    """A piece of shared plant has failed: every open fault beneath it hangs on this, and every new one will."""

    token: str = ""
    district_code: str
    kind: PlantKind
    exchange_code: str
    cabinet_code: str | None = None
    distribution_point_code: str | None = None
    cause: str
    message: str
    """What every customer beneath it is told."""
    began_at: datetime | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOutage:
    """Tell everybody beneath it something new. What is None stays."""

    token: str = ""
    outage_id: int
    message: str | None = None
    expected_at: datetime | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearOutage:
    """It works again: every fault that hangs on it is cleared with the same code at the same instant."""

    token: str = ""
    outage_id: int
    clear_code: str
    words: str = ""
    cleared_at: datetime | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOutage:
    """It was none: its faults go on by themselves."""

    token: str = ""
    outage_id: int
    reason: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachFault:
    """This fault is another matter than the outage it hangs on."""

    token: str = ""
    fault_number: str
    reason: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageChanged:
    """How the outage stands, and how many faults the deed touched."""

    outage_id: int
    state: OutageState
    faults: int
    left: int = 0
    """Faults that it did not fit, with the reason in ``words``."""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareMborc:
    """Matters beyond our reasonable control, for an area and an activity, from an instant."""

    token: str = ""
    district_code: str
    exchange_code: str | None = None
    cabinet_code: str | None = None
    activity: Activity = Activity.REPAIR
    cause: str
    clear_codes: tuple[str, ...] = ()
    """Narrowed to faults cleared with one of these; empty: every fault."""
    starts_at: datetime | None = None
    """None: now. Not later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowMborc:
    """From now it covers only faults cleared with one of these codes."""

    token: str = ""
    mborc_id: int
    clear_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftMborc:
    """It is over."""

    token: str = ""
    mborc_id: int
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MborcChanged:
    """What is in force, and how many open faults it touched."""

    mborc_id: int
    is_in_force: bool
    faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseProblem:
    """The reason was found, or there is none."""

    token: str = ""
    problem_id: int
    words: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemChanged:
    """How the problem stands."""

    problem_id: int
    state: ProblemState
