"""Two at one record, and calls that are interrupted, by keyboard alone in a real Chromium: nothing keyed is lost, nothing is done twice."""

from __future__ import annotations

import pytest

from css.web.session import IDLE_MAX, NOTED_EVERY
from tests.web.conftest import PASSWORD, MovingClock
from tests.web.hands import Hands
from tests.web.morning import Day, SitsDown, identify, make_sure

pytestmark = pytest.mark.browser

# --- two at once --------------------------------------------------------------------------------------------------------


def test_two_change_the_same_customer_and_nothing_is_lost(sits_down: SitsDown) -> None:
    amy, sue = sits_down("clerk"), sits_down("supervis")
    for one in (amy, sue):
        identify(one)
        make_sure(one)
        one.go("Shift+F8", to="CU02")
    _to(sue, "telephones")
    sue.type("07700 900777")
    _to(sue, "access_needs")
    sue.type("Large print")
    sue.go("Enter", to="CU02")
    sue.go("F6", to="CU03")

    _to(amy, "telephones")
    amy.type("07700 900888")
    _to(amy, "emails")
    amy.type("ada@example.com")
    amy.go("Enter", to="CU02")
    assert "SUPERVIS" in amy.messages + amy.text, "who was there first"
    assert amy.cursor == "telephones"
    assert amy.value("telephones") == "07700 900888", "hers stays"
    assert "now: 07700 900777" in amy.told, "with the other beside it"
    assert amy.value("access_needs") == "Large print", "what only the other changed is taken over"
    assert amy.value("emails") == "ada@example.com"
    amy.type("07700 900888, 07700 900777")
    amy.go("Enter", to="CU02")
    amy.go("F6", to="CU03")
    for kept in ("07700 900888", "07700 900777", "ada@example.com", "Large print"):
        assert kept.upper() in amy.told.upper()


def _to(hands: Hands, name: str) -> None:
    """Tab until the cursor is there; a field comes up marked, so that typing replaces it."""
    for _ in range(40):
        if hands.cursor == name:
            return
        hands.press("Tab")
    pytest.fail(f"Tab never comes to {name}")


def test_two_change_the_same_order_and_the_second_decides_again(sits_down: SitsDown, day: Day) -> None:
    amy, sue = sits_down("clerk"), sits_down("supervis")
    with amy.task("Open an order by its number"):
        amy.command(day.order_number, to="OR03")
    amy.go("Shift+F6", to="OR02")
    amy.choose("network")
    amy.type("A duct is blocked")
    amy.go("Enter", to="OR02")
    amy.go("F6", to="OR03")

    # Both give it a new date; hers is first, and it is held up once more.
    amy.go("Shift+F7", to="OR02")
    amy.type("+5")
    amy.go("Enter", to="OR02")
    sue.command(day.order_number, to="OR03")
    sue.go("Shift+F7", to="OR02")
    sue.type("+2")
    sue.go("Enter", to="OR02")
    assert "also open at CLERK" in sue.text
    sue.go("F6", to="OR03")
    sue.go("Shift+F6", to="OR02")
    sue.choose("network")
    sue.type("Another duct is blocked")
    sue.go("Enter", to="OR02")
    sue.go("F6", to="OR03")

    amy.go("F6", to="OR02")
    assert "Changed meanwhile" in amy.told
    assert amy.value("target_on") == "+5"
    assert "now: 6/3/26" in amy.told
    assert amy.cursor == "target_on"
    amy.go("Enter", to="OR02")
    assert "Mon 9 Mar" in amy.effect
    amy.go("F6", to="OR03")
    for told in ("A duct is blocked", "Another duct is blocked"):
        assert told in amy.told
    assert "Mon 9 Mar" in amy.told


def test_f6_pressed_twice_and_in_two_tabs_is_once(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    amy.go("Shift+F4", to="PY01")
    amy.type("12.50")
    amy.press("Tab")
    amy.type("cd")
    amy.go("Enter", to="PY01")
    second = amy.page.context.new_page()
    second.goto(amy.page.url)
    amy.page.bring_to_front()
    amy.go("F6", to="CU03", times=2)
    other = Hands(second, amy.base)
    other.go("F6", to="CU03")
    assert "CSS883I" in other.messages, "it says so, and leads to where it led"
    assert other.pane("Payments and charges").count("-£12.50") + other.pane("Payments and charges").count("£12.50") in {1, 2}
    assert other.pane("Timeline").count("12.50") == 1


# --- interrupted --------------------------------------------------------------------------------------------------------


def _half_an_order(hands: Hands) -> None:
    hands.go("Shift+F1", to="OR01")
    hands.type("line-res")
    hands.press("Tab")
    hands.type("zz1 7qt 6")


def _is_all_there(hands: Hands) -> None:
    assert hands.page.title().startswith("OR01")
    assert hands.value("product_codes").upper() == "LINE-RES"
    assert hands.value("address_key").upper() == "ZZ1 7QT 6" or "6 Larkspur Close" in hands.told, "as keyed, or found by now"


def test_an_order_is_left_for_another_question_and_gone_on_with(sits_down: SitsDown, day: Day) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    _half_an_order(amy)
    with amy.task("Look at something on top of what is being keyed, and come back"):
        amy.command(f"..or03 {day.order_number}", to="OR03")
        assert "on top of OR01" in amy.text
        amy.go("F3", to="OR01")
    _is_all_there(amy)

    # Parked, and a colleague goes on with it.
    with amy.task("Park what is half-keyed"):
        amy.press("Shift+F12")
        amy.page.wait_for_selector("text=CSS885I")
    sue = sits_down("supervis")
    identify(sue)
    make_sure(sue)
    assert "PARKED" in sue.pane("Half-keyed")
    with sue.task("Take up what a colleague parked"):
        sue.type(sue.line("Half-keyed"))
        sue.go("Enter", to="OR01")
    _is_all_there(sue)
    sue.go("Enter", to="OR01")
    sue.type("+6")
    sue.go("Enter", to="OR01")
    assert "£" in sue.effect
    sue.go("F6", to="OR03")


def test_a_browser_that_is_closed_in_the_middle_takes_nothing_with_it(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    _half_an_order(amy)
    amy.page.close(run_before_unload=True)
    amy.page = amy.page.context.new_page()
    amy.page.goto(amy.base)
    assert "OR01" in amy.pane("Half-keyed")
    with amy.task("Go on after the browser was closed"):
        amy.type(amy.line("Half-keyed"))
        amy.go("Enter", to="OR01")
    _is_all_there(amy)


def test_a_desk_that_locks_in_the_middle_of_an_order_opens_with_everything_there(sits_down: SitsDown, wall: MovingClock) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    _half_an_order(amy)
    wall.goes_on(seconds=int((IDLE_MAX + NOTED_EVERY).total_seconds()) + 1)
    amy.go("Enter", to="LOCK")
    assert "Tansley" not in amy.text, "nobody reads over an empty chair"
    assert amy.cursor == "password"
    amy.type(PASSWORD)
    amy.go("Enter", to="OR01")
    _is_all_there(amy)
