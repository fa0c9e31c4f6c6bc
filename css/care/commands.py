"""What can be asked of customer care, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from css.care.rules.caller import RecentBill
from css.care.words import Channel, CheckMethod, CheckOutcome, Direction, Outcome, Topic


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCaller:
    """Whoever calls was asked for something that only the customer, or whom the customer named, can know."""

    token: str = ""
    customer_number: str
    method: CheckMethod
    answer: str = ""
    """What the caller said, compared and not kept. What is kept: with ``WR`` which letter, with ``NO`` why there is no caller."""
    authorised_person_id: int | None = None
    """Who speaks, if it is not the customer."""
    caller_name: str | None = None
    """Who speaks for an organisation."""
    recent_bills: tuple[RecentBill, ...] = ()
    """What the bills say, for the method ``BL``: bills are another room's, so whoever asks brings them."""
    operator_session_id: int | None = None
    """The sign-on it is made in, and for which alone it opens the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerChecked:
    """What came of the question."""

    check_id: int
    outcome: CheckOutcome
    speaker: str
    """Whom the operator speaks to, in words."""
    open_until: datetime | None
    """None when the answer was wrong."""
    tries_left: int
    closed_until: datetime | None
    """Set when this wrong answer closed the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCallerCheck:
    """The call is over, and nothing is to be put on the contact log."""

    token: str = ""
    customer_number: str
    operator_session_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerCheckEnded:
    """How many checks were open and are not any more; more than one when the same caller was asked twice."""

    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUp:
    """A call is over: what it was about, and what we said we would do."""

    token: str = ""
    account_number: str
    reason_code: str
    """Two letters; `css ask wrap-reasons` lists them."""
    words: str = ""
    """What was said and done; the reason's own words where nothing is said."""
    number: str | None = None
    """The telephone number in hand."""
    caller_name: str | None = None
    """Who spoke, when nobody was made sure of."""
    channel: Channel = Channel.TELEPHONE
    outcome: Outcome | None = None
    """The reason's own where nothing is said."""
    follow_up_on: date | None = None
    """The day on which we do something about it."""
    call_back_at: datetime | None = None
    """When we ring, instead of a day."""
    call_back_number: str | None = None
    operator_session_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedUp:
    """What is on the contact log now."""

    contact_id: int
    words: str
    follow_up_id: int | None
    """What was promised."""
    kept_follow_up_id: int | None
    """What was promised before and is done with this call."""
    checks_ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteFollowUp:
    """What was promised is done."""

    token: str = ""
    follow_up_id: int
    words: str
    """What came of it; it goes on the contact log."""
    outcome: Outcome = Outcome.SOLVED
    row_version: int | None = None
    """As it was seen, so that nobody's change is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpCompleted:
    """It is off every list, and on the timeline."""

    follow_up_id: int
    contact_id: int
