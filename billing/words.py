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
