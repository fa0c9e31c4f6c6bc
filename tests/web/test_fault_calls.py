"""Calls about faults by keyboard alone, in a real Chromium: a dead line tested and promised a visit, chased, cleared and rejected."""

from __future__ import annotations

import pytest

from css.core.words import PlantCondition, PlantElement
from css.db.engine import transaction
from repairs.actions import break_plant
from repairs.commands.testing import BreakPlant
from tests import builders
from tests.web.conftest import MovingClock
from tests.web.hands import Hands
from tests.web.morning import MORNING, NUMBER, SitsDown, identify, make_sure
from tests.web.slow_server import SlowServer

pytestmark = pytest.mark.browser

Shop = tuple[SlowServer, MovingClock]


def _broken(shop: Shop, element: PlantElement, condition: PlantCondition) -> None:
    """Something is wrong with the line, whatever anybody says of it."""
    with transaction(shop[0].app.extensions["css"].given_engine) as session:
        trouble = BreakPlant(element=element, number=NUMBER, condition=condition)
        break_plant(session, trouble, by=builders.OPERATOR, at=MORNING)


def _at_the_report(amy: Hands) -> None:
    identify(amy)
    make_sure(amy)


def test_a_dead_line_is_tested_and_promised_a_visit(sits_down: SitsDown, shop: Shop) -> None:
    amy = sits_down("clerk")
    _broken(shop, PlantElement.PREMISES, PlantCondition.DISCONNECTION)
    _at_the_report(amy)
    with amy.task("Report a fault with its test, a visit and another number to ring"):
        amy.go("Shift+F2", to="FL01")
        amy.type("ndt")
        amy.go("Shift+F5", to="FL01")
        assert "FAIL" in amy.pane("Line test")
        assert "needed" in amy.pane("Line test")
        assert amy.cursor == "slot", "the test says that somebody must be in"
        amy.type("1")
        amy.press("Shift+Tab")
        assert amy.cursor == "contact_phone"
        amy.type("07700900456")
        amy.go("Enter", to="FL01")
        assert "To be cleared by" in amy.effect
        assert "the morning of" in amy.effect or "the afternoon of" in amy.effect
        assert "the quick test" in amy.effect
        amy.go("F6", to="FL03")
    assert "APPOINTED" in amy.told
    assert "07700 900456" in amy.told
    amy.go("F3", to="CU03")
    with amy.task("Note that a customer asks for a fault"):
        amy.type(amy.line("Open faults"))
        amy.go("Enter", to="FL03")
        amy.go("Shift+F10", to="FL02")
        amy.go("Enter", to="FL02")
        assert "chase 1" in amy.effect
        amy.go("F6", to="FL03")
    assert "Chased\n1 time" in amy.told


def test_a_full_test_runs_on_while_the_report_is_keyed(sits_down: SitsDown, shop: Shop) -> None:
    amy = sits_down("clerk")
    _broken(shop, PlantElement.PAIR, PlantCondition.SHORT)
    _at_the_report(amy)
    amy.go("Shift+F2", to="FL01")
    amy.type("nsy")
    amy.go("Shift+F11", to="FL01")
    assert "%" in amy.pane("Line test")
    amy.press("Tab")
    assert amy.cursor == "since"
    asks = amy.page.expect_request(lambda request: "x-css-poll" in request.headers, timeout=15_000)
    with asks:
        amy.type("Sunday night, when it rained")
    amy.page.wait_for_timeout(300)
    assert amy.value("since") == "Sunday night, when it rained"
    assert amy.cursor == "since", "the page looks for news of the test, and no key is lost"
    assert amy.value("symptom_code").upper() == "NSY"
