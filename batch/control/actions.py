"""The verbs of the night: asked about first (``batch.control.questions``), then done; each stands with its reason and what it led to.

Two people at the same verb: one after the other, and the second one is told what the first did (Conflict CSS635E).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.clock.seen import SeenRun
from batch.control import ending, rerunning, single_steps, whole_runs
from batch.control.commands import (
    AlarmSeen,
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
from batch.control.deeds import Deed, Outlook, Verb, capital, require_second
from batch.control.runs import Run, RunKey, find_run, hold_run, require_step
from batch.control.whole_runs import ensure_planned, refuse_unplannable
from batch.keepers import require_keeper, require_reason
from batch.model import Alarm, OperatorAction
from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, Conflict, NotFound

PLANS_TOO: Final = frozenset({"plan", "hold", "skip"})
"""Verbs that plan a run that nobody has planned yet."""
PRIORITIES: Final = (1, 99)
AUDITED: Final = {"rerun": "rerun_step", "priority": "set_priority"}
"""What the audit trail calls verbs that are not told to a night as such."""


@answered
def plan_night(session: Session, command: PlanNight, *, by: Actor, at: datetime) -> NightTold:
    """Plan a run before the clock does, or one that no calendar names.

    Raises:
        Conflict: CSS635E it is planned already.
        BadMessage: CSS631E a key for a net without extra runs, a date too far ahead, a priority that is none.
        Refused: CSS605E the night of that date is closed, CSS980E the net does not run for it; as every verb: CSS111E the actor may not.
        NotFound: CSS600E no such net or step, CSS101E no such district.
    """
    require_priority(command.priority)
    return _tell(session, command, whole_runs.PLAN, reason=command.reason, by=by, at=at, ordered=command)


@answered
def start_night(session: Session, command: StartNight, *, by: Actor, at: datetime) -> NightTold:
    """Start a run now, or take up one that failed or was stopped: a clock does at its next look, or whoever sees that there is none.

    Raises:
        Refused: CSS634E it is completed or skipped, CSS636E it waits or is not next, CSS604E and CSS605E it is not its turn.
        Conflict: CSS602E and CSS603E it runs, CSS635E it is held.
    """
    return _tell(session, command, whole_runs.START, reason=command.reason, by=by, at=at)


@answered
def hold_night(session: Session, command: HoldNight, *, by: Actor, at: datetime) -> NightTold:
    """Keep a run from starting, or from going past a step; what runs goes on.

    Raises:
        Refused: CSS634E it is completed or skipped, CSS637E the step is over or being done.
        Conflict: CSS635E it is held already.
    """
    return _tell(session, command, single_steps.HOLD if command.step else whole_runs.HOLD, command.step, command.reason, by=by, at=at)


@answered
def release_night(session: Session, command: ReleaseNight, *, by: Actor, at: datetime) -> NightTold:
    """Undo a hold, or a skip that has not come to count; what only waited for that is started.

    Raises:
        Refused: CSS634E it is completed, or left out and a later night has begun; CSS636E it is not held.
    """
    return _tell(session, command, single_steps.RELEASE if command.step else whole_runs.RELEASE, command.step, command.reason, by=by, at=at)


@answered
def force_night(session: Session, command: ForceNight, *, by: Actor, at: datetime, approved_by: Actor | None = None) -> NightTold:
    """Start a run though its hour or another net has not come; or let it past a step's condition, cut-off and limit of rejects.

    Never past an earlier night, a completed run or a running attempt.

    Raises:
        Refused: CSS609E neither is a supervisor, CSS634E, CSS636E nothing keeps it, CSS637E the step has nothing to force.
        Conflict: CSS602E it runs, CSS635E it is held, or forced already.
    """
    verb = single_steps.FORCE if command.step else whole_runs.FORCE
    return _tell(session, command, verb, command.step, command.reason, by=by, at=at, approved_by=approved_by)


@answered
def skip_night(session: Session, command: SkipNight, *, by: Actor, at: datetime, approved_by: Actor | None = None) -> NightTold:
    """Leave a run out before it begins, or a step, where the net allows it.

    Raises:
        Refused: CSS609E neither is a supervisor, CSS634E, CSS637E it may not be skipped or has begun.
        Conflict: CSS602E it runs, CSS635E it is skipped already.
    """
    verb = single_steps.SKIP if command.step else whole_runs.SKIP
    return _tell(session, command, verb, command.step, command.reason, by=by, at=at, approved_by=approved_by)


@answered
def set_priority(session: Session, command: SetPriority, *, by: Actor, at: datetime) -> NightTold:
    """Start a run before others that are ready at the same time, or after them.

    Raises:
        BadMessage: CSS631E it is none from 1 to 99.
        Refused: CSS634E it is completed or skipped.
        Conflict: CSS635E it has that already.
    """
    return _tell(session, command, whole_runs.PRIORITY, reason=command.reason, by=by, at=at, priority=command.priority)


@answered
def stop_night(session: Session, command: StopNight, *, by: Actor, at: datetime) -> NightTold:
    """Let a running attempt end at its next block.

    Raises:
        Refused: CSS634E, CSS636E nothing runs.
        Conflict: CSS635E it was told already.
    """
    return _tell(session, command, ending.STOP, reason=command.reason, by=by, at=at)


@answered
def kill_night(session: Session, command: KillNight, *, by: Actor, at: datetime) -> NightTold:
    """End a running attempt at once. It is fenced, its connections end, and on this machine its process too.

    Raises:
        Refused: CSS634E, CSS636E nothing runs.
    """
    return _tell(session, command, ending.KILL, reason=command.reason, by=by, at=at)


@answered
def rerun_step(session: Session, command: RerunStep, *, by: Actor, at: datetime, approved_by: Actor | None = None) -> NightTold:
    """Run a finished step again from the top, and everything that came after it; what they did is superseded or undone.

    Raises:
        Refused: CSS638E it is not finished, or it or what came after it may not be run again; CSS609E something is undone and
            neither is a supervisor; whatever the room says that undoes it.
        Conflict: CSS602E it runs, CSS635E it is held.
    """
    return _tell(
        session,
        command,
        rerunning.RERUN,
        command.step,
        command.reason,
        by=by,
        at=at,
        approved_by=approved_by,
        is_started=command.is_started,
    )


@answered
def see_alarm(session: Session, command: SeeAlarm, *, by: Actor, at: datetime) -> AlarmSeen:
    """Say that an alarm was looked at, and what was found.

    Raises:
        NotFound: CSS633E no such alarm.
        Conflict: CSS635E somebody has looked at it already.
        BadMessage: CSS630E no words.
    """
    require_keeper(by)
    words = require_reason(command.words)
    row = session.execute(select(Alarm).where(Alarm.id == command.alarm_id).with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound("CSS633E", "There is no alarm {alarm}.", alarm=command.alarm_id, element="alarm_id")
    if row.seen_at is not None:
        raise Conflict("CSS635E", "{who} has looked at alarm {alarm} already.", who=row.seen_by, alarm=row.id)
    row.seen_at, row.seen_by = at, by.name
    if row.job_instance_id is not None:
        told = OperatorAction(
            job_instance_id=row.job_instance_id,
            step=row.step,
            verb="see-alarm",
            done_by=by.name,
            reason=words,
            consequence=f"Looked at: {row.words}",
            done_at=at,
        )
        session.add(told)
    record(session, by=by, at=at, verb="see_alarm", subject=("alarm", str(row.id)), after={"alarm": row.words, "words": words})
    return AlarmSeen(alarm_id=row.id, words=row.words, seen_by=by.name, seen_at=at)


def require_priority(priority: int | None) -> None:
    """Error: BadMessage CSS631E, it is none from 1 to 99."""
    if priority is not None and not PRIORITIES[0] <= priority <= PRIORITIES[1]:
        raise BadMessage("CSS631E", "A priority is from 1, the first, to 99.", element="priority")


def considered(  # noqa: PLR0913 - whoever, what, whereof and why
    session: Session,
    verb: Verb,
    run: Run,
    step: str | None,
    reason: str,
    *,
    by: Actor,
    at: datetime,
    priority: int | None = None,
    start_after: datetime | None = None,
    is_started: bool = True,
    sight: Callable[[], tuple[SeenRun, ...]] | None = None,
) -> tuple[Deed, Outlook]:
    """What a verb would lead to now; nothing is changed. Raises what speaks against it."""
    require_keeper(by)
    require_priority(priority)
    if step is not None:
        require_step(run.net, step)
    deed = Deed(session, run, step, reason, by, at, priority=priority, start_after=start_after, is_started=is_started, sight=sight)
    if run.row is None:
        if verb.name not in PLANS_TOO:
            sentence = "{run} was never planned; `css night plan` plans it, and so does BA02 with plan."
            raise NotFound("CSS633E", sentence, run=capital(run.words))
        refuse_unplannable(session, run)
    return deed, verb.consider(deed)


def _tell(  # noqa: PLR0913 - whoever, what, whereof and why
    session: Session,
    command: RunKey,
    verb: Verb,
    step: str | None = None,
    reason: str = "",
    *,
    by: Actor,
    at: datetime,
    approved_by: Actor | None = None,
    ordered: PlanNight | None = None,
    priority: int | None = None,
    is_started: bool = True,
) -> NightTold:
    require_keeper(by)
    words = require_reason(reason)
    deed, outlook = considered(
        session,
        verb,
        hold_run(session, command),
        step,
        words,
        by=by,
        at=at,
        priority=priority,
        start_after=ordered.start_after if ordered else None,
        is_started=is_started,
    )
    if outlook.needs_second:
        require_second(f"{verb.name} this", by, approved_by)
        deed = replace(deed, second=approved_by)
    before = deed.run
    if before.row is None:
        ensure_planned(deed, priority=ordered.priority if ordered else None)
        deed = replace(deed, run=find_run(session, command))
    verb.perform(deed)
    row = deed.run.planned
    asks_start = outlook.asks_start and is_started
    if asks_start:
        # Asked anew, it is started anew: a process that was started before and never came is not waited for.
        row.start_asked_at, row.claimed_until = at, None
    session.flush()
    with_whom = {"approved_by": approved_by.name} if approved_by is not None else {}
    session.add(
        OperatorAction(
            job_instance_id=row.id,
            step=step,
            verb=verb.name,
            done_by=by.name,
            approved_by=approved_by.name if approved_by is not None else None,
            reason=words,
            consequence="\n".join(outlook.consequences),
            done_at=at,
        )
    )
    record(
        session,
        by=by,
        at=at,
        verb=AUDITED.get(verb.name, f"{verb.name}_night"),
        subject=("night", " ".join(filter(None, (row.net, row.district_code, str(row.business_date), row.parameter_key)))),
        before={"state": before.state.value},
        after={"state": row.state.value, "step": step, "reason": words, "consequences": list(outlook.consequences), **with_whom},
    )
    return NightTold(
        job_instance_id=row.id,
        run=deed.run.words,
        verb=verb.name,
        step=step,
        state=row.state,
        consequences=outlook.consequences,
        is_start_asked=asks_start,
    )
