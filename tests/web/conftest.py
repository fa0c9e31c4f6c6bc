"""The screens in process, over a database of their own, with a small district and operators of every role to sign on as."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from css.core.calendar import london_date
from css.core.clock import SystemClock
from css.core.words import ContactPointKind, Role
from css.db.engine import transaction
from css.master.commands import AddOperator, ReachAt
from css.master.enrol import add_operator
from css.master.operators import Operator, OperatorSession
from css.settings import Settings
from css.web.app import create_app
from css.web.guard import COOKIE
from css.web.rendering import ADDRESS_HEADER, SHELL_HEADER
from tests import builders
from tests.conftest import clone
from tests.web.hands import SWITCHES, Hands
from tests.web.knowing import caller_known
from tests.web.morning import MORNING, Day, SitsDown, two_nights
from tests.web.slow_server import SlowServer

ROOT = Path(__file__).parents[2]
PASSWORD = "slow green parrot"
AT = builders.AT


@dataclass
class MovingClock:
    """A clock a test sets."""

    at: datetime = AT

    def now(self) -> datetime:
        return self.at

    def goes_on(self, **time: int) -> None:
        self.at += timedelta(**time)


@dataclass(frozen=True)
class World:
    """One district: Ada Tansley with one working line, a second customer with two accounts, a partner's account."""

    district: builders.BuiltDistrict
    account: builders.BuiltAccount
    line: builders.BuiltLine
    other: builders.BuiltAccount
    second: builders.BuiltAccount
    spare_site: builders.BuiltSite


@dataclass
class Seat:
    """Somebody at a browser: keys forms as a person would, with the hidden fields of the page before."""

    client: FlaskClient
    page: str = ""
    answer: TestResponse | None = None
    path: str = ""
    has_script: bool = True
    """Whether our own script asks, which takes a page as the answer to a post; without it there is an address to look at."""

    def open(self, path: str) -> TestResponse:
        return self._took(self.client.get(path, follow_redirects=True))

    def press(self, key: str = "Enter", **keyed: str) -> TestResponse:
        """Post the form of the page as it stands, with these fields keyed over, and follow where it leads."""
        headers = {SHELL_HEADER: "1"} if self.has_script else {}
        action = re.search(r'<form\b[^>]*\baction="([^"]+)"', self.page)
        target = _plain(action[1]) if action else self.path
        return self._took(self.client.post(target, data=self.form() | keyed | {"key": key}, headers=headers, follow_redirects=True))

    def form(self) -> dict[str, str]:
        """Every field of the page by name, as a browser would send it."""
        found: dict[str, str] = {}
        for tag in re.findall(r"<input\b[^>]*>", self.page):
            name = re.search(r'\bname="([^"]*)"', tag)
            value = re.search(r'\bvalue="([^"]*)"', tag)
            if name:
                found[name[1]] = _plain(value[1]) if value else ""
        for name_, text in re.findall(r'<textarea\b[^>]*\bname="([^"]*)"[^>]*>(.*?)</textarea>', self.page, re.DOTALL):
            found[name_] = _plain(text)
        return found

    def sign_on(self, operator: str, password: str = PASSWORD) -> TestResponse:
        self.open("/sign-on")
        return self.press(operator=operator, password=password)

    @property
    def said(self) -> list[str]:
        """The codes on the page: of messages and of errors."""
        return re.findall(r"<b>(CSS\d{3}[EWI])</b>", self.page)

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.page, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    @property
    def cursor(self) -> str:
        """The field the page starts in."""
        found = re.search(r'<(?:input|textarea)\b[^>]*\bid="([^"]*)"[^>]*\bautofocus', self.page)
        return found[1] if found else ""

    def _took(self, answer: TestResponse) -> TestResponse:
        self.answer, self.page, self.path = answer, answer.get_data(as_text=True), answer.request.full_path.rstrip("?")
        self.path = answer.headers.get(ADDRESS_HEADER, self.path)
        return answer


def _plain(text: str) -> str:
    return text.replace("&#34;", '"').replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    """A database for the module, with its world."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


def populate(session: Session, on: date) -> World:
    """Operators of every role, and one of all of them; a district on a business date with the customers of ``World``."""
    everybody = {role.name[:8]: (role,) for role in Role} | {"ALL1": tuple(Role)}
    for code, roles in everybody.items():
        command = AddOperator(code=code, name=f"Operator {code.title()}", team="Desk", password=PASSWORD, roles=roles)
        add_operator(session, command, by=builders.OPERATOR, at=AT)
    zz = builders.district(session, on=on, pairs=8, sites=6)
    reach_at = (ReachAt(kind=ContactPointKind.MOBILE, value="07700 900123", is_preferred=True),)
    ada = builders.customer(session, zz, password_phrase="marmalade", reach_at=reach_at)
    account = builders.account(session, zz, customer_number=ada)
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY",), starts_on=on)
    ben = builders.customer(session, zz, first_name="Ben", surname="Quill", title="Mr")
    other = builders.account(session, zz, customer_number=ben, billing_name="Mr B Quill")
    second = builders.account(session, zz, customer_number=ben, billing_name="Mr B Quill")
    return World(zz, account, line, other, second, zz.gold[3])


@pytest.fixture
def engine(settled: tuple[Engine, World]) -> Engine:
    return settled[0]


@pytest.fixture
def world(settled: tuple[Engine, World]) -> World:
    return settled[1]


@pytest.fixture(scope="module")
def _application(settled: tuple[Engine, World], tmp_path_factory: pytest.TempPathFactory) -> tuple[Flask, MovingClock]:
    """One application a module: its templates are read once."""
    clock = MovingClock()
    home = tmp_path_factory.mktemp("home")
    return create_app(Settings(home=home, secret_key="for tests and nothing else"), settled[0], clock), clock


@pytest.fixture
def app(_application: tuple[Flask, MovingClock], engine: Engine) -> Flask:
    _application[0].extensions["css"].given_engine = engine
    return _application[0]


@pytest.fixture
def clock(_application: tuple[Flask, MovingClock]) -> MovingClock:
    """The application's clock, set back to where the world begins."""
    _application[1].at = AT
    return _application[1]


@pytest.fixture
def seat(app: Flask) -> Seat:
    """A browser nobody has signed on at."""
    return Seat(app.test_client())


def seated(app: Flask, engine: Engine, operator: str, at: datetime) -> Seat:
    """A browser at which an operator is signed on already, without the time a password check takes."""
    token = secrets.token_urlsafe(16)
    with transaction(engine) as session:
        operator_id = session.execute(select(Operator.id).where(Operator.code == operator)).scalar_one()
        session.add(
            OperatorSession(
                operator_id=operator_id, token_sha256=hashlib.sha256(token.encode()).hexdigest(), started_at=at, last_used_at=at
            )
        )
    made = Seat(app.test_client())
    made.client.set_cookie(COOKIE, token)
    return made


@pytest.fixture
def desk(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    """A browser at which somebody with every role is signed on."""
    return seated(app, engine, "ALL1", clock.at)


@pytest.fixture
def caller_is_known(desk: Seat, engine: Engine, clock: MovingClock, world: World) -> None:
    """At the desk they have made sure of both customers: their screens show all they have."""
    for one in (world.account, world.other):
        caller_known(engine, "ALL1", one.customer_number, clock.at)


@pytest.fixture
def colleague(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    """A second browser, with a clerk at it."""
    return seated(app, engine, "CLERK", clock.at)


@pytest.fixture(scope="module")
def served(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    """The address of a real ``css serve`` over a database of its own, and what is in it on today's date."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, london_date(SystemClock().now()))
        url = engine.url.render_as_string(hide_password=False)
        environment = os.environ | {"CSS_DATABASE_URL": url, "CSS_HOME": str(tmp_path_factory.mktemp("home"))}
        command = [sys.executable, "-m", "css", "serve", "--port", "0", "--workers", "1"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
            try:
                assert running.stdout is not None
                said = running.stdout.readline()
                found = re.search(r"http://127\.0\.0\.1:\d+", said)
                assert found, f"css serve said {said!r}"
                yield found[0], world
            finally:
                running.terminate()
                assert running.wait(20) == 0


# --- whole calls, at real browsers -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def day(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The morning on which whole calls are tried; each test copies it."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        made = two_nights(engine, world, tmp_path_factory.mktemp("nights"))
        engine.dispose()
        yield made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlowServer, MovingClock]]:
    """The screens on the air, with a clock that tests move; each test brings its own database."""
    clock = MovingClock(MORNING)
    settings = Settings(home=tmp_path_factory.mktemp("home"), secret_key="for tests and nothing else")
    served = SlowServer(create_app(settings, clock=clock)).start()
    yield served, clock
    served.stop()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def wall(shop: tuple[SlowServer, MovingClock]) -> MovingClock:
    """The clock everybody goes by, at nine forty."""
    shop[1].at = MORNING
    return shop[1]


@pytest.fixture
def sits_down(browser: Browser, shop: tuple[SlowServer, MovingClock], wall: MovingClock, day: Day, server: str) -> Iterator[SitsDown]:
    """Somebody signs on, at a browser of their own, and looks at the menu."""
    contexts: list[BrowserContext] = []
    people: list[Hands] = []

    def down(operator: str) -> Hands:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        contexts[-1].set_default_timeout(20_000)
        page = contexts[-1].new_page()
        made = Hands(page, shop[0].url)
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(made.base) else made.complaints.append(request.url))
        people.append(made)
        made.sign_on(operator, PASSWORD)
        made.pressed = 0
        return made

    with clone(server, str(day.engine.url.database)) as engine:
        shop[0].app.extensions["css"].given_engine = engine
        yield down
        for one in contexts:
            one.close()
    assert [complaint for one in people for complaint in one.complaints] == [], "no script error, no outside request"
