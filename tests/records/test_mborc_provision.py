"""MBORC for provision: a start that was late because of it is guaranteed to no provider; repairs publish it, orders read it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.handover import ServiceFailure
from orders.actions import delay_order, resume_order
from orders.commands.orders import DelayOrder, ResumeOrder
from repairs.actions import declare_mborc, lift_mborc
from repairs.commands.outages import DeclareMborc, LiftMborc
from repairs.words import Activity
from tests import builders
from tests.builders import AT, CLERK
from tests.records.faults import FIELD
from tests.records.ordering import PROMISED, a_provide, complete, place

LATE = date(2026, 3, 12)
NEXT_DAY = start_of_day(PROMISED + timedelta(days=1))


def late_start(
    session: Session, activity: Activity, at: datetime | None, lifted_at: datetime | None, codes: tuple[str, ...]
) -> ServiceFailure:
    zz = builders.district(session)
    number = place(session, a_provide(zz, builders.account(session, zz))).order_number
    if at is not None:
        storm = DeclareMborc(district_code="ZZ", activity=activity, cause="storm Ada", clear_codes=codes, starts_at=at)
        declared = declare_mborc(session, storm, by=FIELD, at=start_of_day(LATE))
        if lifted_at is not None:
            lift_mborc(session, LiftMborc(mborc_id=declared.mborc_id, ends_at=lifted_at), by=FIELD, at=start_of_day(LATE))
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="A cable is down."), by=CLERK, at=AT)
    resume_order(session, ResumeOrder(order_number=number, target_on=LATE), by=CLERK, at=AT)
    complete(session, number, LATE)
    return session.execute(select(ServiceFailure)).scalar_one()


@pytest.mark.parametrize(
    ("activity", "declared_at", "lifted_at", "codes", "is_guaranteed", "ends_at"),
    [
        (Activity.PROVISION, None, None, (), True, None),
        (Activity.REPAIR, AT, None, (), True, None),
        (Activity.PROVISION, AT, None, (), False, None),
        (Activity.PROVISION, AT - timedelta(days=3), AT - timedelta(days=1), (), True, None),
        (Activity.PROVISION, AT + timedelta(days=1), AT + timedelta(days=2), (), False, None),
        (Activity.PROVISION, NEXT_DAY, None, (), True, NEXT_DAY),
        (Activity.PROVISION, AT, None, ("WEA",), True, None),
    ],
)
def test_what_an_mborc_does_to_the_guarantee_of_a_late_start(
    session: Session,
    activity: Activity,
    declared_at: datetime | None,
    lifted_at: datetime | None,
    codes: tuple[str, ...],
    is_guaranteed: bool,
    ends_at: datetime | None,
) -> None:
    failure = late_start(session, activity, declared_at, lifted_at, codes)
    assert (failure.is_guaranteed, failure.guarantee_ends_at) == (is_guaranteed, ends_at)
