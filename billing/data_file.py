"""The bill as a data file, for firms and providers whose programs read it: ``docs/bill-data-file.md`` is its layout.

Rows of quoted values, the kind of row first: a header, what the bill says line by line and call by call, and a trailer that
counts and adds up all of it, so that a file that was cut or changed on its way is known (after the audit control of TAP
files). The same document gives the same bytes. It tells what the document shows and nothing more.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billing.document import BillDocument, last_day
from billing.ubl import one_line, pounds
from billing.utility_statement import LEG_CODES, NO_LINE, CallSum
from css.core.calendar import Period
from css.core.errors import BadMessage
from css.core.money import Money, Price, total

VERSION: Final = "1"
LAYOUT: Final[dict[str, tuple[str, ...]]] = {
    "HEADER": (
        *("version", "bill_number", "account_number", "kind", "issue_date", "first_day", "last_day", "due_date", "currency"),
        *("supplier", "supplier_vat_number", "customer", "customer_vat_number"),
    ),
    "CORRECTS": ("bill_number", "issue_date"),
    "LINE": (
        *("line", "group", "description", "service_number", "quantity", "unit", "unit_price", "price_per", "first_day", "last_day"),
        *("net", "vat_category", "vat_rate", "reference", "call_count", "duration_seconds"),
    ),
    "VAT": ("category", "rate", "net", "vat", "reason"),
    "PAYMENT": ("received_on", "means", "amount"),
    "OUTSIDE": ("entered_on", "kind", "description", "reference", "amount"),
    "SOURCE": ("account_number", "name", "bill_number", "issue_date", "invoice_total", "amount"),
    "CALL": (
        *("list", "line", "kind", "service_number", "date", "time", "number", "destination", "band", "leg", "duration_seconds"),
        *("price", "service_charge"),
    ),
    "TRAILER": (
        *("row_count", "line_count", "call_count", "call_seconds", "call_price", "net", "vat", "invoice_total"),
        *("brought_forward", "payments", "outside", "amount_due", "sha256"),
    ),
}
"""The columns behind the kind of a row, in order; rows of a kind stand together, in this order of kinds."""
CALL: Final = "CALL"
CORRECTION: Final = "CORRECTION"
_POUND: Final = 100_000_000


def render_data(document: BillDocument) -> bytes:
    """The bill as rows in UTF-8, every value quoted, lines ended by carriage return and line feed. Expects a document that adds up."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows(_rows(document))
    body = out.getvalue().encode()
    end = io.StringIO()
    csv.writer(end, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(_trailer(document, body))
    return body + end.getvalue().encode()


def _rows(document: BillDocument) -> Iterator[Sequence[str]]:
    yield _header(document)
    yield from (("CORRECTS", one_line(one.number), one.issued_on.isoformat()) for one in document.corrects)
    yield from _lines(document)
    for row in document.vat_summary:
        yield "VAT", row.category, str(row.rate), str(row.net), str(row.vat), one_line(row.reason)
    for payment in document.payments:
        yield "PAYMENT", payment.received_on.isoformat(), one_line(payment.means), str(payment.amount)
    for item in document.outside_items:
        yield "OUTSIDE", item.entered_on.isoformat(), item.kind, one_line(item.description), one_line(item.reference), str(item.amount)
    for source in document.sources:
        told = (source.account_number, source.name, source.bill_number)
        yield "SOURCE", *map(one_line, told), source.issued_on.isoformat(), str(source.invoice_total), str(source.amount)
    yield from _calls(document)


def _header(document: BillDocument) -> Sequence[str]:
    supplier, customer = document.supplier, document.customer
    return (
        *("HEADER", VERSION, one_line(document.bill_number), one_line(document.account_number), document.kind),
        *(document.issued_on.isoformat(), *_days(document.period), document.due_on.isoformat() if document.due_on else "", "GBP"),
        *map(one_line, (supplier.legal_name, supplier.vat_number, customer.name, customer.vat_number)),
    )


def _days(period: Period | None) -> tuple[str, str]:
    return ("", "") if period is None else (period.starts_on.isoformat(), last_day(period).isoformat())


def _lines(document: BillDocument) -> Iterator[Sequence[str]]:
    for line in document.lines:
        yield (
            *("LINE", str(line.line_no), line.group, one_line(line.description), one_line(line.service_number)),
            *(str(line.quantity), line.unit, "" if line.unit_price is None else pounds(line.unit_price), str(line.price_per)),
            *(*_days(line.period), str(line.net), line.vat_category, str(line.vat_rate), one_line(line.reference)),
            "" if line.call_count is None else str(line.call_count),
            "" if line.duration_seconds is None else str(line.duration_seconds),
        )


def _calls(document: BillDocument) -> Iterator[Sequence[str]]:
    for place, listed in enumerate(document.call_lists, 1):
        kind, number = CORRECTION if listed.is_corrections else CALL, one_line(listed.service_number)
        for call in listed.calls:
            yield (
                *("CALL", str(place), NO_LINE if call.line_no is None else str(call.line_no), kind, number),
                *(call.started_on.isoformat(), call.started_at.isoformat(), one_line(call.number), one_line(call.destination)),
                *(one_line(call.band), LEG_CODES[call.leg], str(call.duration_seconds), pounds(call.price)),
                "" if call.service_charge is None else pounds(call.service_charge),
            )


def _trailer(document: BillDocument, body: bytes) -> Sequence[str]:
    """Counts and sums of the document, not of the rows: the reader adds up the rows and compares."""
    lists = document.call_lists
    return (
        *("TRAILER", str(body.count(b"\r\n") + 1), str(len(document.lines)), str(sum(len(listed.calls) for listed in lists))),
        *(str(sum(listed.duration_seconds for listed in lists)), pounds(Price(sum(listed.price.millionths for listed in lists)))),
        *(str(document.invoice_net), str(document.invoice_vat), str(document.invoice_total), str(document.brought_forward)),
        *(str(total(one.amount for one in document.payments)), str(total(one.amount for one in document.outside_items))),
        *(str(document.amount_due), hashlib.sha256(body).hexdigest()),
    )


@dataclass(frozen=True, slots=True)
class DataRead:
    """A data file read back."""

    bill_number: str
    account_number: str
    issued_on: date
    net: Money
    vat: Money
    invoice_total: Money
    amount_due: Money
    sums: tuple[CallSum, ...]
    """Of the calls, list by list."""
    faults: tuple[str, ...]
    """Where it contradicts itself: its trailer, or rows that were lost or changed."""


def read_data(content: bytes) -> DataRead:
    """A stored data file added up again from its rows and compared with its trailer, as its receiver would.

    Raises:
        BadMessage: CSS841E, it is none of ours.
    """
    body, _, _ = content.removesuffix(b"\r\n").rpartition(b"\r\n")
    body += b"\r\n"
    try:
        rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        return _read(rows, hashlib.sha256(body).hexdigest())
    except (ValueError, KeyError, IndexError, csv.Error) as error:
        raise BadMessage("CSS841E", "The data file is none that we write.") from error


def _read(rows: Sequence[Sequence[str]], sha256: str) -> DataRead:
    kinds: dict[str, list[dict[str, str]]] = {kind: [] for kind in LAYOUT}
    for kind, *values in rows:
        kinds[kind].append(dict(zip(LAYOUT[kind], values, strict=True)))
    (header,), (trailer,), calls = kinds["HEADER"], kinds["TRAILER"], kinds["CALL"]
    brought, due = Money.parse(trailer["brought_forward"]), Money.parse(trailer["amount_due"])
    net, vat = _money(kinds["LINE"], "net"), _money(kinds["VAT"], "vat")
    paid, outside = _money(kinds["PAYMENT"], "amount"), _money(kinds["OUTSIDE"], "amount")
    added = {
        "row_count": str(len(rows)),
        "line_count": str(len(kinds["LINE"])),
        "call_count": str(len(calls)),
        "call_seconds": str(sum(int(call["duration_seconds"]) for call in calls)),
        "call_price": pounds(Price(sum(_millionths(call["price"]) for call in calls))),
        "net": str(net),
        "vat": str(vat),
        "invoice_total": str(net + vat),
        "payments": str(paid),
        "outside": str(outside),
        "amount_due": str(brought - paid + outside + net + vat),
        "sha256": sha256,
    }
    faults = tuple(f"The trailer's {name} is not that of the rows." for name, value in added.items() if trailer[name] != value)
    if _money(kinds["VAT"], "net") != net:
        faults = (*faults, "The rows of VAT are not on the lines.")
    return DataRead(
        header["bill_number"],
        header["account_number"],
        date.fromisoformat(header["issue_date"]),
        net,
        vat,
        net + vat,
        due,
        _sums(calls),
        faults,
    )


def _money(rows: Sequence[dict[str, str]], column: str) -> Money:
    return total(Money.parse(row[column]) for row in rows)


def _sums(calls: Sequence[dict[str, str]]) -> tuple[CallSum, ...]:
    lists: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    for call in calls:
        key = call["list"], call["service_number"], call["kind"]
        count, seconds, millionths = lists.get(key, (0, 0, 0))
        lists[key] = count + 1, seconds + int(call["duration_seconds"]), millionths + _millionths(call["price"])
    return tuple(
        CallSum(number, kind == CORRECTION, count, seconds, Price(millionths))
        for (_, number, kind), (count, seconds, millionths) in lists.items()
    )


def _millionths(text: str) -> int:
    whole, _, places = text.removeprefix("-").partition(".")
    found = int(whole) * _POUND + int(places.ljust(8, "0")[:8])
    return -found if text.startswith("-") else found
