"""A real browser and the keyboard alone, at a real `css serve`: the cursor, the keys, Tab, focus, a narrow window, and no script."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from css.core.phone import display_number
from tests.web.conftest import PASSWORD, World
from tests.web.hands import SWITCHES, Hands

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        sentence = "Chromium is not installed, so nobody has pressed a key: install Debian's package chromium."
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def signed_on(browser: Browser, served: tuple[str, World]) -> Iterator[BrowserContext]:
    """A browser window at which somebody has signed on with the keyboard."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    Hands(context.new_page(), served[0]).sign_on("all1", PASSWORD)
    yield context
    context.close()


@pytest.fixture
def hands(signed_on: BrowserContext, served: tuple[str, World]) -> Iterator[Hands]:
    """A new page of it, at the menu."""
    page = signed_on.new_page()
    made = Hands(page, served[0])
    page.on("console", lambda message: made.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(served[0]) else made.complaints.append(request.url))
    page.goto(f"{served[0]}/s/MENU")
    yield made
    page.close()
    assert [complaint for complaint in made.complaints if "422" not in complaint] == [], "no script error, no outside request"


@pytest.fixture
def world(served: tuple[str, World]) -> World:
    return served[1]


def test_a_wrong_field_gets_the_cursor_and_two_presses_are_one(hands: Hands, world: World) -> None:
    hands.type(f"or01 {world.other.number}")
    hands.go("Enter", to="OR01")
    assert hands.cursor == "contact_phone"
    hands.type("12")
    hands.press("Tab")
    hands.type("NOSUCH")
    for name, text in {"#address_key": world.district.gold[4].address_key, "#required_on": "+20"}.items():
        hands.page.focus(name)
        hands.type(text)
    hands.go("Enter", to="OR01")
    assert hands.cursor == "contact_phone", "the first wrong field"
    assert hands.page.input_value("#product_codes") == "NOSUCH"
    assert hands.page.get_attribute("#contact_phone", "aria-invalid") == "true"
    hands.type("07700900456")
    hands.press("Tab")
    hands.press("Control+A")
    hands.type("LINE-RES")
    hands.go("Enter", to="OR01")
    assert "what F6 will do" in hands.text
    hands.page.keyboard.press("F6")
    hands.page.keyboard.press("F6")
    hands.page.wait_for_url("**/s/OR03/**")
    hands.page.goto(f"{hands.base}/s/CU03/{world.other.number}")
    hands.press("Shift+F6")
    hands.type("no")
    hands.press("Tab")
    hands.type("how many orders?")
    hands.go("Enter", to="CU03")
    hands.page.wait_for_selector("text=Open without a caller")
    assert hands.page.locator('a[href*="/s/OR03/"]').count() == 2, "one order: in its pane and on the timeline"
    hands.command("1 or01 fe", to="OR01")
    assert hands.value("kind") == "FE", "what stands behind the code goes along"


def test_function_keys_work_inside_a_field_and_help_is_where_the_cursor_is(hands: Hands, world: World) -> None:
    hands.type(f"fl01 {world.line.number}")
    hands.go("Enter", to="FL01")
    hands.press("F1")
    assert hands.page.is_visible("#help dl")
    assert hands.page.inner_text(".is-here") == "Symptom"
    hands.press("F1")
    assert not hands.page.is_visible("#help dl")
    assert not hands.page.is_visible("text=crossed line"), "the values take no room"
    hands.press("F4")
    hands.page.wait_for_selector("#choices li")
    assert hands.page.locator("text=crossed line >> visible=true").count() == 1, "one list of them, not two"
    hands.press("Escape")
    assert not hands.page.is_visible("#choices")
    hands.press("Tab", "Tab", "F11")
    assert "does nothing here" in hands.page.inner_text("#keyed")
    hands.press("F9")
    assert hands.page.input_value("#command") == f"fl01 {world.line.number}", "the last command again"
    hands.page.fill("#command", "")
    hands.press("Control+k")
    assert hands.cursor == "command"
    # Whether the browser itself would have taken the key cannot be seen without a window: whether it was left any, can.
    hands.page.evaluate("addEventListener('keydown', (e) => setTimeout(() => { window.taken = e.defaultPrevented; }), true)")
    for key in ("F1", "F2", "F4", "F7", "F8", "F9", "F10", "F11", "Control+k"):
        hands.press(key)
        taken = hands.page.evaluate("new Promise((told) => setTimeout(() => { told(window.taken); delete window.taken; }, 20))")
        assert taken, f"the browser would act on {key}"
    hands.go("F12", to="CU03")
    hands.go("F3", to="MENU")


def test_what_is_typed_after_f4_narrows_the_list_and_leaves_the_question_alone(hands: Hands, world: World) -> None:
    hands.type(f"or01 {world.account.number}")
    hands.go("Enter", to="OR01")
    hands.page.fill("#address_key", world.spare_site.postcode.replace(" ", ""))
    hands.page.focus("#address_key")
    hands.press("F4")
    hands.page.wait_for_selector("#choices li")
    before = hands.page.locator("#choices li").count()
    hands.type("4")
    assert 0 < hands.page.locator("#choices li").count() < before
    assert hands.page.input_value("#address_key") == world.spare_site.postcode.replace(" ", "")
    hands.press("Backspace")
    assert hands.page.locator("#choices li").count() == before
    hands.type("4")
    hands.press("Enter")
    assert hands.page.input_value("#address_key") == world.spare_site.address_key


def test_what_is_saved_is_fetched_once(hands: Hands) -> None:
    fetched: list[str] = []
    hands.page.on("request", lambda request: fetched.append(request.url) if "as=csv" in request.url else None)
    hands.type("ad06")
    hands.go("Enter", to="AD06")
    hands.press("Enter")
    hands.page.wait_for_selector("[data-key=S-F2]")
    with hands.page.expect_download() as saved:
        hands.press("Shift+F2")
    assert saved.value.suggested_filename == "audit-trail.csv"
    assert len(fetched) == 1


def test_tab_follows_the_screen_and_leaves_no_trap(hands: Hands, world: World) -> None:
    hands.type(f"py01 {world.account.number}")
    hands.go("Enter", to="PY01")
    hands.page.focus("#account_number")
    seen = []
    for _ in range(40):
        seen.append(hands.cursor)
        hands.press("Tab")
        if hands.page.evaluate("document.activeElement === document.body"):
            break
    order = [name for name in seen if name in {"account_number", "amount", "method", "reference", "received_on", "command"}]
    assert order == ["account_number", "amount", "method", "reference", "received_on", "command"]
    assert len(seen) < 40, "Tab comes out at the end"


@pytest.mark.parametrize("theme", ["GREEN", "PAPER"])
def test_what_has_the_cursor_is_plain_to_see(hands: Hands, theme: str) -> None:
    hands.type(f"theme {theme}")
    hands.go("Enter", to="MENU")
    assert hands.page.evaluate("document.documentElement.dataset.theme") == theme.lower()
    ring = hands.page.evaluate(
        """() => {
          const style = getComputedStyle(document.activeElement);
          return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow];
        }"""
    )
    assert ring[0] == "solid"
    assert ring[2] == "rgb(255, 213, 74)", "a yellow line for the dark theme"
    assert "rgb(17, 17, 17)" in ring[3] or "rgb(0, 0, 0)" in ring[3], "and a black one for the light"


def test_screens_fit_a_narrow_window(hands: Hands, world: World) -> None:
    hands.page.set_viewport_size({"width": 320, "height": 640})
    account, number = world.account.number, world.line.number
    for screen in ("MENU", "CS01", f"CU03/{account}", f"OR01/{account}", f"FL01/{number}", f"PY01/{account}", "FL04", "BA01"):
        hands.page.goto(f"{hands.base}/s/{screen}")
        assert hands.page.evaluate("document.documentElement.scrollWidth") <= 320, screen


def test_without_script_the_same_forms_do_the_same(browser: Browser, served: tuple[str, World], world: World) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served[0])
    page.fill("#operator", "CLERK")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/s/MENU")
    page.fill("#command", display_number(world.line.number))
    page.keyboard.press("Enter")
    page.wait_for_url("**/s/CU03/**")
    assert page.title().startswith("CU03")
    page.click("nav a:has-text('payment')")
    page.fill("#amount", "1")
    page.fill("#method", "CA")
    page.click("button:has-text('check')")
    page.click("button:has-text('take payment')")
    page.wait_for_url("**/s/CU03/**")
    assert "£1.00 taken" in page.inner_text(".messages")
    context.close()
