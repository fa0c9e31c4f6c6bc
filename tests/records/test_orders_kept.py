"""Whose orders are seen and done by whom, what is kept of every deed, and what the lists show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import Conflict, NotFound, Refused
from css.core.ids import IdKind, make_id
from css.core.words import HalfDay, Role
from css.handover import Hold
from css.master.districts import roll_business_date
from css.master.lines import Line
from orders.actions import cancel_order, complete_order, delay_order, resume_order
from orders.commands.orders import CancelOrder, CompleteOrder, DelayOrder, ResumeOrder, Slot
from orders.model import CustomerOrder
from orders.queries.cards import account_orders, open_orders, order_card, order_work_list
from orders.queries.plant import plant_at
from orders.rules.jeopardy import Jeopardy
from orders.words import PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, SYSTEM
from tests.conftest import QueryCount
from tests.records.ordering import PROMISED, a_provide, complete, place, refused


def test_a_partner_sees_and_orders_for_its_own_only(session: Session) -> None:
    zz = builders.district(session)
    mine, theirs = builders.account(session, zz, provider_code="BRACKWAT"), builders.account(session, zz)
    own = place(session, a_provide(zz, mine), by=PARTNER_ACTOR)
    other = place(session, a_provide(zz, theirs, address_key=zz.gold[1].address_key))
    nobodys = make_id("ZZ", IdKind.ACCOUNT, 9_999_999)
    with pytest.raises(NotFound) as hidden:
        place(session, a_provide(zz, theirs), by=PARTNER_ACTOR)
    with pytest.raises(NotFound) as absent:
        place(session, a_provide(zz, replace(theirs, number=nobodys)), by=PARTNER_ACTOR)
    assert str(hidden.value).replace(theirs.number, "") == str(absent.value).replace(nobodys, "")
    for ask in (order_card, lambda s, number, *, by: cancel_order(s, CancelOrder(order_number=number, reason="x"), by=by, at=AT)):
        with pytest.raises(NotFound, match=other.order_number):
            ask(session, other.order_number, by=PARTNER_ACTOR)
    assert order_card(session, own.order_number, by=PARTNER_ACTOR).order_number == own.order_number
    assert [row.order_number for row in open_orders(session, by=PARTNER_ACTOR)] == [own.order_number]
    assert [row.order_number for row in open_orders(session, by=CLERK)] == [own.order_number, other.order_number]
    assert account_orders(session, theirs.number, by=PARTNER_ACTOR) == ()
    with pytest.raises(Refused, match="may not") as caught:
        complete_order(session, CompleteOrder(order_number=own.order_number, done_on=DAY), by=PARTNER_ACTOR, at=AT)
    assert caught.value.code == "CSS203E"


def test_an_operator_needs_the_role(session: Session) -> None:
    zz = builders.district(session)
    biller = Actor("operator", "BILLER", "RETAIL", frozenset({Role.BILLING.value}), "screen")
    assert refused(session, a_provide(zz, builders.account(session, zz)), by=biller) == {"CSS203E": None}


def test_the_second_of_two_changes_is_told_how_the_order_stands(session: Session) -> None:
    zz = builders.district(session)
    number = place(session, a_provide(zz, builders.account(session, zz))).order_number
    seen = order_card(session, number, by=CLERK).row_version
    hold = DelayOrder(order_number=number, problem_code="OTHER", words="Snow.", row_version=seen)
    delay_order(session, hold, by=CLERK, at=AT)
    with pytest.raises(Conflict) as caught:
        cancel_order(session, CancelOrder(order_number=number, reason="No.", row_version=seen), by=CLERK, at=AT)
    assert caught.value.code == "CSS204E"
    assert "it is held for 9 March 2026 now (version 2, you saw 1)" in str(caught.value)


def test_the_same_token_is_one_order(session: Session) -> None:
    zz = builders.district(session)
    command = a_provide(zz, builders.account(session, zz), token="t-1")
    assert place(session, command) == place(session, command)
    assert session.execute(select(func.count()).select_from(CustomerOrder)).scalar() == 1
    with pytest.raises(Conflict) as caught:
        place(session, replace(command, required_on=date(2026, 3, 10)))
    assert caught.value.code == "CSS110E"


def test_a_reference_of_the_partners_is_used_once(session: Session) -> None:
    zz = builders.district(session)
    command = a_provide(zz, builders.account(session, zz), customer_reference="PO-2026-000417")
    place(session, command)
    assert refused(session, replace(command, address_key=zz.gold[1].address_key)) == {"CSS208E": "customer_reference"}


def test_what_is_wrong_with_content_dates_and_number_comes_in_one_answer(session: Session) -> None:
    zz = builders.district(session)
    bad = a_provide(
        zz,
        builders.account(session, zz),
        product_codes=("LINE-RES", "NO-SUCH"),
        required_on=date(2026, 3, 4),
        number="020 7946 0123",
        contact_phone="12",
        appointment=Slot(slot_on=date(2026, 3, 8), half_day=HalfDay.PM),
    )
    assert set(refused(session, bad)) == {"CSS211E", "CSS213E", "CSS222E", "CSS224E", "CSS083E"}
    assert refused(session, replace(bad, address_key="A99999999999")).keys() >= {"CSS209E", "CSS211E"}
    assert session.execute(select(func.count()).select_from(Line)).scalar() == 0


def test_every_deed_is_audited_and_an_open_order_holds_debt_back(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    number = place(session, a_provide(zz, account)).order_number
    assert session.execute(select(Hold.reference).where(Hold.account_id == account.id, Hold.ends_at.is_(None))).scalars().all() == [number]
    delay_order(session, DelayOrder(order_number=number, problem_code="OTHER", words="Snow."), by=CLERK, at=AT)
    resume_order(session, ResumeOrder(order_number=number), by=CLERK, at=AT)
    complete(session, number, PROMISED)
    verbs = session.execute(select(AuditEvent.verb).where(AuditEvent.subject_number == number).order_by(AuditEvent.id)).scalars().all()
    assert verbs == ["place_order", "delay_order", "resume_order", "complete_order"]
    assert session.execute(select(func.count()).select_from(Hold).where(Hold.ends_at.is_(None))).scalar() == 0


def test_the_work_list_has_the_orders_in_jeopardy_first(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    calm, held, late = (
        place(session, a_provide(zz, account, required_on=day)).order_number for day in (date(2026, 3, 20), date(2026, 3, 19), PROMISED)
    )
    delay_order(session, DelayOrder(order_number=held, problem_code="OTHER", words="Snow."), by=CLERK, at=AT)
    roll_business_date(session, "ZZ", to=date(2026, 3, 10))
    rows = order_work_list(session, "ZZ", by=CLERK)
    assert [(row.order_number, row.jeopardy) for row in rows] == [(late, Jeopardy.LATE), (held, Jeopardy.HELD_LONG), (calm, None)]


def test_the_plant_at_an_address_is_told_before_an_order(session: Session) -> None:
    zz = builders.district(session, pairs=2)
    builders.stopped_line(session, zz, site=zz.gold[0])
    found = plant_at(session, zz.gold[0].address_key, at=AT)
    assert (found.working_lines, found.stopped_lines, found.spare_pairs) == (0, 1, 1)
    assert (found.outcome, found.earliest_on) == (PlantOutcome.RESTART, date(2026, 3, 3))
    assert plant_at(session, zz.silver.address_key, at=AT).outcome is PlantOutcome.BUILD


def test_work_is_done_neither_tomorrow_nor_before_it_was_asked_for(session: Session) -> None:
    zz = builders.district(session)
    number = place(session, a_provide(zz, builders.account(session, zz))).order_number
    for done_on in (DAY + timedelta(days=1), DAY - timedelta(days=1)):
        with pytest.raises(Refused) as caught:
            complete_order(session, CompleteOrder(order_number=number, done_on=done_on), by=SYSTEM, at=AT)
        assert caught.value.code == "CSS232E"
    complete_order(session, CompleteOrder(order_number=number, done_on=DAY), by=SYSTEM, at=AT)
    with pytest.raises(Refused, match="is completed; it cannot complete"):
        complete_order(session, CompleteOrder(order_number=number, done_on=DAY), by=SYSTEM, at=AT)


def test_an_order_asks_the_database_as_often_for_many_products_as_for_one(
    session: Session, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    with query_count() as few:
        place(session, a_provide(zz, account))
    features = ("CALLER-DISPLAY", "CALL-WAITING", "CALL-SIGN", "THREE-WAY", "ANON-REJECT")
    with query_count() as many:
        place(session, a_provide(zz, account, product_codes=("LINE-RES", *features)))
    assert len(many) == len(few) <= 30


def test_the_database_itself_refuses_two_open_orders_for_one_number(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    place(session, a_provide(zz, account))
    other = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key))
    with pytest.raises(Exception, match="uq_customer_order_number_reserved"):
        session.execute(
            text("UPDATE orders.customer_order SET kept_number = :number WHERE number = :order"),
            {"number": zz.first_number, "order": other.order_number},
        )
