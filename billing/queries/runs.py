"""Bill runs: which run a night made, and the bills that went out with it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import Bill, BillRun
from billing.queries.accounts import BillRow, bill_row
from css.core.errors import NotFound
from css.master.accounts import Account


def bill_run_id(session: Session, district_code: str, business_date: date) -> int:
    """The run of a night.

    Raises:
        NotFound: CSS489E, the night has not frozen its cut.
    """
    run = session.execute(
        select(BillRun.id).where(BillRun.district_code == district_code, BillRun.business_date == business_date)
    ).scalar_one_or_none()
    if run is None:
        raise NotFound(
            "CSS489E",
            "There is no bill run for {date} in district {district}.",
            date=business_date,
            district=district_code,
            element="business_date",
        )
    return run


def bills_of_night(session: Session, district: str, business_date: date) -> tuple[BillRow, ...]:
    """The numbered bills of a night's run, in order of their numbers; none when the night has not got so far."""
    rows = session.execute(
        select(Bill, Account.number)
        .join(BillRun, BillRun.id == Bill.bill_run_id)
        .join(Account, Account.id == Bill.account_id)
        .where(BillRun.district_code == district, BillRun.business_date == business_date, Bill.number.is_not(None))
        .order_by(Bill.serial)
    )
    return tuple(bill_row(account_number, bill, business_date) for bill, account_number in rows)
