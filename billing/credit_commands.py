"""What can be asked of billing to put an account right, and what comes back: credits, charges, groups, copies, statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import BillFileKind, OutsideKind
from css.core.money import ZERO, Money
from css.core.words import BillMedium, VatCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBillLine:
    """Give back a line of a posted bill, or all its lines, whole or in part."""

    token: str = ""
    bill_number: str
    line_number: int | None = None
    """None for every line that has something left to credit."""
    amount: Money | None = None
    """Before VAT, positive; None for all that is left. Of a single line only."""
    reason: str
    """Why, for us."""
    words: str = ""
    """What the customer reads; empty for words made of the line's own."""
    by_credit_note: bool = False
    """At once, on a credit note that tonight makes; otherwise a line of the next bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCredited:
    """One credit as it stands."""

    line_number: int
    words: str
    net: Money
    """Negative: before VAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCredited:
    """What was credited of a bill."""

    account_number: str
    bill_number: str
    net: Money
    """Negative: all of it before VAT."""
    lines: tuple[LineCredited, ...]
    vat: Money = ZERO
    """Negative: the VAT that goes back with it, rate by rate."""
    by_credit_note: bool
    """Whether a credit note gives it, unless another bill is due the same night; that one says it then."""
    approved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustAccount:
    """Charge or credit a supply that no line of a bill stands for."""

    token: str = ""
    account_number: str
    amount: Money
    """Before VAT; negative is a credit."""
    vat_code: VatCode = VatCode.STANDARD
    nominal_code: str
    """Revenue of the books, like RENTALS or VISITS."""
    words: str
    """What the customer reads."""
    reason: str
    occurs_on: date | None = None
    """The day of the supply, which decides its rate of VAT; None for the business date, never after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdjusted:
    """An adjustment that the next bill shows."""

    account_number: str
    net: Money
    vat_category: str
    vat_basis_points: int
    approved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOutsideItem:
    """Change what an account owes without a supply: a late fee, or goodwill."""

    token: str = ""
    account_number: str
    kind: OutsideKind
    """late-fee or goodwill: compensation comes by itself, a transfer from a group's bills."""
    amount: Money
    """Positive, whatever the kind: a late fee raises what is owed, goodwill lowers it. One takes an earlier one of the other back."""
    words: str
    reason: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideItemEntered:
    """Where the account stands after it."""

    account_number: str
    kind: OutsideKind
    amount: Money
    """What it changed: positive raised what is owed, negative lowered it."""
    balance: Money
    approved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinGroup:
    """Make an account a member of another's group."""

    token: str = ""
    account_number: str
    group_account_number: str
    is_paid_by_group: bool = False
    """Its bills are asked for on the group account's."""
    row_version: int | None = None
    """As last seen; None takes the account as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGroup:
    """Take an account out of its group; what it owes from then on is its own."""

    token: str = ""
    account_number: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged:
    """Whose member an account is now."""

    account_number: str
    group_account_number: str | None
    is_paid_by_group: bool
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyBill:
    """Send an issued bill again."""

    token: str = ""
    bill_number: str
    medium: BillMedium = BillMedium.PAPER
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCopied:
    """Which files lie in the spool's copies, as they were issued."""

    bill_number: str
    medium: BillMedium
    files: tuple[CopiedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedFile:
    """One of them."""

    kind: BillFileKind
    path: str
    """Below the spool."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeStatement:
    """Make a statement of account: what was owed, billed, paid and credited on some days."""

    token: str = ""
    account_number: str
    starts_on: date
    through: date | None = None
    """The last day on it; None for the business date, never after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementMade:
    """The statement, kept with its hash."""

    statement_id: int
    account_number: str
    opening: Money
    closing: Money
    file_name: str
    sha256: str
