"""The reference data of orders is changed from a day to come on, by whoever may, and no promise moves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.errors import BadMessage, CssError, Refused, Several
from css.core.phone import display_number
from css.master.districts import roll_business_date
from css.master.numbers import Quarantine
from orders.actions.reference import set_order_timing, set_quarantine
from orders.commands.reference import SetOrderTiming, SetQuarantine
from orders.model import OrderTiming
from orders.queries.cards import order_card
from orders.words import OrderKind, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR
from tests.records.ordering import a_cease, a_provide, complete, place, refused

NEXT_WEEK = DAY + timedelta(days=7)


def a_timing(**others: object) -> SetOrderTiming:
    fields: dict[str, Any] = {
        "kind": OrderKind.CEASE,
        "starts_on": NEXT_WEEK,
        "lead_working_days": 4,
        "no_return_working_days": 2,
        "no_return_time": "12:00",
    }
    return SetOrderTiming(**fields | others)


def test_a_lead_time_counts_from_its_day_and_no_promise_moves(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first, second = (builders.working_line(session, zz, account) for _ in range(2))
    placed = place(session, a_cease(account, first.number, required_on=NEXT_WEEK))
    before = order_card(session, placed.order_number, by=CLERK).no_return_at
    set_order_timing(session, a_timing(), by=OPERATOR, at=AT)
    assert order_card(session, placed.order_number, by=CLERK).no_return_at == before
    # Worked for a day of the new row: its point is noon, two working days before; placed today, the old lead time still counts.
    other = place(session, a_cease(account, second.number, required_on=NEXT_WEEK))
    point = order_card(session, other.order_number, by=CLERK).no_return_at
    assert point is not None
    assert (point.date(), point.hour) == (date(2026, 3, 5), 12)
    roll_business_date(session, "ZZ", to=NEXT_WEEK)
    third = builders.working_line(session, zz, account)
    assert refused(session, a_cease(account, third.number, required_on=NEXT_WEEK + timedelta(days=3))) == {"CSS213E": "required_on"}
    place(session, a_cease(account, third.number, required_on=NEXT_WEEK + timedelta(days=4)))


def test_setting_a_day_again_replaces_it_and_the_particular_row_is_another(session: Session) -> None:
    builders.district(session)
    count = session.scalar(select(func.count()).select_from(OrderTiming)) or 0
    set_order_timing(session, a_timing(), by=OPERATOR, at=AT)
    set_order_timing(session, a_timing(lead_working_days=6), by=OPERATOR, at=AT)
    assert session.scalar(select(func.count()).select_from(OrderTiming)) == count + 1
    set_order_timing(session, a_timing(kind=OrderKind.PROVIDE, outcome=PlantOutcome.BUILD), by=OPERATOR, at=AT)
    assert session.scalar(select(func.count()).select_from(OrderTiming)) == count + 2


def test_a_longer_rest_is_for_numbers_ceased_from_then_on(session: Session) -> None:
    zz = builders.district(session, pairs=4, sites=4)
    account, other = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, account, number="441632960005")
    set_quarantine(session, SetQuarantine(starts_on=DAY + timedelta(days=1), days=300), by=OPERATOR, at=AT)
    placed = place(session, a_cease(account, line.number))
    complete(session, placed.order_number, date(2026, 3, 4))
    wanted = a_provide(zz, other, address_key=zz.gold[2].address_key, number=display_number(line.number), required_on=date(2026, 7, 20))
    roll_business_date(session, "ZZ", to=date(2026, 7, 1))
    later = datetime(2026, 7, 1, 10, tzinfo=AT.tzinfo)
    with pytest.raises(CssError) as resting:
        place(session, wanted, at=later)
    assert resting.value.code == "CSS227E"
    assert session.scalar(select(Quarantine.days).where(Quarantine.starts_on == DAY + timedelta(days=1))) == 300


def test_a_day_that_has_begun_a_wrong_number_and_a_clerk_are_refused(session: Session) -> None:
    builders.district(session)
    bad = a_timing(starts_on=DAY, lead_working_days=-1, no_return_working_days=99, no_return_time="tea")
    with pytest.raises(Several) as several:
        set_order_timing(session, bad, by=OPERATOR, at=AT)
    assert [(error.code, error.element) for error in several.value.errors] == [
        ("CSS871E", "starts_on"),
        ("CSS872E", "lead_working_days"),
        ("CSS872E", "no_return_working_days"),
        ("CSS872E", "no_return_time"),
    ]
    with pytest.raises(BadMessage, match="Write the time like 16:00"):
        set_order_timing(session, a_timing(no_return_time="16:00+01:00"), by=OPERATOR, at=AT)
    with pytest.raises(Refused, match="may not do this"):
        set_order_timing(session, a_timing(), by=CLERK, at=AT)
    with pytest.raises(Refused, match="are 0 to"):
        set_quarantine(session, SetQuarantine(starts_on=NEXT_WEEK, days=-1), by=OPERATOR, at=AT)
