"""How much there is of what steps share across nets and districts: setting it, and who uses it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.clock.commands import ResourceSet, SetResource
from batch.keepers import require_keeper, require_reason
from batch.model import JobExecution, JobInstance, Resource, ResourceUse
from batch.nets import NETS
from batch.repository.instances import is_held
from batch.words import ExecutionState
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound

CAPACITY_MAX: Final = 1000


@audit.answered
def set_resource(session: Session, command: SetResource, *, by: Actor, at: datetime) -> ResourceSet:
    """Set how many units of a resource may be in use at once, in all nets and districts. What is in use is not taken away.

    Raises:
        Refused: CSS111E the actor may not. NotFound: CSS696E no such resource. BadMessage: CSS697E fewer than the step needs that needs
            the most of it, for which it would wait for ever, or more than 1,000; CSS630E no reason, or a long one.
    """
    require_keeper(by)
    reason = require_reason(command.reason)
    row = session.execute(select(Resource).where(Resource.name == command.name).with_for_update()).scalar_one_or_none()
    if row is None:
        known = ", ".join(session.execute(select(Resource.name).order_by(Resource.name)).scalars()) or "none"
        raise NotFound("CSS696E", "There is no resource {name!r}; there is {known}.", name=command.name[:40], known=known, element="name")
    least = max((node.needs.get(row.name, 0) for net in NETS.values() for node in net.nodes), default=0)
    if not least <= command.capacity <= CAPACITY_MAX:
        sentence = "Of {name} there are {least} to {most} units: a step needs {least} at once, and with fewer it would wait for ever."
        raise BadMessage("CSS697E", sentence, name=row.name, least=least, most=CAPACITY_MAX, element="capacity")
    before, row.capacity = row.capacity, command.capacity
    audit.record(
        session,
        by=by,
        at=at,
        verb="set_resource",
        subject=("resource", row.name),
        before={"capacity": before},
        after={**to_plain(command), "reason": reason},
    )
    return ResourceSet(name=row.name, capacity=row.capacity, before=before)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRow:
    """Something of which there is only so much."""

    name: str
    words: str
    """What it stands for."""
    capacity: int
    in_use: int
    """Units that steps hold whose runs are alive."""
    used_by: tuple[str, ...]
    """Those steps, in words."""
    needed_by: tuple[str, ...]
    """The steps of all nets that need it, each with its net."""


def night_resources(session: Session) -> tuple[ResourceRow, ...]:
    """What steps share, how much there is of it, and who holds it now."""
    uses = session.execute(
        select(ResourceUse.resource, ResourceUse.units, ResourceUse.step, JobInstance.district_code, JobInstance.business_date)
        .join(JobExecution, JobExecution.id == ResourceUse.job_execution_id)
        .join(JobInstance, JobInstance.id == JobExecution.job_instance_id)
        .where(JobExecution.state == ExecutionState.RUNNING, is_held(JobInstance.id))
        .order_by(ResourceUse.id)
    ).all()
    return tuple(
        ResourceRow(
            name=row.name,
            words=row.words,
            capacity=row.capacity,
            in_use=sum(use.units for use in uses if use.resource == row.name),
            used_by=tuple(
                f"{use.step} of {use.district_code or 'the house'} {use.business_date}" for use in uses if use.resource == row.name
            ),
            needed_by=tuple(f"{net.name} {node.step.name}" for net in NETS.values() for node in net.nodes if row.name in node.needs),
        )
        for row in session.execute(select(Resource).order_by(Resource.name)).scalars()
    )
