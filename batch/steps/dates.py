"""Rolling the business date before anything is read, and closing it when everything is done."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.net import Context, Counts, SingleStep, Work
from css import audit
from css.core.errors import Refused
from css.master.districts import BusinessDate, close_business_date, no_district, roll_business_date


def check_turn(row: BusinessDate, business_date: date) -> None:
    """Nights of a district run in order, each once.

    Raises:
        Refused: CSS604E, an earlier night is not closed; CSS605E, this one is closed already.
    """
    expected = row.closed_through + timedelta(days=1)
    if business_date > expected:
        raise Refused(
            "CSS604E",
            "The night of {expected} is not closed in district {district}; run it before {asked}.",
            expected=expected,
            district=row.district_code,
            asked=business_date,
        )
    if business_date < expected:
        raise Refused(
            "CSS605E",
            "The night of {asked} is closed in district {district}; the next one is {expected}.",
            asked=business_date,
            district=row.district_code,
            expected=expected,
        )


def roll(session: Session, context: Context) -> Work:
    """Move the district to the day after, so that what is keyed from now on belongs to the next night.

    Raises:
        NotFound: CSS101E. Refused: CSS604E and CSS605E, it is not this night's turn.
    """
    row = session.execute(select(BusinessDate).where(BusinessDate.district_code == context.district_code)).scalar_one_or_none()
    if row is None:
        raise no_district(context.district_code)
    check_turn(row, context.business_date)
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


ROLL = SingleStep("roll-date", "Roll the business date", roll)
CLOSE = SingleStep("close-date", "Close the business date", close)
