"""The plan of whole years, on paper: two of them as golden files, one with a leap day, both with both changes of the clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from batch.net import Net
from batch.nets import NETS, NIGHT
from batch.rules.calendar import Planned, plan_between
from batch.rules.year import PlannedRun, clock_change, counts_by_month, plan_words, planned_run, year_lines
from batch.words import Cycle, Shift
from css.core.calendar import NATIONS, Nation, to_london
from tests.golden.golden_file import assert_golden

ENGLAND: Nation = "england-and-wales"


@dataclass(frozen=True)
class When:
    cycle: Cycle
    shift: Shift = Shift.RUN
    weekday: int | None = None
    starts_at: time = time(3, 30)
    must_start_by: time = time(4)
    must_end_by: time = time(5)
    priority: int = 50


SPECIMENS: dict[str, Planned] = {
    "night": NIGHT.plan,
    "weekly": When(Cycle.WEEKLY, Shift.RUN_ON, 4, time(0, 30)),
    "month": When(Cycle.MONTH_END),
    "month-run-on": When(Cycle.MONTH_END, Shift.RUN_ON),
    "quarter-before": When(Cycle.QUARTER_END, Shift.RUN_BEFORE),
    "year": When(Cycle.YEAR_END, Shift.RUN_ON),
}


def _year(year: int, nation: Nation = ENGLAND) -> list[PlannedRun]:
    return [
        planned_run(net, "ZZ", nation, due)
        for net, plan in SPECIMENS.items()
        for due in plan_between(plan, (), district_code="ZZ", nation=nation, first=date(year, 1, 1), last=date(year, 12, 31))
    ]


@pytest.mark.parametrize("year", [2026, 2028])
def test_the_plan_of_a_year_is_as_it_was_looked_through(year: int) -> None:
    assert_golden(f"night_year_{year}.txt", "\n".join(year_lines(_year(year))) + "\n")


@pytest.mark.parametrize("year", range(2024, 2034))
def test_of_every_date_there_is_one_night_and_its_hours_are_in_order(year: int) -> None:
    """Each starts a day after the one before, give or take the hour by which the clocks change; none at an hour that comes twice."""
    nights = [run for run in _year(year) if run.net == "night"]
    first = date(year, 1, 1)
    assert [run.business_date for run in nights] == [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    gaps = [later.start_at - run.start_at for run, later in pairwise(nights)]
    hour = timedelta(hours=1)
    assert sorted(gap for gap in gaps if gap != 24 * hour) == [23 * hour, 25 * hour]
    for run in nights:
        assert run.start_at < run.must_start_by < run.must_end_by
        assert to_london(run.start_at).time() == time(2, 15)
        assert to_london(run.start_at).date() == run.business_date + timedelta(days=1)


@pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())
def test_no_net_of_ours_starts_in_the_hour_that_comes_twice_or_never(net: Net) -> None:
    plan = net.plan
    assert plan.starts_at < time(1) or plan.starts_at >= time(2)
    assert plan.starts_at <= plan.must_start_by <= plan.must_end_by


def test_the_odd_nights_are_told() -> None:
    assert [clock_change(date(2026, 3, day)) for day in (27, 28, 29)] == [None, "forward", None]
    assert [clock_change(date(2026, 10, day)) for day in (23, 24, 25)] == [None, "back", None]
    runs = {(run.net, run.business_date): run for run in _year(2026)}
    assert runs["night", date(2026, 3, 28)].start_at == datetime(2026, 3, 29, 1, 15, tzinfo=UTC)
    assert runs["night", date(2026, 10, 24)].start_at == datetime(2026, 10, 25, 2, 15, tzinfo=UTC)


def test_nations_differ_by_their_holidays() -> None:
    dates = {nation: [run.business_date for run in _year(2027, nation) if run.net == "weekly"] for nation in NATIONS}
    # Friday 26 March 2027 is Good Friday; the Monday after is a holiday everywhere but in Scotland.
    assert date(2027, 3, 30) in dates["england-and-wales"]
    assert date(2027, 3, 29) in dates["scotland"]
    assert date(2027, 3, 30) in dates["northern-ireland"]


def test_how_many_runs_a_month_has() -> None:
    counts = counts_by_month(_year(2028))
    assert counts["night"] == (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    assert counts["month"] == (1,) * 12
    # New Year's Eve 2028 is a Sunday: its run is that of 2 January 2029. That of 30 April is that of 2 May, after May Day.
    assert counts["month-run-on"] == (1, 1, 1, 0, 2, 1, 1, 1, 0, 2, 1, 0)


def test_when_a_net_runs_is_a_sentence() -> None:
    night = NIGHT.plan
    assert plan_words(night.cycle, night.weekday, night.shift, night) == (
        "Every day; from 02:15 the day after, to start by 03:00 and to end by 06:00."
    )
    month = When(Cycle.MONTH_END, Shift.RUN_ON)
    assert plan_words(month.cycle, None, month.shift, month) == (
        "On the last day of each month, on the next working day when that is none; "
        "from 03:30 the day after, to start by 04:00 and to end by 05:00."
    )
    assert plan_words(Cycle.ON_DEMAND, None, Shift.RUN, month) == "When somebody asks."
