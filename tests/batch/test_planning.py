"""Planning: every run that is due has its row, once, whoever looks, however late and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from batch import repository
from batch.clock.planning import DATES_AT_ONCE, plan_due
from batch.clock.seen import look
from batch.model import Alarm, JobInstance, Schedule
from batch.net import Before, Net, Plan
from batch.nets import NIGHT
from batch.rules.readiness import Wait
from batch.words import AlarmKind, Cycle, InstanceState, Shift
from css.core.words import NationCode
from css.db.engine import transaction
from css.master.districts import District
from tests import builders
from tests.batch.clock_hands import DUE_AT, MINUTE, Hands, attempted, clockwork, close
from tests.race import together

HOURS = (time(3, 30), time(4), time(5))
MONTH = Net("month", "The month.", (), Plan(Cycle.MONTH_END, *HOURS, priority=20), before=(Before("night"),))
HOUSE = Net(
    "house", "The house.", (), Plan(Cycle.DAILY, *HOURS), before=(Before("night", every_district=True, until=time(5)),), is_of_house=True
)
NETS = {net.name: net for net in (NIGHT, MONTH, HOUSE)}


@pytest.fixture
def town(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
    return fresh_engine


def _plan(engine: Engine, nets: dict[str, Net] | None = None) -> int:
    with transaction(engine) as session:
        return plan_due(session, nets or NETS, at=DUE_AT)


def _rows(engine: Engine) -> list[tuple[str, str, str]]:
    """What is planned: date, net, district."""
    with transaction(engine) as session:
        rows = session.execute(
            select(JobInstance.business_date, JobInstance.net, JobInstance.district_code).order_by(
                JobInstance.business_date, JobInstance.net, JobInstance.district_code
            )
        )
        return [(on.isoformat(), net, code or "-") for on, net, code in rows]


def test_what_is_due_by_the_business_date_is_planned_with_its_hours_and_asking_twice_is_asking_once(town: Engine) -> None:
    close(town, date(2026, 3, 29), current=date(2026, 3, 31))
    assert _plan(town) == 5
    assert _rows(town) == [
        ("2026-03-30", "house", "-"),
        ("2026-03-30", "night", "ZZ"),
        ("2026-03-31", "house", "-"),
        ("2026-03-31", "month", "ZZ"),
        ("2026-03-31", "night", "ZZ"),
    ]
    assert _plan(town) == 0
    with transaction(town) as session:
        row = session.execute(select(JobInstance).where(JobInstance.net == "month")).scalar_one()
    # London is an hour before the sun since 29 March.
    assert row.start_after == datetime(2026, 4, 1, 2, 30, tzinfo=UTC)
    assert (row.must_start_by, row.must_end_by) == (datetime(2026, 4, 1, 3, tzinfo=UTC), datetime(2026, 4, 1, 4, tzinfo=UTC))
    assert (row.priority, row.planned_by, row.planned_at) == (20, "clock", DUE_AT)


def test_a_month_end_that_passed_while_no_clock_looked_is_planned_when_one_comes(town: Engine) -> None:
    close(town, date(2026, 3, 29), current=date(2026, 3, 30))
    _plan(town)
    # Nights were run by hand for a fortnight; nobody ran the month.
    close(town, date(2026, 4, 12), current=date(2026, 4, 13))
    _plan(town)
    assert [row for row in _rows(town) if row[1] == "month"] == [("2026-03-31", "month", "ZZ")]


def test_after_a_long_pause_forty_dates_are_planned_at_a_look_oldest_first(town: Engine) -> None:
    close(town, date(2026, 2, 28), current=date(2026, 6, 1))
    nights = {"night": NIGHT}
    assert _plan(town, nights) == DATES_AT_ONCE == 40
    assert _rows(town)[-1][0] == "2026-04-09"
    assert [_plan(town, nights) for _ in range(3)] == [40, 13, 0]
    assert len(_rows(town)) == 93


def test_what_is_planned_keeps_its_hours_when_the_schedule_changes_and_is_not_planned_again(town: Engine) -> None:
    close(town, date(2026, 3, 1))
    _plan(town, {"night": NIGHT})
    with transaction(town) as session:
        session.add(
            Schedule(
                net="night",
                district_code=None,
                from_date=date(2026, 3, 2),
                cycle=Cycle.DAILY,
                shift=Shift.RUN,
                starts_at=time(4),
                must_start_by=time(5),
                must_end_by=time(6),
                priority=5,
                set_by="CLARE",
                set_at=DUE_AT,
            )
        )
    assert _plan(town, {"night": NIGHT}) == 0
    close(town, date(2026, 3, 2), current=date(2026, 3, 3))
    assert _plan(town, {"night": NIGHT}) == 1
    with transaction(town) as session:
        rows = session.execute(select(JobInstance.start_after, JobInstance.priority).order_by(JobInstance.business_date)).all()
    assert [tuple(row) for row in rows] == [
        (datetime(2026, 3, 3, 2, 15, tzinfo=UTC), 10),
        (datetime(2026, 3, 4, 4, tzinfo=UTC), 5),
    ]


def test_working_days_are_those_of_the_districts_nation(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        for code in ("ZY", "ZZ"):
            builders.district(session, code)
        session.execute(update(District).where(District.code == "ZY").values(nation=NationCode.SCOTLAND))
    for code in ("ZY", "ZZ"):
        # From Good Friday to the Tuesday after Easter 2026; Easter Monday is no holiday in Scotland.
        close(fresh_engine, date(2026, 4, 2), district=code, current=date(2026, 4, 7))
    working = Net("working", "On working days.", (), Plan(Cycle.WORKING_DAYS, *HOURS))
    _plan(fresh_engine, {"working": working})
    assert _rows(fresh_engine) == [("2026-04-06", "working", "ZY"), ("2026-04-07", "working", "ZY"), ("2026-04-07", "working", "ZZ")]


def test_five_clocks_at_once_plan_each_run_once(town: Engine) -> None:
    close(town, date(2026, 2, 28), current=date(2026, 3, 31))
    counts = together(*(lambda: _plan(town) for _ in range(5)))
    assert sum(count for count in counts if isinstance(count, int)) == len(_rows(town)) == 63


# What a net waits for.


def _waits(engine: Engine, now: datetime) -> dict[tuple[str, str], str]:
    with transaction(engine) as session:
        return {
            (one.run.net, one.run.business_date.isoformat()): one.waiting.words if one.waiting.kind is not Wait.NOTHING else "ready"
            for one in look(session, NETS, now)
        }


def test_a_net_waits_for_the_night_of_its_district_and_one_of_the_house_for_every_district(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        for code in ("ZY", "ZZ"):
            builders.district(session, code)
    for code in ("ZY", "ZZ"):
        close(fresh_engine, date(2026, 3, 30), district=code, current=date(2026, 3, 31))
    _plan(fresh_engine)
    four = datetime(2026, 4, 1, 3, tzinfo=UTC)  # 04:00 in London
    close(fresh_engine, date(2026, 3, 31), district="ZY", current=date(2026, 4, 1))
    waits = _waits(fresh_engine, four)
    assert waits["house", "2026-03-31"] == "It waits for the night of ZZ for 31 March 2026."
    with transaction(fresh_engine) as session:
        seen = {(one.run.net, one.run.district_code): one.waiting.kind for one in look(session, NETS, four)}
    assert seen["month", "ZY"] is Wait.NOTHING
    assert seen["month", "ZZ"] is Wait.BEFORE
    close(fresh_engine, date(2026, 3, 31), current=date(2026, 4, 1))
    assert _waits(fresh_engine, four)["house", "2026-03-31"] == "ready"


def test_at_the_hour_until_which_it_waits_a_net_goes_on_and_says_what_it_went_without(town: Engine) -> None:
    close(town, date(2026, 3, 29), current=date(2026, 3, 30))
    nets = {"house": HOUSE, "night": replace(NIGHT, plan=replace(NIGHT.plan, starts_at=time(23)))}
    hands = Hands(datetime(2026, 3, 31, 3, 59, tzinfo=UTC))
    clock = clockwork(town, hands, nets)
    clock.tick()
    assert hands.started == []
    hands.at += MINUTE
    clock.tick()
    assert [launch.net for launch in hands.started] == ["house"]
    with transaction(town) as session:
        alarm = session.execute(select(Alarm.words).where(Alarm.kind == AlarmKind.OPTIONAL)).scalar_one()
    assert alarm == "The house run of the house for 30 March 2026 went on without the night of ZZ for 30 March 2026: its hour had come."


def test_what_catches_up_after_its_hour_is_waited_for_while_it_lives(town: Engine) -> None:
    """No clock looked that night. In the morning the night comes first and the house after it, though its hour has long come."""
    close(town, date(2026, 3, 29), current=date(2026, 3, 30))
    hands = Hands(datetime(2026, 3, 31, 9, tzinfo=UTC))
    clock = clockwork(town, hands, NETS)
    clock.tick()
    clock.tick()
    assert [launch.net for launch in hands.started] == ["night"]
    with transaction(town) as session:
        night = repository.plan(session, "night", "ZZ", date(2026, 3, 30), DUE_AT)
    attempted(town, None, night_of=date(2026, 3, 30), at=hands.at)
    with repository.instance_lock(town, night.id):
        hands.at += MINUTE * 30
        clock.tick()
        assert [launch.net for launch in hands.started] == ["night"]
    attempted(town, 8, night_of=date(2026, 3, 30), at=hands.at)
    clock.tick()
    assert [launch.net for launch in hands.started] == ["night", "house"]


def test_of_another_net_than_the_night_an_open_date_comes_before_a_later_one(town: Engine) -> None:
    with transaction(town) as session:
        for month in (1, 2):
            repository.plan(session, "month", "ZZ", date(2026, month, 28), DUE_AT)
        repository.plan(session, "month", "ZZ", date(2026, 2, 28), DUE_AT, "twice")
    assert _waits(town, DUE_AT)["month", "2026-01-28"] == "ready"
    with transaction(town) as session:
        words = {one.run.parameter_key: one.waiting.words for one in look(session, NETS, DUE_AT) if one.run.business_date.month == 2}
        assert words[""] == "That of 28 January 2026 comes first."
        assert words["twice"].startswith("Nothing")
        _set(session, date(2026, 1, 28), InstanceState.SKIPPED)
    assert _waits(town, DUE_AT)["month", "2026-02-28"] == "ready"


def _set(session: Session, on: date, state: InstanceState) -> None:
    session.execute(update(JobInstance).where(JobInstance.business_date == on).values(state=state))


def test_a_run_of_a_net_that_is_no_more_is_not_started_and_says_so(town: Engine) -> None:
    with transaction(town) as session:
        repository.plan(session, "yesterday", "ZZ", date(2026, 3, 1), DUE_AT)
    hands = Hands(DUE_AT + timedelta(days=1))
    clockwork(town, hands, {"month": MONTH}).tick()
    assert hands.started == []
    assert _waits(town, DUE_AT)["yesterday", "2026-03-01"] == "There is no net yesterday in this program."
