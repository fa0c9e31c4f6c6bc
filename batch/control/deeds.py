"""What every verb has in common: who may, why, what it would lead to, and what stays written of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch import repository
from batch.clock.launching import Launch, words_of
from batch.clock.planning import schedules
from batch.clock.seen import SeenRun
from batch.control.runs import Run
from batch.model import OperatorAction
from batch.rules.calendar import Planned, hours_of, said_last
from batch.rules.graph import first_of
from batch.rules.standing import STEP_OVER as OVER
from batch.rules.wording import clock_words, listed
from batch.turns import NIGHT_NET, check_turn, skipped
from batch.words import InstanceState
from css.core.actor import Actor
from css.core.errors import Conflict, CssError, Refused
from css.core.words import Role
from css.master.districts import BusinessDate, no_district

DAYS_AHEAD_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Deed:
    """A verb about to be done, or asked about: what it is about and who does it."""

    session: Session
    run: Run
    step: str | None
    reason: str
    by: Actor
    at: datetime
    second: Actor | None = None
    """Who gave their yes to it."""
    priority: int | None = None
    """The one it is to have, where that is the matter and it was said."""
    start_after: datetime | None = None
    """From when it may start, where it is planned and somebody said so."""
    is_started: bool = True
    """Whether it is started after the deed, where the deed asks for that; False: it waits for a start of its own."""
    sight: Callable[[], tuple[SeenRun, ...]] | None = None
    """What the clock sees, where several verbs are asked about at once: looked at once for all of them."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a verb leads to."""

    consequences: tuple[str, ...]
    """A sentence each."""
    needs_second: bool = False
    """Whether it wants a supervisor, or a second person who is one."""
    asks_start: bool = False
    """Whether the run is to be started after it."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: what speaks against it, what it leads to, and doing it."""

    name: str
    consider: Callable[[Deed], Outlook]
    """Raises what speaks against it; changes nothing."""
    perform: Callable[[Deed], None]
    """Does it; the run is planned and nobody else tells it anything."""


def require_second(verb: str, by: Actor, approved_by: Actor | None) -> None:
    """Error: Refused CSS609E, neither the actor nor a second person is a supervisor."""
    second = approved_by if approved_by is not None and approved_by.name != by.name else None
    if Role.SUPERVISOR.value in by.roles or (second is not None and Role.SUPERVISOR.value in second.roles):
        return
    raise Refused(
        "CSS609E",
        "To {verb} needs a supervisor, or one as the second person, who signs at the same desk.",
        verb=verb,
    )


def refuse_ended(run: Run, verb: str) -> None:
    """Error: Refused CSS634E, the run is completed or skipped."""
    if run.state is InstanceState.COMPLETED:
        sentence = "{run} is completed: there is nothing to {verb}. A step of it can be run again with rerun."
        raise Refused("CSS634E", sentence, run=capital(run.words), verb=verb)
    if run.state is InstanceState.SKIPPED:
        raise skipped(capital(run.words), verb)


def refuse_held(run: Run) -> None:
    """Error: Refused CSS635E, the run is held."""
    if run.row is not None and run.row.held_at is not None:
        sentence = "{run} is held by {who} since {since}: {why}. Release it first."
        raise already(sentence, run, who=run.row.held_by, since=clock_words(run.row.held_at), why=bare(run.row.hold_reason))


def refuse_alive(session: Session, run: Run) -> None:
    """Error: Conflict CSS602E or CSS603E, a process is running it."""
    if run.is_alive:
        row = run.planned
        instance = repository.Instance(row.id, row.net, row.district_code or "the house", row.business_date, row.state, row.parameters)
        raise repository.refuse_running(session, instance)


def already(sentence: str, run: Run, **fields: object) -> CssError:
    """Conflict CSS635E: somebody was first."""
    return Conflict("CSS635E", sentence, element=None, run=capital(run.words), **fields)


def last_told(deed: Deed, verb: str, step: str | None = None) -> OperatorAction | None:
    """The last time that somebody told the run a verb, of that step where one is named; None when nobody has."""
    about = [OperatorAction.job_instance_id == deed.run.planned.id, OperatorAction.verb == verb]
    if step is not None:
        about.append(OperatorAction.step == step)
    return deed.session.execute(select(OperatorAction).where(*about).order_by(OperatorAction.id.desc()).limit(1)).scalar_one_or_none()


def refuse_released(deed: Deed) -> None:
    """Error: Conflict CSS635E, somebody released the run, or the step that is named, before."""
    told = last_told(deed, "release", deed.step) if deed.run.row is not None else None
    if told is None or told.step != deed.step:
        return
    sentence = "{run} is not held{before} any more: {who} released it at {since}: {why}."
    before = f" before {deed.step}" if deed.step else ""
    raise already(sentence, deed.run, before=before, who=told.done_by, since=clock_words(told.done_at), why=bare(told.reason))


def require_turn(session: Session, run: Run) -> None:
    """An ordinary night is run in its turn, and what closes a period in that of the period.

    Errors: Refused CSS604E, CSS605E, CSS634E of a night; of another net as the room says it whose turn it is.
    """
    if run.net.name == NIGHT_NET and not run.parameter_key:
        check_turn(session, business_date_of(session, run.district_code), run.business_date)
    elif run.net.require_turn is not None and not run.parameter_key and not _is_over(run, run.net.steps[0].name):
        # Once its first step is done it had its turn: what is closed already may be what it closed.
        run.net.require_turn(session, run.district_code, run.business_date)


def business_date_of(session: Session, district_code: str) -> BusinessDate:
    """Where a district has got to. Error: NotFound CSS101E."""
    row = session.get(BusinessDate, district_code, populate_existing=True)
    if row is None:
        raise no_district(district_code)
    return row


def current_date(session: Session, run: Run) -> date:
    """The business date of the run's district; the latest of all for a net of the whole house."""
    if run.district_code:
        return business_date_of(session, run.district_code).current_on
    latest: date | None = session.execute(select(func.max(BusinessDate.current_on))).scalar_one()
    return latest or run.business_date


def plan_of(session: Session, run: Run) -> Planned:
    """The plan in force for the run's date: what somebody set, else the net's own. Of a net that is switched off what would hold."""
    return said_last(run.net.plan, schedules(session).get(run.net.name, ()), run.district_code, run.business_date)


def start_after_of(deed: Deed) -> datetime:
    """From when the run may start by itself."""
    run = deed.run
    planned = run.row.start_after if run.row is not None else deed.start_after
    return planned or hours_of(plan_of(deed.session, run), run.business_date).start_after


def resumes(run: Run, *, freed: str | None = None) -> str:
    """Which attempt comes next and where it takes the run up, in a sentence; and in another before which held step it ends.

    ``freed`` is a step that is held and will not be then.
    """
    done = sum(1 for one in run.steps.values() if one.state in OVER)
    number = 1 if run.attempt is None else run.attempt.attempt + 1
    held, first = held_steps(run, freed), _first_step(run, freed)
    if held and first is None:
        return f"Nothing can be done before {held[0]}, which is held: {release_words(run, held[0])}."
    ends = f" It ends before {listed(held)}, which {'is' if len(held) == 1 else 'are'} held." if held else ""
    if not done:
        return f"Attempt {number} begins with {first}.{ends}" if first else f"Attempt {number} begins."
    steps = f"{done} step{' is' if done == 1 else 's are'} done and passed over"
    return f"Attempt {number} goes on with {first}; {steps}.{ends}" if first else f"Attempt {number} ends it; {steps}."


def held_steps(run: Run, freed: str | None = None) -> tuple[str, ...]:
    """The steps that a person holds and that are not done, in the order of the net."""
    held = {name for name, one in run.controls.items() if one.held_at is not None and name != freed}
    return tuple(step.name for step in run.net.steps if step.name in held and not _is_over(run, step.name))


def is_at_hold(run: Run, freed: str | None = None) -> bool:
    """Whether an attempt would end at once: all that is left to do is held, or comes after what is."""
    return bool(held_steps(run, freed)) and _first_step(run, freed) is None


def refuse_at_hold(run: Run) -> None:
    """Error: Conflict CSS635E, nothing can be done before a step that is held."""
    if not is_at_hold(run):
        return
    step = held_steps(run)[0]
    control = run.controls[step]
    assert control.held_at is not None, "it is held"
    sentence = "{run} is held before {step} by {who} since {since}: {why}. Nothing can be done before that step; {release}."
    who, since, why = control.held_by, clock_words(control.held_at), bare(control.hold_reason)
    raise already(sentence, run, step=step, who=who, since=since, why=why, release=release_words(run, step))


def release_words(run: Run, step: str) -> str:
    """How a held step is released, as the end of a sentence."""
    words = words_of(Launch(run.district_code, run.business_date, run.net.name, run.parameter_key), "release")
    return f"`css {' '.join(words)} --step {step} --reason WHY` releases it"


def _first_step(run: Run, freed: str | None) -> str | None:
    """The step with which the next attempt begins; None when all are done or held, or come after what is held."""
    done = [step.name for step in run.net.steps if _is_over(run, step.name)]
    return first_of(run.net.places, done, held_steps(run, freed))


def _is_over(run: Run, step: str) -> bool:
    return step in run.steps and run.steps[step].state in OVER


def capital(words: str) -> str:
    """With a capital, to begin a sentence with."""
    return words[:1].upper() + words[1:]


def bare(reason: str | None) -> str:
    """A reason as the end of a sentence."""
    return (reason or "").rstrip(".")
