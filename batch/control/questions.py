"""What could be told to a run now, and what each verb would lead to: asked before it is done, and nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Final

from sqlalchemy.orm import Session

from batch.clock.seen import SeenRun, look
from batch.control import ending, rerunning, single_steps, whole_runs
from batch.control.actions import considered
from batch.control.commands import NIGHT_NET
from batch.control.deeds import Verb, require_second
from batch.control.naming import NamedRun, last_begun, run_at_hand
from batch.control.runs import Run, find_run, require_step
from batch.nets import NETS
from css.core.actor import Actor
from css.core.errors import BadMessage, CssError

OF_RUN: Final[Mapping[str, Verb]] = {
    verb.name: verb
    for verb in (
        whole_runs.PLAN,
        whole_runs.START,
        whole_runs.HOLD,
        whole_runs.RELEASE,
        whole_runs.FORCE,
        whole_runs.SKIP,
        whole_runs.PRIORITY,
        ending.STOP,
        ending.KILL,
    )
}
"""What can be told to a whole run."""
OF_STEP: Final[Mapping[str, Verb]] = {
    verb.name: verb for verb in (single_steps.HOLD, single_steps.RELEASE, single_steps.FORCE, single_steps.SKIP, rerunning.RERUN)
}
"""What can be told about one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbOutlook:
    """A verb as it would go now."""

    run: str
    """In words: ``the night of ZZ for 2 March 2026``."""
    verb: str
    step: str | None
    is_allowed: bool
    consequences: tuple[str, ...]
    """What it would lead to, a sentence each; empty when something speaks against it."""
    refusal_code: str | None
    refusal: str | None
    """What speaks against it, in words; None when nothing does."""
    needs_second: bool
    """Whether the asker would have to ask a supervisor for their yes."""


def night_verb(  # noqa: PLR0913 - whoever asks, and of which run
    session: Session,
    verb: str,
    district: str = "",
    business_date: date | None = None,
    step: str = "",
    *,
    by: Actor,
    at: datetime,
    net: str = NIGHT_NET,
    key: str = "",
    start_after: datetime | None = None,
    priority: int | None = None,
) -> VerbOutlook:
    """What a verb would lead to if it were done now by whoever asks; changes nothing.

    ``district`` is empty for a net of the whole house, ``business_date`` None for the run at hand, and ``step`` empty
    for a verb of the whole run. ``start_after`` is the hour from which a run may start that is to be planned; None: as the plan says.
    ``priority`` is the one that is to be set; None: it is not said yet.

    Raises:
        BadMessage: CSS631E no such verb.
        NotFound: CSS600E no such net or step, CSS101E no such district, CSS633E no date is named and nothing planned.
    """
    table = OF_STEP if step else OF_RUN
    if verb not in table:
        sentence = "There is no verb {verb!r} for {what}; there are: {known}."
        raise BadMessage("CSS631E", sentence, verb=verb[:40], what="a step" if step else "a run", known=", ".join(table), element="verb")
    run = _named_run(session, net, district, business_date, key, verb)
    if step:
        require_step(run.net, step)
    return _outlook(session, table[verb], run, step or None, by, at, start_after=start_after, priority=priority)


def night_verbs(
    session: Session,
    district: str = "",
    business_date: date | None = None,
    step: str = "",
    *,
    by: Actor,
    at: datetime,
    net: str = NIGHT_NET,
    key: str = "",
) -> tuple[VerbOutlook, ...]:
    """Every verb for a run, or with ``step`` for a step of it: which could be done now, and why not the others. Errors as for one."""
    run = _named_run(session, net, district, business_date, key)
    if step:
        require_step(run.net, step)
    table = OF_STEP if step else OF_RUN
    sight = cache(lambda: look(session, NETS, at))
    return tuple(_outlook(session, verb, run, step or None, by, at, sight=sight) for verb in table.values())


def _named_run(session: Session, net: str, district: str, business_date: date | None, key: str, verb: str = "") -> Run:
    """As the commands choose it: what is run again is the last that has begun, everything else is told to the run at hand."""
    if business_date is not None:
        # Whatever speaks against that date is part of the answer.
        return find_run(session, NamedRun(net=net, district_code=district, business_date=business_date, parameter_key=key))
    choose = last_begun if verb == rerunning.RERUN.name else run_at_hand
    return find_run(session, choose(session, net, district, None, key))


def _outlook(  # noqa: PLR0913 - whoever asks, of what, and what would come with it
    session: Session,
    verb: Verb,
    run: Run,
    step: str | None,
    by: Actor,
    at: datetime,
    *,
    start_after: datetime | None = None,
    priority: int | None = None,
    sight: Callable[[], tuple[SeenRun, ...]] | None = None,
) -> VerbOutlook:
    try:
        _, found = considered(session, verb, run, step, "", by=by, at=at, start_after=start_after, priority=priority, sight=sight)
    except CssError as refusal:
        return VerbOutlook(
            run=run.words,
            verb=verb.name,
            step=step,
            is_allowed=False,
            consequences=(),
            refusal_code=refusal.code,
            refusal=str(refusal),
            needs_second=False,
        )
    return VerbOutlook(
        run=run.words,
        verb=verb.name,
        step=step,
        is_allowed=True,
        consequences=found.consequences,
        refusal_code=None,
        refusal=None,
        needs_second=found.needs_second and not _is_enough(verb, by),
    )


def _is_enough(verb: Verb, by: Actor) -> bool:
    try:
        require_second(verb.name, by, None)
    except CssError:
        return False
    return True
