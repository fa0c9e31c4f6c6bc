"""What can be asked of billing about what broken promises cost, and against what they stand in the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import DayCount, OutsideKind
from css.core.money import Money
from css.core.words import FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCompensationRate:
    """What automatic compensation comes to for what begins from a day on."""

    token: str = ""
    kind: FailureKind
    starts_on: date
    amount: Money
    """By the day for repairs and starts, once for an appointment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCompensationPolicy:
    """How the days of late repairs are counted for what is reported from a day on."""

    token: str = ""
    starts_on: date
    day_count: DayCount
    working_days: int
    """Full working days after the report in which nothing is owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGuaranteeRate:
    """What a wholesale guarantee comes to for what begins from a day on."""

    token: str = ""
    kind: FailureKind
    care_level: str = ""
    """Empty: every level without an amount of its own."""
    starts_on: date
    amount: Money
    """By the day or part of one for repairs and starts, once for an appointment."""
    days_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOutsideNominal:
    """Against which nominal a kind of outside item stands from a business date on."""

    token: str = ""
    kind: OutsideKind
    starts_on: date
    nominal_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedressSet:
    """From when it counts."""

    starts_on: date
