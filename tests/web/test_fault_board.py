"""FL04, FL06 and FL09: faults narrowed, given out and taken next; the board, the engineers, and a contractor who sees their own alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.db.engine import transaction
from css.web.rendering import SHELL_HEADER
from css.web.screens import PAGES
from repairs.actions import accept_clear, assign_fault, clear_fault, take_next
from repairs.commands.dispatch import AssignFault, TakeNext
from repairs.commands.faults import AcceptClear, ClearFault
from tests import builders
from tests.conftest import QueryCount, clone
from tests.web.conftest import AT, MovingClock, Seat, World, populate, seated
from tests.web.dispatch_world import Yard, yard

COUNT = Callable[[], AbstractContextManager[QueryCount]]


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


@pytest.fixture(scope="module")
def zy(settled: tuple[Engine, World]) -> Yard:
    return yard(settled[0], "ZY", lines=60)


@pytest.fixture(scope="module")
def zx(settled: tuple[Engine, World]) -> Yard:
    """Another district, where nothing is open until a test says so."""
    return yard(settled[0], "ZX")


@pytest.fixture
def contractor(app: Flask, engine: Engine, clock: MovingClock, zy: Yard) -> Seat:
    return seated(app, engine, "CONZY", clock.at)


def rows(seat: Seat) -> list[str]:
    return re.findall(r'data-line="\d+" data-subject="([^"]*)"', seat.page)


def link(seat: Seat, key: str) -> str:
    found = re.search(rf'href="([^"]*)" data-key="{key}"', seat.page)
    return found[1].replace("&amp;", "&") if found else ""


def prompted(seat: Seat, field: str, **keyed: str) -> dict[str, str]:
    data = seat.form() | keyed | {"key": "Prompt", "prompt": field}
    return dict(seat.client.post(seat.path, data=data, headers={SHELL_HEADER: "1"}).get_json()["values"])


def narrowed(seat: Seat, **keyed: str) -> list[str]:
    seat.open("/s/FL04/ZX")
    assert seat.press("Enter", **keyed).status_code == 200, seat.said
    return rows(seat)


# --- FL04 -----------------------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_by_state_owner_craft_engineer_and_outage(desk: Seat, zx: Yard, engine: Engine) -> None:
    raw, queued, issued = zx.fault(queued=False), zx.fault(), zx.fault()
    with transaction(engine) as session:
        give = AssignFault(fault_number=issued, engineer_code="JACKZX")
        assign_fault(session, give, by=builders.OPERATOR, at=AT)
    assert narrowed(desk, state="queued") == [queued]
    assert desk.path == "/s/FL04/ZX/-,-,-,-,-,QUEUED"
    assert set(narrowed(desk, craft="OVERHEAD")) == {queued, issued}
    assert narrowed(desk, engineer_code="jackzx") == [issued]
    assert narrowed(desk, outage="Y") == []
    assert set(narrowed(desk, outage="n")) == {raw, queued, issued}
    assert narrowed(desk, owner_code="all1") == []
    desk.open("/s/FL04/ZX")
    desk.press("S-F3", row=raw)
    assert (desk.title, desk.path.split("?")[0]) == ("FL02 Change a fault", f"/s/FL02/{raw}/own")
    desk.press("Enter")
    desk.press("F6")
    assert narrowed(desk, owner_code="ALL1") == [raw]
    assert "<b>ALL1</b>" in desk.page
    for keyed, code in (({"state": "mended"}, "CSS364E"), ({"craft": "PLUMBER"}, "CSS364E"), ({"outage": "perhaps"}, "CSS955E")):
        desk.open("/s/FL04/ZX")
        assert desk.press("Enter", **keyed).status_code == 422
        assert set(desk.said) == {code}
    values = re.search(r'data-values-for="outage">(.*?)</details>', desk.page, re.DOTALL)
    assert values
    assert re.findall(r"<dt>(.*?)</dt>", values[1]) == ["Y", "N"], "and the number of each that is open"


def test_more_columns_stay_on_every_page_of_the_list(desk: Seat, zy: Yard) -> None:
    for place in range(27):
        zy.fault(at=AT - timedelta(minutes=60 - place))
    desk.open("/s/FL04/ZY")
    assert "Symptom" not in desk.page
    desk.open(link(desk, "F11"))
    assert "Symptom" in desk.page
    assert "Larkspur Close" in desk.page
    first = rows(desk)
    desk.open(link(desk, "F8"))
    assert "Symptom" in desk.page
    assert sorted(first + rows(desk)) == sorted(zy.told)
    desk.open(link(desk, "F7"))
    assert rows(desk) == first
    desk.open(link(desk, "F11"))
    assert "Symptom" not in desk.page
    assert rows(desk) == first


def test_a_key_about_a_fault_wants_the_cursor_on_one(desk: Seat, zy: Yard) -> None:
    desk.open("/s/FL04/ZY")
    for row in ("", "nonsense", "1"):
        assert desk.press("S-F4", row=row).status_code == 422
        assert desk.said == ["CSS954E"]
    assert "press Shift+F4" in desk.page


def test_assigning_lies_on_top_of_the_list_and_comes_back_to_it(desk: Seat, zy: Yard) -> None:
    desk.open("/s/FL04/ZY/-,-,-,-,-,QUEUED")
    number = rows(desk)[3]
    desk.press("S-F4", row=number)
    assert desk.path.startswith(f"/s/FL02/{number}/assign?on=")
    offered = list(prompted(desk, "engineer_code"))
    assert offered[:3] == ["CONZY", "JACKZY", "JILLZY"], "who can do it and is free"
    desk.press("Enter", engineer_code="jillzy")
    desk.press("F6")
    assert zy.state(number) == "issued"
    desk.open(link(desk, "F3"))
    assert desk.path.startswith("/s/FL04/ZY/-,-,-,-,-,QUEUED")
    assert number not in rows(desk)


def test_clears_that_wait_for_an_answer_are_listed(desk: Seat, zx: Yard, engine: Engine) -> None:
    number = zx.fault()
    with transaction(engine) as session:
        clear_fault(session, ClearFault(fault_number=number, clear_code="DW"), by=builders.OPERATOR, at=AT)
    assert narrowed(desk, state="cleared") == [number]
    assert "until" in desk.page
    assert number not in narrowed(desk)
    with transaction(engine) as session:
        accept_clear(session, AcceptClear(fault_number=number), by=builders.CLERK, at=AT)
    assert narrowed(desk, state="cleared") == []


# --- FL09 -----------------------------------------------------------------------------------------------------------------


def test_an_engineer_sees_the_next_fault_before_taking_it(app: Flask, engine: Engine, clock: MovingClock, zy: Yard) -> None:
    jack = seated(app, engine, "JACKZY", clock.at)
    jack.open("/s/FL04/ZY")
    jack.press("F6")
    assert jack.title == "FL09 Take the next fault"
    assert 'data-arrival="confirm"' in jack.page, "what was typed ahead does not take it"
    shown = jack.form()["shown_fault"]
    assert "Put before" in jack.page
    assert zy.state(shown) == "queued"
    jack.press("F6")
    assert jack.title == "FL06 Your work"
    assert "CSS965I" in jack.said
    assert "ISSUED" in jack.page
    assert "Rose Finch" in jack.page
    assert zy.state(shown) == "issued"
    jack.open("/s/FL09/JACKZY")
    assert jack.press("Enter").status_code == 409
    assert jack.said == ["CSS339E", "CSS339E"], "one fault at a time"


def test_a_fault_that_went_to_somebody_else_meanwhile_is_told_with_the_next(desk: Seat, zy: Yard, engine: Engine) -> None:
    number = rows_waiting(desk)[0]
    desk.open("/s/FL09/CONZY")
    desk.press("Enter")
    shown = desk.form()["shown_fault"]
    with transaction(engine) as session:
        give = AssignFault(fault_number=shown, engineer_code="JILLZY", anyway=None)
        free(session, "JILLZY")
        assign_fault(session, give, by=builders.OPERATOR, at=AT)
    assert desk.press("F6").status_code == 409
    assert desk.said[0] == "CSS956E"
    assert shown in desk.page
    desk.press("Enter")
    now = desk.form()["shown_fault"]
    assert now != shown
    desk.press("F6")
    assert zy.state(now) == "issued"
    assert number


def test_nobody_is_given_the_next_fault_twice(desk: Seat, engine: Engine, zx: Yard) -> None:
    zx.fault()
    zx.fault()
    desk.open("/s/FL09/-/ZX")
    assert desk.cursor == "engineer_code"
    assert next(iter(prompted(desk, "engineer_code"))) in {"CONZX", "JILLZX"}
    desk.press("Enter", engineer_code="JILLZX")
    shown = desk.form()["shown_fault"]
    before, path = desk.form(), desk.path
    desk.press("F6")
    answer = desk.client.post(path, data=before | {"key": "F6"}, headers={SHELL_HEADER: "1"}, follow_redirects=True)
    assert "CSS883I" in answer.get_data(as_text=True), "it was done already"
    assert zx.state(shown) == "issued"


@pytest.mark.parametrize(("code", "said"), [("", "CSS360E"), ("NOBODY", "CSS341E"), ("x" * 40, "CSS361E")])
def test_nobody_takes_anything_by_a_wrong_code(desk: Seat, zy: Yard, code: str, said: str) -> None:
    desk.open("/s/FL09/-/ZY")
    assert desk.press("Enter", engineer_code=code).status_code in {404, 422}
    assert set(desk.said) == {said}


# --- FL06 -----------------------------------------------------------------------------------------------------------------


def test_the_board_counts_by_exchange_and_craft_and_leads_to_the_faults(desk: Seat, zy: Yard, query_count: COUNT) -> None:
    with query_count() as sent:
        desk.open("/s/FL06/ZY")
    assert len(sent) <= 16, [one[:90] for one in sent.statements]
    assert "overhead" in desk.page
    assert "on shift" in desk.page
    leads = re.search(r'href="(/s/FL04/ZY/-,-,WREN[^"]*)"', desk.page)
    assert leads
    desk.open(leads[1])
    assert set(rows(desk)) <= set(zy.told)
    desk.open("/s/FL06/ZY")
    desk.press("Enter", craft="home", only_free="Y")
    assert desk.path == "/s/FL06/ZY/-,HOME,Y"
    assert "CONZY</b>" not in desk.page, "who cannot do it"
    assert desk.press("Enter", craft="x").status_code == 422
    assert set(desk.said) == {"CSS364E"}


def test_an_engineers_day_is_turned_by_days(desk: Seat, zy: Yard) -> None:
    desk.open("/s/FL06/JACKZY")
    assert "Jack Reed" in desk.page
    assert link(desk, "F8") == ""
    desk.open(link(desk, "F7"))
    assert desk.path == "/s/FL06/JACKZY/2026-03-01"
    desk.open(link(desk, "F8"))
    assert desk.path == "/s/FL06/JACKZY"
    assert desk.open("/s/FL06/NOBODY").status_code == 404
    assert desk.said == ["CSS341E"]
    assert desk.open("/s/FL06/JACKZY/yesterday").status_code == 422
    assert desk.said == ["CSS365E"]


# --- a contractor -----------------------------------------------------------------------------------------------------------


def test_a_contractor_takes_goes_to_gives_back_and_clears_their_own_work(contractor: Seat, zx: Yard, zy: Yard, engine: Engine) -> None:
    with transaction(engine) as session:
        free(session, "CONZY")
    contractor.open("/s/MENU")
    assert {"FL03", "FL06", "FL09"} <= set(re.findall(r'<li><a href="/s/(\w+)"', contractor.page))
    contractor.open("/s/FL06")
    assert contractor.title == "FL06 Your work"
    assert "FREE" in contractor.page
    contractor.press("F6")
    assert "Larkspur Close" not in contractor.page, "where it is is told to who has it"
    contractor.press("F6")
    mine = contractor.page.partition("Now: fault")[2]
    assert "Larkspur Close" in mine
    number = re.search(r"/s/FL03/(\w+)", mine)
    assert number
    for key, keyed, state in (
        ("S-F1", {}, "on-site"),
        ("S-F2", {"return_reason": "STORES", "words": "No dropwire."}, "queued"),
    ):
        contractor.open(link(contractor, key))
        contractor.press("Enter", **keyed)
        assert '<section class="effect"' in contractor.page, contractor.said
        contractor.press("F6")
        assert zy.state(number[1]) == state
        assert link(contractor, "F3") in {"/s/FL06", "/s/MENU"}, "there is no customer's page for them to leave to"
        contractor.open("/s/FL06")
    assert "stores" in contractor.page
    contractor.press("F6")
    contractor.press("F6")
    contractor.open(link(contractor, "S-F8"))
    contractor.press("Enter", clear_code="DW", words="New dropwire.")
    contractor.press("F6")
    assert "CLEARED" in contractor.page, re.findall(r'class="error".*?</', contractor.page)
    contractor.open("/s/FL06")
    assert "done" in contractor.page


def test_a_contractor_sees_no_other_fault_and_no_other_engineer(contractor: Seat, zy: Yard, zx: Yard) -> None:
    others = [zx.told[0], zx.told[-1]]
    for number in others:
        for path in (f"FL03/{number}", f"FL02/{number}/clear", f"FL02/{number}/arrive", f"FL03/{number}/explain"):
            assert contractor.open(f"/s/{path}").status_code == 404, path
            assert contractor.said == ["CSS313E"]
    assert contractor.open("/s/FL06/JACKZY").status_code == 404
    assert contractor.said == ["CSS341E"]
    assert contractor.open("/s/FL09/JACKZY").status_code == 200
    assert contractor.press("Enter").status_code == 404
    assert "CSS341E" in contractor.said
    assert contractor.open("/s/FL06/ZY").status_code == 404, "a board is control's"
    contractor.open("/s/FL09")
    assert set(prompted(contractor, "engineer_code")) == {"CONZY"}
    for code in set(PAGES) - {"MENU", "FL02", "FL03", "FL06", "FL09"}:
        assert contractor.open(f"/s/{code}").status_code == 403


def test_a_contractor_whom_nobody_took_on_is_told(app: Flask, engine: Engine, clock: MovingClock, zy: Yard) -> None:
    lost = seated(app, engine, "LOSTZY", clock.at)
    assert lost.open("/s/FL06").status_code == 404
    assert lost.said == ["CSS957E"]


def rows_waiting(seat: Seat) -> list[str]:
    seat.open("/s/FL04/ZY/-,-,-,-,-,QUEUED")
    return rows(seat)


def free(session: Session, code: str) -> None:
    """Whoever has something has it no more."""
    session.execute(
        text(
            "UPDATE repairs.visit SET state = 'returned', ended_at = :at, return_reason = 'other' WHERE ended_at IS NULL "
            "AND engineer_id = (SELECT id FROM repairs.engineer WHERE code = :code)"
        ),
        {"at": AT, "code": code},
    )


def test_two_who_take_next_get_different_faults(zy: Yard, engine: Engine) -> None:
    with transaction(engine) as session:
        free(session, "JACKZY")
        free(session, "JILLZY")
    found = []
    for code in ("JACKZY", "JILLZY"):
        with transaction(engine) as session:
            found.append(take_next(session, TakeNext(engineer_code=code), by=builders.OPERATOR, at=AT).fault_number)
    assert len(set(found)) == 2
