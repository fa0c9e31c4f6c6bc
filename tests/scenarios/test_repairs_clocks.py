"""The two nights on which the clocks change: hours are elapsed hours, days end at London's 23:59. Told up to the bills.

On Sunday 29 March 2026 it is 02:00 BST after 00:59 GMT; on Sunday 25 October 2026 it is 01:00 GMT after 01:59 BST, and the hour from
one to two comes twice. A guarantee of care level 4 is 10.00 a day late. Compensation is 9.98 a day for what began until 31 March
2026, and 10.34 from 1 April. A residential line is 1883.333333 a month before VAT until 31 March and 1950 from then on, a wholesale
one 883.75 and 905.25.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from repairs.actions import park_fault, resume_fault
from repairs.commands.faults import ParkFault, ResumeFault
from repairs.words import ParkReason
from tests.scenarios.nights import nights_through
from tests.scenarios.repair_days import (
    CARRIER,
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

SPRING_BILL = date(2026, 4, 9)
AUTUMN_BILL = date(2026, 11, 1)


def march(day: int) -> date:
    return date(2026, 3, day)


def april(day: int) -> date:
    return date(2026, 4, day)


def october(day: int) -> date:
    return date(2026, 10, day)


@pytest.mark.timeout(240)
def test_the_clocks_go_forward_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    names = ("home week", "home evening", "home midnight", "home april")
    town = village(engine, march(26), {**dict.fromkeys(names), "carrier": "4"}, cycle_day=9)
    zz, lines = town.zz.code, town.lines
    nights_through(engine, zz, march(26), march(26), tmp_path)

    # Friday the 27th, still winter time. Level 1: Monday, Tuesday the 31st, 23:59 of summer time.
    week, evening, midnight = (reported(engine, lines[name], instant(march(27), 10)) for name in names[:3])
    assert week.due_at == datetime(2026, 3, 31, 22, 59, tzinfo=UTC)
    nights_through(engine, zz, march(27), march(27), tmp_path)

    # Saturday 22:30 GMT, level 4: six hours on it is 05:30 BST.
    four = reported(engine, lines["carrier"], instant(march(28), 22, 30), by=CARRIER)
    assert four.due_at == datetime(2026, 3, 29, 4, 30, tzinfo=UTC)
    assert four.due_at == instant(march(29), 5, 30)
    # Parked from 23:30 GMT, an hour after the report, to 03:30 BST, three hours later on any watch. Five hours were left: 08:30 BST.
    waits = ParkFault(fault_number=four.fault_number, reason=ParkReason.PROVIDER_ANSWER, words="May the router be off?")
    do(engine, park_fault, waits, instant(march(28), 23, 30))
    nights_through(engine, zz, march(28), march(28), tmp_path)
    resumed = do(engine, resume_fault, ResumeFault(fault_number=four.fault_number), instant(march(29), 3, 30))
    assert resumed.due_at == instant(march(29), 8, 30)
    assert cleared(engine, four.fault_number, "EX", instant(march(29), 9)).was_late
    told = explained(engine, four.fault_number, instant(march(29), 10), by=CARRIER)
    # From 22:30 GMT to 09:00 BST are nine and a half hours: one before, three parked, five and a half after.
    assert (told.spent.parked, told.spent.running) == (180, 60 + 330)
    assert credited_days(told) == {march(29): 1000}
    assert "late by 30 min." in told.reckoning[-1]
    nights_through(engine, zz, march(29), march(30), tmp_path)

    # Tuesday the 31st at 23:30 BST, an hour earlier in UTC: in time. At half past midnight the UTC date is still the 31st, but
    # London's 23:59 has passed: one day, at the amount of March.
    assert not cleared(engine, evening.fault_number, "DP", instant(march(31), 23, 30)).was_late
    nights_through(engine, zz, march(31), march(31), tmp_path)
    half_past = instant(april(1), 0, 30)
    assert half_past == datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert cleared(engine, midnight.fault_number, "DP", half_past).was_late
    assert credited_days(explained(engine, midnight.fault_number, half_past)) == {march(31): 998}
    # Wednesday 1 April: a new fault, at the new amount. Its second working day is Tuesday the 7th: Thursday the 2nd, then
    # Good Friday, the weekend and Easter Monday between.
    easter = reported(engine, lines["home april"], instant(april(1), 9))
    assert easter.due_at == instant(april(7), 23, 59)
    nights_through(engine, zz, april(1), april(2), tmp_path)
    # Good Friday at nine: 31 March, 1 and 2 April, each at the amount of the day on which it began: 3 x 9.98 = 29.94.
    cleared(engine, week.fault_number, "DP", instant(april(3), 9))
    assert credited_days(explained(engine, week.fault_number, instant(april(3), 9))) == dict.fromkeys((march(31), april(1), april(2)), 998)
    nights_through(engine, zz, april(3), april(7), tmp_path)
    cleared(engine, easter.fault_number, "DP", instant(april(8), 7))
    assert credited_days(explained(engine, easter.fault_number, instant(april(8), 8))) == {april(7): 1034}

    # The bills of 9 April. 26 March to 1 April are 6, and 1 to 9 April 8 of the 31 days from 9 March; then the month to come.
    #   Residential 1883.333333 x 6/31 = 364.52 -> 365, 1950 x 8/31 = 503.23 -> 503, 1950: net 2818, VAT 563.6 -> 564, 3382 together.
    #   Wholesale 883.75 x 6/31 = 171.05 -> 171, 905.25 x 8/31 = 233.61 -> 234, 905: net 1310, VAT 262, together 1572.
    nights_through(engine, zz, april(8), SPRING_BILL, tmp_path)
    assert billed(engine, town.account("home week")) == {SPRING_BILL: (2818, 564, -2994, 388)}
    assert billed(engine, town.account("home evening")) == {SPRING_BILL: (2818, 564, 0, 3382)}
    assert billed(engine, town.account("home midnight")) == {SPRING_BILL: (2818, 564, -998, 2384)}
    assert billed(engine, town.account("home april")) == {SPRING_BILL: (2818, 564, -1034, 2348)}
    assert billed(engine, town.account("carrier")) == {SPRING_BILL: (1310, 262, -1000, 572)}
    assert noted(engine, town.account("home week"), SPRING_BILL) == [f"Delayed repair, 3 days at £9.98, {week.fault_number}, GBP -29.94"]
    assert noted(engine, town.account("home april"), SPRING_BILL) == [f"Delayed repair, 1 day at £10.34, {easter.fault_number}, GBP -10.34"]
    assert noted(engine, town.account("carrier"), SPRING_BILL) == [
        f"Guarantee for a delayed repair, 1 day at £10.00, {four.fault_number}, GBP -10.00"
    ]
    assert_sound(engine, zz)


@pytest.mark.timeout(240)
def test_the_clocks_go_back_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    levels = {"home late": None, "home out": None, "carrier first": "4", "carrier second": "4"}
    town = village(engine, october(19), levels)
    zz, lines = town.zz.code, town.lines
    nights_through(engine, zz, october(19), october(20), tmp_path)

    # Wednesday the 21st and Thursday the 22nd, level 1.
    out = reported(engine, lines["home out"], instant(october(21), 9))
    assert out.due_at == instant(october(23), 23, 59)
    nights_through(engine, zz, october(21), october(21), tmp_path)
    late = reported(engine, lines["home late"], instant(october(22), 9))
    assert late.due_at == datetime(2026, 10, 26, 23, 59, tzinfo=UTC)
    nights_through(engine, zz, october(22), october(23), tmp_path)

    # Saturday 18:00 BST to Sunday 20:00 GMT nobody is at home: 27 hours by any watch.
    shut = ParkFault(fault_number=out.fault_number, reason=ParkReason.NO_ACCESS, words="The shutters are down.")
    do(engine, park_fault, shut, instant(october(24), 18))
    nights_through(engine, zz, october(24), october(24), tmp_path)
    # Half past one comes twice: first in summer time, then an hour later. Six hours on it is 06:30 and 07:30 GMT.
    first = reported(engine, lines["carrier first"], instant(october(25), 1, 30), by=CARRIER)
    second = reported(engine, lines["carrier second"], instant(october(25), 1, 30, fold=1), by=CARRIER)
    assert first.due_at == datetime(2026, 10, 25, 6, 30, tzinfo=UTC)
    assert second.due_at == datetime(2026, 10, 25, 7, 30, tzinfo=UTC)
    assert "01:30 BST" in first.deadline_words
    assert "01:30 GMT" in second.deadline_words
    # On the deadline is in time.
    assert not cleared(engine, second.fault_number, "MDF", instant(october(25), 7, 30)).was_late
    do(engine, resume_fault, ResumeFault(fault_number=out.fault_number), instant(october(25), 20))
    nights_through(engine, zz, october(25), october(25), tmp_path)

    # Monday: the first is put right exactly as its second day late would begin: one day, 10.00.
    cleared(engine, first.fault_number, "MDF", instant(october(26), 6, 30))
    assert credited_days(explained(engine, first.fault_number, instant(october(26), 7), by=CARRIER)) == {october(25): 1000}
    # The shutters: dead at 23:59 on Friday, the second working day; on Saturday at 23:59 the customer held it up; on Sunday at 23:59
    # nobody did. 2 x 10.34 = 20.68. The deadline had passed when the pause began, and stands.
    assert cleared(engine, out.fault_number, "NTE", instant(october(26), 12)).was_late
    told = explained(engine, out.fault_number, instant(october(26), 13))
    assert credited_days(told) == {october(23): 1034, october(25): 1034}
    assert {day.day: day.words for day in told.promises[0].days}[october(24)] == "the customer held it up at 23:59"
    assert (told.spent.customer, told.due_at) == (27 * 60, instant(october(23), 23, 59))
    nights_through(engine, zz, october(26), october(26), tmp_path)
    # Tuesday at half past midnight, winter time: London's 23:59 of Monday has just passed.
    assert cleared(engine, late.fault_number, "DS", instant(october(27), 0, 30)).was_late
    assert credited_days(explained(engine, late.fault_number, instant(october(27), 1))) == {october(26): 1034}

    # The bills of 1 November. 19 October to 1 November are 13 of 31 days.
    #   Residential 1950 x 13/31 = 817.74 -> 818, 1950: net 2768, VAT 553.6 -> 554, together 3322.
    #   Wholesale 905.25 x 13/31 = 379.62 -> 380, and 905, twice: net 2570, VAT 514, together 3084.
    nights_through(engine, zz, october(27), AUTUMN_BILL, tmp_path)
    assert billed(engine, town.account("home out")) == {AUTUMN_BILL: (2768, 554, -2068, 1254)}
    assert billed(engine, town.account("home late")) == {AUTUMN_BILL: (2768, 554, -1034, 2288)}
    assert billed(engine, town.account("carrier first")) == {AUTUMN_BILL: (2570, 514, -1000, 2084)}
    assert noted(engine, town.account("home out"), AUTUMN_BILL) == [f"Delayed repair, 2 days at £10.34, {out.fault_number}, GBP -20.68"]
    assert given(engine, town.account("carrier first")) == [
        ("guarantee", -1000, "Guarantee for a delayed repair, 1 day at £10.00", first.fault_number)
    ]
    assert_sound(engine, zz)
