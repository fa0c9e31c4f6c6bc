"""Christmas 2026: every care level over the holidays, and days that are owed although nobody works on them. Told up to the bills.

Friday 25 and Saturday 26 December are holidays, Monday the 28th is the substitute for Boxing Day, and Friday 1 January is one.
So after Thursday the 24th the next working day is Tuesday the 29th, and after Thursday the 31st it is Monday 4 January.
Compensation is 10.34 a day for what began from April 2026; a guarantee of care level 4 is 10.00 a day late.

The lines are new on Monday the 21st; bills are made on 8 January. Per month before VAT: residential 1950, wholesale 905.25.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.core.errors import CssError
from css.core.words import HalfDay
from repairs.actions import appoint_fault
from repairs.commands.faults import AppointFault
from tests.scenarios.nights import nights_through
from tests.scenarios.repair_days import (
    CARRIER,
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

BILL = date(2027, 1, 8)
LINES = {
    "home eve": None,
    "home holiday": None,
    "home two": "2",
    "home two-and-a-half": "2.5",
    "home three": "3",
    "home three late": "3",
    "carrier": "4",
}


def december(day: int) -> date:
    return date(2026, 12, day)


def january(day: int) -> date:
    return date(2027, 1, day)


@pytest.mark.timeout(240)
def test_christmas_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    town = village(engine, december(21), LINES, cycle_day=8)
    zz, lines = town.zz.code, town.lines
    nights_through(engine, zz, december(21), december(22), tmp_path)

    # Wednesday the 23rd, level 1: the day after next is the 24th and then Tuesday the 29th.
    eve = reported(engine, lines["home eve"], instant(december(23), 10))
    assert eve.due_at == instant(december(29), 23, 59)
    nights_through(engine, zz, december(23), december(23), tmp_path)

    # Thursday the 24th at four. Level 2 counts Saturdays, but neither Boxing Day nor its substitute; 2.5 counts every day.
    two = reported(engine, lines["home two"], instant(december(24), 16))
    half = reported(engine, lines["home two-and-a-half"], instant(december(24), 16))
    assert two.due_at == instant(december(29), 23, 59)
    assert half.due_at == instant(december(25), 23, 59)
    # No engineer is promised for the substitute day.
    visit = AppointFault(fault_number=two.fault_number, slot_on=december(28), half_day=HalfDay.AM)
    with pytest.raises(CssError) as refused:
        do(engine, appoint_fault, visit, instant(december(24), 16))
    assert refused.value.code == "CSS222E"
    nights_through(engine, zz, december(24), december(24), tmp_path)

    # Christmas Day. Level 1 takes what is reported on a holiday as made on Tuesday the 29th: Thursday the 31st.
    holiday = reported(engine, lines["home holiday"], instant(december(25), 11))
    assert holiday.due_at == instant(december(31), 23, 59)
    assert "Christmas" in holiday.deadline_words
    # Level 3 works through: at one o'clock sharp it is the same day, a second later it is 12:59 of Boxing Day.
    at_one = instant(december(25), 13)
    three = reported(engine, lines["home three"], at_one)
    three_late = reported(engine, lines["home three late"], at_one + timedelta(seconds=1))
    assert three.due_at == instant(december(25), 23, 59)
    assert three_late.due_at == instant(december(26), 12, 59)
    assert not cleared(engine, three.fault_number, "EX", instant(december(25), 20)).was_late
    assert not cleared(engine, half.fault_number, "EX", instant(december(25), 23, 59)).was_late
    # Level 4: six hours, whatever night it is.
    four = reported(engine, lines["carrier"], instant(december(25), 22), by=CARRIER)
    assert four.due_at == instant(december(26), 4)
    nights_through(engine, zz, december(25), december(25), tmp_path)

    # Boxing Day: the level 3 is a minute late. Late is not owed: its second working day is Wednesday the 30th.
    assert cleared(engine, three_late.fault_number, "EX", instant(december(26), 13)).was_late
    nights_through(engine, zz, december(26), december(26), tmp_path)
    # Sunday at five: the carrier's is late since Saturday 04:00; a second day late began on Sunday at 04:00: 2 x 10.00.
    assert cleared(engine, four.fault_number, "MDF", instant(december(27), 5)).was_late
    nights_through(engine, zz, december(27), december(28), tmp_path)
    # Tuesday the 29th at nine: level 2 in time, and before its second working day after the 24th, the 30th, is over.
    assert not cleared(engine, two.fault_number, "DW", instant(december(29), 9)).was_late
    nights_through(engine, zz, december(29), december(30), tmp_path)
    # Thursday the 31st at noon: in time by level 1 (Thursday 23:59), for it counts from the 29th. Compensation counts working days
    # after the report: the 29th and the 30th. So the line that met its care level is owed the 30th: 10.34.
    assert not cleared(engine, holiday.fault_number, "EX", instant(december(31), 12)).was_late
    nights_through(engine, zz, december(31), january(1), tmp_path)
    # Saturday 2 January at ten: dead at 23:59 on the 29th, 30th, 31st and on New Year's Day, holiday or not: 4 x 10.34 = 41.36.
    assert cleared(engine, eve.fault_number, "DS", instant(january(2), 10)).was_late

    for fault in (two, half, three, three_late):
        assert explained(engine, fault.fault_number, instant(january(2), 11)).credited.pence == 0
    numbers = eve.fault_number, holiday.fault_number, four.fault_number
    assert_judged(engine, *numbers)
    nights_through(engine, zz, january(2), BILL, tmp_path)
    assert_billed(engine, town, *numbers)
    assert_sound(engine, zz)


def assert_judged(engine: Engine, eve: str, holiday: str, four: str) -> None:
    told = explained(engine, eve, instant(january(2), 11))
    assert credited_days(told) == dict.fromkeys((december(29), december(30), december(31), january(1)), 1034)
    days = {day.day: day.words for day in told.promises[0].days}
    assert days[december(28)] == "nothing is owed before 23:59 on 29 December 2026"
    assert days[january(2)] == "put right by 23:59"
    in_time = explained(engine, holiday, instant(january(2), 11))
    assert in_time.due_at == instant(december(31), 23, 59)
    assert credited_days(in_time) == {december(30): 1034}
    assert "in time with 11 h 59 min to spare." in in_time.reckoning[-1]
    assert credited_days(explained(engine, four, instant(january(2), 11), by=CARRIER)) == {
        december(26): 1000,
        december(27): 1000,
    }


def assert_billed(engine: Engine, town: Village, eve: str, holiday: str, four: str) -> None:
    # The bills of 8 January: 21 December to 8 January are 18 of the 31 days from 8 December.
    #   Residential 1950 x 18/31 = 1132.26 -> 1132, the month to come 1950: net 3082, VAT 616.4 -> 616, together 3698.
    #     Less 4136 it is 438 in credit; less 1034 it is 2664.
    #   Wholesale 905.25 x 18/31 = 525.63 -> 526, and 905: net 1431, VAT 286.2 -> 286, together 1717, less 2000: 283 in credit.
    assert billed(engine, town.account("home eve")) == {BILL: (3082, 616, -4136, -438)}
    assert billed(engine, town.account("home holiday")) == {BILL: (3082, 616, -1034, 2664)}
    for name in ("home two", "home two-and-a-half", "home three", "home three late"):
        assert billed(engine, town.account(name)) == {BILL: (3082, 616, 0, 3698)}
        assert given(engine, town.account(name)) == []
    assert billed(engine, town.account("carrier")) == {BILL: (1431, 286, -2000, -283)}
    assert noted(engine, town.account("home eve"), BILL) == [f"Delayed repair, 4 days at £10.34, {eve}, GBP -41.36"]
    assert noted(engine, town.account("home holiday"), BILL) == [f"Delayed repair, 1 day at £10.34, {holiday}, GBP -10.34"]
    assert noted(engine, town.account("carrier"), BILL) == [f"Guarantee for a delayed repair, 2 days at £10.00, {four}, GBP -20.00"]
    told = explained(engine, eve, instant(BILL, 12))
    assert told.promises[0].bill_words == f"It is credited on bill {told.promises[0].bill_number}."
