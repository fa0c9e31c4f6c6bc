"""What can be asked of customer care, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.care.words import Channel, Direction, Outcome, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordContact:
    """Somebody was in touch, or we were with them. Customer, account or telephone number must be named."""

    token: str = ""
    customer_number: str | None = None
    account_number: str | None = None
    number: str | None = None
    """A telephone number of ours, when it was about a line."""
    channel: Channel
    direction: Direction = Direction.INBOUND
    caller_name: str | None = None
    is_verified: bool = False
    topic: Topic
    reference: str | None = None
    """The order, fault, bill or other number of ours it was about."""
    words: str
    outcome: Outcome
    follow_up_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecorded:
    """The entry on the timeline."""

    contact_id: int
