"""What the night does for repairs: deadlines missed and near, clears that nobody answered, and what repeats."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from batch.net import BLOCK_SIZE, Context, Counts, LoopStep, Total, Work
from batch.steps import reruns, told_days
from css.core.calendar import start_of_day
from repairs.actions.answers import accept_silent_clears
from repairs.actions.nightly import mark_next_breaches, warn_of_next_breaches, warned_until
from repairs.actions.problems import KINDS, find_problems_of
from repairs.commands.faults import AcceptSilentClears


def _midnight(context: Context) -> datetime:
    """When the business date was over: every attempt at its night sees the same faults, however late it comes."""
    return start_of_day(context.business_date + timedelta(days=1))


def _time_up(context: Context) -> datetime:
    """Up to when a time has run out: never beyond now, nor beyond midnight.

    A night that is run before its midnight finds the rest by the next one; a machine whose clock is ahead ends nobody's time early.
    """
    return min(_midnight(context), context.at)


def _mark(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    until = _time_up(context)
    done = mark_next_breaches(session, context.district_code, int(checkpoint.get("fault", 0)), until=until, by=context.by)
    return None if done is None else _counted(*done, "faults not mended when they were due")


def _warn(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    until = warned_until(session, context.district_code, _midnight(context))
    after = int(checkpoint.get("fault", 0))
    done = warn_of_next_breaches(session, context.district_code, after, until=until, by=context.by, at=context.at)
    return None if done is None else _counted(*done, "faults due early on the next working day")


def _accept(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    # What somebody else is working on is left for the next night; so it ends when nothing was to be had.
    command = AcceptSilentClears(district_code=context.district_code, most=BLOCK_SIZE)
    done = accept_silent_clears(session, command, by=context.by, at=_time_up(context))
    if not done.accepted:
        return None
    totals = (Total("clears nobody rejected, accepted", done.accepted), Total("charges of accepted clears", done.charges))
    return Work(Counts(done.accepted, done.accepted), totals=totals), {"accepted": int(checkpoint.get("accepted", 0)) + done.accepted}


def _counted(count: int, last: int, name: str) -> tuple[Work, dict[str, Any]]:
    return Work(Counts(count, count), totals=(Total(name, count),)), {"fault": last}


def _find(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    place = int(checkpoint.get("kinds", 0))
    if place == len(KINDS):
        return None
    found = find_problems_of(session, context.district_code, KINDS[place], on=context.business_date, by=context.by, at=context.at)
    counts = Counts(found.read_count, found.added_count, found.read_count - found.added_count)
    totals = (Total("problems of repeated faults, new", found.opened), Total("faults of problems, new", found.added_count))
    return Work(counts, totals=totals), {"kinds": place + 1}


ACCEPT = LoopStep("accept-clears", "Accept clears that nobody rejected in time", _accept, doc=told_days.ACCEPT, rerun=reruns.LEFT_IS_DONE)
MARK = LoopStep("mark-breaches", "Mark faults that were not mended in time", _mark, doc=told_days.MARK, rerun=reruns.LEFT_IS_DONE)
WARN = LoopStep(
    "warn-of-breaches",
    "Warn of faults that fall due soon",
    _warn,
    may_be_skipped=True,
    skip_words="Nobody is warned of the faults that fall due early on the next working day; their clocks run all the same.",
    doc=told_days.WARN,
    rerun=reruns.LEFT_IS_DONE,
)
PROBLEMS = LoopStep(
    "find-problems",
    "Find faults that repeat",
    _find,
    may_be_skipped=True,
    skip_words="Faults that repeat make no new problem tonight; the next night looks at them again.",
    doc=told_days.PROBLEMS,
    rerun=reruns.LEFT_IS_DONE,
)
