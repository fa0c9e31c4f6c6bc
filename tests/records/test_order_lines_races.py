"""Several at one moment over the last pairs of a distribution point: none is promised twice, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.db.engine import transaction
from css.master.lines import Line
from orders.actions import place_order
from orders.commands.orders import OrderPlaced, PlaceOrder
from orders.model import CustomerOrder
from orders.words import PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, BuiltDistrict
from tests.race import together
from tests.records.ordering import a_provide, complete
from tests.records.places import a_firm, a_move, lines_of

FAR = date(2026, 3, 30)
"""Late enough even for building."""


def placing(engine: Engine, command: PlaceOrder) -> Callable[[], OrderPlaced]:
    def place() -> OrderPlaced:
        with transaction(engine) as session:
            return place_order(session, command, by=CLERK, at=AT)

    return place


def two_installations(engine: Engine, *, pairs: int) -> tuple[BuiltDistrict, PlaceOrder, PlaceOrder]:
    with transaction(engine) as session:
        zz = builders.district(session, pairs=pairs)
        firm = a_firm(session, zz)
        one, other = builders.working_line(session, zz, firm), builders.working_line(session, zz, firm)
        return zz, lines_of(firm, one.number, 4, required_on=FAR), lines_of(firm, other.number, 4, required_on=FAR)


def pairs_kept_twice(engine: Engine) -> int:
    with Session(engine) as session:
        living = select(Line.pair_id).where(Line.ends_on.is_(None), Line.pair_id.is_not(None))
        kept = list(session.execute(living).scalars())
        return len(kept) - len(set(kept))


@pytest.mark.parametrize("pairs", [5, 7, 8])
def test_two_orders_for_the_last_pairs_are_never_promised_the_same(fresh_engine: Engine, pairs: int) -> None:
    _, one, other = two_installations(fresh_engine, pairs=pairs)
    answers = together(placing(fresh_engine, one), placing(fresh_engine, other))
    outcomes = sorted(answer.plant_outcome for answer in answers if isinstance(answer, OrderPlaced) and answer.plant_outcome)
    wanted = [PlantOutcome.SPARE_PAIR] * 2 if pairs == 8 else [PlantOutcome.BUILD, PlantOutcome.SPARE_PAIR]
    assert outcomes == sorted(wanted), answers
    assert pairs_kept_twice(fresh_engine) == 0


def test_who_wants_several_waits_for_who_takes_one(fresh_engine: Engine) -> None:
    zz, one, _ = two_installations(fresh_engine, pairs=5)
    with transaction(fresh_engine) as session:
        home = builders.account(session, zz)
    with Session(fresh_engine) as first:
        place_order(first, a_provide(zz, home, address_key=zz.gold[2].address_key), by=CLERK, at=AT)
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(placing(fresh_engine, one))
            done, _ = wait([second], timeout=0.5)
            assert not done, "it waits for the pair that is being taken"
            first.commit()
            placed = second.result(20)
    assert placed.plant_outcome is PlantOutcome.BUILD, "three were spare, and one of them went"
    assert pairs_kept_twice(fresh_engine) == 0


def test_installations_that_move_at_one_moment_do_not_wait_for_each_other_for_ever(fresh_engine: Engine) -> None:
    zz, one, other = two_installations(fresh_engine, pairs=20)
    for command in (one, other):
        placing(fresh_engine, command)()
    with transaction(fresh_engine) as session:
        for number in session.execute(select(CustomerOrder.number).order_by(CustomerOrder.id)).scalars().all():
            complete(session, number, FAR)
        account = builders.built_account(session, one.account_number, "")
    later = date(2026, 4, 20)
    moves = [
        a_move(account, str(command.number), zz.gold[n], required_on=later, token=f"move {n}")
        for n, command in enumerate((one, other), start=2)
    ]
    answers = together(*(placing(fresh_engine, command) for command in moves))
    assert [getattr(answer, "plant_outcome", answer) for answer in answers] == [PlantOutcome.SPARE_PAIR] * 2
    assert pairs_kept_twice(fresh_engine) == 0
    with Session(fresh_engine) as session:
        planned = session.execute(select(func.count()).select_from(Line).where(Line.state == "planned")).scalar_one()
    assert planned == 8
