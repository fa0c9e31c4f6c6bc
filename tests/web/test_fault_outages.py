"""FL05 and FL07: plant that failed, what is beyond our control, and problems behind repeats, each deed checked and committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from css.core.words import Role
from css.db.engine import transaction
from css.web.moments import read_moment_ahead
from css.web.rendering import SHELL_HEADER
from css.web.screens.outage_deeds import OUTAGE
from repairs.actions import clear_fault, close_problem, find_problems, update_outage
from repairs.commands.faults import ClearFault
from repairs.commands.nightly import FindProblems
from repairs.commands.outages import CloseProblem, UpdateOutage
from tests import builders
from tests.conftest import clone
from tests.web.conftest import AT, MovingClock, Seat, World, populate, seated
from tests.web.dispatch_world import Yard, yard

CAUSE = {"cause": "A lorry hit it."}


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


@pytest.fixture(scope="module")
def zy(settled: tuple[Engine, World]) -> Yard:
    return yard(settled[0], "ZY", lines=60, operators=False)


@pytest.fixture(scope="module")
def zx(settled: tuple[Engine, World]) -> Yard:
    return yard(settled[0], "ZX", lines=8, operators=False)


def rows(seat: Seat) -> list[str]:
    return re.findall(r'data-line="\d+" data-subject="([^"]*)"', seat.page)


def link(seat: Seat, key: str) -> str:
    found = re.search(rf'href="([^"]*)" data-key="{key}"', seat.page)
    return found[1].replace("&amp;", "&") if found else ""


def prompted(seat: Seat, field: str, **keyed: str) -> dict[str, str]:
    data = seat.form() | keyed | {"key": "Prompt", "prompt": field}
    return dict(seat.client.post(seat.path, data=data, headers={SHELL_HEADER: "1"}).get_json()["values"])


def effect(seat: Seat) -> str:
    found = re.search(r'<section class="effect".*?</section>', seat.page, re.DOTALL)
    assert found, (seat.said, seat.title)
    return " ".join(re.sub(r"<[^>]+>", "", found[0]).split())


def declared(seat: Seat, district: str, **keyed: str) -> str:
    """Declare an outage; gives its number."""
    seat.open(f"/s/FL05/{district}/declare")
    assert seat.press("Enter", **CAUSE, **keyed).status_code == 200, seat.said
    seat.press("F6")
    found = re.match(r"/s/FL05/(\d+)", seat.path)
    assert found, (seat.path, seat.said)
    return found[1]


def mended(seat: Seat, outage: str) -> None:
    seat.open(f"/s/FL05/{outage}/clear")
    seat.press("Enter", clear_code="CAB")
    seat.press("F6")
    assert "CLEARED" in seat.page, seat.said


# --- outages --------------------------------------------------------------------------------------------------------------


def test_an_outage_is_declared_told_anew_and_cleared_for_all(desk: Seat, zy: Yard) -> None:
    numbers = [zy.fault(queued=place % 2 == 0) for place in range(30)]
    zy.vulnerable(numbers[4])
    desk.open("/s/FL05/ZY")
    assert "none" in desk.page
    desk.open(link(desk, "S-F1"))
    assert desk.form()["exchange_code"] == "WREN", "there is one"
    assert desk.form()["message"], "something to tell everybody stands there"
    assert prompted(desk, "cabinet_code") == {"C1": "cabinet of WREN"}
    assert prompted(desk, "distribution_point_code", cabinet_code="c1") == {"DP1": "distribution point of C1"}
    desk.press("Enter", cabinet_code="c1", expected_at="18:00", **CAUSE)
    said = effect(desk)
    assert "Outage of cabinet C1 of exchange WREN: 30 faults beneath it hang on it" in said
    assert "60 working" in said
    assert "1 vulnerable customer: ring them" in said
    assert "Mon 2 Mar 2026 18:00" in said
    desk.press("F6")
    assert "CSS964I" in desk.said
    outage = desk.path.removeprefix("/s/FL05/")
    assert "30</b> open of 30" in desk.page
    first = rows(desk)
    assert first[0] == numbers[4], "who depends on the line stands first"
    assert "VULNERABLE" in desk.page
    desk.open(link(desk, "F8"))
    assert sorted(first + rows(desk)) == sorted(numbers)
    desk.open(f"/s/FL05/{outage}")
    desk.open(link(desk, "S-F2"))
    assert desk.form()["expected_at"] == "2/3/26 18:00", "how it stands"
    assert desk.press("Enter").status_code == 422
    assert set(desk.said) == {"CSS958E"}, "nothing new is said"
    desk.press("Enter", message="A new cabinet is being fitted.", expected_at="+1 12:00")
    assert "30 faults told: A new cabinet is being fitted. Expected to work again Tue 3 Mar 2026 12:00" in effect(desk)
    desk.press("F6")
    assert "A new cabinet is being fitted." in desk.page
    desk.open(f"/s/FL04/ZY/-,-,-,-,-,-,-,-,-,{outage}")
    assert len(rows(desk)) == 25
    assert f"OUTAGE {outage}" in desk.page
    desk.open(f"/s/FL05/{outage}")
    desk.open(link(desk, "S-F8"))
    assert "CAB" in prompted(desk, "clear_code")
    desk.press("Enter", clear_code="cab", words="Cabinet replaced.")
    assert "30 faults cleared with CAB" in effect(desk)
    assert {zy.state(number) for number in numbers} == {"reported", "queued"}, "nothing is done before F6"
    desk.press("F6")
    assert {zy.state(number) for number in numbers} == {"cleared"}
    assert "30 faults cleared" in desk.page
    assert [link(desk, key) for key in ("S-F2", "S-F8", "S-F9")] == ["", "", ""], "there is nothing more to do"
    desk.open("/s/FL05/ZY")
    assert outage not in rows(desk)
    desk.open(link(desk, "F11"))
    assert outage in rows(desk)


def test_an_outage_that_was_none_is_withdrawn(desk: Seat, zx: Yard) -> None:
    number = zx.fault()
    outage = declared(desk, "ZX", cabinet_code="C1", distribution_point_code="DP1")
    assert "distribution point DP1 of cabinet C1" in desk.page
    desk.open(link(desk, "S-F9"))
    desk.press("Enter", reason="")
    assert set(desk.said) == {"CSS360E"}
    desk.press("Enter", reason="The test head was broken.")
    assert "1 fault goes on alone" in effect(desk)
    desk.press("F6")
    assert "WITHDRAWN" in desk.page
    assert zx.state(number) == "queued"
    desk.open(f"/s/FL05/{outage}/clear")
    assert desk.press("Enter", clear_code="CAB").status_code == 422
    assert "CSS877E" in desk.said


def test_two_at_one_outage_see_both_values(desk: Seat, engine: Engine, zx: Yard) -> None:
    outage = declared(desk, "ZX")
    desk.open(f"/s/FL05/{outage}/update")
    desk.press("Enter", message="Ours.")
    with transaction(engine) as session:
        theirs = UpdateOutage(outage_id=int(outage), message="Theirs.", expected_at=AT + timedelta(hours=3))
        update_outage(session, theirs, by=builders.OPERATOR, at=AT)
    assert desk.press("F6").status_code == 409
    assert desk.said[0] == "CSS876E"
    assert "now: <b>Theirs.</b>" in desk.page
    assert desk.form()["message"] == "Ours."
    assert desk.form()["expected_at"] == "2/3/26 13:00", "what only they changed is taken over"
    assert "Changed meanwhile" in desk.page
    desk.press("Enter")
    desk.press("F6")
    assert "Ours." in desk.page
    mended(desk, outage)


WRONG = {
    "nowhere": ({"exchange_code": "NOWHERE"}, {"CSS827E"}),
    "no cabinet": ({"cabinet_code": "C9"}, {"CSS879E"}),
    "no point": ({"cabinet_code": "C1", "distribution_point_code": "DP9"}, {"CSS879E"}),
    "point alone": ({"distribution_point_code": "DP1"}, {"CSS879E"}),
    "no exchange": ({"exchange_code": ""}, {"CSS360E"}),
    "no message": ({"message": ""}, {"CSS360E"}),
    "no cause": ({"cause": ""}, {"CSS360E"}),
    "expected without a time": ({"expected_at": "tomorrow"}, {"CSS967E"}),
    "expected on no day": ({"expected_at": "32/13/26 9:00"}, {"CSS365E"}),
    "expected before now": ({"expected_at": "9:00"}, {"CSS887E"}),
    "begins later": ({"began_at": "23:00"}, {"CSS887E"}),
    "began at no time": ({"began_at": "noon"}, {"CSS938E"}),
    "two at once": ({"exchange_code": "NOWHERE", "expected_at": "soon", "cause": ""}, {"CSS360E", "CSS967E"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_declaration_with_a_slip_says_what_is_wrong_and_keeps_what_was_keyed(desk: Seat, zx: Yard, name: str) -> None:
    keyed, codes = WRONG[name]
    desk.open("/s/FL05/ZX/declare")
    assert desk.press("Enter", **(CAUSE | keyed)).status_code in {404, 422}
    assert set(desk.said) == codes
    assert all(desk.form()[field] == value for field, value in keyed.items())


def test_the_same_plant_has_one_outage(desk: Seat, zx: Yard) -> None:
    outage = declared(desk, "ZX")
    desk.open("/s/FL05/ZX/declare")
    assert desk.press("Enter", **CAUSE).status_code == 409
    assert desk.said == ["CSS875E"]
    mended(desk, outage)


@pytest.mark.parametrize(("path", "code"), [("FL05/999", "CSS874E"), ("FL05/ZXM999", "CSS330E"), ("FL05/999/clear", "CSS874E")])
def test_what_is_not_there_is_said(desk: Seat, path: str, code: str) -> None:
    assert desk.open(f"/s/{path}").status_code == 404
    assert desk.said == [code]


def test_clerks_read_what_to_tell_and_declare_nothing(colleague: Seat, desk: Seat, zx: Yard) -> None:
    outage = declared(desk, "ZX")
    colleague.open("/s/FL05/ZX")
    assert [link(colleague, key) for key in ("S-F1", "S-F4")] == ["", ""]
    colleague.open(f"/s/FL05/{outage}")
    assert "Tell the caller" in colleague.page
    assert link(colleague, "S-F8") == ""
    for path in ("ZX/declare", "ZX/mborc", f"{outage}/clear"):
        assert colleague.open(f"/s/FL05/{path}").status_code == 403
    mended(desk, outage)
    assert desk.open(f"/s/FL05/{outage}/mend").status_code == 404
    assert desk.said == ["CSS959E"]


# --- beyond our control -----------------------------------------------------------------------------------------------------


def test_what_is_beyond_our_control_is_declared_narrowed_and_lifted(desk: Seat, zy: Yard, clock: MovingClock) -> None:
    zy.fault()
    zy.fault()
    desk.open("/s/FL05/ZY")
    desk.open(link(desk, "S-F4"))
    assert desk.form()["activity"] == "REPAIR"
    desk.press("Enter", cause="Storm Ada", exchange_code="wren", began_at="9:00")
    assert "the clocks of 2 open faults run under it" in effect(desk)
    desk.press("F6")
    number = desk.path.removeprefix("/s/FL05/")
    assert re.fullmatch(r"ZYM\d+", number)
    assert "Storm Ada" in desk.page
    assert "exchange WREN" in desk.page
    desk.open(link(desk, "S-F3"))
    assert desk.press("Enter", clear_codes="").status_code == 422
    assert desk.press("Enter", clear_codes="NOPE").status_code == 422
    assert "CSS306E" in desk.said
    desk.press("Enter", clear_codes="wea dw")
    assert "only faults cleared with WEA, DW; 2 open faults are told" in effect(desk)
    desk.press("F6")
    assert "WEA, DW" in desk.page
    desk.open(link(desk, "S-F3"))
    assert set(prompted(desk, "clear_codes")) == {"WEA", "DW"}, "it is never wider"
    desk.open(f"/s/FL05/{number}")
    desk.open(link(desk, "S-F7"))
    assert desk.press("Enter", ended_at="8:00").status_code == 422
    assert "CSS331E" in desk.said
    desk.press("Enter", ended_at="")
    assert "the clocks of 2 open faults run as ever" in effect(desk)
    desk.press("F6")
    assert "LIFTED" in desk.page
    assert link(desk, "S-F7") == ""
    desk.open("/s/FL05/ZY")
    assert number not in rows(desk)
    desk.open("/s/FL05/ZY/all")
    assert number in rows(desk)


# --- problems ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def problem(settled: tuple[Engine, World], zx: Yard) -> str:
    """A line that failed four times; gives the problem's number."""
    engine = settled[0]
    line = zx.lines[-1]
    for place in range(4):
        zx.lines.append(line)
        number = zx.fault(at=AT + timedelta(minutes=place))
        with transaction(engine) as session:
            clear_fault(session, ClearFault(fault_number=number, clear_code="DW"), by=builders.OPERATOR, at=AT + timedelta(minutes=place))
    with transaction(engine) as session:
        find_problems(session, FindProblems(district_code="ZX"), by=builders.SYSTEM, at=AT)
        return str(session.execute(text("SELECT id FROM repairs.problem WHERE kind = 'line'")).scalar_one())


def test_a_problem_is_listed_opened_and_closed(desk: Seat, problem: str, engine: Engine) -> None:
    desk.open("/s/FL07/ZX")
    assert problem in rows(desk)
    desk.open(f"/s/FL07/{problem}")
    assert len(rows(desk)) == 4
    desk.open(link(desk, "S-F8"))
    assert desk.press("Enter", words="").status_code == 422
    desk.press("Enter", words="Water in the joint; it is remade.")
    assert "is closed: “Water in the joint; it is remade.”" in effect(desk)
    desk.press("F6")
    assert "CSS966I" in desk.said
    assert "CLOSED" in desk.page
    assert link(desk, "S-F8") == ""
    desk.open("/s/FL07/ZX")
    assert problem not in rows(desk)
    desk.open(link(desk, "F11"))
    assert problem in rows(desk)
    desk.open(f"/s/FL07/{problem}/close")
    assert desk.press("Enter", words="Again.").status_code == 422
    assert "CSS877E" in desk.said
    for path, code in (("FL07/999", "CSS889E"), (f"FL07/{problem}/mend", "CSS959E")):
        assert desk.open(f"/s/{path}").status_code == 404
        assert desk.said == [code]


def test_two_at_one_problem_see_what_became_of_it(desk: Seat, engine: Engine, problem: str) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE repairs.problem SET state = 'open', closed_on = NULL, closed_by = NULL, words = NULL"))
    desk.open(f"/s/FL07/{problem}/close")
    desk.press("Enter", words="Ours.")
    with transaction(engine) as session:
        close_problem(session, CloseProblem(problem_id=int(problem), words="Theirs."), by=builders.OPERATOR, at=AT)
    assert desk.press("F6").status_code == 409
    assert desk.said[0] == "CSS876E"
    assert "<td>open</td><td><b>closed</b></td>" in desk.page
    assert desk.form()["words"] == "Ours."


def test_problems_are_closed_by_control_alone(app: Flask, engine: Engine, clock: MovingClock, problem: str) -> None:
    for role, may in ((Role.CLERK, 403), (Role.REPAIR, 200)):
        seat = seated(app, engine, role.name[:8], clock.at)
        assert seat.open(f"/s/FL07/{problem}").status_code == 200
        assert seat.open(f"/s/FL07/{problem}/close").status_code == may


# --- what goes with them ----------------------------------------------------------------------------------------------------


def test_the_menu_counts_what_waits_and_leads_there(desk: Seat, zy: Yard) -> None:
    outage = declared(desk, "ZY")
    desk.open("/s/MENU")
    assert "outages open" in desk.page
    assert re.search(r'href="/s/FL05" data-line', desk.page)
    clears = re.search(r'href="(/s/FL04/-/[^"]+)"[^>]*data-line="\d+"[^>]*>\d+</a></td><td class="figure">(\d+)', desk.page)
    assert clears, "clears that wait for an answer"
    desk.open(clears[1])
    assert "Clears of" in desk.page
    mended(desk, outage)


def test_a_moment_ahead_is_read_by_london_clocks() -> None:
    at = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    read = {"18:00": "2026-07-01T17:00", "+1 12.30": "2026-07-02T11:30", "8 Nov 26 9:15": "2026-11-08T09:15"}
    for typed, moment in read.items():
        assert f"{read_moment_ahead(typed, at, element='x'):%Y-%m-%dT%H:%M}" == moment


def test_every_deed_on_an_outage_has_its_key_on_its_page() -> None:
    assert set(OUTAGE.deeds) == {"update", "clear", "withdraw"}
