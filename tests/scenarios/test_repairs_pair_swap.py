"""A fault cleared by moving the line to a spare pair, and an order that takes the vacated pair once it is mended. Told up to the bills.

In Larkspur Close there are three pairs: Mrs Tansley is on the first, a neighbour on the second, the third is spare. On Monday 1 June
2026 the first is broken in the cable. On Thursday the 4th the line is moved to the third, late: 10.34 for Wednesday. Until the first
is mended nobody can be promised a line without building.

Bills are made on 1 July. Per month before VAT: residential line 1950; a connection is 12500.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from css.core.errors import CssError
from css.core.words import DirectoryEntryKind, PairState, PlantCondition, PlantElement
from css.db.engine import transaction
from css.master.cards import line_card
from css.master.lines import Line
from css.master.plant import Pair
from orders.actions import cancel_order, complete_order, place_order
from orders.commands.orders import CancelOrder, CompleteOrder, OrderPlaced, PlaceOrder
from orders.words import OrderKind, PlantOutcome
from repairs.actions import break_plant, mend_plant, reject_clear
from repairs.actions import test_line as have_tested
from repairs.commands.faults import RejectClear
from repairs.commands.testing import BreakPlant, LineTested, MendPlant, TestLine
from repairs.queries.cards import fault_card
from repairs.queries.pairs import pair_changes
from repairs.queries.testing import tests_of_line
from repairs.words import TestOutcome
from tests import builders
from tests.scenarios.nights import bill_lines, nights_through
from tests.scenarios.repair_days import (
    OPERATOR,
    Village,
    assert_sound,
    billed,
    cleared,
    credited_days,
    do,
    explained,
    given,
    instant,
    noted,
    reported,
    village,
)

BILL = date(2026, 7, 1)
PAIR_1: dict[str, Any] = {
    "district_code": "ZZ",
    "exchange_code": "WREN",
    "cabinet_code": "C1",
    "distribution_point_code": "DP1",
    "pair_number": 1,
}


def june(day: int) -> date:
    return date(2026, 6, day)


def measured(engine: Engine, line: builders.BuiltLine, day: int, hour: int, *, fault_number: str | None = None) -> LineTested:
    return do(engine, have_tested, TestLine(number=line.number, fault_number=fault_number), instant(june(day), hour))


def pair_states(engine: Engine, zz: builders.BuiltDistrict) -> list[PairState]:
    with transaction(engine) as session:
        return list(session.execute(select(Pair.state).where(Pair.id.in_(zz.pair_ids)).order_by(Pair.pair_number)).scalars())


def ordered(engine: Engine, town: Village, account: builders.BuiltAccount, day: int, required_on: date) -> OrderPlaced:
    """A line to the house that has none."""
    command = PlaceOrder(
        kind=OrderKind.PROVIDE,
        account_number=account.number,
        product_codes=("LINE-RES",),
        address_key=town.zz.gold[2].address_key,
        required_on=required_on,
        contact_name="Mr Beck",
        contact_phone="07700 900456",
        directory_kind=DirectoryEntryKind.ORDINARY,
        directory_name="Beck B",
        emergency_name="Bertram Beck",
    )
    return do(engine, place_order, command, instant(june(day), 10))


@pytest.mark.timeout(240)
def test_a_pair_swap_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    town = village(engine, june(1), dict.fromkeys(("home", "home neighbour")), pairs=3)
    zz, line = town.zz, town.lines["home"]
    with transaction(engine) as session:
        newcomer = builders.account(session, zz)

    # Monday: the first pair breaks; the line is dead and the test sees it. Due on Wednesday at 23:59.
    broken = BreakPlant(element=PlantElement.PAIR, condition=PlantCondition.BATTERY, words="Water in the joint.", **PAIR_1)
    do(engine, break_plant, broken, instant(june(1), 8))
    fault = reported(engine, line, instant(june(1), 9))
    number = fault.fault_number
    assert fault.due_at == instant(june(3), 23, 59)
    before = measured(engine, line, 1, 10, fault_number=number)
    assert before.outcome is TestOutcome.FAIL
    assert before.diagnosis is not None
    assert "Battery contact" in before.diagnosis
    nights_through(engine, zz.code, june(1), june(3), tmp_path)

    # Thursday: not to the neighbour's pair, but to the third. The line tests right, though the first pair is as broken as it was.
    with pytest.raises(CssError) as refused:
        cleared(engine, number, "DS", instant(june(4), 11), pair_number=2)
    assert refused.value.code == "CSS348E"
    assert cleared(engine, number, "DS", instant(june(4), 11), pair_number=3).was_late
    assert pair_states(engine, zz) == [PairState.FAULTY, PairState.WORKING, PairState.WORKING]
    assert measured(engine, line, 4, 12).outcome is TestOutcome.PASS
    assert_recorded(engine, line, number)
    # Wednesday is the second working day and was dead at 23:59: 10.34.
    told = explained(engine, number, instant(june(4), 13))
    assert credited_days(told) == {june(3): 1034}
    assert any("moved from pair 1 to pair 3" in event for event in story(engine, number))

    # Somebody orders a line for the house that has none: no pair is spare, one must be built. They would rather wait.
    build = ordered(engine, town, newcomer, 4, june(30))
    assert build.plant_outcome is PlantOutcome.BUILD
    do(engine, cancel_order, CancelOrder(order_number=build.order_number, reason="Too long."), instant(june(4), 14))
    nights_through(engine, zz.code, june(4), june(4), tmp_path)

    # Friday: the joint is dried, the pair is spare again, and the order takes it: five working days, Friday the 12th.
    do(engine, mend_plant, MendPlant(element=PlantElement.PAIR, **PAIR_1), instant(june(5), 9))
    assert pair_states(engine, zz) == [PairState.SPARE, PairState.WORKING, PairState.WORKING]
    order = ordered(engine, town, newcomer, 5, june(12))
    assert (order.plant_outcome, order.committed_on) == (PlantOutcome.SPARE_PAIR, june(12))
    # Mrs Tansley says on the same day that it crackles: the same fault goes on, and nothing can take the first pair from the order.
    do(engine, reject_clear, RejectClear(fault_number=number, reason="It crackles."), instant(june(5), 11))
    with pytest.raises(CssError) as kept:
        cleared(engine, number, "DS", instant(june(5), 12), pair_number=1)
    assert (kept.value.code, "kept for another line" in kept.value.text) == ("CSS348E", True)
    # It was never mended, so it was dead on Thursday at 23:59 as well: one day more, and Wednesday not again.
    cleared(engine, number, "NTE", instant(june(5), 15))
    assert credited_days(explained(engine, number, instant(june(5), 16))) == {june(3): 1034, june(4): 1034}
    nights_through(engine, zz.code, june(5), june(11), tmp_path)
    do(engine, complete_order, CompleteOrder(order_number=order.order_number, done_on=june(12)), instant(june(12), 15))
    assert pair_states(engine, zz) == [PairState.WORKING] * 3
    with transaction(engine) as session:
        payers = session.execute(select(Line.account_id).where(Line.pair_id == zz.pair_ids[0])).scalars().all()
        assert newcomer.id in payers
        assert session.get_one(Line, line.id).pair_id == zz.pair_ids[2]

    nights_through(engine, zz.code, june(12), BILL, tmp_path)
    assert_billed(engine, town, newcomer, number)
    assert_sound(engine, zz.code)


def assert_billed(engine: Engine, town: Village, newcomer: builders.BuiltAccount, number: str) -> None:
    # Mrs Tansley: June and July, 1950 each: net 3900, VAT 780, together 4680; less 2 x 1034: 2612.
    # The newcomer: 12 June to 1 July are 19 of 30 days, 1950 x 19/30 = 1235; July 1950; the connection 12500: net 15685, VAT 3137,
    # together 18822.
    assert billed(engine, town.account("home")) == {BILL: (3900, 780, -2068, 2612)}
    assert billed(engine, town.account("home neighbour")) == {BILL: (3900, 780, 0, 4680)}
    assert billed(engine, newcomer.number) == {BILL: (15685, 3137, 0, 18822)}
    assert bill_lines(engine, newcomer.number)[BILL] == [("one-off", 12500), ("part-period", 1235), ("rental", 1950)]
    assert noted(engine, town.account("home"), BILL) == [
        f"Delayed repair, 1 day at £10.34, {number}, GBP -10.34",
        f"Delayed repair, 1 more day at £10.34, {number}, GBP -10.34",
    ]
    assert given(engine, newcomer.number) == []
    told = explained(engine, number, instant(BILL, 9))
    assert {promise.bill_words for promise in told.promises} == {f"It is credited on bill {told.promises[0].bill_number}."}


def story(engine: Engine, number: str) -> list[str]:
    """What a fault's events say."""
    with transaction(engine) as session:
        return [event.words for event in fault_card(session, number, by=OPERATOR).events]


def assert_recorded(engine: Engine, line: builders.BuiltLine, number: str) -> None:
    """The line record: the pair it is on, the pair it was on and why, and both tests, the newest first."""
    with transaction(engine) as session:
        card = line_card(session, line.number, by=OPERATOR)
        assert (card.pair_number, card.pair_state) == (3, PairState.WORKING)
        (change,) = pair_changes(session, line.id, by=OPERATOR)
        assert (change.fault_number, change.from_pair, change.to_pair) == (number, 1, 3)
        assert change.changed_at == instant(june(4), 11)
        assert [test.outcome for test in tests_of_line(session, line.id, by=OPERATOR)] == [TestOutcome.PASS, TestOutcome.FAIL]
