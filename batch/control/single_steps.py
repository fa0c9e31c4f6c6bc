"""What is told about a single step of a run: hold the run before it, release it, force it, leave it out."""

from __future__ import annotations

from typing import Final

from batch.control.deeds import Deed, Outlook, Verb, already, bare, capital, is_at_hold, refuse_ended, refuse_released, resumes
from batch.control.runs import Run
from batch.model import StepControl
from batch.net import Node, RejectLimit
from batch.rules.standing import STEP_OVER as OVER
from batch.rules.wording import clock_words
from batch.words import InstanceState, StepState
from css.core.errors import Refused

STANDS: Final = (InstanceState.FAILED, InstanceState.STOPPED)


def steps_after(run: Run, step: str) -> tuple[str, ...]:
    """The steps of the net that wait for one, directly or through others, in the order of the net."""
    reached = {step}
    found = []
    for node in run.net.nodes:
        if node.step.name != step and reached & {*node.after, *node.after_end}:
            reached.add(node.step.name)
            found.append(node.step.name)
    return tuple(found)


def _node(deed: Deed) -> Node:
    assert deed.step is not None, "it is about a step"
    return deed.run.net.node(deed.step)


def _control(deed: Deed) -> StepControl | None:
    return deed.run.controls.get(deed.step or "")


def _made_control(deed: Deed) -> StepControl:
    found = _control(deed)
    if found is None:
        found = StepControl(job_instance_id=deed.run.planned.id, step=deed.step or "")
        deed.session.add(found)
    return found


def _state(deed: Deed) -> StepState | None:
    row = deed.run.steps.get(deed.step or "")
    return row.state if row is not None else None


def _refuse_over(deed: Deed, verb: str) -> None:
    """Error: Refused CSS637E for a step whose turn is over, or that a process is doing now."""
    state = _state(deed)
    if state in OVER:
        sentence = "Step {step} is {state} in this run: there is nothing to {verb}. Rerun does it again."
        raise Refused("CSS637E", sentence, step=deed.step, state=state.value.replace("-", " "), verb=verb)
    if state is StepState.RUNNING and deed.run.is_alive:
        raise Refused("CSS637E", "Step {step} is being done now; stop or kill the run first.", step=deed.step)


def _goes_on(deed: Deed) -> bool:
    """Whether the run stands at this step and is to be taken up again when nothing keeps it there any more."""
    held = deed.run.row is not None and deed.run.row.held_at is not None
    return deed.run.state in STANDS and not deed.run.is_alive and not held


def _next(deed: Deed, *, goes_on: bool, freed: str | None = None) -> tuple[tuple[str, ...], bool]:
    """What is said of the run where it goes on now, and whether it is started: not where another step is held before all that is left."""
    if not goes_on:
        return (), False
    if is_at_hold(deed.run, freed):
        return (f"The run is not started. {resumes(deed.run, freed=freed)}",), False
    return (f"The run is started. {resumes(deed.run, freed=freed)}",), True


def _consider_hold(deed: Deed) -> Outlook:
    refuse_ended(deed.run, "hold")
    _refuse_over(deed, "hold")
    control = _control(deed)
    if control is not None and control.held_at is not None:
        sentence = "{run} is held before {step} already, by {who} since {since}: {why}."
        since = clock_words(control.held_at)
        raise already(sentence, deed.run, step=deed.step, who=control.held_by, since=since, why=bare(control.hold_reason))
    after = steps_after(deed.run, deed.step or "")
    waiting = f" and what comes after it ({', '.join(after)})" if after else ""
    return Outlook(
        (f"{capital(deed.step or '')}{waiting} is not begun until it is released.", "Everything else is done; then the run stops.")
    )


def _hold(deed: Deed) -> None:
    control = _made_control(deed)
    control.held_at, control.held_by, control.hold_reason = deed.at, deed.by.name, deed.reason


def _consider_release(deed: Deed) -> Outlook:
    refuse_ended(deed.run, "release")
    control = _control(deed)
    if control is not None and control.held_at is not None:
        held = f"{control.held_by} held it since {clock_words(control.held_at)}: {bare(control.hold_reason)}."
        said, is_started = _next(deed, goes_on=deed.run.state is InstanceState.STOPPED and _goes_on(deed), freed=deed.step)
        return Outlook((held, *said), asks_start=is_started)
    if control is not None and control.skipped_at is not None and _state(deed) not in OVER:
        return Outlook((f"{capital(deed.step or '')} is done when its turn comes, as if nobody had left it out.",))
    refuse_released(deed)
    raise Refused("CSS636E", "{run} is not held before {step}.", run=capital(deed.run.words), step=deed.step)


def _release(deed: Deed) -> None:
    control = _made_control(deed)
    if control.held_at is not None:
        control.held_at = control.held_by = control.hold_reason = None
    else:
        control.skipped_at = control.skipped_by = control.skip_reason = None


def _consider_force(deed: Deed) -> Outlook:
    refuse_ended(deed.run, "force")
    _refuse_over(deed, "force")
    control = _control(deed)
    if control is not None and control.forced_at is not None:
        sentence = "{run}: {step} is forced already, by {who} since {since}: {why}."
        since = clock_words(control.forced_at)
        raise already(sentence, deed.run, step=deed.step, who=control.forced_by, since=since, why=bare(control.force_reason))
    waived = _waived(_node(deed))
    if not waived:
        sentence = "{step} has no condition, no cut-off and no limit of what it sets aside: there is nothing to force."
        raise Refused("CSS637E", sentence, step=capital(deed.step or ""))
    said, is_started = _next(deed, goes_on=_goes_on(deed) and _state(deed) is StepState.FAILED)
    return Outlook((*waived, *said), needs_second=True, asks_start=is_started)


def _waived(node: Node) -> tuple[str, ...]:
    """What forcing a step waives, in sentences."""
    found = []
    if node.when is not None:
        found.append("It is done though its condition may not hold.")
    if node.cut_off is not None:
        found.append(f"It is done though it may be later than {node.cut_off:%H:%M}.")
    if node.step.reject_limit is not None:
        found.append(f"It may set aside more than {limit_words(node.step.reject_limit)}; what was set aside stays so.")
    return tuple(found)


def limit_words(limit: RejectLimit) -> str:
    """A limit of rejects as a sentence says it."""
    items = f"{limit.items:,} item{'' if limit.items == 1 else 's'}"
    return f"{items} or {limit.thousandths} thousandths of what it reads" if limit.thousandths else items


def _force(deed: Deed) -> None:
    control = _made_control(deed)
    control.forced_at, control.forced_by, control.force_reason = deed.at, deed.by.name, deed.reason


def _consider_skip(deed: Deed) -> Outlook:
    refuse_ended(deed.run, "skip")
    _refuse_over(deed, "skip")
    step = _node(deed).step
    if not step.may_be_skipped:
        why = step.skip_words or "What bills, numbers, posts or closes is done or waited for."
        raise Refused("CSS637E", "{step} may not be left out. {why}", step=capital(step.name), why=why)
    control = _control(deed)
    if control is not None and control.skipped_at is not None:
        sentence = "{run}: {step} is left out already, by {who} since {since}: {why}."
        since = clock_words(control.skipped_at)
        raise already(sentence, deed.run, step=deed.step, who=control.skipped_by, since=since, why=bare(control.skip_reason))
    said, is_started = _next(deed, goes_on=_goes_on(deed) and _state(deed) is StepState.FAILED)
    lost = (step.skip_words,) if step.skip_words else ()
    gone = f"{capital(step.name)} is left out; what comes after it goes on."
    return Outlook((gone, *lost, *said), needs_second=True, asks_start=is_started)


def _skip(deed: Deed) -> None:
    control = _made_control(deed)
    control.skipped_at, control.skipped_by, control.skip_reason = deed.at, deed.by.name, deed.reason


HOLD: Final = Verb("hold", _consider_hold, _hold)
RELEASE: Final = Verb("release", _consider_release, _release)
FORCE: Final = Verb("force", _consider_force, _force)
SKIP: Final = Verb("skip", _consider_skip, _skip)
