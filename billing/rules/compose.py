"""The bill as a document, from what was posted: nothing is decided here that is not decided already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from billing.document import (
    Address,
    AllowanceUse,
    BillDocument,
    BillLine,
    Call,
    CallLeg,
    CallList,
    CorrectedBill,
    Customer,
    CustomerKind,
    ElectronicAddress,
    LineGroup,
    OutsideItem,
    PastBill,
    PaymentMeans,
    PaymentReceived,
    PaymentSlip,
    SourceBill,
    Supplier,
    UnitCode,
    UsageSummary,
    VatSummaryRow,
)
from billing.document import BillKind as DocumentKind
from billing.document import OutsideKind as DocumentOutsideKind
from billing.rules.bill_messages import Occasion, messages
from billing.rules.items import PER_CALL
from billing.rules.lines import OF_EARLIER_CALLS, PER_CORRECTION, PER_RETAXED
from billing.rules.prices_put_right import name_of, prices_put_right
from billing.rules.privacy import masked
from billing.rules.usage_summary import BAND_TITLES, NumberCalled, UsageBefore, UsageLine, usage_summary
from billing.rules.vat import REASONS, Tax, VatSum, tax_at
from billing.words import BillKind, Leg, LineKind, OutsideKind, PaymentMethod
from css.core import words
from css.core.calendar import ONE_DAY, Period, to_london
from css.core.ids import format_id, slip_reference
from css.core.money import ZERO, Money, Percent, Price
from css.core.phone import display_number
from css.core.words import BillMedium, Itemisation, Segment, VatCode, VatStatus

GROUPS: Final[dict[LineKind, LineGroup]] = {
    LineKind.RENTAL: "rental",
    LineKind.PART_PERIOD: "part_period",
    LineKind.ONE_OFF: "one_off",
    LineKind.TERMINATION: "termination",
    LineKind.CALLS: "calls",
    LineKind.DISCOUNT: "discount",
    LineKind.ADJUSTMENT: "adjustment",
}
KINDS: Final[dict[BillKind, DocumentKind]] = {
    BillKind.BILL: "bill",
    BillKind.FINAL: "final",
    BillKind.INTERIM: "interim",
    BillKind.CREDIT_NOTE: "credit_note",
}
UNITS: Final[dict[str, UnitCode]] = {
    "month": "MON",
    "day": "DAY",
    "item": "C62",
    PER_CALL: "C62",
    PER_CORRECTION: "C62",
    PER_RETAXED: "C62",
}
CUSTOMER_KINDS: Final[dict[Segment, CustomerKind]] = {
    Segment.RESIDENTIAL: "residential",
    Segment.BUSINESS: "business",
    Segment.WHOLESALE: "wholesale",
}
OUTSIDE_KINDS: Final[dict[OutsideKind, DocumentOutsideKind]] = {
    OutsideKind.COMPENSATION: "compensation",
    OutsideKind.GUARANTEE: "guarantee",
    OutsideKind.LATE_FEE: "late_fee",
    OutsideKind.GOODWILL: "goodwill",
    OutsideKind.TRANSFER: "transfer",
}
LEGS: Final[dict[Leg, CallLeg]] = {Leg.OUTGOING: "outgoing", Leg.DIVERTED: "diverted", Leg.REVERSE: "reverse"}
ITEMISATIONS: Final[dict[Itemisation, Literal["full", "masked", "none"]]] = {
    Itemisation.FULL: "full",
    Itemisation.MASKED: "masked",
    Itemisation.NONE: "none",
}
METHOD_WORDS: Final = {
    PaymentMethod.CARD: "Card",
    PaymentMethod.CHEQUE: "Cheque",
    PaymentMethod.CASH: "Cash",
    PaymentMethod.BANK_TRANSFER: "Bank transfer",
    PaymentMethod.DIRECT_DEBIT: "Direct Debit",
}
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays, as the bill has kept it since it was calculated."""

    account_number: str
    name: str
    address_lines: tuple[str, ...]
    postcode: str
    segment: Segment
    vat_status: VatStatus
    vat_number: str | None
    payment_means: words.PaymentMeans
    mandate_reference: str | None
    medium: BillMedium
    endpoint: str | None
    """``scheme:value`` of an electronic address."""
    itemisation: Itemisation = Itemisation.FULL
    paid_by: str | None = None
    """The group account that pays its bills."""


class PostedLine(NamedTuple):
    """A line of a bill as it lies in the table."""

    line_number: int
    kind: LineKind
    words: str
    net: Money
    tax: Tax
    quantity: int
    unit: str
    unit_price: Price | None
    price_per: int
    number: str | None
    reference: str | None
    starts_on: date | None
    ends_on: date | None
    charge_class: str | None
    band: str | None
    duration_seconds: int | None
    is_promotion: bool = False
    """A rental of a negative price: a credit, told among the discounts."""


class CallMade(NamedTuple):
    """A rated call that may be shown, or what was corrected of one."""

    charged_number: str
    leg: Leg
    other_number: str
    started_at: datetime
    duration_seconds: int
    charge_class: str
    destination: str
    band: str
    net: Price
    service_net: Price | None
    """The part of it that is the service charge."""
    basis_points: int
    is_correction: bool = False


class Received(NamedTuple):
    """A payment within the bill's days."""

    received_on: date
    method: PaymentMethod
    amount: Money


class Outside(NamedTuple):
    """A late fee, compensation or a member's bill within the bill's days."""

    kind: OutsideKind
    entered_on: date
    words: str
    amount: Money
    reference: str


class Allowance(NamedTuple):
    """What became of an allowance in a month, as the bill has reckoned it."""

    words: str
    number: str | None
    """Of the line that has it alone; none where the account's lines share it."""
    starts_on: date
    ends_on: date
    granted_seconds: int
    rolled_in_seconds: int
    used_seconds: int
    left_seconds: int


class Source(NamedTuple):
    """A member's bill that this one asks for."""

    account_number: str
    name: str
    bill_number: str
    issued_on: date
    invoice_gross: Money
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedBill:
    """A bill and everything on it, as posted."""

    number: str
    kind: BillKind
    payer: Payer
    issue_on: date
    period: Period
    due_on: date
    calls_after: date | None
    """Calls recorded after this business date; none on an account's first bill ..."""
    calls_through: date
    """... up to this one are on it."""
    brought_forward: Money
    invoice_net: Money
    invoice_vat: Money
    invoice_gross: Money
    amount_due: Money
    lines: Sequence[PostedLine]
    vat: Sequence[VatSum]
    payments: Sequence[Received] = ()
    outside: Sequence[Outside] = ()
    calls: Sequence[CallMade] = ()
    """In order of the number charged and time, each number's corrections after its calls."""
    past: Sequence[tuple[date, Money]] = ()
    """Day of issue and invoice total of the bills before it, the oldest first."""
    corrects: Sequence[tuple[str, date]] = ()
    """Number and day of issue of the bills that its lines correct."""
    usage_before: UsageBefore | None = None
    """The calls of the last bill that took any."""
    allowances: Sequence[Allowance] = ()
    sources: Sequence[Source] = ()


def compose(bill: PostedBill, supplier: Supplier) -> BillDocument:
    """The document of a posted bill. The same bill gives the same document, whenever it is asked for."""
    payer, kind = bill.payer, _kind(bill)
    owes = bill.amount_due > ZERO
    lines = tuple(_line(line) for line in bill.lines)
    is_asked_for = owes and kind != "credit_note" and payer.paid_by is None
    return BillDocument(
        supplier=supplier,
        customer=Customer(
            name=payer.name,
            address=Address(payer.address_lines, payer.postcode),
            kind=CUSTOMER_KINDS[payer.segment],
            vat_number=payer.vat_number or "",
            electronic_address=electronic_address(payer.endpoint),
        ),
        account_number=payer.account_number,
        bill_number=bill.number,
        kind=kind,
        issued_on=bill.issue_on,
        period=bill.period,
        lines=lines,
        vat_summary=tuple(
            VatSummaryRow(one.tax.category, Percent(one.tax.basis_points), one.net, one.vat, REASONS.get(one.tax.category, ""))
            for one in bill.vat
        ),
        invoice_net=bill.invoice_net,
        invoice_vat=bill.invoice_vat,
        invoice_total=bill.invoice_gross,
        amount_due=bill.amount_due,
        payment=_payment(bill, is_asked_for=is_asked_for),
        due_on=bill.due_on if owes or bill.invoice_gross > ZERO else None,
        brought_forward=bill.brought_forward,
        payments=tuple(PaymentReceived(one.received_on, METHOD_WORDS[one.method], one.amount) for one in bill.payments),
        outside_items=tuple(
            OutsideItem(OUTSIDE_KINDS[one.kind], one.entered_on, one.words, one.amount, one.reference) for one in bill.outside
        ),
        call_lists=() if payer.itemisation is Itemisation.NONE else tuple(_call_lists(bill)),
        messages=tuple(messages(_occasion(bill, kind, lines))),
        # What a consolidated bill asks for is mostly other bills, a credit note is beside the row of bills: a chart would mislead.
        history=()
        if bill.sources or kind == "credit_note"
        else tuple(PastBill(MONTHS[day.month - 1], amount) for day, amount in bill.past),
        slip=PaymentSlip(format_id(payer.account_number), slip_reference(payer.account_number, bill.amount_due))
        if is_asked_for and payer.payment_means is not words.PaymentMeans.DIRECT_DEBIT
        else None,
        corrects=tuple(CorrectedBill(number, day) for number, day in bill.corrects),
        usage=_usage(bill),
        allowances=tuple(_allowance(one) for one in bill.allowances),
        sources=tuple(SourceBill(*one) for one in bill.sources),
        itemisation=ITEMISATIONS[payer.itemisation],
        paid_by_account=payer.paid_by or "",
        large_print=payer.medium is BillMedium.LARGE_PRINT,
    )


def _kind(bill: PostedBill) -> DocumentKind:
    """What the reader calls it: a bill that asks for others is a consolidated one, unless it is the last or was asked for."""
    if bill.kind is BillKind.BILL and bill.sources:
        return "consolidated"
    return KINDS[bill.kind]


def _payment(bill: PostedBill, *, is_asked_for: bool) -> PaymentMeans:
    payer = bill.payer
    if payer.payment_means is not words.PaymentMeans.DIRECT_DEBIT or payer.paid_by is not None:
        return PaymentMeans("other")
    return PaymentMeans("direct_debit", payer.mandate_reference or "", bill.due_on if is_asked_for else None)


def _occasion(bill: PostedBill, kind: DocumentKind, lines: Sequence[BillLine]) -> Occasion:
    is_put_right = prices_put_right(lines)
    return Occasion(
        kind=kind,
        is_first=not bill.past,
        calls_through=bill.calls_through,
        is_reverse_charge=any(one.tax.category == "AE" for one in bill.vat),
        has_calls=any(line.kind is LineKind.CALLS for line in bill.lines),
        itemisation=bill.payer.itemisation,
        source_count=len(bill.sources),
        prices_put_right=sorted({name_of(line) for line in lines if is_put_right.get(line.line_no)}),
        paid_by=bill.payer.paid_by or "",
    )


def electronic_address(endpoint: str | None) -> ElectronicAddress | None:
    """``scheme:value`` taken apart."""
    if not endpoint:
        return None
    scheme, _, value = endpoint.partition(":")
    return ElectronicAddress(scheme, value)


def _line(line: PostedLine) -> BillLine:
    of_calls = line.kind is LineKind.CALLS
    is_correction = line.unit in OF_EARLIER_CALLS
    return BillLine(
        line_no=line.line_number,
        group="discount" if line.is_promotion else GROUPS[line.kind],
        description=line.words,
        net=line.net,
        vat_category=line.tax.category,
        vat_rate=Percent(line.tax.basis_points),
        quantity=line.quantity,
        unit=UNITS[line.unit],
        unit_price=line.unit_price,
        price_per=line.price_per,
        service_number=display_number(line.number) if line.number else "",
        period=Period(line.starts_on, line.ends_on) if line.starts_on and line.ends_on else None,
        reference=f"Bill {line.reference}" if line.kind is LineKind.ADJUSTMENT and line.reference else line.reference or "",
        call_count=abs(line.quantity) if of_calls else None,
        duration_seconds=line.duration_seconds if of_calls and (line.duration_seconds or not is_correction) else None,
        is_correction=is_correction,
    )


def _call_lists(bill: PostedBill) -> Iterator[CallList]:
    charged_on = {
        (line.unit == PER_CORRECTION, line.number, line.charge_class, line.band, line.tax): line.line_number
        for line in bill.lines
        if line.kind is LineKind.CALLS and line.unit != PER_RETAXED
    }
    is_masked = bill.payer.itemisation is Itemisation.MASKED
    by_number: dict[tuple[str, bool], list[CallMade]] = defaultdict(list)
    for call in bill.calls:
        by_number[call.charged_number, call.is_correction].append(call)
    for (number, is_correction), made in by_number.items():
        lines = (charged_on.get((is_correction, number, call.charge_class, call.band, _tax_of_call(bill, call))) for call in made)
        yield CallList(
            display_number(number),
            tuple(_call(call, line_no, is_masked=is_masked) for call, line_no in zip(made, lines, strict=True)),
            sum(call.duration_seconds for call in made),
            Price(sum(call.net.millionths for call in made)),
            is_correction,
        )


def _tax_of_call(bill: PostedBill, call: CallMade) -> Tax:
    return tax_at(bill.payer.vat_status, VatCode.STANDARD, call.basis_points)


def _call(call: CallMade, line_no: int | None, *, is_masked: bool) -> Call:
    shown, number = to_london(call.started_at), display_number(call.other_number)
    return Call(
        started_on=shown.date(),
        started_at=shown.time().replace(tzinfo=None),
        number=masked(number) if is_masked else number,
        destination=call.destination,
        band=BAND_TITLES.get(call.band, call.band),
        duration_seconds=call.duration_seconds,
        price=call.net,
        line_no=line_no,
        leg=LEGS[call.leg],
        service_charge=call.service_net,
    )


def _usage(bill: PostedBill) -> UsageSummary | None:
    """Nothing on a credit note, which takes no calls."""
    if bill.kind is BillKind.CREDIT_NOTE:
        return None
    lines = (
        UsageLine(line.charge_class, line.band, abs(line.quantity), line.duration_seconds or 0, line.net)
        for line in bill.lines
        if line.kind is LineKind.CALLS and line.unit == PER_CALL and line.charge_class is not None and line.band is not None
    )
    made = (
        NumberCalled(display_number(call.other_number), call.destination, call.duration_seconds, call.net)
        for call in bill.calls
        if call.leg is Leg.OUTGOING and not call.is_correction and bill.payer.itemisation is Itemisation.FULL
    )
    after = bill.calls_after or bill.period.starts_on - ONE_DAY
    return usage_summary(lines, made, days=(bill.calls_through - after).days, before=bill.usage_before)


def _allowance(one: Allowance) -> AllowanceUse:
    return AllowanceUse(
        description=one.words,
        service_number=display_number(one.number) if one.number else "",
        month=Period(one.starts_on, one.ends_on),
        granted_seconds=one.granted_seconds,
        rolled_in_seconds=one.rolled_in_seconds,
        used_seconds=one.used_seconds,
        left_seconds=one.left_seconds,
    )
