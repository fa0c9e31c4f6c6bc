"""What is told to a whole run before it begins or goes on: plan, start, hold, release, force, skip."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch import repository
from batch.clock.launching import a_clock_beats
from batch.clock.seen import SeenRun, goes_on, look
from batch.control.deeds import (
    DAYS_AHEAD_MAX,
    Deed,
    Outlook,
    Verb,
    already,
    bare,
    business_date_of,
    capital,
    current_date,
    held_steps,
    is_at_hold,
    plan_of,
    refuse_alive,
    refuse_at_hold,
    refuse_ended,
    refuse_held,
    refuse_released,
    release_words,
    require_turn,
    resumes,
    start_after_of,
)
from batch.control.runs import Run, lock_run
from batch.model import JobExecution, JobInstance
from batch.nets import NETS
from batch.rules.calendar import hours_of, require_start_hour
from batch.rules.readiness import Wait, waits_for_nets
from batch.rules.wording import clock_words
from batch.turns import NIGHT_NET
from batch.words import InstanceState
from css.core.calendar import day_words, to_london
from css.core.errors import BadMessage, Refused


def ensure_planned(deed: Deed, *, priority: int | None = None) -> JobInstance:
    """The row of the run, with the hours that hold for its date; made when there is none. The clock leaves it as it is."""
    run = deed.run
    if run.row is not None:
        return run.row
    planned = repository.plan(deed.session, run.net.name, run.district_code, run.business_date, deed.at, run.parameter_key)
    row = deed.session.execute(
        select(JobInstance).where(JobInstance.id == planned.id).execution_options(populate_existing=True)
    ).scalar_one()
    plan = plan_of(deed.session, run)
    hours = hours_of(plan, run.business_date)
    row.planned_by = deed.by.name
    row.start_after = deed.start_after or hours.start_after
    if not run.parameter_key:
        # It is not late before the hour that was ordered.
        row.must_start_by = max(hours.must_start_by, row.start_after)
        row.must_end_by = max(hours.must_end_by, row.start_after)
    row.priority = priority or plan.priority
    deed.session.flush()
    return row


def _consider_plan(deed: Deed) -> Outlook:
    run = deed.run
    if run.row is not None:
        who = run.row.planned_by or "the night itself"
        sentence = "{run} is planned already, by {who} at {since}; it is {state}."
        raise already(sentence, run, who=who, since=clock_words(run.row.planned_at), state=run.row.state.value)
    if deed.start_after is not None:
        require_start_hour(to_london(deed.start_after).time(), "start_after")
    return Outlook((_starts(deed), *_order_words(run)))


def refuse_unplannable(session: Session, run: Run) -> None:
    """What speaks against planning a run that is not planned yet.

    Raises:
        BadMessage: CSS631E a key for a net without extra runs, or a date that is too far ahead.
        Refused: CSS605E the night of that date is closed, CSS980E the net does not run for that date.
    """
    if run.row is not None:
        return
    run.net.require_date(run.business_date)
    if run.parameter_key and not run.net.may_run_extra:
        raise BadMessage("CSS631E", "The {net} net runs once for a date; it takes no key.", net=run.net.name, element="parameter_key")
    if run.business_date > current_date(session, run) + timedelta(days=DAYS_AHEAD_MAX):
        sentence = "{day} is more than {days} days ahead; nobody knows yet what the calendar will be."
        raise BadMessage("CSS631E", sentence, day=day_words(run.business_date), days=DAYS_AHEAD_MAX, element="business_date")
    if run.net.name == NIGHT_NET and not run.parameter_key:
        row = business_date_of(session, run.district_code)
        if run.business_date <= row.closed_through:
            require_turn(session, run)


def _starts(deed: Deed) -> str:
    looks = "It starts by itself" if a_clock_beats(deed.session) else "No clock looks now; when one does, it starts by itself"
    return f"{looks} at {clock_words(start_after_of(deed))} or later, when its turn has come."


def _order_words(run: Run) -> tuple[str, ...]:
    if not run.net.before:
        return ()
    names = ", ".join(f"the {one.net}{' of every district' if one.every_district else ''}" for one in run.net.before)
    return (f"It waits for {names} of the same date.",)


def _consider_start(deed: Deed) -> Outlook:
    waits = _waived_by_force(_refuse_start(deed))
    if waits:
        then = "Then it starts by itself" if a_clock_beats(deed.session) else "No clock looks now; when one does, it starts by itself then"
        sentence = "{run} is not due. {waits} {then}; {now}."
        raise Refused("CSS636E", sentence, run=capital(deed.run.words), waits=" ".join(waits), then=then, now=_force_words(deed))
    require_turn(deed.session, deed.run)
    return Outlook(("It is started now.", resumes(deed.run)), asks_start=True)


def _force_words(deed: Deed) -> str:
    """Whether force would start it before that, as the end of a sentence."""
    try:
        require_turn(deed.session, deed.run)
    except Refused as refusal:
        return f"force does not start it before, for {str(refusal).rstrip('.')}"
    return "force starts it now"


def _refuse_start(deed: Deed) -> SeenRun:
    """Refuse what neither start nor force begins; the run and what it waits for, as the clock sees it."""
    refuse_ended(deed.run, "start")
    refuse_alive(deed.session, deed.run)
    refuse_held(deed.run)
    refuse_at_hold(deed.run)
    if deed.run.net.name == NIGHT_NET:
        require_turn(deed.session, deed.run)
    in_sight = deed.sight() if deed.sight is not None else look(deed.session, NETS, deed.at)
    seen = next(one for one in in_sight if one.run.id == deed.run.planned.id)
    if seen.waiting.kind is Wait.EARLIER:
        sentence = "{run} is not started before its turn. {waits} See to that one; force does not pass over it either."
        raise Refused("CSS636E", sentence, run=capital(deed.run.words), waits=seen.waiting.words)
    return seen


def _waived_by_force(seen: SeenRun) -> tuple[str, ...]:
    """What a run waits for that force waives, in the words of the clock: its hour, and each other net. Empty for nothing."""
    if seen.waiting.kind is Wait.TIME and seen.befores:
        return (seen.waiting.words, waits_for_nets(seen.befores))
    return (seen.waiting.words,) if seen.waiting.kind in {Wait.TIME, Wait.BEFORE} else ()


def _start(deed: Deed) -> None:
    deed.run.planned.stop_asked_at = None
    deed.run.planned.start_asked_at = deed.at


def _consider_hold(deed: Deed) -> Outlook:
    run = deed.run
    refuse_ended(run, "hold")
    if run.row is not None and run.row.held_at is not None:
        sentence = "{run} is held already, by {who} since {since}: {why}."
        raise already(sentence, run, who=run.row.held_by, since=clock_words(run.row.held_at), why=bare(run.row.hold_reason))
    first = (
        "The attempt that runs goes on to its end, and no other is started until it is released; stop ends it."
        if run.is_alive
        else "It is not started until it is released, neither by a clock nor by hand."
    )
    return Outlook((first, *_blocks_later(run)))


def _blocks_later(run: Run) -> tuple[str, ...]:
    """That a run which does not end keeps those of later dates from starting. A run under a key of its own keeps none."""
    if run.parameter_key:
        return ()
    runs = "nights" if run.net.name == NIGHT_NET else f"{run.net.name} runs"
    return (f"The {runs} of {run.district_code or 'the house'} after it wait for it, for they run in the order of their dates.",)


def _locked(deed: Deed, verb: str) -> Run:
    """The run under lock; refused when it has begun or ended since it was looked at: what was said of it is not true any more."""
    now = lock_run(deed.session, deed.run)
    refuse_ended(now, verb)
    if not deed.run.is_alive:
        refuse_alive(deed.session, now)
    return now


def _hold(deed: Deed) -> None:
    _locked(deed, "hold")
    row = deed.run.planned
    row.held_at, row.held_by, row.hold_reason = deed.at, deed.by.name, deed.reason
    row.start_asked_at = None


def _consider_release(deed: Deed) -> Outlook:
    run = deed.run
    if run.state is InstanceState.SKIPPED:
        return _consider_unskip(deed)
    refuse_ended(run, "release")
    if run.row is None or run.row.held_at is None:
        steps = held_steps(run)
        if not steps:
            refuse_released(deed)
        but = f", but {steps[0]} of it is: {release_words(run, steps[0])}." if steps else "."
        raise Refused("CSS636E", "{run} is not held{but}", run=capital(run.words), but=but)
    held = f"{run.row.held_by} held it since {clock_words(run.row.held_at)}: {bare(run.row.hold_reason)}."
    if run.is_alive:
        return Outlook((held, "The attempt that runs goes on as before."))
    if run.state in {InstanceState.FAILED, InstanceState.STOPPED}:
        return Outlook((held, _goes_on(deed, run.state), resumes(run)))
    if deed.at < start_after_of(deed):
        return Outlook((held, _starts(deed)))
    return Outlook((held, "Its hour has come: it is started as soon as its turn has.", resumes(run)), asks_start=not is_at_hold(run))


def _goes_on(deed: Deed, state: InstanceState) -> str:
    """What becomes of a run that failed or was stopped when nobody holds it any more, in a sentence."""
    waiting = goes_on(deed.session, deed.run.planned.id, deed.at)
    if waiting.kind is Wait.PERSON:
        return f"It is {state.value}, and waits for somebody to start it."
    by_itself = waiting.words if waiting.kind is Wait.AGAIN else "A clock starts it again by itself when its turn has come."
    none = "" if a_clock_beats(deed.session) else " No clock looks now."
    return f"It is {state.value}. {by_itself}{none}"


def _consider_unskip(deed: Deed) -> Outlook:
    run = deed.run
    if run.net.name == NIGHT_NET:
        _refuse_passed_over(deed)
    return Outlook(("It is no longer skipped.", _starts(deed), *_blocks_later(run)))


def _refuse_passed_over(deed: Deed) -> None:
    """Error: Refused CSS634E, a later night has begun: it does what this one left, and two nights of a district never run at once."""
    run = deed.run
    if business_date_of(deed.session, run.district_code).closed_through >= run.business_date:
        sentence = "{run} was skipped, and a later night has closed its date with its own: what it left was done there."
        raise Refused("CSS634E", sentence, run=capital(run.words))
    begun: date | None = deed.session.execute(
        select(func.min(JobInstance.business_date)).where(
            JobInstance.net == NIGHT_NET,
            JobInstance.district_code == run.district_code,
            JobInstance.parameter_key == "",
            JobInstance.business_date > run.business_date,
            select(JobExecution.id).where(JobExecution.job_instance_id == JobInstance.id).exists(),
        )
    ).scalar_one()
    if begun is not None:
        sentence = "{run} was skipped, and the night of {later} has begun: it does what this one left, and closes its date with its own."
        raise Refused("CSS634E", sentence, run=capital(run.words), later=day_words(begun))


def _release(deed: Deed) -> None:
    row = deed.run.planned
    if row.state is InstanceState.SKIPPED:
        row.state = InstanceState.PLANNED
        return
    row.held_at = row.held_by = row.hold_reason = None


def _consider_force(deed: Deed) -> Outlook:
    waits = _waived_by_force(_refuse_start(deed))
    if not waits:
        raise Refused("CSS636E", "Nothing keeps {run} from starting but that nobody does; start does it.", run=deed.run.words)
    require_turn(deed.session, deed.run)
    words = " ".join(waits)
    return Outlook(
        (f"It is started now, and this is not waited for: {words[:1].lower()}{words[1:]}", resumes(deed.run)),
        needs_second=True,
        asks_start=True,
    )


def _force(deed: Deed) -> None:
    deed.run.planned.forced_at = deed.at
    _start(deed)


def _consider_skip(deed: Deed) -> Outlook:
    run = deed.run
    refuse_ended(run, "skip")
    if not run.net.may_be_skipped:
        sentence = "The {net} net may not be skipped: {why}"
        why = run.net.skip_words or "nobody else does what it does."
        raise Refused("CSS637E", sentence, net=run.net.name, why=why)
    refuse_alive(deed.session, run)
    _refuse_begun(run)
    return Outlook((f"{capital(run.words)} does not run.", run.net.skip_words), needs_second=True)


def _refuse_begun(run: Run) -> None:
    if run.attempt is not None:
        sentence = "{run} has begun (attempt {attempt}): it is finished or it fails, and is skipped no more."
        raise Refused("CSS637E", sentence, run=capital(run.words), attempt=run.attempt.attempt)


def _skip(deed: Deed) -> None:
    _refuse_begun(_locked(deed, "skip"))
    row = deed.run.planned
    row.held_at = row.held_by = row.hold_reason = row.start_asked_at = row.forced_at = None
    row.state = InstanceState.SKIPPED


def _consider_priority(deed: Deed) -> Outlook:
    run = deed.run
    refuse_ended(run, "put first or last")
    now = run.planned.priority
    if deed.priority == now:
        raise already("{run} has priority {now} already.", run, now=now)
    wanted = f"It has priority {deed.priority} instead of {now}." if deed.priority is not None else f"It has priority {now} now."
    return Outlook((f"{wanted} Of what is ready at the same time the smallest number is started first.",))


def _set_priority(deed: Deed) -> None:
    assert deed.priority is not None, "it was said"
    deed.run.planned.priority = deed.priority


def _nothing_more(_deed: Deed) -> None:
    """It is planned by now."""


PLAN: Final = Verb("plan", _consider_plan, _nothing_more)
START: Final = Verb("start", _consider_start, _start)
HOLD: Final = Verb("hold", _consider_hold, _hold)
RELEASE: Final = Verb("release", _consider_release, _release)
FORCE: Final = Verb("force", _consider_force, _force)
SKIP: Final = Verb("skip", _consider_skip, _skip)
PRIORITY: Final = Verb("priority", _consider_priority, _set_priority)
