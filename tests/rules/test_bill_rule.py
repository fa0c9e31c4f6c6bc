"""One bill, decided: totals, VAT once a rate, calls and items, the balance, holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.bill import AccountAtCut, DraftBill, PastBill, draft_bill
from billing.rules.charges import PriceBook, Product, ServiceLife
from billing.rules.cycle import Cycle
from billing.rules.items import CallSum, ItemLeft
from billing.rules.validation import BillFigures, hold_reason
from billing.rules.vat import Tax, VatHistory, VatSum, tax_at, vat_of
from billing.words import BillKind, LineKind
from css.core.calendar import Period
from css.core.errors import Refused
from css.core.money import Money, Percent, Price, percent_of, total
from css.core.pricing import PriceRow, VatRow
from css.core.words import PriceBasis, PriceKind, Segment, VatCode, VatStatus

S20, S175 = Tax("S", 2000), Tax("S", 1750)
BOOK = PriceBook(
    (
        Product(1, "LINE-RES", "Residential line", "RENTALS", VatCode.STANDARD),
        Product(2, "VISIT", "Engineer's visit", "VISITS", VatCode.STANDARD, is_one_off=True),
    ),
    (
        PriceRow(
            10, 1, PriceKind.RENTAL, Segment.RESIDENTIAL, date(2020, 1, 1), None, PriceBasis.GROSS, Price.of("1883.333333"), Price.of(2260)
        ),
    ),
    (
        VatRow(1, VatCode.STANDARD, date(2010, 1, 1), date(2011, 1, 4), Percent.of("17.5")),
        VatRow(2, VatCode.STANDARD, date(2011, 1, 4), None, Percent.of(20)),
    ),
)
HOME = ServiceLife(7, 1, 1, date(2026, 1, 15), None, "441632960123")


def account(**others: object) -> AccountAtCut:
    facts: dict[str, Any] = {
        "account_id": 1,
        "account_number": "ZZA00000019",
        "kind": BillKind.BILL,
        "cycle": Cycle(5, 1),
        "cycle_on": date(2026, 2, 5),
        "cut": date(2026, 2, 5),
        "usage_after": None,
        "opened_on": date(2026, 1, 10),
        "segment": Segment.RESIDENTIAL,
        "vat_status": VatHistory.always(VatStatus.STANDARD),
        "services": (HOME,),
        "posted": {},
    }
    return AccountAtCut(**facts | others)


def drafted(**others: object) -> DraftBill:
    bill = draft_bill(account(**others), BOOK)
    assert bill is not None
    return bill


def calls(band: str, millionths: int, **others: object) -> CallSum:
    facts: dict[str, Any] = {
        "number": "441632960123",
        "charge_class": "GEO",
        "basis_points": 2000,
        "call_count": 3,
        "duration_seconds": 200,
        "first_at": datetime(2026, 1, 16, 9, tzinfo=UTC),
        "last_at": datetime(2026, 1, 30, 9, tzinfo=UTC),
    }
    return CallSum(service_id=7, band=band, net=Price(millionths), **facts | others)


VISIT = ItemLeft(
    5, 7, 2, "441632960123", "Engineer's visit", "ZZF00000018", 1, Price.of("10833.333333"), VatCode.STANDARD, date(2026, 1, 20)
)
CONNECTION = ItemLeft(6, 7, 1, "441632960123", "Connection", "ZZO00000015", 1, Price.of(12500), VatCode.STANDARD, date(2026, 1, 15))


def test_a_first_bill_by_hand() -> None:
    # Part 1883.333333 x 21/31 = 1275.81 -> 1276, month 1883, visit 10833, connection 12500, calls 24.5 -> 25 and 7.4 -> 7 pence.
    # Net 26524, VAT 20% 5304.8 -> 5305.
    bill = drafted(items=(VISIT, CONNECTION), calls=(calls("day", 24_500_000), calls("evening", 7_400_000)))
    assert [(line.kind.value, line.net.pence, line.nominal_code) for line in bill.lines] == [
        ("rental", 1883, "RENTALS"),
        ("part-period", 1276, "RENTALS"),
        ("one-off", 12500, "CONNECTIONS"),
        ("one-off", 10833, "VISITS"),
        ("calls", 25, "CALLS"),
        ("calls", 7, "CALLS"),
    ]
    assert bill.vat == (VatSum(S20, Money(26524), Money(5305)),)
    assert (bill.invoice_net, bill.invoice_vat, bill.amount_due) == (Money(26524), Money(5305), Money(31829))
    assert bill.period == Period(date(2026, 1, 15), date(2026, 2, 5))
    assert bill.due_on == date(2026, 2, 19)
    assert bill.lines[4].words == "Calls to UK landlines, daytime"
    assert (bill.lines[4].quantity, bill.lines[4].duration_seconds) == (3, 200)


def test_the_amount_due_carries_the_balance_and_what_is_no_supply() -> None:
    bill = drafted(
        previous=PastBill(period_ends_on=date(2026, 1, 5), amount_due=Money(4000)),
        payments=Money(3000),
        outside=Money(-998),
        ledger_balance=Money(2),
    )
    assert bill.brought_forward == Money(4000)
    assert bill.amount_due == Money(4000 - 3000 - 998) + bill.invoice_gross
    assert bill.invoice_gross == Money(3159 + 632)


def test_a_ledger_that_says_otherwise_stops_the_bill() -> None:
    with pytest.raises(Refused) as refusal:
        draft_bill(account(payments=Money(1)), BOOK)
    assert refusal.value.code == "CSS433E"
    assert "owes -£0.01 and by the ledger £0.00" in str(refusal.value)


def test_nothing_to_charge_and_nothing_owed_is_no_bill() -> None:
    assert draft_bill(account(services=()), BOOK) is None


def test_a_balance_alone_is_told_on_a_bill_of_nothing() -> None:
    past = PastBill(period_ends_on=date(2026, 1, 5), amount_due=Money(4000))
    bill = drafted(services=(), previous=past, ledger_balance=Money(4000))
    assert [(line.words, line.net, line.tax) for line in bill.lines] == [("No charges this time", Money(0), S20)]
    assert (bill.invoice_gross, bill.amount_due, bill.hold) == (Money(0), Money(4000), None)


def test_vat_is_reckoned_once_a_rate_and_never_by_the_line() -> None:
    # Three lines of 1.12 each: by the line 22.4 -> 22 three times is 66, once on 336 it is 67.2 -> 67.
    assert vat_of([(S20, Money(112))] * 3) == (VatSum(S20, Money(336), Money(67)),)
    assert vat_of([(S20, Money(100)), (S175, Money(100)), (Tax("AE", 0), Money(5))]) == (
        VatSum(Tax("AE", 0), Money(5), Money(0)),
        VatSum(S175, Money(100), Money(18)),
        VatSum(S20, Money(100), Money(20)),
    )


@given(st.lists(st.tuples(st.sampled_from([S20, S175, Tax("E", 0)]), st.integers(-5000, 5000).map(Money))))
def test_vat_rows_hold_every_line_once(amounts: list[tuple[Tax, Money]]) -> None:
    rows = vat_of(amounts)
    assert total(row.net for row in rows) == total(net for _, net in amounts)
    assert len({row.tax for row in rows}) == len(rows)
    assert all(row.vat == percent_of(row.net, Percent(row.tax.basis_points)) for row in rows)


def test_calls_of_two_vat_rates_fall_together_under_the_reverse_charge() -> None:
    both = (calls("day", 1_400_000, basis_points=1750), calls("day", 1_400_000))
    assert [line.net.pence for line in drafted(services=(), calls=both).lines] == [1, 1]
    together = drafted(services=(), calls=both, vat_status=VatHistory.always(VatStatus.REVERSE_CHARGE)).lines
    assert [(line.net.pence, line.quantity, line.tax) for line in together] == [(3, 6, Tax("AE", 0))]


def test_an_item_is_taxed_by_the_day_it_happened() -> None:
    old = ItemLeft(5, 7, 2, None, "Engineer's visit", "ZZF00000018", 2, Price.of(5000), VatCode.STANDARD, date(2010, 12, 20))
    (line,) = drafted(services=(), items=(old,)).lines
    assert (line.net, line.tax, line.quantity, line.unit_price) == (Money(10000), S175, 2, Price.of(5000))


def test_a_goodwill_item_with_a_negative_price_is_a_credit() -> None:
    gift = ItemLeft(5, 7, 2, None, "Goodwill", "ZZF00000018", 1, Price.of(-500), VatCode.STANDARD, date(2026, 1, 20))
    (line,) = drafted(services=(), items=(gift,)).lines
    assert (line.net, line.quantity, line.unit_price) == (Money(-500), -1, Price.of(500))


@pytest.mark.parametrize(
    ("status", "code", "rate", "tax"),
    [
        (VatStatus.STANDARD, VatCode.STANDARD, 0, Tax("Z", 0)),
        (VatStatus.STANDARD, VatCode.REDUCED, 500, Tax("S", 500)),
        (VatStatus.REVERSE_CHARGE, VatCode.EXEMPT, 2000, Tax("E", 0)),
        (VatStatus.REVERSE_CHARGE, VatCode.ZERO, 2000, Tax("Z", 0)),
        # What is zero-rated is so for everybody: an account that is exempt is exempt from a rate.
        (VatStatus.EXEMPT, VatCode.ZERO, 2000, Tax("Z", 0)),
        (VatStatus.EXEMPT, VatCode.STANDARD, 2000, Tax("E", 0)),
        (VatStatus.EXEMPT, VatCode.EXEMPT, 2000, Tax("E", 0)),
    ],
)
def test_categories_follow_the_rate(status: VatStatus, code: VatCode, rate: int, tax: Tax) -> None:
    assert tax_at(status, code, rate) == tax


def figures(**others: object) -> BillFigures:
    facts: dict[str, Any] = {"invoice_gross": Money(3000), "line_count": 4, "charges_expected": True, "recent": (Money(3000), Money(3200))}
    return BillFigures(**facts | others)


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({}, None),
        ({"line_count": 10_000}, None),
        ({"line_count": 10_001}, "CSS480W"),
        ({"invoice_gross": Money(-5000)}, None),
        ({"invoice_gross": Money(-5001)}, "CSS481W"),
        ({"invoice_gross": Money(-5001), "recent": (Money(9000),)}, None),
        ({"invoice_gross": Money(31000)}, None),
        ({"invoice_gross": Money(31001)}, "CSS482W"),
        ({"invoice_gross": Money(31001), "recent": ()}, None),
        ({"invoice_gross": Money(4999), "recent": (Money(100),)}, None),
        ({"invoice_gross": Money(0)}, "CSS483W"),
        ({"invoice_gross": Money(0), "charges_expected": False}, None),
    ],
)
def test_unlikely_bills_are_held_at_the_limit_and_not_before(others: dict[str, Any], code: str | None) -> None:
    hold = hold_reason(figures(**others))
    assert (hold.code if hold else None) == code


def test_corrections_of_calls_have_lines_of_their_own_for_the_days_of_the_calls() -> None:
    def corrected(millionths: int, **others: object) -> CallSum:
        days = {"first_at": datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "last_at": datetime(2026, 6, 9, 23, 30, tzinfo=UTC)}
        return calls("day", millionths, call_count=2, duration_seconds=0, is_correction=True, **days | others)

    sums = (calls("day", 30_000_000), corrected(-7_500_000), corrected(2_000_000, basis_points=1750))
    drafted_lines = [line for line in drafted(calls=sums).lines if line.kind is LineKind.CALLS]
    assert [(line.words, line.net, line.quantity, line.unit, line.tax.basis_points) for line in drafted_lines] == [
        ("Calls to UK landlines, daytime", Money(30), 3, "call", 2000),
        ("Correction of calls to UK landlines, daytime", Money(2), 2, "correction", 1750),
        ("Correction of calls to UK landlines, daytime", Money(-8), -2, "correction", 2000),
    ]
    # By London's calendar: the last one began at half past midnight of the 10th of June, in summer time.
    assert (drafted_lines[1].starts_on, drafted_lines[1].ends_on) == (date(2025, 12, 31), date(2026, 6, 11))
    (exempt,) = [line for line in drafted(calls=sums, vat_status=VatHistory.always(VatStatus.EXEMPT)).lines if line.unit == "correction"]
    assert (exempt.net, exempt.quantity) == (Money(-6), -4)
