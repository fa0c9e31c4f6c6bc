"""LN03: a line's wires, services and story from every room, to whoever has made sure of the caller."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from css.audit import AuditEvent
from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.model import Contact
from css.care.words import Channel, Direction, Outcome, Topic
from css.core.words import AddressMatch, LineState
from css.db.engine import transaction
from css.master.lines import Line
from css.master.sites import Site
from orders.actions import place_order
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from repairs.actions import clear_fault, report_fault
from repairs.commands.faults import ClearFault, ReportFault
from tests import builders
from tests.conftest import QueryCount
from tests.web.conftest import AT, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

SHOWN = "01632 960123"


@pytest.fixture
def known(engine: Engine, desk: Seat, world: World) -> None:
    """Whoever sits at the desk has made sure of Ada Tansley."""
    caller_known(engine, "ALL1", world.account.customer_number, AT)


def _events(seat: Seat) -> list[str]:
    """What happened, as the page lists it."""
    table = seat.page.partition("Events, newest first")[2]
    return re.findall(r'<td class="words">(.*?)</td>', table)


def test_a_line_is_shown_by_its_number_once_the_caller_is_known(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    repair = seated(app, engine, "REPAIR", clock.at)
    repair.open(f"/s/LN03/{world.line.number}")
    assert repair.title.startswith("CU03")
    assert "CSS921W" in repair.said
    repair.open(f"/s/LN03/{world.account.number}")
    assert "CSS921W" in repair.said
    caller_known(engine, "REPAIR", world.account.customer_number, clock.at)
    for by in (world.line.number, SHOWN, world.account.number, world.account.customer_number):
        repair.open(f"/s/LN03/{by}")
        assert repair.title.startswith("LN03"), by
        assert f"<h2>{SHOWN}" in repair.page
    for words in ("WREN", "C1", "DP1", "Tansley A", "Mrs Ada Tansley", "Residential line", "Caller display"):
        assert words in repair.page
    assert _events(repair)[-1].startswith("Line to 1 Larkspur Close")
    with transaction(engine) as session:
        told = session.execute(
            select(AuditEvent.after).where(
                AuditEvent.verb == "disclose", AuditEvent.subject_kind == "line", AuditEvent.actor_name == "REPAIR"
            )
        ).scalars()
        assert [event["screen"] for event in told if event] == ["LN03"], "opened three times, told once"


def test_orders_faults_and_contacts_are_in_the_story_newest_first_with_ways_to_them(
    desk: Seat, engine: Engine, world: World, known: None
) -> None:
    report = ReportFault(number=world.line.number, symptom_code="NDT", contact_name="Ada", contact_phone="07700 900123")
    with transaction(engine) as session:
        old = report_fault(session, report, by=builders.OPERATOR, at=AT - timedelta(hours=2))
        clear_fault(
            session,
            ClearFault(fault_number=old.fault_number, clear_code="DW", words="New dropwire."),
            by=builders.OPERATOR,
            at=AT - timedelta(hours=1),
        )
        now = report_fault(session, report, by=builders.OPERATOR, at=AT - timedelta(minutes=30))
        said = RecordContact(
            number=world.line.number, channel=Channel.TELEPHONE, topic=Topic.FAULT, words="She rings twice.", outcome=Outcome.OPEN
        )
        record_contact(session, said, by=builders.OPERATOR, at=AT - timedelta(minutes=20))
        cease = PlaceOrder(
            kind=OrderKind.CEASE,
            account_number=world.account.number,
            number=world.line.number,
            required_on=builders.DAY + timedelta(days=21),
            contact_name="Ada",
            contact_phone="07700 900123",
        )
        order = place_order(session, cease, by=builders.OPERATOR, at=AT - timedelta(minutes=10))
    desk.open(f"/s/LN03/{world.line.number}")
    events = _events(desk)
    assert events[0].startswith("Cease ordered")
    assert events[1] == "She rings twice."
    assert events[2].startswith("Fault reported")
    assert events[3].startswith("Fault cleared")
    assert events[4].startswith("Fault reported")
    assert f'href="/s/OR03/{order.order_number}" data-key="S-F7"' in desk.page
    assert f'href="/s/FL03/{now.fault_number}" data-key="S-F8"' in desk.page
    assert f'href="/s/FL01/{world.line.number}" data-key="S-F2"' in desk.page
    assert f'href="/s/FL03/{old.fault_number}" data-line=' in desk.page
    assert "FAULT OPEN" in desk.page


def test_an_account_with_several_lines_lists_them(desk: Seat, engine: Engine, world: World) -> None:
    with transaction(engine) as session:
        made = [builders.working_line(session, world.district, world.other) for _ in range(2)]
    caller_known(engine, "ALL1", world.other.customer_number, AT)
    desk.open(f"/s/LN03/{world.other.number}")
    assert desk.title.startswith("LN03")
    for line in made:
        assert f'href="/s/LN03/{line.number}"' in desk.page


def test_what_was_said_to_whoever_had_the_line_before_is_not_shown(desk: Seat, engine: Engine, world: World, known: None) -> None:
    def contact(account: builders.BuiltAccount, words: str) -> Contact:
        return Contact(
            district_code="ZZ",
            customer_id=account.customer_id,
            account_id=account.id,
            line_id=world.line.id,
            channel=Channel.TELEPHONE,
            direction=Direction.INBOUND,
            is_verified=True,
            topic=Topic.ENQUIRY,
            words=words,
            outcome=Outcome.SOLVED,
            occurred_at=AT,
            recorded_by="CLERK",
        )

    with transaction(engine) as session:
        session.add_all([contact(world.second, "Quill's secret."), contact(world.account, "Ada's own.")])
    desk.open(f"/s/LN03/{world.line.number}")
    assert "own." in desk.page
    assert "secret" not in desk.page


def test_a_line_that_is_nobodys_names_nobody(desk: Seat, engine: Engine, world: World) -> None:
    with transaction(engine) as session:
        line = builders.working_line(session, world.district, world.second)
        row = session.get_one(Line, line.id)
        row.account_id, row.state = None, LineState.STOPPED
        assert session.get_one(Site, row.site_id).match is AddressMatch.GOLD
    desk.open(f"/s/LN03/{line.number}")
    assert desk.title.startswith("LN03")
    assert "Ada Tansley" not in desk.page
    assert "Quill" not in desk.page
    assert 'data-key="S-F2"' not in desk.page


@pytest.mark.parametrize("said", ["01632 960999", "ZZA99999990", "x" * 2000, "%27;--", "<img src=x>", "999", "0"])
def test_nonsense_is_told(desk: Seat, said: str) -> None:
    answer = desk.open(f"/s/LN03/{said}")
    assert answer.status_code in {200, 404, 422}
    assert "<img" not in desk.page


def test_the_page_is_a_fixed_number_of_statements(
    desk: Seat, world: World, known: None, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    desk.open(f"/s/LN03/{world.line.number}")
    with query_count() as sent:
        desk.open(f"/s/LN03/{world.line.number}")
    assert len(sent) <= STATEMENTS_OF_LN03


STATEMENTS_OF_LN03 = 22
