"""What a look sees: the runs that are open, what each waits for, and the steps under way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session, aliased

from batch.clock.planning import HOUSE, DistrictDates, places, schedules, skipped_nights
from batch.model import JobExecution, JobInstance, StepControl, StepExecution
from batch.net import Before, Net
from batch.repository import is_held
from batch.rules.alarms import StepUnderWay
from batch.rules.calendar import plan_between
from batch.rules.graph import first_of
from batch.rules.readiness import LastAttempt, Planned, Wait, Waiting, behind_hold, first_open, run_words, waits_for
from batch.rules.standing import STEP_OVER, WAITS_FOR_APPROVAL
from batch.turns import NIGHT_NET
from batch.words import InstanceState
from billing.queries import approvals_waited_for
from css.core.calendar import ONE_DAY, london_instant
from css.db.sql import block

OVER: Final = (InstanceState.COMPLETED, InstanceState.SKIPPED)

_Key = tuple[str, str, date]


@dataclass(frozen=True, slots=True)
class SeenRun:
    """An open run and what it waits for."""

    run: Planned
    waiting: Waiting
    gone_without: tuple[str, ...] = ()
    """Nets that it was to wait for and no longer does, in words: their hour had come."""
    befores: tuple[str, ...] = ()
    """Nets that are not over and that it waits for, in words, whatever else it waits for first."""


def open_runs(session: Session) -> tuple[Planned, ...]:
    """Every run that is neither completed nor left out, with its last attempt; in the order they would be started."""
    rows = session.execute(
        select(JobInstance, JobExecution, is_held(JobInstance.id).label("is_alive"))
        .outerjoin(JobExecution, _is_last_attempt())
        .where(JobInstance.state.not_in(OVER))
        .order_by(JobInstance.priority, JobInstance.business_date, JobInstance.net, JobInstance.district_code, JobInstance.parameter_key)
    )
    return tuple(_planned(row) for row in rows)


def _planned(row: Row[JobInstance, JobExecution | None, bool]) -> Planned:
    instance: JobInstance = row.JobInstance
    last: JobExecution | None = row.JobExecution
    return Planned(
        id=instance.id,
        net=instance.net,
        district_code=instance.district_code or HOUSE,
        business_date=instance.business_date,
        parameter_key=instance.parameter_key,
        state=instance.state,
        start_after=instance.start_after,
        must_start_by=instance.must_start_by,
        must_end_by=instance.must_end_by,
        priority=instance.priority,
        held_by=instance.held_by,
        hold_reason=instance.hold_reason,
        is_forced=instance.forced_at is not None,
        start_asked_at=instance.start_asked_at,
        claimed_until=instance.claimed_until,
        last=None
        if last is None
        else LastAttempt(
            attempt=last.attempt,
            state=last.state,
            started_at=last.started_at,
            ended_at=last.ended_at,
            return_code=last.return_code,
            message_code=last.message_code,
        ),
        is_alive=bool(row.is_alive),
    )


def _is_last_attempt() -> ColumnElement[bool]:
    later = aliased(JobExecution)
    is_later = (later.job_instance_id == JobInstance.id) & (later.attempt > JobExecution.attempt)
    return (JobExecution.job_instance_id == JobInstance.id) & ~select(later.id).where(is_later).exists()


def look(session: Session, nets: Mapping[str, Net], now: datetime) -> tuple[SeenRun, ...]:
    """Every open run and what it waits for. A handful of statements, however many runs there are."""
    runs = open_runs(session)
    there = {place.code: place for place in places(session)}
    skipped = skipped_nights(session)
    befores = _Befores(session, nets, there, runs, skipped, now)
    oldest = _oldest(runs)
    mended = _mended(session, runs)
    seen: dict[int, SeenRun] = {}
    # Those that wait for no other net come first: it is known of them by then whether they are on their way.
    for run in sorted(runs, key=lambda run: bool(run.net in nets and nets[run.net].before)):
        waited_for, gone_without = befores.of(run, seen.values())
        earlier = _earlier(run, there, skipped, oldest)
        waiting = waits_for(run, now, earlier=earlier, befores=waited_for, is_cause_gone=run.id in mended)
        if run.net not in nets and waiting.kind is Wait.NOTHING:
            waiting = Waiting(Wait.PERSON, f"There is no net {run.net} in this program.")
        seen[run.id] = SeenRun(run, waiting, gone_without, waited_for)
    for instance_id, hold in _holds(session, nets, [one.run for one in seen.values() if one.waiting.kind is Wait.PERSON]).items():
        one = seen[instance_id]
        seen[instance_id] = replace(one, waiting=behind_hold(one.waiting, one.run.state, hold.step, hold.held_by, hold.hold_reason))
    return tuple(seen[run.id] for run in runs)


def _holds(session: Session, nets: Mapping[str, Net], runs: Sequence[Planned]) -> dict[int, StepControl]:
    """The first step that somebody holds of each run of which all that is left to do is held, or comes after what is."""
    ids = [run.id for run in runs if run.net in nets]
    if not ids:
        return {}
    controls = session.execute(select(StepControl).where(StepControl.job_instance_id.in_(ids), StepControl.held_at.is_not(None))).scalars()
    held = {(control.job_instance_id, control.step): control for control in controls}
    if not held:
        return {}
    rows = session.execute(
        select(StepExecution.job_instance_id, StepExecution.step).where(
            StepExecution.job_instance_id.in_({instance_id for instance_id, _ in held}),
            StepExecution.superseded_at.is_(None),
            StepExecution.state.in_(STEP_OVER),
        )
    )
    done = {(row.job_instance_id, row.step) for row in rows}
    found: dict[int, StepControl] = {}
    for run in runs:
        places_of = nets[run.net].places if run.id in ids else ()
        waiting = [place.name for place in places_of if (run.id, place.name) in held.keys() - done]
        over = [place.name for place in places_of if (run.id, place.name) in done]
        if waiting and first_of(places_of, over, waiting) is None:
            found[run.id] = held[run.id, waiting[0]]
    return found


def goes_on(session: Session, instance_id: int, now: datetime) -> Waiting:
    """What an open run would wait for by the way its last attempt ended, if nobody held it and no other came first."""
    (run,) = (run for run in open_runs(session) if run.id == instance_id)
    return waits_for(replace(run, held_by=None, hold_reason=None), now, is_cause_gone=bool(_mended(session, (run,))))


def waiting_of(seen: Iterable[SeenRun], instance_id: int) -> Waiting:
    """What one of the runs that were seen waits for; over when it is not among them, for all that are open are."""
    return next((one.waiting for one in seen if one.run.id == instance_id), Waiting(Wait.OVER, "It is over."))


def _oldest(runs: Iterable[Planned]) -> dict[tuple[str, str], date]:
    """The oldest date that is open, by net and district; runs of their own key are apart."""
    found: dict[tuple[str, str], date] = {}
    for run in runs:
        if not run.parameter_key:
            key = (run.net, run.district_code)
            found[key] = min(run.business_date, found.get(key, run.business_date))
    return found


def _earlier(
    run: Planned, there: Mapping[str, DistrictDates], skipped: Mapping[str, Collection[date]], oldest: Mapping[tuple[str, str], date]
) -> date | None:
    """The date that comes before a run's, if one does."""
    if run.net == NIGHT_NET and run.district_code in there:
        # Whether a night is over is the district's word, not the run's: its report may still be wanting.
        first = first_open(there[run.district_code].closed_through, skipped.get(run.district_code, ()))
    else:
        first = run.business_date if run.parameter_key else oldest[run.net, run.district_code]
    return first if first < run.business_date else None


def _mended(session: Session, runs: Sequence[Planned]) -> set[int]:
    """Runs whose last attempt stopped for an approval that has been given since."""
    stopped = [run for run in runs if run.last is not None and run.last.message_code == WAITS_FOR_APPROVAL and not run.is_alive]
    if not stopped:
        return set()
    waited_for = approvals_waited_for(session, {run.district_code for run in stopped})
    return {run.id for run in stopped if (run.district_code, run.business_date) not in waited_for}


class _Befores:
    """Which of the nets that runs wait for are not over yet."""

    def __init__(
        self,
        session: Session,
        nets: Mapping[str, Net],
        there: Mapping[str, DistrictDates],
        runs: Sequence[Planned],
        skipped: Mapping[str, Collection[date]],
        now: datetime,
    ) -> None:
        self._nets, self._there, self._skipped, self._now = nets, there, skipped, now
        waiting = [run for run in runs if run.net in nets and nets[run.net].before]
        self._states = self._read(session, waiting)
        self._set = schedules(session) if waiting else {}

    def _read(self, session: Session, waiting: Sequence[Planned]) -> dict[_Key, InstanceState]:
        if not waiting:
            return {}
        rows = session.execute(
            select(JobInstance.net, JobInstance.district_code, JobInstance.business_date, JobInstance.state).where(
                JobInstance.net.in_(sorted({before.net for run in waiting for before in self._nets[run.net].before})),
                JobInstance.business_date.in_(sorted({run.business_date for run in waiting})),
                JobInstance.parameter_key == "",
            )
        )
        return {(net, code or HOUSE, on): state for net, code, on, state in rows}

    def of(self, run: Planned, known: Iterable[SeenRun]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a run waits for, in words; and what it would wait for if its hour had not come."""
        net = self._nets.get(run.net)
        if net is None or run.parameter_key or not net.before:
            return (), ()
        others = {(one.run.net, one.run.district_code, one.run.business_date): one for one in known if not one.run.parameter_key}
        waited_for: list[str] = []
        gone_without: list[str] = []
        for before in net.before:
            until = None if before.until is None else london_instant(run.business_date + ONE_DAY, before.until)
            for code in self._codes(before, run):
                if not self._is_over(before, code, run):
                    is_past = (
                        until is not None
                        and self._now >= until
                        and not _catches_up(others.get((before.net, code, run.business_date)), until)
                    )
                    words = run_words(before.net, code, run.business_date)
                    (gone_without if is_past else waited_for).append(f"{words[0].lower()}{words[1:]}")
        return tuple(waited_for), tuple(gone_without)

    def _codes(self, before: Before, run: Planned) -> Collection[str]:
        if before.every_district:
            return [code for code in self._there if code != HOUSE]
        other = self._nets.get(before.net)
        return (HOUSE,) if other is not None and other.is_of_house else (run.district_code,)

    def _is_over(self, before: Before, code: str, run: Planned) -> bool:
        on = run.business_date
        state = self._states.get((before.net, code, on))
        place = self._there.get(code)
        if before.net == NIGHT_NET and place is not None:
            return on <= place.closed_through or state is InstanceState.SKIPPED
        if state is not None:
            return state in OVER
        # Not planned: it is waited for when it will be.
        other = self._nets.get(before.net)
        if other is None or place is None:
            return True
        return not plan_between(other.plan, self._set.get(other.name, ()), district_code=code, nation=place.nation, first=on, last=on)


def _catches_up(other: SeenRun | None, until: datetime) -> bool:
    """Whether a run is on its way that began after the hour, or begins now: nobody looked before. It is waited for while it lives."""
    if other is None:
        return False
    if other.run.last is None:
        return other.waiting.kind in {Wait.NOTHING, Wait.CLAIMED}
    return other.run.is_alive and other.run.last.started_at >= until


def steps_under_way(session: Session) -> tuple[StepUnderWay, ...]:
    """The steps that runs marked running are at, with how long each usually takes."""
    rows = session.execute(block("batch", "clock.under_way"), {})
    return tuple(StepUnderWay(row.job_instance_id, row.step, row.started_at, row.progressed_at, row.usual_seconds) for row in rows)
