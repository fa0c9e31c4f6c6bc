"""A net of chores to tell things to, and runs of it as rows, so that every state can be met without running anything."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.model import JobExecution, JobInstance, StepAttempt, StepExecution
from batch.net import Before, Context, Net, Node, Plan, RejectLimit, Rerun, SingleStep, Work
from batch.words import Cycle, ExecutionState, InstanceState, StepState
from css.core.actor import Actor
from css.core.errors import Refused
from css.core.words import Role
from css.master.reference import RETAIL

DAY: Final = date(2026, 3, 2)
EVENING: Final = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
"""Before its hour."""
AT: Final = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
"""After its hour."""
SAM: Final = Actor("operator", "SAM", RETAIL, frozenset({Role.SCHEDULER.value}), "screen")
SUE: Final = Actor("operator", "SUE", RETAIL, frozenset({Role.SUPERVISOR.value}), "screen")
UNDONE: Final[list[str]] = []
"""Steps whose work was undone, in order."""


def _nothing(_session: Session, _context: Context) -> Work:
    return Work()


def _never_needed(_session: Session, _context: Context) -> str | None:
    return "Nobody needs it."


def _letters(_session: Session, context: Context) -> tuple[str, ...]:
    return (f"3 letters of {context.business_date} are thrown away.",)


def _undo(_session: Session, context: Context) -> None:
    if context.by.name == "NOBODY":
        raise Refused("CSS443E", "Nobody may.")
    UNDONE.append(f"{context.step} {context.step_generation} by {context.by.name}")


AGAIN: Final = Rerun(is_allowed=True, words="It is done again.")
UNDOES: Final = Rerun(is_allowed=True, words="Letters are written again.", supersedes=_letters, backout=_undo)
CHORES: Final = Net(
    "chores",
    "Chores to tell things to.",
    (
        Node(SingleStep("wash", "Wash", _nothing, rerun=AGAIN)),
        Node(
            SingleStep(
                "dry", "Dry", _nothing, rerun=AGAIN, may_be_skipped=True, skip_words="Plates stay wet.", reject_limit=RejectLimit(10, 5)
            ),
            ("wash",),
            when=_never_needed,
            is_optional=True,
            cut_off=time(5),
        ),
        Node(SingleStep("write", "Write letters", _nothing, rerun=UNDOES), ("wash",)),
        Node(SingleStep("file", "File them", _nothing, rerun=UNDOES), ("write",)),
        Node(SingleStep("post", "Post them", _nothing), ("file",)),
    ),
    Plan(Cycle.DAILY, time(2, 15), must_start_by=time(3), must_end_by=time(6), priority=20),
    may_be_skipped=True,
    skip_words="Everything stays dirty until tomorrow.",
)
HOUSEWORK: Final = Net(
    "housework",
    "Chores of the whole house.",
    (Node(SingleStep("sweep", "Sweep", _nothing)),),
    Plan(Cycle.DAILY, time(4), must_start_by=time(5), must_end_by=time(6)),
    before=(Before("chores", every_district=True),),
    is_of_house=True,
    may_run_extra=True,
)
STATES: Final = {
    InstanceState.RUNNING: ExecutionState.RUNNING,
    InstanceState.FAILED: ExecutionState.FAILED,
    InstanceState.STOPPED: ExecutionState.STOPPED,
    InstanceState.COMPLETED: ExecutionState.COMPLETED,
}


def run_of(
    session: Session,
    net: Net,
    state: InstanceState,
    *,
    district: str | None = "ZZ",
    day: date = DAY,
    return_code: int = 0,
    **steps: StepState,
) -> int:
    """A run as it stands after an attempt, with the steps named; its id."""
    instance = JobInstance(
        net=net.name,
        district_code=district,
        business_date=day,
        state=state,
        planned_at=EVENING,
        planned_by="clock",
        start_after=datetime(2026, 3, 3, 2, 15, tzinfo=UTC),
    )
    session.add(instance)
    session.flush()
    if state in STATES:
        over = None if state is InstanceState.RUNNING else AT
        attempt = JobExecution(
            job_instance_id=instance.id,
            attempt=1,
            state=STATES[state],
            started_by="night/test",
            host="elsewhere",
            process_id=1,
            started_at=EVENING,
            ended_at=over,
            return_code=None if over is None else return_code,
        )
        session.add(attempt)
        session.flush()
        for name, step_state in steps.items():
            ended = None if step_state is StepState.RUNNING else AT
            row = StepExecution(
                job_instance_id=instance.id,
                job_execution_id=attempt.id,
                step=name,
                ordinal=1,
                state=step_state,
                started_at=EVENING,
                ended_at=ended,
                read_count=7,
                written_count=7,
            )
            session.add(row)
            session.flush()
            if step_state is StepState.RUNNING:
                session.add(
                    StepAttempt(step_execution_id=row.id, job_execution_id=attempt.id, state=ExecutionState.RUNNING, started_at=EVENING)
                )
    session.flush()
    return instance.id


def instance_of(session: Session, instance_id: int) -> JobInstance:
    """The row as it is now."""
    return session.execute(select(JobInstance).where(JobInstance.id == instance_id).execution_options(populate_existing=True)).scalar_one()
