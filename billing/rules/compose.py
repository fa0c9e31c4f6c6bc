"""The bill as a document, from what was posted: nothing is decided here that is not decided already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from billing.document import (
    Address,
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
    Message,
    OutsideItem,
    PastBill,
    PaymentMeans,
    PaymentReceived,
    PaymentSlip,
    Supplier,
    UnitCode,
    VatSummaryRow,
)
from billing.document import OutsideKind as DocumentOutsideKind
from billing.rules.items import PER_CALL
from billing.rules.lines import PER_CORRECTION
from billing.rules.vat import REASONS, Tax, VatSum, tax_at
from billing.words import BillKind, Leg, LineKind, OutsideKind, PaymentMethod
from css.core import words
from css.core.calendar import Period, to_london
from css.core.ids import format_id, slip_reference
from css.core.money import ZERO, Money, Percent, Price
from css.core.phone import display_number
from css.core.words import BillMedium, Segment, VatCode, VatStatus

GROUPS: Final[dict[LineKind, LineGroup]] = {
    LineKind.RENTAL: "rental",
    LineKind.PART_PERIOD: "part_period",
    LineKind.ONE_OFF: "one_off",
    LineKind.TERMINATION: "termination",
    LineKind.CALLS: "calls",
    LineKind.DISCOUNT: "discount",
    LineKind.ADJUSTMENT: "adjustment",
}
UNITS: Final[dict[str, UnitCode]] = {"month": "MON", "day": "DAY", "item": "C62", PER_CALL: "C62", PER_CORRECTION: "C62"}
CUSTOMER_KINDS: Final[dict[Segment, CustomerKind]] = {
    Segment.RESIDENTIAL: "residential",
    Segment.BUSINESS: "business",
    Segment.WHOLESALE: "wholesale",
}
OUTSIDE_KINDS: Final[dict[OutsideKind, DocumentOutsideKind]] = {
    OutsideKind.COMPENSATION: "compensation",
    OutsideKind.LATE_FEE: "late_fee",
    OutsideKind.GOODWILL: "goodwill",
    OutsideKind.TRANSFER: "transfer",
}
LEGS: Final[dict[Leg, CallLeg]] = {Leg.OUTGOING: "outgoing", Leg.DIVERTED: "diverted", Leg.REVERSE: "reverse"}
METHOD_WORDS: Final = {
    PaymentMethod.CARD: "Card",
    PaymentMethod.CHEQUE: "Cheque",
    PaymentMethod.CASH: "Cash",
    PaymentMethod.BANK_TRANSFER: "Bank transfer",
    PaymentMethod.DIRECT_DEBIT: "Direct Debit",
}
BAND_TITLES: Final = {"day": "Day", "evening": "Evening", "weekend": "Weekend"}
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
    """A late fee or compensation within the bill's days."""

    kind: OutsideKind
    entered_on: date
    words: str
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedBill:
    """A bill and everything on it, as posted."""

    number: str
    kind: BillKind
    payer: Payer
    issue_on: date
    period: Period
    due_on: date
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


def compose(bill: PostedBill, supplier: Supplier) -> BillDocument:
    """The document of a posted bill. The same bill gives the same document, whenever it is asked for."""
    payer = bill.payer
    owes = bill.amount_due > ZERO
    by_direct_debit = payer.payment_means is words.PaymentMeans.DIRECT_DEBIT
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
        kind="final" if bill.kind is BillKind.FINAL else "bill",
        issued_on=bill.issue_on,
        period=bill.period,
        lines=tuple(_line(line) for line in bill.lines),
        vat_summary=tuple(
            VatSummaryRow(one.tax.category, Percent(one.tax.basis_points), one.net, one.vat, REASONS.get(one.tax.category, ""))
            for one in bill.vat
        ),
        invoice_net=bill.invoice_net,
        invoice_vat=bill.invoice_vat,
        invoice_total=bill.invoice_gross,
        amount_due=bill.amount_due,
        payment=PaymentMeans("direct_debit", payer.mandate_reference or "", bill.due_on if owes else None)
        if by_direct_debit
        else PaymentMeans("other"),
        due_on=bill.due_on if owes or bill.invoice_gross > ZERO else None,
        brought_forward=bill.brought_forward,
        payments=tuple(PaymentReceived(one.received_on, METHOD_WORDS[one.method], one.amount) for one in bill.payments),
        outside_items=tuple(
            OutsideItem(OUTSIDE_KINDS[one.kind], one.entered_on, one.words, one.amount, one.reference) for one in bill.outside
        ),
        call_lists=tuple(_call_lists(bill)),
        messages=tuple(_messages(bill)),
        history=tuple(PastBill(MONTHS[day.month - 1], amount) for day, amount in bill.past),
        slip=None
        if by_direct_debit or not owes
        else PaymentSlip(format_id(payer.account_number), slip_reference(payer.account_number, bill.amount_due)),
        corrects=tuple(CorrectedBill(number, day) for number, day in bill.corrects),
        large_print=payer.medium is BillMedium.LARGE_PRINT,
    )


def electronic_address(endpoint: str | None) -> ElectronicAddress | None:
    """``scheme:value`` taken apart."""
    if not endpoint:
        return None
    scheme, _, value = endpoint.partition(":")
    return ElectronicAddress(scheme, value)


def _line(line: PostedLine) -> BillLine:
    of_calls = line.kind is LineKind.CALLS
    is_correction = line.unit == PER_CORRECTION
    return BillLine(
        line_no=line.line_number,
        group=GROUPS[line.kind],
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
        reference=line.reference or "",
        call_count=abs(line.quantity) if of_calls else None,
        duration_seconds=line.duration_seconds if of_calls and (line.duration_seconds or not is_correction) else None,
        is_correction=is_correction,
    )


def _call_lists(bill: PostedBill) -> Iterator[CallList]:
    charged_on = {
        (line.unit == PER_CORRECTION, line.number, line.charge_class, line.band, line.tax): line.line_number
        for line in bill.lines
        if line.kind is LineKind.CALLS
    }
    by_number: dict[tuple[str, bool], list[CallMade]] = defaultdict(list)
    for call in bill.calls:
        by_number[call.charged_number, call.is_correction].append(call)
    for (number, is_correction), made in by_number.items():
        lines = (charged_on.get((is_correction, number, call.charge_class, call.band, _tax_of_call(bill, call))) for call in made)
        yield CallList(
            display_number(number),
            tuple(_call(call, line_no) for call, line_no in zip(made, lines, strict=True)),
            sum(call.duration_seconds for call in made),
            Price(sum(call.net.millionths for call in made)),
            is_correction,
        )


def _tax_of_call(bill: PostedBill, call: CallMade) -> Tax:
    return tax_at(bill.payer.vat_status, VatCode.STANDARD, call.basis_points)


def _call(call: CallMade, line_no: int | None) -> Call:
    shown = to_london(call.started_at)
    return Call(
        started_on=shown.date(),
        started_at=shown.time().replace(tzinfo=None),
        number=display_number(call.other_number),
        destination=call.destination,
        band=BAND_TITLES.get(call.band, call.band),
        duration_seconds=call.duration_seconds,
        price=call.net,
        line_no=line_no,
        leg=LEGS[call.leg],
        service_charge=call.service_net,
    )


def _messages(bill: PostedBill) -> Iterator[Message]:
    if bill.kind is BillKind.FINAL:
        yield Message(
            "This is your final bill", "Your service has ended. Rental paid in advance for the days after it is given back above."
        )
    elif not bill.past:
        yield Message(
            "Your first bill",
            "It charges rental from the day your service started up to the date of the bill, and for the next period in advance. "
            "Later bills charge only the next period.",
        )
    if any(one.tax.category == "AE" for one in bill.vat):
        yield Message("VAT", "Reverse charge: the customer is to account to HMRC for the VAT on these supplies.")
