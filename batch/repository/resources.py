"""What steps share across nets: so many units of each, claimed together or not at all."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.model import JobExecution, JobInstance, Resource, ResourceUse
from batch.repository.instances import is_held
from batch.words import ExecutionState


def claim_resources(session: Session, execution_id: int, step: str, needs: Mapping[str, int]) -> str | None:
    """Take units for a step of an attempt; None when it has them, or in words what it waits for.

    All of them or none, so that no two steps wait for each other. What attempts use counts while they are alive, which their
    lock proves; so what a dead one held is free without anybody giving it back. Where there is no row, there is no limit.
    """
    capacities = {
        row.name: row.capacity
        for row in session.execute(
            # One after the other for each resource, in the order of names: nobody counts what another is just taking.
            select(Resource).where(Resource.name.in_(needs)).order_by(Resource.name).with_for_update(key_share=True)
        ).scalars()
    }
    uses = session.execute(
        select(ResourceUse.resource, ResourceUse.units, ResourceUse.step, JobInstance.district_code, JobInstance.business_date)
        .join(JobExecution, JobExecution.id == ResourceUse.job_execution_id)
        .join(JobInstance, JobInstance.id == JobExecution.job_instance_id)
        .where(
            ResourceUse.resource.in_(needs),
            JobExecution.state == ExecutionState.RUNNING,
            is_held(JobInstance.id),
            (ResourceUse.job_execution_id != execution_id) | (ResourceUse.step != step),
        )
        .order_by(ResourceUse.id)
    ).all()
    limited = {name: units for name, units in sorted(needs.items()) if name in capacities}
    for name, units in limited.items():
        users = [use for use in uses if use.resource == name]
        used = sum(use.units for use in users)
        if used + units > capacities[name]:
            by = ", ".join(f"{use.step} of {use.district_code or 'the house'} {use.business_date}" for use in users) or "nobody"
            return f"It waits for {name}: it needs {units}, there are {capacities[name]}, and {used} are in use by {by}."
    if not limited:
        return None
    session.execute(
        upsert(ResourceUse).values(taken_at=func.clock_timestamp()).on_conflict_do_nothing(),
        [{"resource": name, "job_execution_id": execution_id, "step": step, "units": units} for name, units in sorted(needs.items())],
    )
    return None


def free_resources(session: Session, execution_id: int, step: str) -> None:
    """Give back what a step of an attempt holds."""
    session.execute(
        delete(ResourceUse)
        .where(ResourceUse.job_execution_id == execution_id, ResourceUse.step == step)
        .execution_options(synchronize_session=False)
    )
