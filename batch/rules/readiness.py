"""What a planned run waits for, and whether the clock may start it now. Pure; every instant here is the database's.

The clock asks it at every look; whoever shows the plan asks it too, so that a screen says what the clock would say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from batch.rules.standing import is_put_back
from batch.rules.wording import clock_time
from batch.words import ExecutionState, InstanceState
from css.core.calendar import ONE_DAY, day_words, to_london

TRY_AGAIN_AFTER: Final = timedelta(minutes=5)
"""How long a run that failed for want of a server or a disk, or whose process died, is left before it is tried again; and how
long a clock that started a run has for the process to appear."""
INFRASTRUCTURE: Final = 16
"""The return code of an attempt that may do better later without anybody's help."""
TOLD_TO_END: Final = "CSS670E"
"""Why an attempt ended whose process was told to end by the machine or by a service, and by nobody who meant the run."""
KILLED: Final = "CSS632E"
"""Why an attempt ended that a person killed: it has the same return code, and waits for a person all the same."""


class Wait(StrEnum):
    """What a run waits for."""

    NOTHING = "nothing"  # the clock starts it at its next look
    OVER = "over"  # it is completed, or was left out
    RUNS = "runs"
    HELD = "held"
    EARLIER = "earlier"  # an earlier date of the same net
    TIME = "time"
    BEFORE = "before"  # another net
    CLAIMED = "claimed"  # a clock is starting it
    AGAIN = "again"  # it is tried again after a while
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a run waits for, in a word for programs and in words for people."""

    kind: Wait
    words: str
    after: str = ""
    """What it is tried again after, without the promise of when: only a clock can keep that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAttempt:
    """How the last attempt at a run ended, or that it has not."""

    attempt: int
    state: ExecutionState
    started_at: datetime
    ended_at: datetime | None
    return_code: int | None
    message_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A planned run as the tables have it."""

    id: int
    net: str
    district_code: str
    """Empty for the whole house."""
    business_date: date
    parameter_key: str
    state: InstanceState
    start_after: datetime | None
    must_start_by: datetime | None
    must_end_by: datetime | None
    priority: int
    held_by: str | None
    hold_reason: str | None
    is_forced: bool
    start_asked_at: datetime | None
    claimed_until: datetime | None
    last: LastAttempt | None
    is_alive: bool
    """Whether a process holds it now; one that is marked running and held by nobody has died."""


def waits_for(
    run: Planned, now: datetime, *, earlier: date | None = None, befores: Collection[str] = (), is_cause_gone: bool = False
) -> Waiting:
    """What a run waits for. ``earlier`` is a date of the same net that comes first; ``befores`` the nets it waits for, in words;
    ``is_cause_gone`` says that what the last attempt stopped for is mended, and that nobody need say so.

    Forced, a run waits neither for its hour nor for other nets. It always waits for earlier dates and for its own process.
    """
    for waiting in (_in_its_own_way(run), _for_others(run, now, earlier, befores), _after_its_last(run, now, is_cause_gone=is_cause_gone)):
        if waiting is not None:
            return waiting
    return Waiting(Wait.NOTHING, "Nothing: the clock starts it at its next look.")


def _in_its_own_way(run: Planned) -> Waiting | None:
    if run.state is InstanceState.COMPLETED:
        return Waiting(Wait.OVER, "It is completed.")
    if run.state is InstanceState.SKIPPED:
        return Waiting(Wait.OVER, "It was left out.")
    if run.is_alive:
        return Waiting(Wait.RUNS, "It runs.")
    if run.held_by is not None:
        return Waiting(Wait.HELD, f"Held by {run.held_by}: {run.hold_reason}")
    return None


def _for_others(run: Planned, now: datetime, earlier: date | None, befores: Collection[str]) -> Waiting | None:
    if earlier is not None:
        return Waiting(Wait.EARLIER, f"That of {day_words(earlier)} comes first.")
    if run.is_forced:
        return None
    if run.start_after is not None and now < run.start_after:
        return Waiting(Wait.TIME, f"It starts at {_hour(run.start_after)}.")
    if befores:
        return Waiting(Wait.BEFORE, waits_for_nets(befores))
    return None


def waits_for_nets(befores: Collection[str]) -> str:
    """That it waits for other nets, each named, in a sentence."""
    return f"It waits for {', '.join(befores)}."


def _after_its_last(run: Planned, now: datetime, *, is_cause_gone: bool) -> Waiting | None:
    # Before the wish, which stands until an attempt begins: a process that never gets so far must not lose it.
    if run.claimed_until is not None and now < run.claimed_until:
        return Waiting(Wait.CLAIMED, f"It has been started; if nothing comes of that, it is started again at {_hour(run.claimed_until)}.")
    if run.start_asked_at is not None:
        return None
    if run.last is None or run.state is InstanceState.PLANNED:
        return None
    if is_put_back(run.state, run.last.state):
        return Waiting(Wait.PERSON, "A step of it is to be run again; somebody starts it.")
    return None if is_cause_gone else _as_it_ended(run.last, now)


def _as_it_ended(last: LastAttempt, now: datetime) -> Waiting | None:
    if last.state is ExecutionState.RUNNING:
        # One that dies at once must not be started at every look.
        return _again(last.started_at, now, "Its process is gone without a word")
    if last.message_code == KILLED:
        return Waiting(Wait.PERSON, f"Attempt {last.attempt} was killed; somebody starts it again.")
    if last.state is ExecutionState.FAILED and last.return_code == INFRASTRUCTURE:
        return _again(last.ended_at or last.started_at, now, "It stopped for want of a server or a disk")
    if last.message_code == TOLD_TO_END:
        return _again(last.ended_at or last.started_at, now, "Its process was told to end, as when a machine is shut down")
    if last.state is ExecutionState.STOPPED:
        return Waiting(Wait.PERSON, "It was stopped; somebody starts it again.")
    return Waiting(Wait.PERSON, f"Attempt {last.attempt} failed ({last.message_code}); somebody mends the cause and starts it again.")


def _again(since: datetime, now: datetime, why: str) -> Waiting | None:
    at = since + TRY_AGAIN_AFTER
    # A stamp from the future is a wrong clock's: it must not put the run off for as long as that clock is wrong.
    return Waiting(Wait.AGAIN, f"{why}; it is tried again at {_hour(at)}.", after=f"{why}. ") if since <= now < at else None


def behind_hold(waiting: Waiting, state: InstanceState, step: str, held_by: str | None, reason: str | None) -> Waiting:
    """What a run waits for that would end at once at a held step: nobody starts it before that is released."""
    why = (reason or "").rstrip(".")
    if state is InstanceState.STOPPED:
        return replace(waiting, words=f"It is held before {step} by {held_by}: {why}. Whoever releases that step starts it.")
    return replace(waiting, words=f"{waiting.words} Before that {step} is to be released, which {held_by} holds: {why}.")


def without_clock(waiting: Waiting, command: str) -> Waiting:
    """The same where no clock looks: nothing is promised that only a clock would do, and it is said how to go on by hand."""
    match waiting.kind:
        case Wait.NOTHING | Wait.AGAIN:
            return replace(waiting, words=f"{waiting.after}No clock looks, so nothing starts it by itself: `{command}` does.")
        case Wait.TIME:
            return replace(
                waiting, words=f"{waiting.words.removesuffix('.')} if a clock looks by then, and none does now; `{command}` is by hand."
            )
        case Wait.CLAIMED:
            return replace(waiting, words=f"It has been started; no clock looks, so that `{command}` starts it if nothing comes of that.")
        case _:
            return waiting


def _hour(at: datetime) -> str:
    """As clocks in London show it."""
    shown = to_london(at)
    return f"{clock_time(at)} on {shown.day} {shown:%B}"


def first_open(closed_through: date, skipped: Collection[date]) -> date:
    """The date whose night comes next in a district: the first that is neither closed nor left out."""
    day = closed_through + ONE_DAY
    while day in skipped:
        day += ONE_DAY
    return day


def in_turn(run: Planned) -> tuple[int, date, str, str, str]:
    """The order in which ready runs are started: priority, then date."""
    return (run.priority, run.business_date, run.net, run.district_code, run.parameter_key)


def run_words(net: str, district_code: str, business_date: date) -> str:
    """A run as a sentence names it: the night of ZZ for 1 March 2026."""
    name = f"The {net} run" if net != "night" else "The night"
    return f"{name} of {district_code or 'the house'} for {day_words(business_date)}"
