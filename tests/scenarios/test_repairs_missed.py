"""Missed appointments, ours and the customer's: one fixed sum, a guarantee, and a visit in vain. Told up to the bills.

Three lines go dead on Monday 8 June 2026, all of care level 1: due on Wednesday the 10th at 23:59, which is the second working day for
compensation too. Two are promised Tuesday morning and nobody comes: 32.31 to the customer of our own, a guarantee of 25.00 to the
carrier. One is promised Tuesday afternoon, and the engineer finds nobody in: 130.00 with VAT for the visit, once the clear is accepted.

The lines are new on the 8th; bills are made on 1 July. Per month before VAT: residential 1950, wholesale 905.25.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.core.words import HalfDay, MissCause
from css.redress.verbs import miss_visit
from repairs.actions import add_engineer, appoint_fault, arrive_on_site, assign_fault
from repairs.commands.dispatch import AddEngineer, ArriveOnSite, AssignFault
from repairs.commands.faults import AppointFault, MissVisit
from repairs.words import ClockState, Craft, FaultState
from tests.scenarios.nights import bill_lines, nights_through
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

BILL = date(2026, 7, 1)


def june(day: int) -> date:
    return date(2026, 6, day)


def goes(engine: Engine, fault_number: str, day: int, hour: int) -> None:
    """The engineer is sent there, and is there at the hour."""
    at = instant(june(day), hour)
    do(engine, assign_fault, AssignFault(fault_number=fault_number, engineer_code="FITTER"), at)
    do(engine, arrive_on_site, ArriveOnSite(fault_number=fault_number), at)


@pytest.mark.timeout(240)
def test_missed_appointments_up_to_the_bills(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    town = village(engine, june(8), dict.fromkeys(("home let down", "home out", "carrier")))
    zz, lines = town.zz.code, town.lines
    fitter = AddEngineer(code="FITTER", name="Fred Itter", district_code=zz, crafts=tuple(Craft), exchange_codes=("WREN",))
    do(engine, add_engineer, fitter, instant(june(8), 8))

    # Monday: three dead lines, three visits promised for Tuesday.
    let_down = reported(engine, lines["home let down"], instant(june(8), 10)).fault_number
    carrier = reported(engine, lines["carrier"], instant(june(8), 10), by=CARRIER).fault_number
    out = reported(engine, lines["home out"], instant(june(8), 11)).fault_number
    for number, half_day in ((let_down, HalfDay.AM), (carrier, HalfDay.AM), (out, HalfDay.PM)):
        do(engine, appoint_fault, AppointFault(fault_number=number, slot_on=june(9), half_day=half_day), instant(june(8), 12))
    nights_through(engine, zz, june(8), june(8), tmp_path)

    # Tuesday: nobody comes in the morning. What that is worth is on the accounts at once.
    for number in (let_down, carrier):
        missed = do(engine, miss_visit, MissVisit(fault_number=number, cause=MissCause.NO_SHOW), instant(june(9), 13, 5))
        assert missed.state is FaultState.QUEUED
    assert given(engine, town.account("home let down")) == [("compensation", -3231, "Missed appointment on 09/06/2026", let_down)]
    assert given(engine, town.account("carrier")) == [
        ("guarantee", -2500, "Guarantee for a missed appointment on 09/06/2026", carrier),
    ]
    # The customer could have Wednesday morning and wants Friday afternoon: what lies between is the customer's own delay.
    wants = AppointFault(fault_number=let_down, slot_on=june(12), half_day=HalfDay.PM, offered_on=june(10), offered_half_day=HalfDay.AM)
    do(engine, appoint_fault, wants, instant(june(9), 13, 30))
    # In the afternoon the engineer stands before a locked door at two, and waits a quarter of an hour.
    goes(engine, out, 9, 14)
    nobody = do(engine, miss_visit, MissVisit(fault_number=out, cause=MissCause.NO_ACCESS), instant(june(9), 14, 15))
    assert nobody.state is FaultState.PARKED
    assert given(engine, town.account("home out")) == []
    nights_through(engine, zz, june(9), june(9), tmp_path)

    # Wednesday: they agree on Thursday morning. The carrier's is put right from the exchange, in time.
    again = AppointFault(fault_number=out, slot_on=june(11), half_day=HalfDay.AM)
    do(engine, appoint_fault, again, instant(june(10), 9))
    assert not cleared(engine, carrier, "MDF", instant(june(10), 17)).was_late
    nights_through(engine, zz, june(10), june(10), tmp_path)
    goes(engine, out, 11, 9)
    told = cleared(engine, out, "NTE", instant(june(11), 10))
    assert told.charge_words == (
        "To be charged once the clear is accepted: Visit in vain on the afternoon of 9 June 2026 £130.00; together £130.00 with VAT."
    )
    nights_through(engine, zz, june(11), june(11), tmp_path)
    goes(engine, let_down, 12, 14)
    assert not cleared(engine, let_down, "DW", instant(june(12), 15)).was_late
    assert_judged(engine, let_down, out)

    nights_through(engine, zz, june(12), BILL, tmp_path)
    assert_billed(engine, town, let_down, out, carrier)
    assert_sound(engine, zz)


def assert_judged(engine: Engine, let_down: str, out: str) -> None:
    now = instant(june(12), 16)
    # Left when the clock stopped on Wednesday at 08:00: 15 h 59 min, until 23:59. It went on on Friday at 13:00: 11 h that day, and
    # 4 h 59 min on Monday. On Wednesday and Thursday at 23:59 the customer held it up: the visit is owed, the repair is not.
    told = explained(engine, let_down, now)
    assert told.due_at == instant(june(15), 4, 59)
    assert [(one.state, one.starts_at) for one in told.intervals] == [
        (ClockState.RUNNING, instant(june(8), 10)),
        (ClockState.CUSTOMER, instant(june(10), 8)),
        (ClockState.RUNNING, instant(june(12), 13)),
    ]
    assert credited_days(told) == {june(9): 3231}
    assert told.credited.pence == 3231
    assert "the customer held it up at 23:59" in " ".join(told.words)
    # Who was out: from two on Tuesday, when the engineer was there, until eight on Thursday, 42 h, it was the customer's delay.
    told = explained(engine, out, now)
    assert told.spent.customer == 42 * 60
    assert told.credited.pence == 0
    # Left on Tuesday at 14:00: 10 h and 23 h 59 min. From Thursday 08:00: 16 h that day, 17 h 59 min on Friday.
    assert told.due_at == instant(june(12), 17, 59)
    assert told.charge_words is not None
    assert "Visit in vain" in told.charge_words


def assert_billed(engine: Engine, town: Village, let_down: str, out: str, carrier: str) -> None:
    # 8 June to 1 July are 23 of 30 days, then July.
    #   Residential 1950 x 23/30 = 1495, 1950: net 3445, VAT 689, together 4134; less 3231: 903.
    #   The visit is 13000 with VAT, 10833.33 -> 10833 before it: net 14278, VAT 2855.6 -> 2856, together 17134.
    #   Wholesale 905.25 x 23/30 = 694.03 -> 694, 905: net 1599, VAT 319.8 -> 320, together 1919; less 2500: 581 in credit.
    assert billed(engine, town.account("home let down")) == {BILL: (3445, 689, -3231, 903)}
    assert billed(engine, town.account("home out")) == {BILL: (14278, 2856, 0, 17134)}
    assert billed(engine, town.account("carrier")) == {BILL: (1599, 320, -2500, -581)}
    assert [net for kind, net in bill_lines(engine, town.account("home out"))[BILL] if kind == "one-off"] == [10833]
    assert noted(engine, town.account("home let down"), BILL) == [f"Missed appointment on 09/06/2026, {let_down}, GBP -32.31"]
    assert noted(engine, town.account("carrier"), BILL) == [f"Guarantee for a missed appointment on 09/06/2026, {carrier}, GBP -25.00"]
    told = explained(engine, out, instant(BILL, 9))
    assert told.state is FaultState.CLOSED
    (charge,) = told.charges
    assert (charge.amount.pence, charge.occurs_on) == (13000, june(9))
    assert charge.bill_words == f"It is charged on bill {charge.bill_number}."
    told = explained(engine, let_down, instant(BILL, 9))
    visit = next(one for one in told.promises if one.amount.pence)
    assert visit.bill_words == f"It is credited on bill {visit.bill_number}."
