"""What can be asked about calls whose price was wrong, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from css.core.money import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class RerateUsage:
    """Price rated calls anew, with what is known now, and write what their price differs by.

    Which calls: all that is named must hold, and something must be named.
    """

    token: str = ""
    district_code: str
    tariff_code: str | None = None
    """Calls that a version of this tariff priced: retail, service charge or wholesale."""
    from_on: date | None = None
    """Calls that began on this day or later, by London's calendar ..."""
    to_on: date | None = None
    """... and on this day or earlier."""
    number: str | None = None
    """The number charged, or how it begins."""
    usage_file_id: int | None = None
    supplier: str | None = None
    """The carrier, as its control record says."""
    reason: str
    """Why: kept with the re-rating."""
    preview: bool = False
    """Say what would change, and change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDifference:
    """What a re-rating changes for one call on one account."""

    usage_record_id: int
    account_number: str
    charged_number: str
    other_number: str
    started_at: datetime
    call_count: int
    """0; -1 where the call leaves the account, 1 where it comes to it."""
    net: Price
    """What it should cost less what was charged, before VAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsLeft:
    """Calls that a re-rating left as they are, and why."""

    code: str
    words: str
    """Of the first of them."""
    call_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRerated:
    """What a re-rating came to."""

    rerating_id: int | None
    """None for a preview."""
    business_date: date
    """The next bills cut on or after it take the differences."""
    looked_at_count: int
    changed_count: int
    """Calls whose price, account or wholesale price changed."""
    account_count: int
    """Accounts that get a difference."""
    net: Price
    """Sum of the differences before VAT."""
    left: tuple[CallsLeft, ...]
    shown: tuple[CallDifference, ...]
    """The first of the differences."""
