"""Two people at one moment over one line: both want it, one gives it up, one stops it, one is done. Exactly one thing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from time import sleep
from typing import TypeVar

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import Conflict, CssError, Refused
from css.db.engine import transaction
from css.master.districts import roll_business_date
from css.master.services import Service
from orders.actions import cancel_order, cancel_other, complete_order, place_order
from orders.commands.orders import CancelOrder, CancelOther, CompleteOrder, OrderPlaced, PlaceOrder
from orders.model import CustomerOrder
from orders.words import CancelOtherReason, OrderState
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR, SYSTEM, BuiltAccount, BuiltDistrict, BuiltLine
from tests.race import in_the_background
from tests.records.gaining import (
    OTHER,
    OTHER_ACTOR,
    TAKEN,
    a_start,
    a_takeover,
    a_transfer,
    cease_of,
    kinds_of,
    other_partner,
    outbox_of,
    partners_account,
    plant_of,
    services_on,
    state_of,
)
from tests.records.ordering import a_cease

T = TypeVar("T")
THAT_DAY = datetime.combine(TAKEN, AT.timetz())


@dataclass
class World:
    engine: Engine
    zz: BuiltDistrict
    line: BuiltLine
    """A partner's."""
    mover: BuiltAccount
    other: BuiltAccount
    pool: ThreadPoolExecutor

    def place(self, command: PlaceOrder, by: Actor = CLERK, at: datetime = AT) -> OrderPlaced:
        with transaction(self.engine) as session:
            return place_order(session, command, by=by, at=at)

    def stop(self, cease: str) -> OrderState:
        with transaction(self.engine) as session:
            command = CancelOther(order_number=cease, reason=CancelOtherReason.NOT_MOVING)
            return cancel_other(session, command, by=PARTNER_ACTOR, at=AT).state

    def give_up(self, order: str) -> OrderState:
        with transaction(self.engine) as session:
            return cancel_order(session, CancelOrder(order_number=order, reason="No."), by=CLERK, at=AT).state

    def until(self, day: date) -> None:
        with transaction(self.engine) as session:
            roll_business_date(session, "ZZ", to=day)

    def in_the_background(self, deed: Callable[[], T]) -> Future[T]:
        return in_the_background(self.engine, self.pool, deed)


@pytest.fixture
def the(fresh_engine: Engine) -> Iterator[World]:
    with ThreadPoolExecutor(8) as pool:
        with transaction(fresh_engine) as session:
            zz = builders.district(session)
            line = builders.working_line(session, zz, partners_account(session, zz))
            world = World(fresh_engine, zz, line, builders.account(session, zz), builders.account(session, zz), pool)
        yield world


def one_live_line(the: World) -> BuiltAccount | int:
    """Whose the line is, after checking that one main service works on it and has its number."""
    with Session(the.engine) as session:
        live = [each for each in services_on(session, the.line.id) if each.ends_on is None]
        assert len(live) == 1
        assert plant_of(session, the.line.id)[2] == live[0].account_id
        return live[0].account_id


def test_two_takeovers_of_one_line_are_one(the: World) -> None:
    with Session(the.engine) as first:
        won = place_order(first, a_takeover(the.mover, the.line.site), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_takeover(the.other, the.line.site)))
        assert not second.done()
        first.commit()
    with pytest.raises(Conflict, match="is open on the line already") as caught:
        second.result(10)
    assert caught.value.code == "CSS207E"
    with Session(the.engine) as session:
        assert session.execute(select(func.count()).select_from(CustomerOrder)).scalar() == 2
        assert kinds_of(session, cease_of(session, won.order_number)) == ["CREATED"]


def test_many_at_once_are_one(the: World) -> None:
    def attempt(n: int) -> str:
        try:
            return the.place(a_takeover(the.mover if n % 2 else the.other, the.line.site, token=f"t{n}")).order_number
        except CssError as refusal:
            return refusal.code

    answers = list(the.pool.map(attempt, range(8)))
    assert sorted(answers)[:7] == ["CSS207E"] * 7


def test_a_takeover_and_the_losers_own_cease_are_one(the: World) -> None:
    with Session(the.engine) as first:
        place_order(first, a_takeover(the.mover, the.line.site), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_cease(the.line.account, the.line.number), PARTNER_ACTOR))
        assert not second.done()
        first.commit()
    with pytest.raises(Conflict) as caught:
        second.result(10)
    assert caught.value.code == "CSS207E"


def test_the_losers_own_cease_and_a_takeover_are_one(the: World) -> None:
    with Session(the.engine) as first:
        place_order(first, a_cease(the.line.account, the.line.number), by=PARTNER_ACTOR, at=AT)
        second = the.in_the_background(lambda: the.place(a_takeover(the.mover, the.line.site)))
        assert not second.done()
        first.commit()
    with pytest.raises(Conflict) as caught:
        second.result(10)
    assert caught.value.code == "CSS207E"


def test_a_takeover_that_waited_for_a_cease_to_be_done_finds_no_line(the: World) -> None:
    cease = the.place(a_cease(the.line.account, the.line.number)).order_number
    with Session(the.engine) as first:
        complete_order(first, CompleteOrder(order_number=cease, done_on=builders.DAY), by=SYSTEM, at=AT)
        second = the.in_the_background(lambda: the.place(a_takeover(the.mover, the.line.site)))
        assert not second.done()
        first.commit()
    with pytest.raises(CssError, match="There is no working line at the address") as caught:
        second.result(10)
    assert caught.value.code == "CSS258E"


def test_who_waited_for_a_takeover_to_be_done_meets_the_new_owner(the: World) -> None:
    """A cease of the old owner's finds the line gone; a second takeover is from whom it belongs to by then."""
    taker = the.place(a_takeover(the.mover, the.line.site)).order_number
    the.until(TAKEN)
    with Session(the.engine) as first:
        complete_order(first, CompleteOrder(order_number=taker, done_on=TAKEN), by=SYSTEM, at=THAT_DAY)
        late = a_cease(the.line.account, the.line.number, required_on=date(2026, 3, 11))
        ceasing = the.in_the_background(lambda: the.place(late, PARTNER_ACTOR, THAT_DAY))
        again = a_takeover(the.other, the.line.site, required_on=date(2026, 3, 16))
        taking = the.pool.submit(the.place, again, CLERK, THAT_DAY)
        sleep(0.2)
        assert not ceasing.done()
        first.commit()
    with pytest.raises(CssError) as caught:
        ceasing.result(10)
    assert caught.value.code == "CSS230E"
    placed = taking.result(10)
    with Session(the.engine) as session:
        cease = cease_of(session, placed.order_number)
        owner = session.execute(select(CustomerOrder.account_id).where(CustomerOrder.number == cease)).scalar_one()
    assert owner == the.mover.id == one_live_line(the)


def test_the_end_of_the_taking_and_its_stopping_at_once_have_one_outcome(the: World) -> None:
    taker = the.place(a_takeover(the.mover, the.line.site)).order_number
    with Session(the.engine) as session:
        cease = cease_of(session, taker)
    with Session(the.engine) as first:
        complete_order(first, CompleteOrder(order_number=taker, done_on=builders.DAY), by=SYSTEM, at=AT)
        stopping, giving_up = the.in_the_background(lambda: the.stop(cease)), the.pool.submit(the.give_up, taker)
        sleep(0.2)
        assert not stopping.done()
        first.commit()
    for late in (stopping, giving_up):
        with pytest.raises(Refused) as caught:
            late.result(10)
        assert caught.value.code == "CSS205E"
    assert one_live_line(the) == the.mover.id
    with Session(the.engine) as session:
        assert kinds_of(session, cease) == ["CREATED", "COMPLETED"]
        assert kinds_of(session, taker) == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]


def test_the_stopping_and_the_end_of_the_taking_at_once_have_one_outcome(the: World) -> None:
    taker = the.place(a_takeover(the.mover, the.line.site)).order_number

    def done() -> OrderState:
        with transaction(the.engine) as session:
            return complete_order(session, CompleteOrder(order_number=taker, done_on=builders.DAY), by=SYSTEM, at=AT).state

    with Session(the.engine) as first:
        cease = cease_of(first, taker)
        cancel_other(first, CancelOther(order_number=cease, reason=CancelOtherReason.WRONG_LINE), by=PARTNER_ACTOR, at=AT)
        completing, giving_up = the.in_the_background(done), the.pool.submit(the.give_up, taker)
        sleep(0.2)
        assert not completing.done()
        first.commit()
    for late in (completing, giving_up):
        with pytest.raises(Refused) as caught:
            late.result(10)
        assert caught.value.code == "CSS205E"
    assert one_live_line(the) == the.line.account.id
    with Session(the.engine) as session:
        assert (state_of(session, taker), state_of(session, cease)) == (OrderState.TERMINATED, OrderState.CANCELLED)
        assert kinds_of(session, cease) == ["CREATED", "CANCELLED"]


def test_both_sides_give_up_at_once(the: World) -> None:
    taker = the.place(a_takeover(the.mover, the.line.site)).order_number
    with Session(the.engine) as session:
        cease = cease_of(session, taker)

    def attempt(n: int) -> str:
        try:
            return (the.stop(cease) if n % 2 else the.give_up(taker)).value
        except CssError as refusal:
            return refusal.code

    answers = list(the.pool.map(attempt, range(6)))
    assert sorted(answers)[:5] == ["CSS205E"] * 5
    with Session(the.engine) as session:
        assert kinds_of(session, cease) == ["CREATED", "CANCELLED"]
        assert len(kinds_of(session, taker)) == 3


def test_a_stopped_line_is_started_for_one(the: World) -> None:
    with transaction(the.engine) as session:
        site = the.zz.gold[2]
        builders.stopped_line(session, the.zz, site=site)
    with Session(the.engine) as first:
        place_order(first, a_start(the.zz, the.mover, address_key=site.address_key), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_start(the.zz, the.other, address_key=site.address_key)))
        assert not second.done()
        first.commit()
    with pytest.raises(CssError) as caught:
        second.result(10)
    assert caught.value.code == "CSS257E"


def test_a_start_whose_rival_gives_up_has_the_line(the: World) -> None:
    with transaction(the.engine) as session:
        site = the.zz.gold[2]
        line_id = builders.stopped_line(session, the.zz, site=site)
    with Session(the.engine) as first:
        place_order(first, a_start(the.zz, the.mover, address_key=site.address_key), by=CLERK, at=AT)
        second = the.in_the_background(lambda: the.place(a_start(the.zz, the.other, address_key=site.address_key)))
        first.rollback()
    placed = second.result(10)
    with Session(the.engine) as session:
        assert session.execute(select(CustomerOrder.line_id).where(CustomerOrder.number == placed.order_number)).scalar() == line_id


def test_partners_who_take_each_others_lines_do_not_wait_for_each_other_for_ever(the: World) -> None:
    """Each deed tells both partners; the counters of their outboxes are locked in one order."""
    with transaction(the.engine) as session:
        other_partner(session)
        sites = builders.district(session, "YY", pairs=20)
        accounts = {code: partners_account(session, sites, code) for code in ("BRACKWAT", OTHER)}
        lines = [builders.working_line(session, sites, accounts["BRACKWAT" if n % 2 else OTHER], site=sites.gold[n % 4]) for n in range(12)]

    def take(n: int) -> str:
        code, by = (OTHER, OTHER_ACTOR) if n % 2 else ("BRACKWAT", PARTNER_ACTOR)
        order = the.place(a_transfer(accounts[code], lines[n]), by).order_number
        with transaction(the.engine) as session:
            complete_order(session, CompleteOrder(order_number=order, done_on=builders.DAY), by=SYSTEM, at=AT)
        return order

    assert len(set(the.pool.map(take, range(12)))) == 12
    with Session(the.engine) as session:
        for code in ("BRACKWAT", OTHER):
            told = [message["Kind"] for message in outbox_of(session, code)]
            assert {kind: told.count(kind) for kind in set(told)} == {"ACKNOWLEDGED": 6, "COMMITTED": 6, "CREATED": 6, "COMPLETED": 12}
        assert session.execute(select(func.count()).select_from(Service).where(Service.ends_on.is_(None))).scalar() == 13
