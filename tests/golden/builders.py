"""Builders of bill documents, with defaults: a line, a call list, a document whose sums are worked out.

Every telephone number is one that Ofcom keeps for drama, every postcode lies in the outward area ZZ, and the VAT numbers
are of the kind that is never issued.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any, Final

from billing.document import (
    Address,
    BankAccount,
    BillDocument,
    BillLine,
    Call,
    CallList,
    ContactLine,
    Customer,
    ElectronicAddress,
    PaymentMeans,
    PaymentSlip,
    Supplier,
    VatCategory,
    VatSummaryRow,
)
from css.core.calendar import Period
from css.core.money import ZERO, Money, Percent, Price, percent_of, to_money, total

STANDARD: Final = Percent.of(20)
NONE: Final = Percent.of(0)
REASONS: Final[dict[VatCategory, str]] = {
    "S": "",
    "Z": "",
    "E": "Exempt supply",
    "AE": "Reverse charge: customer to pay the VAT to HMRC",
}

SUPPLIER: Final = Supplier(
    trading_name="Wrenford Telephones",
    legal_name="Wrenford Telephones plc",
    address=Address(("Wrenford House", "1 Exchange Square", "Wrenford"), "ZZ1 1AA"),
    vat_number="GB999999973",
    registered_text=(
        "Wrenford Telephones plc. Registered office: Wrenford House, 1 Exchange Square, Wrenford ZZ1 1AA. "
        "Registered in England no. 00000000."
    ),
    company_number="00000000",
    electronic_address=ElectronicAddress("9932", "GB999999973"),
    bank=BankAccount("Wrenford Telephones plc", "000000", "00000012"),
    contacts=(
        ContactLine("Bills and payments", "0808 157 0100"),
        ContactLine("Report a fault", "0808 157 0151"),
        ContactLine("Online", "www.example.com/bills"),
    ),
)
CUSTOMER: Final = Customer(
    name="Mrs A B Tansley",
    address=Address(("14 Larkspur Close", "Nether Wrenford", "Wrenford"), "ZZ4 7QT"),
    kind="residential",
)
FIRM: Final = Customer(
    name="Hollin & Daughters Ltd",
    attention="Accounts payable",
    address=Address(("Unit 7, Kiln Yard", "Potter's Row", "Wrenford"), "ZZ2 3LB"),
    kind="business",
    vat_number="GB999999981",
    electronic_address=ElectronicAddress("9932", "GB999999981"),
)
CARRIER: Final = Customer(
    name="Brackwater Networks Ltd",
    address=Address(("2nd Floor, The Maltings", "Quay Street", "East Quay", "Brackwater"), "ZZ9 9ZZ"),
    kind="wholesale",
    vat_number="GB999999999",
    electronic_address=ElectronicAddress("0088", "5000000000005"),
)
MARCH: Final = Period(date(2026, 3, 1), date(2026, 4, 1))
APRIL: Final = Period(date(2026, 4, 1), date(2026, 5, 1))


def line(line_no: int, description: str, net_pence: int, **others: Any) -> BillLine:  # noqa: ANN401 - any field
    """A standard-rated rental line of so many pence; a negative one gets the negative quantity it must have."""
    fields: dict[str, Any] = {"group": "rental", "vat_category": "S", "vat_rate": STANDARD, "quantity": -1 if net_pence < 0 else 1}
    return BillLine(line_no=line_no, description=description, net=Money(net_pence), **(fields | others))


def document(lines: Iterable[BillLine], *, has_slip: bool = True, **others: Any) -> BillDocument:  # noqa: ANN401 - any field
    """A residential bill of these lines: VAT, totals and amount due worked out here by the obvious sums, then overridden.

    With a slip where something is to be paid by one, unless it is to have none.
    """
    lines = tuple(lines)
    nets: dict[tuple[VatCategory, Percent], Money] = defaultdict(lambda: ZERO)
    for one in lines:
        nets[one.vat_category, one.vat_rate] += one.net
    summary = tuple(VatSummaryRow(category, rate, net, percent_of(net, rate), REASONS[category]) for (category, rate), net in nets.items())
    net, vat = total(row.net for row in summary), total(row.vat for row in summary)
    bare = BillDocument(
        supplier=SUPPLIER,
        customer=CUSTOMER,
        account_number="ZZ 4082 1736",
        bill_number="ZZR0001042",
        kind="bill",
        issued_on=date(2026, 4, 1),
        period=MARCH,
        lines=lines,
        vat_summary=summary,
        invoice_net=net,
        invoice_vat=vat,
        invoice_total=net + vat,
        amount_due=ZERO,
        payment=PaymentMeans("other"),
        due_on=date(2026, 4, 15),
    )
    built = replace(bare, **others)
    if "amount_due" not in others:
        paid, outside = total(payment.amount for payment in built.payments), total(item.amount for item in built.outside_items)
        built = replace(built, amount_due=built.brought_forward - paid + outside + built.invoice_total)
    if has_slip and built.slip is None and built.payment.kind == "other" and built.amount_due > ZERO:
        built = replace(built, slip=PaymentSlip("ZZ40821736 7", f"<4082173600{built.amount_due.pence:011d}7<  0042<  00000012+ 82"))
    return built


_PLACES: Final = (
    ("01632 960{:03d}", "Wrenford", 5_900_000, 9_900_000),
    ("020 7946 0{:03d}", "London", 5_900_000, 9_900_000),
    ("07700 900{:03d}", "Mobile (voice)", 12_500_000, 9_900_000),
    ("0161 496 0{:03d}", "Manchester", 5_900_000, 9_900_000),
    ("03069 990{:03d}", "UK-wide", 5_900_000, 9_900_000),
    ("00 1 202 555 0{:03d}", "USA, Washington", 17_250_000, 15_000_000),
)


def calls(service_number: str, count: int, line_no: int, *, starts_on: date = MARCH.starts_on, days: int = 31) -> CallList:
    """So many calls in order of time, always the same ones, all on one bill line."""
    listed: list[Call] = []
    for index in range(count):
        number, destination, per_minute, set_up = _PLACES[(index * 7 + index // 5) % len(_PLACES)]
        minutes_into = index * days * 1440 // count
        seconds = 12 + (index * 7919) % 431 + (3600 if index % 97 == 96 else 0)
        hour = minutes_into // 60 % 24
        day = starts_on + timedelta(days=minutes_into // 1440)
        band = "Weekend" if day.weekday() > 4 else "Day" if 7 <= hour < 19 else "Evening"
        price = Price(set_up + per_minute * seconds // 60)
        at = time(hour, minutes_into % 60, index * 13 % 60)
        listed.append(Call(day, at, number.format(index * 37 % 1000), destination, band, seconds, price, line_no))
    return CallList(
        service_number,
        tuple(listed),
        sum(call.duration_seconds for call in listed),
        Price(sum(call.price.millionths for call in listed)),
    )


def calls_line(line_no: int, listed: CallList, description: str = "Calls") -> BillLine:
    """The line that charges a call list."""
    return line(
        line_no,
        description,
        to_money(listed.price).pence,
        group="calls",
        service_number=listed.service_number,
        quantity=len(listed.calls),
        call_count=len(listed.calls),
        duration_seconds=listed.duration_seconds,
        period=MARCH,
    )
