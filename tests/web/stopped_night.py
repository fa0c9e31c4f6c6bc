"""A district with a night that was finished and one that stopped while it calculated."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from batch import repository
from batch.engine import run_net
from batch.net import Context, Counts, KeyRange, Work
from batch.nets import NIGHT
from batch.words import ExecutionState, StepState
from css.core.clock import FixedClock
from css.core.errors import CssError
from css.db.engine import transaction
from tests import builders
from tests.batch.toy_night import NIGHT as KEEPER

BEGUN = next(place for place, step in enumerate(NIGHT.steps, start=1) if step.name == "calculate")
"""How many steps the night that failed began; the last of them failed."""
EVENING = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
SECOND = date(2026, 3, 3)


def live(engine: Engine, home: Path) -> None:
    """Run the one and leave the other stopped."""
    outcome = run_net(engine, NIGHT, Context("ZZ", builders.DAY, EVENING, KEEPER, home), clock=FixedClock(EVENING))
    assert outcome.error is None
    with transaction(engine) as session:
        session.execute(text("UPDATE batch.step_execution SET ended_at = started_at + interval '90 seconds' WHERE step = 'calculate'"))
        instance = repository.plan(session, "night", "ZZ", SECOND, EVENING)
        execution, _ = repository.begin_attempt(session, instance.id, KEEPER, EVENING)
        for ordinal, step in enumerate(NIGHT.steps[:BEGUN], start=1):
            row = repository.open_step(session, instance.id, execution, step.name, ordinal, EVENING)
            if step.name == "calculate":
                repository.make_blocks(session, row.id, [KeyRange(1, 50, 50), KeyRange(51, 80, 30)])
                half = Work(Counts(50, 48, 0, 2), kept_by_room=2)
                repository.record_work(session, repository.Held(instance.id, execution, row.id, step.name), half, EVENING, {"keys": 80})
                session.execute(
                    text("UPDATE batch.block SET state = 'done' WHERE first_key = 1 AND step_execution_id = :id"), {"id": row.id}
                )
                repository.close_step(session, row.id, execution, step.name, StepState.FAILED, EVENING)
            else:
                repository.close_step(session, row.id, execution, step.name, StepState.COMPLETED, EVENING)
        why = CssError("CSS612E", "Out of balance: the books differ by a penny.")
        repository.end_attempt(session, instance.id, execution, ExecutionState.FAILED, EVENING, 12, why)
