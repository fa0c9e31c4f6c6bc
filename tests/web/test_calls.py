"""Whole calls by keyboard alone, in a real Chromium: from the menu, with what a caller says, to the end of the call, and key by key."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.web.conftest import MovingClock
from tests.web.hands import Hands, documented
from tests.web.morning import HUSBANDS_PHRASE, MOBILE, NUMBER, PHRASE, SitsDown, identify, make_sure

pytestmark = pytest.mark.browser

SECRETS: Final = ("Larkspur", "ZZ4 7QT", MOBILE, PHRASE, "Caller display", "£")
"""What only Ada Tansley may hear."""

# --- one call, three questions ------------------------------------------------------------------------------------------


def test_my_order_is_late_my_line_is_dead_and_my_bill_is_wrong(sits_down: SitsDown, wall: MovingClock) -> None:
    amy = sits_down("clerk")
    identify(amy)
    assert "ORDER LATE" in amy.told
    make_sure(amy)
    _my_order_is_late(amy)
    _my_line_is_dead(amy)
    _my_bill_is_wrong(amy)
    _ring_me_tomorrow(amy)
    wall.goes_on(days=1)
    _somebody_else_answers(sits_down("supervis"))


def _my_order_is_late(amy: Hands) -> None:
    """It is held up, and goes on with a date that can be kept."""
    with amy.task("Say that an order is held up, and why"):
        amy.type(amy.line("Open orders"))
        amy.go("Enter", to="OR03")
        amy.go("Shift+F6", to="OR02")
        amy.choose("network")
        assert amy.cursor == "words", "and on to the next field"
        amy.type("A duct is blocked")
        amy.go("Enter", to="OR02")
        assert "The order will be held" in amy.effect
        amy.go("F6", to="OR03")
    with amy.task("Give a late order its new date"):
        amy.go("Shift+F7", to="OR02")
        amy.type("+2")
        amy.go("Enter", to="OR02")
        assert "Fri 6 Mar" in amy.effect
        amy.go("F6", to="OR03")
    assert "COMMITTED" in amy.told


def _my_line_is_dead(amy: Hands) -> None:
    amy.go("F3", to="CU03")
    with amy.task("Report a fault"):
        amy.go("Shift+F2", to="FL01")
        assert amy.cursor == "symptom_code"
        amy.type("ndt")
        amy.go("Enter", to="FL01")
        assert "To be cleared by" in amy.effect
        amy.go("F6", to="FL03")
    assert "REPORTED" in amy.told
    amy.go("F3", to="CU03")
    assert "FAULT OPEN" in amy.told


def _my_bill_is_wrong(amy: Hands) -> None:
    bill = amy.line("Last bills")
    assert len(bill) == 1
    with amy.task("Explain a line of the last bill"):
        amy.type(bill)
        amy.go("Enter", to="BL03")
        amy.type("1")
        amy.go("Enter", to="BL03")
    assert "Line 1: " in amy.told
    with amy.task("Credit a line of a bill, above one's limit"):
        amy.go("Shift+F5", to="PY05")
        assert amy.value("line_number") == "1", "the line that was explained"
        assert amy.cursor == "reason"
        amy.type("wr")
        amy.go("Enter", to="PY05")
        assert "ABOVE YOUR LIMIT" in amy.effect
        amy.go("Shift+F8", to="CU03")
    assert "asked for" in amy.messages


def _ring_me_tomorrow(amy: Hands) -> None:
    with amy.task("Wrap a call up, with a note and a call-back"):
        amy.press("F2")
        assert amy.cursor == "wrap_reason"
        amy.type("cp")
        amy.press("Tab")
        amy.type("Three things wrong in a week")
        amy.press("Tab")
        amy.type("+1 14:30")
        amy.press("Tab")
        amy.type(".")
        amy.go("Enter", to="CU03")
    assert "You ring 01632 960123 on" in amy.messages
    assert "Caller not known" in amy.told, "the call is over, and what it opened is closed"


def _somebody_else_answers(sue: Hands) -> None:
    """The next day, and sees all of it."""
    assert "requests wait for a second person" in sue.pane("Waiting")
    identify(sue)
    assert "FAULT OPEN" in sue.told
    make_sure(sue)
    assert "3 Mar 2026, now 6 Mar 2026" in sue.pane("Open orders")
    assert "no dial tone" in sue.pane("Open faults")
    assert "Three things wrong in a week" in sue.pane("Timeline")
    assert "14:30" in sue.pane("Promised")
    assert "CLERK" in sue.pane("Promised")

    asked = sue.pane("Timeline")
    assert "waits for a second person" in asked

    # She says yes to the credit, and the customer's page has it.
    with sue.task("Agree to what a colleague asked for"):
        sue.command("ad04", to="AD04")
        sue.type("1")
        sue.go("Enter", to="AD07")
        assert "CLERK" in sue.told
        sue.go("Enter", to="AD07")
        sue.go("F6", to="AD04")
    identify(sue)
    assert "on the next bill" in sue.pane("Timeline")
    assert "waits for a second person" not in sue.pane("Timeline")


# --- a new line ---------------------------------------------------------------------------------------------------------


def test_a_new_line_at_an_address_with_a_stopped_line_when_nobody_can_come_on_the_day_asked(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    with amy.task("Order a new line at a known address, the visit moved to a day that can be had"):
        amy.go("Shift+F1", to="OR01")
        assert amy.cursor == "product_codes", "what is known is not asked again"
        amy.type("line-res caller-display")
        amy.press("Tab")
        amy.type("zz1 7qt 6")
        amy.go("Enter", to="OR01")
        assert "a stopped line is there" in amy.told
        assert amy.cursor == "required_on", "Enter in a block leads to the next"
        amy.type("+6")
        amy.press("Tab")
        amy.type("+4")  # a Sunday
        amy.press("Tab")
        amy.type("am")
        amy.go("Enter", to="OR01")
        assert "CSS222E" in amy.messages
        assert "The next that can be had: Thu 5 Mar" in amy.messages
        assert amy.cursor == "slot_on"
        amy.choose("fri")
        assert amy.value("slot_on") == "6/3/26"
        assert amy.value("half_day").upper() == "AM"
        amy.go("Enter", to="OR01")
        for said in ("Fri 6 Mar", "AM", "Tue 10 Mar", "Do you agree to that?", "£"):
            assert said in amy.effect
        amy.go("F6", to="OR03")
    assert "COMMITTED" in amy.told
    amy.go("F3", to="CU03")
    assert amy.pane("Open orders").count("COMMITTED") + amy.pane("Open orders").count("committed") == 2


def test_a_new_line_when_nothing_goes_wrong(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    with amy.task("Order a new line at a known address"):
        amy.go("Shift+F1", to="OR01")
        amy.type("line-res caller-display")
        amy.press("Tab")
        amy.type("zz1 7qt 6")
        amy.go("Enter", to="OR01")
        amy.type("+6")
        amy.go("Enter", to="OR01")
        assert "£" in amy.effect
        amy.go("F6", to="OR03")


# --- the wrong person ---------------------------------------------------------------------------------------------------


def _keeps_everything(hands: Hands) -> None:
    assert [one for one in SECRETS if one in hands.told] == [], hands.page.title()


def test_somebody_who_is_not_the_customer_hears_nothing_and_may_still_report_a_fault_and_pay(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    _keeps_everything(amy)
    amy.type("pp")
    amy.press("Tab")
    for wrong in ("treacle", "lemon curd", "honey"):
        assert amy.cursor == "answer", "how it is asked stays, and another answer can be keyed at once"
        amy.type(wrong)
        amy.go("Enter", to="CU03")
        assert "CSS923E" in amy.messages
        _keeps_everything(amy)
    assert "the question is closed until" in amy.told
    amy.press("Shift+F6")
    amy.type("pp")
    amy.press("Tab")
    amy.type(PHRASE)
    amy.go("Enter", to="CU03")
    assert "CSS900E" in amy.messages, "not even the right answer, now"
    assert "Caller not known" in amy.told
    amy.go("F5", to="CU03")
    account = amy.page.input_value("[name=hand]")
    for locked in ("bl03", "cu02", "ln03", "py05"):
        amy.command(f"{locked} {account}", to="CU03")
        assert "CSS921W" in amy.messages, locked

    amy.go("Shift+F1", to="OR01")
    _keeps_everything(amy)
    amy.go("F3", to="CU03")
    _the_line_is_dead_whoever_says_so(amy)
    _anybody_may_pay(amy)
    amy.press("F2")
    amy.type("se")
    amy.go("Enter", to="CU03")


def _the_line_is_dead_whoever_says_so(amy: Hands) -> None:
    amy.go("Shift+F2", to="FL01")
    _keeps_everything(amy)
    with amy.task("Report a fault for somebody nobody knows"):
        amy.type("ndt")
        amy.go("Enter", to="FL01")
        assert amy.cursor == "contact_name", "whom to ring is what is missing"
        amy.type("Rose Finch")
        amy.press("Tab")
        amy.type("07700900456")
        amy.go("Enter", to="FL01")
        assert "To be cleared by" in amy.effect
        amy.go("F6", to="FL03")
    assert "REPORTED" in amy.told
    amy.go("F3", to="CU03")


def _anybody_may_pay(amy: Hands) -> None:
    amy.go("Shift+F4", to="PY01")
    _keeps_everything(amy)
    amy.type("12.50")
    amy.press("Tab")
    amy.type("cd")
    amy.go("Enter", to="PY01")
    assert "£12.50" in amy.effect
    assert amy.effect.count("£") == 1, "what is taken, and not what is owed"
    amy.go("F6", to="CU03")
    assert "£12.50 taken" in amy.messages
    assert amy.messages.count("£") == 1


def test_who_may_speak_for_the_customer_is_asked_by_a_phrase_of_their_own(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    assert "Tom Tansley, husband" in amy.told
    with amy.task("Make sure of somebody who speaks for the customer, by a phrase of fourteen letters"):
        amy.type("pp")
        amy.press("Tab")
        amy.type(HUSBANDS_PHRASE)
        amy.press("Tab")
        amy.type("1")
        amy.go("Enter", to="CU03")
    assert "Caller made sure of" in amy.told
    assert "Tom Tansley" in amy.told
    assert "Balance" in amy.told


# --- finding, and the small things --------------------------------------------------------------------------------------


def test_a_caller_who_gives_a_name_and_a_postcode(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    with amy.task("Find a caller by name and postcode"):
        amy.type("tansley zz4 7qt")
        amy.go("Enter", to="CS01|CU03")
        if amy.page.title().startswith("CS01"):
            amy.type(amy.line("Customers found", "Tansley"))
            amy.go("Enter", to="CU03")
    assert "Mrs Ada Tansley" in amy.told


def test_a_payment_the_palette_and_the_commands_of_a_list(sits_down: SitsDown) -> None:
    amy = sits_down("clerk")
    identify(amy)
    make_sure(amy)
    with amy.task("Take a payment"):
        amy.go("Shift+F4", to="PY01")
        assert amy.cursor == "amount"
        amy.type("12.50")
        amy.press("Tab")
        amy.type("cd")
        amy.go("Enter", to="PY01")
        amy.go("F6", to="CU03")
    assert "£12.50 taken" in amy.messages
    with amy.task("Report a fault on a line of the list"):
        amy.type(f"{amy.line('Lines', NUMBER)} fl01")
        amy.go("Enter", to="FL01")
        amy.choose("no d")
        assert amy.value("symptom_code") == "NDT"
        amy.go("Enter", to="FL01")
        amy.go("F6", to="FL03")
    with amy.task("Open a screen whose code is forgotten"):
        amy.press("Control+k")
        amy.type("payment")
        amy.go("Enter", to="PY01")
    with amy.task("Do the last command again"):
        amy.press("F9")
        amy.go("Enter", to="FL01|OR03|PY01|CU03")
    amy.command(NUMBER.replace(" ", ""), to="CU03")
    with amy.task("Wrap a call up"):
        amy.press("F2")
        amy.type("bq")
        amy.go("Enter", to="CU03")
    assert "Caller not known" in amy.told


def test_every_task_of_the_handbook_is_counted() -> None:
    here = Path(__file__).parent
    counted = (
        "test_calls.py",
        "test_calls_interrupted.py",
        "test_order_calls.py",
        "test_fault_calls.py",
        "test_fault_board_calls.py",
        "morning.py",
    )
    written = "".join((here / name).read_text(encoding="utf-8") for name in counted)
    assert [task for task in documented() if f'.task("{task}")' not in written] == []
