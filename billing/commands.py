"""What can be asked of billing, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import BillState, PaymentMethod
from css.core.money import ZERO, Money


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """An item a block could not do, and why; the rest went on."""

    source_key: str
    """What it is, once for ever: ``bill-run/7/account/42``."""
    code: str
    words: str
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTotals:
    """What one block of a night's step did. Read = written + filtered + rejected."""

    read: int = 0
    written: int = 0
    filtered: int = 0
    """Looked at and rightly left alone: nothing to bill, or done by an earlier attempt."""
    rejected: int = 0
    amount: Money = ZERO
    """What was written, in money: invoice totals of bills, compensation given."""
    set_aside: tuple[SetAside, ...] = ()
    kept_by_room: int = 0
    """How many of the rejected stand in a table of ours, with their reasons, and not in ``set_aside``."""
    alarms: tuple[str, ...] = ()
    """What somebody must look at though the work went on."""
