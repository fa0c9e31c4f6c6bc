"""How many orders and faults of some days were in time, as the end of the month counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from batch.net import Context
from batch.steps.month_end import SERVICE
from billing.queries.periods import figures_kept
from billing.rules.period import Figure
from billing.words import FigureSubject
from css.core.calendar import Period, start_of_day
from orders.model import CustomerOrder
from orders.queries.in_time import OrdersCompleted, orders_completed
from orders.words import OrderKind
from repairs.queries.in_time import FaultsCleared, faults_cleared
from tests import builders
from tests.records.billed import NIGHT
from tests.records.faults import AT, build, clear, report
from tests.records.month import month
from tests.records.ordering import PROMISED, a_cease, a_provide, complete, place

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def test_an_order_is_in_time_by_the_day_first_promised_and_counts_when_we_are_told(session: Session) -> None:
    zz = builders.district(session)
    accounts = [builders.account(session, zz) for _ in range(3)]
    line = builders.working_line(session, zz, accounts[2])
    early, late = (place(session, a_provide(zz, one, address_key=zz.gold[n].address_key)) for n, one in enumerate(accounts[:2]))
    cease = place(session, a_cease(accounts[2], line.number))
    assert orders_completed(session, "ZZ", MARCH) == ()
    complete(session, early.order_number, PROMISED)
    # What is worked to moved; what was promised did not.
    session.execute(text("UPDATE orders.customer_order SET target_on = '2026-03-20' WHERE number = :n"), {"n": late.order_number})
    complete(session, late.order_number, PROMISED + timedelta(days=1))
    promised = session.execute(select(CustomerOrder.committed_on).where(CustomerOrder.number == cease.order_number)).scalar_one()
    assert promised is not None
    complete(session, cease.order_number, PROMISED + timedelta(days=1))
    assert orders_completed(session, "ZZ", MARCH) == (
        OrdersCompleted(OrderKind.CEASE, 1, int(promised >= PROMISED + timedelta(days=1))),
        OrdersCompleted(OrderKind.PROVIDE, 2, 1),
    )
    assert orders_completed(session, "ZZ", Period(date(2026, 2, 1), date(2026, 3, 1))) == ()
    # Told in the first minute of April, it is April's, whatever day it was done on.
    told = {"at": start_of_day(date(2026, 4, 1)), "n": late.order_number}
    session.execute(text("UPDATE orders.customer_order SET completed_at = :at WHERE number = :n"), told)
    assert orders_completed(session, "ZZ", MARCH)[-1] == OrdersCompleted(OrderKind.PROVIDE, 1, 1)
    assert orders_completed(session, "ZZ", Period(date(2026, 4, 1), date(2026, 5, 1))) == (OrdersCompleted(OrderKind.PROVIDE, 1, 0),)


def test_a_fault_is_in_time_by_its_deadline_and_one_found_late_before_is_not(session: Session) -> None:
    build(session)
    first = report(session)
    due = due_of(session, first.fault_number)
    clear(session, first.fault_number, at=due)
    assert [(one.cleared_count, one.in_time_count) for one in faults_cleared(session, "ZZ", MARCH)] == [(1, 1)]
    second = report(session, at=due + timedelta(days=1))
    late = due_of(session, second.fault_number) + timedelta(minutes=1)
    clear(session, second.fault_number, at=late)
    (found,) = faults_cleared(session, "ZZ", MARCH)
    assert (found.cleared_count, found.in_time_count) == (2, 1)
    session.execute(text("UPDATE repairs.fault SET breached_at = due_at WHERE number = :n"), {"n": first.fault_number})
    assert faults_cleared(session, "ZZ", MARCH) == (FaultsCleared(found.care_level, 2, 0),)
    assert faults_cleared(session, "ZZ", Period(MARCH.starts_on, AT.date())) == ()


def due_of(session: Session, number: str) -> datetime:
    at: datetime = session.execute(text("SELECT due_at FROM repairs.fault WHERE number = :n"), {"n": number}).scalar_one()
    return at


def test_the_month_s_step_keeps_what_orders_and_repairs_say(session: Session) -> None:
    build(session)
    fault = report(session)
    clear(session, fault.fault_number, at=due_of(session, fault.fault_number))
    at = start_of_day(date(2026, 4, 1))
    work = SERVICE.run(session, Context("ZZ", date(2026, 3, 31), at, NIGHT, Path(), step=SERVICE.name))
    assert (work.counts.read, work.counts.written) == (1, 1)
    (level,) = faults_cleared(session, "ZZ", MARCH)
    assert figures_kept(session, month(date(2026, 3, 31))).others == (Figure(FigureSubject.FAULTS, level.care_level, 1, None, 1),)
