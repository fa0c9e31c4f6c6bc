"""What people tell a net: what each verb does, what it refuses and what it says beforehand; and that it stands written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from batch.clock.seen import look, waiting_of
from batch.control import (
    force_night,
    hold_night,
    kill_night,
    night_verb,
    night_verbs,
    plan_night,
    release_night,
    rerun_step,
    see_alarm,
    set_priority,
    skip_night,
    start_night,
    stop_night,
)
from batch.control.commands import (
    ForceNight,
    HoldNight,
    KillNight,
    NightTold,
    PlanNight,
    ReleaseNight,
    RerunStep,
    SeeAlarm,
    SetPriority,
    SkipNight,
    StartNight,
    StopNight,
)
from batch.model import Alarm, JobExecution, JobInstance, OperatorAction, Schedule, StepControl, StepExecution
from batch.nets import NETS
from batch.queries import night_actions
from batch.repository import raise_alarm
from batch.rules.readiness import Wait
from batch.words import AlarmKind, Cycle, ExecutionState, InstanceState, Shift, StepState
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Refused
from css.core.words import Role
from css.master.reference import RETAIL
from tests import builders
from tests.batch.told_night import AT, CHORES, DAY, EVENING, HOUSEWORK, SAM, SUE, UNDONE, instance_of, run_of

VERBS: dict[type, Any] = {
    PlanNight: plan_night,
    StartNight: start_night,
    HoldNight: hold_night,
    ReleaseNight: release_night,
    ForceNight: force_night,
    SkipNight: skip_night,
    StopNight: stop_night,
    KillNight: kill_night,
    RerunStep: rerun_step,
    SetPriority: set_priority,
}
DONE = StepState.COMPLETED


@pytest.fixture(autouse=True)
def _nets(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.district(session)
    monkeypatch.setitem(NETS, "chores", CHORES)
    monkeypatch.setitem(NETS, "housework", HOUSEWORK)
    UNDONE.clear()


def tell(
    session: Session, kind: type, *, by: Actor = SUE, at: datetime = AT, approved_by: Actor | None = None, **fields: object
) -> NightTold:
    given = {"net": "chores", "district_code": "ZZ", "business_date": DAY, "reason": "Because."} | fields
    second = {"approved_by": approved_by} if approved_by else {}
    told: NightTold = VERBS[kind](session, kind(**given), by=by, at=at, **second)
    return told


def refusal(session: Session, kind: type, **fields: Any) -> str:  # noqa: ANN401 - fields of any command
    """The code and sentence of a refusal; nothing may be written for it."""
    before = session.execute(select(func.count()).select_from(OperatorAction)).scalar_one()
    with pytest.raises(CssError) as refused:
        tell(session, kind, **fields)
    assert session.execute(select(func.count()).select_from(OperatorAction)).scalar_one() == before
    return refused.value.text


def actions(session: Session) -> list[tuple[str, str | None, str, str]]:
    rows = session.execute(select(OperatorAction).order_by(OperatorAction.id)).scalars()
    return [(row.verb, row.step, row.done_by, row.reason) for row in rows]


# Planning.


def test_a_run_is_planned_once_with_its_hours_and_by_whom(session: Session) -> None:
    told = tell(session, PlanNight, by=SAM, at=EVENING)
    row = instance_of(session, told.job_instance_id)
    assert (row.state, row.planned_by, row.priority) == (InstanceState.PLANNED, "SAM", 20)
    assert row.start_after == datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
    assert (row.must_start_by, row.must_end_by) == (datetime(2026, 3, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 6, tzinfo=UTC))
    assert told.run == "the chores run of ZZ for 2 March 2026"
    assert told.consequences == (
        "No clock looks now; when one does, it starts by itself at 02:15 on 3 March 2026 or later, when its turn has come.",
    )
    assert refusal(session, PlanNight).startswith(
        "CSS635E The chores run of ZZ for 2 March 2026 is planned already, by SAM at 20:00 on 2 March 2026; it is planned."
    )
    assert actions(session) == [("plan", None, "SAM", "Because.")]


def test_an_extra_run_has_a_key_and_hours_of_its_own(session: Session) -> None:
    at_noon = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    told = tell(session, PlanNight, net="housework", district_code="", parameter_key="again-2", start_after=at_noon, priority=5)
    row = instance_of(session, told.job_instance_id)
    assert (row.district_code, row.parameter_key, row.start_after, row.priority) == (None, "again-2", at_noon, 5)
    assert (row.must_start_by, row.must_end_by) == (None, None), "nobody waits for an extra run"
    assert refusal(session, PlanNight, parameter_key="x").startswith("CSS631E The chores net runs once for a date; it takes no key.")
    assert refusal(session, PlanNight, net="housework", district_code="", parameter_key="a b").startswith("CSS631E The key of an extra run")


def test_what_somebody_plans_has_the_hours_that_were_set_for_its_date(session: Session) -> None:
    hours = {"starts_at": time(4, 30), "must_start_by": time(5), "must_end_by": time(7)}
    schedule = {"cycle": Cycle.DAILY, "shift": Shift.RUN, "priority": 3, "is_enabled": True, "set_by": "SUE", "set_at": EVENING}
    session.add(Schedule(net="chores", district_code=None, from_date=DAY, **hours, **schedule))
    session.flush()
    told = tell(session, PlanNight, at=EVENING)
    row = instance_of(session, told.job_instance_id)
    hour = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    assert (row.start_after, row.must_start_by, row.must_end_by, row.priority) == (
        hour,
        hour.replace(hour=5, minute=0),
        hour.replace(hour=7, minute=0),
        3,
    )
    assert "by itself at 04:30 on 3 March 2026 or later" in told.consequences[0]
    before = tell(session, HoldNight, business_date=DAY - timedelta(days=1)).job_instance_id
    assert instance_of(session, before).start_after == datetime(2026, 3, 2, 2, 15, tzinfo=UTC), (
        "what holds from a date changes none before it"
    )


def test_the_hour_that_was_ordered_is_said_and_is_not_late_before_it_has_come(session: Session) -> None:
    noon = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    told = tell(session, PlanNight, at=EVENING, start_after=noon)
    assert "by itself at 12:00 on 3 March 2026 or later" in told.consequences[0]
    row = instance_of(session, told.job_instance_id)
    assert (row.start_after, row.must_start_by, row.must_end_by) == (noon, noon, noon)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"net": "laundry"}, "CSS600E There is no net 'laundry'; there are: night, "),
        ({"district_code": "QQ"}, "CSS101E "),
        ({"district_code": ""}, "CSS631E The chores net runs in a district; say in which."),
        ({"net": "housework"}, "CSS631E The housework net is of the whole house; name no district."),
        ({"business_date": DAY + timedelta(days=500)}, "CSS631E 15 July 2027 is more than 400 days ahead"),
        ({"net": "night", "business_date": DAY - timedelta(days=1)}, "CSS605E The night of 2026-03-01 is closed in district ZZ"),
        (
            {"net": "month-end", "business_date": date(2026, 3, 15)},
            "CSS980E 15 March 2026 is not the last day of a month; this one ends on 31 March 2026.",
        ),
        ({"net": "quarter-end", "business_date": date(2026, 4, 30)}, "CSS980E 30 April 2026 is not the last day of a quarter"),
        ({"reason": "  "}, "CSS630E Say why, in at most 200 letters"),
        ({"reason": "x" * 201}, "CSS630E "),
        ({"priority": 100}, "CSS631E A priority is from 1, the first, to 99."),
        ({"by": Actor("operator", "CLERK", RETAIL, frozenset({Role.CLERK.value}))}, "CSS111E CLERK may not do this"),
        ({"by": Actor("partner", "BRACKWAT", "BRACKWAT", frozenset({Role.SUPERVISOR.value}))}, "CSS111E "),
    ],
)
def test_what_cannot_be_planned_is_told_and_leaves_nothing(session: Session, fields: dict[str, Any], said: str) -> None:
    assert refusal(session, PlanNight, **fields).startswith(said)
    if {"net", "business_date"} <= fields.keys():
        assert refusal(session, HoldNight, **fields).startswith(said), "nor by holding it"
    assert session.execute(select(func.count()).select_from(JobInstance)).scalar_one() == 0


# Starting and forcing.


def test_a_failed_run_is_asked_to_start_and_says_where_it_goes_on(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.FAILED, wash=DONE, dry=StepState.NOT_NEEDED, write=StepState.FAILED)
    told = tell(session, StartNight, by=SAM)
    assert told.is_start_asked
    assert told.consequences == ("It is started now.", "Attempt 2 goes on with write; 2 steps are done and passed over.")
    assert instance_of(session, run).start_asked_at == AT


def test_a_run_before_its_hour_is_started_by_force_alone_and_by_a_supervisor(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.PLANNED)
    assert refusal(session, StartNight, at=EVENING) == (
        "CSS636E The chores run of ZZ for 2 March 2026 is not due. It starts at 02:15 on 3 March. "
        "No clock looks now; when one does, it starts by itself then; force starts it now."
    )
    assert refusal(session, ForceNight, by=SAM, at=EVENING).startswith("CSS609E To force this needs a supervisor")
    assert instance_of(session, run).forced_at is None
    told = tell(session, ForceNight, by=SAM, approved_by=SUE, at=EVENING)
    row = instance_of(session, run)
    assert (row.forced_at, row.start_asked_at, told.is_start_asked) == (EVENING, EVENING, True)
    assert told.consequences[0] == "It is started now, and this is not waited for: it starts at 02:15 on 3 March."
    assert session.execute(select(AuditEvent.after).where(AuditEvent.verb == "force_night")).scalar_one()["approved_by"] == "SUE"
    assert [(one.done_by, one.approved_by) for one in night_actions(session, "ZZ")] == [("SAM", "SUE")], "both stand where one looks"
    assert refusal(session, ForceNight).startswith("CSS636E Nothing keeps the chores run of ZZ for 2 March 2026 from starting")


def test_nobody_is_the_second_person_for_themselves(session: Session) -> None:
    run_of(session, CHORES, InstanceState.PLANNED)
    both = replace(SAM, roles=frozenset({Role.SCHEDULER.value, Role.SUPERVISOR.value}))
    assert refusal(session, ForceNight, by=SAM, approved_by=both, at=EVENING).startswith("CSS609E ")
    clerk = replace(SAM, name="CLERK")
    assert refusal(session, ForceNight, by=SAM, approved_by=clerk, at=EVENING).startswith("CSS609E ")


def test_a_net_of_the_house_waits_for_every_district_until_it_is_forced(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED)
    house: dict[str, Any] = {"net": "housework", "district_code": ""}
    tell(session, PlanNight, **house)
    late = AT + timedelta(hours=5)
    said = refusal(session, StartNight, at=late, **house)
    assert said.startswith(
        "CSS636E The housework run of the house for 2 March 2026 is not due. It waits for the chores run of ZZ for 2 March 2026."
    )
    assert tell(session, ForceNight, at=late, **house).is_start_asked


def test_nights_are_started_in_their_turn(session: Session) -> None:
    run_of(session, NETS["night"], InstanceState.PLANNED, day=DAY + timedelta(days=1))
    later: dict[str, Any] = {"net": "night", "business_date": DAY + timedelta(days=1), "at": AT + timedelta(days=1)}
    assert refusal(session, StartNight, **later).startswith("CSS604E The night of 2026-03-02 is not closed in district ZZ")
    assert refusal(session, ForceNight, **later).startswith("CSS604E "), "force never passes over a night"
    tell(session, SkipNight, net="night")
    assert tell(session, StartNight, **later).is_start_asked, "what was skipped is passed over"


@pytest.mark.parametrize("state", [InstanceState.PLANNED, InstanceState.FAILED])
def test_a_run_of_any_net_waits_for_that_of_an_earlier_date_and_says_so(session: Session, state: InstanceState) -> None:
    run_of(session, CHORES, InstanceState.FAILED)
    run_of(session, CHORES, state, day=DAY + timedelta(days=1))
    later: dict[str, Any] = {"business_date": DAY + timedelta(days=1), "at": AT + timedelta(days=1)}
    said = (
        "CSS636E The chores run of ZZ for 3 March 2026 is not started before its turn. That of 2 March 2026 comes first. "
        "See to that one; force does not pass over it either."
    )
    assert refusal(session, StartNight, **later) == said
    assert refusal(session, ForceNight, **later) == said
    assert tell(session, HoldNight).consequences[1] == (
        "The chores runs of ZZ after it wait for it, for they run in the order of their dates."
    )


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (InstanceState.COMPLETED, "CSS634E The chores run of ZZ for 2 March 2026 is completed: there is nothing to start."),
        (InstanceState.SKIPPED, "CSS634E The chores run of ZZ for 2 March 2026 is skipped: there is nothing to start. Release undoes it."),
    ],
)
def test_what_is_over_is_not_started_and_not_forced(session: Session, state: InstanceState, said: str) -> None:
    run_of(session, CHORES, state)
    assert refusal(session, StartNight).startswith(said)
    assert refusal(session, ForceNight).startswith(said[:60])


def test_what_was_never_planned_is_not_started(session: Session) -> None:
    for kind in (StartNight, ForceNight, ReleaseNight, StopNight, KillNight):
        assert refusal(session, kind).startswith("CSS633E The chores run of ZZ for 2 March 2026 was never planned"), kind


# Holding.


def test_a_hold_keeps_a_run_from_starting_until_it_is_released(session: Session) -> None:
    told = tell(session, HoldNight, net="night", by=SAM, at=EVENING, reason="The carrier is late.")
    run = told.job_instance_id
    assert told.consequences == (
        "It is not started until it is released, neither by a clock nor by hand.",
        "The nights of ZZ after it wait for it, for they run in the order of their dates.",
    )
    held = "CSS635E The night of ZZ for 2 March 2026 is held by SAM since 20:00 on 2 March 2026: The carrier is late. Release it first."
    assert refusal(session, StartNight, net="night") == held
    assert refusal(session, ForceNight, net="night") == held, "force does not undo what somebody holds"
    assert refusal(session, HoldNight, net="night").startswith(
        "CSS635E The night of ZZ for 2 March 2026 is held already, by SAM since 20:00"
    )
    told = tell(session, ReleaseNight, net="night", by=SAM, at=AT)
    row = instance_of(session, run)
    assert (row.held_at, row.held_by, row.hold_reason, row.start_asked_at) == (None, None, None, AT)
    assert told.consequences[0] == "SAM held it since 20:00 on 2 March 2026: The carrier is late."
    assert refusal(session, ReleaseNight, net="night") == (
        "CSS635E The night of ZZ for 2 March 2026 is not held any more: SAM released it at 03:00 on 3 March 2026: Because."
    )


def test_a_release_before_its_hour_starts_nothing_and_of_a_failed_run_neither(session: Session) -> None:
    run = tell(session, HoldNight, at=EVENING).job_instance_id
    assert not tell(session, ReleaseNight, at=EVENING).is_start_asked
    assert instance_of(session, run).start_asked_at is None
    failed = run_of(session, CHORES, InstanceState.FAILED, day=DAY + timedelta(days=1))
    tomorrow: dict[str, Any] = {"business_date": DAY + timedelta(days=1)}
    tell(session, HoldNight, **tomorrow)
    assert "waits for somebody to start it" in tell(session, ReleaseNight, **tomorrow).consequences[1]
    assert instance_of(session, failed).start_asked_at is None


@pytest.mark.parametrize(
    ("return_code", "after", "said"),
    [
        (16, timedelta(minutes=1), "It is failed. It stopped for want of a server or a disk; it is tried again at 03:05 on 3 March."),
        (16, timedelta(minutes=5), "It is failed. A clock starts it again by itself when its turn has come."),
        (8, timedelta(minutes=5), "It is failed, and waits for somebody to start it."),
    ],
)
def test_a_release_says_whether_a_failed_run_goes_on_by_itself(session: Session, return_code: int, after: timedelta, said: str) -> None:
    run_of(session, CHORES, InstanceState.FAILED, return_code=return_code, wash=DONE)
    tell(session, HoldNight)
    assert tell(session, ReleaseNight, at=AT + after).consequences[1] == said + ("" if return_code == 8 else " No clock looks now.")


def test_a_step_is_held_and_released_and_the_run_goes_on(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.STOPPED, wash=DONE)
    told = tell(session, HoldNight, step="write", by=SAM)
    assert told.consequences == (
        "Write and what comes after it (file, post) is not begun until it is released.",
        "Everything else is done; then the run stops.",
    )
    control = session.execute(select(StepControl)).scalar_one()
    assert (control.step, control.held_by, control.hold_reason) == ("write", "SAM", "Because.")
    assert refusal(session, HoldNight, step="write").startswith(
        "CSS635E The chores run of ZZ for 2 March 2026 is held before write already"
    )
    assert refusal(session, HoldNight, step="wash").startswith("CSS637E Step wash is completed in this run: there is nothing to hold.")
    assert refusal(session, HoldNight, step="iron").startswith("CSS600E The chores net has no step 'iron'; it has: wash, dry,")
    told = tell(session, ReleaseNight, step="write", by=SAM)
    assert told.is_start_asked
    assert told.consequences[1] == "The run is started. Attempt 2 goes on with dry; 1 step is done and passed over."
    session.refresh(control)
    assert (control.held_at, instance_of(session, run).start_asked_at) == (None, AT)
    assert refusal(session, ReleaseNight, step="dry").startswith("CSS636E The chores run of ZZ for 2 March 2026 is not held before dry.")
    assert refusal(session, ReleaseNight, step="write") == (
        "CSS635E The chores run of ZZ for 2 March 2026 is not held before write any more: "
        "SAM released it at 03:00 on 3 March 2026: Because."
    )


# Skipping.


def test_a_night_is_skipped_before_it_begins_and_taken_up_again(session: Session) -> None:
    assert refusal(session, SkipNight, net="night", by=SAM).startswith("CSS609E To skip this needs a supervisor")
    assert session.execute(select(func.count()).select_from(JobInstance)).scalar_one() == 0, "nor was it planned by the refusal"
    told = tell(session, SkipNight, net="night", reason="Christmas.")
    run = told.job_instance_id
    assert told.consequences[1].startswith("The next night that runs does its work with its own")
    assert instance_of(session, run).state is InstanceState.SKIPPED
    assert refusal(session, SkipNight, net="night").startswith("CSS634E ")
    tell(session, ReleaseNight, net="night", by=SAM)
    assert instance_of(session, run).state is InstanceState.PLANNED
    tell(session, SkipNight, net="night")
    session.execute(text("UPDATE css.business_date SET current_on = '2026-03-04', closed_through = '2026-03-03'"))
    assert refusal(session, ReleaseNight, net="night").startswith(
        "CSS634E The night of ZZ for 2 March 2026 was skipped, and a later night has closed"
    )


def test_a_skipped_night_is_not_taken_up_beside_a_later_one_that_has_begun(session: Session) -> None:
    tell(session, SkipNight, net="night")
    later = run_of(session, NETS["night"], InstanceState.PLANNED, day=DAY + timedelta(days=1))
    tell(session, ReleaseNight, net="night")
    tell(session, SkipNight, net="night")
    session.execute(
        insert(JobExecution).values(
            job_instance_id=later, attempt=1, state=ExecutionState.RUNNING, started_by="night", host="here", process_id=1, started_at=AT
        )
    )
    assert refusal(session, ReleaseNight, net="night") == (
        "CSS634E The night of ZZ for 2 March 2026 was skipped, and the night of 3 March 2026 has begun: "
        "it does what this one left, and closes its date with its own."
    )


def test_what_has_begun_and_what_nobody_else_does_is_not_skipped(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED)
    assert refusal(session, SkipNight).startswith("CSS637E The chores run of ZZ for 2 March 2026 has begun (attempt 1)")
    tell(session, PlanNight, net="housework", district_code="")
    assert refusal(session, SkipNight, net="housework", district_code="").startswith("CSS637E The housework net may not be skipped")


def test_a_step_is_left_out_where_the_net_can_do_without(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.FAILED, wash=DONE, dry=StepState.FAILED)
    assert refusal(session, SkipNight, step="write").startswith("CSS637E Write may not be left out. What bills, numbers, posts or closes")
    assert refusal(session, SkipNight, step="dry", by=SAM).startswith("CSS609E ")
    told = tell(session, SkipNight, step="dry")
    assert told.consequences[:2] == ("Dry is left out; what comes after it goes on.", "Plates stay wet.")
    assert told.is_start_asked, "the run stood at it"
    assert instance_of(session, run).start_asked_at == AT
    assert refusal(session, SkipNight, step="dry").startswith("CSS635E The chores run of ZZ for 2 March 2026: dry is left out already")
    control = session.execute(select(StepControl)).scalar_one()
    assert (control.skipped_by, control.skip_reason) == ("SUE", "Because.")
    tell(session, ReleaseNight, step="dry")
    session.refresh(control)
    assert control.skipped_at is None


def test_a_step_is_forced_past_its_condition_cut_off_and_limit(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED, wash=DONE, dry=StepState.FAILED)
    assert refusal(session, ForceNight, step="write").startswith("CSS637E Write has no condition, no cut-off and no limit")
    assert refusal(session, ForceNight, step="dry", by=SAM).startswith("CSS609E ")
    told = tell(session, ForceNight, step="dry")
    assert told.consequences == (
        "It is done though its condition may not hold.",
        "It is done though it may be later than 05:00.",
        "It may set aside more than 10 items or 5 thousandths of what it reads; what was set aside stays so.",
        "The run is started. Attempt 2 goes on with dry; 1 step is done and passed over.",
    )
    control = session.execute(select(StepControl)).scalar_one()
    assert (control.forced_by, control.force_reason) == ("SUE", "Because.")
    assert refusal(session, ForceNight, step="dry").startswith("CSS635E ")


def test_a_run_is_put_before_others_that_are_ready(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.PLANNED)
    assert night_verb(session, "priority", "ZZ", DAY, by=SAM, at=AT, net="chores").consequences[0].startswith("It has priority 50 now.")
    told = tell(session, SetPriority, by=SAM, priority=3)
    assert told.consequences[0].startswith("It has priority 3 instead of 50.")
    assert instance_of(session, run).priority == 3
    assert refusal(session, SetPriority, priority=3).startswith("CSS635E The chores run of ZZ for 2 March 2026 has priority 3 already.")
    assert refusal(session, SetPriority, priority=0).startswith("CSS631E A priority is from 1")
    asked = [night_verb(session, "priority", "ZZ", DAY, by=SAM, at=AT, net="chores", priority=number) for number in (0, 3, 4)]
    assert [one.refusal_code for one in asked] == ["CSS631E", "CSS635E", None], "as the deed says it"
    assert asked[2].consequences[0].startswith("It has priority 4 instead of 3.")


# Ending. That a process really ends is shown in test_killed_by_hand.py.


def test_what_does_not_run_is_neither_stopped_nor_killed(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED)
    assert refusal(session, StopNight).startswith("CSS636E The chores run of ZZ for 2 March 2026 is not running: there is nothing to stop.")
    assert refusal(session, KillNight).startswith("CSS636E ")


def test_an_attempt_whose_process_is_gone_is_killed_on_paper(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.RUNNING, wash=DONE, write=StepState.RUNNING)
    assert refusal(session, StopNight).startswith("CSS636E The process of attempt 1 is gone without a word")
    told = tell(session, KillNight, by=SAM, reason="It hung.")
    assert told.consequences[0] == "Attempt 1, process 1 on elsewhere, is gone already; it is marked as over."
    assert instance_of(session, run).state is InstanceState.FAILED
    attempt = session.execute(text("SELECT state, return_code, message_code, message_words, ended_at FROM batch.job_execution")).one()
    assert tuple(attempt) == ("failed", 16, "CSS632E", "Killed by SAM: It hung.", AT)
    step = session.execute(text("SELECT state, message_code FROM batch.step_execution WHERE step = 'write'")).one()
    assert tuple(step) == ("failed", "CSS632E")
    assert session.execute(text("SELECT state FROM batch.step_attempt")).scalar_one() == "failed"
    assert refusal(session, KillNight).startswith("CSS636E ")


# Running again.


def test_a_finished_step_takes_everything_after_it_along(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.FAILED, wash=DONE, dry=StepState.NOT_NEEDED, write=DONE, file=StepState.FAILED)
    assert refusal(session, RerunStep, step="write", by=SAM).startswith("CSS609E To rerun this needs a supervisor")
    told = tell(session, RerunStep, step="write", by=SAM, approved_by=SUE)
    assert told.consequences == (
        "write: what it counted (read 7, written 7) is superseded. 3 letters of 2026-03-02 are thrown away.",
        "file: what it counted (read 7, written 7) is superseded. 3 letters of 2026-03-02 are thrown away.",
    )
    assert UNDONE == ["file 1 by SUE", "write 1 by SUE"], "the last first, by whoever may"
    row = instance_of(session, run)
    assert (row.state, row.start_asked_at) == (InstanceState.PLANNED, AT)
    current = session.execute(
        select(StepExecution.step).where(StepExecution.superseded_at.is_(None)).order_by(StepExecution.step)
    ).scalars()
    assert list(current) == ["dry", "wash"]


def test_a_rerun_may_wait_for_a_start_of_its_own_and_looks_at_conditions_again(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.COMPLETED, wash=DONE, dry=StepState.NOT_NEEDED)
    told = tell(session, RerunStep, step="dry", is_started=False, by=SAM)
    assert told.consequences == ("dry: was not needed; it is looked at again.",)
    assert not told.is_start_asked
    assert instance_of(session, run).start_asked_at is None


@pytest.mark.parametrize(("state", "return_code"), [(InstanceState.COMPLETED, 0), (InstanceState.FAILED, 16), (InstanceState.FAILED, 8)])
def test_no_clock_starts_a_rerun_that_waits_for_a_start_of_its_own(session: Session, state: InstanceState, return_code: int) -> None:
    run = run_of(session, CHORES, state, return_code=return_code, wash=DONE, write=DONE)
    tell(session, RerunStep, step="write", is_started=False)
    much_later = AT + timedelta(hours=9)
    waiting = waiting_of(look(session, NETS, much_later), run)
    assert (waiting.kind, waiting.words) == (Wait.PERSON, "A step of it is to be run again; somebody starts it.")
    tell(session, StartNight, at=much_later)
    assert waiting_of(look(session, NETS, much_later), run).kind is Wait.NOTHING


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("post", "CSS638E Step post is not run again. Post: What it did stands; it is not done twice."),
        ("write", "CSS638E Step write is not run again, for what came after it would have to be too, and may not. Post: What it did"),
    ],
)
def test_what_may_not_be_repeated_refuses_the_whole(session: Session, step: str, said: str) -> None:
    run_of(session, CHORES, InstanceState.COMPLETED, wash=DONE, dry=DONE, write=DONE, file=DONE, post=DONE)
    assert refusal(session, RerunStep, step=step).startswith(said)
    assert UNDONE == []


def test_only_what_is_finished_is_run_again(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED, wash=StepState.FAILED)
    assert refusal(session, RerunStep, step="wash").startswith("CSS638E Step wash is failed in this run: start takes it up")
    assert refusal(session, RerunStep, step="write").startswith("CSS638E Step write has not begun in this run")


# Asking beforehand.


def test_what_a_verb_leads_to_is_said_without_doing_it(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.COMPLETED, wash=DONE, write=DONE, file=DONE)
    asked = night_verb(session, "rerun", "ZZ", DAY, "write", by=SAM, at=AT, net="chores")
    assert (asked.is_allowed, asked.needs_second, asked.refusal) == (True, True, None)
    assert tell(session, RerunStep, step="write").consequences == asked.consequences
    assert instance_of(session, run).state is InstanceState.PLANNED
    with pytest.raises(BadMessage, match="no verb 'burn' for a run"):
        night_verb(session, "burn", "ZZ", DAY, by=SAM, at=AT, net="chores")


def test_a_date_that_a_net_does_not_run_for_and_an_hour_that_is_ordered_are_part_of_the_answer(session: Session) -> None:
    asked = night_verb(session, "plan", "ZZ", date(2026, 3, 15), by=SAM, at=AT, net="month-end")
    assert (asked.is_allowed, asked.refusal_code) == (False, "CSS980E")
    noon = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    asked = night_verb(session, "plan", "ZZ", DAY, by=SAM, at=EVENING, net="chores", start_after=noon)
    assert "by itself at 12:00 on 3 March 2026 or later" in asked.consequences[0]


def test_every_verb_says_whether_it_can_be_done_now_and_why_not(session: Session) -> None:
    run_of(session, CHORES, InstanceState.FAILED, wash=DONE)
    of_run = {one.verb: one for one in night_verbs(session, "ZZ", DAY, by=SUE, at=AT, net="chores")}
    assert {verb for verb, one in of_run.items() if one.is_allowed} == {"start", "hold", "priority"}
    assert of_run["skip"].refusal_code == "CSS637E"
    assert all(one.refusal for one in of_run.values() if not one.is_allowed)
    of_step = {one.verb: one for one in night_verbs(session, "ZZ", DAY, "dry", by=SAM, at=AT, net="chores")}
    assert {verb for verb, one in of_step.items() if one.is_allowed} == {"hold", "force", "skip"}
    assert {verb for verb, one in of_step.items() if one.needs_second} == {"force", "skip"}
    clerk = Actor("operator", "CLERK", RETAIL, frozenset({Role.CLERK.value}))
    assert {one.refusal_code for one in night_verbs(session, "ZZ", DAY, by=clerk, at=AT, net="chores")} == {"CSS111E"}
    assert session.execute(select(func.count()).select_from(OperatorAction)).scalar_one() == 0


# What stands of it.


def test_every_deed_stands_with_who_why_and_what_it_led_to(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.FAILED)
    tell(session, HoldNight, by=SAM, reason="A flood.", token="T1")
    again = tell(session, HoldNight, by=SAM, reason="A flood.", token="T1")
    assert again.verb == "hold", "a repeat gets the first answer"
    row = session.execute(select(OperatorAction)).scalar_one()
    assert (row.job_instance_id, row.verb, row.done_by, row.reason, row.done_at) == (run, "hold", "SAM", "A flood.", AT)
    assert row.consequence.startswith("It is not started until it is released")
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "hold_night")).scalar_one()
    assert (event.subject_kind, event.subject_number, event.before) == ("night", "chores ZZ 2026-03-02", {"state": "failed"})
    assert event.after is not None
    assert event.after["reason"] == "A flood."


def test_an_alarm_is_looked_at_once(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.FAILED)
    raise_alarm(session, run, "wash", AlarmKind.STUCK, "It stands still.", AT)
    alarm = session.execute(select(Alarm.id)).scalar_one()
    seen = see_alarm(session, SeeAlarm(alarm_id=alarm, words="The tap was closed."), by=SAM, at=AT)
    assert (seen.words, seen.seen_by) == ("It stands still.", "SAM")
    assert actions(session) == [("see-alarm", "wash", "SAM", "The tap was closed.")]
    with pytest.raises(Conflict, match="SAM has looked at alarm"):
        see_alarm(session, SeeAlarm(alarm_id=alarm, words="Me too."), by=SUE, at=AT)
    with pytest.raises(NotFound, match="no alarm 999"):
        see_alarm(session, SeeAlarm(alarm_id=999, words="Where?"), by=SUE, at=AT)
    with pytest.raises(Refused):
        see_alarm(session, SeeAlarm(alarm_id=alarm, words="x"), by=builders.CLERK, at=AT)


def test_dates_far_ahead_may_be_skipped_in_advance(session: Session) -> None:
    christmas = date(2026, 12, 25)
    told = tell(session, SkipNight, net="night", business_date=christmas)
    assert instance_of(session, told.job_instance_id).state is InstanceState.SKIPPED
