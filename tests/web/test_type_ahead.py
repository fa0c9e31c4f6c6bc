"""Real key presses on a virtual display, into a browser with a window, faster than the server answers: none is lost.

Keys injected into a headless browser go round the browser's own shortcuts and wait for the page; these come from the
X server, as fingers' do. What a page that loads anew would lose is told in docs/decisions/0133.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import Engine, func, select

from css.core.calendar import london_date
from css.core.clock import SystemClock
from css.db.engine import transaction
from css.master.operators import Operator, OperatorSession
from css.settings import Settings
from css.web.app import create_app
from css.web.guard import COOKIE
from repairs.model import Fault
from tests.conftest import clone
from tests.web.conftest import World, populate
from tests.web.hands import SWITCHES
from tests.web.knowing import caller_known
from tests.web.slow_server import SlowServer

pytestmark = pytest.mark.browser

KEYSYMS = {" ": "space", "+": "plus", "-": "minus", "/": "slash", ".": "period"}
BURST, FAST_TYPIST = 30, 80
"""Milliseconds a key: a phrase the fingers know by heart, and about 150 words a minute."""


@dataclass
class Typist:
    """Somebody at a keyboard of a machine with a display."""

    page: Page
    server: SlowServer
    display: str

    def at_menu(self) -> None:
        """Before the first key: the menu, from a server that answers at once."""
        self.server.delay_seconds = 0
        self.page.goto(f"{self.server.url}/s/MENU")
        self.page.wait_for_selector("#command:focus")
        self.server.posts.clear()

    def keys(self, *keyed: str, each: int = BURST) -> None:
        """Words are typed; a name in brackets, like ``[Tab]``, is a key by its name."""
        symbols = [key for one in keyed for key in ([one[1:-1]] if one.startswith("[") else [KEYSYMS.get(mark, mark) for mark in one])]
        command = ["xdotool", "key", "--delay", str(each), *symbols]
        subprocess.run(command, check=True, env=os.environ | {"DISPLAY": self.display}, timeout=60)

    def rests(self) -> None:
        """Until nothing is under way and nothing waits."""
        self.page.wait_for_selector("#screen:not(.is-waiting)", timeout=30_000)

    @property
    def messages(self) -> str:
        return self.page.inner_text("#said") + self.page.inner_text("[data-slot=wrong]")


def _needed(*programs: str) -> None:
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        sentence = f"No {', '.join(missing)} here, so nobody has typed ahead: apt-get install chromium xvfb xdotool."
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(sentence)
        pytest.skip(sentence)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A display nobody looks at."""
    _needed("Xvfb", "xdotool")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        try:
            yield f":{number}"
        finally:
            running.terminate()


@pytest.fixture(scope="module")
def desk(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlowServer, Engine, World]]:
    """The screens over a database of their own, on today's date."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, london_date(SystemClock().now()))
        app: Flask = create_app(Settings(home=tmp_path_factory.mktemp("home"), secret_key="for tests and nothing else"), engine)
        served = SlowServer(app).start()
        yield served, engine, world
        served.stop()


@pytest.fixture(scope="module")
def _page(display: str, desk: tuple[SlowServer, Engine, World], chromium: str) -> Iterator[Page]:
    """One window for the module, at which somebody is signed on."""
    served, engine, world = desk
    token = _signed_on(engine)
    caller_known(engine, "ALL1", world.account.customer_number, SystemClock().now())
    with sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "DISPLAY": display}
        browser = playwright.chromium.launch(
            executable_path=chromium, headless=False, args=[*SWITCHES, "--window-position=0,0"], env=environment
        )
        context = browser.new_context(no_viewport=True)
        context.add_cookies([{"name": COOKIE, "value": token, "url": served.url}])
        page = context.new_page()
        page.bring_to_front()
        yield page
        browser.close()


def _signed_on(engine: Engine) -> str:
    token = secrets.token_urlsafe(16)
    at = SystemClock().now()
    with transaction(engine) as session:
        operator_id = session.execute(select(Operator.id).where(Operator.code == "ALL1")).scalar_one()
        digest = hashlib.sha256(token.encode()).hexdigest()
        session.add(OperatorSession(operator_id=operator_id, token_sha256=digest, started_at=at, last_used_at=at))
    return token


@pytest.fixture
def typist(_page: Page, desk: tuple[SlowServer, Engine, World], display: str) -> Iterator[Typist]:
    made = Typist(_page, desk[0], display)
    made.at_menu()
    yield made
    desk[0].delay_seconds = 0


@pytest.fixture
def world(desk: tuple[SlowServer, Engine, World]) -> World:
    return desk[2]


@pytest.mark.parametrize("each", [BURST, FAST_TYPIST], ids=["burst", "fast typist"])
@pytest.mark.parametrize("milliseconds", [0, 150, 400, 1000])
def test_a_caller_a_fault_and_an_order_in_one_go_arrive_in_the_right_fields(
    typist: Typist, world: World, milliseconds: int, each: int
) -> None:
    place = f"{world.spare_site.postcode} 4".lower()
    typist.server.delay_seconds = milliseconds / 1000
    typist.keys("0" + world.line.number[2:], "[Return]", "1 fl01", "[Return]", each=each)
    typist.keys("ndt", "[Tab]", "077x", "[BackSpace]", "6", "[Tab]", "y", each=each)
    typist.keys("[F3]", "[shift+F1]", "line-res", "[Tab]", place, "[Return]", "+20", each=each)
    typist.rests()
    assert typist.page.title().startswith("OR01"), typist.messages
    assert typist.page.input_value("#required_on") == "+20", "into the block that the server led to"
    order = next(post for post in typist.server.posts if post.get("product_codes"))
    assert (order["product_codes"], order["address_key"]) == ("line-res", place)
    fault = next(post for post in typist.server.posts if "symptom_code" in post)
    assert (fault["symptom_code"], fault["since"], fault["equipment_checked"]) == ("ndt", "0776", "y")
    assert "CSS990W" not in typist.messages


def test_keys_that_edit_and_move_are_played_as_a_browser_would_have_done_them(typist: Typist, world: World) -> None:
    typist.server.delay_seconds = 1
    typist.keys(
        f"fl01 {world.line.number}", "[Return]", "xdt", "[Home]", "[Delete]", "n", "[Tab]", "rose", "[Left]", "[Left]", "[BackSpace]", "a"
    )
    typist.keys("[Tab]", "[Tab]", "[shift+Tab]", "[BackSpace]", "077")
    assert typist.page.inner_text("#ahead") == "T 22", "the status line counts what waits"
    typist.rests()
    found = {name: typist.page.input_value(f"#{name}") for name in ("symptom_code", "since", "equipment_checked")}
    assert found == {"symptom_code": "ndt", "since": "rase", "equipment_checked": "077"}
    assert typist.page.inner_text("#ahead") == ""


def test_a_screen_to_confirm_swallows_what_was_typed_ahead(typist: Typist, world: World, desk: tuple[SlowServer, Engine, World]) -> None:
    typist.server.delay_seconds = 0.3
    typist.keys(f"fl01 {world.line.number}", "[Return]", "ndt", "[Return]", "[F6]", "[F6]")
    typist.rests()
    assert "what F6 will do" in typist.page.inner_text("main")
    assert "2 keys typed ahead were not used" in typist.messages
    assert typist.messages.endswith("F6 F6")
    with transaction(desk[1]) as session:
        assert session.execute(select(func.count()).select_from(Fault)).scalar_one() == 0, "nobody confirmed what nobody had seen"
    # And F6 pressed twice by who has read it is one F6, not another one on the screen after.
    typist.keys("[F6]", "[F6]")
    typist.rests()
    assert typist.page.title().startswith("FL03")
    assert "does nothing" not in typist.page.inner_text("#keyed")


def test_what_is_wrong_empties_the_queue_and_says_what_was_in_it(typist: Typist) -> None:
    typist.server.delay_seconds = 0.3
    typist.keys("zz99", "[Return]", "ab", "[Tab]", "c")
    typist.rests()
    assert "CSS358E" in typist.messages
    assert "4 keys typed ahead were not used, because something is wrong on this screen: a b Tab c" in typist.messages
    assert typist.page.input_value("#command") == "zz99"


def test_keys_stop_being_taken_when_the_server_is_silent_and_escape_stops_waiting(typist: Typist) -> None:
    typist.server.delay_seconds = 7
    typist.keys("cs01", "[Return]", "abc")
    typist.page.wait_for_selector("[data-told=CSS990W]", timeout=8000)
    assert "3 keys typed ahead were not used, because the server has not answered for 5 seconds: a b c" in typist.messages
    typist.keys("d", "[Escape]")
    typist.rests()
    assert typist.page.title().startswith("MENU")
    assert typist.page.input_value("#command") == "cs01", "and all of it can be sent again"
    typist.server.delay_seconds = 0
    typist.keys("[Return]")
    typist.page.wait_for_selector("body[data-screen=CS01]")


def test_every_function_key_reaches_the_page_and_nothing_else(typist: Typist, world: World) -> None:
    page = typist.page
    page.evaluate(
        """() => {
          window.met = [];
          addEventListener('keydown', (event) => setTimeout(() => met.push([event.key, event.defaultPrevented])), true);
        }"""
    )
    names = [f"F{number}" for number in range(1, 13)]
    typist.keys(*(f"[{name}]" for name in names if name != "F3"), "[ctrl+k]", "[Escape]", "[shift+F5]", "[Prior]", "[Next]")
    page.wait_for_timeout(200)
    met: dict[str, bool] = dict(page.evaluate("met"))
    assert {key for key, taken in met.items() if not taken} <= {"Control", "Shift", "Escape"}
    assert set(names) - {"F3"} <= set(met)
    assert page.title().startswith("MENU")
    assert len(page.context.pages) == 1, "F1 opened no window, F11 and F12 nothing"
