"""Screens are data: what each record says holds on its page, for every role."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from css.core.words import Role
from css.web.screen import BUDGET_MILLISECONDS, COMMON_KEYS, SCREEN_CODE, Screen
from css.web.screens import PAGES, every_screen
from tests.conftest import QueryCount
from tests.web.conftest import AT, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

SCREENS = {screen.code: screen for screen in every_screen()}
TEMPLATES = Path(__file__).parents[2] / "css" / "web" / "templates"

ROLES_OF = {
    "MENU": {"clerk", "repair", "contractor", "billing", "scheduler", "supervisor"},
    "CS01": {"clerk", "repair", "billing", "supervisor"},
    "CU03": {"clerk", "repair", "billing", "supervisor"},
    "CU01": {"clerk", "supervisor"},
    "CU02": {"clerk", "billing", "supervisor"},
    "LN03": {"clerk", "repair", "billing", "supervisor"},
    "OR01": {"clerk", "supervisor"},
    "OR02": {"clerk", "repair", "supervisor"},
    "OR03": {"clerk", "repair", "billing", "supervisor"},
    "OR04": {"clerk", "repair", "billing", "supervisor"},
    "OR05": {"clerk", "repair", "supervisor"},
    "AP04": {"clerk", "repair", "supervisor"},
    "FL01": {"clerk", "repair", "supervisor"},
    "FL02": {"clerk", "repair", "contractor", "supervisor"},
    "FL03": {"clerk", "repair", "contractor", "billing", "supervisor"},
    "FL04": {"clerk", "repair", "billing", "supervisor"},
    "FL05": {"clerk", "repair", "supervisor"},
    "FL06": {"repair", "contractor", "supervisor"},
    "FL07": {"clerk", "repair", "supervisor"},
    "FL08": {"clerk", "repair", "supervisor"},
    "FL09": {"repair", "contractor", "supervisor"},
    "PX04": {"clerk", "supervisor"},
    "PX03": {"clerk", "supervisor"},
    "BL03": {"clerk", "repair", "billing", "supervisor"},
    "PY01": {"clerk", "billing", "supervisor"},
    "PY05": {"clerk", "billing", "supervisor"},
    "AD01": {"supervisor"},
    "AD02": {"supervisor"},
    "AD04": {"clerk", "billing", "supervisor"},
    "AD06": {"supervisor"},
    "AD07": {"clerk", "billing", "supervisor"},
    "NW01": {"supervisor"},
    "BA01": {"scheduler", "billing", "supervisor"},
    "BA02": {"scheduler", "supervisor"},
    "BA03": {"scheduler", "billing", "supervisor"},
    "BA04": {"scheduler", "billing", "supervisor"},
    "BA05": {"scheduler", "billing", "supervisor"},
    "BA06": {"scheduler", "billing", "supervisor"},
    "BA07": {"scheduler", "billing", "supervisor"},
    "BA08": {"scheduler", "billing", "supervisor"},
}
"""The rights, written down a second time on purpose: whoever widens one must do it twice."""


def _operator(role: Role) -> str:
    return role.name[:8]


def _address(code: str, world: World) -> str:
    """Somewhere the screen has something to show."""
    accounts = dict.fromkeys(("CU02", "CU03", "OR01", "BL03"), world.account.number)
    argument = accounts | {"FL01": world.line.number, "LN03": world.line.number}
    return f"/s/{code}/{argument.get(code, '')}".rstrip("/")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("code", ROLES_OF)
def test_a_screen_is_for_its_roles_and_for_nobody_else(
    app: Flask, engine: Engine, clock: MovingClock, world: World, code: str, role: Role
) -> None:
    seat = seated(app, engine, _operator(role), clock.at)
    address = _address(code, world)
    for answer in (seat.client.get(address), seat.client.post(address, data=_with_token(seat))):
        if role.value in ROLES_OF[code]:
            assert answer.status_code in {200, 303, 404, 422}
        else:
            assert answer.status_code == 403
            assert "CSS354E" in answer.get_data(as_text=True)


def _with_token(seat: Seat) -> dict[str, str]:
    seat.open("/s/MENU")
    return {"csrf_token": seat.form()["csrf_token"]}


def test_every_screen_is_in_the_matrix() -> None:
    assert set(ROLES_OF) == set(PAGES)
    assert {code: {role.value for role in PAGES[code].screen.roles} for code in PAGES} == ROLES_OF


@pytest.mark.parametrize("role", Role)
def test_the_menu_lists_what_the_role_may_use(app: Flask, engine: Engine, clock: MovingClock, role: Role) -> None:
    seat = seated(app, engine, _operator(role), clock.at)
    seat.open("/s/MENU")
    listed = set(re.findall(r'<li><a href="/s/(\w+)"', seat.page))
    assert listed == {code for code, screen in SCREENS.items() if screen.in_menu and role in screen.roles}


@pytest.mark.parametrize(
    ("role", "address"),
    [(Role.REPAIR, "/s/OR02/{order}/cancel"), (Role.CLERK, "/s/FL02/{fault}/clear"), (Role.BILLING, "/s/OR02/{order}/complete")],
)
def test_a_deed_is_for_its_roles_though_the_screen_is_for_more(
    app: Flask, engine: Engine, clock: MovingClock, role: Role, address: str
) -> None:
    seat = seated(app, engine, _operator(role), clock.at)
    assert seat.open(address.format(order="ZZO00000018", fault="ZZF00000014")).status_code == 403


@pytest.mark.parametrize("screen", SCREENS.values(), ids=lambda screen: screen.code)
def test_a_record_is_whole(screen: Screen) -> None:
    assert SCREEN_CODE.match(screen.code) or screen.code in {"SIGN", "MENU"}
    assert (TEMPLATES / f"{screen.code}.html").is_file()
    assert screen.roles
    assert screen.response in BUDGET_MILLISECONDS
    assert screen.help.endswith(".")
    names = [field.name for field in screen.fields]
    assert len(names) == len(set(names))
    assert all(field.help.endswith(".") for field in screen.fields), "F1 has a sentence for every field"
    sending = {key.name for key in screen.keys if key.sends}
    asking = {"Enter", "F3", "F6", "S-F8", "S-F9", "S-F5", "S-F11"} | ({"S-F3", "S-F4"} if screen.code == "FL04" else set())
    assert sending <= asking, "what posts is checked, committed, asked for, measured, or about the line of a list the cursor is on"
    keys = [key.name for key in screen.keys]
    assert len(keys) == len(set(keys))
    assert all(re.match(r"^(Enter|(S-)?F([1-9]|1[0-2]))\Z", name) for name in keys)
    if any(field.kind != "hidden" for field in screen.fields) and screen.code != "CU03":
        assert "Enter" in keys


def test_steps_stand_together() -> None:
    for screen in SCREENS.values():
        steps = [field.step for field in screen.fields]
        assert steps == sorted(steps, key=screen.steps.index), f"the blocks of {screen.code} are mixed"


BEGINS_AS = {"AP04": "hold", "OR01": "PR"}
"""Screens that show the fields of one of their deeds to begin with."""


@pytest.mark.parametrize(
    "code",
    [
        code
        for code, page in PAGES.items()
        if page.screen.code not in {"OR02", "OR03", "FL02", "FL03", "AD02", "AD07", "PY05", "PX03", "BA02", "BA03", "BA08"}
    ],
)
def test_a_page_has_the_fields_in_order_with_labels_and_help(desk: Seat, engine: Engine, world: World, code: str) -> None:
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    desk.open(_address(code, world))
    screen = SCREENS[code]
    assert desk.title.startswith(f"{code} "), "the title starts with the code"
    tabbed = re.findall(r'<(?:input|textarea)[^>]*\bid="(\w+)"', desk.page)
    shown = [name for name in tabbed if name != "command" and not name.startswith("wrap_")]
    if code != "BL03":
        in_order = [field.name for field in screen.shown_fields(BEGINS_AS.get(code, "")) if field.kind != "hidden"]
        assert shown == in_order, "Tab goes in the order of the record"
    for name in shown:
        assert f'<label for="{name}">' in desk.page
        assert f'id="help-{name}"' in desk.page
    assert desk.page.count("autofocus") == 1
    if code != "AD01":  # it lists everybody who is signed on, and the tests before this one have signed on a few hundred times
        assert len(desk.page) < 60_000, "a page stays small"
    assert not re.search(r"<(script|style)\b(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|https?://(?!www\.w3\.org)", desk.page), (
        "nothing inline, nothing from outside"
    )
    assert {key.name for key in COMMON_KEYS} >= {"F1", "F3", "F5", "F10"}
    for key in ("F1", "F5", "F10"):
        assert f'data-key="{key}"' in desk.page


def test_the_customer_page_sends_a_fixed_number_of_statements(
    desk: Seat, world: World, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    def sent_for(account: str) -> int:
        with query_count() as sent:
            assert desk.open(f"/s/CU03/{account}").status_code == 200
        return len(sent)

    with_a_line, with_nothing = sent_for(world.account.number), sent_for(world.other.number)
    assert with_a_line <= STATEMENTS_OF_CU03
    assert with_nothing <= with_a_line, "what there is to show does not add statements"


STATEMENTS_OF_CU03 = 20
"""One for who is signed on, the rest for the page; each pane is one question of its room."""
