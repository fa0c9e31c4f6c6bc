"""AP04 the appointment book: the grid of a week, who is promised a half-day, and visits held, moved, given back and counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from css.core.ids import IdKind, make_id
from css.core.words import HalfDay, Role
from css.db.engine import transaction
from css.master.appointment_queries import appointments_of_site
from css.master.appointments import Appointment
from orders.actions import place_order
from orders.commands.orders import Slot
from tests import builders
from tests.conftest import QueryCount
from tests.records.ordering import a_provide
from tests.web.conftest import AT, MovingClock, Seat, World, seated

WEEK = "/s/AP04/ZZ/WREN/2026-03-09"
MORNING = f"{WEEK}-AM"
NOBODYS = make_id("ZZ", IdKind.APPOINTMENT, 9_999_999)
COUNT = Callable[[], AbstractContextManager[QueryCount]]


@pytest.fixture(autouse=True)
def _empty_book(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE orders.customer_order SET appointment_id = NULL"))
        session.execute(text("DELETE FROM css.appointment"))
        session.execute(text("DELETE FROM css.slot_day"))


def _row(seat: Seat, number: int) -> list[str]:
    """The cells of the grid's row with that number: day, half, then free, held, booked and of, for each skill."""
    row = re.search(rf'<tr><td class="line"><a [^>]*data-line="{number}".*?</tr>', seat.page, re.DOTALL)
    assert row, f"no row {number}"
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row[0], re.DOTALL)][1:]


def _link(seat: Seat, name: str, kind: str = "key") -> str:
    tag = re.search(rf'<a [^>]*data-{kind}="{name}"[^>]*>', seat.page)
    found = re.search(r'href="([^"]*)"', tag[0]) if tag else None
    return found[1].replace("&amp;", "&") if found else ""


def _hold(seat: Seat, world: World, **others: str) -> str:
    """Hold Monday's morning at the free address; the appointment's number."""
    seat.open(WEEK)
    keyed = {"address_key": world.spare_site.address_key, "skill": "INSTALL", "slot_on": "9/3/26", "half_day": "AM"} | others
    seat.press("Enter", **keyed)
    assert seat.said == ["CSS366I"], seat.said
    seat.press("F6")
    assert "CSS829I" in seat.said
    with transaction(_engine(seat)) as session:
        return session.execute(select(Appointment.number).order_by(Appointment.id.desc()).limit(1)).scalar_one() or ""


def _engine(seat: Seat) -> Engine:
    return seat.client.application.extensions["css"].connect()  # type: ignore[no-any-return]


# --- the week -------------------------------------------------------------------------------------------------------------


def test_the_book_opens_at_this_week_with_the_cursor_for_a_number(desk: Seat) -> None:
    desk.open("/s/AP04")
    assert desk.cursor == "command"
    assert "Week of Mon 2 Mar 2026, Wrenford" in desk.page
    assert _row(desk, 1) == ["Mon 2 Mar 2026", "AM", "0", "0", "0", "12", "0", "0", "0", "12"], "this morning has begun"
    assert _row(desk, 2)[1:3] == ["PM", "12"]
    assert _row(desk, 12)[1:6] == ["PM", "4", "0", "0", "4"], "Saturday"
    assert re.search(r"Sun 8 Mar 2026</td><td[^>]*>Sunday", desk.page)


def test_weeks_turn_as_far_as_the_book_is_open(desk: Seat) -> None:
    desk.open("/s/AP04/zz/wren/2026-05-25")
    assert "Spring Bank Holiday" in desk.page
    desk.open(_link(desk, "F8"))
    assert "Week of Mon 1 Jun" not in desk.page or _link(desk, "F8") == ""
    desk.open("/s/AP04/ZZ/WREN/2026-03-12")
    assert "Week of Mon 9 Mar 2026" in desk.page
    desk.open(_link(desk, "F7"))
    assert "Week of Mon 2 Mar 2026" in desk.page
    desk.open(_link(desk, "F8"))
    assert "Week of Mon 9 Mar 2026" in desk.page
    desk.open("/s/AP04/ZZ/WREN/+14")
    assert "Week of Mon 16 Mar 2026" in desk.page


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/s/AP04/QQ", 404, "CSS101E"),
        ("/s/AP04/ZZ/NONE", 404, "CSS827E"),
        ("/s/AP04/ZZ/WREN/someday", 422, "CSS365E"),
        (f"{MORNING}/{NOBODYS}", 404, "CSS819E"),
    ],
)
def test_what_is_not_in_the_book_is_told(desk: Seat, address: str, status: int, code: str) -> None:
    assert desk.open(address).status_code == status
    assert code in desk.page


def test_the_grid_takes_few_statements(desk: Seat, query_count: COUNT) -> None:
    desk.open(WEEK)
    with query_count() as sent:
        desk.open(WEEK)
    assert len([one for one in sent.statements if "appointment" in one]) == 1


# --- holding --------------------------------------------------------------------------------------------------------------


def test_a_visit_is_held_with_what_it_does_shown_first(desk: Seat) -> None:
    desk.open(WEEK)
    desk.press("Enter", address_key="ZZ1 7QT 4", skill="install", slot_on="9/3/26", half_day="am")
    assert desk.said == ["CSS366I"]
    assert "held for the morning of 9 March 2026 until <b>Tue 3 Mar 2026 10:00</b>" in desk.page
    assert _row(desk, 1)[2:4] == ["12", "0"], "nothing is held yet"
    desk.press("F6")
    assert "CSS829I" in desk.said
    assert desk.path == MORNING
    assert "held until Tue 3 Mar 10:00" in desk.page
    desk.open(WEEK)
    assert _row(desk, 1)[2:5] == ["11", "1", "0"]


def test_what_is_wrong_is_told_in_its_field(desk: Seat, world: World) -> None:
    desk.open(WEEK)
    assert desk.press("Enter", address_key="ZZ99", skill="PAINT", slot_on="8/3", half_day="XX").status_code == 422
    assert {"CSS382E", "CSS364E", "CSS365E"} <= set(desk.said)
    desk.press("Enter", address_key=world.spare_site.address_key, skill="INSTALL", slot_on="8/3/26", half_day="AM")
    assert (set(desk.said), desk.cursor) == ({"CSS222E"}, "slot_on")
    desk.press("Enter", slot_on="9/3/26", provider_code="NOBODY")
    assert (set(desk.said), desk.cursor) == ({"CSS104E"}, "provider_code")


def test_a_full_half_day_says_what_is_free_next(app: Flask, engine: Engine, clock: MovingClock, desk: Seat, world: World) -> None:
    supervisor = seated(app, engine, "SUPERVIS", clock.at)
    supervisor.open(MORNING)
    supervisor.press("Enter", skill="INSTALL", capacity="0")
    supervisor.press("F6")
    assert "There are 0 visits in the morning of 9 March 2026 now." in supervisor.page
    desk.open(WEEK)
    assert _row(desk, 1)[2:6] == ["0", "0", "0", "0*"]
    desk.press("Enter", address_key=world.spare_site.address_key, skill="INSTALL", slot_on="9/3/26", half_day="AM")
    assert (set(desk.said), desk.cursor) == ({"CSS818E"}, "slot_on")
    assert "free next: Sat 7 Mar PM, Mon 9 Mar PM" in desk.page


def test_days_offered_are_those_with_a_visit_left(desk: Seat, world: World) -> None:
    desk.open(WEEK)
    data = desk.form() | {"key": "Prompt", "prompt": "slot_on", "address_key": world.spare_site.address_key, "skill": "REPAIR"}
    values = desk.client.post("/s/AP04/ZZ/WREN/2026-03-09", data=data).get_json()["values"]
    assert values[0] == ["2/3/26", "Mon 2 Mar 2026: PM 12 free"], "repairs may take today, the morning has begun"
    assert values[1] == ["3/3/26", "Tue 3 Mar 2026: AM 12 free, PM 12 free"]


# --- one half-day, one appointment ----------------------------------------------------------------------------------------


def test_a_half_day_opens_by_its_number_and_what_is_promised_in_it_by_its_own(desk: Seat, world: World, engine: Engine) -> None:
    with transaction(engine) as session:
        slot = Slot(slot_on=date(2026, 3, 10), half_day=HalfDay.PM)
        key = world.district.gold[2].address_key
        command = a_provide(world.district, world.other, address_key=key, required_on=date(2026, 3, 16), appointment=slot)
        order = place_order(session, command, by=builders.CLERK, at=AT).order_number
    desk.open(WEEK)
    assert _row(desk, 4)[:5] == ["", "PM", "11", "0", "1"]
    desk.open(_link(desk, "4", "line"))
    assert "Tue 10 Mar 2026 PM, Wrenford" in desk.page
    assert "3 Larkspur Close" in desk.page
    assert desk.cursor == "command"
    assert _link(desk, "1", "line") == f"/s/OR03/{order}"
    with transaction(engine) as session:
        (row,) = appointments_of_site(session, key, by=builders.CLERK, at=AT)
    assert (row.reference, row.state.value) == (order, "booked")


def test_who_looked_at_a_half_day_is_written_down(desk: Seat, engine: Engine) -> None:
    desk.open(f"{WEEK[:-2]}11-AM")
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT subject_number FROM css.audit_event WHERE verb = 'read' AND subject_kind = 'visits' ORDER BY id DESC LIMIT 1")
        ).scalar()
    assert found == "ZZ WREN 2026-03-11-AM"


def test_a_held_visit_moves_and_is_given_back(desk: Seat, world: World) -> None:
    number = _hold(desk, world)
    desk.open(_link(desk, "1", "line"))
    assert desk.path == f"{MORNING}/{number}"
    desk.press("Enter", slot_on="9/3/26", half_day="PM")
    assert "held for the afternoon of 9 March 2026" in desk.page
    desk.press("F6")
    assert (desk.path, "CSS829I" in desk.said) == (f"{WEEK}-PM", True)
    desk.open(_link(desk, "1", "line"))
    desk.open(_link(desk, "S-F2"))
    desk.press("Enter")
    assert "the afternoon of 9 March 2026 has one more for everybody" in desk.page
    desk.press("F6")
    assert "was given back" in desk.page
    desk.open(WEEK)
    assert [_row(desk, row)[2:4] for row in (1, 2)] == [["12", "0"], ["12", "0"]]


def test_a_hold_that_lapsed_meanwhile_is_not_moved(desk: Seat, world: World, clock: MovingClock) -> None:
    number = _hold(desk, world)
    desk.open(f"{MORNING}/{number}")
    clock.goes_on(minutes=10)
    with transaction(_engine(desk)) as session:
        session.execute(text("UPDATE css.appointment SET held_until_at = :at"), {"at": clock.at})
    assert desk.press("Enter", slot_on="9/3/26", half_day="PM").status_code == 422
    assert "CSS820E" in desk.said
    assert "lapsed" in desk.page
    clock.goes_on(minutes=-10)


# --- how many there are ---------------------------------------------------------------------------------------------------


def test_a_supervisor_says_how_many_visits_there_are_and_how_many_are_over(
    app: Flask, engine: Engine, clock: MovingClock, desk: Seat, world: World
) -> None:
    _hold(desk, world)
    supervisor = seated(app, engine, "SUPERVIS", clock.at)
    supervisor.open(MORNING)
    assert supervisor.press("Enter", skill="INSTALL", capacity="0").status_code == 422
    assert (set(supervisor.said), supervisor.cursor) == ({"CSS825E"}, "over")
    supervisor.press("Enter", capacity="0", over="1")
    assert "<b>1</b> that are promised are over" in supervisor.page
    supervisor.press("F6")
    assert "There are 0 visits in the morning of 9 March 2026 now, 1 fewer than are promised." in supervisor.page
    supervisor.open(WEEK)
    assert _row(supervisor, 1)[2] == "0 (1 over)"
    supervisor.open(MORNING)
    assert supervisor.press("Enter", skill="INSTALL", capacity="few").status_code == 422
    assert set(supervisor.said) == {"CSS824E"}
    supervisor.press("Enter", skill="INSTALL", capacity="", over="")
    assert "There will be <b>12</b> visits" in supervisor.page


def test_only_a_supervisor_does(app: Flask, engine: Engine, clock: MovingClock) -> None:
    clerk = seated(app, engine, Role.CLERK.name[:8], clock.at)
    clerk.open(MORNING)
    assert "How many visits there are" not in clerk.page
    assert 'name="capacity"' not in clerk.page
    clerk.open(WEEK)
    token = clerk.form()["csrf_token"]
    answer = clerk.client.post(MORNING, data={"csrf_token": token, "key": "F6", "skill": "INSTALL", "capacity": "0"})
    assert answer.status_code == 403


def test_the_week_is_that_of_the_day(desk: Seat) -> None:
    for days in range(7):
        desk.open(f"/s/AP04/ZZ/WREN/{date(2026, 3, 9) + timedelta(days=days)}")
        assert "Week of Mon 9 Mar 2026" in desk.page
