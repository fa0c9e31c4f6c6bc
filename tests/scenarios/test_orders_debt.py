"""Debt treatment by orders: what waits and for what, a bar, a restore with its fee, and a cease up to the final bill.

What billing's ladder would leave on the shelf is left here by hand; everything after that is the house's own. Mrs Tansley's
line works from Monday 9 March 2026, as does Mr Beck's. Bills are made on the 1st.

Prices, in pence with VAT and without (VAT is 20%): line to 31 March 2260, 1883.333333; from 1 April 2340, 1950; restoring
1200, 1000; a month of a minimum term that is left 900, 750.
"""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from css.core.calendar import london_instant
from css.core.words import BarKind, HoldKind, RequestKind
from css.db.engine import transaction
from css.handover import leave_order_request, lift_hold, place_hold
from css.master.lines import LineBar
from css.master.services import Service
from orders.actions import complete_order
from orders.actions.requests import take_order_requests
from orders.commands.orders import CompleteOrder
from orders.commands.requests import TakeOrderRequests
from orders.model import CustomerOrder
from orders.queries.requests import waiting_order_requests
from orders.words import OrderKind, OrderState
from repairs.actions import clear_fault, report_fault
from repairs.commands.faults import ClearFault, ReportFault
from tests import builders
from tests.scenarios.nights import NIGHT_ACTOR, nights_through, run_night
from tests.scenarios.test_orders_changes import lines_of_bill

OPERATOR = builders.OPERATOR
APRIL = date(2026, 4, 1)


def instant(day: date, hour: int) -> datetime:
    return london_instant(day, time(hour))


def march(day: int) -> date:
    return date(2026, 3, day)


def ask(engine: Engine, line: builders.BuiltLine, kind: RequestKind, key: str, on: date, bar: BarKind | None = None) -> None:
    with transaction(engine) as session:
        leave_order_request(
            session,
            source_key=f"debt/{line.account.number}/{key}",
            district_code="ZZ",
            account_id=line.account.id,
            line_id=line.id,
            kind=kind,
            bar=bar,
            reason="Nothing was paid after the final reminder.",
            at=instant(on, 21),
        )


def bars_on(engine: Engine, line: builders.BuiltLine) -> list[BarKind]:
    with transaction(engine) as session:
        on = session.execute(select(LineBar.kind).where(LineBar.line_id == line.id, LineBar.ends_at.is_(None)).order_by(LineBar.id))
        return list(on.scalars())


def waits(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return [row.words for row in waiting_order_requests(session, "ZZ", by=OPERATOR)]


def orders_of(engine: Engine, line: builders.BuiltLine) -> list[tuple[OrderKind, OrderState, date | None]]:
    with transaction(engine) as session:
        found = session.execute(select(CustomerOrder).where(CustomerOrder.line_id == line.id).order_by(CustomerOrder.id)).scalars()
        return [(order.kind, order.state, order.done_on) for order in found]


@pytest.mark.timeout(240)
def test_a_debt_is_treated_by_orders_and_who_pays_is_restored(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    with transaction(engine) as session:
        zz = builders.district(session, on=march(9))
        line, becks = (builders.working_line(session, zz, builders.account(session, zz, cycle_day=1), starts_on=march(9)) for _ in range(2))
        session.execute(update(Service).values(minimum_term_ends_on=date(2027, 3, 9)))
        place_hold(
            session,
            source_key="case/1",
            account_id=line.account.id,
            line_id=None,
            kind=HoldKind.DISPUTE,
            reference="ZZK00000017",
            at=instant(march(9), 9),
        )

    # Monday 9 March, evening: the ladder asks for a bar of both lines. Mrs Tansley disputes a bill, so hers waits.
    for each in (line, becks):
        ask(engine, each, RequestKind.BAR, "bar", march(9))
    run_night(engine, "ZZ", march(9), tmp_path)
    assert bars_on(engine, becks) == [BarKind.OUTGOING]
    assert bars_on(engine, line) == []
    assert waits(engine) == ["It waits: a dispute is open (ZZK00000017)."]
    # The order is of the day that has begun, and done on it.
    assert orders_of(engine, becks) == [(OrderKind.BAR, OrderState.COMPLETED, march(10))]

    # Tuesday: the dispute is settled against her; the night bars.
    with transaction(engine) as session:
        lift_hold(session, source_key="case/1", at=instant(march(10), 12))
    run_night(engine, "ZZ", march(10), tmp_path)
    assert bars_on(engine, line) == [BarKind.OUTGOING]
    assert waits(engine) == []

    # Thursday: out of service, and at the weekend the cease is asked for; but her line has a fault, and the cease waits for it.
    nights_through(engine, "ZZ", march(11), march(11), tmp_path)
    ask(engine, line, RequestKind.BAR, "tos", march(12), BarKind.OUT_OF_SERVICE)
    nights_through(engine, "ZZ", march(12), march(13), tmp_path)
    assert bars_on(engine, line) == [BarKind.OUTGOING, BarKind.OUT_OF_SERVICE]
    with transaction(engine) as session:
        report = ReportFault(number=line.number, symptom_code="NDT", contact_name="Mrs Tansley", contact_phone="07700 900123")
        fault = report_fault(session, report, by=OPERATOR, at=instant(march(14), 9)).fault_number
    for each in (line, becks):
        ask(engine, each, RequestKind.CEASE, "cease", march(14))
    run_night(engine, "ZZ", march(14), tmp_path)
    assert waits(engine) == [f"It waits: a fault is open ({fault})."]
    assert orders_of(engine, becks)[-1] == (OrderKind.CEASE, OrderState.COMMITTED, None)

    # Monday 16 March: the fault is cleared, and she pays at the counter; she is restored at once, and the cease is no more.
    run_night(engine, "ZZ", march(15), tmp_path)
    with transaction(engine) as session:
        clear_fault(session, ClearFault(fault_number=fault, clear_code="DW"), by=OPERATOR, at=instant(march(16), 8))
    ask(engine, line, RequestKind.RESTORE, "paid", march(16))
    with transaction(engine) as session:
        taken = take_order_requests(session, TakeOrderRequests(district_code="ZZ"), by=OPERATOR, at=instant(march(16), 11))
    assert (len(taken.order_numbers), taken.ended_count, taken.waiting_count) == (1, 1, 0)
    assert bars_on(engine, line) == []
    assert [kind for kind, _, _ in orders_of(engine, line)] == [OrderKind.BAR, OrderKind.BAR, OrderKind.RESTORE]

    # Tuesday 17 March: Mr Beck, who pays nothing, is ceased.
    nights_through(engine, "ZZ", march(16), march(16), tmp_path)
    with transaction(engine) as session:
        number = session.execute(
            select(CustomerOrder.number).where(CustomerOrder.line_id == becks.id, CustomerOrder.kind == OrderKind.CEASE)
        ).scalar_one()
        complete_order(session, CompleteOrder(order_number=number, done_on=march(17)), by=NIGHT_ACTOR, at=instant(march(17), 12))
    assert bars_on(engine, becks) == []
    nights_through(engine, "ZZ", march(17), APRIL, tmp_path)

    # She goes on, and being restored has its fee. 23 of 31 days of the line: 1397.31.
    assert lines_of_bill(engine, line.account.number) == [
        ("rental", "Residential line", 1950),
        ("part-period", "Residential line, 23 of 31 days", 1397),
        ("one-off", "Restoring of service", 1000),
    ]
    # His final bill: 8 of 31 days, 486.02, and what is left of his term, 11 x 750 + 750 x 20/28 = 8785.71. A bar costs nothing.
    assert lines_of_bill(engine, becks.account.number) == [
        ("part-period", "Residential line, 8 of 31 days", 486),
        (
            "termination",
            "Early end of Residential line: 11 months and 20 of 28 days of the minimum term left, at £7.50 a month",
            8786,
        ),
    ]
