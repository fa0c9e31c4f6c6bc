"""Setting when a net runs, and asking when it will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.clock.commands import ScheduleSet, SetSchedule
from batch.clock.planning import HOUSE, DistrictDates, due_runs, places, schedules
from batch.clock.times import database_now
from batch.keepers import require_keeper, require_reason
from batch.model import JobInstance, NightClock, OperatorAction, Schedule
from batch.net import Net, Plan
from batch.nets import NETS
from batch.repository import BEATING_WITHIN
from batch.rules.calendar import Planned, plan_between, require_start_hour, said_last
from batch.rules.year import WEEKDAYS, PlannedRun, plan_words, planned_run
from batch.words import Cycle, InstanceState
from css import audit
from css.core.actor import Actor
from css.core.calendar import ONE_DAY
from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound, Refusals, Refused
from css.master.districts import no_district

DAYS_AHEAD_MAX: Final = 731
"""How far ahead a schedule may begin, or be asked for: two years."""
AHEAD: Final = 60
"""Days that are shown where nobody says how many."""
PRIORITIES: Final = range(1, 100)
SKIP: Final = "skip"
FORCE: Final = "force"


@audit.answered
def set_schedule(session: Session, command: SetSchedule, *, by: Actor, at: datetime) -> ScheduleSet:
    """Set when a net runs from a business date on: cycle, shift, hours, priority, or that the clock plans none.

    Raises:
        Refused: CSS111E the actor may not; CSS626E the date is planned already, or too far ahead; CSS627E the net keeps its own dates.
        NotFound: CSS624E no such net; CSS101E no such district. BadMessage: CSS625E the hours; CSS628E weekday or priority, or
            a district for a net of the house; CSS630E no reason; all at once as ``Several``.
    """
    require_keeper(by)
    net = _net(command.net)
    place = _place(session, command.district_code)
    rows = schedules(session).get(net.name, ())
    held = said_last(net.plan, rows, place.code, command.from_date)
    wrong = Refusals()
    wrong.add(*_fits(net, command), *_days(command, place))
    wrong.reading(lambda: require_reason(command.reason))
    plan = wrong.reading(lambda: _plan(command, held))
    if net.own_dates is not None and plan is not None and (plan.cycle, plan.shift) != (net.plan.cycle, net.plan.shift):
        wrong.add(Refused("CSS627E", "{why} Set its hours, or switch it off.", why=net.own_dates.words, element="cycle"))
    wrong.tell()
    assert plan is not None, "what could not be read has been told"
    _keep(session, command, plan, by, at)
    words = plan_words(plan.cycle, plan.weekday, plan.shift, plan) if command.is_enabled else "Switched off: the clock plans none."
    audit.record(
        session,
        by=by,
        at=at,
        verb="set_schedule",
        subject=("schedule", " ".join(filter(None, (net.name, command.district_code)))),
        before={"words": plan_words(held.cycle, held.weekday, held.shift, held), "priority": held.priority},
        after={**to_plain(command), "words": words, "priority": plan.priority},
    )
    session.flush()
    first_runs = plan_between(
        net.plan,
        schedules(session)[net.name],
        district_code=place.code,
        nation=place.nation,
        first=command.from_date,
        last=command.from_date + timedelta(days=400),
    )
    return ScheduleSet(
        net=net.name,
        district_code=command.district_code,
        from_date=command.from_date,
        words=words,
        first_runs=tuple(run.day.on for run in first_runs[:3]),
    )


def _net(name: str) -> Net:
    if name not in NETS:
        raise NotFound("CSS624E", "There is no net {net!r}; there is {known}.", net=name[:40], known=", ".join(NETS), element="net")
    return NETS[name]


def _place(session: Session, district_code: str) -> DistrictDates:
    there = places(session)
    if not there:
        raise NotFound("CSS101E", "There is no district yet; `css do open-district` opens one.")
    found = next((place for place in there if place.code == district_code), None)
    if found is None:
        raise no_district(district_code)
    return found


def _fits(net: Net, command: SetSchedule) -> list[BadMessage]:
    faults = []
    if net.is_of_house and command.district_code:
        sentence = "The {net} net is of the whole house; give no district."
        faults.append(BadMessage("CSS628E", sentence, net=net.name, element="district_code"))
    return faults


def _days(command: SetSchedule, place: DistrictDates) -> list[Refused]:
    first, last = place.current_on + ONE_DAY, place.current_on + timedelta(days=DAYS_AHEAD_MAX)
    if first <= command.from_date <= last:
        return []
    sentence = "A schedule begins on a business date that is not planned yet and within two years: from {first} to {last}."
    return [Refused("CSS626E", sentence, first=first, last=last, element="from_date")]


def _plan(command: SetSchedule, held: Planned) -> Plan:
    """What holds, with what the command changes of it. All that is wrong with it at once."""
    wrong = Refusals()
    hours = [
        wrong.reading(lambda name=name, kept=kept: _hour(getattr(command, name), kept, name))  # type: ignore[misc]
        for name, kept in (("starts_at", held.starts_at), ("must_start_by", held.must_start_by), ("must_end_by", held.must_end_by))
    ]
    cycle = command.cycle or held.cycle
    weekday = wrong.reading(lambda: _weekday(command.weekday, held.weekday, cycle))
    priority = command.priority if command.priority is not None else held.priority
    if priority not in PRIORITIES:
        wrong.add(BadMessage("CSS628E", "A priority is 1 to 99; the smallest starts first.", element="priority"))
    starts_at, must_start_by, must_end_by = hours
    if starts_at is not None and must_start_by is not None and must_end_by is not None:
        if not starts_at <= must_start_by <= must_end_by:
            sentence = "The hours are in no order: it starts at {start}, is to start by {begun} and to end by {ended}."
            fields = {"start": f"{starts_at:%H:%M}", "begun": f"{must_start_by:%H:%M}", "ended": f"{must_end_by:%H:%M}"}
            wrong.add(BadMessage("CSS625E", sentence, element="must_start_by", **fields))
        wrong.reading(lambda: require_start_hour(starts_at, "starts_at"))
    wrong.tell()
    assert starts_at is not None, "told above"
    assert must_start_by is not None, "told above"
    assert must_end_by is not None, "told above"
    return Plan(cycle, starts_at, must_start_by, must_end_by, command.shift or held.shift, weekday, priority)


def _hour(said: str | None, kept: time, element: str) -> time:
    if said is None:
        return kept
    try:
        hour = time.fromisoformat(said)
    except ValueError:
        hour = None
    if hour is None or hour.tzinfo is not None or hour.second or hour.microsecond:
        raise BadMessage("CSS625E", "{said!r} is not an hour and a minute; write it like 02:15.", said=said[:20], element=element)
    return hour


def _weekday(said: str | None, kept: int | None, cycle: Cycle) -> int | None:
    if cycle is not Cycle.WEEKLY:
        if said is not None:
            raise BadMessage("CSS628E", "A weekday goes with the cycle weekly alone.", element="weekday")
        return None
    if said is None and kept is not None:
        return kept
    names = [name.lower() for name in WEEKDAYS]
    if said is None or said.strip().lower() not in names:
        raise BadMessage("CSS628E", "A weekly net needs a weekday: {known}.", known=", ".join(WEEKDAYS), element="weekday")
    return names.index(said.strip().lower())


def _keep(session: Session, command: SetSchedule, plan: Plan, by: Actor, at: datetime) -> None:
    values = {
        "cycle": plan.cycle,
        "weekday": plan.weekday,
        "shift": plan.shift,
        "starts_at": plan.starts_at,
        "must_start_by": plan.must_start_by,
        "must_end_by": plan.must_end_by,
        "priority": plan.priority,
        "is_enabled": command.is_enabled,
        "set_by": by.name,
        "set_at": at,
    }
    key = {"net": command.net, "district_code": command.district_code or None, "from_date": command.from_date}
    session.execute(
        upsert(Schedule).values(**key, **values).on_conflict_do_update(constraint="uq_schedule_net_district_code_from_date", set_=values)
    )


# Questions.


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """When a net runs, and since when that holds."""

    net: str
    district_code: str
    """Empty: every district without one of its own, or the house."""
    from_date: date | None
    """None: the net's own plan, from the beginning."""
    is_enabled: bool
    words: str
    priority: int
    set_by: str
    set_at: datetime | None


def night_schedules(session: Session) -> tuple[ScheduleRow, ...]:
    """When each net runs: its own plan, then what was set, by district and date."""
    set_by_net = schedules(session)
    found: list[ScheduleRow] = []
    for net in NETS.values():
        found.append(_row(net.name, net.plan))
        found += [
            _row(net.name, row) for row in sorted(set_by_net.get(net.name, ()), key=lambda row: (row.district_code or "", row.from_date))
        ]
    return tuple(found)


def _row(net: str, plan: Plan | Schedule) -> ScheduleRow:
    row = plan if isinstance(plan, Schedule) else None
    return ScheduleRow(
        net=net,
        district_code=(row.district_code or HOUSE) if row else HOUSE,
        from_date=row.from_date if row else None,
        is_enabled=row is None or row.is_enabled,
        words=plan_words(plan.cycle, plan.weekday, plan.shift, plan),
        priority=plan.priority,
        set_by=row.set_by if row else "",
        set_at=row.set_at if row else None,
    )


def night_year(session: Session, district_code: str = HOUSE, year: int | None = None) -> tuple[PlannedRun, ...]:
    """Every run of a year in a district and of the house, by the plans in force; without a year, of the next 60 days.

    Raises:
        NotFound: CSS101E no such district. Refused: CSS629E a year before the house or far ahead of it.
    """
    place = _place(session, district_code)
    if year is None:
        return plan_ahead(session, place.code, place.current_on, place.current_on + timedelta(days=AHEAD))
    if not place.current_on.year - 10 <= year <= place.current_on.year + 10:
        sentence = "The plan of {year} is not shown: ask for a year within ten of {now}."
        raise Refused("CSS629E", sentence, year=year, now=place.current_on.year, element="year")
    return plan_ahead(session, place.code, date(year, 1, 1), date(year, 12, 31))


def plan_ahead(session: Session, district_code: str, first: date, last: date) -> tuple[PlannedRun, ...]:
    """Every run in a district, and of the house, from a date to a date, both included; in the order of their hours."""
    there = [place for place in places(session) if place.code in {HOUSE, district_code}]
    set_by_net = schedules(session)
    told = _told(session, district_code, first, last)
    runs = [
        replace(
            planned_run(run.net, run.district_code, place.nation, run.due), told=told.get((run.net, run.district_code, run.due.day.on), "")
        )
        for place in there
        for run in due_runs(NETS.values(), set_by_net, place, first, last)
    ]
    return tuple(sorted(runs, key=lambda run: (run.start_at, run.priority, run.net, run.district_code)))


def _told(session: Session, district_code: str, first: date, last: date) -> dict[tuple[str, str, date], str]:
    """Who skipped, held or forced which run and why: by net, district and business date."""
    rows = session.execute(
        select(JobInstance, OperatorAction.verb, OperatorAction.done_by, OperatorAction.reason)
        .outerjoin(
            OperatorAction,
            (OperatorAction.job_instance_id == JobInstance.id) & OperatorAction.step.is_(None) & OperatorAction.verb.in_((SKIP, FORCE)),
        )
        .where(
            JobInstance.district_code.is_(None) | (JobInstance.district_code == district_code),
            JobInstance.business_date.between(first, last),
            JobInstance.parameter_key == "",
            JobInstance.state != InstanceState.COMPLETED,
            (JobInstance.state == InstanceState.SKIPPED) | JobInstance.held_at.is_not(None) | JobInstance.forced_at.is_not(None),
        )
        .order_by(JobInstance.id, OperatorAction.id)
    )
    found: dict[tuple[str, str, date], str] = {}
    for run, told, done_by, reason in rows:
        key = (run.net, run.district_code or HOUSE, run.business_date)
        if run.held_at is not None:
            found[key] = f"held by {run.held_by}: {run.hold_reason}"
            continue
        what, verb = ("skipped", SKIP) if run.state is InstanceState.SKIPPED else ("forced", FORCE)
        if told == verb:
            found[key] = f"{what} by {done_by}: {reason}"
        else:
            found.setdefault(key, what)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """A process that looks what is due."""

    host: str
    process_id: int
    started_at: datetime
    beat_at: datetime
    skew_seconds: int
    """How far its machine's clock was ahead of the database's."""
    ended_at: datetime | None
    is_beating: bool
    """Whether it has looked within 90 seconds."""


def night_clocks(session: Session) -> tuple[ClockRow, ...]:
    """The clocks that look, or looked within 30 days, the latest first."""
    rows: Sequence[NightClock] = session.execute(select(NightClock).order_by(NightClock.beat_at.desc()).limit(50)).scalars().all()
    now = database_now(session)
    return tuple(
        ClockRow(
            host=row.host,
            process_id=row.process_id,
            started_at=row.started_at,
            beat_at=row.beat_at,
            skew_seconds=row.skew_seconds,
            ended_at=row.ended_at,
            is_beating=row.ended_at is None and now - row.beat_at <= BEATING_WITHIN,
        )
        for row in rows
    )
