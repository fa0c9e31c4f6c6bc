"""What a district's bills must meet: its row, or the limits of the house."""

from __future__ import annotations

from sqlalchemy.orm import Session

from billing.model import BillControl
from billing.rules.validation import LIMITS, Limits
from billing.run_commands import BillControlSet

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
