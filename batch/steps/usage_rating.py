"""Priced calls out of the blocks that were taken in, and every file's outcomes counted against what it brought."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from batch.balance import usage as joints
from batch.net import BlockStep, Context, KeyRange, RejectLimit, SingleStep, Work
from batch.steps import reruns, told_usage
from batch.steps.bills import work_of
from billing.actions import rating, usage_close
from billing.queries.suspense import kept_of_night


def _blocks(session: Session, context: Context) -> Sequence[KeyRange]:
    return [KeyRange(*bounds) for bounds in rating.ranges_to_rate(session, context.district_code, context.business_date)]


def _rate(session: Session, context: Context, first: int, last: int) -> Work:
    return work_of("calls rated", rating.rate_block(session, context.district_code, first, last, business_date=context.business_date))


def _close(session: Session, context: Context) -> Work:
    return work_of("usage files closed", usage_close.close_files(session, context.district_code, context.business_date))


def _kept(session: Session, context: Context) -> tuple[int, int]:
    return kept_of_night(session, context.district_code, context.business_date, at_intake=False)


SET_ASIDE_MOST = RejectLimit(items=5000, thousandths=200, kept_by_room=_kept)
"""More of a night's records, and something is wrong with a carrier's files, or with our numbers and prices."""
RATE = BlockStep(
    "rate-usage",
    "Rate calls",
    _blocks,
    _rate,
    in_parallel=True,
    doc=told_usage.RATE,
    rerun=reruns.LEFT_IS_DONE,
    reject_limit=SET_ASIDE_MOST,
    joints=(joints.RECORDS_RATED, joints.CALLS_RATED),
)
CLOSE_USAGE = SingleStep(
    "close-usage",
    "Close carriers' files",
    _close,
    doc=told_usage.CLOSE_USAGE,
    rerun=reruns.LEFT_IS_DONE,
    joints=(joints.RECORDS_WITH_OUTCOME,),
)
