"""What is late, stuck, dead or running long, found from the rows and not from the runs: a dead run still raises its alarm. Pure.

The words of an alarm are the same at every look for as long as it goes on; that is how it is known to be the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from batch.rules.readiness import Planned, run_words
from batch.rules.wording import clock_words
from batch.words import AlarmKind, InstanceState

QUIET: Final = timedelta(minutes=10)
"""A step is not called stuck, nor long, before this much more than usual."""
STUCK_TIMES: Final = 2
"""Without a commit for so many times as long as the whole step usually takes, it is stuck."""
LONG_TIMES: Final = 3
LATE_BEFORE_START: Final = frozenset({InstanceState.PLANNED})
OVER: Final = frozenset({InstanceState.COMPLETED, InstanceState.SKIPPED})
FOUND_BY_LOOKING: Final = (AlarmKind.LATE_START, AlarmKind.LATE_END, AlarmKind.STUCK, AlarmKind.LONG, AlarmKind.DIED)
"""Kinds of alarms that are over when the rows no longer say them."""


@dataclass(frozen=True, slots=True)
class Found:
    """An alarm as it follows from the rows."""

    job_instance_id: int | None
    step: str | None
    kind: AlarmKind
    words: str


@dataclass(frozen=True, slots=True)
class StepUnderWay:
    """A step that a live process is at."""

    job_instance_id: int
    step: str
    started_at: datetime
    """When the attempt under way began it, or took it up."""
    progressed_at: datetime | None
    """When it last committed anything, in whichever attempt."""
    usual_seconds: int | None
    """The middle one of its last ten runs; None when there was none."""


def alarms_of(runs: Iterable[Planned], steps: Iterable[StepUnderWay], now: datetime) -> tuple[Found, ...]:
    """Every alarm that is true now."""
    known = {run.id: run for run in runs}
    found = [alarm for run in known.values() for alarm in _of_run(run, now)]
    found += [alarm for step in steps if step.job_instance_id in known for alarm in _of_step(known[step.job_instance_id], step, now)]
    return tuple(found)


def is_late(must_end_by: datetime | None, now: datetime) -> bool:
    """Whether the moment has passed by which a run that is not over was to end; that of its own night, whenever it was begun."""
    return must_end_by is not None and now > must_end_by


def _of_run(run: Planned, now: datetime) -> Iterator[Found]:
    if run.state in OVER:
        return
    name = run_words(run.net, run.district_code, run.business_date)
    if run.must_start_by is not None and now > run.must_start_by and run.state in LATE_BEFORE_START and not run.is_alive:
        yield Found(run.id, None, AlarmKind.LATE_START, f"{name} was to start by {clock_words(run.must_start_by)} and has not.")
    if run.must_end_by is not None and is_late(run.must_end_by, now):
        yield Found(run.id, None, AlarmKind.LATE_END, f"{name} was to end by {clock_words(run.must_end_by)} and has not.")
    if run.state is InstanceState.RUNNING and not run.is_alive and run.last is not None:
        yield Found(run.id, None, AlarmKind.DIED, f"Attempt {run.last.attempt} at {name[0].lower()}{name[1:]} is gone without a word.")


def _of_step(run: Planned, step: StepUnderWay, now: datetime) -> Iterator[Found]:
    if not run.is_alive:
        return
    name = run_words(run.net, run.district_code, run.business_date)
    usual = timedelta(seconds=step.usual_seconds or 0)
    quiet = max(QUIET, STUCK_TIMES * usual)
    if now - max(step.progressed_at or step.started_at, step.started_at) > quiet:
        words = f"{name}: step {step.step} has committed nothing for more than {_span(quiet)}{_usually(step)}."
        yield Found(run.id, step.step, AlarmKind.STUCK, words)
    if step.usual_seconds is not None:
        long = max(usual + QUIET, LONG_TIMES * usual)
        if now - step.started_at > long:
            yield Found(run.id, step.step, AlarmKind.LONG, f"{name}: step {step.step} runs for more than {_span(long)}{_usually(step)}.")


def _usually(step: StepUnderWay) -> str:
    return "" if step.usual_seconds is None else f"; as a whole it usually takes {_span(timedelta(seconds=step.usual_seconds))}"


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(span // timedelta(seconds=1), 60)
    if not minutes:
        return f"{seconds} s"
    return f"{minutes} min" if not seconds else f"{minutes} min {seconds} s"


def difference(found: Sequence[Found], open_alarms: Iterable[tuple[int, Found]]) -> tuple[tuple[Found, ...], tuple[int, ...]]:
    """Which alarms are new, and the ids of those that are over; ``open_alarms`` are those not ended, by id."""
    still = set(found)
    there = {alarm: number for number, alarm in open_alarms}
    return tuple(alarm for alarm in found if alarm not in there), tuple(number for alarm, number in there.items() if alarm not in still)
