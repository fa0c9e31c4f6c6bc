"""The bill as a document: everything that is printed, already decided and rounded.

Billing builds a ``BillDocument`` from what was posted; ``bill_pdf`` and ``bill_xml`` render it. The renderings decide
nothing and add nothing: what is not here is not on the bill, and what is here is not worked out again. ``check``
(in ``billing.document_check``) says whether a document adds up; a caller asks it before rendering.

Signs: an amount is positive when it raises what the customer owes. A payment received is positive and lowers it.
Periods are half-open in the data and always have an end; the renderings print the last day inside (``last_day``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final, Literal

from css.core.calendar import ONE_DAY, Period
from css.core.errors import Breach
from css.core.money import ZERO, Money, Percent, Price, total

BillKind = Literal["bill", "final", "interim", "credit_note", "consolidated"]
CustomerKind = Literal["residential", "business", "wholesale"]
LineGroup = Literal["rental", "part_period", "termination", "one_off", "calls", "discount", "adjustment"]
"""Rentals in advance, part-period charges and credits, early termination, one-offs, calls, discounts and promotional credits,
adjustments; printed in this order."""
LINE_GROUPS: Final[tuple[LineGroup, ...]] = ("rental", "part_period", "termination", "one_off", "calls", "discount", "adjustment")
UnitCode = Literal["C62", "MON", "DAY", "MIN", "SEC"]
"""UN/ECE Recommendation 20, as EN 16931 asks: one, month, day, minute, second."""
VatCategory = Literal["S", "Z", "E", "AE"]
"""UNCL 5305: standard rate, zero rate, exempt, domestic reverse charge. Outside the scope never stands on an invoice."""
OutsideKind = Literal["late_fee", "compensation", "guarantee", "adjustment", "deposit", "goodwill", "transfer"]
CallLeg = Literal["outgoing", "diverted", "reverse"]
"""Which part of a call is charged: made from the number, sent on by it, or made to it at its own charge."""


@dataclass(frozen=True, slots=True)
class Address:
    """Lines as they stand on an envelope, without the postcode; the last line is the post town."""

    lines: tuple[str, ...]
    postcode: str
    country_code: str = "GB"


@dataclass(frozen=True, slots=True)
class ElectronicAddress:
    """Where an e-invoice is delivered: an EAS scheme (``9932`` UK VAT number, ``0088`` GLN) and the address in it."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """The supplier's account for payments by transfer: six-digit sort code, eight-digit account, no separators."""

    name: str
    sort_code: str
    account_number: str


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One way to reach the supplier: ``("Bill enquiries", "0808 157 0100")``."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Supplier:
    """The provider whose bill it is."""

    trading_name: str
    """The brand, printed large."""
    legal_name: str
    address: Address
    vat_number: str
    """With its country letters, ``GB123456789``."""
    registered_text: str
    """The line of company law at the foot of page one: registered office, number, where registered."""
    company_number: str = ""
    electronic_address: ElectronicAddress | None = None
    bank: BankAccount | None = None
    contacts: tuple[ContactLine, ...] = ()
    colour: str = "12355b"
    """The brand's ink as six hexadecimal digits; must be dark enough for white print on it."""


@dataclass(frozen=True, slots=True)
class Customer:
    """The payer: who the bill is sent to, who may be another than who lives at the site."""

    name: str
    address: Address
    kind: CustomerKind
    vat_number: str = ""
    """With its country letters, or empty; never invented."""
    electronic_address: ElectronicAddress | None = None
    """Present for buyers who take e-invoices; with it the bill follows Peppol BIS Billing 3."""
    attention: str = ""


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """How this bill will be paid. Direct Debit needs the mandate, and the collection day unless nothing is collected."""

    kind: Literal["direct_debit", "other"]
    mandate_reference: str = ""
    collect_on: date | None = None


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    """A payment since the last bill; a returned one is negative."""

    received_on: date
    means: str
    """In the customer's words: ``Direct Debit``, ``Card by telephone``, ``Direct Debit returned unpaid``."""
    amount: Money


@dataclass(frozen=True, slots=True)
class OutsideItem:
    """Something that changes what is owed but is no supply, so it stands outside the invoice and its VAT."""

    kind: OutsideKind
    entered_on: date
    description: str
    amount: Money
    """Positive for a late fee, negative for compensation."""
    reference: str = ""
    """The fault, order or bill it comes from, as the customer may quote it."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One supply on the invoice, net of VAT."""

    line_no: int
    """From 1, without gaps, in printing order."""
    group: LineGroup
    description: str
    net: Money
    vat_category: VatCategory
    vat_rate: Percent
    quantity: int = 1
    """Of the sign of ``net``: a credit has a negative quantity, because a price never is."""
    unit: UnitCode = "C62"
    unit_price: Price | None = None
    """Pence for ``price_per`` units, never negative; ``None`` where no price for one explains the line."""
    price_per: int = 1
    """12 days of a month at 16.99 a month: quantity 12, unit DAY, unit_price 1699, price_per 31."""
    service_number: str = ""
    """The telephone number or circuit it is for, as printed; empty for the account as a whole."""
    period: Period | None = None
    reference: str = ""
    """The order or fault that caused it, as the customer may quote it."""
    call_count: int | None = None
    duration_seconds: int | None = None
    """For a line of calls: how many and how long altogether; of a correction, the seconds it adds or takes back, if any."""
    is_correction: bool = False
    """For a line of calls: it puts the prices of earlier ones right, ``call_count`` of them in ``period``."""


@dataclass(frozen=True, slots=True)
class VatSummaryRow:
    """VAT once per category and rate, on the net total of its lines."""

    category: VatCategory
    rate: Percent
    net: Money
    vat: Money
    reason: str = ""
    """Why no VAT is charged; required for E and AE: "Reverse charge: customer to pay the VAT to HMRC"."""


@dataclass(frozen=True, slots=True)
class Call:
    """One itemised call, in London wall-clock time."""

    started_on: date
    started_at: time
    number: str
    """As displayed to this customer."""
    destination: str
    band: str
    """One word of the tariff's: Day, Evening, Weekend."""
    duration_seconds: int
    price: Price
    """Before VAT, exact; printed in pence to a tenth, charged only as part of its line."""
    line_no: int | None = None
    """The bill line that charges it, where one line does."""
    leg: CallLeg = "outgoing"
    service_charge: Price | None = None
    """The part of the price that is the service charge, on numbers that have one; the rest is the access charge."""

    @property
    def access_charge(self) -> Price | None:
        """The part of the price that is ours, where there is a service charge."""
        return None if self.service_charge is None else self.price - self.service_charge


@dataclass(frozen=True, slots=True)
class CallList:
    """The itemised calls of one telephone number. Calls that are free to the caller are never here.

    Or the corrections of earlier ones: the price of each is the difference, the duration nought unless the call goes to another
    account, which takes back its seconds too.
    """

    service_number: str
    calls: tuple[Call, ...]
    duration_seconds: int
    price: Price
    """The exact sum of the calls' prices."""
    is_corrections: bool = False


@dataclass(frozen=True, slots=True)
class UsageRow:
    """The calls of one class in one band on a bill, before anything is taken off, beside those of the bill before."""

    charge_class: str
    """In words: ``UK mobiles``."""
    band: str
    """``Day``, ``Evening``, ``Weekend``."""
    call_count: int
    duration_seconds: int
    price: Price
    """Before VAT, exact."""
    previous_count: int = 0
    previous_duration_seconds: int = 0
    previous_price: Price = Price(0)  # noqa: RUF009 - frozen, of whole millionths


@dataclass(frozen=True, slots=True)
class TopNumber:
    """One of the numbers called most, as displayed; only on bills whose calls are shown in full."""

    number: str
    destination: str
    call_count: int
    duration_seconds: int
    price: Price


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """What the calls of a bill were, before anything is taken off; calls that are free to the caller are not in it."""

    rows: tuple[UsageRow, ...]
    """By class and band, in the order of the bill's classes; a row may be of the bill before alone."""
    top_numbers: tuple[TopNumber, ...] = ()
    previous_bill: str = ""
    """The number of the bill compared with; empty when there is none."""
    remark: str = ""
    """What the comparison comes to, in a sentence: how much more or less, and that one bill was for more days than the other."""


@dataclass(frozen=True, slots=True)
class AllowanceUse:
    """What became of an allowance in one month."""

    description: str
    service_number: str
    """Empty where the lines of the account share it."""
    month: Period
    granted_seconds: int
    rolled_in_seconds: int
    used_seconds: int
    left_seconds: int
    """What may still be used in the month after."""


@dataclass(frozen=True, slots=True)
class SourceBill:
    """A member's bill that a consolidated bill asks for; that bill is the VAT invoice for its supplies."""

    account_number: str
    name: str
    bill_number: str
    issued_on: date
    invoice_total: Money
    amount: Money
    """What of it is asked for here: its amount due."""


@dataclass(frozen=True, slots=True)
class CorrectedBill:
    """A bill that this one corrects."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class PastBill:
    """One bar of the chart: a past bill's invoice total under a short label (``Mar``)."""

    label: str
    invoice_total: Money


@dataclass(frozen=True, slots=True)
class Message:
    """A paragraph to the customer."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class PaymentSlip:
    """What the slip at the foot shows. Both texts come ready, check digits included."""

    reference: str
    """As a person copies it."""
    code_line: str
    """As a machine reads it: account, amount in pence and check digit."""


@dataclass(frozen=True, slots=True)
class BillDocument:
    """One bill, whole. Build it, ask ``document_check.check``, render it."""

    supplier: Supplier
    customer: Customer
    account_number: str
    bill_number: str
    kind: BillKind
    issued_on: date
    """The tax point and the date of the invoice."""
    period: Period
    lines: tuple[BillLine, ...]
    vat_summary: tuple[VatSummaryRow, ...]
    invoice_net: Money
    invoice_vat: Money
    invoice_total: Money
    """This document's supplies and their VAT: what a tax invoice means by total."""
    amount_due: Money
    """What is to be paid: brought forward, less payments, plus outside items, plus the invoice total."""
    payment: PaymentMeans
    due_on: date | None = None
    """Required when the amount due or the invoice total is positive."""
    brought_forward: Money = ZERO
    payments: tuple[PaymentReceived, ...] = ()
    outside_items: tuple[OutsideItem, ...] = ()
    call_lists: tuple[CallList, ...] = ()
    messages: tuple[Message, ...] = ()
    history: tuple[PastBill, ...] = ()
    """Oldest first, this bill not included; empty for no chart."""
    slip: PaymentSlip | None = None
    """Absent when there is nothing to send: Direct Debit, or nothing owed."""
    corrects: tuple[CorrectedBill, ...] = ()
    """Required on a credit note."""
    usage: UsageSummary | None = None
    allowances: tuple[AllowanceUse, ...] = ()
    sources: tuple[SourceBill, ...] = ()
    """The members' bills on a consolidated bill; each is an outside item of kind transfer too."""
    itemisation: Literal["full", "masked", "none"] = "full"
    """With masked the numbers come masked already; with none there are no call lists."""
    paid_by_account: str = ""
    """The group account on whose bill the amount due is asked for; then there is no slip and nothing is collected here."""
    large_print: bool = False

    @property
    def is_credit(self) -> bool:
        """Whether the invoice part is a credit note in law: its total is below zero."""
        return self.invoice_total < ZERO

    @property
    def supply_period(self) -> Period:
        """From the first to the last day of anything on the invoice: the bill's period and every line's, rentals in advance too."""
        periods = [self.period, *(line.period for line in self.lines if line.period is not None)]
        return Period(min(period.starts_on for period in periods), max(last_day(period) for period in periods) + ONE_DAY)

    @property
    def group_totals(self) -> tuple[tuple[LineGroup, Money], ...]:
        """The net total of each group that has lines, in printing order."""
        present = {line.group for line in self.lines}
        return tuple((group, total(line.net for line in self.lines if line.group == group)) for group in LINE_GROUPS if group in present)


def last_day(period: Period) -> date:
    """The last day inside a period on a bill, which always has an end."""
    day = period.last_day
    if day is None:
        msg = f"a bill has a period from {period.starts_on} without an end"
        raise Breach(msg)
    return day
