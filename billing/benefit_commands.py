"""What can be asked of benefits, friends' numbers and promotions, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import BenefitKind, BenefitScope
from css.core.money import Money, Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeStep:
    """From which spend of a calendar month on a volume discount takes off how much."""

    from_amount: Money
    """Before VAT and before anything is taken off."""
    percent: Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineBenefit:
    """Let a product take something off calls. It is never edited: end it and define another."""

    token: str = ""
    code: str
    """``MINUTES-500``; a new one."""
    product_code: str
    """A service of this product gives it, on each of its days."""
    kind: BenefitKind
    scope: BenefitScope
    words: str
    """What the bill calls it."""
    starts_on: date
    """The first day of calls it is for; may be a day gone by, which the next bills put right."""
    ends_on: date | None = None
    """The first day it is not for any more."""
    charge_classes: tuple[str, ...]
    """The classes of calls it is for: GEO, UKW, MOB ..."""
    bands: tuple[str, ...] = ()
    """day, evening, weekend; none for all of them."""
    allowance_seconds: int | None = None
    """Of inclusive minutes: how many seconds a month."""
    unit_seconds: int = 60
    """Of inclusive minutes: a call uses whole units of so many seconds."""
    rollover_months: int = 0
    """Of inclusive minutes: for how many further months what was not used may be."""
    is_prorated: bool = True
    """Of inclusive minutes: a part of a month gives that part of them."""
    percent: Percent | None = None
    """Of friends and of an option."""
    best_percent: Percent | None = None
    """Of friends: for the one number marked as best."""
    numbers_max: int | None = None
    """Of friends: how many numbers may be named."""
    is_graduated: bool = False
    """Of volume: each part of the spend has the percentage of its own step."""
    steps: tuple[VolumeStep, ...] = ()
    """Of volume, the lowest amount first."""
    rank: int = 100
    """Among benefits of one kind and scope the lower goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitDefined:
    """It counts from the next cut on."""

    code: str
    recorded_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EndBenefit:
    """Let a benefit end."""

    token: str = ""
    code: str
    ends_on: date
    """The first day of calls it is not for any more."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitEnded:
    """It counts from the next cut on."""

    code: str
    ends_on: date
    recorded_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFriend:
    """Name a number for the friends' discount of a line."""

    token: str = ""
    number: str
    """The line's own telephone number."""
    friend_number: str
    is_best: bool = False
    starts_on: date | None = None
    """The first day of calls it counts for; none for the business date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFriend:
    """Take a number off the friends of a line."""

    token: str = ""
    number: str
    friend_number: str
    ends_on: date | None = None
    """The first day it does not count for any more; none for the business date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FriendAnswer:
    """How the number stands now."""

    number: str
    friend_number: str
    is_best: bool
    starts_on: date
    ends_on: date | None
    named: int
    """How many numbers the line has named on the first day of this one."""
    numbers_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivePromotion:
    """Give an account a credit every month until a date: a product of kind promotion."""

    token: str = ""
    account_number: str
    product_code: str
    starts_on: date
    ends_on: date
    """The first day without it."""
    quantity: int = 1
    number: str = ""
    """The line it is shown under; empty for the account as a whole."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPromotion:
    """Take a promotion away before its time."""

    token: str = ""
    account_number: str
    promotion_id: int
    ends_on: date | None = None
    """The first day without it; none for the business date."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionAnswer:
    """How the promotion stands now."""

    promotion_id: int
    account_number: str
    product_code: str
    quantity: int
    starts_on: date
    ends_on: date
    """The first day without it, early or as promised."""
