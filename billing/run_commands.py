"""What can be asked of a bill run, and what comes back: limits, approval, taking bills back, bills between two cycle dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import BillKind
from css.core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBillControl:
    """Say what a district's bills must meet to go out by themselves. What is left out stays as it is."""

    token: str = ""
    district_code: str
    sample_count: int | None = None
    """How many bills of a run are printed to be looked at; none are with 0."""
    is_approval_required: bool | None = None
    """No bill of a run gets its number before somebody has approved the sample."""
    credit_max: Money | None = None
    times_average_max: int | None = None
    average_floor: Money | None = None
    lines_max: int | None = None
    first_bill_max: Money | None = None
    periods_max: int | None = None
    days_back_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillControlSet:
    """What a district's bills must meet now."""

    district_code: str
    sample_count: int
    is_approval_required: bool
    credit_max: Money
    """A bill that gives back more is held, unless the account's bills usually come to more."""
    times_average_max: int
    """A bill so many times the average of the last ones is held ..."""
    average_floor: Money
    """... if it comes to more than this."""
    lines_max: int
    first_bill_max: Money
    """A bill of an account without bills to compare with is held if it comes to more."""
    periods_max: int
    """A bill about more than so many billing periods is held."""
    days_back_max: int
    """A bill that charges for a day longer before the period it is about is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveBills:
    """Let the bills of a night go out, the sample having been looked at."""

    token: str = ""
    district_code: str
    business_date: date
    words: str
    """What was looked at, and that it is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsApproved:
    """What was let go."""

    district_code: str
    business_date: date
    approved_by: str
    bill_count: int
    """Calculated and not held: these get their numbers when the night is run again."""
    invoice_gross: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawBill:
    """Take a bill back that has no number yet."""

    token: str = ""
    account_number: str
    business_date: date
    """Of the night that made it."""
    reason: str
    until_next_night: bool = False
    """Leave the account out of its run: the next night bills it, and sees what was recorded after this one's cut.
    Otherwise this night makes the bill again when it is run again, from the same cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillWithdrawn:
    """What was taken back."""

    account_number: str
    business_date: date
    kind: BillKind
    invoice_gross: Money
    line_count: int
    until_next_night: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawRun:
    """Take all bills of a night back while none has its number, and take its parked accounts up again."""

    token: str = ""
    district_code: str
    business_date: date
    reason: str
    until_next_night: bool = False
    """As of ``WithdrawBill``, for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWithdrawn:
    """What was taken back."""

    district_code: str
    business_date: date
    bill_count: int
    invoice_gross: Money
    parked_count: int
    """Accounts that had been parked and are tried again with the others."""
    until_next_night: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBill:
    """Ask for an interim bill: the night of the business date makes it, and the cycle stays as it is."""

    token: str = ""
    account_number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRequested:
    """Which night makes it."""

    account_number: str
    kind: BillKind
    requested_on: date
    """Business date."""
    is_due_anyway: bool = False
    """That night makes the account's ordinary bill, and so none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBillRequest:
    """Do without a bill that was asked for, while no night has taken it up."""

    token: str = ""
    account_number: str
    kind: BillKind = BillKind.INTERIM
    """interim, or credit-note: its adjustments go on the next bill then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRequestCancelled:
    """What was asked for."""

    account_number: str
    kind: BillKind
    requested_on: date
