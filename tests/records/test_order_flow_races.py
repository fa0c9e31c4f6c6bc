"""Two at one order at one moment: over its end, its tasks, its dates and who has it. One outcome, and the other is told which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError
from css.core.words import HalfDay, MissCause, Role
from css.db.engine import transaction
from css.handover import BillableItem
from css.master.appointments import Appointment
from css.master.districts import roll_business_date
from css.master.plant import Pair
from css.master.services import Service
from orders.actions import amend_order, cancel_order, commit_order, complete_task, miss_appointment, place_order, take_order
from orders.commands.orders import (
    AmendOrder,
    CancelOrder,
    CommitOrder,
    CompleteTask,
    MissAppointment,
    OrderChanged,
    PlaceOrder,
    Slot,
    TakeOrder,
)
from orders.queries.cards import OrderCard, order_card
from orders.queries.tasks import order_tasks
from orders.rules.tasks import checks_of
from orders.words import OrderState, TaskKind, TaskState
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR
from tests.race import together
from tests.records.ordering import PROMISED, a_provide

BEA = Actor("operator", "BEA", "RETAIL", frozenset({Role.CLERK.value}), "screen")
NO_RETURN = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)
BEFORE_LAST = (TaskKind.NUMBER, TaskKind.EXCHANGE, TaskKind.FIELD)


@dataclass
class World:
    engine: Engine
    zz: builders.BuiltDistrict
    account: builders.BuiltAccount

    def place(self, **others: object) -> str:
        with transaction(self.engine) as session:
            command: PlaceOrder = a_provide(self.zz, self.account, **others)
            return place_order(session, command, by=CLERK, at=AT).order_number

    def roll(self, day: date) -> None:
        with transaction(self.engine) as session:
            roll_business_date(session, "ZZ", to=day)

    def done(self, number: str, *kinds: TaskKind) -> OrderChanged:
        with transaction(self.engine) as session:
            order_kind = order_card(session, number, by=CLERK).kind
            ticks = {kind: tuple(check.code for check in checks_of(kind, order_kind)) for kind in kinds}
            commands = [CompleteTask(order_number=number, task=kind, checks=ticks[kind], done_on=DAY) for kind in kinds]
            return [complete_task(session, command, by=OPERATOR, at=AT) for command in commands][-1]

    def cancel(self, number: str, at: datetime) -> OrderChanged:
        with transaction(self.engine) as session:
            return cancel_order(session, CancelOrder(order_number=number, reason="No."), by=CLERK, at=at)

    def card(self, number: str) -> OrderCard:
        with Session(self.engine) as session:
            return order_card(session, number, by=CLERK)

    def count(self, table: type) -> int:
        with Session(self.engine) as session:
            return session.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def the(fresh_engine: Engine) -> World:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        return World(fresh_engine, zz, builders.account(session, zz))


def codes(outcomes: list[object]) -> list[str]:
    return [outcome.code for outcome in outcomes if isinstance(outcome, CssError)]


def race(*deeds: Callable[[], object]) -> list[object]:
    outcomes: list[object] = list(together(*deeds))
    unexpected = [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, CssError)]
    assert not unexpected, "a race is decided, not broken"
    return outcomes


def test_a_cancel_racing_the_point_of_no_return_has_one_outcome(the: World) -> None:
    number = the.place()
    the.roll(date(2026, 3, 6))
    instants = [NO_RETURN - timedelta(microseconds=1), NO_RETURN, NO_RETURN - timedelta(microseconds=1), NO_RETURN]
    outcomes = race(*(lambda at=at: the.cancel(number, at) for at in instants))
    assert len([one for one in outcomes if isinstance(one, OrderChanged)]) == 1
    assert set(codes(outcomes)) <= {"CSS205E", "CSS206E"}
    card = the.card(number)
    assert card.state is OrderState.CANCELLED
    assert [event.sequence for event in card.kci] == [1, 2, 3]
    assert the.count(BillableItem) == 1


def test_a_cancel_and_a_later_date_that_moves_the_point_of_no_return_follow_each_other(the: World) -> None:
    number = the.place()
    the.roll(date(2026, 3, 9))

    def move() -> object:
        with transaction(the.engine) as session:
            command = AmendOrder(order_number=number, required_on=date(2026, 3, 20), reason_code="NETWORK_ISSUE")
            return amend_order(session, command, by=CLERK, at=NO_RETURN)

    moved, cancelled = race(move, lambda: the.cancel(number, NO_RETURN))
    assert isinstance(moved, OrderChanged)
    card = the.card(number)
    if isinstance(cancelled, OrderChanged):
        assert card.state is OrderState.CANCELLED
    else:
        assert (codes([cancelled]), card.state) == (["CSS206E"], OrderState.COMMITTED)
    assert [event.sequence for event in card.kci] == list(range(1, len(card.kci) + 1))


def test_a_cancel_and_the_last_task_at_once_have_one_outcome(the: World) -> None:
    number = the.place()
    the.done(number, *BEFORE_LAST, TaskKind.DIRECTORY)
    done, cancelled = race(lambda: the.done(number, TaskKind.EMERGENCY), lambda: the.cancel(number, AT))
    card = the.card(number)
    assert isinstance(done, OrderChanged) is not isinstance(cancelled, OrderChanged)
    if isinstance(done, OrderChanged):
        assert (card.state, codes([cancelled]), the.count(Service)) == (OrderState.COMPLETED, ["CSS205E"], 1)
    else:
        assert (card.state, codes([done]), the.count(Service)) == (OrderState.CANCELLED, ["CSS290E"], 0)
    assert [event.sequence for event in card.kci] == [1, 2, 3]


def test_the_last_task_told_twice_at_once_completes_the_order_once(the: World) -> None:
    number = the.place()
    the.done(number, *BEFORE_LAST, TaskKind.DIRECTORY)
    outcomes = race(*[lambda: the.done(number, TaskKind.EMERGENCY)] * 3)
    assert sorted(codes(outcomes)) == ["CSS290E", "CSS290E"]
    assert the.card(number).state is OrderState.COMPLETED
    assert (the.count(Service), the.count(BillableItem)) == (1, 1)
    assert [event.sequence for event in the.card(number).kci] == [1, 2, 3]


def test_two_different_tasks_at_once_are_both_done_and_the_later_completes(the: World) -> None:
    number = the.place()
    the.done(number, *BEFORE_LAST)
    outcomes = race(lambda: the.done(number, TaskKind.DIRECTORY), lambda: the.done(number, TaskKind.EMERGENCY))
    assert sorted(one.state for one in outcomes if isinstance(one, OrderChanged)) == [OrderState.COMMITTED, OrderState.COMPLETED]
    with Session(the.engine) as session:
        assert {task.state for task in order_tasks(session, number, by=CLERK)} == {TaskState.DONE}
    assert the.count(Service) == 1


def test_two_who_amend_at_once_and_one_is_told_both_values(the: World) -> None:
    number = the.place()

    def amend(day: int, name: str) -> object:
        with transaction(the.engine) as session:
            command = AmendOrder(order_number=number, required_on=date(2026, 3, day), contact_name=name, row_version=1)
            return amend_order(session, command, by=CLERK, at=AT)

    first, second = race(lambda: amend(12, "Bea"), lambda: amend(20, "Cy"))
    won, lost = (first, second) if isinstance(first, OrderChanged) else (second, first)
    assert isinstance(won, OrderChanged)
    assert codes([lost]) == ["CSS750E"]
    told, wanted = ("Bea", "Cy") if won is first else ("Cy", "Bea")
    assert f"Contact: was Ada Tansley, is {told} now, you want {wanted}." in str(lost)
    assert the.card(number).contact_name == told


def test_two_who_take_an_order_at_once_and_one_is_told_who_has_it(the: World) -> None:
    number = the.place()

    def take(by: Actor) -> object:
        with transaction(the.engine) as session:
            return take_order(session, TakeOrder(order_number=number), by=by, at=AT)

    outcomes = race(lambda: take(BEA), lambda: take(CLERK))
    assert codes(outcomes) == ["CSS752E"]
    owner = the.card(number).owner
    assert any(str(owner) in str(one) for one in outcomes if isinstance(one, CssError))


def test_a_survey_committed_twice_at_once_is_promised_once(the: World) -> None:
    number = the.place(address_key=the.zz.silver.address_key, required_on=date(2026, 3, 23))

    def commit(day: int) -> object:
        with transaction(the.engine) as session:
            command = CommitOrder(order_number=number, committed_on=date(2026, 3, day), distribution_point="C1/DP1")
            return commit_order(session, command, by=OPERATOR, at=AT)

    outcomes = race(lambda: commit(23), lambda: commit(24))
    assert codes(outcomes) == ["CSS205E"]
    card = the.card(number)
    assert len(card.kci) == 2
    assert card.committed_on == next(one.committed_on for one in outcomes if isinstance(one, OrderChanged))


def test_two_orders_built_at_one_point_at_once_have_a_pair_each(the: World) -> None:
    with transaction(the.engine) as session:
        session.execute(delete(Pair))
    numbers = [the.place(address_key=the.zz.gold[n].address_key, required_on=date(2026, 3, 23)) for n in range(2)]
    for number in numbers:
        with transaction(the.engine) as session:
            commit_order(session, CommitOrder(order_number=number, committed_on=date(2026, 3, 23)), by=OPERATOR, at=AT)
    outcomes = race(*(lambda number=number: the.done(number, TaskKind.PLANT) for number in numbers))
    assert all(isinstance(one, OrderChanged) for one in outcomes)
    with Session(the.engine) as session:
        assert sorted(session.execute(select(Pair.pair_number)).scalars()) == [1, 2]


def test_a_miss_and_another_slot_at_once_leave_one_slot_that_counts(the: World) -> None:
    number = the.place(appointment=Slot(slot_on=date(2026, 3, 4), half_day=HalfDay.AM))
    the.roll(date(2026, 3, 4))
    after = datetime(2026, 3, 4, 14, tzinfo=UTC)

    def miss() -> object:
        with transaction(the.engine) as session:
            return miss_appointment(session, MissAppointment(order_number=number, cause=MissCause.NO_SHOW), by=OPERATOR, at=after)

    def move() -> object:
        with transaction(the.engine) as session:
            command = AmendOrder(order_number=number, appointment=Slot(slot_on=date(2026, 3, 6), half_day=HalfDay.PM), row_version=1)
            return amend_order(session, command, by=CLERK, at=after)

    outcomes = race(miss, move)
    assert codes(outcomes) in (["CSS750E"], ["CSS751E"])
    assert the.card(number).committed_on == PROMISED
    with Session(the.engine) as session:
        states = sorted(session.execute(select(Appointment.state)).scalars())
    assert states in (["missed"], ["booked", "cancelled"])
