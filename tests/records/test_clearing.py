"""Clears lived through: from every state, by another pair, with the visit and the slot that end; accepted, rejected, passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import AppointmentState, HalfDay, LineState, MissCause, PairState, PlantCondition, PlantElement, Role
from css.handover import Hold, ServiceFailure
from css.master.appointments import Appointment
from css.master.lines import Line
from orders.actions.find import take_spare_pair
from repairs.actions import (
    accept_silent_clears,
    assign_fault,
    break_plant,
    clear_outage,
    declare_outage,
    mend_plant,
    park_fault,
    queue_fault,
    report_damage,
)
from repairs.commands.dispatch import AssignFault
from repairs.commands.faults import AcceptSilentClears, ParkFault, QueueFault, ReportDamage
from repairs.commands.outages import ClearOutage, DeclareOutage
from repairs.commands.testing import BreakPlant, MendPlant
from repairs.model import Fault, FaultEvent, PairChange, Visit
from repairs.queries.times import history_flags
from repairs.reference import policy_on
from repairs.words import FaultState, ParkReason, PlantKind, VisitState
from tests import builders
from tests.records.clearing import (
    ENGINEER,
    SOON,
    TUESDAY,
    accept,
    appoint,
    engineer,
    fault_of,
    intervals,
    left,
    pair_states,
    reject,
    send,
    silence,
)
from tests.records.faults import AT, BY, LATE, REPORT, Town, build, clear, codes, count, refusal, report, withdraw

HOUR = timedelta(hours=1)


@pytest.fixture
def town(session: Session) -> Town:
    made = build(session)
    engineer(session)
    return made


# From every state.


def _to(session: Session, number: str, state: FaultState) -> None:
    match state:
        case FaultState.REPORTED:
            return
        case FaultState.QUEUED:
            queue_fault(session, QueueFault(fault_number=number), by=BY, at=AT)
        case FaultState.APPOINTED:
            appoint(session, number)
        case FaultState.ISSUED:
            assign_fault(session, AssignFault(fault_number=number, engineer_code=ENGINEER, anyway="a test"), by=BY, at=AT)
        case FaultState.ON_SITE:
            send(session, number)
        case FaultState.PARKED:
            park_fault(session, ParkFault(fault_number=number, reason=ParkReason.PERMISSION, words="The farmer."), by=BY, at=AT + HOUR)
        case _:
            session.execute(update(Fault).values(state=state))
    assert fault_of(session, number).state is state


OPEN = [state for state in FaultState if state not in {FaultState.CLEARED, FaultState.ACCEPTED, FaultState.CLOSED, FaultState.WITHDRAWN}]


@pytest.mark.parametrize("state", OPEN)
def test_a_fault_is_cleared_from_wherever_it_stands(session: Session, town: Town, state: FaultState) -> None:
    number = report(session).fault_number
    _to(session, number, state)
    assert clear(session, number, at=SOON).state is FaultState.CLEARED
    fault = fault_of(session, number)
    assert (fault.cleared_at, fault.clear_count, fault.resumes_to) == (SOON, 1, None)
    assert session.execute(select(Visit).where(Visit.ended_at.is_(None))).first() is None
    assert session.execute(select(Hold).where(Hold.ends_at.is_(None))).first() is None
    assert [end for _, _, end in intervals(session, number)][-1] == SOON
    live = select(Appointment).where(Appointment.state == AppointmentState.BOOKED)
    assert session.execute(live).first() is None


@pytest.mark.parametrize("state", [FaultState.CLEARED, FaultState.ACCEPTED, FaultState.CLOSED, FaultState.WITHDRAWN])
def test_what_has_ended_is_cleared_no_more(session: Session, town: Town, state: FaultState) -> None:
    number = report(session).fault_number
    if state is FaultState.WITHDRAWN:
        withdraw(session, number)
    else:
        clear(session, number, at=SOON)
    if state in {FaultState.ACCEPTED, FaultState.CLOSED}:
        accept(session, number)
    assert codes(refusal(clear, session, number)) == [("CSS301E", None)]
    assert fault_of(session, number).clear_count == (0 if state is FaultState.WITHDRAWN else 1)


def test_the_visit_is_done_by_who_was_there_and_called_back_from_who_was_not(session: Session, town: Town) -> None:
    there, on_the_way = report(session).fault_number, report(session, number=town.carrier_line.number).fault_number
    send(session, there)
    clear(session, there, at=SOON, words="Re-jointed.")
    assign_fault(session, AssignFault(fault_number=on_the_way, engineer_code=ENGINEER, anyway="a test"), by=BY, at=SOON)
    clear(session, on_the_way, by=BY, at=SOON + HOUR)
    visits = session.execute(select(Visit).order_by(Visit.id)).scalars().all()
    assert [(visit.state, visit.ended_at) for visit in visits] == [(VisitState.DONE, SOON), (VisitState.RECALLED, SOON + HOUR)]


def test_until_when_it_may_be_rejected_is_the_policy_s(session: Session, town: Town) -> None:
    number = report(session).fault_number
    clear(session, number, at=SOON)  # Monday 16:00: an hour of Monday, nine of Tuesday and eight of Wednesday
    assert fault_of(session, number).accept_by_at == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


# Slots.


def test_a_slot_that_was_used_is_kept_and_one_that_was_not_is_anybody_s_again(session: Session, town: Town) -> None:
    used, unused = report(session).fault_number, report(session, number=town.carrier_line.number).fault_number
    appoint(session, used)
    appoint(session, unused, half_day=HalfDay.PM)
    morning = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    send(session, used, at=morning)
    clear(session, used, at=morning + HOUR)
    clear(session, unused, at=morning + HOUR)
    states = session.execute(select(Appointment.state).order_by(Appointment.id)).scalars().all()
    assert states == [AppointmentState.KEPT, AppointmentState.CANCELLED]
    assert count(session, ServiceFailure) == 0


@pytest.mark.parametrize(("came", "cause"), [(None, MissCause.NO_SHOW), (14, MissCause.LATE)])
def test_a_slot_that_went_by_with_nobody_there_is_a_promise_not_kept_whoever_forgot_to_say_so(
    session: Session, town: Town, came: int | None, cause: MissCause
) -> None:
    number = report(session).fault_number
    appoint(session, number)
    if came is not None:
        send(session, number, at=datetime(2026, 3, 3, came, 0, tzinfo=UTC))
    answer = clear(session, number, at=datetime(2026, 3, 3, 15, 0, tzinfo=UTC))
    slot = session.execute(select(Appointment)).scalar_one()
    assert (slot.state, slot.miss_cause) == (AppointmentState.MISSED, cause)
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert failure.source_key == f"fault/{number}/missed-appointment/{slot.number}"
    assert "compensated" in answer.warnings[0]


# Another pair.


def test_a_pair_swap_moves_the_line_and_both_pairs_and_an_order_takes_the_old_one_once_it_is_mended(session: Session, town: Town) -> None:
    number = report(session).fault_number
    old, new = town.line.pair_id, town.zz.pair_ids[3]
    version = session.get_one(Line, town.line.id).row_version
    clear(session, number, "DP", at=SOON, pair_number=4, words="Wet joint.")
    line = session.get_one(Line, town.line.id, populate_existing=True)
    assert (line.pair_id, line.row_version) == (new, version + 1)
    assert pair_states(session, old, new) == [PairState.FAULTY, PairState.WORKING]
    change = session.execute(select(PairChange)).scalar_one()
    assert (change.line_id, change.from_pair_id, change.to_pair_id, change.changed_at) == (line.id, old, new, SOON)
    last = session.execute(select(FaultEvent.words).order_by(FaultEvent.id.desc()).limit(1)).scalar_one()
    assert last == "Cleared: distribution point, in time. The line was moved from pair 1 to pair 4."
    # Nobody is given the faulty pair before somebody has mended it.
    taken = []
    for _ in range(3):
        pair_id = take_spare_pair(session, town.zz.distribution_point_id)
        assert pair_id is not None
        taken.append(pair_id)
        _plan(session, town, pair_id)
    assert old not in taken
    assert take_spare_pair(session, town.zz.distribution_point_id) is None
    _mend(session, 1)
    assert take_spare_pair(session, town.zz.distribution_point_id) == old


def _plan(session: Session, town: Town, pair_id: int) -> None:
    session.add(
        Line(
            district_code="ZZ",
            provider_id=town.account.provider_id,
            account_id=town.account.id,
            site_id=town.zz.gold[2].id,
            pair_id=pair_id,
            state=LineState.PLANNED,
            starts_on=builders.DAY,
        )
    )
    session.flush()


def _mend(session: Session, pair_number: int) -> None:
    pair: dict[str, Any] = {"element": PlantElement.PAIR, "district_code": "ZZ", "exchange_code": "WREN", "cabinet_code": "C1"}
    pair |= {"distribution_point_code": "DP1", "pair_number": pair_number}
    break_plant(session, BreakPlant(**pair, condition=PlantCondition.SHORT), by=BY, at=SOON)
    mend_plant(session, MendPlant(**pair), by=BY, at=SOON + HOUR)


def test_a_pair_that_is_not_there_not_spare_or_kept_for_an_order_is_refused(session: Session, town: Town) -> None:
    number = report(session).fault_number
    _plan(session, town, town.zz.pair_ids[4])
    builders.stopped_line(session, town.zz)  # on the third
    for wanted, why in ((99, "none of that number"), (1, "is on it"), (2, "working"), (3, "stopped"), (5, "kept for another line")):
        found = refusal(clear, session, number, pair_number=wanted)
        assert (codes(found), why in str(found)) == ([("CSS348E", "pair_number")], True)
    assert codes(refusal(clear, session, number, "CE", pair_number=4)) == [("CSS349E", "pair_number")]
    fault = fault_of(session, number)
    assert (fault.state, count(session, PairChange)) == (FaultState.REPORTED, 0)
    assert pair_states(session, *town.zz.pair_ids[:1]) == [PairState.WORKING]


def test_an_auxiliary_line_is_moved_to_another_pair_too(session: Session, town: Town) -> None:
    aux = Line(
        district_code="ZZ",
        provider_id=town.account.provider_id,
        account_id=town.account.id,
        site_id=town.line.site.id,
        pair_id=town.zz.pair_ids[5],
        state=LineState.WORKING,
        starts_on=builders.DAY,
        auxiliary_of_id=town.line.id,
    )
    session.add(aux)
    session.flush()
    number = report(session, number=f"{REPORT.number}/2").fault_number
    assert fault_of(session, number).line_id == aux.id
    clear(session, number, "DS", at=SOON, pair_number=3)
    assert session.get_one(Line, aux.id, populate_existing=True).pair_id == town.zz.pair_ids[2]
    assert session.get_one(Line, town.line.id, populate_existing=True).pair_id == town.line.pair_id


# What is said to it.


def test_an_accepted_clear_is_closed_and_that_is_two_steps_of_its_story(session: Session, town: Town) -> None:
    number = report(session).fault_number
    clear(session, number, at=SOON)
    answer = accept(session, number, at=SOON + HOUR, words="Thank you.")
    assert (answer.state, answer.due_at, answer.charge_words) == (FaultState.CLOSED, None, None)
    events = session.execute(select(FaultEvent).order_by(FaultEvent.sequence)).scalars().all()
    assert [(event.sequence, event.deed, event.state) for event in events][-3:] == [
        (2, "clear", FaultState.CLEARED),
        (3, "accept", FaultState.ACCEPTED),
        (4, "close", FaultState.CLOSED),
    ]
    assert codes(refusal(accept, session, number)) == [("CSS301E", None)]


def test_a_rejected_clear_goes_on_as_if_it_had_never_been(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number, half_day=HalfDay.PM)
    due_at = fault_of(session, number).due_at
    clear(session, number, at=SOON)
    answer = reject(session, number, at=SOON + HOUR)
    fault = fault_of(session, number)
    assert (answer.state, answer.due_at) == (FaultState.APPOINTED, due_at)
    assert (fault.cleared_at, fault.clear_code, fault.clear_words, fault.accept_by_at) == (None, None, None, None)
    assert (fault.number, fault.clear_count, fault.is_repeat) == (number, 1, False)
    # It was never mended, so its clock has never stood still.
    assert intervals(session, number) == [("running", AT, SOON), ("running", SOON, None)]
    assert session.execute(select(Hold.ends_at).order_by(Hold.id)).scalars().all() == [SOON, None]
    slot = session.get_one(Appointment, fault.appointment_id)
    assert (slot.slot_on, slot.half_day, slot.state) == (TUESDAY, HalfDay.PM, AppointmentState.BOOKED)
    assert clear(session, number, at=SOON + 2 * HOUR).state is FaultState.CLEARED
    assert fault_of(session, number).clear_count == 2


def test_a_slot_that_somebody_else_has_by_now_is_not_promised_again(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint(session, number)
    clear(session, number, at=SOON)
    answer = reject(session, number, at=datetime(2026, 3, 3, 8, 30, tzinfo=UTC))  # the morning has begun
    assert answer.state is FaultState.QUEUED
    assert "agree another" in answer.warnings[0]


def test_a_clear_is_rejected_with_a_reason_and_in_time(session: Session, town: Town) -> None:
    number = report(session).fault_number
    assert codes(refusal(reject, session, number)) == [("CSS301E", None)]
    clear(session, number, at=SOON)
    assert codes(refusal(reject, session, number, reason="  ")) == [("CSS868E", "reason")]
    time_is_up = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    assert "Report the line anew" in str(refusal(reject, session, number, at=time_is_up))
    accept(session, number)
    found = refusal(reject, session, number, at=SOON + HOUR)
    assert (found.code, "accepted at 16:00 on 2 March 2026" in str(found)) == ("CSS867E", True)


def test_a_clear_is_not_rejected_over_another_open_fault_of_the_line(session: Session, town: Town) -> None:
    number = report(session).fault_number
    clear(session, number, at=SOON)
    other = report(session, at=SOON + HOUR).fault_number
    found = refusal(reject, session, number, at=SOON + 2 * HOUR)
    assert (found.code, other in str(found)) == ("CSS869E", True)
    assert fault_of(session, number).state is FaultState.CLEARED
    withdraw(session, other, at=SOON + 2 * HOUR)
    assert reject(session, number, at=SOON + 3 * HOUR).state is FaultState.QUEUED


def test_silence_accepts_at_its_time_so_many_at_once_and_no_fault_twice(session: Session, town: Town) -> None:
    numbers = [report(session).fault_number, report(session, number=town.carrier_line.number).fault_number]
    clear(session, numbers[0], at=SOON)
    clear(session, numbers[1], at=SOON + HOUR / 2)
    up = [fault_of(session, number).accept_by_at for number in numbers]
    assert up[0] is not None
    assert silence(session, up[0] - timedelta(seconds=1)).accepted == 0
    assert silence(session, LATE, most=1).accepted == 1
    assert [fault_of(session, number).state for number in numbers] == [FaultState.CLOSED, FaultState.CLEARED]
    assert (silence(session, LATE).accepted, silence(session, LATE).accepted) == (1, 0)
    told = session.execute(select(FaultEvent.occurred_at).where(FaultEvent.deed == "accept").order_by(FaultEvent.id)).scalars().all()
    assert told == up


def test_a_partner_answers_for_its_own_customers_and_nobody_else_s(session: Session, town: Town) -> None:
    theirs, ours = report(session, number=town.carrier_line.number).fault_number, report(session).fault_number
    for number in (theirs, ours):
        clear(session, number, at=SOON)
    for deed in (accept, reject):
        assert codes(refusal(deed, session, ours, by=builders.PARTNER_ACTOR)) == [("CSS313E", "fault_number")]
    assert reject(session, theirs, by=builders.PARTNER_ACTOR, at=SOON + HOUR).state is FaultState.QUEUED
    clear(session, theirs, at=SOON + 2 * HOUR)
    assert accept(session, theirs, by=builders.PARTNER_ACTOR, at=SOON + 3 * HOUR).state is FaultState.CLOSED
    assert codes(refusal(clear, session, ours, by=builders.PARTNER_ACTOR)) == [("CSS315E", None)]
    assert codes(refusal(silence_by_partner, session)) == [("CSS315E", None)]


def silence_by_partner(session: Session) -> None:
    accept_silent_clears(session, AcceptSilentClears(district_code="ZZ"), by=builders.PARTNER_ACTOR, at=LATE)


def test_who_clears_must_be_of_the_field(session: Session, town: Town) -> None:
    number = report(session).fault_number
    clerk = Actor("operator", "CLERK1", "RETAIL", frozenset({Role.CLERK.value}), "screen")
    assert codes(refusal(clear, session, number, by=clerk)) == [("CSS315E", None)]
    stranger = Actor("operator", "OTHER", "RETAIL", frozenset({Role.CONTRACTOR.value}), "screen")
    assert codes(refusal(clear, session, number, by=stranger)) == [("CSS313E", "fault_number")]


# How the line did before.


@pytest.mark.parametrize(("days", "is_repeat"), [(0, True), (28, True), (29, False)])
def test_a_repeat_comes_within_so_many_days_of_a_clear(session: Session, town: Town, days: int, is_repeat: bool) -> None:
    policy, on = policy_on(session, builders.DAY), builders.DAY
    assert history_flags(session, town.line.id, on, policy)[0] is False
    number = report(session).fault_number
    assert history_flags(session, town.line.id, on, policy)[0] is False
    clear(session, number, "CE", at=SOON)
    assert history_flags(session, town.line.id, on + timedelta(days=days), policy)[0] is is_repeat
    assert history_flags(session, town.carrier_line.id, on, policy)[0] is False


@pytest.mark.parametrize(("days", "is_early"), [(0, True), (28, True), (29, False)])
def test_an_early_life_failure_comes_within_so_many_days_of_the_provision(session: Session, town: Town, days: int, is_early: bool) -> None:
    on = builders.DAY + timedelta(days=days)
    assert history_flags(session, town.line.id, on, policy_on(session, on))[1] is is_early


def test_nothing_is_left_for_billing_where_nothing_is_owed(session: Session, town: Town) -> None:
    number = report(session, charge_band=4).fault_number
    send(session, number)
    clear(session, number, at=SOON)
    assert accept(session, number).charge_words is None
    assert left(session) == {}


def test_damage_is_cleared_answered_and_charged_to_nobody(session: Session, town: Town) -> None:
    seen = ReportDamage(
        district_code="ZZ", exchange_code="WREN", place_words="Pole 7", contact_name="Ada Tansley", contact_phone="07700 900123"
    )
    number = report_damage(session, seen, by=BY, at=AT).fault_number
    assert codes(refusal(clear, session, number, "DP", pair_number=4)) == [("CSS349E", "pair_number")]
    assert clear(session, number, "DP", at=LATE).was_late
    assert reject(session, number, at=LATE).state is FaultState.QUEUED
    clear(session, number, "DP", at=LATE)
    assert accept(session, number, at=LATE).state is FaultState.CLOSED
    assert (count(session, ServiceFailure), count(session, Hold), left(session)) == (0, 0, {})


def test_a_clear_that_came_with_an_outage_is_rejected_by_itself(session: Session, town: Town) -> None:
    numbers = [report(session).fault_number, report(session, number=town.carrier_line.number).fault_number]
    outage = declare_outage(
        session,
        DeclareOutage(
            district_code="ZZ",
            kind=PlantKind.CABINET,
            exchange_code="WREN",
            cabinet_code="C1",
            cause="A lorry.",
            message="We are working on it.",
        ),
        by=BY,
        at=AT,
    )
    assert outage.faults == len(numbers)
    clear_outage(session, ClearOutage(outage_id=outage.outage_id, clear_code="CAB"), by=BY, at=SOON)
    assert [fault_of(session, number).state for number in numbers] == [FaultState.CLEARED] * 2
    assert reject(session, numbers[0], at=SOON + HOUR).state is FaultState.QUEUED
    # The outage is over: what goes on is a fault of its own, and somebody can be sent to it.
    assert fault_of(session, numbers[0]).outage_id is None
    send(session, numbers[0], at=SOON + HOUR)
    assert fault_of(session, numbers[1]).state is FaultState.CLEARED
