"""What debt treatment asked of orders, made into orders when the new business day begins."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from batch.net import Context, Counts, LoopStep, Total, Work
from batch.steps import reruns, told_days
from orders.actions.requests import take_next_requests


def _take(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    done = take_next_requests(session, context.district_code, int(checkpoint.get("request", 0)), by=context.by, at=context.at)
    if done is None:
        return None
    taken, request = done
    counts = Counts(taken.read_count, len(taken.order_numbers) + taken.ended_count, taken.waiting_count)
    totals = (
        Total("orders of debt treatment", len(taken.order_numbers)),
        Total("requests of debt treatment that wait", taken.waiting_count),
    )
    return Work(counts, totals=totals, alarms=taken.alarms), {"request": request}


TAKE = LoopStep(
    "take-requests",
    "Take what debt treatment asks",
    _take,
    may_be_skipped=True,
    skip_words="What debt treatment asks for becomes no order tonight: it waits, and the next night takes it.",
    doc=told_days.TAKE,
    rerun=reruns.LEFT_IS_DONE,
)
