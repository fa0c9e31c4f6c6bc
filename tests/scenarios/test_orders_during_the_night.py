"""The desk goes on keying while the night runs: every deed is wholly before the cut or wholly after it, and none is lost or done twice."""

from __future__ import annotations

import threading
import time as clock
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.balance import find_breaches
from billing.actions import take_payment
from billing.actions.adjustments import adjust_account
from billing.actions.requests import request_bill
from billing.commands import TakePayment
from billing.credit_commands import AdjustAccount
from billing.run_commands import RequestBill
from billing.words import PaymentMethod
from css.core.calendar import london_instant
from css.core.errors import CssError
from css.core.money import Money
from css.core.words import DirectoryEntryKind
from css.db.engine import transaction
from css.master.districts import business_date, roll_business_date
from orders.actions import complete_order, place_order
from orders.commands.orders import CompleteOrder, PlaceOrder
from orders.words import OrderKind
from tests import builders
from tests.scenarios.nights import CallMade, carrier_file, run_night

BEGINS, CUT = date(2026, 1, 26), date(2026, 2, 5)
AFTER = CUT + timedelta(days=1)
KEYED_AT = london_instant(CUT, time(22))
DEEDS_BEFORE = DEEDS_AFTER = 4
"""By every desk, before the night begins and after it has ended; what comes between falls as it may."""
ACCOUNTS = 5
ORDERS = 40
THE_NIGHT_WAITS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'"""
BILLS_MADE = "SELECT count(*) FROM billing.bill"
LINES = "billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id"
OPERATOR = builders.OPERATOR


@dataclass
class Desk:
    """One operator who keys the same kind of deed again and again until told to stop."""

    name: str
    deed: Callable[[int], bool]
    """Does the n-th one in a transaction of its own; False when there is none left."""
    done: int = 0
    faults: list[str] = field(default_factory=list)

    def key(self, stop: threading.Event) -> None:
        for n in count():
            if stop.is_set():
                return
            try:
                if not self.deed(n):
                    return
                self.done += 1
            except CssError as error:
                self.faults.append(error.text)
            clock.sleep(0.03)


@dataclass(frozen=True)
class Town:
    engine: Engine
    accounts: tuple[builders.BuiltAccount, ...]
    lines: tuple[builders.BuiltLine, ...]
    waiting: tuple[str, ...]
    """Orders that were promised for the day of the cut."""
    sites: tuple[str, ...]


@pytest.fixture
def town(fresh_engine: Engine, tmp_path: Path) -> Town:
    """Accounts of the 5th on its evening, each with a line and calls; orders wait to be completed."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=BEGINS, pairs=ACCOUNTS + ORDERS, sites=ACCOUNTS + ORDERS)
        accounts = tuple(builders.account(session, zz, cycle_day=5) for _ in range(ACCOUNTS))
        lines = tuple(builders.working_line(session, zz, account, starts_on=BEGINS) for account in accounts)
        sites = tuple(site.address_key for site in zz.gold[ACCOUNTS:])
        keyed = london_instant(BEGINS, time(10))
        orders = [order(accounts[n % (ACCOUNTS - 1)], sites[n], CUT) for n in range(ORDERS // 2)]
        waiting = tuple(place_order(session, one, by=OPERATOR, at=keyed).order_number for one in orders)
        session.execute(text("UPDATE css.business_date SET current_on = :cut, closed_through = :cut - 1"), {"cut": CUT})
    calls = [CallMade(line.number, "442079460123", london_instant(CUT, time(9 + n)), 300) for n in range(6) for line in lines]
    carrier_file(tmp_path, "ZZ", CUT, 1, calls)
    return Town(fresh_engine, accounts, lines, waiting, sites[ORDERS // 2 :])


def order(account: builders.BuiltAccount, address_key: str, required_on: date) -> PlaceOrder:
    return PlaceOrder(
        kind=OrderKind.PROVIDE,
        account_number=account.number,
        product_codes=("LINE-RES",),
        address_key=address_key,
        required_on=required_on,
        contact_name="Mrs Tansley",
        contact_phone="07700 900123",
        directory_kind=DirectoryEntryKind.ORDINARY,
        directory_name="Tansley A",
        emergency_name="Ada Tansley",
    )


def desks_of(town: Town) -> list[Desk]:
    """Five people at five screens."""
    accounts = town.accounts

    def pay(n: int) -> bool:
        command = TakePayment(
            account_number=accounts[n % (ACCOUNTS - 1)].number, amount=Money(100 + n), method=PaymentMethod.CASH, token=f"pay-{n}"
        )
        with transaction(town.engine) as session:
            take_payment(session, command, by=OPERATOR, at=KEYED_AT)
        return True

    def adjust(n: int) -> bool:
        number, amount = accounts[n % (ACCOUNTS - 1)].number, Money(50 + n if n % 2 else -50 - n)
        command = AdjustAccount(
            account_number=number,
            amount=amount,
            nominal_code="RENTALS",
            words=f"Adjustment {n}",
            reason="Keyed by night",
            token=f"adjust-{n}",
        )
        with transaction(town.engine) as session:
            adjust_account(session, command, by=OPERATOR, at=KEYED_AT)
        return True

    def complete(n: int) -> bool:
        if n == len(town.waiting):
            return False
        # Half of them once the date has turned, however soon or late that is.
        clock.sleep(0.1)
        while n >= len(town.waiting) // 2 and rows(town.engine, "SELECT current_on FROM css.business_date") != [(AFTER,)]:
            clock.sleep(0.05)
        with transaction(town.engine) as session:
            complete_order(session, CompleteOrder(order_number=town.waiting[n], done_on=CUT, token=f"done-{n}"), by=OPERATOR, at=KEYED_AT)
        return True

    def place(n: int) -> bool:
        if n == len(town.sites):
            return False
        clock.sleep(0.2)
        with transaction(town.engine) as session:
            place_order(session, order(accounts[n % (ACCOUNTS - 1)], town.sites[n], CUT + timedelta(days=14)), by=OPERATOR, at=KEYED_AT)
        return True

    def pay_slowly(n: int) -> bool:
        """For an account that nobody else keys for: the first hangs until the night waits for it, or has made bills without it."""
        command = TakePayment(account_number=accounts[-1].number, amount=Money(9_000_00 + n), method=PaymentMethod.CHEQUE)
        with transaction(town.engine) as session:
            take_payment(session, command, by=OPERATOR, at=KEYED_AT)
            session.flush()
            while n == 0 and rows(town.engine, THE_NIGHT_WAITS) == rows(town.engine, BILLS_MADE) == [(0,)]:
                clock.sleep(0.1)
            clock.sleep(0.5)
        return True

    return [
        Desk("payments", pay),
        Desk("adjustments", adjust),
        Desk("completions", complete),
        Desk("orders", place),
        Desk("slow payments", pay_slowly),
    ]


def until(desks: list[Desk], more: int) -> None:
    """Every desk has done so many more deeds, or has none left."""
    wanted = {desk.name: desk.done + more for desk in desks}
    deadline = clock.monotonic() + 60
    while clock.monotonic() < deadline and any(desk.done < wanted[desk.name] for desk in desks[:2]):
        clock.sleep(0.02)


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), {"cut": CUT, "after": AFTER} if ":cut" in statement else {})]


def live_the_night(town: Town, home: Path) -> list[Desk]:
    """The night of the cut between desks that never rest; then every account's bill is asked for and the next night makes it."""
    desks, stop = desks_of(town), threading.Event()
    with ThreadPoolExecutor(len(desks)) as pool:
        keying = [pool.submit(desk.key, stop) for desk in desks]
        try:
            until(desks, DEEDS_BEFORE)
            run_night(town.engine, "ZZ", CUT, home)
            until(desks, DEEDS_AFTER)
        finally:
            stop.set()
        for one in keying:
            one.result()
    with transaction(town.engine) as session:
        for account in town.accounts:
            asked = RequestBill(account_number=account.number, reason="All of it")
            assert request_bill(session, asked, by=OPERATOR, at=moment(AFTER)).requested_on == AFTER
    run_night(town.engine, "ZZ", AFTER, home)
    return desks


def moment(day: date) -> datetime:
    return london_instant(day, time(12))


@pytest.mark.timeout(240)
def test_what_is_keyed_during_the_night_is_wholly_on_this_bill_or_wholly_on_the_next(town: Town, tmp_path: Path) -> None:
    payments, adjustments, completions, orders, slow = live_the_night(town, tmp_path)
    engine = town.engine
    # Nobody was refused, nothing was lost and nothing done twice.
    assert [desk.faults for desk in (payments, adjustments, completions, orders, slow)] == [[]] * 5
    paid = rows(engine, "SELECT account_id, business_date, amount FROM billing.payment")
    assert sorted(int(str(row[2])) for row in paid) == [100 + n for n in range(payments.done)] + [900000 + n for n in range(slow.done)]
    adjusted = rows(engine, "SELECT id, business_date, words FROM billing.adjustment")
    assert sorted(str(row[2]) for row in adjusted) == sorted(f"Adjustment {n}" for n in range(adjustments.done))
    items = rows(engine, "SELECT id, business_date FROM css.billable_item")
    assert len(items) == completions.done
    assert rows(engine, "SELECT count(*) FROM orders.customer_order") == [(len(town.waiting) + orders.done,)]
    # The roll parts them: some are of the day of the cut, some of the day after, and there is no third.
    for kind in (paid, adjusted, items):
        assert Counter(row[1] for row in kind).keys() == {CUT, AFTER}
    # What is of the day of the cut is on its bill, and what came after is on the next: each once.
    of_bill = {
        str(row[0]): row[1] for row in rows(engine, "SELECT account_id || ' ' || usage_through, payments_received FROM billing.bill")
    }
    expected: dict[str, int] = defaultdict(int)
    for account_id, day, amount in paid:
        expected[f"{account_id} {day}"] += int(str(amount))
    assert {key: value for key, value in of_bill.items() if value} == dict(expected)
    lines = rows(engine, f"SELECT l.adjustment_id, b.usage_through FROM {LINES} WHERE l.kind = 'adjustment'")
    assert sorted(lines, key=str) == sorted(((row[0], row[1]) for row in adjusted), key=str)
    lines = rows(engine, f"SELECT l.billable_item_id, b.usage_through FROM {LINES} WHERE l.billable_item_id IS NOT NULL")
    assert sorted(lines, key=str) == sorted(items, key=str)
    # A service that came after the cut has no rental on its bill, and one that came before has.
    rentals = f"SELECT DISTINCT l.service_id FROM {LINES} WHERE b.usage_through = :cut AND l.kind IN ('rental', 'part-period')"
    rented = set(rows(engine, rentals))
    assert rented == set(rows(engine, "SELECT id FROM css.service WHERE start_recorded_on <= :cut"))
    # All calls came before the cut, and the next bill has none of them.
    called = rows(engine, f"SELECT b.usage_through, sum(l.quantity) FROM {LINES} WHERE l.kind = 'calls' GROUP BY b.usage_through")
    assert called == [(CUT, 6 * ACCOUNTS)]
    # The books balance, and so did every joint of both nights.
    with transaction(engine) as session:
        assert find_breaches(session, home=tmp_path) == ()


@pytest.mark.parametrize("slowest", [0.2, 2.5])
def test_desks_that_never_rest_do_not_keep_the_night_out(fresh_engine: Engine, slowest: float) -> None:
    """One of them always holds the date in common; the longest deed takes longer than the night stands in line."""
    with transaction(fresh_engine) as session:
        builders.district(session, on=CUT)
    stop = threading.Event()

    def keep_busy(place: int) -> int:
        clock.sleep(place * 0.05)
        for n in count():
            if stop.is_set():
                return n
            with transaction(fresh_engine) as session:
                business_date(session, "ZZ")
                clock.sleep(slowest if place == n == 0 else 0.2)
        raise AssertionError

    with ThreadPoolExecutor(4) as pool:
        desks = [pool.submit(keep_busy, place) for place in range(4)]
        try:
            clock.sleep(0.3)
            began = clock.monotonic()
            with transaction(fresh_engine) as session:
                assert roll_business_date(session, "ZZ", to=AFTER) == AFTER
            assert clock.monotonic() - began < 15
        finally:
            stop.set()
        assert all(desk.result() for desk in desks)
