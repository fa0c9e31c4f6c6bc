"""A fault's clock in the database: parked and going on, a better level bought, matters beyond our control, and told in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.actions import expedite_fault, park_fault, resume_fault
from repairs.actions.clock import await_slot, customer_held, stop_waiting
from repairs.actions.expedite import level_of
from repairs.commands.faults import ExpediteFault, FaultChanged, ParkFault, ResumeFault
from repairs.model import Fault, FaultEvent
from repairs.queries.clock import fault_clock
from repairs.queries.intervals import intervals_of, promises_of
from repairs.rules.clock import due_from
from repairs.words import FaultState, ParkReason
from tests import builders
from tests.records.faults import AT, BY, FIELD, LATE, build, clear, codes, refusal, report, withdraw

HOUR = timedelta(hours=1)
DUE = AT + timedelta(days=2, hours=13, minutes=59)  # level 1: Wednesday 4 March 2026, 23:59


def park(
    session: Session, number: str, reason: ParkReason = ParkReason.PERMISSION, *, by: Actor = FIELD, at: datetime, **more: object
) -> FaultChanged:
    fields: dict[str, Any] = {"words": "The farmer is asked."} | more
    return park_fault(session, ParkFault(fault_number=number, reason=reason, **fields), by=by, at=at)


def resume(session: Session, number: str, *, by: Actor = FIELD, at: datetime, **more: object) -> FaultChanged:
    fields: dict[str, Any] = more
    return resume_fault(session, ResumeFault(fault_number=number, **fields), by=by, at=at)


def expedite(session: Session, number: str, level: str = "4", *, by: Actor = BY, at: datetime, **more: object) -> FaultChanged:
    fields: dict[str, Any] = {"consented_by": "Ada Tansley"} | more
    return expedite_fault(session, ExpediteFault(fault_number=number, care_level=level, **fields), by=by, at=at)


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number)).scalar_one()


def states(session: Session, number: str) -> list[tuple[str, float, float | None]]:
    """State, and hours from AT to its start and end."""
    return [
        (one.state.value, (one.starts_at - AT) / HOUR, None if one.ends_at is None else (one.ends_at - AT) / HOUR)
        for one in intervals_of(session, fault_of(session, number).id)
    ]


def assert_sound(session: Session, number: str) -> None:
    """No gap, no overlap, one open interval while the fault is open, and the deadline that the intervals lead to."""
    fault = fault_of(session, number)
    intervals = intervals_of(session, fault.id)
    assert intervals[0].starts_at == fault.accepted_at
    assert all(before.ends_at == after.starts_at for before, after in pairwise(intervals))
    assert (intervals[-1].ends_at is None) == fault.is_open
    assert fault.due_at == due_from(promises_of(session, fault), intervals)


def test_a_fault_runs_from_its_acceptance_until_it_ends(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert states(session, number) == [("running", 0, None)]
    clear(session, number, at=AT + 3 * HOUR)
    assert states(session, number) == [("running", 0, 3)]
    assert_sound(session, number)


def test_a_pause_moves_the_deadline_by_what_was_left(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    parked = park(session, number, at=AT + 2 * HOUR)
    assert (parked.state, parked.due_at) == (FaultState.PARKED, DUE)
    gone_on = resume(session, number, at=AT + 26 * HOUR)
    assert (gone_on.state, gone_on.due_at) == (FaultState.REPORTED, DUE + 24 * HOUR)
    fault = fault_of(session, number)
    assert (fault.original_due_at, fault.due_at) == (DUE, DUE + 24 * HOUR)
    assert states(session, number) == [("running", 0, 2), ("parked", 2, 26), ("running", 26, None)]
    assert_sound(session, number)


def test_who_waits_for_a_customer_holds_the_customer_up_too(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, ParkReason.NO_ACCESS, at=AT + HOUR)
    resume(session, number, at=AT + 3 * HOUR)
    park(session, number, ParkReason.PERMISSION, at=AT + 4 * HOUR)
    resume(session, number, at=AT + 5 * HOUR)
    park(session, number, ParkReason.CUSTOMER_ANSWER, at=AT + 6 * HOUR)
    clear(session, number, at=AT + 8 * HOUR)
    fault = fault_of(session, number)
    assert customer_held(session, fault.id) == [(AT + HOUR, AT + 3 * HOUR), (AT + 6 * HOUR, AT + 8 * HOUR)]
    assert_sound(session, number)


def test_waiting_for_stores_is_our_own_trouble_and_the_clock_runs_on(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert park(session, number, ParkReason.STORES, at=AT + HOUR).state is FaultState.PARKED
    assert states(session, number) == [("running", 0, 1), ("running", 1, None)]
    assert resume(session, number, at=AT + 9 * HOUR).due_at == DUE
    assert_sound(session, number)


@pytest.mark.parametrize("words", ["", "  \t"])
def test_parking_without_saying_what_is_waited_for_is_refused(session: Session, words: str) -> None:
    build(session)
    number = report(session).fault_number
    assert codes(refusal(park, session, number, at=AT + HOUR, words=words)) == [("CSS325E", "words")]


def test_a_pause_told_afterwards_begins_when_it_began(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + 5 * HOUR, parked_at=AT + 2 * HOUR)
    gone_on = resume(session, number, at=AT + 9 * HOUR, resumed_at=AT + 6 * HOUR)
    assert gone_on.due_at == DUE + 4 * HOUR
    assert states(session, number) == [("running", 0, 2), ("parked", 2, 6), ("running", 6, None)]
    assert_sound(session, number)


def test_intervals_that_would_overlap_are_refused_and_nothing_changes(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    before = codes(refusal(park, session, number, at=AT + HOUR, parked_at=AT - HOUR))
    park(session, number, at=AT + 2 * HOUR)
    wrong = codes(refusal(resume, session, number, at=AT + 4 * HOUR, resumed_at=AT + HOUR))
    resume(session, number, at=AT + 4 * HOUR)
    again = codes(refusal(park, session, number, at=AT + 6 * HOUR, parked_at=AT + 3 * HOUR))
    assert (before, wrong, again) == ([("CSS326E", "parked_at")], [("CSS326E", "resumed_at")], [("CSS326E", "parked_at")])
    assert states(session, number) == [("running", 0, 2), ("parked", 2, 4), ("running", 4, None)]


def test_nobody_parks_or_resumes_ahead_of_time(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert codes(refusal(park, session, number, at=AT, parked_at=AT + HOUR)) == [("CSS327E", "parked_at")]
    park(session, number, at=AT)
    assert codes(refusal(resume, session, number, at=AT, resumed_at=AT + HOUR)) == [("CSS327E", "resumed_at")]


def test_a_pause_told_after_the_deadline_does_not_undo_it(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    told = DUE + HOUR
    assert codes(refusal(park, session, number, at=told, parked_at=AT + HOUR)) == [("CSS328E", "parked_at")]
    assert codes(refusal(park, session, number, at=told, parked_at=DUE)) == [("CSS328E", "parked_at")]
    park(session, number, at=told, parked_at=DUE + timedelta(minutes=1))
    resumed = resume(session, number, at=told + 48 * HOUR)
    assert (resumed.due_at, resumed.was_late) == (DUE, True)
    assert_sound(session, number)


def test_a_parked_fault_that_is_cleared_was_paused_until_then(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + HOUR)
    assert not clear(session, number, at=LATE).was_late
    assert fault_of(session, number).due_at == LATE + (DUE - AT - HOUR) - 48 * HOUR + 48 * HOUR
    assert_sound(session, number)


def test_a_clear_told_afterwards_takes_away_what_was_recorded_since(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + 4 * HOUR)
    clear(session, number, at=AT + 6 * HOUR, cleared_at=AT + 2 * HOUR)
    assert states(session, number) == [("running", 0, 2)]
    assert fault_of(session, number).due_at == DUE
    assert_sound(session, number)


def test_a_fault_taken_back_while_it_is_parked_has_no_open_interval(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + HOUR)
    withdraw(session, number, at=AT + 2 * HOUR)
    assert states(session, number) == [("running", 0, 1), ("parked", 1, 2)]
    assert_sound(session, number)


def test_only_who_works_in_the_field_parks(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert codes(refusal(park, session, number, by=builders.PARTNER_ACTOR, at=AT)) == [("CSS315E", None)]
    assert codes(refusal(park, session, number, by=builders.CLERK, at=AT)) == [("CSS315E", None)]


# A better level bought.


def test_a_better_level_is_due_from_when_it_was_bought(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    bought = expedite(session, number, "4", at=AT + 3 * HOUR)
    fault = fault_of(session, number)
    assert bought.due_at == fault.due_at == AT + 9 * HOUR
    assert (fault.original_due_at, fault.care_level, fault.line_care_level, fault.is_expedited) == (DUE, "4", "1", True)
    assert_sound(session, number)


def test_the_earlier_of_both_deadlines_counts(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert expedite(session, number, "3", at=DUE - HOUR).due_at == DUE
    assert_sound(session, number)


def test_pauses_before_a_level_was_bought_do_not_count_for_it(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + HOUR)
    resume(session, number, at=AT + 3 * HOUR)
    assert expedite(session, number, "4", at=AT + 4 * HOUR).due_at == AT + 10 * HOUR
    park(session, number, at=AT + 5 * HOUR)
    assert resume(session, number, at=AT + 7 * HOUR).due_at == AT + 12 * HOUR
    assert_sound(session, number)


def test_a_level_bought_while_the_fault_is_parked_waits_with_it(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + HOUR)
    assert expedite(session, number, "4", at=AT + 2 * HOUR).due_at == AT + 8 * HOUR
    assert resume(session, number, at=AT + 10 * HOUR).due_at == AT + 16 * HOUR
    assert_sound(session, number)


def test_what_is_no_better_cannot_be_bought_nor_anything_twice(session: Session) -> None:
    build(session, care_level="2.5")
    number = report(session).fault_number
    for level in ("1", "2", "2.5"):
        assert codes(refusal(expedite, session, number, level, at=AT)) == [("CSS329E", "care_level")]
    assert codes(refusal(expedite, session, number, "5", at=AT)) == [("CSS070E", "care_level")]
    assert codes(refusal(expedite, session, number, "3", at=AT, consented_by=" ")) == [("CSS325E", "consented_by")]
    expedite(session, number, "3", at=AT + HOUR)
    assert codes(refusal(expedite, session, number, "4", at=AT + HOUR)) == [("CSS329E", "care_level")]


def test_who_buys_after_the_deadline_is_told_so(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    bought = expedite(session, number, at=DUE + HOUR)
    assert (bought.due_at, bought.was_late, len(bought.warnings)) == (DUE, True, 1)


@pytest.mark.parametrize(
    ("line", "vulnerable", "bought", "found"),
    [
        ("1", False, None, ("1", False, False)),
        ("1", True, None, ("3", True, False)),
        ("4", True, None, ("4", False, False)),
        ("1", True, "4", ("4", True, True)),
        ("2", False, "2.5", ("2.5", False, True)),
    ],
)
def test_the_best_of_what_a_line_has_its_customer_is_due_and_is_bought(
    session: Session, line: str, vulnerable: bool, bought: str | None, found: tuple[str, bool, bool]
) -> None:
    level = level_of(session, line_level=line, is_vulnerable=vulnerable, on=AT.date(), bought=bought)
    assert (level.care_level, level.is_priority, level.is_expedited) == found
    assert level.line_care_level == line


def test_nobody_buys_what_they_have_free_of_charge(session: Session) -> None:
    found = refusal(level_of, session, line_level="1", is_vulnerable=True, on=AT.date(), bought="3")
    assert codes(found) == [("CSS329E", "care_level")]


def test_a_level_bought_for_priority_starts_from_the_priority(session: Session) -> None:
    town = build(session)
    session.execute(text("UPDATE css.customer SET is_vulnerable = true WHERE id = :id"), {"id": town.account.customer_id})
    number = report(session).fault_number
    fault = fault_of(session, number)
    assert (fault.care_level, fault.is_priority) == ("3", True)
    expedite(session, number, "4", at=AT + 12 * HOUR)
    assert fault_of(session, number).due_at == fault.original_due_at == AT.replace(hour=23, minute=59)
    assert_sound(session, number)


# A later visit than was offered.


def test_between_the_slot_offered_and_the_one_chosen_the_clock_will_stand(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    fault = fault_of(session, number)
    await_slot(session, fault, offered_at=AT + 22 * HOUR, chosen_at=AT + 70 * HOUR, by=BY, at=AT + HOUR)
    assert states(session, number) == [("running", 0, 22), ("customer-held", 22, 70), ("running", 70, None)]
    assert fault.due_at == DUE + 48 * HOUR
    assert_sound(session, number)
    park(session, number, at=AT + 2 * HOUR)
    assert states(session, number) == [("running", 0, 2), ("parked", 2, None)]
    resume(session, number, at=AT + 23 * HOUR)
    assert states(session, number)[1:] == [("parked", 2, 23), ("customer-held", 23, 70), ("running", 70, None)]
    assert_sound(session, number)
    clear(session, number, at=AT + 30 * HOUR)
    assert customer_held(session, fault.id) == [(AT + 23 * HOUR, AT + 30 * HOUR)]
    assert_sound(session, number)


def test_a_clear_before_the_offered_slot_leaves_no_delay(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    fault = fault_of(session, number)
    await_slot(session, fault, offered_at=AT + 22 * HOUR, chosen_at=AT + 70 * HOUR, by=BY, at=AT + HOUR)
    clear(session, number, at=AT + 5 * HOUR)
    assert (states(session, number), fault.due_at) == ([("running", 0, 5)], DUE)
    assert customer_held(session, fault.id) == []
    assert_sound(session, number)


def test_a_visit_missed_or_moved_by_us_ends_the_customers_delay(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    fault = fault_of(session, number)
    await_slot(session, fault, offered_at=AT + 22 * HOUR, chosen_at=AT + 70 * HOUR, by=BY, at=AT + HOUR)
    await_slot(session, fault, offered_at=None, chosen_at=AT + 46 * HOUR, by=BY, at=AT + 2 * HOUR)
    assert states(session, number)[-2:] == [("customer-held", 22, 46), ("running", 46, None)]
    stop_waiting(session, fault, by=BY, at=AT + 30 * HOUR)
    assert states(session, number)[-2:] == [("customer-held", 22, 30), ("running", 30, None)]
    assert fault.due_at == DUE + 8 * HOUR
    assert_sound(session, number)


# In words.


def test_the_clock_of_a_fault_is_told_with_its_reckoning(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    open_one = fault_clock(session, number, by=BY, at=AT + HOUR)
    assert [part.state.value for part in open_one.parts] == ["running", "left"]
    assert open_one.parts[0].minutes == 60
    assert "Care level 1" in open_one.deadline_words
    assert not open_one.is_late
    assert fault_clock(session, number, by=BY, at=LATE).is_late
    clear(session, number, at=LATE)
    ended = fault_clock(session, number, by=BY, at=LATE + timedelta(days=9))
    assert [part.state.value for part in ended.parts] == ["running", "running, late"]
    assert ended.is_late


def test_a_report_taken_back_stops_its_clock(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    withdraw(session, number, at=AT + timedelta(minutes=30))
    ended = fault_clock(session, number, by=BY, at=LATE)
    assert [(part.state.value, part.minutes) for part in ended.parts] == [("running", 30)]
    assert not ended.is_late


def test_every_interval_and_every_deadline_is_told(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + 2 * HOUR)
    standing = fault_clock(session, number, by=BY, at=LATE)
    assert not standing.is_late
    assert standing.sentences[-1] == (
        "The clock stands since Mon 2 Mar 2026 12:00; it was due Wed 4 Mar 2026 23:59 then. When it goes on 59 h 59 min are left."
    )
    resume(session, number, at=AT + 26 * HOUR)
    expedite(session, number, "3", at=AT + 28 * HOUR)
    clear(session, number, at=AT + 29 * HOUR)
    clock = fault_clock(session, number, by=BY, at=LATE)
    assert clock.sentences == (
        "Care level 1, accepted Mon 2 Mar 2026 10:00: due 2 working days (Mon-Fri, not bank holidays) later, Wed 4 Mar 2026 23:59.",
        "Mon 2 Mar 2026 10:00 to Mon 2 Mar 2026 12:00 (2 h 0 min): the clock ran, by TESTER.",
        (
            "Mon 2 Mar 2026 12:00 to Tue 3 Mar 2026 12:00 (24 h 0 min): parked (a landowner's or the highway authority's leave: "
            "The farmer is asked.): the clock stood, by FITTER."
        ),
        "Tue 3 Mar 2026 12:00 to Tue 3 Mar 2026 15:00 (3 h 0 min): the clock ran, by FITTER.",
        (
            "The clock of level 1 stood from Mon 2 Mar 2026 12:00 to Tue 3 Mar 2026 12:00 with 59 h 59 min of its hours left until "
            "Wed 4 Mar 2026 23:59: due Thu 5 Mar 2026 23:59."
        ),
        "Level 3 bought: due Wed 4 Mar 2026 12:59.",
        "It ended Tue 3 Mar 2026 15:00, due Wed 4 Mar 2026 12:59: in time with 21 h 59 min to spare.",
    )
    assert [row.due_at for row in clock.dues] == [DUE, DUE + 24 * HOUR, AT + timedelta(days=2, hours=2, minutes=59)]
    assert (clock.spent.running, clock.spent.parked, clock.spent.counted) == (300, 24 * 60, 300)


def test_a_partner_sees_the_clock_of_its_own_faults_only(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    assert codes(refusal(fault_clock, session, number, by=builders.PARTNER_ACTOR, at=AT)) == [("CSS313E", "fault_number")]


def test_a_pause_is_told_in_the_faults_story(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + HOUR)
    resume(session, number, at=AT + 2 * HOUR, words="He agreed.")
    told = session.execute(select(FaultEvent.deed, FaultEvent.words).order_by(FaultEvent.sequence)).all()
    assert told[1:] == [
        ("park", "Parked, the clock stands: a landowner's or the highway authority's leave: The farmer is asked."),
        ("resume", "Goes on: He agreed."),
    ]
