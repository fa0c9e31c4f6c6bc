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
