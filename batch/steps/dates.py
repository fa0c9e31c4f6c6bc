"""Rolling the business date before anything is read, and closing it when everything is done."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.net import Context, Counts, SingleStep, Work
from batch.steps import reruns, told_days
from batch.turns import check_turn
from css import audit
from css.master.districts import BusinessDate, close_business_date, no_district, roll_business_date


def roll(session: Session, context: Context) -> Work:
    """Move the district to the day after, so that what is keyed from now on belongs to the next night.

    Raises:
        NotFound: CSS101E. Refused: CSS604E and CSS605E, it is not this night's turn.
    """
    row = session.execute(select(BusinessDate).where(BusinessDate.district_code == context.district_code)).scalar_one_or_none()
    if row is None:
        raise no_district(context.district_code)
    check_turn(session, row, context.business_date)
    before = row.current_on
    after = roll_business_date(session, context.district_code, to=context.business_date + timedelta(days=1))
    audit.record(
        session,
        by=context.by,
        at=context.at,
        verb="roll_business_date",
        subject=("district", context.district_code),
        before={"current_on": before.isoformat()},
        after={"current_on": after.isoformat()},
    )
    return Work(Counts(1, 1), messages=(f"Business date of {context.district_code} rolled to {after:%d %b %Y}.",))


def close(session: Session, context: Context) -> Work:
    """Mark the night finished: the next one may run."""
    close_business_date(session, context.district_code, through=context.business_date)
    audit.record(
        session,
        by=context.by,
        at=context.at,
        verb="close_business_date",
        subject=("district", context.district_code),
        after={"closed_through": context.business_date.isoformat()},
    )
    return Work(Counts(1, 1))


ROLL = SingleStep("roll-date", "Roll the business date", roll, doc=told_days.ROLL, rerun=reruns.ROLLED)
CLOSE = SingleStep("close-date", "Close the business date", close, doc=told_days.CLOSE, rerun=reruns.CLOSED)
