"""Planning: a row for every run that is due, once, whoever looks and however often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.model import JobInstance, Schedule
from batch.net import Net
from batch.rules.calendar import HOUSE_NATION, Due, plan_between
from batch.rules.readiness import first_open
from batch.turns import NIGHT_NET
from batch.words import InstanceState
from css.core.calendar import ONE_DAY, Nation
from css.master.districts import BusinessDate, District

CLOCK: Final = "clock"
"""Who planned it, when nobody did."""
HOUSE: Final = ""
DATES_AT_ONCE: Final = 40
"""Business dates planned at one look; after a long pause the next look plans on."""
REACH: Final = timedelta(days=400)
"""How far one look reckons: even a net that runs once a year is met with once."""


@dataclass(frozen=True, slots=True)
class DistrictDates:
    """A district, or the whole house (empty code), and where it stands."""

    code: str
    nation: Nation
    current_on: date
    closed_through: date


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run that is due."""

    net: str
    district_code: str
    due: Due

    @property
    def on(self) -> date:
        return self.due.day.on


def places(session: Session) -> tuple[DistrictDates, ...]:
    """Every district and where it stands, by code; before them the house, which is as far as the first of them and has closed what all
    have. None where there is no district. A district whose night was skipped is on the date after it, as far as nets go: the desk comes
    to it when that night rolls the date.
    """
    skipped = skipped_nights(session)
    rows = session.execute(
        select(District.code, District.nation, BusinessDate.current_on, BusinessDate.closed_through)
        .join(BusinessDate, BusinessDate.district_code == District.code)
        .order_by(District.code)
    )
    districts = tuple(
        DistrictDates(row.code, row.nation.value, first_open(row.current_on - ONE_DAY, skipped.get(row.code, ())), row.closed_through)
        for row in rows
    )
    if not districts:
        return ()
    house = DistrictDates(HOUSE, HOUSE_NATION, max(one.current_on for one in districts), min(one.closed_through for one in districts))
    return (house, *districts)


def skipped_nights(session: Session) -> dict[str, set[date]]:
    """The dates whose nights somebody left out, by district."""
    found: dict[str, set[date]] = {}
    rows = session.execute(
        select(JobInstance.district_code, JobInstance.business_date).where(
            JobInstance.net == NIGHT_NET, JobInstance.state == InstanceState.SKIPPED, JobInstance.parameter_key == ""
        )
    )
    for code, on in rows:
        found.setdefault(code or HOUSE, set()).add(on)
    return found


def schedules(session: Session) -> dict[str, tuple[Schedule, ...]]:
    """What was set, by net."""
    rows = session.execute(select(Schedule).order_by(Schedule.net, Schedule.from_date)).scalars()
    return {net: tuple(found) for net, found in groupby(rows, key=lambda row: row.net)}


def due_runs(
    nets: Iterable[Net], set_by_net: Mapping[str, Sequence[Schedule]], place: DistrictDates, first: date, last: date
) -> list[DueRun]:
    """Every run of the nets of a district, or of the house, from a date to a date, by the plans in force."""
    return [
        DueRun(net.name, place.code, due)
        for net in nets
        if net.is_of_house == (place.code == HOUSE)
        for due in plan_between(
            net.plan, set_by_net.get(net.name, ()), district_code=place.code, nation=place.nation, first=first, last=last
        )
    ]


def plan_due(session: Session, nets: Mapping[str, Net], *, at: datetime) -> int:
    """Plan what is due by each district's business date and is not planned; return how many runs that was.

    It begins at the last date that a clock has planned for the district, and where none has, at the first that is not closed: what
    was due while no clock looked is planned then, oldest first. What is planned stays as it is whatever is set afterwards.
    """
    there = places(session)
    since = _planned_through(session)
    starts = {place.code: since.get(place.code) or place.closed_through + ONE_DAY for place in there}
    if HOUSE in starts and HOUSE not in since:
        starts[HOUSE] = min(starts.values())
    set_by_net = schedules(session)
    due = [
        run
        for place in there
        for run in due_runs(nets.values(), set_by_net, place, starts[place.code], min(place.current_on, starts[place.code] + REACH))
    ]
    missing = _without_planned(session, due)
    dates = sorted({run.on for run in missing})[:DATES_AT_ONCE]
    wanted = [run for run in missing if run.on in dates]
    if not wanted:
        return 0
    rows = [_row(run, at) for run in sorted(wanted, key=lambda run: (run.on, run.district_code, run.net))]
    inserted = session.execute(upsert(JobInstance).on_conflict_do_nothing().returning(JobInstance.id), rows)
    return len(inserted.all())


def _row(run: DueRun, at: datetime) -> dict[str, object]:
    hours = run.due.hours
    return {
        "net": run.net,
        "district_code": run.district_code or None,
        "business_date": run.on,
        "parameter_key": "",
        "state": InstanceState.PLANNED,
        "planned_at": at,
        "planned_by": CLOCK,
        "start_after": hours.start_after,
        "must_start_by": hours.must_start_by,
        "must_end_by": hours.must_end_by,
        "priority": run.due.plan.priority,
    }


def _planned_through(session: Session) -> dict[str, date]:
    """The last date that a clock has planned anything for, by district."""
    rows = session.execute(
        select(JobInstance.district_code, func.max(JobInstance.business_date))
        .where(JobInstance.planned_by == CLOCK, JobInstance.parameter_key == "")
        .group_by(JobInstance.district_code)
    )
    return {code or HOUSE: last for code, last in rows}


def _without_planned(session: Session, due: Sequence[DueRun]) -> list[DueRun]:
    if not due:
        return []
    first, last = min(run.on for run in due), max(run.on for run in due)
    rows = session.execute(
        select(JobInstance.net, JobInstance.district_code, JobInstance.business_date).where(
            JobInstance.net.in_(sorted({run.net for run in due})),
            JobInstance.business_date.between(first, last),
            JobInstance.parameter_key == "",
        )
    )
    planned = {(net, code or HOUSE, on) for net, code, on in rows}
    return [run for run in due if (run.net, run.district_code, run.on) not in planned]
