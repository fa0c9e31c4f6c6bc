"""Faults given to engineers: who goes, who may not, what they find, and how it comes back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.slots import SlotOf
from css.core.words import AppointmentState, HalfDay, MissCause, Role
from css.master.appointments import Appointment
from css.master.plant import Exchange
from repairs.actions import appoint_fault, change_engineer, park_fault
from repairs.commands.dispatch import ChangeEngineer
from repairs.commands.faults import AppointFault, ParkFault
from repairs.model import ClockInterval, Fault, Visit
from repairs.queries.cards import fault_card
from repairs.queries.dispatch import dispatch_board, engineer_card, engineer_day, engineers
from repairs.words import ClockState, Craft, FaultState, Location, ParkReason, ReturnReason, VisitState
from tests import builders
from tests.records.engineers import CONTROL, arrive, assign, contractor, damage, diagnose, engineer, give_back, queue, recall, take
from tests.records.faults import AT, BY, REPORT, Town, build, clear, codes, count, refusal, report, withdraw

EARLY, NIGHT = AT.replace(hour=9), AT.replace(hour=22)
SUNDAY = AT + timedelta(days=6)


@pytest.fixture
def town(session: Session) -> Town:
    made = build(session)
    engineer(session)
    return made


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number)).scalar_one()


def queued(session: Session, number: str = REPORT.number) -> str:
    number = report(session, number=number).fault_number
    queue(session, number)
    return number


def appointed(session: Session, slot_on: date = builders.DAY, half_day: HalfDay = HalfDay.PM) -> str:
    number = report(session).fault_number
    appoint_fault(session, AppointFault(fault_number=number, slot_on=slot_on, half_day=half_day), by=BY, at=AT)
    return number


def far_exchange(session: Session) -> None:
    session.add(Exchange(district_code="ZZ", code="FARR", name="Farrow"))
    session.flush()


# Given and taken.


def test_a_fault_is_given_arrived_at_and_cleared(session: Session, town: Town) -> None:
    number = queued(session)
    issued = assign(session, number)
    assert (issued.state, issued.engineer_code, issued.why) == (FaultState.ISSUED, "JOE", "Given to JOE Joe Fitter.")
    arrived_at = AT + timedelta(minutes=20)
    there = arrive(session, number, at=AT + timedelta(minutes=30), arrived_at=arrived_at)
    assert there.state is FaultState.ON_SITE
    clear(session, number, at=AT + timedelta(hours=2))
    (visit,) = fault_card(session, number, by=BY).visits
    assert (visit.state, visit.issued_at, visit.arrived_at) == (VisitState.DONE, AT, arrived_at)
    assert visit.ended_at == AT + timedelta(hours=2)
    deeds = [event.deed for event in fault_card(session, number, by=BY).events]
    assert deeds[-3:] == ["issue", "arrive", "clear"]
    other = queued(session, number=town.carrier_line.number)
    assert assign(session, other, at=AT + timedelta(hours=2)).state is FaultState.ISSUED, "whoever is done is free"


def test_an_engineer_has_one_fault_at_a_time_and_it_is_named(session: Session, town: Town) -> None:
    first, second = queued(session), queued(session, number=town.carrier_line.number)
    assign(session, first)
    for deed in (lambda: assign(session, second), lambda: take(session)):
        told = refusal(deed)
        assert codes(told) == [("CSS339E", "engineer_code")]
        assert first in str(told)
    assert fault_of(session, second).state is FaultState.QUEUED
    assert count(session, Visit) == 1


def test_whoever_comes_second_for_a_fault_is_told_who_has_it(session: Session, town: Town) -> None:
    engineer(session, "SUE")
    number = queued(session)
    seen = fault_of(session, number).row_version
    assign(session, number, row_version=seen)
    told = refusal(assign, session, number, "SUE", row_version=seen)
    assert codes(told) == [("CSS340E", "fault_number")]
    assert "JOE Joe Fitter" in str(told)
    arrive(session, number)
    assert refusal(assign, session, number, "SUE").code == "CSS340E"


def test_a_fault_changed_meanwhile_is_not_given_out(session: Session, town: Town) -> None:
    number = report(session).fault_number
    seen = fault_of(session, number).row_version
    queue(session, number)
    assert refusal(assign, session, number, row_version=seen).code == "CSS314E"


@pytest.mark.parametrize(
    ("engineers_own", "at", "said"),
    [
        ({"crafts": (Craft.HOME,)}, AT, "cannot do underground"),
        ({"exchange_codes": ("FARR",)}, AT, "does not work in the exchange's area"),
        ({}, NIGHT, "is not on shift now"),
        ({}, SUNDAY, "is not on shift now"),
    ],
)
def test_craft_area_and_shift_speak_against_but_do_not_forbid(
    session: Session, engineers_own: dict[str, Any], at: datetime, said: str
) -> None:
    build(session)
    far_exchange(session)
    engineer(session, **engineers_own)
    number = report(session).fault_number
    diagnose(session, number, Location.CO)
    told = refusal(assign, session, number, at=at)
    assert codes(told) == [("CSS342E", "engineer_code")]
    assert said in str(told)
    issued = assign(session, number, at=at, anyway=" Nobody else is near. ")
    assert issued.why == f"Given to JOE Joe Fitter although {said}: Nobody else is near."
    assert fault_card(session, number, by=BY).events[-1].words == issued.why


def test_all_that_speaks_against_is_told_at_once_and_the_reason_has_a_length(session: Session, town: Town) -> None:
    far_exchange(session)
    engineer(session, "SUE", crafts=(Craft.DATA,), exchange_codes=("FARR",))
    number = report(session).fault_number
    diagnose(session, number, Location.EX)
    said = str(refusal(assign, session, number, "SUE", at=NIGHT))
    for words in ("not on shift", "area", "cannot do frames"):
        assert words in said
    assert codes(refusal(assign, session, number, "SUE", anyway="x" * 501)) == [("CSS305E", "anyway")]


def test_nobody_is_sent_before_the_day_that_was_promised(session: Session, town: Town) -> None:
    number = appointed(session, builders.DAY + timedelta(days=1))
    assert "is promised to the customer on 3 March only" in str(refusal(assign, session, number))
    assert refusal(take, session).code == "CSS343E"
    assert assign(session, number, anyway="The customer rang: they are in today.").state is FaultState.ISSUED


def test_what_hangs_on_an_outage_is_given_to_nobody(session: Session, town: Town) -> None:
    number = queued(session)
    session.execute(
        text(
            "WITH o AS (INSERT INTO repairs.outage (district_code, kind, exchange_id, state, began_at, cause, message, declared_by,"
            " declared_at, row_version) VALUES ('ZZ', 'exchange', :exchange, 'open', :at, 'Flood', 'We know.', 'BEA', :at, 1) RETURNING id)"
            " UPDATE repairs.fault SET outage_id = (SELECT id FROM o)"
        ),
        {"exchange": town.zz.exchange_id, "at": AT},
    )
    assert codes(refusal(assign, session, number)) == [("CSS345E", "fault_number")]
    assert refusal(assign, session, number, anyway="Because.").code == "CSS345E"
    assert refusal(take, session).code == "CSS343E"


# The next fault.


def test_the_next_fault_is_the_one_that_presses_most(session: Session) -> None:
    zz = builders.district(session, pairs=12, sites=10)
    account = builders.account(session, zz)
    lines = [builders.working_line(session, zz, account, care_level=level) for level in ("1", "2", "2.5", "4", "1")]
    numbers = [report(session, number=line.number).fault_number for line in lines]
    for number in numbers[:4]:
        queue(session, number)
    slot = AppointFault(fault_number=numbers[4], slot_on=builders.DAY, half_day=HalfDay.PM)
    appoint_fault(session, slot, by=BY, at=AT)
    at = AT.replace(hour=14)
    order = []
    for code in ("ANN", "BOB", "CYD", "DEE", "EVE"):
        engineer(session, code)
        order.append(take(session, code, at=at).fault_number)
    # Level 4 is due at 16:00, the slot ends at 18:00; 2 and 2.5 are due at one instant, the better level first.
    assert order == [numbers[3], numbers[4], numbers[2], numbers[1], numbers[0]]
    engineer(session, "FAY")
    assert codes(refusal(take, session, "FAY", at=at)) == [("CSS343E", "engineer_code")]


def test_before_its_slot_an_appointed_fault_waits_for_nobody(session: Session, town: Town) -> None:
    number = appointed(session)
    assert refusal(take, session, at=AT.replace(hour=12, minute=59)).code == "CSS343E"
    taken = take(session, at=AT.replace(hour=13))
    assert (taken.fault_number, taken.why) == (number, "its slot ends Mon 2 Mar 18:00, care level 1. Nothing else waits.")


def test_whoever_depends_on_the_line_comes_before_others_due_with_them(session: Session, town: Town) -> None:
    other, own = queued(session, number=town.carrier_line.number), queued(session)
    session.execute(text("UPDATE repairs.fault SET is_priority = (number = :own)"), {"own": own})
    taken = take(session)
    assert taken.fault_number == own
    assert taken.why.endswith(f"Put before 1 other, next {other}: somebody depends on the line.")


def test_only_what_fits_is_taken(session: Session, town: Town) -> None:
    far_exchange(session)
    engineer(session, "FAR", exchange_codes=("FARR",))
    engineer(session, "DAN", crafts=(Craft.DATA,))
    number = queued(session)
    diagnose(session, number, Location.CO)
    for code in ("FAR", "DAN"):
        assert refusal(take, session, code).code == "CSS343E"
    assert codes(refusal(take, session, at=NIGHT)) == [("CSS342E", "engineer_code")]
    diagnose(session, number, Location.DT)
    assert take(session, "DAN").fault_number == number, "what nobody can say yet anybody may look at"


@pytest.mark.parametrize("state", ["reported", "tested", "diagnosed", "parked", "issued", "cleared", "withdrawn"])
def test_only_what_waits_is_taken(session: Session, town: Town, state: str) -> None:
    number = report(session).fault_number
    engineer(session, "SUE")
    if state == "diagnosed":
        diagnose(session, number)
    elif state == "tested":
        session.execute(text("UPDATE repairs.fault SET state = 'tested'"))
    elif state == "parked":
        park_fault(session, ParkFault(fault_number=number, reason=ParkReason.HAZARD, words="Gas."), by=BY, at=AT)
    elif state == "issued":
        assign(session, number, "SUE")
    elif state == "cleared":
        clear(session, number, at=AT)
    elif state == "withdrawn":
        withdraw(session, number, at=AT)
    assert refusal(take, session).code == "CSS343E"


def test_damage_waits_from_its_report(session: Session, town: Town) -> None:
    number = damage(session)
    assert take(session).fault_number == number
    (visit,) = engineer_card(session, "JOE", by=BY, at=AT).visits
    assert (visit.address, visit.number) == ("Pole leaning at the corner of Mill Lane", None)
    assert give_back(session, number, ReturnReason.NO_ACCESS).state is FaultState.QUEUED, "there is no customer whose delay it could be"


# Arriving, giving back, taking back.


def test_an_arrival_lies_between_the_issue_and_now(session: Session, town: Town) -> None:
    number = queued(session)
    assert codes(refusal(arrive, session, number)) == [("CSS344E", "fault_number")]
    assign(session, number)
    for arrived_at in (AT - timedelta(seconds=1), AT + timedelta(seconds=1)):
        assert codes(refusal(arrive, session, number, arrived_at=arrived_at)) == [("CSS344E", "arrived_at")]
    assert arrive(session, number).state is FaultState.ON_SITE
    assert refusal(arrive, session, number).code == "CSS301E"


def test_given_back_for_the_wrong_craft_another_goes(session: Session, town: Town) -> None:
    number = queued(session)
    diagnose(session, number, Location.LN)
    assign(session, number)
    assert codes(refusal(give_back, session, number, ReturnReason.WRONG_CRAFT)) == [("CSS346E", "craft")]
    assert codes(refusal(give_back, session, number, ReturnReason.STORES, craft=Craft.DATA)) == [("CSS346E", "craft")]
    back = give_back(session, number, ReturnReason.WRONG_CRAFT, craft=Craft.UNDERGROUND, words="It is in the duct.")
    assert back.state is FaultState.QUEUED
    card = fault_card(session, number, by=BY)
    assert (card.craft, card.visits[0].state, card.visits[0].return_reason) == (
        Craft.UNDERGROUND,
        VisitState.RETURNED,
        ReturnReason.WRONG_CRAFT,
    )
    assert card.events[-1].words == "Given back by JOE Joe Fitter, wrong-craft, underground must go: It is in the duct."
    assert codes(refusal(give_back, session, number)) == [("CSS344E", "fault_number")]


@pytest.mark.parametrize("reason", [ReturnReason.OTHER, ReturnReason.HAZARD])
def test_some_reasons_want_words(session: Session, town: Town, reason: ReturnReason) -> None:
    number = queued(session)
    assign(session, number)
    assert codes(refusal(give_back, session, number, reason)) == [("CSS346E", "words")]
    assert give_back(session, number, reason, words="Wasps.").state is FaultState.QUEUED


@pytest.mark.parametrize("deed", [give_back, recall])
def test_a_slot_that_is_still_promised_is_waited_for_again(session: Session, town: Town, deed: Any) -> None:  # noqa: ANN401 - either verb
    number = appointed(session)
    assign(session, number)
    assert deed(session, number).state is FaultState.APPOINTED
    assert fault_card(session, number, by=BY).live_visit is None


def test_nobody_in_when_it_was_promised_is_the_customers_missed_appointment(session: Session, town: Town) -> None:
    number = appointed(session)
    there = AT.replace(hour=14)
    assign(session, number, at=there)
    arrive(session, number, at=there)
    back = give_back(session, number, ReturnReason.NO_ACCESS, at=there + timedelta(minutes=10), words="Nobody came to the door.")
    assert back.state is FaultState.PARKED
    slot = session.execute(select(Appointment)).scalar_one()
    assert (slot.state, slot.miss_cause) == (AppointmentState.MISSED, MissCause.NO_ACCESS)
    (visit,) = fault_card(session, number, by=BY).visits
    assert (visit.state, visit.return_reason) == (VisitState.RETURNED, ReturnReason.NO_ACCESS)
    assert _last_interval(session, number) == (ClockState.CUSTOMER, ParkReason.NO_ACCESS.value)


def test_nobody_in_where_nobody_was_promised_holds_the_fault_for_the_customer(session: Session, town: Town) -> None:
    number = queued(session)
    assign(session, number)
    arrive(session, number)
    assert give_back(session, number, ReturnReason.NO_ACCESS).state is FaultState.PARKED
    assert _last_interval(session, number) == (ClockState.CUSTOMER, ParkReason.NO_ACCESS.value)
    assert fault_of(session, number).resumes_to is FaultState.QUEUED


def test_nobody_in_before_the_slot_is_nobodys_fault(session: Session, town: Town) -> None:
    number = appointed(session)
    assign(session, number, at=EARLY + timedelta(hours=1))
    assert give_back(session, number, ReturnReason.NO_ACCESS, at=AT + timedelta(hours=1)).state is FaultState.APPOINTED


def _last_interval(session: Session, number: str) -> tuple[ClockState, str | None]:
    rows = (
        select(ClockInterval).join(Fault, Fault.id == ClockInterval.fault_id).where(Fault.number == number, ClockInterval.ends_at.is_(None))
    )
    last = session.execute(rows).scalar_one()
    return last.state, last.reason


def test_a_controller_takes_back_what_nobody_has_reached_yet(session: Session, town: Town) -> None:
    number = queued(session)
    assign(session, number)
    assert codes(refusal(recall, session, number, reason=" ")) == [("CSS346E", "reason")]
    assert recall(session, number).state is FaultState.QUEUED
    (visit,) = fault_card(session, number, by=BY).visits
    assert (visit.state, visit.words) == (VisitState.RECALLED, "Wanted elsewhere.")
    assign(session, number)
    arrive(session, number)
    assert refusal(recall, session, number).code == "CSS301E"


def test_parked_and_withdrawn_faults_are_with_nobody(session: Session, town: Town) -> None:
    number = queued(session)
    assign(session, number)
    park_fault(session, ParkFault(fault_number=number, reason=ParkReason.PERMISSION, words="The farmer's leave."), by=CONTROL, at=AT)
    assert fault_card(session, number, by=BY).live_visit is None
    other = queued(session, number=town.carrier_line.number)
    assign(session, other)
    withdraw(session, other, at=AT)
    assert fault_card(session, other, by=BY).live_visit is None
    assert [one.is_free for one in engineers(session, "ZZ", by=BY, at=AT)] == [True]


# Judging and queueing.


def test_whoever_knows_says_where_to_look_and_who_goes(session: Session, town: Town) -> None:
    number = report(session).fault_number
    assert diagnose(session, number, Location.FU, words="Jumper off.").state is FaultState.DIAGNOSED
    fault = fault_of(session, number)
    assert (fault.location, fault.craft) == (Location.FU, Craft.FRAMES)
    diagnose(session, number, Location.LN, craft=Craft.UNDERGROUND)
    assert fault.craft is Craft.UNDERGROUND
    assert fault_card(session, number, by=BY).events[-2].words == "Diagnosed: FU, frames must go: Jumper off."


def test_a_fault_that_needs_nobody_in_gives_its_slot_back(session: Session, town: Town) -> None:
    number = appointed(session)
    assert queue(session, number, words="It is in the street.").state is FaultState.QUEUED
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.CANCELLED
    assert fault_of(session, number).appointment_id is None
    assert take(session).fault_number == number


# Engineers.


def test_an_engineer_is_taken_on_and_changed(session: Session, town: Town) -> None:
    far_exchange(session)
    made = engineer(session, "pat", firm=" Wire & Son ", crafts=(Craft.HOME, Craft.HOME), exchange_codes=("farr", "WREN"))
    assert made.code == "PAT"
    change = ChangeEngineer(code="PAT", crafts=(Craft.FRAMES,), exchange_codes=("FARR",), calendar_code="ALWAYS", row_version=1)
    assert change_engineer(session, change, by=BY, at=AT).row_version == 2
    row = engineer_card(session, "pat", by=BY, at=NIGHT).engineer
    assert (row.crafts, row.exchange_codes, row.calendar_code, row.firm) == ((Craft.FRAMES,), ("FARR",), "ALWAYS", "Wire & Son")
    assert row.is_on_shift
    assert refusal(change_engineer, session, change, by=BY, at=AT).code == "CSS314E"
    change_engineer(session, ChangeEngineer(code="PAT", is_active=False), by=BY, at=AT)
    assert [one.code for one in engineers(session, "ZZ", by=BY, at=AT)] == ["JOE"]
    assert [one.code for one in engineers(session, "ZZ", by=BY, at=AT, also_gone=True)] == ["JOE", "PAT"]
    assert codes(refusal(take, session, "PAT")) == [("CSS342E", "engineer_code")]


def test_what_is_wrong_with_an_engineer_is_told_at_once(session: Session, town: Town) -> None:
    told = refusal(engineer, session, "1", name=" ", crafts=(), exchange_codes=("NOWH",), calendar_code="NEVER")
    assert {code for code, _ in codes(told)} == {"CSS124E", "CSS114E", "CSS347E", "CSS827E"}
    assert codes(refusal(engineer, session, "PAT", district_code="QQ", exchange_codes=("NOWH",)))[0] == ("CSS101E", "district_code")
    assert codes(refusal(engineer, session, "JOE")) == [("CSS125E", "code")]
    change = ChangeEngineer(code="JOE", crafts=())
    assert codes(refusal(change_engineer, session, change, by=BY, at=AT)) == [("CSS347E", "crafts")]
    assert codes(refusal(change_engineer, session, ChangeEngineer(code="JOE"), by=BY, at=AT)) == [("CSS347E", "code")]
    assert refusal(change_engineer, session, ChangeEngineer(code="NOBODY"), by=BY, at=AT).code == "CSS341E"
    assert refusal(engineer, session, "PAT", by=builders.CLERK).code == "CSS111E"


def test_an_engineer_with_a_fault_does_not_stop_working(session: Session, town: Town) -> None:
    number = queued(session)
    assign(session, number)
    stop = ChangeEngineer(code="JOE", is_active=False)
    told = refusal(change_engineer, session, stop, by=BY, at=AT)
    assert (codes(told), number in str(told)) == ([("CSS339E", "engineer_code")], True)
    recall(session, number)
    assert not change_engineer(session, stop, by=BY, at=AT).is_active


@pytest.mark.parametrize("by", [builders.CLERK, builders.PARTNER_ACTOR, contractor("JOE")])
def test_who_gives_faults_out_is_control(session: Session, town: Town, by: Actor) -> None:
    number = queued(session)
    assert refusal(assign, session, number, by=by).code == "CSS315E"
    assert refusal(recall, session, number, by=by).code == "CSS315E"
    assert refusal(queue, session, number, by=by).code == "CSS315E"
    assert refusal(dispatch_board, session, "ZZ", by=builders.PARTNER_ACTOR, at=AT).code == "CSS315E"


# What is seen.


def test_the_board_counts_who_waits_where_for_whom(session: Session) -> None:
    zz = builders.district(session, pairs=12, sites=10)
    account = builders.account(session, zz)
    numbers = [report(session, number=builders.working_line(session, zz, account).number).fault_number for _ in range(7)]
    engineer(session, "ANN", crafts=(Craft.UNDERGROUND,))
    engineer(session, "BOB", crafts=(Craft.HOME, Craft.UNDERGROUND))
    engineer(session, "CYD", crafts=(Craft.UNDERGROUND,), calendar_code="OFFICE")
    for number in numbers[:6]:
        diagnose(session, number, Location.CO)
    for number in numbers[1:4]:
        queue(session, number)
    assign(session, numbers[1], "ANN")
    arrive(session, numbers[1])
    appoint_fault(session, AppointFault(fault_number=numbers[4], slot_on=builders.DAY, half_day=HalfDay.PM), by=BY, at=AT)
    park_fault(session, ParkFault(fault_number=numbers[5], reason=ParkReason.HAZARD, words="Gas."), by=BY, at=AT)
    late = AT.replace(hour=17, minute=30) + timedelta(days=3)
    anybody, underground = dispatch_board(session, "ZZ", by=BY, at=late).rows
    assert (anybody.craft, anybody.unjudged, anybody.late) == (None, 1, 1)
    assert (underground.craft, underground.exchange_code) == (Craft.UNDERGROUND, "WREN")
    assert (underground.waiting, underground.slot_to_come, underground.unjudged, underground.parked) == (3, 0, 1, 1)
    assert (underground.issued, underground.on_site, underground.late, underground.soon) == (0, 1, 5, 0)
    assert underground.free_engineers == ("BOB",), "ANN is on site, CYD's office has closed"
    now = dispatch_board(session, "ZZ", by=BY, at=AT)
    assert (now.rows[1].waiting, now.rows[1].slot_to_come, now.on_shift, now.free) == (2, 1, 3, 2)


def test_an_engineer_reads_what_must_be_known_on_the_way(session: Session, town: Town) -> None:
    number = report(session, access_notes="Side gate", hazard_notes="Dog", charge_band=2).fault_number
    diagnose(session, number, Location.LN)
    queue(session, number)
    assign(session, number)
    joe = Actor("operator", "JOE", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
    day = engineer_day(session, by=joe, at=AT)
    assert day is not None
    (visit,) = day.visits
    assert visit.is_live
    assert (visit.number, visit.address) == ("441632960123", "1 Larkspur Close, Wrenford ZZ1 7QT")
    assert (visit.cabinet_code, visit.distribution_point_code, visit.pair_number) == ("C1", "DP1", 1)
    assert (visit.access_notes, visit.hazard_notes, visit.charge_band, visit.location) == ("Side gate", "Dog", 2, Location.LN)
    arrive(session, number)
    clear(session, number, at=AT + timedelta(hours=1))
    later = engineer_day(session, by=joe, at=AT + timedelta(hours=2))
    assert later is not None
    assert (later.done, later.returned, len(later.visits)) == (1, 0, 1)
    assert engineer_card(session, "JOE", by=BY, at=AT + timedelta(days=1)).visits == ()
    assert engineer_day(session, by=BY, at=AT) is None


def test_the_card_tells_the_slot(session: Session, town: Town) -> None:
    number = appointed(session)
    slot = fault_card(session, number, by=BY).slot
    assert slot is not None
    assert (slot.slot, slot.state) == (SlotOf(builders.DAY, HalfDay.PM), AppointmentState.BOOKED)


def test_an_engineers_card_of_the_last_day_there_is_shows_no_work(session: Session, town: Town) -> None:
    assert engineer_card(session, "JOE", by=BY, at=AT, on=date.max).visits == ()
    assert engineer_card(session, "JOE", by=BY, at=AT, on=date.min).visits == ()
