"""Dispatch by keyboard alone, in a real Chromium: taken next, given out from the list, an outage declared and cleared for all."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from css.db.engine import transaction
from repairs.actions import add_engineer, clear_fault
from repairs.commands.dispatch import AddEngineer
from repairs.commands.faults import ClearFault
from repairs.words import Craft
from tests import builders
from tests.web.conftest import MovingClock
from tests.web.dispatch_world import Yard, yard
from tests.web.morning import MORNING, SitsDown
from tests.web.slow_server import SlowServer

pytestmark = pytest.mark.browser

Shop = tuple[SlowServer, MovingClock]


def _yard(shop: Shop, *engineers: str) -> Yard:
    """Six faults of a district of their own that wait for somebody; who is named here goes there too."""
    engine: Engine = shop[0].app.extensions["css"].given_engine
    made = yard(engine, "ZY", lines=8, operators=False)
    with transaction(engine) as session:
        for code in engineers:
            who = AddEngineer(
                code=code, name="Robin Wren", district_code="ZY", crafts=tuple(Craft), exchange_codes=("WREN",), calendar_code="ALWAYS"
            )
            add_engineer(session, who, by=builders.OPERATOR, at=MORNING)
    for _ in range(6):
        made.fault(at=MORNING)
    return made


def test_the_next_fault_is_seen_and_taken(sits_down: SitsDown, shop: Shop) -> None:
    rob = sits_down("repair")
    made = _yard(shop, "REPAIR")
    rob.command("fl04 zy", to="FL04")
    with rob.task("See which fault is next and take it"):
        rob.go("F6", to="FL09")
        assert "Put before 5 others" in rob.effect
        assert made.state(made.told[0]) == "queued"
        rob.go("F6", to="FL06")
    assert "ISSUED" in rob.told
    assert "Larkspur Close" in rob.told
    with rob.task("Say that one is there"):
        rob.go("Shift+F1", to="FL02")
        rob.go("Enter", to="FL02")
        assert "on site" in rob.effect
        rob.go("F6", to="FL03")
    rob.command("fl06 repair", to="FL06")
    with rob.task("Clear the fault in hand"):
        rob.go("Shift+F8", to="FL02")
        rob.type("dw")
        rob.go("Enter", to="FL02")
        rob.go("F6", to="FL03")
    assert "CLEARED" in rob.told


def test_a_fault_of_the_list_is_given_out_and_the_list_comes_back(sits_down: SitsDown, shop: Shop) -> None:
    rob = sits_down("repair")
    made = _yard(shop)
    rob.command("fl04 zy", to="FL04")
    rob.press("ArrowDown", "ArrowDown")
    with rob.task("Give a fault of the list to whoever is free"):
        rob.go("Shift+F4", to="FL02")
        assert rob.cursor == "engineer_code"
        rob.choose()
        rob.go("Enter", to="FL02")
        assert "given to CONZY" in rob.effect
        rob.go("F6", to="FL03")
    assert [made.state(number) for number in made.told].count("issued") == 1
    rob.go("F3", to="FL04")
    assert "CONZY" in rob.told
    rob.press("F10")
    rob.type("3")
    rob.go("Shift+F3", to="FL02")
    rob.go("Enter", to="FL02")
    rob.go("F6", to="FL03")
    assert "REPAIR" in rob.told, "the number in front and the key, without Enter"


def test_an_outage_is_declared_and_cleared_for_all(sits_down: SitsDown, shop: Shop) -> None:
    sue = sits_down("supervis")
    made = _yard(shop)
    sue.command("fl05 zy", to="FL05")
    with sue.task("Declare that a cabinet has failed, and why"):
        sue.go("Shift+F1", to="FL05")
        assert sue.cursor == "cabinet_code", "there is one exchange"
        sue.type("c1")
        sue.press("Tab", "Tab")
        sue.type("A lorry hit it")
        sue.go("Enter", to="FL05")
        assert "6 faults beneath it hang on it" in sue.effect
        sue.go("F6", to="FL05")
    assert "6 open of 6" in sue.told
    with sue.task("Tell everybody beneath an outage when it should work again"):
        sue.go("Shift+F2", to="FL05")
        sue.press("Tab")
        sue.type("18:00")
        sue.go("Enter", to="FL05")
        assert "6 faults told" in sue.effect
        sue.go("F6", to="FL05")
    with sue.task("Clear an outage for all beneath it"):
        sue.go("Shift+F8", to="FL05")
        sue.type("cab")
        sue.go("Enter", to="FL05")
        assert "6 faults cleared with CAB" in sue.effect
        sue.go("F6", to="FL05")
    assert {made.state(number) for number in made.told} == {"cleared"}
    assert "CLEARED" in sue.told


def test_the_list_refreshes_and_the_cursor_stays_on_its_fault(sits_down: SitsDown, shop: Shop) -> None:
    rob = sits_down("repair")
    made = _yard(shop)
    rob.command("fl04 zy", to="FL04")
    rob.press("ArrowDown", "ArrowDown", "ArrowDown")
    fault = rob.page.evaluate("document.activeElement.dataset.subject")
    first = made.told[0] if fault != made.told[0] else made.told[1]
    with transaction(made.engine) as session:
        clear_fault(session, ClearFault(fault_number=first, clear_code="DW"), by=builders.OPERATOR, at=MORNING)
    with rob.page.expect_response(lambda answer: "x-css-poll" in answer.request.headers and answer.status == 200, timeout=20_000):
        pass
    rob.page.wait_for_function(f"!document.querySelector('main').innerText.includes('{first[-4:]}')")
    assert rob.page.evaluate("document.activeElement.dataset.subject") == fault
