"""A cabinet is down for two homes, a firm and a carrier's customer: tested, grouped, one parked, cleared together and late, and billed.

Monday 11 May 2026, a lorry drives into cabinet C1 at eight. It is mended on Friday the 15th at five. Homes and the carrier's line have
care level 1 (the day after next, Monday to Friday), the firm's has level 2 (next day, Monday to Saturday). Compensation is 10.34 a
day, a level 1 guarantee 5.00 a day late; firms get neither by themselves.

The lines are new on the 11th; bills are made on 1 June. Per month before VAT: residential 1950, business 2650, wholesale 905.25.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from css.core.words import PlantCondition, PlantElement
from css.redress.verbs import clear_outage
from repairs.actions import break_plant, declare_outage, mend_plant, park_fault
from repairs.actions import test_line as have_tested
from repairs.commands.faults import ParkFault
from repairs.commands.outages import ClearOutage, DeclareOutage
from repairs.commands.testing import BreakPlant, MendPlant, TestLine
from repairs.words import ClockState, FaultState, ParkReason, PlantKind, TestOutcome
from tests.scenarios.nights import nights_through
from tests.scenarios.repair_days import (
    CARRIER,
    Village,
    assert_sound,
    billed,
    credited_days,
    do,
    explained,
    given,
    instant,
    noted,
    reported,
    village,
)

BILL = date(2026, 6, 1)
C1: dict[str, Any] = {"district_code": "ZZ", "exchange_code": "WREN", "cabinet_code": "C1"}
MESSAGE = "The cabinet at Larkspur Close was run into. We are rebuilding it."


def may(day: int) -> date:
    return date(2026, 5, day)


@pytest.mark.timeout(240)
def test_a_cabinet_is_down_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    town = village(engine, may(11), dict.fromkeys(("home", "firm", "carrier", "home later")))
    zz, lines = town.zz.code, town.lines

    # Monday: the lorry; three report, and each is tested.
    broken = BreakPlant(element=PlantElement.CABINET, condition=PlantCondition.DISCONNECTION, words="A lorry drove into it.", **C1)
    do(engine, break_plant, broken, instant(may(11), 8))
    home = reported(engine, lines["home"], instant(may(11), 9))
    firm = reported(engine, lines["firm"], instant(may(11), 9, 30))
    carrier = reported(engine, lines["carrier"], instant(may(11), 10), by=CARRIER)
    assert (home.due_at, carrier.due_at) == (instant(may(13), 23, 59), instant(may(13), 23, 59))
    assert firm.due_at == instant(may(12), 23, 59)
    for name, fault, by in (("home", home, None), ("firm", firm, None), ("carrier", carrier, CARRIER)):
        asked = TestLine(number=lines[name].number, fault_number=fault.fault_number)
        tested = do(engine, have_tested, asked, instant(may(11), 10, 30), **({} if by is None else {"by": by}))
        assert tested.outcome is TestOutcome.FAIL
        assert tested.diagnosis is not None
        assert "Disconnection" in tested.diagnosis

    # At eleven they are one outage; who reports on Tuesday comes to it and hears the message.
    down = DeclareOutage(kind=PlantKind.CABINET, cause="A lorry drove into it.", message=MESSAGE, began_at=instant(may(11), 8), **C1)
    outage = do(engine, declare_outage, down, instant(may(11), 11))
    assert outage.faults == 3
    nights_through(engine, zz, may(11), may(11), tmp_path)
    later = reported(engine, lines["home later"], instant(may(12), 10))
    assert later.outage_message is not None
    assert MESSAGE in later.outage_message
    # The home's is parked: the council is asked for leave to dig. It stays so until the cabinet works again.
    leave = ParkFault(fault_number=home.fault_number, reason=ParkReason.PERMISSION, words="The council is asked.")
    do(engine, park_fault, leave, instant(may(12), 9))
    nights_through(engine, zz, may(12), may(14), tmp_path)

    # Friday at five: one clear for all four.
    do(engine, mend_plant, MendPlant(element=PlantElement.CABINET, **C1), instant(may(15), 16, 30))
    mended = ClearOutage(outage_id=outage.outage_id, clear_code="CAB", words="A new cabinet.", cleared_at=instant(may(15), 17))
    answer = do(engine, clear_outage, mended, instant(may(15), 17, 30))
    assert (answer.faults, answer.left) == (4, 0)
    assert_judged(engine, home.fault_number, firm.fault_number, carrier.fault_number, later.fault_number)

    # Weekend and two days: nobody objects, and the clears are accepted after two days of the office.
    nights_through(engine, zz, may(15), BILL, tmp_path)
    assert_billed(engine, town, home.fault_number, carrier.fault_number, later.fault_number)
    told = explained(engine, home.fault_number, instant(BILL, 9))
    assert told.state is FaultState.CLOSED
    assert told.promises[0].bill_words == f"It is credited on bill {told.promises[0].bill_number}."
    assert_sound(engine, zz)


def assert_judged(engine: Engine, home: str, firm: str, carrier: str, later: str) -> None:
    now = instant(may(15), 18)
    # The home: its clock stood from Tuesday 09:00 to Friday 17:00. Left were 15 h of Tuesday and 23 h 59 min of Wednesday, 38 h 59
    # min: 7 h on Friday, 24 h on Monday, 7 h 59 min on Tuesday. In time; but waiting for leave is no delay of the customer's:
    # the second working day is Wednesday, dead at 23:59 on the 13th and 14th: 2 x 10.34 = 20.68.
    told = explained(engine, home, now)
    assert (told.original_due_at, told.due_at) == (instant(may(13), 23, 59), instant(may(19), 7, 59))
    assert told.cleared_at == instant(may(15), 17)
    assert "in time" in told.reckoning[-1]
    assert [one.state for one in told.intervals] == [ClockState.RUNNING, ClockState.PARKED]
    assert credited_days(told) == {may(13): 1034, may(14): 1034}
    assert told.promises[0].bill_words == "It waits for the bill of 1 June 2026."
    # Who reported on Tuesday is owed from Thursday on: 10.34.
    assert credited_days(explained(engine, later, now)) == {may(14): 1034}
    # The firm was promised Tuesday 23:59, and is told why it gets nothing by itself.
    told = explained(engine, firm, now)
    assert "Fri 15 May 2026 17:00, due Tue 12 May 2026 23:59: late by 65 h 1 min." in told.reckoning[-1]
    assert told.credited.pence == 0
    assert "guarantees are for providers" in " ".join(told.words)
    # The carrier: late since Wednesday 23:59, a second day late since Thursday 23:59, and no third: 2 x 5.00.
    told = explained(engine, carrier, now, by=CARRIER)
    assert told.promises[0].words == "Guarantee for a delayed repair, 2 days at £5.00"
    assert credited_days(told) == {may(13): 500, may(14): 500}


def assert_billed(engine: Engine, town: Village, home: str, carrier: str, later: str) -> None:
    # 11 May to 1 June are 21 of 31 days, then June.
    #   Residential 1950 x 21/31 = 1320.97 -> 1321, 1950: net 3271, VAT 654.2 -> 654, together 3925. Less 2068: 1857; less 1034: 2891.
    #   Business 2650 x 21/31 = 1795.16 -> 1795, 2650: net 4445, VAT 889, together 5334.
    #   Wholesale 905.25 x 21/31 = 613.23 -> 613, 905: net 1518, VAT 303.6 -> 304, together 1822; less 1000: 822.
    assert billed(engine, town.account("home")) == {BILL: (3271, 654, -2068, 1857)}
    assert billed(engine, town.account("home later")) == {BILL: (3271, 654, -1034, 2891)}
    assert billed(engine, town.account("firm")) == {BILL: (4445, 889, 0, 5334)}
    assert billed(engine, town.account("carrier")) == {BILL: (1518, 304, -1000, 822)}
    assert given(engine, town.account("firm")) == []
    assert noted(engine, town.account("home"), BILL) == [f"Delayed repair, 2 days at £10.34, {home}, GBP -20.68"]
    assert noted(engine, town.account("home later"), BILL) == [f"Delayed repair, 1 day at £10.34, {later}, GBP -10.34"]
    assert noted(engine, town.account("carrier"), BILL) == [f"Guarantee for a delayed repair, 2 days at £5.00, {carrier}, GBP -10.00"]
