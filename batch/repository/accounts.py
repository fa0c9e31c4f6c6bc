"""What a run sets aside, adds up and warns of: rejects, control totals, alarms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.model import Alarm, ControlTotal, JobInstance, Reject, StepExecution
from batch.net import RejectedItem, Total
from batch.words import AlarmKind, RejectState
from css.core.money import Money

REJECTS_AT_ONCE = 1000
Added = TypeVar("Added", int, Money)


def set_aside(session: Session, instance_id: int, step: str, rejects: tuple[RejectedItem, ...], at: datetime) -> None:
    """Keep what a transaction rejected. What is open or was given up stays as it was; what was taken for mended is open again."""
    rows = [
        {
            "job_instance_id": instance_id,
            "step": step,
            "source_key": item.source_key,
            "reason_code": item.reason_code,
            "words": item.words,
            "raw": item.raw,
            "state": RejectState.OPEN,
            "rejected_at": at,
        }
        for item in rejects
    ]
    for start in range(0, len(rows), REJECTS_AT_ONCE):
        statement = upsert(Reject)
        again = {name: statement.excluded[name] for name in rows[0] if name != "source_key"}
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["source_key"],
                set_={**again, "settled_at": None, "settled_by": None, "settled_words": None},
                where=Reject.state == RejectState.REPLAYED,
            ),
            rows[start : start + REJECTS_AT_ONCE],
        )


def by_name(totals: Sequence[Total]) -> tuple[list[str], list[int | None], list[int | None]]:
    """Totals as three columns, each name once: names, counts, amounts in pence.

    In the order of their names: two workers that add to the same ones never wait for each other in a circle.
    """
    merged: dict[str, tuple[int | None, Money | None]] = {}
    for total in totals:
        count, amount = merged.get(total.name, (None, None))
        merged[total.name] = (_sum(count, total.item_count), _sum(amount, total.amount))
    rows = sorted(merged.items())
    return (
        [name for name, _ in rows],
        [count for _, (count, _) in rows],
        [None if amount is None else amount.pence for _, (_, amount) in rows],
    )


def _sum(one: Added | None, other: Added | None) -> Added | None:
    return one + other if one is not None and other is not None else (other if one is None else one)


def control_totals(session: Session, instance_id: int) -> tuple[tuple[str, str, int | None, Money | None], ...]:
    """Every total of an instance as it now stands: step, name, count, amount, in the order of the steps."""
    rows = session.execute(
        select(ControlTotal.step, ControlTotal.name, ControlTotal.item_count, ControlTotal.amount)
        .join(
            StepExecution,
            (StepExecution.job_instance_id == ControlTotal.job_instance_id)
            & (StepExecution.step == ControlTotal.step)
            & (StepExecution.generation == ControlTotal.generation)
            & StepExecution.superseded_at.is_(None),
        )
        .where(ControlTotal.job_instance_id == instance_id)
        .order_by(StepExecution.ordinal, ControlTotal.id)
    )
    return tuple((row.step, row.name, row.item_count, row.amount) for row in rows)


def raise_alarm(session: Session, instance_id: int | None, step: str | None, kind: AlarmKind, words: str, at: datetime) -> None:
    """Raise an alarm; one that was raised before is counted."""
    statement = upsert(Alarm).values(job_instance_id=instance_id, step=step, kind=kind, words=words, times=1, raised_at=at)
    session.execute(
        statement.on_conflict_do_update(
            constraint="uq_alarm_job_instance_id_step_kind_words", set_={"times": Alarm.times + 1, "ended_at": None}
        )
    )


def alarms(session: Session, instance_id: int) -> tuple[tuple[str, int], ...]:
    """What the steps of an instance have raised, in their order: words, and how often."""
    rows = session.execute(
        select(Alarm.words, Alarm.times).where(Alarm.job_instance_id == instance_id, Alarm.kind == AlarmKind.STEP).order_by(Alarm.id)
    )
    return tuple((row.words, row.times) for row in rows)


def end_alarms(session: Session, instance_id: int, step: str, kind: AlarmKind, at: datetime) -> None:
    """What an alarm of a step was about is over."""
    session.execute(
        update(Alarm)
        .where(Alarm.job_instance_id == instance_id, Alarm.step == step, Alarm.kind == kind, Alarm.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )


def end_said_before(session: Session, instance_id: int, step: str, code: str, at: datetime) -> None:
    """End the alarms of a code that this step raised in any run of its net and district: what holds still is raised again after this."""
    this = select(JobInstance.net, JobInstance.district_code).where(JobInstance.id == instance_id).subquery()
    same_place = select(JobInstance.id).join(
        this, (this.c.net == JobInstance.net) & this.c.district_code.is_not_distinct_from(JobInstance.district_code)
    )
    session.execute(
        update(Alarm)
        .where(
            Alarm.job_instance_id.in_(same_place),
            Alarm.step == step,
            Alarm.kind == AlarmKind.STEP,
            Alarm.words.startswith(f"{code} "),
            Alarm.ended_at.is_(None),
        )
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )


def to_look_at(session: Session, instance_id: int) -> int:
    """How much a person must look at though a run went on: items set aside, alarms of steps, optional steps that failed."""
    rejected = (
        select(func.coalesce(func.sum(StepExecution.rejected_count), 0))
        .where(StepExecution.job_instance_id == instance_id, StepExecution.superseded_at.is_(None))
        .scalar_subquery()
    )
    raised = (
        select(func.count())
        .where(
            Alarm.job_instance_id == instance_id,
            (Alarm.kind == AlarmKind.STEP) | ((Alarm.kind == AlarmKind.OPTIONAL) & Alarm.ended_at.is_(None)),
        )
        .scalar_subquery()
    )
    return int(session.execute(select(rejected + raised)).scalar_one())
