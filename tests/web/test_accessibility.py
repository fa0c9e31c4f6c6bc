"""Every screen, in every state, before axe-core and before what axe-core cannot see: WCAG 2.2 AA in a real browser.

A new screen is covered by being registered, and by its line in ``css.web.examples``. (Reasons: docs/decisions/0141.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from flask import Flask
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine

from css.web.examples import EXAMPLES
from css.web.guard import COOKIE
from css.web.handbook import all_screens
from css.web.screen import Screen
from css.web.screens import PAGES
from tests.web.conftest import MovingClock, World
from tests.web.looking import Viewer
from tests.web.showroom import furnished, serving

pytestmark = pytest.mark.browser

SWITCHES: Final = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
SCREENS: Final = list(all_screens().values())
QUESTIONS: Final = {
    "axe": "axe-core finds nothing by the rules of WCAG 2.0, 2.1 and 2.2 A and AA, and nothing against best practice, in both themes",
    "title": "the title starts with the code",
    "live": "a live region stands ready for messages",
    "labels": "every field is called what its record calls it",
    "keys": "Tab goes in the order of the record and is caught nowhere; no bare letter is a command",
    "focus": "what has the focus is in sight, and has a ring that stands out from any ground",
    "forced": "it has one too where the reader chooses the colours",
    "targets": "whatever can be pressed is 24 by 24 at least",
    "reflow": "a window of 320, and one at 200 %, shows everything without a second scroll bar",
    "spacing": "a reader's own spacing of letters and lines cuts nothing off",
    "moves": "nothing moves by itself",
    "print": "on paper are the code, the title, the reference, the operator and the time, and no keys",
    "own": "nothing is fetched from outside, and the browser has nothing to complain of",
}


@pytest.fixture(scope="module")
def viewer(
    chromium: str,
    settled: tuple[Engine, World],
    _application: tuple[Flask, MovingClock],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Viewer]:
    showroom = furnished(settled, _application, tmp_path_factory.mktemp("spool"))
    seats = {"": showroom.desk, "SIGN": showroom.stranger, "LOCK": showroom.locked}
    with serving(showroom.app) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        contexts = {code: browser.new_context() for code in seats}
        for code, context in contexts.items():
            context.set_default_timeout(10_000)
            if token := seats[code].client.get_cookie(COOKIE):
                context.add_cookies([{"name": COOKIE, "value": token.value, "url": base}])
        yield Viewer(base, contexts, showroom)
        browser.close()


def test_every_screen_has_an_example_to_look_at() -> None:
    assert set(PAGES) <= set(EXAMPLES)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.code)
def test_a_screen_can_be_used_by_everybody(viewer: Viewer, screen: Screen) -> None:
    found = [
        f"{state}, {QUESTIONS[what]}: {complaint}"
        for state, seen in viewer.look(screen).items()
        for what, complaints in seen.complaints.items()
        for complaint in complaints
    ]
    assert found == [], "\n".join(found)
