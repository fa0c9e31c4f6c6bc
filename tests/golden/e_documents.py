"""Golden bills for the e-invoice's sake: every group of lines, every VAT category, buyers with and without an electronic address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final

from billing.document import BillDocument, CorrectedBill, OutsideItem, SourceBill
from css.core.calendar import Period
from css.core.money import Money, Percent, Price
from tests.golden.builders import APRIL, CARRIER, FIRM, MARCH, NONE, calls, calls_line, document, line

REDUCED: Final = Percent.of(5)


def every_group() -> BillDocument:
    """A firm's bill with a line of every group, at the standard and the reduced rate, zero-rated and exempt."""
    number = "0121 496 0100"
    listed = calls(number, 12, 5)
    return document(
        [
            line(1, "Business line rental", 2150, service_number=number, period=APRIL, unit="MON", unit_price=Price.of(2150)),
            line(2, "Promotional credit until 30 June", -500, period=APRIL, quantity=-1, unit="MON", unit_price=Price.of(500)),
            line(
                3,
                "Care level 2, from 12 March",
                258,
                group="part_period",
                service_number=number,
                period=Period(date(2026, 3, 12), date(2026, 4, 1)),
                quantity=20,
                unit="DAY",
                unit_price=Price.of(400),
                price_per=31,
            ),
            line(
                4,
                "Early termination, 4 months and 12 days",
                9677,
                group="termination",
                service_number="0121 496 0107",
                reference="Order ZZO0419133",
            ),
            calls_line(5, listed),
            line(6, "Inclusive minutes used", -310, group="discount", service_number=number, period=MARCH),
            line(7, "Friends, 10% of calls to 3 numbers", -47, group="discount", service_number=number, period=MARCH),
            line(8, "Credit for a charge in dispute", -1250, group="adjustment", reference="Case ZZC0000012"),
            line(9, "Energy for the cabinet, metered", 1999, group="one_off", vat_rate=REDUCED),
            line(10, "Directory, printed, one copy", 1250, group="one_off", vat_category="Z", vat_rate=NONE),
            line(11, "Payment protection", 199, group="one_off", vat_category="E", vat_rate=NONE),
        ],
        customer=FIRM,
        account_number="ZZ 7100 0457",
        bill_number="ZZB0000321",
        call_lists=(listed,),
    )


def more_discount_than_rental() -> BillDocument:
    """Credits beyond charges: by its total a credit note in law, with a charge on it that then stands negative."""
    return document(
        [
            line(1, "Line rental", 1699, period=APRIL, unit="MON", unit_price=Price.of(1699)),
            line(2, "Goodwill credit on calls of January", -2500, group="adjustment", vat_rate=Percent.of(20)),
        ],
        bill_number="ZZR0001050",
        due_on=None,
    )


def credit_of_a_carrier() -> BillDocument:
    """Supplies under the reverse charge given back, of two bills."""
    reverse: dict[str, Any] = {"vat_category": "AE", "vat_rate": NONE}
    return document(
        [
            line(1, "Line rental charged twice, 12 lines", -10116, quantity=-12, unit="MON", unit_price=Price.of(843), **reverse),
            line(2, "Late provision", -2500, group="adjustment", reference="Order ZZO0420077", **reverse),
        ],
        kind="credit_note",
        customer=CARRIER,
        account_number="ZZ 9000 0012",
        bill_number="ZZN0000004",
        corrects=(CorrectedBill("ZZW0000025", date(2026, 2, 1)), CorrectedBill("ZZW0000026", date(2026, 3, 1))),
        due_on=None,
    )


def credit_of_two_rates() -> BillDocument:
    """A credit note to a consumer that gives back supplies of the old and the new rate, reduced, zero-rated and exempt ones."""
    return document(
        [
            line(1, "Calls of December 2010", -1037, group="adjustment", vat_rate=Percent.of("17.5")),
            line(2, "Calls of January 2011", -500, group="adjustment"),
            line(3, "Energy for the cabinet", -333, group="adjustment", vat_rate=REDUCED),
            line(4, "Directory, printed", -1250, group="adjustment", vat_category="Z", vat_rate=NONE),
            line(5, "Payment protection", -199, group="adjustment", vat_category="E", vat_rate=NONE),
        ],
        kind="credit_note",
        bill_number="ZZN0000005",
        corrects=(CorrectedBill("ZZR0000962", date(2026, 3, 1)),),
        due_on=None,
    )


def group_of_a_firm() -> BillDocument:
    """A consolidated bill to a buyer with an electronic address: the members' bills are named, their supplies are not repeated."""
    members = (
        SourceBill("ZZ 7100 0458", "Hollin & Daughters Ltd, Quay Street", "ZZB0000322", date(2026, 4, 1), Money(11800), Money(11800)),
        SourceBill("ZZ 7100 0459", "Hollin & Daughters Ltd, Kiln Yard", "ZZB0000323", date(2026, 4, 1), Money(-600), Money(-1350)),
    )
    return document(
        [line(1, "No charges in this period", 0, period=MARCH)],
        kind="consolidated",
        customer=FIRM,
        account_number="ZZ 7100 0457",
        bill_number="ZZB0000324",
        sources=members,
        outside_items=tuple(
            OutsideItem("transfer", source.issued_on, f"Bill {source.bill_number} of {source.name}", source.amount, source.bill_number)
            for source in members
        ),
    )


def interim_of_a_firm() -> BillDocument:
    """Asked for between two cycle dates: calls, and nothing in advance."""
    number = "0121 496 0100"
    listed = calls(number, 5, 1)
    return replace(
        document([calls_line(1, listed)], customer=FIRM, account_number="ZZ 7100 0457", bill_number="ZZB0000325", call_lists=(listed,)),
        kind="interim",
    )


E_DOCUMENTS: Final[dict[str, Callable[[], BillDocument]]] = {
    build.__name__: build
    for build in (
        every_group,
        more_discount_than_rental,
        credit_of_a_carrier,
        credit_of_two_rates,
        group_of_a_firm,
        interim_of_a_firm,
    )
}
