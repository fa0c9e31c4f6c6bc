"""What can be asked of the appointment book: hold a slot, move it, give it back; say how many visits there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from css.core.words import AppointmentState, HalfDay, Skill


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveSlot:
    """Hold a visit at an address for a day, while it is talked about."""

    token: str = ""
    address_key: str
    skill: Skill = Skill.INSTALL
    slot_on: date
    half_day: HalfDay
    provider_code: str | None = None
    """For whose customer; None is the asker's own provider. A partner holds for itself alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAppointment:
    """Hold another half-day instead of the one that is held; until when it is held stays."""

    token: str = ""
    appointment_number: str
    slot_on: date
    half_day: HalfDay


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSlot:
    """Give back a slot that is held."""

    token: str = ""
    appointment_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseSlots:
    """Mark the slots of a district that were held for longer than they may be. Nothing depends on it: they are free already."""

    token: str = ""
    district_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHeld:
    """The answer: the appointment as it stands."""

    appointment_number: str
    address_key: str
    district_code: str
    exchange_code: str
    skill: Skill
    slot_on: date
    half_day: HalfDay
    state: AppointmentState
    held_until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsLapsed:
    """How many were marked."""

    lapsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSlotCapacity:
    """How many visits an exchange's area has in one half-day, whatever its pattern says."""

    token: str = ""
    district_code: str
    exchange_code: str
    skill: Skill
    slot_on: date
    half_day: HalfDay
    capacity: int | None = None
    """Visits; None goes by the pattern again."""
    over: int = 0
    """How many promised visits it leaves without an engineer, said by whoever knows and sees to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSlotPattern:
    """How many visits there are on a weekday's half-day, from a day on."""

    token: str = ""
    district_code: str | None = None
    exchange_code: str | None = None
    """None, with no district either: every exchange that has no pattern of its own for it."""
    skill: Skill
    weekdays: tuple[int, ...]
    """ISO: 1 is Monday, 6 Saturday."""
    half_days: tuple[HalfDay, ...] = (HalfDay.AM, HalfDay.PM)
    capacity: int
    """Visits in each of the half-days."""
    starts_on: date
    over: int = 0
    """How many promised visits it leaves without an engineer, all days together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsPlanned:
    """The answer of both: what there is now, and how many promised visits are over it."""

    capacity: int
    over: int
