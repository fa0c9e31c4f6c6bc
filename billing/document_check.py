"""Whether a bill document adds up: the last gate before a bill is rendered, and the books check's view of one bill."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction

from billing.document import AllowanceUse, BillDocument, BillLine, VatCategory, VatSummaryRow
from billing.rules.privacy import is_free_to_call, is_masked
from css.core.calendar import Period
from css.core.money import MILLIONTHS, ZERO, Money, Percent, Price, percent_of, to_money, total

VAT_NUMBER_FORM = re.compile(r"^[A-Z]{2}[0-9A-Z]{2,13}$")
COLOUR_FORM = re.compile(r"^[0-9a-fA-F]{6}$")
PENNY = Money(1)
CREDIT_NOTE_ODD = Money(10)
"""The last credit of a bill gives back the VAT that is left of it: the pennies that rounding made in the credits before it."""
Check = Callable[[BillDocument], Iterator[str]]


def check(document: BillDocument) -> list[str]:
    """Every way in which the document contradicts itself, as sentences; empty when it adds up and may be rendered."""
    return [fault for one_check in CHECKS for fault in one_check(document)]


def _lines(document: BillDocument) -> Iterator[str]:
    if [line.line_no for line in document.lines] != list(range(1, len(document.lines) + 1)):
        yield "Bill lines are not numbered from 1 without gaps."
    for line in document.lines:
        yield from _one_line(line)


def _one_line(line: BillLine) -> Iterator[str]:
    name = f"Line {line.line_no}"
    if not line.description.strip():
        yield f"{name} has no description."
    if line.quantity == 0 or line.price_per < 1:
        yield f"{name} has no quantity or no price basis."
        return
    if line.net and (line.quantity < 0) != (line.net < ZERO):
        yield f"{name} has a quantity of {line.quantity} against a net amount of {line.net}."
    if line.period is not None and _is_no_period(line.period):
        yield f"{name} has a period without a day in it, or without an end."
    if line.unit_price is not None:
        worth = to_money(line.unit_price, Fraction(line.quantity, line.price_per))
        if line.unit_price.millionths < 0:
            yield f"{name} has a negative unit price."
        elif not -PENNY <= worth - line.net <= PENNY:
            yield f"{name} charges {line.net} where quantity and unit price make {worth}."
    if (line.vat_category == "S") != (line.vat_rate.basis_points > 0):
        yield f"{name} has VAT category {line.vat_category} at {line.vat_rate}%."


def _is_no_period(period: Period) -> bool:
    return period.ends_on is None or period.ends_on <= period.starts_on


def _vat(document: BillDocument) -> Iterator[str]:
    net: dict[tuple[VatCategory, Percent], Money] = defaultdict(lambda: ZERO)
    for line in document.lines:
        net[line.vat_category, line.vat_rate] += line.net
    rows = Counter((row.category, row.rate) for row in document.vat_summary)
    for (category, rate), times in rows.items():
        if times > 1:
            yield f"VAT {category} {rate}% is summarised {times} times."
    for category, rate in net.keys() - rows.keys():
        yield f"VAT {category} {rate}% has lines but no row in the summary."
    odd = CREDIT_NOTE_ODD if document.kind == "credit_note" else ZERO
    for row in document.vat_summary:
        yield from _one_row(row, net.get((row.category, row.rate)), odd)
    if document.customer.vat_number == "" and any(row.category == "AE" for row in document.vat_summary):
        yield "The reverse charge needs the customer's VAT number."


def _one_row(row: VatSummaryRow, lines_net: Money | None, odd: Money) -> Iterator[str]:
    name = f"VAT {row.category} {row.rate}%"
    if lines_net is None:
        yield f"{name} is in the summary without a line."
    elif lines_net != row.net:
        yield f"{name} is summarised on {row.net} where the lines make {lines_net}."
    if not -odd <= row.vat - percent_of(row.net, row.rate) <= odd:
        yield f"{name} on {row.net} is {percent_of(row.net, row.rate)}, not {row.vat}."
    if (row.category in {"E", "AE"}) != bool(row.reason):
        yield f"{name} needs a reason exactly when no VAT is charged by exemption or reverse charge."


def _totals(document: BillDocument) -> Iterator[str]:
    if not document.vat_summary:
        yield "An invoice needs at least one line and its VAT row, even one of nothing."
    lines_net, rows_net = total(line.net for line in document.lines), total(row.net for row in document.vat_summary)
    rows_vat = total(row.vat for row in document.vat_summary)
    if not lines_net == rows_net == document.invoice_net:
        yield f"The net total {document.invoice_net} is not that of the lines {lines_net} and of the VAT summary {rows_net}."
    if rows_vat != document.invoice_vat:
        yield f"The VAT total {document.invoice_vat} is not that of the VAT summary {rows_vat}."
    if document.invoice_net + document.invoice_vat != document.invoice_total:
        yield f"The invoice total {document.invoice_total} is not {document.invoice_net} plus VAT {document.invoice_vat}."
    paid, outside = total(payment.amount for payment in document.payments), total(item.amount for item in document.outside_items)
    due = document.brought_forward - paid + outside + document.invoice_total
    if due != document.amount_due:
        sums = f"{document.brought_forward} less {paid} plus {outside} plus {document.invoice_total}"
        yield f"The amount due {document.amount_due} is not {due}: {sums}."


def _calls(document: BillDocument) -> Iterator[str]:
    for listed in document.call_lists:
        if not listed.calls:
            yield f"The call list of {listed.service_number} is empty."
        if sum(call.price.millionths for call in listed.calls) != listed.price.millionths:
            yield f"The calls of {listed.service_number} do not add up to {listed.price} pence."
        if sum(call.duration_seconds for call in listed.calls) != listed.duration_seconds:
            yield f"The calls of {listed.service_number} do not last {listed.duration_seconds} seconds."


def _calls_of_lines(document: BillDocument) -> Iterator[str]:
    """A line of which every call is itemised charges what its calls make, to the penny that rounding may take."""
    millionths: dict[int, list[int]] = defaultdict(list)
    for listed in document.call_lists:
        for call in listed.calls:
            if call.line_no is not None:
                millionths[call.line_no].append(call.price.millionths)
    by_no = {line.line_no: line for line in document.lines}
    for line_no, prices in sorted(millionths.items()):
        line = by_no.get(line_no)
        if line is None or line.group != "calls":
            yield f"Calls name line {line_no}, which is no line of calls."
        elif line.call_count is not None and len(prices) > line.call_count:
            yield f"Line {line_no} is for {line.call_count} calls but {len(prices)} are itemised."
        elif line.call_count == len(prices) and not -PENNY <= to_money(Price(sum(prices))) - line.net <= PENNY:
            yield f"Line {line_no} charges {line.net} but its itemised calls make {to_money(Price(sum(prices)))}."


def _dates(document: BillDocument) -> Iterator[str]:
    if _is_no_period(document.period):
        yield "The bill's period has no day in it, or no end."
    if document.due_on is None and (document.amount_due > ZERO or document.invoice_total > ZERO):
        yield "Money is owed but the bill has no due date."
    if document.due_on is not None and document.due_on < document.issued_on:
        yield "The due date is before the date of issue."


def _kind(document: BillDocument) -> Iterator[str]:
    if document.kind == "credit_note":
        if not (document.is_credit and document.corrects):
            yield "A credit note gives credit and names the bill it corrects."
        if document.slip is not None or document.payment.collect_on is not None:
            yield "A credit note asks for no payment."
        if document.call_lists or document.usage is not None:
            yield "A credit note has no calls."
    if document.kind == "consolidated" and not document.sources:
        yield "A consolidated bill names the bills that it asks for."


def _itemisation(document: BillDocument) -> Iterator[str]:
    """What the subscriber has asked not to be shown, and what is shown to nobody."""
    shown = [call.number for listed in document.call_lists for call in listed.calls]
    top = [one.number for one in document.usage.top_numbers] if document.usage else []
    if document.itemisation == "none" and shown:
        yield "Calls are listed although none is to be."
    if document.itemisation == "masked":
        bare = sum(not is_masked(number) for number in shown)
        if bare:
            yield f"{bare} {'number is' if bare == 1 else 'numbers are'} shown whole although the last digits are to be hidden."
    if document.itemisation != "full" and top:
        yield "The numbers called most are named although numbers are not to be shown."
    free = sum(map(is_free_to_call, (*shown, *top)))
    if free:
        yield f"{free} {'call is' if free == 1 else 'calls are'} shown to numbers that are free to call and never shown."


def _usage(document: BillDocument) -> Iterator[str]:
    usage = document.usage
    if usage is None:
        return
    told = sum(row.price.millionths for row in usage.rows)
    charged = total(line.net for line in document.lines if line.group == "calls" and not line.is_correction)
    if told != charged.pence * MILLIONTHS:
        yield f"The usage summary comes to {to_money(Price(told))} but the lines of calls to {charged}."
    if not usage.previous_bill and any(row.previous_count or row.previous_price for row in usage.rows):
        yield "The usage summary compares with a bill that it does not name."


def _allowances(document: BillDocument) -> Iterator[str]:
    for one in document.allowances:
        yield from _allowance(one)


def _allowance(one: AllowanceUse) -> Iterator[str]:
    name = f"The allowance {one.description!r} of {one.month.starts_on}"
    if min(one.granted_seconds, one.rolled_in_seconds, one.used_seconds, one.left_seconds) < 0:
        yield f"{name} has less than nothing."
    elif one.used_seconds + one.left_seconds > one.granted_seconds + one.rolled_in_seconds:
        yield f"{name} has more used and left than it gave."


def _sources(document: BillDocument) -> Iterator[str]:
    """What a consolidated bill asks for stands in the amount due, to the penny."""
    numbers = {source.bill_number for source in document.sources}
    if len(numbers) != len(document.sources):
        yield "A bill is asked for twice."
    asked = total(source.amount for source in document.sources)
    moved = total(item.amount for item in document.outside_items if item.kind == "transfer" and item.reference in numbers)
    if asked != moved:
        yield f"The bills asked for come to {asked} but {moved} of them is in the amount due."


def _payment(document: BillDocument) -> Iterator[str]:
    payment, is_debit = document.payment, document.payment.kind == "direct_debit"
    if is_debit and not payment.mandate_reference:
        yield "Direct Debit without a mandate reference."
    if payment.collect_on is not None and not (is_debit and document.amount_due > ZERO):
        yield "A collection day without a Direct Debit or without anything to collect."
    if document.slip is not None and document.amount_due <= ZERO:
        yield "A payment slip although nothing is owed."
    if document.paid_by_account and (document.slip is not None or payment.collect_on is not None):
        yield "Another account pays this bill, but it asks for payment."


def _parties(document: BillDocument) -> Iterator[str]:
    supplier, customer = document.supplier, document.customer
    if customer.electronic_address is not None and supplier.electronic_address is None:
        yield "The customer takes e-invoices but the supplier has no electronic address to send from."
    for who, number in (("supplier", supplier.vat_number), ("customer", customer.vat_number)):
        if (number or who == "supplier") and not VAT_NUMBER_FORM.match(number):
            yield f"The {who}'s VAT number {number!r} is not country letters and number."
    if not COLOUR_FORM.match(supplier.colour):
        yield f"The brand's colour {supplier.colour!r} is not six hexadecimal digits."
    for who, lines in (("supplier", supplier.address.lines), ("customer", customer.address.lines)):
        if not lines or not all(line.strip() for line in lines):
            yield f"The {who}'s address is empty or has an empty line."


CHECKS: tuple[Check, ...] = (
    *(_lines, _vat, _totals, _calls, _calls_of_lines, _dates, _kind),
    *(_itemisation, _usage, _allowances, _sources, _payment, _parties),
)
