"""A storm week: what is beyond our control voids a carrier's guarantees and takes nothing from a customer. Told up to the bills.

On Thursday 12 February 2026 a storm comes over Wrenford. Matters beyond our control (MBORC) are declared from six in the morning,
narrowed on Friday to what the storm breaks (WEA, DW), and lifted on Wednesday the 18th at noon. Every line has care level 1: 23:59 of
the day after next, Monday to Friday. Compensation is 9.98 a day for what began from April 2025, a level 1 guarantee 5.00 a day late.

The lines are new on the 9th. Their bills are made on 1 March; per month before VAT: residential line 1883.333333, wholesale 883.75.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from repairs.actions import declare_mborc, lift_mborc, narrow_mborc, park_fault, resume_fault
from repairs.commands.faults import ParkFault, ResumeFault
from repairs.commands.outages import DeclareMborc, LiftMborc, NarrowMborc
from repairs.words import ClockState, FaultState, ParkReason
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

BILL = date(2026, 3, 1)


def february(day: int) -> date:
    return date(2026, 2, day)


@pytest.mark.timeout(240)
def test_a_storm_week_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    lines = dict.fromkeys(("home dead", "home noisy", "carrier before", "carrier storm", "carrier card"))
    town = village(engine, february(9), lines)
    zz = town.zz.code

    # Monday: a fault of the carrier's, three days before the storm. Due on Wednesday at 23:59.
    before = reported(engine, town.lines["carrier before"], instant(february(9), 9), by=CARRIER)
    assert before.due_at == instant(february(11), 23, 59)
    nights_through(engine, zz, february(9), february(11), tmp_path)

    # Thursday: the storm, declared at seven from six o'clock on. It touches the one fault that is open; four more come.
    declared = do(
        engine,
        declare_mborc,
        DeclareMborc(district_code=zz, exchange_code="WREN", cause="The storm of February", starts_at=instant(february(12), 6)),
        instant(february(12), 7),
    )
    assert declared.faults == 1
    storm = reported(engine, town.lines["carrier storm"], instant(february(12), 9), by=CARRIER)
    card = reported(engine, town.lines["carrier card"], instant(february(12), 9, 30), "NSY", by=CARRIER)
    dead = reported(engine, town.lines["home dead"], instant(february(12), 10))
    noisy = reported(engine, town.lines["home noisy"], instant(february(12), 10, 30), "NSY")
    # Friday is one day on, Monday the next: the deadline stays a deadline in a storm.
    assert {one.due_at for one in (storm, card, dead, noisy)} == {instant(february(16), 23, 59)}
    nights_through(engine, zz, february(12), february(12), tmp_path)

    # Friday: nobody climbs poles from eight until Saturday at two; at noon it is known what the storm breaks.
    hazard = ParkFault(fault_number=dead.fault_number, reason=ParkReason.HAZARD, words="Gusts: nobody climbs.")
    do(engine, park_fault, hazard, instant(february(13), 8))
    narrowed = NarrowMborc(mborc_id=declared.mborc_id, clear_codes=("WEA", "DW"))
    assert do(engine, narrow_mborc, narrowed, instant(february(13), 12)).faults == 5
    assert cleared(engine, before.fault_number, "DW", instant(february(13), 16)).was_late
    nights_through(engine, zz, february(13), february(13), tmp_path)
    resumed = do(engine, resume_fault, ResumeFault(fault_number=dead.fault_number), instant(february(14), 14))
    # Left when it was parked: Friday 08:00 to midnight 16 h, Monday to 23:59 23 h 59 min, together 39 h 59 min. Weekends do not
    # count, so Monday has 24 h of it, and Tuesday 15 h 59 min.
    assert resumed.due_at == instant(february(17), 15, 59)
    nights_through(engine, zz, february(14), february(17), tmp_path)

    # Wednesday: over. Thursday: the rest is put right, all of it late.
    lifted = do(engine, lift_mborc, LiftMborc(mborc_id=declared.mborc_id), instant(february(18), 12))
    assert lifted.faults == 4
    nights_through(engine, zz, february(18), february(18), tmp_path)
    for fault, code, hour in ((storm, "WEA", 10), (dead, "WEA", 11), (noisy, "DW", 12), (card, "EX", 15)):
        assert cleared(engine, fault.fault_number, code, instant(february(19), hour)).was_late

    # The customer whose line was dead: the storm and the parking stop nothing. Monday the 16th is the second working day after the
    # report; the line was dead at 23:59 on the 16th, 17th and 18th: 3 x 9.98 = 29.94.
    told = explained(engine, dead.fault_number, instant(february(19), 12))
    assert credited_days(told) == {february(16): 998, february(17): 998, february(18): 998}
    assert [(one.state, one.ends_at) for one in told.intervals] == [
        (ClockState.MBORC, instant(february(13), 8)),
        (ClockState.PARKED, instant(february(14), 14)),
        (ClockState.MBORC, instant(february(18), 12)),
        (ClockState.RUNNING, instant(february(19), 11)),
    ]
    # Under MBORC 22 h until it was parked and 94 h afterwards, 116 h; parked 30 h; running 23 h.
    assert (told.spent.mborc, told.spent.parked, told.spent.running, told.spent.counted) == (116 * 60, 30 * 60, 23 * 60, 139 * 60)
    assert "It ended Thu 19 Feb 2026 11:00, due Tue 17 Feb 2026 15:59: late by 43 h 1 min." in told.reckoning
    assert told.promises[0].bill_words == "It waits for the bill of 1 March 2026."
    assert given(engine, town.account("home dead")) == [("compensation", -2994, "Delayed repair, 3 days at £9.98", dead.fault_number)]

    # A noisy line is not dead: late, and nothing owed.
    noise = explained(engine, noisy.fault_number, instant(february(19), 13))
    assert noise.promises[0].words == "Delayed repair: no automatic compensation, the line was not dead"
    assert given(engine, town.account("home noisy")) == []

    # The carrier. Before the storm: due Wednesday 23:59, one day late had begun when the storm came, and no more: 5.00.
    #   The storm's: void. The line card, which no storm broke: days late begin on the 16th, 17th and 18th at 23:59: 3 x 5.00.
    assert credited_days(explained(engine, before.fault_number, instant(february(19), 16), by=CARRIER)) == {february(11): 500}
    void = explained(engine, storm.fault_number, instant(february(19), 16), by=CARRIER)
    assert (void.credited.pence, void.promises[0].bill_words) == (0, "Nothing is on a bill for it.")
    assert "no guarantee, matters beyond our control had been declared" in void.promises[0].words
    assert credited_days(explained(engine, card.fault_number, instant(february(19), 16), by=CARRIER)) == dict.fromkeys(
        (february(16), february(17), february(18)), 500
    )
    assert given(engine, town.account("carrier before")) == [
        ("guarantee", -500, "Guarantee for a delayed repair, 1 day at £5.00", before.fault_number),
        ("guarantee", -1500, "Guarantee for a delayed repair, 3 days at £5.00", card.fault_number),
    ]

    nights_through(engine, zz, february(19), BILL, tmp_path)
    assert_billed(engine, town, dead=dead.fault_number, before=before.fault_number, card=card.fault_number)
    assert_sound(engine, zz)


def assert_billed(engine: Engine, town: Village, *, dead: str, before: str, card: str) -> None:
    # A residential line: 9 February to 1 March, 20 of 28 days: 1883.333333 x 20/28 = 1345.24 -> 1345; March 1883.
    #   Net 3228, VAT 645.6 -> 646, together 3874; less 2994 it is 880.
    # The carrier's three lines: 883.75 x 20/28 = 631.25 -> 631 and 884, 1515 each, 4545; VAT 909; 5454 less 2000 is 3454.
    assert billed(engine, town.account("home dead")) == {BILL: (3228, 646, -2994, 880)}
    assert billed(engine, town.account("home noisy")) == {BILL: (3228, 646, 0, 3874)}
    assert billed(engine, town.account("carrier before")) == {BILL: (4545, 909, -2000, 3454)}
    assert noted(engine, town.account("home dead"), BILL) == [f"Delayed repair, 3 days at £9.98, {dead}, GBP -29.94"]
    assert noted(engine, town.account("carrier before"), BILL) == [
        f"Guarantee for a delayed repair, 1 day at £5.00, {before}, GBP -5.00",
        f"Guarantee for a delayed repair, 3 days at £5.00, {card}, GBP -15.00",
    ]
    # Nobody said anything to the clears, so the nights have closed the faults; what was credited is explained with its bill.
    told = explained(engine, dead, instant(BILL, 12))
    assert told.state is FaultState.CLOSED
    assert told.promises[0].bill_words == f"It is credited on bill {told.promises[0].bill_number}."
    assert told.promises[0].nominal_code == "COMPENSATION"
