"""What each step of the night has left to do: ids in rising order, within a block's ends (both included) where they are given."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from billing.model import AccountCycle, Bill, BillFile, BillRun, BillRunAccount, OutsideItem
from billing.words import BillState
from css.handover import ServiceFailure
from css.master.accounts import Account
from css.master.providers import Provider


def _within(column: Any, first: int | None, last: int | None) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a mapped column
    ends: list[ColumnElement[bool]] = []
    if first is not None:
        ends.append(column >= first)
    if last is not None:
        ends.append(column <= last)
    return ends


def accounts_to_calculate(
    session: Session, run_id: int, first: int | None = None, last: int | None = None, *, groups: bool | None = None
) -> tuple[int, ...]:
    """Accounts of the run without a bill that are neither parked nor found to have nothing to bill.

    With ``groups`` False only those that pay for no other account, which are billed first; True only those that do.
    """
    which = [] if groups is None else [BillRunAccount.is_group.is_(groups)]
    ids = session.execute(
        select(BillRunAccount.account_id)
        .join(BillRun, BillRun.id == BillRunAccount.bill_run_id)
        .join(AccountCycle, AccountCycle.account_id == BillRunAccount.account_id)
        .where(
            BillRunAccount.bill_run_id == run_id,
            BillRunAccount.parked_code.is_(None),
            AccountCycle.usage_billed_through.is_(None) | (AccountCycle.usage_billed_through < BillRun.business_date),
            ~exists().where(Bill.bill_run_id == BillRunAccount.bill_run_id, Bill.account_id == BillRunAccount.account_id),
            *which,
            *_within(BillRunAccount.account_id, first, last),
        )
        .order_by(BillRunAccount.account_id)
    ).scalars()
    return tuple(ids)


def has_group_accounts(session: Session, run_id: int) -> bool:
    """Whether any account on the list of a run pays for others. Leans on pk_bill_run_account."""
    of_groups = exists().where(BillRunAccount.bill_run_id == run_id, BillRunAccount.is_group)
    return bool(session.execute(select(of_groups)).scalar_one())


def _bills(run_id: int, state: BillState, first: int | None, last: int | None) -> Select[int]:
    """Bills of a state in the run and in earlier runs of its district. Leans on ix_bill_not_issued."""
    run = select(BillRun.district_code, BillRun.business_date).where(BillRun.id == run_id).subquery()
    return (
        select(Bill.id)
        .join(run, (run.c.district_code == Bill.district_code) & (Bill.usage_through <= run.c.business_date))
        .where(Bill.state != BillState.ISSUED, Bill.state == state, *_within(Bill.id, first, last))
        .order_by(Bill.id)
    )


def bills_to_post(session: Session, run_id: int, first: int | None = None, last: int | None = None) -> tuple[int, ...]:
    """Released bills of the run, and of earlier runs of its district."""
    return tuple(session.execute(_bills(run_id, BillState.RELEASED, first, last)).scalars())


def bills_to_render(session: Session, run_id: int, first: int | None = None, last: int | None = None) -> tuple[int, ...]:
    """Posted bills without their files, of the run and of earlier ones."""
    has_files = exists().where(BillFile.bill_id == Bill.id).correlate(Bill)
    return tuple(session.execute(_bills(run_id, BillState.POSTED, first, last).where(~has_files)).scalars())


def bills_to_dispatch(
    session: Session, run_id: int, first: int | None = None, last: int | None = None, *, of_partners: bool | None = None
) -> tuple[int, ...]:
    """Posted bills with their files, not issued yet, of the run and of earlier ones; in order of account.

    With ``of_partners`` True only those that a partner is told of, with False only the others. ``first`` and ``last`` are
    accounts: bills have their ids in the order in which several processes calculated them, and what is printed together is
    to be the same whoever did.
    """
    return tuple(row.id for row in session.execute(_to_dispatch(run_id, first, last, of_partners)))


def accounts_to_dispatch(session: Session, run_id: int, *, of_partners: bool | None = None) -> tuple[int, ...]:
    """Whose bills these are."""
    return tuple(dict.fromkeys(row.account_id for row in session.execute(_to_dispatch(run_id, None, None, of_partners))))


def _to_dispatch(run_id: int, first: int | None, last: int | None, of_partners: bool | None) -> Select[int, int]:  # noqa: FBT001 - handed on
    has_files = exists().where(BillFile.bill_id == Bill.id).correlate(Bill)
    found = (
        _bills(run_id, BillState.POSTED, None, None).add_columns(Bill.account_id).where(has_files, *_within(Bill.account_id, first, last))
    )
    if of_partners is not None:
        found = found.join(Account, Account.id == Bill.account_id).join(Provider, Provider.id == Account.provider_id)
        found = found.where(Provider.is_own_retail.is_not(of_partners))
    return found.order_by(None).order_by(Bill.account_id, Bill.id)


def failures_to_take(
    session: Session, district_code: str, through: date, first: int | None = None, last: int | None = None
) -> tuple[int, ...]:
    """Service failures on the shelf with a business date up to and including ``through`` that billing has not taken."""
    ids = session.execute(
        select(ServiceFailure.id)
        .where(
            ServiceFailure.district_code == district_code,
            ServiceFailure.business_date <= through,
            ~exists().where(OutsideItem.source_key == ServiceFailure.source_key),
            *_within(ServiceFailure.id, first, last),
        )
        .order_by(ServiceFailure.id)
    ).scalars()
    return tuple(ids)
