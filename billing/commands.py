"""What can be asked of billing, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import BillState, PaymentMethod
from css.core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePayment:
    """Money has come in for an account."""

    token: str = ""
    account_number: str
    amount: Money
    method: PaymentMethod
    reference: str = ""
    received_on: date | None = None
    """None for the business date; never after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTaken:
    """The receipt."""

    payment_number: str
    account_number: str
    amount: Money
    balance: Money
    """What the account owes after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseBill:
    """Let a held bill go out with the next release."""

    token: str = ""
    account_number: str
    business_date: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillReleased:
    """Where the bill stands now."""

    account_number: str
    state: BillState
