"""Usage that was set aside, tried again every night: long calls whose parts have come, records whose cause is mended."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from batch.balance import usage as joints
from batch.net import Context, LoopStep, Work
from batch.steps import reruns, told_usage
from batch.steps.bills import work_of
from billing.actions import long_calls, suspense


def _assemble(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    after = (checkpoint.get("supplier", ""), checkpoint.get("chain", ""))
    done = long_calls.assemble_next(session, context.district_code, after, business_date=context.business_date, by=context.by)
    if done is None:
        return None
    totals, (supplier, chain) = done
    return work_of("parts of long calls priced", totals), {"supplier": supplier, "chain": chain}


def _replay(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    after = int(checkpoint.get("record", 0))
    done = suspense.replay_next(session, context.district_code, after, business_date=context.business_date, by=context.by)
    if done is None:
        return None
    totals, record = done
    return work_of("calls priced that waited", totals), {"record": record}


ASSEMBLE = LoopStep(
    "assemble-calls",
    "Put long calls together",
    _assemble,
    doc=told_usage.ASSEMBLE,
    rerun=reruns.LEFT_IS_DONE,
    joints=(joints.LONG_CALLS_SETTLED,),
)
REPLAY = LoopStep(
    "replay-usage", "Price calls that waited", _replay, doc=told_usage.REPLAY, rerun=reruns.LEFT_IS_DONE, joints=(joints.CALLS_SETTLED,)
)
