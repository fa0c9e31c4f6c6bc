"""The page that never reloads: Back and Forward, what refreshes by itself, what pops up, and what survives a server or a browser gone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import Engine, select

from css.core.calendar import london_date
from css.core.clock import SystemClock
from css.db.engine import transaction
from css.master.conversations import Conversation
from css.master.operators import Operator, OperatorSession
from css.settings import Settings
from css.web.app import create_app
from css.web.guard import COOKIE
from tests.conftest import clone
from tests.web.conftest import PASSWORD, World, populate
from tests.web.hands import SWITCHES
from tests.web.knowing import caller_known
from tests.web.looking import AXE, COLOURS, RULES
from tests.web.slow_server import SlowServer

pytestmark = pytest.mark.browser

ARRIVED = "#screen:not(.is-waiting)"


@dataclass
class Worker:
    """Somebody at a browser whose window has been open since the morning."""

    page: Page
    server: SlowServer
    complaints: list[str] = field(default_factory=list)

    def opens(self, path: str) -> None:
        self.page.goto(f"{self.server.url}{path}")
        self.page.evaluate("window.morning = true")

    def keys(self, *keyed: str) -> None:
        """Words are typed, names in brackets are keys; then the screen comes to rest."""
        for one in keyed:
            if one.startswith("["):
                self.page.keyboard.press(one[1:-1])
            else:
                self.page.keyboard.type(one)
        self.page.wait_for_selector(ARRIVED)

    @property
    def cursor(self) -> str:
        return str(self.page.evaluate("document.activeElement.id"))

    @property
    def messages(self) -> str:
        return self.page.inner_text("#said") + self.page.inner_text("[data-slot=wrong]")

    @property
    def never_reloaded(self) -> bool:
        return bool(self.page.evaluate("window.morning === true"))


@pytest.fixture(scope="module")
def desk(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlowServer, Engine, World]]:
    """The screens over a database of their own, on today's date."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, london_date(SystemClock().now()))
        app = create_app(Settings(home=tmp_path_factory.mktemp("home"), secret_key="for tests and nothing else"), engine)
        served = SlowServer(app).start()
        yield served, engine, world
        served.stop()


@pytest.fixture
def world(desk: tuple[SlowServer, Engine, World]) -> World:
    return desk[2]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def sits_down(browser: Browser, desk: tuple[SlowServer, Engine, World]) -> Iterator[Callable[[], BrowserContext]]:
    """A browser of its own for somebody who is signed on, as often as asked."""
    made: list[BrowserContext] = []
    token, at = secrets.token_urlsafe(16), SystemClock().now()
    with transaction(desk[1]) as session:
        operator_id = session.execute(select(Operator.id).where(Operator.code == "ALL1")).scalar_one()
        digest = hashlib.sha256(token.encode()).hexdigest()
        session.add(OperatorSession(operator_id=operator_id, token_sha256=digest, started_at=at, last_used_at=at))

    def again() -> BrowserContext:
        made.append(browser.new_context(viewport={"width": 1280, "height": 700}))
        made[-1].set_default_timeout(8000)
        made[-1].add_cookies([{"name": COOKIE, "value": token, "url": desk[0].url}])
        return made[-1]

    yield again
    for one in made:
        one.close()


@pytest.fixture
def operator(sits_down: Callable[[], BrowserContext], desk: tuple[SlowServer, Engine, World]) -> Iterator[Worker]:
    page = sits_down().new_page()
    made = Worker(page, desk[0])
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    for known in (desk[2].account, desk[2].other):
        caller_known(desk[1], "ALL1", known.customer_number, SystemClock().now())
    desk[0].posts.clear()
    made.opens("/s/MENU")
    yield made
    desk[0].delay_seconds, desk[0].fails_with = 0, 0
    assert made.complaints == []


def test_back_and_forward_lead_through_the_screens_and_nothing_is_loaded_anew(operator: Worker, world: World) -> None:
    page = operator.page
    operator.keys(f"cu03 {world.account.number}", "[Enter]")
    assert page.title().startswith("CU03")
    assert page.url.endswith(f"/s/CU03/{world.account.number}")
    page.set_viewport_size({"width": 1000, "height": 500})
    page.focus("main [data-line='1']")
    page.evaluate("document.querySelector('.body').scrollTop = 60")
    page.keyboard.press("F10")
    operator.keys("[Escape]", "ba01", "[Enter]")
    assert page.title().startswith("BA01")
    page.go_back()
    page.wait_for_selector("body[data-screen=CU03]")
    page.wait_for_selector(ARRIVED)
    assert page.evaluate("document.querySelector('.body').scrollTop") == 60, "where it was read"
    page.go_back()
    page.wait_for_selector("body[data-screen=MENU]")
    page.go_forward()
    page.wait_for_selector("body[data-screen=CU03]")
    assert page.url.endswith(f"/s/CU03/{world.account.number}")
    operator.keys("[F10]", "[Escape]", "[Control+a]", "fl04", "[Enter]")
    page.go_forward()
    assert page.title().startswith("FL04"), "what lay ahead is gone, as in any browser"
    assert operator.never_reloaded


def test_what_was_keyed_is_there_when_back_leads_to_it(operator: Worker, world: World) -> None:
    page = operator.page
    operator.keys(f"fl01 {world.line.number}", "[Enter]", "ndt", "[Tab]", "Rose")
    page.click("nav a[data-key=F10]")
    operator.keys("[Escape]", "menu", "[Enter]")
    assert page.title().startswith("MENU")
    page.go_back()
    page.wait_for_selector("body[data-screen=FL01]")
    assert [page.input_value("#symptom_code"), page.input_value("#since")] == ["ndt", "Rose"]


def test_links_and_keys_of_the_mouse_do_the_same(operator: Worker, world: World) -> None:
    page = operator.page
    operator.opens(f"/s/CU03/{world.account.number}")
    page.click("nav a[data-key='S-F2']")
    page.wait_for_selector("body[data-screen=FL01]")
    page.focus("#symptom_code")
    page.click("nav a[data-key=F4]")
    page.click("#choices li >> nth=0")
    assert page.input_value("#symptom_code")
    page.click("nav button[data-key=Enter]")
    page.wait_for_selector(".effect")
    page.click("nav a[data-key=F1]")
    assert page.is_visible("#help dl")
    assert operator.never_reloaded


def test_a_list_refreshes_by_itself_and_the_cursor_stays_on_its_row(operator: Worker, world: World) -> None:
    page = operator.page
    operator.opens(f"/s/CU03/{world.account.number}")
    page.focus("main [data-line='1']")
    subject = page.get_attribute("main [data-line='1']", "data-subject")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=old>old</p>')")
    page.evaluate("document.body.dataset.pollSeconds = '0.2'; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#old", state="detached")
    assert page.evaluate("document.activeElement.dataset.subject") == subject


def test_nothing_is_sent_again_while_nothing_changes(operator: Worker) -> None:
    page = operator.page
    operator.keys("fl04", "[Enter]")
    assert float(page.get_attribute("body", "data-poll-seconds") or 0) > 0
    page.evaluate("window.before = document.querySelector('main').firstElementChild; document.body.dataset.pollSeconds = '0.2'")
    with page.expect_response(lambda answer: answer.status == 304) as told:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert told.value.request.headers["x-css-poll"] == "1", "so that it keeps no desk open"
    assert page.evaluate("before.isConnected")


def test_a_field_that_is_typed_into_is_never_touched_by_a_refresh(operator: Worker) -> None:
    page = operator.page
    operator.keys("cs01", "[Enter]")
    name = page.evaluate("document.querySelector('main input').id")
    page.focus(f"#{name}")
    page.keyboard.type("Tan")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p id=old>old</p>')")
    page.evaluate("document.body.dataset.pollSeconds = '0.2'; document.dispatchEvent(new Event('visibilitychange'))")
    page.keyboard.type("sley", delay=120)
    page.wait_for_selector("#old", state="detached")
    page.keyboard.type(" A")
    assert page.input_value(f"#{name}") == "Tansley A"


def test_the_values_of_a_field_are_found_by_typing_and_put_in(operator: Worker, world: World) -> None:
    page = operator.page
    operator.keys(f"fl01 {world.line.number}", "[Enter]")
    assert operator.cursor == "symptom_code"
    assert page.get_attribute("#symptom_code", "role") == "combobox"
    operator.keys("[F4]")
    assert page.get_attribute("#symptom_code", "aria-expanded") == "true"
    before = page.locator("#choices [role=option]").count()
    operator.keys("no d")
    assert 0 < page.locator("#choices [role=option]").count() < before
    marked = page.get_attribute("#symptom_code", "aria-activedescendant")
    assert page.get_attribute(f"#{marked}", "aria-selected") == "true"
    operator.keys("[ArrowDown]", "[ArrowUp]", "[Enter]")
    assert page.input_value("#symptom_code") == "NDT"
    assert operator.cursor == "since", "and on to the next field"
    operator.keys("[Shift+Tab]", "[F4]", "[Escape]")
    assert not page.is_visible("#choices")
    assert page.input_value("#symptom_code") == "NDT", "Escape changes nothing"
    operator.keys("[F4]", "[ArrowDown]", "[Tab]")
    assert not page.is_visible("#choices")
    assert page.input_value("#symptom_code") == "NDT"


def test_the_palette_finds_by_a_few_letters_and_prints_codes_and_keys(operator: Worker, world: World) -> None:
    page = operator.page
    operator.opens(f"/s/CU03/{world.account.number}")
    operator.keys("[Control+k]")
    assert operator.cursor == "command"
    assert page.get_attribute("#command", "aria-expanded") == "true"
    operator.keys("fault rep")
    first = page.inner_text("#choices [aria-selected=true]")
    assert "FL01" in first
    assert "Shift+F2" in first, "its own key, to be learned"
    operator.keys("[Enter]")
    assert page.title().startswith("FL01")
    operator.keys("[F10]", f"cu03 {world.other.number}", "[Enter]")
    assert page.url.endswith(world.other.number), "a command is taken as it was typed"
    operator.keys("[F10]", "theme pa", "[Enter]")
    assert page.evaluate("document.documentElement.dataset.theme") == "paper"
    operator.keys("[F9]")
    assert page.input_value("#command") == "THEME PAPER"
    operator.keys("[F9]")
    assert page.input_value("#command") == f"cu03 {world.other.number}", "and the one before"


def test_what_pops_up_can_be_used_by_everybody(operator: Worker, world: World) -> None:
    page = operator.page
    operator.keys(f"fl01 {world.line.number}", "[Enter]")
    page.evaluate(AXE)
    for keys, popped in {("[F4]",): "#choices", ("[Escape]", "[F10]", "fault"): "#choices", ("[Escape]", "[F2]"): "#wrap"}.items():
        operator.keys(*keys)
        for theme, rules in {"green": COLOURS, "paper": RULES}.items():
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            found = page.evaluate("([part, rules]) => axe.run(part, {runOnly: rules})", [popped, rules])
            assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == [], keys


def test_up_and_down_and_a_number_open_a_line(operator: Worker, world: World) -> None:
    page = operator.page
    operator.opens(f"/s/CU03/{world.account.number}")
    operator.keys("[ArrowDown]")
    assert page.evaluate("document.activeElement.dataset.line") == "1"
    operator.keys("[ArrowUp]")
    assert operator.cursor == "command"
    operator.keys("1 fl01", "[Enter]")
    assert page.title().startswith("FL01")
    assert "01632 960123" in page.inner_text("main")


def test_the_wrap_up_opens_with_f2_and_a_note_goes_along_from_screen_to_screen(operator: Worker, world: World) -> None:
    page = operator.page
    operator.opens(f"/s/CU03/{world.account.number}")
    operator.keys("[F2]")
    assert operator.cursor == "wrap_reason"
    operator.keys("[F2]")
    assert operator.cursor == "command"
    operator.keys("[F2]", "[Tab]", "rang about the line", "[Escape]", "[Shift+F2]")
    assert page.title().startswith("FL01")
    assert page.input_value("#wrap_note") == "rang about the line"
    operator.keys("[F2]", "[Enter]")
    post = operator.server.posts[-1]
    assert (post["key"], post["hand"]) == ("F2", world.account.number)


def test_a_server_that_goes_and_comes_back_finds_what_was_typed(operator: Worker, world: World) -> None:
    page = operator.page
    operator.keys(f"fl01 {world.line.number}", "[Enter]", "ndt")
    operator.server.stop()
    operator.keys("[Enter]")
    page.wait_for_selector("[data-told=CSS991E]")
    assert "the same key (Enter) tries again" in operator.messages
    operator.keys("[Tab]", "Rose")
    operator.server.start()
    operator.keys("[Enter]")
    page.wait_for_selector(".effect")
    assert [page.input_value("#symptom_code"), page.input_value("#since")] == ["ndt", "Rose"]
    assert "CSS991E" not in operator.messages
    operator.server.fails_with = 502
    operator.keys("[F6]")
    assert "CSS993E" in operator.messages
    operator.server.fails_with = 0
    operator.keys("[F6]")
    assert page.title().startswith("FL03")
    assert operator.never_reloaded


def test_what_was_typed_outlives_the_browser(
    operator: Worker, sits_down: Callable[[], BrowserContext], desk: tuple[SlowServer, Engine, World], world: World
) -> None:
    page = operator.page
    operator.keys(f"fl01 {world.other.number}", "[Enter]")
    operator.opens(f"/s/OR01/{world.other.number}")
    page.focus("#contact_phone")
    page.keyboard.type("07700 900789")
    with page.expect_response(lambda answer: answer.request.post_data is not None and "key=Keep" in answer.request.post_data) as kept:
        pass
    assert kept.value.status == 204
    token = page.input_value("[name=token]")
    page.context.close()  # as a crash would: nothing more is said
    with transaction(desk[1]) as session:
        keyed = session.execute(select(Conversation.keyed).where(Conversation.token == token)).scalar_one()
    assert keyed["contact_phone"] == "07700 900789"
    again = sits_down().new_page()
    again.goto(f"{desk[0].url}/s/OR01/{world.other.number}?c={token}")
    assert again.input_value("#contact_phone") == "07700 900789"


def test_pasting_and_the_mouse_work_while_a_screen_is_under_way(operator: Worker, world: World) -> None:
    page = operator.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('ndt')")
    operator.server.delay_seconds = 0.3
    page.keyboard.type(f"fl01 {world.line.number}")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+v")
    page.keyboard.press("Tab")
    operator.keys("Rose")
    assert [page.input_value("#symptom_code"), page.input_value("#since")] == ["ndt", "Rose"]
    page.keyboard.press("F10")
    page.wait_for_selector(ARRIVED)
    page.keyboard.press("Escape")
    page.click("nav a[data-key=F1]")
    assert page.is_visible("#help dl")


def test_an_input_method_at_work_is_waited_for(operator: Worker, world: World) -> None:
    page = operator.page
    method = page.context.new_cdp_session(page)
    operator.keys(f"fl01 {world.line.number}", "[Enter]", "[Tab]", "[Control+a]")
    operator.server.delay_seconds = 0.3
    page.keyboard.press("F5")
    method.send("Input.imeSetComposition", {"text": "Ros", "selectionStart": 3, "selectionEnd": 3})
    page.wait_for_timeout(500)
    assert page.locator(ARRIVED).count() == 0, "the screen is here and does not take the half-made word away"
    method.send("Input.insertText", {"text": "Rosé"})
    page.wait_for_selector(ARRIVED)
    assert "Rosé" in page.evaluate("[...document.querySelectorAll('main input')].map((one) => one.value).join()")


def test_a_document_opens_beside_the_screen(operator: Worker) -> None:
    page = operator.page
    page.evaluate(
        """() => {
          const link = document.createElement('a');
          link.href = document.querySelector('link[rel=icon]').href;
          link.id = 'picture';
          link.textContent = 'picture';
          document.querySelector('main').append(link);
        }"""
    )
    with page.context.expect_page() as opened:
        page.click("#picture")
    assert opened.value.url.endswith(".svg")
    assert page.title().startswith("MENU")
    assert page.locator(ARRIVED).count() == 1


def test_nobody_inherits_the_commands_of_whoever_sat_there_before(operator: Worker) -> None:
    operator.keys("ba01", "[Enter]", "off", "[Enter]")
    operator.keys("clerk", "[Tab]", PASSWORD, "[Enter]")
    assert operator.page.title().startswith("MENU"), operator.messages
    operator.keys("[F9]")
    assert operator.page.input_value("#command") == ""
    operator.keys("[F10]", "ad01")
    assert operator.page.locator("#choices li:has-text('AD01')").count() == 0
    operator.page.go_back()
    operator.page.wait_for_selector(ARRIVED)
    assert operator.never_reloaded


def test_the_regions_that_are_read_out_are_there_from_the_start_and_stay(operator: Worker) -> None:
    page = operator.page
    page.evaluate("window.regions = [...document.querySelectorAll('[role=status], [role=alert], [aria-live]')]")
    assert page.evaluate("regions.length") >= 3
    operator.keys("zz99", "[Enter]")
    assert "CSS358E" in operator.messages
    assert page.evaluate("regions.every((one) => one.isConnected)"), "a region that is replaced is not heard"
    assert page.inner_text("#response").startswith("R1")
    assert "database" in page.inner_text("#response")


def test_a_desk_left_alone_warns_locks_and_opens_where_it_was(operator: Worker, world: World) -> None:
    page = operator.page
    page.clock.install()
    operator.opens(f"/s/FL01/{world.line.number}")
    page.focus("#contact_name")
    operator.keys("[Control+a]", "Rose")
    page.clock.fast_forward("14:10")
    page.wait_for_selector("[data-told=CSS994W]")
    operator.keys("s")
    page.wait_for_selector("[data-told=CSS994W]", state="detached")
    page.clock.fast_forward("14:10")
    page.clock.fast_forward("01:00")
    page.wait_for_selector("body[data-screen=LOCK]")
    assert "Tansley" not in page.inner_text("body"), "nobody reads over an empty chair"
    operator.keys(PASSWORD, "[Enter]")
    page.wait_for_selector("body[data-screen=FL01]")
    assert page.input_value("#contact_name") == "Roses"


@pytest.mark.parametrize("trouble", ["refused", "out of order", "gone", "another screen"])
def test_a_desk_left_alone_shows_nothing_even_where_the_server_does_not_lock_it(operator: Worker, world: World, trouble: str) -> None:
    page = operator.page
    page.clock.install()
    operator.opens(f"/s/FL01/{world.line.number}")
    page.focus("#contact_name")
    operator.keys("[Control+a]", "Rose")
    before = page.title()
    shown, at = page.content(), f"/s/FL01/{world.line.number}"
    answers = {
        "refused": lambda route: route.fulfill(status=400, content_type="text/html", body="<body><b>CSS353E</b></body>"),
        "out of order": lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>"),
        "gone": lambda route: route.abort(),
        "another screen": lambda route: route.fulfill(headers={"Content-Type": "text/html", "X-CSS-Address": at}, body=shown),
    }
    page.route("**/lock?*", answers[trouble])
    page.clock.fast_forward("15:10")
    page.wait_for_selector("html[data-covered]")
    page.clock.fast_forward("00:10")
    page.wait_for_selector("[data-told=CSS995W]")
    page.keyboard.type("x")
    page.keyboard.press("F3")
    page.mouse.click(200, 200)
    seen = page.inner_text("body")
    assert seen.strip().startswith("CSS995W"), "nothing but that is in sight"
    assert "Tansley" not in seen
    assert page.title() != before
    page.unroute("**/lock?*")
    page.clock.fast_forward("00:10")
    page.wait_for_selector("body[data-screen=LOCK]")
    assert not page.evaluate("document.documentElement.hasAttribute('data-covered')")
    operator.keys(PASSWORD, "[Enter]")
    page.wait_for_selector("body[data-screen=FL01]")
    if trouble != "another screen":
        assert page.input_value("#contact_name") == "Rose", "and what was keyed is there"


def test_what_may_be_a_password_is_never_read_back(operator: Worker) -> None:
    operator.server.delay_seconds = 0.2
    operator.page.keyboard.type("off")
    operator.page.keyboard.press("Enter")
    operator.keys("all1", "[Tab]", PASSWORD)
    assert operator.page.title().startswith("SIGN")
    assert "22 keys typed ahead were not used, because nobody is signed on" in operator.messages
    assert "p a r" not in operator.messages
    assert "parrot" not in operator.page.inner_text("body")
