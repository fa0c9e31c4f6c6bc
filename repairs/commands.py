"""What can be asked of repairs, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from repairs.words import FaultState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFault:
    """Somebody says a line is in trouble."""

    token: str = ""
    number: str
    """The telephone number in trouble."""
    symptom_code: str
    words: str = ""
    contact_name: str
    contact_phone: str
    access_notes: str | None = None
    hazard_notes: str | None = None
    equipment_checked: bool = False
    power_checked: bool = False
    reported_at: datetime | None = None
    """When the customer first told us, if earlier than now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReported:
    """The answer: the fault's number and the deadline with its reckoning."""

    fault_number: str
    state: FaultState
    care_level: str
    due_at: datetime
    deadline_words: str
    """How the deadline was reached, in a sentence the operator can read out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearFault:
    """The fault is put right."""

    token: str = ""
    fault_number: str
    clear_code: str
    words: str = ""
    cleared_at: datetime | None = None
    """When service was restored, if earlier than now."""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawFault:
    """The customer takes the report back."""

    token: str = ""
    fault_number: str
    reason: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultChanged:
    """Where the fault stands now."""

    fault_number: str
    state: FaultState
    was_late: bool
