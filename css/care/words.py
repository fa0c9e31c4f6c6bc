"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How the contact came about."""

    TELEPHONE = "telephone"
    LETTER = "letter"
    EMAIL = "email"
    XML = "xml"
    VISIT = "visit"
    SYSTEM = "system"


class Direction(StrEnum):
    """Who began it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Outcome(StrEnum):
    """Whether it was settled then and there."""

    SOLVED = "solved"
    OPEN = "open"
    NOT_SOLVED = "not-solved"


class Topic(StrEnum):
    """What it was about."""

    ORDER = "order"
    FAULT = "fault"
    BILL = "bill"
    PAYMENT = "payment"
    ENQUIRY = "enquiry"
    COMPLAINT = "complaint"


class CallerKind(StrEnum):
    """Who speaks."""

    HOLDER = "holder"
    """The customer."""
    AUTHORISED = "authorised"
    """Somebody the customer named."""
    OTHER = "other"
    """Anybody else: may report a fault and pay, is told nothing."""
    NOBODY = "nobody"
    """No caller: the operator works on the record, for a reason that is kept."""


class CheckOutcome(StrEnum):
    """What came of the question."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    """Opened without a caller, for a reason."""


class CheckMethod(StrEnum):
    """How the caller was made sure of; the code is what is keyed."""

    PHRASE = "PP"
    BIRTH = "DB"
    ADDRESS = "AD"
    BILL = "BL"
    """The amount and date of a recent bill."""
    WRITTEN = "WR"
    """In writing, the signature compared."""
    NONE = "NO"
    NEW = "NC"
    """A new customer, who told us all there is to know in the same call. Not keyed: it comes of taking the customer on."""


class FollowUpKind(StrEnum):
    """What was promised."""

    FOLLOW_UP = "follow-up"
    CALL_BACK = "call-back"
