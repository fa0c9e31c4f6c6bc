"""What is told to a whole run before it begins or goes on: plan, start, hold, release, force, skip."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch import repository
from batch.clock.launching import a_clock_beats
from batch.clock.seen import look
from batch.control.deeds import (
    DAYS_AHEAD_MAX,
    Deed,
    Outlook,
    Verb,
    already,
    bare,
    business_date_of,
    capital,
    clock_words,
    current_date,
    refuse_alive,
    refuse_ended,
    refuse_held,
    require_turn,
    resumes,
    start_after_of,
)
from batch.control.runs import Run
from batch.model import JobInstance
from batch.nets import NETS
from batch.rules.calendar import hours_of
from batch.rules.readiness import Wait
from batch.turns import NIGHT_NET
from batch.words import InstanceState
from css.core.calendar import day_words
from css.core.errors import BadMessage, Refused


def ensure_planned(deed: Deed, *, start_after: datetime | None = None, priority: int | None = None) -> JobInstance:
    """The row of the run; made when there is none. The clock finds it planned and leaves it alone."""
    run = deed.run
    if run.row is not None:
        return run.row
    planned = repository.plan(deed.session, run.net.name, run.district_code, run.business_date, deed.at, run.parameter_key)
    row = deed.session.execute(
        select(JobInstance).where(JobInstance.id == planned.id).execution_options(populate_existing=True)
    ).scalar_one()
    hours = hours_of(run.net.plan, run.business_date)
    row.planned_by = deed.by.name
    row.start_after = start_after or hours.start_after
    if not run.parameter_key:
        row.must_start_by, row.must_end_by = hours.must_start_by, hours.must_end_by
    row.priority = priority or run.net.plan.priority
    deed.session.flush()
    return row


def _consider_plan(deed: Deed) -> Outlook:
    run = deed.run
    if run.row is not None:
        who = run.row.planned_by or "the night itself"
        sentence = "{run} is planned already, by {who} at {since}; it is {state}."
        raise already(sentence, run, who=who, since=clock_words(run.row.planned_at), state=run.row.state.value)
    return Outlook((_starts(deed.session, run), *_order_words(run)))


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


def _starts(session: Session, run: Run) -> str:
    looks = "It starts by itself" if a_clock_beats(session) else "No clock looks now; when one does, it starts by itself"
    return f"{looks} at {clock_words(start_after_of(run))} or later, when its turn has come."


def _order_words(run: Run) -> tuple[str, ...]:
    if not run.net.before:
        return ()
    names = ", ".join(f"the {one.net}{' of every district' if one.every_district else ''}" for one in run.net.before)
    return (f"It waits for {names} of the same date.",)


def _consider_start(deed: Deed) -> Outlook:
    _refuse_start(deed)
    waits = what_it_waits_for(deed)
    if waits:
        then = "Then it starts by itself" if a_clock_beats(deed.session) else "No clock looks now; when one does, it starts by itself then"
        sentence = "{run} is not due. {waits} {then}; force starts it now."
        raise Refused("CSS636E", sentence, run=capital(deed.run.words), waits=waits, then=then)
    return Outlook(("It is started now.", resumes(deed.run)), asks_start=True)


def _refuse_start(deed: Deed) -> None:
    refuse_ended(deed.run, "start")
    refuse_alive(deed.session, deed.run)
    refuse_held(deed.run)
    require_turn(deed.session, deed.run)


def what_it_waits_for(deed: Deed) -> str:
    """What keeps a run from starting that force waives, in the words of the clock: its hour, or other nets. Empty for nothing."""
    seen = next((one for one in look(deed.session, NETS, deed.at) if one.run.id == deed.run.planned.id), None)
    return seen.waiting.words if seen is not None and seen.waiting.kind in {Wait.TIME, Wait.BEFORE} else ""


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
    return Outlook((first, *_blocks_nights(run)))


def _blocks_nights(run: Run) -> tuple[str, ...]:
    if run.net.name != NIGHT_NET or run.parameter_key:
        return ()
    return (f"The nights of {run.district_code} after it wait for it, for they run in the order of their dates.",)


def _hold(deed: Deed) -> None:
    row = deed.run.planned
    row.held_at, row.held_by, row.hold_reason = deed.at, deed.by.name, deed.reason
    row.start_asked_at = None


def _consider_release(deed: Deed) -> Outlook:
    run = deed.run
    if run.state is InstanceState.SKIPPED:
        return _consider_unskip(deed)
    refuse_ended(run, "release")
    if run.row is None or run.row.held_at is None:
        raise Refused("CSS636E", "{run} is not held.", run=capital(run.words))
    held = f"{run.row.held_by} held it since {clock_words(run.row.held_at)}: {bare(run.row.hold_reason)}."
    if run.is_alive:
        return Outlook((held, "The attempt that runs goes on as before."))
    if run.state in {InstanceState.FAILED, InstanceState.STOPPED}:
        return Outlook((held, f"It is {run.state.value}, and waits for somebody to start it.", resumes(run)))
    if deed.at < start_after_of(run):
        return Outlook((held, _starts(deed.session, run)))
    return Outlook((held, "Its hour has come: it is started as soon as its turn has.", resumes(run)), asks_start=True)


def _consider_unskip(deed: Deed) -> Outlook:
    run = deed.run
    if run.net.name == NIGHT_NET and business_date_of(deed.session, run.district_code).closed_through >= run.business_date:
        sentence = "{run} was skipped, and a later night has closed its date with its own: what it left was done there."
        raise Refused("CSS634E", sentence, run=capital(run.words))
    return Outlook(("It is no longer skipped.", _starts(deed.session, run), *_blocks_nights(run)))


def _release(deed: Deed) -> None:
    row = deed.run.planned
    if row.state is InstanceState.SKIPPED:
        row.state = InstanceState.PLANNED
        return
    row.held_at = row.held_by = row.hold_reason = None


def _consider_force(deed: Deed) -> Outlook:
    _refuse_start(deed)
    waits = what_it_waits_for(deed)
    if not waits:
        raise Refused("CSS636E", "Nothing keeps {run} from starting but that nobody does; start does it.", run=deed.run.words)
    return Outlook(
        (f"It is started now, and this is not waited for: {waits[:1].lower()}{waits[1:]}", resumes(deed.run)),
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
    if run.attempt is not None:
        sentence = "{run} has begun (attempt {attempt}): it is finished or it fails, and is skipped no more."
        raise Refused("CSS637E", sentence, run=capital(run.words), attempt=run.attempt.attempt)
    return Outlook((f"{capital(run.words)} does not run.", run.net.skip_words), needs_second=True)


def _skip(deed: Deed) -> None:
    row = deed.run.planned
    row.held_at = row.held_by = row.hold_reason = row.start_asked_at = row.forced_at = None
    row.state = InstanceState.SKIPPED


def _consider_priority(deed: Deed) -> Outlook:
    run = deed.run
    refuse_ended(run, "put first or last")
    now = run.planned.priority
    if deed.priority == now:
        raise already("{run} has priority {now} already.", run, now=now)
    wanted = f"It has priority {deed.priority} then, and {now} now." if deed.priority is not None else f"It has priority {now} now."
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
