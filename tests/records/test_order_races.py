"""Two people at one moment: over the last pair, a number, a line, an order. Exactly one wins, and the other is told which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.core.errors import Conflict, CssError, Refused
from css.db.engine import transaction
from css.master.districts import roll_business_date
from css.master.lines import Line
from orders.actions import cancel_order, complete_order, place_order
from orders.commands.orders import CancelOrder, CompleteOrder, OrderPlaced, PlaceOrder
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.words import OrderState, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, SYSTEM, BuiltAccount, BuiltDistrict
from tests.race import in_the_background
from tests.records.ordering import a_cease, a_provide

FAR = date(2026, 3, 23)
"""Late enough even for building."""
T = TypeVar("T")


@dataclass
class World:
    engine: Engine
    zz: BuiltDistrict
    account: BuiltAccount
    pool: ThreadPoolExecutor

    def place(self, command: PlaceOrder) -> OrderPlaced:
        with transaction(self.engine) as session:
            return place_order(session, command, by=CLERK, at=AT)

    def in_the_background(self, deed: Callable[[], T]) -> Future[T]:
        return in_the_background(self.engine, self.pool, deed)


def world(engine: Engine, pool: ThreadPoolExecutor, *, pairs: int = 4) -> World:
    with transaction(engine) as session:
        zz = builders.district(session, pairs=pairs)
        return World(engine, zz, builders.account(session, zz), pool)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def test_the_last_spare_pair_goes_to_one_and_the_other_waits_for_building(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool, pairs=1)
    command = a_provide(the.zz, the.account, required_on=FAR)
    with Session(fresh_engine) as first:
        won = place_order(first, command, by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(replace(command, address_key=the.zz.gold[1].address_key)))
        assert not second.done(), "the other looks again when the first is through"
        first.commit()
    assert (won.plant_outcome, second.result(10).plant_outcome) == (PlantOutcome.SPARE_PAIR, PlantOutcome.BUILD)


def test_the_other_who_cannot_wait_for_building_is_told_the_earliest_date(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool, pairs=1)
    with Session(fresh_engine) as first:
        place_order(first, a_provide(the.zz, the.account), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_provide(the.zz, the.account, address_key=the.zz.gold[1].address_key)))
        first.commit()
    with pytest.raises(Refused, match="earliest date for this order is 23 March 2026, as there is no pair"):
        second.result(10)


def test_a_pair_given_back_goes_to_who_waited_for_it(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool, pairs=1)
    with Session(fresh_engine) as first:
        place_order(first, a_provide(the.zz, the.account), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_provide(the.zz, the.account, address_key=the.zz.gold[1].address_key)))
        first.rollback()
    assert second.result(10).plant_outcome is PlantOutcome.SPARE_PAIR


def test_a_number_two_ask_for_is_kept_for_one(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    command = a_provide(the.zz, the.account, number="01632 960777")
    with Session(fresh_engine) as first:
        place_order(first, command, by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(replace(command, address_key=the.zz.gold[1].address_key)))
        assert not second.done()
        first.commit()
    with pytest.raises(Refused, match="01632 960777 is kept for another order") as caught:
        second.result(10)
    assert caught.value.code == "CSS226E"


def test_orders_that_leave_the_number_open_do_not_wait_for_each_other(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    with Session(fresh_engine) as first:
        one = place_order(first, a_provide(the.zz, the.account), by=CLERK, at=AT)
        second = a_provide(the.zz, the.account, address_key=the.zz.gold[1].address_key)
        other = pool.submit(the.place, second).result(10)
        first.commit()
    assert (one.number, other.number) == ("441632960000", "441632960001")


def test_many_at_once_get_a_pair_and_a_number_each(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool, pairs=8)
    commands = [a_provide(the.zz, the.account, required_on=FAR, token=f"t{n}") for n in range(10)]
    placed = list(pool.map(the.place, commands))
    assert len({each.number for each in placed}) == 10
    assert sorted(each.plant_outcome or "" for each in placed) == ["build"] * 2 + ["spare-pair"] * 8
    with Session(fresh_engine) as session:
        kept = session.execute(select(Line.pair_id).where(Line.pair_id.is_not(None))).scalars().all()
    assert sorted(pair for pair in kept if pair) == sorted(the.zz.pair_ids)


def test_a_stopped_line_is_started_for_one(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    with transaction(fresh_engine) as session:
        builders.stopped_line(session, the.zz, site=the.zz.gold[0])
    outcomes = [each.plant_outcome for each in pool.map(the.place, [a_provide(the.zz, the.account)] * 2)]
    assert sorted(outcome or "" for outcome in outcomes) == ["restart", "spare-pair"]


def test_two_ceases_of_one_line_are_one(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    with transaction(fresh_engine) as session:
        line = builders.working_line(session, the.zz, the.account)
    with Session(fresh_engine) as first:
        won = place_order(first, a_cease(the.account, line.number), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_cease(the.account, line.number)))
        first.commit()
    with pytest.raises(Conflict, match=won.order_number) as caught:
        second.result(10)
    assert caught.value.code == "CSS207E"


def test_the_same_token_twice_at_once_is_one_order(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    answers = list(pool.map(the.place, [a_provide(the.zz, the.account, token="one")] * 4))
    assert len({answer.order_number for answer in answers}) == 1
    with Session(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(CustomerOrder)).scalar() == 1


def test_one_reference_twice_at_once_is_one_order(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)

    def attempt(site: int) -> str:
        command = a_provide(the.zz, the.account, customer_reference="PO-1", address_key=the.zz.gold[site].address_key)
        try:
            return the.place(command).order_number
        except CssError as refusal:
            return refusal.code

    assert min(pool.map(attempt, range(2))) == "CSS208E"


def test_a_cancel_and_the_completion_at_once_have_one_outcome(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    number = the.place(a_provide(the.zz, the.account)).order_number

    def cancel() -> OrderState:
        with transaction(fresh_engine) as session:
            return cancel_order(session, CancelOrder(order_number=number, reason="No."), by=CLERK, at=AT).state

    with Session(fresh_engine) as first:
        complete_order(first, CompleteOrder(order_number=number, done_on=builders.DAY), by=SYSTEM, at=AT)
        second = the.in_the_background(cancel)
        assert not second.done()
        first.commit()
    with pytest.raises(Refused, match="is completed; it cannot cancel"):
        second.result(10)
    with Session(fresh_engine) as session:
        card = order_card(session, number, by=CLERK)
    assert card.state is OrderState.COMPLETED
    assert [event.sequence for event in card.kci] == [1, 2, 3]


def test_the_night_does_not_roll_the_date_under_an_order(fresh_engine: Engine, pool: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, pool)
    with Session(fresh_engine) as first:
        placed = place_order(first, a_provide(the.zz, the.account), by=CLERK, at=AT)

        def roll() -> date:
            with transaction(fresh_engine) as session:
                return roll_business_date(session, "ZZ", to=builders.DAY + timedelta(days=1))

        second = the.in_the_background(roll)
        assert not second.done()
        first.commit()
    assert second.result(10) == builders.DAY + timedelta(days=1)
    with Session(fresh_engine) as session:
        assert order_card(session, placed.order_number, by=CLERK).placed_on == builders.DAY
        assert order_card(session, placed.order_number, by=CLERK).placed_at == datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
