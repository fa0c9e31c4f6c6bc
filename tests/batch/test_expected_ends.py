"""When BA01 says that a run will have ended which was interrupted, or goes on without a step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from batch import repository
from batch.console import night_plan
from batch.model import JobInstance, StepAttempt, StepExecution
from batch.nets import NETS
from batch.words import ExecutionState, InstanceState, StepState
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.batch.clock_hands import BY, MINUTE
from tests.batch.told_night import AT, CHORES, DAY

HOUR = timedelta(hours=1)


@pytest.fixture
def town(fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A district in which washing took ten minutes and drying twenty, three days running, one step at a time."""
    monkeypatch.setenv("CSS_LANES", "1")
    settings.cache_clear()
    monkeypatch.setitem(NETS, "chores", CHORES)
    with transaction(fresh_engine) as session:
        builders.district(session)
        for n in range(1, 4):
            run = repository.plan(session, "chores", "ZZ", DAY - timedelta(days=n), AT)
            execution, _ = repository.begin_attempt(session, run.id, BY, AT)
            for name, minutes in (("wash", 10), ("dry", 20), ("write", 5), ("file", 5), ("post", 5)):
                _step(session, run.id, execution, name, StepState.COMPLETED, minutes)
            repository.end_attempt(session, run.id, execution, ExecutionState.COMPLETED, AT, 0, None)
    yield fresh_engine
    settings.cache_clear()


def _step(session: Session, run: int, execution: int, name: str, state: StepState, minutes: int) -> None:
    row = repository.open_step(session, run, execution, name, 1, AT)
    step = session.execute(select(StepExecution).where(StepExecution.id == row.id)).scalar_one()
    step.state, step.ended_at = state, AT + MINUTE * minutes
    session.flush()


def _ends(engine: Engine, at: datetime) -> dict[str, datetime | None]:
    with transaction(engine) as session:
        run = session.execute(select(JobInstance.id).where(JobInstance.business_date == DAY)).scalar_one()
        with repository.instance_lock(engine, run) as held:
            assert held
            plan = night_plan(session, "ZZ", DAY, at=at, net="chores")
    assert plan is not None
    assert plan.state is InstanceState.RUNNING
    return {row.step: row.expected_end_at for row in plan.rows}


def test_the_pause_between_two_attempts_is_no_time_that_a_step_took(town: Engine) -> None:
    later = AT + HOUR * 9
    with transaction(town) as session:
        run = repository.plan(session, "chores", "ZZ", DAY, AT)
        first, _ = repository.begin_attempt(session, run.id, BY, AT)
        repository.open_step(session, run.id, first, "wash", 1, AT)
        repository.fail_attempt(session, run.id, AT + MINUTE, "CSS610E", "It died.")
        second, _ = repository.begin_attempt(session, run.id, BY, later)
        repository.open_step(session, run.id, second, "wash", 1, later)
        assert session.execute(select(StepAttempt.started_at).order_by(StepAttempt.id)).scalars().all()[-2:] == [AT, later]
    assert _ends(town, later + MINUTE)["wash"] == later + MINUTE * 10, "and not now"


def test_a_step_that_the_run_goes_on_without_is_not_reckoned_with_once_more(town: Engine) -> None:
    with transaction(town) as session:
        run = repository.plan(session, "chores", "ZZ", DAY, AT)
        execution, _ = repository.begin_attempt(session, run.id, BY, AT)
        _step(session, run.id, execution, "wash", StepState.COMPLETED, 1)
        _step(session, run.id, execution, "dry", StepState.FAILED, 2)
    ends = _ends(town, AT + MINUTE * 3)
    assert ends["write"] == AT + MINUTE * 8, "it begins now, whatever became of drying"
    with transaction(town) as session:
        repository.fail_attempt(session, run.id, AT + MINUTE * 3, "CSS610E", "It died.")
        repository.begin_attempt(session, run.id, BY, AT + MINUTE * 3)
    assert _ends(town, AT + MINUTE * 3)["write"] == AT + MINUTE * 28, "an attempt after it comes back to it, in the only lane"
