"""Running a net for a date, attempt after attempt, until it is done; never twice.

Restart is running the same net again. A finished step is passed over, an unfinished one goes on from its checkpoint, and
whatever a killed process had not committed was never there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from batch import repository
from batch.engine.attempt import Attempt, OneAtATime, done_whole
from batch.engine.course import Course, Way
from batch.engine.stopping import Stopped, Stopping, stopped_by_signals
from batch.engine.workers import Workers
from batch.net import Context, Net, Unwatched, Watcher
from batch.repository import Fenced, Instance
from batch.rules.readiness import TOLD_TO_END
from batch.rules.wording import clock_words
from batch.words import ExecutionState, InstanceState
from css.core.clock import Clock
from css.core.errors import CssError, Refused, Unavailable
from css.db.engine import make_engine, transaction

LOG = logging.getLogger(__name__)
OUT_OF_BALANCE = frozenset({"CSS612E", "CSS620E"})


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run of a net ended."""

    job_instance_id: int
    attempt: int
    return_code: int
    """0 well; 4 well, and something to look at; 8 a step failed; 12 out of balance; 16 stopped, or the machine failed."""
    error: CssError | None
    """The worst of what stopped it."""
    steps_done: int


def run_net(
    engine: Engine,
    net: Net,
    context: Context,
    *,
    clock: Clock,
    workers: int = 1,
    lanes: int = 1,
    watcher: Watcher | None = None,
    parameter_key: str = "",
) -> RunOutcome:
    """Run a net for the context's district and business date, or take it up where an earlier attempt ended.

    ``workers`` processes share the blocks of a step; ``lanes`` steps run at once where the net lets them, one after the other
    in the order of its nodes when there is one lane.

    Raises:
        Refused: CSS601E, this instance is completed; CSS619E, it is held; CSS622E, it was left out.
        Conflict: CSS602E or CSS603E, another process is running it.
        Unavailable: the database is not there.
    """
    key = (net.name, context.district_code, context.business_date)
    with transaction(engine) as session:
        instance = repository.plan(session, *key, context.at, parameter_key)
    with repository.instance_lock(engine, instance.id) as backend:
        with transaction(engine) as session:
            if not backend:
                raise repository.refuse_running(session, instance)
            # Read again under the lock: the process before us may have finished while we waited for it. Whoever is just deciding
            # about the run holds its row and is waited for.
            repository.await_decision(session, instance.id)
            instance = repository.plan(session, *key, context.at, parameter_key)
            if instance.state is InstanceState.COMPLETED:
                raise Refused(
                    "CSS601E",
                    "The {net} net for {district} {date} is completed; it does not run twice. `css night report` shows what it did.",
                    net=net.name,
                    district=context.district_code or "the house",
                    date=context.business_date,
                )
            _refuse_held(instance)
            execution_id, number = repository.begin_attempt(session, instance.id, context.by, clock.now(), backend_id=backend)
            begun_at = repository.begun_at(session, instance.id) or clock.now()
            rows = dict(repository.steps_of(session, instance.id))
        context = replace(context, job_instance_id=instance.id, parameters=instance.parameters)
        LOG.info(
            "net started", extra={"net": net.name, "district": context.district_code, "date": context.business_date, "attempt": number}
        )
        # Connections of its own, by whose name the server can be told to end this run and nothing else.
        url = engine.url.render_as_string(hide_password=False)
        own = make_engine(url, application=repository.application(instance.id))
        stopping = Stopping()
        told = OneAtATime(watcher or Unwatched())
        attempt = Attempt(own, net, context, instance.id, execution_id, clock, told, stopping)
        try:
            with (
                stopped_by_signals(stopping),
                Workers(own, net, clock, workers, application=repository.application(instance.id, "worker")) as shared,
            ):
                return _outcome(attempt, number, Course(attempt, shared, lanes, rows, begun_at))
        finally:
            own.dispose()


def _refuse_held(instance: Instance) -> None:
    district = instance.district_code or "the house"
    if instance.state is InstanceState.SKIPPED:
        raise Refused(
            "CSS622E",
            "The {net} net for {district} {date} was left out; it does not run. Release undoes it.",
            net=instance.net,
            district=district,
            date=instance.business_date,
        )
    if instance.hold is not None:
        raise Refused(
            "CSS619E",
            "The {net} net for {district} {date} is held since {since} by {who}: {reason}. Release it first.",
            net=instance.net,
            district=district,
            date=instance.business_date,
            since=clock_words(instance.hold.since),
            who=instance.hold.by,
            reason=instance.hold.reason,
        )


def _outcome(attempt: Attempt, number: int, course: Course) -> RunOutcome:
    way = Way((), 0)
    try:
        way = course.run()
        return_code, error = done_whole(attempt.engine, lambda session: _end(session, attempt, way))
    except (Fenced, Unavailable) as lost:
        # Another attempt owns the records now, or nothing can be written: this one leaves them, and the next finds it dead.
        # Unless nobody else has it and it can be written after all: then it is not left as if it were running.
        LOG.warning("attempt %s lost its run: %s", number, lost.text)
        return RunOutcome(attempt.instance_id, number, 16, _end_broken(attempt, lost) or lost, way.steps_done)
    except BaseException as broken:
        _end_broken(attempt, broken)
        raise
    return RunOutcome(attempt.instance_id, number, return_code, error, way.steps_done)


def _end(session: Session, attempt: Attempt, way: Way) -> tuple[int, CssError | None]:
    state, error = _how_it_ended(way.errors)
    # Read back, so that what an attempt before this one set aside, or was alarmed by, counts in this one.
    well = 4 if error is None and repository.to_look_at(session, attempt.instance_id) else 0
    return_code = well if error is None else _code_of(error)
    if not repository.end_attempt(session, attempt.instance_id, attempt.execution_id, state, attempt.now(), return_code, error):
        raise Fenced("CSS611E", "Another attempt has taken over this run; this one writes nothing more.")
    return return_code, error


def _how_it_ended(errors: Sequence[CssError]) -> tuple[ExecutionState, CssError | None]:
    """The state of the attempt and what it is said to have ended for.

    A step that failed is worse than one that a person stopped or holds, for its cause must be mended. A server that was away is not:
    by itself the run would be tried again, which is not what the person wanted.
    """
    failed = [one for one in errors if not isinstance(one, Stopped)]
    wanted = [one for one in errors if isinstance(one, Stopped) and one.code != TOLD_TO_END]
    if wanted and all(isinstance(one, Unavailable) for one in failed):
        return ExecutionState.STOPPED, wanted[0]
    if failed:
        return ExecutionState.FAILED, max(failed, key=_code_of)
    return (ExecutionState.STOPPED, errors[0]) if errors else (ExecutionState.COMPLETED, None)


def _code_of(error: CssError) -> int:
    if isinstance(error, Stopped | Unavailable):
        return 16
    return 12 if error.code in OUT_OF_BALANCE else 8


def _end_broken(attempt: Attempt, broken: BaseException) -> CssError | None:
    """An interrupt, a server that was away for a moment, or a fault of the engine itself: the attempt is not left as if it were running.

    What is written of it; None when it was not the running one any more, or nothing can be written.
    """
    kind = type(broken).__name__
    why: CssError
    if isinstance(broken, Unavailable):
        why = broken
    elif isinstance(broken, KeyboardInterrupt | SystemExit):
        why = CssError("CSS615E", "Interrupted: {kind}.", kind=kind)
    else:
        why = CssError("CSS616E", "The engine failed: {kind}; see the log.", kind=kind)
    with suppress(CssError), transaction(attempt.engine) as session:
        running = repository.running_attempt(session, attempt.instance_id)
        if running is None or running.id != attempt.execution_id:
            return None
        repository.fail_attempt(session, attempt.instance_id, attempt.now(), why.code, str(why), spare=(running.backend_id or 0,))
        return why
    return None
