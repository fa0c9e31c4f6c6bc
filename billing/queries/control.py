"""What a district's bills must meet: its row, or the limits of the house."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import Bill, BillControl, BillRun
from billing.rules.validation import LIMITS, Limits
from billing.run_commands import BillControlSet
from billing.words import BillState

NO_SAMPLE = 0


def bill_control(session: Session, district_code: str) -> BillControlSet:
    """What bills of the district must meet to go out by themselves, and whether somebody looks at a sample first."""
    row = session.get(BillControl, district_code)
    limits = limits_for(session, district_code)
    return BillControlSet(
        district_code=district_code,
        sample_count=row.sample_count if row else NO_SAMPLE,
        is_approval_required=row.is_approval_required if row else False,
        credit_max=limits.credit_max,
        times_average_max=limits.times_average_max,
        average_floor=limits.average_floor,
        lines_max=limits.lines_max,
        first_bill_max=limits.first_bill_max,
        periods_max=limits.periods_max,
        days_back_max=limits.days_back_max,
    )


def limits_for(session: Session, district_code: str) -> Limits:
    """The limits a bill of the district is held by."""
    row = session.get(BillControl, district_code)
    if row is None:
        return LIMITS
    return Limits(
        credit_max=row.credit_max,
        times_average_max=row.times_average_max,
        average_floor=row.average_floor,
        lines_max=row.lines_max,
        first_bill_max=row.first_bill_max,
        periods_max=row.periods_max,
        days_back_max=row.days_back_max,
    )


def approvals_waited_for(session: Session, district_codes: Collection[str]) -> frozenset[tuple[str, date]]:
    """The nights of some districts that go no further before somebody approves: by district and date.

    One whose bills were taken back since its sample waits for nobody: it makes them again first.
    """
    waiting = select(Bill.id).where(Bill.bill_run_id == BillRun.id, Bill.state == BillState.CALCULATED).exists()
    rows = session.execute(
        select(BillRun.district_code, BillRun.business_date)
        .join(BillControl, BillControl.district_code == BillRun.district_code)
        .where(
            BillRun.district_code.in_(sorted(district_codes)),
            BillControl.is_approval_required,
            BillRun.sampled_at.is_not(None),
            BillRun.approved_by.is_(None),
            waiting,
        )
    )
    return frozenset((row.district_code, row.business_date) for row in rows)
