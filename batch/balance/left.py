"""How much of what a step set aside still counts against its limit."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.balance.rejects import mended_words
from batch.model import JobInstance, Reject
from batch.net import Context, RejectLimit
from batch.rules.limits import SetAside, still_counts
from batch.words import RejectState


def left_aside(session: Session, context: Context, limit: RejectLimit, rejected: int) -> int:
    """Of so many items that a step of a run has counted as set aside those that nobody has settled since.

    Replayed, given up, written off or priced is settled; what can never be settled counts for ever. ``context`` has the run and
    the step.
    """
    own = session.execute(
        select(func.count(), func.count().filter(Reject.state == RejectState.OPEN)).where(
            Reject.job_instance_id == context.job_instance_id, Reject.step == context.step
        )
    ).one()
    of_run = SetAside(own[0], own[1])
    of_room = SetAside() if limit.kept_by_room is None else SetAside(*limit.kept_by_room(session, context))
    found_again = rejected - of_run.count - of_room.count
    earlier = _open_of_earlier_runs(session, context) if found_again > 0 else 0
    return still_counts(rejected, of_run, of_room, earlier)


def _open_of_earlier_runs(session: Session, context: Context) -> int:
    """Items that other runs of the step in the district set aside, open still; not those whose cause is gone, which the night settles."""
    rows = session.execute(
        select(Reject, JobInstance.business_date)
        .join(JobInstance, JobInstance.id == Reject.job_instance_id)
        .where(
            Reject.state == RejectState.OPEN,
            Reject.step == context.step,
            JobInstance.id != context.job_instance_id,
            JobInstance.district_code.is_not_distinct_from(context.district_code or None),
        )
    )
    items = [(item, refused_on) for item, refused_on in rows]
    return len(items) - len(mended_words(session, context.district_code, items))
