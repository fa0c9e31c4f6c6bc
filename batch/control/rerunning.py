"""Running a finished step again from the top: what that takes with it, listed before anybody confirms; and doing it.

Whatever came after the step stands on what it made, so it is done again too, or the whole is refused.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, update

from batch.control.deeds import Deed, Outlook, Verb, already, bare, capital, last_told, refuse_alive, refuse_held
from batch.control.runs import Run, lock_run
from batch.control.single_steps import steps_after
from batch.model import StepControl, StepExecution
from batch.net import Context
from batch.rules.standing import STEP_OVER as OVER
from batch.rules.wording import clock_words
from batch.words import InstanceState, StepState
from css.core.errors import Refused
from css.settings import settings

PASSED_OVER: Final = (StepState.SKIPPED, StepState.NOT_NEEDED)


def _consider(deed: Deed) -> Outlook:
    run, step = deed.run, deed.step or ""
    if run.state is InstanceState.SKIPPED or run.row is None:
        raise Refused("CSS638E", "{run} never ran: there is nothing to run again.", run=capital(run.words))
    refuse_alive(deed.session, run)
    refuse_held(run)
    row = run.steps.get(step)
    if row is None:
        _refuse_rerun(deed, step)
    if row is None or row.state not in OVER:
        state = "has not begun" if row is None else f"is {row.state.value}"
        sentence = "Step {step} {state} in this run: start takes it up, nothing has to be run again."
        raise Refused("CSS638E", sentence, step=step, state=state)
    affected = affected_steps(run, step)
    refused = [name for name in affected if not _may(run, name)]
    if refused:
        why = " ".join(f"{capital(name)}: {run.net.step(name).rerun.words}" for name in refused)
        if refused[0] == step:
            raise Refused("CSS638E", "Step {step} is not run again. {why}", step=step, why=why)
        sentence = "Step {step} is not run again, for what came after it would have to be too, and may not. {why}"
        raise Refused("CSS638E", sentence, step=step, why=why)
    return Outlook(
        tuple(_line(deed, name) for name in affected),
        needs_second=any(run.net.step(name).rerun.backout is not None for name in affected),
        asks_start=True,
    )


def _refuse_rerun(deed: Deed, step: str) -> None:
    """Error: Conflict CSS635E, somebody had the step run again, or one before it, and it has not begun since."""
    run = deed.run
    is_undone = select(StepExecution.id).where(StepExecution.job_instance_id == run.planned.id, StepExecution.step == step).exists()
    told = last_told(deed, "rerun") if deed.session.execute(select(is_undone)).scalar_one() else None
    if told is not None:
        sentence = "{run}: {step} is to be run again already, as {who} said of {named} at {since}: {why}. Start takes it up."
        who, since, why = told.done_by, clock_words(told.done_at), bare(told.reason)
        raise already(sentence, run, step=step, named=told.step, who=who, since=since, why=why)


def affected_steps(run: Run, step: str) -> tuple[str, ...]:
    """The step and whatever came after it and has begun, in the order of the net."""
    return (step, *(name for name in steps_after(run, step) if name in run.steps))


def _may(run: Run, name: str) -> bool:
    return run.steps[name].state in PASSED_OVER or run.net.step(name).rerun.is_allowed


def _line(deed: Deed, name: str) -> str:
    row = deed.run.steps[name]
    rerun = deed.run.net.step(name).rerun
    if row.state in PASSED_OVER:
        control = deed.run.controls.get(name)
        if name != deed.step and control is not None and control.skipped_at is not None:
            # What somebody left out stays so; only of the step that is named they take it back.
            return f"{name}: stays left out, as {control.skipped_by} said: {bare(control.skip_reason)}. Rerun of {name} itself does it."
        return f"{name}: was {row.state.value.replace('-', ' ')}; it is looked at again."
    items = rerun.supersedes(deed.session, context_of(deed, name)) if rerun.supersedes is not None else ()
    counted = f"{name}: what it counted (read {row.read_count:,}, written {row.written_count:,}) is superseded."
    return " ".join((counted, *(items or (rerun.words,))))


def context_of(deed: Deed, step: str) -> Context:
    """What a step's own functions are told when it is to be undone."""
    run = deed.run
    return Context(
        district_code=run.district_code,
        business_date=run.business_date,
        at=deed.at,
        by=deed.second or deed.by,
        home=settings().home,
        job_instance_id=run.planned.id,
        parameters=run.planned.parameters,
        step=step,
        step_generation=run.steps[step].generation,
    )


def _rerun(deed: Deed) -> None:
    run, step = deed.run, deed.step or ""
    # An attempt may have begun between the look and the lock; one that begins now waits for us and sees what we did.
    refuse_alive(deed.session, lock_run(deed.session, run))
    affected = affected_steps(run, step)
    for name in reversed(affected):
        backout = run.net.step(name).rerun.backout
        if backout is not None and run.steps[name].state not in PASSED_OVER:
            backout(deed.session, context_of(deed, name))
    ids = [run.steps[name].id for name in affected]
    deed.session.execute(update(StepExecution).where(StepExecution.id.in_(ids)).values(superseded_at=deed.at))
    # Whoever wants it done again does not want it left out.
    deed.session.execute(
        update(StepControl)
        .where(StepControl.job_instance_id == run.planned.id, StepControl.step == step)
        .values(skipped_at=None, skipped_by=None, skip_reason=None)
    )
    row = run.planned
    # Planned, a clock would start it at its next look.
    row.state = InstanceState.PLANNED if deed.is_started else InstanceState.STOPPED
    row.stop_asked_at = row.start_asked_at = row.claimed_until = None


RERUN: Final = Verb("rerun", _consider, _rerun)
