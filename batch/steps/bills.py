"""The bill run, step by step: compensation, cut, calculate, release, post, render, dispatch."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from batch.net import BlockStep, Context, Counts, RejectedItem, SingleStep, Total, Work
from billing import actions, queries
from billing.commands import BlockTotals

RENDER_BLOCK = 50
"""Bills a worker renders in one transaction: a second or so of work, and little to do again after a kill."""


def _work(name: str, totals: BlockTotals) -> Work:
    rejects = tuple(RejectedItem(item.source_key, item.code, item.words, item.raw) for item in totals.set_aside)
    return Work(
        Counts(totals.read, totals.written, totals.filtered, totals.rejected), rejects, (Total(name, totals.written, totals.amount),)
    )


def _failures(session: Session, context: Context) -> Sequence[int]:
    return queries.failures_to_take(session, context.district_code, context.business_date)


def _compensate(session: Session, context: Context, first: int, last: int) -> Work:
    ids = [key for key in _failures(session, context) if first <= key <= last]
    return _work("compensation", actions.take_service_failures(session, ids, by=context.by, at=context.at))


def _freeze(session: Session, context: Context) -> Work:
    run = actions.freeze_cut(session, context.district_code, context.business_date, by=context.by, at=context.at)
    accounts = len(queries.accounts_to_calculate(session, run))
    return Work(Counts(accounts, accounts), totals=(Total("accounts to bill", accounts),))


def _run_id(session: Session, context: Context) -> int:
    return queries.bill_run_id(session, context.district_code, context.business_date)


def _accounts(session: Session, context: Context) -> Sequence[int]:
    return queries.accounts_to_calculate(session, _run_id(session, context))


def _calculate(session: Session, context: Context, first: int, last: int) -> Work:
    run = _run_id(session, context)
    ids = [key for key in queries.accounts_to_calculate(session, run) if first <= key <= last]
    return _work("bills calculated", actions.calculate_block(session, run, ids, by=context.by, at=context.at))


def _release(session: Session, context: Context) -> Work:
    return _work("bills released", actions.release_run(session, _run_id(session, context), by=context.by, at=context.at))


def _to_post(session: Session, context: Context) -> Sequence[int]:
    return queries.bills_to_post(session, _run_id(session, context))


def _post(session: Session, context: Context, first: int, last: int) -> Work:
    ids = [key for key in _to_post(session, context) if first <= key <= last]
    return _work("bills posted", actions.post_block(session, ids, by=context.by, at=context.at))


def _to_render(session: Session, context: Context) -> Sequence[int]:
    return queries.bills_to_render(session, _run_id(session, context))


def _render(session: Session, context: Context, first: int, last: int) -> Work:
    ids = [key for key in _to_render(session, context) if first <= key <= last]
    return _work("bills rendered", actions.render_block(session, ids, by=context.by, at=context.at))


def _to_dispatch(session: Session, context: Context) -> Sequence[int]:
    return queries.bills_to_dispatch(session, _run_id(session, context))


def _dispatch(session: Session, context: Context, first: int, last: int) -> Work:
    ids = [key for key in _to_dispatch(session, context) if first <= key <= last]
    directory = context.home / "spool" / "bills"
    return _work("bills issued", actions.dispatch_block(session, ids, directory=directory, by=context.by, at=context.at))


COMPENSATE = BlockStep("compensate", "Compensate broken promises", _failures, _compensate)
FREEZE = SingleStep("freeze-cut", "Freeze the cut", _freeze)
CALCULATE = BlockStep("calculate", "Calculate bills", _accounts, _calculate, block_size=250, in_parallel=True)
RELEASE = SingleStep("release", "Release and number bills", _release)
POST = BlockStep("post", "Post bills to the ledger", _to_post, _post)
RENDER = BlockStep("render", "Render PDF and XML", _to_render, _render, block_size=RENDER_BLOCK, in_parallel=True)
DISPATCH = BlockStep("dispatch", "Dispatch bills", _to_dispatch, _dispatch, block_size=RENDER_BLOCK)
