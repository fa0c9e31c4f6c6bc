"""Engineers and who has which fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from repairs.words import Craft, FaultState, ReturnReason


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEngineer:
    """Somebody who mends lines. Who signs on with the operator code ``code`` is this engineer."""

    token: str = ""
    code: str
    name: str
    district_code: str
    firm: str | None = None
    """The contractor's; None for our own."""
    crafts: tuple[Craft, ...]
    exchange_codes: tuple[str, ...]
    calendar_code: str = "FIELD"
    """The shift: a working calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEngineer:
    """What an engineer can do, where and when. What is None stays."""

    token: str = ""
    code: str
    crafts: tuple[Craft, ...] | None = None
    exchange_codes: tuple[str, ...] | None = None
    calendar_code: str | None = None
    is_active: bool | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerChanged:
    """Who it is."""

    code: str
    is_active: bool
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignFault:
    """This engineer goes. Without the craft, the area or the shift only ``anyway``, with the reason."""

    token: str = ""
    fault_number: str
    engineer_code: str
    anyway: str | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeNext:
    """The engineer asks for the next fault: the one that presses most among those for the engineer's crafts and areas."""

    token: str = ""
    engineer_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArriveOnSite:
    """The engineer is there."""

    token: str = ""
    fault_number: str
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFault:
    """The engineer gives it back."""

    token: str = ""
    fault_number: str
    reason: ReturnReason
    words: str = ""
    craft: Craft | None = None
    """Who must go instead, where the reason is that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFault:
    """The controller takes it back from an engineer who is not on site yet."""

    token: str = ""
    fault_number: str
    reason: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultIssued:
    """Who has which fault now."""

    fault_number: str
    state: FaultState
    engineer_code: str
    visit_id: int
    why: str
    """Why this one, in words: for take-next, what it was put before."""
