"""The plan of a year, or of any span, as people look at it: which runs on which dates, and what is odd about a date. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby

from batch.rules.calendar import Due, StartsAt
from batch.words import Cycle, Shift
from css.core.calendar import ONE_DAY, Nation, bank_holiday_name, is_working_day, london_instant, start_of_day, to_london

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A run as the plan has it; whether it has its row yet is another matter."""

    net: str
    district_code: str
    """Empty for the whole house."""
    business_date: date
    start_at: datetime
    must_start_by: datetime
    must_end_by: datetime
    priority: int
    shifted_from: tuple[date, ...]
    """The dates that are no working days and for which it runs on this one."""
    is_working_day: bool
    """Whether the business date is one, in the nation of the district."""
    bank_holiday: str | None
    """Its name, when the business date is one there."""
    clock_change: str | None
    """``forward`` or ``back`` in the night in which the clocks change."""
    told: str = ""
    """Who skipped, held or forced it, and why; empty where nobody did."""


def planned_run(net: str, district_code: str, nation: Nation, due: Due) -> PlannedRun:
    """A due run with all that is odd about its date."""
    hours = due.hours
    on = due.day.on
    return PlannedRun(
        net=net,
        district_code=district_code,
        business_date=on,
        start_at=hours.start_after,
        must_start_by=hours.must_start_by,
        must_end_by=hours.must_end_by,
        priority=due.plan.priority,
        shifted_from=due.day.shifted_from,
        is_working_day=is_working_day(on, nation),
        bank_holiday=bank_holiday_name(on, nation),
        clock_change=clock_change(on),
    )


def clock_change(business_date: date) -> str | None:
    """What clocks in London do in the night of a business date."""
    day = business_date + ONE_DAY
    hours = (london_instant(day, time(12)) - start_of_day(day)).seconds // 3600
    return {11: "forward", 13: "back"}.get(hours)


def year_lines(runs: Iterable[PlannedRun]) -> Iterator[str]:
    """A line for each date on which anything runs: the date, each run with its hour of London, then what is odd."""
    ordered = sorted(runs, key=lambda run: (run.business_date, run.start_at, run.priority, run.net, run.district_code))
    for on, of_date in groupby(ordered, key=lambda run: run.business_date):
        there = list(of_date)
        said = ", ".join(_run_words(run) for run in there)
        odd = [*([there[0].bank_holiday] if there[0].bank_holiday else []), *_change_words(there[0])]
        yield f"{on.isoformat()} {WEEKDAYS[on.weekday()][:3]}  {said}{'  (' + '; '.join(odd) + ')' if odd else ''}"


def _run_words(run: PlannedRun) -> str:
    shown = to_london(run.start_at)
    for_dates = f" for {', '.join(f'{day.day} {day:%b}' for day in run.shifted_from)}" if run.shifted_from else ""
    told = f" [{run.told}]" if run.told else ""
    return f"{run.net} {shown:%H:%M}{for_dates}{told}"


def _change_words(run: PlannedRun) -> list[str]:
    return [f"clocks go {run.clock_change}, {run.net} starts at {run.start_at:%H:%M} UTC"] if run.clock_change else []


def plan_words(cycle: Cycle, weekday: int | None, shift: Shift, hours: StartsAt) -> str:
    """When a net runs, in a sentence."""
    named = {
        Cycle.DAILY: "every day",
        Cycle.WORKING_DAYS: "on working days",
        Cycle.WEEKLY: f"every {WEEKDAYS[weekday or 0]}",
        Cycle.MONTH_END: "on the last day of each month",
        Cycle.QUARTER_END: "on the last day of each quarter",
        Cycle.YEAR_END: "on 31 December",
        Cycle.ON_DEMAND: "when somebody asks",
    }[cycle]
    moved = {
        Shift.RUN: "",
        Shift.RUN_ON: ", on the next working day when that is none",
        Shift.RUN_BEFORE: ", on the working day before when that is none",
        Shift.SKIP: ", left out when that is no working day",
    }[shift]
    if cycle is Cycle.ON_DEMAND:
        return f"{named[0].upper()}{named[1:]}."
    when = f"from {hours.starts_at:%H:%M} the day after, to start by {hours.must_start_by:%H:%M} and to end by {hours.must_end_by:%H:%M}"
    return f"{named[0].upper()}{named[1:]}{moved}; {when}."


def counts_by_month(runs: Sequence[PlannedRun]) -> dict[str, tuple[int, ...]]:
    """How many runs each net has in each of the twelve months."""
    nets = sorted({run.net for run in runs})
    return {net: tuple(sum(run.net == net and run.business_date.month == month for run in runs) for month in range(1, 13)) for net in nets}
