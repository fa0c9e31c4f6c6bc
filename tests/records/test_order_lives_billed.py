"""Random lives of orders up to their bills: what works is charged for the days it works and no other, what is owed is billed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Row, select
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block, post_block, release_run
from billing.actions.release import release_bill
from billing.checks import Books, _by_statement
from billing.commands import ReleaseBill
from billing.model import Bill
from billing.words import BillState
from css.core.calendar import ONE_DAY, add_months, days_in_month
from css.core.money import round_half_up
from css.db.engine import transaction
from css.master.accounts import Account
from orders.words import OrderKind
from tests.builders import DAY, OPERATOR
from tests.records import order_world
from tests.records.billed import NIGHT, at, begin
from tests.records.order_asking import Life
from tests.records.order_doing import DEEDS, step
from tests.records.order_world import World
from tests.records.test_order_lives import DRAWN, EXAMPLES, SECONDS_MAX

BOOKS: Final = ("bills_add_up", "services_charged", "ended_not_charged", "items_taken", "failures_taken")
"""The checks of the night that hold what orders left against what was billed."""
_NAMES: Final = (
    [kind.value for kind in OrderKind]
    + [name for name, (_, often) in DEEDS.items() for _ in range(often)]
    + [*("complete", "do every task") * 8, *("wait",) * 12]
)
STEPS: Final = st.lists(st.tuples(st.sampled_from(_NAMES), DRAWN), min_size=30, max_size=45)


@pytest.fixture(scope="module")
def world(engine: Engine) -> World:
    with transaction(engine) as session:
        return order_world.build(session)


def bill(life: Life, day: date) -> None:
    """A night of billing; nothing is printed."""
    with Session(life.connection, join_transaction_mode="create_savepoint") as session:
        run_id = begin(session, day)
        calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(day))
        # A person looks at a bill that is unlike the others, and lets it go.
        held = session.execute(select(Account.number).join(Bill, Bill.account_id == Account.id).where(Bill.state == BillState.HELD))
        for number in held.scalars().all():
            look = ReleaseBill(account_number=number, business_date=day, reason="It is right.")
            release_bill(session, look, by=OPERATOR, at=at(day))
        release_run(session, run_id, by=NIGHT, at=at(day))
        post_block(session, queries.bills_to_post(session, run_id), by=NIGHT, at=at(day))
        session.commit()
    life.told.append(f"{day} bills")


_RENTED: Final = """
    SELECT s.id, s.quantity, s.starts_on, s.ends_on, c.next_bill_on,
           ARRAY(SELECT (r.starts_on, coalesce(r.ends_on, 'infinity'), r.net_price)::text FROM css.product_price r
                  WHERE r.product_id = s.product_id AND r.kind = 'rental' AND r.segment = a.segment ORDER BY r.starts_on) AS prices
      FROM css.service s JOIN css.account a ON a.id = s.account_id JOIN billing.account_cycle c ON c.account_id = a.id"""
_CHARGED: Final = """
    SELECT service_id, rental_period_starts_on, sum(net)::bigint AS net FROM billing.bill_line
     WHERE kind IN ('rental', 'part-period') GROUP BY service_id, rental_period_starts_on"""


def expected(services: Sequence[Row[Any]]) -> dict[tuple[int, date], int]:
    """By service and month its pence before VAT: the days of the month it works, counted one by one. All are billed on the 1st."""
    owed: dict[tuple[int, date], int] = defaultdict(int)
    for service in services:
        until = min(service.ends_on or service.next_bill_on, service.next_bill_on)
        month = service.starts_on.replace(day=1)
        while month < until:
            days = [month + timedelta(days=n) for n in range(days_in_month(month.year, month.month))]
            worked = sum(service.starts_on <= day < until for day in days)
            price = Fraction(_price(service.prices, month))
            owed[service.id, month] = round_half_up(price * service.quantity * worked / len(days))
            month = add_months(month, 1)
    return {key: pence for key, pence in owed.items() if pence}


def _price(prices: Sequence[str], month: date) -> str:
    """The price of a month: it changes on the first of one, never within."""
    rows = [text.strip("()").split(",") for text in prices]
    return next((price for starts_on, ends_on, price in rows if starts_on <= month.isoformat() < ends_on), "0")


def check(life: Life) -> None:
    charged = {(row.service_id, row.rental_period_starts_on): row.net for row in life.rows(_CHARGED) if row.net}
    assert charged == expected(life.rows(_RENTED)), "\n".join(life.told)
    with Session(life.connection) as session:
        wrong = [words for name in BOOKS for words in _by_statement(session, Books("ZZ", DAY), name)]
    assert wrong == [], "\n".join(life.told)


def lived(life: Life, steps: Sequence[tuple[str, list[int]]]) -> None:
    """Deeds, and on every 1st that passes a night of billing; at the end one more, that sees them all."""
    first = add_months(DAY.replace(day=1), 1)
    for name, drawn in steps:
        step(life, name, drawn)
        while first < life.today:
            bill(life, first)
            first = add_months(first, 1)
    with Session(life.connection, join_transaction_mode="create_savepoint") as session:
        life.roll(session, first + ONE_DAY, 10)
        session.commit()
    bill(life, first)


@pytest.mark.timeout(SECONDS_MAX)
@settings(
    max_examples=max(3, EXAMPLES // 4),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(steps=STEPS)
def test_what_orders_did_is_billed_to_the_day(engine: Engine, world: World, steps: list[tuple[str, list[int]]]) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        life = Life(connection, world)
        lived(life, steps)
        check(life)
        outer.rollback()
