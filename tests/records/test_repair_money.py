"""Repairs told up to what is left for billing: time on site, visits in vain, expedites, and the promises of ours that were not kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.slots import SlotOf
from css.core.words import AppointmentState, HalfDay, MissCause, Segment, Skill
from css.handover import BillableItem, ServiceFailure
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from css.master.appointments import Appointment
from repairs.actions import declare_mborc, expedite_fault, report_damage, return_fault
from repairs.commands.dispatch import ReturnFault
from repairs.commands.faults import ExpediteFault, ReportDamage
from repairs.commands.outages import DeclareMborc
from repairs.words import FaultState, ReturnReason
from tests import builders
from tests.records.clearing import TUESDAY, accept, appoint, engineer, fault_of, intervals, left, miss, price, reject, send, silence
from tests.records.faults import AT, BY, LATE, Town, build, clear, codes, count, refusal, report

HOUR = timedelta(hours=1)
MORNING = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
WEDNESDAY, THURSDAY = TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=2)


def _begins(day: date, half_day: HalfDay = HalfDay.AM) -> datetime:
    return SlotOf(day, half_day).begins_at


@pytest.fixture
def town(session: Session) -> Town:
    made = build(session)
    engineer(session)
    return made


# Time on site.


@pytest.mark.parametrize(
    ("band", "minutes", "items"),
    [
        (0, 150, {}),
        (1, 150, {"time/TRC-FIRST-HOUR": 1, "time/TRC-HOUR": 1}),
        (2, 150, {"time/TRC-FIRST-HOUR": 1, "time/TRC-HOUR": 2}),
        (4, 59, {"time/TRC-FIRST-HOUR": 1}),
    ],
)
def test_right_when_tested_is_charged_by_band_when_it_is_accepted_and_not_before(
    session: Session, town: Town, band: int, minutes: int, items: dict[str, int]
) -> None:
    number = report(session, charge_band=band).fault_number
    send(session, number)
    done_at = AT + timedelta(minutes=minutes)
    told = clear(session, number, "RWT", at=done_at).charge_words
    assert told is not None
    assert left(session) == {}
    answer = accept(session, number, at=done_at + HOUR)
    assert left(session) == items
    assert answer.charge_words is not None
    assert ("Nothing is charged." in answer.charge_words) is (not items)
    assert ("no time-related charges were authorised" in told) is (band == 0)


@pytest.mark.parametrize("segment", [Segment.RESIDENTIAL, Segment.WHOLESALE])
def test_each_segment_pays_its_own_price_to_the_penny(session: Session, town: Town, segment: Segment) -> None:
    line = town.line if segment is Segment.RESIDENTIAL else town.carrier_line
    number = report(session, number=line.number, charge_band=4).fault_number
    send(session, number)
    told = clear(session, number, "CE", at=AT + timedelta(hours=2, minutes=1)).charge_words
    accept(session, number, at=AT + 3 * HOUR)
    items = {row.source_key.rsplit("/", 1)[1]: row for row in session.execute(select(BillableItem)).scalars()}
    first, further = price(session, "TRC-FIRST-HOUR", segment), price(session, "TRC-HOUR", segment)
    assert (first, further) == ((13000, 7500) if segment is Segment.RESIDENTIAL else (7800, 4400))
    for code, pence, quantity in (("TRC-FIRST-HOUR", first, 1), ("TRC-HOUR", further, 2)):
        item = items[code]
        asked = item.gross_price if segment is Segment.RESIDENTIAL else item.net_price
        assert (int(asked.pence), item.quantity, item.reference, item.line_id) == (pence, quantity, number, line.id)
        assert (item.account_id, item.service_id, item.occurs_on) == (line.account.id, line.service_id, builders.DAY)
    assert told is not None
    assert f"together £{(first + 2 * further) / 100:.2f}" in told


def test_what_was_rejected_is_never_charged(session: Session, town: Town) -> None:
    number = report(session, charge_band=4).fault_number
    send(session, number)
    clear(session, number, "RWT", at=AT + 5 * HOUR)
    reject(session, number, at=AT + 6 * HOUR)
    assert left(session) == {}
    send(session, number, at=MORNING)
    clear(session, number, "CW", at=MORNING + timedelta(minutes=30))
    accept(session, number, at=MORNING + HOUR)
    assert left(session) == {"time/TRC-FIRST-HOUR": 1}


def test_silence_charges_as_an_acceptance_does_and_once(session: Session, town: Town) -> None:
    number = report(session, charge_band=1).fault_number
    send(session, number)
    clear(session, number, "RWT", at=AT + HOUR)
    assert silence(session, LATE).charges == 1
    assert silence(session, LATE).charges == 0
    assert left(session) == {"time/TRC-FIRST-HOUR": 1}


# Expedites.


@pytest.mark.parametrize(("hours", "is_charged"), [(5, True), (7, False)])
def test_an_expedite_is_charged_unless_its_target_was_missed(session: Session, town: Town, hours: int, is_charged: bool) -> None:
    number = report(session).fault_number
    expedite_fault(session, ExpediteFault(fault_number=number, care_level="4", consented_by="Ada Tansley"), by=BY, at=AT)
    answer = clear(session, number, at=AT + hours * HOUR)
    assert answer.was_late is not is_charged
    accept(session, number, at=AT + 8 * HOUR)
    assert left(session) == ({"expedite/FEE-EXPEDITE": 1} if is_charged else {})


def test_a_clear_in_time_that_is_rejected_and_done_late_costs_no_expedite(session: Session, town: Town) -> None:
    number = report(session).fault_number
    expedite_fault(session, ExpediteFault(fault_number=number, care_level="4", consented_by="Ada Tansley"), by=BY, at=AT)
    clear(session, number, at=AT + HOUR)
    reject(session, number, at=AT + 2 * HOUR)
    clear(session, number, at=AT + 9 * HOUR)
    accept(session, number, at=AT + 10 * HOUR)
    assert left(session) == {}


# Promising a visit.


def test_a_visit_is_promised_moved_and_given_back(session: Session, town: Town) -> None:
    number = report(session).fault_number
    assert appoint(session, number).state is FaultState.APPOINTED
    appoint(session, number, WEDNESDAY, HalfDay.PM)
    slots = session.execute(select(Appointment).order_by(Appointment.id)).scalars().all()
    assert [(slot.slot_on, slot.state, slot.skill, slot.reference) for slot in slots] == [
        (TUESDAY, AppointmentState.CANCELLED, Skill.REPAIR, number),
        (WEDNESDAY, AppointmentState.BOOKED, Skill.REPAIR, number),
    ]
    assert fault_of(session, number).appointment_id == slots[1].id
    assert intervals(session, number) == [("running", AT, None)]


def test_a_slot_that_is_held_for_it_is_promised(session: Session, town: Town) -> None:
    number = report(session).fault_number
    asked = ReserveSlot(address_key=town.line.site.address_key, skill=Skill.REPAIR, slot_on=TUESDAY, half_day=HalfDay.AM)
    held = reserve_slot(session, asked, by=BY, at=AT)
    appoint(session, number, None, None, appointment_number=held.appointment_number)  # type: ignore[arg-type]
    slot = session.execute(select(Appointment)).scalar_one()
    assert (slot.number, slot.state, slot.reference) == (held.appointment_number, AppointmentState.BOOKED, number)


def test_slots_that_are_none_are_refused(session: Session, town: Town) -> None:
    number = report(session).fault_number
    assert codes(refusal(appoint, session, number, appointment_number="ZZP00000016")) == [("CSS857E", "appointment_number")]
    assert codes(refusal(appoint, session, number, TUESDAY, None)) == [("CSS857E", "appointment_number")]
    assert refusal(appoint, session, number, date(2026, 3, 8)).code == "CSS222E"  # a Sunday
    for offered in ({"offered_on": THURSDAY, "offered_half_day": HalfDay.AM}, {"offered_on": builders.DAY}):
        assert codes(refusal(appoint, session, number, WEDNESDAY, **offered)) == [("CSS858E", "offered_on")]
    damage = report_damage(
        session,
        ReportDamage(
            district_code="ZZ", exchange_code="WREN", place_words="Pole 7", contact_name="Ada Tansley", contact_phone="07700 900123"
        ),
        by=BY,
        at=AT,
    ).fault_number
    assert refusal(appoint, session, damage).code == "CSS856E"


def test_what_lies_between_the_slot_offered_and_the_one_chosen_is_the_customer_s_own_delay(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number, THURSDAY, offered_on=TUESDAY, offered_half_day=HalfDay.PM)
    assert intervals(session, number) == [
        ("running", AT, _begins(TUESDAY, HalfDay.PM)),
        ("customer-held", _begins(TUESDAY, HalfDay.PM), _begins(THURSDAY)),
        ("running", _begins(THURSDAY), None),
    ]
    send(session, number, at=_begins(THURSDAY) + HOUR)
    answer = clear(session, number, at=datetime(2026, 3, 9, 12, 0, tzinfo=UTC))
    assert answer.was_late
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert failure.customer_held == [[_begins(TUESDAY, HalfDay.PM).isoformat(), _begins(THURSDAY).isoformat()]]


# Missing it.


@pytest.mark.parametrize("cause", [MissCause.NO_SHOW, MissCause.LATE, MissCause.NOT_EQUIPPED])
def test_a_visit_we_missed_is_left_for_compensation_once(session: Session, town: Town, cause: MissCause) -> None:
    number = report(session).fault_number
    appoint(session, number)
    slot = session.execute(select(Appointment)).scalar_one()
    noon = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    assert miss(session, number, cause, noon, token="once").state is FaultState.QUEUED
    miss(session, number, cause, noon, token="once")
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert failure.source_key == f"fault/{number}/missed-appointment/{slot.number}"
    assert (failure.account_id, failure.issue_on, failure.promised_at) == (town.account.id, TUESDAY, SlotOf(TUESDAY, HalfDay.AM).ends_at)
    assert refusal(miss, session, number, cause, noon).code == "CSS301E"
    assert intervals(session, number) == [("running", AT, None)]
    # A second slot that is missed is a second promise not kept.
    appoint(session, number, WEDNESDAY, at=noon)
    miss(session, number, MissCause.NO_SHOW, _begins(THURSDAY))
    assert count(session, ServiceFailure) == 2
    clear(session, number, "RWT", at=_begins(THURSDAY))
    accept(session, number, at=_begins(THURSDAY))
    assert left(session) == {}


def test_a_visit_is_called_off_with_less_than_a_day_s_notice_or_it_is_not_missed(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number, WEDNESDAY)
    begins_at = _begins(WEDNESDAY)
    too_soon = begins_at - timedelta(hours=24, seconds=1)
    assert codes(refusal(miss, session, number, MissCause.RECALLED, too_soon)) == [("CSS859E", "cause")]
    for cause in (MissCause.NO_SHOW, MissCause.NO_ACCESS):
        assert codes(refusal(miss, session, number, cause, begins_at - timedelta(seconds=1))) == [("CSS859E", "cause")]
    assert codes(refusal(miss, session, number, MissCause.NO_SHOW, begins_at + HOUR)) == [("CSS859E", "cause")]
    assert miss(session, number, MissCause.RECALLED, begins_at - timedelta(hours=24)).state is FaultState.QUEUED
    assert count(session, ServiceFailure) == 1


def test_a_visit_the_customer_missed_parks_the_fault_and_is_charged_once_it_is_cleared(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number)
    slot = session.execute(select(Appointment)).scalar_one()
    send(session, number, at=MORNING)
    answer = miss(session, number, MissCause.NO_ADULT, MORNING + HOUR)
    assert answer.state is FaultState.PARKED
    assert answer.charge_words is not None
    assert count(session, ServiceFailure) == 0
    assert left(session) == {}
    assert intervals(session, number) == [("running", AT, MORNING), ("customer-held", MORNING, None)]
    # They agree to another: until it begins it is their own delay, and then it is ours again.
    appoint(session, number, THURSDAY, at=MORNING + 2 * HOUR)
    assert fault_of(session, number).state is FaultState.APPOINTED
    shown = intervals(session, number)
    assert [state for state, _, _ in shown] == ["running", *["customer-held"] * (len(shown) - 2), "running"]
    assert (shown[1][1], shown[-2][2], shown[-1][1]) == (MORNING, _begins(THURSDAY), _begins(THURSDAY))
    send(session, number, at=_begins(THURSDAY))
    clear(session, number, "NTE", at=_begins(THURSDAY) + HOUR)
    accept(session, number, at=_begins(THURSDAY) + HOUR)
    assert left(session) == {f"visit-{slot.number}/VISIT": 1}


@pytest.mark.parametrize("code", ["EX", "DP"])
def test_a_visit_in_vain_is_not_charged_when_the_fault_proves_off_site(session: Session, town: Town, code: str) -> None:
    number = report(session).fault_number
    appoint(session, number)
    miss(session, number, MissCause.NO_ACCESS, MORNING)
    clear(session, number, code, at=MORNING + HOUR)
    answer = accept(session, number, at=MORNING + HOUR)
    assert left(session) == {}
    assert answer.charge_words is not None
    assert "off the customer's site" in answer.charge_words


def test_a_visit_in_vain_is_not_charged_under_mborc(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number)
    declare_mborc(session, DeclareMborc(district_code="ZZ", cause="Storm Ada"), by=BY, at=AT + HOUR)
    miss(session, number, MissCause.NO_ACCESS, MORNING)
    clear(session, number, "NOA", at=MORNING + HOUR)
    accept(session, number, at=MORNING + HOUR)
    assert left(session) == {}


@pytest.mark.parametrize(("came", "items"), [(9, 1), (14, 0)])
def test_no_access_is_one_visit_to_pay_for_unless_we_were_late(session: Session, town: Town, came: int, items: int) -> None:
    number = report(session).fault_number
    appoint(session, number)
    came_at = datetime(2026, 3, 3, came, 0, tzinfo=UTC)
    send(session, number, at=came_at)
    return_fault(session, ReturnFault(fault_number=number, reason=ReturnReason.NO_ACCESS), by=BY, at=came_at)
    clear(session, number, "NOA", at=datetime(2026, 3, 3, 16, 0, tzinfo=UTC))
    accept(session, number, at=LATE)
    assert len([key for key in left(session) if key.startswith("visit-")]) == items
    assert count(session, ServiceFailure) == 1 - items


def test_two_slots_missed_are_two_visits_even_over_a_rejected_clear(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number)
    miss(session, number, MissCause.NO_ACCESS, MORNING)
    clear(session, number, "NOA", at=MORNING + HOUR)
    reject(session, number, at=MORNING + 2 * HOUR)
    appoint(session, number, WEDNESDAY, at=MORNING + 3 * HOUR)
    miss(session, number, MissCause.REFUSED, _begins(WEDNESDAY) + HOUR)
    clear(session, number, "NOA", at=_begins(THURSDAY))
    accept(session, number, at=_begins(THURSDAY))
    assert sorted(left(session).values()) == [1, 1]


def test_late_repairs_are_left_with_what_billing_needs_and_a_second_clear_has_its_own_key(session: Session, town: Town) -> None:
    number = report(session).fault_number
    clear(session, number, "TPD", at=LATE)
    reject(session, number, at=LATE + HOUR)
    clear(session, number, "EX", at=LATE + timedelta(days=1))
    failures = session.execute(select(ServiceFailure).order_by(ServiceFailure.id)).scalars().all()
    assert [(one.source_key, one.put_right_at) for one in failures] == [
        (f"fault/{number}/delayed-repair", LATE),
        (f"fault/{number}/delayed-repair/2", LATE + timedelta(days=1)),
    ]
    # Whoever guarantees a repair does not guarantee against diggers.
    assert [one.is_guaranteed for one in failures] == [False, True]
    assert {(one.care_level, one.is_total_loss) for one in failures} == {("1", True)}
