"""What can be asked of telephone numbers beside ordering them: keep one for a while, and give it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveNumber:
    """Keep a number of the exchange at an address for a day, so that it is there when the order is placed."""

    token: str = ""
    """Chosen by the asker; a repeat of it gets the first answer."""
    address_key: str
    number: str | None = None
    """The number wanted; None takes the next that is free."""
    account_number: str | None = None
    """For whom: a number that rests may go back to whose it was. None keeps it for the asker's provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNumber:
    """Give a reserved number back before it lapses."""

    token: str = ""
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberReserved:
    """The answer: which number is kept, for whom and until when."""

    number: str
    """As E.164 digits."""
    exchange_name: str
    provider_code: str
    reserved_until_at: datetime
    """From then on it is anybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberReleased:
    """The answer: anybody may have it."""

    number: str
    provider_code: str
    """For whom it was kept."""
