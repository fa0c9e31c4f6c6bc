"""Setting when nets run, and asking when they will."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.clock import schedules as under_test
from batch.clock.commands import SetResource, SetSchedule
from batch.clock.planning import plan_due, schedules
from batch.clock.resources import night_resources, set_resource
from batch.clock.schedules import night_clocks, night_schedules, night_year, set_schedule
from batch.model import JobInstance, OperatorAction, Schedule
from batch.net import Net, Plan
from batch.nets import NETS
from batch.rules.year import year_lines
from batch.words import Cycle, InstanceState, Shift
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.codec import from_plain
from css.core.errors import CssError, Several
from tests import builders
from tests.batch.clock_hands import DUE_AT

WEEK = Net("week", "A week.", (), Plan(Cycle.WEEKLY, time(3), time(4), time(5), Shift.RUN_ON, 4))
HOUSE = Net("house", "The house.", (), Plan(Cycle.DAILY, time(5), time(6), time(7)), is_of_house=True)
KEEPER = Actor("operator", "SCHEDULE", "RETAIL", frozenset({"scheduler"}))
LATER = date(2026, 3, 10)


@pytest.fixture
def zz(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A district that is on 2 March 2026, and three nets."""
    builders.district(session)
    nets = {**NETS, "week": WEEK, "house": HOUSE}
    monkeypatch.setattr(under_test, "NETS", nets)
    return session


def _set(session: Session, **given: Any) -> Any:  # noqa: ANN401 - what the command takes
    command = SetSchedule(**{"net": "week", "from_date": LATER, "reason": "the carriers deliver later", **given})
    return set_schedule(session, command, by=KEEPER, at=DUE_AT)


def test_what_is_left_out_stays_as_it_is_and_the_first_runs_are_told(zz: Session) -> None:
    answer = _set(zz, weekday="Saturday", starts_at="02:30")
    assert answer.words == (
        "Every Saturday, on the next working day when that is none; from 02:30 the day after, to start by 04:00 and to end by 05:00."
    )
    # 14 March is a Saturday, so it runs on Monday.
    assert answer.first_runs == (date(2026, 3, 16), date(2026, 3, 23), date(2026, 3, 30))
    own = _set(zz, district_code="ZZ", from_date=date(2026, 4, 1), cycle=Cycle.DAILY, shift=Shift.RUN, priority=7)
    assert own.words.startswith("Every day; from 02:30")
    (row, later) = schedules(zz)["week"]
    assert (row.weekday, row.priority, row.shift, row.set_by) == (5, 50, Shift.RUN_ON, "SCHEDULE")
    assert (later.district_code, later.weekday, later.priority) == ("ZZ", None, 7)


def test_it_is_audited_with_what_it_was(zz: Session) -> None:
    _set(zz, starts_at="02:30")
    event = zz.execute(select(AuditEvent).where(AuditEvent.verb == "set_schedule")).scalar_one()
    assert "from 03:00 the day after" in str(event.before)
    assert "from 02:30 the day after" in str(event.after)
    assert "the carriers deliver later" in str(event.after)


def test_a_schedule_for_the_same_date_is_replaced_and_a_token_is_one_deed(zz: Session) -> None:
    for starts_at in ("02:30", "02:45"):
        _set(zz, starts_at=starts_at)
    assert [row.starts_at for row in schedules(zz)["week"]] == [time(2, 45)]
    for _ in range(2):
        _set(zz, starts_at="02:50", token="once")
    assert zz.execute(select(func.count()).select_from(AuditEvent).where(AuditEvent.verb == "set_schedule")).scalar_one() == 3


def test_a_net_that_was_switched_off_is_switched_on_as_it_was(zz: Session) -> None:
    _set(zz, starts_at="02:30")
    off = _set(zz, from_date=LATER + timedelta(days=10), is_enabled=False)
    assert (off.words, off.first_runs) == ("Switched off: the clock plans none.", ())
    again = _set(zz, from_date=LATER + timedelta(days=30))
    assert "from 02:30" in again.words
    runs = [run.business_date for run in night_year(zz, "ZZ", 2026) if run.net == "week" and run.business_date >= LATER]
    assert runs[:3] == [date(2026, 3, 13), date(2026, 4, 10), date(2026, 4, 17)]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"net": "nothing"}, ["CSS624E"]),
        ({"district_code": "QQ"}, ["CSS101E"]),
        ({"starts_at": "3 o'clock"}, ["CSS625E"]),
        ({"starts_at": "03:00:30"}, ["CSS625E"]),
        ({"starts_at": "04:01"}, ["CSS625E"]),
        ({"starts_at": "01:00"}, ["CSS625E"]),
        ({"starts_at": "01:59"}, ["CSS625E"]),
        ({"from_date": date(2026, 3, 2)}, ["CSS626E"]),
        ({"from_date": date(2028, 3, 3)}, ["CSS626E"]),
        ({"net": "night", "cycle": Cycle.WORKING_DAYS}, ["CSS627E"]),
        ({"net": "night", "shift": Shift.SKIP}, ["CSS627E"]),
        ({"net": "month-end", "shift": Shift.RUN_ON}, ["CSS627E"]),
        ({"net": "month-end", "shift": Shift.SKIP}, ["CSS627E"]),
        ({"net": "month-end", "cycle": Cycle.WORKING_DAYS}, ["CSS627E"]),
        ({"net": "quarter-end", "cycle": Cycle.MONTH_END}, ["CSS627E"]),
        ({"net": "house", "district_code": "ZZ"}, ["CSS628E"]),
        ({"net": "house", "weekday": "Friday"}, ["CSS628E"]),
        ({"net": "house", "cycle": Cycle.WEEKLY}, ["CSS628E"]),
        ({"weekday": "Fryday"}, ["CSS628E"]),
        ({"priority": 0}, ["CSS628E"]),
        ({"priority": 100}, ["CSS628E"]),
        ({"reason": " "}, ["CSS630E"]),
        (
            {"reason": "x" * 201, "from_date": date(2026, 3, 1), "starts_at": "24:99", "priority": 0},
            ["CSS626E", "CSS630E", "CSS625E", "CSS628E"],
        ),
    ],
)
def test_what_cannot_be_is_refused_all_at_once(zz: Session, given: dict[str, Any], codes: list[str]) -> None:
    with pytest.raises(CssError) as refusal:
        _set(zz, **given)
    errors = refusal.value.errors if isinstance(refusal.value, Several) else (refusal.value,)
    assert [error.code for error in errors] == codes
    assert zz.execute(select(func.count()).select_from(Schedule)).scalar_one() == 0


@pytest.mark.parametrize(
    "by", [replace(KEEPER, roles=frozenset({"clerk", "billing"})), Actor("partner", "TELCO", "TELCO"), replace(KEEPER, kind="batch")]
)
def test_only_who_looks_after_the_night_sets_when_it_runs(zz: Session, by: Actor) -> None:
    with pytest.raises(CssError, match="role scheduler or supervisor"):
        set_schedule(zz, SetSchedule(net="week", from_date=LATER, reason="because"), by=by, at=DUE_AT)


def test_the_night_keeps_its_dates_and_changes_its_hours(zz: Session) -> None:
    _set(zz, net="night", starts_at="00:30", from_date=date(2026, 3, 3))
    plan_due(zz, NETS, at=DUE_AT)
    planned = select(JobInstance.start_after).where(JobInstance.net == "night")
    assert zz.execute(planned).scalars().all() == [datetime(2026, 3, 3, 2, 15, tzinfo=UTC)]
    starts = {run.business_date: run.start_at for run in night_year(zz, "ZZ") if run.net == "night"}
    assert starts[date(2026, 3, 2)] == datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
    assert starts[date(2026, 3, 3)] == datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
    assert starts[date(2026, 3, 29)] == datetime(2026, 3, 29, 23, 30, tzinfo=UTC)
    assert len(starts) == 61


def test_a_year_of_a_district_has_the_nets_of_the_house_beside_its_own(zz: Session) -> None:
    runs = night_year(zz, "ZZ", 2028)
    assert {(run.net, run.district_code) for run in runs if run.net in {"night", "week", "house"}} == {
        ("night", "ZZ"),
        ("week", "ZZ"),
        ("house", ""),
    }
    assert sum(run.net == "night" for run in runs) == 366
    assert {run.net for run in night_year(zz, "", 2028)} == {net for net in NETS if NETS[net].is_of_house} - _on_demand() | {"house"}
    with pytest.raises(CssError, match=r"The plan of 2040 is not shown"):
        night_year(zz, "ZZ", 2040)


def _on_demand() -> set[str]:
    return {net.name for net in NETS.values() if net.plan.cycle is Cycle.ON_DEMAND}


def test_when_nets_run_is_listed_with_who_set_it(zz: Session) -> None:
    _set(zz, starts_at="02:30", district_code="ZZ")
    rows = [row for row in night_schedules(zz) if row.net == "week"]
    assert [(row.district_code, row.from_date, row.set_by) for row in rows] == [("", None, ""), ("ZZ", LATER, "SCHEDULE")]
    assert night_clocks(zz) == ()


def test_the_example_of_the_runbook_can_be_given(zz: Session) -> None:
    chapter = (Path(__file__).parents[2] / "docs" / "batch-runbook.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^\{\"net\".*from_date.*\}$", chapter, flags=re.MULTILINE)
    answer = set_schedule(zz, from_plain(json.loads(example), SetSchedule), by=KEEPER, at=DUE_AT)
    assert answer.first_runs == (date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30))


def test_the_year_says_who_skipped_held_or_forced_a_date(zz: Session) -> None:
    plain = night_year(zz, "ZZ")
    for day, given in (
        (5, {"state": InstanceState.SKIPPED}),
        (6, {"state": InstanceState.PLANNED, "held_at": DUE_AT, "held_by": "NED", "hold_reason": "The carrier is late."}),
        (7, {"state": InstanceState.PLANNED, "forced_at": DUE_AT}),
        (8, {"state": InstanceState.PLANNED}),
    ):
        row = JobInstance(net="night", district_code="ZZ", business_date=date(2026, 3, day), planned_at=DUE_AT, **given)
        zz.add(row)
        zz.flush()
        deeds = [("skip", "SUE", "Power cut.")] if day == 5 else [("force", "SUE", "The auditors wait.")]
        zz.add_all(
            OperatorAction(job_instance_id=row.id, step=step, verb=verb, done_by=by, reason=reason, consequence="", done_at=DUE_AT)
            for verb, by, reason in deeds
            for step in (None, "rate-usage")
        )
    zz.flush()
    runs = night_year(zz, "ZZ")
    assert {run.business_date.day: run.told for run in runs if run.told} == {
        5: "skipped by SUE: Power cut.",
        6: "held by NED: The carrier is late.",
        7: "forced by SUE: The auditors wait.",
    }
    assert tuple(replace(run, told="") for run in runs) == plain
    assert any("night 02:15 [skipped by SUE: Power cut.]" in line for line in year_lines(runs))


# What steps share.


def test_how_much_there_is_of_a_resource_is_set_kept_within_reason_and_audited(session: Session) -> None:
    (row,) = night_resources(session)
    assert (row.name, row.capacity, row.in_use, row.used_by) == ("processors", 2, 0, ())
    assert "night calculate" in row.needed_by
    answer = set_resource(session, SetResource(name="processors", capacity=4, reason="Eight cores."), by=KEEPER, at=DUE_AT)
    assert (answer.before, answer.capacity) == (2, 4)
    assert night_resources(session)[0].capacity == 4
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "set_resource")).scalar_one()
    assert event.after is not None
    assert (event.before, event.after["capacity"], event.after["reason"]) == ({"capacity": 2}, 4, "Eight cores.")


@pytest.mark.parametrize(
    ("name", "capacity", "code"), [("processors", 0, "CSS697E"), ("processors", 1001, "CSS697E"), ("tapes", 1, "CSS696E")]
)
def test_a_resource_that_is_none_or_that_steps_would_wait_for_for_ever_is_refused(
    session: Session, name: str, capacity: int, code: str
) -> None:
    with pytest.raises(CssError) as refused:
        set_resource(session, SetResource(name=name, capacity=capacity, reason="because"), by=KEEPER, at=DUE_AT)
    assert refused.value.code == code
    assert night_resources(session)[0].capacity == 2


@pytest.mark.parametrize("reason", [" ", "x" * 201])
def test_a_resource_is_set_for_a_reason_as_everything_is(session: Session, reason: str) -> None:
    with pytest.raises(CssError) as refused:
        set_resource(session, SetResource(name="processors", capacity=4, reason=reason), by=KEEPER, at=DUE_AT)
    assert refused.value.code == "CSS630E"
    assert night_resources(session)[0].capacity == 2


def test_an_operator_sets_no_resource(session: Session) -> None:
    clerk = replace(KEEPER, roles=frozenset({"orders"}))
    with pytest.raises(CssError) as refused:
        set_resource(session, SetResource(name="processors", capacity=4, reason="because"), by=clerk, at=DUE_AT)
    assert refused.value.code == "CSS111E"


def test_the_example_of_a_resource_in_the_runbook_can_be_given(session: Session) -> None:
    chapter = (Path(__file__).parents[2] / "docs" / "batch-runbook.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^\{\"name\".*capacity.*\}$", chapter, flags=re.MULTILINE)
    answer = set_resource(session, from_plain(json.loads(example), SetResource), by=KEEPER, at=DUE_AT)
    assert answer.capacity == 4
