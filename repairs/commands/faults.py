"""Reporting, changing and ending a fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from css.core.words import HalfDay, MissCause
from repairs.words import Craft, FaultState, Location, ParkReason


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
    caller_name: str | None = None
    """Who told us, where it is not the contact."""
    visit_notes: str | None = None
    charge_band: int = 0
    """Time-related charges agreed to beforehand: 0 none, 1 to two hours, 2 to four, 3 to six, 4 without limit."""
    line_test_id: int | None = None
    """A test of this line by which the fault is judged at once; at most an hour old."""
    appointment_number: str | None = None
    """A slot that is held for it; or the next two, for one that is not."""
    slot_on: date | None = None
    half_day: HalfDay | None = None
    expedite_to: str | None = None
    """A better care level bought for this fault."""
    forced_reason: str | None = None
    """Why it is taken although another is open on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReported:
    """The answer: the fault's number and the deadline with its reckoning."""

    fault_number: str
    state: FaultState
    care_level: str
    due_at: datetime
    deadline_words: str
    """How the deadline was reached, in a sentence the operator can read out."""
    warnings: tuple[str, ...] = ()
    """What the caller should be told: checks not made, an order open on the line, a repeat."""
    outage_message: str | None = None
    """What everybody beneath failed plant is told; the fault hangs on it."""
    appointment_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDamage:
    """Somebody saw plant broken or dangerous: a place, no line."""

    token: str = ""
    district_code: str
    exchange_code: str
    place_words: str
    """Where it is, so that an engineer finds it."""
    words: str = ""
    contact_name: str
    contact_phone: str
    hazard_notes: str | None = None
    """What may hurt somebody: with it, the better of the house's two levels counts."""
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendFault:
    """Something about an open fault is otherwise than was said. What is None stays; an empty text takes it away."""

    token: str = ""
    fault_number: str
    row_version: int | None = None
    words: str | None = None
    """Added to what was said, never instead of it."""
    contact_name: str | None = None
    contact_phone: str | None = None
    access_notes: str | None = None
    hazard_notes: str | None = None
    visit_notes: str | None = None
    charge_band: int | None = None
    equipment_checked: bool | None = None
    power_checked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaseFault:
    """The customer asks how it stands."""

    token: str = ""
    fault_number: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFault:
    """An operator sees it through from here."""

    token: str = ""
    fault_number: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseFault:
    """Somebody who knows says where to look, over what a test says."""

    token: str = ""
    fault_number: str
    location: Location
    craft: Craft | None = None
    """None: who goes for such a location."""
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointFault:
    """Promise a visit, or another one than was promised."""

    token: str = ""
    fault_number: str
    appointment_number: str | None = None
    slot_on: date | None = None
    half_day: HalfDay | None = None
    offered_on: date | None = None
    """The earliest slot that was offered, where the customer chose a later one: what lies between is the customer's own delay."""
    offered_half_day: HalfDay | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFault:
    """No visit is needed any more, or none with the customer in: it waits for the next engineer."""

    token: str = ""
    fault_number: str
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissVisit:
    """The visit that was promised did not do its work."""

    token: str = ""
    fault_number: str
    cause: MissCause
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkFault:
    """Somebody else must do something first."""

    token: str = ""
    fault_number: str
    reason: ParkReason
    words: str
    """What is waited for."""
    parked_at: datetime | None = None
    """If earlier than now."""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeFault:
    """What was waited for has happened."""

    token: str = ""
    fault_number: str
    words: str = ""
    resumed_at: datetime | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpediteFault:
    """A better care level for this fault alone, bought; not charged if it is missed."""

    token: str = ""
    fault_number: str
    care_level: str
    consented_by: str
    """Who agreed to pay."""
    row_version: int | None = None


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
    pair_number: int | None = None
    """The spare pair of the line's distribution point that it was moved to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptClear:
    """The customer, or the provider whose customer it is, agrees that it is put right."""

    token: str = ""
    fault_number: str
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectClear:
    """It is not put right: the same fault goes on, as if it had never been cleared."""

    token: str = ""
    fault_number: str
    reason: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSilentClears:
    """Nobody said anything to these clears in time: so many at most of a district, the longest waiting first."""

    token: str = ""
    district_code: str
    most: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentClearsAccepted:
    """How many were accepted; fewer than ``most`` were asked for when there are no more that somebody else has not locked."""

    accepted: int
    charges: int
    """Charges left for billing."""


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
    due_at: datetime | None = None
    """None of a fault that ended."""
    charge_words: str | None = None
    """What will be on the bill for it, or why nothing will."""
    warnings: tuple[str, ...] = ()
