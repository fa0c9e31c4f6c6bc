"""One bill, decided: from what is known of an account at the cut to lines, VAT, totals and whether it may go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from billing.rules.charges import Charge, PriceBook, RentalKey, ServiceLife, rentals_due
from billing.rules.cycle import Cycle, bill_period, charged_until
from billing.rules.difference import PostedRental, rental_lines
from billing.rules.items import PER_ITEM, CallSum, ItemLeft, call_lines, item_lines
from billing.rules.lines import DraftLine, in_printing_order
from billing.rules.validation import BillFigures, Hold, hold_reason
from billing.rules.vat import VatSum, tax_on, vat_of
from billing.words import BillKind, LineKind, NominalCode
from css.core.calendar import ONE_DAY, Period
from css.core.errors import Refused
from css.core.money import ZERO, Money, total
from css.core.words import Segment, VatCode, VatStatus

PAYMENT_DAYS: Final = 14
"""A bill is due so many days after it is issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBill:
    """The last bill of an account."""

    period_ends_on: date
    amount_due: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAtCut:
    """All that a bill is decided from; everything recorded up to and on the cut's date, nothing later."""

    account_id: int
    account_number: str
    kind: BillKind
    cycle: Cycle
    cycle_on: date
    cut: date
    """The run's business date, on which the bill is issued."""
    usage_after: date | None
    """Calls up to and on this date are on bills already."""
    opened_on: date
    segment: Segment
    vat_status: VatStatus
    services: Sequence[ServiceLife] = ()
    posted: Mapping[RentalKey, Sequence[PostedRental]]
    items: Sequence[ItemLeft] = ()
    calls: Sequence[CallSum] = ()
    previous: PastBill | None = None
    payments: Money = ZERO
    """Received since the last bill's cut."""
    outside: Money = ZERO
    """Late fees less compensation entered since then."""
    ledger_balance: Money = ZERO
    """What the account owes by the ledger, at the cut."""
    recent: Sequence[Money] = ()
    """Invoice totals of the last bills."""


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

    @property
    def invoice_gross(self) -> Money:
        return self.invoice_net + self.invoice_vat


def draft_bill(account: AccountAtCut, book: PriceBook) -> DraftBill | None:
    """The bill of an account; None when there is nothing to charge and nothing owed either way.

    Raises:
        CssError: the account cannot be billed (CSS431E to CSS433E, CSS103E); the others can.
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
    first_start = min((service.starts_on for service in account.services), default=account.opened_on)
    period = bill_period(
        account.kind,
        account.cycle_on,
        previous_end=account.previous.period_ends_on if account.previous else None,
        first_start=first_start,
    )
    lines = _lines(account, book)
    if not lines and not balance:
        return None
    if not lines:
        lines = (_nothing_charged(account, book),)
    vat = vat_of((line.tax, line.net) for line in lines)
    net, tax = total(one.net for one in vat), total(one.vat for one in vat)
    figures = BillFigures(
        invoice_gross=net + tax,
        line_count=len(lines),
        charges_expected=any(service.ends_on is None or service.ends_on > account.cycle_on for service in account.services),
        recent=account.recent,
    )
    return DraftBill(
        period=period,
        due_on=account.cut + timedelta(days=PAYMENT_DAYS),
        lines=lines,
        vat=vat,
        brought_forward=brought_forward,
        invoice_net=net,
        invoice_vat=tax,
        amount_due=balance + net + tax,
        hold=hold_reason(figures),
    )


def _lines(account: AccountAtCut, book: PriceBook) -> tuple[DraftLine, ...]:
    until = charged_until(account.kind, account.cycle, account.cycle_on)
    due: dict[RentalKey, Charge] = {}
    for service in account.services:
        due.update(rentals_due(service, account.cycle, until, account.segment, account.vat_status, book))
    calls_from = (account.usage_after + ONE_DAY) if account.usage_after else min(account.opened_on, account.cut)
    return in_printing_order(
        [
            *rental_lines(account.services, due, account.posted, account.cycle, book),
            *item_lines(account.items, account.vat_status, book),
            *call_lines(account.calls, account.vat_status, starts_on=calls_from, ends_on=account.cut + ONE_DAY),
        ]
    )


def _nothing_charged(account: AccountAtCut, book: PriceBook) -> DraftLine:
    """An invoice needs a line, even one of nothing."""
    return DraftLine(
        kind=LineKind.ONE_OFF,
        words="No charges this time",
        net=ZERO,
        tax=tax_on(book.vat_rates, account.vat_status, VatCode.STANDARD, account.cut),
        nominal_code=NominalCode.RENTALS,
        quantity=1,
        unit=PER_ITEM,
    )
