"""A customer's story from the first call to the last bill, every amount worked out by hand.

Mrs Tansley orders a line with caller display on Monday 9 March 2026; it works from the 16th. Her bills are made on the 1st.
She makes three calls, loses her dial tone for most of a week in April, pays once, and gives the line up on 3 June.

Prices, in pence with VAT and without (VAT is 20%):
  line to 31 March 2026   2260     1883.333333      line from 1 April 2026   2340     1950
  caller display           325      270.833333      connection              15000    12500
  a month of a minimum term that is left                                      900      750
"""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from billing.actions import take_payment
from billing.checks import check_books
from billing.commands import TakePayment
from billing.words import PaymentMethod
from css.core.calendar import london_instant
from css.core.money import Money
from css.core.words import DirectoryEntryKind
from css.db.engine import transaction
from orders.actions import complete_order, place_order
from orders.commands.orders import CompleteOrder, PlaceOrder
from orders.words import OrderKind
from repairs.actions import clear_fault, report_fault
from repairs.commands.faults import ClearFault, ReportFault
from tests import builders
from tests.scenarios.nights import CallMade, bill_lines, bill_totals, carrier_file, nights_through

OPERATOR = builders.OPERATOR


def instant(day: date, hour: int, minute: int = 0) -> datetime:
    return london_instant(day, time(hour, minute))


@pytest.mark.timeout(400)
def test_a_customer_from_the_order_through_three_bills_to_the_final_bill(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine

    # Monday 9 March: the order, for the 16th, five working days on.
    with transaction(engine) as session:
        zz = builders.district(session, on=date(2026, 3, 9))
        account = builders.account(session, zz, cycle_day=1)
        placed = place_order(
            session,
            PlaceOrder(
                kind=OrderKind.PROVIDE,
                account_number=account.number,
                product_codes=("LINE-RES", "CALLER-DISPLAY"),
                address_key=zz.gold[0].address_key,
                required_on=date(2026, 3, 16),
                contact_name="Mrs Tansley",
                contact_phone="07700 900123",
                directory_kind=DirectoryEntryKind.ORDINARY,
                directory_name="Tansley A",
                emergency_name="Ada Tansley",
            ),
            by=OPERATOR,
            at=instant(date(2026, 3, 9), 10),
        )
    assert placed.number is not None
    assert placed.committed_on == date(2026, 3, 16)
    nights_through(engine, zz.code, date(2026, 3, 9), date(2026, 3, 15), tmp_path)

    # Monday 16 March: done as promised.
    with transaction(engine) as session:
        complete_order(
            session,
            CompleteOrder(order_number=placed.order_number, done_on=date(2026, 3, 16)),
            by=OPERATOR,
            at=instant(date(2026, 3, 16), 15),
        )
    nights_through(engine, zz.code, date(2026, 3, 16), date(2026, 3, 19), tmp_path)
    # Friday 20 March: ten minutes to Leeds by day, an hour there in the evening, and 3m 02s to a mobile by day.
    friday = date(2026, 3, 20)
    calls = [
        CallMade(placed.number, "441134960123", instant(friday, 11), 600),
        CallMade(placed.number, "441134960123", instant(friday, 20), 3600),
        CallMade(placed.number, "447700900456", instant(friday, 12), 182),
    ]
    carrier_file(tmp_path, zz.code, friday, 1, calls)
    nights_through(engine, zz.code, friday, date(2026, 4, 1), tmp_path)

    # Bill of 1 April. Part period 16 March to 1 April, 16 of 31 days:
    #   line 1883.333333 x 16/31 = 972.04 -> 972     caller display 270.833333 x 16/31 = 139.78 -> 140
    # April in advance at the new price: line 1950, caller display 270.83 -> 271.  Connection 12500.
    # Calls: Leeds by day 9.9 + 10 x 5.9 = 68.9 with VAT, 57.42 without -> 57; in the evening included -> 0;
    #   mobile by day 9.9 + 4 x 12.5 = 59.9 with VAT, 49.92 without -> 50.
    # Net 972 + 140 + 1950 + 271 + 12500 + 57 + 0 + 50 = 15940; VAT 3188; with VAT 19128.
    lines = bill_lines(engine, account.number)
    april = date(2026, 4, 1)
    assert sorted(net for kind, net in lines[april] if kind == "part-period") == [140, 972]
    assert sorted(net for kind, net in lines[april] if kind == "rental") == [271, 1950]
    assert [net for kind, net in lines[april] if kind == "one-off"] == [12500]
    assert sorted(net for kind, net in lines[april] if kind == "calls" and net) == [50, 57]

    # 10 April: she pays it.
    nights_through(engine, zz.code, date(2026, 4, 2), date(2026, 4, 9), tmp_path)
    with transaction(engine) as session:
        take_payment(
            session,
            TakePayment(account_number=account.number, amount=Money(19128), method=PaymentMethod.CARD),
            by=OPERATOR,
            at=instant(date(2026, 4, 10), 9),
        )
    nights_through(engine, zz.code, date(2026, 4, 10), date(2026, 4, 13), tmp_path)

    # Tuesday 14 April: no dial tone; put right at noon on Monday the 20th. Due by 23:59 on Thursday the 16th, so late:
    # one day at the trigger, then Friday, Saturday and Sunday: 4 x 10.34 = 41.36.
    with transaction(engine) as session:
        reported = report_fault(
            session,
            ReportFault(number=placed.number, symptom_code="NDT", contact_name="Mrs Tansley", contact_phone="07700 900123"),
            by=OPERATOR,
            at=instant(date(2026, 4, 14), 9),
        )
    assert reported.due_at == instant(date(2026, 4, 16), 23, 59)
    nights_through(engine, zz.code, date(2026, 4, 14), date(2026, 4, 19), tmp_path)
    with transaction(engine) as session:
        cleared = clear_fault(
            session,
            ClearFault(fault_number=reported.fault_number, clear_code="DW"),
            by=OPERATOR,
            at=instant(date(2026, 4, 20), 12),
        )
    assert cleared.was_late
    nights_through(engine, zz.code, date(2026, 4, 20), date(2026, 5, 31), tmp_path)

    # The cease, ordered on 1 June and done on the 3rd. It does not keep June's bill from going out in between.
    with transaction(engine) as session:
        cease = place_order(
            session,
            PlaceOrder(
                kind=OrderKind.CEASE,
                account_number=account.number,
                number=placed.number,
                required_on=date(2026, 6, 3),
                contact_name="Mrs Tansley",
                contact_phone="07700 900123",
            ),
            by=OPERATOR,
            at=instant(date(2026, 6, 1), 9),
        )
    nights_through(engine, zz.code, date(2026, 6, 1), date(2026, 6, 2), tmp_path)
    with transaction(engine) as session:
        complete_order(
            session,
            CompleteOrder(order_number=cease.order_number, done_on=date(2026, 6, 3)),
            by=OPERATOR,
            at=instant(date(2026, 6, 3), 11),
        )
    nights_through(engine, zz.code, date(2026, 6, 3), date(2026, 6, 3), tmp_path)

    # Bills of 1 May and 1 June: 1950 + 271 = 2221 net, VAT 444.2 -> 444, with VAT 2665.
    # Final bill: June was charged whole; 2 of its 30 days were used.
    #   line 1950 x 2/30 = 130, taken back 1820     caller display 270.833333 x 2/30 = 18.06 -> 18, taken back 253
    #   The line was promised for twelve months, to 15 March 2027: nine months and 13 of the 31 days from 3 March are left, at
    #   900 a month with VAT, 750 without: 7064.52 -> 7065.
    #   net 7065 - 2073 = 4992, VAT 998.4 -> 998, with VAT 5990.
    assert bill_totals(engine, account.number) == [
        (
            date(2026, 4, 1),
            "bill",
            {
                "brought_forward": 0,
                "payments_received": 0,
                "outside_total": 0,
                "invoice_net": 15940,
                "invoice_vat": 3188,
                "invoice_gross": 19128,
                "amount_due": 19128,
            },
        ),
        (
            date(2026, 5, 1),
            "bill",
            {
                "brought_forward": 19128,
                "payments_received": 19128,
                "outside_total": -4136,
                "invoice_net": 2221,
                "invoice_vat": 444,
                "invoice_gross": 2665,
                "amount_due": -1471,
            },
        ),
        (
            date(2026, 6, 1),
            "bill",
            {
                "brought_forward": -1471,
                "payments_received": 0,
                "outside_total": 0,
                "invoice_net": 2221,
                "invoice_vat": 444,
                "invoice_gross": 2665,
                "amount_due": 1194,
            },
        ),
        (
            date(2026, 6, 3),
            "final",
            {
                "brought_forward": 1194,
                "payments_received": 0,
                "outside_total": 0,
                "invoice_net": 4992,
                "invoice_vat": 998,
                "invoice_gross": 5990,
                "amount_due": 7184,
            },
        ),
    ]
    assert sorted(net for _, net in bill_lines(engine, account.number)[date(2026, 6, 3)]) == [-1820, -253, 7065]

    # The books say the same, every document is there with its hash, and another night finds nothing to bill.
    with transaction(engine) as session:
        assert check_books(session, zz.code) == ()
        owed = session.execute(
            text("SELECT sum(p.amount) FROM billing.posting p JOIN css.account a ON a.id = p.account_id WHERE a.number = :n"),
            {"n": account.number},
        ).scalar_one()
        assert owed == 7184
    spool = tmp_path / "spool" / "bills" / zz.code
    assert len(list(spool.rglob("*.pdf"))) == len([path for path in spool.rglob("*.xml") if not path.name.endswith(".calls.xml")]) == 4
    nights_through(engine, zz.code, date(2026, 6, 4), date(2026, 6, 6), tmp_path)
    assert len(bill_totals(engine, account.number)) == 4
