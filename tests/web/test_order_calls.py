"""Calls about a line there is, by keyboard alone, in a real Chromium: a feature more, a move with a visit that was held, another day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from css.core.words import HalfDay
from css.db.engine import transaction
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from tests import builders
from tests.web.conftest import MovingClock
from tests.web.hands import Hands
from tests.web.morning import MORNING, SitsDown, identify, make_sure
from tests.web.slow_server import SlowServer

pytestmark = pytest.mark.browser


def _at_the_line(amy: Hands) -> None:
    identify(amy)
    make_sure(amy)


def test_a_feature_more_and_then_another_day(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    _at_the_line(amy)
    with amy.task("Change the features of a line"):
        amy.go("Shift+F7", to="LN03")
        amy.go("Shift+F1", to="OR01")
        assert amy.cursor == "product_codes", "the line is in hand and its number is there"
        amy.choose("waiting")
        assert amy.value("product_codes") == "CALL-WAITING"
        assert amy.cursor == "remove_codes"
        amy.choose("caller")
        amy.go("Enter", to="OR01")
        assert amy.cursor == "required_on"
        amy.type("+2")
        amy.go("Enter", to="OR01")
        for said in ("Call waiting", "without Caller display", "Do you agree", "£"):
            assert said in amy.effect
        amy.go("F6", to="OR03")
    assert "COMMITTED" in amy.told
    with amy.task("Put an order off to another day"):
        amy.go("Shift+F1", to="OR02")
        assert amy.cursor == "required_on"
        amy.press("Control+a")
        amy.type("+9")
        amy.go("Enter", to="OR02")
        assert "Fri 13 Mar" in amy.effect
        amy.go("F6", to="OR03")
    assert "Fri 13 Mar" in amy.pane("Order")
    assert "AMENDED" in amy.pane("What the customer was told")


def test_a_move_with_a_visit_that_was_held(sits_down: SitsDown, shop: tuple[SlowServer, MovingClock]) -> None:
    amy = sits_down("clerk")
    with transaction(shop[0].app.extensions["css"].given_engine) as session:
        key = session.execute(text("SELECT min(address_key) FROM css.site WHERE postcode = 'ZZ1 7QT' AND premises = '5'")).scalar_one()
        # She rang yesterday, and took a day to think about it.
        slot = ReserveSlot(address_key=key, slot_on=date(2026, 3, 11), half_day=HalfDay.PM)
        reserve_slot(session, slot, by=builders.CLERK, at=MORNING - timedelta(hours=20))
    _at_the_line(amy)
    with amy.task("Move a line to other premises, with the visit that is held"):
        amy.go("Shift+F7", to="LN03")
        amy.go("Shift+F3", to="OR01")
        assert amy.cursor == "address_key"
        amy.type("zz1 7qt 5")
        amy.go("Enter", to="OR01")
        assert amy.cursor == "required_on"
        amy.type("+7")
        amy.press("Tab", "Tab", "Tab")
        assert amy.cursor == "appointment_number"
        amy.choose("")
        amy.go("Enter", to="OR01")
        for said in ("Move to other premises", "Wed 11 Mar 2026 PM", "5 Larkspur Close"):
            assert said in amy.effect
        amy.go("F6", to="OR03")
    assert "Wed 11 Mar 2026 PM" in amy.pane("Order")
