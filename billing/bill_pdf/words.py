"""How a bill writes dates, periods, durations, amounts and the names of things."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from billing.document import BillDocument, BillKind, BillLine, Call, CallLeg, CallList, LineGroup, VatSummaryRow, last_day
from billing.rules.prices_put_right import prices_put_right
from css.core.calendar import ONE_DAY, Period
from css.core.money import MILLIONTHS, ZERO, Money, Price

MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905 - as read
)
TITLES: Final[dict[BillKind, str]] = {
    "bill": "Your bill",
    "final": "Your final bill",
    "interim": "Your interim bill",
    "credit_note": "Credit note",
    "consolidated": "Your consolidated bill",
}
GROUPS: Final[dict[LineGroup, str]] = {
    "rental": "Rental in advance",
    "part_period": "Part-period charges and credits",
    "termination": "Early termination",
    "one_off": "One-off charges and credits",
    "calls": "Calls",
    "discount": "Discounts and promotional credits",
    "adjustment": "Adjustments",
}


@dataclass(frozen=True, slots=True)
class Captions:
    """What stands over the parts of a bill."""

    before: str = "Your account before this bill"
    this: str = "This bill"
    invoice_total: str = "Invoice total"
    amount_due: str = "Amount due"
    detail: str = "Your charges in detail"


CHARGES: Final = Captions()
CREDITS: Final = Captions(
    "Your account before this credit note", "This credit note", "Credit with VAT", "Your account now owes", "What is credited"
)
CORRECTED_MAX: Final = 2
"""More bills than this are named behind page one."""
DISCOUNT_ORDER: Final = (
    "Taken off calls in this order: inclusive minutes, friends' numbers, options, volume. Promotional credits come last. All before VAT."
)
ROUNDED: Final = "A price with four places is rounded for reading; the amount beside it was worked out from the exact price."
VAT_NAMES: Final = {"S": "Standard rate", "Z": "Zero rate", "E": "Exempt", "AE": "Reverse charge"}
VAT_MARKS: Final = {"E": "Exempt", "AE": "Reverse"}
LEGS: Final[dict[CallLeg, str]] = {"diverted": "Diverted by your line to this number", "reverse": "Reverse charge call from this number"}
UNITS: Final = {
    "C62": ("", ""),
    "MON": ("month", "months"),
    "DAY": ("day", "days"),
    "MIN": ("minute", "minutes"),
    "SEC": ("second", "seconds"),
}
USUAL_VAT_NUMBER: Final = re.compile(r"GB([0-9]{3})([0-9]{4})([0-9]{2})")


def captions(document: BillDocument) -> Captions:
    """Those of a bill or of a credit note; a credit note may leave the account in credit."""
    if document.kind != "credit_note":
        return CHARGES
    return CREDITS if document.amount_due >= ZERO else replace(CREDITS, amount_due="Your account is in credit")


def long_date(day: date) -> str:
    """``1 April 2026``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """``1 Apr 2026``."""
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def day_and_month(day: date) -> str:
    """``1 Apr``."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def span(period: Period) -> str:
    """A period by its first and its last day; the year once when it is the same."""
    first, last = period.starts_on, last_day(period)
    if first == last:
        return short_date(first)
    start = day_and_month(first) if first.year == last.year else short_date(first)
    return f"{start} to {short_date(last)}"


def clock(seconds: int) -> str:
    """A duration: ``2:02``, ``1:02:03``; what is taken back with a minus."""
    sign = "-" if seconds < 0 else ""
    minutes, seconds = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours:,}:{minutes:02d}:{seconds:02d}" if hours else f"{sign}{minutes}:{seconds:02d}"


def figures(amount: Money) -> str:
    """Pounds and pence without sign or symbol, thousands apart: the CR beside it says which way it goes."""
    return (-amount if amount < ZERO else amount).sterling[1:]


def sterling(amount: Money) -> str:
    """``£1,234.50``, a credit as ``£3.00 CR``."""
    return f"£{figures(amount)}{' CR' if amount < ZERO else ''}"


def pence(price: Price) -> str:
    """A call's price in pence to a tenth, halves up: what the eye needs; the line charges the exact sum."""
    tenths = (abs(price.millionths) + 50_000) // 100_000
    return f"{'-' if price.millionths < 0 else ''}{tenths // 10:,}.{tenths % 10}"


def call_notes(call: Call, listed: CallList) -> tuple[str, ...]:
    """What is said under a call: which leg it was, and both parts of a price that has an access and a service charge.

    Of a correction that takes back or adds a call whole, that it does.
    """
    notes = [LEGS[call.leg]] if call.leg in LEGS else []
    if listed.is_corrections and call.duration_seconds:
        notes.append(
            "Not a call of yours: taken back" if call.duration_seconds < 0 else "A call of yours that was charged to another account"
        )
    if call.service_charge is not None and call.access_charge is not None:
        notes.append(f"Access charge {pence(call.access_charge)}, service charge {pence(call.service_charge)}")
    return tuple(notes)


def list_title(listed: CallList) -> str:
    """What stands over a list of calls."""
    return f"Corrections of earlier calls, {listed.service_number}" if listed.is_corrections else f"From {listed.service_number}"


def list_sum(listed: CallList) -> str:
    """How many calls a list has, and how long they lasted; a list of corrections, how many."""
    count = len(listed.calls)
    if listed.is_corrections:
        return f"{count:,} {'correction' if count == 1 else 'corrections'}"
    return f"{count:,} {'call' if count == 1 else 'calls'} lasting {clock(listed.duration_seconds)}"


def each(price: Price) -> str:
    """A unit price: ``£16.99``, ``5.9p``. One that does not end within four places is shown rounded: ``£18.8333``, ``5.8333p``."""
    place = _place(price)
    shown = (price.millionths * 2 + place) // (2 * place)
    return f"£{_places(shown, 2)}" if place == _PLACE_OF_POUND else f"{_places(shown, 0)}p"


def is_rounded(price: Price) -> bool:
    """Whether ``each`` shows another price than the exact one, and one that looks it: of £10.00 for 999.999999p nobody asks."""
    place = _place(price)
    shown = (price.millionths * 2 + place) // (2 * place)
    return price.millionths % place != 0 and (shown == 0 or shown % 100 != 0)


def _place(price: Price) -> int:
    """In pounds, unless it is less than one and no whole pence."""
    return _PLACE_OF_PENNY if price.millionths < _POUND and price.millionths % MILLIONTHS else _PLACE_OF_POUND


def _places(ten_thousandths: int, least: int) -> str:
    whole, rest = divmod(ten_thousandths, 10_000)
    places = f"{rest:04d}".rstrip("0").ljust(least, "0")
    return f"{whole:,}.{places}" if places else f"{whole:,}"


_POUND: Final = 100 * MILLIONTHS
_PLACE_OF_POUND: Final = _POUND // 10_000
_PLACE_OF_PENNY: Final = _PLACE_OF_POUND // 100
"""The fourth place of a pound and of a penny, in millionths of a penny."""


def minutes(seconds: int) -> str:
    """Seconds of an allowance in minutes: ``500``, ``123:30``."""
    whole, rest = divmod(seconds, 60)
    return f"{whole:,}:{rest:02d}" if rest else f"{whole:,}"


def corrected_bills(document: BillDocument) -> str:
    """The earlier bills that lines belong to, in a sentence for the detail; empty where page one names them, or there are none.

    On an ordinary bill a discount that goes on, or a day given back, is no sign that the bill before was wrong.
    """
    if not document.corrects or (document.is_credit and len(document.corrects) <= CORRECTED_MAX):
        return ""
    named = ", ".join(f"{one.number} of {short_date(one.issued_on)}" for one in document.corrects)
    bills = "bill" if len(document.corrects) == 1 else "bills"
    return f"Corrects {bills} {named}." if document.is_credit else f"Carries on or puts right charges of {bills} {named}."


def days_of_calls(document: BillDocument) -> dict[int, Period]:
    """For each line of calls the first and the last day of those that are listed: a call is charged in the night after it is made."""
    first: dict[int, date] = {}
    last: dict[int, date] = {}
    for listed in document.call_lists:
        if listed.is_corrections:
            continue
        for call in listed.calls:
            if call.line_no is not None:
                day = call.started_on
                first[call.line_no] = min(first.get(call.line_no, day), day)
                last[call.line_no] = max(last.get(call.line_no, day), day)
    return {line_no: Period(day, last[line_no] + ONE_DAY) for line_no, day in first.items()}


def is_inside(days: Period, period: Period | None) -> bool:
    """Whether a period holds all of some days."""
    return period is not None and period.starts_on <= days.starts_on and last_day(days) <= last_day(period)


def vat_mark(line: BillLine) -> str:
    """The VAT of a line in a narrow column."""
    return VAT_MARKS.get(line.vat_category, f"{line.vat_rate}%")


def vat_name(row: VatSummaryRow) -> str:
    """``Standard rate 20%``, ``Exempt``."""
    name = VAT_NAMES[row.category]
    return f"{name} {row.rate}%" if row.category in {"S", "Z"} else name


def vat_reason(row: VatSummaryRow) -> str:
    """``Reverse charge: customer to pay the VAT to HMRC``: the kind of VAT and, where there is none, why, said once."""
    name = vat_name(row)
    if not row.reason or row.reason.lower().startswith(name.lower()):
        return row.reason or name
    return f"{name}: {row.reason}"


def vat_number(number: str) -> str:
    """``GB 999 9999 73`` for the usual nine digits; other forms as they are."""
    usual = USUAL_VAT_NUMBER.fullmatch(number)
    return " ".join(("GB", *usual.groups())) if usual else number


def price_notes(document: BillDocument) -> dict[int, str]:
    """What is said under the lines of a price that was put right, by line number."""
    return {
        line_no: "price put right" if is_new else "at the price charged before"
        for line_no, is_new in prices_put_right(document.lines).items()
    }


def particulars(line: BillLine) -> str:
    """The small print under a line: how the amount came about and what caused it."""
    said = [how_many(line), line.reference]
    return ", ".join(part for part in said if part)


def how_many(line: BillLine) -> str:
    """``3 months at £16.99``, ``12 days at £16.99 for 31 days``; empty when it is one of something."""
    count = abs(line.quantity)
    if line.unit_price is None or (count == 1 and line.price_per == 1):
        return ""
    one, many = UNITS[line.unit]
    if count == line.price_per:
        return f"{each(line.unit_price)} for {count:,} {many}".rstrip()
    counted = " ".join(part for part in (f"{count:,}", one if count == 1 else many) if part)
    basis = f" for {line.price_per:,} {many}".rstrip() if line.price_per != 1 else ""
    return f"{counted} at {each(line.unit_price)}{basis}"


def printed_texts(document: BillDocument) -> list[str]:
    """Every text of the document that came from outside this program, to choose fonts by."""
    supplier, customer = document.supplier, document.customer
    found = [
        *(supplier.trading_name, supplier.legal_name, *supplier.address.lines, supplier.registered_text),
        *(part for contact in supplier.contacts for part in (contact.label, contact.value)),
        *(customer.name, customer.attention, *customer.address.lines, customer.address.postcode),
        *(document.account_number, document.bill_number, document.payment.mandate_reference),
        *(part for line in document.lines for part in (line.description, line.service_number, line.reference)),
        *(row.reason for row in document.vat_summary),
        *(payment.means for payment in document.payments),
        *(part for item in document.outside_items for part in (item.description, item.reference)),
        *(part for message in document.messages for part in (message.heading, message.text)),
        *(past.label for past in document.history),
        *(corrected.number for corrected in document.corrects),
        *(part for one in document.allowances for part in (one.description, one.service_number)),
        *(part for source in document.sources for part in (source.account_number, source.name, source.bill_number)),
        document.paid_by_account,
    ]
    if document.usage is not None:
        found += [document.usage.remark, document.usage.previous_bill]
        found.extend(part for row in document.usage.rows for part in (row.charge_class, row.band))
        found.extend(part for one in document.usage.top_numbers for part in (one.number, one.destination))
    for listed in document.call_lists:
        found.append(listed.service_number)
        found.extend({part for call in listed.calls for part in (call.number, call.destination, call.band)})
    return found
