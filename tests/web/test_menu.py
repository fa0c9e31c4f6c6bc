"""MENU is the operator's own page: what waits for them, whom they had in hand, what they pinned."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from css.audit import AuditEvent
from css.care.actions import wrap_up
from css.care.commands import WrapUp
from css.core.actor import Actor
from css.core.words import DirectoryEntryKind, Role
from css.db.engine import transaction
from css.master.news import post_news
from css.master.operator_commands import PostNews
from css.master.reference import RETAIL
from orders.actions import delay_order, place_order
from orders.commands.orders import DelayOrder, PlaceOrder
from orders.queries.counts import orders_at_risk
from orders.words import OrderKind
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from repairs.queries.counts import faults_due
from tests import builders
from tests.conftest import QueryCount
from tests.web.conftest import AT, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

ME = Actor("operator", "ALL1", RETAIL, frozenset(role.value for role in Role), "screen")


def _pane(page: str, caption: str) -> str:
    found = re.search(rf'<section class="pane">\s*<h2>{caption}.*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def test_a_desk_with_nothing_waiting_shows_the_screens(desk: Seat) -> None:
    desk.open("/s/MENU")
    for caption in ("You promised", "Half-keyed", "Waiting", "Pinned", "In hand lately"):
        assert not _pane(desk.page, caption), caption
    assert desk.cursor == "command"
    assert 'class="menu"' in desk.page


def test_the_day_stands_on_one_page(
    desk: Seat, colleague: Seat, world: World, engine: Engine, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    with transaction(engine) as session:
        for number, when in ((world.account.number, AT + timedelta(hours=3)), (world.other.number, AT + timedelta(days=3))):
            wrap = WrapUp(
                account_number=number, reason_code="BW", words=f"Ring {number}.", call_back_at=when, call_back_number="07700 900123"
            )
            wrap_up(session, wrap, by=ME, at=AT)
        post_news(session, PostNews(words="Exchange WREN is down till noon.", ends_at=AT + timedelta(hours=2)), by=ME, at=AT)
        order = PlaceOrder(
            account_number=world.account.number,
            kind=OrderKind.PROVIDE,
            product_codes=("LINE-RES",),
            address_key=world.spare_site.address_key,
            required_on=date(2026, 3, 20),
            contact_name="Ada",
            contact_phone="07700 900123",
            directory_kind=DirectoryEntryKind.EX_DIRECTORY,
            emergency_name="Ada Tansley",
        )
        placed = place_order(session, order, by=ME, at=AT).order_number
        delay_order(session, DelayOrder(order_number=placed, problem_code="OTHER", words="Duct blocked."), by=ME, at=AT)
        fault = ReportFault(number=world.line.number, symptom_code="NDT", contact_name="Ada", contact_phone="07700 900123")
        due_at = report_fault(session, fault, by=ME, at=AT).due_at
        assert (
            faults_due(session, due_at - timedelta(hours=5), by=ME).soon,
            faults_due(session, due_at - timedelta(hours=3), by=ME).soon,
        ) == (0, 1)
        assert faults_due(session, due_at + timedelta(hours=1), by=ME).late == 1
        assert (orders_at_risk(session, by=ME).held, orders_at_risk(session, by=builders.PARTNER_ACTOR).held) == (1, 0)
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    desk.open(f"/s/CU03/{world.account.number}")
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="12.50", method="CD")
    with query_count() as sent:
        desk.open("/s/MENU")
    assert len(sent) <= STATEMENTS_OF_MENU
    assert "Exchange WREN is down till noon." in desk.page
    promised = _pane(desk.page, "You promised")
    assert f"Ring {world.account.number}." in promised
    assert "Mon 2 Mar 13:00" in promised
    assert world.other.number not in promised, "what is due in three days does not press today"
    assert re.search(r'href="/s/PY01/\w+\?c=[\w-]+"', _pane(desk.page, "Half-keyed"))
    assert "orders held" in _pane(desk.page, "Waiting")
    recent = _pane(desk.page, "In hand lately")
    assert f"/s/CU03/{world.account.number}" in recent
    assert "Mrs Ada Tansley" in recent
    lines = [int(number) for number in re.findall(r'data-line="(\d+)"', desk.page)]
    assert lines == list(range(1, len(lines) + 1)), "one number each, down the page"
    colleague.open("/s/MENU")
    for caption in ("You promised", "Half-keyed", "In hand lately"):
        assert not _pane(colleague.page, caption), "another operator's day is another's"
    assert "Exchange WREN" in colleague.page
    desk.open("/s/MENU/bill")
    assert "Exchange WREN" not in desk.page, "a search shows what was looked for"


STATEMENTS_OF_MENU = 13
"""One for who is signed on; one for each kind of thing that may wait."""


def test_who_does_not_serve_customers_sees_none(app: Flask, engine: Engine, clock: MovingClock) -> None:
    scheduler = seated(app, engine, "SCHEDULE", clock.at)
    scheduler.open("/s/MENU")
    for caption in ("You promised", "Waiting", "In hand lately"):
        assert not _pane(scheduler.page, caption)


def test_f6_pins_and_unpins(desk: Seat, engine: Engine, world: World) -> None:
    desk.open("/s/MENU")
    desk.press("F6", command="or04  zz")
    assert "CSS925I" in desk.said
    desk.press("F6", command="FL04")
    pinned = _pane(desk.page, "Pinned")
    assert re.findall(r'href="([^"]+)" data-line', pinned) == ["/s/OR04/zz", "/s/FL04"] or re.findall(r'href="([^"]+)"', pinned) == [
        "/s/OR04/ZZ",
        "/s/FL04",
    ]
    desk.press("F6", command="OR04 ZZ")
    assert "OR04" not in _pane(desk.page, "Pinned")
    with transaction(engine) as session:
        events = session.execute(select(AuditEvent.after).where(AuditEvent.verb == "pin").order_by(AuditEvent.id)).scalars().all()
    assert [event["pinned"] for event in events if event] == [["OR04 ZZ"], ["OR04 ZZ", "FL04"], ["FL04"]]
    desk.press("F6", command="FL04")


def test_f6_pressed_twice_pins_once(desk: Seat) -> None:
    desk.open("/s/MENU")
    data = desk.form() | {"key": "F6", "command": "BA01"}
    for _ in range(2):
        assert desk.client.post("/s/MENU", data=data).status_code == 303
    desk.open("/s/MENU")
    assert "BA01" in _pane(desk.page, "Pinned")
    desk.press("F6", command="BA01")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "XX99",
        "MENU",
        "SIGN",
        "01632 960123",
        "tansley a",
        "OR01 " + "9" * 40,
        "<b>OR01",
        "CS01 a\x00b",
        "CS01 \x1b[31m",
        "CS01 \u202eNAT",
    ],
)
def test_only_a_screens_command_is_pinned(desk: Seat, command: str) -> None:
    desk.open("/s/MENU")
    assert desk.press("F6", command=command).status_code == 422
    assert "CSS918E" in desk.said
    assert not _pane(desk.page, "Pinned")


def test_nine_pins_are_the_most(desk: Seat) -> None:
    desk.open("/s/MENU")
    for n in range(9):
        desk.press("F6", command=f"CS01 NAME{n}")
    desk.press("F6", command="OR04")
    assert "CSS919E" in desk.said
    for n in range(9):
        desk.open("/s/MENU")
        desk.press("F6", command=f"CS01 NAME{n}")
    assert not _pane(desk.page, "Pinned")


def test_a_screen_that_is_not_the_operators_is_not_pinned(colleague: Seat) -> None:
    colleague.open("/s/MENU")
    assert colleague.press("F6", command="AD01").status_code == 422
