"""Two who want a number at one moment: to reserve it, to order by it, to bring it in, the last of an exchange. One has it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.errors import Conflict, CssError, Refused
from css.db.engine import transaction
from orders.actions.reserve import PARTNER_RESERVATIONS_MAX
from orders.commands.numbers import NumberReserved
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR
from tests.records.numbering import a_new_line, a_port_in, a_renumber, release, reserve
from tests.records.ordering import a_provide, place
from tests.records.test_order_races import World, world

WANTED = "441632960777"


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def _reserve(the: World, number: str | None = WANTED) -> NumberReserved:
    with transaction(the.engine) as session:
        return reserve(session, the.zz, number, by=PARTNER_ACTOR)


def test_of_two_who_reserve_a_number_the_second_is_told(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with Session(fresh_engine) as first:
        reserve(first, the.zz, WANTED)
        second = the.in_the_background(lambda: _reserve(the))
        assert not second.done()
        first.commit()
    with pytest.raises(Refused) as caught:
        second.result(10)
    assert caught.value.code == "CSS262E"


def test_the_second_has_it_when_the_first_lets_go(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with Session(fresh_engine) as first:
        reserve(first, the.zz, WANTED)
        second = the.in_the_background(lambda: _reserve(the))
        first.rollback()
    assert second.result(10).number == WANTED


def test_an_order_and_a_reservation_for_one_number(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with Session(fresh_engine) as first:
        place(first, a_provide(the.zz, the.account, number=WANTED))
        second = the.in_the_background(lambda: _reserve(the))
        assert not second.done()
        first.commit()
    with pytest.raises(Refused) as caught:
        second.result(10)
    assert caught.value.code == "CSS226E"


def test_a_reservation_and_an_order_for_one_number(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with Session(fresh_engine) as first:
        reserve(first, the.zz, WANTED, by=PARTNER_ACTOR)
        second = the.in_the_background(lambda: the.place(a_provide(the.zz, the.account, number=WANTED)))
        assert not second.done()
        first.commit()
    with pytest.raises(Refused) as caught:
        second.result(10)
    assert caught.value.code == "CSS262E"


def test_who_reserved_it_orders_by_it_while_another_asks(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with transaction(fresh_engine) as session:
        reserve(session, the.zz, WANTED)
    with Session(fresh_engine) as first:
        place(first, a_provide(the.zz, the.account, number=WANTED))
        second = the.in_the_background(lambda: _reserve(the))
        first.commit()
    with pytest.raises(Refused) as caught:
        second.result(10)
    assert caught.value.code == "CSS226E"


def test_those_who_leave_the_choice_open_pass_over_what_is_being_taken(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with Session(fresh_engine) as first:
        one = reserve(first, the.zz)
        two = workers.submit(_reserve, the, None).result(10)
        three = workers.submit(the.place, a_provide(the.zz, the.account)).result(10)
        first.commit()
    assert (one.number, two.number, three.number) == ("441632960000", "441632960001", "441632960002")


def test_the_last_free_number_goes_to_one_of_many(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers, pairs=8)
    with transaction(fresh_engine) as session:
        lines = [builders.working_line(session, the.zz, the.account, number=f"44163296000{n}") for n in range(4)]
        session.execute(text("UPDATE css.number_block SET last_number = '441632960004'"))

    def attempt(n: int) -> str:
        try:
            if n % 2:
                return _reserve(the, None).number
            with transaction(fresh_engine) as session:
                return str(place(session, a_renumber(the.account, lines[n // 2].number)).number)
        except CssError as refusal:
            return refusal.code

    answers = sorted(workers.map(attempt, range(8)))
    assert answers == ["441632960004", *["CSS229E"] * 7]


def test_a_number_is_brought_in_once(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with Session(fresh_engine) as first:
        place(first, a_port_in(the.account, **a_new_line(the.zz)))
        second = the.in_the_background(lambda: the.place(a_port_in(the.account, **a_new_line(the.zz, site=1))))
        assert not second.done()
        first.commit()
    with pytest.raises(Refused) as caught:
        second.result(10)
    assert caught.value.code == "CSS226E"


def test_a_release_and_an_order_at_once_leave_no_reservation(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with transaction(fresh_engine) as session:
        reserve(session, the.zz, WANTED)

    def let_go() -> str:
        try:
            with transaction(fresh_engine) as session:
                return release(session, WANTED).number
        except CssError as refusal:
            return refusal.code

    with Session(fresh_engine) as first:
        placed = place(first, a_provide(the.zz, the.account, number=WANTED), by=CLERK)
        second = the.in_the_background(let_go)
        assert not second.done()
        first.commit()
    assert second.result(10) == "CSS268E"
    with fresh_engine.connect() as connection:
        row = connection.execute(text("SELECT order_number, ends_at FROM css.number_reservation")).one()
    assert (row.order_number, row.ends_at) == (placed.order_number, AT)


def test_whoever_writes_past_the_rules_is_stopped_by_the_database(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    with transaction(fresh_engine) as session:
        reserve(session, the.zz, WANTED)
        session.execute(text("UPDATE css.number_reservation SET starts_at = starts_at + interval '1 hour'"))
    with pytest.raises(Conflict) as caught:
        _reserve(the)
    assert caught.value.code == "CSS231E"


def test_a_partner_who_asks_from_all_sides_at_once_keeps_no_more_than_it_may(fresh_engine: Engine, workers: ThreadPoolExecutor) -> None:
    the = world(fresh_engine, workers)
    for _ in range(PARTNER_RESERVATIONS_MAX - 1):
        _reserve(the, None)
    with Session(fresh_engine) as first:
        reserve(first, the.zz, None, by=PARTNER_ACTOR)
        second = the.in_the_background(lambda: _reserve(the, None))
        first.commit()
    with pytest.raises(Refused) as caught:
        second.result(10)
    assert caught.value.code == "CSS269E"
