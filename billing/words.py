"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum


class BillKind(StrEnum):
    """What sort of bill."""

    BILL = "bill"
    """The cycle's: what was used, and the next period in advance."""
    FINAL = "final"
    """The last one, when nothing works any more."""
    INTERIM = "interim"
    """Asked for between two cycle dates; the cycle stays as it is."""
    CREDIT_NOTE = "credit-note"
    """Adjustments alone, sent by themselves; takes no calls and moves no cycle."""


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
    TERMINATION = "termination"  # a minimum term broken
    ONE_OFF = "one-off"
    CALLS = "calls"
    DISCOUNT = "discount"  # allowances used and percentages off calls
    ADJUSTMENT = "adjustment"  # what somebody credited or charged, with a reason


class OutsideKind(StrEnum):
    """What changes the amount due without being a supply."""

    COMPENSATION = "compensation"
    GUARANTEE = "guarantee"  # a wholesale service guarantee that was not kept
    LATE_FEE = "late-fee"
    GOODWILL = "goodwill"
    TRANSFER = "transfer"  # a member's bill, asked for on the group account's


class DayCount(StrEnum):
    """Which days a repair that was late is compensated for."""

    FULL_DAYS_AFTER = "full-days-after"
    """One when the last working day has passed, and one for each full day after it: the worked complaint's count."""
    FULL_DAYS_ONLY = "full-days-only"
    """Each full day after the last working day, and nothing at its end."""
    DAYS_BEGUN = "days-begun"
    """One when the last working day has passed, and one for each day after it that was begun, the day of repair too."""


class BenefitKind(StrEnum):
    """What a product gives off the calls."""

    ALLOWANCE = "allowance"  # inclusive minutes
    FRIENDS = "friends"  # a percentage off calls to numbers the customer has named
    OPTION = "option"  # a percentage off some classes of calls
    VOLUME = "volume"  # a percentage by how much was spent in the month


class BenefitScope(StrEnum):
    """Whose calls a benefit is for."""

    LINE = "line"  # the line on which the service that gives it works
    ACCOUNT = "account"  # all lines of the account share it
    GROUP = "group"  # volume only: the spend of the group account and all its members counts


class BillFileKind(StrEnum):
    """What an issued file is; the name ends in it."""

    PDF = "pdf"
    XML = "xml"  # UBL Invoice or CreditNote
    CALLS = "calls.xml"  # UBL UtilityStatement
    DATA = "csv"  # the data file for firms and providers
    LARGE = "large.pdf"  # a copy in large print of a bill that was issued in ordinary print


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
    GUARANTEES = "GUARANTEES"
    DISCOUNTS = "DISCOUNTS"
    TERMINATION = "TERMINATION"
    GOODWILL = "GOODWILL"
    GROUP_CLEARING = "GROUP-CLEARING"
    """Between a member's bill and the group account that pays it."""


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


class PeriodKind(StrEnum):
    """What of the books is closed."""

    MONTH = "month"
    QUARTER = "quarter"


class FigureSubject(StrEnum):
    """What a figure of a closed period is about."""

    REVENUE = "revenue"
    """What was billed before VAT, by kind of bill line."""
    PAYMENTS = "payments"
    """Money that came in, by means."""
    OUTSIDE = "outside"
    """What changed what is owed without being a supply, by kind."""
    FAILURES = "failures"
    """Compensation and guarantees, by the promise that was broken."""
    CREDITS = "credits"
    """What was credited by hand, by operator."""
    DEBTORS = "debtors"
    """What is owed at the end, by how long it is overdue."""
    UNBILLED = "unbilled"
    """What was supplied by the end and is on no bill: accrued."""
    DEFERRED = "deferred"
    """What was billed for days after the end: deferred."""
    WAITING_USAGE = "waiting-usage"
    """Usage that waits at the end, by reason and age."""
    ORDERS = "orders"
    """Orders completed, by kind, and how many of them in time."""
    FAULTS = "faults"
    """Faults cleared, by care level, and how many of them in time."""
