"""The golden bills by name.

Every telephone number is one that Ofcom keeps for drama, every postcode lies in the outward area ZZ, and the VAT numbers
are of the kind that is never issued.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from typing import Any, Final

from billing.document import (
    Address,
    BillDocument,
    BillLine,
    Call,
    CallList,
    CorrectedBill,
    Customer,
    Message,
    OutsideItem,
    PastBill,
    PaymentMeans,
    PaymentReceived,
    UsageSummary,
)
from css.core.calendar import Period
from css.core.money import Money, Percent, Price
from tests.golden.builders import APRIL, CARRIER, FIRM, MARCH, NONE, calls, calls_line, document, line
from tests.golden.documents_of_kinds import KINDS, beside, by_class

HISTORY: Final = tuple(
    PastBill(label, Money(pence)) for label, pence in (("Nov", 3120), ("Dec", 4475), ("Jan", 3890), ("Feb", 2964), ("Mar", 3341))
)


def small() -> BillDocument:
    """A small residential bill with a balance paid, a fault compensated and a slip.

    Calls of £5.43 in 31 days, 17.5p a day; £4.86 in the 28 before, 17.4p.
    """
    home = "01632 960 123"
    listed = calls(home, 14, 4)
    _, _, rows = by_class(listed, 4)
    return document(
        [
            line(1, "Line rental", 1699, service_number=home, period=APRIL, unit="MON", unit_price=Price.of(1699)),
            line(2, "Call Waiting", 250, service_number=home, period=APRIL, unit="MON", unit_price=Price.of(250)),
            line(
                3,
                "Call Waiting, from 20 March",
                97,
                group="part_period",
                service_number=home,
                period=Period(date(2026, 3, 20), date(2026, 4, 1)),
                quantity=12,
                unit="DAY",
                unit_price=Price.of(250),
                price_per=31,
                reference="Order ZZO0417724",
            ),
            calls_line(4, listed, "Calls to UK landlines and mobiles"),
            line(5, "Evening calls discount", -120, group="discount", service_number=home, period=MARCH),
        ],
        brought_forward=Money(4010),
        payments=(PaymentReceived(date(2026, 3, 12), "Card by telephone", Money(4010)),),
        outside_items=(
            OutsideItem("late_fee", date(2026, 3, 9), "Late payment charge", Money(750)),
            OutsideItem("compensation", date(2026, 3, 26), "Loss of service for 2 days", Money(-2148), "Fault ZZF0031877"),
        ),
        call_lists=(listed,),
        history=HISTORY,
        usage=UsageSummary(
            beside(
                rows,
                {
                    ("UK landlines", "Day"): (4, 921, 131),
                    ("UK landlines", "Evening"): (3, 644, 93),
                    ("UK mobiles", "Day"): (2, 1080, 262),
                },
            ),
            (),
            "ZZR0000962",
            "£0.57 more than on bill ZZR0000962, which had the calls of 28 days where this one has 31 days: £0.18 a day, £0.17 then.",
        ),
        messages=(
            Message("Prices", "Our prices have not changed since your last bill. You can see them all at www.example.com/prices."),
            Message(
                "If you cannot pay", "Tell us before the date above and we will look for a way with you. Call us free on 0808 157 0100."
            ),
        ),
    )


def direct_debit() -> BillDocument:
    """The same household by Direct Debit."""
    return replace(
        small(),
        bill_number="ZZR0001043",
        payment=PaymentMeans("direct_debit", "WREN40821736", date(2026, 4, 15)),
        slip=None,
    )


def quarterly() -> BillDocument:
    """Three hundred calls in a quarter, rental for the next."""
    home, quarter = "01632 960 274", Period(date(2026, 4, 1), date(2026, 7, 1))
    past = Period(date(2026, 1, 1), date(2026, 4, 1))
    listed = calls(home, 300, 3, starts_on=past.starts_on, days=90)
    return document(
        [
            line(1, "Line rental", 5097, service_number=home, period=quarter, quantity=3, unit="MON", unit_price=Price.of(1699)),
            line(2, "Engineer visit, new extension socket", 10833, group="one_off", service_number=home, reference="Order ZZO0417001"),
            replace(calls_line(3, listed, "Calls"), period=past),
        ],
        period=past,
        bill_number="ZZR0001077",
        account_number="ZZ 4082 9911",
        brought_forward=Money(9930),
        payments=(PaymentReceived(date(2026, 1, 18), "Bank transfer", Money(9930)),),
        call_lists=(listed,),
    )


def business(line_count: int = 12, calls_each: int = 25) -> BillDocument:
    """A firm with a dozen lines, an e-invoice address and a purchase that carries no VAT."""
    lines: list[BillLine] = []
    lists: list[CallList] = []
    numbers = [f"0121 496 0{100 + index * 7:03d}" for index in range(line_count)]
    for number in numbers:
        lines.append(
            line(len(lines) + 1, "Business line rental", 2150, service_number=number, period=APRIL, unit="MON", unit_price=Price.of(2150))
        )
    lines.append(line(len(lines) + 1, "Care level 3", 4800, period=APRIL, quantity=line_count, unit="MON", unit_price=Price.of(400)))
    lines.append(
        line(
            len(lines) + 1,
            "Business line rental, ceased 20 March",
            -832,
            group="part_period",
            service_number="0121 496 0911",
            period=Period(date(2026, 3, 20), date(2026, 4, 1)),
            quantity=-12,
            unit="DAY",
            unit_price=Price.of(2150),
            price_per=31,
            reference="Order ZZO0419133",
        )
    )
    lines.append(line(len(lines) + 1, "Directory, printed, one copy", 1250, group="one_off", vat_category="Z", vat_rate=NONE))
    for number in numbers:
        listed = calls(number, calls_each, len(lines) + 1)
        lines.append(calls_line(len(lines) + 1, listed))
        lists.append(listed)
    lines.append(line(len(lines) + 1, "Volume discount, 5% of calls", -1811, group="discount", period=MARCH))
    return document(
        lines,
        customer=FIRM,
        account_number="ZZ 7100 0457",
        bill_number="ZZB0000318",
        payment=PaymentMeans("direct_debit", "WREN71000457", date(2026, 4, 15)),
        brought_forward=Money(61244),
        payments=(
            PaymentReceived(date(2026, 3, 5), "Direct Debit", Money(61244)),
            PaymentReceived(date(2026, 3, 9), "Direct Debit returned unpaid", Money(-61244)),
            PaymentReceived(date(2026, 3, 16), "Direct Debit", Money(61244)),
            PaymentReceived(date(2026, 3, 20), "Bank transfer", Money(5000)),
        ),
        call_lists=tuple(lists),
        history=tuple(PastBill(label, Money(pence)) for label, pence in (("Nov", 58120), ("Dec", 60475), ("Jan", 57890), ("Feb", 61244))),
        messages=(Message("E-invoice", "The same bill is sent to your accounts system as an electronic invoice."),),
    )


def wholesale() -> BillDocument:
    """A carrier's bill under the domestic reverse charge, each item with its order or fault."""
    reverse: dict[str, Any] = {"vat_category": "AE", "vat_rate": NONE}
    return document(
        [
            line(
                1,
                "Wholesale line rental, 1,240 lines",
                1045320,
                period=APRIL,
                quantity=1240,
                unit="MON",
                unit_price=Price.of(843),
                **reverse,
            ),
            line(2, "New line connection", 5560, group="one_off", service_number="01632 960 815", reference="Order ZZO0421108", **reverse),
            line(
                3,
                "Missed appointment, abortive visit",
                8500,
                group="one_off",
                service_number="01632 960 816",
                reference="Order ZZO0421160",
                **reverse,
            ),
            line(
                4, "Late provision credit", -2500, group="one_off", service_number="01632 960 820", reference="Order ZZO0420077", **reverse
            ),
            line(
                5,
                "Call termination",
                318204,
                group="calls",
                period=MARCH,
                quantity=88512,
                call_count=88512,
                duration_seconds=19_440_771,
                **reverse,
            ),
        ],
        customer=CARRIER,
        account_number="ZZ 9000 0012",
        bill_number="ZZW0000027",
    )


def final_credit() -> BillDocument:
    """The last bill of a household that has left: rental in advance given back, nothing to pay."""
    home = "01632 960 341"
    listed = calls(home, 6, 2)
    return document(
        [
            line(
                1,
                "Line rental, unused from 9 March",
                -1260,
                group="part_period",
                service_number=home,
                period=Period(date(2026, 3, 9), date(2026, 4, 1)),
                quantity=-23,
                unit="DAY",
                unit_price=Price.of(1699),
                price_per=31,
                reference="Order ZZO0418460",
            ),
            calls_line(2, listed),
        ],
        kind="final",
        bill_number="ZZR0001101",
        account_number="ZZ 4083 0020",
        due_on=None,
        brought_forward=Money(-500),
        call_lists=(listed,),
    )


def credit_note() -> BillDocument:
    """A correction of an earlier bill to a firm."""
    return document(
        [
            line(
                1,
                "Business line rental charged twice",
                -2150,
                service_number="0121 496 0100",
                period=MARCH,
                quantity=-1,
                unit_price=Price.of(2150),
            ),
            line(2, "Directory, printed, returned", -1250, group="one_off", vat_category="Z", vat_rate=NONE),
        ],
        kind="credit_note",
        customer=FIRM,
        account_number="ZZ 7100 0457",
        bill_number="ZZB0000319",
        corrects=(CorrectedBill("ZZB0000290", date(2026, 3, 1)),),
        due_on=None,
    )


def corrected_large() -> BillDocument:
    """The bill with corrections in large print."""
    return replace(corrected(), bill_number="ZZR0001048", large_print=True)


def large_print() -> BillDocument:
    """The small bill for someone who asked for large print."""
    return replace(small(), bill_number="ZZR0001044", large_print=True)


def welsh() -> BillDocument:
    """Letters that the standard fonts do not have, and text that would break careless XML."""
    return replace(
        small(),
        bill_number="ZZR0001045",
        customer=Customer(
            "Ms Siân Llŵyd-O'Brien & Žofie Dvořák", Address(("Tŷ'r Ŵyn <Bach>", "Heol y Dŵr", "Wrenford"), "ZZ8 1LL"), "residential"
        ),
    )


def nothing_supplied() -> BillDocument:
    """An account with no supply in the period and a credit standing: an invoice of nothing."""
    return document(
        [line(1, "No charges in this period", 0, period=MARCH)],
        bill_number="ZZR0001046",
        kind="interim",
        brought_forward=Money(-1500),
        due_on=None,
    )


def exempt_mix() -> BillDocument:
    """Standard, zero and exempt supplies on one bill, and an odd rate of another year."""
    return document(
        [
            line(1, "Line rental", 1699, period=APRIL),
            line(2, "Directory, printed, one copy", 1250, group="one_off", vat_category="Z", vat_rate=NONE),
            line(3, "Payment protection", 199, group="one_off", vat_category="E", vat_rate=NONE),
            line(4, "Calls made before the rate changed", 1037, group="calls", vat_rate=Percent.of("17.5"), call_count=31, quantity=31),
        ],
        customer=replace(FIRM, electronic_address=None, vat_number=""),
        bill_number="ZZB0000320",
    )


def corrected() -> BillDocument:
    """Calls of every leg, an access and a service charge, and corrections of calls on the bill before, one of them to nobody's credit."""
    home, past = "01632 960 123", Period(date(2026, 2, 1), date(2026, 3, 1))
    made = (
        Call(
            date(2026, 3, 4), time(11, 20, 5), "0909 879 0123", "Premium rate", "Day", 300, Price.of("93.75"), 2, "outgoing", Price.of("35")
        ),
        Call(date(2026, 3, 6), time(19, 2, 41), "07700 900456", "Mobile", "Evening", 122, Price.of("30.2"), 3, "diverted"),
        Call(date(2026, 3, 9), time(8, 15), "0161 496 0777", "Manchester", "Day", 60, Price.of("13.1"), 4, "reverse"),
    )
    listed = CallList(home, made, 482, Price.of("137.05"))
    put_right = (
        Call(date(2026, 2, 11), time(9, 3, 12), "020 7946 0123", "London", "Day", 0, Price.of("-8.4"), 5),
        Call(date(2026, 2, 20), time(17, 45), "0161 496 0777", "Manchester", "Day", -75, Price.of("-21.6"), 5),
        Call(date(2026, 2, 24), time(12, 30), "07700 900456", "Mobile", "Day", 0, Price.of("4.25"), 6),
    )
    corrections = CallList(home, put_right, -75, Price.of("-25.75"), is_corrections=True)

    def of_calls(line_no: int, words: str, pence: int, count: int, seconds: int) -> BillLine:
        return line(
            line_no,
            f"Calls to {words}",
            pence,
            group="calls",
            service_number=home,
            quantity=count,
            call_count=count,
            duration_seconds=seconds,
            period=MARCH,
        )

    def of_corrections(line_no: int, words: str, pence: int, quantity: int, days: Period, seconds: int | None = None) -> BillLine:
        return line(
            line_no,
            f"Correction of calls to {words}",
            pence,
            group="calls",
            service_number=home,
            quantity=quantity,
            call_count=abs(quantity),
            duration_seconds=seconds,
            period=days,
            is_correction=True,
        )

    return document(
        [
            line(1, "Line rental", 1699, service_number=home, period=APRIL, unit="MON", unit_price=Price.of(1699)),
            of_calls(2, "premium rate numbers, daytime", 94, 1, 300),
            of_calls(3, "UK mobiles, evening", 30, 1, 122),
            of_calls(4, "UK landlines, daytime", 13, 1, 60),
            of_corrections(5, "UK landlines, daytime", -30, -2, Period(date(2026, 2, 11), date(2026, 2, 21)), -75),
            of_corrections(6, "UK mobiles, daytime", 4, 1, Period(date(2026, 2, 24), date(2026, 2, 25))),
        ],
        bill_number="ZZR0001047",
        call_lists=(listed, corrections),
        corrects=(CorrectedBill("ZZR0000962", past.ends_on or past.starts_on),),
    )


GOLDEN: Final[dict[str, Callable[[], BillDocument]]] = {
    build.__name__: build
    for build in (
        small,
        direct_debit,
        quarterly,
        business,
        wholesale,
        final_credit,
        credit_note,
        large_print,
        welsh,
        nothing_supplied,
        exempt_mix,
        corrected,
        corrected_large,
    )
} | KINDS
