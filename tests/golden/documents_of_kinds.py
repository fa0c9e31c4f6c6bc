"""Golden bills of every kind, and what a bill says of its calls: hand-worked, with the working beside the figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from typing import Final

from billing.document import (
    AllowanceUse,
    BillDocument,
    BillLine,
    Call,
    CallList,
    CorrectedBill,
    Message,
    OutsideItem,
    PastBill,
    PaymentMeans,
    PaymentReceived,
    SourceBill,
    TopNumber,
    UsageRow,
    UsageSummary,
)
from billing.rules.bill_messages import CREDIT_NOTE, FINAL, MASKED, UNLISTED
from billing.rules.privacy import masked as hidden
from css.core.calendar import Period
from css.core.money import Money, Price, to_money
from tests.golden.builders import APRIL, FIRM, MARCH, calls, document, line

HOME: Final = "01632 960 123"
FEBRUARY: Final = Period(date(2026, 2, 1), date(2026, 3, 1))
HISTORY: Final = tuple(PastBill(label, Money(pence)) for label, pence in (("Dec", 4475), ("Jan", 3890), ("Feb", 2964), ("Mar", 3341)))
CLASSES: Final = {
    "Wrenford": "UK landlines",
    "London": "UK landlines",
    "Manchester": "UK landlines",
    "UK-wide": "03 numbers",
    "Mobile (voice)": "UK mobiles",
    "USA, Washington": "Ireland and North America",
}
CLASS_ORDER: Final = tuple(dict.fromkeys(CLASSES.values()))
BAND_ORDER: Final = ("Day", "Evening", "Weekend")


def by_class(listed: CallList, first_line_no: int) -> tuple[list[BillLine], CallList, list[UsageRow]]:
    """Calls as a bill charges them: a line for each class and band, rounded once; the calls naming it; the summary's rows."""
    of_key: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in listed.calls:
        of_key[CLASSES[call.destination], call.band].append(call)
    keys = sorted(of_key, key=lambda key: (CLASS_ORDER.index(key[0]), BAND_ORDER.index(key[1])))
    number_of = {key: first_line_no + place for place, key in enumerate(keys)}
    lines, rows = [], []
    for (charge_class, band), number in number_of.items():
        made = of_key[charge_class, band]
        net, seconds = to_money(Price(sum(call.price.millionths for call in made))), sum(call.duration_seconds for call in made)
        lines.append(
            line(
                number,
                f"Calls to {charge_class}, {'daytime' if band == 'Day' else band.lower()}",
                net.pence,
                group="calls",
                service_number=listed.service_number,
                quantity=len(made),
                call_count=len(made),
                duration_seconds=seconds,
                period=MARCH,
            )
        )
        rows.append(UsageRow(charge_class, band, len(made), seconds, Price(net.pence * 1_000_000)))
    numbered = tuple(replace(call, line_no=number_of[CLASSES[call.destination], call.band]) for call in listed.calls)
    return lines, replace(listed, calls=numbered), rows


def beside(rows: list[UsageRow], before: dict[tuple[str, str], tuple[int, int, int]]) -> tuple[UsageRow, ...]:
    """The rows with what the last bill had: calls, seconds, pence."""
    return tuple(
        replace(
            row,
            previous_count=before.get((row.charge_class, row.band), (0, 0, 0))[0],
            previous_duration_seconds=before.get((row.charge_class, row.band), (0, 0, 0))[1],
            previous_price=Price(before.get((row.charge_class, row.band), (0, 0, 0))[2] * 1_000_000),
        )
        for row in rows
    )


def at_a_glance() -> BillDocument:
    """Sixty calls with everything that may come off them, beside a shorter month.

    £11.93 of landlines, £3.53 of 03 numbers and £7.09 of mobiles make £22.55. 120 of the minutes cover £7.07 of the first two,
    the 10 brought in from February before 110 of March's 300, and 190 are carried on; friends are 10% of £5.60 that remains of
    calls to their numbers, the option 5% of the £6.60 that then remains of mobiles: 56p and 33p. £5 is a promotional
    credit of its own, in advance.
    February: £9.10 + £4.00 + £6.25 = £19.35 in 28 days, 69p a day; March £22.55 in 31 days, 73p.
    """
    made, listed, rows = by_class(calls(HOME, 60, 2), 2)
    told = beside(
        rows,
        {
            ("UK landlines", "Day"): (14, 3011, 910),
            ("UK landlines", "Evening"): (8, 1502, 400),
            ("UK mobiles", "Day"): (5, 822, 625),
        },
    )
    after = len(made) + 2
    discounts = [
        line(after, "300 inclusive minutes", -707, group="discount", period=MARCH),
        line(after + 1, "Friends: 10% off 3 numbers", -56, group="discount", service_number=HOME, period=MARCH),
        line(after + 2, "Mobile option: 5% off UK mobiles", -33, group="discount", service_number=HOME, period=MARCH),
        line(after + 3, "Welcome credit, until 30 June 2026", -500, group="discount", period=APRIL),
    ]
    now = sum(row.price.millionths for row in rows) // 1_000_000
    more = Money(now - 1935).sterling
    return document(
        [line(1, "Line rental", 1699, service_number=HOME, period=APRIL, unit="MON", unit_price=Price.of(1699)), *made, *discounts],
        bill_number="ZZR0001201",
        account_number="ZZ 4082 1736",
        payment=PaymentMeans("direct_debit", "WREN40821736", date(2026, 4, 15)),
        brought_forward=Money(3341),
        payments=(PaymentReceived(date(2026, 3, 15), "Direct Debit", Money(3341)),),
        call_lists=(listed,),
        history=HISTORY,
        usage=UsageSummary(
            (*told, UsageRow("Directory enquiries", "Day", 0, 0, Price(0), 1, 45, Price(0))),
            tuple(
                TopNumber(number, destination, count, seconds, Price.of(pence))
                for number, destination, count, seconds, pence in (
                    ("00 1 202 555 0444", "USA, Washington", 2, 812, "263.45"),
                    ("07700 900259", "Mobile (voice)", 3, 655, "166.158333"),
                    ("07700 900777", "Mobile (voice)", 1, 399, "93.025"),
                    ("020 7946 0592", "London", 2, 702, "88.83"),
                    ("0161 496 0111", "Manchester", 1, 431, "52.281666"),
                )
            ),
            "ZZR0001102",
            f"{more} more than on bill ZZR0001102, which had the calls of 28 days where this one has 31 days: "
            f"{to_money(Price(now * 1_000_000 // 31)).sterling} a day, £0.69 then.",
        ),
        allowances=(
            AllowanceUse("300 inclusive minutes", "", MARCH, 18_000, 600, 7_200, 11_400),
            AllowanceUse("Evening and weekend minutes", HOME, MARCH, 6_000, 0, 5_999, 0),
        ),
        messages=(Message("Prices", "Our prices have not changed since your last bill."),),
    )


def at_a_glance_large() -> BillDocument:
    """The same in large print."""
    return replace(at_a_glance(), bill_number="ZZR0001202", large_print=True)


def masked() -> BillDocument:
    """The same household, whose subscriber asked that numbers are not shown whole."""
    whole = at_a_glance()
    (listed,) = whole.call_lists
    assert whole.usage is not None
    return replace(
        whole,
        bill_number="ZZR0001203",
        itemisation="masked",
        call_lists=(replace(listed, calls=tuple(replace(call, number=hidden(call.number)) for call in listed.calls)),),
        usage=replace(whole.usage, top_numbers=()),
        messages=(MASKED,),
    )


def unlisted() -> BillDocument:
    """The same household, which asked for a bill without itemised calls."""
    whole = at_a_glance()
    assert whole.usage is not None
    return replace(
        whole,
        bill_number="ZZR0001204",
        itemisation="none",
        call_lists=(),
        usage=replace(whole.usage, top_numbers=()),
        messages=(UNLISTED,),
    )


def three_calls() -> BillDocument:
    """Three calls in a quiet month, and none on the bill before: 13.10p + 30.20p + 9.90p, each on a line of its own."""
    made = (
        Call(date(2026, 3, 4), time(11, 20), "0161 496 0777", "Manchester", "Day", 60, Price.of("13.1"), 2),
        Call(date(2026, 3, 6), time(19, 2), "07700 900456", "Mobile", "Evening", 122, Price.of("30.2"), 3),
        Call(date(2026, 3, 21), time(8, 15), "020 7946 0123", "London", "Weekend", 31, Price.of("9.9"), 4),
    )
    told = (("UK landlines", "Day", 13, 60), ("UK mobiles", "Evening", 30, 122), ("UK landlines", "Weekend", 10, 31))
    lines = [
        line(
            number,
            f"Calls to {charge_class}, {'daytime' if band == 'Day' else band.lower()}",
            pence,
            group="calls",
            service_number=HOME,
            quantity=1,
            call_count=1,
            duration_seconds=seconds,
            period=MARCH,
        )
        for number, (charge_class, band, pence, seconds) in enumerate(told, 2)
    ]
    rows = sorted(
        (UsageRow(charge_class, band, 1, seconds, Price(pence * 1_000_000)) for charge_class, band, pence, seconds in told),
        key=lambda row: CLASS_ORDER.index(row.charge_class),
    )
    return document(
        [line(1, "Line rental", 1699, service_number=HOME, period=APRIL, unit="MON", unit_price=Price.of(1699)), *lines],
        bill_number="ZZR0001205",
        call_lists=(CallList(HOME, made, 213, Price.of("53.2")),),
        usage=UsageSummary(tuple(rows), (), "ZZR0001103", "£0.53 more than on bill ZZR0001103."),
    )


def interim() -> BillDocument:
    """Asked for on 18 March by somebody who is moving: calls so far and a service that began, no rental in advance.

    Call Waiting from 9 March to 31 March: 250p x 23 / 31 = 185.48p, £1.85.
    """
    days = Period(date(2026, 3, 1), date(2026, 3, 19))
    made, listed, rows = by_class(calls(HOME, 18, 2, days=18), 2)
    return document(
        [
            line(
                1,
                "Call Waiting, from 9 March",
                185,
                group="part_period",
                service_number=HOME,
                period=Period(date(2026, 3, 9), date(2026, 4, 1)),
                quantity=23,
                unit="DAY",
                unit_price=Price.of(250),
                price_per=31,
                reference="Order ZZO0417801",
            ),
            *(replace(one, period=days) for one in made),
        ],
        kind="interim",
        bill_number="ZZR0001206",
        period=days,
        issued_on=date(2026, 3, 18),
        due_on=date(2026, 4, 1),
        brought_forward=Money(3341),
        payments=(PaymentReceived(date(2026, 3, 12), "Card", Money(3341)),),
        call_lists=(listed,),
        usage=UsageSummary(tuple(rows)),
        messages=(
            Message(
                "This is an interim bill",
                "You asked for it between two bills. It charges calls and other items up to 18 March 2026. "
                "Rental for days not billed yet comes with your next bill on its usual date.",
            ),
        ),
    )


def final_termination() -> BillDocument:
    """A last bill with rental given back and a minimum term broken.

    The published price of £22.60 with VAT is £18.83333333 without; 10 of the 28 days of February are given back:
    1883.333333p x 10 / 28 = 672.62p, £6.73. The term would have run to 10 July 2026, 4 months and 22 days of 31 at £8.75:
    875p x (4 + 22/31) = 4120.97p, £41.21.
    """
    return document(
        [
            line(
                1,
                "Fibre line rental, unused from 19 February",
                -673,
                group="part_period",
                service_number=HOME,
                period=Period(date(2026, 2, 19), date(2026, 3, 1)),
                quantity=-10,
                unit="DAY",
                unit_price=Price.of("1883.333333"),
                price_per=28,
                reference="Order ZZO0418460",
            ),
            line(
                2,
                "Fibre line rental, minimum term until 9 July 2026 ended early",
                4121,
                group="termination",
                service_number=HOME,
                period=Period(date(2026, 2, 19), date(2026, 7, 10)),
                reference="Order ZZO0418460",
            ),
        ],
        kind="final",
        bill_number="ZZR0001207",
        period=FEBRUARY,
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 15),
        messages=(FINAL,),
    )


def credit_note_owing() -> BillDocument:
    """A credit note to a household that still owes more than it gives back: nothing is asked for with it.

    £16.99 and £2.50 back, £19.49; VAT of both together 389.8p, £3.90; £23.39 in all. The account owed £33.41.
    """
    return document(
        [
            line(
                1,
                "Credit: Line rental charged while the line did not work",
                -1699,
                group="adjustment",
                service_number=HOME,
                period=MARCH,
                unit_price=Price.of(1699),
                reference="Bill ZZR0001102",
            ),
            line(
                2,
                "Credit: Call Waiting never asked for",
                -250,
                group="adjustment",
                service_number=HOME,
                period=FEBRUARY,
                unit_price=Price.of(250),
                reference="Bill ZZR0000998",
            ),
        ],
        kind="credit_note",
        bill_number="ZZN0000017",
        period=Period(FEBRUARY.starts_on, date(2026, 4, 1)),
        corrects=(CorrectedBill("ZZR0000998", date(2026, 2, 1)), CorrectedBill("ZZR0001102", date(2026, 3, 1))),
        brought_forward=Money(3341),
        payment=PaymentMeans("direct_debit", "WREN40821736"),
        messages=(CREDIT_NOTE,),
    )


def consolidated() -> BillDocument:
    """A firm's group account: its own care contract, five members' bills, one of them in credit, and a late fee.

    Asked for: 128.40 + 96.12 + 61.07 - 12.35 + 540.00 = £813.24, and £7.50 of late fee.
    """
    sources = tuple(
        SourceBill(account, name, bill, date(2026, 4, 1), Money(invoiced), Money(amount))
        for account, name, bill, invoiced, amount in (
            ("ZZ 7100 0465", "Hollin & Daughters, Quay Street", "ZZB0000401", 12840, 12840),
            ("ZZ 7100 0473", "Hollin & Daughters, Potter's Row", "ZZB0000402", 8862, 9612),
            ("ZZ 7100 0481", "Hollin & Daughters, Brackwater workshop and stores", "ZZB0000403", 6107, 6107),
            ("ZZ 7100 0499", "Hollin & Daughters, East Quay", "ZZB0000404", -1235, -1235),
            ("ZZ 7100 0507", "Hollin & Daughters, showroom", "ZZB0000405", 54000, 54000),
        )
    )
    return document(
        [line(1, "Care level 3", 4800, period=APRIL, quantity=12, unit="MON", unit_price=Price.of(400))],
        customer=FIRM,
        kind="consolidated",
        account_number="ZZ 7100 0457",
        bill_number="ZZB0000406",
        brought_forward=Money(79011),
        payments=(PaymentReceived(date(2026, 3, 14), "Bank transfer", Money(79011)),),
        outside_items=(
            OutsideItem("late_fee", date(2026, 3, 20), "Late payment charge", Money(750)),
            *(OutsideItem("transfer", one.issued_on, f"Account {one.account_number}", one.amount, one.bill_number) for one in sources),
        ),
        sources=sources,
        messages=(
            Message(
                "One bill for several accounts",
                "It asks for 5 bills of accounts you pay for, listed on it. Each of those is the VAT invoice for its own supplies: keep it "
                "to reclaim the VAT. This one is the VAT invoice only for what is charged here.",
            ),
        ),
    )


def consolidated_large() -> BillDocument:
    """The same in large print."""
    return replace(consolidated(), bill_number="ZZB0000407", large_print=True)


def paid_by_group() -> BillDocument:
    """A member's bill, asked for on the group account's: the one before was carried there too."""
    number = "0121 496 0117"
    return document(
        [line(1, "Business line rental", 10700, service_number=number, period=APRIL, quantity=5, unit="MON", unit_price=Price.of(2140))],
        customer=replace(FIRM, name="Hollin & Daughters, Quay Street", electronic_address=None),
        account_number="ZZ 7100 0465",
        bill_number="ZZB0000401",
        brought_forward=Money(12840),
        outside_items=(OutsideItem("transfer", date(2026, 3, 1), "Carried to account ZZ 7100 0457", Money(-12840), "ZZB0000388"),),
        paid_by_account="ZZ 7100 0457",
        has_slip=False,
        messages=(
            Message(
                "Who pays this bill",
                "Account ZZ 7100 0457 does: the amount due here is carried to its bill. Please do not pay it twice.",
            ),
        ),
    )


KINDS: Final[dict[str, Callable[[], BillDocument]]] = {
    build.__name__: build
    for build in (
        at_a_glance,
        at_a_glance_large,
        masked,
        unlisted,
        three_calls,
        interim,
        final_termination,
        credit_note_owing,
        consolidated,
        consolidated_large,
        paid_by_group,
    )
}
