"""Adding a screen is one record, one template, one function: a toy is added here, and is met in all the places a screen is met."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from flask import Flask, Response
from sqlalchemy import Engine

from css.core.words import Role
from css.web.desk import Desk
from css.web.form import Form
from css.web.handbook import all_screens, handbook
from css.web.page import Arguments, Page, Posted
from css.web.rendering import show
from css.web.screen import EVERYBODY, Field, Key, ResponseClass, Screen
from css.web.screens import PAGES
from tests.web.conftest import MovingClock, Seat, World, seated
from tests.web.nonsense import NONSENSE, faults
from tests.web.showroom import example

# --- the record ---
TOY = Screen(
    code="TY01",
    title="Choose a toy",
    family="Toys",
    help="For whoever waits at the counter.",
    roles=frozenset({Role.CLERK, Role.SUPERVISOR}),
    response=ResponseClass.R1,
    takes="[kind]",
    fields=(
        Field(name="toy", label="Toy", help="What it is: bear, kite or top.", kind="code", length_max=8, is_required=True),
        Field(name="note", label="Note", help="Whom it is for.", length_max=40),
    ),
    keys=(Key(name="Enter", label="check", sends=True),),
    converses=True,
)
# --- the template ---
TEMPLATE = """{% extends "base.html" %}{% block main %}{{ parts.fields(form) }}{% endblock %}"""


# --- the function; it has a second one, for keys, because it is a screen to key into ---
def show_toys(at_desk: Desk, arguments: Arguments) -> Response:
    return _toys(at_desk, Form.blank(TOY, toy=arguments[0] if arguments else ""))


def act_toys(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(TOY, posted)
    return _toys(at_desk, form, status=422 if form.has_errors else 200)


def _toys(at_desk: Desk, form: Form, status: int = 200) -> Response:
    return show(at_desk, TOY, form=form, status=status, choices={"toy": (("BEAR", "soft"), ("KITE", "flies"))})


@pytest.fixture(autouse=True)
def _toy_shop(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "TY01.html").write_text(TEMPLATE, encoding="utf-8")
    given = app.jinja_loader
    assert given is not None
    monkeypatch.setattr(app.jinja_env, "loader", jinja2.ChoiceLoader([jinja2.FileSystemLoader(tmp_path), given]))
    # --- its line in the register ---
    monkeypatch.setitem(PAGES, "TY01", Page(TOY, show_toys, act_toys))


def test_it_is_on_the_menu_and_in_the_palette_of_its_roles_alone(app: Flask, engine: Engine, clock: MovingClock) -> None:
    for role in Role:
        seat = seated(app, engine, role.name[:8], clock.at)
        seat.open("/s/MENU")
        assert ("TY01" in seat.page) == (role in TOY.roles)
        listed = [code for code, *_ in seat.client.get("/palette").get_json()["screens"]]
        assert ("TY01" in listed) == (role in TOY.roles)
        assert seat.client.get("/s/TY01").status_code == (200 if role in TOY.roles else 403)


def test_it_is_opened_by_its_code_with_what_it_takes(desk: Seat) -> None:
    desk.open("/s/MENU")
    desk.press(command="ty01 KITE", cursor="command")
    assert desk.title == "TY01 Choose a toy"
    assert desk.form()["toy"] == "KITE"


def test_it_has_labels_help_values_and_keys_without_another_word(desk: Seat) -> None:
    desk.open("/s/TY01")
    assert desk.cursor == "toy", "the first empty field that is needed"
    for words in ("For whoever waits at the counter.", "bear, kite or top", '<label for="note">Note</label>', "flies", "[kind]"):
        assert words in desk.page
    for key in ("Enter", "F1", "F3", "F4", "F5", "F10"):
        assert f'data-key="{key}"' in desk.page


def test_what_is_keyed_is_checked_kept_and_comes_again(desk: Seat) -> None:
    desk.open("/s/TY01")
    assert desk.press("Enter", toy="", note="for Ada").status_code == 422
    assert "CSS360E" in desk.said
    token = desk.form()["token"]
    desk.open("/s/MENU")
    desk.open(f"/s/TY01?c={token}")
    assert desk.form()["note"] == "for Ada"


def test_it_is_in_the_handbook_and_under_the_tests_of_all_screens(desk: Seat, world: World) -> None:
    assert TOY in list(all_screens().values())
    page = handbook(all_screens().values())
    assert "### TY01 Choose a toy" in page
    assert "| Toy * | code, F4 lists | 8 | What it is: bear, kite or top. |" in page
    # The tests of accessibility, of weight and the fuzzer go over these, by the example of each.
    assert all_screens()["TY01"] is TOY
    assert example(TOY).address("TY01", {}) == "/s/TY01"
    desk.open("/s/TY01")
    for nasty in NONSENSE.values():
        answer = desk.client.post("/s/TY01", data=desk.form() | {"toy": nasty, "note": nasty, "key": "Enter"})
        assert faults(answer) == []


def test_nobody_may_use_it_unless_named() -> None:
    assert Screen.__dataclass_fields__["roles"].default is not EVERYBODY, "rights are said, not assumed"
