"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum


class BillKind(StrEnum):
    """What sort of bill."""

    BILL = "bill"
    FINAL = "final"


class BillState(StrEnum):
    """How far a bill has come."""

    CALCULATED = "calculated"  # -> held, released
    HELD = "held"  # -> released by a person, or withdrawn by a back-out
    RELEASED = "released"  # has its number -> posted
    POSTED = "posted"  # stands in the ledger -> issued
    ISSUED = "issued"  # rendered, stored, dispatched


class LineKind(StrEnum):
    """What a bill line charges for; groups and order on the bill follow."""

    RENTAL = "rental"
    PART_PERIOD = "part-period"
    ONE_OFF = "one-off"
    CALLS = "calls"


class OutsideKind(StrEnum):
    """What changes the amount due without being a supply."""

    COMPENSATION = "compensation"
    LATE_FEE = "late-fee"


class NominalKind(StrEnum):
    """Which side a nominal normally stands on."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class PaymentMethod(StrEnum):
    """How money came in."""

    CARD = "card"
    CHEQUE = "cheque"
    CASH = "cash"
    BANK_TRANSFER = "bank-transfer"
    DIRECT_DEBIT = "direct-debit"


class NominalCode(StrEnum):
    """The nominals that billing posts to by itself. Products name their own for revenue."""

    DEBTORS = "DEBTORS"
    """What accounts owe: the only nominal whose postings name an account."""
    CASH = "CASH"
    BANK = "BANK"
    CARD_CLEARING = "CARD-CLEARING"
    DIRECT_DEBIT_CLEARING = "DD-CLEARING"
    VAT_OUTPUT = "VAT-OUTPUT"
    RENTALS = "RENTALS"
    CONNECTIONS = "CONNECTIONS"
    VISITS = "VISITS"
    CALLS = "CALLS"
    LATE_FEES = "LATE-FEES"
    COMPENSATION = "COMPENSATION"


class UsageOutcome(StrEnum):
    """What became of a usage record; every record ends in exactly one."""

    RATED = "rated"
    ZERO_RATED = "zero-rated"
    DUPLICATE = "duplicate"
    SUSPENDED = "suspended"
    REJECTED = "rejected"


class Leg(StrEnum):
    """Which part of a call a usage record is, and so which of its two numbers pays."""

    OUTGOING = "outgoing"  # the caller pays
    DIVERTED = "diverted"  # the number that diverted the call pays for its second leg
    REVERSE = "reverse"  # the number called has agreed to pay


class ZeroReason(StrEnum):
    """Why a call costs nothing."""

    FREE = "free"  # its destination is free to callers
    UNANSWERED = "unanswered"  # it lasted no seconds
    INCLUDED = "included"  # its price in that band, or within its first minutes, is nought


class TariffKind(StrEnum):
    """Whom a tariff charges."""

    RETAIL = "retail"  # accounts, by the product of their service
    WHOLESALE = "wholesale"  # providers, for the same calls
    SERVICE = "service"  # the service charge of 084, 087, 09 and 118, added to a retail tariff's access charge


class TariffState(StrEnum):
    """How a tariff version stands."""

    LOADED = "loaded"  # -> released, withdrawn
    RELEASED = "released"  # -> superseded, by a version released for the same days
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"  # never released


class Boundary(StrEnum):
    """How a call that runs from one band into the next is priced."""

    START = "start"  # all of it in the band in which it starts
    SPLIT = "split"  # each unit in the band in which it begins
