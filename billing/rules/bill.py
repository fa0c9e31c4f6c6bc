"""One bill, decided: from what is known of an account at the cut to lines, VAT, totals and whether it may go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

from billing.rules.adjustments import (
    NONE,
    Adjustments,
    adjustment_lines,
    credit_note_left,
    credit_note_period,
    credit_note_vat,
    credits_taken_back,
)
from billing.rules.charges import Charge, PriceBook, RentalKey, ServiceLife, rentals_due
from billing.rules.cycle import AnyCycle, bill_period, charged_until
from billing.rules.difference import PostedRental, rental_lines
from billing.rules.items import PER_ITEM, CallSum, ItemLeft, call_lines, item_lines
from billing.rules.lines import Discounted, DraftAllowanceMonth, DraftLine, TakesOff, in_printing_order
from billing.rules.retaxing import NOTHING, Taken, retaxed_lines
from billing.rules.terminations import PostedTermination, TerminationKey, termination_lines, terminations_due
from billing.rules.validation import LIMITS, BillFigures, Hold, Limits, hold_reason
from billing.rules.vat import VatHistory, VatSum, tax_on, vat_of
from billing.words import BillKind, LineKind, NominalCode
from css.core.calendar import ONE_DAY, Period
from css.core.errors import Refused
from css.core.money import ZERO, Money, total
from css.core.words import Segment, VatCode

PAYMENT_DAYS: Final = 14
"""A bill is due so many days after it is issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBill:
    """The last bill of an account."""

    period_ends_on: date | None
    """Of the last one that was about days, which a credit note is not; None when there was none."""
    amount_due: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAtCut:
    """All that a bill is decided from; everything recorded up to and on the cut's date, nothing later."""

    account_id: int
    account_number: str
    kind: BillKind
    cycle: AnyCycle
    cycle_on: date
    cut: date
    """The run's business date, on which the bill is issued."""
    usage_after: date | None
    """Calls up to and on this date are on bills already."""
    opened_on: date
    segment: Segment
    vat_status: VatHistory
    services: Sequence[ServiceLife] = ()
    promotions: Sequence[ServiceLife] = ()
    """Charged like services, of negative prices."""
    posted: Mapping[RentalKey, Sequence[PostedRental]]
    terminations: Mapping[TerminationKey, Sequence[PostedTermination]] = field(default_factory=dict)
    """Charged for broken minimum terms, the oldest line first."""
    items: Sequence[ItemLeft] = ()
    calls: Sequence[CallSum] = ()
    retaxed: Taken = NOTHING
    """Of days for which the VAT status changed since the last bill's cut: nearly always nothing."""
    benefits: TakesOff | None = None
    """None when there is nothing to take off its calls and never was."""
    adjustments: Adjustments = NONE
    previous: PastBill | None = None
    payments: Money = ZERO
    """Received since the last bill's cut."""
    outside: Money = ZERO
    """Late fees less compensation entered since then."""
    ledger_balance: Money = ZERO
    """What the account owes by the ledger, at the cut."""
    recent: Sequence[Money] = ()
    """Invoice totals of the last bills."""
    limits: Limits = LIMITS
    """What its bill must meet to go out by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftBill:
    """A bill before it has a number."""

    period: Period
    due_on: date
    lines: tuple[DraftLine, ...]
    vat: tuple[VatSum, ...]
    brought_forward: Money
    invoice_net: Money
    invoice_vat: Money
    amount_due: Money
    hold: Hold | None
    allowance_months: tuple[DraftAllowanceMonth, ...] = ()
    """What it reckoned of allowances, to be stored with it."""

    @property
    def invoice_gross(self) -> Money:
        return self.invoice_net + self.invoice_vat


def draft_bill(account: AccountAtCut, book: PriceBook) -> DraftBill | None:
    """The bill of an account; None when there is nothing to charge and nothing owed either way.

    Raises:
        CssError: the account cannot be billed (CSS431E to CSS433E, CSS103E, CSS730E); the others can.
    """
    brought_forward = account.previous.amount_due if account.previous else ZERO
    balance = brought_forward - account.payments + account.outside
    if balance != account.ledger_balance:
        raise Refused(
            "CSS433E",
            "By its bills account {account} owes {by_bills} and by the ledger {by_ledger}; it is not billed until they agree.",
            account=account.account_number,
            by_bills=balance.sterling,
            by_ledger=account.ledger_balance.sterling,
        )
    drafted = _credit_note(account) if account.kind is BillKind.CREDIT_NOTE else _supplies(account, book)
    if not drafted.lines and not balance:
        return None
    lines, vat = drafted.lines, drafted.vat
    if not lines:
        lines = (_nothing_charged(account, book),)
        vat = vat_of((line.tax, line.net) for line in lines)
    net, tax = total(one.net for one in vat), total(one.vat for one in vat)
    due_on = account.cut + timedelta(days=PAYMENT_DAYS)
    figures = BillFigures(
        invoice_gross=net + tax,
        line_count=len(lines),
        charges_expected=account.kind in {BillKind.BILL, BillKind.FINAL}
        and any(service.ends_on is None or service.ends_on > account.cycle_on for service in account.services),
        recent=account.recent,
        kind=account.kind,
        lines=lines,
        period=drafted.period,
        issue_on=account.cut,
        due_on=due_on,
        cycle_months=account.cycle.months_on(account.cycle_on),
    )
    return DraftBill(
        period=drafted.period,
        due_on=due_on,
        lines=lines,
        vat=vat,
        brought_forward=brought_forward,
        invoice_net=net,
        invoice_vat=tax,
        amount_due=balance + net + tax,
        hold=hold_reason(figures, account.limits),
        allowance_months=drafted.months,
    )


class _Drafted(NamedTuple):
    """The supplies of a bill, and the days it is about."""

    period: Period
    lines: tuple[DraftLine, ...]
    vat: tuple[VatSum, ...]
    months: tuple[DraftAllowanceMonth, ...] = ()


def _credit_note(account: AccountAtCut) -> _Drafted:
    """Adjustments alone: no rentals, items or calls."""
    taken = credit_note_left(account.adjustments.left)
    if not taken:
        raise Refused(
            "CSS730E",
            "A credit note was asked for on account {account}, but there is nothing to put on it.",
            account=account.account_number,
        )
    lines = in_printing_order([*adjustment_lines(taken)])
    return _Drafted(credit_note_period(lines, account.cut), lines, credit_note_vat(taken, account.adjustments.bills))


def _supplies(account: AccountAtCut, book: PriceBook) -> _Drafted:
    first_start = min((service.starts_on for service in account.services), default=account.opened_on)
    period = bill_period(
        account.kind,
        account.cycle_on,
        previous_end=account.previous.period_ends_on if account.previous else None,
        first_start=first_start,
        cut=account.cut,
    )
    taken_off = account.benefits.taken_off(account.vat_status, book.vat_rates) if account.benefits else Discounted()
    compared = [*_by_difference(account, book), *taken_off.lines]
    calls_from = (account.usage_after + ONE_DAY) if account.usage_after else min(account.opened_on, account.cut)
    lines = in_printing_order(
        [
            *compared,
            *item_lines(account.items, account.vat_status, book),
            *call_lines(account.calls, account.vat_status, starts_on=calls_from, ends_on=account.cut + ONE_DAY),
            *retaxed_lines(account.retaxed, account.vat_status, book.vat_rates),
            *adjustment_lines(account.adjustments.left),
            *credits_taken_back(account.adjustments, compared, account.cut),
        ]
    )
    return _Drafted(period, lines, vat_of((line.tax, line.net) for line in lines), taken_off.months)


def _by_difference(account: AccountAtCut, book: PriceBook) -> Iterator[DraftLine]:
    until = charged_until(account.kind, account.cycle, account.cycle_on)
    rented = [*account.services, *account.promotions]
    due: dict[RentalKey, Charge] = {}
    for service in rented:
        due.update(rentals_due(service, account.cycle, until, account.segment, account.vat_status, book))
    yield from rental_lines(rented, due, account.posted, account.cycle, book)
    broken = terminations_due(account.services, account.segment, account.vat_status, book)
    yield from termination_lines(account.services, broken, account.terminations, book)


def _nothing_charged(account: AccountAtCut, book: PriceBook) -> DraftLine:
    """An invoice needs a line, even one of nothing."""
    return DraftLine(
        kind=LineKind.ONE_OFF,
        words="No charges this time",
        net=ZERO,
        tax=tax_on(book.vat_rates, account.vat_status.on(account.cut), VatCode.STANDARD, account.cut),
        nominal_code=NominalCode.RENTALS,
        quantity=1,
        unit=PER_ITEM,
    )
