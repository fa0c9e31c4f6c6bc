"""The bill run, step by step: compensation, cut, calculate, sample, release, post; the groups' bills the same way; render, dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from batch.balance import bills as joints
from batch.net import BlockStep, Context, Counts, KeyRange, LoopStep, RejectedItem, RejectLimit, SingleStep, Total, Work, cut
from batch.steps import reruns, told_bills
from billing import actions, queries
from billing.commands import BlockTotals

CALCULATE_BLOCK = 250
RENDER_BLOCK = 50
"""Bills a worker renders in one transaction: a second or so of work, and little to do again after a kill."""
PARKED_MOST = RejectLimit(items=100, thousandths=20)
"""A price list that is missing parks a district: no bill gets its number before a person has looked."""
NOT_SENT_MOST = RejectLimit(items=50, thousandths=10)
"""So many bills at once that are not right are no fault of theirs."""


def work_of(name: str, totals: BlockTotals, messages: tuple[str, ...] = ()) -> Work:
    """What a room's verb did, in the words of the repository."""
    rejects = tuple(RejectedItem(item.source_key, item.code, item.words, item.raw) for item in totals.set_aside)
    counts = Counts(totals.read, totals.written, totals.filtered, totals.rejected)
    return Work(counts, rejects, (Total(name, totals.written, totals.amount or None),), messages, totals.alarms, totals.kept_by_room)


def _run_id(session: Session, context: Context) -> int:
    return queries.bill_run_id(session, context.district_code, context.business_date)


def _failures(session: Session, context: Context) -> Sequence[KeyRange]:
    return cut(queries.failures_to_take(session, context.district_code, context.business_date))


def _compensate(session: Session, context: Context, first: int, last: int) -> Work:
    ids = queries.failures_to_take(session, context.district_code, context.business_date, first, last)
    return work_of(
        "compensation",
        actions.take_service_failures(session, context.district_code, context.business_date, ids, by=context.by, at=context.at),
    )


def _freeze(session: Session, context: Context) -> Work:
    run = actions.freeze_cut(session, context.district_code, context.business_date, by=context.by, at=context.at)
    accounts = len(queries.accounts_to_calculate(session, run))
    return Work(Counts(accounts, accounts), totals=(Total("accounts to bill", accounts),))


def _accounts(session: Session, context: Context, *, groups: bool = False) -> Sequence[KeyRange]:
    return cut(queries.accounts_to_calculate(session, _run_id(session, context), groups=groups), CALCULATE_BLOCK)


def _calculate(session: Session, context: Context, first: int, last: int, *, groups: bool = False) -> Work:
    run = _run_id(session, context)
    ids = queries.accounts_to_calculate(session, run, first, last, groups=groups)
    return work_of("bills calculated", actions.calculate_block(session, run, ids, by=context.by, at=context.at))


def _sample(session: Session, context: Context, checkpoint: dict[str, Any], *, groups: bool = False) -> tuple[Work, dict[str, Any]] | None:
    """Again and again until nothing taken back is left, the sample is printed, and somebody has approved it where that is wanted."""
    done = actions.sample_step(
        session,
        _run_id(session, context),
        is_printed=bool(checkpoint.get("printed")),
        directory=context.spool / ("sample-groups" if groups else "sample"),
        groups=groups,
        by=context.by,
        at=context.at,
    )
    if done is None:
        return None
    what, totals = done
    if what == "again":
        return work_of("bills made again", totals), checkpoint
    return work_of("sample bills printed", totals), {**checkpoint, "printed": True}


def _release(session: Session, context: Context, checkpoint: dict[str, Any], *, groups: bool = False) -> tuple[Work, dict[str, Any]] | None:
    """What was taken back since the sample is sampled once more first: the step before is done and is not taken up again."""
    if checkpoint.get("released"):
        return None
    sampled = _sample(session, context, {"printed": True}, groups=groups)
    if sampled is not None:
        return sampled[0], checkpoint
    totals = actions.release_run(session, _run_id(session, context), by=context.by, at=context.at)
    return work_of("bills released", totals), {"released": True}


def _gather(session: Session, context: Context) -> Work:
    return work_of("members' bills carried", actions.gather_group(session, _run_id(session, context), by=context.by, at=context.at))


def without_groups(session: Session, context: Context) -> str | None:
    """Why the steps of group bills are not needed; None when they are. A condition of a net, asked once the cut is frozen."""
    return None if queries.has_group_accounts(session, _run_id(session, context)) else "No account that pays for others is billed tonight."


def _to_post(session: Session, context: Context) -> Sequence[KeyRange]:
    return cut(queries.bills_to_post(session, _run_id(session, context)))


def _post(session: Session, context: Context, first: int, last: int) -> Work:
    ids = queries.bills_to_post(session, _run_id(session, context), first, last)
    return work_of("bills posted", actions.post_block(session, ids, by=context.by, at=context.at))


def _to_render(session: Session, context: Context) -> Sequence[KeyRange]:
    return cut(queries.bills_to_render(session, _run_id(session, context)), RENDER_BLOCK)


def _render(session: Session, context: Context, first: int, last: int) -> Work:
    ids = queries.bills_to_render(session, _run_id(session, context), first, last)
    return work_of("bills rendered", actions.render_block(session, ids, by=context.by, at=context.at))


def _to_dispatch(session: Session, context: Context, *, of_partners: bool) -> Sequence[KeyRange]:
    return cut(queries.accounts_to_dispatch(session, _run_id(session, context), of_partners=of_partners), RENDER_BLOCK)


def _dispatch(session: Session, context: Context, first: int, last: int, *, of_partners: bool) -> Work:
    ids = queries.bills_to_dispatch(session, _run_id(session, context), first, last, of_partners=of_partners)
    directory = context.home / "spool" / "bills"
    return work_of("bills issued", actions.dispatch_block(session, ids, directory=directory, by=context.by, at=context.at))


COMPENSATE = BlockStep(
    "compensate",
    "Compensate broken promises",
    _failures,
    _compensate,
    doc=told_bills.COMPENSATE,
    rerun=reruns.LEFT_IS_DONE,
    joints=(joints.FAILURES_TAKEN, joints.FAILURES_POSTED),
)
FREEZE = SingleStep("freeze-cut", "Freeze the cut", _freeze, doc=told_bills.FREEZE, rerun=reruns.CUT, joints=(joints.ACCOUNTS_LISTED,))
CALCULATE = BlockStep(
    "calculate",
    "Calculate bills",
    _accounts,
    _calculate,
    in_parallel=True,
    doc=told_bills.CALCULATE,
    rerun=reruns.BILLS,
    reject_limit=PARKED_MOST,
    joints=joints.billed(groups=False),
)
SAMPLE = LoopStep(
    "sample", "Print and approve a sample", _sample, doc=told_bills.SAMPLE, rerun=reruns.SAMPLED, joints=joints.made(groups=False)
)
RELEASE = LoopStep(
    "release", "Release and number bills", _release, doc=told_bills.RELEASE, rerun=reruns.NUMBERED, joints=(joints.RELEASED, joints.NUMBERS)
)
POST = BlockStep(
    "post",
    "Post bills to the ledger",
    _to_post,
    _post,
    doc=told_bills.POST,
    rerun=reruns.POSTED,
    joints=(joints.posted("release", "post"), joints.LEDGER, joints.DEBITS),
)
GATHER = SingleStep(
    "gather", "Carry members' bills over", _gather, doc=told_bills.GATHER, rerun=reruns.POSTED, joints=(joints.CARRIED, joints.TAKEN_OFF)
)
CALCULATE_GROUPS = BlockStep(
    "calculate-groups",
    "Calculate group bills",
    partial(_accounts, groups=True),
    partial(_calculate, groups=True),
    in_parallel=True,
    doc=told_bills.CALCULATE_GROUPS,
    rerun=reruns.GROUPS,
    reject_limit=PARKED_MOST,
    joints=joints.billed(groups=True),
)
SAMPLE_GROUPS = LoopStep(
    "sample-groups",
    "Sample group bills",
    partial(_sample, groups=True),
    doc=told_bills.SAMPLE_GROUPS,
    rerun=reruns.SAMPLED,
    joints=joints.made(groups=True),
)
RELEASE_GROUPS = LoopStep(
    "release-groups",
    "Release group bills",
    partial(_release, groups=True),
    doc=told_bills.RELEASE_GROUPS,
    rerun=reruns.NUMBERED,
    joints=(joints.RELEASED, joints.NUMBERS),
)
POST_GROUPS = BlockStep(
    "post-groups",
    "Post group bills",
    _to_post,
    _post,
    doc=told_bills.POST_GROUPS,
    rerun=reruns.POSTED,
    joints=(joints.posted("release-groups", "post-groups"), joints.LEDGER, joints.DEBITS),
)
RENDER = BlockStep(
    "render",
    "Render PDF and XML",
    _to_render,
    _render,
    in_parallel=True,
    doc=told_bills.RENDER,
    rerun=reruns.LEFT_IS_DONE,
    reject_limit=NOT_SENT_MOST,
    joints=(joints.RENDERED, joints.INVOICES),
)
DISPATCH = BlockStep(
    "dispatch",
    "Dispatch bills",
    partial(_to_dispatch, of_partners=False),
    partial(_dispatch, of_partners=False),
    in_parallel=True,
    doc=told_bills.DISPATCH,
    rerun=reruns.SENT,
    reject_limit=NOT_SENT_MOST,
    joints=joints.issued(of_partners=False),
)
# Not shared out: notices are numbered partner by partner, in the order of their bills.
DISPATCH_PARTNERS = BlockStep(
    "dispatch-partners",
    "Dispatch partners' bills",
    partial(_to_dispatch, of_partners=True),
    partial(_dispatch, of_partners=True),
    doc=told_bills.DISPATCH_PARTNERS,
    rerun=reruns.SENT,
    reject_limit=NOT_SENT_MOST,
    joints=(*joints.issued(of_partners=True), joints.NOTICES),
)
