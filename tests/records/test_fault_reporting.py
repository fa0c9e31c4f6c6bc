"""Taking a report: whose level counts, what it hangs on, by what it is judged, and what the caller is told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.words import AppointmentState, HalfDay, LineState, PairState, PlantCondition, PlantElement, Skill
from css.db.engine import transaction
from css.master.appointments import Appointment
from css.master.customers import Customer
from css.master.lines import Line
from css.master.plant import Pair
from repairs.actions import report_fault, withdraw_fault
from repairs.actions.outages import declare_outage
from repairs.actions.plant import break_plant
from repairs.actions.testing import test_line as measure
from repairs.commands.faults import WithdrawFault
from repairs.commands.outages import DeclareOutage
from repairs.commands.testing import BreakPlant, TestLine
from repairs.model import Fault
from repairs.words import FaultState, PlantKind
from tests.race import together
from tests.records.faults import AT, BY, FIELD, REPORT, Town, build, clear, codes, count, refusal, report

CHECKED: dict[str, Any] = {"equipment_checked": True, "power_checked": True}


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number)).scalar_one()


def built_long_ago(session: Session) -> Town:
    """A town whose lines are in their early life no more."""
    town = build(session)
    session.execute(update(Line).values(starts_on=date(2020, 1, 6)))
    return town


def vulnerable(session: Session, town: Town) -> None:
    session.execute(update(Customer).where(Customer.number == town.account.customer_number).values(is_vulnerable=True))


def test_who_depends_on_the_line_has_the_better_level_free_of_charge(session: Session) -> None:
    vulnerable(session, build(session))
    told = report(session)
    fault = fault_of(session, told.fault_number)
    assert (told.care_level, fault.line_care_level, fault.is_priority, fault.is_expedited) == ("3", "1", True, False)


def test_a_line_with_a_better_level_keeps_it(session: Session) -> None:
    vulnerable(session, build(session, care_level="4"))
    told = report(session)
    assert (told.care_level, fault_of(session, told.fault_number).is_priority) == ("4", False)


def test_a_level_bought_with_the_report_counts_from_it(session: Session) -> None:
    build(session)
    told = report(session, expedite_to="4")
    fault = fault_of(session, told.fault_number)
    assert told.due_at == AT + timedelta(hours=6) == fault.due_at
    assert (fault.is_expedited, fault.expedited_at, fault.line_care_level) == (True, AT, "1")


@pytest.mark.parametrize("level", ["1", "9"])
def test_what_is_no_better_or_not_there_cannot_be_bought(session: Session, level: str) -> None:
    build(session)
    assert codes(refusal(report, session, expedite_to=level))[0][0] in {"CSS329E", "CSS070E"}
    assert count(session, Fault) == 0


def test_a_second_fault_is_taken_only_with_a_reason(session: Session) -> None:
    build(session)
    first = report(session).fault_number
    assert codes(refusal(report, session, forced_reason=" ")) == [("CSS312E", "number")]
    second = report(session, symptom_code="NSY", forced_reason="The bell wire, not the line.").fault_number
    assert first != second
    assert fault_of(session, second).forced_reason == "The bell wire, not the line."
    clear(session, first)
    # The one that was forced is open still, and the next is told of it.
    assert second in str(refusal(report, session, at=AT + timedelta(days=10)))


def test_a_reason_where_nothing_is_open_forces_nothing(session: Session) -> None:
    build(session)
    assert fault_of(session, report(session, forced_reason="Two troubles.").fault_number).forced_reason is None


def test_a_report_beneath_an_outage_hangs_on_it_and_is_told_its_message(session: Session) -> None:
    build(session)
    outage = DeclareOutage(
        district_code="ZZ", kind=PlantKind.CABINET, exchange_code="WREN", cabinet_code="C1", cause="A lorry.", message="Back by six."
    )
    made = declare_outage(session, outage, by=FIELD, at=AT)
    told = report(session)
    assert told.outage_message == "Back by six."
    assert fault_of(session, told.fault_number).outage_id == made.outage_id


def test_a_report_is_judged_by_the_test_made_before_it(session: Session) -> None:
    town = build(session)
    broken = BreakPlant(element=PlantElement.PAIR, number=town.line.number, condition=PlantCondition.DISCONNECTION, distance_metres=900)
    break_plant(session, broken, by=FIELD, at=AT)
    test = measure(session, TestLine(number=town.line.number), by=BY, at=AT)
    told = report(session, line_test_id=test.line_test_id, at=AT + timedelta(minutes=3), **CHECKED)
    fault = fault_of(session, told.fault_number)
    assert fault.line_test_id == test.line_test_id
    assert fault.location is not None
    assert fault.state in {FaultState.DIAGNOSED, FaultState.QUEUED}


def test_a_line_that_tests_right_is_said_to_and_what_that_may_cost(session: Session) -> None:
    town = built_long_ago(session)
    test = measure(session, TestLine(number=town.line.number), by=BY, at=AT)
    told = report(session, line_test_id=test.line_test_id, charge_band=1, **CHECKED)
    assert told.warnings == ("The line tests right: if an engineer comes and finds nothing, time is charged as authorised.",)


def test_a_test_of_another_line_or_an_old_one_judges_nothing(session: Session) -> None:
    town = build(session)
    other = measure(session, TestLine(number=town.carrier_line.number), by=BY, at=AT).line_test_id
    own = measure(session, TestLine(number=town.line.number), by=BY, at=AT).line_test_id
    assert codes(refusal(report, session, line_test_id=other)) == [("CSS320E", "line_test_id")]
    assert codes(refusal(report, session, line_test_id=own, at=AT + timedelta(minutes=61))) == [("CSS320E", "line_test_id")]
    assert report(session, line_test_id=own, at=AT + timedelta(minutes=60)).fault_number


def test_a_slot_is_promised_with_the_report_and_given_back_when_it_is_withdrawn(session: Session) -> None:
    built_long_ago(session)
    told = report(session, slot_on=date(2026, 3, 4), half_day=HalfDay.AM, **CHECKED)
    assert (told.state, told.warnings) == (FaultState.APPOINTED, ())
    visit = session.execute(select(Appointment).where(Appointment.number == told.appointment_number)).scalar_one()
    assert (visit.state, visit.reference, visit.skill) == (AppointmentState.BOOKED, told.fault_number, Skill.REPAIR)
    withdraw_fault(session, WithdrawFault(fault_number=told.fault_number, reason="It works."), by=BY, at=AT)
    session.refresh(visit)
    assert visit.state is AppointmentState.CANCELLED


@pytest.mark.parametrize(
    "said",
    [
        {"slot_on": date(2026, 3, 4)},
        {"half_day": HalfDay.AM},
        {"slot_on": date(2026, 3, 4), "half_day": HalfDay.AM, "appointment_number": "x"},
    ],
)
def test_half_a_slot_and_two_slots_are_refused(session: Session, said: dict[str, Any]) -> None:
    build(session)
    assert codes(refusal(report, session, **said))[0][0] == "CSS318E"


def test_what_was_not_checked_is_asked_for_and_a_repeat_is_named(session: Session) -> None:
    built_long_ago(session)
    first = report(session)
    assert len(first.warnings) == 2
    clear(session, first.fault_number, at=AT + timedelta(hours=5))
    again = report(session, at=AT + timedelta(days=3), **CHECKED)
    assert again.warnings == ("The line had a fault lately: this one is a repeat.",)
    assert fault_of(session, again.fault_number).is_repeat


def test_a_line_of_an_installation_is_named_by_its_place(session: Session) -> None:
    town = build(session)
    main = session.get_one(Line, town.line.id)
    pair_id = session.execute(select(Pair.id).where(Pair.state == PairState.SPARE).order_by(Pair.id).limit(1)).scalar_one()
    session.execute(update(Pair).where(Pair.id == pair_id).values(state=PairState.WORKING))
    further = Line(
        district_code="ZZ",
        provider_id=main.provider_id,
        account_id=main.account_id,
        site_id=main.site_id,
        pair_id=pair_id,
        state=LineState.WORKING,
        starts_on=main.starts_on,
        auxiliary_of_id=main.id,
    )
    session.add(further)
    session.flush()
    told = [report(session, number=f"{town.line.number}/{place}").fault_number for place in (1, 2)]
    assert [fault_of(session, number).line_id for number in told] == [main.id, further.id]
    for place in ("3", "0", "x"):
        assert codes(refusal(report, session, number=f"{town.line.number}/{place}")) == [("CSS316E", "number")]


@pytest.mark.parametrize("band", [-1, 5])
def test_there_are_five_charge_bands(session: Session, band: int) -> None:
    build(session)
    assert codes(refusal(report, session, charge_band=band)) == [("CSS317E", "charge_band")]


def test_of_two_who_report_a_line_at_once_one_is_told_of_the_others(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)

    def deed() -> str:
        with transaction(fresh_engine) as session:
            return report_fault(session, REPORT, by=BY, at=AT).fault_number

    told = together(deed, deed)
    [number] = [one for one in told if isinstance(one, str)]
    [error] = [one for one in told if isinstance(one, CssError)]
    assert error.code == "CSS312E"
    assert number in str(error)
    with transaction(fresh_engine) as session:
        assert count(session, Fault) == 1
