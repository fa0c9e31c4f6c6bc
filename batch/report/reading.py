"""A run read for its morning report: some twenty statements, however long the night was."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from batch import queries
from batch.model import Alarm, Balance, ControlTotal, JobExecution, JobInstance, Reject, StepControl, StepExecution
from batch.report.facts import (
    OVER,
    REPORT_STEP,
    AlarmFact,
    AttemptFact,
    Facts,
    Hold,
    JointFact,
    NightFact,
    ReasonFact,
    StepFact,
    TotalFact,
)
from batch.report.history import durations, usual_of
from batch.report.waiting import waiting_of
from batch.repository import is_held, of_district
from batch.rules.reject_sources import RejectKind, source_of
from batch.words import InstanceState, RejectState, StepState
from billing.queries.suspense import set_aside_by_night
from css.core.actor import Actor
from css.core.money import Money
from css.db.sql import block
from css.master.districts import District

NIGHTS_LOOKED_AT: Final = 63
"""Nine weeks."""
SAME_WEEKDAYS: Final = 4
NIGHTS_SHOWN: Final = 10
NIGHT: Final = "night"
RECORD: Final = re.compile(r"\brecord [0-9]+/[0-9]+")
"""A call record by its key, which an interrupted night numbers otherwise: the report has the same bytes all the same."""


@dataclass(frozen=True, slots=True)
class _Compared:
    ids: tuple[int, ...]
    words: str


def read(session: Session, job_instance_id: int, *, by: Actor, planned: Sequence[str] = ()) -> Facts:
    """All that is known of a run, when it is over or stopped or under way. The run must be there.

    ``planned`` are the steps of its net; where nobody says, what earlier runs had is what is still to come.
    """
    found = session.execute(
        select(JobInstance, District.name, is_held(JobInstance.id).label("is_alive"))
        .outerjoin(District, District.code == JobInstance.district_code)
        .where(JobInstance.id == job_instance_id)
    ).one()
    instance: JobInstance = found.JobInstance
    district = instance.district_code or ""
    before = session.execute(
        block("batch", "report.nights_before"),
        {"net": instance.net, "district": district, "before": instance.business_date, "nights": NIGHTS_LOOKED_AT},
    ).all()
    steps, to_come, report = _steps(session, instance, planned)
    is_reporting = report is StepState.RUNNING
    compared = _compared(before, instance.business_date)
    return Facts(
        net=instance.net,
        district_code=district,
        district_name=found.name or "the whole house",
        business_date=instance.business_date,
        parameter_key=instance.parameter_key,
        state=instance.state,
        is_alive=bool(found.is_alive),
        must_end_by=instance.must_end_by,
        attempts=_attempts(session, instance.id),
        steps=steps,
        to_come=() if instance.state is InstanceState.COMPLETED or is_reporting else to_come,
        is_reporting=is_reporting,
        is_report_done=(report in OVER or is_reporting) if report is not None or REPORT_STEP in planned else None,
        totals=_totals(session, instance.id, compared),
        compared_with=compared.words,
        joints=_joints(session, instance.id),
        alarms=_alarms(session, instance.id),
        reasons=_reasons(session, instance),
        nights=tuple(
            NightFact(business_date=row.business_date, seconds=row.seconds, rejected_count=row.rejected_count)
            for row in reversed(before[:NIGHTS_SHOWN])
        ),
        holds=_holds(session, instance),
        waiting=waiting_of(
            session, district, instance.business_date, other_rejects=_other_rejects(session, district, instance.business_date), by=by
        ),
    )


def morning_report(session: Session, district: str, business_date: date | None = None, net: str = NIGHT, *, by: Actor) -> Facts | None:
    """The facts of a run (empty district: of the whole house), or of the last that was begun; None when there is none."""
    found = run_of(session, net, district, business_date)
    return None if found is None else read(session, found, by=by)


def run_of(session: Session, net: str, district: str, business_date: date | None = None, parameter_key: str = "") -> int | None:
    """The run of a net (empty district: of the whole house) for a date, or the last that was begun; None when there is none."""
    statement = select(JobInstance.id).where(JobInstance.net == net, of_district(district), JobInstance.parameter_key == parameter_key)
    if business_date is not None:
        statement = statement.where(JobInstance.business_date == business_date)
    else:
        begun = select(JobExecution.id).where(JobExecution.job_instance_id == JobInstance.id).exists()
        statement = statement.where(begun).order_by(JobInstance.business_date.desc(), JobInstance.id.desc()).limit(1)
    return session.execute(statement).scalar_one_or_none()


def _steps(
    session: Session, instance: JobInstance, planned: Sequence[str]
) -> tuple[tuple[StepFact, ...], tuple[str, ...], StepState | None]:
    """The steps that have begun, those to come, and how the step stands that writes the report."""
    usual = {
        step: usual_of(taken)
        for step, taken in durations(session, instance.net, instance.district_code or "", instance.business_date).items()
    }
    rows = session.execute(
        select(StepExecution, func.batch.paused(StepExecution.id).label("paused"))
        .where(StepExecution.job_instance_id == instance.id, StepExecution.superseded_at.is_(None))
        .order_by(StepExecution.ordinal)
    ).all()
    steps = tuple(
        StepFact(
            step=row.step,
            state=row.state,
            read_count=row.read_count,
            written_count=row.written_count,
            filtered_count=row.filtered_count,
            rejected_count=row.rejected_count,
            seconds=(
                int((row.ended_at - row.started_at - paused).total_seconds()) if row.ended_at and row.state is StepState.COMPLETED else None
            ),
            usual_seconds=usual.get(row.step),
            message_code=row.message_code,
            message_words=row.message_words,
        )
        for row, paused in rows
        if row.step != REPORT_STEP
    )
    begun = {one.step for one in steps}
    report = next((row.state for row, _ in rows if row.step == REPORT_STEP), None)
    return steps, tuple(step for step in planned or usual if step not in begun and step != REPORT_STEP), report


def _attempts(session: Session, instance_id: int) -> tuple[AttemptFact, ...]:
    rows = session.execute(select(JobExecution).where(JobExecution.job_instance_id == instance_id).order_by(JobExecution.attempt)).scalars()
    return tuple(
        AttemptFact(
            attempt=row.attempt,
            state=row.state,
            started_by=row.started_by,
            host=row.host,
            started_at=row.started_at,
            ended_at=row.ended_at,
            return_code=row.return_code,
            message_code=row.message_code,
            message_words=row.message_words,
        )
        for row in rows
    )


def _compared(before: Sequence[Row[Any]], business_date: date) -> _Compared:
    """The last four nights of the same weekday; where there are not even two, the last ten of any."""
    same = [row for row in before if row.business_date.weekday() == business_date.weekday()][:SAME_WEEKDAYS]
    if len(same) > 1:
        return _Compared(tuple(row.id for row in same), f"the last {len(same)} {business_date:%A}s")
    latest = before[:NIGHTS_SHOWN]
    if not latest:
        return _Compared((), "")
    return _Compared(tuple(row.id for row in latest), f"the last {len(latest)} nights" if len(latest) > 1 else "the night before")


def _totals(session: Session, instance_id: int, compared: _Compared) -> tuple[TotalFact, ...]:
    rows = session.execute(
        select(ControlTotal)
        .join(
            StepExecution,
            (StepExecution.job_instance_id == ControlTotal.job_instance_id)
            & (StepExecution.step == ControlTotal.step)
            & (StepExecution.generation == ControlTotal.generation),
        )
        .where(ControlTotal.job_instance_id.in_((instance_id, *compared.ids)), StepExecution.superseded_at.is_(None))
        .order_by(StepExecution.ordinal, ControlTotal.id)
    ).scalars()
    mine: list[ControlTotal] = []
    counts: dict[tuple[str, str], list[int]] = defaultdict(list)
    amounts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        if row.job_instance_id == instance_id:
            mine.append(row)
            continue
        if row.item_count is not None:
            counts[row.step, row.name].append(row.item_count)
        if row.amount is not None:
            amounts[row.step, row.name].append(row.amount.pence)
    return tuple(
        TotalFact(
            step=row.step,
            name=row.name,
            item_count=row.item_count,
            amount=row.amount,
            usual_count=_middle(counts[row.step, row.name]),
            usual_amount=None if (pence := _middle(amounts[row.step, row.name])) is None else Money(pence),
        )
        for row in mine
    )


def _middle(found: list[int]) -> int | None:
    return sorted(found)[len(found) // 2] if found else None


def _joints(session: Session, instance_id: int) -> tuple[JointFact, ...]:
    rows = session.execute(
        select(Balance)
        .join(
            StepExecution,
            (StepExecution.job_instance_id == Balance.job_instance_id)
            & (StepExecution.step == Balance.step)
            & (StepExecution.generation == Balance.generation),
        )
        .where(Balance.job_instance_id == instance_id, StepExecution.superseded_at.is_(None))
        .order_by(StepExecution.ordinal, Balance.id)
    ).scalars()
    return tuple(
        JointFact(
            step=row.step,
            joint=row.joint,
            in_words=row.in_words,
            in_count=row.in_count,
            in_amount=row.in_amount,
            out_words=row.out_words,
            out_count=row.out_count,
            out_amount=row.out_amount,
            difference=row.difference,
        )
        for row in rows
    )


def _alarms(session: Session, instance_id: int) -> tuple[AlarmFact, ...]:
    rows = session.execute(select(Alarm).where(Alarm.job_instance_id == instance_id).order_by(Alarm.id)).scalars()
    return tuple(
        AlarmFact(kind=row.kind, step=row.step, words=row.words, times=row.times, is_open=row.ended_at is None and row.seen_at is None)
        for row in rows
    )


def _reasons(session: Session, instance: JobInstance) -> tuple[ReasonFact, ...]:
    found = [
        ReasonFact(reason_code=code, words=words, item_count=count, is_usage=False)
        for code, words, count in queries.reject_reasons(session, instance.id)
    ]
    if instance.net == NIGHT and instance.district_code:
        found += [
            ReasonFact(reason_code=code, words=RECORD.sub("an earlier record", words), item_count=count, is_usage=True)
            for code, words, count in set_aside_by_night(session, instance.district_code, instance.business_date)
        ]
    return tuple(sorted(found, key=lambda one: (one.reason_code, one.words, one.item_count)))


def _holds(session: Session, instance: JobInstance) -> tuple[Hold, ...]:
    of_steps = session.execute(
        select(StepControl.step, StepControl.held_by, StepControl.held_at, StepControl.hold_reason)
        .where(StepControl.job_instance_id == instance.id, StepControl.held_at.is_not(None))
        .order_by(StepControl.id)
    ).all()
    held = ((None, instance.held_by, instance.held_at, instance.hold_reason), *of_steps)
    return tuple(Hold(step=step, held_by=by or "", held_at=at, reason=why or "") for step, by, at, why in held if at is not None)


def _other_rejects(session: Session, district: str, business_date: date) -> int:
    """What is open, of any night, without the accounts that this night could not bill, whatever became of their entries: an account
    that waits for some nights has an entry of each of them, and is one thing to do.
    """
    rows = session.execute(
        select(Reject.source_key, Reject.state, JobInstance.business_date)
        .join(JobInstance, JobInstance.id == Reject.job_instance_id)
        .where(of_district(district), or_(Reject.state == RejectState.OPEN, JobInstance.business_date == business_date))
    )
    found = [(source_of(row.source_key), row.state is RejectState.OPEN, row.business_date) for row in rows]
    parked = {source.subject for source, _, day in found if source.kind is RejectKind.ACCOUNT and day == business_date}
    return sum(is_open and not (source.kind is RejectKind.ACCOUNT and source.subject in parked) for source, is_open, _ in found)
